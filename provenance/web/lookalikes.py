"""Asking a studio for the manifests of pictures, in the name of strangers: as it is now, and some at a time only."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from provenance.recovery.fingerprints import Fingerprint
from provenance.studio.manifests import ManifestFinder, ManifestMatch
from provenance.studio.studio import Studio

# Pictures that are decoded and looked for at a time; more would only take memory.
AT_A_TIME: Final = 2


@dataclass(frozen=True, slots=True)
class Lookalikes:
    """Finds manifests for whoever asks.

    Attributes:
        studio: the folder of the studio whose manifests they are.
    """

    studio: Path
    _room: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(AT_A_TIME))

    def by_content(self, data: bytes, *, most: int) -> Sequence[ManifestMatch]:
        """Return the manifests of the pictures that a picture file is, or looks like; nothing of it is kept.

        Raises:
            InputError: it is no picture, or cannot be decoded.
            StudioError: the studio cannot be opened.
        """
        with self._finder() as finder:
            return finder.by_content(data, most=most)

    def by_fingerprints(self, asked: Sequence[Fingerprint], *, most: int) -> Sequence[ManifestMatch]:
        """Return the manifests of the pictures that have a fingerprint like one of these.

        Raises:
            StudioError: the studio cannot be opened.
        """
        with self._finder() as finder:
            return finder.by_fingerprints(asked, most=most)

    def read(self, label: str) -> bytes | None:
        """Return a manifest store by the label of its active manifest; None where it is not to be had.

        Raises:
            StudioError: the studio cannot be opened.
        """
        with self._finder() as finder:
            return finder.read(label)

    @contextmanager
    def _finder(self) -> Iterator[ManifestFinder]:
        # Opened anew each time: what was erased or revoked a moment ago is handed out no more.
        with self._room, closing(Studio(self.studio)) as studio, studio.database.snapshot():
            yield ManifestFinder(studio)
