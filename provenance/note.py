"""C2SP signed notes: a text that one or more keys signed (c2sp.org/signed-note@v1.0.0).

Only Ed25519 (type 0x01) is made and checked here. Signatures by unknown keys are ignored, as the specification
asks; a signature by a known key that does not verify rejects the whole note.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from provenance.canonical import from_base64
from provenance.errors import InputError, VerificationError

ED25519 = 0x01
MAX_NOTE_BYTES = 1024 * 1024
MAX_SIGNATURES = 100

_LINE_START = "— "
_KEY_ID_BYTES = 4
_ED25519_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A public key that may sign notes, with the name it signs under.

    Attributes:
        name: non-empty, without white space and without `+`.
        public_key: 32 bytes, RFC 8032.
    """

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.public_key) != _ED25519_KEY_BYTES:
            raise InputError(f"note key {self.name}: expected 32 bytes, got {len(self.public_key)}")

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([ED25519]) + self.public_key).digest()[:_KEY_ID_BYTES]

    def to_text(self) -> str:
        """Return the verifier key (vkey): `name+hex key id+base64(type ‖ public key)`."""
        encoded = base64.b64encode(bytes([ED25519]) + self.public_key).decode("ascii")
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    @classmethod
    def from_text(cls, text: str) -> "NoteKey":
        """Return the key written in a vkey.

        Raises:
            InputError: it has another form, another type than Ed25519, or a key id that is not its own.
        """
        parts = text.split("+", 2)
        if len(parts) != 3:
            raise InputError("note key: expected name+hash+base64, got something else")
        name, key_id, encoded = parts
        raw = from_base64(encoded, place=f"note key {name!r}")
        if len(raw) != 1 + _ED25519_KEY_BYTES or raw[0] != ED25519:
            raise InputError(f"note key {name!r}: expected an ed25519 key (type 0x01, 32 bytes)")
        key = cls(name, raw[1:])
        if key.key_id.hex() != key_id:
            raise InputError(f"note key {name!r}: expected key id {key.key_id.hex()}, got {key_id!r}")
        return key


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: who claims to have signed, and what the line carries behind the key id."""

    name: str
    key_id: bytes
    signature: bytes

    def to_text(self) -> str:
        """Return the line with its newline."""
        return f"{_LINE_START}{self.name} {base64.b64encode(self.key_id + self.signature).decode('ascii')}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A note taken apart; nothing in it is believed until `verify` returns.

    Attributes:
        text: the signed text with its final newline.
        signatures: at least one, in the order of the note.
    """

    text: str
    signatures: tuple[NoteSignature, ...]

    def to_bytes(self) -> bytes:
        """Return the note as it is stored and sent."""
        return (self.text + "\n" + "".join(line.to_text() for line in self.signatures)).encode()

    def verify(self, *, keys: Sequence[NoteKey]) -> tuple[NoteKey, ...]:
        """Check the signatures of the known keys and return those that signed.

        Raises:
            VerificationError: none of `keys` signed, or a signature of one of them is wrong.
        """
        verified: list[NoteKey] = []
        for key in keys:
            for line in self.signatures:
                if (line.name, line.key_id) != (key.name, key.key_id):
                    continue
                try:
                    Ed25519PublicKey.from_public_bytes(key.public_key).verify(line.signature, self.text.encode())
                except InvalidSignature:
                    raise VerificationError(
                        f"note: the signature of {key.name} does not verify", code="note-signature"
                    ) from None
                if key not in verified:
                    verified.append(key)
        if not verified:
            expected = ", ".join(key.name for key in keys) or "nobody"
            found = ", ".join(repr(line.name) for line in self.signatures)
            raise VerificationError(
                f"note: expected a signature of {expected}, got those of {found}", code="note-unknown-signer"
            )
        return tuple(verified)


def parse_note(data: bytes) -> Note:
    """Return the note in `data`, read strictly.

    Raises:
        InputError: anything that the specification does not allow, with its line.
    """
    if len(data) > MAX_NOTE_BYTES:
        raise InputError(f"note: expected at most {MAX_NOTE_BYTES} bytes, got {len(data)}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError("note: expected UTF-8 text") from None
    if any(character < " " and character != "\n" for character in text):
        raise InputError("note: expected no control characters other than newline")
    split = text.rfind("\n\n")
    if split < 0:
        raise InputError("note: expected an empty line before the signatures, got none")
    body, lines = text[: split + 1], text[split + 2 :]
    if not lines.endswith("\n"):
        raise InputError("note: expected a newline at its end")
    signature_lines = lines[:-1].split("\n")
    if len(signature_lines) > MAX_SIGNATURES:
        raise InputError(f"note: expected at most {MAX_SIGNATURES} signatures, got {len(signature_lines)}")
    first = body.count("\n") + 2
    return Note(body, tuple(_parse_line(line, first + number) for number, line in enumerate(signature_lines)))


def sign_note(text: str, *, key: NoteKey, sign: Callable[[bytes], bytes]) -> Note:
    """Return `text` as a note signed by one key.

    Args:
        text: ends with a newline; no control characters other than newline.
        key: the public half, named in the signature line.
        sign: returns the 64-byte Ed25519 signature of what it is given.

    Raises:
        InputError: `text` cannot be the text of a note.
    """
    if not text.endswith("\n"):
        raise InputError("note: expected a text that ends with a newline")
    if any(character < " " and character != "\n" for character in text):
        raise InputError("note: expected no control characters other than newline")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InputError("note: expected text that UTF-8 can hold")
    return Note(text, (NoteSignature(key.name, key.key_id, sign(text.encode())),))


def _parse_line(line: str, number: int) -> NoteSignature:
    place = f"note line {number}"
    if not line.startswith(_LINE_START):
        raise InputError(f"{place}: expected a signature line that starts with an em dash and a space")
    parts = line.removeprefix(_LINE_START).split(" ")
    if len(parts) != 2:
        raise InputError(f"{place}: expected a key name and a signature")
    name, encoded = parts
    _check_name(name)
    raw = from_base64(encoded, place=place)
    if len(raw) <= _KEY_ID_BYTES:
        raise InputError(f"{place}: expected a signature behind the key id")
    return NoteSignature(name, raw[:_KEY_ID_BYTES], raw[_KEY_ID_BYTES:])


def _check_name(name: str) -> None:
    unfit = any(c.isspace() or c < " " or "\ud800" <= c <= "\udfff" for c in name)
    if not name or "+" in name or unfit:
        raise InputError(f"note key: expected a name without spaces, plus signs and control characters, got {name!r}")
