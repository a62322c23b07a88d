"""What another maker's validator says of every kind of stamp, in every kind of file that can be stamped."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import encypher_c2pa
import pytest
from support.examples import EXAMPLES
from support.kinds import EVERYTHING, FRAMES, Bench, consent_to, making_of
from support.studios import make_studio, stamped, verify

from provenance.picture import STAMPABLE, PictureFormat, read_picture
from provenance.verification import Verdict

KINDS = [kind for kind in PictureFormat if kind in STAMPABLE]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("kinds")
    with closing(make_studio(folder / "studio")) as studio:
        yield Bench(studio, folder, consent_to(studio, *EVERYTHING).code)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Bench]:
    """A studio that never stamped any of the examples."""
    with closing(make_studio(tmp_path / "studio")) as studio:
        yield Bench(studio, tmp_path, consent_to(studio, *EVERYTHING).code)


@pytest.fixture(autouse=True)
def _silent(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCYPHER_C2PA_CONFIG_DIR", str(tmp_path_factory.mktemp("preferences")))
    monkeypatch.setenv("ENCYPHER_C2PA_TELEMETRY", "off")
    monkeypatch.setenv("ENCYPHER_C2PA_ONLINE", "off")


def make(bench: Bench, kind: PictureFormat, frame: str, folder: Path) -> Path:
    declaration, making = making_of(bench, frame)
    source = folder / f"source.{kind.name.lower()}"
    source.write_bytes(EXAMPLES[kind])
    # One picture is declared as everything there is.
    reason = "it is about the form of the stamp"
    target = folder / "out"
    return stamped(
        bench.studio, source, target, declaration=declaration, code=bench.code, making=making, confirmation=reason
    )


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_stamp_of_every_kind_is_valid_and_trusted_elsewhere(
    bench: Bench, kind: PictureFormat, frame: str, tmp_path: Path
) -> None:
    path = make(bench, kind, frame, tmp_path)
    data = path.read_bytes()
    report = encypher_c2pa.verify(
        data,
        mime_type=kind.media_type,
        trust_pem=bench.studio.anchors().pem,
        no_default_trust=True,
        telemetry=False,
        online=False,
    )
    found = tuple(report[name] for name in ("integrity", "signature", "hard_binding", "validation_state"))
    assert found == ("valid", "valid", "match", "Trusted")
    assert report["validation_results"]["failure"] == []
    assert report["network"]["requests"] == []
    assert read_picture(data).digest == read_picture(EXAMPLES[kind]).digest
    assert verify(bench.studio, path).verdict is Verdict.PASSED


@pytest.mark.parametrize("kind", PictureFormat)
def test_a_parent_may_be_of_any_kind_that_can_be_read(fresh: Bench, kind: PictureFormat, tmp_path: Path) -> None:
    parent = tmp_path / "parent"
    parent.write_bytes(EXAMPLES[kind])
    result = fresh.stamp("retouched", parent=parent, output=f"of-{kind.name}.jpg")
    assert (result.outcome, result.message) == ("stamped", None)
    assert verify(fresh.studio, fresh.folder / f"of-{kind.name}.jpg").origin.code == "edited"


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_may_be_of_another_kind_than_its_parent(fresh: Bench, kind: PictureFormat, tmp_path: Path) -> None:
    parent = stamped(fresh.studio, _written(tmp_path / "p", kind), tmp_path / "parent", code=fresh.code)
    result = fresh.stamp("derivative", parent=parent, output=f"copy-of-{kind.name}.jpg")
    assert (result.outcome, result.message) == ("stamped", None)
    report = verify(fresh.studio, fresh.folder / f"copy-of-{kind.name}.jpg")
    assert (report.verdict, report.history.code) == (Verdict.PASSED, "clean")


def _written(path: Path, kind: PictureFormat) -> Path:
    path.write_bytes(EXAMPLES[kind])
    return path
