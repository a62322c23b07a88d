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
from provenance.credentials.labels import CONSENT_LABEL, METADATA_LABEL, TRAINING_MINING_LABEL
from provenance.credentials.origin import DIGITAL_CAPTURE, TRAINED_MEDIA
from provenance.errors import InputError

SPEC_VERSION = "2.4.0"
GENERATOR = "Headshot Provenance"
MAX_HANDLES = 64

SubjectKind = Literal["real", "synthetic"]

# The title is part of the signed claim; a file name there could name the person.
_TITLE = "headshot"


class Declaration(enum.StrEnum):
    """What the studio says that a picture is; the word of `--as`."""

    CAMERA = "camera"
    AI_GENERATED = "ai-generated"


_SOURCE_TYPES = {Declaration.CAMERA: DIGITAL_CAPTURE, Declaration.AI_GENERATED: TRAINED_MEDIA}


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
        )


@dataclass(frozen=True, slots=True)
class StampManifest:
    """Everything that one stamp says.

    Attributes:
        declaration: what the picture is.
        media_type: of the picture.
        parent: the picture carries credentials, which stay as its parent's; then nothing is declared anew.
        tool: what made it, if known.
        consent: binds it to consent and ledger.
        training_mining: from the grants: each CAWG entry with `allowed` or `notAllowed`; empty for none.
        metadata: the data of a `cawg.metadata` assertion; empty for none.
    """

    declaration: Declaration
    media_type: str
    parent: bool
    tool: Tool | None
    consent: ConsentAssertion
    training_mining: Mapping[str, str]
    metadata: Mapping[str, Json] = field(default_factory=dict)

    def to_definition(self) -> dict[str, Any]:
        """Return the definition that the SDK's builder takes."""
        assertions: list[dict[str, Any]] = [
            {"label": "c2pa.actions.v2", "data": {"actions": [self._inception()], "allActionsIncluded": True}},
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
        }

    def _inception(self) -> dict[str, Any]:
        if self.parent:
            # The parent's manifest says what the picture is; a second `created` is forbidden (C2PA 2.4, 18.15.2).
            return {"action": "c2pa.opened", "parameters": {"ingredientIds": ["parent"]}}
        action: dict[str, Any] = {"action": "c2pa.created", "digitalSourceType": _SOURCE_TYPES[self.declaration]}
        if self.tool is not None:
            version = {} if self.tool.version is None else {"version": self.tool.version}
            action["softwareAgent"] = {"name": self.tool.name, **version}
        return action


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise InputError(f"consent assertion {name}: expected text")
    return value
