"""The person who signs, as they stand at the desk: everything here is personal data and goes to the vault."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from provenance.canonical import sha256
from provenance.consent.body import SCAN
from provenance.consent.disclosures import Disclosure
from provenance.consent.grants import Grant
from provenance.consent.parties import AgeClass
from provenance.consent.scopes import Scope
from provenance.consent.vocabulary import Relationship
from provenance.errors import InputError, RefusedError

MAX_INK_BYTES = 1024 * 1024
MAX_SCAN_BYTES = 10 * 1024 * 1024
MAX_NAME_CHARACTERS = 200
ADULT_YEARS = 18

REPRESENTATIONS = ("none", "counsel", "union")

_SCANS = (b"%PDF-", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


@dataclass(frozen=True, slots=True)
class Guardian:
    """Who decides for a minor.

    Attributes:
        name: in any script.
        relationship: to the minor.
        authority: why they may decide alone, in their own words, or None.
    """

    name: str
    relationship: Relationship
    authority: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """The person in the pictures.

    Attributes:
        name: in any script.
        email: or None.
        witness: who saw them sign, or None.
        ink: the drawn signature as SVG or PNG, or None where the name was typed.
        born: day of birth, or None where it is not recorded.
        adult: whether the operator saw that they are one, where the day of birth is not recorded.
        guardian: who decides for them, if they are a minor; the ink is then the guardian's.
        phone: or None.
        address: or None.
        initials: what they wrote beside each `ai.*` scope that they permit.
        scan: a scanned form with wet ink, as PDF, JPEG or PNG, or None where they signed on a device.
        details: further personal data by their names in `fields.PERSONAL`, such as `shoot_location`.
    """

    name: str
    email: str | None = None
    witness: str | None = None
    ink: bytes | None = None
    born: date | None = None
    adult: bool = False
    guardian: Guardian | None = None
    phone: str | None = None
    address: str | None = None
    initials: Mapping[Scope, str] = field(default_factory=dict)
    scan: bytes | None = None
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def method(self) -> Literal["drawn", "typed", "scanned"]:
        """How they signed."""
        if self.scan is not None:
            return "scanned"
        return "typed" if self.ink is None else "drawn"

    def age_class(self, today: date) -> AgeClass:
        """Return what is known of their age.

        Raises:
            InputError: they were born after today, or what was said contradicts itself.
        """
        if self.born is None:
            if self.adult and self.guardian is not None:
                raise InputError("subject: an adult with a guardian, got both", code="age-contradiction")
            return "minor" if self.guardian is not None else "adult" if self.adult else "not-recorded"
        if self.born > today:
            raise InputError("subject: expected a day of birth in the past", code="birth-date")
        before_birthday = (today.month, today.day) < (self.born.month, self.born.day)
        grown = today.year - self.born.year - before_birthday >= ADULT_YEARS
        if self.adult and not grown:
            raise InputError("subject: said to be an adult, and born less than 18 years ago", code="age-contradiction")
        return "adult" if grown else "minor"

    def check_details(self, grants: Sequence[Grant]) -> None:
        """Check that the vault will hold what a consent like this has to be shown with.

        Only who makes a record can check it: in the record itself these are digests.

        Raises:
            RefusedError: somebody permits digital replicas, and who advised them is not said (California Labor Code
                927, New York GOL 5-302); or they work for the controller, and no alternative is named (GDPR,
                Article 7(4)).
        """
        replica = any(grant.scope is Scope.AI_GENERATE and grant.decision == "permit" for grant in grants)
        if replica and "representation" not in self.details:
            raise RefusedError(
                f"scope {Scope.AI_GENERATE}: expected who advised the subject, got nothing",
                code="representation-missing",
                hint=f"add --representation {', '.join(REPRESENTATIONS[:-1])} or {REPRESENTATIONS[-1]}",
            )
        if "employment_context" in self.details and "alternative_offered" not in self.details:
            raise RefusedError(
                "employment: expected what else they could have chosen, got nothing",
                code="alternative-missing",
                hint='add --alternative "such as a picture without a face, or none at all"',
            )

    def disclosures(self, *, signed_here: bool = True) -> list[Disclosure]:
        """Return every datum with a new salt.

        Args:
            signed_here: whether their signature is a datum too; not where they sign elsewhere with a key.

        Raises:
            InputError: a datum cannot be one.
        """
        found = {"legal_name": _line(self.name, "subject")}
        signer = self.name
        if self.guardian is not None:
            found["guardian_name"] = signer = _line(self.guardian.name, "guardian")
            if self.guardian.authority is not None:
                found["guardian_authority"] = _line(self.guardian.authority, "authority")
        if self.scan is not None:
            _check_scan(self.scan)
            found[SCAN] = sha256(self.scan).hex()
        elif signed_here:
            found["signature"] = _line(signer, "subject")
            if self.ink is not None:
                ink = base64.b64encode(self.ink).decode("ascii")
                found["signature"] = f"data:{_ink_type(self.ink)};base64,{ink}"
        found |= self._contact()
        if self.witness is not None:
            found["witness_name"] = _line(self.witness, "witness")
            if found["witness_name"].casefold() in (_line(self.name, "subject").casefold(), signer.strip().casefold()):
                raise InputError("witness: expected somebody else than who signs", code="witness-self")
        found |= {f"initials.{scope}": _line(text, "initials") for scope, text in self.initials.items()}
        found |= {name: _line(text, name) for name, text in self.details.items()}
        return [Disclosure.make(name, value) for name, value in found.items()]

    def _contact(self) -> dict[str, str]:
        found = {} if self.email is None else {"email": _address(self.email)}
        for name, text in (("phone", self.phone), ("address", self.address)):
            if text is not None:
                found[name] = _line(text, name)
        if self.born is not None:
            found["birth_date"] = self.born.isoformat()
        return found


def parse_representation(text: str) -> str:
    """Return who advised a subject: `none`, `counsel` or `union`, with the agreement after a colon if there is one.

    Raises:
        InputError: it begins with none of them.
    """
    word, colon, agreement = (part.strip() for part in text.partition(":"))
    if word not in REPRESENTATIONS or bool(colon) != bool(agreement):
        raise InputError(
            f"representation: expected {', '.join(REPRESENTATIONS[:-1])} or {REPRESENTATIONS[-1]}, got {word[:80]!r}",
            code="representation",
        )
    return f"{word}: {agreement}" if agreement else word


def _line(text: str, name: str) -> str:
    cleaned = text.strip()
    if not cleaned or not cleaned.isprintable() or len(cleaned) > MAX_NAME_CHARACTERS:
        raise InputError(f"{name}: expected 1 to {MAX_NAME_CHARACTERS} printable characters", code="text")
    return cleaned


def _address(text: str) -> str:
    address = _line(text, "email")
    if address.count("@") != 1 or " " in address or address.startswith("@") or address.endswith("@"):
        raise InputError("email: expected an address such as name@example.org", code="email")
    return address


def _ink_type(ink: bytes) -> str:
    if len(ink) > MAX_INK_BYTES:
        raise InputError(f"ink: expected at most {MAX_INK_BYTES} bytes, got {len(ink)}", code="ink-size")
    if ink.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if b"<svg" in ink[:1024]:
        return "image/svg+xml"
    raise InputError("ink: expected an svg or png file", code="ink-kind")


def _check_scan(scan: bytes) -> None:
    if len(scan) > MAX_SCAN_BYTES:
        raise InputError(f"scan: expected at most {MAX_SCAN_BYTES} bytes, got {len(scan)}", code="scan-size")
    if not scan.startswith(_SCANS):
        raise InputError("scan: expected a pdf, jpeg or png file", code="scan-kind")
