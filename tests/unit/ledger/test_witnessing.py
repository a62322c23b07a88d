import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.logs import LOG_ORIGIN, Log
from support.refusals import refused
from support.witnesses import WITNESS_NAME, answering, asked, forked, growth, new_witness, serving

from provenance.checkpoint import open_checkpoint
from provenance.cosignature import CosignatureKey, Cosigner, Kind
from provenance.errors import (
    InputError,
    LedgerError,
    NetworkError,
    ProvenanceError,
    VerificationError,
    WitnessConflictError,
    WitnessRefusedError,
)
from provenance.ledger.witnessing import MAX_PROOF_LINES, SIZE_TYPE, add_checkpoint, newest_checkpoint
from provenance.note import parse_note, parse_signatures
from provenance.witness import Witness, WitnessServer

LOG = Log()
KEEP = "keep both checkpoints; do not append to this ledger until it is understood"
OLDER = "this ledger is older than what was cosigned; do not append to it until that is understood"


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return new_witness(tmp_path / "w", LOG, kinds=list(Kind))


@pytest.fixture
def server(witness: Witness) -> Iterator[WitnessServer]:
    with serving(witness) as server:
        yield server


def submit(
    url: str,
    key: CosignatureKey,
    old_size: int,
    size: int,
    *,
    proof: Sequence[bytes] | None = None,
    checkpoint: bytes | None = None,
) -> str:
    return add_checkpoint(
        url,
        old_size=old_size,
        proof=growth(old_size, size) if proof is None else proof,
        checkpoint=LOG.checkpoint(size) if checkpoint is None else checkpoint,
        key=key,
    )


@contextmanager
def refused_at(url: str, kind: type[Exception], message: str, *, code: str | None = None) -> Iterator[None]:
    """Expect an error that begins with the host, which is a number here and no word."""
    with pytest.raises(kind) as caught:
        yield
    assert str(caught.value) == f"{url.removeprefix('http://')}: {message}"
    assert isinstance(caught.value, ProvenanceError)
    assert caught.value.code == (code or caught.value.default_code)


# --- a witness that cosigns


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("slash", ["", "/"])
def test_the_verified_line_of_the_key_that_was_asked_for_is_returned(
    server: WitnessServer, witness: Witness, number: int, slash: str
) -> None:
    key = witness.keys[number]
    line = submit(f"{server.url}{slash}", key, 0, 7)
    note = parse_note(LOG.checkpoint(7)).with_signatures(parse_signatures(line))
    assert [signature.name for signature in note.signatures] == [LOG_ORIGIN, WITNESS_NAME]
    assert note.verify(keys=[LOG.key, key]) == (LOG.key, key)


def test_a_log_is_cosigned_as_it_grows_and_again_at_the_same_size(server: WitnessServer, witness: Witness) -> None:
    for old_size, size in ((0, 3), (3, 7), (7, 7), (7, 70)):
        submit(server.url, witness.keys[0], old_size, size)
    held = newest_checkpoint(server.url, log_origin=LOG_ORIGIN, key=witness.keys[1])
    assert held is not None
    assert open_checkpoint(held, keys=[LOG.key]).size == 70


def test_a_checkpoint_with_older_cosignatures_is_cosigned_anew(server: WitnessServer, witness: Witness) -> None:
    key = witness.keys[0]
    first = submit(server.url, key, 0, 7)
    cosigned = parse_note(LOG.checkpoint(7)).with_signatures(parse_signatures(first)).to_bytes()
    second = submit(server.url, key, 7, 7, checkpoint=cosigned)
    times = [
        key.verify(parse_note(LOG.checkpoint(7)).with_signatures(parse_signatures(line))) for line in (first, second)
    ]
    assert times[0] < times[1]


def test_a_log_that_was_never_cosigned_has_no_newest_checkpoint(server: WitnessServer, witness: Witness) -> None:
    assert newest_checkpoint(server.url, log_origin=LOG_ORIGIN, key=witness.keys[0]) is None
    assert newest_checkpoint(server.url, log_origin="other.example", key=witness.keys[0]) is None


# --- a witness that holds another size


