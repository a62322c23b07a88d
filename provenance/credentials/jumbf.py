"""The manifest store taken apart byte by byte, to see what no signature covers (ISO 19566-5; C2PA 2.4, 11).

The SDK verifies what is signed. Around that lie box headers, labels, and thousands of bytes of padding in the
signature's unprotected header that it reads past, and that anybody could fill without being noticed. A store made
by this product has exactly one form there; `read_store` names the first place where a store departs from it.
"""

import contextlib
import io
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509

from provenance.errors import InputError

MAX_STORE_BYTES = 256 * 1024 * 1024
MAX_DEPTH = 8
MAX_BOXES = 10_000
MAX_THUMBNAIL_BYTES = 4 * 1024 * 1024

_TYPE_TAIL = bytes.fromhex("0011 0010 8000 00aa00389b71")
_REQUESTABLE_WITH_LABEL = 0x03
_SALTED = 0x13  # the same, with a private box
_COSE_SIGN1_TAG = 18  # RFC 9052, 2
_X5CHAIN = 33  # RFC 9360, 2
_MANIFEST_TYPES = frozenset({b"c2ma", b"c2um"})
# The one label that each of these boxes may bear; nothing signs the labels themselves.
_LABELS: dict[bytes, frozenset[str]] = {
    b"c2pa": frozenset({"c2pa"}),
    b"c2as": frozenset({"c2pa.assertions"}),
    b"c2cl": frozenset({"c2pa.claim", "c2pa.claim.v2"}),
    b"c2cs": frozenset({"c2pa.signature"}),
}
_STAMP_BOXES = [b"c2as", b"c2cl", b"c2cs"]
# An embedded file is described by one box and held by a second one (ISO 19566-5, B.5).
_EMBEDDED_FILE = [b"bfdb", b"bidb"]
_THUMBNAILS = "c2pa.thumbnail."
_PADDING = "pad"
# Time stamps and revocation data of other makers; no stamp of this product has them.
_TIME_NAMES = frozenset({"sigTst", "sigTst2", "rVals"})


@dataclass(frozen=True, slots=True)
class Box:
    """A superbox: its type, its label, the boxes within, and its plain content."""

    type: bytes
    label: str
    toggles: int
    boxes: tuple["Box", ...]
    contents: tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """What the store says of one manifest beside what the SDK reports.

    Attributes:
        label: the manifest's name.
        certificates: the signer's chain as the claim signature's protected header carries it, the signer first.
        actors: the certificates of named actors that their assertions carry, by the assertion's label.
        thumbnails: small pictures by the label of their assertion, as they lie there; hostile.
    """

    label: str
    certificates: tuple[x509.Certificate, ...]
    actors: Mapping[str, x509.Certificate]
    thumbnails: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SignatureToken:
    """An RFC 3161 token in a signature (`sigTst2`, C2PA 2.4, 10.3.2.5.2).

    Attributes:
        token: in DER.
        data: what it has to be about: the signature, as a countersignature covers it (RFC 8152, 4.5).
    """

    token: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Store:
    """A manifest store.

    Attributes:
        manifests: in the order of the store; the last one is active.
        flaw: the first place where unsigned bytes are not what a writer puts there, or None.
        unsigned: names of what the active signature carries unsigned, beside its padding.
        token: the time-stamp token in the active signature, where it has one of its usual form.
    """

    manifests: tuple[StoredManifest, ...]
    flaw: str | None
    unsigned: frozenset[str]
    token: SignatureToken | None = None


@dataclass(slots=True)
class _Reading:
    data: bytes
    flaw: str | None = None
    boxes: int = 0
    unsigned: frozenset[str] = frozenset()
    token: SignatureToken | None = None

    def note(self, flaw: str) -> None:
        if self.flaw is None:
            self.flaw = flaw


def read_store(data: bytes) -> Store:
    """Take a manifest store apart.

    Raises:
        InputError: the boxes do not fit into each other.
    """
    if len(data) > MAX_STORE_BYTES:
        raise InputError(f"manifest store: expected at most {MAX_STORE_BYTES} bytes, got {len(data)}")
    reading = _Reading(data)
    root, end = _read_box(reading, 0, len(data), 0)
    if root is None or root.type != b"c2pa":
        raise InputError("manifest store: expected a c2pa superbox")
    if end != len(data):
        reading.note(f"{len(data) - end} bytes lie behind the manifest store")
    if root.contents:
        reading.note("the manifest store holds a box that is not a manifest")
    if not root.boxes or any(box.type not in _MANIFEST_TYPES for box in root.boxes):
        raise InputError("manifest store: expected manifests and nothing else")
    manifests = [_read_manifest(reading, box, active=box is root.boxes[-1]) for box in root.boxes]
    return Store(tuple(manifests), reading.flaw, reading.unsigned, reading.token)


