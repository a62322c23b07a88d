"""A store that holds checkpoints and anchors in memory, and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from provenance.storage.interface import AnchorRow


class AnchorStore:
    """The part of a `LedgerStore` that anchoring uses.

    Attributes:
        notes: the signed checkpoints, the newest last.
        inside: whether a transaction is open.
    """

    def __init__(self) -> None:
        self.notes: list[bytes] = []
        self.inside = False
        self._rows: list[AnchorRow] = []

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Begin; undo everything if the block raises."""
        before, self.inside = list(self._rows), True
        try:
            yield
        except BaseException:
            self._rows = before
            raise
        finally:
            self.inside = False

    def latest_checkpoint(self) -> bytes | None:
        """Return the newest signed checkpoint."""
        return self.notes[-1] if self.notes else None

    def add_anchor(self, note: bytes, tsa: str) -> int:
        """Keep a checkpoint that is to be dated, and return the row's id."""
        assert self.inside
        self._rows.append(AnchorRow(len(self._rows) + 1, note, tsa, None))
        return len(self._rows)

    def set_anchor_token(self, anchor_id: int, token: bytes) -> None:
        """Keep the token of a checkpoint that was dated."""
        assert self.inside
        self._rows[anchor_id - 1] = replace(self._rows[anchor_id - 1], token=token)

    def anchors(self) -> list[AnchorRow]:
        """Return every anchor, the oldest first."""
        return list(self._rows)
