"""What a stamp writes into a picture's XMP beside its credentials, for people and programs that read no credentials."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from provenance.canonical import Json
from provenance.errors import InputError

IPTC_EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
PLUS = "http://ns.useplus.org/ldf/xmp/1.0/"
PREFIXES = {IPTC_EXTENSION: "Iptc4xmpExt", PLUS: "plus"}

MAX_VALUE = 500
MAX_VALUES = 64


class Form(enum.Enum):
    """How the values of a property stand in XMP."""

    TEXT = "text"
    BAG = "Bag"  # an unordered array
    LANGUAGES = "Alt"  # one text for each language; only the default one is written


@dataclass(frozen=True, slots=True)
class XmpProperty:
    """One property of a picture.

    Attributes:
        namespace: its IRI.
        name: within the namespace.
        values: one, or those of a bag.
        form: how they stand.
    """

    namespace: str
    name: str
    values: tuple[str, ...]
    form: Form = Form.TEXT

    @property
    def qualified(self) -> str:
        """The name with its usual prefix, as in `plus:DataMining`."""
        return f"{PREFIXES[self.namespace]}:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureProperties:
    """The properties that a stamp writes: IPTC 2025.1 and PLUS 2.0.1; each that is left out stays as it is in the file.

    There is no place for a prompt: it can name or describe a person.

    Attributes:
        digital_source_type: the IRI of an IPTC digital source type.
        model_release_status: the IRI of a PLUS code, such as `http://ns.useplus.org/ldf/vocab/MR-LMR`.
        model_release_ids: what the releases are called.
        data_mining: the IRI of a PLUS code, such as `http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED`.
        other_constraints: what `DMI-PROHIBITED-SEECONSTRAINT` refers to.
        ai_system: what generated the picture.
        ai_system_version: its version.
    """

    digital_source_type: str | None = None
    model_release_status: str | None = None
    model_release_ids: tuple[str, ...] = ()
    data_mining: str | None = None
    other_constraints: str | None = None
    ai_system: str | None = None
    ai_system_version: str | None = None

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            InputError: one is empty, too long, or no IRI where one is expected; or there are too many.
        """
        for iri in (self.digital_source_type, self.model_release_status, self.data_mining):
            if iri is not None and (
                not iri.startswith(("http://", "https://")) or any(c in ' <>"{}|\\^`' for c in iri)
            ):
                raise InputError(f"xmp property: expected an iri, got {iri[:80]!r}", code="xmp-value")
        if len(self.model_release_ids) > MAX_VALUES:
            raise InputError(
                f"xmp property: expected at most {MAX_VALUES} releases, got {len(self.model_release_ids)}",
                code="xmp-value",
            )
        for value in (value for stated in self for value in stated.values):
            if not value.strip() or not value.isprintable() or len(value) > MAX_VALUE:
                raise InputError(
                    f"xmp property: expected 1 to {MAX_VALUE} printable characters, got {value[:80]!r}",
                    code="xmp-value",
                )

    def __iter__(self) -> Iterator[XmpProperty]:
        """Yield those that are stated, always in the same order."""
        single = (
            (IPTC_EXTENSION, "DigitalSourceType", self.digital_source_type),
            (IPTC_EXTENSION, "AISystemUsed", self.ai_system),
            (IPTC_EXTENSION, "AISystemVersionUsed", self.ai_system_version),
            (PLUS, "ModelReleaseStatus", self.model_release_status),
            (PLUS, "DataMining", self.data_mining),
        )
        for namespace, name, value in single:
            if value is not None:
                yield XmpProperty(namespace, name, (value,))
        if self.model_release_ids:
            yield XmpProperty(PLUS, "ModelReleaseID", self.model_release_ids, Form.BAG)
        if self.other_constraints is not None:
            yield XmpProperty(PLUS, "OtherConstraints", (self.other_constraints,), Form.LANGUAGES)

    def to_json(self) -> dict[str, Json]:
        """Return the same values as the data of a `cawg.metadata` assertion, which is JSON-LD; empty for none."""
        said: dict[str, Json] = {
            stated.qualified: list(stated.values) if stated.form is Form.BAG else stated.values[0] for stated in self
        }
        spaces: dict[str, Json] = {PREFIXES[stated.namespace]: stated.namespace for stated in self}
        return {"@context": spaces, **said} if said else {}
