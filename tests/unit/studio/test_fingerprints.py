"""Fingerprints of what a studio stamps: kept where it asks for them, once, with the stamp, and destroyed with all."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image
from support.databases import kept_fingerprints
from support.pictures import draw_jpeg, draw_png
from support.refusals import refused
from support.studios import make_studio, open_keys, record_consent, stamp_file, stamped
from support.traces import base64_cores

from provenance.credentials.manifest import Declaration
from provenance.errors import MissingExtraError
from provenance.recovery.fingerprints import Crop, Fingerprint, fingerprints_to_keep
from provenance.stamping import Stamper, StampRequest
from provenance.stamping.interface import PendingStamp
from provenance.studio import Recorded, Studio, StudioStampDesk
from provenance.studio.erasing import ErasureDesk
from provenance.studio.fingerprints import Dropped, drop_fingerprints, keep_fingerprints, keeps_fingerprints
from provenance.studio.settings import Settings

FACE = (Fingerprint(Crop.FACE, bytes(range(32))),)


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A studio that keeps fingerprints."""
    with closing(make_studio(tmp_path / "studio")) as made:
        keep_fingerprints(made)
        yield made


@pytest.fixture
def recorded(studio: Studio) -> Recorded:
    return record_consent(studio)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return draw_jpeg(tmp_path / "source.jpg")


def kept(studio: Studio) -> list[tuple[str, bytes]]:
    return [(row.part, row.code) for row in kept_fingerprints(studio.database)]


def made_of(path: Path) -> list[tuple[str, bytes]]:
    return sorted((found.crop.value, found.code) for found in fingerprints_to_keep(path.read_bytes()))


def pending(number: int, *recorded: Recorded, fingerprints: tuple[Fingerprint, ...] = FACE) -> PendingStamp:
    handles = {one.record.record_id: bytes([number, place]) * 16 for place, one in enumerate(recorded)}
    return PendingStamp(bytes([number]) * 32, bytes(32), Declaration.CAMERA, handles, fingerprints=fingerprints)


# --- whether any are kept


def test_a_studio_keeps_none_until_it_asks_and_none_after(tmp_path: Path) -> None:
    with closing(make_studio(tmp_path / "studio")) as studio:
        assert not keeps_fingerprints(studio)
        keep_fingerprints(studio)
        keep_fingerprints(studio)
        assert keeps_fingerprints(studio)
        assert studio.settings == Settings.parse((studio.path / "provenance.toml").read_bytes())
        assert studio.settings.fingerprints
        drop_fingerprints(studio)
        assert not keeps_fingerprints(studio)


def test_without_what_makes_them_they_are_not_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.recovery.fingerprints.NEEDS", ("not_there_at_all",))
    message = "recovery: needs the library not_there_at_all, which is not installed"
    with closing(make_studio(tmp_path / "studio")) as studio:
        with refused(MissingExtraError, message, hint="pip install 'headshot-provenance[recovery]'"):
            keep_fingerprints(studio)
        assert not keeps_fingerprints(studio)


# --- stamping


def test_a_stamped_picture_has_its_fingerprints(studio: Studio, recorded: Recorded, source: Path) -> None:
    result = stamp_file(studio, source, source.with_name("out.jpg"), code=recorded.code)
    assert (result.outcome, result.fingerprints, len(kept(studio))) == ("stamped", 4, 4)
    assert kept(studio) == made_of(source)
    (stamp,) = studio.database.find_stamps_under(recorded.record.record_id)
    assert {row.entry_index for row in kept_fingerprints(studio.database)} == {stamp.entry_index}


def test_no_fingerprint_leaves_the_studio(studio: Studio, recorded: Recorded, source: Path) -> None:
    out = stamped(studio, source, source.with_name("out.jpg"), code=recorded.code)
    public = [out.read_bytes(), *(row.body for row in studio.database.entries(0, 10))]
    public += [note for _, note in studio.database.checkpoints()]
    wanted = {code for _, code in kept(studio)}
    assert len(wanted) == 4
    shapes = {form for code in wanted for form in (code, code.hex().encode(), *base64_cores(code))}
    assert not any(form in data for form in shapes for data in public)


def test_a_studio_that_did_not_ask_keeps_none(tmp_path: Path, source: Path) -> None:
    with closing(make_studio(tmp_path / "studio")) as studio:
        code = record_consent(studio).code
        result = stamp_file(studio, source, source.with_name("out.jpg"), code=code)
        assert (result.outcome, result.fingerprints, kept(studio)) == ("stamped", None, [])


def test_nothing_is_kept_of_what_is_not_stamped(studio: Studio, recorded: Recorded, source: Path) -> None:
    out = source.with_name("out.jpg")
    for result in (
        stamp_file(studio, source, out, code=recorded.code, dry_run=True),
        stamp_file(studio, source, out, code=recorded.code, declaration="ai-generated"),
    ):
        assert result.fingerprints is None
    assert kept(studio) == []


