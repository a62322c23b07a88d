"""Status lists by themselves: their form, their signature, and that nothing else passes for one."""

import base64
import json
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st
from support.refusals import assert_plain_message, refused
from support.tries import tries

from provenance import jws
from provenance.canonical import to_base64url
from provenance.errors import InputError, ProvenanceError, VerificationError
from provenance.keys import SigningKey, thumbprint_urn
from provenance.status_lists import (
    ANSWERS,
    LIST_STAMPS,
    MAX_TOKEN_BYTES,
    MEDIA_TYPE,
    REFRESH_SECONDS,
    StatusList,
    StatusListWriter,
    StatusPlace,
    parse_status_list,
)

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
KEY = SigningKey.generate("ES256")
ORIGIN = "provenance-studio/0123456789abcdef"
LIST_BYTES = LIST_STAMPS * ANSWERS * 2 // 8
PACKED = bytes([0xFF] * LIST_BYTES)


def signed(writer: StatusListWriter | None = None, *, number: int = 7, key: SigningKey = KEY) -> bytes:
    return (writer or StatusListWriter()).sign(log_origin=ORIGIN, number=number, key=key, now=NOW)


def claims(**changed: Any) -> dict[str, Any]:
    status = {"bits": 2, "lst": to_base64url(zlib.compress(PACKED))}
    issued = int(NOW.timestamp())
    return {
        "sub": f"urn:headshot-provenance:status-list:{ORIGIN}:7",
        "iat": issued,
        "exp": issued + 2 * REFRESH_SECONDS,
        "ttl": REFRESH_SECONDS,
        "status_list": status,
        **changed,
    }


def token(**changed: Any) -> bytes:
    return jws.sign_jwt(claims(**changed), media_type=MEDIA_TYPE, key=KEY)


def parse(data: bytes) -> StatusList:
    return parse_status_list(data, now=NOW)


def test_what_is_set_is_read_and_nothing_else_is_said() -> None:
    writer = StatusListWriter()
    answers = {0: (1, 2, 0, 3, 0, 1, 0, 1), 1: (1, 2, 3, 3, 0, 0, 0, 0), LIST_STAMPS - 1: (0,) * 8}
    for index, values in answers.items():
        writer.set(index, values)
    found = parse(signed(writer))
    assert {index: found.values(index) for index in answers} == answers
    assert {found.values(index) for index in range(LIST_STAMPS) if index not in answers} == {(3,) * 8}
    assert (found.controller, found.log_origin, found.number) == (thumbprint_urn(KEY.public_jwk()), ORIGIN, 7)
    assert (found.issued_at, found.ends_at) == (NOW, NOW + timedelta(days=2))
    # The example of the draft, appendix C (2 bits): the first status lies in the lowest bits.
    assert found.packed[:3] == bytes.fromhex("c944f9")
    writer.set(0, (0,) * 8)
    assert parse(signed(writer)).values(0) == (0,) * 8


def test_the_token_is_a_jwt_that_anybody_can_check() -> None:
    data = signed()
    header, payload, signature = (base64.urlsafe_b64decode(part + b"==") for part in data.split(b"."))
    assert {name: value for name, value in json.loads(header).items() if name != "jwk"} == {
        "alg": "ES256",
        "typ": "statuslist+jwt",
    }
    assert json.loads(payload) == claims(status_list=json.loads(payload)["status_list"])
    assert zlib.decompress(base64.urlsafe_b64decode(json.loads(payload)["status_list"]["lst"] + "==")) == PACKED
    public = KEY.private_key.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    public.verify(encode_dss_signature(r, s), data.rpartition(b".")[0], ec.ECDSA(hashes.SHA256()))


def test_a_signature_that_does_not_verify_is_refused() -> None:
    first, second = signed().split(b"."), signed(number=8).split(b".")
    message = "status list: its signature does not verify"
    for data in (b".".join([first[0], second[1], first[2]]), b".".join([*first[:2], second[2]])):
        with refused(VerificationError, message, code="signature-invalid"):
            parse(data)


