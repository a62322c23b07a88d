"""Cosignatures: what a witness says of a checkpoint, and when (c2sp.org/tlog-cosignature).

Both kinds are made and checked: Ed25519 (cosignature/v1), and ML-DSA-44 (subtree/v1).

A cosignature is a line of a note: a time, and a signature over the time and the checkpoint. It says that the witness
saw the log grow to this size and never shrink or fork. With ML-DSA-44 it commits to the witness's name too.
"""

import base64
import secrets
from calendar import timegm
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from provenance.canonical import from_base64
from provenance.checkpoint import parse_checkpoint_text
from provenance.errors import InputError, KeyMaterialError, VerificationError
from provenance.note import Note, NoteSignature, check_name, make_key_id, make_vkey, split_vkey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

SEED_BYTES = 32

_TIME_BYTES = 8
_MAX_TIME = 2**63 - 1
_MAX_NAME_BYTES = 255
_PRIVATE_KEY = "PRIVATE+KEY"


class Kind(IntEnum):
    """The signature type of a cosignature: the byte that stands before its public key in a vkey."""

    ED25519 = 0x04
    ML_DSA_44 = 0x06


_KEY_BYTES = {Kind.ED25519: 32, Kind.ML_DSA_44: 1312}
_SIGNATURE_BYTES = {Kind.ED25519: 64, Kind.ML_DSA_44: 2420}


@dataclass(frozen=True, slots=True)
class CosignatureKey:
    """The public key of a witness, with the name that it cosigns under.

    Attributes:
        name: non-empty, without white space and without `+`; for ML-DSA-44 at most 255 bytes.
        public_key: 32 bytes for Ed25519, 1,312 for ML-DSA-44.
        kind: which of the two it is.
    """

    name: str
    public_key: bytes
    kind: Kind = Kind.ED25519

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.public_key) != _KEY_BYTES[self.kind]:
            raise InputError(
                f"witness key {self.name}: expected {_KEY_BYTES[self.kind]} bytes, got {len(self.public_key)}"
            )
        if self.kind is Kind.ML_DSA_44 and len(self.name.encode()) > _MAX_NAME_BYTES:
            raise InputError(f"witness key: expected a name of at most {_MAX_NAME_BYTES} bytes, got one that is longer")

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key)."""
        return make_key_id(self.name, self.kind, self.public_key)

    def to_text(self) -> str:
        """Return the verifier key (vkey): `name+hex key id+base64(type ‖ public key)`."""
        return make_vkey(self.name, self.kind, self.public_key)

    @classmethod
    def from_text(cls, text: str) -> "CosignatureKey":
        """Return the key written in a vkey.

        Raises:
            InputError: it has another form, another type, or a key id that is not its own.
        """
        name, key_id, raw = split_vkey(text)
        kind = next((kind for kind in Kind if raw[:1] == bytes([kind])), None)
        if kind is None or len(raw) != 1 + _KEY_BYTES[kind]:
            raise InputError(
                f"witness key {name!r}: expected a key for cosignatures (type 0x04 with 32 bytes, or 0x06 with 1312)"
            )
        key = cls(name, raw[1:], kind)
        if key.key_id.hex() != key_id:
            raise InputError(f"witness key {name!r}: expected key id {key.key_id.hex()}, got {key_id!r}")
        return key

    def verify_line(self, text: str, signature: bytes) -> None:
        """Check a cosignature over the checkpoint in the text of a note.

        Raises:
            VerificationError: it is something else.
            InputError: the text is no checkpoint.
            KeyMaterialError: this installation cannot check such a signature.
        """
        if len(signature) != _TIME_BYTES + _SIGNATURE_BYTES[self.kind]:
            raise VerificationError(
                f"note: expected a cosignature of {self.name} of {_TIME_BYTES + _SIGNATURE_BYTES[self.kind]} bytes, "
                f"got {len(signature)}",
                code="note-signature",
            )
        message = _message(text, self, cosigned_seconds(signature))
        try:
            if self.kind is Kind.ED25519:
                Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature[_TIME_BYTES:], message)
            else:
                _ml_dsa_public_key(self.public_key).verify(signature[_TIME_BYTES:], message)
        except InvalidSignature:
            raise VerificationError(
                f"note: the cosignature of {self.name} does not verify", code="note-signature"
            ) from None

    def verify(self, note: Note) -> datetime:
        """Check every line of this witness on a checkpoint, and return the time that the newest of them states.

        Raises:
            VerificationError: there is none, or one of them is wrong.
        """
        note.verify(keys=[self])
        return max(cosigned_time(line.signature) for line in note.signatures_of(self))


def cosigned_seconds(signature: bytes) -> int:
    """Return the time that a cosignature states, in seconds since 1970; it is not verified by this.

    Raises:
        VerificationError: it is too short, or the time is beyond what the specification or a calendar can say.
    """
    seconds = int.from_bytes(signature[:_TIME_BYTES], "big")
    if len(signature) <= _TIME_BYTES or seconds > _MAX_TIME:
        raise VerificationError(
            "note: expected a cosignature that starts with a time below 2^63", code="note-signature"
        )
    return seconds


def cosigned_time(signature: bytes) -> datetime:
    """Return the time that a cosignature states, in UTC; it is not verified by this.

    The start of 1970 is what an ML-DSA-44 cosigner writes that states no time.

    Raises:
        VerificationError: as for `cosigned_seconds`, or it lies beyond the year 9999.
    """
    try:
        return datetime.fromtimestamp(cosigned_seconds(signature), UTC)
    except (ValueError, OverflowError, OSError):
        raise VerificationError("note: expected a cosignature before the year 10000", code="note-signature") from None


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A witness's private key.

    Attributes:
        key: its public half.
        seed: 32 secret bytes (RFC 8032, 5.1.5; FIPS 204, 6.1).
    """

    key: CosignatureKey
    seed: bytes = field(repr=False)

    @classmethod
    def generate(cls, name: str, kind: Kind = Kind.ED25519) -> "Cosigner":
        """Return a new key.

        Raises:
            InputError: no key can have this name.
            KeyMaterialError: this installation has no ML-DSA-44.
        """
        return cls.from_seed(name, secrets.token_bytes(SEED_BYTES), kind)

    @classmethod
    def from_seed(cls, name: str, seed: bytes, kind: Kind = Kind.ED25519) -> "Cosigner":
        """Return the key that grows from 32 secret bytes.

        Raises:
            InputError: there are more or fewer, or no key can have this name.
            KeyMaterialError: this installation has no ML-DSA-44.
        """
        if len(seed) != SEED_BYTES:
            raise InputError(f"witness key {name}: expected a seed of {SEED_BYTES} bytes, got {len(seed)}")
        if kind is Kind.ED25519:
            public_key = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
        else:
            public_key = _ml_dsa_private_key(seed).public_key().public_bytes_raw()
        return cls(CosignatureKey(name, public_key, kind), seed)

    def to_text(self) -> str:
        """Return the secret text `PRIVATE+KEY+name+hex key id+base64(type ‖ seed)`, which other witnesses read too."""
        encoded = base64.b64encode(bytes([self.key.kind]) + self.seed).decode("ascii")
        return f"{_PRIVATE_KEY}+{self.key.name}+{self.key.key_id.hex()}+{encoded}"

    @classmethod
    def from_text(cls, text: str) -> "Cosigner":
        """Return the key that `to_text` wrote; no message shows any of it.

        Raises:
            InputError: it has another form, another type, or a key id that is not its own.
            KeyMaterialError: this installation has no ML-DSA-44.
        """
        parts = text.split("+", 4)
        if len(parts) != 5 or "+".join(parts[:2]) != _PRIVATE_KEY:
            raise InputError("witness key: expected PRIVATE+KEY+name+hash+base64, got something else")
        raw = from_base64(parts[4], place="witness key")
        kind = next((kind for kind in Kind if raw[:1] == bytes([kind])), None)
        if kind is None or len(raw) != 1 + SEED_BYTES:
            raise InputError("witness key: expected type 0x04 or 0x06 with a seed of 32 bytes")
        cosigner = cls.from_seed(parts[2], raw[1:], kind)
        if cosigner.key.key_id.hex() != parts[3]:
            raise InputError("witness key: expected the key id of this key, got that of another")
        return cosigner

    def sign(self, text: str, *, now: datetime) -> NoteSignature:
        """Return the line that cosigns the checkpoint in the text of a note.

        Args:
            text: three lines, or more where the log adds some.
            now: with its time zone; cut to the second.

        Raises:
            InputError: the text is no checkpoint, or its origin is too long for ML-DSA-44.
        """
        # In whole numbers: as a float, the last microseconds of a second are rounded into the next.
        seconds = timegm(now.utctimetuple())
        message = _message(text, self.key, seconds)
        signer: Callable[[bytes], bytes]
        if self.key.kind is Kind.ED25519:
            signer = Ed25519PrivateKey.from_private_bytes(self.seed).sign
        else:
            signer = _ml_dsa_private_key(self.seed).sign
        return NoteSignature(self.key.name, self.key.key_id, seconds.to_bytes(_TIME_BYTES, "big") + signer(message))


