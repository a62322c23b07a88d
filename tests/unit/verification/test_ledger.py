import base64
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from support.judged import credential, manifest
from support.trees import naive_inclusion, naive_root

from provenance.canonical import canonical_bytes, sha256, to_base64url
from provenance.checkpoint import Checkpoint, sign_checkpoint
from provenance.clock import from_minutes
from provenance.credentials.labels import CONSENT_LABEL
from provenance.credentials.manifest import ConsentAssertion
from provenance.entries import TAG_IMAGE, ConsentEntry, StampEntry, commit
from provenance.keys import SigningKey
from provenance.note import Note, NoteKey, NoteSignature, parse_note
from provenance.proof import LedgerProof, parse_proof
from provenance.verification.ledger import ABSENT, LedgerFinding, judge_ledger
from provenance.verification.report import Axis, Finding, LedgerCode

LOG_ORIGIN = "studio.example/log"
LOG_SIGNER = SigningKey.generate("Ed25519")
LOG_KEY = NoteKey(LOG_ORIGIN, LOG_SIGNER.public_bytes())
OTHER_SIGNER = SigningKey.generate("Ed25519")
# Under the same name, and under another.
FALSE_KEY = NoteKey(LOG_ORIGIN, OTHER_SIGNER.public_bytes())
OTHER_KEY = NoteKey("other.example/log", OTHER_SIGNER.public_bytes())

AT = from_minutes("2026-11-23T21:07Z")
DIGEST = sha256(b"the picture")
RANDOMNESS = sha256(b"its randomness")
HANDLE, OTHER_HANDLE = sha256(b"a handle"), sha256(b"another handle")
IMAGE = commit(TAG_IMAGE, randomness=RANDOMNESS, digest=DIGEST)

STAMP = StampEntry(AT, IMAGE, (HANDLE,)).to_bytes()
INDEX = 3
ENTRIES = [ConsentEntry(AT, sha256(bytes([number]))).to_bytes() for number in range(INDEX)] + [STAMP]

UNPINNED = Finding(8, "log-key-unpinned", "the log's key is known from the credential only")
FACTS = {"log": LOG_ORIGIN}
PROVEN = Axis(
    LedgerCode.PROVEN,
    "In the ledger",
    "Entry 3 of the log studio.example/log covers it.",
    {"log": LOG_ORIGIN, "entry": "3"},
)
UNPROVEN = Axis(
    LedgerCode.UNPROVEN,
    "Not proven by a ledger",
    "The file names a ledger, but what it carries proves nothing.",
    FACTS,
)
INCONSISTENT = Axis(
    LedgerCode.INCONSISTENT,
    "Contradicts the ledger",
    "The ledger proof in this file is wrong. Do not rely on it.",
    FACTS,
)


def prove(
    index: int = INDEX,
    entries: list[bytes] | None = None,
    *,
    extra: bytes | None = RANDOMNESS,
    key: NoteKey = LOG_KEY,
    signer: SigningKey = LOG_SIGNER,
) -> str:
    held = ENTRIES if entries is None else entries
    checkpoint = sign_checkpoint(Checkpoint(key.name, len(held), naive_root(held)), key=key, sign=signer.sign)
    return LedgerProof(index, tuple(naive_inclusion(index, held)), checkpoint.to_bytes(), extra).to_text()


ASSERTION = ConsentAssertion(
    handles=(HANDLE,),
    subject_kind="real",
    scopes=("capture",),
    assurance="drawn",
    controller="urn:ietf:params:oauth:jwk-thumbprint:sha-256:example",
    stamped_at="2026-11-23T21:07Z",
    entry=STAMP,
    log_origin=LOG_ORIGIN,
    log_key=LOG_KEY.to_text(),
    proof=prove(),
)


def logged(entry: bytes) -> ConsentAssertion:
    """Return the assertion of a stamp whose log holds `entry` in its place."""
    return replace(ASSERTION, entry=entry, proof=prove(entries=[*ENTRIES[:INDEX], entry]))


