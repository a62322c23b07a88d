"""Manifests of what was stamped: kept beside fingerprints and no longer than these, found, and handed out or not."""

import io
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image
from support.pictures import draw_scene
from support.refusals import refused
from support.studios import make_studio, open_keys, record_consent, stamp_file, stamped

from provenance.credentials.jumbf import read_store
from provenance.errors import InputError, MissingExtraError, RefusedError
from provenance.picture import read_picture
from provenance.recovery.fingerprints import fingerprints_to_ask
from provenance.storage.interface import FingerprintRow
from provenance.studio import Recorded, Studio
from provenance.studio.erasing import ErasureDesk
from provenance.studio.fingerprints import drop_fingerprints, keep_fingerprints
from provenance.studio.manifests import ManifestFinder, ManifestMatch, check_may_hand_out, keep_manifest
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


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.jpg"
    draw_scene().save(path, quality=90)
    return path


@pytest.fixture
def out(studio: Studio, recorded: Recorded, source: Path) -> Path:
    """A stamped picture."""
    return stamped(studio, source, source.with_name("out.jpg"), code=recorded.code)


def store_in(path: Path) -> bytes:
    store = read_picture(path.read_bytes()).store
    assert store is not None
    return store.data


def label_in(path: Path) -> str:
    return read_store(store_in(path)).manifests[-1].label


def copy_of(path: Path, size: tuple[int, int] = (200, 300)) -> bytes:
    """Return a smaller picture without a credential."""
    target = io.BytesIO()
    with Image.open(path) as image:
        image.resize(size).save(target, "JPEG")
    return target.getvalue()


# --- keeping


def test_what_was_signed_into_the_picture_is_kept(studio: Studio, out: Path) -> None:
    row = studio.database.find_manifest(label_in(out))
    assert row is not None
    assert row.store == store_in(out)
    assert studio.database.fingerprints_of(row.entry_index) != []


def test_stamped_again_the_first_one_stays(studio: Studio, recorded: Recorded, source: Path, out: Path) -> None:
    again = stamped(studio, source, source.with_name("again.jpg"), code=recorded.code)
    assert studio.database.find_manifest(label_in(out)) is not None
    assert studio.database.find_manifest(label_in(again)) is None


def test_without_fingerprints_none_is_kept(tmp_path: Path, source: Path) -> None:
    with closing(make_studio(tmp_path / "other")) as studio:
        out = stamped(studio, source, source.with_name("out.jpg"), code=record_consent(studio).code)
        assert studio.database.find_manifest(label_in(out)) is None
        # Nor because somebody asks.
        (stamp,) = studio.database.stamps_of_entries(0, 100)
        keep_manifest(studio, stamp.key, store_in(out))
        keep_manifest(studio, bytes(32), store_in(out))
        assert studio.database.find_manifest(label_in(out)) is None


def test_one_that_is_left_out_is_kept_when_the_picture_is_stamped_again(
    tmp_path: Path, source: Path, studio: Studio, recorded: Recorded
) -> None:
    drop_fingerprints(studio)
    stamped(studio, source, tmp_path / "one.jpg", code=recorded.code)
    keep_fingerprints(studio)
    two = stamped(studio, source, tmp_path / "two.jpg", code=recorded.code)
    assert studio.database.find_manifest(label_in(two)) is not None


def test_what_is_no_manifest_is_not_kept(studio: Studio, out: Path) -> None:
    (stamp,) = studio.database.stamps_of_entries(0, 100)
    with refused(InputError, "manifest store at byte 0: a box is cut off"):
        keep_manifest(studio, stamp.key, b"")
    assert studio.database.find_manifest(label_in(out)) is not None