def test_a_witness_that_holds_less_tells_from_where_it_needs_a_proof(server: WitnessServer, witness: Witness) -> None:
    submit(server.url, witness.keys[0], 0, 3)
    message = f"{server.url[7:]}: expected a proof from size 3 of {LOG_ORIGIN}, which it cosigned last"
    with pytest.raises(WitnessConflictError) as caught:
        submit(server.url, witness.keys[0], 5, 9)
    assert (str(caught.value), caught.value.code, caught.value.hint) == (message, "witness-conflict", None)
    assert submit(server.url, witness.keys[0], caught.value.size, 9)


def test_a_restored_backup_is_told_that_it_is_older(server: WitnessServer, witness: Witness) -> None:
    submit(server.url, witness.keys[0], 0, 15)
    with pytest.raises(WitnessConflictError) as caught:
        submit(server.url, witness.keys[0], 7, 10)
    error = caught.value
    assert str(error) == f"{server.url[7:]}: cosigned size 15 of {LOG_ORIGIN} already, and got 10"
    assert (error.size, error.code, error.hint) == (15, "witness-ahead", OLDER)
    held = newest_checkpoint(server.url, log_origin=LOG_ORIGIN, key=witness.keys[0])
    assert held is not None
    assert open_checkpoint(held, keys=[LOG.key]).size == 15


# --- a witness that holds something else


@pytest.mark.parametrize(("old_size", "size"), [(7, 7), (7, 9)])
def test_a_second_history_is_refused_with_both_checkpoints_as_evidence(
    server: WitnessServer, witness: Witness, old_size: int, size: int
) -> None:
    key = witness.keys[0]
    line = submit(server.url, key, 0, 7)
    checkpoint = forked(LOG, size)
    with pytest.raises(WitnessRefusedError) as caught:
        submit(server.url, key, old_size, size, checkpoint=checkpoint)
    error = caught.value
    message = f"{server.url[7:]}: does not cosign size {size} of {LOG_ORIGIN}: it does not follow from what it holds"
    assert (str(error), error.code, error.hint) == (message, "witness-refused", KEEP)
    assert error.submitted == checkpoint
    assert error.held is not None
    assert error.held.startswith(LOG.checkpoint(7) + line.encode())
    # Both are signed by the log, so that whoever has its key can see that it contradicts itself.
    assert open_checkpoint(error.submitted, keys=[LOG.key]) != open_checkpoint(error.held, keys=[LOG.key])


def test_evidence_is_what_can_be_had_where_the_witness_shows_nothing() -> None:
    with answering(422, b"no\n") as url, pytest.raises(WitnessRefusedError) as caught:
        submit(url, Cosigner.generate("w").key, 3, 7)
    assert (caught.value.submitted, caught.value.held) == (LOG.checkpoint(7), None)


@pytest.mark.parametrize(("body", "content_type"), [(b"7\n", SIZE_TYPE), (b"the roots differ\n", "text/plain")])
def test_a_witness_of_version_1_0_0_says_otherwise_that_roots_differ(body: bytes, content_type: str) -> None:
    with answering(409, body, content_type) as url, pytest.raises(WitnessRefusedError):
        submit(url, Cosigner.generate("w").key, 7, 7)


# --- a witness that does not cosign


def test_a_log_that_the_witness_does_not_know_is_told_so(server: WitnessServer, witness: Witness) -> None:
    other = Log("other.example/log")
    hint = "ask its operator to add this log's key"
    message = f"{server.url[7:]}: does not cosign: it does not know this log"
    with pytest.raises(LedgerError) as caught:
        submit(server.url, witness.keys[0], 0, 3, checkpoint=other.checkpoint(3))
    assert (str(caught.value), caught.value.code, caught.value.hint) == (message, "witness-unknown-log", hint)


def test_a_key_that_the_witness_does_not_know_is_told_so(server: WitnessServer, witness: Witness) -> None:
    message = f"{server.url[7:]}: does not cosign: it does not know the key that signed the checkpoint"
    with pytest.raises(LedgerError) as caught:
        submit(server.url, witness.keys[0], 0, 3, checkpoint=Log().checkpoint(3))
    assert (str(caught.value), caught.value.code) == (message, "witness-unknown-key")


