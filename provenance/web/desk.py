"""A studio behind the screens: opened once, and used by one request at a time."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from provenance.canonical import Json, canonical_bytes, sha256
from provenance.consent.requests import ConsentRequest
from provenance.errors import MissingExtraError
from provenance.paper import check_installed
from provenance.storage.interface import LedgerStore
from provenance.studio.consents import ConsentDesk, Recorded
from provenance.studio.studio import UnlockedStudio
from provenance.web.sitting import Camera, Sitting

# A form that is sent again, as its answer got lost, gets the same answer; these many are remembered.
MAX_REMEMBERED: Final = 1000


class KioskDesk:
    """Records what people sign; each form once, however often it arrives."""

    def __init__(self, unlocked: UnlockedStudio) -> None:
        self.studio = unlocked.studio
        self.unlocked = unlocked
        self._lock = threading.Lock()
        self._recorded: OrderedDict[str, tuple[str, bytes]] = OrderedDict()

    @property
    def name(self) -> str:
        """The name of the studio."""
        return self.studio.settings.name

    @property
    def paper(self) -> bool:
        """Whether receipts can be printed as PDF files."""
        try:
            check_installed()
        except MissingExtraError:
            return False
        return True

    @contextmanager
    def consents(self) -> Iterator[ConsentDesk]:
        """Have the studio's consents for a moment; nobody else has them meanwhile."""
        with self._lock:
            yield ConsentDesk(self.studio, self.unlocked)

    @contextmanager
    def store(self) -> Iterator[LedgerStore]:
        """Have what the ledger is stored in for a moment; all that is read of it is of one time."""
        with self._lock, self.studio.database.snapshot():
            yield self.studio.database

    def request(self, mark: str, sitting: Sitting) -> ConsentRequest:
        """Return what a person signs with a key that their browser made; nothing is recorded yet.

        What the same form recorded before, if its answer got lost and it was changed then, is superseded.

        Raises:
            InputError: a datum of the subject cannot be one.
            RefusedError: a rule is broken.
        """
        with self.consents() as desk:
            return desk.request(
                sitting.subject,
                sitting.grants,
                terms=sitting.terms,
                supersedes=self._before(mark, desk),
                shown=sitting.shown,
            )

    def countersign(self, mark: str, data: bytes, *, camera: Camera | None = None) -> Recorded:
        """Record what a person signed with a key that their browser made; what was recorded already is returned.

        Args:
            mark: of the form, which was checked.
            data: the signed request.
            camera: who signs as the photographer, too, if the request names them.

        Raises:
            InputError: it is no request.
            RefusedError: another studio wrote it, it was changed since, or it was recorded from another form.
            VerificationError: a signature is missing or does not verify.
        """
        key = None if camera is None else camera.key
        with self.consents() as desk:
            found = self._same(mark, sha256(data), desk)
            return found or self._remember(mark, sha256(data), desk.countersign(data, photographer_key=key))

    def record(self, mark: str, sitting: Sitting, *, form: Json) -> Recorded:
        """Record what a person drew or typed, where their browser can make no key.

        Args:
            mark: of the form, which was checked.
            sitting: what they decided.
            form: what was sent; sent again as it was, it is recorded no second time.

        Raises:
            InputError: a datum of the subject cannot be one.
            RefusedError: a rule is broken.
        """
        digest = sha256(canonical_bytes(form))
        with self.consents() as desk:
            return self._same(mark, digest, desk) or self._remember(
                mark,
                digest,
                desk.record(
                    sitting.subject,
                    sitting.grants,
                    terms=sitting.terms,
                    supersedes=self._before(mark, desk),
                    notice=sitting.shown.notice,
                    photographer_key=None if sitting.camera is None else sitting.camera.key,
                ),
            )

    def _before(self, mark: str, desk: ConsentDesk) -> Recorded | None:
        known = self._recorded.get(mark)
        return None if known is None else desk.find(known[0])

    def _same(self, mark: str, digest: bytes, desk: ConsentDesk) -> Recorded | None:
        known = self._recorded.get(mark)
        return desk.find(known[0]) if known is not None and known[1] == digest else None

    def _remember(self, mark: str, digest: bytes, recorded: Recorded) -> Recorded:
        self._recorded[mark] = (recorded.code, digest)
        if len(self._recorded) > MAX_REMEMBERED:
            self._recorded.popitem(last=False)
        return recorded
