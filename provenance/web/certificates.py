"""HTTPS within a studio's own network: an authority for nothing else, and a new certificate at each start.

The authority that signs claims is not the one: a device that trusts an authority for web pages believes it about any
page. This one is bound, by name constraints (RFC 5280, 4.2.1.10), to private addresses and to names that are never
those of pages on the internet.
"""

import contextlib
import ipaddress
import os
import ssl
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from provenance import durable, pki
from provenance.errors import InputError
from provenance.keys import SigningKey
from provenance.studio.studio import KEYS_FOLDER, MAX_KEY_BYTES, UnlockedStudio

AUTHORITY: Final = "kiosk-authority"
AUTHORITY_DAYS: Final = 1096
SERVER_DAYS: Final = 90
PRIVATE_NETWORKS: Final = (
    "10.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "fc00::/7",
    "fe80::/10",
    "::1/128",
)
PRIVATE_NAMES: Final = ("local", "localhost", "lan", "internal", "home.arpa", "test")

_BACKDATED: Final = timedelta(minutes=5)


def kiosk_authority(unlocked: UnlockedStudio) -> tuple[SigningKey, x509.Certificate]:
    """Return the key and certificate that vouch for a studio's kiosks; both are made when they are first needed.

    Raises:
        InputError: the certificate is malformed.
        KeyMaterialError: the key cannot be read.
    """
    now = unlocked.studio.clock.now()
    key = unlocked.further_key(AUTHORITY)
    path = unlocked.studio.path / KEYS_FOLDER / f"{AUTHORITY}.pem"
    if path.exists():
        (found, *_) = pki.parse_certificates(durable.read(path, max_bytes=MAX_KEY_BYTES), place=path.name)
        if now + timedelta(days=SERVER_DAYS) < found.not_valid_after_utc:
            return key, found
    made = _make_authority(key, name=unlocked.studio.settings.name, now=now)
    durable.replace(path, pki.to_pem(made).encode())
    return key, made


def check_host(host: str) -> str:
    """Return a name or address for which a studio's kiosk can have a certificate.

    Raises:
        InputError: it is not one of a private network.
    """
    name = host.lower().strip("[]")
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(name)
        if any(address in ipaddress.ip_network(network) for network in PRIVATE_NETWORKS):
            return name
    if any(name == end or name.endswith(f".{end}") for end in PRIVATE_NAMES):
        return name
    raise InputError(
        f"host: expected a private address or a name that ends in .{PRIVATE_NAMES[0]}, got {host[:80]!r}",
        code="kiosk-host",
        hint="for any other name, put a proxy with a certificate of its own before the kiosk",
    )


def server_context(
    hosts: Sequence[str], *, authority_key: SigningKey, authority: x509.Certificate, now: datetime
) -> ssl.SSLContext:
    """Return what a server speaks HTTPS with: a key that is made for it, under a certificate for `hosts`.

    Raises:
        InputError: a host is not one of a private network.
    """
    key = SigningKey.generate("ES256")
    certificate = _make_server(key, [check_host(host) for host in hosts], authority_key, authority, now)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python reads keys from files only: this one is gone before anybody is answered.
    with tempfile.TemporaryDirectory() as folder:
        pem = key.private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = Path(folder) / "server.pem"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, durable.PRIVATE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem + pki.to_pem(certificate, authority).encode())
        context.load_cert_chain(path)
    return context


def fingerprint(certificate: x509.Certificate) -> str:
    """Return SHA-256 of a certificate as devices show it: pairs of digits with colons between."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _make_authority(key: SigningKey, *, name: str, now: datetime) -> x509.Certificate:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
            x509.NameAttribute(NameOID.COMMON_NAME, "Kiosk authority"),
        ]
    )
    permitted: list[x509.GeneralName] = [x509.DNSName(ending) for ending in PRIVATE_NAMES]
    permitted += [x509.IPAddress(ipaddress.ip_network(network)) for network in PRIVATE_NETWORKS]
    public = key.private_key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key.private_key, hashes.SHA256())
    )


def _make_server(
    key: SigningKey, hosts: Sequence[str], authority_key: SigningKey, authority: x509.Certificate, now: datetime
) -> x509.Certificate:
    public = key.private_key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + timedelta(days=SERVER_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general(host) for host in hosts]), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.private_key.public_key()), critical=False
        )
        .sign(authority_key.private_key, hashes.SHA256())
    )


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
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
