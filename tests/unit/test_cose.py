import hashlib
from dataclasses import replace
from typing import Any

import cbor2
import pytest
from support.logs import LOG_ORIGIN, Log
from support.refusals import refused
from support.trees import consistency, entry, inclusion, root

from provenance.checkpoint import Checkpoint
from provenance.cose import (
    MAX_RECEIPT_BYTES,
    CoseConsistencyReceipt,
    CoseReceipt,
    parse_consistency_receipt,
    parse_receipt,
    sign_root,
    to_receipt,
)
from provenance.errors import InputError, VerificationError
from provenance.note import NoteKey

LOG = Log()
NO_RECEIPT = "receipt: expected a cose receipt of inclusion, got something else"
NOT_EXACT = "receipt: expected the deterministic encoding with no further members"
PLACES = [(0, 2), (1, 2), (0, 3), (3, 7), (6, 7), (12, 70), (256, 257)]


def signature(size: int, log: Log = LOG) -> bytes:
    return sign_root(root(size), key=log.key, sign=log.signing_key.sign)


def receipt(index: int = 3, size: int = 7, log: Log = LOG) -> CoseReceipt:
    return to_receipt(log.proof(index, size), key=log.key, signature=signature(size, log))


def header(**changed: Any) -> dict[Any, Any]:
    members = {"alg": (1, -8), "kid": (4, LOG.key.key_id), "cwt": (15, {1: LOG_ORIGIN}), "vds": (395, 1)}
    return dict(value for name, value in {**members, **changed}.items() if value is not None)


def written(
    *,
    tag: int = 18,
    protected: Any = None,
    proof: Any = None,
    unprotected: Any = None,
    payload: Any = None,
    signed: Any = None,
    more: tuple[Any, ...] = (),
) -> bytes:
    """Return a receipt of entry 3 of 7 with parts of it exchanged."""
    path = cbor2.dumps([7, 3, inclusion(3, 7)] if proof is None else proof, canonical=True)
    message = [
        cbor2.dumps(header(), canonical=True) if protected is None else protected,
        {396: {-1: [path]}} if unprotected is None else unprotected,
        payload,
        signature(7) if signed is None else signed,
        *more,
    ]
    return cbor2.dumps(cbor2.CBORTag(tag, message), canonical=True)


def test_a_receipt_is_written_as_the_specification_says() -> None:
    assert receipt().to_bytes() == written()


def test_what_is_signed_is_the_structure_of_cose() -> None:
    seen: list[bytes] = []

    def sign(data: bytes) -> bytes:
        seen.append(data)
        return bytes(64)

    assert sign_root(root(7), key=LOG.key, sign=sign) == bytes(64)
    protected = cbor2.dumps(header(), canonical=True)
    assert seen == [b"\x84\x6aSignature1" + cbor2.dumps(protected) + b"\x40\x58\x20" + root(7)]


def test_what_is_signed_is_never_the_text_of_a_note() -> None:
    def sign(data: bytes) -> bytes:
        with pytest.raises(UnicodeDecodeError):
            data.decode()
        return bytes(64)

    sign_root(root(7), key=LOG.key, sign=sign)


@pytest.mark.parametrize(("index", "size"), PLACES)
def test_a_receipt_is_read_as_it_was_written_and_verifies(index: int, size: int) -> None:
    found = parse_receipt(receipt(index, size).to_bytes())
    assert found == receipt(index, size)
    assert found.verify(entry(index), keys=[LOG.key]) == root(size)


def test_one_signature_serves_every_entry_of_a_tree() -> None:
    signed = signature(7)
    for index in range(7):
        found = to_receipt(LOG.proof(index, 7), key=LOG.key, signature=signed)
        assert found.verify(entry(index), keys=[LOG.key]) == root(7)


def test_the_key_is_found_among_several() -> None:
    others = [Log("other.example/log").key, Log().key]
    assert receipt().verify(entry(3), keys=[*others, LOG.key]) == root(7)


def test_a_receipt_names_no_size_that_is_signed() -> None:
    # Entry 0 of 3 has the same path as entry 0 of 4 would have, so that no size may be read out of a receipt.
    changed = replace(receipt(0, 3), size=4)
    assert changed.verify(entry(0), keys=[LOG.key]) == root(3)


@pytest.mark.parametrize("other", [b"", entry(2), entry(3) + b"\x00"])
def test_a_receipt_of_another_entry_is_refused(other: bytes) -> None:
    message = f"receipt: the signature of {LOG_ORIGIN} does not verify for what it leads to"
    with refused(VerificationError, message, code="receipt-signature"):
        receipt().verify(other, keys=[LOG.key])


