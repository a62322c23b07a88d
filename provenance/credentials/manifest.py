"""What a stamp says: the actions, the consent assertion, and the manifest definition made of them.

The frames are those of C2PA 2.4 that pass the asset rubric: claim version 2, `specVersion` 2.4.0, every action
included, actions among the created assertions and everything about consent among the gathered ones. Nothing in a
manifest names a person: no title or file name, no consent code, no address.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from provenance import __version__
from provenance.canonical import Json, from_base64url, to_base64url
from provenance.credentials.ingredients import IngredientSource
from provenance.credentials.labels import AI_DISCLOSURE_LABEL, CONSENT_LABEL, METADATA_LABEL, TRAINING_MINING_LABEL
from provenance.credentials.origin import COMPUTATIONAL_CAPTURE, DIGITAL_CAPTURE, TRAINED_MEDIA
from provenance.credentials.rubric import GENERATIVE_SOURCE_TYPES
from provenance.errors import InputError
from provenance.status_lists import StatusPlace

SPEC_VERSION = "2.4.0"
GENERATOR = "Headshot Provenance"
MAX_HANDLES = 64
THUMBNAIL = "thumbnail"  # names it to the SDK, and to nobody else

SubjectKind = Literal["real", "synthetic"]

# The title is part of the signed claim; a file name there could name the person.
_TITLE = "headshot"


class Declaration(enum.StrEnum):
    """What the studio says that a picture is; the word of `--as`."""

    CAMERA = "camera"
    RETOUCHED = "retouched"
    AI_EDITED = "ai-edited"
    AI_GENERATED = "ai-generated"
    DERIVATIVE = "derivative"


# Only these two begin a picture; the others change one (see `StampManifest`).
_SOURCE_TYPES = {Declaration.CAMERA: DIGITAL_CAPTURE, Declaration.AI_GENERATED: TRAINED_MEDIA}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done to a parent.

    Attributes:
        action: its name in C2PA.
        source_type: its digital source type; None for an action that leaves the picture as it looks.
        description: one or two words on it; never a person's.
    """

    action: str
    source_type: str | None = None
    description: str | None = None

    @property
    def is_generative(self) -> bool:
        """Whether generative AI did it."""
        return self.source_type in GENERATIVE_SOURCE_TYPES


@dataclass(frozen=True, slots=True)
class Tool:
    """The program or model that made or changed a picture."""

    name: str
    version: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Tool":
        """Return the tool written as `NAME` or `NAME/VERSION`.

        Raises:
            InputError: the name is missing or has control characters.
        """
        name, _, version = text.partition("/")
        if not name.strip() or not text.isprintable():
            raise InputError(f"tool: expected NAME or NAME/VERSION, got {text!r}", code="tool")
        return cls(name.strip(), version.strip() or None)


@dataclass(frozen=True, slots=True)
class ConsentAssertion:
    """The assertion that binds a picture to its consent and to the ledger.

    Attributes:
        handles: one for each real person shown, 32 bytes each.
        subject_kind: whether a real person is shown.
        scopes: the scopes that the consent was asked for.
        assurance: of the weakest subject signature; None where nobody real is shown.
        controller: the RFC 9278 name of the controller's key.
        stamped_at: UTC, cut to the minute.
        entry: the ledger entry, as its canonical bytes.
        log_origin: the log that holds it.
        log_key: the log's verifier key (vkey).
        proof: a tlog-proof; its extra data open the entry's image commitment.
        status: where the studio's status lists tell of it; None in stamps of before there were such lists.
    """

    handles: tuple[bytes, ...]
    subject_kind: SubjectKind
    scopes: tuple[str, ...]
    assurance: str | None
    controller: str
    stamped_at: str
    entry: bytes
    log_origin: str
    log_key: str
    proof: str
    status: StatusPlace | None = None

    def to_json(self) -> dict[str, Json]:
        """Return the assertion's data."""
        optional: dict[str, Json] = {} if self.assurance is None else {"assurance": self.assurance}
        return {
            "v": 1,
            "handles": [to_base64url(handle) for handle in self.handles],
            "subject_kind": self.subject_kind,
            "scopes": list(self.scopes),
            **optional,
            "controller": self.controller,
            "stamped_at": self.stamped_at,
            "entry": self.entry.decode(),
            "log": {"origin": self.log_origin, "key": self.log_key, "proof": self.proof},
            **({} if self.status is None else {"status": self.status.to_json()}),
        }

    @classmethod
    def from_json(cls, data: Any) -> "ConsentAssertion":  # noqa: ANN401 decoded cbor has any type
        """Return the assertion in decoded data; nothing in it is believed yet.

        Raises:
            InputError: it is not an assertion of version 1.
        """
        place = "consent assertion"
        if not isinstance(data, dict) or data.get("v") != 1 or isinstance(data["v"], bool):
            raise InputError(f"{place}: expected version 1")
        log, handles, scopes = data.get("log"), data.get("handles"), data.get("scopes")
        if not isinstance(log, dict) or not isinstance(handles, list) or not isinstance(scopes, list):
            raise InputError(f"{place}: expected log, handles and scopes")
        if len(handles) > MAX_HANDLES:
            raise InputError(f"{place}: expected at most {MAX_HANDLES} handles, got {len(handles)}")
        kind = data.get("subject_kind")
        if kind not in ("real", "synthetic"):
            raise InputError(f"{place}: expected subject_kind real or synthetic, got {kind!r}")
        return cls(
            handles=tuple(from_base64url(h, place=f"{place} handles", size=32) for h in handles),
            subject_kind="real" if kind == "real" else "synthetic",
            scopes=tuple(_text(scope, "scopes") for scope in scopes),
            assurance=None if data.get("assurance") is None else _text(data["assurance"], "assurance"),
            controller=_text(data.get("controller"), "controller"),
            stamped_at=_text(data.get("stamped_at"), "stamped_at"),
            entry=_text(data.get("entry"), "entry").encode("utf-8", "surrogatepass"),
            log_origin=_text(log.get("origin"), "log.origin"),
            log_key=_text(log.get("key"), "log.key"),
            proof=_text(log.get("proof"), "log.proof"),
            status=None if data.get("status") is None else StatusPlace.from_json(data["status"]),
        )


