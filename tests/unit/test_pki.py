import base64
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from support.refusals import refused

from provenance.errors import InputError, KeyMaterialError
from provenance.keys import SigningKey
from provenance.pki import (
    CLAIM_SIGNING,
    DOCUMENT_SIGNING,
    EMAIL_PROTECTION,
    MAX_PEM_BYTES,
    TrustAnchors,
    check_claim_certificate,
    make_authority,
    make_claim_certificate,
    may_sign_claims,
    parse_certificates,
    to_pem,
)

Kind = TypeVar("Kind", bound=x509.ExtensionType)

NOW = datetime(2026, 11, 23, 21, 7, 5, tzinfo=UTC)
KEY = SigningKey.generate("ES256")
AUTHORITY_KEY = SigningKey.generate("ES256")
EXTENDED_KEY_USAGE = ObjectIdentifier("2.5.29.37")
ANY_PURPOSE = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
TIME_STAMPING = ExtendedKeyUsageOID.TIME_STAMPING
OCSP_SIGNING = ExtendedKeyUsageOID.OCSP_SIGNING
SERVER = ExtendedKeyUsageOID.SERVER_AUTH
KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def authority(
    name: str = "Studio Ümlaut", country: str | None = "de", key: SigningKey = AUTHORITY_KEY
) -> x509.Certificate:
    return make_authority(key=key, name=name, country=country, now=NOW)


AUTHORITY = authority()


def claim(name: str = "Studio Ümlaut", country: str | None = "DE", key: SigningKey = KEY) -> x509.Certificate:
    return make_claim_certificate(
        key=key, authority=AUTHORITY, authority_key=AUTHORITY_KEY, name=name, country=country, now=NOW
    )


CLAIM = claim()


def usage(*granted: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in granted for name in KEY_USAGES})


