import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from support.logs import LOG_ORIGIN, Log
from support.refusals import refused
from support.trees import consistency, root
from support.witnesses import START, WITNESS_NAME, TestClock, asked, forked, growth, new_witness, request

from provenance.checkpoint import Checkpoint, sign_checkpoint
from provenance.cosignature import Cosigner, Kind
from provenance.errors import CorruptLedgerError
from provenance.merkle import EMPTY_ROOT
from provenance.note import Note, NoteSignature, NoteSigner, parse_note, parse_signatures
from provenance.witness import Response, Witness

LOG = Log()
HASH = hashlib.sha256(LOG_ORIGIN.encode()).hexdigest()


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return new_witness(tmp_path / "w", LOG)


def held_size(witness: Witness, log_origin: str = LOG_ORIGIN) -> int | None:
    note = witness.held(log_origin)
    return None if note is None else int(note.text.split("\n")[1])


def evidence(witness: Witness) -> dict[str, bytes]:
    return {path.suffix: path.read_bytes() for path in witness.directory.path.rglob("evidence/*")}


def refuses(response: Response, status: int, message: str) -> None:
    assert response.status == status
    shown = response.body.decode()
    assert shown.startswith(message.removesuffix("…")), shown
    if not message.endswith("…"):
        assert shown == f"{message}\n"
    assert response.content_type == "text/plain; charset=utf-8"


# --- 200


@pytest.mark.parametrize("sizes", [(0,), (7,), (1, 2, 3), (0, 5), (0, 0), (7, 7, 7), (3, 64, 65, 70)])
def test_a_log_that_grows_is_cosigned(witness: Witness, sizes: tuple[int, ...]) -> None:
    old_size = 0
    for size in sizes:
        response = witness.add_checkpoint(asked(LOG, old_size, size))
        assert (response.status, response.content_type) == (200, "text/plain; charset=utf-8")
        lines = parse_signatures(response.body.decode())
        assert len(lines) == 1
        witness.keys[0].verify(Note(parse_note(LOG.checkpoint(size)).text, lines))
        assert held_size(witness) == size
        old_size = size


def test_every_key_of_the_witness_cosigns(tmp_path: Path) -> None:
    witness = new_witness(tmp_path / "w", LOG, kinds=list(Kind))
    response = witness.add_checkpoint(asked(LOG, 0, 7))
    note = Note(parse_note(LOG.checkpoint(7)).text, parse_signatures(response.body.decode()))
    assert [line.key_id for line in note.signatures] == [key.key_id for key in witness.keys]
    assert {key.verify(note) for key in witness.keys} == {START + timedelta(seconds=1)}


def test_what_is_kept_is_the_note_with_the_signatures_that_were_verified(witness: Witness) -> None:
    stranger = NoteSignature("stranger.example", bytes(4), b"unchecked")
    note = parse_note(LOG.checkpoint(7)).with_signatures([stranger])
    response = witness.add_checkpoint(request(0, [], note.to_bytes()))
    held = witness.held(LOG_ORIGIN)
    assert held is not None
    assert held.to_bytes() == LOG.checkpoint(7) + response.body
    assert witness.checkpoint(HASH) == Response(200, held.to_bytes())


def test_a_line_that_a_log_repeats_is_kept_once(witness: Witness) -> None:
    note = parse_note(LOG.checkpoint(7))
    response = witness.add_checkpoint(request(0, [], Note(note.text, note.signatures * 2).to_bytes()))
    held = witness.held(LOG_ORIGIN)
    assert response.status == 200
    assert held is not None
    assert len(held.signatures) == 2


def test_extension_lines_are_cosigned_with_the_rest(witness: Witness) -> None:
    text = Checkpoint(LOG_ORIGIN, 7, root(7), ("extension",)).to_text()
    line = NoteSignature(LOG_ORIGIN, LOG.key.key_id, LOG.signing_key.sign(text.encode()))
    response = witness.add_checkpoint(request(0, [], Note(text, (line,)).to_bytes()))
    assert response.status == 200
    witness.keys[0].verify(Note(text, parse_signatures(response.body.decode())))
    # The root is what a witness vouches for, with extension lines or without.
    assert witness.add_checkpoint(asked(LOG, 7, 9)).status == 200