def _message(text: str, key: CosignatureKey, seconds: int) -> bytes:
    checkpoint = parse_checkpoint_text(text, extensions=True)
    if key.kind is Kind.ED25519:
        return f"cosignature/v1\ntime {seconds}\n{text}".encode()
    return b"".join(
        (
            b"subtree/v1\n\x00",
            _short(key.name.encode(), "witness name"),
            seconds.to_bytes(_TIME_BYTES, "big"),
            _short(checkpoint.log_origin.encode(), "log origin"),
            bytes(8),  # a checkpoint covers the tree from its first entry
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root_hash,
        )
    )


def _short(value: bytes, what: str) -> bytes:
    if len(value) > _MAX_NAME_BYTES:
        raise InputError(f"cosignature: expected a {what} of at most {_MAX_NAME_BYTES} bytes, got {len(value)}")
    return bytes([len(value)]) + value


def _ml_dsa_public_key(data: bytes) -> "MLDSA44PublicKey":
    try:
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

        return MLDSA44PublicKey.from_public_bytes(data)
    except (ImportError, UnsupportedAlgorithm):
        raise _no_ml_dsa() from None


def _ml_dsa_private_key(seed: bytes) -> "MLDSA44PrivateKey":
    try:
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

        return MLDSA44PrivateKey.from_seed_bytes(seed)
    except (ImportError, UnsupportedAlgorithm):
        raise _no_ml_dsa() from None


def _no_ml_dsa() -> KeyMaterialError:
    return KeyMaterialError(
        "witness key: ml-dsa-44 is not in this installation's cryptography library",
        code="ml-dsa-missing",
        hint="install cryptography 48 or newer, built with an openssl that has ml-dsa",
    )
