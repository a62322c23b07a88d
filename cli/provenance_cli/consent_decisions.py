"""What a person says before they sign, as options that `consent new` and `consent request` share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import click

from provenance import durable
from provenance.consent.grants import Grant, decide, parse_scope, parse_territory
from provenance.consent.parties import AiService, Compensation, Photographer, Terms
from provenance.consent.scopes import Scope
from provenance.consent.vocabulary import (
    CONSTRAINTS,
    MEDIA,
    parse_basis,
    parse_constraint,
    parse_day,
    parse_medium,
    parse_purpose,
    parse_relationship,
    parse_revocability,
)
from provenance.errors import InputError
from provenance.studio.subjects import MAX_INK_BYTES, MAX_SCAN_BYTES, Guardian, Subject, parse_representation
from provenance_cli._options import parsed

SCOPES_HELP = "Scopes: " + ", ".join(Scope)

_Command = TypeVar("_Command", bound=Callable[..., Any])
_COMPENSATIONS: tuple[Compensation, ...] = ("none", "paid", "in-kind")
_FILE = click.Path(path_type=Path, dir_okay=False, readable=False)


def _repeated(name: str, *, metavar: str, help: str) -> Callable[[Any], Any]:
    return click.option(name, metavar=metavar, help=help, multiple=True)


def _options(*, signed_here: bool) -> list[Callable[[Any], Any]]:
    ink = [
        click.option("--ink", type=_FILE, metavar="FILE", help="Their drawn signature, SVG or PNG."),
        click.option("--typed", is_flag=True, help="They typed their name as signature."),
        click.option("--scan", type=_FILE, metavar="FILE", help="A form signed on paper, as PDF, JPEG or PNG."),
        _repeated("--initials", metavar="SCOPE=TEXT", help="Their initials to one ai.* scope; repeatable."),
        click.option("--witness", metavar="NAME", help="Who saw them sign, and signs too."),
    ]
    return [
        click.option("--subject", required=True, metavar="NAME", help="Full name of the person, in any script."),
        _repeated("--permit", metavar="SCOPE", help="A use that they permit; may be repeated."),
        _repeated("--deny", metavar="SCOPE", help="A use that they refuse; may be repeated."),
        click.option("--until", metavar="DATE", help="The last day of what they permit, such as 2027-12-31."),
        _repeated("--territory", metavar="CC", help="A country that they permit; may be repeated."),
        _repeated("--medium", metavar="WORD", help=f"A medium that they permit: {', '.join(MEDIA)}."),
        _repeated("--purpose", metavar="WORD", help="A purpose that they permit, such as Marketing."),
        _repeated("--constraint", metavar="WORD", help=f"What they exclude: {', '.join(CONSTRAINTS)}."),
        _repeated("--grantee", metavar="NAME", help="A business that may use them too; may be repeated."),
        click.option("--use", metavar="TEXT", help="What AI will make of them; needed for ai.generate."),
        _repeated("--basis", metavar="SCOPE=BASIS", help="Another legal basis than consent, for one scope."),
        _repeated(
            "--revocable",
            metavar="SCOPE=WHEN",
            help="Not at any time but notice:P30D or irrevocable_until:DATE, for one scope.",
        ),
        *(ink if signed_here else []),
        click.option("--born", metavar="DATE", help="Their day of birth."),
        click.option("--adult", is_flag=True, help="You saw that they are 18 or older; needed for any ai.* scope."),
        click.option("--guardian", metavar="NAME", help="Who decides and signs for a minor."),
        click.option("--relationship", metavar="WORD", help="The guardian's: parent or guardian."),
        click.option("--authority", metavar="TEXT", help="Why the guardian may decide alone."),
        click.option("--email", metavar="ADDRESS", help="Where to reach them."),
        click.option("--phone", metavar="NUMBER", help="Where to reach them."),
        click.option("--address", metavar="TEXT", help="Where to reach them."),
        _repeated("--recipient", metavar="NAME", help="A business that gets the pictures; may be repeated."),
        click.option("--photographer", metavar="NAME", help="Who takes the pictures."),
        click.option("--ai-service", metavar="NAME/SYSTEM[/VERSION]", help="Who makes pictures by AI, and with what."),
        click.option("--shoot", nargs=2, metavar="DATE DATE", help="First and last day of the shoot."),
        click.option("--shoot-location", metavar="TEXT", help="Where it is; kept in the vault."),
        click.option("--shoot-description", metavar="TEXT", help="What is photographed; kept in the vault."),
        click.option("--compensation", type=click.Choice(_COMPENSATIONS), help="What they get for it."),
        click.option("--amount", metavar="TEXT", help="How much, such as EUR 250; kept in the vault."),
        click.option(
            "--representation",
            metavar="WORD[: TEXT]",
            help="Who advised them: none, counsel or union, with the agreement; needed for ai.generate.",
        ),
        click.option("--employee", is_flag=True, help="They work for you; then say what else they could choose."),
        click.option("--alternative", metavar="TEXT", help="What else they could have chosen, without a drawback."),
        click.option("--supersedes", metavar="CODE", help="The consent that this one takes the place of."),
    ]


def decision_options(*, signed_here: bool) -> Callable[[_Command], _Command]:
    """Add every option that says what a person decides, and who they are."""

    def add(function: _Command) -> _Command:
        for option in reversed(_options(signed_here=signed_here)):
            function = option(function)
        return function

    return add


@dataclass(frozen=True, slots=True)
class Decisions:
    """What the options amount to."""

    subject: Subject
    grants: tuple[Grant, ...]
    terms: Terms
    supersedes: str | None


def read_decisions(given: dict[str, Any], *, today: date) -> Decisions:
    """Return what the options amount to.

    Raises:
        RefusedError: the decisions break a rule.
        InputError: a file cannot be read.
    """
    grants = decide(
        permit=_all(parse_scope, given["permit"]),
        deny=_all(parse_scope, given["deny"]),
        since=today,
        until=_optional(parse_day, given["until"]),
        territory=_all(parse_territory, given["territory"]),
        use=given["use"],
        media=_all(parse_medium, given["medium"]),
        purposes=_all(parse_purpose, given["purpose"]),
        constraints=_all(parse_constraint, given["constraint"]),
        grantee=given["grantee"],
        bases=_pairs(parse_basis, given["basis"], "basis"),
        revocability=_pairs(parse_revocability, given["revocable"], "revocable"),
    )
    ink, scan = given.get("ink"), given.get("scan")
    subject = Subject(
        given["subject"],
        given["email"],
        given.get("witness"),
        None if ink is None else durable.read(ink, max_bytes=MAX_INK_BYTES),
        born=_optional(parse_day, given["born"]),
        adult=given["adult"],
        guardian=_guardian(given),
        phone=given["phone"],
        address=given["address"],
        initials=_pairs(str, given.get("initials", ()), "initials"),
        scan=None if scan is None else durable.read(scan, max_bytes=MAX_SCAN_BYTES),
        details=_details(given),
    )
    return Decisions(subject, grants, _terms(given), given["supersedes"])


def _guardian(given: dict[str, Any]) -> Guardian | None:
    if given["guardian"] is None:
        if given["relationship"] is not None or given["authority"] is not None:
            raise click.UsageError("name the guardian: --guardian NAME")
        return None
    if given["relationship"] is None:
        raise click.UsageError("say what the guardian is to the minor: --relationship parent or guardian")
    relationship = parsed(parse_relationship, given["relationship"])
    return Guardian(given["guardian"], relationship, given["authority"])


def _details(given: dict[str, Any]) -> dict[str, str]:
    if given["amount"] is not None and given["compensation"] in (None, "none"):
        raise click.UsageError("--amount is of what they get: add --compensation paid or in-kind")
    found = {
        "shoot_location": given["shoot_location"],
        "shoot_description": given["shoot_description"],
        "compensation_amount": given["amount"],
        "representation": _optional(parse_representation, given["representation"]),
        "employment_context": "yes" if given["employee"] else None,
        "alternative_offered": given["alternative"],
    }
    return {name: text for name, text in found.items() if text is not None}


def _terms(given: dict[str, Any]) -> Terms:
    shoot = _all(parse_day, given["shoot"] or ())
    said: Compensation | None = next((known for known in _COMPENSATIONS if known == given["compensation"]), None)
    return Terms(
        recipients=tuple(dict.fromkeys(given["recipient"])),
        photographer=None if given["photographer"] is None else Photographer(given["photographer"]),
        ai_service=_ai_service(given["ai_service"]),
        shoot=(shoot[0], shoot[1]) if shoot else None,
        compensation=said or "not-recorded",
    )


def _ai_service(text: str | None) -> AiService | None:
    if text is None:
        return None
    name, _, rest = text.partition("/")
    system, _, version = rest.partition("/")
    if not (name.strip() and system.strip()):
        raise click.UsageError("name the service and its system: --ai-service NAME/SYSTEM")
    return AiService(name.strip(), system.strip(), version.strip() or None)


_Value = TypeVar("_Value")


def _all(parse: Callable[[str], _Value], texts: Sequence[str]) -> list[_Value]:
    return [parsed(parse, text) for text in texts]


def _optional(parse: Callable[[str], _Value], text: str | None) -> _Value | None:
    return None if text is None else parsed(parse, text)


def _pairs(parse: Callable[[str], str], texts: Sequence[str], option: str) -> dict[Scope, str]:
    found: dict[Scope, str] = {}
    for text in texts:
        scope, mark, value = text.partition("=")
        if not mark or not value:
            raise click.UsageError(f"--{option}: expected SCOPE=VALUE, such as ai.generate=…")
        key = parsed(parse_scope, scope)
        if key in found:
            raise InputError(f"--{option}: {key} is given twice", code="option-doubled")
        found[key] = parsed(parse, value)
    return found
