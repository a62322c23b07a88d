"""What keeps a studio's ledger from signing again after a restored backup: marks that lie outside of the database.

Three are asked before the first signature: the high-water mark beside the database, the checkpoints that were published
to folders of this machine, and whether the ledger was halted for what a witness or a published log holds against it.
"""

import contextlib
from pathlib import Path

from provenance import durable
from provenance.canonical import Json, canonical_bytes, parse_object
from provenance.errors import InputError, LedgerError, RolledBackError
from provenance.ledger import Ledger
from provenance.ledger.highwater import HighWater, check_not_rolled_back
from provenance.storage.database import Database

LEDGER_FOLDER = "ledger"
EVIDENCE_FOLDER = "evidence"

_HIGH_WATER = "high-water"
_HALTED = "halted"
_PUBLISHED = "published.json"
_CHECKPOINT = "checkpoint"
_MAX_BYTES = 1024 * 1024


class StudioWatch:
    """The marks of one studio's ledger."""

    def __init__(self, studio_path: Path, database: Database, ledger: Ledger) -> None:
        self._folder = studio_path / LEDGER_FOLDER
        self._database = database
        self._ledger = ledger
        self._high_water: HighWater | None = None

    def check(self) -> None:
        """Refuse a ledger that is older than what it signed, as far as this machine knows.

        Raises:
            RolledBackError: it is, or it was halted.
            LedgerError: a mark cannot be read, or is no mark of this ledger.
            InputError: a file of the studio's folder `ledger` cannot be read.
        """
        self.check_not_halted()
        self.check_marks()

    def check_not_halted(self) -> None:
        """Refuse a ledger for which there is evidence that it was rolled back or has two histories.

        Raises:
            RolledBackError: there is.
            InputError: whether there is cannot be read.
        """
        data = self._read(_HALTED)
        if data is not None:
            reason = data.decode(errors="replace").strip()
            raise RolledBackError(f"ledger: signs no more: {reason}", code="ledger-halted", hint=self._how_to_recover())

    def check_marks(self) -> None:
        """Refuse a ledger that is older than a mark, whether it was halted or not.

        Raises:
            RolledBackError: it is.
            LedgerError: a mark cannot be read, or is no mark of this ledger.
            InputError: a file of the studio's folder `ledger` cannot be read.
        """
        note = self._mark().note()
        if note is not None:
            self._check_mark(note, f"{LEDGER_FOLDER}/{_HIGH_WATER}", f"remove {LEDGER_FOLDER}/{_HIGH_WATER}")
        for folder in self.published_folders():
            forget = f"take its folder out of {LEDGER_FOLDER}/{_PUBLISHED}"
            if (folder / _CHECKPOINT).exists():
                note = durable.read(folder / _CHECKPOINT, max_bytes=_MAX_BYTES)
                self._check_mark(note, f"checkpoint published in {folder.name}", forget)

    def check_evidence(self) -> None:
        """Refuse a ledger that does not contain every checkpoint that was kept as evidence against it.

        Raises:
            RolledBackError: it does not contain one.
            LedgerError: one cannot be used.
            InputError: one cannot be read.
        """
        folder = self._folder / EVIDENCE_FOLDER
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            place = f"{LEDGER_FOLDER}/{EVIDENCE_FOLDER}/{path.name}"
            notes = parse_object(durable.read(path, max_bytes=_MAX_BYTES), place=place).get("checkpoints")
            if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
                raise InputError(f"{place}: expected a list of checkpoints")
            # The first is what this ledger had then; the others are what was held against it.
            for note in notes[1:]:
                self._check_mark(str(note).encode(), place, "move it away")

    def note(self) -> bytes | None:
        """Return the high-water mark: the newest checkpoint that this machine saw signed.

        Raises:
            LedgerError: it cannot be read.
        """
        return self._mark().note()

    def signed(self, size: int, note: bytes) -> None:
        """Raise the high-water mark; one that cannot be raised stays true, and is enough to refuse an older ledger."""
        with contextlib.suppress(LedgerError, OSError):
            self._make_folder()
            self._mark().raise_to(size, note)

    def halt(self, reason: str, document: Json, *, name: str) -> None:
        """Keep evidence under a name, then let the ledger sign nothing more, whatever its database says.

        Raises:
            OSError: the disk refused.
        """
        self._make_folder()
        (self._folder / EVIDENCE_FOLDER).mkdir(mode=0o700, exist_ok=True)
        evidence = self._folder / EVIDENCE_FOLDER / f"{name}.json"
        durable.create(evidence, canonical_bytes(document), mode=durable.PRIVATE)
        durable.replace(self._folder / _HALTED, f"{reason}\n".encode(), mode=durable.PRIVATE)

    def resume(self) -> None:
        """Take a halt back, after the ledger was seen to contain the evidence."""
        (self._folder / _HALTED).unlink(missing_ok=True)

    def published_to(self) -> list[str]:
        """Return where the ledger was published, in order: absolute paths of folders, and addresses.

        Raises:
            InputError: what remembers it cannot be read.
        """
        data = self._read(_PUBLISHED)
        places = [] if data is None else parse_object(data, place=f"{LEDGER_FOLDER}/{_PUBLISHED}").get("places")
        if not isinstance(places, list) or not all(isinstance(place, str) for place in places):
            raise InputError(f"{LEDGER_FOLDER}/{_PUBLISHED}: expected a list of places")
        return [str(place) for place in places]

    def published_folders(self) -> list[Path]:
        """Return the folders of this machine among them, whether they are still there or not.

        Raises:
            InputError: what remembers them cannot be read.
        """
        return [Path(place) for place in self.published_to() if "://" not in place]

    def remember_place(self, place: str) -> None:
        """Remember that the ledger is published at a place.

        Raises:
            InputError: what remembers it cannot be read.
            OSError: the disk refused.
        """
        places = self.published_to()
        if place not in places:
            self._make_folder()
            durable.replace(
                self._folder / _PUBLISHED, canonical_bytes({"places": [*places, place]}), mode=durable.PRIVATE
            )

    def close(self) -> None:
        """Close the mark."""
        if self._high_water is not None:
            self._high_water.close()
            self._high_water = None

    def _check_mark(self, note: bytes, place: str, forget: str) -> None:
        keys = self._ledger.log_keys()
        try:
            check_not_rolled_back(self._database, note, keys=keys, place=place)
        except RolledBackError as error:
            raise RolledBackError(str(error), code=error.code, hint=self._how_to_recover()) from error
        except LedgerError as error:
            if error.code != "high-water-unusable":
                raise
            hint = f"if you know that this studio is the newest there is, {forget}"
            raise LedgerError(str(error), code=error.code, hint=hint) from error

    def _how_to_recover(self) -> str:
        try:
            place = next(iter(self.published_to()), "PLACE")
        except InputError:
            place = "PLACE"
        return (
            f"this looks like an older copy of the studio: sign nothing with it; provenance ledger recover {place} "
            "brings back what was published (docs/guides/ledger.md)"
        )

    def _read(self, name: str) -> bytes | None:
        """Return a file of the folder, or None if there is none; one that cannot be read is no missing one."""
        path = self._folder / name
        if not path.exists():
            return None
        try:
            return durable.read(path, max_bytes=_MAX_BYTES)
        except InputError as error:
            raise InputError(f"{LEDGER_FOLDER}/{error}", code=error.code, hint=error.hint) from error

    def _make_folder(self) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)

    def _mark(self) -> HighWater:
        if self._high_water is None:
            self._high_water = HighWater(self._folder / _HIGH_WATER)
        return self._high_water
