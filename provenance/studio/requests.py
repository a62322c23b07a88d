"""Requests: a person signs elsewhere with their own key, and the studio completes the record when it comes back."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from provenance.canonical import canonical_bytes, from_base64url, parse_object, sha256, to_base64url
from provenance.consent import codes, notice
from provenance.consent.body import make_body
from provenance.consent.disclosures import Disclosure
from provenance.consent.grants import Grant
from provenance.consent.parties import Notice, Terms
from provenance.consent.records import ConsentRecord, complete_record, parse_record
from provenance.consent.requests import ConsentRequest, make_request, parse_request
from provenance.errors import RefusedError, VaultError
from provenance.keys import SigningKey
from provenance.studio.reading import ConsentReader, Recorded
from provenance.studio.subjects import Subject
from provenance.vault import DataKey


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person reads before they decide.

    Attributes:
        notice: what the record says of it.
        text: itself.
        intent: the sentence above the signature.
        origin: of the page on which a passkey of their own signs; None where their browser makes a key.
    """

    notice: Notice
    text: str
    intent: str
    origin: str | None = None


class RequestDesk(ConsentReader, ABC):
    """Writes requests to sign, and takes them back signed."""

    def request(
        self,
        subject: Subject,
        grants: Sequence[Grant],
        *,
        terms: Terms | None = None,
        supersedes: Recorded | None = None,
        shown: Shown | None = None,
    ) -> ConsentRequest:
        """Return a request that a person can sign elsewhere, with a key of their own; nothing is recorded yet.

        Args:
            subject: who signs.
            grants: what they decided.
            terms: what else the record says; the age and the guardian's relationship follow from `subject`.
            supersedes: the consent that this one takes the place of.
            shown: what they read in a browser that makes a key for this one signature; what they draw or type there
                is then a datum of theirs. Or in one in which a passkey signs. Without it, they read the text that comes
                with this version, where they sign.

        Raises:
            InputError: a datum of the subject cannot be one.
            RefusedError: a rule is broken; the message names the place.
        """
        unlocked = self._keys()
        now = self._studio.clock.now()
        secret = codes.new_secret()
        origin = None if shown is None else shown.origin
        disclosures = subject.disclosures(signed_here=shown is not None and origin is None)
        name = unlocked.controller.name
        read = shown or Shown(Notice.shipped(name, presented_at=now), notice.render(name), notice.INTENT)
        body = make_body(
            grants=grants,
            disclosures=disclosures,
            method="own-key" if shown is None else "browser-key" if origin is None else "passkey",
            origin=origin,
            controller=unlocked.controller,
            notice=read.notice,
            terms=full_terms(subject, terms, supersedes, today=now.date()),
            secret_digest=codes.secret_digest(secret),
            now=now,
        )
        subject.check_details(grants)
        data_key = DataKey.generate(str(body["record_id"]))
        pending = {"digest": to_base64url(sha256(canonical_bytes(body))), "secret": secret}
        sealed = data_key.seal("request", canonical_bytes(pending))
        studio = f"{to_base64url(data_key.wrap(unlocked.master_key))}.{to_base64url(sealed)}"
        return make_request(body, grants, notice=read.text, disclosures=disclosures, studio=studio, intent=read.intent)

    def countersign(self, data: bytes, *, photographer_key: SigningKey | None = None) -> Recorded:
        """Complete a request that was signed elsewhere: sign beside the person, log it, and seal the data.

        Args:
            data: the signed request.
            photographer_key: of the photographer whom the record names, where they sign here, too.

        Raises:
            InputError: it is no request.
            RefusedError: another studio wrote it, it was changed since, or it was recorded already.
            VerificationError: a signature is missing or does not verify.
        """
        unlocked = self._keys()
        request = parse_request(data)
        record_id = str(parse_object(request.payload, place="request body")["record_id"])
        if self._database.consent(record_id) is not None:
            raise RefusedError("request: it was countersigned already", code="request-recorded")
        wrapped, _, sealed = request.studio.partition(".")
        try:
            key = DataKey.unwrap(
                from_base64url(wrapped, place="request.studio"), master=unlocked.master_key, record_id=record_id
            )
            pending = parse_object(
                key.open("request", from_base64url(sealed, place="request.studio")), place="request.studio"
            )
        except VaultError:
            raise RefusedError("request: another studio wrote it", code="request-foreign") from None
        if pending["digest"] != to_base64url(sha256(request.payload)):
            raise RefusedError("request: it was changed after this studio wrote it", code="request-changed")
        envelope = complete_record(
            request.payload,
            request.signatures,
            controller_key=unlocked.controller_key,
            now=self._studio.clock.now(),
            photographer_key=photographer_key,
        )
        record = parse_record(envelope)
        older = record.body.get("supersedes")
        supersedes = None if older is None else self.by_record_id(str(older))
        return self._keep(
            record,
            secret=str(pending["secret"]),
            disclosures=request.disclosures,
            data_key=key,
            scan=None,
            supersedes=supersedes,
        )

    @abstractmethod
    def _keep(
        self,
        record: ConsentRecord,
        *,
        secret: str,
        disclosures: Sequence[Disclosure],
        data_key: DataKey,
        scan: bytes | None,
        supersedes: Recorded | None,
    ) -> Recorded:
        """Log and keep a signed record with everything that belongs to it."""


def full_terms(subject: Subject, terms: Terms | None, supersedes: Recorded | None, *, today: date) -> Terms:
    """Return what a record says beside its grants, with what follows from the subject and from the older consent.

    Raises:
        InputError: what was said of their age contradicts itself.
    """
    return replace(
        terms or Terms(),
        age_class=subject.age_class(today),
        relationship=None if subject.guardian is None else subject.guardian.relationship,
        supersedes=None if supersedes is None else supersedes.record.record_id,
    )
