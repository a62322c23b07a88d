"""RFC 3161 time-stamp tokens: requested, read, and verified against the roots that the caller trusts.

A token that was only read proves nothing: anybody can write one. `read_token` therefore returns a `ClaimedTime`, and
only `verify_token` a `TimeStamp`. Nothing here reaches a network; `provenance.tsa` does.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from provenance.errors import InputError, NetworkError, VerificationError

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

MAX_TOKEN_BYTES = 64 * 1024

_GRANTED = 0
_CERTIFICATES = 0xA0  # of SignedData, RFC 5652, 5.1
_IMPRINTS = {
    "2.16.840.1.101.3.4.2.1": hashlib.sha256,
    "2.16.840.1.101.3.4.2.2": hashlib.sha384,
    "2.16.840.1.101.3.4.2.3": hashlib.sha512,
}


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """A time that an authority under a trusted root signed: the bytes existed by then.

    Attributes:
        at: in UTC.
        authority: the subject of its certificate, as RFC 4514 writes names.
        serial: of the token, which the authority gives once.
    """

    at: datetime
    authority: str
    serial: int


@dataclass(frozen=True, slots=True)
class ClaimedTime:
    """What a token says of itself; whoever wrote it, its signature was not checked, and nothing is proven.

    Attributes:
        claimed_at: in UTC.
        claimed_authority: the subject of the certificate that it carries.
    """

    claimed_at: datetime
    claimed_authority: str


class _Item(NamedTuple):
    tag: int
    start: int
    inner: int
    end: int


class _Token(NamedTuple):
    response: "TimeStampResponse"
    at: datetime
    serial: int
    nonce: int | None
    algorithm: str
    imprint: bytes
    certificate: x509.Certificate
    authority: str


@dataclass(frozen=True, slots=True)
class TimeStampRequest:
    """What is sent to an authority: SHA-256 of `data` and a random nonce, and nothing else.

    Attributes:
        data: what is to be dated; not empty.
        body: the request in DER (RFC 3161, 2.4.1); it asks for the authority's certificate.
        nonce: 64 random bits, which the answer repeats.
    """

    data: bytes
    body: bytes
    nonce: int

    @classmethod
    def of(cls, data: bytes) -> "TimeStampRequest":
        """Return a new request to date `data`."""
        # Takes a while to import, and most commands need no time-stamp.
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

        request = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
        if request.nonce is None:
            raise RuntimeError("time-stamp request: expected a nonce, got none")
        return cls(data, request.as_bytes(), request.nonce)

    def accept(self, answer: bytes) -> bytes:
        """Return the token of an answer to this request, in DER; who signed it is for `verify_token`.

        Raises:
            InputError: the token is malformed.
            NetworkError: the authority rejects the request, or answers something else.
            VerificationError: the token is about other bytes, or answers another request.
        """
        try:
            response = _decode(answer)
            status, reasons = response.status, " ".join(response.status_string)
            token = response.time_stamp_token()
        except ValueError:
            raise NetworkError(
                "time-stamp authority: expected a time-stamp response in der, got something else",
                code="timestamp-answer",
            ) from None
        if status != _GRANTED:
            raise NetworkError(
                f"time-stamp authority: expected status 0 (granted), got {status}: {reasons[:200]!r}",
                code="timestamp-rejected",
            )
        found = _parse(token)
        _check_imprint(found, self.data)
        if found.nonce != self.nonce:
            raise VerificationError(
                "time-stamp: expected the nonce of the request, got another", code="timestamp-nonce"
            )
        return token


def read_token(token: bytes, data: bytes) -> ClaimedTime:
    """Return what a token about `data` claims, without any check of who signed it.

    Raises:
        InputError: it is no time-stamp token.
        VerificationError: it is about other bytes.
    """
    found = _parse(token)
    _check_imprint(found, data)
    return ClaimedTime(found.at, found.authority)


def verify_token(token: bytes, data: bytes, *, roots: Sequence[x509.Certificate]) -> TimeStamp:
    """Check that an authority under one of `roots` signed that `data` existed, and return when.

    1. The token's imprint is the hash of `data` (RFC 3161, 2.4.2).
    2. The certificate may sign time-stamps and nothing else (RFC 3161, 2.3).
    3. It was valid at the token's time; that it has expired since does not matter.
    4. The signature verifies, and the certificate leads to a root.

    Args:
        token: a time-stamp token in DER.
        data: what was dated.
        roots: trusted certificates, with the intermediate ones that the token lacks.

    Raises:
        InputError: it is no time-stamp token.
        VerificationError: any of these fails.
    """
    from rfc3161_client import VerificationError as Rfc3161Error
    from rfc3161_client import VerifierBuilder

    if not roots:
        raise VerificationError("time-stamp: expected roots to trust, got none", code="timestamp-untrusted")
    found = _parse(token)
    _check_imprint(found, data)
    _check_purpose(found.certificate)
    if not found.certificate.not_valid_before_utc <= found.at <= found.certificate.not_valid_after_utc:
        raise VerificationError(
            f"time-stamp: its certificate was not valid at its time, {found.at:%Y-%m-%dT%H:%M:%SZ}",
            code="timestamp-validity",
        )
    try:
        VerifierBuilder(roots=list(roots)).build().verify_message(found.response, data)
    except (Rfc3161Error, ValueError, TypeError):
        raise VerificationError(
            "time-stamp: its signature is wrong, or its certificate does not lead to a trusted root",
            code="timestamp-untrusted",
        ) from None
    return TimeStamp(found.at, found.authority, found.serial)


def _parse(token: bytes) -> _Token:
    if len(token) > MAX_TOKEN_BYTES:
        raise InputError(f"time-stamp: expected at most {MAX_TOKEN_BYTES} bytes, got {len(token)}")
    try:
        # The parser takes whole answers, so that the token gets a status in front: SEQUENCE { SEQUENCE { 0 }, token }.
        response = _decode(_sequence(_sequence(b"\x02\x01\x00") + token))
        info, signers = response.tst_info, list(response.signed_data.signer_infos)
        imprint, at = info.message_imprint, info.gen_time.astimezone(UTC)
        certificate = _signer(response) if len(signers) == 1 else None
        if certificate is not None:
            return _Token(
                response,
                at,
                info.serial_number,
                info.nonce,
                imprint.hash_algorithm.dotted_string,
                imprint.message,
                certificate,
                certificate.subject.rfc4514_string(),
            )
    # Both parsers read on demand, and name what they cannot read by any of these.
    except (ValueError, TypeError, KeyError, OverflowError, x509.InvalidVersion):
        raise InputError("time-stamp: expected an rfc 3161 token in der, got something else") from None
    raise InputError("time-stamp: expected one signer whose certificate is within", code="timestamp-signer")


def _signer(response: "TimeStampResponse") -> x509.Certificate | None:
    (signer,) = response.signed_data.signer_infos
    for der in sorted(response.signed_data.certificates):
        certificate = x509.load_der_x509_certificate(der)
        if (certificate.issuer, certificate.serial_number) == (signer.issuer, signer.serial_number):
            return certificate
    return None


def _check_imprint(token: _Token, data: bytes) -> None:
    algorithm = _IMPRINTS.get(token.algorithm)
    if algorithm is None:
        raise VerificationError(
            f"time-stamp: expected a hash of the sha-2 family, got {token.algorithm}", code="timestamp-imprint"
        )
    if token.imprint != algorithm(data).digest():
        raise VerificationError("time-stamp: is about other bytes", code="timestamp-imprint")


def _check_purpose(certificate: x509.Certificate) -> None:
    """Check the extended key usage: critical, and id-kp-timeStamping alone (RFC 3161, 2.3)."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError, TypeError):
        usage = None
    if usage is None or not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise VerificationError(
            "time-stamp: its certificate may not sign time-stamps alone, as rfc 3161 asks", code="timestamp-purpose"
        )


