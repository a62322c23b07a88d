"""Erasing a consent: what was sealed for it is destroyed, and then looked for in the bytes of the database.

The rows go in one transaction with the signed event and its entries; the bytes that they leave in the files go after
it. A crash between the two is mended by running it again.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from provenance import durable
from provenance.consent.events import ConsentEvent, make_event
from provenance.entries import RANDOMNESS_BYTES, TAG_ERASURE, ErasureEntry, commit
from provenance.errors import CorruptLedgerError, ProvenanceError, VaultError
from provenance.storage.interface import Needle, Searched
from provenance.storage.remains import read_copy, slices
from provenance.studio.consents import ConsentDesk
from provenance.studio.reading import DISCLOSURES, RECORD_KEY, SCAN, Erasure, Recorded, event_data, is_personal
from provenance.studio.studio import DATABASE_FILE, RECEIPTS_FOLDER
from provenance.vault import DataKey

ErasureOutcome = Literal["erased", "already-erased", "would-erase"]

# A shorter word says nobody's name, and is met by chance in any file; one of less than twelve may be, within base64.
_SHORTEST_WORD_BYTES = 4
_CERTAIN_WORD_BYTES = 12
# What repeats itself, as empty paper in a drawing does, stands in many files.
_DIFFERENT_BYTES = 8
_ERASURE = "erasure-"


@dataclass(frozen=True, slots=True)
class Destroyed:
    """What an erasure destroys.

    Attributes:
        fields: names of the personal data, where they can still be opened.
        disclosures: whether there are personal data of the subject.
        scan: whether there is a scanned form.
        recipients: how many names of recipients there are.
        notes: how many sealed notes there are of stamps.
        fingerprints: how many there are of parts of the pictures that were stamped.
        manifests: how many manifests are kept of these.
        secrets: how many other sealed data there are: record key, withdrawal secret, randomness.
        data_key: whether the data key goes.
        receipts: names of the files in the studio's folder of receipts.
    """

    fields: tuple[str, ...] = ()
    disclosures: bool = False
    scan: bool = False
    recipients: int = 0
    notes: int = 0
    fingerprints: int = 0
    manifests: int = 0
    secrets: int = 0
    data_key: bool = False
    receipts: tuple[str, ...] = ()

    @property
    def rows(self) -> bool:
        """Whether anything in the database is among it."""
        counted = self.recipients + self.notes + self.fingerprints + self.manifests + self.secrets
        return self.disclosures or self.scan or self.data_key or counted > 0


@dataclass(frozen=True, slots=True)
class Proof:
    """What was looked for in the files of the database, after all was destroyed.

    Attributes:
        complete: whether the database was written anew, and nobody held on to its log.
        sought: how many pieces of what was destroyed were looked for; none where nobody knows them any more.
        left_out: fields that were not looked for: shorter than 4 bytes, or a word that the studio publishes anyway.
        searched: what was found; None where the files are a server's, or nothing was looked for.
        copies: names of older copies beside the database that still hold what was destroyed.
    """

    complete: bool
    sought: int
    left_out: tuple[str, ...]
    searched: Searched | None
    copies: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing is left, as far as this machine can tell."""
        return self.complete and not self.copies and (self.searched is None or not self.searched.found)


@dataclass(frozen=True, slots=True)
class ErasureReport:
    """What became of an erasure.

    Attributes:
        outcome: see `ErasureOutcome`.
        full: whether everything that was sealed was meant, and not only the personal data.
        erasure: what was erased, and when; None before.
        destroyed: what was, or would be, destroyed now.
        entries: places of the event's entry and of the erasure's; None where none was made.
        proof: None where nothing was done.
    """

    outcome: ErasureOutcome
    full: bool
    erasure: Erasure | None
    destroyed: Destroyed
    entries: tuple[int, int] | None = None
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class _Sought:
    needles: tuple[Needle, ...] = ()
    left_out: tuple[str, ...] = ()


