"""A world in which pictures are stamped, and all that can be done to a stamped picture, by what it is called."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from PIL import Image
from support.issuers import Issuer
from support.listeners import with_remote
from support.makers import Maker
from support.pictures import (
    PNG_SIGNATURE,
    draw_jpeg,
    draw_png,
    png_chunks,
    with_changed_pixels,
    with_png_checksums,
    without_segments,
)
from support.studios import open_keys, record_consent, stamped

from provenance.credentials.labels import CONSENT_LABEL
from provenance.keys import SigningKey
from provenance.picture import read_picture
from provenance.pki import EMAIL_PROTECTION, TrustAnchors, make_claim_request, to_pem
from provenance.studio import Studio
from provenance.studio.revoking import RevocationDesk

# What acts on a terminal, turns text around, or is markup: none of it may reach anybody as it is.
HOSTILE = "\x1b[31m\u202eEvil\u2066<script>alert(1)</script>\x07\r\nPASSED\u2028&lt;"
APP11 = 0xEB
_SIZE = (60, 80)


@dataclass
class World:
    """A studio, a maker of cameras, and pictures that they signed; all of it is trusted by whoever checks.

    Attributes:
        studio: with one consent.
        folder: for files.
        address: where a manifest that lies elsewhere would be fetched from.
        jpeg: stamped as from a camera.
        png: likewise.
        again: the stamped JPEG, stamped once more.
        generated: stamped as made by AI, of nobody real.
        maker: whom the one who checks trusts, too.
        anchors: who is trusted with claims.
        kept: what was made of the pictures, by the name of the change.
    """

    studio: Studio
    folder: Path
    address: str
    jpeg: bytes = field(init=False)
    png: bytes = field(init=False)
    again: bytes = field(init=False)
    generated: bytes = field(init=False)
    maker: Maker = field(default_factory=Maker)
    issuer: Issuer = field(default_factory=lambda: Issuer(datetime.now(UTC)))
    code: str = field(init=False)
    kept: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.code = record_consent(self.studio).code
        self.jpeg = self.stamp(draw_jpeg(self.folder / "a.jpg", size=_SIZE))
        self.png = self.stamp(draw_png(self.folder / "a.png", size=_SIZE))
        self.again = self.stamp(self.folder / "stamped-a.jpg")
        drawn = draw_jpeg(self.folder / "drawn.jpg", size=_SIZE, exif=False, seed=30)
        target = self.folder / "generated.jpg"
        self.generated = stamped(self.studio, drawn, target, declaration="ai-generated", code=None).read_bytes()

    @property
    def anchors(self) -> list[TrustAnchors]:
        """Who may sign claims: the studio, the maker, and an authority that issues whatever it is asked for."""
        return [self.studio.anchors(), self.maker.anchors, TrustAnchors("urn:example:issuer", to_pem(self.issuer.root))]

    def changed(self, name: str, change: "Change") -> bytes:
        """Return what a change makes, which is made once."""
        if name not in self.kept:
            self.kept[name] = change(self)
        return self.kept[name]

    def stamp(self, source: Path) -> bytes:
        """Return a picture, stamped as from a camera."""
        target = self.folder / f"stamped-{source.name}"
        return stamped(self.studio, source, target, code=self.code).read_bytes()

    def plain(self, seed: int = 0) -> bytes:
        """Return a picture without any credential."""
        return draw_jpeg(self.folder / f"plain-{seed}.jpg", size=_SIZE, seed=seed).read_bytes()


Change = Callable[[World], bytes]


def untouched(kind: str) -> Change:
    """Return a stamped picture as it is: `jpeg`, `png`, `again` or `generated`."""

    def change(world: World) -> bytes:
        found: bytes = getattr(world, kind)
        return found

    return change


def pixels(kind: str) -> Change:
    """Change one bit of the coded pixels."""
    return lambda world: with_changed_pixels(untouched(kind)(world))


def signature(kind: str, *, first: bool = False) -> Change:
    """Change one bit of the claim signature itself, which stands behind its padding."""

    def change(world: World) -> bytes:
        data = untouched(kind)(world)
        _, end = content_of(data, "c2pa.signature", first=first)
        return _summed(data[: end - 32] + bytes([data[end - 32] ^ 0x01]) + data[end - 31 :])

    return change


def padding(kind: str) -> Change:
    """Change one bit of the padding beside the claim signature, which nothing signs."""
    return box("c2pa.signature", kind)


def box(label: str, kind: str, *, first: bool = False) -> Change:
    """Change one bit in the middle of what a box of the manifest holds, by the box's label."""

    def change(world: World) -> bytes:
        data = untouched(kind)(world)
        start, end = content_of(data, label, first=first)
        middle = (start + end) // 2
        return _summed(data[:middle] + bytes([data[middle] ^ 0x01]) + data[middle + 1 :])

    return change


