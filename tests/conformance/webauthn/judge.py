"""Judge what passkeys signed with Duo Labs' `webauthn`; run by the Python of `.judges`, and imported by nothing.

    judge.py RECORDS ROLE

Prints of each consent record in a JSON list whether the signature of a role verifies, and if not, why.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import cbor2  # type: ignore[import-not-found,import-untyped,unused-ignore]
from webauthn import verify_authentication_response  # type: ignore[import-not-found,unused-ignore]
from webauthn.helpers.exceptions import WebAuthnException  # type: ignore[import-not-found,unused-ignore]


def main(record: dict[str, Any], role: str) -> dict[str, Any]:
    """Verify one signature, with what the record itself names."""
    member = next(one for one in record["signatures"] if json.loads(decoded(one["protected"]))["role"] == role)
    origin = json.loads(decoded(record["payload"]))["esign"]["origin"]
    parts = json.loads(decoded(member["signature"]))
    signed = f"{member['protected']}.{record['payload']}".encode()
    try:
        verify_authentication_response(
            credential={"id": "AA", "rawId": "AA", "type": "public-key", "response": parts},
            expected_challenge=hashlib.sha256(signed).digest(),
            expected_rp_id=origin.partition("://")[2].partition(":")[0],
            expected_origin=origin,
            credential_public_key=cose_key(json.loads(decoded(member["protected"]))["jwk"]),
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except WebAuthnException as error:
        return {"verifies": False, "why": str(error)}
    return {"verifies": True}


def cose_key(jwk: dict[str, str]) -> bytes:
    """Return a public key as authenticators write it (RFC 9053, 7)."""
    elliptic = jwk["kty"] == "EC"
    key: dict[int, Any] = {1: 2, 3: -7, -1: 1} if elliptic else {1: 1, 3: -8, -1: 6}
    key[-2] = decoded(jwk["x"])
    if elliptic:
        key[-3] = decoded(jwk["y"])
    return bytes(cbor2.dumps(key))


def decoded(text: str) -> bytes:
    """Return the bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


if __name__ == "__main__":
    print(json.dumps([main(record, sys.argv[2]) for record in json.loads(Path(sys.argv[1]).read_text("utf-8"))]))
