from contextlib import closing
from pathlib import Path

from support.pictures import draw_jpeg
from support.studios import make_studio, open_keys, record_consent, stamped

from provenance.canonical import from_base64url, to_base64url
from provenance.schemas import validate
from provenance.storage.interface import FingerprintRow, ManifestRow
from provenance.studio.exporting import ExportDesk


def test_fingerprints_of_a_persons_pictures_are_among_what_is_held_about_them(tmp_path: Path) -> None:
    with closing(make_studio(tmp_path / "studio")) as studio:
        recorded = record_consent(studio)
        stamped(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=recorded.code)
        (stamp,) = studio.database.find_stamps_under(recorded.record.record_id)
        codes = {"full": bytes(range(32)), "face": bytes(32)}
        rows = [FingerprintRow(stamp.entry_index, part, code) for part, code in codes.items()]
        studio.database.add_fingerprints(rows)
        store = bytes(range(250))
        studio.database.add_manifest(ManifestRow(stamp.entry_index, "urn:c2pa:1", store))
        document = ExportDesk(open_keys(studio)).export(recorded)
    validate(document, "consent-export")
    assert isinstance(document["stamps"], list)
    (told,) = document["stamps"]
    assert isinstance(told, dict)
    assert isinstance(told["fingerprints"], dict)
    assert {part: from_base64url(str(code), place=part) for part, code in told["fingerprints"].items()} == codes
    assert told["manifest"] == {"id": "urn:c2pa:1", "store": to_base64url(store)}
