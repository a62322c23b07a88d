import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from support.refusals import assert_plain_message, refused

from provenance.canonical import Json, canonical_bytes, to_base64url
from provenance.entries import (
    MAX_ENTRY_BYTES,
    MAX_NUMBER,
    MAX_STATUS_LIST,
    TAG_CONSENT,
    TAG_CONSENT_EVENT,
    TAG_ERASURE,
    TAG_IMAGE,
    AnchorEntry,
    ConsentEntry,
    ConsentEventEntry,
    Entry,
    ErasureEntry,
    GenesisEntry,
    KeyEntry,
    StampEntry,
    StampRevokedEntry,
    StatusListEntry,
    are_plain,
    check_entry,
    commit,
    parse_entry,
    verify_commitment,
)
from provenance.errors import InputError, VerificationError

AT = datetime(2026, 11, 23, 21, 7, tzinfo=UTC)
ONE, TWO, THREE = bytes([1]) * 32, bytes([2]) * 32, bytes([3]) * 32
ONE_TEXT, TWO_TEXT, THREE_TEXT = to_base64url(ONE), to_base64url(TWO), to_base64url(THREE)
TAGS = [TAG_CONSENT, TAG_CONSENT_EVENT, TAG_ERASURE, TAG_IMAGE]

ENTRIES: list[tuple[Entry, str]] = [
    (
        GenesisEntry(AT, "studio.example/log", "studio.example/log+00000000+AAAA"),
        '{"at":"2026-11-23T21:07Z","key":"studio.example/log+00000000+AAAA","origin":"studio.example/log",'
        '"type":"genesis","v":1}',
    ),
    (ConsentEntry(AT, ONE), f'{{"at":"2026-11-23T21:07Z","commitment":"{ONE_TEXT}","type":"consent","v":1}}'),
    (
        ConsentEventEntry(AT, ONE),
        f'{{"at":"2026-11-23T21:07Z","commitment":"{ONE_TEXT}","type":"consent-event","v":1}}',
    ),
    (StampEntry(AT, ONE, ()), f'{{"at":"2026-11-23T21:07Z","handles":[],"image":"{ONE_TEXT}","type":"stamp","v":1}}'),
    (
        StampEntry(AT, ONE, (THREE, TWO)),
        f'{{"at":"2026-11-23T21:07Z","handles":["{THREE_TEXT}","{TWO_TEXT}"],"image":"{ONE_TEXT}",'
        '"type":"stamp","v":1}',
    ),
    (
        KeyEntry(AT, "added", "studio.example/log+00000000+AAAA"),
        '{"action":"added","at":"2026-11-23T21:07Z","key":"studio.example/log+00000000+AAAA","type":"key","v":1}',
    ),
    (
        KeyEntry(AT, "retired", "studio.example/log+00000000+AAAA"),
        '{"action":"retired","at":"2026-11-23T21:07Z","key":"studio.example/log+00000000+AAAA","type":"key","v":1}',
    ),
    (StampRevokedEntry(AT, 1), '{"at":"2026-11-23T21:07Z","stamp":1,"type":"stamp-revoked","v":1}'),
    (
        StampRevokedEntry(AT, MAX_NUMBER),
        '{"at":"2026-11-23T21:07Z","stamp":9007199254740991,"type":"stamp-revoked","v":1}',
    ),
    (
        StatusListEntry(AT, 0, ONE),
        f'{{"at":"2026-11-23T21:07Z","digest":"{ONE_TEXT}","list":0,"type":"status-list","v":1}}',
    ),
    (
        StatusListEntry(AT, MAX_STATUS_LIST, ONE),
        f'{{"at":"2026-11-23T21:07Z","digest":"{ONE_TEXT}","list":999999,"type":"status-list","v":1}}',
    ),
    (ErasureEntry(AT, ONE), f'{{"at":"2026-11-23T21:07Z","commitment":"{ONE_TEXT}","type":"erasure","v":1}}'),
    (
        AnchorEntry(AT, 70_000, ONE),
        f'{{"at":"2026-11-23T21:07Z","size":70000,"token":"{ONE_TEXT}","type":"anchor","v":1}}',
    ),
]


def written(without: str = "", **members: Json) -> bytes:
    """Return the canonical bytes of a consent entry with members changed, added or left out."""
    known: dict[str, Json] = {"v": 1, "type": "consent", "at": "2026-11-23T21:07Z", "commitment": ONE_TEXT, **members}
    return canonical_bytes({name: value for name, value in known.items() if name != without})


@pytest.mark.parametrize(("entry", "text"), ENTRIES)
def test_an_entry_is_written_in_its_one_form_and_read_again(entry: Entry, text: str) -> None:
    assert entry.to_bytes() == text.encode()
    assert parse_entry(text.encode()) == entry


