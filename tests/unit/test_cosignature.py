import base64
import hashlib
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from support.logs import LOG_ORIGIN, Log
from support.refusals import refused
from support.trees import root
from support.witnesses import START, WITNESS_NAME

from provenance.cosignature import CosignatureKey, Cosigner, Kind, cosigned_seconds, cosigned_time
from provenance.errors import InputError, KeyMaterialError, VerificationError
from provenance.note import Note, NoteSignature, parse_note

LOG = Log()
NOTE = parse_note(LOG.checkpoint(7))
COSIGNERS = {kind: Cosigner.generate(WITNESS_NAME, kind) for kind in Kind}
SECONDS = int(START.timestamp())
BOTH = pytest.mark.parametrize("kind", list(Kind))
SIZES = {Kind.ED25519: (32, 64), Kind.ML_DSA_44: (1312, 2420)}


def cosigned(kind: Kind, *, note: Note = NOTE, now: datetime = START) -> Note:
    return note.with_signatures([COSIGNERS[kind].sign(note.text, now=now)])


def vkey(name: str, data: bytes) -> str:
    key_id = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
    return f"{name}+{key_id.hex()}+{base64.b64encode(data).decode()}"


# --- keys


@BOTH
def test_a_key_is_written_as_a_verifier_key_and_read_again(kind: Kind) -> None:
    key = COSIGNERS[kind].key
    assert len(key.public_key) == SIZES[kind][0]
    assert key.to_text() == vkey(WITNESS_NAME, bytes([kind]) + key.public_key)
    assert CosignatureKey.from_text(key.to_text()) == key


def test_the_types_are_those_of_the_specification() -> None:
    assert {kind.name: kind.value for kind in Kind} == {"ED25519": 4, "ML_DSA_44": 6}


@pytest.mark.parametrize(
    "data", [b"", b"\x04", b"\x04" + bytes(31), b"\x01" + bytes(32), b"\x06" + bytes(32), b"\x04" + bytes(1312)]
)
def test_a_verifier_key_of_another_type_or_length_is_refused(data: bytes) -> None:
    message = f"witness key {WITNESS_NAME!r}: expected a key for cosignatures (type 0x04 with 32 bytes, or 0x06 with…"
    with refused(InputError, message):
        CosignatureKey.from_text(vkey(WITNESS_NAME, data))


def test_a_verifier_key_with_an_id_that_is_not_its_own_is_refused() -> None:
    key = COSIGNERS[Kind.ED25519].key
    text = key.to_text().replace(key.key_id.hex(), "00000000")
    with refused(InputError, f"witness key {WITNESS_NAME!r}: expected key id {key.key_id.hex()}, got '00000000'"):
        CosignatureKey.from_text(text)


@BOTH
@pytest.mark.parametrize("size", [0, 31, 33, 1311])
def test_a_key_of_another_length_is_refused(kind: Kind, size: int) -> None:
    with refused(InputError, f"witness key w: expected {SIZES[kind][0]} bytes, got {size}"):
        CosignatureKey("w", bytes(size), kind)


@BOTH
@pytest.mark.parametrize("name", ["", "a b", "a+b"])
def test_a_name_with_other_characters_than_allowed_is_refused(kind: Kind, name: str) -> None:
    with refused(InputError, "note key: expected a name without spaces, plus signs and control characters, got …"):
        CosignatureKey(name, bytes(SIZES[kind][0]), kind)


def test_only_with_ml_dsa_is_a_name_bounded() -> None:
    CosignatureKey("ä" * 200, bytes(32))
    CosignatureKey("a" * 255, bytes(1312), Kind.ML_DSA_44)
    with refused(InputError, "witness key: expected a name of at most 255 bytes, got one that is longer"):
        CosignatureKey("ä" * 128, bytes(1312), Kind.ML_DSA_44)


# --- cosigning


def test_an_ed25519_cosignature_is_over_the_message_of_the_specification() -> None:
    line = COSIGNERS[Kind.ED25519].sign(NOTE.text, now=START)
    message = f"cosignature/v1\ntime {SECONDS}\n{NOTE.text}".encode()
    signature = Ed25519PrivateKey.from_private_bytes(COSIGNERS[Kind.ED25519].seed).sign(message)
    assert line == NoteSignature(
        WITNESS_NAME, COSIGNERS[Kind.ED25519].key.key_id, SECONDS.to_bytes(8, "big") + signature
    )


