import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.mutations import edited, edited_bytes
from support.refusals import assert_plain_message
from support.trees import flipped
from support.tries import tries

from provenance.canonical import to_base64url
from provenance.entries import (
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

HASHES = st.binary(min_size=32, max_size=32)
TAGS = st.sampled_from([TAG_CONSENT, TAG_CONSENT_EVENT, TAG_ERASURE, TAG_IMAGE])
ZONES = st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23)))
TIMES = st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30), timezones=ZONES)  # noqa: DTZ001 the bounds have none
MINUTES = TIMES.map(lambda moment: moment.astimezone(UTC).replace(second=0, microsecond=0))
TEXTS = st.text(max_size=40)
ENTRIES: st.SearchStrategy[Entry] = st.one_of(
    st.builds(GenesisEntry, MINUTES, TEXTS, TEXTS),
    st.builds(ConsentEntry, MINUTES, HASHES),
    st.builds(ConsentEventEntry, MINUTES, HASHES),
    st.builds(StampEntry, MINUTES, HASHES, st.lists(HASHES, max_size=8).map(tuple)),
    st.builds(KeyEntry, MINUTES, st.sampled_from(["added", "retired"]), TEXTS),
    st.builds(StampRevokedEntry, MINUTES, st.integers(1, MAX_NUMBER)),
    st.builds(StatusListEntry, MINUTES, st.integers(0, MAX_STATUS_LIST), HASHES),
    st.builds(ErasureEntry, MINUTES, HASHES),
    st.builds(AnchorEntry, MINUTES, st.integers(1, MAX_NUMBER), HASHES),
)

PLAIN = {"consent", "consent-event", "stamp", "status-list", "erasure"}

AT = datetime(2026, 11, 23, 21, 7, tzinfo=UTC)
SAMPLES = [
    GenesisEntry(AT, "studio.example/log", "studio.example/log+00000000+AAAA").to_bytes(),
    ConsentEntry(AT, bytes(32)).to_bytes(),
    StampEntry(AT, bytes(32), (bytes(32), bytes(range(32)))).to_bytes(),
    KeyEntry(AT, "added", "studio.example/log+00000000+AAAA").to_bytes(),
    StampRevokedEntry(AT, 4711).to_bytes(),
    StatusListEntry(AT, 3, bytes(32)).to_bytes(),
    ErasureEntry(AT, bytes(32)).to_bytes(),
    AnchorEntry(AT, 70_000, bytes(32)).to_bytes(),
]
HASH_TEXT = to_base64url(bytes(32))
TYPES = [
    "genesis", "key", "consent", "consent-event", "stamp", "stamp-revoked", "status-list", "erasure", "anchor"
]  # fmt: skip
NUMBERS = st.sampled_from([0, 1, 999_999, 1_000_000, 10**15 - 1, 10**15, 2**53 - 1, 2**53, -1, True, 1.5, "1", None])
MEMBERS: dict[str, st.SearchStrategy[Any]] = {
    "v": st.sampled_from([1, 1, 1, 2, True, "1"]),
    "type": st.sampled_from([*TYPES, "novelty", None, []]),
    "at": st.sampled_from(["2026-11-23T21:07Z", "2026-11-23", "2026-02-30T21:07Z", 5]),
    "origin": st.sampled_from(["log", "\ud800", None]),
    "key": st.sampled_from(["key", 5]),
    "action": st.sampled_from(["added", "retired", "lost", None]),
    "commitment": st.sampled_from([HASH_TEXT, "AAAA", None]),
    "digest": st.sampled_from([HASH_TEXT, "AAAA", None]),
    "token": st.sampled_from([HASH_TEXT, HASH_TEXT[:-1] + "B", None]),
    "image": st.sampled_from([HASH_TEXT, "*", 5]),
    "handles": st.sampled_from([[], [HASH_TEXT], [None], {}, "AAAA"]),
    "stamp": NUMBERS,
    "list": NUMBERS,
    "size": NUMBERS,
    "more": st.integers(),
}
MEMBERS_OF = {
    "genesis": ["origin", "key"],
    "key": ["action", "key"],
    "consent": ["commitment"],
    "consent-event": ["commitment"],
    "stamp": ["image", "handles"],
    "stamp-revoked": ["stamp"],
    "status-list": ["list", "digest"],
    "erasure": ["commitment"],
    "anchor": ["size", "token"],
}


