import base64

import pytest
from support.logs import LOG_ORIGIN, Log
from support.refusals import refused
from support.witnesses import START

from provenance.checkpoint import Checkpoint, LogKey, open_checkpoint, parse_checkpoint_text, sign_checkpoint
from provenance.cosignature import Cosigner, Kind
from provenance.errors import InputError, VerificationError
from provenance.merkle import EMPTY_ROOT
from provenance.note import Note, NoteKey, NoteSignature, NoteSigner, parse_note, sign_note

LOG = Log()
WITNESS = Log("witness.example/w1")
ROOT = bytes(range(32))
ROOT_TEXT = base64.b64encode(ROOT).decode()
TEXT = f"{LOG_ORIGIN}\n42\n{ROOT_TEXT}\n"
CHECKPOINT = Checkpoint(LOG_ORIGIN, 42, ROOT)


def signed(text: str, *logs: Log) -> bytes:
    lines = [NoteSignature(log.key.name, log.key.key_id, log.signing_key.sign(text.encode())) for log in logs]
    return Note(text, tuple(lines)).to_bytes()


def test_a_checkpoint_is_written_in_three_lines_and_read_again() -> None:
    assert CHECKPOINT.to_text() == TEXT
    assert parse_checkpoint_text(TEXT) == CHECKPOINT


@pytest.mark.parametrize("size", [0, 1, 9, 10, 2**63, 9_999_999_999_999_999_999])
def test_a_size_is_read_as_it_was_written(size: int) -> None:
    checkpoint = Checkpoint(LOG_ORIGIN, size, ROOT)
    assert parse_checkpoint_text(checkpoint.to_text()) == checkpoint


@pytest.mark.parametrize("log_origin", ["x", "a log of ours", "a+b", "日誌.example"])
def test_an_origin_may_be_any_text(log_origin: str) -> None:
    assert parse_checkpoint_text(Checkpoint(log_origin, 1, ROOT).to_text()).log_origin == log_origin


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", 1),
        ("\n", 1),
        (f"{LOG_ORIGIN}\n42\n", 2),
        (f"{TEXT}extension\n", 4),
        (f"{TEXT}\n", 4),
        (f"\n{TEXT}", 4),
        (TEXT.removesuffix("\n"), 3),
    ],
)
def test_another_number_of_lines_is_refused(text: str, lines: int) -> None:
    message = f"checkpoint: expected the lines origin, size and root hash, got {lines} lines"
    with refused(InputError, message):
        parse_checkpoint_text(text)


def test_an_empty_origin_is_refused() -> None:
    with refused(InputError, "checkpoint line 1: expected an origin, got an empty line"):
        parse_checkpoint_text(f"\n42\n{ROOT_TEXT}\n")


@pytest.mark.parametrize(
    "size", ["", "042", "00", "-1", "+1", " 42", "42 ", "4_2", "0x2a", "4.0", "٤٢", "forty-two", "1" * 20]
)
def test_another_size_than_a_decimal_number_is_refused(size: str) -> None:
    with refused(InputError, f"checkpoint line 2: expected a decimal size, got {size!r}"):
        parse_checkpoint_text(f"{LOG_ORIGIN}\n{size}\n{ROOT_TEXT}\n")


def test_the_message_shows_only_the_start_of_a_long_size() -> None:
    with refused(InputError, f"checkpoint line 2: expected a decimal size, got {'1' * 40!r}"):
        parse_checkpoint_text(f"{LOG_ORIGIN}\n{'1' * 1000}\n{ROOT_TEXT}\n")