def test_a_leaf_hash_is_no_entry() -> None:
    message = f"receipt: the signature of {LOG_ORIGIN} does not verify for what it leads to"
    with refused(VerificationError, message, code="receipt-signature"):
        receipt().verify(hashlib.sha256(b"\x00" + entry(3)).digest(), keys=[LOG.key])


@pytest.mark.parametrize(
    "changed",
    [
        replace(receipt(), index=2),
        replace(receipt(), hashes=(bytes(32), *receipt().hashes[1:])),
        replace(receipt(), signature=bytes(64)),
        replace(receipt(), signature=signature(6)),
        replace(receipt(), signature=signature(7, Log())),
    ],
)
def test_a_changed_receipt_is_refused(changed: CoseReceipt) -> None:
    message = f"receipt: the signature of {LOG_ORIGIN} does not verify for what it leads to"
    with refused(VerificationError, message, code="receipt-signature"):
        changed.verify(entry(3), keys=[LOG.key])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (replace(receipt(), index=7), "inclusion proof: expected an index below the tree size 7, got 7"),
        (replace(receipt(), size=0), "inclusion proof: expected an index below the tree size 0, got 3"),
        (
            replace(receipt(), hashes=receipt().hashes[:2]),
            "inclusion proof: shorter than a tree of size 7 needs: got 2 hashes",
        ),
        (
            replace(receipt(), hashes=(*receipt().hashes, bytes(32))),
            "inclusion proof: longer than a tree of size 7 allows: got 4 hashes",
        ),
        (
            replace(receipt(), hashes=(bytes(31), *receipt().hashes[1:])),
            "inclusion proof: expected hashes of 32 bytes, got one of 31",
        ),
    ],
)
def test_a_path_of_another_shape_is_refused(changed: CoseReceipt, message: str) -> None:
    with refused(VerificationError, message):
        changed.verify(entry(3), keys=[LOG.key])


def test_a_receipt_of_a_stranger_is_refused() -> None:
    stranger = Log("stranger.example/log")
    found = receipt(log=stranger)
    message = (
        f"receipt: expected one of {LOG_ORIGIN}, got one of 'stranger.example/log' with key {stranger.key.key_id.hex()}"
    )
    with refused(VerificationError, message, code="receipt-unknown-signer"):
        found.verify(entry(3), keys=[LOG.key])


def test_a_receipt_of_another_key_of_that_name_is_refused() -> None:
    other = Log()
    message = f"receipt: expected one of {LOG_ORIGIN}, got one of '{LOG_ORIGIN}' with key {other.key.key_id.hex()}"
    with refused(VerificationError, message, code="receipt-unknown-signer"):
        receipt(log=other).verify(entry(3), keys=[LOG.key])


def test_without_keys_nobody_is_believed() -> None:
    message = f"receipt: expected one of nobody, got one of '{LOG_ORIGIN}' with key {LOG.key.key_id.hex()}"
    with refused(VerificationError, message, code="receipt-unknown-signer"):
        receipt().verify(entry(3), keys=[])


def test_a_receipt_is_made_only_of_a_proof_that_the_key_signed() -> None:
    other = Log()
    with refused(
        VerificationError,
        f"note: expected a signature of {LOG_ORIGIN}+…",
        code="note-unknown-signer",
    ):
        to_receipt(other.proof(3, 7), key=LOG.key, signature=signature(7))


def test_a_log_of_one_entry_has_no_receipts() -> None:
    alone = to_receipt(LOG.proof(0, 1), key=LOG.key, signature=signature(1))
    message = "receipt: expected a path, got none; cose has no form for it"
    with refused(InputError, message):
        alone.to_bytes()
    with refused(InputError, message):
        parse_receipt(written(proof=[1, 0, []]))