def test_a_log_may_change_its_key(witness: Witness) -> None:
    new = Log()
    assert witness.add_checkpoint(asked(LOG, 0, 3)).status == 200
    assert witness.add_checkpoint(asked(new, 3, 5)).status == 403
    witness.directory.add_log(new.key)
    both = sign_checkpoint(
        Checkpoint(LOG_ORIGIN, 5, root(5)),
        key=LOG.key,
        sign=LOG.signing_key.sign,
        also=[NoteSigner(new.key, new.signing_key.sign)],
    )
    assert witness.add_checkpoint(request(3, growth(3, 5), both.to_bytes())).status == 200
    assert witness.add_checkpoint(asked(new, 5, 9)).status == 200


def test_a_log_may_sign_with_ml_dsa(tmp_path: Path) -> None:
    cosigner = Cosigner.generate("pq.example/log", Kind.ML_DSA_44)
    witness = new_witness(tmp_path / "w")
    witness.directory.add_log(cosigner.key)
    text = Checkpoint("pq.example/log", 3, root(3)).to_text()
    note = Note(text, (cosigner.sign(text, now=START),))
    assert witness.add_checkpoint(request(0, [], note.to_bytes())).status == 200
    assert held_size(witness, "pq.example/log") == 3


def test_logs_are_apart(tmp_path: Path) -> None:
    other = Log("other.example/log")
    witness = new_witness(tmp_path / "w", LOG, other)
    assert witness.add_checkpoint(asked(LOG, 0, 7)).status == 200
    assert witness.add_checkpoint(asked(other, 0, 3)).status == 200
    assert (held_size(witness), held_size(witness, "other.example/log")) == (7, 3)


def test_another_process_goes_on_where_one_ended(witness: Witness) -> None:
    assert witness.add_checkpoint(asked(LOG, 0, 7)).status == 200
    again = Witness(witness.directory.path)
    assert again.add_checkpoint(asked(LOG, 0, 9)).body == b"7\n"
    assert again.add_checkpoint(asked(LOG, 7, 9)).status == 200


# --- 400, 404, 403


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "request: expected an empty line before the checkpoint, got none"),
        (b"old 0\n\nnote", "note: expected an empty line before the signatures, got none"),
        (request(0, [], b"text\n\n" + LOG.checkpoint(7).split(b"\n\n")[1]), "checkpoint: expected the lines origin, …"),
        (request(0, [bytes(31)], LOG.checkpoint(7)), "request line 2: expected a hash of 32 bytes, got 31"),
    ],
)
def test_a_malformed_request_is_refused(witness: Witness, body: bytes, message: str) -> None:
    refuses(witness.add_checkpoint(body), 400, message)


def test_more_than_63_hashes_are_refused(witness: Witness) -> None:
    message = "request: expected at most 63 hashes, got 64"
    refuses(witness.add_checkpoint(request(0, [bytes(32)] * 64, LOG.checkpoint(7))), 400, message)


def test_an_unknown_log_is_refused_before_its_signature_is_looked_at(witness: Witness) -> None:
    note = parse_note(Log("other.example/log").checkpoint(3)).text
    body = request(9, [], Note(note, (NoteSignature("other.example/log", bytes(4), b"no"),)).to_bytes())
    refuses(witness.add_checkpoint(body), 404, "this log is not known here")


def test_a_checkpoint_that_the_log_did_not_sign_is_refused(witness: Witness) -> None:
    other = Log()
    expected, got = (f"{LOG_ORIGIN}+{log.key.key_id.hex()}" for log in (LOG, other))
    message = f"note: expected a signature of {expected}, got those of {got!r}"
    refuses(witness.add_checkpoint(asked(other, 0, 3)), 403, message)
    wrong = parse_note(LOG.checkpoint(3)).with_signatures([NoteSignature(LOG_ORIGIN, LOG.key.key_id, bytes(64))])
    refuses(
        witness.add_checkpoint(request(0, [], wrong.to_bytes())),
        403,
        f"note: the signature of {LOG_ORIGIN} does not verify",
    )


def test_another_known_log_does_not_sign_for_this_one(tmp_path: Path) -> None:
    other = Log("other.example/log")
    witness = new_witness(tmp_path / "w", LOG, other)
    text = Checkpoint(LOG_ORIGIN, 3, root(3)).to_text()
    line = NoteSignature(other.key.name, other.key.key_id, other.signing_key.sign(text.encode()))
    refuses(witness.add_checkpoint(request(0, [], Note(text, (line,)).to_bytes())), 403, "note: expected a signature…")


