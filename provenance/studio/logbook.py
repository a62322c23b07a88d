"""What a studio does with its ledger beyond appending: publish, recover, have it witnessed and dated, change keys."""

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography import x509

from provenance import durable, pki
from provenance.canonical import Json
from provenance.checkpoint import LogKey
from provenance.clock import to_seconds
from provenance.errors import CorruptLedgerError, LedgerError, RolledBackError
from provenance.ledger.anchoring import AnchorReport, anchored, complete_anchors, request_anchor
from provenance.ledger.audit import AuditReport, audit
from provenance.ledger.cosigning import Asked, ask_witnesses
from provenance.ledger.places import open_destination, open_source
from provenance.ledger.publishing import Published, publish
from provenance.ledger.rebuild import RebuildReport, rebuild
from provenance.ledger.recovering import Recovered, recover
from provenance.note import NoteKey, parse_note
from provenance.policy import MAX_POLICY_BYTES, Policy, VerifiedCheckpoint, parse_policy
from provenance.studio.studio import Studio, UnlockedStudio
from provenance.studio.watch import EVIDENCE_FOLDER, LEDGER_FOLDER

POLICY_FILE = "policy"
MAX_ROOTS_BYTES = 1024 * 1024

Progress = Callable[[int, int], None]


class Logbook:
    """The ledger of one studio, as its keeper sees it."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._database = studio.database

    def audit(self, *, exports: Sequence[Path] = (), progress: Progress | None = None) -> AuditReport:
        """Recompute the whole ledger from its entries, and compare it with everything stored, noted and published.

        The folders of this machine that it was published to are compared, too.

        Args:
            exports: further folders in the layout of c2sp.org/tlog-tiles.
            progress: is told how many entries are done, and of how many.

        Raises:
            CorruptLedgerError: something contradicts the entries.
            RolledBackError: the ledger is older than what it signed, or was halted for what others hold against it.
            ProvenanceError: a mark, a policy or what remembers the folders cannot be read.
        """
        watch = self._studio.watch
        watch.check_not_halted()
        given = {folder.resolve() for folder in exports}
        published = {folder for folder in watch.published_folders() if folder not in given and _is_published(folder)}
        with self._database.snapshot():
            keys = self._studio.ledger.log_keys()
            if not keys or keys[0].key != self._studio.log_key:
                raise CorruptLedgerError("log keys: expected the key in provenance.toml first, got another")
            return audit(
                self._database,
                keys=keys,
                exports=sorted({*exports, *published}),
                high_water=watch.note(),
                verify_cosignature=self._verify_cosignature(),
                progress=progress,
            )

    def vanished(self) -> list[Path]:
        """Return the folders of this machine that the ledger was published to, and that hold no checkpoint any more.

        Raises:
            InputError: what remembers them cannot be read.
        """
        return [folder for folder in self._studio.watch.published_folders() if not _is_published(folder)]

    def rebuild(self) -> RebuildReport:
        """Write anew what derives from the entries, as far as it does not follow from them.

        Raises:
            CorruptLedgerError: the entries themselves are not what was signed; nothing was changed.
        """
        known = self._studio.ledger.log_keys()
        # Which key is which, and from where on, is among what is derived; the first one is written in the settings.
        return rebuild(self._database, keys=[self._studio.log_key, *(key.key for key in known)])

    def publish(self, place: str, *, progress: Progress | None = None) -> Published:
        """Publish the newest checkpoint and what it covers, for static hosts.

        The place is remembered, so that an older copy of this studio can be told by it.

        Raises:
            RolledBackError: what is published is newer than this ledger, or contradicts it; both checkpoints are kept,
                and nothing is signed any more.
            ProvenanceError: as `provenance.ledger.publishing.publish`.
        """
        destination = open_destination(place)
        watch = self._studio.watch
        # Read before anything is written, because it could not be remembered in a file that is damaged.
        watch.published_to()
        try:
            done = publish(self._database, destination, log_keys=self._studio.ledger.log_keys(), progress=progress)
        except RolledBackError as error:
            self._halt(str(error), error.notes)
            raise
        # Only now: the checkpoint of another log, in a folder that was named by mistake, would be no mark of this one.
        watch.remember_place(place if "://" in place else str(Path(place).resolve()))
        return done

    def recover(self, place: str, *, keys: Sequence[NoteKey] = (), progress: Progress | None = None) -> Recovered:
        """Roll a restored ledger forward to what was published, so that it may sign again.

        Args:
            place: where the ledger is published.
            keys: of the log, where some came into use after the backup was made.
            progress: is told how many entries are done, and of how many.

        Raises:
            RolledBackError: what was published is older than what this ledger signed, or does not contain what was kept
                as evidence; the ledger keeps what it was rolled forward to, and still must not sign.
            ProvenanceError: as `provenance.ledger.recovering.recover`.
        """
        known: list[LogKey | NoteKey] = [*self._studio.ledger.log_keys(), *keys]
        recovered = recover(self._database, open_source(place), log_keys=known, progress=progress)
        # Also when nothing was new: a crash may have come between the entries and the keys that follow from them.
        rebuild(self._database, keys=[self._studio.log_key, *(_bare(key) for key in known)])
        note = self._database.latest_checkpoint()
        watch = self._studio.watch
        try:
            watch.check_marks()
            watch.check_evidence()
        except RolledBackError as error:
            raise RolledBackError(
                f"ledger: has {recovered.checkpoint.size} entries now, as published, which is too few: {error}",
                code="recovered-too-little",
                hint="sign nothing; find a newer copy of this studio, or a mirror of its ledger to recover from",
            ) from error
        watch.resume()
        if note is not None:
            watch.signed(recovered.checkpoint.size, note)
        return recovered

    # --- witnesses

    def policy(self) -> Policy:
        """Return whom the studio asks to cosign.

        Raises:
            LedgerError: nobody was named.
            InputError: the file is malformed.
        """
        path = self._studio.path / LEDGER_FOLDER / POLICY_FILE
        if not path.is_file():
            raise LedgerError(
                "witnesses: this studio names none",
                code="policy-missing",
                hint=f"write their lines into {LEDGER_FOLDER}/{POLICY_FILE}, as c2sp.org/tlog-policy describes",
            )
        return parse_policy(durable.read(path, max_bytes=MAX_POLICY_BYTES))

    def cosign(self) -> list[Asked]:
        """Have the newest checkpoint cosigned, and return what each witness of the policy answered.

        Raises:
            RolledBackError: a witness holds a checkpoint of this ledger that it does not contain; both are kept, and
                nothing is signed any more.
            LedgerError: nobody is to be asked, or there is no checkpoint.
        """
        ledger = self._studio.ledger
        answers = ask_witnesses(self._database, ledger, self.policy())
        for answer in answers:
            if answer.held is not None:
                reason = f"the witness {answer.witness.name} holds a checkpoint that this ledger does not contain"
                self._halt(reason, (ledger.checkpoint(), answer.held))
                raise RolledBackError(
                    f"witness {answer.witness.name}: {answer.error}",
                    code="witness-contradiction",
                    hint=f"both checkpoints are kept in {LEDGER_FOLDER}/{EVIDENCE_FOLDER}; nothing is signed any more",
                    notes=(ledger.checkpoint(), answer.held),
                )
        return answers

    def judge_newest(self) -> VerifiedCheckpoint:
        """Return the newest checkpoint with its witnesses, judged by the policy.

        Raises:
            VerificationError: the quorum is not met.
            LedgerError: nobody is named, or there is no checkpoint.
        """
        ledger = self._studio.ledger
        return self.policy().verify(ledger.cosigned_checkpoint(), log_keys=ledger.log_keys())

    def _verify_cosignature(self) -> Callable[[bytes, str], None] | None:
        path = self._studio.path / LEDGER_FOLDER / POLICY_FILE
        if not path.is_file():
            return None
        policy = self.policy()

        def verify(note: bytes, line: str) -> None:
            signed = parse_note(note + line.encode())
            for witness in policy.witnesses:
                if signed.signatures_of(witness.key):
                    witness.key.verify(signed)

        return verify

    def _halt(self, reason: str, notes: Sequence[bytes]) -> None:
        """Keep both signed checkpoints, then sign nothing more."""
        document: Json = {
            "v": 1,
            "at": to_seconds(self._studio.clock.now()),
            "reason": reason,
            "checkpoints": [note.decode(errors="replace") for note in notes],
        }
        self._studio.watch.halt(reason, document, name=secrets.token_hex(8))


class KeyedLogbook(Logbook):
    """The same with the studio's keys at hand, for what appends entries."""

    def __init__(self, unlocked: UnlockedStudio) -> None:
        super().__init__(unlocked.studio)
        self._unlocked = unlocked

    def anchor(self, *, tsa: str, roots: Sequence[x509.Certificate]) -> AnchorReport:
        """Have the newest checkpoint dated, and those that still wait; log each that was.

        Args:
            tsa: address of the time-stamp authority.
            roots: certificates to verify its tokens with; without any, a time is only claimed.

        Raises:
            LedgerError: there is no checkpoint, or the ledger cannot be appended to.
        """
        request_anchor(self._database, tsa)
        report = complete_anchors(self._database, roots=roots)
        # Of all, not only of the new ones: a crash may have come between a token and its entry.
        done = anchored(self._database, roots=())
        if done:
            self._unlocked.ledger.append([(one.entry_id, one.entry) for one in done])
        return report


def read_roots(path: Path) -> list[x509.Certificate]:
    """Return the certificates in a file that are trusted for time-stamps.

    Raises:
        InputError: there are none in it.
    """
    return pki.parse_certificates(durable.read(path, max_bytes=MAX_ROOTS_BYTES), place=path.name)


def _is_published(folder: Path) -> bool:
    return (folder / "checkpoint").exists()


def _bare(key: LogKey | NoteKey) -> NoteKey:
    return key.key if isinstance(key, LogKey) else key
