import dataclasses
import json
from collections.abc import Callable

import pytest
from support.consents import NOW, SECRET, YEAR_END, decisions, signed_record
from support.logs import Log
from support.refusals import refused

from provenance.canonical import Json, canonical_bytes, from_base64url, to_base64url
from provenance.checkpoint import Checkpoint, sign_checkpoint
from provenance.clock import to_seconds
from provenance.consent.codes import new_secret
from provenance.consent.receipts import MAX_RECEIPT_BYTES, SCHEMA, Receipt, describe, parse_receipt
from provenance.consent.scopes import Scope
from provenance.entries import TAG_CONSENT, TAG_CONSENT_EVENT, ConsentEntry, ConsentEventEntry, Entry, commit
from provenance.errors import InputError, VerificationError
from provenance.merkle import leaf_hash, node_hash
from provenance.proof import LedgerProof

LOG = Log()
CODE = "8F3K-QX2P"
RANDOMNESS = bytes([9]) * 32
RECORD = signed_record(decisions("capture", "publish.web", deny=["mine"]))
OTHER_RECORD = signed_record()
COMMITMENT = commit(TAG_CONSENT, randomness=RANDOMNESS, digest=RECORD.digest)
MISMATCH = f"commitment: does not open to this digest ({TAG_CONSENT})"
INCLUSION = "inclusion proof: expected root …"


def logged(entry: Entry, *, extra: bytes | None = RANDOMNESS) -> tuple[bytes, str]:
    """Return an entry's bytes and the proof that a log of two holds it."""
    body = entry.to_bytes()
    first = leaf_hash(b"first")
    checkpoint = Checkpoint(LOG.key.name, 2, node_hash(first, leaf_hash(body)))
    note = sign_checkpoint(checkpoint, key=LOG.key, sign=LOG.signing_key.sign)
    return body, LedgerProof(1, (first,), note.to_bytes(), extra).to_text()


ENTRY, PROOF = logged(ConsentEntry(NOW, COMMITMENT))
RECEIPT = Receipt(CODE, RECORD, ENTRY, PROOF, LOG.key.to_text(), SECRET)


def written(**changes: Json) -> bytes:
    return canonical_bytes({**RECEIPT.to_json(), **changes})


def test_a_receipt_verifies() -> None:
    RECEIPT.verify()


def test_a_receipt_is_read_as_it_was_written() -> None:
    assert parse_receipt(RECEIPT.to_bytes()) == RECEIPT
    parse_receipt(RECEIPT.to_bytes()).verify()


def test_a_receipt_is_laid_out_for_a_person_to_read() -> None:
    text = RECEIPT.to_bytes().decode()
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"
    assert f'\n  "studio": "{RECORD.controller_name}",\n' in text
    assert f'\n  "signed_at": "{to_seconds(RECORD.created_at)}",\n' in text


def test_a_receipt_has_the_members_of_the_format() -> None:
    document = json.loads(RECEIPT.to_bytes())
    assert document["schema"] == SCHEMA == "urn:headshot-provenance:schema:consent-receipt:1"
    assert document["code"] == CODE
    assert document["withdrawal"]["secret"] == SECRET
    assert document["withdrawal"]["how"]
    assert document["record"] == json.loads(RECORD.to_bytes())
    assert document["ledger"] == {"entry": ENTRY.decode(), "key": LOG.key.to_text(), "proof": PROOF}
    assert document["decisions"] == describe(RECORD.grants)


def test_a_receipt_may_be_rewritten_as_any_json() -> None:
    parse_receipt(json.dumps(json.loads(RECEIPT.to_bytes()), indent=4).encode()).verify()


# --- what does not belong together


def test_another_entry_of_the_log_is_refused() -> None:
    foreign = dataclasses.replace(RECEIPT, entry=ConsentEntry(NOW, bytes(32)).to_bytes())
    with refused(VerificationError, INCLUSION):
        foreign.verify()


def test_an_entry_that_is_not_one_of_a_consent_is_refused() -> None:
    commitment = commit(TAG_CONSENT_EVENT, randomness=RANDOMNESS, digest=RECORD.digest)
    entry, proof = logged(ConsentEventEntry(NOW, commitment))
    foreign = dataclasses.replace(RECEIPT, entry=entry, proof=proof)
    with refused(VerificationError, "receipt: the ledger entry is not one of a consent", code="receipt-entry"):
        foreign.verify()


def test_an_entry_that_is_none_is_refused() -> None:
    body = b"first"
    checkpoint = Checkpoint(LOG.key.name, 1, leaf_hash(body))
    note = sign_checkpoint(checkpoint, key=LOG.key, sign=LOG.signing_key.sign)
    proof = LedgerProof(0, (), note.to_bytes(), RANDOMNESS).to_text()
    with refused(InputError, "entry: expected json, got something else at line 1 column 1"):
        dataclasses.replace(RECEIPT, entry=body, proof=proof).verify()


