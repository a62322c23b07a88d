"""The signed manifests of what a studio stamped: kept beside fingerprints, found by these, handed out to who asks.

A manifest is as public as the picture that it was signed into. That a picture is *like* a stamped one is not; so that
nobody but the studio asks, unless it says that everybody may.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from provenance.credentials.jumbf import read_store
from provenance.errors import RefusedError
from provenance.recovery.fingerprints import CODE_BYTES, Fingerprint, check_installed
from provenance.storage.interface import ManifestRow
from provenance.studio.finding import Match, StampFinder
from provenance.studio.fingerprints import keeps_fingerprints
from provenance.studio.studio import Studio

# A stranger's small file may say that it holds very many; decoded, these take 128 MB. A JPEG counts as it is decoded.
MAX_PIXELS: Final = 32 * 1024 * 1024
_LABEL: Final = re.compile(r"[!-~]{1,128}")


@dataclass(frozen=True, slots=True)
class ManifestMatch:
    """A manifest that may be that of a picture.

    Attributes:
        label: of the active manifest of its store.
        score: in how many of a hundred parts the pictures are alike; 100 also for the very same one.
    """

    label: str
    score: int


def check_may_hand_out(studio: Studio) -> None:
    """Check that a studio has what others could ask for.

    Raises:
        MissingExtraError: what compares fingerprints is not installed.
        RefusedError: the studio keeps no fingerprints (`fingerprints-none`).
    """
    if not keeps_fingerprints(studio):
        raise RefusedError(
            "this studio keeps no fingerprints, so that nothing can be found by what it looks like",
            code="fingerprints-none",
            hint="keep them first, and say so in your notice: provenance studio fingerprints keep",
        )
    check_installed()


def keep_manifest(studio: Studio, key: bytes, store: bytes) -> None:
    """Keep the manifest store that was just signed, if fingerprints of the stamp are kept; the first one stays.

    The fingerprints are what was asked for and can be erased: nothing is kept that would outlive them.

    Args:
        studio: it.
        key: of the stamp.
        store: as it lies in the picture.

    Raises:
        InputError: it is no manifest store.
        StudioError: the database cannot be used.
    """
    label = read_store(store).manifests[-1].label
    database = studio.database
    with database.transaction():
        # Held from here on, so that no fingerprint is destroyed between the question and the row.
        database.head()
        row = database.find_stamp(key)
        if row is None or _LABEL.fullmatch(label) is None or not database.fingerprints_of(row.entry_index):
            return
        if database.manifest_of(row.entry_index) is None:
            database.add_manifest(ManifestRow(row.entry_index, label, store))


class ManifestFinder:
    """Finds manifests of one studio, as they were when it was first asked; needs no keys.

    What was revoked is not found, and what was erased is not there.
    """

    def __init__(self, studio: Studio) -> None:
        self._database = studio.database
        self._stamps = StampFinder(studio, max_pixels=MAX_PIXELS)

    def by_content(self, data: bytes, *, most: int) -> list[ManifestMatch]:
        """Return the manifests of the pictures that a picture file is, or looks like, the likest first.

        Raises:
            InputError: it is no picture, or cannot be decoded.
            MissingExtraError: fingerprints are kept, and what compares them is not installed.
        """
        return self._take(self._stamps.find(data).matches, most)

    def by_fingerprints(self, asked: Iterable[Fingerprint], *, most: int) -> list[ManifestMatch]:
        """Return the manifests of the pictures that have a fingerprint like one of these, the likest first.

        Raises:
            MissingExtraError: fingerprints are kept, and what compares them is not installed.
        """
        return self._take(self._stamps.find_like(asked).matches, most)

    def read(self, label: str) -> bytes | None:
        """Return the manifest store whose active manifest has this label; None where it is not to be had."""
        row = None if _LABEL.fullmatch(label) is None else self._database.find_manifest(label)
        stamp = None if row is None else self._database.find_stamp_by_entry(row.entry_index)
        return None if row is None or stamp is None or stamp.revoked_by is not None else row.store

    def _take(self, matches: Iterable[Match], most: int) -> list[ManifestMatch]:
        standing = (match for match in matches if match.stamp.revoked_by is None)
        kept = ((match, self._database.manifest_of(match.stamp.entry_index)) for match in standing)
        found = (ManifestMatch(row.label, _score(match)) for match, row in kept if row is not None)
        return list(islice(found, most))


def _score(match: Match) -> int:
    bits = CODE_BYTES * 8
    return 100 if match.likeness is None else 100 * (bits - match.likeness.distance) // bits
