"""What another maker's validator says of our stamps; it shares no code with the engine that makes them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import encypher_c2pa
import pytest
from support.pictures import MEDIA_TYPES, draw_any, draw_jpeg, with_changed_pixels
from support.shared import shared
from support.studios import make_studio, record_consent, stamped, verify

from provenance.picture import read_picture, walk
from provenance.studio import Studio
from provenance.verification import Verdict

ENDINGS = sorted(MEDIA_TYPES)
KINDS = ["camera", "ai-generated", "again"]

REAL_PHOTOS = [
    *(
        ("cameras", f"{name}.jpg")
        for name in "Canon_40D HMD_Nokia_8.3_5G Nikon_D70 Olympus_C8080WZ Panasonic_DMC-FZ30 Pentax_K10D".split()
    ),
    ("formats", "sample1.png"),
    ("formats", "sample1.webp"),
    ("portraits", "nasa-portrait.png"),
]


@dataclass(frozen=True)
class Bench:
    """A studio with one consent, and room for files."""

    studio: Studio
    code: str
    folder: Path

    def stamp(self, source: Path, kind: str) -> Path:
        """Stamp a picture as from a camera, as by AI with nobody real in it, or twice."""
        target = self.folder / f"{kind}-{source.name}"
        if kind == "ai-generated":
            # Some of the pictures hold the data of an exposure.
            reason = "it is about the form of the stamp"
            return stamped(
                self.studio, source, target, declaration=kind, code=None, tool="Atelier/7", confirmation=reason
            )
        if kind == "again":
            source = self.stamp(source, "camera")
        return stamped(self.studio, source, target, code=self.code)


@pytest.fixture
def bench(studio: Studio, tmp_path: Path) -> Bench:
    return Bench(studio, record_consent(studio).code, tmp_path)


@pytest.fixture
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    studio = make_studio(tmp_path_factory.mktemp("studio"))
    yield studio
    studio.close()


@pytest.fixture(autouse=True)
def _silent(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the validator from writing its preferences beside those of whoever runs the tests, and from any network."""
    monkeypatch.setenv("ENCYPHER_C2PA_CONFIG_DIR", str(tmp_path_factory.mktemp("preferences")))
    monkeypatch.setenv("ENCYPHER_C2PA_TELEMETRY", "off")
    monkeypatch.setenv("ENCYPHER_C2PA_ONLINE", "off")


def judge(data: bytes, media_type: str, *, trust: str | None) -> Mapping[str, Any]:
    report = encypher_c2pa.verify(
        data, mime_type=media_type, trust_pem=trust, no_default_trust=True, telemetry=False, online=False
    )
    assert report["network"]["enabled"] is False
    assert report["network"]["requests"] == []
    return report