def transplanted(world: World) -> bytes:
    """Put the manifest store of the stamped picture into another picture, in the place of that one's own."""
    other = world.stamp(draw_jpeg(world.folder / "other.jpg", size=_SIZE, seed=9))
    here, there = read_picture(world.jpeg).store, read_picture(other).store
    assert here is not None
    assert there is not None
    return other[: there.start] + world.jpeg[here.start : here.end] + other[there.end :]


def transplanted_onto_bare(world: World) -> bytes:
    """Put the manifest store of the stamped picture into a picture that has none."""
    store = read_picture(world.jpeg).store
    assert store is not None
    bare = world.plain(9)
    return bare[:2] + world.jpeg[store.start : store.end] + bare[2:]


def trailing(kind: str) -> Change:
    """Add bytes behind the end."""
    return lambda world: untouched(kind)(world) + b"hidden"


def exif_edited(world: World) -> bytes:
    """Change a word of the EXIF block."""
    assert world.jpeg.count(b"Atelier 7") == 1
    return world.jpeg.replace(b"Atelier 7", b"Atelier 8")


def stripped(kind: str) -> Change:
    """Take the manifest store out, and leave everything else."""

    def change(world: World) -> bytes:
        if kind == "jpeg":
            return without_segments(world.jpeg, {APP11})
        parts = [world.png[start:end] for name, start, end in png_chunks(world.png) if name != b"caBX"]
        return PNG_SIGNATURE + b"".join(parts)

    return change


def saved_again(kind: str) -> Change:
    """Open the picture with an image library, and save it."""

    def change(world: World) -> bytes:
        target = io.BytesIO()
        with Image.open(io.BytesIO(untouched(kind)(world))) as picture:
            picture.save(target, kind.upper())
        return target.getvalue()

    return change


def laundered(world: World) -> bytes:
    """Change the pixels, and have somebody who is trusted sign the result as made from the stamped picture."""
    return world.maker.sign(with_changed_pixels(world.jpeg), parent=True)


def resigned(
    *, purposes: Sequence[x509.ObjectIdentifier] = (EMAIL_PROTECTION,), days: tuple[int, int] = (-1, 300)
) -> Change:
    """Sign the claim of a picture anew, with a certificate that the SDK would not sign with, from a trusted issuer."""

    def change(world: World) -> bytes:
        key = SigningKey.generate("ES256")
        request = make_claim_request(key=key, name="Somebody", country="DE")
        leaf = world.issuer.issue(request, days=days, purposes=purposes)
        return resign(world.maker.sign(world.plain(3)), key, [leaf, world.issuer.intermediate])

    return change


def revoked(world: World) -> bytes:
    """Stamp a picture, and revoke the stamp."""
    data = world.stamp(draw_jpeg(world.folder / "revoked.jpg", size=_SIZE, seed=21))
    desk = RevocationDesk(open_keys(world.studio))
    desk.revoke(desk.find(world.folder / "stamped-revoked.jpg"))
    return data


def by_a_maker(world: World) -> bytes:
    """Sign a picture as a maker of cameras, who is trusted or not as the one who checks says."""
    return world.maker.sign(world.plain(4))


