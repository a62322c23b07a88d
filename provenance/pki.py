"""Certificates: a studio's own authority, and claim-signing certificates of the C2PA profile (C2PA 2.4, 14.5).

A studio's authority is its own. Other validators call it unrecognised until they import it, or until the studio
has a certificate from an authority on the C2PA Trust List.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from provenance.errors import InputError, KeyMaterialError
from provenance.keys import SigningKey

CLAIM_SIGNING = ObjectIdentifier("1.3.6.1.4.1.62558.2.1")  # c2pa-kp-claimSigning
DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # id-kp-documentSigning, RFC 9336
EMAIL_PROTECTION = ExtendedKeyUsageOID.EMAIL_PROTECTION

AUTHORITY_DAYS = 3653
CLAIM_CERTIFICATE_DAYS = 366
SEAL_CERTIFICATE_DAYS = 1096
MAX_NAME_BYTES = 64  # ub-organization-name, RFC 5280 appendix A; some readers count bytes
MAX_PEM_BYTES = 4 * 1024 * 1024

# A certificate starts a little early, so that a clock that runs slow elsewhere does not reject it.
_BACKDATED = timedelta(minutes=5)

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class TrustAnchors:
    """Certificates that may vouch for claim signers, with the name of the list that they come from.

    Attributes:
        uri: names the list in reports, such as `urn:headshot-provenance:trust:studio`.
        pem: one or more certificates of authorities.
        ends: end certificates that are trusted by themselves, as PEM; whoever issued them is not.
        logs: origins of the logs that stamps of its signers must be in; empty where that is not known.
    """

    uri: str
    pem: str
    ends: str = ""
    logs: tuple[str, ...] = ()


def make_authority(*, key: SigningKey, name: str, country: str | None, now: datetime) -> x509.Certificate:
    """Return a self-signed authority certificate, valid for ten years, that may issue end certificates only.

    Raises:
        InputError: the name or country does not fit into a certificate.
    """
    subject = _name(name, country, "Claim-signing authority")
    public = _public(key)
    return _sign(
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False),
        key,
    )


def make_claim_certificate(
    *,
    key: SigningKey,
    authority: x509.Certificate,
    authority_key: SigningKey,
    name: str,
    country: str | None,
    now: datetime,
) -> x509.Certificate:
    """Return a claim-signing certificate for `key`: P-256, claimSigning and emailProtection, at most 366 days.

    The two key usages together are the one combination that today's validators all read (`emailProtection` alone
    is what older ones know, `claimSigning` is what the C2PA profile asks for).

    Raises:
        InputError: the name or country does not fit into a certificate.
    """
    public = _public(key)
    return _sign(
        x509.CertificateBuilder()
        .subject_name(_name(name, country, name))
        .issuer_name(authority.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now - _BACKDATED + timedelta(days=CLAIM_CERTIFICATE_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([CLAIM_SIGNING, EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(_public(authority_key)),
            critical=False,
        ),
        authority_key,
    )


def make_seal_certificate(
    *,
    key: SigningKey,
    authority: x509.Certificate,
    authority_key: SigningKey,
    name: str,
    country: str | None,
    now: datetime,
) -> x509.Certificate:
    """Return a certificate for `key` that seals documents: P-256, without an extended purpose, at most 1096 days.

    Validators of claims take none without a purpose, and readers of PDF do. It never outlives the authority's own.

    Raises:
        InputError: the name or country does not fit into a certificate.
        KeyMaterialError: the authority's certificate has run out.
    """
    if now >= authority.not_valid_after_utc:
        raise KeyMaterialError(
            f"authority certificate: ended on {authority.not_valid_after_utc.date()}", code="certificate-expired"
        )
    public = _public(key)
    end = min(now - _BACKDATED + timedelta(days=SEAL_CERTIFICATE_DAYS), authority.not_valid_after_utc)
    return _sign(
        x509.CertificateBuilder()
        .subject_name(_name(name, country, name))
        .issuer_name(authority.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(_public(authority_key)),
            critical=False,
        ),
        authority_key,
    )


def make_claim_request(*, key: SigningKey, name: str, country: str | None) -> bytes:
    """Return a request for a claim-signing certificate of the C2PA profile, as PEM (PKCS #10, RFC 2986).

    Raises:
        InputError: the name or country does not fit into a certificate.
    """
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(_name(name, country, name))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([CLAIM_SIGNING, EMAIL_PROTECTION]), critical=False)
        .sign(key.private_key, hashes.SHA256())
    )
    return request.public_bytes(serialization.Encoding.PEM)


def check_chain(certificates: Sequence[x509.Certificate]) -> None:
    """Check that each certificate was issued by the one behind it.

    Raises:
        KeyMaterialError: one was not, or there is no issuer.
    """
    if len(certificates) < 2:
        raise KeyMaterialError(
            "certificates: expected the signing certificate and behind it that of its issuer, got one",
            code="certificate-chain",
            hint="ask the issuer for the whole chain in one file",
        )
    for number, (issued, issuer) in enumerate(itertools.pairwise(certificates), 1):
        try:
            issued.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            raise KeyMaterialError(
                f"certificates: number {number} was not issued by number {number + 1}",
                code="certificate-chain",
                hint="the signing certificate comes first, and behind each comes its issuer",
            ) from None


def check_claim_certificate(certificate: x509.Certificate) -> None:
    """Check that a certificate may sign claims, by its own extensions (C2PA 2.4, 14.5.1.1).

    This is asked of the certificate itself, because the SDK accepts more than the profile does.

    Raises:
        KeyMaterialError: it may not; the message says why.
    """
    place = "signing certificate"
    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        raise KeyMaterialError(f"{place}: expected an end certificate, got an authority", code="certificate-unfit")
    usage = _extension(certificate, x509.KeyUsage)
    if usage is None or not usage.digital_signature or usage.key_cert_sign:
        raise KeyMaterialError(f"{place}: expected key usage digitalSignature only", code="certificate-unfit")
    extended = _extension(certificate, x509.ExtendedKeyUsage)
    purposes = set(extended) if extended is not None else set()
    if not purposes & {CLAIM_SIGNING, DOCUMENT_SIGNING, EMAIL_PROTECTION}:
        raise KeyMaterialError(f"{place}: expected a purpose that allows claims", code="certificate-unfit")
    forbidden = {
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        ExtendedKeyUsageOID.TIME_STAMPING,
        ExtendedKeyUsageOID.OCSP_SIGNING,
    }
    if purposes & forbidden:
        raise KeyMaterialError(f"{place}: has a purpose that excludes claims", code="certificate-unfit")


def may_sign_claims(certificate: x509.Certificate) -> bool:
    """Tell whether the certificate carries the C2PA purpose itself, which the official trust list requires."""
    return _has_purpose(certificate, CLAIM_SIGNING)


def may_sign_documents(certificate: x509.Certificate) -> bool:
    """Tell whether it carries the purpose of signing documents (RFC 9336), which named actors need (CAWG Identity 1.3).

    Those for e-mail, which CAWG accepts for a while, need policies that nobody here looks at, and do not count.
    """
    return _has_purpose(certificate, DOCUMENT_SIGNING)


def _has_purpose(certificate: x509.Certificate, purpose: x509.ObjectIdentifier) -> bool:
    try:
        extended = _extension(certificate, x509.ExtendedKeyUsage)
    except KeyMaterialError:
        return False
    return extended is not None and purpose in set(extended)


def to_pem(*certificates: x509.Certificate) -> str:
    """Return certificates as PEM text, in this order."""
    return "".join(c.public_bytes(serialization.Encoding.PEM).decode("ascii") for c in certificates)


def parse_certificates(data: bytes, *, place: str) -> list[x509.Certificate]:
    """Return every certificate in a PEM file.

    Raises:
        InputError: there is none, or one is malformed.
    """
    if len(data) > MAX_PEM_BYTES:
        raise InputError(f"{place}: expected at most {MAX_PEM_BYTES} bytes, got {len(data)}")
    try:
        return x509.load_pem_x509_certificates(data)
    except (ValueError, x509.InvalidVersion):
        raise InputError(
            f"{place}: expected certificates in pem form",
            hint="ask the issuer for a file that begins -----BEGIN",
        ) from None


def _name(organization: str, country: str | None, common: str) -> x509.Name:
    if not organization.isprintable():
        raise InputError("studio name: expected printable text", code="name-text")
    if not organization.strip():
        raise InputError("studio name: expected a name, got nothing", code="name-text")
    size = len(organization.encode())
    if size > MAX_NAME_BYTES:
        raise InputError(
            f"studio name: expected at most {MAX_NAME_BYTES} bytes of text, got {size}",
            code="name-length",
            hint="letters beyond a to z take two to four bytes each",
        )
    if country is not None and not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise InputError(f"country: expected two letters such as DE, got {country!r}", code="country")
    parts = [x509.NameAttribute(NameOID.COUNTRY_NAME, country.upper())] if country else []
    parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    parts.append(x509.NameAttribute(NameOID.COMMON_NAME, common))
    return x509.Name(parts)


def _public(key: SigningKey) -> EllipticCurvePublicKey:
    public = key.private_key.public_key()
    if not isinstance(public, EllipticCurvePublicKey):
        raise KeyMaterialError("certificate: expected a p-256 key")
    return public


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _sign(builder: x509.CertificateBuilder, key: SigningKey) -> x509.Certificate:
    return builder.sign(key.private_key, hashes.SHA256())


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise KeyMaterialError("signing certificate: an extension is malformed", code="certificate-unfit") from error
