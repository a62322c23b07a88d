"""Step 7: what the file says against what its credential says."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.makers import Maker
from support.metadata import CAMERA_TAGS, EXPOSURE_TAGS, encoded, with_exif, xmp
from support.pictures import XMP_HEADER, draw_jpeg, with_segment
from support.studios import make_studio, record_consent, stamped

from provenance.credentials.crjson import Action, Manifest, Signer, Validation
from provenance.credentials.origin import DIGITAL_CAPTURE, TRAINED_MEDIA, Origin
from provenance.credentials.reading import Credential
from provenance.studio import Studio
from provenance.verification import Finding, Question, Report, Verdict, verify_file
from provenance.verification.evidence import judge_evidence, tell_evidence
from provenance.verification.report import Axis

QUESTION = Question(datetime(2026, 11, 24, 9, 30, tzinfo=UTC))
SERIAL = {0xA431: "4001234", 0xA434: "NIKKOR Z 85mm f/1.8 S", 0x927C: b"Nikon" + bytes(range(64))}
CAPTURED = [Origin.CAMERA_SIGNED, Origin.CAMERA_DECLARED, Origin.EDITED]

AI = "the file's data say that AI made or changed it: source-type.trained-algorithmic-media in JPEG APP1 at byte 2"
CAMERA = "the file's data say that a camera took it: camera.body-and-lens in JPEG APP1 at byte 2"


def plain() -> bytes:
    return encoded("JPEG")


def with_xmp(*properties: tuple[str, str]) -> bytes:
    return with_segment(plain(), 0xE1, XMP_HEADER + xmp(*properties))


def generated() -> bytes:
    return with_xmp(("Iptc4xmpExt:DigitalSourceType", TRAINED_MEDIA))


def photographed() -> bytes:
    return with_exif(plain(), CAMERA_TAGS, SERIAL)


def doubtful() -> bytes:
    return with_xmp(("xmp:CreatorTool", "Topaz Photo AI"))


def exposed() -> bytes:
    return with_exif(plain(), CAMERA_TAGS, EXPOSURE_TAGS)


def axis(code: str) -> Axis:
    return Axis(code, "headline", "sentence", {"stated_by": "Lumière", "edited": False})


def credential(**named: object) -> Credential:
    """Return credentials whose one manifest says nothing, or these."""
    said: dict[str, Any] = {"generator": "Atelier 7", "actions": (), "assertions": {}, **named}
    one = Manifest(
        label="urn:c2pa:1",
        signer=Signer("Lumière", None, None),
        certificate=None,
        actions_complete=True,
        ingredients=(),
        created=frozenset(),
        time=None,
        validation=Validation(),
        **said,
    )
    return Credential(manifests={one.label: one}, active=one.label, trust_list=None, flaw=None, crjson={})


def judged(
    data: bytes, code: str, label: bool | None = False, *, said: Credential | None = None
) -> tuple[Axis, bool | None, list[Finding]]:
    findings: list[Finding] = []
    found, label = judge_evidence(data, said or credential(), origin=axis(code), label=label, findings=findings)
    assert {finding.step for finding in findings} <= {7}
    return found, label, findings


@pytest.mark.parametrize("code", CAPTURED)
def test_marks_of_ai_contradict_a_camera(code: str) -> None:
    found, label, findings = judged(generated(), code)
    assert (found.code, found.headline, label) == ("conflict", "Origin in conflict", None)
    assert found.sentence == (
        "The credential says that a camera took this picture, but the file's own data say that AI made or changed it."
    )
    assert found.facts == {"stated_by": "Lumière", "edited": False}
    assert findings == [Finding(7, "evidence-contradicts", AI)]


@pytest.mark.parametrize(
    ("said", "marker"),
    [
        (credential(generator="ChatGPT 5"), "tool.generator"),
        (credential(actions=(Action("c2pa.edited", None, "Adobe Firefly 4", ()),)), "tool.generator"),
        (credential(assertions={"c2pa.soft-binding": {"alg": "com.microsoft.invismark.1"}}), "c2pa.invismark"),
    ],
)
def test_generators_that_the_manifests_name_contradict_a_camera(said: Credential, marker: str) -> None:
    found, _, findings = judged(plain(), Origin.CAMERA_DECLARED, said=said)
    assert found.code == "conflict"
    message = f"the file's data say that AI made or changed it: {marker} in manifest urn:c2pa:1"
    assert findings == [Finding(7, "evidence-contradicts", message)]
    assert judged(plain(), Origin.AI_GENERATED, said=said)[2] == []


def test_marks_of_a_camera_contradict_a_generator() -> None:
    found, label, findings = judged(photographed(), Origin.AI_GENERATED, label=True)
    assert (found.code, label) == ("conflict", None)
    assert found.sentence == (
        "The credential says that AI made this picture, but the file's own data say that a camera took it."
    )
    assert findings == [Finding(7, "evidence-contradicts", CAMERA)]


@pytest.mark.parametrize(
    ("draw", "code"),
    [
        (generated, Origin.AI_GENERATED),
        (generated, Origin.AI_EDITED),
        (photographed, Origin.CAMERA_DECLARED),
        (photographed, Origin.AI_EDITED),
        (exposed, Origin.CAMERA_DECLARED),
        (plain, Origin.CAMERA_DECLARED),
        (plain, Origin.AI_GENERATED),
        (photographed, Origin.UNKNOWN),
        (plain, Origin.UNKNOWN),
    ],
)
def test_what_agrees_or_says_nothing_leaves_the_origin_as_it_is(draw: Callable[[], bytes], code: str) -> None:
    for label in (True, False, None):
        assert judged(draw(), code, label) == (axis(code), label, [])


@pytest.mark.parametrize(
    ("draw", "code", "message"),
    [
        (
            doubtful,
            Origin.CAMERA_DECLARED,
            "the file's data say that AI may have made or changed it: tool.enhancer in JPEG APP1 at byte 2",
        ),
        (
            exposed,
            Origin.AI_GENERATED,
            "the file's data say that a camera may have taken it: camera.exposure in JPEG APP1 at byte 2",
        ),
    ],
)
def test_a_doubt_is_told_and_decides_nothing(draw: Callable[[], bytes], code: str, message: str) -> None:
    assert judged(draw(), code) == (axis(code), False, [Finding(7, "evidence-doubtful", message)])


def test_marks_of_ai_are_told_where_nothing_is_claimed() -> None:
    assert judged(generated(), Origin.UNKNOWN, None) == (
        axis("unknown"),
        None,
        [Finding(7, "evidence-found", AI)],
    )
    findings: list[Finding] = []
    tell_evidence(generated(), findings)
    assert findings == [Finding(7, "evidence-found", AI)]
    tell_evidence(photographed(), findings)
    assert len(findings) == 1


def test_a_file_that_cannot_be_scanned_is_told_to_be_so() -> None:
    _, _, findings = judged(plain()[:-2], Origin.CAMERA_DECLARED)
    assert [(finding.code, finding.message) for finding in findings] == [
        ("evidence-unread", f"jpeg at byte {len(plain()) - 2}: the file ends before the picture does")
    ]


# --- whole files


@dataclass(frozen=True)
class World:
    studio: Studio
    code: str


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with closing(make_studio(tmp_path_factory.mktemp("evidence") / "studio")) as studio:
        yield World(studio, record_consent(studio).code)


def signed(folder: Path, data: bytes, source_type: str) -> Report:
    """Return the report on a picture that somebody signed who asks nothing of it, and is trusted."""
    maker = Maker()
    path = folder / "signed.jpg"
    path.write_bytes(maker.sign(data, source_type=source_type))
    return verify_file(path, question=QUESTION, anchors=[maker.anchors])


@pytest.mark.parametrize(
    ("draw", "source_type", "message"), [(generated, DIGITAL_CAPTURE, AI), (photographed, TRAINED_MEDIA, CAMERA)]
)
def test_a_credential_that_the_file_contradicts_fails(
    tmp_path: Path, draw: Callable[[], bytes], source_type: str, message: str
) -> None:
    report = signed(tmp_path, draw(), source_type)
    assert (report.credential.code, report.origin.code, report.verdict) == ("trusted", "conflict", Verdict.FAILED)
    assert report.reason == report.origin.sentence
    assert report.label_required is None
    (finding,) = [finding for finding in report.findings if finding.step == 7]
    # The credential comes before everything else in the file.
    assert (finding.code, finding.message.rpartition(" at byte ")[0]) == (
        "evidence-contradicts",
        message.rpartition(" at byte ")[0],
    )


def test_a_stamped_photograph_has_nothing_against_it(world: World, tmp_path: Path) -> None:
    path = stamped(world.studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=world.code)
    report = verify_file(path, question=QUESTION, anchors=[world.studio.anchors()])
    assert report.origin.code == "camera-declared"
    assert [finding for finding in report.findings if finding.step == 7] == []


def test_a_file_without_a_credential_that_says_that_ai_made_it_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(generated())
    report = verify_file(path, question=QUESTION)
    assert (report.credential.code, report.origin.code, report.verdict) == ("none", "unknown", Verdict.INDETERMINATE)
    assert report.findings == (Finding(7, "evidence-found", AI),)