def axes(report: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(report[name] for name in ("integrity", "signature", "hard_binding", "validation_state"))


def failures(report: Mapping[str, Any]) -> list[str]:
    return [status["code"] for status in report["validation_results"]["failure"]]


def assert_trusted(path: Path, studio: Studio) -> None:
    """Check that the validator finds a file whole and by an issuer whom it was told to trust, and that we do, too."""
    data = path.read_bytes()
    media_type = read_picture(data).format.media_type
    report = judge(data, media_type, trust=studio.anchors().pem)
    assert axes(report) == ("valid", "valid", "match", "Trusted")
    assert report["trust"]["status"] == "valid_for_supplied_material"
    assert failures(report) == []
    assert verify(studio, path).verdict is Verdict.PASSED


def assert_changed(data: bytes, studio: Studio, folder: Path) -> None:
    """Check that the validator finds the picture changed, and that we do, too."""
    report = judge(data, read_picture(data).format.media_type, trust=studio.anchors().pem)
    assert axes(report) == ("invalid", "valid", "mismatch", "Invalid")
    assert failures(report) == ["assertion.dataHash.mismatch"]
    path = folder / "changed"
    path.write_bytes(data)
    assert verify(studio, path).verdict is Verdict.FAILED


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_stamp_is_valid_and_trusted_elsewhere(bench: Bench, kind: str, ending: str) -> None:
    path = bench.stamp(draw_any(bench.folder, ending), kind)
    assert_trusted(path, bench.studio)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_one_changed_bit_of_the_pixels_is_seen_elsewhere(bench: Bench, kind: str, ending: str) -> None:
    path = bench.stamp(draw_any(bench.folder, ending), kind)
    assert_changed(with_changed_pixels(path.read_bytes()), bench.studio, bench.folder)


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_parent_of_a_stamp_is_whole_elsewhere(bench: Bench, ending: str) -> None:
    path = bench.stamp(draw_any(bench.folder, ending), "again")
    report = judge(path.read_bytes(), MEDIA_TYPES[ending], trust=bench.studio.anchors().pem)
    assert len(report["manifest_report"]["manifests"]) == 2
    assert "ingredient.manifest.validated" in [status["code"] for status in report["validation_results"]["success"]]


@pytest.mark.parametrize(
    "options",
    [{"progressive": True}, {"restarts": True}, {"comment": b"drawn", "trailer": b"behind the end"}, {"exif": False}],
)
def test_every_form_of_jpeg_is_valid_and_trusted_elsewhere(bench: Bench, options: dict[str, Any]) -> None:
    path = bench.stamp(draw_jpeg(bench.folder / "a.jpg", **options), "camera")
    assert_trusted(path, bench.studio)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_stamp_by_a_stranger_is_valid_and_not_trusted_elsewhere(
    bench: Bench, tmp_path_factory: pytest.TempPathFactory, ending: str
) -> None:
    stranger = make_studio(tmp_path_factory.mktemp("stranger"), "A stranger")
    stranger.close()
    data = bench.stamp(draw_any(bench.folder, ending), "camera").read_bytes()
    assert axes(judge(data, MEDIA_TYPES[ending], trust=None)) == ("valid", "valid", "match", "Valid")
    report = judge(data, MEDIA_TYPES[ending], trust=stranger.anchors().pem)
    assert axes(report) == ("valid", "valid", "match", "Valid")
    assert report["trust"]["status"] != "valid_for_supplied_material"


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_picture_without_a_stamp_has_nothing_to_judge(bench: Bench, ending: str) -> None:
    data = draw_any(bench.folder, ending).read_bytes()
    assert judge(data, MEDIA_TYPES[ending], trust=bench.studio.anchors().pem)["present"] is False


@pytest.mark.parametrize("parts", REAL_PHOTOS, ids=lambda parts: parts[-1])
@pytest.mark.parametrize("kind", KINDS)
def test_a_stamp_on_a_real_photograph_is_valid_and_trusted_elsewhere(
    bench: Bench, kind: str, parts: tuple[str, ...]
) -> None:
    source = shared("photos", *parts)
    path = bench.stamp(source, kind)
    assert_trusted(path, bench.studio)
    assert read_picture(path.read_bytes()).digest == read_picture(source.read_bytes()).digest


@pytest.mark.parametrize("parts", REAL_PHOTOS, ids=lambda parts: parts[-1])
def test_one_changed_bit_of_a_real_photograph_is_seen_elsewhere(bench: Bench, parts: tuple[str, ...]) -> None:
    data = bytearray(bench.stamp(shared("photos", *parts), "camera").read_bytes())
    coded = max(
        (part for part in walk(bytes(data)) if part.kind in ("SCAN", "IDAT", "VP8 ", "VP8L")),
        key=lambda part: part.end - part.start,
    )
    middle = (coded.body + coded.end) // 2
    # A byte beside 0xFF is part of a marker or of its escape in JPEG.
    position = next(p for p in range(middle, coded.end) if all(byte < 0xFE for byte in data[p - 1 : p + 2]))
    data[position] ^= 0x01
    assert_changed(bytes(data), bench.studio, bench.folder)
