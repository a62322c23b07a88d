import struct
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from support.pictures import draw_jpeg, draw_png, jpeg_segment, png_body, with_png_checksums
from support.refusals import refused
from support.studios import make_studio, record_consent, stamped, verify

from provenance.credentials import jumbf
from provenance.credentials.jumbf import MAX_BOXES, MAX_DEPTH, MAX_STORE_BYTES, MAX_THUMBNAIL_BYTES, read_store
from provenance.errors import InputError
from provenance.picture import read_picture
from provenance.studio import Studio
from provenance.verification import Verdict

TYPE_TAIL = bytes.fromhex("0011 0010 8000 00aa00389b71")
LABEL = "urn:c2pa:0f6a3c7e-0000-4000-8000-000000000001"
NOT_COSE = "claim signature: expected a cose signature with its certificates"
ONE_ENCODING = "claim signature: not in its one encoding"
UNSIGNED = "claim signature: carries something that is not signed"


def certificate(number: int) -> x509.Certificate:
    """Return a certificate that is the same in every run, as tests are named by what they are given."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Nobody")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(number)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
    )
    return builder.sign(key, None)


CERTIFICATE = certificate(1)
DER = CERTIFICATE.public_bytes(Encoding.DER)
PROTECTED = cbor2.dumps({1: -7, 33: DER})
SIGNATURE = bytes(range(128, 192))


# --- boxes, built here in the words of ISO 19566-5


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def description(kind: bytes, label: str | bytes, *, toggles: int = 0x03, more: bytes = b"") -> bytes:
    name = label.encode() if isinstance(label, str) else label
    return box(b"jumd", kind + TYPE_TAIL + bytes([toggles]) + name + b"\x00" + more)


def superbox(kind: bytes, label: str | bytes, *content: bytes, toggles: int = 0x03, more: bytes = b"") -> bytes:
    return box(b"jumb", description(kind, label, toggles=toggles, more=more) + b"".join(content))


def cose(
    *,
    unprotected: Any = None,
    protected: bytes = PROTECTED,
    payload: bytes | None = None,
    tag: int = 18,
) -> bytes:
    header = {"pad": bytes(20)} if unprotected is None else unprotected
    return cbor2.dumps(cbor2.CBORTag(tag, [protected, header, payload, SIGNATURE]))


def assertions(*content: bytes, **options: Any) -> bytes:
    return superbox(b"c2as", "c2pa.assertions", *content, **options)


def assertion(*more: bytes, toggles: int = 0x13) -> bytes:
    """Return an assertion as the engine writes it, with `more` behind its content."""
    salt = box(b"c2sh", bytes(16))
    return superbox(b"cbor", "c2pa.actions.v2", box(b"cbor", b"\xa0"), *more, toggles=toggles, more=salt)


def claim(content: bytes | None = None, *, label: str = "c2pa.claim.v2", **options: Any) -> bytes:
    return superbox(b"c2cl", label, box(b"cbor", b"\xa0") if content is None else content, **options)


def signature(data: bytes | None = None, *, content: bytes | None = None, **options: Any) -> bytes:
    if content is None:
        content = box(b"cbor", cose() if data is None else data)
    return superbox(b"c2cs", "c2pa.signature", content, **options)


def manifest(*boxes: bytes, label: str = LABEL, kind: bytes = b"c2ma", **options: Any) -> bytes:
    return superbox(kind, label, *(boxes or (assertions(), claim(), signature())), **options)


def store(*manifests: bytes, **options: Any) -> bytes:
    return superbox(b"c2pa", "c2pa", *(manifests or (manifest(),)), **options)


def flaw_of(data: bytes) -> str | None:
    return read_store(data).flaw


# --- what is read


def test_a_store_is_read() -> None:
    found = read_store(store())
    assert found.flaw is None
    assert [m.label for m in found.manifests] == [LABEL]
    assert found.manifests[0].certificates == (CERTIFICATE,)


def test_manifests_are_read_in_the_order_of_the_store() -> None:
    labels = [f"urn:c2pa:{number}" for number in range(3)]
    found = read_store(store(*(manifest(label=label) for label in labels)))
    assert [m.label for m in found.manifests] == labels
    assert found.flaw is None


def test_an_update_manifest_is_a_manifest() -> None:
    assert read_store(store(manifest(), manifest(kind=b"c2um"))).flaw is None


def test_a_claim_of_the_first_version_is_a_claim() -> None:
    assert flaw_of(store(manifest(assertions(), claim(label="c2pa.claim"), signature()))) is None


def test_a_chain_of_certificates_is_read_with_the_signer_first() -> None:
    other = certificate(2)
    chain = cbor2.dumps({1: -7, 33: [DER, other.public_bytes(Encoding.DER)]})
    (found,) = read_store(store(manifest(assertions(), claim(), signature(cose(protected=chain))))).manifests
    assert found.certificates == (CERTIFICATE, other)


@pytest.mark.parametrize("name", [33, "x5chain"])
def test_certificates_of_older_writers_lie_in_the_unprotected_header(name: int | str) -> None:
    data = cose(protected=cbor2.dumps({1: -7}), unprotected={name: DER})
    (found,) = read_store(store(manifest(assertions(), claim(), signature(data)))).manifests
    assert found.certificates == (CERTIFICATE,)


def test_a_signature_without_certificates_has_none() -> None:
    data = cose(protected=cbor2.dumps({1: -7}))
    (found,) = read_store(store(manifest(assertions(), claim(), signature(data)))).manifests
    assert found.certificates == ()


def test_a_manifest_without_a_signature_has_no_certificates() -> None:
    found = read_store(store(manifest(assertions(), claim())))
    assert found.manifests[0].certificates == ()
    assert found.flaw == f"manifest {LABEL!r}: holds other boxes than assertions, claim and signature"


def test_assertions_are_of_any_type() -> None:
    entries = [
        assertion(),
        superbox(b"cbor", "c2pa.hash.data", box(b"cbor", b"\xa0")),
        superbox(b"json", "org.example", box(b"json", b"{}")),
        superbox(
            bytes.fromhex("40cb0c32"),
            "c2pa.thumbnail.claim",
            box(b"bfdb", b"\x00image/png\x00"),
            box(b"bidb", b"picture"),
        ),
    ]
    assert flaw_of(store(manifest(assertions(*entries), claim(), signature()))) is None


def thumbnail(label: str, data: bytes) -> bytes:
    content = box(b"bfdb", b"\x00image/jpeg\x00") + box(b"bidb", data)
    return superbox(bytes.fromhex("40cb0c32"), label, content)


def thumbnails_of(*entries: bytes) -> dict[str, bytes]:
    found = read_store(store(manifest(assertions(*entries), claim(), signature())))
    return dict(found.manifests[0].thumbnails)


def test_small_pictures_are_found_by_their_label() -> None:
    entries = [thumbnail("c2pa.thumbnail.claim", b"one"), thumbnail("c2pa.thumbnail.ingredient__1", b"two")]
    assert thumbnails_of(assertion(), *entries) == {
        "c2pa.thumbnail.claim": b"one",
        "c2pa.thumbnail.ingredient__1": b"two",
    }


def test_a_small_picture_that_is_there_twice_or_too_large_or_none_is_left_out() -> None:
    twice = [thumbnail("c2pa.thumbnail.claim", b"one"), thumbnail("c2pa.thumbnail.claim", b"two")]
    assert thumbnails_of(*twice) == {}
    most = b"x" * MAX_THUMBNAIL_BYTES
    assert thumbnails_of(thumbnail("c2pa.thumbnail.claim", most)) == {"c2pa.thumbnail.claim": most}
    assert thumbnails_of(thumbnail("c2pa.thumbnail.claim", most + b"x")) == {}
    assert thumbnails_of(superbox(b"cbor", "c2pa.thumbnail.claim", box(b"cbor", b"\xa0"))) == {}
    assert thumbnails_of(thumbnail("org.example.thumbnail", b"one")) == {}


def test_certificates_that_break_the_rules_are_read_in_silence() -> None:
    """A serial number of zero is forbidden and common; whoever made the file writes nothing on the terminal."""
    odd = DER.replace(b"\xa0\x03\x02\x01\x02\x02\x01\x01", b"\xa0\x03\x02\x01\x02\x02\x01\x00")
    assert odd != DER
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read_store(with_signature(cose(protected=cbor2.dumps({1: -7, 33: odd}))))
    assert caught == []


# --- flaws: unsigned bytes that are not what a writer puts there


@pytest.mark.parametrize(("trailer", "count"), [(b"\x00", 1), (b"hidden", 6), (store(), len(store()))])
def test_bytes_behind_the_store_are_a_flaw(trailer: bytes, count: int) -> None:
    assert flaw_of(store() + trailer) == f"{count} bytes lie behind the manifest store"


def test_a_box_beside_the_manifests_is_a_flaw() -> None:
    assert flaw_of(store(manifest(), box(b"free", b""))) == "the manifest store holds a box that is not a manifest"


@pytest.mark.parametrize(
    "boxes",
    [
        (assertions(), claim()),
        (claim(), signature()),
        (assertions(), signature(), claim()),
        (claim(), assertions(), signature()),
        (assertions(), claim(), signature(), assertions()),
        (assertions(), claim(), signature(), signature()),
        (assertions(), claim(), claim(), signature()),
        (assertions(), claim(), signature(), superbox(b"json", "org.example", box(b"json", b"{}"))),
        (assertions(), claim(), signature(), superbox(b"c2db", "c2pa.databoxes")),
        (assertions(), claim(), signature(), box(b"free", b"hidden")),
        (box(b"free", b""), assertions(), claim(), signature()),
    ],
)
def test_other_boxes_in_the_active_manifest_are_a_flaw(boxes: Sequence[bytes]) -> None:
    expected = f"manifest {LABEL!r}: holds other boxes than assertions, claim and signature"
    assert flaw_of(store(manifest(*boxes))) == expected


def test_other_boxes_in_an_ingredient_are_none() -> None:
    boxes = (assertions(), claim(), signature(), superbox(b"c2db", "c2pa.databoxes"))
    assert flaw_of(store(manifest(*boxes), manifest())) is None


@pytest.mark.parametrize(
    ("data", "place", "label"),
    [
        (superbox(b"c2pa", "c2pb", manifest()), 0, "c2pb"),
        (superbox(b"c2pa", "", manifest()), 0, ""),
        (store(manifest(superbox(b"c2as", "c2pa.assertion", b""), claim(), signature())), None, "c2pa.assertion"),
        (store(manifest(assertions(), claim(label="c2pa.claim.v3"), signature())), None, "c2pa.claim.v3"),
        (
            store(manifest(assertions(), claim(), superbox(b"c2cs", "C2pa.signature", box(b"cbor", cose())))),
            None,
            "C2pa.signature",
        ),
    ],
)
def test_another_label_is_a_flaw(data: bytes, place: int | None, label: str) -> None:
    if place is None:
        # The label is 33 bytes behind the start of its superbox.
        place = data.index(label.encode() + b"\x00") - 33
    assert flaw_of(data) == f"manifest store at byte {place}: unexpected label {label!r}"


def test_the_flaw_shows_only_the_start_of_a_long_label() -> None:
    assert flaw_of(superbox(b"c2pa", "a" * 1000, manifest())) == (
        f"manifest store at byte 0: unexpected label {'a' * 60!r}"
    )


def test_a_box_without_a_label_has_an_unexpected_one() -> None:
    data = superbox(b"c2pa", "c2pa", manifest(), toggles=0x01)
    assert flaw_of(data) == "manifest store at byte 0: unexpected label ''"


@pytest.mark.parametrize("toggles", [0x02, 0x07, 0x0B, 0x13, 0x83])
@pytest.mark.parametrize("which", ["store", "manifest", "assertions", "claim", "signature"])
def test_other_toggles_are_a_flaw(which: str, toggles: int) -> None:
    def options(name: str) -> dict[str, Any]:
        return {"toggles": toggles} if which == name else {}

    inner = manifest(
        assertions(**options("assertions")),
        claim(**options("claim")),
        signature(**options("signature")),
        **options("manifest"),
    )
    found = flaw_of(store(inner, **options("store")))
    assert found is not None
    assert found.endswith(f": unexpected toggles {toggles:#04x}")


@pytest.mark.parametrize("toggles", [0x33, 0x53, 0x93, 0xF3])
@pytest.mark.parametrize("active", [True, False])
def test_other_toggles_of_an_assertion_are_a_flaw(toggles: int, active: bool) -> None:
    """Their upper bits are left out by the engine when it hashes an assertion."""
    odd = manifest(assertions(assertion(toggles=toggles)), claim(), signature(), label="urn:c2pa:0")
    found = flaw_of(store(odd) if active else store(odd, manifest()))
    assert found == f"assertion 'c2pa.actions.v2': unexpected toggles {toggles:#04x}"


@pytest.mark.parametrize(
    "more",
    [
        box(b"free", b"hidden"),
        box(b"cbor", b"\xa0"),
        box(b"cbor", b""),
        superbox(b"json", "hidden", box(b"json", b"{}")),
        box(b"uuid", bytes(16) + b"hidden"),
    ],
    ids=["free", "cbor", "empty", "superbox", "uuid"],
)
@pytest.mark.parametrize("active", [True, False])
def test_a_second_box_in_an_assertion_is_a_flaw(more: bytes, active: bool) -> None:
    """The engine reads past it, and leaves it out when it hashes the assertion."""
    odd = manifest(assertions(assertion(more)), claim(), signature(), label="urn:c2pa:0")
    found = flaw_of(store(odd) if active else store(odd, manifest()))
    assert found == "assertion 'c2pa.actions.v2': holds more than its content"


@pytest.mark.parametrize(
    "content", [b"", box(b"bidb", b"") + box(b"bfdb", b""), (box(b"bfdb", b"") + box(b"bidb", b"")) * 2]
)
def test_an_assertion_without_one_content_is_a_flaw(content: bytes) -> None:
    odd = superbox(bytes.fromhex("40cb0c32"), "c2pa.thumbnail.claim", content)
    found = flaw_of(store(manifest(assertions(odd), claim(), signature())))
    assert found == "assertion 'c2pa.thumbnail.claim': holds more than its content"


@pytest.mark.parametrize(
    "private", [b"hidden", box(b"free", bytes(16)), box(b"c2sh", bytes(16)) + b"hidden", box(b"c2sh", bytes(16)) * 2]
)
def test_something_beside_the_salt_of_an_assertion_is_a_flaw(private: bytes) -> None:
    odd = superbox(b"cbor", "c2pa.actions.v2", box(b"cbor", b"\xa0"), toggles=0x13, more=private)
    found = flaw_of(store(manifest(assertions(odd), claim(), signature())))
    assert found is not None
    assert found.endswith(": a description box has more than its label")


@pytest.mark.parametrize("length", [0, 7, 23, 25, 2**32 - 1])
def test_a_salt_that_does_not_fit_is_a_flaw(length: int) -> None:
    private = struct.pack(">I4s", length, b"c2sh") + bytes(16)
    odd = superbox(b"cbor", "c2pa.actions.v2", box(b"cbor", b"\xa0"), toggles=0x13, more=private)
    found = flaw_of(store(manifest(assertions(odd), claim(), signature())))
    assert found is not None
    assert found.endswith(": a description box has more than its label")


@pytest.mark.parametrize("which", ["store", "manifest", "assertions", "claim", "signature"])
def test_bytes_behind_a_label_are_a_flaw(which: str) -> None:
    def options(name: str) -> dict[str, Any]:
        return {"more": b"hidden"} if which == name else {}

    inner = manifest(
        assertions(**options("assertions")),
        claim(**options("claim")),
        signature(**options("signature")),
        **options("manifest"),
    )
    found = flaw_of(store(inner, **options("store")))
    assert found is not None
    assert found.endswith(": a description box has more than its label")


def with_signature(data: bytes) -> bytes:
    return store(manifest(assertions(), claim(), signature(data)))


@pytest.mark.parametrize("position", [0, 1, 10, 19])
def test_padding_that_is_not_zero_is_a_flaw(position: int) -> None:
    padding = bytearray(20)
    padding[position] = 1
    data = cose(unprotected={"pad": bytes(padding)})
    assert flaw_of(with_signature(data)) == "claim signature: the padding is not zero"


def test_padding_of_any_length_is_none() -> None:
    for length in (0, 1, 23, 24, 255, 256, 10_000, 70_000):
        assert flaw_of(with_signature(cose(unprotected={"pad": bytes(length)}))) is None
    assert flaw_of(with_signature(cose(unprotected={}))) is None


def test_padding_of_an_ingredient_is_covered_by_its_hash() -> None:
    padded = manifest(assertions(), claim(), signature(cose(unprotected={"pad": b"any"})), label="urn:c2pa:0")
    assert flaw_of(store(padded, manifest())) is None


@pytest.mark.parametrize("name", ["pad2", "Pad", "x5chain", "", 33, 4, -1])
def test_another_unsigned_member_is_a_flaw(name: str | int) -> None:
    value = DER if name in (33, "x5chain") else b""
    data = cose(unprotected={"pad": bytes(20), name: value})
    assert flaw_of(with_signature(data)) == UNSIGNED


@pytest.mark.parametrize("padding", [[0, 0], [False], {0: "hidden"}, 3, 0, True, None, [], "", "text", 0.0])
def test_padding_that_is_not_of_bytes_is_a_flaw(padding: object) -> None:
    assert flaw_of(with_signature(cose(unprotected={"pad": padding}))) == "claim signature: the padding is not zero"


@pytest.mark.parametrize("active", [True, False])
def test_padding_that_is_a_number_takes_no_memory(active: bool) -> None:
    padded = manifest(assertions(), claim(), signature(cose(unprotected={"pad": 20_000_000})), label="urn:c2pa:0")
    data = store(padded) if active else store(padded, manifest())
    tracemalloc.start()
    try:
        read_store(data)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["sigTst", "sigTst2", "rVals"])
def test_time_stamps_and_revocation_data_of_other_makers_are_named(name: str) -> None:
    found = read_store(with_signature(cose(unprotected={"pad": bytes(20), name: {"any": b"thing"}})))
    assert (found.unsigned, found.flaw) == (frozenset({name}), None)


def test_padding_is_not_named() -> None:
    assert read_store(store()).unsigned == frozenset()


def test_what_an_ingredient_carries_unsigned_is_not_named() -> None:
    stamped = manifest(assertions(), claim(), signature(cose(unprotected={"sigTst": 1})), label="urn:c2pa:0")
    assert read_store(store(stamped, manifest())).unsigned == frozenset()


@pytest.mark.parametrize(
    "data",
    [
        cose(tag=97),
        cose(tag=17),
        cose(payload=b""),
        cose(payload=b"hidden"),
        cose() + b"\x00",
        cose() + b"\xf6",
        # The tag, the array and the map, each in a longer encoding than it needs.
        b"\xd8\x12" + cose()[1:],
        cose()[:1] + b"\x98\x04" + cose()[2:],
        cose().replace(b"\xa1\x63pad", b"\xb8\x01\x63pad"),
        cose().replace(b"\x63pad", b"\x78\x03pad"),
        cose().replace(b"\x54" + bytes(20), b"\x58\x14" + bytes(20)),
        # Of indefinite length: the array, the map, the padding.
        cose()[:1] + b"\x9f" + cose()[2:] + b"\xff",
        cose().replace(b"\xa1\x63pad\x54" + bytes(20), b"\xbf\x63pad\x54" + bytes(20) + b"\xff"),
        cose().replace(b"\x54" + bytes(20), b"\x5f\x54" + bytes(20) + b"\xff"),
        # A member that stands twice.
        cose().replace(b"\xa1\x63pad\x54" + bytes(20), b"\xa2\x63pad\x41\x07\x63pad\x54" + bytes(20)),
    ],
)
def test_a_signature_in_another_encoding_is_a_flaw(data: bytes) -> None:
    assert data != cose()
    assert flaw_of(with_signature(data)) == ONE_ENCODING


def test_a_signature_of_an_ingredient_may_have_another_encoding() -> None:
    odd = manifest(assertions(), claim(), signature(cose(tag=97, payload=b"")), label="urn:c2pa:0")
    assert flaw_of(store(odd, manifest())) is None


def test_the_first_flaw_is_the_one_that_is_named() -> None:
    data = cose(unprotected={"pad": b"\x01", "more": 1})
    assert flaw_of(with_signature(data) + b"\x00") == "1 bytes lie behind the manifest store"
    assert flaw_of(with_signature(data)) == UNSIGNED


# --- refusals


def test_a_store_of_the_allowed_size_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jumbf, "MAX_STORE_BYTES", len(store()))
    assert flaw_of(store()) is None


def test_a_larger_store_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jumbf, "MAX_STORE_BYTES", 100)
    with refused(InputError, f"manifest store: expected at most 100 bytes, got {len(store())}"):
        read_store(store())
    assert MAX_STORE_BYTES == 256 * 1024 * 1024


@pytest.mark.parametrize(
    "data",
    [
        box(b"cbor", b"\xa0"),
        box(b"free", b""),
        manifest(),
        superbox(b"c2as", "c2pa", manifest()),
        box(b"jumb", box(b"jumd", b"c2pa" + bytes(12) + b"\x03c2pa\x00") + manifest()),
    ],
)
def test_another_box_than_a_store_is_refused(data: bytes) -> None:
    with refused(InputError, "manifest store: expected a c2pa superbox"):
        read_store(data)


@pytest.mark.parametrize(
    "data",
    [
        superbox(b"c2pa", "c2pa"),
        superbox(b"c2pa", "c2pa", box(b"cbor", b"\xa0")),
        superbox(b"c2pa", "c2pa", manifest(), assertions()),
        superbox(b"c2pa", "c2pa", manifest(kind=b"c2cm")),
        store(store()),
    ],
)
def test_a_store_of_anything_but_manifests_is_refused(data: bytes) -> None:
    with refused(InputError, "manifest store: expected manifests and nothing else"):
        read_store(data)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        box(b"json", b"{}"),
        box(b"cbor", b"\xa0") + box(b"cbor", b"\xa0"),
        box(b"cbor", b"\xa0") + box(b"free", b""),
        box(b"cbor", b"\xa0") + superbox(b"cbor", "hidden"),
        superbox(b"cbor", "hidden"),
    ],
)
@pytest.mark.parametrize("active", [True, False])
def test_claim_and_signature_hold_one_cbor_box_each(content: bytes, active: bool) -> None:
    message = "manifest 'urn:c2pa:0': expected one cbor box in claim and signature"
    for boxes in ((assertions(), claim(content), signature()), (assertions(), claim(), signature(content=content))):
        odd = manifest(*boxes, label="urn:c2pa:0")
        with refused(InputError, message):
            read_store(store(odd) if active else store(odd, manifest()))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xa0",
        b"\xff",
        b"\x84",
        b"\xd2\x84",
        b"\x00" * 100,
        cbor2.dumps([PROTECTED, {}, None, bytes(64)]),
        cbor2.dumps(cbor2.CBORTag(18, [PROTECTED, {}, None])),
        cbor2.dumps(cbor2.CBORTag(18, [PROTECTED, {}, None, bytes(64), 0])),
        cbor2.dumps(cbor2.CBORTag(18, {})),
        cbor2.dumps(cbor2.CBORTag(18, ["text", {}, None, bytes(64)])),
        cbor2.dumps(cbor2.CBORTag(18, [b"", {}, None, bytes(64)])),
        cbor2.dumps(cbor2.CBORTag(18, [b"\x80", {}, None, bytes(64)])),
        cbor2.dumps(cbor2.CBORTag(18, [PROTECTED, [], None, bytes(64)])),
        cose(protected=cbor2.dumps({1: -7, 33: b"no certificate"})),
        cose(protected=cbor2.dumps({1: -7, 33: [DER, b""]})),
        cose(protected=cbor2.dumps({1: -7, 33: 7})),
        cose(protected=cbor2.dumps({1: -7, 33: "text"})),
        cose(protected=cbor2.dumps({1: -7, 33: DER[:-1]})),
        cose()[:-1],
        b"\x81" * 5000,
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
    ],
)
def test_a_signature_that_is_none_is_refused(data: bytes) -> None:
    with refused(InputError, NOT_COSE):
        read_store(with_signature(data))


@pytest.mark.parametrize("length", range(8))
def test_a_box_of_fewer_bytes_than_its_header_is_cut_off(length: int) -> None:
    with refused(InputError, "manifest store at byte 0: a box is cut off"):
        read_store(store()[:length])
    inside = store(manifest(assertions(), claim(), signature()) + bytes(length))
    if length:
        with refused(InputError, f"manifest store at byte {len(inside) - length}: a box is cut off"):
            read_store(inside)


@pytest.mark.parametrize("length", [0, 2, 7, 10_000, 2**31, 2**32 - 1])
def test_a_box_that_does_not_fit_is_refused(length: int) -> None:
    with refused(InputError, "manifest store at byte 0: a box does not fit into its parent"):
        read_store(struct.pack(">I", length) + store()[4:])
    inside = struct.pack(">I4s", length, b"free")
    whole = store(manifest(assertions(inside), claim(), signature()))
    place = whole.index(inside)
    with refused(InputError, f"manifest store at byte {place}: a box does not fit into its parent"):
        read_store(whole)


def test_a_box_that_claims_four_gigabytes_is_refused_at_once() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="does not fit"):
            read_store(b"\xff\xff\xff\xff" + store()[4:])
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_a_box_with_a_long_length_is_refused() -> None:
    with refused(InputError, "manifest store at byte 0: a box is too long"):
        read_store(b"\x00\x00\x00\x01jumb" + struct.pack(">Q", len(store()) + 8) + store()[8:])
    inside = b"\x00\x00\x00\x01free" + struct.pack(">Q", 16)
    whole = store(manifest(assertions(inside), claim(), signature()))
    with refused(InputError, f"manifest store at byte {whole.index(inside)}: a box is too long"):
        read_store(whole)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x00\x00",
        box(b"free", bytes(30)),
        box(b"jumd", bytes(16)),
        box(b"jumd", b""),
        box(b"jumD", bytes(17)),
        struct.pack(">I4s", 0, b"jumd") + bytes(17),
        struct.pack(">I4s", 24, b"jumd") + bytes(17),
        struct.pack(">I4s", 26, b"jumd") + bytes(17),
        struct.pack(">I4s", 2**32 - 1, b"jumd") + bytes(17),
        store(),
    ],
)
def test_a_superbox_begins_with_its_description(content: bytes) -> None:
    with refused(InputError, "manifest store at byte 8: expected a description box"):
        read_store(box(b"jumb", content))
    # Not even the description of what follows will do.
    whole = store(box(b"jumb", content) + manifest())
    place = whole.index(box(b"jumb", content)) + 8
    with refused(InputError, f"manifest store at byte {place}: expected a description box"):
        read_store(whole)


@pytest.mark.parametrize("toggles", [0x02, 0x03, 0x13])
def test_a_label_that_does_not_end_is_refused(toggles: int) -> None:
    content = box(b"jumd", b"c2pa" + TYPE_TAIL + bytes([toggles]) + b"c2pa")
    with refused(InputError, "manifest store at byte 8: a label does not end"):
        read_store(box(b"jumb", content + manifest()))


def test_a_label_in_another_encoding_is_refused() -> None:
    with refused(InputError, "manifest store at byte 8: expected a label in UTF-8"):
        read_store(superbox(b"c2pa", "c2pä".encode("latin-1"), manifest()))


def nested(levels: int) -> bytes:
    """Return a superbox with others within: `levels` of them in all."""
    data = superbox(b"json", "innermost")
    for _ in range(levels - 1):
        data = superbox(b"json", "outer", data)
    return data


def test_boxes_as_deep_as_allowed_are_read() -> None:
    # The store, the manifest and its assertions are the three above.
    found = read_store(store(manifest(assertions(nested(MAX_DEPTH - 2)), claim(), signature())))
    assert found.flaw == "assertion 'outer': holds more than its content"


@pytest.mark.parametrize("more", [1, 100, 2000])
def test_deeper_boxes_are_refused(more: int) -> None:
    with refused(InputError, "manifest store: too many boxes"):
        read_store(store(manifest(assertions(nested(MAX_DEPTH - 2 + more)), claim(), signature())))


def test_as_many_boxes_as_allowed_are_read() -> None:
    # Beside the empty ones: store, manifest, assertions, and claim and signature with one box each.
    entries = box(b"free", b"") * (MAX_BOXES - 7)
    assert flaw_of(store(manifest(assertions(entries), claim(), signature()))) is None
    with refused(InputError, "manifest store: too many boxes"):
        read_store(store(manifest(assertions(entries, box(b"free", b"")), claim(), signature())))


def test_many_small_boxes_take_little_time() -> None:
    data = store(manifest(assertions(box(b"free", b"") * 1_000_000), claim(), signature()))
    before = time.process_time()
    with refused(InputError, "manifest store: too many boxes"):
        read_store(data)
    assert time.process_time() - before < 2


# --- every bit


def test_a_store_cut_short_anywhere_is_refused() -> None:
    data = store()
    for length in range(len(data)):
        with pytest.raises(InputError):
            read_store(data[:length])


def test_no_bit_around_what_is_signed_changes_unnoticed() -> None:
    data = store()
    # The label of the manifest and the claim are compared by the engine with what is signed.
    signed = [LABEL.encode(), PROTECTED, SIGNATURE, box(b"cbor", b"\xa0")[8:] + b"\x00\x00"]
    covered = {data.rindex(part) + offset for part in signed for offset in range(len(part))}
    covered |= {data.index(b"cbor\xa0") + 4}
    unnoticed = []
    for position in sorted(set(range(len(data))) - covered):
        for bit in range(8):
            changed = bytearray(data)
            changed[position] ^= 1 << bit
            try:
                if flaw_of(bytes(changed)) is None:
                    unnoticed.append((position, bit))
            except InputError:
                continue
    assert unnoticed == []


# --- a really signed store


Tree = list[list[Any]]


def parse(data: bytes) -> Tree:
    """Return boxes as pairs of a type and either bytes or boxes within."""
    boxes, position = [], 0
    while position < len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        content = data[position + 8 : position + length]
        boxes.append([kind, parse(content) if kind == b"jumb" else content])
        position += length
    return boxes


def build(boxes: Tree) -> bytes:
    return b"".join(box(kind, build(content) if isinstance(content, list) else content) for kind, content in boxes)


Change = Callable[[Tree], None]


def manifest_of(tree: Tree) -> Tree:
    """Return what the active manifest holds: its description, assertions, claim and signature."""
    content: Tree = next(content for kind, content in reversed(tree[0][1]) if kind == b"jumb")
    return content


class Stamp:
    """A stamped PNG file whose manifest store can be exchanged for one of the same length."""

    def __init__(self, studio: Studio, path: Path) -> None:
        self.studio = studio
        self.path = path
        self.data = path.read_bytes()
        start, end = png_body(self.data, b"caBX")
        self.store = self.data[start:end]

    def with_store(self, tree: Tree, unprotected: dict[Any, Any]) -> bytes:
        """Return a store of the same length: what `unprotected` leaves open is filled with padding."""
        content = manifest_of(tree)[3][1][1]
        assert content[0] == b"cbor"
        found = cbor2.loads(content[1])
        for length in range(len(found.value[1]["pad"]), -1, -1):
            members = {name: value(length) if callable(value) else value for name, value in unprotected.items()}
            if not any(callable(value) for value in unprotected.values()):
                members["pad"] = bytes(length)
            content[1] = cbor2.dumps(cbor2.CBORTag(18, [found.value[0], members, None, found.value[3]]))
            if len(data := build(tree)) <= len(self.store):
                break
        assert len(data) == len(self.store)
        return data

    def verdict(self, folder: Path, store: bytes) -> tuple[Verdict, set[str]]:
        start, end = png_body(self.data, b"caBX")
        path = folder / "changed.png"
        path.write_bytes(with_png_checksums(self.data[:start] + store + self.data[end:]))
        report = verify(self.studio, path)
        return report.verdict, {finding.code for finding in report.findings}


@pytest.fixture(scope="module")
def stamp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stamp]:
    folder = tmp_path_factory.mktemp("stamp")
    studio = make_studio(folder / "studio")
    code = record_consent(studio).code
    yield Stamp(studio, stamped(studio, draw_png(folder / "a.png"), folder / "b.png", code=code))
    studio.close()


def test_a_stamp_has_no_flaw(stamp: Stamp) -> None:
    found = read_store(stamp.store)
    assert found.flaw is None
    (manifest,) = found.manifests
    assert manifest.label.startswith("urn:c2pa:")
    assert manifest.certificates == (stamp.studio.claim_certificate(),)


def test_the_store_can_be_taken_apart_and_put_together(stamp: Stamp, tmp_path: Path) -> None:
    assert build(parse(stamp.store)) == stamp.store
    assert stamp.with_store(parse(stamp.store), {}) == stamp.store
    assert stamp.verdict(tmp_path, stamp.store)[0] is Verdict.PASSED


def append(path: Callable[[Tree], Tree], added: bytes) -> Change:
    def change(tree: Tree) -> None:
        path(tree).extend(parse(added))

    return change


def relabel(number: int, old: bytes, new: bytes) -> Change:
    def change(tree: Tree) -> None:
        described = manifest_of(tree)[number][1][0] if number else manifest_of(tree)[0]
        assert old in described[1]
        described[1] = described[1].replace(old, new)

    return change


def hide_in_description(number: int) -> Change:
    def change(tree: Tree) -> None:
        described = manifest_of(tree)[number][1][0] if number else manifest_of(tree)[0]
        described[1] += b"hidden"

    return change


def hide_in_assertion(number: int, added: bytes) -> Change:
    return append(lambda tree: manifest_of(tree)[1][1][number][1], added)


def toggle_assertion(number: int, bit: int) -> Change:
    def change(tree: Tree) -> None:
        described = manifest_of(tree)[1][1][number][1][0]
        assert described[1][16] == 0x13
        described[1] = described[1][:16] + bytes([0x13 ^ 1 << bit]) + described[1][17:]

    return change


# What the engine leaves out when it hashes an assertion; there are four of them in a stamp.
NOT_HASHED: dict[str, Change] = {
    **{
        f"{words} in assertion {number}": hide_in_assertion(number, added)
        for number in range(1, 5)
        for words, added in (
            ("a free box", box(b"free", b"hidden")),
            ("a cbor box", box(b"cbor", b"\x66hidden")),
            ("a superbox", superbox(b"json", "hidden", box(b"json", b"{}"))),
        )
    },
    **{
        f"bit {bit} of the toggles of assertion {number}": toggle_assertion(number, bit)
        for number in range(1, 5)
        for bit in (5, 6, 7)
    },
}

CHANGES: dict[str, Change] = {
    "a box in the store": append(lambda tree: tree[0][1], box(b"free", b"hidden")),
    "a box in the manifest": append(manifest_of, box(b"free", b"hidden")),
    "a superbox in the manifest": append(manifest_of, superbox(b"json", "org.x", box(b"json", b"{}"))),
    "a box among the assertions": append(lambda tree: manifest_of(tree)[1][1], box(b"free", b"hidden")),
    "an assertion": append(
        lambda tree: manifest_of(tree)[1][1], superbox(b"json", "org.x", box(b"json", b'{"hidden":1}'))
    ),
    "a box in the claim": append(lambda tree: manifest_of(tree)[2][1], box(b"free", b"hidden")),
    "a box in the signature": append(lambda tree: manifest_of(tree)[3][1], box(b"free", b"hidden")),
    "the label of the manifest": relabel(0, b"urn:c2pa:", b"urn:c2pb:"),
    "the label of the assertions": relabel(1, b"c2pa.assertions", b"c2pa.assertionz"),
    "the label of the claim": relabel(2, b"c2pa.claim.v2", b"c2pa.claim.v3"),
    "the label of the signature": relabel(3, b"c2pa.signature", b"c2pa.signaturf"),
    "the type of the manifest": relabel(0, b"c2ma", b"c2um"),
    "the toggles of the manifest": relabel(0, b"\x03urn:", b"\x07urn:"),
    "the toggles of the claim": relabel(2, b"\x03c2pa", b"\x0bc2pa"),
    **{
        f"bit {bit} of the toggles of assertion {number}": toggle_assertion(number, bit)
        for number in range(1, 5)
        for bit in range(5)
    },
    **{f"bytes in description {number}": hide_in_description(number) for number in range(4)},
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_store_never_passes(stamp: Stamp, tmp_path: Path, change: str) -> None:
    tree = parse(stamp.store)
    CHANGES[change](tree)
    data = stamp.with_store(tree, {})
    assert data != stamp.store
    assert stamp.verdict(tmp_path, data)[0] is not Verdict.PASSED


@pytest.mark.parametrize("change", NOT_HASHED)
def test_what_lies_beside_an_assertion_never_passes(stamp: Stamp, tmp_path: Path, change: str) -> None:
    tree = parse(stamp.store)
    NOT_HASHED[change](tree)
    assert stamp.verdict(tmp_path, stamp.with_store(tree, {}))[0] is not Verdict.PASSED


def test_padding_that_says_something_never_passes(stamp: Stamp, tmp_path: Path) -> None:
    content = stamp.store.index(bytes(10_000))
    for position in (content, content + 5000):
        data = stamp.store[:position] + b"\x01" + stamp.store[position + 1 :]
        verdict, codes = stamp.verdict(tmp_path, data)
        assert verdict is Verdict.FAILED
        assert "unsigned-bytes" in codes


@pytest.mark.parametrize("name", ["more", "pad2", 99])
def test_an_unsigned_member_never_passes(stamp: Stamp, tmp_path: Path, name: str | int) -> None:
    data = stamp.with_store(parse(stamp.store), {name: "hidden" * 50})
    verdict, codes = stamp.verdict(tmp_path, data)
    assert verdict is Verdict.FAILED
    assert "unsigned-bytes" in codes


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rVals", {"ocspVals": [b"hidden" * 50]}),
        ("rVals", "hidden" * 50),
        ("sigTst", "hidden" * 50),
        ("sigTst", {"tstTokens": [], "hidden": "hidden" * 50}),
        ("sigTst", {"tstTokens": [{"val": b"hidden" * 50}]}),
        ("sigTst2", "hidden" * 50),
        ("sigTst2", {"tstTokens": [{"val": b"hidden" * 50}]}),
    ],
)
def test_an_unsigned_member_that_no_stamp_has_never_passes(
    stamp: Stamp, tmp_path: Path, name: str, value: object
) -> None:
    assert stamp.verdict(tmp_path, stamp.with_store(parse(stamp.store), {name: value}))[0] is not Verdict.PASSED


@pytest.mark.parametrize(
    "padding", [lambda length: [0] * length, lambda length: {0: "h" * length}, lambda length: {0: bytes(length)}]
)
def test_padding_of_another_type_never_passes(stamp: Stamp, tmp_path: Path, padding: Callable[[int], object]) -> None:
    data = stamp.with_store(parse(stamp.store), {"pad": padding})
    assert stamp.verdict(tmp_path, data)[0] is not Verdict.PASSED


def test_a_manifest_that_nothing_refers_to_never_passes(stamp: Stamp, tmp_path: Path) -> None:
    tree = parse(stamp.store)
    (stray,) = parse(build([tree[0][1][-1]]))
    stray[1][0][1] = stray[1][0][1][:-5] + b"hide\x00"
    protected = cbor2.loads(stray[1][3][1][1][1]).value[0]
    stray[1][3][1][1][1] = cose(protected=protected)
    tree[0][1].insert(1, stray)
    assert stamp.verdict(tmp_path, stamp.with_store(tree, {}))[0] is not Verdict.PASSED


# --- two stores in one file, of which the engine reads one and the walk another


def app11(store: bytes, mark: bytes) -> bytes:
    return jpeg_segment(0xEB, mark + b"\x02\x11" + struct.pack(">I", 1) + store)


def with_hidden(store: bytes, length: int) -> bytes:
    """Return a store of another length, with something unsigned in its signature."""
    tree = parse(store)
    content = manifest_of(tree)[3][1][1]
    found = cbor2.loads(content[1])
    for padding in range(len(found.value[1]["pad"]), -1, -1):
        members = {"hidden": "anything", "pad": bytes(padding)}
        content[1] = cbor2.dumps(cbor2.CBORTag(18, [found.value[0], members, None, found.value[3]]))
        if len(build(tree)) == length:
            return build(tree)
    raise AssertionError("no padding makes it of this length")


def test_a_decoy_beside_the_store_never_passes(stamp: Stamp, tmp_path: Path) -> None:
    """The engine reads the first one, with something hidden in it; the walk takes the decoy apart."""
    code = record_consent(stamp.studio).code
    path = stamped(stamp.studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=code)
    data = path.read_bytes()
    found = read_picture(data).store
    assert found is not None
    (own,) = read_store(found.data).manifests
    protected = cbor2.loads(manifest_of(parse(found.data))[3][1][1][1]).value[0]
    decoy = app11(store(manifest(assertions(), claim(), signature(cose(protected=protected)), label=own.label)), b"JP")
    room = found.end - found.start - len(decoy) - len(app11(b"", b"XX"))
    both = app11(with_hidden(found.data, room), b"XX") + decoy
    assert len(both) == found.end - found.start
    path.write_bytes(data[: found.start] + both + data[found.end :])
    assert verify(stamp.studio, path).verdict is not Verdict.PASSED
