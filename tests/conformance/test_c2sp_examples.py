import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.refusals import refused

from provenance.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint_text
from provenance.cosignature import CosignatureKey, Kind, cosigned_time
from provenance.errors import InputError, VerificationError
from provenance.keys import SigningKey
from provenance.note import Note, NoteKey, parse_note, parse_signatures, sign_note
from provenance.policy import Policy, parse_policy
from provenance.witness.request import parse_request

# c2sp.org/signed-note, the example of a verifier key and of a note.
FOO_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
FOO_NOTE = (
    "This is an example message.\n"
    "\n"
    "— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)

# c2sp.org/signed-note, the example at its start: a poem with an empty line within. Its key is not published.
POEM = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n"
POEM_NOTE = (
    f"{POEM}\n"
    "— quasimodo.example/salvatore "
    "NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
)

# golang.org/x/mod/sumdb/note, note_test.go.
PETER_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_PRIVATE_KEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_NOTE = (
    f"{PETER_TEXT}\n"
    "— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

# c2sp.org/tlog-checkpoint, the example at its start. Its key is not published.
SOFA_TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
SOFA_NOTE = (
    f"{SOFA_TEXT}\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)


def peters_signing_key() -> SigningKey:
    raw = base64.b64decode(PETER_PRIVATE_KEY.split("+", 4)[4], validate=True)
    assert raw[0] == 1
    return SigningKey(Ed25519PrivateKey.from_private_bytes(raw[1:]))


@pytest.mark.parametrize(
    ("text", "name", "key_id"),
    [(FOO_KEY, "example.com/foo", "530d903a"), (PETER_KEY, "PeterNeumann", "c74f20a3")],
)
def test_a_published_key_is_read_and_written(text: str, name: str, key_id: str) -> None:
    key = NoteKey.from_text(text)
    assert (key.name, key.key_id.hex()) == (name, key_id)
    assert key.to_text() == text


@pytest.mark.parametrize(("key", "note"), [(FOO_KEY, FOO_NOTE), (PETER_KEY, PETER_NOTE)])
def test_a_published_note_verifies(key: str, note: str) -> None:
    known = NoteKey.from_text(key)
    assert parse_note(note.encode()).verify(keys=[known]) == (known,)


@pytest.mark.parametrize("note", [FOO_NOTE, POEM_NOTE, PETER_NOTE, SOFA_NOTE])
def test_a_published_note_is_written_as_it_was_read(note: str) -> None:
    assert parse_note(note.encode()).to_bytes() == note.encode()


@pytest.mark.parametrize(
    ("note", "text", "name"),
    [
        (FOO_NOTE, "This is an example message.\n", "example.com/foo"),
        (POEM_NOTE, POEM, "quasimodo.example/salvatore"),
        (PETER_NOTE, PETER_TEXT, "PeterNeumann"),
        (SOFA_NOTE, SOFA_TEXT, "example.com/behind-the-sofa"),
    ],
)
def test_a_published_note_is_split_at_its_last_empty_line(note: str, text: str, name: str) -> None:
    read = parse_note(note.encode())
    assert read.text == text
    assert [line.name for line in read.signatures] == [name]
    assert len(read.signatures[0].signature) == 64


def test_the_published_note_is_signed_byte_for_byte() -> None:
    key = peters_signing_key()
    public = NoteKey("PeterNeumann", key.public_bytes())
    assert public.to_text() == PETER_KEY
    assert sign_note(PETER_TEXT, key=public, sign=key.sign).to_bytes() == PETER_NOTE.encode()


def test_a_published_note_with_another_text_does_not_verify() -> None:
    note = parse_note(FOO_NOTE.replace("example message", "exemplary message").encode())
    with refused(VerificationError, "note: the signature of example.com/foo does not verify", code="note-signature"):
        note.verify(keys=[NoteKey.from_text(FOO_KEY)])


def test_a_published_note_does_not_verify_with_the_key_of_another() -> None:
    message = "note: expected a signature of PeterNeumann, got those of 'example.com/foo'"
    with refused(VerificationError, message, code="note-unknown-signer"):
        parse_note(FOO_NOTE.encode()).verify(keys=[NoteKey.from_text(PETER_KEY)])


@pytest.mark.parametrize("text", [FOO_KEY, PETER_KEY])
def test_no_part_of_a_published_key_is_a_key(text: str) -> None:
    for start in range(len(text)):
        for end in range(start, len(text)):
            with pytest.raises(InputError):
                NoteKey.from_text(text[start:end])
        if start:
            with pytest.raises(InputError):
                NoteKey.from_text(text[start:])


def test_the_published_checkpoint_is_read_and_written() -> None:
    checkpoint = parse_checkpoint_text(parse_note(SOFA_NOTE.encode()).text)
    root = base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=", validate=True)
    assert checkpoint == Checkpoint("example.com/behind-the-sofa", 20852163, root)
    assert checkpoint.to_text() == SOFA_TEXT


def test_the_published_checkpoint_is_not_opened_with_the_key_of_another() -> None:
    message = "note: expected a signature of PeterNeumann, got those of 'example.com/behind-the-sofa'"
    with refused(VerificationError, message, code="note-unknown-signer"):
        open_checkpoint(SOFA_NOTE.encode(), keys=[NoteKey.from_text(PETER_KEY)])


# --- c2sp.org/tlog-cosignature

# The example at its start. The keys are not published.
COSIGNED_NOTE = (
    f"{SOFA_NOTE}"
    "— witness.example.com/w1 "
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)
# github.com/transparency-dev/formats, note/note_cosigv1_test.go: a witness's key, and a cosignature with its time.
REMORA_KEY = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
TIMED_SIGNATURE = (
    "ZGhGuQAAAABm/qTPeyKXD+R2rzyQsxPiP8mXum7qq/iF0u4vanlqJyocWODBt97w9uL+8qT7S5gxEHWWOworDcFiEBYJXORmnFBOBA=="
)
# github.com/FiloSottile/torchwood, cmd/litewitness/testdata/mldsa.txt: a log's key, and its checkpoint of one entry.
ML_DSA_VECTOR = Path(__file__).parent / "vectors" / "ml-dsa-44-checkpoint.txt"


def test_the_published_cosigned_checkpoint_is_read_and_written() -> None:
    note = parse_note(COSIGNED_NOTE.encode())
    assert note.to_bytes() == COSIGNED_NOTE.encode()
    assert [line.name for line in note.signatures] == ["example.com/behind-the-sofa", "witness.example.com/w1"]
    assert note.signatures[1].key_id.hex() == "8d66cf3f"
    # The document spells the message that was signed: `time 1679315147`.
    assert cosigned_time(note.signatures[1].signature) == datetime.fromtimestamp(1679315147, UTC)
    assert parse_note(SOFA_NOTE.encode()).with_signatures(note.signatures) == note


def test_a_published_cosignature_tells_its_time() -> None:
    raw = base64.b64decode(TIMED_SIGNATURE, validate=True)
    assert cosigned_time(raw[4:]) == datetime.fromtimestamp(1727964367, UTC)


def test_the_published_key_of_a_witness_is_read_and_written() -> None:
    key = CosignatureKey.from_text(REMORA_KEY)
    assert (key.name, key.key_id.hex(), key.kind) == ("remora.n621.de", "da77ade7", Kind.ED25519)
    assert key.to_text() == REMORA_KEY


def test_a_checkpoint_that_another_implementation_signed_with_ml_dsa_is_opened() -> None:
    vkey, _, note = ML_DSA_VECTOR.read_text("utf-8").partition("\n")
    key = CosignatureKey.from_text(vkey)
    assert (key.to_text(), key.kind) == (vkey, Kind.ML_DSA_44)
    assert open_checkpoint(note.encode(), keys=[key]).size == 1
    # It states no time.
    assert key.verify(parse_note(note.encode())) == datetime(1970, 1, 1, tzinfo=UTC)
    with refused(VerificationError, f"note: the cosignature of {key.name} does not verify", code="note-signature"):
        open_checkpoint(note.replace("\n1\n", "\n2\n").encode(), keys=[key])


# --- c2sp.org/tlog-witness

# The example of a request: the checkpoint has signatures by two keys of its log.
WITNESS_NOTE = (
    f"{SOFA_NOTE}"
    "— example.com/behind-the-sofa "
    "opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n"
)
WITNESS_PROOF = [
    "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=",
    "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=",
    "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=",
    "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=",
]
WITNESS_REQUEST = "\n".join(["old 20852014", *WITNESS_PROOF, "", WITNESS_NOTE])
# The example of an answer: two lines of one witness, and one of another.
WITNESS_ANSWER = (
    "— witness.example/w1 "
    "CMp+6LWBU0anHGH5aNDTJkH/gj79sG+T6+iP2ThYN5krrDJbR1HDnucjL39QsZTSvVjyQLrdk3DXDqI5G2HgLatVs0pWh6Up69HVOw==\n"
    "— witness.example/w1 "
    "I7rEps0pvK2UqkS2gSpVUDhrhVtQV9lgF6pRrWAvjJHjyWpW7VcE3SiOlVlbQNt64vWhO+DlkL0+UfzuOBMh9ChdMkP1vi/lCAsmlw==\n"
    "— witness.example/w2 "
    "AWui8Sk55XjYLOijihBjhqEH6nS1ndDymE0a+6idX7pLcnoB+dhnz0854aLZgrrKbYKA7nC3HNJhm/kWl7oJlqU3rXXvpysAdyP3wQ==\n"
)


def test_the_published_request_is_read() -> None:
    read = parse_request(WITNESS_REQUEST.encode())
    assert read.old_size == 20852014
    assert [base64.b64encode(value).decode() for value in read.proof] == WITNESS_PROOF
    assert read.checkpoint == WITNESS_NOTE.encode()
    note = parse_note(read.checkpoint)
    assert [(line.name, line.key_id.hex()) for line in note.signatures] == [
        ("example.com/behind-the-sofa", "033de0ae"),
        ("example.com/behind-the-sofa", "a292ea05"),
    ]


def test_the_published_answer_is_read_and_added_to_the_checkpoint() -> None:
    lines = parse_signatures(WITNESS_ANSWER)
    assert [(line.name, line.key_id.hex()) for line in lines] == [
        ("witness.example/w1", "08ca7ee8"),
        ("witness.example/w1", "23bac4a6"),
        ("witness.example/w2", "016ba2f1"),
    ]
    assert all(len(line.signature) == 72 for line in lines)
    cosigned = parse_note(SOFA_NOTE.encode()).with_signatures(lines)
    assert cosigned.to_bytes() == (SOFA_NOTE + WITNESS_ANSWER).encode()
    assert "".join(line.to_text() for line in Note("\n", lines).signatures) == WITNESS_ANSWER


# --- c2sp.org/tlog-policy


def test_the_smallest_policies_of_the_specification_are_read() -> None:
    assert parse_policy(b"quorum none\n") == Policy()
    policy = parse_policy(f"log {FOO_KEY} https://example.com\nwitness w {REMORA_KEY}\nquorum w\n".encode())
    assert (policy.logs[0].key, policy.witnesses[0].key) == (
        NoteKey.from_text(FOO_KEY),
        CosignatureKey.from_text(REMORA_KEY),
    )
