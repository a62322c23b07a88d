"""Finding the stamp of a picture that lost its credential: the very picture by its digest, others by their looks."""

import io
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image, ImageOps
from support.ledgers import tamper
from support.pictures import draw_scene, jpeg_segment, with_segment
from support.refusals import refused
from support.studios import make_studio, open_keys, record_consent, stamped

from provenance.errors import CorruptLedgerError, InputError, MissingExtraError
from provenance.recovery.fingerprints import Crop
from provenance.recovery.searching import ALIKE
from provenance.studio import Recorded, Studio
from provenance.studio.erasing import ErasureDesk
from provenance.studio.finding import Found, StampFinder
from provenance.studio.fingerprints import keep_fingerprints
from provenance.studio.revoking import RevocationDesk


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A studio that keeps fingerprints."""
    with closing(make_studio(tmp_path / "studio")) as made:
        keep_fingerprints(made)
        yield made


@pytest.fixture
def recorded(studio: Studio) -> Recorded:
    return record_consent(studio)


def stamp(studio: Studio, recorded: Recorded, *, seed: int = 0) -> Path:
    """Stamp a picture, and return the picture as it was before."""
    source = studio.path.with_name(f"{seed}.jpg")
    source.write_bytes(encoded(draw_scene(seed=seed), 90))
    stamped(studio, source, source.with_name(f"{seed}-stamped.jpg"), code=recorded.code)
    return source


def encoded(image: Image.Image, quality: int = 70) -> bytes:
    target = io.BytesIO()
    image.save(target, "JPEG", quality=quality)
    return target.getvalue()


def entries(found: Found) -> list[int]:
    return [match.stamp.entry_index for match in found.matches]


# --- the very picture


def test_the_very_picture_is_found_whatever_the_file_says_around_it(studio: Studio, recorded: Recorded) -> None:
    source = stamp(studio, recorded)
    stamp(studio, recorded, seed=1)
    data = source.read_bytes()
    for file in (data, source.with_name("0-stamped.jpg").read_bytes(), with_segment(data, 0xFE, b"a caption")):
        found = StampFinder(studio).find(file)
        (match,) = found.matches
        assert (match.codes, match.likeness, found.compared) == ((recorded.code,), None, 0)
        assert match.stamp == studio.database.find_stamps_under(recorded.record.record_id)[0]


def test_every_stamp_of_the_very_picture_is_named(studio: Studio, recorded: Recorded) -> None:
    source = stamp(studio, recorded)
    unlocked = open_keys(studio)
    RevocationDesk(unlocked).revoke(3)
    stamped(studio, source, source.with_name("again.jpg"), code=recorded.code, tool="Camera/1")
    found = StampFinder(studio).find(source.read_bytes())
    assert [(match.stamp.entry_index, match.stamp.revoked_by) for match in found.matches] == [(3, 4), (5, None)]


def test_the_very_picture_needs_no_fingerprints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.recovery.fingerprints.NEEDS", ("not_there_at_all",))
    with closing(make_studio(tmp_path / "studio")) as studio:
        source = stamp(studio, record_consent(studio))
        finder = StampFinder(studio)
        assert len(finder.find(source.read_bytes()).matches) == 1
        assert finder.find(encoded(draw_scene())) == Found((), 0)


# --- what it looks like


def test_a_smaller_copy_looks_like_it(studio: Studio, recorded: Recorded) -> None:
    stamp(studio, recorded, seed=1)
    stamp(studio, recorded)
    found = StampFinder(studio).find(encoded(draw_scene().resize((200, 300))))
    assert (entries(found), found.compared) == ([4], 8)
    (match,) = found.matches
    assert match.codes == (recorded.code,)
    assert match.likeness is not None
    assert (match.likeness.kept, match.likeness.asked) == (Crop.FULL, Crop.FULL)
    assert match.likeness.distance <= 16


@pytest.mark.parametrize(
    ("box", "kept"),
    [
        ((0, 100, 400, 500), Crop.CENTRE_SQUARE),
        ((0, 0, 400, 400), Crop.UPPER_SQUARE),
        ((0, 50, 400, 550), Crop.FOUR_TO_FIVE),
    ],
)
def test_a_usual_crop_looks_like_it(
    studio: Studio, recorded: Recorded, box: tuple[int, int, int, int], kept: Crop
) -> None:
    stamp(studio, recorded)
    (match,) = StampFinder(studio).find(encoded(draw_scene().crop(box))).matches
    assert match.likeness is not None
    assert match.likeness.kept is kept


def test_what_lies_within_a_border_looks_like_it(studio: Studio, recorded: Recorded) -> None:
    stamp(studio, recorded)
    framed = ImageOps.expand(draw_scene(), border=(90, 40, 20, 160), fill=(30, 30, 34))
    (match,) = StampFinder(studio).find(encoded(framed, 95)).matches
    assert match.likeness is not None
    assert match.likeness.asked is Crop.UNFRAMED


def test_another_picture_is_not_found(studio: Studio, recorded: Recorded) -> None:
    stamp(studio, recorded)
    finder = StampFinder(studio)
    assert finder.find(encoded(draw_scene(seed=3))) == Found((), 4)
    # Asked again, what was read is still at hand.
    assert len(finder.find(encoded(draw_scene())).matches) == 1


def test_the_likest_picture_is_the_first_and_each_stamp_of_it_is_named_once(studio: Studio, recorded: Recorded) -> None:
    source = stamp(studio, recorded)
    stamped(studio, source, source.with_name("again.jpg"), code=recorded.code, tool="Camera/1")
    # A cut of it that was stamped for itself.
    cut = source.with_name("cut.jpg")
    cut.write_bytes(encoded(draw_scene().crop((6, 9, 394, 591)), 95))
    stamped(studio, cut, source.with_name("cut-stamped.jpg"), code=recorded.code)
    found = StampFinder(studio).find(encoded(draw_scene(), 60))
    assert entries(found) == [3, 4, 5]
    distances = [match.likeness.distance for match in found.matches if match.likeness is not None]
    assert distances == sorted(distances)
    assert distances[0] == distances[1] < distances[2] <= ALIKE


def test_who_was_erased_is_not_found_by_looks_any_more(studio: Studio, recorded: Recorded) -> None:
    source = stamp(studio, recorded)
    desk = ErasureDesk(studio, open_keys(studio))
    desk.erase(recorded, full=True)
    finder = StampFinder(studio)
    assert finder.find(encoded(draw_scene())) == Found((), 0)
    # The digest of the very picture stays, as the stamp does.
    assert len(finder.find(source.read_bytes()).matches) == 1


# --- what cannot be said


def test_a_damaged_file_may_be_seen_all_the_same(studio: Studio, recorded: Recorded) -> None:
    stamp(studio, recorded)
    data = encoded(draw_scene())
    # A segment that says it is longer than the file, behind which no decoder looks.
    damaged = data[:-2] + jpeg_segment(0xE1, b"x" * 40)[:10]
    finder = StampFinder(studio)
    with pytest.raises(InputError) as caught:
        StampFinder(make_studio(studio.path.with_name("other"))).find(damaged)
    assert caught.value.code == "picture-damaged"
    assert entries(finder.find(damaged)) == [3]
    with pytest.raises(InputError) as caught:
        finder.find(encoded(draw_scene(seed=3))[:-2] + damaged[-10:])
    assert caught.value.code == "picture-damaged"


@pytest.mark.parametrize("data", [b"", b"no picture"])
def test_what_is_no_picture_cannot_be_looked_for(studio: Studio, recorded: Recorded, data: bytes) -> None:
    stamp(studio, recorded)
    with pytest.raises(InputError, match=r"\Apicture: expected a jpeg"):
        StampFinder(studio).find(data)


def test_what_cannot_be_decoded_cannot_be_looked_for(studio: Studio, recorded: Recorded) -> None:
    stamp(studio, recorded)
    source = studio.path.with_name("deep.png")
    Image.new("I;16", (40, 40), 4000).save(source)
    message = "fingerprint: expected colours of 8 bits, got i;16"
    with refused(InputError, message, code="fingerprint-unread"):
        StampFinder(studio).find(source.read_bytes())


def test_without_what_compares_them_looks_cannot_be_asked(
    studio: Studio, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = stamp(studio, recorded)
    monkeypatch.setattr("provenance.recovery.fingerprints.NEEDS", ("not_there_at_all",))
    finder = StampFinder(studio)
    assert len(finder.find(source.read_bytes()).matches) == 1
    message = "recovery: needs the library not_there_at_all, which is not installed"
    with refused(MissingExtraError, message, hint="pip install 'headshot-provenance[recovery]'"):
        finder.find(encoded(draw_scene()))


def test_a_stamp_without_its_entry_is_a_contradiction(studio: Studio, recorded: Recorded) -> None:
    source = stamp(studio, recorded)
    tamper(studio.path / "studio.db", "DELETE FROM entry WHERE idx = 3")
    with refused(CorruptLedgerError, "entry 3: missing, although a stamp refers to it"):
        StampFinder(studio).find(source.read_bytes())