def test_a_request_that_the_witness_cannot_read_is_told_so(server: WitnessServer, witness: Witness) -> None:
    message = f"{server.url[7:]}: does not cosign: it takes the request for malformed"
    with pytest.raises(LedgerError) as caught:
        submit(server.url, witness.keys[0], 9, 3, proof=[])
    assert (str(caught.value), caught.value.code, caught.value.hint) == (message, "witness-malformed", None)


# --- answers that are worth nothing


def test_a_line_of_another_key_is_no_cosignature(server: WitnessServer) -> None:
    key = Cosigner.generate("other.example").key
    with refused(VerificationError, "note: expected a signature of other.example, got …", code="note-unknown-signer"):
        submit(server.url, key, 0, 3)


def test_an_older_cosignature_on_the_checkpoint_is_no_answer(tmp_path: Path) -> None:
    mine, other = new_witness(tmp_path / "mine", LOG), new_witness(tmp_path / "other", LOG)
    mine.add_checkpoint(asked(LOG, 0, 7))
    held = mine.held(LOG_ORIGIN)
    assert held is not None
    line = other.add_checkpoint(asked(LOG, 0, 7)).body
    asked_for, answered = (f"{WITNESS_NAME}+{witness.keys[0].key_id.hex()}" for witness in (mine, other))
    message = f"note: expected a signature of {asked_for}, got those of {answered!r}"
    with answering(200, line) as url, refused(VerificationError, message, code="note-unknown-signer"):
        submit(url, mine.keys[0], 7, 7, checkpoint=held.to_bytes())


@pytest.mark.parametrize("size", [3, 8])
def test_a_cosignature_of_another_checkpoint_is_refused(tmp_path: Path, size: int) -> None:
    other = new_witness(tmp_path / "other", LOG)
    line = other.add_checkpoint(asked(LOG, 0, size)).body
    with (
        answering(200, line) as url,
        refused(VerificationError, f"note: the cosignature of {WITNESS_NAME} does not verify", code="note-signature"),
    ):
        submit(url, other.keys[0], 0, 7)


def test_of_several_lines_of_the_key_all_verify_or_none_is_taken(tmp_path: Path) -> None:
    other = new_witness(tmp_path / "other", LOG)
    good = other.add_checkpoint(asked(LOG, 0, 7)).body
    bad = new_witness(tmp_path / "another", LOG).add_checkpoint(asked(LOG, 0, 7)).body
    with answering(200, bad + good) as url:
        assert submit(url, other.keys[0], 0, 7).encode() == good
    wrong = other.add_checkpoint(asked(LOG, 7, 9)).body
    with (
        answering(200, good + wrong) as url,
        refused(VerificationError, f"note: the cosignature of {WITNESS_NAME} does not verify", code="note-signature"),
    ):
        submit(url, other.keys[0], 0, 7)


@pytest.mark.parametrize("body", [b"", b"hello\n", b"\xff\n", "— w AAAA".encode(), LOG.checkpoint(7)])
def test_something_else_than_lines_is_refused(body: bytes) -> None:
    with (
        answering(200, body) as url,
        refused_at(url, VerificationError, "expected lines of a note, got something else"),
    ):
        submit(url, Cosigner.generate("w").key, 0, 7)


@pytest.mark.parametrize("body", [b"", b"7", b"07\n", b"-1\n", b"7\n\n", b"7\r\n", b"seven\n", b"1" * 20 + b"\n"])
def test_a_conflict_without_a_size_is_worth_nothing(body: bytes) -> None:
    message = "expected the size that it holds, got something else"
    with answering(409, body, SIZE_TYPE) as url, refused_at(url, NetworkError, message):
        submit(url, Cosigner.generate("w").key, 3, 7)


def test_a_conflict_about_the_size_that_was_named_is_worth_nothing() -> None:
    message = "holds the size 3 that was named, and still refuses it"
    with answering(409, b"3\n", SIZE_TYPE) as url, refused_at(url, NetworkError, message):
        submit(url, Cosigner.generate("w").key, 3, 7)


