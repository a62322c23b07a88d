"""Which of a studio's own stamps a file carries, and who is shown in it by that."""

from provenance.credentials.labels import CONSENT_LABEL
from provenance.credentials.manifest import ConsentAssertion
from provenance.credentials.reading import read_credential
from provenance.errors import CredentialError, InputError
from provenance.picture import Picture
from provenance.proof import parse_proof
from provenance.storage.database import Database
from provenance.storage.interface import StampRow
from provenance.studio.studio import Studio


def find_stamp_row(database: Database, assertion: ConsentAssertion) -> StampRow | None:
    """Return this studio's own row of a stamp that a file carries, by its ledger entry; None for any other stamp."""
    try:
        index = parse_proof(assertion.proof).index
    except InputError:
        return None
    entry = database.entry(index)
    return database.find_stamp_by_entry(index) if entry is not None and entry.body == assertion.entry else None


def read_stamp_row(studio: Studio, data: bytes, picture: Picture) -> StampRow | None:
    """Return the row of the stamp that a file's newest manifest names, whether the file still fits it or not."""
    anchors = [studio.anchors()]
    try:
        credential = read_credential(data, picture.format.media_type, anchors=anchors, store=picture.store)
        stated = credential.stamp.assertions.get(CONSENT_LABEL)
        assertion = None if stated is None else ConsentAssertion.from_json(stated)
    except (CredentialError, InputError):
        return None
    return None if assertion is None else find_stamp_row(studio.database, assertion)
