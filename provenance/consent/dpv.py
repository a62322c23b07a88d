"""A consent as JSON-LD with the terms of the W3C Data Privacy Vocabulary 2.3, after its guide to ISO/IEC TS 27560.

It is a record for other systems of the controller: the person goes by their pseudonym, and nothing sealed is in
it. The context stands in the document, so that nobody has to fetch one.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from provenance.canonical import Json, JsonObject
from provenance.clock import to_seconds
from provenance.consent.events import ConsentEvent, EventType
from provenance.consent.grants import Grant
from provenance.consent.records import ConsentRecord
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, State, authorised, stand
from provenance.consent.vocabulary import ANY

CONTEXT: Final[dict[str, Json]] = {
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "pd": "https://w3id.org/dpv/pd#",
    "hp": "urn:headshot-provenance:vocab:",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

# What each scope lets happen to the data, in DPV's words.
PROCESSING: Final[dict[Scope, tuple[str, ...]]] = {
    Scope.CAPTURE: ("dpv:Collect", "dpv:Record", "dpv:Store"),
    Scope.PUBLISH_INTERNAL: ("dpv:MakeAvailable",),
    Scope.PUBLISH_WEB: ("dpv:MakeAvailable", "dpv:Disseminate"),
    Scope.PUBLISH_SOCIAL: ("dpv:MakeAvailable", "dpv:Disseminate"),
    Scope.PUBLISH_PRESS: ("dpv:Share", "dpv:Disseminate"),
    Scope.PUBLISH_ADVERTISING: ("dpv:MakeAvailable", "dpv:Disseminate"),
    Scope.PUBLISH_STOCK: ("dpv:Share", "dpv:Disseminate"),
    Scope.IDENTIFY: ("dpv:Disclose",),
    Scope.EDIT_BASIC: ("dpv:Alter",),
    Scope.EDIT_RETOUCH: ("dpv:Modify",),
    Scope.AI_EDIT: ("dpv:Modify", "dpv:Generate"),
    Scope.AI_GENERATE: ("dpv:Generate",),
    Scope.AI_FINETUNE: ("dpv:Use",),
    Scope.AI_TRAIN: ("dpv:Use",),
    Scope.AI_INFER: ("dpv:Infer",),
    Scope.MINE: ("dpv:Analyse",),
    Scope.BIOMETRIC_TEMPLATE: ("dpv:Derive",),
    Scope.BIOMETRIC_MATCH: ("dpv:Match",),
    Scope.SUBLICENSE: ("dpv:Share",),
    Scope.TRANSFER: ("dpv:Transfer",),
    Scope.POST_MORTEM: ("dpv:Store", "dpv:Use"),
}
STATUS: Final[dict[State, str]] = {
    State.NOTHING: "dpv:ConsentUnknown",
    State.REQUESTED: "dpv:ConsentRequested",
    State.GIVEN: "dpv:ConsentGiven",
    State.REFUSED: "dpv:ConsentRefused",
    State.RENEWED: "dpv:RenewedConsentGiven",
    State.WITHDRAWN: "dpv:ConsentWithdrawn",
    State.REVOKED: "dpv:ConsentRevoked",
    State.INVALIDATED: "dpv:ConsentInvalidated",
    # DPV has no word for a record that another took the place of; by it, the consent of this one has ended.
    State.SUPERSEDED: "dpv:ConsentExpired",
}
_EVENTS: Final[dict[EventType, str]] = {
    "given": "dpv:ConsentGiven",
    "refused": "dpv:ConsentRefused",
    "renewed": "dpv:RenewedConsentGiven",
    "withdrawn": "dpv:ConsentWithdrawn",
    "revoked": "dpv:ConsentRevoked",
    "invalidated": "dpv:ConsentInvalidated",
    "superseded": "dpv:ConsentExpired",
    "majority-reached": "dpv:ConsentRequested",
}
_ACTORS: Final = {
    "subject": "dpv:DataSubject",
    "guardian": "dpv:GuardianOfDataSubject",
    "controller": "dpv:DataController",
    "authority": "dpv:DataProtectionAuthority",
}


def to_json_ld(record: ConsentRecord, events: Sequence[ConsentEvent], *, at: datetime) -> dict[str, Json]:
    """Return the record, its events, and where each decision stands at `at`."""
    body = record.body
    history: list[Json] = [_event(event) for event in events if event.type in _EVENTS]
    return {
        "@context": CONTEXT,
        "@id": f"urn:uuid:{record.record_id}",
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": "ISO/IEC TS 27560:2023",
        "dct:identifier": record.record_id,
        "dct:created": _time(record.created_at),
        "hp:kind": body["kind"],
        "hp:assurance": record.assurance,
        "hp:digest": record.digest.hex(),
        "dpv:hasDataSubject": _subject(body),
        "dpv:hasDataController": [_party(party, "dpv:DataController") for party in _objects(body, "controllers")],
        **({"dpv:hasDataProcessor": _party(body["ai_service"], "dpv:DataProcessor")} if "ai_service" in body else {}),
        "dpv:hasRecipient": [{"@type": "dpv:Recipient", "dpv:hasName": name} for name in record.recipients],
        "dpv:hasPersonalData": [{"@id": str(kind)} for kind in _list(body, "data_types")],
        "dpv:hasJurisdiction": _list(body, "jurisdictions"),
        "dpv:hasNotice": _notice(_object(body, "notice")),
        "dpv:hasStorageCondition": _storage(body),
        "dpv:hasRight": {"@id": "eu-gdpr:A7-3"},
        "dpv:hasConsentControl": {"@id": "dpv:WithdrawConsent"},
        "dpv:hasProcess": [_process(grant, record, events, at) for grant in record.grants],
        "dpv:hasConsentStatus": history,
    }


def _subject(body: JsonObject) -> dict[str, Json]:
    subject = _object(body, "subject")
    kinds: list[Json] = ["dpv:DataSubject", *(["dpv:Child"] if subject["age_class"] == "minor" else [])]
    return {"@id": f"urn:headshot-provenance:subject:{subject['ref']}", "@type": kinds}


def _party(party: Json, kind: str) -> dict[str, Json]:
    assert isinstance(party, dict)  # noqa: S101 the fields were checked
    terms = {"name": "dpv:hasName", "address": "dpv:hasAddress", "contact": "dpv:hasContact", "system": "hp:system"}
    found = {term: party[name] for name, term in terms.items() if name in party}
    return {**({"@id": party["id"]} if "id" in party else {}), "@type": kind, **found}


def _notice(notice: JsonObject) -> dict[str, Json]:
    return {
        "@type": "dpv:ConsentNotice",
        "dct:identifier": notice["template"],
        "dct:hasVersion": notice["version"],
        "dct:language": notice["language"],
        "hp:sha256": notice["sha256"],
        "dpv:isIndicatedAtTime": {"@value": notice["presented_at"], "@type": "xsd:dateTime"},
    }


def _storage(body: JsonObject) -> dict[str, Json]:
    places = _list(body, "storage_locations")
    return {
        "@type": "dpv:StorageCondition",
        "dct:description": _object(body, "retention")["rule"],
        **({"dpv:hasLocation": places} if places else {}),
    }


def _process(grant: Grant, record: ConsentRecord, events: Sequence[ConsentEvent], at: datetime) -> dict[str, Json]:
    standing = stand(record, events, scope=grant.scope, at=at)
    answer = authorised(record, events, scope=grant.scope, at=at)
    # The clock comes on top of the events: a term that is over is no event.
    over = answer.code is ConsentCode.EXPIRED and standing.state in (State.GIVEN, State.RENEWED)
    status = "dpv:ConsentRefused" if grant.decision == "deny" else STATUS[standing.state]
    return {
        "@type": "dpv:Process",
        "hp:scope": grant.scope.value,
        "dct:description": grant.scope.meaning,
        "dpv:hasProcessing": [{"@id": term} for term in PROCESSING[grant.scope]],
        "dpv:hasPurpose": [{"@id": "dpv:Purpose" if purpose == ANY else purpose} for purpose in grant.purposes],
        "dpv:hasLegalBasis": {"@id": grant.legal_basis},
        "dpv:hasDuration": _duration(grant, standing.until.isoformat() if standing.until else None),
        "dpv:hasLocation": list(grant.territory),
        "hp:media": list(grant.media),
        "hp:revocability": grant.revocability,
        **({"hp:constraints": list(grant.constraints)} if grant.constraints else {}),
        **({"hp:grantee": list(grant.grantee)} if grant.grantee else {}),
        **({"hp:useDescription": grant.use} if grant.use is not None else {}),
        "dpv:hasConsentStatus": {"@id": "dpv:ConsentExpired" if over else status},
    }


def _duration(grant: Grant, until: str | None) -> dict[str, Json]:
    begins: Json = {"@value": grant.since.isoformat(), "@type": "xsd:date"}
    if until is None:
        return {"@type": "dpv:EndlessDuration", "hp:from": begins}
    return {
        "@type": "dpv:UntilTimeDuration",
        "hp:from": begins,
        "hp:until": {"@value": until, "@type": "xsd:date"},
    }


def _event(event: ConsentEvent) -> dict[str, Json]:
    scopes: dict[str, Json] = {}
    if event.scopes is not None:
        scopes["hp:scope"] = [scope.value for scope in event.scopes]
    return {
        "@type": _EVENTS[event.type],
        "dpv:isIndicatedAtTime": _time(event.at),
        "dpv:isIndicatedBy": {"@id": _ACTORS[event.by]},
        "dpv:hasIndicationMethod": event.proof,
        **scopes,
    }


def _time(moment: datetime) -> dict[str, Json]:
    return {"@value": to_seconds(moment), "@type": "xsd:dateTime"}


def _object(body: JsonObject, name: str) -> JsonObject:
    value = body[name]
    return value if isinstance(value, dict) else {}


def _list(body: JsonObject, name: str) -> list[Json]:
    value = body[name]
    return list(value) if isinstance(value, list) else []


def _objects(body: JsonObject, name: str) -> list[Json]:
    return [value for value in _list(body, name) if isinstance(value, dict)]
