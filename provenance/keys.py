"""Private keys: made, kept encrypted, and used.

A studio has one root key of 32 random bytes. Under a passphrase it is sealed with scrypt and AES-256-GCM; without
one it lies readable by its owner only. Every other secret hangs on it: private keys are PKCS#8 files under passwords
of 256 bits derived from it, and the vault's key is derived too (HKDF-SHA256).
"""

import os
import secrets
from typing import Literal, Protocol

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from provenance.canonical import Json, canonical_bytes, from_base64url, parse_object, sha256, to_base64url
from provenance.errors import InputError, KeyMaterialError

Algorithm = Literal["Ed25519", "ES256"]

ROOT_KEY_BYTES = 32
SCRYPT_N = 2**17
SCRYPT_R = 8
SCRYPT_P = 1

_MAX_SCRYPT_N = 2**20
_NONCE_BYTES = 12
_SALT_BYTES = 16
_SEALED_BYTES = 12 + ROOT_KEY_BYTES + 16  # nonce, key, tag
_JWK_KINDS = {("OKP", "Ed25519"): ("x",), ("EC", "P-256"): ("x", "y")}
_THUMBPRINT_URN = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:"


class Signer(Protocol):
    """Anything that can sign: a key in memory, a hardware token, a service."""

    @property
    def algorithm(self) -> Algorithm:
        """The JOSE name of what `sign` makes (RFC 7518, RFC 9864)."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return a signature of 64 bytes: Ed25519, or ES256 as r ‖ s."""
        ...


