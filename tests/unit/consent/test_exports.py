"""The same consent in the words of others: JSON-LD with DPV, and Kantara's receipt."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from support.consents import ADULT, NOW, YEAR_END, decisions, signed_event, signed_record

from provenance.consent.disclosures import Disclosure
from provenance.consent.dpv import CONTEXT, PROCESSING, STATUS, to_json_ld
from provenance.consent.kantara import to_kantara
from provenance.consent.scopes import Scope
from provenance.consent.status import State

NAME = Disclosure.make("legal_name", "Zoë Ångström")
RECORD = signed_record(
    decisions("capture", "publish.web", "ai.train", deny=["mine"], until=YEAR_END, territory=["DE", "AT"]),
    disclosures=[NAME],
)
GIVEN = signed_event(RECORD, proof="signature")
WITHDRAWN = signed_event(RECORD, "withdrawn", scopes=[Scope.AI_TRAIN], previous=GIVEN, proof="receipt-secret")
DISCLOSED = signed_event(RECORD, "disclosed", previous=WITHDRAWN, recipient=Disclosure.make("recipient", "Daily News"))

# Of the vocabulary's modules in w3c/dpv, 2.3; a word that it does not have would say nothing to anybody.
TERMS = set(
    """
    Analyse Alter Child Collect ConsentExpired ConsentGiven ConsentInvalidated ConsentNotice ConsentRecord
    ConsentRefused ConsentRequested ConsentRevoked ConsentUnknown ConsentWithdrawn DataController
    DataProcessor DataProtectionAuthority DataSubject Derive Disclose Disseminate EndlessDuration Generate
    GuardianOfDataSubject Infer MakeAvailable Match Modify Process Purpose Recipient Record RenewedConsentGiven Share
    StorageCondition Store Transfer UntilTimeDuration Use WithdrawConsent hasAddress hasConsentControl hasConsentStatus
    hasContact hasDataController hasDataProcessor hasDataSubject hasDuration hasIndicationMethod hasJurisdiction
    hasLegalBasis hasLocation hasName hasNotice hasPersonalData hasProcess hasProcessing hasPurpose hasRecipient
    hasRight hasStorageCondition isIndicatedAtTime isIndicatedBy
    """.split()
)


def exported(at: Any = NOW) -> dict[str, Any]:
    return to_json_ld(RECORD, [GIVEN, WITHDRAWN, DISCLOSED], at=at)


def names(value: Any) -> Iterator[str]:
    """Yield every key, and every name that stands as an id or a type."""
    for key, member in value.items() if isinstance(value, dict) else ():
        yield key
        if key in ("@id", "@type"):
            yield from member if isinstance(member, list) else [member]
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from names(member)


def test_every_name_means_something_by_the_context() -> None:
    document = exported()
    del document["@context"]
    for name in names(document):
        if name.startswith(("@", "urn:")):
            continue
        prefix, _, term = name.partition(":")
        assert prefix in CONTEXT, name
        if prefix == "dpv":
            assert term in TERMS, name


@pytest.mark.parametrize("words", [*PROCESSING.values(), STATUS.values()])
def test_every_word_of_the_tables_is_in_the_vocabulary(words: Any) -> None:
    assert {word.removeprefix("dpv:") for word in words} <= TERMS


def test_every_scope_and_state_has_its_words() -> None:
    assert [*PROCESSING] == [*Scope]
    assert [*STATUS] == [*State]


def test_each_decision_is_a_process_with_where_it_stands() -> None:
    stands = {process["hp:scope"]: process["dpv:hasConsentStatus"]["@id"] for process in exported()["dpv:hasProcess"]}
    assert stands["capture"] == "dpv:ConsentGiven"
    assert stands["ai.train"] == "dpv:ConsentWithdrawn"
    assert stands["mine"] == stands["ai.generate"] == "dpv:ConsentRefused"
    later = NOW.replace(year=2027)
    after = {
        process["hp:scope"]: process["dpv:hasConsentStatus"]["@id"] for process in exported(later)["dpv:hasProcess"]
    }
    assert after["capture"] == "dpv:ConsentExpired"
    assert after["ai.train"] == "dpv:ConsentWithdrawn"


def test_a_process_has_its_terms() -> None:
    capture = exported()["dpv:hasProcess"][0]
    assert capture["dpv:hasLegalBasis"] == {"@id": "eu-gdpr:A6-1-a"}
    assert capture["dpv:hasLocation"] == ["DE", "AT"]
    assert capture["dpv:hasDuration"]["@type"] == "dpv:UntilTimeDuration"
    assert capture["dpv:hasDuration"]["hp:until"]["@value"] == str(YEAR_END)
    endless = signed_record(decisions("capture"))
    process: Any = to_json_ld(endless, [signed_event(endless)], at=NOW)["dpv:hasProcess"]
    assert process[0]["dpv:hasDuration"]["@type"] == "dpv:EndlessDuration"


def test_the_history_is_in_the_words_of_consent_and_leaves_out_the_rest() -> None:
    history = exported()["dpv:hasConsentStatus"]
    assert [event["@type"] for event in history] == ["dpv:ConsentGiven", "dpv:ConsentWithdrawn"]
    assert history[1]["hp:scope"] == ["ai.train"]
    assert history[1]["dpv:isIndicatedBy"] == {"@id": "dpv:DataSubject"}


def test_a_child_is_called_one() -> None:
    minor = signed_record(terms=ADULT)
    assert to_json_ld(minor, [], at=NOW)["dpv:hasDataSubject"]["@type"] == ["dpv:DataSubject"]  # type: ignore[index, call-overload]


def test_nothing_sealed_is_in_either() -> None:
    for document in (exported(), to_kantara(RECORD, [GIVEN, WITHDRAWN, DISCLOSED], at=NOW)):
        text = json.dumps(document, ensure_ascii=False)
        assert "Ångström" not in text
        assert "Daily News" not in text
        assert RECORD.secret_digest.hex() not in text


# --- Kantara

REQUIRED = {
    "version",
    "jurisdiction",
    "consentTimestamp",
    "collectionMethod",
    "consentReceiptID",
    "publicKey",
    "language",
    "piiPrincipalId",
    "piiControllers",
    "policyUrl",
    "services",
    "sensitive",
    "spiCat",
}


def test_a_kantara_receipt_has_its_members() -> None:
    receipt: Any = to_kantara(RECORD, [GIVEN], at=NOW)
    assert set(receipt) == REQUIRED
    assert receipt["version"] == "KI-CR-v1.1.0"
    assert receipt["consentTimestamp"] == int(NOW.timestamp())
    (controller,) = receipt["piiControllers"]
    assert set(controller) == {"piiController", "contact", "address", "email", "phone"}
    assert controller["piiController"] == "Studio Lümen"


def test_a_kantara_receipt_lists_what_is_permitted_now_and_nothing_else() -> None:
    def listed(*events: Any, at: Any = NOW) -> list[str]:
        receipt: Any = to_kantara(RECORD, events, at=at)
        (service,) = receipt["services"]
        return [purpose["purpose"].rpartition("(")[2].rstrip(")") for purpose in service["purposes"]]

    assert listed(GIVEN) == ["capture", "publish.web", "ai.train"]
    assert listed(GIVEN, WITHDRAWN) == ["capture", "publish.web"]
    assert listed(GIVEN, at=NOW - timedelta(days=1)) == []


def test_a_purpose_ends_with_its_term_as_renewed() -> None:
    renewed = signed_event(RECORD, "renewed", scopes=[Scope.CAPTURE], previous=GIVEN, until=YEAR_END.replace(year=2030))
    receipt: Any = to_kantara(RECORD, [GIVEN, renewed], at=NOW)
    ends = {purpose["purpose"]: purpose["termination"] for purpose in receipt["services"][0]["purposes"]}
    assert ends["take and keep photographs (capture)"] == "2030-12-31"
    assert ends["publish them on websites (publish.web)"] == "2026-12-31"
