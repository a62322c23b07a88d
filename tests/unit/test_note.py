import base64
import hashlib

import pytest
from support.refusals import refused

from provenance.errors import InputError, VerificationError
from provenance.keys import SigningKey
from provenance.note import (
    ED25519,
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    Note,
    NoteKey,
    NoteSignature,
    NoteSigner,
    parse_note,
    parse_signatures,
    sign_note,
)

TEXT = "If only every note\nwere signed.\n"
SIGNING_KEY = SigningKey.generate("Ed25519")
KEY = NoteKey("studio.example/log", SIGNING_KEY.public_bytes())
OTHER_SIGNING_KEY = SigningKey.generate("Ed25519")
OTHER_KEY = NoteKey("witness.example/w1", OTHER_SIGNING_KEY.public_bytes())

NAME_EXPECTED = "note key: expected a name without spaces, plus signs and control characters"
NOT_NAMES = [
    "",
    " ",
    "a b",
    "a+b",
    "+",
    "a\tb",
    "a\u0085",
    "a\u00a0b",
    "a\u2003b",
    "a\u2028b",
    "a\u3000",
    "a\x00b",
    "a\x1bb",
    "\x01",
    "a\ud800",
]


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def vkey(name: str, data: bytes) -> str:
    key_id = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
    return f"{name}+{key_id.hex()}+{encoded(data)}"


def note() -> Note:
    return sign_note(TEXT, key=KEY, sign=SIGNING_KEY.sign)


def countersigned() -> Note:
    line = NoteSignature(OTHER_KEY.name, OTHER_KEY.key_id, OTHER_SIGNING_KEY.sign(TEXT.encode()))
    return Note(TEXT, (*note().signatures, line))


def test_a_key_has_the_id_of_the_specification() -> None:
    expected = hashlib.sha256(b"studio.example/log\n\x01" + KEY.public_key).digest()[:4]
    assert KEY.key_id == expected
    assert NoteKey("studio.example/log2", KEY.public_key).key_id != expected


def test_a_key_is_written_as_a_verifier_key_and_read_again() -> None:
    assert KEY.to_text() == vkey(KEY.name, bytes([ED25519]) + KEY.public_key)
    assert NoteKey.from_text(KEY.to_text()) == KEY


def test_a_key_may_have_a_plus_in_its_base64() -> None:
    key = NoteKey("a", b"\xfb" * 32)
    assert "+" in encoded(b"\x01" + key.public_key)
    assert NoteKey.from_text(key.to_text()) == key


@pytest.mark.parametrize("name", NOT_NAMES)
def test_a_key_name_with_other_characters_than_allowed_is_refused(name: str) -> None:
    with refused(InputError, f"{NAME_EXPECTED}, got {name!r}"):
        NoteKey(name, bytes(32))


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_of_another_length_is_refused(size: int) -> None:
    with refused(InputError, f"note key studio: expected 32 bytes, got {size}"):
        NoteKey("studio", bytes(size))


@pytest.mark.parametrize("text", ["", "studio", "studio+530d903a"])
def test_a_verifier_key_with_parts_missing_is_refused(text: str) -> None:
    with refused(InputError, "note key: expected name+hash+base64, got something else"):
        NoteKey.from_text(text)


@pytest.mark.parametrize("text", ["studio+530d903a+*", "studio+530d903a+A", "studio+530d903a+é", "studio+00+AA AA"])
def test_a_verifier_key_without_base64_is_refused(text: str) -> None:
    with refused(InputError, "note key 'studio': expected base64"):
        NoteKey.from_text(text)


@pytest.mark.parametrize("data", ["AQ", "AR==", "AAF="])
def test_a_verifier_key_with_stray_bits_or_without_padding_is_refused(data: str) -> None:
    with refused(InputError, "note key 'studio': expected base64…"):
        NoteKey.from_text(f"studio+530d903a+{data}")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01",
        b"\x01" + bytes(31),
        b"\x01" + bytes(33),
        b"\x00" + bytes(32),
        b"\x02" + bytes(32),
        b"\x04" + bytes(32),
    ],
)
def test_a_verifier_key_of_another_type_or_length_is_refused(data: bytes) -> None:
    with refused(InputError, "note key 'studio': expected an ed25519 key (type 0x01, 32 bytes)"):
        NoteKey.from_text(vkey("studio", data))