@st.composite
def nearly_entries(draw: st.DrawFn) -> bytes:
    """Draw a JSON object with all of the members of one type, with good and bad values."""
    entry_type = draw(st.sampled_from(TYPES))
    names = {"v", "at", *MEMBERS_OF[entry_type]}
    document = {"type": entry_type, **{name: draw(MEMBERS[name]) for name in sorted(names)}}
    return json.dumps(document, separators=(",", ":"), sort_keys=draw(st.booleans())).encode()


@st.composite
def almost_entries(draw: st.DrawFn) -> bytes:
    """Draw a JSON object of some of the members that entries have, with good and bad values."""
    names = draw(st.sets(st.sampled_from(sorted(MEMBERS))))
    document = {name: draw(MEMBERS[name]) for name in sorted(names | {"v", "type", "at"})}
    return json.dumps(document, separators=(",", ":")).encode()


@given(ENTRIES)
def test_an_entry_is_read_as_it_was_written(entry: Entry) -> None:
    assert parse_entry(entry.to_bytes()) == entry


@given(TIMES, st.timedeltas(timedelta(0), timedelta(seconds=59)))
def test_the_seconds_of_an_entry_are_not_written(moment: datetime, later: timedelta) -> None:
    minute = moment.astimezone(UTC).replace(second=0, microsecond=0)
    assert ConsentEntry(minute + later, bytes(32)).to_bytes() == ConsentEntry(minute, bytes(32)).to_bytes()


@given(ENTRIES, ENTRIES)
def test_different_entries_have_different_bytes(first: Entry, second: Entry) -> None:
    assert (first.to_bytes() == second.to_bytes()) == (first == second)


ANY_BYTES = st.one_of(
    st.binary(max_size=200),
    almost_entries(),
    nearly_entries(),
    ENTRIES.map(lambda entry: entry.to_bytes()),
    st.sampled_from(SAMPLES).flatmap(edited_bytes),
    st.sampled_from([sample.decode() for sample in SAMPLES]).flatmap(edited).map(str.encode),
)


@settings(max_examples=tries(500))
@given(ANY_BYTES)
def test_bytes_are_read_only_in_the_one_form_that_is_written(data: bytes) -> None:
    try:
        entry = parse_entry(data)
    except InputError as error:
        assert_plain_message(error)
    else:
        assert entry.to_bytes() == data


@settings(max_examples=tries(2000))
@given(ANY_BYTES)
def test_the_quick_check_says_what_the_parser_says(data: bytes) -> None:
    assert said(check_entry, data) == said(lambda it: parse_entry(it).type, data)


@settings(max_examples=tries(1000))
@given(st.lists(st.one_of(ENTRIES.map(lambda entry: entry.to_bytes()), ANY_BYTES), max_size=6))
def test_many_are_plain_where_each_of_them_is(bodies: list[bytes]) -> None:
    each = [said(check_entry, data) in PLAIN for data in bodies]
    assert are_plain(bodies) == all(each)


def test_two_entries_do_not_hide_in_one() -> None:
    one, two = (ConsentEntry(AT, bytes([number]) * 32).to_bytes() for number in (1, 2))
    assert are_plain([one, two])
    for joined in ([one + b"\n" + two], [one + b"\n", two], [b"", one], [one + b"\n" + two, b""]):
        assert not are_plain(joined)


def said(read: Callable[[bytes], str], data: bytes) -> str:
    """Return the type that `read` finds in `data`, or its refusal."""
    try:
        return read(data)
    except InputError as error:
        return f"refused: {error}"


@given(TAGS, HASHES, HASHES)
def test_a_commitment_opens_to_what_it_was_made_over(tag: str, randomness: bytes, digest: bytes) -> None:
    commitment = commit(tag, randomness=randomness, digest=digest)
    verify_commitment(commitment, tag=tag, randomness=randomness, digest=digest)


@given(TAGS, HASHES, HASHES, st.integers(0, 255), st.sampled_from(["commitment", "randomness", "digest"]))
def test_a_commitment_does_not_open_where_a_bit_differs(
    tag: str, randomness: bytes, digest: bytes, bit: int, part: str
) -> None:
    commitment = commit(tag, randomness=randomness, digest=digest)
    with pytest.raises(VerificationError) as caught:
        verify_commitment(
            flipped(commitment, bit) if part == "commitment" else commitment,
            tag=tag,
            randomness=flipped(randomness, bit) if part == "randomness" else randomness,
            digest=flipped(digest, bit) if part == "digest" else digest,
        )
    assert_plain_message(caught.value)
