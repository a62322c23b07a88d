"""What a picture went through, as its credentials tell it: one step a manifest, the newest first."""

from dataclasses import dataclass
from typing import Final

from provenance.canonical import Json
from provenance.clock import to_seconds
from provenance.credentials.crjson import Manifest, Status
from provenance.credentials.reading import Credential
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
        thumbnail: a small picture of it that its credentials hold, where nothing about it failed; hostile bytes. It
            stands in no document.
        bare_thumbnails: the same of things that carry no credential, as far as there are any.
    """

    issuer: str
    generator: str
    actions: tuple[str, ...]
    role: str
    at: str | None
    verifies: bool
    bare: int
    thumbnail: bytes | None = None
    bare_thumbnails: tuple[bytes, ...] = ()

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
    waiting: list[tuple[Manifest, str, bool, bytes | None]] = [(credential.active_manifest, "active", True, None)]
    while waiting and len(steps) < MAX_STEPS:
        manifest, role, verifies, seen_as = waiting.pop(0)
        steps.append(_step(manifest, role, verifies=verifies, seen_as=seen_as))
        for ingredient in manifest.ingredients:
            made = credential.manifests.get(ingredient.manifest or "")
            if made is not None and made.label not in seen:
                seen.add(made.label)
                # What a broken manifest shows of what it was made from is as good as anything.
                taken_in = manifest.thumbnails.get(ingredient.thumbnail or "") if steps[-1].verifies else None
                waiting.append((made, ingredient.relationship, not _failed(ingredient.failures), taken_in))
    return tuple(steps)


def _step(manifest: Manifest, role: str, *, verifies: bool, seen_as: bytes | None) -> ChainStep:
    whole = verifies and not _failed(manifest.validation.failure)
    bare = [ingredient for ingredient in manifest.ingredients if ingredient.manifest is None]
    shown = [manifest.thumbnails.get(ingredient.thumbnail or "") for ingredient in bare]
    return ChainStep(
        issuer=manifest.signer.name,
        generator=manifest.generator,
        actions=tuple(action.name for action in manifest.actions[:_MAX_ACTIONS]),
        role=role,
        at=None if manifest.time is None else to_seconds(manifest.time),
        verifies=whole,
        bare=len(bare),
        thumbnail=(manifest.thumbnail or seen_as) if whole else None,
        bare_thumbnails=tuple(data for data in shown if data is not None) if whole else (),
    )


def _failed(failures: tuple[Status, ...]) -> bool:
    return any(meaning_of(status.code) not in (Meaning.APART, Meaning.UNRECOGNISED) for status in failures)
