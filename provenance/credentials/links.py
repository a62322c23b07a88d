"""A late link: a later consent in a file that is stamped already, in an update manifest; the picture is untouched."""

from collections.abc import Mapping
from typing import Any

from provenance import __version__
from provenance.credentials.labels import CONSENT_LABEL, TRAINING_MINING_LABEL
from provenance.credentials.manifest import GENERATOR, SPEC_VERSION, ConsentAssertion


def link_definition(
    media_type: str, consent: ConsentAssertion, *, training_mining: Mapping[str, str]
) -> dict[str, Any]:
    """Return the definition that the SDK's builder takes (C2PA 2.4, 11.3.3).

    Args:
        media_type: of the picture.
        consent: of everyone shown, those of the stamp before included; it speaks for the file from then on.
        training_mining: from their grants: each CAWG entry with `allowed` or `notAllowed`.
    """
    entries = {name: {"use": use} for name, use in training_mining.items()}
    return {
        "claim_version": 2,
        "format": media_type,
        "claim_generator_info": [{"name": GENERATOR, "version": __version__, "specVersion": SPEC_VERSION}],
        "assertions": [
            {"label": CONSENT_LABEL, "data": consent.to_json()},
            *([{"label": TRAINING_MINING_LABEL, "data": {"entries": entries}}] if entries else []),
        ],
    }
