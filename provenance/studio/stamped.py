"""Which of a studio's own stamps a file carries, and who is shown in it by that."""

from dataclasses import dataclass
from pathlib import Path

from provenance import durable
from provenance.credentials.crjson import Manifest
from provenance.credentials.labels import CONSENT_LABEL
from provenance.credentials.manifest import ConsentAssertion
from provenance.credentials.reading import Credential, read_credential
from provenance.errors import CredentialError, InputError, RefusedError
from provenance.picture import MAX_PICTURE_BYTES, Picture, PictureFormat, read_picture
from provenance.proof import parse_proof
from provenance.storage.database import Database
from provenance.storage.interface import StampRow
from provenance.studio.studio import Studio
from provenance.verification.credential import judge_credential
from provenance.verification.report import CredentialCode

# With today's SDK, an update breaks what binds the picture in the other kinds.
UPDATABLE = frozenset({PictureFormat.JPEG, PictureFormat.PNG})

_INTACT = (CredentialCode.TRUSTED, CredentialCode.EXPIRED)


@dataclass(frozen=True, slots=True)
class Stamped:
    """A file that carries an intact stamp of this studio.

    Attributes:
        data: the file.
        picture: what was read of it.
        credential: its credentials.
        assertion: what the stamp says.
        row: what the studio keeps of the stamp.
        beneath: the same of the stamps that it was put on by late links, the newest first.
    """

    data: bytes
    picture: Picture
    credential: Credential
    assertion: ConsentAssertion
    row: StampRow
    beneath: tuple[StampRow, ...] = ()


def read_stamped(studio: Studio, path: Path) -> Stamped:
    """Return a file that carries an intact stamp of this studio.

    Raises:
        InputError: the file cannot be read.
        RefusedError: it carries none (`stamp-missing`).
    """
    data = durable.read(path, max_bytes=MAX_PICTURE_BYTES)
    try:
        picture = read_picture(data)
        anchors = [studio.anchors()]
        credential = read_credential(data, picture.format.media_type, anchors=anchors, store=picture.store)
    except InputError as error:
        raise InputError(f"{path.name}: {error}", code=error.code, hint=error.hint) from error
    except CredentialError as error:
        raise _not_ours(path, str(error)) from error
    assertions = [_assertion(manifest) for manifest in credential.stamps]
    rows = [None if found is None else find_stamp_row(studio.database, found) for found in assertions]
    assertion, row = assertions[0], rows[0]
    if assertion is None or row is None or judge_credential(credential, []).code not in _INTACT:
        raise _not_ours(path, "its credential is not intact, or not issued by this studio")
    return Stamped(data, picture, credential, assertion, row, tuple(filter(None, rows[1:])))


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
    except (CredentialError, InputError):
        return None
    assertion = _assertion(credential.stamp)
    return None if assertion is None else find_stamp_row(studio.database, assertion)


def _assertion(manifest: Manifest) -> ConsentAssertion | None:
    stated = manifest.assertions.get(CONSENT_LABEL)
    try:
        return None if stated is None else ConsentAssertion.from_json(stated)
    except InputError:
        return None


def _not_ours(path: Path, reason: str) -> RefusedError:
    return RefusedError(
        f"{path.name}: {reason.removeprefix(f'{path.name}: ')}",
        code="stamp-missing",
        hint=f"see what it says: provenance verify {path}",
    )