def test_nothing_gets_its_name_where_its_manifest_cannot_be_kept(
    studio: Studio, recorded: Recorded, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RefusedError("database: it is full", code="full")

    monkeypatch.setattr(type(studio.database), "add_manifest", fail)
    result = stamp_file(studio, source, source.with_name("out.jpg"), code=recorded.code)
    assert (result.code, result.destination) == ("full", None)
    assert not source.with_name("out.jpg").exists()


# --- destroying


@pytest.mark.parametrize("how", ["drop", "erase"])
def test_it_goes_with_the_fingerprints(studio: Studio, recorded: Recorded, source: Path, out: Path, how: str) -> None:
    label = label_in(out)
    if how == "drop":
        drop_fingerprints(studio)
    else:
        ErasureDesk(studio, open_keys(studio)).erase(recorded, full=False)
    assert ManifestFinder(studio).read(label) is None
    assert ManifestFinder(studio).by_content(copy_of(source), most=10) == []
    assert ManifestFinder(studio).by_content(source.read_bytes(), most=10) == []
    assert label.encode() not in (studio.path / "studio.db").read_bytes()


# --- finding


def test_it_is_found_by_the_very_picture_by_a_copy_and_by_a_fingerprint(
    studio: Studio, source: Path, out: Path
) -> None:
    finder = ManifestFinder(studio)
    label = label_in(out)
    assert finder.by_content(source.read_bytes(), most=10) == [ManifestMatch(label, 100)]
    (likest,) = finder.by_content(copy_of(source), most=10)
    assert likest.label == label
    assert 81 <= likest.score <= 100
    (found,) = finder.by_fingerprints(fingerprints_to_ask(copy_of(source)), most=10)
    assert found == likest
    assert finder.read(label) == store_in(out)


def test_no_more_are_named_than_were_asked_for(studio: Studio, recorded: Recorded, source: Path, out: Path) -> None:
    copy = source.with_name("copy.jpg")
    copy.write_bytes(copy_of(source))
    other = stamped(studio, copy, source.with_name("other.jpg"), code=recorded.code)
    asked = fingerprints_to_ask(source.read_bytes())
    found = ManifestFinder(studio).by_fingerprints(asked, most=10)
    assert [match.label for match in found] == [label_in(out), label_in(other)]
    assert ManifestFinder(studio).by_fingerprints(asked, most=1) == found[:1]


def test_a_revoked_stamp_is_not_handed_out(studio: Studio, source: Path, out: Path) -> None:
    label = label_in(out)
    (stamp,) = studio.database.stamps_of_entries(0, 100)
    RevocationDesk(open_keys(studio)).revoke(stamp.entry_index)
    finder = ManifestFinder(studio)
    assert finder.read(label) is None
    assert finder.by_content(source.read_bytes(), most=10) == []
    assert finder.by_content(copy_of(source), most=10) == []


def test_a_stamp_whose_manifest_is_not_kept_is_passed_over(studio: Studio, source: Path, out: Path) -> None:
    (stamp,) = studio.database.stamps_of_entries(0, 100)
    rows = studio.database.fingerprints_of(stamp.entry_index)
    studio.database.remove_all_fingerprints()
    studio.database.add_fingerprints([FingerprintRow(row.entry_index, row.part, row.code) for row in rows])
    assert ManifestFinder(studio).by_content(copy_of(source), most=10) == []


# --- who may be asked


def test_a_studio_without_fingerprints_has_nothing_to_hand_out(tmp_path: Path) -> None:
    message = "this studio keeps no fingerprints, so that nothing can be found by what it looks like"
    hint = "keep them first, and say so in your notice: provenance studio fingerprints keep"
    with (
        closing(make_studio(tmp_path / "studio")) as studio,
        refused(RefusedError, message, code="fingerprints-none", hint=hint),
    ):
        check_may_hand_out(studio)


def test_without_what_compares_them_nothing_is_handed_out(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    check_may_hand_out(studio)
    monkeypatch.setattr("provenance.recovery.fingerprints.NEEDS", ("not_there_at_all",))
    message = "recovery: needs the library not_there_at_all, which is not installed"
    with refused(MissingExtraError, message, hint="pip install 'headshot-provenance[recovery]'"):
        check_may_hand_out(studio)
