"""Searching fingerprints: which of very many are alike, by the bits in which they differ.

Every one is looked at, a million in some milliseconds, so that nothing is missed and there is no structure to keep.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from provenance.recovery.fingerprints import CODE_BYTES, Crop, Fingerprint, check_installed

# In how many of 256 bits two fingerprints of the same picture differ at most: docs/reference/recovery.md has the curve.
ALIKE: Final = 48

# The first 64 bits tell of the coarsest shapes, and are compared first: of these, at most this many may differ.
COARSE: Final = 16
_WORDS: Final = CODE_BYTES // 8


@dataclass(frozen=True, slots=True)
class Resemblance:
    """A kept fingerprint that is like one that was asked for; a lead, and no proof.

    Attributes:
        key: what the fingerprint was kept under.
        kept: the part of the kept picture that is alike.
        asked: the part of the other picture.
        distance: in how many of 256 bits they differ; 0 to `ALIKE`.
    """

    key: int
    kept: Crop
    asked: Crop
    distance: int


class FingerprintIndex:
    """Fingerprints in memory, 32 bytes each and their keys; never changed once made."""

    def __init__(self, kept: Iterable[tuple[int, Fingerprint]]) -> None:
        """Take the fingerprints, each with a key; several may have the same.

        Raises:
            MissingExtraError: the extra is not installed.
            ValueError: a code is not of 32 bytes.
        """
        found = list(kept)
        if any(len(fingerprint.code) != CODE_BYTES for _, fingerprint in found):
            raise ValueError(f"code: expected {CODE_BYTES} bytes")
        crops = [fingerprint.crop.value for _, fingerprint in found]
        self._take([key for key, _ in found], crops, b"".join(fingerprint.code for _, fingerprint in found))

    @classmethod
    def from_columns(cls, keys: Sequence[int], crops: Sequence[str], codes: bytes) -> "FingerprintIndex":
        """Return an index of fingerprints whose keys, words of their crops, and joined codes are given in one order.

        This is the quick way where there are many.

        Raises:
            MissingExtraError: the extra is not installed.
            ValueError: there is not one code of 32 bytes and one crop for each key.
        """
        if not len(keys) * CODE_BYTES == len(crops) * CODE_BYTES == len(codes):
            raise ValueError(f"codes: expected one of {CODE_BYTES} bytes for each of {len(keys)} keys")
        index = cls.__new__(cls)
        index._take(keys, crops, codes)
        return index

    def _take(self, keys: Sequence[int], crops: Sequence[str], codes: bytes) -> None:
        check_installed()
        import numpy as np

        self._keys, self._crops = keys, crops
        words = np.frombuffer(codes, dtype=np.uint64)
        # Word by word, so that the first pass reads the first words only.
        self._words = np.ascontiguousarray(words.reshape(-1, _WORDS).T)

    def __len__(self) -> int:
        return len(self._keys)

    def search(self, asked: Iterable[Fingerprint]) -> list[Resemblance]:
        """Return what is like one of the fingerprints: for each key the nearest, in the order of distance, then key."""
        import numpy as np

        nearest: dict[int, Resemblance] = {}
        for fingerprint in asked:
            words = np.frombuffer(fingerprint.code, dtype=np.uint64)
            coarse = np.flatnonzero(np.bitwise_count(self._words[0] ^ words[0]) <= COARSE)
            differing = np.bitwise_count(self._words[:, coarse] ^ words[:, None]).sum(axis=0, dtype=np.int64)
            for position in np.flatnonzero(differing <= ALIKE).tolist():
                place = int(coarse[position])
                found = Resemblance(
                    self._keys[place], Crop(self._crops[place]), fingerprint.crop, int(differing[position])
                )
                known = nearest.get(found.key)
                if known is None or found.distance < known.distance:
                    nearest[found.key] = found
        return sorted(nearest.values(), key=lambda found: (found.distance, found.key))