def judged(
    data: Any, *known_logs: NoteKey, digest: bytes | None = DIGEST, logs: Sequence[str] = ()
) -> tuple[LedgerFinding, list[Finding]]:
    findings: list[Finding] = []
    holder = credential(manifest(assertions={CONSENT_LABEL: data}))
    found = judge_ledger(holder, picture_digest=digest, known_logs=known_logs, findings=findings, logs=logs)
    return found, findings


def check(assertion: ConsentAssertion, axis: Axis, message: str, code: str, *known: NoteKey) -> None:
    """Check that a stamp which is not in the ledger is judged so, with one finding beside that of an unpinned key."""
    found, findings = judged(assertion.to_json(), *known)
    assert found == LedgerFinding(axis, assertion)
    assert [finding for finding in findings if finding != UNPINNED] == [Finding(8, code, message)]


# --- proven


def test_a_stamp_in_a_log_that_only_the_file_names_is_proven_and_the_key_is_shown_as_unpinned() -> None:
    found, findings = judged(ASSERTION.to_json())
    assert found == LedgerFinding(PROVEN, ASSERTION, StampEntry(AT, IMAGE, (HANDLE,)))
    assert findings == [UNPINNED]


@pytest.mark.parametrize("known", [(LOG_KEY,), (OTHER_KEY, LOG_KEY), (FALSE_KEY, LOG_KEY)])
def test_a_stamp_in_a_known_log_is_proven(known: tuple[NoteKey, ...]) -> None:
    found, findings = judged(ASSERTION.to_json(), *known)
    assert found.axis == PROVEN
    assert findings == []


def test_a_stamp_that_shows_nobody_real_is_proven() -> None:
    entry = StampEntry(AT, IMAGE, ())
    nobody = replace(logged(entry.to_bytes()), handles=(), subject_kind="synthetic", scopes=(), assurance=None)
    found, _ = judged(nobody.to_json(), LOG_KEY)
    assert (found.axis, found.entry) == (PROVEN, entry)


def test_a_checkpoint_that_somebody_else_signed_too_proves_a_stamp() -> None:
    proof = parse_proof(ASSERTION.proof)
    note = parse_note(proof.checkpoint)
    line = NoteSignature(OTHER_KEY.name, OTHER_KEY.key_id, OTHER_SIGNER.sign(note.text.encode()))
    for signatures in ((*note.signatures, line), (line, *note.signatures)):
        countersigned = replace(proof, checkpoint=Note(note.text, signatures).to_bytes()).to_text()
        found, _ = judged(replace(ASSERTION, proof=countersigned).to_json(), LOG_KEY)
        assert found.axis == PROVEN


# --- absent


def test_a_credential_without_the_assertion_names_no_ledger() -> None:
    findings: list[Finding] = []
    found = judge_ledger(credential(), picture_digest=DIGEST, known_logs=[LOG_KEY], findings=findings)
    assert found is ABSENT
    assert found.axis == Axis(LedgerCode.ABSENT, "Not in a ledger", "The file names no entry in a public ledger.")
    assert (found.assertion, found.entry, findings) == (None, None, [])


# --- unproven


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("not an object", "consent assertion: expected version 1"),
        ([], "consent assertion: expected version 1"),
        ({}, "consent assertion: expected version 1"),
        ({**ASSERTION.to_json(), "v": 2}, "consent assertion: expected version 1"),
        ({**ASSERTION.to_json(), "v": True}, "consent assertion: expected version 1"),
        ({**ASSERTION.to_json(), "log": LOG_ORIGIN}, "consent assertion: expected log, handles and scopes"),
        (
            {**ASSERTION.to_json(), "handles": [to_base64url(HANDLE)] * 65},
            "consent assertion: expected at most 64 handles, got 65",
        ),
        ({**ASSERTION.to_json(), "handles": ["AAAA"]}, "consent assertion handles: expected 32 bytes, got 3"),
        (
            {**ASSERTION.to_json(), "subject_kind": "unreal"},
            "consent assertion: expected subject_kind real or synthetic, got 'unreal'",
        ),
        ({**ASSERTION.to_json(), "entry": 7}, "consent assertion entry: expected text"),
    ],
)
def test_an_assertion_that_cannot_be_read_proves_nothing(data: Any, message: str) -> None:
    found, findings = judged(data, LOG_KEY)
    assert found == LedgerFinding(replace(UNPROVEN, facts={}))
    assert findings == [Finding(8, "malformed-input", message)]