@pytest.mark.parametrize(
    "root", ["A", "not base64", ROOT_TEXT.rstrip("="), ROOT_TEXT.replace("A", "-"), f"{ROOT_TEXT}é"]
)
def test_a_root_hash_that_is_not_base64_is_refused(root: str) -> None:
    with refused(InputError, "checkpoint line 3: expected base64"):
        parse_checkpoint_text(f"{LOG_ORIGIN}\n42\n{root}\n")


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_root_hash_of_another_length_is_refused(size: int) -> None:
    root = base64.b64encode(bytes(size)).decode()
    with refused(InputError, f"checkpoint line 3: expected a root hash of 32 bytes, got {size}"):
        parse_checkpoint_text(f"{LOG_ORIGIN}\n42\n{root}\n")


def test_a_root_hash_with_stray_bits_is_refused() -> None:
    root = base64.b64encode(bytes(32)).decode().replace("A=", "B=")
    with refused(InputError, "checkpoint line 3: expected base64 with its padding and without stray bits"):
        parse_checkpoint_text(f"{LOG_ORIGIN}\n42\n{root}\n")


def test_a_checkpoint_is_signed_and_opened() -> None:
    note = sign_checkpoint(CHECKPOINT, key=LOG.key, sign=LOG.signing_key.sign)
    assert note.text == TEXT
    assert [line.name for line in note.signatures] == [LOG_ORIGIN]
    assert open_checkpoint(note.to_bytes(), keys=[LOG.key]) == CHECKPOINT


def test_the_checkpoint_of_an_empty_log_is_signed_and_opened() -> None:
    assert open_checkpoint(LOG.checkpoint(0), keys=[LOG.key]) == Checkpoint(LOG_ORIGIN, 0, EMPTY_ROOT)


def test_a_checkpoint_is_not_signed_under_another_name() -> None:
    message = f"checkpoint: expected a key named {LOG_ORIGIN}, got one named {WITNESS.key.name}"
    with refused(InputError, message):
        sign_checkpoint(CHECKPOINT, key=WITNESS.key, sign=WITNESS.signing_key.sign)


@pytest.mark.parametrize("known", [[LOG], [LOG, WITNESS], [WITNESS, LOG]])
def test_a_witnessed_checkpoint_is_opened_with_the_key_of_its_log(known: list[Log]) -> None:
    data = signed(TEXT, LOG, WITNESS)
    assert open_checkpoint(data, keys=[log.key for log in known]) == CHECKPOINT


def test_after_a_change_of_keys_either_key_opens_a_checkpoint() -> None:
    old, new = Log(), Log()
    assert open_checkpoint(signed(TEXT, old), keys=[old.key, new.key]) == CHECKPOINT
    assert open_checkpoint(signed(TEXT, new), keys=[old.key, new.key]) == CHECKPOINT


def test_a_witness_alone_does_not_speak_for_the_log() -> None:
    message = f"checkpoint: expected the log {WITNESS.key.name}, got {LOG_ORIGIN!r}"
    with refused(VerificationError, message, code="checkpoint-origin"):
        open_checkpoint(signed(TEXT, LOG, WITNESS), keys=[WITNESS.key])


def test_a_log_does_not_speak_for_another_one() -> None:
    data = signed(TEXT.replace(LOG_ORIGIN, "other.example/log"), LOG)
    message = f"checkpoint: expected the log {LOG_ORIGIN}, got 'other.example/log'"
    with refused(VerificationError, message, code="checkpoint-origin"):
        open_checkpoint(data, keys=[LOG.key])


def test_a_key_of_the_same_name_does_not_speak_for_the_log() -> None:
    other = Log()
    expected, got = (f"{LOG_ORIGIN}+{log.key.key_id.hex()}" for log in (LOG, other))
    message = f"note: expected a signature of {expected}, got those of {got!r}"
    with refused(VerificationError, message, code="note-unknown-signer"):
        open_checkpoint(signed(TEXT, other), keys=[LOG.key])


def test_a_checkpoint_is_not_opened_without_keys() -> None:
    message = f"note: expected a signature of nobody, got those of {LOG_ORIGIN!r}"
    with refused(VerificationError, message, code="note-unknown-signer"):
        open_checkpoint(signed(TEXT, LOG), keys=[])