class SigningKey:
    """A private key in memory: Ed25519 or ECDSA on P-256."""

    def __init__(self, private_key: Ed25519PrivateKey | EllipticCurvePrivateKey) -> None:
        self.private_key = private_key

    @classmethod
    def generate(cls, algorithm: Algorithm) -> "SigningKey":
        """Return a new key."""
        return cls(Ed25519PrivateKey.generate() if algorithm == "Ed25519" else generate_ec(SECP256R1()))

    @classmethod
    def from_pem(cls, data: bytes, *, password: bytes | None) -> "SigningKey":
        """Return the key in a PKCS#8 file.

        Raises:
            KeyMaterialError: it does not open with this password, or is neither Ed25519 nor P-256.
        """
        try:
            key = serialization.load_pem_private_key(data, password)
        except (ValueError, TypeError) as error:
            raise KeyMaterialError("private key: cannot be opened with this root key") from error
        except UnsupportedAlgorithm:
            key = None
        if isinstance(key, Ed25519PrivateKey):
            return cls(key)
        if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
            return cls(key)
        raise KeyMaterialError("private key: expected ed25519 or ecdsa p-256")

    def to_pem(self, *, password: bytes) -> bytes:
        """Return the key as an encrypted PKCS#8 file."""
        return self.private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(password),
        )

    @property
    def algorithm(self) -> Algorithm:
        """The JOSE name of what `sign` makes."""
        return "Ed25519" if isinstance(self.private_key, Ed25519PrivateKey) else "ES256"

    def sign(self, data: bytes) -> bytes:
        """Return a signature of 64 bytes: Ed25519, or ES256 as r ‖ s."""
        if isinstance(self.private_key, Ed25519PrivateKey):
            return self.private_key.sign(data)
        r, s = decode_dss_signature(self.private_key.sign(data, ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def public_bytes(self) -> bytes:
        """Return the raw public key: 32 bytes for Ed25519, 65 (uncompressed point) for P-256."""
        public = self.private_key.public_key()
        if isinstance(self.private_key, Ed25519PrivateKey):
            return public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)

    def public_jwk(self) -> dict[str, Json]:
        """Return the public key as a JWK (RFC 7517)."""
        raw = self.public_bytes()
        if self.algorithm == "Ed25519":
            return {"crv": "Ed25519", "kty": "OKP", "x": to_base64url(raw)}
        return {"crv": "P-256", "kty": "EC", "x": to_base64url(raw[1:33]), "y": to_base64url(raw[33:])}


def thumbprint_urn(jwk: Json) -> str:
    """Return the RFC 9278 name of a public key: a URN over its RFC 7638 thumbprint.

    Raises:
        InputError: it is not a public JWK of the kinds used here.
    """
    if not isinstance(jwk, dict) or not any(
        set(jwk) == {"kty", "crv", *coordinates} and (jwk["kty"], jwk["crv"]) == kind
        for kind, coordinates in _JWK_KINDS.items()
    ):
        raise InputError("jwk: expected a public ed25519 or p-256 key and nothing else")
    for name in _JWK_KINDS[jwk["kty"], jwk["crv"]]:
        from_base64url(jwk[name], place=f"jwk {name}", size=32)
    return _THUMBPRINT_URN + to_base64url(sha256(canonical_bytes(jwk)))


class RootKey:
    """The secret that all other secrets of a studio hang on."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != ROOT_KEY_BYTES:
            raise KeyMaterialError(f"root key: expected {ROOT_KEY_BYTES} bytes, got {len(secret)}")
        self._secret = secret

    @classmethod
    def generate(cls) -> "RootKey":
        """Return a new root key."""
        return cls(secrets.token_bytes(ROOT_KEY_BYTES))

    @classmethod
    def from_file(cls, data: bytes, *, passphrase: str | None) -> "RootKey":
        """Return the root key in a file that `to_file` wrote.

        Raises:
            KeyMaterialError: the passphrase is missing or wrong.
            InputError: the file is malformed.
        """
        document = parse_object(data, place="root key")
        version = document.get("v")
        if version != 1 or isinstance(version, bool):
            raise InputError(f"root key: expected version 1, got {version!r}")
        if document.get("kdf") == "none":
            return cls(from_base64url(document.get("key"), place="root key", size=ROOT_KEY_BYTES))
        if document.get("kdf") != "scrypt":
            raise InputError("root key: expected kdf none or scrypt")
        if passphrase is None:
            raise KeyMaterialError(
                "root key: this studio's keys are under a passphrase, got none",
                code="passphrase-missing",
                hint="set PROVENANCE_PASSPHRASE, or name a file with --passphrase-file",
            )
        n = document.get("n")
        if not isinstance(n, int) or not 2**14 <= n <= _MAX_SCRYPT_N or n & (n - 1):
            raise InputError(f"root key: expected n as a power of two up to {_MAX_SCRYPT_N}, got {n!r}")
        salt = from_base64url(document.get("salt"), place="root key salt", size=_SALT_BYTES)
        sealed = from_base64url(document.get("sealed"), place="root key seal", size=_SEALED_BYTES)
        try:
            opened = AESGCM(_stretch(passphrase, salt, n)).decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], b"provenance/root/v1"
            )
        except (InvalidTag, ValueError):
            raise KeyMaterialError(
                "root key: the passphrase is wrong",
                code="passphrase-wrong",
                hint="try again with the right one",
            ) from None
        return cls(opened)

    @staticmethod
    def is_sealed(data: bytes) -> bool:
        """Tell whether a passphrase is needed to open the root key in a file.

        Raises:
            InputError: the file is malformed.
        """
        kdf = parse_object(data, place="root key").get("kdf")
        if kdf not in ("none", "scrypt"):
            raise InputError("root key: expected kdf none or scrypt")
        return kdf == "scrypt"

    def to_file(self, *, passphrase: str | None) -> bytes:
        """Return the content of the file that keeps this key, sealed if there is a passphrase."""
        if passphrase is None:
            return canonical_bytes({"v": 1, "kdf": "none", "key": to_base64url(self._secret)})
        salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
        sealed = nonce + AESGCM(_stretch(passphrase, salt, SCRYPT_N)).encrypt(
            nonce, self._secret, b"provenance/root/v1"
        )
        return canonical_bytes(
            {
                "v": 1,
                "kdf": "scrypt",
                "n": SCRYPT_N,
                "salt": to_base64url(salt),
                "sealed": to_base64url(sealed),
            }
        )

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes for one purpose; different purposes give unrelated bytes."""
        return HKDF(hashes.SHA256(), 32, salt=None, info=b"provenance/" + purpose.encode()).derive(self._secret)

    def password(self, name: str) -> bytes:
        """Return the password of the key file called `name`."""
        return to_base64url(self.derive(f"key/{name}")).encode()


def _stretch(passphrase: str, salt: bytes, n: int) -> bytes:
    try:
        secret = passphrase.encode()
    except UnicodeEncodeError:
        raise KeyMaterialError("passphrase: expected text that utf-8 can hold", code="passphrase-text") from None
    return Scrypt(salt=salt, length=32, n=n, r=SCRYPT_R, p=SCRYPT_P).derive(secret)
