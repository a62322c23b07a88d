"""The keys and certificates that a studio's claims are signed with: in use, before that, and asked for.

Which certificate is in use stands in one file, so that a change is whole or did not happen. The key is found by the
certificate; certificates of before stay, so that the studio knows its own stamps for good.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from provenance import durable, pki
from provenance.canonical import sha256
from provenance.errors import InputError, KeyMaterialError, RefusedError
from provenance.keys import RootKey, SigningKey
from provenance.studio.key_places import KeyPlace, open_place, parse_place

IN_USE: Final = "claim.pem"
MAX_CHAIN_BYTES: Final = 256 * 1024

_FIRST_KEY: Final = "claim"
_ID_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class ClaimCertificate:
    """One certificate, or a key that has none yet.

    Attributes:
        state: `requested` for a key without a certificate.
        file: in the folder of keys.
        issuer: as RFC 4514 writes names; None without a certificate.
        ends: when it runs out, likewise.
    """

    state: Literal["in use", "before", "requested"]
    file: str
    issuer: str | None = None
    ends: datetime | None = None


def read_chain(folder: Path, name: str = IN_USE) -> list[x509.Certificate]:
    """Return a certificate and its intermediates.

    Raises:
        KeyMaterialError: the file is not there.
        InputError: it is malformed.
    """
    return pki.parse_certificates(_read(folder / name), place=name)


def bought_ends(folder: Path, authority: x509.Certificate) -> str:
    """Return the end certificates that others issued, as PEM: the studio trusts these, and not whoever issued them."""
    chains = [read_chain(folder, path.name) for path in sorted(folder.glob("claim*.pem"))]
    return "".join(dict.fromkeys(pki.to_pem(chain[0]) for chain in chains if chain[0].issuer != authority.subject))


def identity_of(folder: Path) -> bytes:
    """Return what a studio's signer stays known by, whatever its certificate: the digest of its first one."""
    first = next(iter(_before(folder)), folder / IN_USE)
    return sha256(_read(first))


def list_certificates(folder: Path) -> list[ClaimCertificate]:
    """Return every certificate in the order of its use, and the keys that wait for one."""
    found = []
    known = {_FIRST_KEY}
    for path in (*_before(folder), folder / IN_USE):
        (certificate, *_) = read_chain(folder, path.name)
        known.add(_key_name(certificate.public_key()))
        state: Literal["in use", "before"] = "in use" if path.name == IN_USE else "before"
        issuer = certificate.issuer.rfc4514_string()
        found.append(ClaimCertificate(state, path.name, issuer, certificate.not_valid_after_utc))
    places = [*folder.glob("claim-*.key"), *folder.glob("claim-*.token")]
    waiting = [path for path in sorted(places) if path.stem not in known]
    return [*found, *(ClaimCertificate("requested", path.name) for path in waiting)]


