import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, decode_timestamp_response
from support.refusals import refused
from support.tsa import Answer, Tsa, serving

from provenance.errors import InputError, VerificationError
from provenance.timestamps import (
    MAX_TOKEN_BYTES,
    ClaimedTime,
    TimeStamp,
    read_token,
    verify_token,
)
from provenance.tsa import request_token

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to be the authority")

DATA = b"the note of a checkpoint\n"
MALFORMED = "time-stamp: expected an rfc 3161 token in der, got something else"
UNTRUSTED = "time-stamp: its signature is wrong, or its certificate does not lead to a trusted root"
UNFIT = "time-stamp: its certificate may not sign time-stamps alone, as rfc 3161 asks"
TIME_STAMPING = ExtendedKeyUsageOID.TIME_STAMPING


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Tsa:
    return Tsa(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="module")
def token(tsa: Tsa) -> bytes:
    return ask(tsa.reply)


@pytest.fixture(scope="module")
def info(token: bytes) -> bytes:
    """Return the TSTInfo that the token signs, in DER."""
    start = token.index(bytes.fromhex("060b2a864886f70d0109100104")) + 13
    assert token[start] == 0xA0
    assert token[start + 2] == 0x04
    return token[start + 4 : start + 4 + token[start + 3]]


def ask(answer: Answer, data: bytes = DATA) -> bytes:
    with serving(answer) as url:
        return request_token(data, tsa_url=url)


def about(data: bytes = DATA, *, nonce: bool = True, certificate: bool = True, hashed: str = "SHA256") -> bytes:
    """Return a request that somebody else might make."""
    builder = TimestampRequestBuilder(data, HashAlgorithm(hashed), nonce, certificate)
    return builder.build().as_bytes()


def token_for(tsa: Tsa, query: bytes) -> bytes:
    return decode_timestamp_response(tsa.reply(query)[2]).time_stamp_token()


def test_a_token_dates_what_it_was_asked_for(tsa: Tsa) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    found = verify_token(ask(tsa.reply), DATA, roots=[tsa.root])
    assert before <= found.at <= datetime.now(UTC)
    assert found.authority == "O=Test TSA"
    assert found.serial > 1


def test_each_token_has_a_serial_of_its_own(tsa: Tsa) -> None:
    first, second = (verify_token(ask(tsa.reply), DATA, roots=[tsa.root]) for _ in range(2))
    assert second.serial == first.serial + 1


def test_another_verifier_takes_the_token(tsa: Tsa, token: bytes, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(token)
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "root.pem").write_bytes(tsa.root.public_bytes(Encoding.PEM))
    command = "openssl ts -verify -token_in -in token -data data -CAfile root.pem".split()
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("hashed", ["SHA256", "SHA512"])
def test_a_token_over_another_hash_is_taken(tsa: Tsa, hashed: str) -> None:
    assert verify_token(token_for(tsa, about(hashed=hashed)), DATA, roots=[tsa.root]).authority == "O=Test TSA"


def test_a_token_without_a_nonce_is_taken_where_nobody_asked_for_one(tsa: Tsa) -> None:
    assert isinstance(verify_token(token_for(tsa, about(nonce=False)), DATA, roots=[tsa.root]), TimeStamp)


def test_an_authority_that_sends_its_chain_is_understood(tmp_path: Path) -> None:
    # In two of three cases at least one stands in an order that DER does not allow.
    for number in range(6):
        tsa = Tsa(tmp_path / str(number), with_chain=True)
        assert verify_token(ask(tsa.reply), DATA, roots=[tsa.root]).authority == "O=Test TSA"


def test_a_root_among_several_is_found(tsa: Tsa, token: bytes, tmp_path: Path) -> None:
    other = Tsa(tmp_path)
    assert isinstance(verify_token(token, DATA, roots=[other.root, tsa.root]), TimeStamp)


def test_a_certificate_that_expired_after_the_token_does_not_matter(tmp_path: Path) -> None:
    tsa = Tsa(tmp_path, valid_to=datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2))
    token = ask(tsa.reply)
    while datetime.now(UTC) <= tsa.certificate.not_valid_after_utc:
        time.sleep(0.1)
    assert verify_token(token, DATA, roots=[tsa.root]).at <= tsa.certificate.not_valid_after_utc


def test_what_was_only_read_is_only_claimed(tsa: Tsa, token: bytes, tmp_path: Path) -> None:
    claimed = read_token(token, DATA)
    found = verify_token(token, DATA, roots=[tsa.root])
    assert claimed == ClaimedTime(found.at, found.authority)
    assert not isinstance(claimed, TimeStamp)
    # Anybody can write such a token, which is why it proves nothing.
    assert read_token(ask(Tsa(tmp_path).reply), DATA).claimed_authority == "O=Test TSA"


def test_other_bytes_are_refused(tsa: Tsa, token: bytes) -> None:
    for data in (DATA + b"\n", DATA[:-1], b""):
        with refused(VerificationError, "time-stamp: is about other bytes", code="timestamp-imprint"):
            verify_token(token, data, roots=[tsa.root])
        with refused(VerificationError, "time-stamp: is about other bytes", code="timestamp-imprint"):
            read_token(token, data)


