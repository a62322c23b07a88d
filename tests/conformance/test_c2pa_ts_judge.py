"""What `@trustnxt/c2pa-ts` says of every kind of stamp: Apache-2.0, by another maker, in another language.

It knows JPEG, PNG and the files of ISO boxes; who has not installed it skips this.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.examples import EXAMPLES
from support.judges import Judge
from support.kinds import EVERYTHING, FRAMES, Bench, consent_to, making_of
from support.pictures import with_changed_pixels
from support.studios import make_studio, stamped

from provenance.picture import PictureFormat

pytestmark = pytest.mark.slow

KINDS = [PictureFormat.JPEG, PictureFormat.PNG, PictureFormat.AVIF, PictureFormat.HEIC]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with closing(make_studio(tmp_path / "studio")) as studio:
        yield Bench(studio, tmp_path, consent_to(studio, *EVERYTHING).code)


def make(bench: Bench, kind: PictureFormat, frame: str) -> Path:
    declaration, making = making_of(bench, frame)
    source = bench.folder / "source"
    source.write_bytes(EXAMPLES[kind])
    target = bench.folder / f"{kind.name} {frame}"
    # One picture is declared as everything there is.
    reason = "it is about the form of the stamp"
    return stamped(
        bench.studio, source, target, declaration=declaration, code=bench.code, making=making, confirmation=reason
    )


def test_a_stamp_of_every_kind_is_valid_in_another_language(c2pa_ts_judge: Judge, bench: Bench) -> None:
    paths = [make(bench, kind, frame) for kind in KINDS for frame in FRAMES]
    assert c2pa_ts_judge(*paths) == {str(path): {"valid": True, "failures": []} for path in paths}


def test_one_changed_bit_of_the_pixels_is_seen_in_another_language(c2pa_ts_judge: Judge, bench: Bench) -> None:
    path = make(bench, PictureFormat.JPEG, "retouched")
    path.write_bytes(with_changed_pixels(path.read_bytes()))
    assert c2pa_ts_judge(path) == {str(path): {"valid": False, "failures": ["assertion.dataHash.mismatch"]}}
