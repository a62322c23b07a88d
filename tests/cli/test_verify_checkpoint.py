"""`provenance verify --checkpoint` and `--witness-policy`: a stamp's log, held to more than the file carries."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.commands import Terminal
from support.pictures import draw_jpeg
from support.witnesses import START
from support.workshops import Workshop

from provenance.cosignature import Cosigner
from provenance.note import MAX_NOTE_BYTES, parse_note
from provenance.policy import MAX_POLICY_BYTES

W1, W2 = Cosigner.generate("witness.example/w1"), Cosigner.generate("witness.example/w2")
VERIFY = ["verify", "stamped/portrait.jpg", "--checkpoint"]
SEE_MIRROR = "hint: copy the log with `provenance ledger mirror`, and name the checkpoint in that folder\n"
KEEP_BOTH = "hint: keep this file and your checkpoint, and show them to others who follow this log: they prove it\n"
NOT_COMPARED = "the checkpoint {} could not be compared with the one in the file: {}"


@pytest.fixture
def grown(terminal: Terminal, workshop: Workshop) -> Workshop:
    """A studio, to be in, whose log is published in `log`, as it was when it stamped in `log-then`, and 2 later."""
    assert terminal("ledger", "publish", "log-then").code == 0
    assert terminal("consent", "new", "--subject", "Max Weber", "--permit", "capture", "--typed").code == 0
    assert terminal("ledger", "publish", "log").code == 0
    return workshop


def policy(quorum: str) -> Path:
    path = Path("witnesses.txt")
    lines = [f"witness first {W1.key.to_text()}", f"witness second {W2.key.to_text()}", f"quorum {quorum}"]
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


@pytest.mark.parametrize(("folder", "size"), [("log-then", 4), ("log", 6)])
def test_a_checkpoint_of_the_published_log_agrees(terminal: Terminal, grown: Workshop, folder: str, size: int) -> None:
    ran = terminal(*VERIFY, f"{folder}/checkpoint")
    assert ran.code == 0
    assert f"covers it, and your\n                 checkpoint of {size} entries agrees.\n" in ran.out
    ledger = terminal(*VERIFY, f"{folder}/checkpoint", "--json").document()["ledger"]
    assert (ledger["code"], ledger["checkpoint"]) == ("proven", {"size": size})


def test_a_mirror_serves_as_well(terminal: Terminal, grown: Workshop) -> None:
    key = terminal("ledger", "key", "list").out.strip()
    assert terminal("ledger", "mirror", "log", "mirror", "--key", key).code == 0
    shutil.rmtree("log")
    assert terminal(*VERIFY, "mirror/checkpoint").code == 0


def test_a_log_that_rewrote_itself_is_caught(terminal: Terminal, nowhere: Path) -> None:
    assert terminal("init", "studio", "--name", "Studio Lumen", "--no-passphrase").code == 0
    shutil.copytree("studio", "twin")
    draw_jpeg(Path("drawn.jpg"), exif=False)
    options = ["--as", "ai-generated", "--synthetic-person", "-o"]
    assert terminal("stamp", "drawn.jpg", *options, "out", "--studio", "studio").code == 0
    assert terminal("verify", "out/drawn.jpg", "--studio", "studio").code == 0
    # The same log, key and all, in which something else happened instead.
    draw_jpeg(Path("other.jpg"), exif=False, seed=5)
    for published, more in (("same-size", []), ("later", ["again"])):
        for number, folder in enumerate(["other", *more]):
            draw_jpeg(Path(f"{folder}.jpg"), exif=False, seed=5 + number)
            ran = terminal("stamp", f"{folder}.jpg", *options, f"{published}-{folder}", "--studio", "twin")
            assert ran.code == 0
        assert terminal("ledger", "publish", published, "--studio", "twin").code == 0
        checkpoint = f"{published}/checkpoint"
        ran = terminal("verify", "out/drawn.jpg", "--studio", "studio", "--checkpoint", checkpoint)
        assert (ran.code, ran.err) == (1, KEEP_BOTH)
        assert "  FAILED         The log provenance-studio/" in ran.out
        assert "  Ledger         The log contradicts itself. The log\n" in ran.out
        assert f"entries are others in the checkpoint\n                 {checkpoint} of " in ran.out
        ran = terminal("verify", "out/drawn.jpg", "--studio", "studio", "--checkpoint", checkpoint, "--json")
        document = ran.document()
        assert (document["verdict"], document["ledger"]["code"]) == ("FAILED", "inconsistent")
        assert "log-forked" in [finding["code"] for finding in document["findings"]]


def check_open(terminal: Terminal, place: str, reason: str) -> None:
    """Check that a checkpoint which cannot be compared makes a file that would pass INDETERMINATE, and says why."""
    ran = terminal(*VERIFY, place)
    assert (ran.code, ran.err) == (3, SEE_MIRROR)
    assert "In the ledger." in ran.out
    document = terminal(*VERIFY, place, "--json").document()
    message = NOT_COMPARED.format(place, reason)
    assert (document["verdict"], document["ledger"]["code"]) == ("INDETERMINATE", "proven")
    assert document["reason"] == f"T{message[1:]}."
    assert message in [found["message"] for found in document["findings"] if found["code"] == "checkpoint-not-compared"]


def test_a_newer_checkpoint_alone_cannot_be_compared(terminal: Terminal, grown: Workshop) -> None:
    shutil.copyfile("log/checkpoint", "alone")
    check_open(terminal, "alone", "there are no tiles beside it, which is of 6 entries and not of 4")
    shutil.copyfile("log-then/checkpoint", "alone")
    assert terminal(*VERIFY, "alone").code == 0


def test_an_older_checkpoint_cannot_tell(terminal: Terminal, grown: Workshop) -> None:
    draw_jpeg(Path("later.jpg"), seed=7)
    assert terminal("stamp", "later.jpg", "--as", "camera", "--consent", grown.code).code == 0
    ran = terminal("verify", "stamped/later.jpg", "--checkpoint", "log/checkpoint")
    assert (ran.code, ran.err) == (3, SEE_MIRROR)
    assert "one in the file: expected one of at least 7 entries, got 6.\n" in ran.out


def test_a_policy_for_publishing_has_what_could_not_be_compared_looked_at(terminal: Terminal, grown: Workshop) -> None:
    command = ["verify", "stamped/portrait.jpg", "--policy", "corporate-web", "--json", "--checkpoint"]
    (agreeing,) = terminal(*command, "log/checkpoint").documents()
    assert (agreeing["policy"]["answer"], agreeing["policy"]["rule"]) == ("ok", "all")
    shutil.copyfile("log/checkpoint", "alone")
    ran = terminal(*command, "alone")
    assert ran.code == 3
    answer = ran.document()["policy"]
    assert (answer["answer"], answer["rule"]) == ("check-first", "findings")
    assert answer["sentence"].startswith("The checkpoint alone could not be compared with the one in the file: ")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: None, "tile/0/000.p/6: missing at log"),
        (lambda data: data[:-1], "tile/0/000.p/6: expected 192 bytes, got 191"),
        (lambda data: data[:-1] + b"\0", "the tiles beside it do not make up the root that it signs"),
        (lambda data: data * 50, "tile/0/000.p/6: expected at most 8192 bytes, got more"),
    ],
)
def test_damaged_tiles_are_no_evidence_against_a_log(
    terminal: Terminal, grown: Workshop, change: Callable[[bytes], bytes | None], reason: str
) -> None:
    tile = Path("log/tile/0/000.p/6")
    changed = change(tile.read_bytes())
    tile.unlink()
    if changed is not None:
        tile.write_bytes(changed)
    check_open(terminal, "log/checkpoint", reason)


def test_a_checkpoint_of_another_log_cannot_tell(terminal: Terminal, grown: Workshop) -> None:
    assert terminal("init", "../other", "--name", "Other", "--no-passphrase").code == 0
    assert terminal("ledger", "publish", "../log", "--studio", "../other").code == 0
    origins = [
        parse_note(Path(place).read_bytes()).text.split("\n")[0] for place in ("log/checkpoint", "../log/checkpoint")
    ]
    check_open(terminal, "../log/checkpoint", f"expected one of the log {origins[0]}, got '{origins[1]}'")
    # Beside one of the right log, it does no harm.
    assert terminal(*VERIFY, "../log/checkpoint", "--checkpoint", "log/checkpoint").code == 0


def test_a_checkpoint_that_somebody_else_signed_cannot_tell(terminal: Terminal, grown: Workshop) -> None:
    note = parse_note(Path("log/checkpoint").read_bytes())
    assert terminal("init", "../other", "--name", "Other", "--no-passphrase").code == 0
    assert terminal("ledger", "publish", "../log", "--studio", "../other").code == 0
    (foreign,) = parse_note(Path("../log/checkpoint").read_bytes()).signatures
    Path("log/checkpoint").write_text(f"{note.text}\n{foreign.to_text()}")
    origin = note.text.split("\n")[0]
    check_open(terminal, "log/checkpoint", f"note: expected a signature of {origin}, got those of '{foreign.name}'")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "checkpoint: no such file"),
        (b"", "checkpoint: note: expected an empty line before the signatures, got none"),
        (b"text\n\n\xff\n", "checkpoint: note: expected UTF-8 text"),
        (b"x" * (MAX_NOTE_BYTES + 1), f"checkpoint: expected at most {MAX_NOTE_BYTES} bytes, got more"),
    ],
)
def test_what_is_no_checkpoint_is_told(
    terminal: Terminal, workshop: Workshop, data: bytes | None, message: str
) -> None:
    if data is not None:
        Path("checkpoint").write_bytes(data)
    is_note = message.startswith("checkpoint: note")
    hint = "name the file checkpoint of a published or mirrored log" if is_note else None
    terminal(*VERIFY, "checkpoint").refuses(3, message, hint)


def test_a_folder_is_no_checkpoint(terminal: Terminal, grown: Workshop) -> None:
    terminal(*VERIFY, "log").refuses(3, "log: expected a file, got a directory")


# --- witnesses


def test_the_witnesses_that_cosigned_are_counted(terminal: Terminal, grown: Workshop) -> None:
    ran = terminal("verify", "stamped/portrait.jpg", "--witness-policy", policy("none"))
    assert ran.code == 0
    assert "covers it, and 0 of 2 named\n                 witnesses cosigned.\n" in ran.out
    note = parse_note(Path("log/checkpoint").read_bytes())
    cosigned = note.with_signatures([W1.sign(note.text, now=START)])
    Path("log/checkpoint").write_bytes(cosigned.to_bytes())
    options = ["log/checkpoint", "--witness-policy", str(policy("first"))]
    ran = terminal(*VERIFY, *options)
    assert ran.code == 0
    assert "your checkpoint of 6 entries agrees, and 1 of 2 named witnesses cosigned." in " ".join(ran.out.split())
    ledger = terminal(*VERIFY, *options, "--json").document()["ledger"]
    assert ledger["witnesses"] == {"named": 2, "cosigned": ["first"]}


def test_fewer_witnesses_than_asked_for_leave_it_open(terminal: Terminal, workshop: Workshop) -> None:
    ran = terminal("verify", "stamped/portrait.jpg", "--witness-policy", policy("second"))
    assert ran.code == 3
    assert "  Ledger         Not witnessed as you ask. Entry 3 of the log\n" in ran.out
    assert "Checkpoint: expected cosignatures of the quorum second, got\n" in ran.out
    document = terminal("verify", "stamped/portrait.jpg", "--witness-policy", policy("second"), "--json").document()
    assert (document["verdict"], document["ledger"]["code"]) == ("INDETERMINATE", "unproven")


def test_an_entry_that_is_not_witnessed_as_asked_proves_no_picture_whose_details_were_edited(
    terminal: Terminal, workshop: Workshop
) -> None:
    Path("edited.jpg").write_bytes(workshop.stamped.read_bytes() + b"more")
    assert terminal("verify", "edited.jpg", "--json").document()["credential"]["code"] == "text-edited"
    ran = terminal("verify", "edited.jpg", "--witness-policy", policy("first"), "--json")
    assert (ran.code, ran.document()["credential"]["code"]) == (1, "invalid")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"quorum none\n", "witnesses.txt: policy: expected at least one witness, got none"),
        (b"quorum first\n", "witnesses.txt: policy line 1: expected a name that was defined before, got 'first'"),
        (b"", "witnesses.txt: policy: expected a quorum line, got none"),
        (b"#" * (MAX_POLICY_BYTES + 1), f"witnesses.txt: expected at most {MAX_POLICY_BYTES} bytes, got more"),
    ],
)
def test_a_policy_that_names_no_witnesses_is_told(
    terminal: Terminal, workshop: Workshop, data: bytes, message: str
) -> None:
    Path("witnesses.txt").write_bytes(data)
    terminal("verify", "stamped/portrait.jpg", "--witness-policy", "witnesses.txt").refuses(3, message)
