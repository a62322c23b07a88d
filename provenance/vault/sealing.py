"""Sealing: AES-256-GCM under a data key per consent record, and data keys under the studio's master key.

Destroying a data key makes everything that it sealed unreadable (crypto-shredding).
"""

import os
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from provenance.errors import VaultError

KEY_BYTES = 32

_NONCE_BYTES = 12


class DataKey:
    """The key of one consent record's private data."""

    def __init__(self, key: bytes, record_id: str) -> None:
        self._key = key
        self._record_id = record_id

    @classmethod
    def generate(cls, record_id: str) -> "DataKey":
        """Return a new key for the record."""
        return cls(secrets.token_bytes(KEY_BYTES), record_id)

    def seal(self, name: str, data: bytes) -> bytes:
        """Return `data` sealed; it opens only under the same key, record and name."""
        return _seal(self._key, data, f"{self._record_id}/{name}")

    def open(self, name: str, sealed: bytes) -> bytes:
        """Return what was sealed.

        Raises:
            VaultError: the key, record or name is another one, or a byte was changed.
        """
        return _open(self._key, sealed, f"{self._record_id}/{name}", place=name)

    def wrap(self, master: "MasterKey") -> bytes:
        """Return this key sealed under the studio's master key."""
        return master.seal(self._key, self._record_id)

    @classmethod
    def unwrap(cls, wrapped: bytes, *, master: "MasterKey", record_id: str) -> "DataKey":
        """Return the key that `wrap` sealed.

        Raises:
            VaultError: it was sealed under another master key or for another record, or was changed.
        """
        return cls(master.open(wrapped, record_id), record_id)


class MasterKey:
    """The key over all data keys of a studio; 32 bytes derived from its root key."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"master key: expected {KEY_BYTES} bytes, got {len(key)}")
        self._key = key

    def seal(self, data_key: bytes, record_id: str) -> bytes:
        """Return a data key sealed for one record."""
        return _seal(self._key, data_key, f"data-key/{record_id}")

    def open(self, wrapped: bytes, record_id: str) -> bytes:
        """Return the data key that `seal` sealed.

        Raises:
            VaultError: see `DataKey.unwrap`.
        """
        return _open(self._key, wrapped, f"data-key/{record_id}", place="data key")

    def seal_note(self, data: bytes, name: str) -> bytes:
        """Return a datum sealed that belongs to nobody's consent."""
        return _seal(self._key, data, f"note/{name}")

    def open_note(self, sealed: bytes, name: str) -> bytes:
        """Return the datum that `seal_note` sealed.

        Raises:
            VaultError: it was sealed under another key or name, or was changed.
        """
        return _open(self._key, sealed, f"note/{name}", place="note")


def _seal(key: bytes, data: bytes, context: str) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, context.encode())


def _open(key: bytes, sealed: bytes, context: str, *, place: str) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode())
    except (InvalidTag, ValueError):
        raise VaultError(f"vault: {place} cannot be opened with this key") from None
