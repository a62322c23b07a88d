import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.consents import NOW
from support.openings import NAME, disclosed, opening, resigned
from support.refusals import assert_plain_message

from provenance.consent.openings import parse_disclosure
from provenance.errors import InputError, VerificationError

MADE = disclosed(opening(revealed=[NAME]))
DOCUMENT = json.loads(MADE.to_bytes())

SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=50) | st.just("\ud800")
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
)


def read(data: bytes) -> None:
    """Read what may be anything; a refusal is one plain line, and nothing else is raised."""
    try:
        parse_disclosure(data, now=NOW)
    except (InputError, VerificationError) as error:
        assert_plain_message(error)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_bytes_of_any_kind_are_read_or_refused(data: bytes) -> None:
    read(data)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, member in members for place in places(member, (*path, key)))]


def put(document: Any, path: tuple[str | int, ...], value: Any) -> Any:
    if not path:
        return value
    copy: Any = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = put(copy[path[0]], path[1:], value)
    return copy


@given(st.sampled_from(places(DOCUMENT)), ANYTHING)
def test_anything_at_any_place_of_a_document_is_read_or_refused(path: tuple[str | int, ...], value: Any) -> None:
    read(json.dumps(put(DOCUMENT, path, value)).encode())


STATED = ("schema", "picture", "recipient", "made_at", "refresh", "openings")


# Rightly signed, as a hostile studio would.
@given(st.sampled_from(STATED), st.none() | st.sampled_from(("handle", "secret", "sha256")), ANYTHING)
def test_anything_in_a_signed_statement_is_read_or_refused(name: str, member: str | None, value: Any) -> None:
    def change(_: dict[str, Any], statement: dict[str, Any]) -> None:
        if member is not None and name == "openings":
            statement["openings"][0][member] = value
        else:
            statement[name] = value

    try:
        data = resigned(MADE, change)
    except InputError:
        return  # what no canonical JSON can hold cannot be signed
    read(data)


@given(st.sampled_from(places(DOCUMENT["openings"])[1:]), ANYTHING)
def test_anything_in_a_bound_opening_is_read_or_refused(path: tuple[str | int, ...], value: Any) -> None:
    try:
        data = resigned(MADE, lambda document, _: document.update(openings=put(document["openings"], path, value)))
    except InputError:
        return
    read(data)
