import base64

import pytest
from support.logs import LOG_ORIGIN, Log
from support.refusals import refused
from support.trees import entry, inclusion, root

from provenance.checkpoint import Checkpoint, LogKey
from provenance.errors import InputError, VerificationError
from provenance.note import NoteSignature, parse_note
from provenance.proof import HEADER, MAX_PROOF_BYTES, LedgerProof, parse_proof

LOG = Log()
NOTE = LOG.checkpoint(7).decode()
HASH = base64.b64encode(bytes(32)).decode()
START = f"{HEADER}\nindex 3\n"


def test_a_proof_is_written_in_the_form_of_the_specification() -> None:
    hashes = "".join(f"{base64.b64encode(value).decode()}\n" for value in inclusion(3, 7))
    assert LOG.proof(3, 7).to_text().startswith(f"c2sp.org/tlog-proof@v1\nindex 3\n{hashes}\n{LOG_ORIGIN}\n7\n")


def test_extra_data_are_written_before_the_index() -> None:
    assert (
        LOG.proof(0, 1, extra=b"more").to_text().startswith(f"{HEADER}\nextra bW9yZQ==\nindex 0\n\n{LOG_ORIGIN}\n1\n")
    )


@pytest.mark.parametrize("extra", [None, b"more", bytes(1000)])
@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 2), (3, 7), (6, 7), (12, 70)])
def test_a_proof_is_read_as_it_was_written(index: int, size: int, extra: bytes | None) -> None:
    proof = LOG.proof(index, size, extra=extra)
    assert parse_proof(proof.to_text()) == proof


@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 2), (1, 2), (3, 7), (6, 7), (12, 70)])
def test_a_proof_of_an_entry_verifies(index: int, size: int) -> None:
    proof = parse_proof(LOG.proof(index, size).to_text())
    assert proof.verify(entry(index), keys=[LOG.key]) == Checkpoint(LOG_ORIGIN, size, root(size))


def test_extra_data_are_no_part_of_what_is_verified() -> None:
    LOG.proof(3, 7, extra=b"anything").verify(entry(3), keys=[LOG.key])


def test_a_proof_names_its_log_before_anything_is_verified() -> None:
    assert LOG.proof(3, 7).log_origin == LOG_ORIGIN


def test_a_proof_of_another_entry_is_refused() -> None:
    with refused(VerificationError, f"inclusion proof: expected root {root(7).hex()}, got …"):
        LOG.proof(3, 7).verify(entry(2), keys=[LOG.key])


def test_a_proof_with_another_index_is_refused() -> None:
    proof = LedgerProof(2, tuple(inclusion(3, 7)), LOG.checkpoint(7))
    with refused(VerificationError, f"inclusion proof: expected root {root(7).hex()}, got …"):
        proof.verify(entry(3), keys=[LOG.key])


def test_an_index_beyond_the_signed_size_is_refused() -> None:
    proof = LedgerProof(7, tuple(inclusion(3, 7)), LOG.checkpoint(7))
    with refused(VerificationError, "inclusion proof: expected an index below the tree size 7, got 7"):
        proof.verify(entry(3), keys=[LOG.key])


def test_nothing_is_in_an_empty_log() -> None:
    proof = LedgerProof(0, (), LOG.checkpoint(0))
    with refused(VerificationError, "inclusion proof: expected an index below the tree size 0, got 0"):
        proof.verify(entry(0), keys=[LOG.key])


def test_a_proof_with_the_checkpoint_of_another_size_is_refused() -> None:
    proof = LedgerProof(3, tuple(inclusion(3, 7)), LOG.checkpoint(8))
    with refused(VerificationError, f"inclusion proof: expected root {root(8).hex()}, got …"):
        proof.verify(entry(3), keys=[LOG.key])


@pytest.mark.parametrize(
    ("hashes", "message"),
    [
        (inclusion(3, 7)[:-1], "shorter than a tree of size 7 needs: got 2 hashes"),
        ([*inclusion(3, 7), bytes(32)], "longer than a tree of size 7 allows: got 4 hashes"),
    ],
)
def test_a_proof_with_hashes_too_few_or_too_many_is_refused(hashes: list[bytes], message: str) -> None:
    proof = LedgerProof(3, tuple(hashes), LOG.checkpoint(7))
    with refused(VerificationError, f"inclusion proof: {message}"):
        proof.verify(entry(3), keys=[LOG.key])


