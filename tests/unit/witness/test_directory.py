import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from support.logs import Log
from support.refusals import refused
from support.witnesses import WITNESS_NAME

from provenance.cosignature import Cosigner, Kind
from provenance.errors import InputError, RefusedError
from provenance.note import NoteKey
from provenance.witness.directory import MAX_EVIDENCE, WitnessDirectory

LOG = Log()
COSIGNERS = [Cosigner.generate(WITNESS_NAME, kind) for kind in Kind]


@pytest.fixture
def directory(tmp_path: Path) -> WitnessDirectory:
    return WitnessDirectory.create(tmp_path / "w", cosigners=COSIGNERS)


def test_a_directory_is_made_and_opened_again(directory: WitnessDirectory) -> None:
    opened = WitnessDirectory(directory.path)
    assert opened.cosigners == tuple(COSIGNERS)
    assert opened.logs() == ()
    assert (directory.path / "policy").read_bytes() == b"quorum none\n"


def test_the_keys_are_readable_by_their_owner_only(directory: WitnessDirectory) -> None:
    assert stat.S_IMODE((directory.path / "keys").stat().st_mode) == 0o600


def test_an_empty_directory_is_filled(tmp_path: Path) -> None:
    WitnessDirectory.create(tmp_path, cosigners=COSIGNERS[:1])
    assert len(WitnessDirectory(tmp_path).cosigners) == 1


@pytest.mark.parametrize("name", ["keys", ".hidden"])
def test_nothing_that_exists_is_replaced(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"mine")
    message = f"witness: expected an empty directory or none at {tmp_path}"
    with refused(RefusedError, message, code="witness-exists", hint="choose another place"):
        WitnessDirectory.create(tmp_path, cosigners=COSIGNERS)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"mine"]


def test_a_file_is_not_replaced_by_a_directory(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"mine")
    message = f"witness: expected an empty directory or none at {path}"
    with refused(RefusedError, message, code="witness-exists", hint="choose another place"):
        WitnessDirectory.create(path, cosigners=COSIGNERS)


@pytest.mark.parametrize("name", ["", "nothing"])
def test_a_directory_without_a_witness_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    hint = "create one with provenance witness init DIR --name NAME"
    with refused(InputError, f"witness: expected one in {path}, got none", code="witness-missing", hint=hint):
        WitnessDirectory(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "keys: expected one or two keys, each of another kind"),
        (b"\xff\n", "keys: expected text in utf-8"),
        (f"{COSIGNERS[0].to_text()}\n".encode() * 2, "keys: expected one or two keys, each of another kind"),
        (b"secret\n", "witness key: expected PRIVATE+KEY+name+hash+base64, got something else"),
    ],
)
def test_damaged_keys_are_refused(directory: WitnessDirectory, text: bytes, message: str) -> None:
    (directory.path / "keys").write_bytes(text)
    with refused(InputError, message):
        WitnessDirectory(directory.path)


def test_logs_are_added_for_whoever_has_it_open(directory: WitnessDirectory) -> None:
    other, second = Log("other.example/log"), Log()
    for key in (LOG.key, other.key, second.key):
        WitnessDirectory(directory.path).add_log(key)
    assert [log.key for log in directory.logs()] == [LOG.key, other.key, second.key]


def test_a_log_is_added_once(directory: WitnessDirectory) -> None:
    directory.add_log(LOG.key)
    with refused(InputError, f"policy: the key of the log {LOG.key.name} is there already"):
        directory.add_log(LOG.key)
    assert len(directory.logs()) == 1


def test_the_key_of_the_witness_is_no_key_of_a_log(directory: WitnessDirectory) -> None:
    for key in (NoteKey("log.example", COSIGNERS[0].key.public_key), replace(COSIGNERS[1].key, name="log.example")):
        with refused(InputError, "log log.example: expected a log's key, got that of this witness"):
            directory.add_log(key)


def test_an_origin_that_cannot_be_cosigned_is_refused(directory: WitnessDirectory) -> None:
    with refused(InputError, "log: expected an origin of at most 255 bytes, got one that is longer"):
        directory.add_log(NoteKey("ä" * 128, LOG.key.public_key))


def test_what_was_cosigned_last_is_kept_by_log(directory: WitnessDirectory) -> None:
    for name in ("a", "b"):
        directory.add_log(NoteKey(name, Log().key.public_key))
    assert directory.checkpoint("a") is None
    directory.replace_checkpoint("a", b"one")
    directory.replace_checkpoint("a", b"two")
    assert (directory.checkpoint("a"), directory.checkpoint("b")) == (b"two", None)


def test_a_lock_keeps_out_other_threads_of_the_same_log_only(directory: WitnessDirectory) -> None:
    order: list[str] = []

    def second() -> None:
        with WitnessDirectory(directory.path).locked("a"):
            order.append("second")

    with directory.locked("a"):
        thread = threading.Thread(target=second)
        thread.start()
        with directory.locked("b"):
            thread.join(0.2)
            assert thread.is_alive()
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_evidence_is_kept_once_for_each_checkpoint(directory: WitnessDirectory) -> None:
    directory.add_log(LOG.key)
    assert directory.count_evidence(LOG.key.name) == 0
    directory.keep_evidence(LOG.key.name, name="1-a", request=b"request", held=b"held")
    directory.keep_evidence(LOG.key.name, name="1-a", request=b"another", held=b"held")
    directory.keep_evidence(LOG.key.name, name="1-b", request=b"request", held=None)
    assert directory.count_evidence(LOG.key.name) == 2
    kept = {path.name: path.read_bytes() for path in directory.path.rglob("evidence/*")}
    assert kept == {"1-a.request": b"request", "1-a.held": b"held", "1-b.request": b"request"}


def test_evidence_does_not_fill_the_disk(directory: WitnessDirectory) -> None:
    for number in range(MAX_EVIDENCE + 5):
        directory.keep_evidence("a", name=f"{number}", request=b"request", held=None) if number else (
            directory.add_log(NoteKey("a", LOG.key.public_key))
        )
    assert directory.count_evidence("a") == MAX_EVIDENCE
