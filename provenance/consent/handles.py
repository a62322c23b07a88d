"""Handles: what a picture and the ledger carry instead of a consent.

One per person and picture. Two pictures of one person cannot be joined by their handles; who opens one (by
disclosing the picture's secret and the consent body) opens only that one.
"""

import hashlib
import hmac

from provenance.canonical import sha256

RECORD_KEY_BYTES = 32

_TAG = b"provenance/handle/v1"


def picture_secret(*, record_key: bytes, picture_digest: bytes) -> bytes:
    """Return `s` = HMAC-SHA256(record key, "asset" ‖ picture digest), 32 bytes."""
    if len(record_key) != RECORD_KEY_BYTES or len(picture_digest) != 32:
        raise ValueError("handle: expected a record key and a picture digest of 32 bytes each")
    return hmac.new(record_key, b"asset" + picture_digest, hashlib.sha256).digest()


def make_handle(*, secret: bytes, picture_digest: bytes, record_digest: bytes) -> bytes:
    """Return SHA-256(tag ‖ 0x00 ‖ s ‖ picture digest ‖ digest of the consent body), 32 bytes."""
    if not len(secret) == len(picture_digest) == len(record_digest) == 32:
        raise ValueError("handle: expected a secret and two digests of 32 bytes each")
    return sha256(_TAG + b"\x00" + secret + picture_digest + record_digest)