def test_a_proof_by_an_unknown_log_is_refused() -> None:
    other = Log()
    expected, got = (f"{LOG_ORIGIN}+{log.key.key_id.hex()}" for log in (other, LOG))
    message = f"note: expected a signature of {expected}, got those of {got!r}"
    with refused(VerificationError, message, code="note-unknown-signer"):
        LOG.proof(3, 7).verify(entry(3), keys=[other.key])


def test_a_proof_with_a_changed_checkpoint_is_refused() -> None:
    proof = LedgerProof(3, tuple(inclusion(3, 7)), LOG.checkpoint(7).replace(b"\n7\n", b"\n8\n"))
    with refused(VerificationError, f"note: the signature of {LOG_ORIGIN} does not verify", code="note-signature"):
        proof.verify(entry(3), keys=[LOG.key])


def test_a_proof_whose_note_is_no_checkpoint_is_refused() -> None:
    text = NOTE.replace(f"{LOG_ORIGIN}\n7\n", f"{LOG_ORIGIN}\n", 1)
    message = "checkpoint: expected the lines origin, size and root hash, got 2 lines"
    with refused(InputError, message):
        parse_proof(f"{START}\n{text}").verify(entry(3), keys=[LOG.key])


def test_the_limit_is_this() -> None:
    assert MAX_PROOF_BYTES == 131_072