def test_an_ml_dsa_cosignature_is_over_the_message_of_the_specification() -> None:
    key = COSIGNERS[Kind.ML_DSA_44].key
    line = COSIGNERS[Kind.ML_DSA_44].sign(NOTE.text, now=START)
    assert line.signature[:8] == SECONDS.to_bytes(8, "big")
    message = (
        b"subtree/v1\n\0"
        + bytes([len(WITNESS_NAME)])
        + WITNESS_NAME.encode()
        + SECONDS.to_bytes(8, "big")
        + bytes([len(LOG_ORIGIN)])
        + LOG_ORIGIN.encode()
        + (0).to_bytes(8, "big")
        + (7).to_bytes(8, "big")
        + root(7)
    )
    MLDSA44PublicKey.from_public_bytes(key.public_key).verify(line.signature[8:], message)


@BOTH
def test_a_cosignature_tells_its_time_once_it_is_verified(kind: Kind) -> None:
    note = parse_note(cosigned(kind).to_bytes())
    assert COSIGNERS[kind].key.verify(note) == START
    assert note.verify(keys=[LOG.key, COSIGNERS[kind].key]) == (LOG.key, COSIGNERS[kind].key)


def test_the_time_is_cut_to_the_second_and_may_be_of_any_zone() -> None:
    now = datetime(2026, 11, 24, 19, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=1)))
    assert COSIGNERS[Kind.ED25519].key.verify(cosigned(Kind.ED25519, now=now)) == START


def test_of_several_cosignatures_by_one_witness_the_newest_tells_the_time() -> None:
    cosigner = COSIGNERS[Kind.ED25519]
    times = [START, START + timedelta(hours=2), START + timedelta(hours=1)]
    note = Note(NOTE.text, tuple(cosigner.sign(NOTE.text, now=now) for now in times))
    assert cosigner.key.verify(note) == START + timedelta(hours=2)


@BOTH
def test_a_checkpoint_that_nobody_cosigned_is_refused(kind: Kind) -> None:
    message = f"note: expected a signature of {WITNESS_NAME}, got those of {LOG_ORIGIN!r}"
    with refused(VerificationError, message, code="note-unknown-signer"):
        COSIGNERS[kind].key.verify(NOTE)


@BOTH
@pytest.mark.parametrize("position", [0, 7, 8, 70, -1])
def test_a_changed_cosignature_is_refused(kind: Kind, position: int) -> None:
    line = COSIGNERS[kind].sign(NOTE.text, now=START)
    changed = bytearray(line.signature)
    changed[position] ^= 1
    note = Note(NOTE.text, (NoteSignature(line.name, line.key_id, bytes(changed)),))
    with refused(VerificationError, f"note: the cosignature of {WITNESS_NAME} does not verify", code="note-signature"):
        COSIGNERS[kind].key.verify(note)


@BOTH
@pytest.mark.parametrize(("old", "new"), [("\n7\n", "\n8\n"), (LOG_ORIGIN, "other.example/log")])
def test_a_cosignature_is_of_its_own_checkpoint(kind: Kind, old: str, new: str) -> None:
    note = Note(NOTE.text.replace(old, new), cosigned(kind).signatures)
    with refused(VerificationError, f"note: the cosignature of {WITNESS_NAME} does not verify", code="note-signature"):
        COSIGNERS[kind].key.verify(note)


@pytest.mark.parametrize(("kind", "committed"), [(Kind.ED25519, True), (Kind.ML_DSA_44, False)])
def test_extension_lines_are_cosigned_only_with_ed25519(kind: Kind, committed: bool) -> None:
    note = cosigned(kind, note=Note(f"{NOTE.text}extension\n", ()))
    other = Note(f"{NOTE.text}another\n", note.signatures)
    assert COSIGNERS[kind].key.verify(note) == START
    if committed:
        with refused(VerificationError, f"note: the cosignature of {WITNESS_NAME}…", code="note-signature"):
            COSIGNERS[kind].key.verify(other)
    else:
        assert COSIGNERS[kind].key.verify(other) == START


def test_only_ml_dsa_commits_to_the_name_of_the_witness() -> None:
    for kind, cosigner in COSIGNERS.items():
        other = CosignatureKey("witness.example/w2", cosigner.key.public_key, kind)
        line = cosigner.sign(NOTE.text, now=START)
        note = Note(NOTE.text, (NoteSignature(other.name, other.key_id, line.signature),))
        if kind is Kind.ED25519:
            assert other.verify(note) == START
        else:
            with refused(VerificationError, "note: the cosignature of witness.example/w2…", code="note-signature"):
                other.verify(note)


@BOTH
@pytest.mark.parametrize("change", [-1, 1])
def test_a_cosignature_of_another_length_is_refused(kind: Kind, change: int) -> None:
    size = 8 + SIZES[kind][1]
    key = COSIGNERS[kind].key
    note = Note(NOTE.text, (NoteSignature(key.name, key.key_id, bytes(size + change)),))
    message = f"note: expected a cosignature of {WITNESS_NAME} of {size} bytes, got {size + change}"
    with refused(VerificationError, message, code="note-signature"):
        key.verify(note)


