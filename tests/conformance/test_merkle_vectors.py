import base64
import json
from pathlib import Path
from typing import Any

import pytest
from support.refusals import assert_plain_message
from support.shared import SHARED, shared
from support.trees import naive_root

from provenance.errors import VerificationError
from provenance.merkle import leaf_hash, root_hash, verify_consistency, verify_inclusion

# The vectors of github.com/transparency-dev/merkle, testdata/.
VECTORS = SHARED / "vectors" / "merkle"
NAMES = sorted(path.relative_to(VECTORS).as_posix() for path in VECTORS.rglob("*.json"))

# Both roots of this one have 12 bytes, where a root is a SHA-256 hash here.
EXCEPTION = "consistency/additional/sizes-are-equal-one-and-proof-is-empty.json"

# The entries of the tests of Certificate Transparency (github.com/google/certificate-transparency).
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_bytes()))


def decode(texts: list[str] | None) -> list[bytes]:
    return [base64.b64decode(text, validate=True) for text in texts or []]


def check(name: str, case: dict[str, Any]) -> None:
    """Verify the proof of a vector."""
    proof = decode(case["proof"])
    if name.startswith("inclusion/"):
        leaf, root = decode([case["leafHash"], case["root"]])
        verify_inclusion(leaf=leaf, index=case["leafIdx"], size=case["treeSize"], root=root, proof=proof)
    else:
        old_root, new_root = decode([case["root1"], case["root2"]])
        verify_consistency(
            old_size=case["size1"], old_root=old_root, new_size=case["size2"], new_root=new_root, proof=proof
        )


def is_refused(name: str, case: dict[str, Any]) -> bool:
    try:
        check(name, case)
    except VerificationError as error:
        assert_plain_message(error)
        return True
    return False


def test_all_vectors_are_here() -> None:
    names = {path.relative_to(VECTORS).as_posix() for path in shared("vectors", "merkle").rglob("*.json")}
    assert len(names) == len(NAMES) == 196
    assert EXCEPTION in names


@pytest.mark.parametrize("name", NAMES)
def test_a_vector_is_taken_or_refused_as_published(name: str) -> None:
    case = read(VECTORS / name)
    assert is_refused(name, case) == (case["wantErr"] or name == EXCEPTION)


def test_there_is_only_one_disagreement() -> None:
    shared("vectors", "merkle")
    cases = {name: read(VECTORS / name) for name in NAMES}
    assert [name for name, case in cases.items() if is_refused(name, case) != case["wantErr"]] == [EXCEPTION]


def test_the_disagreement_is_over_the_length_of_a_root() -> None:
    shared("vectors", "merkle")
    case = read(VECTORS / EXCEPTION)
    assert case["wantErr"] is False
    assert [len(root) for root in decode([case["root1"], case["root2"]])] == [12, 12]
    with pytest.raises(VerificationError, match=r"\Aconsistency proof: expected hashes of 32 bytes, got one of 12\Z"):
        check(EXCEPTION, case)


# RFC 6962 and RFC 9162, 2.1: SHA-256 of nothing, and of the one byte 0x00.
def test_the_hashes_of_the_empty_tree_and_of_the_empty_leaf_are_known() -> None:
    assert root_hash([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


@pytest.mark.parametrize("size", range(len(ENTRIES) + 1))
def test_the_roots_over_the_known_entries_are_those_of_the_definition(size: int) -> None:
    assert root_hash(leaf_hash(entry) for entry in ENTRIES[:size]) == naive_root(ENTRIES[:size])


def test_the_root_over_all_known_entries_is_the_published_one() -> None:
    root = root_hash(leaf_hash(entry) for entry in ENTRIES)
    assert root.hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