def test_the_signature_is_looked_at_before_the_sizes(witness: Witness) -> None:
    assert witness.add_checkpoint(request(9, [], Log().checkpoint(3))).status == 403


def test_an_old_size_beyond_the_checkpoint_is_refused_whatever_was_cosigned(witness: Witness) -> None:
    message = "request: expected an old size up to the checkpoint's 3, got 4"
    refuses(witness.add_checkpoint(request(4, [], LOG.checkpoint(3))), 400, message)
    assert witness.add_checkpoint(asked(LOG, 0, 4)).status == 200
    refuses(witness.add_checkpoint(request(4, [], LOG.checkpoint(3))), 400, message)


def test_a_size_that_no_tree_can_have_is_refused(witness: Witness) -> None:
    refuses(
        witness.add_checkpoint(request(0, [], forked(LOG, 2**63))),
        400,
        f"checkpoint: expected a size below 2^63, got {2**63}",
    )


# --- 409


@pytest.mark.parametrize(("old_size", "size"), [(0, 3), (0, 7), (0, 9), (3, 5), (3, 9), (8, 9)])
def test_another_size_than_was_cosigned_is_answered_with_that(witness: Witness, old_size: int, size: int) -> None:
    assert witness.add_checkpoint(asked(LOG, 0, 7)).status == 200
    response = witness.add_checkpoint(asked(LOG, old_size, size))
    assert response == Response(409, b"7\n", "text/x.tlog.size")
    assert held_size(witness) == 7
    assert evidence(witness) == {}


def test_a_log_that_was_never_cosigned_has_size_0(witness: Witness) -> None:
    assert witness.add_checkpoint(asked(LOG, 3, 7)) == Response(409, b"0\n", "text/x.tlog.size")
    assert held_size(witness) is None


def test_a_conflict_comes_before_the_proof_is_looked_at(witness: Witness) -> None:
    assert witness.add_checkpoint(request(3, [bytes(32)] * 9, LOG.checkpoint(7))).status == 409


def test_two_roots_for_one_size_are_evidence_whatever_size_was_named(witness: Witness) -> None:
    assert witness.add_checkpoint(asked(LOG, 0, 7)).status == 200
    body = request(0, [], forked(LOG, 7))
    assert witness.add_checkpoint(body) == Response(409, b"7\n", "text/x.tlog.size")
    assert evidence(witness) == {".request": body, ".held": witness.checkpoint(HASH).body}


# --- 422


def test_two_roots_for_one_size_are_refused_and_kept_as_evidence(witness: Witness) -> None:
    assert witness.add_checkpoint(asked(LOG, 0, 7)).status == 200
    held = witness.checkpoint(HASH).body
    body = request(7, [], forked(LOG, 7))
    refuses(witness.add_checkpoint(body), 422, f"{LOG_ORIGIN}: consistency proof: two roots for size 7: …")
    assert witness.checkpoint(HASH).body == held
    assert evidence(witness) == {".request": body, ".held": held}


@pytest.mark.parametrize(
    "proof",
    [[], [bytes(32)], consistency(3, 9)[:-1], [*consistency(3, 9), bytes(32)], consistency(4, 9), consistency(3, 8)],
    ids=["none", "another", "one too few", "one too many", "from another size", "to another size"],
)
def test_a_proof_that_does_not_verify_is_refused(witness: Witness, proof: list[bytes]) -> None:
    assert witness.add_checkpoint(asked(LOG, 0, 3)).status == 200
    body = request(3, proof, LOG.checkpoint(9))
    refuses(witness.add_checkpoint(body), 422, f"{LOG_ORIGIN}: consistency proof: …")
    assert held_size(witness) == 3
    assert evidence(witness)[".request"] == body


def test_forked_growth_is_refused(witness: Witness) -> None:
    assert witness.add_checkpoint(asked(LOG, 0, 5)).status == 200
    refuses(
        witness.add_checkpoint(request(5, consistency(5, 9), forked(LOG, 9))), 422, f"{LOG_ORIGIN}: consistency proof:…"
    )


def test_a_proof_from_nothing_is_refused(witness: Witness) -> None:
    message = f"{LOG_ORIGIN}: consistency proof: expected no hashes from size 0, got 1"
    refuses(witness.add_checkpoint(request(0, [bytes(32)], LOG.checkpoint(3))), 422, message)
    assert witness.add_checkpoint(asked(LOG, 0, 0)).status == 200
    refuses(witness.add_checkpoint(request(0, [bytes(32)], LOG.checkpoint(3))), 422, message)


