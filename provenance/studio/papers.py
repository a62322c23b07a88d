"""A studio's consents on paper: the release that agencies take and the person's receipt, under the studio's seal."""

from provenance.consent.receipts import Receipt
from provenance.paper import check_installed
from provenance.paper.attached import Form
from provenance.paper.export import typeset_export
from provenance.paper.form import typeset_form
from provenance.paper.receipt import typeset_receipt
from provenance.paper.sealing import Sealed, Sealer, seal
from provenance.paper.wording import find_wording
from provenance.studio.consents import ConsentDesk
from provenance.studio.exporting import ExportDesk
from provenance.studio.logbook import read_roots
from provenance.studio.reading import Recorded
from provenance.studio.studio import UnlockedStudio


class PaperDesk:
    """Prints consents of a studio, and seals what it printed."""

    def __init__(self, unlocked: UnlockedStudio) -> None:
        """Take a studio whose keys are at hand.

        Raises:
            MissingExtraError: what paper needs is not installed.
        """
        check_installed()
        self._unlocked = unlocked
        self._studio = unlocked.studio
        self._desk = ConsentDesk(self._studio, unlocked)

    def form(self, recorded: Recorded) -> Sealed:
        """Return the release of a consent as a sealed PDF file with the signed record in it.

        Raises:
            InputError: a character cannot be printed.
            KeyMaterialError: there is no certificate to seal with.
            VaultError: the personal data cannot be opened, or were erased.
        """
        form = self.opened(recorded)
        read = find_wording(recorded.record, studio=self._studio.path)
        return self._sealed(typeset_form(form, read=read, time=self._desk.time_of(recorded)))

    def receipt(self, recorded: Recorded) -> Sealed:
        """Return the receipt of a consent as a sealed PDF file with the receipt itself in it.

        Raises:
            InputError: a character cannot be printed.
            KeyMaterialError: there is no certificate to seal with.
            VaultError: its secrets cannot be opened, or were erased.
        """
        receipt: Receipt = self._desk.receipt(recorded)
        events, origin = tuple(recorded.history), self._studio.settings.log_origin
        return self._sealed(typeset_receipt(receipt, events=events, log_origin=origin, entry=recorded.row.entry_index))

    def export(self, recorded: Recorded) -> Sealed:
        """Return all that the studio holds about a person as a sealed PDF file with the document in it.

        Raises:
            InputError: a character cannot be printed.
            KeyMaterialError: there is no certificate to seal with.
            VaultError: something sealed cannot be opened, and was not erased.
        """
        at = self._studio.clock.now()
        document = ExportDesk(self._unlocked).export(recorded, at=at)
        return self._sealed(typeset_export(document, record=recorded.record, events=tuple(recorded.history), at=at))

    def opened(self, recorded: Recorded) -> Form:
        """Return all that a release prints.

        Raises:
            VaultError: the personal data cannot be opened, or were erased.
        """
        return Form(
            recorded.code,
            recorded.record,
            tuple(self._desk.salted_disclosures(recorded)),
            tuple(recorded.history),
            self._studio.settings.log_origin,
            recorded.row.entry_index,
        )

    def _sealed(self, document: bytes) -> Sealed:
        settings = self._studio.settings
        key, certificate = self._unlocked.seal_key()
        roots = [] if settings.tsa_roots is None else read_roots(self._studio.path / settings.tsa_roots)
        sealer = Sealer(key, certificate, self._studio.authority(), settings.name, settings.tsa, roots)
        return seal(document, sealer=sealer)