class ClaimKeys:
    """The same with the studio's root key at hand, which opens the keys."""

    def __init__(self, folder: Path, root: RootKey) -> None:
        self._folder = folder
        self._root = root

    def key_of(self, certificate: x509.Certificate) -> SigningKey:
        """Return the private key of a certificate.

        Raises:
            KeyMaterialError: this studio does not have it.
        """
        own = _key_name(certificate.public_key())
        known = any((self._folder / f"{own}.{kind}").exists() for kind in ("key", "token"))
        key = self._load(own if known else _FIRST_KEY)
        if _public_bytes(key.private_key.public_key()) == _public_bytes(certificate.public_key()):
            return key
        raise KeyMaterialError(
            "signing certificate: is for a key that this studio does not have",
            code="certificate-foreign",
            hint="make a request with provenance keys csr, and import what it is answered with",
        )

    def has_key_of(self, certificate: x509.Certificate) -> bool:
        """Tell whether a certificate's key is one of this studio's; a token is not asked."""
        if (self._folder / f"{_key_name(certificate.public_key())}.token").exists():
            return True
        try:
            self.key_of(certificate)
        except KeyMaterialError as error:
            if error.code != "certificate-foreign":
                raise
            return False
        return True

    def request(self, *, name: str, country: str | None, token: KeyPlace | None = None) -> bytes:
        """Return a request for a certificate, as PEM, for a key that has none yet; one is made if there is none.

        Args:
            name: of the studio.
            country: two letters, or None.
            token: where the key lies, if it is none of the studio's files.

        Raises:
            InputError: the name or country does not fit into a certificate.
            KeyMaterialError: the token does not sign.
        """
        if token is not None:
            return pki.make_claim_request(key=self._take(token), name=name, country=country)
        waiting = [
            found
            for found in list_certificates(self._folder)
            if found.state == "requested" and found.file.endswith(".key")
        ]
        key = self._load(Path(waiting[-1].file).stem) if waiting else self._make()
        return pki.make_claim_request(key=key, name=name, country=country)

    def install(self, data: bytes, *, place: str, now: datetime) -> x509.Certificate:
        """Let claims be signed with another certificate from now on, and return it.

        Args:
            data: PEM: the certificate first, and behind each its issuer.
            place: where it is from, for messages.
            now: the time.

        Raises:
            InputError: it is no certificate.
            KeyMaterialError: it may not sign claims, is not valid now, or is for another key, or its chain is broken.
            RefusedError: it is in use already.
        """
        chain = pki.parse_certificates(data, place=place)
        leaf = chain[0]
        pki.check_claim_certificate(leaf)
        if leaf == read_chain(self._folder)[0]:
            raise RefusedError(f"{place}: this certificate is in use already", code="certificate-known")
        self.key_of(leaf)
        if not leaf.not_valid_before_utc <= now < leaf.not_valid_after_utc:
            raise KeyMaterialError(
                f"signing certificate: expected one that is valid now, got one from {leaf.not_valid_before_utc.date()} "
                f"to {leaf.not_valid_after_utc.date()}",
                code="certificate-expired",
            )
        pki.check_chain(chain)
        # The root is no part of a chain (C2PA 2.4, 14.5): who relies on it has it.
        self._replace([c for c in chain if c is leaf or c.issuer != c.subject])
        return leaf

    def renew(
        self,
        *,
        authority: x509.Certificate,
        authority_key: SigningKey,
        name: str,
        country: str | None,
        now: datetime,
        token: KeyPlace | None = None,
    ) -> x509.Certificate:
        """Let claims be signed with a new certificate of the studio's own authority, and return that.

        It is for a new key, or for the one that lies in a token or a service.

        Raises:
            KeyMaterialError: the authority's certificate has run out.
            RefusedError: the certificate in use was issued by somebody else.
        """
        if now >= authority.not_valid_after_utc:
            raise KeyMaterialError(
                f"authority certificate: ended on {authority.not_valid_after_utc.date()}", code="certificate-expired"
            )
        if read_chain(self._folder)[0].issuer != authority.subject:
            raise RefusedError(
                "signing certificate: was issued by somebody else, who alone can renew it",
                code="certificate-bought",
                hint="make a request with provenance keys csr, and import what it is answered with",
            )
        key = self._make() if token is None else self._take(token)
        certificate = pki.make_claim_certificate(
            key=key, authority=authority, authority_key=authority_key, name=name, country=country, now=now
        )
        self._replace([certificate])
        return certificate

    def _make(self) -> SigningKey:
        key = SigningKey.generate("ES256")
        name = _key_name(key.private_key.public_key())
        durable.create(
            self._folder / f"{name}.key", key.to_pem(password=self._root.password(name)), mode=durable.PRIVATE
        )
        return key

    def _take(self, token: KeyPlace) -> SigningKey:
        """Return the key in a token, and keep where it lies."""
        key = open_place(token)
        place = self._folder / f"{_key_name(key.private_key.public_key())}.token"
        durable.replace(place, f"{token.text}\n".encode(), mode=durable.PRIVATE)
        return key

    def _load(self, name: str) -> SigningKey:
        place = self._folder / f"{name}.token"
        if place.exists():
            return open_place(parse_place(_read(place).decode("utf-8", "replace").strip()))
        return SigningKey.from_pem(_read(self._folder / f"{name}.key"), password=self._root.password(name))

    def _replace(self, chain: list[x509.Certificate]) -> None:
        """Keep the chain in use beside the ones before it, then put another one in its place."""
        current = _read(self._folder / IN_USE)
        before = _before(self._folder)
        # After a crash between the two, it is kept already.
        if not before or before[-1].read_bytes() != current:
            durable.create(self._folder / f"claim-{len(before) + 1:04}.pem", current)
        durable.replace(self._folder / IN_USE, pki.to_pem(*chain).encode())


def _read(path: Path) -> bytes:
    try:
        return durable.read(path, max_bytes=MAX_CHAIN_BYTES)
    except InputError as error:
        raise KeyMaterialError(f"keys: {error}", hint="restore the studio from its backup") from error


def _before(folder: Path) -> list[Path]:
    return sorted(folder.glob("claim-[0-9][0-9][0-9][0-9].pem"))


def _public_bytes(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _key_name(key: PublicKeyTypes) -> str:
    return f"{_FIRST_KEY}-{hashlib.sha256(_public_bytes(key)).digest()[:_ID_BYTES].hex()}"
