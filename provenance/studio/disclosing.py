"""Showing one picture's consent to somebody: its handles opened, the disclosure logged, and the document signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from provenance import durable
from provenance.consent.disclosures import Disclosure
from provenance.consent.handles import picture_secret
from provenance.consent.openings import ConsentDisclosure, Opening, make_disclosure
from provenance.credentials.labels import CONSENT_LABEL
from provenance.credentials.manifest import ConsentAssertion
from provenance.credentials.reading import read_credential
from provenance.errors import CredentialError, InputError, RefusedError, VaultError
from provenance.picture import MAX_PICTURE_BYTES, read_picture
from provenance.studio.consents import ConsentDesk, Recorded
from provenance.studio.studio import UnlockedStudio
from provenance.verification.credential import judge_credential
from provenance.verification.report import CredentialCode

_INTACT = (CredentialCode.TRUSTED, CredentialCode.EXPIRED)


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What was disclosed.

    Attributes:
        disclosure: for the recipient; what it says is in the ledger already.
        codes: of the consents behind the picture.
    """

    disclosure: ConsentDisclosure
    codes: tuple[str, ...]


class DisclosureDesk:
    """Opens the handles of pictures that the studio stamped."""

    def __init__(self, unlocked: UnlockedStudio) -> None:
        self._unlocked = unlocked
        self._studio = unlocked.studio
        self._database = unlocked.studio.database
        self._consents = ConsentDesk(unlocked.studio, unlocked)

    def disclose(self, path: Path, *, recipient: str, reveal: Sequence[str] = ()) -> Disclosed:
        """Return what shows somebody the consents behind a picture, once the ledger holds that it was shown.

        A consent that was withdrawn can be disclosed like any other; the disclosure shows the withdrawal.

        Args:
            path: the stamped picture.
            recipient: as `parse_recipient` returned it; kept sealed, so that a withdrawal reaches them.
            reveal: names of personal data, as `parse_personal` returned them; by default none is shown.

        Raises:
            RefusedError: the picture carries no intact stamp of this studio, or a record lacks what is to be revealed.
            InputError: the file cannot be read.
            VaultError: the vault cannot be opened.
        """
        picture, handles = self._read(path)
        with self._database.transaction():
            found = [self._find(handle, picture, place=path.name) for handle in handles]
            # All that can be refused is, before anything is logged.
            revealed = [self._reveal(recorded, reveal) for recorded in found]
            secrets = [picture_secret(record_key=self._key(recorded), picture_digest=picture) for recorded in found]
            openings = []
            for handle, secret, recorded, data in zip(handles, secrets, found, revealed, strict=True):
                self._consents.note(recorded, "disclosed", recipient=recipient)
                current = self._consents.by_record_id(recorded.record.record_id)
                openings.append(Opening(handle, secret, current.record, tuple(current.history), tuple(data)))
            now = max(self._studio.clock.now(), *(opening.events[-1].at for opening in openings))
            disclosure = make_disclosure(
                picture,
                openings,
                recipient=recipient,
                controller_key=self._unlocked.controller_key,
                now=now,
            )
        return Disclosed(disclosure, tuple(recorded.code for recorded in found))

    def _read(self, path: Path) -> tuple[bytes, tuple[bytes, ...]]:
        """Return the digest of a picture and the handles that this studio stamped it with."""
        data = durable.read(path, max_bytes=MAX_PICTURE_BYTES)
        try:
            picture = read_picture(data)
            credential = read_credential(
                data, picture.format.media_type, anchors=[self._studio.anchors()], store=picture.store
            )
        except InputError as error:
            raise InputError(f"{path.name}: {error}", code=error.code) from error
        except CredentialError as error:
            raise _not_ours(path, str(error)) from error
        if judge_credential(credential, []).code not in _INTACT:
            raise _not_ours(path, "its credential is not intact, or not issued by this studio")
        stated = credential.stamp.assertions.get(CONSENT_LABEL)
        if stated is None:
            raise _not_ours(path, "its credential refers to no consent")
        assertion = ConsentAssertion.from_json(stated)
        if assertion.controller != self._unlocked.controller.key_urn:
            raise _not_ours(path, "its stamp is another studio's")
        if not assertion.handles:
            raise RefusedError(
                f"{path.name}: its stamp says that nobody real is shown, so that there is no consent to show",
                code="consent-not-needed",
            )
        return picture.digest, assertion.handles

    def _find(self, handle: bytes, picture: bytes, *, place: str) -> Recorded:
        stamp = self._database.find_stamp_by_handle(handle)
        if stamp is None:
            raise RefusedError(f"{place}: this studio does not know the handles in its stamp", code="handle-unknown")
        if stamp.picture_digest != picture:
            raise RefusedError(f"{place}: its stamp was made for another picture", code="handle-foreign")
        return self._consents.by_record_id(stamp.record_id_of(handle))

    def _key(self, recorded: Recorded) -> bytes:
        try:
            return self._consents.record_key(recorded)
        except VaultError as error:
            if error.code == "erased":
                raise _erased(recorded) from error
            raise

    def _reveal(self, recorded: Recorded, names: Sequence[str]) -> list[Disclosure]:
        """Return those of a consent's personal data that are named."""
        if not names:
            return []
        try:
            known = self._consents.salted_disclosures(recorded)
        except VaultError as error:
            if error.code == "erased":
                raise _erased(recorded) from error
            raise
        for name in names:
            if not any(_is_named(disclosure, name) for disclosure in known):
                raise RefusedError(
                    f"consent {recorded.code}: has no {name} to reveal",
                    code="field-missing",
                    hint=f"see what it has: provenance consent show {recorded.code}",
                )
        return [disclosure for disclosure in known if any(_is_named(disclosure, name) for name in names)]


def _is_named(disclosure: Disclosure, name: str) -> bool:
    return disclosure.name == name or disclosure.name.startswith(f"{name}.")


def _erased(recorded: Recorded) -> RefusedError:
    return RefusedError(f"consent {recorded.code}: what this needs was erased", code="erased")


def _not_ours(path: Path, reason: str) -> RefusedError:
    return RefusedError(
        f"{path.name}: {reason.removeprefix(f'{path.name}: ')}",
        code="stamp-missing",
        hint=f"see what it says: provenance verify {path}",
    )