def test_a_root_of_another_length_is_not_signed() -> None:
    with refused(ValueError, "receipt: expected a root of 32 bytes, got 31"):
        sign_root(root(7)[1:], key=LOG.key, sign=LOG.signing_key.sign)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", NO_RECEIPT),
        (b"\xff", NO_RECEIPT),
        (b"\x81" * 1000, NO_RECEIPT),
        (written()[:-1], NO_RECEIPT),
        (written()[1:], "receipt: expected a tagged cose_sign1 (18)"),
        (written(tag=98), "receipt: expected a tagged cose_sign1 (18)"),
        (cbor2.dumps(cbor2.CBORTag(18, 5)), NO_RECEIPT),
        (written(more=(1,)), NO_RECEIPT),
        (written(protected=b""), NO_RECEIPT),
        (written(protected={}), NO_RECEIPT),
        (written(protected=cbor2.dumps(header(kid=None))), NO_RECEIPT),
        (written(protected=cbor2.dumps(header(cwt=None))), NO_RECEIPT),
        (written(protected=cbor2.dumps(header(cwt=(15, 1)))), NO_RECEIPT),
        (written(protected=cbor2.dumps(header(cwt=(15, {1: 5})))), "receipt issuer: expected text"),
        (written(protected=cbor2.dumps(header(kid=(4, b"abc")))), "receipt key id: expected 4 bytes"),
        (written(protected=cbor2.dumps(header(kid=(4, "abcd")))), "receipt key id: expected 4 bytes"),
        (written(unprotected={}), NO_RECEIPT),
        (written(unprotected={396: {}}), NO_RECEIPT),
        (written(unprotected={396: {-2: [b""]}}), NO_RECEIPT),
        (written(unprotected={396: {-1: []}}), NO_RECEIPT),
        (written(unprotected={396: {-1: [b"", b""]}}), NO_RECEIPT),
        (written(unprotected={396: {-1: [5]}}), NO_RECEIPT),
        (written(proof=[7, 3]), NO_RECEIPT),
        (written(proof=[7, 3, 5]), NO_RECEIPT),
        (written(proof=["7", 3, []]), "receipt tree size: expected a whole number from 0 to 9223372036854775807"),
        (written(proof=[7, -1, []]), "receipt leaf index: expected a whole number from 0 to 9223372036854775807"),
        (written(proof=[True, 0, []]), "receipt tree size: expected a whole number from 0 to 9223372036854775807"),
        (written(proof=[2**63, 0, []]), "receipt tree size: expected a whole number from 0 to 9223372036854775807"),
        (written(proof=[7, 3, [bytes(31)]]), "receipt path: expected 32 bytes"),
        (written(proof=[7, 3, ["a" * 32]]), "receipt path: expected 32 bytes"),
        (written(proof=[7, 3, [bytes(32)] * 65]), "receipt path: expected at most 64 hashes, got 65"),
        (written(payload=root(7)), "receipt: expected the payload to be left out, got one"),
        (written(payload=b""), "receipt: expected the payload to be left out, got one"),
        (written(signed=bytes(63)), "receipt signature: expected 64 bytes"),
        (written(signed=None)[:-66] + b"\xf6", "receipt signature: expected 64 bytes"),
        (bytes(MAX_RECEIPT_BYTES + 1), "receipt: expected at most 8192 bytes, got 8193"),
    ],
)
def test_what_is_no_receipt_is_refused(data: bytes, message: str) -> None:
    with refused(InputError, message):
        parse_receipt(data)


@pytest.mark.parametrize(
    "data",
    [
        written() + b"\x00",
        written(protected=cbor2.dumps(header(alg=(1, -7)), canonical=True)),
        written(protected=cbor2.dumps(header(alg=(1, -19)), canonical=True)),
        written(protected=cbor2.dumps(header(alg=None), canonical=True)),
        written(protected=cbor2.dumps(header(vds=(395, 2)), canonical=True)),
        written(protected=cbor2.dumps(header(vds=None), canonical=True)),
        written(protected=cbor2.dumps(header(crit=(2, [395])), canonical=True)),
        written(protected=cbor2.dumps(header(cwt=(15, {1: LOG_ORIGIN, 2: "x"})), canonical=True)),
        written(protected=cbor2.dumps(dict(reversed(header().items())))),
        written(unprotected={396: {-1: [cbor2.dumps([7, 3, inclusion(3, 7)])]}, 1: -8}),
        written(unprotected={396: {-1: [cbor2.dumps([7, 3, inclusion(3, 7)])], -2: []}}),
        written(unprotected={396: {-1: [b"\x83\x18\x07\x03" + cbor2.dumps(inclusion(3, 7))]}}),
        b"\xd8\x12" + written()[1:],
    ],
)
def test_a_receipt_in_another_form_is_refused(data: bytes) -> None:
    assert data != written()
    with refused(InputError, NOT_EXACT):
        parse_receipt(data)


def test_the_issuer_is_shown_without_its_control_characters() -> None:
    protected = cbor2.dumps(header(cwt=(15, {1: "log\x1b[2J\n"})), canonical=True)
    found = parse_receipt(written(protected=protected))
    with refused(VerificationError, f"receipt: expected one of {LOG_ORIGIN}, got one of 'log\\x1b[2J\\n' with key …",
                 code="receipt-unknown-signer"):  # fmt: skip
        found.verify(entry(3), keys=[LOG.key])


