"""Withdrawal receipts: what whoever withdraws takes home. The controller signs what it received, and what follows.

Like a receipt it names nobody.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provenance import jws
from provenance.canonical import Json, JsonObject, canonical_bytes, parse_object, to_base64url
from provenance.clock import to_seconds
from provenance.consent.events import ConsentEvent, parse_event
from provenance.consent.records import ConsentRecord
from provenance.consent.scopes import Scope
from provenance.consent.vocabulary import withdrawn_from
from provenance.entries import TAG_CONSENT_EVENT, ConsentEventEntry, parse_entry, verify_commitment
from provenance.errors import InputError, VerificationError
from provenance.keys import SigningKey
from provenance.note import NoteKey
from provenance.proof import parse_proof

SCHEMA = "urn:headshot-provenance:schema:consent-withdrawal-receipt:1"
MAX_BYTES = 512 * 1024

# What the controller owes once a scope was withdrawn.
_ACTIONS: Mapping[str, Sequence[str]] = {
    "stop-publishing": ("publish.",),
    "stop-editing": ("edit.", "ai.edit"),
    "stop-generating": ("ai.generate",),
    "destroy-model": ("ai.finetune",),
    "stop-training": ("ai.train",),
    "destroy-face-template": ("biometric.",),
    "notify-recipients": ("publish.", "ai.", "sublicense", "transfer", "biometric."),
}


@dataclass(frozen=True, slots=True)
class WithdrawalReceipt:
    """A controller's signed word on a withdrawal.

    Attributes:
        statement: what was signed.
        envelope: the JWS around it.
        event: the withdrawal itself, as it was signed and logged.
        entry: the ledger entry of that event, canonical bytes.
        proof: a tlog-proof of it; its extra data open the commitment in the entry.
        log_key: the log's verifier key (vkey).
    """

    statement: JsonObject
    envelope: JsonObject
    event: JsonObject
    entry: bytes
    proof: str
    log_key: str

    def to_json(self) -> dict[str, Json]:
        """Return the receipt as a document."""
        return {
            "schema": SCHEMA,
            "statement": self.envelope,
            "event": self.event,
            "ledger": {"entry": self.entry.decode("utf-8", "replace"), "key": self.log_key, "proof": self.proof},
        }

    def to_bytes(self) -> bytes:
        """Return the receipt as it is written to a file."""
        return json.dumps(self.to_json(), indent=2, ensure_ascii=False).encode() + b"\n"

    def verify(self, record: ConsentRecord) -> None:
        """Check that the controller of `record` signed it, and that the ledger holds the withdrawal of `record`.

        Raises:
            InputError: the event is malformed.
            VerificationError: any of it does not hold.
        """
        signature = jws.verify(self.envelope).by("controller")
        if signature.key_urn != record.controller:
            raise VerificationError("withdrawal receipt: signed by another controller", code="controller-mismatch")
        event = parse_event(canonical_bytes(self.event), record=record)
        if self.statement != _statement(record, event, code=str(self.statement.get("code"))):
            raise VerificationError("withdrawal receipt: says something else than its event", code="receipt-event")
        proof = parse_proof(self.proof)
        proof.verify(self.entry, keys=[NoteKey.from_text(self.log_key)])
        entry = parse_entry(self.entry)
        if not isinstance(entry, ConsentEventEntry):
            raise VerificationError("withdrawal receipt: the ledger entry is not one of an event", code="receipt-entry")
        verify_commitment(entry.commitment, tag=TAG_CONSENT_EVENT, randomness=proof.extra or b"", digest=event.digest)


def make_withdrawal_receipt(
    record: ConsentRecord,
    event: ConsentEvent,
    *,
    code: str,
    controller_key: SigningKey,
    entry: bytes,
    proof: str,
    log_key: str,
) -> WithdrawalReceipt:
    """Return the signed receipt of a withdrawal, or of a requested one."""
    statement = _statement(record, event, code=code)
    at = to_seconds(event.at)
    envelope = jws.sign(canonical_bytes(statement), [(controller_key, {"role": "controller", "signed_at": at})])
    return WithdrawalReceipt(statement, envelope, event.envelope, entry, proof, log_key)


def parse_withdrawal_receipt(data: bytes) -> WithdrawalReceipt:
    """Return the withdrawal receipt in a file; `verify` checks it against the record.

    Raises:
        InputError: it is malformed.
        VerificationError: a signature in it does not verify.
    """
    if len(data) > MAX_BYTES:
        raise InputError(f"withdrawal receipt: expected at most {MAX_BYTES} bytes, got {len(data)}")
    document = parse_object(data, place="withdrawal receipt")
    if document.get("schema") != SCHEMA or set(document) != {"schema", "statement", "event", "ledger"}:
        raise InputError(f"withdrawal receipt: expected schema {SCHEMA}, statement, event and ledger")
    envelope, event, ledger = document["statement"], document["event"], document["ledger"]
    if not isinstance(envelope, dict) or not isinstance(event, dict) or not isinstance(ledger, dict):
        raise InputError("withdrawal receipt: expected statement, event and ledger as objects")
    entry, proof, key = (str(ledger.get(name)) for name in ("entry", "proof", "key"))
    statement = parse_object(jws.verify(envelope).payload, place="withdrawal receipt statement")
    return WithdrawalReceipt(statement, envelope, event, entry.encode("utf-8", "replace"), proof, key)


def touched(record: ConsentRecord, event: ConsentEvent) -> list[Scope]:
    """Return the permitted scopes that a withdrawal touches, in order."""
    return [grant.scope for grant in record.grants if grant.decision == "permit" and event.touches(grant.scope)]


def _statement(record: ConsentRecord, event: ConsentEvent, *, code: str) -> dict[str, Json]:
    if event.type not in ("withdrawn", "withdrawal-requested"):
        raise VerificationError("withdrawal receipt: its event is no withdrawal", code="receipt-event")
    scopes = touched(record, event)
    effective: list[Json] = [
        {"scope": grant.scope.value, "from": to_seconds(withdrawn_from(grant.revocability, event.at))}
        for grant in record.grants
        if grant.scope in scopes
    ]
    actions: list[Json] = [
        action
        for action, beginnings in _ACTIONS.items()
        if any(scope.value.startswith(tuple(beginnings)) for scope in scopes)
    ]
    return {
        "code": code,
        "controller": record.controller_name,
        "record_digest": to_base64url(record.digest),
        "event_digest": to_base64url(event.digest),
        "received_at": to_seconds(event.at),
        "outcome": "withdrawn" if event.type == "withdrawn" else "requested",
        "effective": effective,
        "actions": actions,
    }