@pytest.mark.parametrize(("entry", "text"), ENTRIES)
def test_the_check_of_an_entry_says_its_type(entry: Entry, text: str) -> None:
    assert check_entry(text.encode()) == entry.type


@pytest.mark.parametrize(("entry", "text"), ENTRIES)
def test_an_entry_names_its_type(entry: Entry, text: str) -> None:
    assert json.loads(text)["type"] == entry.type


def test_the_time_of_an_entry_is_cut_to_the_minute_in_utc() -> None:
    late = ConsentEntry(AT.replace(second=59, microsecond=999_999), ONE)
    elsewhere = ConsentEntry(AT.astimezone(timezone(timedelta(hours=5, minutes=30))), ONE)
    assert late.to_bytes() == elsewhere.to_bytes() == ConsentEntry(AT, ONE).to_bytes()


def test_an_entry_without_a_zone_is_refused() -> None:
    with refused(ValueError, "time: expected a time with a zone, got one without"):
        ConsentEntry(AT.replace(tzinfo=None), ONE).to_bytes()


def test_an_entry_as_large_as_allowed_is_written_and_read() -> None:
    room = MAX_ENTRY_BYTES - len(GenesisEntry(AT, "", "").to_bytes())
    entry = GenesisEntry(AT, "x" * room, "")
    assert len(entry.to_bytes()) == MAX_ENTRY_BYTES == 65_535
    assert parse_entry(entry.to_bytes()) == entry


def test_a_larger_entry_is_not_written() -> None:
    room = MAX_ENTRY_BYTES - len(GenesisEntry(AT, "", "").to_bytes())
    with refused(InputError, "entry of type genesis: expected at most 65535 bytes, got 65536"):
        GenesisEntry(AT, "x" * (room + 1), "").to_bytes()


def test_a_stamp_of_too_many_persons_is_not_written() -> None:
    with refused(InputError, "entry of type stamp: expected at most 65535 bytes, got …"):
        StampEntry(AT, ONE, (ONE,) * 1500).to_bytes()


def test_a_larger_entry_is_not_read() -> None:
    with refused(InputError, "entry: expected at most 65535 bytes, got 65536"):
        parse_entry(b" " * 65_536)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "entry: expected json, got something else at line 1 column 1"),
        (b"\xff", "entry: expected json, got bytes that are not UTF-8"),
        (b"[]", "entry: expected a json object, got list"),
        (b'{"v":1,"v":1}', "entry: expected json, got an object with a repeated key"),
        (b'{"v":1.0}', "entry: expected json, got the number 1.0, where only whole numbers are allowed"),
        (b"{}", "entry: expected version 1, got None"),
        (written(v=2), "entry: expected version 1, got 2"),
        (written(v="1"), "entry: expected version 1, got '1'"),
        (written(v=None), "entry: expected version 1, got None"),
        (written(without="at"), "entry.at: expected text"),
        (written(at=5), "entry.at: expected text"),
        (written(at="today"), "time: expected a time such as 2026-11-23T21:07Z, got 'today'"),
        (
            written(at="2026-11-23T21:07:00Z"),
            "time: expected a time such as 2026-11-23T21:07Z, got '2026-11-23T21:07:00Z'",
        ),
        (written(without="type"), "entry: expected a known type, got None"),
        (written(type="Consent"), "entry: expected a known type, got 'Consent'"),
        (written(type=["consent"]), "entry: expected a known type, got ['consent']"),
        (written(without="commitment"), "entry.commitment: expected base64url without padding"),
        (written(commitment=5), "entry.commitment: expected base64url without padding"),
        (written(commitment=ONE_TEXT + "="), "entry.commitment: expected base64url without padding"),
        (written(commitment=ONE_TEXT[:-1] + "F"), "entry.commitment: expected base64url without stray bits"),
        (written(commitment="AAAA"), "entry.commitment: expected 32 bytes, got 3"),
        (written(type="consent-event", commitment="AAAA"), "entry.commitment: expected 32 bytes, got 3"),
        (written(type="stamp"), "entry.handles: expected a list"),
        (written(type="stamp", handles={}), "entry.handles: expected a list"),
        (written(type="stamp", handles=[], image="AAAA"), "entry.image: expected 32 bytes, got 3"),
        (written(type="stamp", handles=[]), "entry.image: expected base64url without padding"),
        (written(type="stamp", handles=[5], image=ONE_TEXT), "entry.handles: expected base64url without padding"),
        (written(type="stamp", handles=[""], image=ONE_TEXT), "entry.handles: expected 32 bytes, got 0"),
        (written(type="erasure", commitment="AAAA"), "entry.commitment: expected 32 bytes, got 3"),
        (written(type="key", action="added"), "entry.key: expected text"),
        (written(type="key", key="key"), "entry.action: expected added or retired, got None"),
        (written(type="key", key="key", action="lost"), "entry.action: expected added or retired, got 'lost'"),
        (written(type="key", key="key", action=["added"]), "entry.action: expected added or retired, got ['added']"),
        (written(type="stamp-revoked"), "entry.stamp: expected a whole number from 1 to 9007199254740991"),
        (written(type="stamp-revoked", stamp=0), "entry.stamp: expected a whole number from 1 to 9007199254740991"),
        (written(type="stamp-revoked", stamp=-1), "entry.stamp: expected a whole number from 1 to 9007199254740991"),
        (written(type="stamp-revoked", stamp=True), "entry.stamp: expected a whole number from 1 to 9007199254740991"),
        (written(type="stamp-revoked", stamp="1"), "entry.stamp: expected a whole number from 1 to 9007199254740991"),
        (
            written(type="stamp-revoked", stamp=1).replace(b'"stamp":1', b'"stamp":9007199254740992'),
            "entry.stamp: expected a whole number from 1 to 9007199254740991",
        ),
        (written(type="status-list", digest=ONE_TEXT), "entry.list: expected a whole number from 0 to 999999"),
        (written(type="status-list", digest=ONE_TEXT, list=-1), "entry.list: expected a whole number from 0 to 999999"),
        (
            written(type="status-list", digest=ONE_TEXT, list=1_000_000),
            "entry.list: expected a whole number from 0 to 999999",
        ),
        (written(type="status-list", list=1), "entry.digest: expected base64url without padding"),
        (written(type="anchor", token=ONE_TEXT), "entry.size: expected a whole number from 1 to 9007199254740991"),
        (
            written(type="anchor", token=ONE_TEXT, size=0),
            "entry.size: expected a whole number from 1 to 9007199254740991",
        ),
        (written(type="anchor", size=1, token="AAAA"), "entry.token: expected 32 bytes, got 3"),
        (written(type="genesis", key="key"), "entry.origin: expected text"),
        (written(type="genesis", origin="log"), "entry.key: expected text"),
        (written(type="genesis", origin=5, key="key"), "entry.origin: expected text"),
        (written(type="genesis", origin="log", key=None), "entry.key: expected text"),
    ],
)
def test_another_document_than_an_entry_is_refused(data: bytes, message: str) -> None:
    for read in (parse_entry, check_entry):
        with refused(InputError, message):
            read(data)


