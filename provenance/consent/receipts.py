"""Receipts: what a subject takes home. It proves what was agreed, and it withdraws.

A receipt names nobody: it holds the signed record (in which personal data are digests), the proof that the ledger
holds it, and the withdrawal secret.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography import x509

from provenance.canonical import Json, JsonObject, canonical_bytes, parse_object
from provenance.clock import to_seconds
from provenance.consent.codes import secret_digest
from provenance.consent.dated import RecordTime, parse_time
from provenance.consent.grants import WORLD, Grant
from provenance.consent.records import ConsentRecord, parse_record
from provenance.entries import TAG_CONSENT, ConsentEntry, parse_entry, verify_commitment
from provenance.errors import InputError, VerificationError
from provenance.note import NoteKey
from provenance.proof import parse_proof

SCHEMA = "urn:headshot-provenance:schema:consent-receipt:1"
MAX_RECEIPT_BYTES = 512 * 1024

_HOW = "Give this secret to the studio, or run: provenance consent withdraw --secret SECRET"


@dataclass(frozen=True, slots=True)
class Receipt:
    """One person's copy.

    Attributes:
        code: the short code that people use.
        record: the signed record.
        entry: the ledger entry, canonical bytes.
        proof: a tlog-proof of it; its extra data open the commitment in the entry.
        log_key: the log's verifier key (vkey).
        secret: withdraws.
        time: when a time-stamp authority saw the record; None where none is asked.
    """

    code: str
    record: ConsentRecord
    entry: bytes
    proof: str
    log_key: str
    secret: str
    time: RecordTime | None = None

    def to_json(self) -> dict[str, Json]:
        """Return the receipt as a document."""
        return {
            "schema": SCHEMA,
            "code": self.code,
            "studio": self.record.controller_name,
            "signed_at": to_seconds(self.record.created_at),
            "decisions": [*describe(self.record.grants)],
            "withdrawal": {"secret": self.secret, "how": _HOW},
            "record": self.record.envelope,
            "ledger": {"entry": self.entry.decode(), "key": self.log_key, "proof": self.proof},
            **({} if self.time is None else {"timestamp": self.time.to_json()}),
        }

    def to_bytes(self) -> bytes:
        """Return the receipt as it is written to a file, laid out for a person to read."""
        return json.dumps(self.to_json(), indent=2, ensure_ascii=False).encode() + b"\n"

    def verify(self) -> None:
        """Check that the ledger holds this record, and that the secret is the one that withdraws it.

        The log's key is the one in the receipt; whose log that is, only the studio's published key can tell.

        Raises:
            VerificationError: it does not, or it is not.
        """
        proof = parse_proof(self.proof)
        proof.verify(self.entry, keys=[NoteKey.from_text(self.log_key)])
        entry = parse_entry(self.entry)
        if not isinstance(entry, ConsentEntry):
            raise VerificationError("receipt: the ledger entry is not one of a consent", code="receipt-entry")
        verify_commitment(entry.commitment, tag=TAG_CONSENT, randomness=proof.extra or b"", digest=self.record.digest)
        if secret_digest(self.secret) != self.record.secret_digest:
            raise VerificationError("receipt: the secret belongs to another record", code="receipt-secret")


def parse_receipt(data: bytes, *, roots: Sequence[x509.Certificate] = ()) -> Receipt:
    """Return the receipt in a file, with its record's signatures checked; `verify` checks the rest.

    Args:
        data: of the file.
        roots: trusted certificates for time-stamps; without any, the time in a receipt is only claimed.

    Raises:
        InputError: it is malformed.
        VerificationError: a signature in the record does not verify, its time-stamp is about something else, or what
            a person reads in it is not what was signed.
    """
    if len(data) > MAX_RECEIPT_BYTES:
        raise InputError(f"receipt: expected at most {MAX_RECEIPT_BYTES} bytes, got {len(data)}")
    document = parse_object(data, place="receipt")
    if document.get("schema") != SCHEMA:
        raise InputError(f"receipt: expected schema {SCHEMA}")
    ledger, withdrawal, record = document.get("ledger"), document.get("withdrawal"), document.get("record")
    if not isinstance(ledger, dict) or not isinstance(withdrawal, dict) or not isinstance(record, dict):
        raise InputError("receipt: expected record, ledger and withdrawal")
    parts = [
        document.get("code"),
        ledger.get("entry"),
        ledger.get("proof"),
        ledger.get("key"),
        withdrawal.get("secret"),
    ]
    code, entry, proof, key, secret = (part if isinstance(part, str) else "" for part in parts)
    # Half a character, which UTF-8 cannot hold, makes the entry another one than the ledger's.
    body = entry.encode("utf-8", "replace")
    signed = parse_record(canonical_bytes(record))
    time = parse_time(document["timestamp"], signed, roots=roots) if "timestamp" in document else None
    receipt = Receipt(code, signed, body, proof, key, secret, time)
    _check_told(document, receipt.to_json())
    return receipt


def _check_told(document: JsonObject, told: JsonObject) -> None:
    """Check that what a person reads in a receipt is what its record says, and that nothing was added to it."""
    for name in ("studio", "signed_at", "decisions"):
        if document.get(name) != told[name]:
            raise VerificationError(f"receipt: {name} is not what the signed record says", code="receipt-told")
    _check_members(document, told, "receipt")
    for name in ("ledger", "withdrawal"):
        _check_members(document[name], told[name], f"receipt.{name}")
    withdrawal = document["withdrawal"]
    if isinstance(withdrawal, dict) and withdrawal["how"] != _HOW:
        raise VerificationError("receipt.withdrawal: how is not the way to withdraw", code="receipt-told")


def _check_members(found: object, told: object, place: str) -> None:
    if isinstance(found, Mapping) and isinstance(told, Mapping) and (strays := {*found} ^ {*told}):
        raise InputError(f"{place}: expected the members {', '.join(told)}, and differs in {min(strays)[:40]!r}")


def describe(grants: Sequence[Grant]) -> list[str]:
    """Return one plain line for each decision."""
    return [_describe(grant) for grant in grants]


def _describe(grant: Grant) -> str:
    if grant.decision == "deny":
        return f"no: {grant.scope.meaning} ({grant.scope})"
    end = "until withdrawn" if grant.until is None else f"until {grant.until}"
    where = "anywhere" if WORLD in grant.territory else "in " + ", ".join(grant.territory)
    return f"yes: {grant.scope.meaning} ({grant.scope}), {where}, {end}"