def test_stamping_again_keeps_no_more(studio: Studio, recorded: Recorded, source: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        stamped(studio, source, source.with_name(name), code=recorded.code)
    again = stamp_file(studio, source, source.with_name("a.jpg"), code=recorded.code)
    assert (again.outcome, again.fingerprints) == ("already-stamped", None)
    assert kept(studio) == made_of(source)


def test_what_was_stamped_before_has_some_once_it_is_stamped_again(tmp_path: Path, source: Path) -> None:
    with closing(make_studio(tmp_path / "studio")) as studio:
        code = record_consent(studio).code
        stamped(studio, source, source.with_name("a.jpg"), code=code)
        keep_fingerprints(studio)
        result = stamp_file(studio, source, source.with_name("b.jpg"), code=code)
        assert result.fingerprints == 4
        assert kept(studio) == made_of(source)
        assert studio.database.head().size == 4


def test_a_picture_that_cannot_be_decoded_is_stamped_all_the_same(studio: Studio, recorded: Recorded) -> None:
    source = studio.path.with_name("deep.png")
    Image.new("I;16", (40, 40), 4000).save(source)
    result = stamp_file(studio, source, source.with_name("out.png"), code=recorded.code)
    assert (result.outcome, result.fingerprints, kept(studio)) == ("stamped", 0, [])


def test_a_picture_of_nobody_has_fingerprints_too(studio: Studio) -> None:
    source = draw_png(studio.path.with_name("made.png"))
    out = source.with_name("out.png")
    stamped(studio, source, out, declaration="ai-generated", code=None, tool="Model/1")
    assert kept(studio) == made_of(source)


def test_a_stamper_is_not_made_without_what_makes_them(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.recovery.fingerprints.NEEDS", ("not_there_at_all",))
    unlocked = open_keys(studio)
    message = "recovery: needs the library not_there_at_all, which is not installed"
    with refused(MissingExtraError, message, hint="pip install 'headshot-provenance[recovery]'"):
        Stamper(StudioStampDesk(unlocked), signer=unlocked.claim_signer())


# --- when something breaks


def test_a_stamp_and_its_fingerprints_are_kept_together_or_not_at_all(
    studio: Studio, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise OSError(28, "no space left on device")

    desk = StudioStampDesk(open_keys(studio))
    with monkeypatch.context() as patched:
        patched.setattr(studio.database, "add_fingerprints", fail)
        with pytest.raises(OSError, match="no space left"):
            desk.log([pending(1, recorded)])
    assert studio.database.count_stamps(recorded.record.record_id) == 0
    assert studio.database.head().size == 3
    (logged,) = desk.log([pending(1, recorded)])
    assert (logged.fingerprints, studio.database.head().size) == (1, 4)


def test_what_is_interrupted_after_the_entry_is_finished_with_the_fingerprints_of_then(
    studio: Studio, recorded: Recorded, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    unlocked, out = open_keys(studio), source.with_name("out.jpg")
    request = StampRequest(source, out, Declaration.CAMERA, (recorded.code,))
    with monkeypatch.context() as patched:
        patched.setattr("provenance.stamping.batch.sign_picture", killed)
        with pytest.raises(KeyboardInterrupt):
            list(Stamper(StudioStampDesk(unlocked), signer=unlocked.claim_signer()).stamp([request]))
    assert kept(studio) == made_of(source)
    assert not out.exists()
    result = stamp_file(studio, source, out, code=recorded.code)
    assert (result.outcome, result.fingerprints, studio.database.head().size) == ("stamped", 4, 4)
    assert kept(studio) == made_of(source)


def test_a_studio_that_changed_its_mind_meanwhile_keeps_none(studio: Studio, recorded: Recorded) -> None:
    desk = StudioStampDesk(open_keys(studio))
    with closing(Studio(studio.path)) as other:
        drop_fingerprints(other)
    (logged,) = desk.log([pending(1, recorded)])
    assert (logged.fingerprints, kept(studio)) == (0, [])


# --- whose they are


def test_none_are_kept_of_somebody_whose_data_were_erased(studio: Studio, recorded: Recorded) -> None:
    other = record_consent(studio)
    stamps = StudioStampDesk(open_keys(studio))
    stamps.log([pending(1, recorded, other)])
    assert len(kept(studio)) == 1
    desk = ErasureDesk(studio, open_keys(studio))
    assert desk.erase(other, full=False).destroyed.fingerprints == 1
    assert kept(studio) == []
    # Neither with the stamp of then, nor with one that names the first person alone: it is the same picture.
    again = stamps.log([pending(1, recorded, other), pending(2, recorded)])
    assert [logged.fingerprints for logged in again] == [0, 0]
    assert kept(studio) == []


# --- dropping


def test_all_are_destroyed_and_no_byte_of_them_is_left(studio: Studio, recorded: Recorded, source: Path) -> None:
    out = stamped(studio, source, source.with_name("out.jpg"), code=recorded.code)
    before = out.read_bytes()
    codes = [code for _, code in kept(studio)]

    def lying() -> list[bytes]:
        data = [path.read_bytes() for path in studio.path.iterdir() if path.is_file()]
        return [code for code in codes if any(code in content for content in data)]

    assert lying() == codes
    assert drop_fingerprints(studio) == Dropped(4, complete=True)
    assert (kept(studio), lying(), out.read_bytes()) == ([], [], before)
    assert drop_fingerprints(studio) == Dropped(0, complete=True)
    assert len(studio.database.find_stamps_under(recorded.record.record_id)) == 1
