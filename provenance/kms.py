"""Private keys in AWS Key Management Service, which signs with them (API `Sign`).

A key is named by an address such as `awskms:alias/claims?region=eu-central-1`. Who may use it is for the service to
know: credentials come from where its own tools find them, and never stand in the address.
"""

import hashlib
import urllib.parse
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from provenance.errors import InputError, KeyMaterialError
from provenance.extras import check_extra
from provenance.keys import SigningKey
from provenance.remote_keys import RemoteKey

_SCHEME: Final = "awskms:"
MAX_RAW_BYTES: Final = 4096

_KIND: Final = "ECC_NIST_P256"


@dataclass(frozen=True, slots=True)
class KmsAddress:
    """Where a key lies.

    Attributes:
        text: the address as it was written; it holds no secret.
        key: its id, ARN or alias.
        region: of the service.
        endpoint: address of another service that speaks the same, or None.
    """

    text: str
    key: str
    region: str
    endpoint: str | None

    @classmethod
    def parse(cls, text: str) -> "KmsAddress":
        """Return the place that an address names.

        Raises:
            InputError: it is malformed, or names no key or region.
        """
        if not text.startswith(_SCHEME) or not text.isprintable():
            raise _malformed(f"expected one that begins {_SCHEME}, got {text[:60]!r}")
        key, _, query = text.removeprefix(_SCHEME).partition("?")
        found = urllib.parse.parse_qs(query, keep_blank_values=True)
        if not key or not set(found) <= {"region", "endpoint"} or any(len(values) > 1 for values in found.values()):
            raise _malformed("expected a key, and region and endpoint once each")
        if not found.get("region", [""])[0]:
            raise _malformed("expected region")
        return cls(text, urllib.parse.unquote(key), found["region"][0], found.get("endpoint", [None])[0])


def open_key(address: KmsAddress) -> SigningKey:
    """Return the P-256 key that an address names; it signs in the service.

    Raises:
        MissingExtraError: the library for it is not installed.
        KeyMaterialError: the service cannot be reached or refuses, or the key is another kind.
    """
    check_extra("kms", "boto3", place="kms")
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client = boto3.client("kms", region_name=address.region, endpoint_url=address.endpoint)
        answer = client.get_public_key(KeyId=address.key)
    except (BotoCoreError, ClientError, ValueError) as error:
        raise _failed(address, "does not give its public key", error) from error
    kind = answer.get("KeySpec") or answer.get("CustomerMasterKeySpec")
    if kind != _KIND or answer.get("KeyUsage") != "SIGN_VERIFY":
        raise KeyMaterialError(f"kms {address.key}: expected a key of {_KIND} to sign with, got {kind}", code="kms")
    public = serialization.load_der_public_key(answer["PublicKey"])
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise KeyMaterialError(f"kms {address.key}: expected a key on p-256", code="kms")
    key = _KmsKey(address, client, public)
    key.check_signs()
    return SigningKey(key)


class _KmsKey(RemoteKey):
    def __init__(self, address: KmsAddress, client: Any, public: ec.EllipticCurvePublicKey) -> None:  # noqa: ANN401 untyped
        super().__init__(f"kms {address.key}", public)
        self._address = address
        self._client = client

    def sign_message(self, data: bytes) -> bytes:
        from botocore.exceptions import BotoCoreError, ClientError

        # The service takes a longer message as its digest only.
        raw = len(data) <= MAX_RAW_BYTES
        message = {"Message": data if raw else hashlib.sha256(data).digest(), "MessageType": "RAW" if raw else "DIGEST"}
        try:
            answer = self._client.sign(KeyId=self._address.key, SigningAlgorithm="ECDSA_SHA_256", **message)
        except (BotoCoreError, ClientError) as error:
            raise _failed(self._address, "does not sign", error) from error
        return bytes(answer["Signature"])


def _malformed(reason: str) -> InputError:
    return InputError(
        f"kms address: {reason}", code="kms-address", hint="write it as awskms:KEY?region=REGION, such as alias/claims"
    )


def _failed(address: KmsAddress, reason: str, error: Exception) -> KeyMaterialError:
    told = " ".join(str(error).split())[:160].lower()
    where = f"--region {address.region}" + ("" if address.endpoint is None else f" --endpoint-url {address.endpoint}")
    return KeyMaterialError(
        f"kms {address.key}: {reason}: {told}",
        code="kms",
        hint=f"see that the aws command can use this key: aws kms get-public-key --key-id {address.key} {where}",
    )