@BOTH
@pytest.mark.parametrize("text", ["hello\n", "a\n1\nAAAA\n", NOTE.text.removesuffix("\n")])
def test_nothing_but_a_checkpoint_is_cosigned(kind: Kind, text: str) -> None:
    with refused(InputError, "checkpoint…"):
        COSIGNERS[kind].sign(text, now=START)


def test_an_origin_that_is_too_long_for_ml_dsa_is_refused() -> None:
    text = NOTE.text.replace(LOG_ORIGIN, "a" * 256)
    COSIGNERS[Kind.ED25519].sign(text, now=START)
    with refused(InputError, "cosignature: expected a log origin of at most 255 bytes, got 256"):
        COSIGNERS[Kind.ML_DSA_44].sign(text, now=START)


# --- times


def test_a_time_is_read_from_the_first_eight_bytes() -> None:
    assert cosigned_seconds(SECONDS.to_bytes(8, "big") + b"rest") == SECONDS
    assert cosigned_time(bytes(7) + b"\x01rest") == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert cosigned_seconds((2**63 - 1).to_bytes(8, "big") + b"rest") == 2**63 - 1


@pytest.mark.parametrize("signature", [b"", bytes(8), b"\x80" + bytes(71), b"\xff" * 72])
def test_a_time_that_the_specification_does_not_allow_is_refused(signature: bytes) -> None:
    message = "note: expected a cosignature that starts with a time below 2^63"
    with refused(VerificationError, message, code="note-signature"):
        cosigned_seconds(signature)


@pytest.mark.parametrize("seconds", [253_402_300_800, 2**62, 2**63 - 1])
def test_a_time_beyond_the_calendar_is_refused(seconds: int) -> None:
    with refused(VerificationError, "note: expected a cosignature before the year 10000", code="note-signature"):
        cosigned_time(seconds.to_bytes(8, "big") + bytes(64))


# --- private keys


@BOTH
def test_a_private_key_is_written_and_read_again(kind: Kind) -> None:
    cosigner = COSIGNERS[kind]
    assert cosigner.to_text().startswith(f"PRIVATE+KEY+{WITNESS_NAME}+{cosigner.key.key_id.hex()}+")
    assert Cosigner.from_text(cosigner.to_text()) == cosigner


@BOTH
def test_a_private_key_does_not_show_itself(kind: Kind) -> None:
    shown = repr(COSIGNERS[kind])
    assert WITNESS_NAME in shown
    assert "seed" not in shown
    assert repr(COSIGNERS[kind].seed) not in shown


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "witness key: expected PRIVATE+KEY+name+hash+base64, got something else"),
        ("PUBLIC+KEY+w+00000000+AA==", "witness key: expected PRIVATE+KEY+name+hash+base64, got something else"),
        ("PRIVATE+KEY+w+00000000", "witness key: expected PRIVATE+KEY+name+hash+base64, got something else"),
        ("PRIVATE+KEY+w+00000000+secret!", "witness key: expected base64"),
        ("PRIVATE+KEY+w+00000000+AA==", "witness key: expected type 0x04 or 0x06 with a seed of 32 bytes"),
        (
            f"PRIVATE+KEY+w+00000000+{base64.b64encode(bytes([1]) + bytes(32)).decode()}",
            "witness key: expected type 0x04 or 0x06 with a seed of 32 bytes",
        ),
        (
            f"PRIVATE+KEY+w+00000000+{base64.b64encode(bytes([4]) + bytes(32)).decode()}",
            "witness key: expected the key id of this key, got that of another",
        ),
    ],
)
def test_other_text_than_a_private_key_is_refused_and_not_shown(text: str, message: str) -> None:
    with refused(InputError, message):
        Cosigner.from_text(text)


def test_a_seed_of_another_length_is_refused() -> None:
    with refused(InputError, "witness key w: expected a seed of 32 bytes, got 31"):
        Cosigner.from_seed("w", bytes(31))


def test_where_ml_dsa_is_missing_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    note = cosigned(Kind.ML_DSA_44)
    # What an older library of this name looks like.
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.mldsa", None)
    message = "witness key: ml-dsa-44 is not in this installation's cryptography library"
    hint = "install cryptography 48 or newer, built with an openssl that has ml-dsa"
    for use in (
        lambda: Cosigner.generate("w", Kind.ML_DSA_44),
        lambda: COSIGNERS[Kind.ML_DSA_44].key.verify(note),
        lambda: COSIGNERS[Kind.ML_DSA_44].sign(NOTE.text, now=START),
    ):
        with refused(KeyMaterialError, message, code="ml-dsa-missing", hint=hint):
            use()
    assert COSIGNERS[Kind.ED25519].key.verify(cosigned(Kind.ED25519)) == START
