"""What a picture was made from, as it is given to the signer."""

from dataclasses import dataclass
from typing import Literal

Relationship = Literal["parentOf", "componentOf", "inputTo"]


@dataclass(frozen=True, slots=True)
class IngredientSource:
    """A file that goes into a manifest as an ingredient: what it carries of credentials, never its pixels.

    Attributes:
        label: by which the actions name it; also its title, so that no name of a file comes into a manifest.
        relationship: to the picture.
        media_type: of the file.
        data: the file.
        source_type: what the signer says that it is; only where the file carries no credentials, as both
            together are forbidden.
    """

    label: str
    relationship: Relationship
    media_type: str
    data: bytes
    source_type: str | None = None
