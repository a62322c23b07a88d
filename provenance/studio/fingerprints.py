"""Fingerprints of the pictures that a studio stamps: whether it keeps any, keeping them, and destroying all of them.

They are personal data that cannot be sealed, as they must be compared, so that none are kept unless a studio asks.
"""

from dataclasses import dataclass, field, replace

from provenance import durable
from provenance.recovery.fingerprints import Fingerprint, check_installed
from provenance.storage.interface import FingerprintRow, StampRow
from provenance.studio.consents import ConsentDesk
from provenance.studio.locating import SETTINGS_FILE
from provenance.studio.settings import MAX_SETTINGS_BYTES, Settings
from provenance.studio.studio import Studio


@dataclass(frozen=True, slots=True)
class Dropped:
    """What became of the fingerprints of a studio that keeps none any more.

    Attributes:
        destroyed: how many there were.
        complete: whether the database was written anew, and nobody held on to its log.
    """

    destroyed: int
    complete: bool


def keeps_fingerprints(studio: Studio) -> bool:
    """Tell whether a studio asks for fingerprints, as its settings say now and not as they said when it was opened."""
    return _read(studio).fingerprints


def keep_fingerprints(studio: Studio) -> None:
    """Let a studio keep fingerprints of what it stamps from now on.

    Raises:
        MissingExtraError: the extra is not installed.
    """
    check_installed()
    _write(studio, fingerprints=True)


def drop_fingerprints(studio: Studio) -> Dropped:
    """Let a studio keep no fingerprints any more, and destroy those that it has.

    The settings come first: what is stamped meanwhile either keeps none, or has kept some that are destroyed, too.

    Raises:
        StudioError: the database cannot be used; running it again goes on.
    """
    _write(studio, fingerprints=False)
    with studio.database.transaction():
        # Held from here on, so that nothing is kept between the count and the end.
        studio.database.head()
        destroyed = studio.database.count_fingerprints()
        studio.database.remove_all_fingerprints()
    return Dropped(destroyed, studio.database.scrub())


@dataclass(slots=True)
class FingerprintKeeper:
    """Keeps fingerprints of stamps, within the transaction that logs these.

    Attributes:
        studio: it.
        consents: of the studio.
    """

    studio: Studio
    consents: ConsentDesk
    _erased: dict[str, bool] = field(default_factory=dict)

    def keep(self, row: StampRow, fingerprints: tuple[Fingerprint, ...]) -> int:
        """Keep the fingerprints of a stamp unless it has some, and return how many it has.

        None are kept of a picture that shows somebody whose data were erased, under whichever stamp.
        """
        database = self.studio.database
        kept = database.fingerprints_of(row.entry_index)
        if not kept and fingerprints and not self._shows_erased(row):
            kept = [FingerprintRow(row.entry_index, found.crop.value, found.code) for found in fingerprints]
            database.add_fingerprints(kept)
        return len(kept)

    def _shows_erased(self, row: StampRow) -> bool:
        stamps = self.studio.database.find_stamps_of(row.picture_digest)
        return any(self._is_erased(record_id) for stamp in stamps for record_id in stamp.handles)

    def _is_erased(self, record_id: str) -> bool:
        # Asked once for all pictures of a person; while the transaction lasts, the answer does.
        if record_id not in self._erased:
            recorded = self.consents.by_record_id(record_id)
            self._erased[record_id] = self.consents.erasure(recorded) is not None
        return self._erased[record_id]


def _read(studio: Studio) -> Settings:
    return Settings.parse(durable.read(studio.path / SETTINGS_FILE, max_bytes=MAX_SETTINGS_BYTES))


def _write(studio: Studio, *, fingerprints: bool) -> None:
    before = _read(studio)
    if before.fingerprints != fingerprints:
        studio.settings = replace(before, fingerprints=fingerprints)
        durable.replace(studio.path / SETTINGS_FILE, studio.settings.to_bytes())