@pytest.mark.parametrize("status", [201, 301, 307, 401, 409, 429, 500, 503])
def test_another_status_is_worth_nothing(status: int) -> None:
    message = f"expected a cosignature, got http status {status}"
    with answering(status, b"7\n") as url, refused_at(url, NetworkError, message):
        submit(url, Cosigner.generate("w").key, 3, 7)


def test_the_type_of_a_size_may_have_parameters() -> None:
    with answering(409, b"5\n", f"{SIZE_TYPE}; charset=utf-8") as url, pytest.raises(WitnessConflictError):
        submit(url, Cosigner.generate("w").key, 3, 7)


def test_a_witness_that_is_not_there_cannot_be_reached() -> None:
    with answering(200, b"") as url:
        pass
    with pytest.raises(NetworkError):
        submit(url, Cosigner.generate("w").key, 0, 3)


# --- what is not even sent


@pytest.mark.parametrize("checkpoint", [b"", b"hello\n\n\xe2\x80\x94 s AAAAAAA=\n"])
def test_nothing_but_a_checkpoint_is_sent(checkpoint: bytes) -> None:
    with pytest.raises(InputError):
        submit("http://127.0.0.1:1", Cosigner.generate("w").key, 0, 3, checkpoint=checkpoint)


def test_no_more_hashes_than_allowed_are_sent() -> None:
    proof = [bytes(32)] * (MAX_PROOF_LINES + 1)
    with refused(InputError, "consistency proof: expected at most 63 hashes, got 64"):
        submit("http://127.0.0.1:1", Cosigner.generate("w").key, 3, 7, proof=proof)


@pytest.mark.parametrize("url", ["", "witness.example", "ftp://witness.example", "file:///etc/passwd"])
def test_only_an_address_is_asked(url: str) -> None:
    message = f"address: expected one that starts with https:// or http://, got {url!r}"
    with refused(InputError, message, code="url"):
        submit(url, Cosigner.generate("w").key, 0, 3)
    with refused(InputError, message, code="url"):
        newest_checkpoint(url, log_origin=LOG_ORIGIN, key=Cosigner.generate("w").key)


# --- what a witness shows


def test_what_another_witness_cosigned_is_not_believed(server: WitnessServer, witness: Witness) -> None:
    submit(server.url, witness.keys[0], 0, 3)
    key = Cosigner.generate("other.example").key
    with refused(VerificationError, "note: expected a signature of other.example, got …", code="note-unknown-signer"):
        newest_checkpoint(server.url, log_origin=LOG_ORIGIN, key=key)


def test_the_checkpoint_of_another_log_is_not_believed(witness: Witness) -> None:
    witness.add_checkpoint(asked(LOG, 0, 3))
    held = witness.held(LOG_ORIGIN)
    assert held is not None
    message = f"expected the log other.example, got {LOG_ORIGIN!r}"
    with (
        answering(200, held.to_bytes()) as url,
        refused_at(url, VerificationError, message, code="checkpoint-origin"),
    ):
        newest_checkpoint(url, log_origin="other.example", key=witness.keys[0])


@pytest.mark.parametrize("status", [301, 403, 500])
def test_another_status_shows_nothing(status: int) -> None:
    with (
        answering(status, b"") as url,
        refused_at(url, NetworkError, f"expected a checkpoint, got http status {status}"),
    ):
        newest_checkpoint(url, log_origin=LOG_ORIGIN, key=Cosigner.generate("w").key)


# --- a witness that was put back from a copy


def test_a_witness_that_forgot_is_found_by_the_size_that_it_names(tmp_path: Path, witness: Witness) -> None:
    path = witness.directory.path
    witness.add_checkpoint(asked(LOG, 0, 3))
    shutil.copytree(path, tmp_path / "copy")
    witness.add_checkpoint(asked(LOG, 3, 9))
    shutil.rmtree(path)
    shutil.copytree(tmp_path / "copy", path)
    with serving(Witness(path)) as server, pytest.raises(WitnessConflictError) as caught:
        submit(server.url, witness.keys[0], 9, 12)
    assert caught.value.size == 3
