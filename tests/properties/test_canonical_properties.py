import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.mutations import edited_bytes
from support.refusals import assert_plain_message

from provenance.canonical import (
    Json,
    canonical_bytes,
    from_base64url,
    parse_json,
    parse_object,
    to_base64url,
)
from provenance.errors import InputError

EXACT = st.integers(-(2**53) + 1, 2**53 - 1)
TEXTS = st.text(max_size=12)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | EXACT | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=20,
)
ANY_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=20,
)
SAMPLE = canonical_bytes({"a": [1, -2, None, True, 'é\n"😀'], "b": {"c": {}, "d": []}, "é": "\u0001"})


def reversed_keys(value: Json) -> Json:
    """Return the same value with the members of every object in the opposite order."""
    if isinstance(value, dict):
        return {key: reversed_keys(member) for key, member in reversed(value.items())}
    if isinstance(value, list):
        return [reversed_keys(member) for member in value]
    return value


@given(VALUES)
def test_a_value_is_read_as_it_was_written(value: Json) -> None:
    assert parse_json(canonical_bytes(value), place="page") == value


@given(VALUES)
def test_what_was_written_is_written_the_same_again(value: Json) -> None:
    data = canonical_bytes(value)
    assert canonical_bytes(parse_json(data, place="page")) == data


@given(VALUES)
def test_the_order_of_members_does_not_matter(value: Json) -> None:
    assert canonical_bytes(reversed_keys(value)) == canonical_bytes(value)


@given(VALUES)
def test_any_other_way_to_write_a_value_leads_to_the_same_bytes(value: Json) -> None:
    for text in (json.dumps(value, indent=2), json.dumps(value, ensure_ascii=False)):
        assert canonical_bytes(parse_json(text.encode(), place="page")) == canonical_bytes(value)


# Up to U+FFFF, the order of UTF-16 code units is that of the characters themselves.
@given(st.dictionaries(st.text(st.characters(codec="utf-8", max_codepoint=0xFFFF), max_size=12), EXACT | TEXTS))
def test_an_object_is_written_sorted_without_white_space(value: dict[str, Json]) -> None:
    expected = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert canonical_bytes(value) == expected.encode()


@given(VALUES, VALUES)
def test_different_values_have_different_bytes(first: Json, second: Json) -> None:
    same = json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
    assert (canonical_bytes(first) == canonical_bytes(second)) == same


@given(st.binary(max_size=200) | edited_bytes(SAMPLE) | ANY_JSON.map(lambda value: json.dumps(value).encode()))
def test_reading_json_raises_nothing_but_refusals(data: bytes) -> None:
    try:
        value = parse_json(data, place="page")
    except InputError as error:
        assert_plain_message(error)
    else:
        assert json.loads(data) == value


@given(st.binary(max_size=200) | edited_bytes(SAMPLE) | ANY_JSON.map(lambda value: json.dumps(value).encode()))
def test_reading_an_object_raises_nothing_but_refusals(data: bytes) -> None:
    try:
        value = parse_object(data, place="page")
    except InputError as error:
        assert_plain_message(error)
    else:
        assert isinstance(value, dict)


@given(st.binary(max_size=200))
def test_bytes_are_read_from_base64url_as_they_were_written(data: bytes) -> None:
    text = to_base64url(data)
    assert from_base64url(text, place="salt", size=len(data)) == data
    assert "=" not in text


@given(st.text(max_size=20) | st.text("AQgwBZz09-_=", max_size=12) | ANY_JSON)
def test_only_the_one_way_to_write_bytes_is_read(value: Json) -> None:
    try:
        data = from_base64url(value, place="salt")
    except InputError as error:
        assert_plain_message(error)
    else:
        assert to_base64url(data) == value
