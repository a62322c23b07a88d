"""Where each stamp has its place in the studio's status lists: nobody without the studio's key can tell whose it is."""

import hmac

from provenance.status_lists import LIST_STAMPS, MAX_LISTS, REFRESH_SECONDS, StatusPlace


class StatusPlaces:
    """Places by the numbers of ledger entries: every 16,384 entries have a list, each in an order that a key draws."""

    def __init__(self, key: bytes) -> None:
        """Take the key, 32 bytes; with another one, stamps would lose their places."""
        self._key = key
        self._orders: dict[int, list[int]] = {}

    def of(self, entry_index: int) -> StatusPlace | None:
        """Return the place of the stamp of an entry; None behind the last list that there can be."""
        number, within = divmod(entry_index, LIST_STAMPS)
        if number >= MAX_LISTS:
            return None
        if number not in self._orders:
            self._orders[number] = self._draw(number * LIST_STAMPS)
        return StatusPlace(number, self._orders[number][within], REFRESH_SECONDS)

    def _draw(self, start: int) -> list[int]:
        # The ranks of keyed hashes are a permutation, whatever the key.
        drawn = sorted(range(LIST_STAMPS), key=lambda n: hmac.digest(self._key, (start + n).to_bytes(8), "sha256"))
        ranks = [0] * LIST_STAMPS
        for rank, within in enumerate(drawn):
            ranks[within] = rank
        return ranks
