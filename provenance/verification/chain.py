"""What a picture went through, as its credentials tell it: one step a manifest, the newest first."""

from dataclasses import dataclass
from typing import Final

from provenance.canonical import Json
from provenance.clock import to_seconds
from provenance.credentials.reading import Credential, Manifest, Status
from provenance.verification.codes import Meaning, meaning_of

MAX_STEPS: Final = 200
_MAX_ACTIONS: Final = 50


@dataclass(frozen=True, slots=True)
class ChainStep:
    """One manifest: who said what was done, with which program, to what.

    Attributes:
        issuer: by its certificate; only the first step's issuer is one whom the report judges.
        generator: the program.
        actions: names of what was done, such as `c2pa.created`, in order.
        role: what it is to the picture: `active`, or `parentOf`, `componentOf` or `inputTo` of a newer step.
        at: the time of a time-stamp within, RFC 3339, or None; whose time-stamp it is, was not judged.
        verifies: whether nothing about it failed that was recorded or found.
        bare: how many things it was made from that carry no credential.
    """

    issuer: str
    generator: str
    actions: tuple[str, ...]
    role: str
    at: str | None
    verifies: bool
    bare: int

    def to_json(self) -> dict[str, Json]:
        """Return the step as it stands in the document."""
        return {
            "issuer": self.issuer,
            "generator": self.generator,
            "actions": list(self.actions),
            "role": self.role,
            "at": self.at,
            "verifies": self.verifies,
            "bare": self.bare,
        }


def chain_of(credential: Credential) -> tuple[ChainStep, ...]:
    """Return the steps that lead to a picture, the active manifest first, then what each was made from.

    At most `MAX_STEPS`, each manifest once.
    """
    steps: list[ChainStep] = []
    seen = {credential.active}
    waiting = [(credential.active_manifest, "active", True)]
    while waiting and len(steps) < MAX_STEPS:
        manifest, role, verifies = waiting.pop(0)
        steps.append(_step(manifest, role, verifies=verifies))
        for ingredient in manifest.ingredients:
            made = credential.manifests.get(ingredient.manifest or "")
            if made is not None and made.label not in seen:
                seen.add(made.label)
                waiting.append((made, ingredient.relationship, not _failed(ingredient.failures)))
    return tuple(steps)


def _step(manifest: Manifest, role: str, *, verifies: bool) -> ChainStep:
    return ChainStep(
        issuer=manifest.signer.name,
        generator=manifest.generator,
        actions=tuple(action.name for action in manifest.actions[:_MAX_ACTIONS]),
        role=role,
        at=None if manifest.time is None else to_seconds(manifest.time),
        verifies=verifies and not _failed(manifest.validation.failure),
        bare=sum(ingredient.manifest is None for ingredient in manifest.ingredients),
    )


def _failed(failures: tuple[Status, ...]) -> bool:
    return any(meaning_of(status.code) not in (Meaning.APART, Meaning.UNRECOGNISED) for status in failures)