def test_a_proof_between_equal_sizes_is_refused(witness: Witness) -> None:
    assert witness.add_checkpoint(asked(LOG, 0, 3)).status == 200
    message = f"{LOG_ORIGIN}: consistency proof: expected no hashes between equal sizes, got 1"
    refuses(witness.add_checkpoint(request(3, [bytes(32)], LOG.checkpoint(3))), 422, message)


def test_an_empty_tree_has_one_root(witness: Witness) -> None:
    assert root(0) == EMPTY_ROOT
    message = f"{LOG_ORIGIN}: checkpoint: expected the root of the empty tree for size 0, got another"
    refuses(witness.add_checkpoint(request(0, [], forked(LOG, 0))), 422, message)
    assert held_size(witness) is None


def test_the_same_contradiction_is_kept_once(witness: Witness) -> None:
    assert witness.add_checkpoint(asked(LOG, 0, 3)).status == 200
    for number in range(5):
        assert witness.add_checkpoint(request(3, [bytes([number]) * 32], LOG.checkpoint(9))).status == 422
    assert witness.directory.count_evidence(LOG_ORIGIN) == 1
    assert witness.add_checkpoint(asked(LOG, 3, 9)).status == 200


# --- time


def test_a_clock_that_went_back_cosigns_nothing(tmp_path: Path) -> None:
    new_witness(tmp_path / "w", LOG)
    clock = TestClock()
    witness = Witness(tmp_path / "w", clock=clock)
    assert witness.add_checkpoint(asked(LOG, 0, 3)).status == 200
    clock.time -= timedelta(minutes=1)
    refuses(witness.add_checkpoint(asked(LOG, 3, 9)), 503, "the clock of this witness is behind what it cosigned last")
    assert held_size(witness) == 3
    clock.time += timedelta(hours=1)
    assert witness.add_checkpoint(asked(LOG, 3, 9)).status == 200


def test_two_checkpoints_may_be_cosigned_in_one_second(tmp_path: Path) -> None:
    witness = new_witness(tmp_path / "w", LOG)
    clock = TestClock()
    clock.step = timedelta(0)
    witness = Witness(tmp_path / "w", clock=clock)
    for old_size, size in ((0, 3), (3, 9)):
        assert witness.add_checkpoint(asked(LOG, old_size, size)).status == 200


# --- what is stored


def test_what_nobody_cosigned_is_not_shown(witness: Witness) -> None:
    for name in (HASH, "0" * 64, "", "..", HASH.upper(), f"{HASH}0", "../../keys"):
        refuses(witness.checkpoint(name), 404, "no checkpoint of this log was cosigned")


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"\n7\n", b"\n6\n"),
        lambda data: b"",
        lambda data: LOG.checkpoint(7),
        lambda data: data.replace(LOG_ORIGIN.encode(), b"other.example/log"),
    ],
    ids=["another size", "nothing", "not cosigned", "another log"],
)
def test_a_witness_whose_memory_was_changed_cosigns_nothing(witness: Witness, change: object) -> None:
    assert callable(change)
    assert witness.add_checkpoint(asked(LOG, 0, 7)).status == 200
    path = witness.directory.path / "logs" / HASH / "checkpoint"
    path.write_bytes(change(path.read_bytes()))
    hint = "retire this witness: it does not know any more what it cosigned"
    with refused(CorruptLedgerError, f"witness: what it cosigned last of {LOG_ORIGIN} was changed: …", hint=hint):
        witness.add_checkpoint(asked(LOG, 7, 9))


def test_it_is_named_by_its_keys(witness: Witness) -> None:
    assert [key.name for key in witness.keys] == [WITNESS_NAME]


# --- many at once


def test_of_many_requests_at_once_each_size_is_cosigned_by_one_history_only(witness: Witness) -> None:
    sizes = list(range(1, 17))
    histories = [asked(LOG, 0, size) for size in sizes] + [request(0, [], forked(LOG, size)) for size in sizes]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(witness.add_checkpoint, histories))
    assert sorted(answer.status for answer in answers) == [200] + [409] * (len(histories) - 1)
    (winner,) = [body for body, answer in zip(histories, answers, strict=True) if answer.status == 200]
    held = witness.held(LOG_ORIGIN)
    assert held is not None
    assert held.text.encode() in winner
    assert {answer.body for answer in answers if answer.status == 409} == {f"{held_size(witness)}\n".encode()}