@pytest.mark.parametrize(
    ("data", "entry_type"),
    [
        (written() + b"\n", "consent"),
        (b" " + written(), "consent"),
        (written().replace(b":1}", b": 1}"), "consent"),
        (written(v=True), "consent"),
        (written(more=1), "consent"),
        (written(handles=[]), "consent"),
        (written(type="consent-event", image=ONE_TEXT), "consent-event"),
        (written(type="genesis", origin="log", key="key"), "genesis"),
        (written(type="stamp", handles=[], image=ONE_TEXT), "stamp"),
        (json.dumps(json.loads(written())).encode(), "consent"),
        (ENTRIES[0][1].replace("studio", "\\u0073tudio").encode(), "genesis"),
        (b'{"v":1,' + written()[1:].replace(b',"v":1', b""), "consent"),
        (written(type="erasure", more=None), "erasure"),
        (written(type="key", key="key", action="added"), "key"),
        (written(type="stamp-revoked", stamp=1), "stamp-revoked"),
        (written(type="status-list", list=1, digest=ONE_TEXT), "status-list"),
        (written(type="anchor", size=1, token=ONE_TEXT), "anchor"),
        (written(without="commitment", type="stamp-revoked", stamp=1) + b"\n", "stamp-revoked"),
        (written(without="commitment", type="anchor", size=1, token=ONE_TEXT).replace(b":", b" :", 1), "anchor"),
    ],
)
def test_an_entry_in_another_form_or_with_further_members_is_refused(data: bytes, entry_type: str) -> None:
    message = f"entry of type {entry_type}: expected canonical bytes with no further members"
    for read in (parse_entry, check_entry):
        with refused(InputError, message):
            read(data)


def test_half_a_character_in_an_entry_is_refused() -> None:
    data = b'{"at":"2026-11-23T21:07Z","key":"\\ud800","origin":"log","type":"genesis","v":1}'
    with refused(InputError, "document: cannot be written as canonical json: …"):
        parse_entry(data)


def test_an_entry_of_an_early_year_is_read() -> None:
    assert parse_entry(written(at="0999-01-01T00:00Z")) == ConsentEntry(datetime(999, 1, 1, tzinfo=UTC), ONE)


@pytest.mark.parametrize("number", [b"01", b"+1", b"1.0", b"1e3", b" 1"])
def test_an_index_in_another_form_is_refused(number: bytes) -> None:
    data = b'{"at":"2026-11-23T21:07Z","stamp":' + number + b',"type":"stamp-revoked","v":1}'
    for read in (parse_entry, check_entry):
        with pytest.raises(InputError) as caught:
            read(data)
        assert_plain_message(caught.value)


