"""The stamps that a picture's credentials carry, its parents' and parts' included."""

import contextlib
from dataclasses import dataclass

from provenance.consent.scopes import Scope
from provenance.credentials.labels import CONSENT_LABEL
from provenance.credentials.manifest import ConsentAssertion
from provenance.credentials.reading import Credential
from provenance.errors import InputError


@dataclass(frozen=True, slots=True)
class Carried:
    """The stamps in one picture.

    Attributes:
        latest: the one that is nearest in the chain from the picture over its parents, or None.
        stamps: all of them, in whatever manifest.
    """

    latest: ConsentAssertion | None = None
    stamps: tuple[ConsentAssertion, ...] = ()

    @property
    def handles(self) -> tuple[bytes, ...]:
        """The handles of every stamp."""
        return tuple(handle for stamp in self.stamps for handle in stamp.handles)

    @property
    def is_of_nobody(self) -> bool:
        """Whether it is stamped, and as showing nobody real."""
        return self.latest is not None and self.latest.subject_kind == "synthetic" and not self.handles

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """The scopes that the latest stamp names, as far as this version knows them."""
        named = () if self.latest is None else self.latest.scopes
        return tuple(scope for scope in Scope if scope.value in named)


def find_carried(credential: Credential | None) -> Carried:
    """Return the stamps that credentials carry; what is no stamp of a known version is passed over."""
    if credential is None:
        return Carried()
    stamps: dict[str, ConsentAssertion] = {}
    for label, manifest in credential.manifests.items():
        if CONSENT_LABEL in manifest.assertions:
            with contextlib.suppress(InputError):
                stamps[label] = ConsentAssertion.from_json(manifest.assertions[CONSENT_LABEL])
    latest = next((stamps[m.label] for m in credential.parents() if m.label in stamps), None)
    return Carried(latest, tuple(stamps.values()))