class ErasureDesk(ConsentDesk):
    """Erases the consents of a studio."""

    def preview(self, recorded: Recorded, *, full: bool) -> ErasureReport:
        """Return what `erase` would destroy; nothing is changed."""
        erasure, destroyed = self.erasure(recorded), self._find_all(recorded, full=full)
        nothing = erasure is not None and not destroyed.rows and not destroyed.receipts
        return ErasureReport("already-erased" if nothing else "would-erase", full, erasure, destroyed)

    def erase(self, recorded: Recorded, *, full: bool) -> ErasureReport:
        """Destroy the personal data of a consent, and look whether a byte of them is left.

        Signatures, proofs, stamps and handles stay what they are. Run again, it finishes what was interrupted.

        Args:
            recorded: the consent.
            full: destroy its data key, too, with everything that was sealed for it, and the receipts that the studio
                keeps in its folder; without it, whatever is no personal datum stays.

        Raises:
            VaultError: the studio's keys are locked, or the data key was destroyed otherwise.
            StudioError: the database cannot be used, or a receipt not be removed; running it again goes on.
        """
        unlocked = self._keys()
        entries, sought = None, _Sought()
        with self._database.transaction():
            # Held from here on, so that nothing more is sealed for it meanwhile.
            self._database.head()
            current = self.by_record_id(recorded.record.record_id)
            destroyed = self._find_all(current, full=full)
            if destroyed.rows or self.erasure(current) is None:
                sought = self._find_bytes(current, full=full)
                event = make_event(
                    current.record,
                    "erased",
                    scopes=None,
                    proof="studio",
                    previous=current.history[-1],
                    controller_key=unlocked.controller_key,
                    now=self._now(current),
                )
                self._remove(current.record.record_id, full=full)
                entries = self._log(current, event)
        after = self.by_record_id(recorded.record.record_id)
        self._remove_receipts(destroyed.receipts)
        done = entries is not None or bool(destroyed.receipts)
        return ErasureReport(
            "erased" if done else "already-erased",
            full,
            self.erasure(after),
            destroyed,
            entries,
            self._prove(after, sought),
        )

    def prove_erasure(self, recorded: Recorded, event: ConsentEvent) -> tuple[bytes, str]:
        """Return the entry of an erasure, and a tlog-proof of it whose extra data open its commitment to the event.

        Raises:
            VaultError: the studio's keys are locked, or this is no erasure that was logged.
        """
        number = next(number for number, known in enumerate(recorded.history, 1) if known.digest == event.digest)
        name = f"{_ERASURE}{number}"
        sealed = self._database.sealed(recorded.record.record_id, name)
        if sealed is None:
            raise VaultError(f"vault: event {number} of this consent is no erasure that was logged", code="not-erased")
        randomness = self._keys().master_key.open_note(sealed, f"{recorded.record.record_id}/{name}")
        index = recorded.events[number - 1][1] + 1
        entry = self._database.entry(index)
        if entry is None:
            raise CorruptLedgerError(f"entry {index}: missing, although an erasure refers to it")
        return entry.body, self._studio.ledger.prove(index, extra=randomness).to_text()

    # --- within

    def _find_all(self, current: Recorded, *, full: bool) -> Destroyed:
        record_id = current.record.record_id
        names = self._doomed(record_id, full=full)
        # Once everything went, what was sealed since is randomness of later events, under a key that is new.
        receipts = tuple(sorted(self._receipts(current.code))) if full else ()
        recipients = sum(name not in (DISCLOSURES, SCAN) and is_personal(name) for name in names)
        stamps = self._database.find_stamps_under(record_id)
        return Destroyed(
            fields=tuple(self._open_data(current)) if DISCLOSURES in names else (),
            disclosures=DISCLOSURES in names,
            scan=SCAN in names,
            recipients=recipients,
            notes=sum(stamp.note is not None for stamp in stamps),
            fingerprints=len(self._database.fingerprints_showing(record_id)),
            manifests=len(self._database.manifests_showing(record_id)),
            secrets=sum(not is_personal(name) for name in names),
            data_key=full and RECORD_KEY in names,
            receipts=receipts,
        )

    def _doomed(self, record_id: str, *, full: bool) -> list[str]:
        """Return the names of the sealed data that go."""
        names = self._database.sealed_names(record_id)
        if full and RECORD_KEY in names:
            return [name for name in names if not name.startswith(_ERASURE)]
        return [name for name in names if is_personal(name)]

    def _open_data(self, current: Recorded) -> dict[str, str]:
        """Return the personal data of the subject, or nothing where they cannot be opened; they go all the same."""
        try:
            return self.disclosures(current)
        except ProvenanceError:
            return {}

    def _find_bytes(self, current: Recorded, *, full: bool) -> _Sought:
        """Return what must not lie in the files afterwards: parts of every ciphertext, and every datum as text."""
        record_id = current.record.record_id
        sealed = [self._database.sealed(record_id, name) for name in self._doomed(record_id, full=full)]
        sealed += [stamp.note for stamp in self._database.find_stamps_under(record_id)]
        if full and RECORD_KEY in self._database.sealed_names(record_id):
            sealed.append(self._database.wrapped_key(record_id))
        needles = [Needle(part) for data in sealed if data is not None for part in slices(data)]
        # One is never spread over pages. Somebody else's picture may have the same, and it stays.
        elsewhere = self._database.codes_elsewhere(record_id)
        codes = [row.code for row in self._database.fingerprints_showing(record_id) if row.code not in elsewhere]
        needles += [Needle(code) for code in codes if len(set(code)) >= _DIFFERENT_BYTES]
        # What else is in a manifest stands elsewhere, too: its certificates in any other, its entry in the ledger.
        needles += [Needle(label.encode()) for label in self._database.manifests_showing(record_id)]
        left_out = []
        public = self._public(current)
        for name, value in self._words(current):
            data = value.encode("utf-8", "replace")
            parts = [part for part in slices(data) if part == data or len(set(part)) >= _DIFFERENT_BYTES]
            if len(data) < _SHORTEST_WORD_BYTES or data in public:
                parts = []
            if not parts:
                left_out.append(name)
            needles += [Needle(part, alone=len(part) < _CERTAIN_WORD_BYTES) for part in parts]
        return _Sought(tuple(dict.fromkeys(needles)), tuple(left_out))

    def _words(self, current: Recorded) -> list[tuple[str, str]]:
        words = list(self._open_data(current).items())
        for number, event in enumerate(current.history, 1):
            if event.type == "disclosed":
                try:
                    found = self._disclosed(current, event_data(number), event.detail.disclosed_to)
                except ProvenanceError:
                    continue
                words += [(disclosure.name, disclosure.value) for disclosure in found]
        return words

    def _public(self, current: Recorded) -> bytes:
        """Return what stands in the files openly, whoever was erased: a word of it proves nothing."""
        settings = self._studio.settings
        stamp = self._database.record_timestamp(current.record.record_id)
        tokens = [anchor.token or b"" for anchor in self._database.anchors()]
        tokens.append(b"" if stamp is None or stamp.token is None else stamp.token)
        words = (settings.name, settings.country, settings.url, settings.log_origin, settings.tsa)
        return b"\0".join([*tokens, *((word or "").encode() for word in words)])

    def _remove(self, record_id: str, *, full: bool) -> None:
        names = self._doomed(record_id, full=full)
        if full and RECORD_KEY in names:
            # What is still to be sealed, such as the randomness of a withdrawal, gets a key that opens nothing older.
            key = DataKey.generate(record_id)
            self._database.replace_wrapped_key(record_id, key.wrap(self._keys().master_key))
        self._database.remove_sealed(record_id, names)
        self._database.remove_stamp_notes(record_id)
        self._database.remove_fingerprints(record_id)

    def _log(self, current: Recorded, event: ConsentEvent) -> tuple[int, int]:
        """Log and keep the event with the entry of the erasure, whose randomness no data key seals."""
        randomness = secrets.token_bytes(RANDOMNESS_BYTES)
        entry = ErasureEntry(event.at, commit(TAG_ERASURE, randomness=randomness, digest=event.digest))
        index = self._keep_event(current, event, further=[entry])
        record_id, name = current.record.record_id, f"{_ERASURE}{len(current.events) + 1}"
        sealed = self._keys().master_key.seal_note(randomness, f"{record_id}/{name}")
        self._database.add_sealed(record_id, name, sealed)
        return index, index + 1

    def _receipts(self, code: str) -> list[str]:
        folder = self._studio.path / RECEIPTS_FOLDER
        found = [folder / f"{code}.json", *folder.glob(f"{code}-withdrawal-*.json")]
        return [path.name for path in found if path.is_file() or path.is_symlink()]

    def _remove_receipts(self, names: Sequence[str]) -> None:
        folder = self._studio.path / RECEIPTS_FOLDER
        for name in names:
            (folder / name).unlink(missing_ok=True)
        if names:
            durable.flush(folder)

    def _prove(self, after: Recorded, sought: _Sought) -> Proof:
        complete = self._database.scrub()
        searched = self._database.search_files(sought.needles) if sought.needles else None
        return Proof(complete, len(sought.needles), sought.left_out, searched, tuple(self._copies(after)))

    def _copies(self, after: Recorded) -> list[str]:
        """Return the names of older copies that hold something which the database does not hold any more."""
        record_id = after.record.record_id
        found = []
        for pattern in (f"{DATABASE_FILE}.*", f".{DATABASE_FILE}.*"):
            for path in self._studio.path.glob(pattern):
                held = read_copy(path, record_id)
                gone = held is None or any(
                    self._database.sealed(record_id, name) != data for name, data in held.items()
                )
                if path.is_file() and gone:
                    found.append(path.name)
        return sorted(found)