@pytest.mark.parametrize("name", ["", "a b", "a\u00a0b", "a\x00b"])
def test_a_verifier_key_with_another_name_than_allowed_is_refused(name: str) -> None:
    with refused(InputError, f"{NAME_EXPECTED}, got {name!r}"):
        NoteKey.from_text(vkey(name, b"\x01" + bytes(32)))


@pytest.mark.parametrize("key_id", ["00000000", "", "D10E4973", "d10e", "d10e49730"])
def test_a_verifier_key_with_an_id_that_is_not_its_own_is_refused(key_id: str) -> None:
    text = f"studio+{key_id}+{encoded(bytes([ED25519]) + bytes(32))}"
    with refused(InputError, f"note key 'studio': expected key id d10e4973, got {key_id!r}"):
        NoteKey.from_text(text)


def test_a_signature_is_written_as_a_line() -> None:
    line = NoteSignature("studio", b"\x01\x02\x03\x04", b"signature")
    assert line.to_text() == "— studio AQIDBHNpZ25hdHVyZQ==\n"


def test_a_note_is_signed_verified_written_and_read() -> None:
    signed = note()
    assert signed.text == TEXT
    assert signed.signatures == (NoteSignature(KEY.name, KEY.key_id, SIGNING_KEY.sign(TEXT.encode())),)
    assert signed.verify(keys=[KEY]) == (KEY,)
    assert signed.to_bytes() == (TEXT + "\n" + signed.signatures[0].to_text()).encode()
    assert parse_note(signed.to_bytes()) == signed


@pytest.mark.parametrize("text", ["\n", "a\n", "a\n\nb\n", "a\n\n", "\n\na\n", "— a b\n", "\u0085\u2028é😀\x7f\n"])
def test_any_text_with_a_newline_at_its_end_may_be_signed(text: str) -> None:
    signed = sign_note(text, key=KEY, sign=SIGNING_KEY.sign)
    assert parse_note(signed.to_bytes()) == signed
    assert signed.verify(keys=[KEY]) == (KEY,)


@pytest.mark.parametrize("text", ["", "a", "a\nb", "a\n "])
def test_a_text_without_a_newline_at_its_end_is_not_signed(text: str) -> None:
    with refused(InputError, "note: expected a text that ends with a newline"):
        sign_note(text, key=KEY, sign=SIGNING_KEY.sign)


@pytest.mark.parametrize("character", ["\x00", "\t", "\r", "\x1b", "\x1f"])
def test_a_text_with_control_characters_is_not_signed(character: str) -> None:
    with refused(InputError, "note: expected no control characters other than newline"):
        sign_note(f"a{character}b\n", key=KEY, sign=SIGNING_KEY.sign)


@pytest.mark.parametrize("text", ["a\ud800\n", "\udfff\n"])
def test_a_text_with_half_a_character_is_not_signed(text: str) -> None:
    with refused(InputError, "note: expected text that UTF-8 can hold"):
        sign_note(text, key=KEY, sign=SIGNING_KEY.sign)


def test_each_known_key_that_signed_is_returned_in_the_order_asked() -> None:
    signed = countersigned()
    assert signed.verify(keys=[KEY]) == (KEY,)
    assert signed.verify(keys=[OTHER_KEY]) == (OTHER_KEY,)
    assert signed.verify(keys=[OTHER_KEY, KEY]) == (OTHER_KEY, KEY)


def test_a_signature_by_an_unknown_key_is_ignored() -> None:
    stranger = NoteSignature("stranger.example", b"\x00\x00\x00\x01", b"not a signature")
    signed = Note(TEXT, (stranger, *note().signatures, stranger))
    assert signed.verify(keys=[KEY, OTHER_KEY]) == (KEY,)


@pytest.mark.parametrize(
    "line",
    [
        NoteSignature("stranger.example", KEY.key_id, b"\x00" * 64),
        NoteSignature(KEY.name, b"\x00\x00\x00\x01", b"\x00" * 64),
    ],
)
def test_a_key_that_shares_only_its_name_or_its_id_is_unknown(line: NoteSignature) -> None:
    assert Note(TEXT, (line, *note().signatures)).verify(keys=[KEY]) == (KEY,)