def _read_manifest(reading: _Reading, manifest: Box, *, active: bool) -> StoredManifest:
    """Read one manifest; only the active one is held to the one form, as its ingredients are hashed by what it says."""
    certificates: tuple[x509.Certificate, ...] = ()
    actors: dict[str, x509.Certificate] = {}
    thumbnails: dict[str, bytes] = {}
    for box in manifest.boxes:
        if box.type == b"c2as":
            _check_assertions(reading, box)
            actors.update(_actors(box))
            thumbnails |= _thumbnails(box)
    if active and ([box.type for box in manifest.boxes] != _STAMP_BOXES or manifest.contents):
        reading.note(f"manifest {manifest.label!r}: holds other boxes than assertions, claim and signature")
    for box in manifest.boxes:
        if box.type not in (b"c2cl", b"c2cs"):
            continue
        if len(box.contents) != 1 or box.contents[0][0] != b"cbor" or box.boxes:
            raise InputError(f"manifest {manifest.label!r}: expected one cbor box in claim and signature")
        if box.type == b"c2cs":
            certificates = _read_signature(reading, box.contents[0][1], active=active)
    return StoredManifest(manifest.label, certificates, actors, thumbnails)


def _thumbnails(assertions: Box) -> dict[str, bytes]:
    """Return the small pictures among assertions; none of a label that is there twice, as one may be unsigned."""
    found = [box for box in assertions.boxes if box.label.startswith(_THUMBNAILS)]
    labels = [box.label for box in found]
    return {
        box.label: box.contents[1][1]
        for box in found
        if labels.count(box.label) == 1
        and [kind for kind, _ in box.contents] == _EMBEDDED_FILE
        and len(box.contents[1][1]) <= MAX_THUMBNAIL_BYTES
    }


def _check_assertions(reading: _Reading, assertions: Box) -> None:
    """Note what the SDK leaves out when it hashes an assertion: upper toggles, and boxes beside the content."""
    for assertion in assertions.boxes:
        kinds = [kind for kind, _ in assertion.contents]
        if assertion.toggles not in (_REQUESTABLE_WITH_LABEL, _SALTED):
            reading.note(f"assertion {assertion.label!r}: unexpected toggles {assertion.toggles:#04x}")
        if assertion.boxes or (len(kinds) != 1 and kinds != _EMBEDDED_FILE):
            reading.note(f"assertion {assertion.label!r}: holds more than its content")


def _actors(assertions: Box) -> Iterator[tuple[str, x509.Certificate]]:
    """Yield whose certificate signs an identity assertion (CAWG Identity Assertion 1.3), where one can be read."""
    import cbor2

    for assertion in assertions.boxes:
        if not assertion.label.startswith("cawg.identity") or [kind for kind, _ in assertion.contents] != [b"cbor"]:
            continue
        # Hostile bytes make these decoders fail in more ways than they document; then nobody is named.
        with contextlib.suppress(Exception):
            signature = cbor2.loads(cbor2.loads(assertion.contents[0][1])["signature"])
            protected, unprotected, *_ = signature.value
            header = cbor2.loads(protected)
            yield assertion.label, _certificates(header.get(_X5CHAIN) or unprotected.get(_X5CHAIN))[0]


