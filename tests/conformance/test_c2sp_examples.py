import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.refusals import refused

from provenance.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint_text
from provenance.errors import InputError, VerificationError
from provenance.keys import SigningKey
from provenance.note import NoteKey, parse_note, sign_note

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
