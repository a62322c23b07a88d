"""COSE receipts: proofs of inclusion and consistency in the encoding of RFC 9942, for readers that know no notes.

Tree and proofs are those of the log; only the signature is another, because COSE signs other bytes: one
for each checkpoint, which serves all of its proofs. A signature over a note cannot be taken for one of these, nor the
other way round: what COSE signs begins with 0x84, which no UTF-8 text begins with. The profile that is written and read
here is described in `docs/spec/ledger-receipts.md`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from provenance.checkpoint import Checkpoint, open_checkpoint
from provenance.errors import InputError, VerificationError
from provenance.merkle import HASH_BYTES, consistency_root, inclusion_root, leaf_hash
from provenance.note import NoteKey
from provenance.proof import LedgerProof

MAX_RECEIPT_BYTES = 8 * 1024

_SIGN1 = 18  # COSE_Sign1, RFC 9052, 2
_ALG, _KID, _CWT_CLAIMS, _VDS, _VDP = 1, 4, 15, 395, 396  # RFC 9052, 3.1; RFC 9597; RFC 9942, 2
_EDDSA = -8  # RFC 9053, 2.2
_ISS = 1  # RFC 8392, 3.1.1
_RFC9162_SHA256 = 1  # RFC 9942, 4.1
_INCLUSION, _CONSISTENCY = -1, -2  # RFC 9942, 4.2
_KINDS = {_INCLUSION: "inclusion", _CONSISTENCY: "consistency"}
_SIGNATURE_BYTES = 64
_KEY_ID_BYTES = 4
_MAX_SIZE = 2**63 - 1
_MAX_HASHES = 64

_Receipt = TypeVar("_Receipt", "CoseReceipt", "CoseConsistencyReceipt")


class _Parts(NamedTuple):
    log_origin: str
    key_id: bytes
    first: object
    second: object
    hashes: tuple[bytes, ...]
    signature: bytes


@dataclass(frozen=True, slots=True)
class CoseReceipt:
    """A receipt of inclusion taken apart; nothing in it is believed until `verify` returns.

    Attributes:
        log_origin: the log that is said to have issued it.
        key_id: of the log's key as a note key, 4 bytes.
        size: of the tree, at least 2: RFC 9942, 5.2, has no form for an empty path.
        index: of the entry, from 0.
        hashes: the inclusion proof, the leaf's sibling first; 32 bytes each.
        signature: Ed25519 over the root, as COSE asks; 64 bytes.
    """

    log_origin: str
    key_id: bytes
    size: int
    index: int
    hashes: tuple[bytes, ...]
    signature: bytes

    def to_bytes(self) -> bytes:
        """Return the tagged COSE_Sign1 with the payload left out, deterministically encoded (RFC 8949, 4.2.1).

        Raises:
            InputError: there is no path, which no receipt can say.
        """
        return _write(self, _INCLUSION, self.size, self.index)

    def verify(self, entry: bytes, *, keys: Sequence[NoteKey]) -> bytes:
        """Check that the log with one of `keys` holds `entry`, and return the root hash that it signed, 32 bytes.

        1. The proof is applied to the entry, which gives the root (RFC 9942, 5.2.1).
        2. The signature over that root is checked with the key that the receipt names.

        Neither size nor index is signed: the root follows from them, but others of the same shape lead to it too.
        A checkpoint with this root says how large the tree is.

        Raises:
            VerificationError: the proof has the wrong shape, none of `keys` is named, or the signature is wrong.
        """
        root = inclusion_root(leaf=leaf_hash(entry), index=self.index, size=self.size, proof=self.hashes)
        _check_signature(self, root, keys)
        return root


@dataclass(frozen=True, slots=True)
class CoseConsistencyReceipt:
    """A receipt of consistency taken apart; nothing in it is believed until `verify` returns.

    Attributes:
        log_origin: the log that is said to have issued it.
        key_id: of the log's key as a note key, 4 bytes.
        old_size: of the older tree, at least 1.
        new_size: of the newer tree, larger: RFC 9942, 5.3, has no form for an empty path.
        hashes: the consistency proof; 32 bytes each.
        signature: Ed25519 over the newer root, as COSE asks; 64 bytes.
    """

    log_origin: str
    key_id: bytes
    old_size: int
    new_size: int
    hashes: tuple[bytes, ...]
    signature: bytes

    def to_bytes(self) -> bytes:
        """Return the tagged COSE_Sign1, as `CoseReceipt.to_bytes` does.

        Raises:
            InputError: there is no path, which no receipt can say.
        """
        return _write(self, _CONSISTENCY, self.old_size, self.new_size)

    def verify(self, old: Checkpoint, *, keys: Sequence[NoteKey]) -> bytes:
        """Check that the log with one of `keys` only appended since `old`, and return the root hash that it signed.

        1. The proof starts at the checkpoint that is known already, and gives the newer root (RFC 9942, 5.3.1).
        2. The signature over that root is checked with the key that the receipt names.

        The new size is not signed, as in `CoseReceipt.verify`.

        Args:
            old: a checkpoint of the log whose signature was checked.
            keys: the log's keys.

        Raises:
            VerificationError: it starts at another checkpoint, the proof does not lead from there, none of `keys` is
                named, or the signature is wrong.
        """
        if (self.log_origin, self.old_size) != (old.log_origin, old.size):
            raise VerificationError(
                f"receipt: expected one that starts at size {old.size} of {old.log_origin}, "
                f"got size {self.old_size} of {self.log_origin!r}",
                code="receipt-checkpoint",
            )
        root = consistency_root(old_size=old.size, old_root=old.root_hash, new_size=self.new_size, proof=self.hashes)
        _check_signature(self, root, keys)
        return root


def sign_root(root: bytes, *, key: NoteKey, sign: Callable[[bytes], bytes]) -> bytes:
    """Return the log's COSE signature over the root of a checkpoint, 64 bytes; it serves every receipt of that tree.

    Args:
        root: 32 bytes, of a tree that the log has published a checkpoint of.
        key: the public half, named in the receipt.
        sign: returns the 64-byte Ed25519 signature of what it is given.
    """
    if len(root) != HASH_BYTES:
        raise ValueError(f"receipt: expected a root of 32 bytes, got {len(root)}")
    return sign(_to_be_signed(_protected(key.name, key.key_id), root))


def to_receipt(proof: LedgerProof, *, key: NoteKey, signature: bytes) -> CoseReceipt:
    """Return `proof` as a COSE receipt.

    Args:
        proof: one whose checkpoint `key` has signed.
        key: the log's key.
        signature: what `sign_root` returned for that checkpoint's root.

    Raises:
        InputError: the proof's checkpoint is malformed.
        VerificationError: `key` has not signed it.
    """
    size = open_checkpoint(proof.checkpoint, keys=[key]).size
    return CoseReceipt(key.name, key.key_id, size, proof.index, proof.hashes, signature)


def parse_receipt(data: bytes) -> CoseReceipt:
    """Return the receipt of inclusion in `data`, read strictly: this profile, deterministically encoded.

    Raises:
        InputError: it is anything else.
    """
    found = _read(data, _INCLUSION)
    receipt = CoseReceipt(
        found.log_origin,
        found.key_id,
        _number(found.first, "tree size"),
        _number(found.second, "leaf index"),
        found.hashes,
        found.signature,
    )
    return _exactly(receipt, data)


def parse_consistency_receipt(data: bytes) -> CoseConsistencyReceipt:
    """Return the receipt of consistency in `data`, as strictly as `parse_receipt`.

    Raises:
        InputError: it is anything else.
    """
    found = _read(data, _CONSISTENCY)
    receipt = CoseConsistencyReceipt(
        found.log_origin,
        found.key_id,
        _number(found.first, "old tree size"),
        _number(found.second, "new tree size"),
        found.hashes,
        found.signature,
    )
    return _exactly(receipt, data)


def _write(receipt: CoseReceipt | CoseConsistencyReceipt, label: int, first: int, second: int) -> bytes:
    import cbor2

    if not receipt.hashes:
        raise InputError("receipt: expected a path, got none; cose has no form for it")
    proof = cbor2.dumps([first, second, list(receipt.hashes)], canonical=True)
    protected = _protected(receipt.log_origin, receipt.key_id)
    message = [protected, {_VDP: {label: [proof]}}, None, receipt.signature]
    return cbor2.dumps(cbor2.CBORTag(_SIGN1, message), canonical=True)


def _read(data: bytes, label: int) -> _Parts:
    import cbor2

    if len(data) > MAX_RECEIPT_BYTES:
        raise InputError(f"receipt: expected at most {MAX_RECEIPT_BYTES} bytes, got {len(data)}")
    try:
        message = cbor2.loads(data)
        if not isinstance(message, cbor2.CBORTag) or message.tag != _SIGN1:
            raise InputError("receipt: expected a tagged cose_sign1 (18)")
        protected, unprotected, payload, signature = message.value
        header = cbor2.loads(protected)
        (proof,) = unprotected[_VDP][label]
        first, second, path = cbor2.loads(proof)
        if payload is not None:
            raise InputError("receipt: expected the payload to be left out, got one")
        if len(path) > _MAX_HASHES:
            raise InputError(f"receipt path: expected at most {_MAX_HASHES} hashes, got {len(path)}")
        return _Parts(
            _text(header[_CWT_CLAIMS][_ISS], "issuer"),
            _bytes(header[_KID], _KEY_ID_BYTES, "key id"),
            first,
            second,
            tuple(_bytes(value, HASH_BYTES, "path") for value in path),
            _bytes(signature, _SIGNATURE_BYTES, "signature"),
        )
    # Whatever CBOR there is instead, it cannot be taken apart like that.
    except (cbor2.CBORDecodeError, KeyError, TypeError, ValueError, IndexError, OverflowError, RecursionError):
        raise InputError(f"receipt: expected a cose receipt of {_KINDS[label]}, got something else") from None


def _exactly(receipt: _Receipt, data: bytes) -> _Receipt:
    if receipt.to_bytes() != data:
        raise InputError("receipt: expected the deterministic encoding with no further members")
    return receipt


def _check_signature(receipt: CoseReceipt | CoseConsistencyReceipt, root: bytes, keys: Sequence[NoteKey]) -> None:
    signed = _to_be_signed(_protected(receipt.log_origin, receipt.key_id), root)
    for key in keys:
        if (key.name, key.key_id) == (receipt.log_origin, receipt.key_id):
            try:
                Ed25519PublicKey.from_public_bytes(key.public_key).verify(receipt.signature, signed)
            except InvalidSignature:
                raise VerificationError(
                    f"receipt: the signature of {key.name} does not verify for what it leads to",
                    code="receipt-signature",
                ) from None
            return
    expected = ", ".join(key.name for key in keys) or "nobody"
    raise VerificationError(
        f"receipt: expected one of {expected}, got one of {receipt.log_origin!r} with key {receipt.key_id.hex()}",
        code="receipt-unknown-signer",
    )


def _protected(log_origin: str, key_id: bytes) -> bytes:
    import cbor2

    header = {_ALG: _EDDSA, _KID: key_id, _CWT_CLAIMS: {_ISS: log_origin}, _VDS: _RFC9162_SHA256}
    return cbor2.dumps(header, canonical=True)


def _to_be_signed(protected: bytes, root: bytes) -> bytes:
    """Return the Sig_structure (RFC 9052, 4.4)."""
    import cbor2

    return cbor2.dumps(["Signature1", protected, b"", root], canonical=True)


def _text(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise InputError(f"receipt {place}: expected text")
    return value


def _number(value: object, place: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_SIZE:
        raise InputError(f"receipt {place}: expected a whole number from 0 to {_MAX_SIZE}")
    return value


def _bytes(value: object, size: int, place: str) -> bytes:
    if not isinstance(value, bytes) or len(value) != size:
        raise InputError(f"receipt {place}: expected {size} bytes")
    return value
