"""C2SP signed notes: a text that one or more keys signed (c2sp.org/signed-note@v1.0.0).

Ed25519 signatures (type 0x01) are made and checked here; lines of other kinds are carried, and checked by any
`NoteVerifier`. Signatures by unknown keys are ignored, as the specification asks; a signature by a known key that does
not verify rejects the whole note.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from provenance.canonical import from_base64
from provenance.errors import InputError, VerificationError

ED25519 = 0x01
MAX_NOTE_BYTES = 1024 * 1024
MAX_SIGNATURES = 100

_LINE_START = "— "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_KEY_ID_BYTES = 4
_ED25519_KEY_BYTES = 32


class NoteVerifier(Protocol):
    """A key of any kind that can check the lines that bear its name and key id."""

    @property
    def name(self) -> str:
        """The name that it signs under."""
        ...

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell it from other keys of its name."""
        ...

    def verify_line(self, text: str, signature: bytes) -> None:
        """Check what a line carries behind the key id against the text of the note.

        Raises:
            VerificationError: it is no signature by this key over this text.
        """
        ...


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
        check_name(self.name)
        if len(self.public_key) != _ED25519_KEY_BYTES:
            raise InputError(f"note key {self.name}: expected 32 bytes, got {len(self.public_key)}")

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key)."""
        return make_key_id(self.name, ED25519, self.public_key)

    def to_text(self) -> str:
        """Return the verifier key (vkey): `name+hex key id+base64(type ‖ public key)`."""
        return make_vkey(self.name, ED25519, self.public_key)

    @classmethod
    def from_text(cls, text: str) -> "NoteKey":
        """Return the key written in a vkey.

        Raises:
            InputError: it has another form, another type than Ed25519, or a key id that is not its own.
        """
        name, key_id, raw = split_vkey(text)
        if len(raw) != 1 + _ED25519_KEY_BYTES or raw[0] != ED25519:
            raise InputError(f"note key {name!r}: expected an ed25519 key (type 0x01, 32 bytes)")
        key = cls(name, raw[1:])
        if key.key_id.hex() != key_id:
            raise InputError(f"note key {name!r}: expected key id {key.key_id.hex()}, got {key_id!r}")
        return key

    def verify_line(self, text: str, signature: bytes) -> None:
        """Check an Ed25519 signature of 64 bytes over the text.

        Raises:
            VerificationError: it is something else.
        """
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text.encode())
        except InvalidSignature:
            raise VerificationError(
                f"note: the signature of {self.name} does not verify", code="note-signature"
            ) from None


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A key that can sign.

    Attributes:
        key: the public half, named in the signature line.
        sign: returns the 64-byte Ed25519 signature of what it is given.
    """

    key: NoteKey
    sign: Callable[[bytes], bytes]


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

    def signatures_of(self, key: NoteVerifier) -> tuple[NoteSignature, ...]:
        """Return the lines that bear the name and id of `key`, unchecked."""
        return tuple(line for line in self.signatures if (line.name, line.key_id) == (key.name, key.key_id))

    def with_signatures(self, lines: Iterable[NoteSignature]) -> "Note":
        """Return the note with more signature lines, unchecked; one takes the place of a line by the same key.

        Raises:
            InputError: there would be too many.
        """
        kept = list(self.signatures)
        for line in lines:
            places = [n for n, old in enumerate(kept) if (old.name, old.key_id) == (line.name, line.key_id)]
            if places:
                kept[places[0]] = line
            else:
                kept.append(line)
        if len(kept) > MAX_SIGNATURES:
            raise InputError(f"note: expected at most {MAX_SIGNATURES} signatures, got {len(kept)}")
        return Note(self.text, tuple(kept))

    def verify(self, *, keys: Sequence[NoteVerifier]) -> tuple[NoteVerifier, ...]:
        """Check the signatures of the known keys and return those that signed.

        Raises:
            VerificationError: none of `keys` signed, or a signature of one of them is wrong.
        """
        verified: list[NoteVerifier] = []
        for key in keys:
            lines = self.signatures_of(key)
            for line in lines:
                key.verify_line(self.text, line.signature)
            if lines and key not in verified:
                verified.append(key)
        if not verified:
            # Where the names are the same, only the ids tell the keys apart.
            same = {key.name for key in keys} & {line.name for line in self.signatures}
            expected = ", ".join(_named(key, same) for key in keys) or "nobody"
            found = ", ".join(repr(_named(line, same)) for line in self.signatures)
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
    _check_text(text)
    split = text.rfind("\n\n")
    if split < 0:
        raise InputError("note: expected an empty line before the signatures, got none")
    body, lines = text[: split + 1], text[split + 2 :]
    return Note(body, parse_signatures(lines, first_line=body.count("\n") + 2))