def test_another_record_is_refused() -> None:
    with refused(VerificationError, MISMATCH, code="commitment-mismatch"):
        dataclasses.replace(RECEIPT, record=OTHER_RECORD).verify()


def test_another_commitment_is_refused() -> None:
    entry, proof = logged(ConsentEntry(NOW, bytes(32)))
    with refused(VerificationError, MISMATCH, code="commitment-mismatch"):
        dataclasses.replace(RECEIPT, entry=entry, proof=proof).verify()


def test_a_commitment_made_for_something_else_is_refused() -> None:
    commitment = commit(TAG_CONSENT_EVENT, randomness=RANDOMNESS, digest=RECORD.digest)
    entry, proof = logged(ConsentEntry(NOW, commitment))
    with refused(VerificationError, MISMATCH, code="commitment-mismatch"):
        dataclasses.replace(RECEIPT, entry=entry, proof=proof).verify()


@pytest.mark.parametrize("extra", [None, b"", bytes(32), RANDOMNESS[:31], RANDOMNESS + b"\x00"])
def test_a_proof_that_does_not_open_the_commitment_is_refused(extra: bytes | None) -> None:
    entry, proof = logged(ConsentEntry(NOW, COMMITMENT), extra=extra)
    with refused(VerificationError, MISMATCH, code="commitment-mismatch"):
        dataclasses.replace(RECEIPT, entry=entry, proof=proof).verify()


@pytest.mark.parametrize("secret", [new_secret, lambda: SECRET[:-1] + "W"])
def test_the_secret_of_another_record_is_refused(secret: Callable[[], str]) -> None:
    with refused(VerificationError, "receipt: the secret belongs to another record", code="receipt-secret"):
        dataclasses.replace(RECEIPT, secret=secret()).verify()


def test_a_secret_that_cannot_be_one_is_refused() -> None:
    message = "withdrawal secret: expected 28 letters and digits"
    with refused(InputError, message, code="code-form", hint="copy it from the receipt"):
        dataclasses.replace(RECEIPT, secret=CODE).verify()


def test_a_secret_may_be_written_in_small_letters() -> None:
    dataclasses.replace(RECEIPT, secret=SECRET.lower()).verify()


def test_a_proof_with_a_changed_hash_is_refused() -> None:
    line = PROOF.split("\n")[3]
    changed = PROOF.replace(line, ("B" if line[0] != "B" else "C") + line[1:])
    with refused(VerificationError, INCLUSION):
        dataclasses.replace(RECEIPT, proof=changed).verify()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("index 1", "index 2", "inclusion proof: expected an index below the tree size 2, got 2"),
        ("index 1", "index 0", INCLUSION),
    ],
)
def test_a_proof_with_another_index_is_refused(old: str, new: str, message: str) -> None:
    with refused(VerificationError, message):
        dataclasses.replace(RECEIPT, proof=PROOF.replace(old, new)).verify()


def test_a_proof_with_a_changed_checkpoint_is_refused() -> None:
    message = f"note: the signature of {LOG.key.name} does not verify"
    with refused(VerificationError, message, code="note-signature"):
        dataclasses.replace(RECEIPT, proof=PROOF.replace("\n2\n", "\n3\n")).verify()


def test_the_key_of_another_log_is_refused() -> None:
    other = Log()
    expected, got = (f"{LOG.key.name}+{log.key.key_id.hex()}" for log in (other, LOG))
    message = f"note: expected a signature of {expected}, got those of {got!r}"
    with refused(VerificationError, message, code="note-unknown-signer"):
        dataclasses.replace(RECEIPT, log_key=other.key.to_text()).verify()


@pytest.mark.parametrize(
    ("receipt", "message"),
    [
        (dataclasses.replace(RECEIPT, proof=""), "proof: expected an empty line before the checkpoint, got none"),
        (dataclasses.replace(RECEIPT, log_key=""), "note key: expected name+hash+base64, got something else"),
    ],
    ids=["proof", "key"],
)
def test_a_receipt_without_proof_or_key_is_refused(receipt: Receipt, message: str) -> None:
    with refused(InputError, message):
        receipt.verify()


# --- the file


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "receipt: expected json, got something else at line 1 column 1"),
        (b"[]", "receipt: expected a json object, got list"),
        (b"{}", f"receipt: expected schema {SCHEMA}"),
        (written(schema="urn:headshot-provenance:schema:consent-receipt:2"), f"receipt: expected schema {SCHEMA}"),
        (written(ledger=None), "receipt: expected record, ledger and withdrawal"),
        (written(withdrawal=[]), "receipt: expected record, ledger and withdrawal"),
        (written(record="x"), "receipt: expected record, ledger and withdrawal"),
        (written(record={}), "signed document: expected payload and signatures"),
        (
            b" " * (MAX_RECEIPT_BYTES + 1),
            f"receipt: expected at most {MAX_RECEIPT_BYTES} bytes, got {MAX_RECEIPT_BYTES + 1}",
        ),
    ],
    ids=["empty", "list", "no schema", "schema", "ledger", "withdrawal", "record", "no record", "large"],
)
def test_another_file_than_a_receipt_is_refused(data: bytes, message: str) -> None:
    with refused(InputError, message):
        parse_receipt(data)


