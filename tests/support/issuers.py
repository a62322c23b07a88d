"""An authority from which a studio buys a certificate: a root, an intermediate, and what they issue."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, ObjectIdentifier

from provenance.pki import CLAIM_SIGNING, EMAIL_PROTECTION, to_pem


class Issuer:
    """A root that signed an intermediate, which signs claim certificates.

    Attributes:
        root: self-signed.
        intermediate: below it.
    """

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.root = self._sign(_name("Listed Root"), _name("Listed Root"), self._root_key.public_key(), self._root_key)
        self.intermediate = self._sign(_name("Listed CA 1"), self.root.subject, self._key.public_key(), self._root_key)

    def issue(
        self,
        request: bytes,
        *,
        days: tuple[int, int] = (-1, 300),
        purposes: Sequence[ObjectIdentifier] = (CLAIM_SIGNING, EMAIL_PROTECTION),
    ) -> x509.Certificate:
        """Return the certificate that is asked for, valid between these days from now."""
        asked = x509.load_pem_x509_csr(request)
        assert asked.is_signature_valid
        return self._sign(
            asked.subject, self.intermediate.subject, asked.public_key(), self._key, days=days, purposes=purposes
        )

    def chain(self, request: bytes) -> bytes:
        """Return what is sent back: the certificate, the intermediate and the root."""
        return to_pem(self.issue(request), self.intermediate, self.root).encode()

    def _sign(
        self,
        subject: x509.Name,
        issuer: x509.Name,
        public: object,
        key: ec.EllipticCurvePrivateKey,
        *,
        days: tuple[int, int] = (-2, 900),
        purposes: Sequence[ObjectIdentifier] | None = None,
    ) -> x509.Certificate:
        assert isinstance(public, ec.EllipticCurvePublicKey)
        authority = purposes is None
        usage = x509.KeyUsage(
            digital_signature=not authority,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=authority,
            crl_sign=authority,
            encipher_only=False,
            decipher_only=False,
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now + timedelta(days=days[0]))
            .not_valid_after(self._now + timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        )
        if purposes is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        return builder.sign(key, hashes.SHA256())


def _name(organization: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)])