@dataclass(frozen=True, slots=True)
class StampManifest:
    """Everything that one stamp says.

    A picture with a parent is opened, and the steps say what was done to it then; without steps, nothing was, and what
    the picture is its parent's manifest says. A picture without a parent is created, perhaps from inputs.

    Attributes:
        declaration: what the picture is.
        media_type: of the picture.
        ingredients: what it was made from: at most one parent; the picture itself where it carries credentials.
        tool: what made or changed it, if known.
        consent: binds it to consent and ledger.
        training_mining: from the grants: each CAWG entry with `allowed` or `notAllowed`; empty for none.
        steps: what was done to the parent, in order.
        computational: the camera put the picture together from several exposures.
        metadata: the data of a `cawg.metadata` assertion; empty for none.
        thumbnail: a small JPEG of the picture; None for none.
    """

    declaration: Declaration
    media_type: str
    ingredients: tuple[IngredientSource, ...]
    tool: Tool | None
    consent: ConsentAssertion
    training_mining: Mapping[str, str]
    steps: tuple[Step, ...] = ()
    computational: bool = False
    metadata: Mapping[str, Json] = field(default_factory=dict)
    thumbnail: bytes | None = None

    def to_definition(self) -> dict[str, Any]:
        """Return the definition that the SDK's builder takes."""
        assertions: list[dict[str, Any]] = [
            {"label": "c2pa.actions.v2", "data": {"actions": self._actions(), "allActionsIncluded": True}},
            *self._disclosure(),
            {"label": CONSENT_LABEL, "data": self.consent.to_json()},
        ]
        if self.training_mining:
            entries = {name: {"use": use} for name, use in self.training_mining.items()}
            assertions.append({"label": TRAINING_MINING_LABEL, "data": {"entries": entries}})
        if self.metadata:
            # CAWG metadata assertion 1.1: JSON, where others are CBOR.
            assertions.append({"label": METADATA_LABEL, "data": dict(self.metadata), "kind": "Json"})
        return {
            "claim_version": 2,
            "title": _TITLE,
            "format": self.media_type,
            "claim_generator_info": [{"name": GENERATOR, "version": __version__, "specVersion": SPEC_VERSION}],
            "assertions": assertions,
            **({} if self.thumbnail is None else {"thumbnail": {"format": "image/jpeg", "identifier": THUMBNAIL}}),
        }

    def _actions(self) -> list[dict[str, Any]]:
        parents = self._labels("parentOf")
        if not parents:
            return [self._creation()]
        # The parent's manifest says what the picture is; a second `created` is forbidden (C2PA 2.4, 18.15.2), and
        # a source type on `opened`, too.
        actions: list[dict[str, Any]] = [{"action": "c2pa.opened", "parameters": {"ingredientIds": parents}}]
        placed = self._labels("componentOf")
        if placed:
            actions.append({"action": "c2pa.placed", "parameters": {"ingredientIds": placed}})
        by_ai = any(step.is_generative for step in self.steps)
        for step in self.steps:
            action: dict[str, Any] = {"action": step.action}
            if step.source_type is not None:
                action["digitalSourceType"] = step.source_type
            if step.description is not None:
                action["description"] = step.description
            if step.action == "c2pa.transcoded":
                # For validators of older versions, which look for the parent there (C2PA 2.5, 16.4.1.4.8).
                action["parameters"] = {"ingredientIds": parents}
            # One tool is named: where AI took part, it is the one that AI took part by.
            actions.append(action | (self._agent() if step.is_generative or not by_ai else {}))
        return actions

    def _creation(self) -> dict[str, Any]:
        source_type = COMPUTATIONAL_CAPTURE if self.computational else _SOURCE_TYPES[self.declaration]
        action: dict[str, Any] = {"action": "c2pa.created", "digitalSourceType": source_type, **self._agent()}
        inputs = self._labels("inputTo")
        if inputs:
            action["parameters"] = {"ingredientIds": inputs}
        return action

    def _disclosure(self) -> list[dict[str, Any]]:
        """Say that a model took part and how far people led it (C2PA 2.5, 16.8.2), unless a parent says it."""
        if any(step.is_generative for step in self.steps):
            oversight = "human_validated"
        elif self.declaration is Declaration.AI_GENERATED and not self._labels("parentOf"):
            oversight = "prompt_guided" if self._labels("inputTo") else "fully_autonomous"
        else:
            return []
        name = {} if self.tool is None else {"modelName": self.tool.name}
        profile = {"contentProfile": {"humanOversightLevel": oversight}}
        return [{"label": AI_DISCLOSURE_LABEL, "data": {"modelType": "c2pa.types.model", **name, **profile}}]

    def _agent(self) -> dict[str, Any]:
        if self.tool is None:
            return {}
        version = {} if self.tool.version is None else {"version": self.tool.version}
        return {"softwareAgent": {"name": self.tool.name, **version}}

    def _labels(self, relationship: str) -> list[str]:
        return [found.label for found in self.ingredients if found.relationship == relationship]


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise InputError(f"consent assertion {name}: expected text")
    return value
