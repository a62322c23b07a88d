"""A record that a passkey signed: whatever is changed in it, it is no such record any more."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.authenticators import ORIGIN, Authenticator
from support.passkeys import signed_by_passkey

from provenance.canonical import canonical_bytes, from_base64url, parse_object, to_base64url
from provenance.consent.records import parse_record
from provenance.errors import ProvenanceError
from provenance.webauthn import verify_assertion

PHONE = Authenticator()
RECORD = signed_by_passkey(PHONE)
ENVELOPE: dict[str, Any] = json.loads(RECORD)
MEMBER = next(
    number
    for number, entry in enumerate(ENVELOPE["signatures"])
    if b"webauthn" in from_base64url(entry["protected"], place="header")
)
PARTS = parse_object(from_base64url(ENVELOPE["signatures"][MEMBER]["signature"], place="signature"), place="parts")


def rebuilt(**parts: str) -> bytes:
    document = json.loads(RECORD)
    document["signatures"][MEMBER]["signature"] = to_base64url(canonical_bytes({**PARTS, **parts}))
    return canonical_bytes(document)


def test_as_it_is_it_is_one() -> None:
    assert parse_record(rebuilt()).assurance == "passkey"


@given(st.sampled_from(sorted(PARTS)), st.data())
def test_a_bit_of_any_part_spoils_it(part: str, data: st.DataObject) -> None:
    found = bytearray(from_base64url(PARTS[part], place=part))
    found[data.draw(st.integers(0, len(found) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ProvenanceError):
        parse_record(rebuilt(**{part: to_base64url(bytes(found))}))


@given(st.sampled_from(sorted(PARTS)), st.binary(max_size=80))
def test_any_other_part_spoils_it(part: str, other: bytes) -> None:
    with pytest.raises(ProvenanceError):
        parse_record(rebuilt(**{part: to_base64url(other)}))


@given(st.data())
def test_a_bit_of_the_body_or_of_the_header_spoils_it(data: st.DataObject) -> None:
    document = json.loads(RECORD)
    where = data.draw(st.sampled_from(["payload", "protected"]))
    holder = document if where == "payload" else document["signatures"][MEMBER]
    found = bytearray(from_base64url(holder[where], place=where))
    found[data.draw(st.integers(0, len(found) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    holder[where] = to_base64url(bytes(found))
    with pytest.raises(ProvenanceError):
        parse_record(canonical_bytes(document))


@given(st.binary(max_size=300))
def test_whatever_bytes_come_are_refused_in_words(packed: bytes) -> None:
    with pytest.raises(ProvenanceError):
        verify_assertion(packed, signing_input=b"a.b", jwk=PHONE.key.public_jwk(), algorithm=PHONE.algorithm)


@given(
    st.dictionaries(
        st.sampled_from(["type", "challenge", "origin", "crossOrigin", "topOrigin", "tokenBinding"]),
        st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8) | st.just(ORIGIN),
        min_size=1,
    ),
    st.integers(0, 255),
    st.binary(max_size=8),
)
def test_whatever_an_authenticator_attests_otherwise_is_refused_or_the_same(
    client: dict[str, Any], flags: int, extensions: bytes
) -> None:
    phone = Authenticator(PHONE.key, client=client, flags=flags, extensions=extensions)
    try:
        record = parse_record(signed_by_passkey(phone))
    except ProvenanceError:
        return
    signature = next(one for one in record.signatures if one.assertion is not None)
    assert signature.assertion is not None
    assert signature.assertion.flags & 0x05 == 0x05
    assert signature.assertion.origin == ORIGIN
    assert client.get("crossOrigin") in (None, False)
    assert client.get("topOrigin") is None
    assert client.get("origin", ORIGIN) == ORIGIN