def _read_signature(reading: _Reading, data: bytes, *, active: bool) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a COSE_Sign1 structure (RFC 9052, 4.2), and note unsigned bytes that say something."""
    import cbor2

    try:
        source = io.BytesIO(data)
        signature = cbor2.load(source)
        protected, unprotected, payload, value = signature.value
        header = cbor2.loads(protected)
        exact = source.tell() == len(data) and cbor2.dumps(signature) == data
        certificates = _certificates(header.get(_X5CHAIN) or unprotected.get(_X5CHAIN) or unprotected.get("x5chain"))
        unsigned = dict(unprotected.items())
        padding = unsigned.pop(_PADDING, b"")
        countersigned = cbor2.dumps(["CounterSignature", protected, b"", cbor2.dumps(value)])
    except Exception as error:  # hostile bytes make these decoders fail in more ways than they document
        raise InputError("claim signature: expected a cose signature with its certificates") from error
    if not active:
        return certificates
    if signature.tag != _COSE_SIGN1_TAG or payload is not None or not exact:
        reading.note("claim signature: not in its one encoding")
    if not set(unsigned) <= _TIME_NAMES:
        reading.note("claim signature: carries something that is not signed")
    if not isinstance(padding, bytes) or any(padding):
        reading.note("claim signature: the padding is not zero")
    reading.unsigned = frozenset(str(name) for name in unsigned)
    match unsigned.get("sigTst2"):
        case {"tstTokens": [{"val": bytes(token), **others}], **more} if not others and not more:
            reading.token = SignatureToken(token, countersigned)
    return certificates


def _certificates(chain: Any) -> tuple[x509.Certificate, ...]:  # noqa: ANN401 decoded cbor has any type
    items = [chain] if isinstance(chain, bytes) else list(chain or [])
    with warnings.catch_warnings():
        # Whoever made the file gets to write nothing on the terminal, be its certificate ever so odd.
        warnings.simplefilter("ignore")
        return tuple(x509.load_der_x509_certificate(item) for item in items)


def _read_box(reading: _Reading, start: int, end: int, depth: int) -> tuple[Box | None, int]:
    """Read the box at `start`; return it, or None if it is no superbox, and where it ends."""
    data = reading.data
    reading.boxes += 1
    if depth > MAX_DEPTH or reading.boxes > MAX_BOXES:
        raise InputError("manifest store: too many boxes")
    if start + 8 > end:
        raise InputError(f"manifest store at byte {start}: a box is cut off")
    length = int.from_bytes(data[start : start + 4], "big")
    body = start + 8
    if length == 1:  # a box longer than 4 GiB writes its length elsewhere; none may be so long
        raise InputError(f"manifest store at byte {start}: a box is too long")
    stop = start + length
    if stop < body or stop > end:
        raise InputError(f"manifest store at byte {start}: a box does not fit into its parent")
    if data[start + 4 : body] != b"jumb":
        return None, stop
    kind, toggles, label, position = _read_description(reading, body, stop)
    boxes: list[Box] = []
    contents: list[tuple[bytes, bytes]] = []
    while position < stop:
        box, position_after = _read_box(reading, position, stop, depth + 1)
        if box is not None:
            boxes.append(box)
        else:
            contents.append((data[position + 4 : position + 8], data[position + 8 : position_after]))
        position = position_after
    if kind in _LABELS and label not in _LABELS[kind]:
        reading.note(f"manifest store at byte {start}: unexpected label {label[:60]!r}")
    if (kind in _LABELS or kind in _MANIFEST_TYPES) and toggles != _REQUESTABLE_WITH_LABEL:
        reading.note(f"manifest store at byte {start}: unexpected toggles {toggles:#04x}")
    return Box(kind, label, toggles, tuple(boxes), tuple(contents)), stop


def _read_description(reading: _Reading, start: int, end: int) -> tuple[bytes, int, str, int]:
    """Read a description box (ISO 19566-5, A.3); return type, toggles, label and where it ends."""
    data = reading.data
    stop = start + int.from_bytes(data[start : start + 4], "big")
    if data[start + 4 : start + 8] != b"jumd" or stop < start + 25 or stop > end:
        raise InputError(f"manifest store at byte {start}: expected a description box")
    kind, tail, toggles = data[start + 8 : start + 12], data[start + 12 : start + 24], data[start + 24]
    if tail != _TYPE_TAIL:
        kind = data[start + 8 : start + 24]
    label = b""
    if toggles & 0x02:
        terminator = data.find(b"\x00", start + 25, stop)
        if terminator < 0:
            raise InputError(f"manifest store at byte {start}: a label does not end")
        label = data[start + 25 : terminator]
        private = terminator + 1
        if toggles == _SALTED and data[private + 4 : private + 8] == b"c2sh":
            private += int.from_bytes(data[private : private + 4], "big")
        if toggles in (_REQUESTABLE_WITH_LABEL, _SALTED) and private != stop:
            reading.note(f"manifest store at byte {start}: a description box has more than its label")
    try:
        return kind, toggles, label.decode("utf-8"), stop
    except UnicodeDecodeError:
        raise InputError(f"manifest store at byte {start}: expected a label in UTF-8") from None
