import dataclasses

import pytest
from support.metadata import XMP_INTO, encoded, png_text, xmp
from support.pictures import with_png_chunk

from provenance.errors import InputError
from provenance.evidence import (
    CATALOGUE,
    Claim,
    Effect,
    Field,
    Strength,
    find_contradictions,
    find_doubts,
    match_fields,
    scan,
)

AI = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def text(key: str, value: str) -> bytes:
    return with_png_chunk(encoded("PNG"), png_text(key, value.encode(), "iTXt"))


def test_evidence_is_written_as_a_document_for_a_claim() -> None:
    (found,) = scan(XMP_INTO["PNG"](xmp(("Iptc4xmpExt:DigitalSourceType", AI))))
    document = {
        "marker": "source-type.trained-algorithmic-media",
        "value": "/trainedAlgorithmicMedia",
        "where": "PNG iTXt at byte 33",
        "strength": "strong",
    }
    assert found.to_json(Claim.CAPTURED) == {**document, "effect": "refuse"}
    assert found.to_json(Claim.AI_GENERATED) == {**document, "effect": "support"}


def test_what_is_shown_is_short_and_harmless_and_no_more_than_the_marker() -> None:
    caption = "Jane Doe at home Job ID: 0f5a1c2e-3b4d-4e5f-8a6b-7c8d9e0f1a2b, her address"
    (found,) = scan(text("Description", caption))
    assert found.value == "Job ID: 0f5a1c2e-3b4d-4e5f-8a6b-7c8d9e0f1a2b"
    (found,) = scan(XMP_INTO["PNG"](xmp(("Iptc4xmpExt:AIPromptInformation", "Jane Doe, smiling"))))
    assert found.value == "present"
    (found,) = match_fields([Field("xmp:Iptc4xmpExt:AISystemUsed", "a\x1b[2J\u202eb", "x\x1b]0;y\u2066z" + "w" * 200)])
    assert found.value.startswith("x\\u{1b}]0;y\\u{2066}zww")
    assert len(found.value) == 80
    assert found.value.endswith("…")
    assert found.place == "a\\u{1b}[2J\\u{202e}b"


def test_a_marker_counts_once_and_markers_come_in_the_order_of_the_catalogue() -> None:
    data = text("Software", "Midjourney")
    data = with_png_chunk(data, png_text("parameters", b"Steps: 20, Sampler: Euler") * 3)
    found = scan(data)
    assert [evidence.marker.code for evidence in found] == ["a1111.parameters", "tool.generator"]
    assert found[0].place == "PNG tEXt at byte 33"
    order = [marker.code for marker in CATALOGUE]
    assert order.index("a1111.parameters") < order.index("tool.generator")


def test_all_shapes_of_a_condition_must_be_in_one_value() -> None:
    data = with_png_chunk(text("parameters", "Steps: 20, x"), png_text("Comment", b"Sampler: Euler"))
    assert scan(data) == []


def test_what_is_no_picture_cannot_be_scanned() -> None:
    for data, code in ((b"text", "picture-kind"), (encoded("PNG")[:-5], "picture-damaged")):
        with pytest.raises(InputError) as caught:
            scan(data)
        assert caught.value.code == code


def test_the_rule_orders_by_strength() -> None:
    (credit,) = scan(text("Credit", "Made with Google AI"))
    (tool,) = scan(text("workflow", '{"nodes": []}'))
    (doubt,) = scan(text("Software", "Remini"))
    everything = [doubt, credit, tool]
    assert find_contradictions(everything, Claim.CAPTURED) == [tool, credit]
    assert find_doubts(everything, Claim.CAPTURED) == [doubt]
    assert find_contradictions(everything, Claim.AI_GENERATED) == find_doubts(everything, Claim.AI_GENERATED) == []
    assert [evidence.marker.strength for evidence in (tool, credit, doubt)] == list(Strength)


def test_every_row_is_immutable_and_every_effect_known() -> None:
    for marker in CATALOGUE:
        with pytest.raises(dataclasses.FrozenInstanceError):
            marker.code = "other"  # type: ignore[misc]
        assert set(marker.says.effects) == set(Claim)
        assert set(marker.says.effects.values()) <= set(Effect)