def certificate(*extensions: x509.ExtensionType) -> x509.Certificate:
    """Return a certificate with just these extensions."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(AUTHORITY.subject)
        .issuer_name(AUTHORITY.subject)
        .public_key(KEY.private_key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
    )
    for added in extensions:
        builder = builder.add_extension(added, critical=False)
    return builder.sign(AUTHORITY_KEY.private_key, hashes.SHA256())


def with_purposes(*purposes: ObjectIdentifier) -> x509.Certificate:
    return certificate(usage("digital_signature"), x509.ExtendedKeyUsage(purposes))


def extension(of: x509.Certificate, kind: type[Kind]) -> x509.Extension[Kind]:
    return of.extensions.get_extension_for_class(kind)


def named(name: x509.Name) -> list[tuple[ObjectIdentifier, str | bytes]]:
    return [(attribute.oid, attribute.value) for attribute in name]


def pem_of(der: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"


def test_an_authority_is_signed_by_itself() -> None:
    assert AUTHORITY.version is x509.Version.v3
    assert AUTHORITY.subject == AUTHORITY.issuer
    assert AUTHORITY.serial_number > 0
    AUTHORITY.verify_directly_issued_by(AUTHORITY)


def test_an_authority_is_named_after_its_studio() -> None:
    assert named(AUTHORITY.subject) == [
        (NameOID.COUNTRY_NAME, "DE"),
        (NameOID.ORGANIZATION_NAME, "Studio Ümlaut"),
        (NameOID.COMMON_NAME, "Claim-signing authority"),
    ]


def test_an_authority_without_a_country_names_none() -> None:
    assert named(authority("Studio", None).subject) == [
        (NameOID.ORGANIZATION_NAME, "Studio"),
        (NameOID.COMMON_NAME, "Claim-signing authority"),
    ]


def test_an_authority_is_valid_for_ten_years_and_from_a_little_earlier() -> None:
    assert AUTHORITY.not_valid_before_utc == NOW - timedelta(minutes=5)
    assert AUTHORITY.not_valid_after_utc == datetime(2036, 11, 23, 21, 7, 5, tzinfo=UTC)


def test_an_authority_may_issue_end_certificates_only() -> None:
    assert extension(AUTHORITY, x509.BasicConstraints).critical
    assert extension(AUTHORITY, x509.BasicConstraints).value == x509.BasicConstraints(ca=True, path_length=0)
    assert extension(AUTHORITY, x509.KeyUsage).critical
    assert extension(AUTHORITY, x509.KeyUsage).value == usage("key_cert_sign", "crl_sign")
    assert not extension(AUTHORITY, x509.SubjectKeyIdentifier).critical


def test_each_authority_has_a_serial_number_of_its_own() -> None:
    assert authority().serial_number != authority().serial_number


def test_a_claim_certificate_is_issued_by_its_authority() -> None:
    assert CLAIM.version is x509.Version.v3
    CLAIM.verify_directly_issued_by(AUTHORITY)
    assert CLAIM.public_key() == KEY.private_key.public_key()
    issuer = extension(AUTHORITY, x509.SubjectKeyIdentifier).value
    own = extension(CLAIM, x509.AuthorityKeyIdentifier).value
    assert own.key_identifier == issuer.digest


def test_a_claim_certificate_is_named_after_its_studio() -> None:
    assert named(CLAIM.subject) == [
        (NameOID.COUNTRY_NAME, "DE"),
        (NameOID.ORGANIZATION_NAME, "Studio Ümlaut"),
        (NameOID.COMMON_NAME, "Studio Ümlaut"),
    ]


def test_a_claim_certificate_is_valid_for_366_days_and_from_a_little_earlier() -> None:
    assert CLAIM.not_valid_before_utc == NOW - timedelta(minutes=5)
    assert CLAIM.not_valid_after_utc - CLAIM.not_valid_before_utc == timedelta(days=366)


# C2PA 2.4, 14.5.1.
def test_a_claim_certificate_has_the_extensions_of_the_profile() -> None:
    assert extension(CLAIM, x509.BasicConstraints).value == x509.BasicConstraints(ca=False, path_length=None)
    assert extension(CLAIM, x509.KeyUsage).value == usage("digital_signature", "content_commitment")
    assert extension(CLAIM, x509.ExtendedKeyUsage).value == x509.ExtendedKeyUsage([CLAIM_SIGNING, EMAIL_PROTECTION])
    critical = {added.oid for added in CLAIM.extensions if added.critical}
    assert critical == {x509.BasicConstraints.oid, x509.KeyUsage.oid}


@pytest.mark.parametrize(
    ("oid", "dotted"),
    [
        (CLAIM_SIGNING, "1.3.6.1.4.1.62558.2.1"),
        (DOCUMENT_SIGNING, "1.3.6.1.5.5.7.3.36"),
        (EMAIL_PROTECTION, "1.3.6.1.5.5.7.3.4"),
    ],
)
def test_the_purposes_have_the_numbers_of_their_specifications(oid: ObjectIdentifier, dotted: str) -> None:
    assert oid.dotted_string == dotted


@pytest.mark.parametrize("name", ["x", "x" * 64, "ü" * 32, "写真館" * 7, "Фотостудия «Северное сияние»", "😀" * 16])
def test_a_name_that_fits_is_taken_in_any_script(name: str) -> None:
    assert (NameOID.ORGANIZATION_NAME, name) in named(authority(name).subject)
    assert (NameOID.ORGANIZATION_NAME, name) in named(claim(name).subject)


NOT_PRINTABLE = "studio name: expected printable text"
NOTHING = "studio name: expected a name, got nothing"
TOO_LONG = "studio name: expected at most 64 bytes of text, got "
COUNTED = "letters beyond a to z take two to four bytes each"


@pytest.mark.parametrize(
    ("name", "message", "code", "hint"),
    [
        ("", NOTHING, "name-text", None),
        (" ", NOTHING, "name-text", None),
        ("\t\n", NOT_PRINTABLE, "name-text", None),
        ("\ud800" * 22, NOT_PRINTABLE, "name-text", None),
        ("x" * 65, TOO_LONG + "65", "name-length", COUNTED),
        ("ü" * 33, TOO_LONG + "66", "name-length", COUNTED),
        ("写真館" * 8, TOO_LONG + "72", "name-length", COUNTED),
    ],
)
def test_a_name_that_does_not_fit_is_refused(name: str, message: str, code: str, hint: str | None) -> None:
    with refused(InputError, message, code=code, hint=hint):
        authority(name)
    with refused(InputError, message, code=code, hint=hint):
        claim(name)


def test_a_name_with_half_a_character_is_refused() -> None:
    with pytest.raises(InputError, match="studio name: "):
        authority("Studio \ud800")


@pytest.mark.parametrize("country", ["DE", "de", "De"])
def test_a_country_is_written_in_capitals(country: str) -> None:
    assert (NameOID.COUNTRY_NAME, "DE") in named(authority("Studio", country).subject)


@pytest.mark.parametrize("country", ["", "D", "DEU", "D1", "D ", "ÄÖ", "DE\n", "日本"])
def test_another_country_than_two_letters_is_refused(country: str) -> None:
    message = f"country: expected two letters such as DE, got {country!r}"
    with refused(InputError, message, code="country"):
        authority("Studio", country)
    with refused(InputError, message, code="country"):
        claim("Studio", country)


def test_a_certificate_for_another_kind_of_key_is_refused() -> None:
    other = SigningKey.generate("Ed25519")
    with refused(KeyMaterialError, "certificate: expected a p-256 key"):
        authority(key=other)
    with refused(KeyMaterialError, "certificate: expected a p-256 key"):
        claim(key=other)
    with refused(KeyMaterialError, "certificate: expected a p-256 key"):
        make_claim_certificate(key=KEY, authority=AUTHORITY, authority_key=other, name="Studio", country=None, now=NOW)


def test_a_claim_certificate_may_sign_claims() -> None:
    check_claim_certificate(CLAIM)


@pytest.mark.parametrize("purpose", [CLAIM_SIGNING, DOCUMENT_SIGNING, EMAIL_PROTECTION])
def test_each_purpose_that_allows_claims_is_enough(purpose: ObjectIdentifier) -> None:
    check_claim_certificate(with_purposes(purpose))
    check_claim_certificate(with_purposes(SERVER, purpose))


def test_a_certificate_without_basic_constraints_may_sign_claims() -> None:
    check_claim_certificate(with_purposes(CLAIM_SIGNING))


@pytest.mark.parametrize(
    ("unfit", "reason"),
    [
        (AUTHORITY, "expected an end certificate, got an authority"),
        (
            certificate(
                x509.BasicConstraints(ca=True, path_length=None),
                usage("digital_signature"),
                x509.ExtendedKeyUsage([CLAIM_SIGNING]),
            ),
            "expected an end certificate, got an authority",
        ),
        (certificate(x509.ExtendedKeyUsage([CLAIM_SIGNING])), "expected key usage digitalSignature only"),
        (
            certificate(usage("digital_signature", "key_cert_sign"), x509.ExtendedKeyUsage([CLAIM_SIGNING])),
            "expected key usage digitalSignature only",
        ),
        (
            certificate(usage("content_commitment"), x509.ExtendedKeyUsage([CLAIM_SIGNING])),
            "expected key usage digitalSignature only",
        ),
        (certificate(), "expected key usage digitalSignature only"),
        (certificate(usage("digital_signature")), "expected a purpose that allows claims"),
        (with_purposes(SERVER), "expected a purpose that allows claims"),
        (with_purposes(ANY_PURPOSE), "expected a purpose that allows claims"),
        (with_purposes(TIME_STAMPING), "expected a purpose that allows claims"),
        (with_purposes(CLAIM_SIGNING, ANY_PURPOSE), "has a purpose that excludes claims"),
        (with_purposes(CLAIM_SIGNING, TIME_STAMPING), "has a purpose that excludes claims"),
        (with_purposes(EMAIL_PROTECTION, OCSP_SIGNING), "has a purpose that excludes claims"),
    ],
)
def test_a_certificate_that_may_not_sign_claims_is_refused(unfit: x509.Certificate, reason: str) -> None:
    with refused(KeyMaterialError, f"signing certificate: {reason}", code="certificate-unfit"):
        check_claim_certificate(unfit)


MALFORMED = certificate(usage("digital_signature"), x509.UnrecognizedExtension(EXTENDED_KEY_USAGE, b"not der"))


def test_a_certificate_with_a_malformed_extension_is_refused() -> None:
    message = "signing certificate: an extension is malformed"
    with refused(KeyMaterialError, message, code="certificate-unfit"):
        check_claim_certificate(MALFORMED)


def test_a_certificate_with_a_repeated_extension_is_refused() -> None:
    other = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    der = certificate(
        usage("digital_signature"), x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.5"), b"\x05\x00"), other
    )
    twice = der.public_bytes(Encoding.DER).replace(bytes.fromhex("06032a0305"), bytes.fromhex("06032a0304"))
    with refused(KeyMaterialError, "signing certificate: an extension is malformed", code="certificate-unfit"):
        check_claim_certificate(x509.load_der_x509_certificate(twice))


def test_a_certificate_with_a_malformed_extension_may_not_sign_claims() -> None:
    assert not may_sign_claims(MALFORMED)


# RFC 5280, 4.2.1.6: an x400Address, which the library does not read.
UNREADABLE = certificate(
    usage("digital_signature"),
    x509.ExtendedKeyUsage([CLAIM_SIGNING]),
    x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.17"), bytes.fromhex("3002a300")),
)


def test_a_certificate_with_a_name_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(KeyMaterialError, match="signing certificate: "):
        check_claim_certificate(UNREADABLE)


def test_a_certificate_with_a_name_of_an_unknown_kind_may_not_sign_claims() -> None:
    assert not may_sign_claims(UNREADABLE)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (CLAIM, True),
        (with_purposes(CLAIM_SIGNING), True),
        (with_purposes(EMAIL_PROTECTION), False),
        (with_purposes(DOCUMENT_SIGNING), False),
        (with_purposes(ANY_PURPOSE), False),
        (certificate(), False),
        (AUTHORITY, False),
    ],
)
def test_only_the_purpose_of_the_profile_itself_counts_for_the_official_list(
    asked: x509.Certificate, answer: bool
) -> None:
    assert may_sign_claims(asked) is answer


def test_certificates_are_written_in_order_and_read_again() -> None:
    text = to_pem(CLAIM, AUTHORITY)
    assert text.startswith("-----BEGIN CERTIFICATE-----\n")
    assert parse_certificates(text.encode(), place="chain") == [CLAIM, AUTHORITY]


def test_no_certificates_are_written_as_nothing() -> None:
    assert to_pem() == ""


def test_text_around_certificates_is_passed_over() -> None:
    data = b"subject: studio\n" + to_pem(CLAIM).encode() + b"and so on\n"
    assert parse_certificates(data, place="chain") == [CLAIM]


def test_a_file_as_large_as_allowed_is_read() -> None:
    assert MAX_PEM_BYTES == 4_194_304
    data = to_pem(CLAIM).encode()
    assert parse_certificates(data.ljust(MAX_PEM_BYTES, b"\n"), place="chain") == [CLAIM]


def test_a_larger_file_is_refused() -> None:
    message = f"chain: expected at most {MAX_PEM_BYTES} bytes, got {MAX_PEM_BYTES + 1}"
    with refused(InputError, message):
        parse_certificates(to_pem(CLAIM).encode().ljust(MAX_PEM_BYTES + 1, b"\n"), place="chain")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a certificate",
        b"\xff\x00",
        CLAIM.public_bytes(Encoding.DER),
        pem_of(b""),
        pem_of(b"not der"),
        pem_of(CLAIM.public_bytes(Encoding.DER)[:-1]),
        to_pem(CLAIM).encode() + pem_of(b"not der"),
        to_pem(CLAIM).replace("CERTIFICATE", "PUBLIC KEY").encode(),
        KEY.to_pem(password=b"password"),
    ],
)
def test_other_bytes_than_certificates_are_refused(data: bytes) -> None:
    with refused(
        InputError,
        "chain: expected certificates in pem form",
        hint="ask the issuer for a file that begins -----BEGIN",
    ):
        parse_certificates(data, place="chain")


def test_a_certificate_of_an_unknown_version_is_refused() -> None:
    der = CLAIM.public_bytes(Encoding.DER).replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020105"), 1)
    with refused(
        InputError,
        "chain: expected certificates in pem form",
        hint="ask the issuer for a file that begins -----BEGIN",
    ):
        parse_certificates(pem_of(der), place="chain")


def test_trust_anchors_have_a_name_and_certificates() -> None:
    anchors = TrustAnchors("urn:headshot-provenance:trust:studio", to_pem(AUTHORITY))
    assert parse_certificates(anchors.pem.encode(), place=anchors.uri) == [AUTHORITY]