@pytest.mark.parametrize("at", ["2026-02-29T00:00Z", "2026-13-01T00:00Z", "2026-01-01T24:00Z", "0000-01-01T00:00Z"])
def test_a_time_that_never_was_is_refused_each_time(at: str) -> None:
    for read in (parse_entry, check_entry, check_entry):
        with refused(InputError, f"time: expected a time such as 2026-11-23T21:07Z, got '{at}'"):
            read(written(at=at))


def test_the_check_refuses_a_larger_entry() -> None:
    handles = ",".join([f'"{ONE_TEXT}"'] * 1500)
    data = f'{{"at":"2026-11-23T21:07Z","handles":[{handles}],"image":"{ONE_TEXT}","type":"stamp","v":1}}'
    with refused(InputError, f"entry: expected at most 65535 bytes, got {len(data)}"):
        check_entry(data.encode())
    assert not are_plain([data.encode()])


def test_the_check_takes_the_largest_stamp() -> None:
    largest = StampEntry(AT, ONE, (ONE,) * 1422).to_bytes()
    assert len(largest) <= MAX_ENTRY_BYTES < len(largest) + 46
    assert check_entry(largest) == "stamp"
    assert are_plain([largest, largest])


@pytest.mark.parametrize("tag", TAGS)
def test_a_commitment_is_made_as_the_format_says(tag: str) -> None:
    expected = hashlib.sha256(tag.encode() + b"\x00" + ONE + TWO).digest()
    assert commit(tag, randomness=ONE, digest=TWO) == expected


def test_a_commitment_depends_on_its_tag_its_randomness_and_its_digest() -> None:
    made = {
        *(commit(tag, randomness=ONE, digest=TWO) for tag in TAGS),
        commit(TAG_IMAGE, randomness=TWO, digest=TWO),
        commit(TAG_IMAGE, randomness=ONE, digest=ONE),
        commit(TAG_IMAGE, randomness=TWO, digest=ONE),
    }
    assert len(made) == 7


@pytest.mark.parametrize(
    ("tag", "randomness", "digest"),
    [
        ("provenance/other/v1", ONE, TWO),
        ("", ONE, TWO),
        (TAG_IMAGE, ONE[:31], TWO),
        (TAG_IMAGE, b"", TWO),
        (TAG_IMAGE, ONE + b"\x00", TWO),
        (TAG_IMAGE, ONE, TWO[:31]),
        (TAG_IMAGE, ONE, b""),
    ],
)
def test_a_commitment_over_anything_else_is_refused(tag: str, randomness: bytes, digest: bytes) -> None:
    message = "commitment: expected a known tag, 32 random bytes and a digest of 32 bytes"
    with refused(ValueError, message):
        commit(tag, randomness=randomness, digest=digest)


@pytest.mark.parametrize("tag", TAGS)
def test_a_commitment_opens_to_what_it_was_made_over(tag: str) -> None:
    verify_commitment(commit(tag, randomness=ONE, digest=TWO), tag=tag, randomness=ONE, digest=TWO)


@pytest.mark.parametrize(
    ("tag", "randomness", "digest"),
    [
        (TAG_CONSENT, ONE, TWO),
        (TAG_IMAGE, TWO, TWO),
        (TAG_IMAGE, ONE, ONE),
        (TAG_IMAGE, ONE[:31], TWO),
        (TAG_IMAGE, b"", TWO),
    ],
)
def test_a_commitment_does_not_open_to_anything_else(tag: str, randomness: bytes, digest: bytes) -> None:
    made = commit(TAG_IMAGE, randomness=ONE, digest=TWO)
    message = f"commitment: does not open to this digest ({tag})"
    with refused(VerificationError, message, code="commitment-mismatch"):
        verify_commitment(made, tag=tag, randomness=randomness, digest=digest)


@pytest.mark.parametrize("commitment", [b"", THREE, commit(TAG_IMAGE, randomness=ONE, digest=TWO)[:31]])
def test_another_commitment_does_not_open(commitment: bytes) -> None:
    message = f"commitment: does not open to this digest ({TAG_IMAGE})"
    with refused(VerificationError, message, code="commitment-mismatch"):
        verify_commitment(commitment, tag=TAG_IMAGE, randomness=ONE, digest=TWO)


def test_the_known_tags_are_these() -> None:
    assert TAGS == [
        "provenance/consent/v1",
        "provenance/consent-event/v1",
        "provenance/erasure/v1",
        "provenance/image/v1",
    ]


def test_a_hash_takes_43_characters() -> None:
    assert base64.urlsafe_b64encode(ONE).decode().rstrip("=") == ONE_TEXT
    assert len(ONE_TEXT) == 43