@pytest.mark.parametrize(
    "signature",
    [bytes(64), bytes(1), bytes(65), note().signatures[0].signature + bytes(1), note().signatures[0].signature[:-1]],
    ids=["zeros", "one zero", "many zeros", "with a byte more", "with a byte less"],
)
def test_a_wrong_signature_of_a_known_key_is_refused(signature: bytes) -> None:
    forged = Note(TEXT, (NoteSignature(KEY.name, KEY.key_id, signature),))
    with refused(VerificationError, f"note: the signature of {KEY.name} does not verify", code="note-signature"):
        forged.verify(keys=[KEY])


def test_a_changed_text_is_refused() -> None:
    changed = Note(TEXT.replace("every", "some"), note().signatures)
    with refused(VerificationError, f"note: the signature of {KEY.name} does not verify", code="note-signature"):
        changed.verify(keys=[KEY])


def test_a_wrong_signature_of_one_known_key_refuses_a_note_that_another_one_signed() -> None:
    line = NoteSignature(OTHER_KEY.name, OTHER_KEY.key_id, bytes(64))
    signed = Note(TEXT, (*note().signatures, line))
    message = f"note: the signature of {OTHER_KEY.name} does not verify"
    with refused(VerificationError, message, code="note-signature"):
        signed.verify(keys=[KEY, OTHER_KEY])


def test_a_wrong_signature_beside_a_right_one_of_the_same_key_refuses_the_note() -> None:
    right = note().signatures[0]
    wrong = NoteSignature(KEY.name, KEY.key_id, bytes(64))
    for lines in ((right, wrong), (wrong, right)):
        with refused(VerificationError, f"note: the signature of {KEY.name} does not verify", code="note-signature"):
            Note(TEXT, lines).verify(keys=[KEY])


def test_a_key_that_signed_twice_or_was_asked_for_twice_is_returned_once() -> None:
    assert Note(TEXT, note().signatures * 2).verify(keys=[KEY, KEY]) == (KEY,)


def test_a_note_that_no_known_key_signed_is_refused() -> None:
    message = f"note: expected a signature of {OTHER_KEY.name}, got those of {KEY.name!r}"
    with refused(VerificationError, message, code="note-unknown-signer"):
        note().verify(keys=[OTHER_KEY])


def test_the_message_names_all_keys_and_all_signers() -> None:
    message = f"note: expected a signature of a, b, got those of {KEY.name!r}, {OTHER_KEY.name!r}"
    keys = [NoteKey("a", bytes(32)), NoteKey("b", bytes(32))]
    with refused(VerificationError, message, code="note-unknown-signer"):
        countersigned().verify(keys=keys)


def test_the_message_tells_keys_of_one_name_apart_by_their_ids() -> None:
    same, another = NoteKey(KEY.name, bytes(32)), NoteKey("a", bytes(32))
    expected, got = (f"{KEY.name}+{key.key_id.hex()}" for key in (same, KEY))
    message = f"note: expected a signature of {expected}, a, got those of {got!r}, {OTHER_KEY.name!r}"
    with refused(VerificationError, message, code="note-unknown-signer"):
        countersigned().verify(keys=[same, another])


def test_without_keys_no_note_is_verified() -> None:
    message = f"note: expected a signature of nobody, got those of {KEY.name!r}"
    with refused(VerificationError, message, code="note-unknown-signer"):
        note().verify(keys=[])


def test_a_text_with_empty_lines_ends_at_the_last_one() -> None:
    assert parse_note(b"a\n\nb\n\nc\n\n\xe2\x80\x94 s AAAAAAA=\n").text == "a\n\nb\n\nc\n"


def test_the_limits_are_these() -> None:
    assert (MAX_NOTE_BYTES, MAX_SIGNATURES) == (1_048_576, 100)


def test_as_many_signatures_as_allowed_are_read() -> None:
    data = b"a\n\n" + b"\xe2\x80\x94 s AAAAAAA=\n" * MAX_SIGNATURES
    assert len(parse_note(data).signatures) == MAX_SIGNATURES


def test_more_signatures_are_refused() -> None:
    data = b"a\n\n" + b"\xe2\x80\x94 s AAAAAAA=\n" * (MAX_SIGNATURES + 1)
    with refused(InputError, f"note: expected at most {MAX_SIGNATURES} signatures, got {MAX_SIGNATURES + 1}"):
        parse_note(data)


