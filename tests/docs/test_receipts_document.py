"""The examples in the specification of receipts prove the example in that of the entries."""

import re
from pathlib import Path

import cbor2

from provenance.checkpoint import open_checkpoint
from provenance.cose import parse_receipt
from provenance.note import NoteKey
from provenance.proof import parse_proof

SPEC = Path(__file__).parents[2] / "docs" / "spec"
TEXT = (SPEC / "ledger-receipts.md").read_text("utf-8")
PROOF, COSE = (f"{block}\n" for block in re.findall(r"^```text\n(.*?)\n```$", TEXT, re.MULTILINE | re.DOTALL))


def example() -> bytes:
    """Return the entry that the specification of the entries begins with."""
    block = re.search(r"^```json\n(.*?)\n```$", (SPEC / "ledger-entries.md").read_text("utf-8"), re.MULTILINE)
    assert block is not None
    return block[1].encode()


def key() -> NoteKey:
    vkey = re.search(r"vkey is `(.*?)`", TEXT)
    assert vkey is not None
    return NoteKey.from_text(vkey[1])


def test_the_proof_is_one_of_the_entry() -> None:
    proof = parse_proof(PROOF)
    assert proof.to_text() == PROOF
    assert proof.verify(example(), keys=[key()]).size == 3
    assert len(proof.extra or b"") == 32


def test_the_cose_receipt_proves_the_same() -> None:
    header = {1: -8, 4: key().key_id, 15: {1: key().name}, 395: 1}
    path, signature = (bytes.fromhex(value) for value in re.findall(r"h'([0-9a-f]{64,})'", COSE))
    message = [cbor2.dumps(header), {396: {-1: [cbor2.dumps([3, 2, [path]])]}}, None, signature]
    receipt = parse_receipt(cbor2.dumps(cbor2.CBORTag(18, message)))
    signed = open_checkpoint(parse_proof(PROOF).checkpoint, keys=[key()])
    assert receipt.verify(example(), keys=[key()]) == signed.root_hash
    assert f"h'{key().key_id.hex()}'" in COSE


def test_the_rules_are_numbered_without_a_gap() -> None:
    numbers = [int(number) for number in re.findall(r"^(\d+)\. ", TEXT, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
