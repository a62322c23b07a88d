import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.mutations import edited, edited_bytes
from support.refusals import assert_plain_message
from support.trees import flipped

from provenance.canonical import to_base64url
from provenance.entries import (
    TAG_CONSENT,
    TAG_CONSENT_EVENT,
    TAG_IMAGE,
    ConsentEntry,
    ConsentEventEntry,
    Entry,
    GenesisEntry,
    StampEntry,
    commit,
    parse_entry,
    verify_commitment,
)
from provenance.errors import InputError, VerificationError

HASHES = st.binary(min_size=32, max_size=32)
TAGS = st.sampled_from([TAG_CONSENT, TAG_CONSENT_EVENT, TAG_IMAGE])
ZONES = st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23)))
TIMES = st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30), timezones=ZONES)  # noqa: DTZ001 the bounds have none
MINUTES = TIMES.map(lambda moment: moment.astimezone(UTC).replace(second=0, microsecond=0))
TEXTS = st.text(max_size=40)
ENTRIES: st.SearchStrategy[Entry] = st.one_of(
    st.builds(GenesisEntry, MINUTES, TEXTS, TEXTS),
    st.builds(ConsentEntry, MINUTES, HASHES),
    st.builds(ConsentEventEntry, MINUTES, HASHES),
    st.builds(StampEntry, MINUTES, HASHES, st.lists(HASHES, max_size=8).map(tuple)),
)

AT = datetime(2026, 11, 23, 21, 7, tzinfo=UTC)
SAMPLES = [
    GenesisEntry(AT, "studio.example/log", "studio.example/log+00000000+AAAA").to_bytes(),
    ConsentEntry(AT, bytes(32)).to_bytes(),
    StampEntry(AT, bytes(32), (bytes(32), bytes(range(32)))).to_bytes(),
]
HASH_TEXT = to_base64url(bytes(32))
MEMBERS: dict[str, st.SearchStrategy[Any]] = {
    "v": st.sampled_from([1, 1, 1, 2, True, "1"]),
    "type": st.sampled_from(["genesis", "consent", "consent-event", "stamp", "anchor", None, []]),
    "at": st.sampled_from(["2026-11-23T21:07Z", "2026-11-23", 5]),
    "origin": st.sampled_from(["log", "\ud800", None]),
    "key": st.sampled_from(["key", 5]),
    "commitment": st.sampled_from([HASH_TEXT, "AAAA", None]),
    "image": st.sampled_from([HASH_TEXT, "*", 5]),
    "handles": st.sampled_from([[], [HASH_TEXT], [None], {}, "AAAA"]),
    "more": st.integers(),
}


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


@settings(max_examples=500)
@given(
    st.one_of(
        st.binary(max_size=200),
        almost_entries(),
        st.sampled_from(SAMPLES).flatmap(edited_bytes),
        st.sampled_from([sample.decode() for sample in SAMPLES]).flatmap(edited).map(str.encode),
    )
)
def test_bytes_are_read_only_in_the_one_form_that_is_written(data: bytes) -> None:
    try:
        entry = parse_entry(data)
    except InputError as error:
        assert_plain_message(error)
    else:
        assert entry.to_bytes() == data


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
