"""One byte changed anywhere in what was signed or handed out is found, and what was changed is named.

Every place is tried, each with another byte than stood there: in the record, its body, its signatures, a disclosure,
an event, a receipt, the receipt of a withdrawal and a disclosure of a picture's consent. Where a document is laid out
for people, a changed blank may mean the same; nothing else may. Only the short code is signed by nobody: it is where
the studio finds the record.
"""

import dataclasses
import random
from collections.abc import Callable

import pytest
from support.consents import KEY, NOW, SECRET, decisions, signed_event, signed_record
from support.logs import Log
from support.openings import disclosed, opening
from support.refusals import assert_plain_message

from provenance.canonical import from_base64url, parse_object
from provenance.checkpoint import Checkpoint, sign_checkpoint
from provenance.consent.disclosures import Disclosure, verify_disclosures
from provenance.consent.events import ConsentEvent, parse_event
from provenance.consent.openings import parse_disclosure
from provenance.consent.receipts import Receipt, parse_receipt
from provenance.consent.records import parse_record
from provenance.consent.status import check_chain
from provenance.consent.withdrawals import make_withdrawal_receipt, parse_withdrawal_receipt
from provenance.entries import TAG_CONSENT, TAG_CONSENT_EVENT, ConsentEntry, ConsentEventEntry, Entry, commit
from provenance.errors import InputError, RefusedError, VerificationError
from provenance.merkle import leaf_hash, node_hash
from provenance.proof import LedgerProof

pytestmark = pytest.mark.slow

LOG = Log()
RANDOMNESS = bytes([7]) * 32
NAME = Disclosure.make("legal_name", "Zoë Ångström")
RECORD = signed_record(decisions("capture", "publish.web", deny=["mine"]), disclosures=[NAME])
GIVEN = signed_event(RECORD, proof="signature")
WITHDRAWN = signed_event(RECORD, "withdrawn", previous=GIVEN, by="subject", proof="receipt-secret")


def logged(entry: Entry) -> tuple[bytes, str]:
    body, first = entry.to_bytes(), leaf_hash(b"first")
    checkpoint = Checkpoint(LOG.key.name, 2, node_hash(first, leaf_hash(body)))
    note = sign_checkpoint(checkpoint, key=LOG.key, sign=LOG.signing_key.sign)
    return body, LedgerProof(1, (first,), note.to_bytes(), RANDOMNESS).to_text()


RECEIPT = Receipt(
    "8F3K-QX2P",
    RECORD,
    *logged(ConsentEntry(NOW, commit(TAG_CONSENT, randomness=RANDOMNESS, digest=RECORD.digest))),
    LOG.key.to_text(),
    SECRET,
)
_EVENT_ENTRY = ConsentEventEntry(NOW, commit(TAG_CONSENT_EVENT, randomness=RANDOMNESS, digest=WITHDRAWN.digest))
WITHDRAWAL = make_withdrawal_receipt(
    RECORD,
    WITHDRAWN,
    code="8F3K-QX2P",
    controller_key=KEY,
    entry=logged(_EVENT_ENTRY)[0],
    proof=logged(_EVENT_ENTRY)[1],
    log_key=LOG.key.to_text(),
)


def read_record(data: bytes) -> object:
    return parse_record(data).to_bytes()


def read_event(data: bytes) -> object:
    event: ConsentEvent = parse_event(data, record=RECORD)
    check_chain([GIVEN, event])
    return event.to_bytes()


def read_disclosure(data: bytes) -> object:
    disclosure = Disclosure.from_text(data.decode("utf-8", "replace"))
    verify_disclosures([disclosure], digests=RECORD.disclosure_digests)
    return disclosure


def read_receipt(data: bytes) -> object:
    receipt = parse_receipt(data)
    receipt.verify()
    # A secret that was typed otherwise is the same one, as its digest was checked.
    return dataclasses.replace(receipt, code=RECEIPT.code, secret=RECEIPT.secret)


def read_withdrawal(data: bytes) -> object:
    receipt = parse_withdrawal_receipt(data)
    receipt.verify(RECORD)
    return receipt


def read_opened(data: bytes) -> object:
    return parse_disclosure(data, now=NOW)


def noticed(read: Callable[[bytes], object], changed: bytes, whole: object) -> str | None:
    """Return what is said of a changed document; that it means the same, or None where the change is not noticed."""
    try:
        return "means the same" if read(changed) == whole else None
    except (InputError, VerificationError, RefusedError) as error:
        assert_plain_message(error)
        return str(error)


DOCUMENTS: dict[str, tuple[bytes, Callable[[bytes], object]]] = {
    "record": (RECORD.to_bytes(), read_record),
    "event": (WITHDRAWN.to_bytes(), read_event),
    "disclosure": (NAME.to_text().encode(), read_disclosure),
    "receipt": (RECEIPT.to_bytes(), read_receipt),
    "withdrawal": (WITHDRAWAL.to_bytes(), read_withdrawal),
    "opened": (disclosed(opening(RECORD, [GIVEN, WITHDRAWN], revealed=[NAME])).to_bytes(), read_opened),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_changed_byte_is_found_wherever_it_is(name: str) -> None:
    data, read = DOCUMENTS[name]
    whole, chance = read(data), random.Random(name)
    unnoticed = []
    for place in range(len(data)):
        other = chance.choice([byte for byte in range(256) if byte != data[place]])
        if noticed(read, data[:place] + bytes([other]) + data[place + 1 :], whole) is None:
            unnoticed.append(data[max(0, place - 20) : place + 20])
    assert unnoticed == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_missing_byte_is_found_wherever_it_is(name: str) -> None:
    data, read = DOCUMENTS[name]
    whole = read(data)
    for place in range(0, len(data), 3):
        assert noticed(read, data[:place] + data[place + 1 :], whole), data[max(0, place - 20) : place + 20]


def test_every_member_of_the_body_is_under_the_signatures() -> None:
    payload = from_base64url(parse_object(RECORD.to_bytes(), place="record")["payload"], place="payload")
    body = parse_object(payload, place="body")
    assert {*body} == {*RECORD.body}
    assert body == RECORD.body
