"""Every field of a consent record's body, once: its name, its need, its form and the term that it stands for.

The reader checks bodies against this table, `schemas/consent-record.schema.json` is generated from it, and so is the
table in `docs/spec/consent-record.md`; a test holds the three together. Names follow ISO/IEC TS 27560 and DPV 2.3.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from provenance.canonical import Json
from provenance.consent.scopes import Scope
from provenance.consent.vocabulary import ANY, CONSTRAINTS, LEGAL_BASES, MEDIA, PURPOSES, RELATIONSHIPS
from provenance.errors import InputError

SCHEMA: Final = "urn:headshot-provenance:schema:consent-record:1"
MAX_TEXT: Final = 4000

Need = Literal["R", "C", "o"]  # required, under a condition, optional


@dataclass(frozen=True, slots=True)
class Form:
    """What a text looks like.

    Attributes:
        pattern: a regular expression over all of it.
        choices: the words that it may be; with neither, any text of 1 to 4,000 characters.
    """

    pattern: str | None = None
    choices: tuple[str, ...] | None = None

    def admits(self, value: str) -> bool:
        """Tell whether `value` has this form."""
        if self.choices is not None:
            return value in self.choices
        if self.pattern is not None:
            return re.search(self.pattern, value, re.ASCII) is not None and not value.endswith("\n")
        return 1 <= len(value) <= MAX_TEXT


@dataclass(frozen=True, slots=True)
class Field:
    """One member of a body.

    Attributes:
        name: of the member.
        need: required, under a condition, or optional.
        form: of its text, or the members of its object.
        term: what it is called in ISO/IEC TS 27560, DPV or a law.
        meaning: in plain words, with the condition where there is one.
        least: None for a single value; for a list, the fewest items that it may have.
    """

    name: str
    need: Need
    form: "Form | tuple[Field, ...]"
    term: str
    meaning: str
    least: int | None = None


@dataclass(frozen=True, slots=True)
class Datum:
    """One personal datum: in the body as a salted digest only, in the vault as a disclosure.

    Attributes:
        name: of the disclosure.
        term: what it is called in ISO/IEC TS 27560, DPV, or by agencies and laws.
        meaning: in plain words.
    """

    name: str
    term: str
    meaning: str


TEXT = Form()
TIME = Form(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")
DAY = Form(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
DIGEST = Form(r"^[A-Za-z0-9_-]{43}$")
UUID = Form(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
KEY = Form(r"^urn:ietf:params:oauth:jwk-thumbprint:sha-256:[A-Za-z0-9_-]{43}$")
COUNTRY = Form(r"^[A-Z]{2}$")
# Of a host with a name: passkeys are bound to no address (WebAuthn, 5.1.2).
ORIGIN = Form(r"^https://[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+(:[1-9][0-9]{0,4})?$")
LANGUAGE = Form(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")

KINDS: Final = ("model_release", "digital_replica", "biometric_release", "guardian_release")
AGE_CLASSES: Final = ("adult", "minor", "not-recorded")
METHODS: Final = ("drawn", "typed", "browser-key", "own-key", "passkey", "scanned")

_TERM = (
    Field("from", "R", DAY, "dpv:UntilTimeDuration", "first day"),
    Field("until", "C", DAY, "dpv:UntilTimeDuration", "last day; needed for a permitted `ai.*`"),
)

_GRANT = (
    Field("scope", "R", Form(choices=tuple(Scope)), "27560 processing; dpv:hasProcessing", "the use decided on"),
    Field("decision", "R", Form(choices=("permit", "deny")), "dpv:hasConsentStatus", "a denial is recorded too"),
    Field("legal_basis", "R", Form(choices=LEGAL_BASES), "27560 lawful basis; dpv:hasLegalBasis", "GDPR, Article 6, 9"),
    Field(
        "revocability",
        "R",
        Form(r"^(any_time|notice:P[1-9][0-9]{0,2}D|irrevocable_until:[0-9]{4}-[0-9]{2}-[0-9]{2})$"),
        "dpv:hasConsentControl",
        "`any_time`, `notice:P30D` or `irrevocable_until:2027-12-31`; consent is `any_time`",
    ),
    Field("territory", "R", Form(r"^([A-Z]{2}|WORLD)$"), "27560 geographic restrictions", "ISO 3166, or `WORLD`", 1),
    Field("media", "R", Form(choices=(*MEDIA, ANY)), "plus:MediaConstraints", "channels, or `ANY`", 1),
    Field("purposes", "R", Form(choices=(*PURPOSES, ANY)), "27560 purpose; dpv:hasPurpose", "purposes, or `ANY`", 1),
    Field("term", "R", _TERM, "27560 validity duration; dpv:hasDuration", "whole days, both included"),
    Field("use_description", "C", TEXT, "CA Labor Code 927; NY GOL 5-302", "40 characters or more for `ai.generate`"),
    Field("constraints", "o", Form(choices=CONSTRAINTS), "plus:ImageAlterationConstraints", "what it excludes", 1),
    Field("grantee", "o", TEXT, "27560 recipient third parties", "businesses that may use it beside the controller", 1),
)

FIELDS: Final[tuple[Field, ...]] = (
    Field("schema", "R", Form(choices=(SCHEMA,)), "27560 schema version; dct:conformsTo", "this format"),
    Field("record_id", "R", UUID, "27560 record id; dct:identifier", "random, private"),
    Field("kind", "R", Form(choices=KINDS), "PLUS, BIPA, NY GOL 5-302", "what the record mainly is"),
    Field("created_at", "R", TIME, "27560 event time; dpv:isIndicatedAtTime", "by the controller's clock, UTC"),
    Field(
        "subject",
        "R",
        (
            Field("ref", "R", Form(r"^[A-Za-z0-9_-]{22}$"), "27560 pii principal id; dpv:hasDataSubject", "pseudonym"),
            Field("kind", "R", Form(choices=("real",)), "dpv:DataSubject", "a real person; nobody else has a record"),
            Field("age_class", "R", Form(choices=AGE_CLASSES), "dpv:Child", "`adult` before any `ai.*` is permitted"),
        ),
        "27560 pii principal",
        "who consents",
    ),
    Field(
        "guardian",
        "C",
        (
            Field(
                "relationship",
                "R",
                Form(choices=tuple(RELATIONSHIPS.values())),
                "dpv:hasRelationWithDataSubject",
                "to the minor",
            ),
        ),
        "dpv:GuardianOfDataSubject",
        "who decides for a minor, and signs; needed where `age_class` is `minor`",
    ),
    Field(
        "controllers",
        "R",
        (
            Field("id", "R", KEY, "27560 party id", "name of the key that signs"),
            Field("name", "R", TEXT, "27560 party name", "of the business"),
            Field("role", "R", Form(choices=("controller",)), "27560 party role", "`controller`"),
            Field("address", "o", TEXT, "27560 party address", "at least its country, where known"),
            Field("contact", "o", TEXT, "27560 party contact", "where people reach it"),
        ),
        "27560 pii controllers; dpv:hasDataController",
        "who is responsible; one",
        1,
    ),
    Field(
        "photographer",
        "o",
        (
            Field("name", "R", TEXT, "27560 party name", "trading name"),
            Field("id", "C", KEY, "27560 party id", "name of the key, where they sign"),
        ),
        "dct:creator",
        "who takes the pictures",
    ),
    Field(
        "ai_service",
        "o",
        (
            Field("name", "R", TEXT, "27560 party name", "who runs it"),
            Field("system", "R", TEXT, "Iptc4xmpExt:AISystemUsed", "the model or product"),
            Field("version", "o", TEXT, "Iptc4xmpExt:AISystemVersionUsed", "of it"),
        ),
        "dpv:hasDataProcessor",
        "who makes pictures by AI",
    ),
    Field("recipients", "R", TEXT, "27560 recipient third parties; dpv:hasRecipient", "businesses, or classes", 0),
    Field(
        "notice",
        "R",
        (
            Field("template", "R", TEXT, "dpv:ConsentNotice", "id of the text"),
            Field("version", "R", TEXT, "dct:hasVersion", "of the text"),
            Field("language", "R", LANGUAGE, "27560 language; dct:language", "of the text as shown"),
            Field("sha256", "R", DIGEST, "27560 privacy notice; dpv:hasNotice", "of the text as shown, UTF-8"),
            Field("presented_at", "R", TIME, "dpv:isIndicatedAtTime", "when it was shown"),
        ),
        "27560 privacy notice; dpv:hasNotice",
        "what the subject read",
    ),
    Field("jurisdictions", "R", COUNTRY, "27560 jurisdiction; dpv:hasJurisdiction", "ISO 3166", 0),
    Field("governing_law", "o", TEXT, "dpv:hasApplicableLaw", "named law"),
    Field(
        "data_types",
        "R",
        Form(choices=("pd:Picture", "pd:FacialPrint")),
        "27560 pii type; dpv:hasPersonalData",
        "`pd:FacialPrint` with any permitted `biometric.*`",
        1,
    ),
    Field("grants", "R", _GRANT, "27560 processing; dpv:hasProcess", "one for each scope decided on", 1),
    Field(
        "shoot",
        "o",
        (
            Field("start", "R", DAY, "schema:startDate", "first day"),
            Field("end", "R", DAY, "schema:endDate", "last day, at most a year later"),
        ),
        "agencies: shoot date",
        "agencies ask for it",
    ),
    Field("source_assets", "o", DIGEST, "c2pa:inputTo", "salted digests of the pictures an AI works from", 1),
    Field(
        "compensation",
        "R",
        (
            Field(
                "kind",
                "R",
                Form(choices=("none", "paid", "in-kind", "not-recorded")),
                "SAG-AFTRA; consideration",
                "whether the subject gets anything for it",
            ),
            Field("terms_sha256", "o", DIGEST, "dpv:Contract", "of the terms, salted by who keeps them"),
        ),
        "release: consideration",
        "amount and currency are personal data",
    ),
    Field(
        "withdrawal",
        "R",
        (
            Field("uri", "o", TEXT, "dpv:isExercisedAt", "where to withdraw"),
            Field("secret_hash", "R", DIGEST, "dpv:WithdrawConsent", "of the receipt's secret"),
            Field(
                "channels",
                "R",
                Form(choices=("receipt-secret", "studio")),
                "dpv:hasConsentControl",
                "how to withdraw",
                1,
            ),
            Field(
                "notice_period", "R", Form(r"^(none|P[1-9][0-9]{0,2}D)$"), "dpv:hasDuration", "the longest of any grant"
            ),
        ),
        "27560 withdrawal method; dpv:WithdrawConsent",
        "never asks for more proof than giving did",
    ),
    Field(
        "retention",
        "R",
        (
            Field("rule", "R", TEXT, "dpv:hasStorageCondition", "how long the record is kept"),
            Field(
                "biometric_destroy_by",
                "C",
                DAY,
                "740 ILCS 14/15(a)",
                "last day for any face template; with `biometric.*`",
            ),
        ),
        "27560 retention period; dpv:hasStorageCondition",
        "how long",
    ),
    Field("storage_locations", "R", COUNTRY, "27560 storage locations", "ISO 3166", 0),
    Field("supersedes", "o", UUID, "dcat:previousVersion; DPV superseded", "the record that this one replaces"),
    Field(
        "esign",
        "R",
        (
            Field("method", "R", Form(choices=METHODS), "dpv:hasIndicationMethod", "how the subject signed"),
            Field("intent_sha256", "R", DIGEST, "ESIGN: intent", "of the sentence above the signature"),
            Field("scan", "C", DIGEST, "ESIGN; agency file", "the `_sd` digest of `scan_sha256`; where `scanned`"),
            Field("origin", "C", ORIGIN, "WebAuthn 13.4.9", "of the page; its host is the RP ID; where `passkey`"),
        ),
        "dpv:hasIndicationMethod",
        "the act of signing",
    ),
    Field("_sd_alg", "R", Form(choices=("sha-256",)), "RFC 9901, 4.1.1", "`sha-256`"),
    Field("_sd", "R", DIGEST, "RFC 9901, 4.2", "digests of the personal data below, sorted", 0),
)

PERSONAL: Final[tuple[Datum, ...]] = (
    Datum("legal_name", "agencies; Kantara piiPrincipalId", "full name of the subject"),
    Datum("email", "27560 party contact", "of the subject or guardian"),
    Datum("phone", "27560 party contact", "of the subject or guardian"),
    Datum("address", "27560 party address", "of the subject or guardian"),
    Datum("birth_date", "agencies; plus:MinorModelAgeDisclosure", "`age_class` follows from it"),
    Datum("guardian_name", "dpv:GuardianOfDataSubject", "who decides for a minor"),
    Datum("guardian_authority", "dpv:hasJustification", "why they may"),
    Datum("witness_name", "agencies: witness", "who saw the subject sign"),
    Datum("signature", "dpv:hasIndicationMethod", "ink as an image, or the name as typed"),
    Datum("initials", "CA Labor Code 927; NY GOL 5-302", "as `initials.ai.generate`: one for each permitted `ai.*`"),
    Datum("scan_sha256", "ESIGN; agency file", "SHA-256 of a scanned form, which lies in the vault"),
    Datum("shoot_location", "agencies", "place of the shoot"),
    Datum("shoot_description", "agencies", "what was photographed"),
    Datum("compensation_amount", "SAG-AFTRA; consideration", "with its currency, such as `EUR 250`"),
    Datum("representation", "CA Labor Code 927; NY GOL 5-302", "`none`, `counsel` or `union`, with the agreement"),
    Datum("employment_context", "GDPR, Article 7(4)", "whether the subject works for the controller"),
    Datum("alternative_offered", "GDPR, Article 7(4)", "what else they could have chosen"),
)


# Beside these, `initials.` and a scope: one datum for each scope that was initialled.
_INITIALS: Final = "initials"


def is_personal(name: str) -> bool:
    """Tell whether a disclosure of this name can belong to a record."""
    first, dot, scope = name.partition(".")
    known = any(datum.name == first for datum in PERSONAL)
    return known and (scope in tuple(Scope) if first == _INITIALS else not dot)


def parse_personal(text: str) -> str:
    """Return the name of a personal datum; `initials` stands for those of every scope.

    Raises:
        InputError: there is none of this name.
    """
    names = [datum.name for datum in PERSONAL]
    if text not in names and not is_personal(text):
        raise InputError(
            f"field: expected the name of a personal datum, got {text[:40]!r}",
            code="field-unknown",
            hint=f"known: {', '.join(names)}",
        )
    return text


def check_fields(document: Json, fields: Sequence[Field] = FIELDS, *, place: str = "consent record") -> None:
    """Check that an object has the members of `fields`, each in its form, and no other.

    Raises:
        InputError: it does not; the message names the place, and repeats nothing of what stands there.
    """
    if not isinstance(document, Mapping):
        raise InputError(f"{place}: expected an object")
    known = {field.name: field for field in fields}
    for name in document:
        if name not in known:
            raise InputError(f"{place}: expected no member {name[:40]!r}")
    for name, field in known.items():
        if name in document:
            _check_member(document[name], field, place=f"{place}.{name}")
        elif field.need == "R":
            raise InputError(f"{place}.{name}: expected, and missing")


def _check_member(value: Json, field: Field, *, place: str) -> None:
    if field.least is None:
        _check_value(value, field, place=place)
        return
    if not isinstance(value, list) or len(value) < field.least:
        raise InputError(f"{place}: expected a list of at least {field.least}")
    for number, item in enumerate(value):
        _check_value(item, field, place=f"{place}[{number}]")
    if not isinstance(field.form, tuple) and len(set(value)) != len(value):
        raise InputError(f"{place}: expected none of them twice")


def _check_value(value: Json, field: Field, *, place: str) -> None:
    if isinstance(field.form, tuple):
        check_fields(value, field.form, place=place)
        return
    if not isinstance(value, str):
        raise InputError(f"{place}: expected text")
    if not field.form.admits(value):
        if field.form.choices is not None:
            shown = ", ".join(field.form.choices) if len(field.form.choices) <= 5 else "one of the known words"
            raise InputError(f"{place}: expected {shown}")
        raise InputError(f"{place}: expected another form")