@pytest.mark.parametrize("logs", [["studio.example/log2"], [f"{LOG_ORIGIN}/", "other.example"]])
def test_a_log_that_the_issuers_stamps_are_not_in_proves_nothing(logs: list[str]) -> None:
    message = "ledger: the log is none of those that the issuer's stamps are in"
    found, findings = judged(ASSERTION.to_json(), LOG_KEY, logs=logs)
    assert found == LedgerFinding(UNPROVEN, ASSERTION)
    assert findings == [Finding(8, "log-unknown", message)]


@pytest.mark.parametrize("other", [[OTHER_KEY], [OTHER_KEY, replace(LOG_KEY, name="studio.example/log2")]])
def test_to_know_other_logs_says_nothing_of_this_one(other: list[NoteKey]) -> None:
    found, findings = judged(ASSERTION.to_json(), *other)
    assert (found.axis, findings) == (PROVEN, [UNPINNED])
    found, findings = judged(ASSERTION.to_json(), LOG_KEY, logs=[LOG_ORIGIN, "other.example"])
    assert (found.axis, findings) == (PROVEN, [])


def test_a_key_that_cannot_be_read_proves_nothing() -> None:
    message = "note key: expected name+hash+base64, got something else"
    check(replace(ASSERTION, log_key=LOG_ORIGIN), UNPROVEN, message, "malformed-input")


def test_a_proof_that_cannot_be_read_proves_nothing() -> None:
    message = "proof: expected an empty line before the checkpoint, got none"
    check(replace(ASSERTION, proof="c2sp.org/tlog-proof@v1"), UNPROVEN, message, "malformed-input")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (b"{}", "entry: expected version 1, got None"),
        (b"no json", "entry: expected json, got something else at line 1 column 1"),
        (STAMP + b" ", "entry of type stamp: expected canonical bytes with no further members"),
        (canonical_bytes({"v": 1, "type": "novelty", "at": "2026-11-23T21:07Z"}), "entry: expected a known type, …"),
    ],
)
def test_an_entry_that_this_version_cannot_read_proves_nothing(entry: bytes, message: str) -> None:
    found, (finding,) = judged(logged(entry).to_json(), LOG_KEY)
    assert found == LedgerFinding(UNPROVEN, logged(entry))
    assert (finding.step, finding.code) == (8, "malformed-input")
    assert finding.message.startswith(message.removesuffix("…"))


def test_a_picture_whose_digest_cannot_be_computed_proves_nothing() -> None:
    found, findings = judged(ASSERTION.to_json(), LOG_KEY, digest=None)
    assert found == LedgerFinding(UNPROVEN, ASSERTION)
    message = "ledger: the picture in this kind of file cannot be compared with the entry"
    assert findings == [Finding(8, "malformed-input", message)]


# --- inconsistent


@pytest.mark.parametrize("known", [[], [LOG_KEY]])
def test_a_key_of_another_log_contradicts(known: list[NoteKey]) -> None:
    message = "ledger: the key in the credential is that of another log"
    check(replace(ASSERTION, log_key=OTHER_KEY.to_text()), INCONSISTENT, message, "log-key", *known)


@pytest.mark.parametrize("known", [[LOG_KEY], [OTHER_KEY, LOG_KEY]])
def test_a_key_that_is_not_the_one_which_is_known_of_the_log_contradicts(known: list[NoteKey]) -> None:
    false = replace(ASSERTION, log_key=FALSE_KEY.to_text(), proof=prove(key=FALSE_KEY, signer=OTHER_SIGNER))
    message = "ledger: the key in the credential is not the log's own"
    check(false, INCONSISTENT, message, "log-key", *known)
    # The same stamp hangs together where nothing else is known of the log.
    assert judged(false.to_json())[0].axis == PROVEN


