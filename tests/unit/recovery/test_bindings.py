"""Soft bindings of ISO 24138 codes, held against `iscc-core`, which knows nothing of this product."""

import base64

import iscc_core
import pytest
from support.pictures import draw_scene
from support.refusals import refused

from provenance.errors import InputError
from provenance.recovery.bindings import MAX_VALUE, read_binding, write_binding
from provenance.recovery.fingerprints import Crop, Fingerprint

PIXELS = list(draw_scene().convert("L").resize((32, 32)).tobytes())
UNIT = iscc_core.gen_image_code_v0(PIXELS, bits=256)["iscc"]
CODE = iscc_core.iscc_decode(UNIT)[4]
OTHER_UNITS = [
    iscc_core.gen_meta_code_v0("Portrait", bits=256)["iscc"],
    iscc_core.gen_image_code_v0(PIXELS, bits=64)["iscc"],
    iscc_core.gen_text_code_v0("Portrait", bits=256)["iscc"],
]


def raw(unit: str) -> bytes:
    return bytes(iscc_core.decode_base32(unit.removeprefix("ISCC:")))


def value(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_the_code_of_another_library_is_read_and_written() -> None:
    assert read_binding(value(raw(UNIT))) == (Fingerprint(Crop.FULL, CODE),)
    assert write_binding(CODE) == value(raw(UNIT))


def test_other_units_are_passed_over() -> None:
    units = [*OTHER_UNITS, UNIT, *OTHER_UNITS, UNIT]
    assert read_binding(value(b"".join(map(raw, units)))) == (Fingerprint(Crop.FULL, CODE),)


@pytest.mark.parametrize("unit", OTHER_UNITS, ids=["meta", "64-bits", "text"])
def test_without_an_image_code_of_256_bits_nothing_is_asked(unit: str) -> None:
    message = "value: expected an image code of 256 bits (ISO 24138)"
    with refused(InputError, message, code="binding-value"):
        read_binding(value(raw(unit)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "an image code of 256 bits (ISO 24138)"),
        ("not base64", "base64"),
        ("ÄÖ==", "base64"),
        ("AAAA=", "base64"),
        ("A" * (MAX_VALUE + 4), f"at most {MAX_VALUE} characters, got {MAX_VALUE + 4}"),
        (value(b"\x21"), "a sequence of iscc units"),
        # An ISCC-CODE and an ISCC-ID, which are no units, and a header whose length takes more than four bits.
        (value(b"\x50\x05" + bytes(32)), "a sequence of iscc units"),
        (value(b"\x60\x10" + bytes(8)), "a sequence of iscc units"),
        (value(b"\x20\x08\x00" + bytes(36)), "a sequence of iscc units"),
        (value(b"\x21\x07" + bytes(31)), "a sequence of whole iscc units"),
        (value(raw(UNIT) + b"\x21\x07"), "a sequence of whole iscc units"),
    ],
)
def test_what_is_no_sequence_of_units_is_refused(text: str, expected: str) -> None:
    with refused(InputError, f"value: expected {expected}", code="binding-value"):
        read_binding(text)
