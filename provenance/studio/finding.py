"""Finding the stamp of a picture that lost its credential: by its very bits, which is proof, or by what it looks like.

The first needs nothing but the picture; the second needs fingerprints, kept before, and is a lead.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from provenance.entries import parse_entry
from provenance.errors import CorruptLedgerError, InputError
from provenance.picture import read_picture
from provenance.recovery.fingerprints import Fingerprint, fingerprints_to_ask
from provenance.recovery.searching import FingerprintIndex, Resemblance
from provenance.storage.interface import StampRow
from provenance.studio.consents import ConsentDesk
from provenance.studio.studio import Studio
from provenance.verification.sources import RecordedStamp


@dataclass(frozen=True, slots=True)
class Match:
    """A stamp that may be that of a picture.

    Attributes:
        stamp: what the studio keeps of it.
        at: when it was logged, cut to the minute.
        codes: of the consents that it rests on; empty where nobody real is shown.
        likeness: in what the pictures are alike; None where they are the very same.
    """

    stamp: StampRow
    at: datetime
    codes: tuple[str, ...]
    likeness: Resemblance | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a studio's records say of a picture.

    Attributes:
        matches: every stamp of the very picture data; where there is none, of pictures that look like it, likest first.
        compared: with how many fingerprints it was compared; 0 where the very picture was found, or none are kept.
    """

    matches: tuple[Match, ...]
    compared: int


class StampFinder:
    """Finds stamps of one studio, as they were when it was first asked; needs no keys."""

    def __init__(self, studio: Studio, *, max_pixels: int | None = None) -> None:
        """Take the studio.

        Args:
            studio: whose stamps they are.
            max_pixels: of a picture that is decoded to be looked for; None for as many as are decoded at all.
        """
        self._database = studio.database
        self._max_pixels = max_pixels
        self._consents = ConsentDesk(studio)
        self._index: FingerprintIndex | None = None

    def find(self, data: bytes) -> Found:
        """Return the stamps that a picture file may be that of; fingerprints are asked where its very bits say nothing.

        Raises:
            InputError: the file is no picture, or it cannot be decoded, and nothing was found without that.
            MissingExtraError: fingerprints are kept, and what compares them is not installed.
        """
        try:
            same = self._database.find_stamps_of(read_picture(data).digest)
        except InputError as error:
            return self._find_damaged(data, error)
        if same:
            return Found(tuple(self._match(row, None) for row in same), 0)
        return self._find_alike(data)

    def recover(self, data: bytes) -> RecordedStamp | None:
        """Return the stamp of the very picture, or of the one that it looks like most; None where there is none.

        Of several stamps of one picture, it is the newest that the studio stands by, if there is one.

        Raises:
            InputError: see `find`.
            MissingExtraError: likewise.
        """
        matches = self.find(data).matches
        likest = [match for match in matches if match.stamp.picture_digest == matches[0].stamp.picture_digest]
        standing = [match for match in likest if match.stamp.revoked_by is None] or likest
        if not standing:
            return None
        stamp, likeness = standing[-1].stamp, standing[-1].likeness
        return RecordedStamp(
            entry=stamp.entry_index,
            at=standing[-1].at,
            declaration=stamp.declaration,
            revoked=stamp.revoked_by is not None,
            distance=None if likeness is None else likeness.distance,
        )

    def _find_damaged(self, data: bytes, damage: InputError) -> Found:
        """Return what a picture looks like whose container is damaged: it may be seen all the same."""
        try:
            found = self._find_alike(data)
        except InputError:
            raise damage from None
        if not found.matches:
            raise damage
        return found

    def find_like(self, asked: Iterable[Fingerprint]) -> Found:
        """Return the stamps whose fingerprints are like one of these.

        Raises:
            MissingExtraError: fingerprints are kept, and what compares them is not installed.
        """
        index = self._load()
        return Found((), 0) if index is None else Found(tuple(self._matches(index.search(asked))), len(index))

    def _find_alike(self, data: bytes) -> Found:
        # Where none are kept, no picture is decoded, and nothing needs to be installed.
        if self._load() is None:
            return Found((), 0)
        return self.find_like(fingerprints_to_ask(data, max_pixels=self._max_pixels))

    def _load(self) -> FingerprintIndex | None:
        if self._index is None:
            keys, parts, codes = self._database.fingerprint_columns()
            self._index = FingerprintIndex.from_columns(keys, parts, codes) if keys else None
        return self._index

    def _matches(self, alike: list[Resemblance]) -> Iterator[Match]:
        """Yield every stamp of each picture that is alike, the likest picture first."""
        seen = set[bytes]()
        for likeness in alike:
            stamp = self._database.find_stamp_by_entry(likeness.key)
            if stamp is not None and stamp.picture_digest not in seen:
                seen.add(stamp.picture_digest)
                yield from (self._match(row, likeness) for row in self._database.find_stamps_of(stamp.picture_digest))

    def _match(self, row: StampRow, likeness: Resemblance | None) -> Match:
        entry = self._database.entry(row.entry_index)
        if entry is None:
            raise CorruptLedgerError(f"entry {row.entry_index}: missing, although a stamp refers to it")
        codes = tuple(self._consents.by_record_id(record_id).code for record_id in row.handles)
        return Match(row, parse_entry(entry.body).at, codes, likeness)