def test_a_receipt_cut_short_is_refused() -> None:
    with refused(InputError, "receipt: expected json, got …"):
        parse_receipt(RECEIPT.to_bytes()[:-2])


def test_a_receipt_whose_record_was_changed_is_refused() -> None:
    record = json.loads(RECORD.to_bytes())
    record["payload"] = json.loads(OTHER_RECORD.to_bytes())["payload"]
    with refused(VerificationError, "signed document: a signature does not verify", code="signature-invalid"):
        parse_receipt(written(record=record))


@pytest.mark.parametrize(
    ("place", "name", "message"),
    [
        ("ledger", "entry", "inclusion proof: expected root …"),
        ("ledger", "proof", "proof: expected an empty line before the checkpoint, got none"),
        ("ledger", "key", "note key: expected name+hash+base64, got something else"),
        ("withdrawal", "secret", "withdrawal secret: expected 28 letters and digits"),
    ],
)
@pytest.mark.parametrize("value", [None, 5, [], {}])
def test_a_receipt_with_something_else_than_text_does_not_verify(
    place: str, name: str, message: str, value: object
) -> None:
    document = json.loads(RECEIPT.to_bytes())
    document[place][name] = value
    with pytest.raises((InputError, VerificationError)) as caught:
        parse_receipt(canonical_bytes(document)).verify()
    assert str(caught.value).startswith(message.removesuffix("…"))


def test_half_a_character_in_the_entry_is_refused() -> None:
    data = RECEIPT.to_bytes().replace(b'"entry": "', b'"entry": "\\ud800')
    with refused(VerificationError, INCLUSION):
        parse_receipt(data).verify()


@pytest.mark.parametrize(
    ("name", "value"),
    [("decisions", ["yes: everything"]), ("studio", "Another Studio"), ("signed_at", "2020-01-01T00:00:00Z")],
)
def test_what_a_person_reads_in_a_receipt_is_what_was_signed(name: str, value: Json) -> None:
    with refused(VerificationError, f"receipt: {name} is not what the signed record says", code="receipt-told"):
        parse_receipt(written(**{name: value}))


def test_another_way_to_withdraw_is_refused() -> None:
    with refused(VerificationError, "receipt.withdrawal: how is not the way to withdraw", code="receipt-told"):
        parse_receipt(written(withdrawal={"secret": SECRET, "how": "Write to thief@example.org"}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"note": "x"}, "receipt: expected the members schema, code, studio, signed_at, decisions, withdrawal, …"),
        (
            {"withdrawal": {"secret": SECRET}},
            "receipt.withdrawal: expected the members secret, how, and differs in 'how'",
        ),
        (
            {"ledger": {"entry": "", "key": "", "proof": "", "url": ""}},
            "receipt.ledger: expected the members entry, key, proof, and differs in 'url'",
        ),
    ],
)
def test_a_receipt_with_other_members_is_refused(changes: dict[str, Json], message: str) -> None:
    with refused(InputError, message):
        parse_receipt(written(**changes))


# --- the words


def test_decisions_are_described_in_plain_lines() -> None:
    grants = decisions("capture", "publish.web", deny=["mine"], until=YEAR_END, territory=["DE", "AT"])
    lines = describe(grants)
    assert lines[0] == "yes: take and keep photographs (capture), in DE, AT, until 2026-12-31"
    assert lines[1] == "yes: publish them on websites (publish.web), in DE, AT, until 2026-12-31"
    assert "no: index and mine them as data (mine)" in lines
    assert len(lines) == len(grants)


def test_a_decision_without_bounds_is_described_so() -> None:
    assert describe(decisions("capture"))[0] == ("yes: take and keep photographs (capture), anywhere, until withdrawn")


def test_every_scope_can_be_described() -> None:
    everything = decisions(*(scope.value for scope in Scope), until=YEAR_END)
    for grant, line in zip(everything, describe(everything), strict=True):
        assert line.startswith(f"yes: {grant.scope.meaning} ({grant.scope}), ")


def test_a_receipt_holds_the_secret_in_clear_and_the_record_in_it_only_its_digest() -> None:
    assert SECRET.encode() in RECEIPT.to_bytes()
    assert SECRET.encode() not in RECORD.to_bytes()
    payload = json.loads(RECORD.to_bytes())["payload"]
    body = from_base64url(payload, place="payload")
    assert SECRET.encode() not in body
    assert SECRET.replace("-", "").encode() not in body
    assert to_base64url(RECORD.secret_digest).encode() in body