def test_a_weak_hash_is_refused(tsa: Tsa, token: bytes) -> None:
    # SHA-224, in the request's place; the signature no longer fits either, but that is not reached.
    changed = token.replace(bytes.fromhex("0609608648016503040201" + "05000420"), bytes.fromhex(
        "0609608648016503040204" + "05000420"))  # fmt: skip
    assert changed != token
    message = "time-stamp: expected a hash of the sha-2 family, got 2.16.840.1.101.3.4.2.4"
    with refused(VerificationError, message, code="timestamp-imprint"):
        verify_token(changed, DATA, roots=[tsa.root])


def test_a_token_of_an_authority_that_nobody_trusts_is_refused(token: bytes, tmp_path: Path) -> None:
    # Of the same name, but another key.
    with refused(VerificationError, UNTRUSTED, code="timestamp-untrusted"):
        verify_token(token, DATA, roots=[Tsa(tmp_path).root])


def test_the_certificate_within_is_not_its_own_root(tsa: Tsa, token: bytes) -> None:
    with refused(VerificationError, UNTRUSTED, code="timestamp-untrusted"):
        verify_token(token, DATA, roots=[tsa.certificate])


def test_without_roots_nothing_is_proven(token: bytes) -> None:
    with refused(VerificationError, "time-stamp: expected roots to trust, got none", code="timestamp-untrusted"):
        verify_token(token, DATA, roots=[])


def test_a_changed_time_is_refused(tsa: Tsa, token: bytes) -> None:
    time = b"\x18\x0f" + f"{read_token(token, DATA).claimed_at:%Y%m%d%H%M%S}".encode()
    other = time[:-1] + (b"1" if time.endswith(b"0") else b"0")
    changed = token.replace(time, other)
    assert changed != token
    with refused(VerificationError, UNTRUSTED, code="timestamp-untrusted"):
        verify_token(changed, DATA, roots=[tsa.root])


def test_a_name_of_another_kind_is_refused(token: bytes) -> None:
    # A bit string where a name has text: the parser of certificates has an error of its own for it.
    changed = token.replace(b"\x0c\x08Test TSA", b"\x03\x08Test TSA")
    assert changed != token
    with refused(InputError, "time-stamp: expected an rfc 3161 token in der, got something else"):
        read_token(changed, DATA)


def test_a_changed_signature_is_refused(tsa: Tsa, token: bytes) -> None:
    with refused(VerificationError, UNTRUSTED, code="timestamp-untrusted"):
        verify_token(token[:-1] + bytes([token[-1] ^ 1]), DATA, roots=[tsa.root])


@pytest.mark.parametrize(
    ("purposes", "critical"),
    [
        ([ExtendedKeyUsageOID.EMAIL_PROTECTION], True),
        ([TIME_STAMPING, ExtendedKeyUsageOID.EMAIL_PROTECTION], True),
        ([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE], True),
        ([TIME_STAMPING], False),
        (None, True),
    ],
)
def test_a_certificate_that_may_not_sign_time_stamps_alone_is_refused(
    info: bytes, tmp_path: Path, purposes: list[ObjectIdentifier] | None, critical: bool
) -> None:
    tsa = Tsa(tmp_path, purposes=purposes, critical=critical)
    with refused(VerificationError, UNFIT, code="timestamp-purpose"):
        verify_token(tsa.sign_info(info), DATA, roots=[tsa.root])


def test_the_same_token_is_taken_of_a_certificate_that_may(info: bytes, tmp_path: Path) -> None:
    tsa = Tsa(tmp_path)
    assert isinstance(verify_token(tsa.sign_info(info), DATA, roots=[tsa.root]), TimeStamp)


@pytest.mark.parametrize(("first", "last"), [(-20, -10), (10, 20)])
def test_a_certificate_that_was_not_valid_then_is_refused(tmp_path: Path, first: int, last: int) -> None:
    now = datetime.now(UTC)
    tsa = Tsa(tmp_path, valid_from=now + timedelta(days=first), valid_to=now + timedelta(days=last))
    token = ask(tsa.reply)
    message = (
        f"time-stamp: its certificate was not valid at its time, {read_token(token, DATA).claimed_at:%Y-%m-%dT%X}Z"
    )
    with refused(VerificationError, message, code="timestamp-validity"):
        verify_token(token, DATA, roots=[tsa.root])


@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x00", b"<html>", b"\x30\x84\xff\xff\xff\xff", bytes(500)])
def test_what_is_no_token_is_refused(tsa: Tsa, data: bytes) -> None:
    with refused(InputError, MALFORMED):
        verify_token(data, DATA, roots=[tsa.root])
    with refused(InputError, MALFORMED):
        read_token(data, DATA)


def test_a_token_that_is_cut_or_goes_on_is_refused(token: bytes) -> None:
    for changed in (token[:-1], token[: len(token) // 2], token + b"\x00"):
        with refused(InputError, MALFORMED):
            read_token(changed, DATA)


def test_a_token_that_is_too_large_is_refused() -> None:
    with refused(InputError, "time-stamp: expected at most 65536 bytes, got 65537"):
        read_token(bytes(MAX_TOKEN_BYTES + 1), DATA)


def test_a_token_without_its_certificate_is_refused(tsa: Tsa) -> None:
    bare = token_for(tsa, about(certificate=False))
    with refused(InputError, "time-stamp: expected one signer whose certificate is within", code="timestamp-signer"):
        read_token(bare, DATA)
