"""Other makers of Content Credentials: they sign whatever they like, with certificates of their own."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from provenance.clock import SystemClock
from provenance.credentials import _engine
from provenance.credentials.origin import DIGITAL_CAPTURE
from provenance.keys import SigningKey
from provenance.pki import TrustAnchors, make_authority, make_claim_certificate, to_pem


class Maker:
    """Somebody with a certificate from an authority of their own."""

    def __init__(self, name: str = "Camera Maker") -> None:
        # A little in the past, as a clock that runs slow elsewhere must not matter.
        now = SystemClock().now() - timedelta(hours=1)
        self._key, authority_key = SigningKey.generate("ES256"), SigningKey.generate("ES256")
        authority = make_authority(key=authority_key, name=name, country=None, now=now)
        certificate = make_claim_certificate(
            key=self._key, authority=authority, authority_key=authority_key, name=name, country=None, now=now
        )
        self._chain = to_pem(certificate)
        self.anchors = TrustAnchors("urn:example:maker", to_pem(authority))

    def sign(
        self,
        data: bytes,
        media_type: str = "image/jpeg",
        *,
        assertions: Sequence[dict[str, Any]] = (),
        generator: str = "Firmware",
        parent: bool = False,
        source_type: str = DIGITAL_CAPTURE,
    ) -> bytes:
        """Return a picture with credentials; `assertions` come beside the actions, each with its label and data."""
        first: dict[str, Any] = {"action": "c2pa.created", "digitalSourceType": source_type}
        if parent:
            first = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["parent"]}}
        actions = {"label": "c2pa.actions.v2", "data": {"actions": [first], "allActionsIncluded": True}}
        definition = {
            "claim_version": 2,
            "title": "picture",
            "format": media_type,
            "claim_generator_info": [{"name": generator, "version": "1.0"}],
            "assertions": [actions, *assertions],
        }
        return _engine.sign(
            data, media_type, definition, parent=parent, sign_claim=self._key.sign, chain_pem=self._chain
        )
