"""One person's sitting at the kiosk: what the form says, as a subject, decisions and terms that can be recorded."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final

from provenance.canonical import sha256
from provenance.consent.grants import Grant, decide, parse_scope
from provenance.consent.notice import on_own_device
from provenance.consent.parties import Photographer, Terms
from provenance.consent.scopes import Scope
from provenance.consent.templates import STUDIO, Asked, Template, Wording
from provenance.consent.vocabulary import parse_day, parse_relationship
from provenance.errors import InputError, ProvenanceError, RefusedError
from provenance.keys import SigningKey, thumbprint_urn
from provenance.studio.requests import Shown
from provenance.studio.subjects import REPRESENTATIONS, Guardian, Subject
from provenance.web.ink import draw

HOW: Final = ("drawn", "typed")
ON_PHONE: Final = ("passkey",)
AGES: Final = ("adult", "minor")


class FormFaultError(ProvenanceError):
    """Something in a form is missing or cannot be; a person reads what, beside the field.

    Attributes:
        field: the name of the field.
        word: the sentence's name in the tables of words.
    """

    default_code = "form-fault"

    def __init__(self, field: str, word: str) -> None:
        super().__init__(f"form: {field}: {word}")
        self.field = field
        self.word = word


@dataclass(frozen=True, slots=True)
class Camera:
    """Who takes the pictures today.

    Attributes:
        name: their trading name, as records carry it.
        key: with which their signature is made where the template asks for it: made for this kiosk, and forgotten
            with it.
    """

    name: str
    key: SigningKey = field(default_factory=lambda: SigningKey.generate("ES256"))


@dataclass(frozen=True, slots=True)
class Job:
    """What the studio set once for everybody who sits today.

    Attributes:
        template: what is asked.
        name: of the job, or None; kept in the vault as what the shoot is about.
        use: what AI will make, where the template asks for it.
        camera: who takes the pictures, where that is said.
    """

    template: Template
    name: str | None = None
    use: str | None = None
    camera: Camera | None = None

    def check(self) -> None:
        """Check that a kiosk can ask for all of it.

        Raises:
            InputError: the photographer's name cannot be one.
            RefusedError: somebody must sign who is not named, or what AI will make is not said.
        """
        if "photographer" in self.template.signers and self.camera is None:
            raise RefusedError(
                f"template {self.template.id}: the photographer signs too, and nothing says who that is",
                code="template-signer",
                hint="add --photographer NAME",
            )
        if self.camera is not None and not (self.camera.name.strip() and self.camera.name.isprintable()):
            raise InputError("photographer: expected a name of printable characters", code="text")
        if Scope.AI_GENERATE in self.template.scopes and self.use is None:
            raise RefusedError(
                f"template {self.template.id}: asks for {Scope.AI_GENERATE}, and nothing says what will be made",
                code="kiosk-use",
                hint='add --use "what will be made, for whom, and where it will be shown"',
            )

    def check_alone(self) -> None:
        """Check that people can sign away from the kiosk.

        Raises:
            RefusedError: a witness has to see them.
        """
        if not self.alone:
            raise RefusedError(
                f"template {self.template.id}: a witness sees the person sign, which they cannot on a phone",
                code="phones-signer",
                hint="leave out --phones, or ask by another template",
            )

    @property
    def plain(self) -> tuple[Asked, ...]:
        """What is asked beside AI and the measuring of faces."""
        return tuple(asked for asked in self.template.asked if not _apart(asked.scope))

    @property
    def apart(self) -> tuple[Asked, ...]:
        """What is asked by itself: AI, and the measuring of faces."""
        return tuple(asked for asked in self.template.asked if _apart(asked.scope))

    def wording(self, language: str, *, studio: str) -> Wording:
        """Return the template's words with the studio's name in its places, as its canonical text has it.

        Raises:
            InputError: it has none in this language.
        """
        words = self.template.wording(language)

        def told(text: str) -> str:
            return text.replace(STUDIO, studio)

        return Wording(
            told(words.title),
            told(words.text),
            None if words.permitted is None else told(words.permitted),
            told(words.denied),
            told(words.signing),
            {scope: told(text) for scope, text in words.choices.items()},
        )

    @property
    def made(self) -> str | None:
        """What AI will make, where that is asked for."""
        return self.use if Scope.AI_GENERATE in self.template.scopes else None

    @property
    def alone(self) -> bool:
        """Whether nobody signs who has to be there when the person does, so that they can do it on their phone."""
        return "witness" not in self.template.signers

    @property
    def witnessed(self) -> bool:
        """Whether a witness signs too."""
        return "witness" in self.template.signers

    @property
    def countersigned(self) -> Camera | None:
        """Who takes the pictures, if they sign too."""
        return self.camera if "photographer" in self.template.signers else None

    @property
    def photographer(self) -> Photographer | None:
        """What a record says of who takes the pictures."""
        if self.camera is None:
            return None
        signs = self.countersigned
        return Photographer(self.camera.name, None if signs is None else thumbprint_urn(signs.key.public_jwk()))


@dataclass(frozen=True, slots=True)
class Sitting:
    """What a person decided and who they are, ready to be recorded.

    Attributes:
        subject: who they are.
        grants: what they decided.
        terms: what else the record says.
        shown: what they read.
        camera: who signs as the photographer, too.
    """

    subject: Subject
    grants: tuple[Grant, ...]
    terms: Terms
    shown: Shown
    camera: Camera | None = None


def read_form(
    form: Mapping[str, Sequence[str]],
    job: Job,
    *,
    language: str,
    studio: str,
    now: datetime,
    shown_at: datetime | None = None,
    origin: str | None = None,
) -> Sitting:
    """Return what a form says.

    Args:
        form: every field with what was put into it.
        job: what was asked.
        language: in which the person read it.
        studio: its name.
        now: the time.
        shown_at: when the text was shown, if not just now.
        origin: of the page on their own phone on which a passkey signs; None where they draw or type here.

    Raises:
        FormFaultError: a field is missing or cannot be; it names which.
        InputError: the form is not one that this kiosk makes.
        RefusedError: a rule is broken.
    """
    minor = _one(form, "age", AGES, "fault_age") == "minor"
    if job.template.signers and "guardian" in job.template.signers and not minor:
        raise FormFaultError("age", "fault_minor_only")
    permit = _permitted(form, job)
    ai = [scope for scope in permit if scope.is_ai]
    if ai and minor:
        raise FormFaultError("age", "fault_minor_ai")
    born = _day(form, now.date())
    if ai and born is None:
        raise FormFaultError("born", "fault_born_ai")
    name = _line(form, "name", "fault_name")
    guardian = _guardian(form) if minor else None
    signer = name if guardian is None else guardian.name
    how = _one(form, "how", HOW if origin is None else ON_PHONE, "fault_how")
    subject = Subject(
        name,
        email=_email(form),
        witness=_line(form, "witness", "fault_witness") if job.witnessed else None,
        ink=_ink(form) if how == "drawn" else None,
        born=born,
        guardian=guardian,
        initials={scope: _line(form, f"initials.{scope}", "fault_initials") for scope in ai},
        details=_details(form, job, permit),
    )
    if how == "typed" and folded(_line(form, "typed", "fault_typed")) != folded(signer):
        raise FormFaultError("typed", "fault_typed")
    taking = "" if job.camera is None else job.camera.name
    if subject.witness is not None and folded(subject.witness) in map(folded, (name, signer, taking)):
        raise FormFaultError("witness", "fault_witness_self")
    if job.countersigned is not None:
        _one(form, "photographer", ("yes",), "fault_photographer")
    if (subject.age_class(now.date()) == "minor") != minor:
        raise FormFaultError("born", "fault_born_age")
    template = job.template
    terms = Terms(
        retention=template.retention,
        jurisdictions=template.jurisdictions,
        shoot=(now.date(), now.date()),
        photographer=job.photographer,
    )
    notice, intent = (
        template.notice(language, studio=studio, presented_at=shown_at or now),
        template.intent(language, studio=studio),
    )
    if origin is not None:
        intent = on_own_device(intent, language)
        notice = replace(notice, intent=sha256(intent.encode()))
    shown = Shown(notice, template.render(language, studio=studio), intent, origin)
    return Sitting(subject, _grants(job, permit, today=now.date()), terms, shown, job.countersigned)


def _permitted(form: Mapping[str, Sequence[str]], job: Job) -> list[Scope]:
    said = {name: [parse_scope(text) for text in form.get(name, ())] for name in ("permit", "deny")}
    for scope in (*said["permit"], *said["deny"]):
        if scope not in job.template.scopes:
            raise InputError(f"scope {scope}: {job.template.id} does not ask for it", code="template-scope")
    return [
        asked.scope
        for asked in job.template.asked
        if asked.scope in said["permit"] or (asked.default == "permit" and asked.scope not in said["deny"])
    ]


def _grants(job: Job, permit: Sequence[Scope], *, today: date) -> tuple[Grant, ...]:
    chosen = [asked for asked in job.template.asked if asked.scope in permit]
    return decide(
        permit=permit,
        deny=[scope for scope in job.template.scopes if scope not in permit],
        since=today,
        until=job.template.last_day(today),
        territory=(),
        use=job.made,
        bases={asked.scope: asked.legal_basis for asked in chosen},
        revocability={asked.scope: asked.revocability for asked in chosen},
    )


def _details(form: Mapping[str, Sequence[str]], job: Job, permit: Sequence[Scope]) -> dict[str, str]:
    found = {} if job.name is None else {"shoot_description": job.name}
    if Scope.AI_GENERATE in permit:
        found["representation"] = _one(form, "representation", REPRESENTATIONS, "fault_representation")
    return found


def _guardian(form: Mapping[str, Sequence[str]]) -> Guardian:
    name = _line(form, "guardian", "fault_guardian")
    relationship = parse_relationship(_one(form, "relationship", ("parent", "guardian"), "fault_relationship"))
    return Guardian(name, relationship, _optional(form, "authority"))


def _ink(form: Mapping[str, Sequence[str]]) -> bytes:
    try:
        return draw(_text(form, "ink"))
    except InputError:
        raise FormFaultError("ink", "fault_ink") from None


def _email(form: Mapping[str, Sequence[str]]) -> str | None:
    address = _optional(form, "email")
    if address is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
        raise FormFaultError("email", "fault_email")
    return address


def _day(form: Mapping[str, Sequence[str]], today: date) -> date | None:
    text = _text(form, "born")
    if not text:
        return None
    try:
        day = parse_day(text)
    except InputError:
        raise FormFaultError("born", "fault_born") from None
    if not date(1890, 1, 1) <= day <= today:
        raise FormFaultError("born", "fault_born")
    return day


def _line(form: Mapping[str, Sequence[str]], name: str, word: str) -> str:
    text = _text(form, name)
    if not text or not text.isprintable() or len(text) > 200:
        raise FormFaultError(name, word)
    return text


def _optional(form: Mapping[str, Sequence[str]], name: str) -> str | None:
    return _line(form, name, "fault_text") if _text(form, name) else None


def _one(form: Mapping[str, Sequence[str]], name: str, known: Sequence[str], word: str) -> str:
    text = _text(form, name)
    if text not in known:
        raise FormFaultError(name, word)
    return text


def _text(form: Mapping[str, Sequence[str]], name: str) -> str:
    # A field that was sent twice is read once, as browsers show it.
    return next(iter(form.get(name, ())), "").strip()


def folded(text: str) -> str:
    """Return a name as it is compared: without regard to case, spaces and how its letters are put together."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _apart(scope: Scope) -> bool:
    return scope.is_ai or scope.is_biometric