@pytest.mark.parametrize(("old", "new"), [("\n42\n", "\n43\n"), (ROOT_TEXT, base64.b64encode(bytes(32)).decode())])
def test_a_changed_checkpoint_is_refused(old: str, new: str) -> None:
    data = signed(TEXT, LOG).decode().replace(old, new).encode()
    with refused(VerificationError, f"note: the signature of {LOG_ORIGIN} does not verify", code="note-signature"):
        open_checkpoint(data, keys=[LOG.key])


def test_a_signed_note_that_is_no_checkpoint_is_refused() -> None:
    note = sign_note("hello\n", key=LOG.key, sign=LOG.signing_key.sign)
    message = "checkpoint: expected the lines origin, size and root hash, got 1 lines"
    with refused(InputError, message):
        open_checkpoint(note.to_bytes(), keys=[LOG.key])


def test_a_checkpoint_without_signatures_is_refused() -> None:
    with refused(InputError, "note: expected an empty line before the signatures, got none"):
        open_checkpoint(TEXT.encode(), keys=[LOG.key])


def test_the_signature_is_that_of_the_text() -> None:
    note = parse_note(LOG.checkpoint(7))
    assert note.verify(keys=[LOG.key]) == (NoteKey(LOG_ORIGIN, LOG.signing_key.public_bytes()),)


# --- several keys of one log, and when they speak for it


def test_a_checkpoint_is_signed_by_two_keys_while_one_takes_the_place_of_the_other() -> None:
    old, new = Log(), Log()
    also = [NoteSigner(new.key, new.signing_key.sign)]
    note = sign_checkpoint(CHECKPOINT, key=old.key, sign=old.signing_key.sign, also=also)
    assert [line.key_id for line in note.signatures] == [old.key.key_id, new.key.key_id]
    for keys in ([old.key], [new.key], [old.key, new.key]):
        assert open_checkpoint(note.to_bytes(), keys=keys) == CHECKPOINT


def test_every_key_that_signs_a_checkpoint_bears_the_name_of_its_log() -> None:
    also = [NoteSigner(WITNESS.key, WITNESS.signing_key.sign)]
    message = f"checkpoint: expected a key named {LOG_ORIGIN}, got one named {WITNESS.key.name}"
    with refused(InputError, message):
        sign_checkpoint(CHECKPOINT, key=LOG.key, sign=LOG.signing_key.sign, also=also)


@pytest.mark.parametrize(("first", "last"), [(0, None), (0, 42), (42, None), (42, 42), (3, 100)])
def test_a_key_speaks_for_the_sizes_of_its_range(first: int, last: int | None) -> None:
    assert open_checkpoint(signed(TEXT, LOG), keys=[LogKey(LOG.key, first, last)]) == CHECKPOINT


@pytest.mark.parametrize("last", [0, 7, 41])
def test_a_key_that_was_retired_before_counts_for_nothing(last: int) -> None:
    message = f"checkpoint: expected a size up to {last}, the last that this key of {LOG_ORIGIN} may sign, got 42"
    with refused(VerificationError, message, code="log-key-retired"):
        open_checkpoint(signed(TEXT, LOG), keys=[LogKey(LOG.key, 0, last), Log().key])


@pytest.mark.parametrize("first", [43, 100])
def test_a_key_that_came_into_use_later_counts_for_nothing(first: int) -> None:
    message = f"checkpoint: expected a size from {first}, the first that this key of {LOG_ORIGIN} may sign, got 42"
    with refused(VerificationError, message, code="log-key-early"):
        open_checkpoint(signed(TEXT, LOG), keys=[LogKey(LOG.key, first)])


