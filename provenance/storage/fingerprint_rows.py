"""Reading and writing the fingerprints of stamped pictures, and the manifests that are kept beside them.

The first are personal data, kept where a studio asked for it only; the second go wherever these go.
"""

from collections.abc import Sequence

from provenance.storage.driver import Driver, Row
from provenance.storage.interface import FingerprintRow, ManifestRow

_KEPT = "SELECT s.entry_idx, f.part, f.code FROM fingerprint f JOIN stamp s ON s.id = f.stamp_id"
_MANIFEST = "SELECT s.entry_idx, m.label, m.store FROM manifest m JOIN stamp s ON s.id = m.stamp_id"
_IN_ORDER = " ORDER BY f.stamp_id, f.part"
# A picture that was stamped more than once shows the same people each time, whoever consented to which stamp.
_SHOWING = (
    "stamp_id IN (SELECT o.id FROM stamp o JOIN stamp s ON s.picture_digest = o.picture_digest "
    "JOIN stamp_subject p ON p.stamp_id = s.id WHERE p.record_id = ?)"
)


class FingerprintRows:
    """The fingerprints and manifests in one database; within a transaction of it, or each statement by itself."""

    _driver: Driver

    def add_fingerprints(self, rows: Sequence[FingerprintRow]) -> None:
        """Keep fingerprints of stamps, each part of a picture once a stamp."""
        for row in rows:
            self._driver.execute(
                "INSERT INTO fingerprint (stamp_id, part, code) SELECT id, ?, ? FROM stamp WHERE entry_idx = ?",
                (row.part, row.code, row.entry_index),
            )

    def fingerprint_columns(self) -> tuple[list[int], list[str], bytes]:
        """Return entry indexes, parts and joined codes of every fingerprint: of a million, in about a second."""
        rows = self._driver.all(_KEPT)
        return [row[0] for row in rows], [row[1] for row in rows], b"".join([row[2] for row in rows])

    def fingerprints_of(self, entry_index: int) -> list[FingerprintRow]:
        """Return the fingerprints of the stamp that an entry of the log covers."""
        return [
            FingerprintRow(*row)
            for row in self._driver.all(f"{_KEPT} WHERE s.entry_idx = ?{_IN_ORDER}", (entry_index,))
        ]

    def fingerprints_showing(self, record_id: str) -> list[FingerprintRow]:
        """Return the fingerprints of every picture that was ever stamped under a consent."""
        rows = self._driver.all(f"{_KEPT} WHERE f.{_SHOWING}{_IN_ORDER}", (record_id,))
        return [FingerprintRow(*row) for row in rows]

    def codes_elsewhere(self, record_id: str) -> set[bytes]:
        """Return those codes of such pictures that others have, too, and that stay when these are removed."""
        rows = self._driver.all(
            f"SELECT code FROM fingerprint WHERE {_SHOWING} "  # noqa: S608 written above
            f"INTERSECT SELECT code FROM fingerprint WHERE NOT ({_SHOWING})",
            (record_id, record_id),
        )
        return {bytes(row[0]) for row in rows}

    def count_fingerprints(self) -> int:
        """Return how many fingerprints there are."""
        row = self._driver.one("SELECT count(*) FROM fingerprint")
        return int(row[0]) if row else 0

    def remove_fingerprints(self, record_id: str) -> None:
        """Destroy what is kept of every picture that was ever stamped under a consent, whoever else is shown."""
        self._driver.execute(f"DELETE FROM manifest WHERE {_SHOWING}", (record_id,))  # noqa: S608 written above
        self._driver.execute(f"DELETE FROM fingerprint WHERE {_SHOWING}", (record_id,))  # noqa: S608 likewise

    def remove_all_fingerprints(self) -> None:
        """Destroy every fingerprint and every manifest."""
        self._driver.execute("DELETE FROM manifest")
        self._driver.execute("DELETE FROM fingerprint")

    # --- manifests

    def add_manifest(self, row: ManifestRow) -> None:
        """Keep the manifest store of a stamp, one a stamp."""
        self._driver.execute(
            "INSERT INTO manifest (stamp_id, label, store) SELECT id, ?, ? FROM stamp WHERE entry_idx = ?",
            (row.label, row.store, row.entry_index),
        )

    def find_manifest(self, label: str) -> ManifestRow | None:
        """Return the manifest store whose active manifest has this label."""
        row = self._driver.one(f"{_MANIFEST} WHERE m.label = ?", (label,))
        return None if row is None else _manifest(row)

    def manifest_of(self, entry_index: int) -> ManifestRow | None:
        """Return the manifest store of the stamp that an entry of the log covers."""
        row = self._driver.one(f"{_MANIFEST} WHERE s.entry_idx = ?", (entry_index,))
        return None if row is None else _manifest(row)

    def manifests_showing(self, record_id: str) -> list[str]:
        """Return the labels of the manifests of every picture that was ever stamped under a consent."""
        rows = self._driver.all(
            f"SELECT label FROM manifest WHERE {_SHOWING} ORDER BY stamp_id",  # noqa: S608 written above
            (record_id,),
        )
        return [row[0] for row in rows]


def _manifest(row: Row) -> ManifestRow:
    return ManifestRow(row[0], row[1], bytes(row[2]))
