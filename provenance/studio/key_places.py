"""Where a signing key lies that is none of the studio's files: a token or a service, told by how its address begins."""

from typing import TypeAlias

from provenance import kms, tokens
from provenance.keys import SigningKey
from provenance.kms import KmsAddress
from provenance.tokens import TokenUri

KeyPlace: TypeAlias = TokenUri | KmsAddress


def parse_place(text: str) -> KeyPlace:
    """Return the place that an address names.

    Raises:
        InputError: it is malformed.
    """
    return KmsAddress.parse(text) if text.startswith("awskms:") else TokenUri.parse(text)


def open_place(place: KeyPlace) -> SigningKey:
    """Return the key that lies there.

    Raises:
        KeyMaterialError: it cannot be used.
    """
    return kms.open_key(place) if isinstance(place, KmsAddress) else tokens.open_key(place)
