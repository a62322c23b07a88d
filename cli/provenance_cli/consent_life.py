"""`provenance consent`: check, expiring, renew, event; what a consent allows, and what becomes of it."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from provenance.canonical import Json
from provenance.clock import from_user, to_seconds
from provenance.consent.codes import parse_code
from provenance.consent.events import ANSWERS
from provenance.consent.grants import parse_scope, parse_territory
from provenance.consent.scopes import Scope
from provenance.consent.status import LIVE, ConsentCode, stand
from provenance.consent.vocabulary import parse_day, parse_medium, parse_purpose
from provenance.errors import InputError
from provenance.studio.asking import Use, ask
from provenance.studio.consents import NOTED, ConsentDesk
from provenance_cli._options import (
    WrongValueError,
    json_option,
    opened,
    parsed,
    passphrase_option,
    studio_option,
    unlocked,
)
from provenance_cli._output import note, print_json, safe, say, table

EXPIRING_SCHEMA = "urn:headshot-provenance:schema:consent-expiring:1"
NOTED_SCHEMA = "urn:headshot-provenance:schema:consent-noted:1"

YES, NO, UNANSWERED = 0, 1, 3


@click.command("check", short_help="Ask whether a consent permits a use.")
@click.argument("code")
@click.option("--for", "scope", required=True, metavar="SCOPE", help="The use that you plan.")
@click.option("--purpose", metavar="WORD", help="What for, such as Marketing.")
@click.option("--medium", metavar="WORD", help="In which medium, such as print.")
@click.option("--territory", metavar="CC", help="In which country.")
@click.option("--at", metavar="TIME", help="When, if not now: a date or UTC time.")
@json_option
@studio_option
def check(
    code: str,
    *,
    scope: str,
    purpose: str | None,
    medium: str | None,
    territory: str | None,
    at: str | None,
    as_json: bool,
    studio_path: Path | None,
) -> int:
    """Ask whether a consent permits a use; ask before you make or publish anything.

    Exits with 0 for yes, 1 for no, and 3 if nothing is known. No keys are needed.
    """
    asked = parsed(parse_scope, scope)
    for_purpose = None if purpose is None else parsed(parse_purpose, purpose)
    in_medium = None if medium is None else parsed(parse_medium, medium)
    in_territory = None if territory is None else parsed(parse_territory, territory)
    with opened(studio_path) as studio:
        desk = ConsentDesk(studio)
        recorded = desk.find(parsed(parse_code, code))
        moment = None if at is None else parsed(from_user, at)
        answer = ask(
            desk, recorded, Use(asked, for_purpose, in_medium, in_territory), now=studio.clock.now(), at=moment
        )
    found = answer.permission.code
    if as_json:
        print_json(answer.to_json())
    else:
        word = {ConsentCode.IN_FORCE: "yes", ConsentCode.UNKNOWN: "unknown"}.get(found, "no")
        say(f"{word}: {safe(answer.permission.reason)} (assurance: {answer.assurance})")
        if answer.erased is not None:
            note(f"The person's data were erased on {answer.erased.date()}; nothing new is stamped under this consent.")
    return {ConsentCode.IN_FORCE: YES, ConsentCode.UNKNOWN: UNANSWERED}.get(found, NO)


@click.command("expiring", short_help="List what ends soon, the soonest first.")
@click.option("--within", default="30d", show_default=True, metavar="DAYS", help="How soon, such as 30d.")
@json_option
@studio_option
def expiring(*, within: str, as_json: bool, studio_path: Path | None) -> int:
    """List what ends soon and is still in force, the soonest first."""
    days = parsed(_parse_days, within)
    with opened(studio_path) as studio:
        now = studio.clock.now()
        last = now.date() + timedelta(days=days)
        found = []
        for recorded in ConsentDesk(studio).all():
            for grant in recorded.record.grants:
                standing = stand(recorded.record, recorded.history, scope=grant.scope, at=now)
                if grant.decision == "deny" or standing.state not in LIVE or standing.until is None:
                    continue
                if now.date() <= standing.until <= last:
                    found.append((standing.until.isoformat(), recorded.code, grant.scope.value))
    for until, code, scope in sorted(found) if as_json else ():
        print_json({"schema": EXPIRING_SCHEMA, "code": code, "scope": scope, "until": until})
    if found and not as_json:
        table(sorted(found))
    if not found and not as_json:
        note(f"Nothing ends within {days} days.")
    return 0


@click.command("renew", short_help="Record that a person lets it go on.")
@click.argument("code")
@click.option("--until", required=True, metavar="DATE", help="The new last day.")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="Only this use; may be repeated.")
@json_option
@studio_option
@passphrase_option
def renew(
    code: str,
    *,
    until: str,
    scopes: tuple[str, ...],
    as_json: bool,
    studio_path: Path | None,
    passphrase_file: Path | None,
) -> int:
    """Record that a person, who signs on this device, lets what they permitted go on.

    One who signed with a key of their own signs a new request instead; see provenance consent request --supersedes.
    """
    day = parsed(parse_day, until)
    with unlocked(studio_path, passphrase_file) as keys:
        desk = ConsentDesk(keys.studio, keys)
        recorded = desk.find(parsed(parse_code, code))
        event = desk.renew(recorded, until=day, scopes=[parsed(parse_scope, text) for text in scopes] or None)
    return _noted(recorded.code, event.type, event.at, event.scopes, as_json=as_json)


class _Noted(click.Choice[str]):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401
        if value == "erased":
            raise WrongValueError(
                "event erased: cannot be noted, only done", hint="run provenance erase CODE, which records it, too"
            )
        return super().convert(value, param, ctx)


@click.command("event", short_help="Record something you did or learned.", epilog=f"Types: {', '.join(NOTED)}")
@click.argument("code")
@click.argument("event_type", metavar="TYPE", type=_Noted(NOTED))
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="Only this use; may be repeated.")
@click.option("--to", "recipient", metavar="NAME", help="To whom it was disclosed; kept in the vault.")
@click.option("--answer", type=click.Choice(ANSWERS), help="To a withdrawal that was requested.")
@json_option
@studio_option
@passphrase_option
def event_command(
    code: str,
    event_type: str,
    *,
    scopes: tuple[str, ...],
    recipient: str | None,
    answer: str | None,
    as_json: bool,
    studio_path: Path | None,
    passphrase_file: Path | None,
) -> int:
    """Record something that you did or learned: signed, logged, and counted from now on."""
    kind = next(known for known in NOTED if known == event_type)
    reply = next((known for known in ANSWERS if known == answer), None)
    if (kind == "disclosed") != (recipient is not None):
        raise click.UsageError("say to whom with --to NAME, for the type disclosed and no other")
    if (kind == "withdrawal-answered") != (reply is not None):
        raise click.UsageError("say --answer granted or declined, for the type withdrawal-answered and no other")
    with unlocked(studio_path, passphrase_file) as keys:
        desk = ConsentDesk(keys.studio, keys)
        recorded = desk.find(parsed(parse_code, code))
        touched = [parsed(parse_scope, text) for text in scopes] or None
        event = desk.note(recorded, kind, scopes=touched, answer=reply, recipient=recipient)
    return _noted(recorded.code, event.type, event.at, event.scopes, as_json=as_json)


def _noted(code: str, event_type: str, at: datetime, scopes: tuple[Scope, ...] | None, *, as_json: bool) -> int:
    if as_json:
        listed: Json = None if scopes is None else [scope.value for scope in scopes]
        event: Json = {"type": event_type, "at": to_seconds(at), "scopes": listed}
        print_json({"schema": NOTED_SCHEMA, "code": code, "event": event})
    else:
        what = "all of it" if scopes is None else ", ".join(scopes)
        say(f"Consent {code}: {event_type} on {to_seconds(at)}, {what}")
    return 0


def _parse_days(text: str) -> int:
    found = re.fullmatch(r"([0-9]{1,4})d", text, re.ASCII)
    if found is None:
        raise InputError(f"within: expected days such as 30d, got {text!r}", code="within")
    return int(found[1])