def _decode(answer: bytes) -> "TimeStampResponse":
    from rfc3161_client import decode_timestamp_response

    return decode_timestamp_response(_order_certificates(answer))


def _order_certificates(answer: bytes) -> bytes:
    """Put the certificates within into the order that DER gives a set (X.690, 11.6); no signature covers them.

    `openssl ts`, and what is built on it, leaves them as they stand in its chain file, which the parser refuses.
    """
    try:
        (response,) = _items(answer, 0, len(answer))
        _, token = _items(answer, response.inner, response.end)
        _, content = _items(answer, token.inner, token.end)
        (signed,) = _items(answer, content.inner, content.end)
        (certificates,) = (i for i in _items(answer, signed.inner, signed.end) if i.tag == _CERTIFICATES)
        found = _items(answer, certificates.inner, certificates.end)
    except ValueError:
        return answer  # Whatever it is, the parser says what is wrong with it.
    ordered = b"".join(sorted(answer[item.start : item.end] for item in found))
    return answer[: certificates.inner] + ordered + answer[certificates.end :]


def _items(data: bytes, start: int, end: int) -> list[_Item]:
    """Return the DER items between two places (X.690, 8.1.2 and 8.1.3), of low tags and at most 4 GB.

    Raises:
        ValueError: something else lies there.
    """
    found = []
    while start < end:
        inner = start + 2
        length = data[start + 1] if inner <= end else 0
        if length & 0x80:
            inner += length & 0x7F
            length = int.from_bytes(data[start + 2 : inner])
        if inner > end or inner - start > 6 or inner + length > end:
            raise ValueError("expected an item that ends within its container")
        found.append(_Item(data[start], start, inner, inner + length))
        start = inner + length
    return found


def _sequence(content: bytes) -> bytes:
    """Return a DER SEQUENCE (X.690, 8.9 and 10.1)."""
    if len(content) < 0x80:
        return b"\x30" + bytes([len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8)
    return b"\x30" + bytes([0x80 | len(length)]) + length + content
