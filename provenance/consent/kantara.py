"""A consent as a Kantara Consent Receipt 1.1 (February 2018), for systems that take nothing newer.

The format has one status, no signatures and no withdrawal: what it says is what is permitted at the time of the export.
The person goes by their pseudonym. What it requires and a record does not have, such as an e-mail, is empty text.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from provenance.canonical import Json
from provenance.consent.derived import Person
from provenance.consent.events import ConsentEvent
from provenance.consent.grants import Grant
from provenance.consent.records import ConsentRecord
from provenance.consent.status import stand
from provenance.consent.vocabulary import ANY, EXPLICIT_CONSENT

VERSION: Final = "KI-CR-v1.1.0"


def to_kantara(record: ConsentRecord, events: Sequence[ConsentEvent], *, at: datetime) -> dict[str, Json]:
    """Return what is permitted at `at`, one purpose for each scope."""
    body = record.body
    person = Person(record, events)
    subject, notice, controllers = body["subject"], body["notice"], body["controllers"]
    assert isinstance(subject, dict)  # noqa: S101 the fields were checked
    assert isinstance(notice, dict)  # noqa: S101
    assert isinstance(controllers, list)  # noqa: S101
    purposes: list[Json] = [
        _purpose(grant, person, at) for grant in record.grants if person.permits(grant.scope, at=at)
    ]
    biometric = any(grant.legal_basis == EXPLICIT_CONSENT for grant in record.grants if grant.decision == "permit")
    jurisdictions = body["jurisdictions"]
    return {
        "version": VERSION,
        "jurisdiction": ", ".join(map(str, jurisdictions)) if isinstance(jurisdictions, list) else "",
        "consentTimestamp": int(record.created_at.timestamp()),
        "collectionMethod": _method(record),
        "consentReceiptID": record.record_id,
        "publicKey": record.controller,
        "language": notice["language"],
        "piiPrincipalId": subject["ref"],
        "piiControllers": [
            {
                "piiController": party["name"],
                "contact": party.get("contact", ""),
                "address": {"addressCountry": party.get("address", "")},
                "email": "",
                "phone": "",
            }
            for party in controllers
            if isinstance(party, dict)
        ],
        "policyUrl": next((str(party.get("contact", "")) for party in controllers if isinstance(party, dict)), ""),
        "services": [{"service": "headshots", "purposes": purposes}],
        "sensitive": biometric,
        "spiCat": ["Biometric"] if biometric else [],
    }


def _purpose(grant: Grant, person: Person, at: datetime) -> dict[str, Json]:
    others = (*person.record.recipients, *grant.grantee)
    until = stand(person.record, person.events, scope=grant.scope, at=at).until
    return {
        "purpose": f"{grant.scope.meaning} ({grant.scope})",
        "purposeCategory": [purpose for purpose in grant.purposes if purpose != ANY],
        "consentType": "EXPLICIT",
        "piiCategory": ["Biometric" if grant.scope.is_biometric else "Picture"],
        "primaryPurpose": grant.scope.value == "capture",
        "termination": "until withdrawn" if until is None else until.isoformat(),
        "thirdPartyDisclosure": bool(others),
        **({"thirdPartyName": ", ".join(others)} if others else {}),
    }


def _method(record: ConsentRecord) -> str:
    signing = record.body["esign"]
    return f"signed: {signing['method']}" if isinstance(signing, dict) else ""
