"""Every marker of the catalogue, in every field and every container that can carry it; and nothing in honest files."""

from pathlib import Path

import pytest
from support.corpus import VALUES, Specimen, exif_of, specimens
from support.metadata import EXIF_INTO, IPTC_INTO, TEXT_INTO, XMP_INTO, encoded, iim, xmp
from support.shared import shared

from provenance.credentials.manifest import Declaration
from provenance.errors import RefusedError
from provenance.evidence import CATALOGUE, Claim, Effect, Field, Marker, Strength, match_fields, scan
from provenance.picture import read_picture
from provenance.stamping.gate import check_evidence, claim_of

DERIVED = {"exif.dates", "metadata.unreadable"}  # no field of a file holds them, see test_exif.py and test_xmp.py
MARKERS = [marker for marker in CATALOGUE if marker.code not in DERIVED]

FOR_CAMERA, FOR_AI = Declaration.CAMERA, Declaration.AI_GENERATED


def codes(data: bytes) -> list[str]:
    return [found.marker.code for found in scan(data)]


def answer(specimen: Specimen, declaration: Declaration) -> Effect:
    """Return what the gate does: strong evidence refuses whatever is confirmed, weak evidence until it is."""
    answers = {_code(specimen, declaration, reason) for reason in ("because", None)}
    effects = {
        frozenset({"evidence-contradicts"}): Effect.REFUSE,
        frozenset({None, "evidence-doubtful"}): Effect.CONFIRM,
        frozenset({None}): Effect.NEUTRAL,
    }
    return effects[frozenset(answers)]


def _code(specimen: Specimen, declaration: Declaration, confirmation: str | None) -> str | None:
    try:
        check_evidence(scan(specimen.data), declaration, confirmation=confirmation)
    except RefusedError as error:
        return error.code
    return None


def test_every_marker_has_a_specimen() -> None:
    assert set(VALUES) == {marker.code for marker in MARKERS}


@pytest.mark.parametrize("marker", MARKERS, ids=lambda marker: marker.code)
def test_a_marker_is_found_wherever_it_can_lie(marker: Marker) -> None:
    fields = set()
    for specimen in specimens(marker):
        read_picture(specimen.data)
        found = [found for found in scan(specimen.data) if found.marker is marker]
        assert len(found) == 1, str(specimen)
        assert found[0].value
        assert " at byte " in found[0].place or found[0].place == "TIFF directory 0", str(specimen)
        for declaration in Declaration:
            effect = marker.says.effects[claim_of(declaration)]
            expected = Effect.NEUTRAL if effect is Effect.SUPPORT else effect
            assert answer(specimen, declaration) in _at_least(expected), f"{specimen}, {declaration}"
        fields.add(specimen.field)
    assert fields == {name for name in marker.conditions[0].fields if not name.startswith("c2pa:")}


def _at_least(effect: Effect) -> set[Effect]:
    """Return the effects that a file may have which carries a marker of this effect, and perhaps others."""
    order = [Effect.NEUTRAL, Effect.CONFIRM, Effect.REFUSE]
    return set(order[order.index(effect) :])


@pytest.mark.parametrize("marker", MARKERS, ids=lambda marker: marker.code)
def test_a_marker_is_found_among_the_statements_of_a_credential(marker: Marker) -> None:
    for name in marker.conditions[0].fields:
        if name.startswith("c2pa:"):
            (found, *_) = match_fields([Field(name, "manifest urn:c2pa:1", VALUES[marker.code])])
            assert (found.marker, found.place) == (marker, "manifest urn:c2pa:1")


def test_every_marker_of_generative_ai_that_is_strong_refuses_a_photograph() -> None:
    for marker in CATALOGUE:
        refuses = marker.says.effects[Claim.CAPTURED] is Effect.REFUSE
        supports_ai = marker.says.effects[Claim.AI_EDITED] is Effect.SUPPORT
        if supports_ai and marker.strength is not Strength.WEAK and refuses:
            assert marker.says.effects[Claim.AI_GENERATED] is not Effect.REFUSE
        if refuses:
            assert marker.strength is not Strength.WEAK, marker.code


def test_codes_are_unique_and_stable_in_form() -> None:
    names = [marker.code for marker in CATALOGUE]
    assert len(names) == len(set(names))
    assert all(name == name.lower() and " " not in name and "." in name for name in names)


# --- honest pictures


