import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.logs import Log
from support.mutations import edited, edited_bytes, one_edit
from support.refusals import assert_plain_message

from provenance.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint_text
from provenance.errors import InputError, VerificationError
from provenance.note import Note, NoteKey, NoteSignature, parse_note, sign_note

LOG = Log()
NOTE = sign_note("First line.\n\nThird line: é😀.\n", key=LOG.key, sign=LOG.signing_key.sign).to_bytes()
CHECKPOINT = LOG.checkpoint(7)
CHECKPOINT_TEXT = parse_note(CHECKPOINT).text

CHARACTERS = st.characters(codec="utf-8", min_codepoint=0x20) | st.just("\n")
TEXTS = st.text(CHARACTERS, max_size=60).map(lambda text: f"{text}\n")
NAMES = st.text(
    st.characters(codec="utf-8", min_codepoint=0x21, exclude_characters="+"), min_size=1, max_size=20
).filter(lambda name: not any(character.isspace() for character in name))
KEYS = st.builds(NoteKey, NAMES, st.binary(min_size=32, max_size=32))
SIGNATURES = st.builds(NoteSignature, NAMES, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=100))
NOTES = st.builds(Note, TEXTS, st.lists(SIGNATURES, min_size=1, max_size=5).map(tuple))
CHECKPOINTS = st.builds(
    Checkpoint,
    st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1, max_size=30),
    st.integers(0, 10**19 - 1),
    st.binary(min_size=32, max_size=32),
)


@given(KEYS)
def test_a_key_is_read_as_it_was_written(key: NoteKey) -> None:
    assert NoteKey.from_text(key.to_text()) == key


@given(NOTES)
def test_a_note_is_read_as_it_was_written(note: Note) -> None:
    assert parse_note(note.to_bytes()) == note


@given(TEXTS)
def test_any_text_is_signed_and_verified(text: str) -> None:
    note = parse_note(sign_note(text, key=LOG.key, sign=LOG.signing_key.sign).to_bytes())
    assert note.text == text
    assert note.verify(keys=[LOG.key]) == (LOG.key,)


@given(TEXTS, st.lists(SIGNATURES, max_size=4), st.data())
def test_signatures_by_strangers_change_nothing(text: str, strangers: list[NoteSignature], data: st.DataObject) -> None:
    lines = [*strangers, *sign_note(text, key=LOG.key, sign=LOG.signing_key.sign).signatures]
    note = Note(text, tuple(data.draw(st.permutations(lines))))
    assert parse_note(note.to_bytes()).verify(keys=[LOG.key]) == (LOG.key,)


@given(CHECKPOINTS)
def test_a_checkpoint_is_read_as_it_was_written(checkpoint: Checkpoint) -> None:
    assert parse_checkpoint_text(checkpoint.to_text()) == checkpoint


@given(one_edit(NOTE.decode()))
def test_a_note_with_one_character_changed_is_refused(text: str) -> None:
    if text.encode() == NOTE:
        return
    with pytest.raises((InputError, VerificationError)) as caught:
        parse_note(text.encode()).verify(keys=[LOG.key])
    assert_plain_message(caught.value)


@pytest.mark.parametrize("position", range(len(NOTE)))
def test_a_note_with_one_bit_changed_is_refused(position: int) -> None:
    for bit in range(8):
        changed = bytearray(NOTE)
        changed[position] ^= 1 << bit
        with pytest.raises((InputError, VerificationError)):
            parse_note(bytes(changed)).verify(keys=[LOG.key])


@given(one_edit(CHECKPOINT.decode()))
def test_a_checkpoint_with_one_character_changed_is_refused(text: str) -> None:
    if text.encode() == CHECKPOINT:
        return
    with pytest.raises((InputError, VerificationError)) as caught:
        open_checkpoint(text.encode(), keys=[LOG.key])
    assert_plain_message(caught.value)


@given(one_edit(LOG.key.to_text()))
def test_a_key_with_one_character_changed_is_refused(text: str) -> None:
    if text == LOG.key.to_text():
        return
    with pytest.raises(InputError) as caught:
        NoteKey.from_text(text)
    assert_plain_message(caught.value)


@given(st.binary(max_size=300) | edited_bytes(NOTE) | edited(NOTE.decode()).map(str.encode))
def test_reading_a_note_raises_nothing_but_refusals(data: bytes) -> None:
    try:
        note = parse_note(data)
    except InputError as error:
        assert_plain_message(error)
    else:
        assert note.to_bytes() == data


@given(st.text(max_size=100) | edited(LOG.key.to_text()))
def test_reading_a_key_raises_nothing_but_refusals(text: str) -> None:
    try:
        key = NoteKey.from_text(text)
    except InputError as error:
        assert_plain_message(error)
    else:
        assert key.to_text() == text


@given(st.text(max_size=100) | edited(CHECKPOINT_TEXT))
def test_reading_the_text_of_a_checkpoint_raises_nothing_but_refusals(text: str) -> None:
    try:
        checkpoint = parse_checkpoint_text(text)
    except InputError as error:
        assert_plain_message(error)
    else:
        assert checkpoint.to_text() == text


@given(st.binary(max_size=300) | edited_bytes(CHECKPOINT) | edited(CHECKPOINT.decode()).map(str.encode))
def test_opening_a_checkpoint_raises_nothing_but_refusals(data: bytes) -> None:
    try:
        open_checkpoint(data, keys=[LOG.key])
    except (InputError, VerificationError) as error:
        assert_plain_message(error)
    else:
        assert data == CHECKPOINT