def test_a_retired_key_does_not_hinder_the_one_that_took_its_place() -> None:
    old, new = Log(), Log()
    keys = [LogKey(old.key, 0, 20), LogKey(new.key, 15)]
    assert open_checkpoint(signed(TEXT, old, new), keys=keys) == CHECKPOINT
    with refused(VerificationError, "checkpoint: expected a size up to 20…", code="log-key-retired"):
        open_checkpoint(signed(TEXT, old), keys=keys)


def test_a_key_may_speak_for_two_ranges() -> None:
    assert open_checkpoint(signed(TEXT, LOG), keys=[LogKey(LOG.key, 0, 9), LogKey(LOG.key, 40)]) == CHECKPOINT


def test_a_wrong_signature_of_a_retired_key_refuses_the_note() -> None:
    old = Log()
    note = parse_note(signed(TEXT, LOG)).with_signatures([NoteSignature(old.key.name, old.key.key_id, bytes(64))])
    with refused(VerificationError, f"note: the signature of {LOG_ORIGIN} does not verify", code="note-signature"):
        open_checkpoint(note.to_bytes(), keys=[LOG.key, LogKey(old.key, 0, 20)])


def test_a_witness_does_not_speak_for_the_log_even_in_its_range() -> None:
    message = f"checkpoint: expected the log {WITNESS.key.name}, got {LOG_ORIGIN!r}"
    with refused(VerificationError, message, code="checkpoint-origin"):
        open_checkpoint(signed(TEXT, LOG, WITNESS), keys=[LogKey(WITNESS.key)])


@pytest.mark.parametrize(("first", "last"), [(-1, None), (5, 4), (0, -1)])
def test_a_range_that_holds_no_size_is_refused(first: int, last: int | None) -> None:
    shown = first if last is None else last
    message = f"log key {LOG_ORIGIN}: expected sizes 0 <= first <= last, got {first} and {shown}"
    with refused(InputError, message):
        LogKey(LOG.key, first, last)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_log_may_sign_with_a_key_for_cosignatures(kind: Kind) -> None:
    cosigner = Cosigner.generate(LOG_ORIGIN, kind)
    note = Note(TEXT, (cosigner.sign(TEXT, now=START),))
    assert open_checkpoint(note.to_bytes(), keys=[cosigner.key]) == CHECKPOINT


# --- extension lines


@pytest.mark.parametrize("extensions", [("one",), ("one", "two more", "—")])
def test_extension_lines_are_read_only_where_they_are_asked_for(extensions: tuple[str, ...]) -> None:
    checkpoint = Checkpoint(LOG_ORIGIN, 42, ROOT, extensions)
    text = checkpoint.to_text()
    assert text == TEXT + "".join(f"{line}\n" for line in extensions)
    assert parse_checkpoint_text(text, extensions=True) == checkpoint
    assert open_checkpoint(signed(text, LOG), keys=[LOG.key], extensions=True) == checkpoint
    message = f"checkpoint: expected the lines origin, size and root hash, got {3 + len(extensions)} lines"
    with refused(InputError, message):
        open_checkpoint(signed(text, LOG), keys=[LOG.key])


def test_a_checkpoint_without_extension_lines_is_read_where_they_are_allowed() -> None:
    assert parse_checkpoint_text(TEXT, extensions=True) == CHECKPOINT


@pytest.mark.parametrize(("tail", "number"), [("\n", 4), ("one\n\n", 5), ("\none\n", 4)])
def test_an_extension_line_is_not_empty(tail: str, number: int) -> None:
    with refused(InputError, f"checkpoint line {number}: expected an extension line, got an empty line"):
        parse_checkpoint_text(TEXT + tail, extensions=True)


@pytest.mark.parametrize("text", ["", f"{LOG_ORIGIN}\n42\n", TEXT.removesuffix("\n"), f"{TEXT}one"])
def test_fewer_lines_and_unfinished_ones_are_refused_where_extension_lines_are_allowed(text: str) -> None:
    with refused(InputError, "checkpoint: expected the lines origin, size and root hash, got …"):
        parse_checkpoint_text(text, extensions=True)