def by_a_stranger(world: World) -> bytes:
    """Sign a picture as somebody whom nobody trusts."""
    return Maker("Stranger").sign(world.plain(4))


def hostile(world: World) -> bytes:
    """Sign a picture with texts that act on whoever shows them, in every field of two manifests and the certificate."""
    evil = Maker(HOSTILE)
    return _hostile(evil, _hostile(evil, world.plain(5), parent=False), parent=True)


def _hostile(evil: Maker, data: bytes, *, parent: bool) -> bytes:
    texts = {"label": "org.example.texts", "data": {HOSTILE: HOSTILE, "list": [HOSTILE]}}
    consent = {"v": 1, "subject_kind": "real", "scopes": [HOSTILE], "assurance": HOSTILE, "controller": HOSTILE}
    log = {"origin": HOSTILE, "key": HOSTILE, "proof": HOSTILE}
    stamp = {"handles": ["A" * 43], "stamped_at": HOSTILE, "entry": HOSTILE, "log": log}
    said = {"description": HOSTILE, "softwareAgent": {"name": HOSTILE, "version": HOSTILE}, "reason": HOSTILE}
    return evil.sign(
        data,
        assertions=[texts, {"label": CONSENT_LABEL, "data": {**consent, **stamp}}],
        generator=HOSTILE,
        version=HOSTILE,
        title=HOSTILE,
        parent_title=HOSTILE,
        said=said,
        more=[{"action": f"org.example.{HOSTILE}", **said}],
        parent=parent,
    )


def elsewhere(world: World) -> bytes:
    """Name an address that listens as the place of the manifest."""
    return with_remote(world.plain(6), f"http://{world.address}/manifest.c2pa")


# --- the manifest store, in the words of ISO 19566-5


def content_of(data: bytes, label: str, *, first: bool = False) -> tuple[int, int]:
    """Return where the content of the last box of this label lies, or of the first one, in a store in one piece."""
    store = read_picture(data).store
    assert store is not None
    base = data.index(store.data)
    # The description box before it: length and type, 16 bytes of another type, toggles, and the label.
    name = label.encode() + b"\x00"
    described = (store.data.index(name) if first else store.data.rindex(name)) - 25
    assert store.data[described + 4 : described + 8] == b"jumd"
    start = described + int.from_bytes(store.data[described : described + 4], "big")
    length = int.from_bytes(store.data[start : start + 4], "big")
    return base + start + 8, base + start + length


def labels_of(data: bytes) -> set[str]:
    """Return the labels of the boxes that hold something themselves, in a store with one manifest."""
    store = read_picture(data).store
    assert store is not None
    found = set()
    position = 0
    while (position := store.data.find(b"jumd", position + 1)) != -1:
        start = position - 4 + int.from_bytes(store.data[position - 4 : position], "big")
        if store.data[start + 4 : start + 8] != b"jumb":
            found.add(store.data[position + 21 :].split(b"\x00", 1)[0].decode())
    return found


def resign(data: bytes, key: SigningKey, chain: Sequence[x509.Certificate]) -> bytes:
    """Return a file whose claim another key signed, under another certificate (RFC 9052, 4.4)."""
    start, end = content_of(data, "c2pa.signature")
    first, last = content_of(data, "c2pa.claim.v2")
    cose = cbor2.loads(data[start:end])
    protected = cbor2.loads(cose.value[0])
    protected[33] = [certificate.public_bytes(Encoding.DER) for certificate in chain]
    head = cbor2.dumps(protected)
    signature = key.sign(cbor2.dumps(["Signature1", head, b"", data[first:last]]))
    unsigned = cose.value[1]

    def padded(length: int) -> bytes:
        return cbor2.dumps(cbor2.CBORTag(18, [head, {**unsigned, "pad": bytes(length)}, None, signature]))

    length = len(unsigned["pad"])
    new = padded(length + (end - start) - len(padded(length)))
    assert len(new) == end - start
    return data[:start] + new + data[end:]


def _summed(data: bytes) -> bytes:
    return with_png_checksums(data) if data.startswith(PNG_SIGNATURE) else data