CAPTION = "Midjourney CEO at a workshop on Stable Diffusion; firefly on lapel, DALL-E on screen. Made with Google AI?"
CAMERA_EXIF = exif_of(
    {
        **{"Make": "NIKON CORPORATION", "Model": "NIKON Z 8", "Software": "Adobe Lightroom 13.1 (Macintosh)"},
        **{"ImageDescription": CAPTION, "Artist": "Jane Imagen", "ExposureTime": (1, 125), "FNumber": (28, 10)},
        **{"ISO": 200, "DateTimeOriginal": "2026:05:17 10:11:12", "ModifyDate": "2026:05:18 09:00:00"},
        **{"UserComment": CAPTION},
    }
)
HONEST = {
    **{f"a photograph as {kind}": into(CAMERA_EXIF) for kind, into in EXIF_INTO.items()},
    **{
        f"a caption in XMP, {kind}": into(
            xmp(
                ("dc:description", CAPTION),
                ("dc:title", "AI generated image"),
                ("photoshop:Credit", "Google AI Summit"),
                ("photoshop:Instructions", "Not edited using generative AI"),
                ("xmp:CreatorTool", "Capture One 23 Aurora"),
            )
        )
        for kind, into in XMP_INTO.items()
    },
    **{
        f"a caption in IPTC, {kind}": into(iim((2, 120, CAPTION), (2, 110, "Studio Lensa"), (2, 65, "Luminary 2")))
        for kind, into in IPTC_INTO.items()
    },
    **{
        f"a text {key} in {kind}": into(key, text.encode())
        for kind, into in TEXT_INTO.items()
        for key, text in [
            ("Description", CAPTION),
            ("Comment", CAPTION),
            ("parameters", "A" * 5000),
            ("parameters", "Steps: to the stage; Sampler: none"),
            ("prompt", "say cheese"),
            ("workflow", "capture, cull, retouch"),
            ("Software", "Flux Capacitor 2"),
            ("Software", "runway imagen aurora firefly"),
            ("Software", "NotMidjourney"),
            ("AIGC", '{"Label":"1"}'),
            ("AIGC", '{"Label":"10","ContentProducer":"x"}'),
            ("Source", "Luma"),
            ("Title", "AI generated images and the law"),
            ("Dream", "of electric sheep"),
        ]
    },
    **{
        f"an AI system called {text}": XMP_INTO["JPEG"](xmp(("Iptc4xmpExt:AISystemUsed", text)))
        for text in ("None", "no", "N/A", "n.a.", "-", "not used.", "Unknown")
    },
    "the number of a job": IPTC_INTO["JPEG"](iim((2, 120, "Job ID: 0f5a1c2e-3b4d-4e5f-8a6b-7c8d9e0f1a2b"))),
    "a trailer without generative edits": encoded("JPEG") + b'PhotoEditor_Re_Edit_Data{"genAIType":0}SEFT',
    "a trailer with the word alone": encoded("JPEG") + b'{"genAIType":3}',
    **{f"nothing at all, {kind}": encoded(kind) for kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "GIF")},
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_picture_may_be_called_a_photograph(name: str) -> None:
    evidence = scan(HONEST[name])
    assert check_evidence(evidence, FOR_CAMERA, confirmation=None) is None, codes(HONEST[name])


def test_what_a_generator_puts_into_the_name_of_a_camera_is_no_camera() -> None:
    for make, model in [("prompt:{", "Z 8"), ("NIKON", "workflow:{"), ("NIKON", '{"a": 1}'), ("Workflow: x", "Z 8")]:
        assert codes(EXIF_INTO["WebP"](exif_of({"Make": make, "Model": model}))) == []


def test_one_half_of_a_marker_is_none() -> None:
    assert codes(EXIF_INTO["JPEG"](exif_of({"ImageDescription": VALUES["grok.signature"]}))) == []
    assert codes(EXIF_INTO["JPEG"](exif_of({"Artist": "0f5a1c2e-3b4d-4e5f-8a6b-7c8d9e0f1a2b"}))) == []


# --- real files


@pytest.mark.parametrize("folder", ["cameras", "portraits"])
def test_no_photograph_is_refused(folder: str) -> None:
    for path in sorted(shared("photos", folder).iterdir()):
        evidence = scan(path.read_bytes())
        assert check_evidence(evidence, FOR_CAMERA, confirmation=None) is None, path.name


def test_every_photograph_of_a_camera_shows_it() -> None:
    for path in sorted(shared("photos", "cameras").iterdir()):
        assert "camera.exposure" in codes(path.read_bytes()), path.name


def test_every_picture_by_ai_is_refused() -> None:
    paths: list[Path] = sorted(shared("photos", "generated").iterdir())
    assert paths
    for path in paths:
        evidence = scan(path.read_bytes())
        with pytest.raises(RefusedError) as caught:
            check_evidence(evidence, FOR_CAMERA, confirmation="it is mine")
        assert caught.value.code == "evidence-contradicts", path.name
        assert check_evidence(evidence, FOR_AI, confirmation=None) is None, path.name