def test_a_proof_as_long_as_allowed_is_read() -> None:
    rest = f"\nindex 3\n\n{NOTE}"
    room = MAX_PROOF_BYTES - len(f"{HEADER}\nextra {rest}")
    extra = "A" * (room - room % 4)
    assert parse_proof(f"{HEADER}\nextra {extra}{rest}").extra == bytes(len(extra) // 4 * 3)


def test_a_longer_proof_is_refused() -> None:
    with refused(InputError, f"proof: expected at most {MAX_PROOF_BYTES} characters, got {MAX_PROOF_BYTES + 1}"):
        parse_proof("a" * (MAX_PROOF_BYTES + 1))


@pytest.mark.parametrize("text", ["", "\n", HEADER, START, f"{START}{NOTE}".replace("\n\n", "\n")])
def test_a_proof_without_an_empty_line_is_refused(text: str) -> None:
    with refused(InputError, "proof: expected an empty line before the checkpoint, got none"):
        parse_proof(text)


@pytest.mark.parametrize("first", ["", "c2sp.org/tlog-proof@v2", f"{HEADER} ", f" {HEADER}", f"{HEADER}\r", "index 3"])
def test_another_first_line_is_refused(first: str) -> None:
    with refused(InputError, f"proof line 1: expected {HEADER}, got {first!r}"):
        parse_proof(f"{first}\nindex 3\n\n{NOTE}")


def test_the_message_shows_only_the_start_of_a_long_first_line() -> None:
    with refused(InputError, f"proof line 1: expected {HEADER}, got {'a' * 60!r}"):
        parse_proof(f"{'a' * 1000}\nindex 3\n\n{NOTE}")


@pytest.mark.parametrize(
    ("head", "number"),
    [
        (HEADER, 2),
        (f"{HEADER}\n{HASH}", 2),
        (f"{HEADER}\nindex", 2),
        (f"{HEADER}\nIndex 3", 2),
        (f"{HEADER}\n index 3", 2),
        (f"{HEADER}\nextra", 2),
        (f"{HEADER}\nextra AAAA", 3),
        (f"{HEADER}\nextra AAAA\nextra AAAA\nindex 3", 3),
        (f"{HEADER}\nextra AAAA\n{HASH}\nindex 3", 3),
    ],
)
def test_a_proof_without_its_index_is_refused(head: str, number: int) -> None:
    with refused(InputError, f"proof line {number}: expected the index"):
        parse_proof(f"{head}\n\n{NOTE}")


@pytest.mark.parametrize("index", ["", "03", "-3", "+3", " 3", "3 ", "three", "٣", "1" * 20])
def test_another_index_than_a_decimal_number_is_refused(index: str) -> None:
    with refused(InputError, f"proof line 2: expected a decimal index, got {index!r}"):
        parse_proof(f"{HEADER}\nindex {index}\n\n{NOTE}")


def test_the_line_of_the_index_is_counted_behind_extra_data() -> None:
    with refused(InputError, f"proof line 3: expected a decimal index, got {'x' * 40!r}"):
        parse_proof(f"{HEADER}\nextra AAAA\nindex {'x' * 1000}\n\n{NOTE}")


@pytest.mark.parametrize("line", ["A", "*", "AAA", "AA-_", "é", "AAAA AAAA", "AAAA\r", "\ud800"])
def test_a_line_that_is_not_base64_is_refused(line: str) -> None:
    with refused(InputError, "proof line 4: expected base64"):
        parse_proof(f"{START}{HASH}\n{line}\n\n{NOTE}")
    with refused(InputError, "proof line 2: expected base64"):
        parse_proof(f"{HEADER}\nextra {line}\nindex 3\n\n{NOTE}")


@pytest.mark.parametrize("line", ["AB==", "AAB=", HASH.replace("A=", "B=")])
def test_a_line_with_stray_bits_is_refused(line: str) -> None:
    with refused(InputError, "proof line 4: expected base64 with its padding and without stray bits"):
        parse_proof(f"{START}{HASH}\n{line}\n\n{NOTE}")
    with refused(InputError, "proof line 2: expected base64 with its padding and without stray bits"):
        parse_proof(f"{HEADER}\nextra {line}\nindex 3\n\n{NOTE}")


@pytest.mark.parametrize("size", [1, 31, 33, 64])
def test_a_hash_of_another_length_is_refused(size: int) -> None:
    line = base64.b64encode(bytes(size)).decode()
    with refused(InputError, f"proof line 4: expected a hash of 32 bytes, got {size}"):
        parse_proof(f"{START}{HASH}\n{line}\n\n{NOTE}")


def test_the_line_of_a_hash_is_counted_behind_extra_data() -> None:
    with refused(InputError, "proof line 4: expected a hash of 32 bytes, got 3"):
        parse_proof(f"{HEADER}\nextra AAAA\nindex 3\nAAAA\n\n{NOTE}")


def test_as_many_hashes_as_a_tree_may_need_are_read() -> None:
    hashes = f"{HASH}\n" * 64
    assert len(parse_proof(f"{START}{hashes}\n{NOTE}").hashes) == 64


def test_more_hashes_are_refused() -> None:
    hashes = f"{HASH}\n" * 65
    with refused(InputError, "proof: expected at most 64 hashes, got 65"):
        parse_proof(f"{START}{hashes}\n{NOTE}")


def test_half_a_character_in_the_checkpoint_is_refused() -> None:
    with refused(InputError, "proof: expected text that is valid unicode"):
        parse_proof(f"{START}\n\ud800{NOTE}")


@pytest.mark.parametrize(
    ("note", "message"),
    [
        ("", "note: expected an empty line before the signatures, got none"),
        (f"{LOG_ORIGIN}\n7\n{HASH}\n", "note: expected an empty line before the signatures, got none"),
        (NOTE.removesuffix("\n"), "note: expected a newline at its end"),
        (NOTE.replace("—", "-"), "note line 5: expected a signature line that starts with an em dash and a space"),
        (NOTE.replace("\n", "\r\n", 1), "note: expected no control characters other than newline"),
    ],
)
def test_a_proof_with_a_malformed_note_is_refused(note: str, message: str) -> None:
    with refused(InputError, message):
        parse_proof(f"{START}\n{note}")


def test_the_origin_of_a_proof_with_a_malformed_note_is_refused() -> None:
    with refused(InputError, "note: expected an empty line before the signatures, got none"):
        _ = LedgerProof(0, (), b"nothing").log_origin


def test_extra_data_of_no_bytes_are_no_extra_data() -> None:
    proof = LedgerProof(3, tuple(inclusion(3, 7)), LOG.checkpoint(7), b"")
    assert proof.to_text() == LOG.proof(3, 7).to_text()
    with refused(InputError, "proof line 2: expected extra data or no such line, got none"):
        parse_proof(f"{HEADER}\nextra \nindex 3\n\n{NOTE}")


def test_a_proof_with_sixteen_large_signatures_is_read() -> None:
    lines = [NoteSignature(f"witness.example/{number}", bytes(4), bytes(3700)) for number in range(16)]
    note = parse_note(LOG.checkpoint(7)).with_signatures(lines).to_bytes()
    proof = parse_proof(LedgerProof(3, tuple(inclusion(3, 7)), note).to_text())
    assert proof.verify(entry(3), keys=[LOG.key]).size == 7


def test_a_proof_verifies_with_a_key_that_spoke_for_the_log_then() -> None:
    assert LOG.proof(3, 7).verify(entry(3), keys=[LogKey(LOG.key, 0, 7)]).size == 7


def test_a_proof_by_a_key_that_was_retired_before_is_refused() -> None:
    message = f"checkpoint: expected a size up to 6, the last that this key of {LOG_ORIGIN} may sign, got 7"
    with refused(VerificationError, message, code="log-key-retired"):
        LOG.proof(3, 7).verify(entry(3), keys=[LogKey(LOG.key, 0, 6)])
