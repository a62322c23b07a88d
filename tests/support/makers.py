"""Other makers of Content Credentials: they sign whatever they like, with certificates of their own."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from provenance.credentials import _engine
from provenance.credentials.ingredients import IngredientSource
from provenance.credentials.origin import DIGITAL_CAPTURE
from provenance.keys import SigningKey
from provenance.pki import TrustAnchors, to_pem


class Maker:
    """Somebody with a certificate from an authority of their own; the name may be anything at all.

    Attributes:
        anchors: the authority, for those who trust it.
    """

    def __init__(
        self, name: str = "Camera Maker", *, usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.EMAIL_PROTECTION
    ) -> None:
        self.key, authority_key = SigningKey.generate("ES256"), SigningKey.generate("ES256")
        authority = _certificate(f"{name} authority", authority_key, f"{name} authority", authority_key, usage=None)
        leaf = _certificate(name, self.key, f"{name} authority", authority_key, usage=usage)
        self.chain = to_pem(leaf)
        self.anchors = TrustAnchors("urn:example:maker", to_pem(authority))

    def sign(
        self,
        data: bytes,
        media_type: str = "image/jpeg",
        *,
        assertions: Sequence[dict[str, Any]] = (),
        generator: str = "Firmware",
        parent: bool = False,
        source_type: str = DIGITAL_CAPTURE,
        version: str = "1.0",
        title: str = "picture",
        parent_title: str = "parent",
        said: Mapping[str, Any] | None = None,
        more: Sequence[Mapping[str, Any]] = (),
    ) -> bytes:
        """Return a picture with credentials.

        `assertions` come beside the actions, each with its label and data; `said` are further members of the
        first action, and `more` are further actions.
        """
        first: dict[str, Any] = {"action": "c2pa.created", "digitalSourceType": source_type}
        if parent:
            first = {"action": "c2pa.opened", "parameters": {"ingredientIds": [parent_title]}}
        first |= said or {}
        actions = {"label": "c2pa.actions.v2", "data": {"actions": [first, *more], "allActionsIncluded": True}}
        definition = {
            "claim_version": 2,
            "title": title,
            "format": media_type,
            "claim_generator_info": [{"name": generator, "version": version}],
            "assertions": [actions, *assertions],
        }
        return _engine.sign(
            data,
            media_type,
            definition,
            ingredients=[IngredientSource(parent_title, "parentOf", media_type, data)] if parent else [],
            sign_claim=self.key.sign,
            chain_pem=self.chain,
        )


def _certificate(
    subject: str, key: SigningKey, issuer: str, issuer_key: SigningKey, *, usage: x509.ObjectIdentifier | None
) -> x509.Certificate:
    """Return a certificate by RFC 5280; one without a usage is that of an authority."""
    public = key.private_key.public_key()
    leaf = usage is not None
    # A little in the past, as a clock that runs slow elsewhere must not matter.
    start = datetime.now(UTC) - timedelta(hours=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=not leaf, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=leaf,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=not leaf,
                crl_sign=not leaf,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    if usage is not None:
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.private_key.public_key())
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        builder = builder.add_extension(above, critical=False)
    return builder.sign(issuer_key.private_key, hashes.SHA256())


def _name(organization: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)])