def parse_signatures(text: str, *, first_line: int = 1) -> tuple[NoteSignature, ...]:
    """Return the signature lines in `text`, at least one, read strictly.

    Args:
        text: each line ends with a newline.
        first_line: the number of the first line, for messages.

    Raises:
        InputError: anything that the specification does not allow, with its line.
    """
    if not text.endswith("\n"):
        raise InputError("note: expected a newline at its end")
    lines = text[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise InputError(f"note: expected at most {MAX_SIGNATURES} signatures, got {len(lines)}")
    return tuple(_parse_line(line, number) for number, line in enumerate(lines, first_line))


def sign_note(text: str, *, key: NoteKey, sign: Callable[[bytes], bytes], also: Sequence[NoteSigner] = ()) -> Note:
    """Return `text` as a note signed by one key, or by several while one takes the place of another.

    Args:
        text: ends with a newline; no control characters other than newline.
        key: the public half, named in the signature line.
        sign: returns the 64-byte Ed25519 signature of what it is given.
        also: further keys, whose lines follow in this order.

    Raises:
        InputError: `text` cannot be the text of a note, or the same key would sign twice.
    """
    if not text.endswith("\n"):
        raise InputError("note: expected a text that ends with a newline")
    _check_text(text)
    if _SURROGATE.search(text):
        raise InputError("note: expected text that UTF-8 can hold")
    signers = (NoteSigner(key, sign), *also)
    if len({signer.key for signer in signers}) != len(signers):
        raise InputError(f"note: expected different keys, got {key.name} twice")
    return Note(text, tuple(NoteSignature(s.key.name, s.key.key_id, s.sign(text.encode())) for s in signers))


def _named(key: NoteVerifier | NoteSignature, ambiguous: Collection[str]) -> str:
    return f"{key.name}+{key.key_id.hex()}" if key.name in ambiguous else key.name


def _check_text(text: str) -> None:
    if _CONTROL.search(text):
        raise InputError("note: expected no control characters other than newline")


def make_key_id(name: str, kind: int, public_key: bytes) -> bytes:
    """Return the first 4 bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key), as the specification recommends."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public_key).digest()[:_KEY_ID_BYTES]


def make_vkey(name: str, kind: int, public_key: bytes) -> str:
    """Return the verifier key (vkey) `name+hex key id+base64(type ‖ public key)`."""
    encoded = base64.b64encode(bytes([kind]) + public_key).decode("ascii")
    return f"{name}+{make_key_id(name, kind, public_key).hex()}+{encoded}"


def split_vkey(text: str) -> tuple[str, str, bytes]:
    """Return the name, the key id and the bytes (type ‖ public key) in a vkey, with nothing compared yet.

    Raises:
        InputError: it has another form.
    """
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise InputError("note key: expected name+hash+base64, got something else")
    name, key_id, encoded = parts
    return name, key_id, from_base64(encoded, place=f"note key {name!r}")


def check_name(name: str) -> None:
    """Check that a key can have this name.

    Raises:
        InputError: it is empty, or has a space, a plus sign or a control character in it.
    """
    unfit = any(c.isspace() or c < " " or "\ud800" <= c <= "\udfff" for c in name)
    if not name or "+" in name or unfit:
        raise InputError(f"note key: expected a name without spaces, plus signs and control characters, got {name!r}")


def _parse_line(line: str, number: int) -> NoteSignature:
    place = f"note line {number}"
    if not line.startswith(_LINE_START):
        raise InputError(f"{place}: expected a signature line that starts with an em dash and a space")
    parts = line.removeprefix(_LINE_START).split(" ")
    if len(parts) != 2:
        raise InputError(f"{place}: expected a key name and a signature")
    name, encoded = parts
    check_name(name)
    raw = from_base64(encoded, place=place)
    if len(raw) <= _KEY_ID_BYTES:
        raise InputError(f"{place}: expected a signature behind the key id")
    return NoteSignature(name, raw[:_KEY_ID_BYTES], raw[_KEY_ID_BYTES:])
