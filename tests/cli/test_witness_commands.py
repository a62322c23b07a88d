"""`provenance witness`."""

import os
import re
import signal
import stat
import subprocess
from pathlib import Path

import pytest
from support.commands import SCRIPT, Terminal, environment
from support.logs import LOG_ORIGIN, Log, fixed_log
from support.witnesses import WITNESS_NAME, asked, forked, growth, request

from provenance.cosignature import CosignatureKey, Kind
from provenance.ledger.witnessing import add_checkpoint
from provenance.witness import Witness

LOG = fixed_log()
NEVER = "Never put this folder back from a copy: a witness that forgot what it cosigned must not cosign again.\n"
NEXT = "Next: provenance witness add-log w KEY-OF-A-LEDGER\n"
MISSING = "create one with provenance witness init DIR --name NAME"


@pytest.fixture
def made(terminal: Terminal, nowhere: Path) -> CosignatureKey:
    return CosignatureKey.from_text(terminal("witness", "init", "w", "--name", WITNESS_NAME).out.strip())


# --- init


def test_a_witness_is_made_and_its_key_printed(terminal: Terminal, nowhere: Path) -> None:
    ran = terminal("witness", "init", "w", "--name", WITNESS_NAME)
    (key,) = Witness(nowhere / "w").keys
    ran.says(0, f"{key.to_text()}\n", NEVER + NEXT)
    assert key.name == WITNESS_NAME
    assert stat.S_IMODE((nowhere / "w" / "keys").stat().st_mode) == 0o600


def test_a_witness_has_a_second_key_where_it_is_asked_for(terminal: Terminal, nowhere: Path) -> None:
    ran = terminal("witness", "init", "w", "--name", WITNESS_NAME, "--ml-dsa")
    keys = [CosignatureKey.from_text(line) for line in ran.out.splitlines()]
    assert [key.kind for key in keys] == [Kind.ED25519, Kind.ML_DSA_44]
    assert tuple(keys) == Witness(nowhere / "w").keys


def test_a_witness_is_not_made_over_another_one(terminal: Terminal, made: CosignatureKey) -> None:
    message = "witness: expected an empty directory or none at w"
    terminal("witness", "init", "w", "--name", WITNESS_NAME).refuses(1, message, "choose another place")
    assert Witness(Path("w")).keys == (made,)


@pytest.mark.parametrize("name", ["", "a b", "a+b"])
def test_a_name_that_no_key_can_have_is_refused(terminal: Terminal, nowhere: Path, name: str) -> None:
    message = f"note key: expected a name without spaces, plus signs and control characters, got {name!r}"
    terminal("witness", "init", "w", "--name", name).refuses(2, message, "see provenance witness init --help")
    assert list(nowhere.iterdir()) == []


def test_a_witness_needs_a_name(terminal: Terminal, nowhere: Path) -> None:
    terminal("witness", "init", "w").refuses(2, "missing option '--name'", "see provenance witness init --help")


# --- add-log and show


def test_a_log_is_added_and_shown(terminal: Terminal, made: CosignatureKey) -> None:
    terminal("witness", "add-log", "w", LOG.key.to_text()).says(0, f"{LOG_ORIGIN}\n")
    terminal("witness", "show", "w").says(0, f"witness {made.to_text()}\nlog {LOG_ORIGIN}: nothing cosigned yet\n")


def test_a_log_with_two_keys_is_shown_once(terminal: Terminal, made: CosignatureKey) -> None:
    for key in (LOG.key, Log().key):
        terminal("witness", "add-log", "w", key.to_text()).says(0, f"{LOG_ORIGIN}\n")
    assert terminal("witness", "show", "w").out.count(LOG_ORIGIN) == 1


def test_what_was_cosigned_last_and_what_contradicts_it_are_shown(terminal: Terminal, made: CosignatureKey) -> None:
    terminal("witness", "add-log", "w", LOG.key.to_text())
    witness = Witness(Path("w"))
    assert witness.add_checkpoint(asked(LOG, 0, 7)).status == 200
    terminal("witness", "show", "w").says(0, f"witness {made.to_text()}\nlog {LOG_ORIGIN}: size 7, cosigned <second>\n")
    assert witness.add_checkpoint(request(7, [], forked(LOG, 7))).status == 422
    terminal("witness", "show", "w").says(
        0, f"witness {made.to_text()}\nlog {LOG_ORIGIN}: size 7, cosigned <second>, 1 contradiction kept\n"
    )


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("studio", "note key: expected name+hash+base64, got something else"),
        (LOG.key.to_text() + "A", f"note key '{LOG_ORIGIN}': expected base64"),
    ],
)
def test_something_else_than_a_key_is_refused(terminal: Terminal, made: CosignatureKey, key: str, message: str) -> None:
    ran = terminal("witness", "add-log", "w", key)
    ran.refuses(2, message, "see provenance witness add-log --help")


def test_a_log_that_is_known_already_is_refused(terminal: Terminal, made: CosignatureKey) -> None:
    terminal("witness", "add-log", "w", LOG.key.to_text())
    message = f"policy: the key of the log {LOG_ORIGIN} is there already"
    terminal("witness", "add-log", "w", LOG.key.to_text()).refuses(2, message, "see provenance witness add-log --help")


@pytest.mark.parametrize("command", [["add-log", "w", LOG.key.to_text()], ["show", "w"], ["serve", "w"]])
def test_without_a_witness_nothing_is_done(terminal: Terminal, nowhere: Path, command: list[str]) -> None:
    terminal("witness", *command).refuses(3, "witness: expected one in w, got none", MISSING)
    assert list(nowhere.iterdir()) == []


# --- serve


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_witness_serves_until_it_is_stopped(terminal: Terminal, made: CosignatureKey, ending: signal.Signals) -> None:
    process = subprocess.Popen(
        [SCRIPT, "witness", "serve", "w", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment()},
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.fullmatch(rf"Witness {WITNESS_NAME} answers at (http://127\.0\.0\.1:[0-9]+)\n", line)
        assert found is not None, line
        # A log that is added while it serves is known at once.
        terminal("witness", "add-log", "w", LOG.key.to_text())
        for old_size, size in ((0, 3), (3, 7)):
            add_checkpoint(
                found[1], old_size=old_size, proof=growth(old_size, size), checkpoint=LOG.checkpoint(size), key=made
            )
        process.send_signal(ending)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait(20)
    assert (process.returncode, out, err) == (0, "", "Stopped.\n")
    assert "size 7" in terminal("witness", "show", "w").out


def test_a_port_that_is_taken_is_told(terminal: Terminal, made: CosignatureKey) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        terminal("witness", "serve", "w", "--port", str(port)).refuses(3, "system: address already in use")


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_something_else_than_a_port_is_refused(terminal: Terminal, made: CosignatureKey, port: str) -> None:
    ran = terminal("witness", "serve", "w", "--port", port)
    assert ran.code == 2
    assert ran.err.startswith("provenance: error: invalid value for '--port': ")