def test_a_note_as_large_as_allowed_is_read() -> None:
    signatures = "\n\n— s AAAAAAA=\n".encode()
    data = b"a" * (MAX_NOTE_BYTES - len(signatures)) + signatures
    assert len(parse_note(data).to_bytes()) == MAX_NOTE_BYTES


def test_a_larger_note_is_refused() -> None:
    with refused(InputError, f"note: expected at most {MAX_NOTE_BYTES} bytes, got {MAX_NOTE_BYTES + 1}"):
        parse_note(b"a" * (MAX_NOTE_BYTES + 1))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\n\n\xe2\x80\x94 s AAAAAAA=\n", "note: expected UTF-8 text"),
        (b"\xed\xa0\x80\n\n\xe2\x80\x94 s AAAAAAA=\n", "note: expected UTF-8 text"),
        ("a\r\n\n— s AAAAAAA=\n".encode(), "note: expected no control characters other than newline"),
        ("a\x00\n\n— s AAAAAAA=\n".encode(), "note: expected no control characters other than newline"),
        ("a\n\n— s\tAAAAAAA=\n".encode(), "note: expected no control characters other than newline"),
    ],
)
def test_other_bytes_than_text_are_refused(data: bytes, message: str) -> None:
    with refused(InputError, message):
        parse_note(data)


@pytest.mark.parametrize("data", ["", "\n", "a", "a\n", "a\nb\n", "a\n— s AAAAAAA=\n", "\n— s AAAAAAA=\n"])
def test_a_note_without_an_empty_line_is_refused(data: str) -> None:
    with refused(InputError, "note: expected an empty line before the signatures, got none"):
        parse_note(data.encode())


@pytest.mark.parametrize("data", ["a\n\n", "a\n\n— s AAAAAAA=", "a\n\n— s AAAAAAA=\n\n", "a\n\nb"])
def test_a_note_without_a_newline_behind_its_last_signature_is_refused(data: str) -> None:
    with refused(InputError, "note: expected a newline at its end"):
        parse_note(data.encode())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("- s AAAAAAA=", "expected a signature line that starts with an em dash and a space"),
        ("– s AAAAAAA=", "expected a signature line that starts with an em dash and a space"),
        ("—s AAAAAAA=", "expected a signature line that starts with an em dash and a space"),
        ("—\u00a0s AAAAAAA=", "expected a signature line that starts with an em dash and a space"),
        (" — s AAAAAAA=", "expected a signature line that starts with an em dash and a space"),
        ("and more", "expected a signature line that starts with an em dash and a space"),
        ("— ", "expected a key name and a signature"),
        ("— s", "expected a key name and a signature"),
        ("— s AAAAAAA= ", "expected a key name and a signature"),
        ("— a s AAAAAAA=", "expected a key name and a signature"),
        ("—  AAAAAAA= x", "expected a key name and a signature"),
        ("— s ", "expected a signature behind the key id"),
        ("— s AAAA", "expected a signature behind the key id"),
        ("— s AAAAAA==", "expected a signature behind the key id"),
        ("— s AAAAAAA", "expected base64"),
        ("— s AAAA-AA_", "expected base64"),
        ("— s AAAAAAÄ=", "expected base64"),
        ("— s AAAAAAA=AAAA", "expected base64"),
        ("— s AAAAAAB=", "expected base64 with its padding and without stray bits"),
    ],
)
def test_a_malformed_signature_line_is_refused_with_its_number(line: str, message: str) -> None:
    with refused(InputError, f"note line 5: {message}"):
        parse_note(f"a\nb\n\n— s AAAAAAA=\n{line}\n— s AAAAAAA=\n".encode())


@pytest.mark.parametrize("name", ["", "a+b", "a\u00a0b", "a\u2003b"])
def test_a_signature_line_with_another_name_than_allowed_is_refused(name: str) -> None:
    with refused(InputError, f"{NAME_EXPECTED}, got {name!r}"):
        parse_note(f"a\n\n— {name} AAAAAAA=\n".encode())


# --- several signers, and lines of every kind