@pytest.mark.parametrize(
    ("data", "message", "code"),
    [
        (b"", "status list: expected a signed token, got something else", "token-malformed"),
        (b"a.b", "status list: expected a signed token, got something else", "token-malformed"),
        ("ä.b.c".encode(), "status list: expected a signed token, got something else", "token-malformed"),
        (b"e30.e30.", "status list: expected a token of type statuslist+jwt", "token-malformed"),
        (
            jws.sign_jwt(claims(), media_type="jwt", key=KEY),
            "status list: expected a token of type statuslist+jwt",
            "token-malformed",
        ),
        (b"x" * (MAX_TOKEN_BYTES + 1), "status list: expected at most 131072 bytes, got more", "status-list"),
        (
            token(sub="https://example.org/1"),
            "status list: expected the list of a studio, with two bits a status",
            "status-list",
        ),
        (token(status_list=None), "status list: expected the list of a studio, with two bits a status", "status-list"),
        (token(iat=None), "status list iat: expected a time in seconds", "status-list"),
        (token(iat=True), "status list iat: expected a time in seconds", "status-list"),
        (token(exp=-1), "status list exp: expected a time in seconds", "status-list"),
    ],
)
def test_what_is_no_status_list_is_refused(data: bytes, message: str, code: str) -> None:
    with refused(InputError, message, code=code):
        parse(data)


@pytest.mark.parametrize(
    "packed",
    [
        zlib.compress(PACKED + b"\x00"),
        zlib.compress(PACKED[1:]),
        zlib.compress(bytes(50_000_000)),
        zlib.compress(PACKED) + b"more",
        zlib.compress(PACKED)[:-4],
        b"no zlib",
    ],
)
def test_a_list_of_another_size_is_refused(packed: bytes) -> None:
    message = "status list lst: expected 16384 stamps, compressed"
    with refused(InputError, message, code="status-list"):
        parse(token(status_list={"bits": 2, "lst": to_base64url(packed)}))


def test_a_list_from_the_future_is_refused() -> None:
    assert parse_status_list(signed(), now=NOW - timedelta(minutes=4)).issued_at == NOW
    message = "status list: is from the future: 2026-11-27T12:00:00Z"
    hint = "see that this computer's clock is right"
    with refused(InputError, message, code="status-list-future", hint=hint):
        parse_status_list(signed(), now=NOW - timedelta(minutes=6))


def test_a_stamp_has_eight_answers() -> None:
    with pytest.raises(ValueError, match="expected eight answers"):
        StatusListWriter().set(0, (0, 0))


@pytest.mark.parametrize("place", [StatusPlace(0, 0, 1), StatusPlace(999_999, LIST_STAMPS - 1, 86_400)])
def test_a_place_is_written_and_read(place: StatusPlace) -> None:
    assert StatusPlace.from_json(place.to_json()) == place


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"list": 0, "index": 0},
        {"list": True, "index": 0, "refresh": 1},
        {"list": 1_000_000, "index": 0, "refresh": 1},
        {"list": 0, "index": LIST_STAMPS, "refresh": 1},
        {"list": -1, "index": 0, "refresh": 1},
        {"list": 0, "index": 0, "refresh": 0},
        {"list": 0, "index": 0, "refresh": 2**40},
    ],
)
def test_what_is_no_place_is_refused(data: Any) -> None:
    with refused(InputError, "status: expected a list, an index in it, and its refresh interval"):
        StatusPlace.from_json(data)


@settings(max_examples=tries(60))
@given(data=st.one_of(st.binary(max_size=300), st.tuples(st.integers(0, 400), st.integers(0, 255))))
def test_whatever_it_is_it_is_read_or_refused(data: bytes | tuple[int, int]) -> None:
    if isinstance(data, tuple):
        whole = bytearray(signed())
        whole[data[0] % len(whole)] = data[1]
        data = bytes(whole)
    try:
        found = parse(data)
    except ProvenanceError as error:
        assert_plain_message(error)
    else:
        assert found.number == 7
