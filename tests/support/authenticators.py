"""An authenticator in software, which signs as WebAuthn has it, and can be told to do everything else, too."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256

from provenance import webauthn
from provenance.canonical import Json, canonical_bytes, from_base64url, sha256, to_base64url
from provenance.keys import SigningKey

ORIGIN = "https://kiosk.studio.example"
PRESENT_AND_VERIFIED = 0x05


@dataclass(frozen=True)
class Authenticator:
    """Holds one passkey.

    Attributes:
        key: its pair.
        origin: of the page that asks, as its browser states it.
        rp_id: that the passkey is bound to; None for the host of `origin`.
        flags: of its authenticator data.
        extensions: behind them.
        client: what its browser states otherwise than it should.
    """

    key: SigningKey = field(default_factory=lambda: SigningKey.generate("ES256"))
    origin: str = ORIGIN
    rp_id: str | None = None
    flags: int = PRESENT_AND_VERIFIED
    extensions: bytes = b""
    client: Mapping[str, Any] = field(default_factory=dict)

    @property
    def algorithm(self) -> str:
        """What stands as `alg` beside its signatures."""
        return webauthn.ES256 if self.key.algorithm == "ES256" else webauthn.ED25519

    def use(self, signing_input: bytes) -> bytes:
        """Return its signature for what a plain key would have signed."""
        rp_id = webauthn.rp_id_of(self.origin) if self.rp_id is None else self.rp_id
        authenticator = sha256(rp_id.encode()) + bytes([self.flags]) + bytes(4) + self.extensions
        stated = {
            "type": "webauthn.get",
            "challenge": to_base64url(webauthn.challenge_of(signing_input)),
            "origin": self.origin,
            "crossOrigin": False,
            **self.client,
        }
        # Not in canonical form: browsers write it in an order of their own.
        client = json.dumps({name: value for name, value in stated.items() if value is not None}).encode()
        signature = self._sign(authenticator + sha256(client))
        return webauthn.pack(authenticator_data=authenticator, client_data=client, signature=signature)

    def sign(self, payload: bytes, fields: Mapping[str, Json]) -> dict[str, Json]:
        """Return a member of a JWS over `payload`, with these fields in its protected header."""
        header = {"alg": self.algorithm, "jwk": self.key.public_jwk(), **fields}
        protected = to_base64url(canonical_bytes(header))
        packed = self.use(f"{protected}.{to_base64url(payload)}".encode())
        return {"protected": protected, "signature": to_base64url(packed)}

    def _sign(self, message: bytes) -> bytes:
        private = self.key.private_key
        if isinstance(private, ec.EllipticCurvePrivateKey):
            return private.sign(message, ec.ECDSA(SHA256()))
        assert isinstance(private, ed25519.Ed25519PrivateKey)
        return private.sign(message)


def signed_by(request: bytes, authenticator: Authenticator, fields: Sequence[Mapping[str, Json]]) -> bytes:
    """Return a consent request with a signature of an authenticator for each of these headers."""
    document = json.loads(request)
    payload = from_base64url(document["payload"], place="payload")
    document["signatures"] = [authenticator.sign(payload, field) for field in fields]
    return json.dumps(document).encode()
