"""Every kind of file that can be stamped: the stamp verifies, an independent validator agrees, nothing else changes."""

import struct
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import encypher_c2pa
import pytest
from support.corpus import exif_of
from support.examples import EXAMPLES
from support.metadata import EXIF_INTO, IPTC_INTO, XMP_INTO, box, iim, xmp
from support.shared import shared
from support.studios import make_studio, record_consent, stamp_file, stamped, verify

from provenance.evidence.decoding import read_fields
from provenance.picture import BlockKind, PictureFormat, read_metadata, read_picture
from provenance.studio import Studio
from provenance.verification import Verdict

NEW = [kind for kind in PictureFormat if kind not in (PictureFormat.GIF, PictureFormat.JPEG)]
BOXES = [PictureFormat.AVIF, PictureFormat.HEIC, PictureFormat.HEIF]


@dataclass(frozen=True)
class Bench:
    studio: Studio
    code: str
    files: Mapping[PictureFormat, bytes]
    folder: Path

    def stamp(self, data: bytes, name: str) -> bytes:
        source = self.folder / name
        source.write_bytes(data)
        return stamped(self.studio, source, self.folder / f"stamped-{name}", code=self.code).read_bytes()

    def verdict(self, data: bytes) -> Verdict:
        path = self.folder / "changed"
        path.write_bytes(data)
        return verify(self.studio, path).verdict


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("formats")
    with closing(make_studio(folder / "studio")) as studio:
        made = Bench(studio, record_consent(studio).code, {}, folder)
        files: dict[PictureFormat, bytes] = {kind: made.stamp(EXAMPLES[kind], kind.name) for kind in NEW}
        yield Bench(studio, made.code, files, folder)


@pytest.fixture(autouse=True)
def _silent(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCYPHER_C2PA_CONFIG_DIR", str(tmp_path_factory.mktemp("preferences")))


@pytest.mark.parametrize("kind", NEW)
def test_a_stamp_verifies_and_leaves_the_picture_as_it_is(bench: Bench, kind: PictureFormat) -> None:
    report = verify(bench.studio, bench.folder / f"stamped-{kind.name}")
    assert (report.verdict, report.credential.code, report.ledger.code) == (Verdict.PASSED, "trusted", "proven")
    assert read_picture(bench.files[kind]).digest == read_picture(EXAMPLES[kind]).digest


@pytest.mark.parametrize("kind", NEW)
def test_another_validator_agrees(bench: Bench, kind: PictureFormat, tmp_path: Path) -> None:
    path = tmp_path / f"stamped.{kind.name.lower()}"
    path.write_bytes(bench.files[kind])
    theirs: Mapping[str, Any] = encypher_c2pa.verify(path, no_default_trust=True, telemetry=False, online=False)
    assert (theirs["present"], theirs["integrity"]) == (True, "valid")
    assert theirs["validation_results"]["failure"] == []


@pytest.mark.parametrize("kind", NEW)
def test_a_file_that_was_stamped_in_place_is_not_stamped_again(bench: Bench, kind: PictureFormat) -> None:
    path = bench.folder / f"in-place-{kind.name}"
    path.write_bytes(EXAMPLES[kind])
    outcomes = [stamp_file(bench.studio, path, path, code=bench.code).outcome for _ in range(2)]
    assert outcomes == ["stamped", "already-stamped"]


METADATA = {
    **{f"EXIF in {kind}": into(exif_of({"Model": "Z 8", "UserComment": "hello"})) for kind, into in EXIF_INTO.items()},
    **{f"XMP in {kind}": into(xmp(("dc:title", "Zoë"))) for kind, into in XMP_INTO.items() if kind != "GIF"},
    **{f"IPTC in {kind}": into(iim((2, 110, "Zoë"))) for kind, into in IPTC_INTO.items()},
}


# What a stamp itself writes into XMP: see docs/spec/stamp.md.
STATED = {
    "xmp:Iptc4xmpExt:DigitalSourceType",
    *(f"xmp:{{http://ns.useplus.org/ldf/xmp/1.0/}}{n}" for n in ("ModelReleaseStatus", "ModelReleaseID", "DataMining")),
}


@pytest.mark.parametrize("name", METADATA)
def test_metadata_are_as_they_were_before(bench: Bench, name: str) -> None:
    def said(data: bytes) -> list[tuple[str, str]]:
        blocks = (block for block in read_metadata(data) if block.kind is not BlockKind.TRAILER)
        return sorted((field.name, field.value) for block in blocks for field in read_fields(block))

    data = METADATA[name]
    assert said(data)
    after = said(bench.stamp(data, f"metadata-{sorted(METADATA).index(name)}"))
    assert [field for field in after if field[0] not in STATED] == said(data)


def test_a_real_heic_is_stamped(bench: Bench) -> None:
    data = shared("photos", "formats", "sample1.heic").read_bytes()
    after = bench.stamp(data, "real.heic")
    assert read_picture(after).digest == read_picture(data).digest
    assert bench.verdict(after) is Verdict.PASSED


# --- no byte changes unseen


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in NEW if kind not in (PictureFormat.PNG, PictureFormat.WEBP)])
def test_no_byte_of_a_stamped_file_changes_unseen(bench: Bench, kind: PictureFormat) -> None:
    data = bench.files[kind]
    store = read_picture(data).store
    assert store is not None
    # All of what wraps the credential, and some of everything else.
    places = {*range(64), *range(max(store.start - 40, 0), store.start + 60), *range(0, len(data), len(data) // 150)}
    for position in sorted(places):
        changed = bytearray(data)
        changed[position] ^= 1
        assert bench.verdict(bytes(changed)) is not Verdict.PASSED, position
    assert bench.verdict(data + b"\x00") is not Verdict.PASSED


@pytest.mark.parametrize("kind", BOXES)
def test_no_box_is_added_unseen(bench: Bench, kind: PictureFormat) -> None:
    data = bench.files[kind]
    (first,) = struct.unpack_from(">I", data)
    for name in b"free skip mfra emsg ftyp moof moov styp uuid meta mdat abcd".split():
        for body in (b"", bytes(24), b"anything"):
            added = box(name, body)
            assert bench.verdict(data + added) is not Verdict.PASSED, name
            assert bench.verdict(data[:first] + added + data[first:]) is not Verdict.PASSED, name
