"""Another maker's verifier reads the COSE receipts as it should (`scitt-cose`, Apache-2.0)."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from support.logs import LOG_ORIGIN, Log
from support.trees import entry, root

from provenance.cose import sign_root, to_receipt

judge = pytest.importorskip("scitt_cose.receipt", reason="scitt-cose is not installed")

LOG = Log()
PEM = LOG.signing_key.private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("size", [2, 3, 7, 8, 70, 255, 256, 257])
def test_a_receipt_is_taken_for_its_entry_and_no_other(size: int) -> None:
    signature = sign_root(root(size), key=LOG.key, sign=LOG.signing_key.sign)
    for index in {0, 1, size // 2, size - 1}:
        data = to_receipt(LOG.proof(index, size), key=LOG.key, signature=signature).to_bytes()
        taken = judge.verify_receipt(data, leaf_entry_hex=entry(index).hex(), log_public_key_pem=PEM)
        assert taken.ok, taken.errors
        assert (taken.root, taken.issuer) == (root(size).hex(), LOG_ORIGIN)
        assert (taken.tree_size, taken.leaf_index) == (size, index)
        assert taken.protected_header_ext == {4: LOG.key.key_id}
        other = judge.verify_receipt(data, leaf_entry_hex=(entry(index) + b"x").hex(), log_public_key_pem=PEM)
        assert not other.ok
