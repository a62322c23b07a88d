"""Pictures that name somebody beside the issuer, signed by the SDK's own road to CAWG identities."""

import io
from collections.abc import Sequence
from typing import Any

import c2pa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from support.makers import Maker

from provenance.credentials.origin import DIGITAL_CAPTURE


class _Context(c2pa.Context):  # type: ignore[misc]
    """The SDK believes in a signer from settings only where a context says that it has one."""

    has_signer = property(lambda _: True)


def sign_naming(
    data: bytes,
    *,
    signer: Maker,
    actor: Maker,
    roles: Sequence[str] = ("cawg.creator",),
    media_type: str = "image/jpeg",
) -> bytes:
    """Return a picture that `signer` signed as a photograph, and in which `actor` is named and signed as well."""
    settings: dict[str, Any] = {
        "verify": {"remote_manifest_fetch": False, "verify_after_sign": False},
        "builder": {"thumbnail": {"enabled": False}},
        "signer": {"local": _local(signer)},
        "cawg_x509_signer": {
            "local": {**_local(actor), "referenced_assertions": ["c2pa.actions.v2"], "roles": list(roles)}
        },
    }
    actions = {
        "actions": [{"action": "c2pa.created", "digitalSourceType": DIGITAL_CAPTURE}],
        "allActionsIncluded": True,
    }
    definition = {
        "claim_version": 2,
        "title": "picture",
        "format": media_type,
        "claim_generator_info": [{"name": "Firmware", "version": "1.0"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": actions}],
    }
    target = io.BytesIO()
    with _Context.from_dict(settings) as context, c2pa.Builder(definition, context=context) as builder:
        builder.sign(media_type, io.BytesIO(data), target)
    return target.getvalue()


def _local(maker: Maker) -> dict[str, str]:
    key = maker.key.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {"alg": "es256", "sign_cert": maker.chain, "private_key": key}