def test_a_key_of_the_same_id_but_another_name_is_not_taken() -> None:
    renamed = NoteKey("other.example/log", LOG.key.public_key)
    with pytest.raises(VerificationError, match=r"expected one of other\.example/log"):
        replace(receipt(), key_id=renamed.key_id).verify(entry(3), keys=[renamed])


def grown(old: int = 3, new: int = 7) -> CoseConsistencyReceipt:
    path = tuple(consistency(old, new))
    return CoseConsistencyReceipt(LOG_ORIGIN, LOG.key.key_id, old, new, path, signature(new))


def known(size: int) -> Checkpoint:
    return Checkpoint(LOG_ORIGIN, size, root(size))


@pytest.mark.parametrize(("old", "new"), [(1, 2), (3, 7), (4, 7), (4, 8), (6, 7), (64, 70), (255, 257)])
def test_a_receipt_of_consistency_is_read_and_verifies(old: int, new: int) -> None:
    data = grown(old, new).to_bytes()
    found = parse_consistency_receipt(data)
    assert found == grown(old, new)
    assert found.verify(known(old), keys=[LOG.key]) == root(new)


def test_a_receipt_of_consistency_is_written_as_the_specification_says() -> None:
    proof = cbor2.dumps([3, 7, consistency(3, 7)], canonical=True)
    assert grown().to_bytes() == written(unprotected={396: {-2: [proof]}})


def test_one_signature_serves_inclusion_and_consistency() -> None:
    assert grown().signature == receipt().signature


def test_the_two_kinds_are_not_taken_for_each_other() -> None:
    with refused(InputError, NO_RECEIPT):
        parse_receipt(grown().to_bytes())
    with refused(InputError, "receipt: expected a cose receipt of consistency, got something else"):
        parse_consistency_receipt(receipt().to_bytes())


@pytest.mark.parametrize(
    ("old", "got"),
    [
        (known(4), "size 4 of studio.example/log"),
        (Checkpoint("other.example/log", 3, root(3)), "size 3 of other.example/log"),
    ],
)
def test_a_receipt_that_starts_elsewhere_is_refused(old: Checkpoint, got: str) -> None:
    message = f"receipt: expected one that starts at {got}, got size 3 of '{LOG_ORIGIN}'"
    with refused(VerificationError, message, code="receipt-checkpoint"):
        grown().verify(old, keys=[LOG.key])


def test_a_history_that_was_changed_is_refused() -> None:
    forked = Checkpoint(LOG_ORIGIN, 3, bytes(32))
    with refused(VerificationError, f"consistency proof: expected old root {bytes(32).hex()}, got …"):
        grown().verify(forked, keys=[LOG.key])


def test_a_receipt_of_consistency_that_was_changed_is_refused() -> None:
    message = f"receipt: the signature of {LOG_ORIGIN} does not verify for what it leads to"
    with refused(VerificationError, message, code="receipt-signature"):
        replace(grown(), signature=signature(6)).verify(known(3), keys=[LOG.key])
    # From a whole tree of 4 on, nothing but the new root depends on the last hash.
    changed = replace(grown(4, 7), hashes=(bytes(32), *grown(4, 7).hashes[1:]))
    with refused(VerificationError, message, code="receipt-signature"):
        changed.verify(known(4), keys=[LOG.key])


def test_a_log_that_did_not_grow_has_no_receipt_of_it() -> None:
    same = replace(grown(), old_size=7, hashes=())
    assert same.verify(known(7), keys=[LOG.key]) == root(7)
    with refused(InputError, "receipt: expected a path, got none; cose has no form for it"):
        same.to_bytes()


@pytest.mark.parametrize(
    ("proof", "message"),
    [
        (["3", 7, []], "receipt old tree size: expected a whole number from 0 to 9223372036854775807"),
        ([3, None, []], "receipt new tree size: expected a whole number from 0 to 9223372036854775807"),
        ([3, 7, [], 1], "receipt: expected a cose receipt of consistency, got something else"),
    ],
)
def test_what_is_no_receipt_of_consistency_is_refused(proof: list[Any], message: str) -> None:
    with refused(InputError, message):
        parse_consistency_receipt(written(unprotected={396: {-2: [cbor2.dumps(proof)]}}))
    data = grown().to_bytes()
    with refused(InputError, NOT_EXACT):
        parse_consistency_receipt(data + b"\x00")