class Stamp:
    """A verifier of a kind of its own: its signature is the length of the text."""

    name = "stamp.example"
    key_id = b"\x00\x01\x02\x03"

    def verify_line(self, text: str, signature: bytes) -> None:
        if signature != str(len(text)).encode():
            raise VerificationError("note: the stamp is wrong", code="note-signature")


def test_a_note_is_signed_by_several_keys_in_their_order() -> None:
    also = [NoteSigner(OTHER_KEY, OTHER_SIGNING_KEY.sign)]
    signed = sign_note(TEXT, key=KEY, sign=SIGNING_KEY.sign, also=also)
    assert signed == countersigned()
    assert signed.verify(keys=[KEY, OTHER_KEY]) == (KEY, OTHER_KEY)


def test_one_key_does_not_sign_twice() -> None:
    with refused(InputError, f"note: expected different keys, got {KEY.name} twice"):
        sign_note(TEXT, key=KEY, sign=SIGNING_KEY.sign, also=[NoteSigner(KEY, SIGNING_KEY.sign)])


def test_a_line_of_another_kind_is_carried_and_checked_by_its_verifier() -> None:
    stamp = Stamp()
    signed = note().with_signatures([NoteSignature(stamp.name, stamp.key_id, str(len(TEXT)).encode())])
    assert parse_note(signed.to_bytes()) == signed
    assert signed.verify(keys=[stamp]) == (stamp,)
    assert signed.verify(keys=[KEY]) == (KEY,)
    wrong = signed.with_signatures([NoteSignature(stamp.name, stamp.key_id, b"0")])
    with refused(VerificationError, "note: the stamp is wrong", code="note-signature"):
        wrong.verify(keys=[KEY, stamp])


def test_added_lines_follow_the_others_and_leave_the_note_as_it_was() -> None:
    before = note()
    lines = [NoteSignature("a", bytes(4), b"1"), NoteSignature("b", bytes(4), b"2")]
    assert before.with_signatures(lines).signatures == (*before.signatures, *lines)
    assert before == note()
    assert before.with_signatures([]) == before


def test_an_added_line_takes_the_place_of_a_line_by_the_same_key() -> None:
    first, second = NoteSignature("a", bytes(4), b"1"), NoteSignature("b", bytes(4), b"2")
    newer = NoteSignature("a", bytes(4), b"3")
    assert Note(TEXT, (first, second)).with_signatures([newer, newer]).signatures == (newer, second)


@pytest.mark.parametrize("line", [NoteSignature("a", b"\x00\x00\x00\x01", b"3"), NoteSignature("c", bytes(4), b"3")])
def test_a_line_that_shares_only_a_name_or_an_id_is_another_key(line: NoteSignature) -> None:
    first = NoteSignature("a", bytes(4), b"1")
    assert Note(TEXT, (first,)).with_signatures([line]).signatures == (first, line)


def test_no_more_lines_are_added_than_can_be_read() -> None:
    lines = [NoteSignature(f"w{number}", bytes(4), b"1") for number in range(MAX_SIGNATURES)]
    full = Note(TEXT, (lines[0],)).with_signatures(lines)
    assert parse_note(full.to_bytes()) == full
    with refused(InputError, f"note: expected at most {MAX_SIGNATURES} signatures, got {MAX_SIGNATURES + 1}"):
        note().with_signatures(lines)


def test_the_lines_of_a_key_are_found() -> None:
    assert countersigned().signatures_of(OTHER_KEY) == countersigned().signatures[1:]
    assert note().signatures_of(OTHER_KEY) == ()


def test_signature_lines_are_read_alone() -> None:
    text = "".join(line.to_text() for line in countersigned().signatures)
    assert parse_signatures(text) == countersigned().signatures


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "note: expected a newline at its end"),
        ("— s AAAAAAA=", "note: expected a newline at its end"),
        ("— s AAAAAAA=\n\n", "note line 2: expected a signature line that starts with an em dash and a space"),
        ("\n", "note line 1: expected a signature line that starts with an em dash and a space"),
        ("— s AAAAAAA=\n" * 101, "note: expected at most 100 signatures, got 101"),
    ],
)
def test_other_text_than_signature_lines_is_refused(text: str, message: str) -> None:
    with refused(InputError, message):
        parse_signatures(text)