def test_a_checkpoint_whose_signature_is_wrong_contradicts() -> None:
    line = prove().splitlines()[-1]
    name, encoded = line.split()[1:]
    raw = base64.b64decode(encoded)
    wrong = f"— {name} {base64.b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).decode()}"
    message = f"note: the signature of {LOG_ORIGIN} does not verify"
    check(replace(ASSERTION, proof=prove().replace(line, wrong)), INCONSISTENT, message, "note-signature")


def test_a_checkpoint_that_the_log_did_not_sign_contradicts() -> None:
    foreign = replace(ASSERTION, proof=prove(key=OTHER_KEY, signer=OTHER_SIGNER))
    message = f"note: expected a signature of {LOG_ORIGIN}, got those of '{OTHER_KEY.name}'"
    check(foreign, INCONSISTENT, message, "note-unknown-signer")


@pytest.mark.parametrize(
    "wrong",
    [
        replace(ASSERTION, entry=StampEntry(AT, IMAGE, (HANDLE, OTHER_HANDLE)).to_bytes()),
        replace(ASSERTION, proof=prove(index=2)),
        replace(ASSERTION, proof=prove(entries=[*ENTRIES, STAMP], index=2)),
        replace(ASSERTION, proof=prove(entries=ENTRIES[:3], index=2)),
    ],
)
def test_an_entry_that_the_log_does_not_hold_there_contradicts(wrong: ConsentAssertion) -> None:
    found, findings = judged(wrong.to_json(), LOG_KEY)
    assert found == LedgerFinding(INCONSISTENT, wrong)
    assert [(finding.step, finding.source) for finding in findings] == [(8, "provenance")]
    assert findings[0].message.startswith("inclusion proof: ")


@pytest.mark.parametrize(
    "entry",
    [
        ConsentEntry(AT, IMAGE).to_bytes(),
        StampEntry(AT, IMAGE, ()).to_bytes(),
        StampEntry(AT, IMAGE, (OTHER_HANDLE,)).to_bytes(),
        StampEntry(AT, IMAGE, (HANDLE, OTHER_HANDLE)).to_bytes(),
    ],
)
def test_the_entry_of_another_stamp_contradicts(entry: bytes) -> None:
    message = "ledger: the entry is not the one of this stamp"
    check(logged(entry), INCONSISTENT, message, "entry-mismatch", LOG_KEY)


def test_handles_in_another_order_contradict() -> None:
    both = logged(StampEntry(AT, IMAGE, (HANDLE, OTHER_HANDLE)).to_bytes())
    assert judged(replace(both, handles=(HANDLE, OTHER_HANDLE)).to_json())[0].axis == PROVEN
    message = "ledger: the entry is not the one of this stamp"
    check(replace(both, handles=(OTHER_HANDLE, HANDLE)), INCONSISTENT, message, "entry-mismatch", LOG_KEY)


@pytest.mark.parametrize("extra", [None, b"", RANDOMNESS[:-1], RANDOMNESS + b"\x00", sha256(RANDOMNESS)])
def test_a_commitment_that_does_not_open_contradicts(extra: bytes | None) -> None:
    message = "commitment: does not open to this digest (provenance/image/v1)"
    check(replace(ASSERTION, proof=prove(extra=extra)), INCONSISTENT, message, "commitment-mismatch", LOG_KEY)


def test_a_commitment_to_another_picture_contradicts() -> None:
    found, findings = judged(ASSERTION.to_json(), LOG_KEY, digest=sha256(b"another picture"))
    assert found == LedgerFinding(INCONSISTENT, ASSERTION)
    message = "commitment: does not open to this digest (provenance/image/v1)"
    assert findings == [Finding(8, "commitment-mismatch", message)]
