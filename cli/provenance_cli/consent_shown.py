"""`provenance consent show` and `list`: what a studio holds, and what it amounts to now."""

from pathlib import Path

import click

from provenance.canonical import Json
from provenance.clock import to_seconds
from provenance.consent.codes import parse_code
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, authorised
from provenance.errors import VaultError
from provenance.studio.consents import ConsentDesk, Recorded
from provenance.studio.studio import Studio
from provenance_cli._consent_csv import print_csv
from provenance_cli._options import json_option, opened, parsed, passphrase_option, studio_option, unlock_quietly
from provenance_cli._output import count, note, print_json, safe, say, table

SHOWN_SCHEMA = "urn:headshot-provenance:schema:consent-shown:1"
SUMMARY_SCHEMA = "urn:headshot-provenance:schema:consent-summary:1"


@click.command("show")
@click.argument("code")
@json_option
@studio_option
@passphrase_option
def show(code: str, *, as_json: bool, studio_path: Path | None, passphrase_file: Path | None) -> int:
    """Show what a consent allows, and what became of it."""
    with opened(studio_path) as studio:
        keys = unlock_quietly(studio, passphrase_file)
        desk = ConsentDesk(studio, keys)
        recorded = desk.find(parsed(parse_code, code))
        stamps = studio.database.count_stamps(recorded.record.record_id)
        at = studio.clock.now()
        answers = [
            (g, authorised(recorded.record, recorded.history, scope=g.scope, at=at)) for g in recorded.record.grants
        ]
        name = _name(desk, recorded) if keys is not None else None
        details = _details(desk, recorded) if keys is not None else []
        erasure = desk.erasure(recorded)
        time = desk.time_of(recorded)
    if as_json:
        decisions: list[Json] = [
            {"grant": g.to_json(), "now": {"code": answer.code.value, "reason": answer.reason}} for g, answer in answers
        ]
        events: list[Json] = [
            event_document(event.type, to_seconds(event.at), event.scopes) for event in recorded.history
        ]
        print_json(
            {
                "schema": SHOWN_SCHEMA,
                "code": recorded.code,
                "created_at": to_seconds(recorded.record.created_at),
                "assurance": recorded.record.assurance,
                "decisions": decisions,
                "events": events,
                "stamps": stamps,
                "erased": None if erasure is None else {"at": to_seconds(erasure.at), "full": erasure.full},
                "timestamp": None if time is None else time.to_json(),
            }
        )
        return 0
    say(f"Consent {recorded.code}")
    if erasure is not None:
        name = f"erased on {to_seconds(erasure.at)}" + (", with all that was sealed" if erasure.full else "")
    say(f"  person     {safe(name) if name else 'sealed; give the passphrase to see it'}")
    say(f"  signed     {to_seconds(recorded.record.created_at)} (assurance: {recorded.record.assurance})")
    if time is not None:
        say(f"  time       {safe(time.describe())}")
    payment = _payment(recorded)
    if payment != "not-recorded":
        say(f"  payment    {payment}")
    say(f"  pictures   {count(stamps, 'stamp')}")
    if details:
        say("Sealed")
        table([(f"  {what}", text) for what, text in details])
    say("Decisions")
    table([("  " + g.scope.value, "denied" if g.decision == "deny" else a.code.value, a.reason) for g, a in answers])
    say("Events")
    for event in recorded.history:
        what = "all of it" if event.scopes is None else ", ".join(event.scopes)
        say(f"  {to_seconds(event.at)}  {event.type}  {what}")
    return 0


@click.command("list")
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print a table for spreadsheets, with every decision.")
@studio_option
@passphrase_option
def list_consents(*, as_json: bool, as_csv: bool, studio_path: Path | None, passphrase_file: Path | None) -> int:
    """List the consents of this studio, the newest first."""
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other")
    with opened(studio_path) as studio:
        keys = unlock_quietly(studio, passphrase_file)
        desk = ConsentDesk(studio, keys)
        if as_csv:
            consents = (
                (item, _name(desk, item) if keys is not None else "", _state(studio, item)) for item in desk.all()
            )
            print_csv(consents, at=studio.clock.now())
            return 0
        rows = []
        for recorded in desk.all():
            stamps = studio.database.count_stamps(recorded.record.record_id)
            state = _state(studio, recorded)
            erasure = desk.erasure(recorded)
            if as_json:
                print_json(
                    {
                        "schema": SUMMARY_SCHEMA,
                        "code": recorded.code,
                        "created_at": to_seconds(recorded.record.created_at),
                        "state": state,
                        "stamps": stamps,
                        "erased": None if erasure is None else to_seconds(erasure.at),
                    }
                )
            name = _name(desk, recorded) if keys is not None or erasure is not None else "sealed"
            created = str(recorded.record.created_at.date())
            rows.append((recorded.code, created, state, count(stamps, "stamp"), name))
    if as_json:
        return 0
    if rows:
        table(rows)
    else:
        note("No consents yet. Record one with provenance consent new.")
    return 0


def _payment(recorded: Recorded) -> str:
    compensation = recorded.record.body["compensation"]
    return str(compensation["kind"]) if isinstance(compensation, dict) else ""


def _details(desk: ConsentDesk, recorded: Recorded) -> list[tuple[str, str]]:
    """Return what else the vault holds of a person, but for what they signed with."""
    try:
        found = desk.disclosures(recorded)
    except VaultError:
        return []
    left_out = ("legal_name", "signature", "scan_sha256")
    return [(name.replace("_", " "), text) for name, text in found.items() if name not in left_out]


def _name(desk: ConsentDesk, recorded: Recorded) -> str:
    try:
        return desk.disclosures(recorded).get("legal_name", "erased")
    except VaultError:
        return "erased"


def _state(studio: Studio, recorded: Recorded) -> str:
    """Return one word for the whole consent: the best that any of its permitted scopes still is."""
    at = studio.clock.now()
    answers = {
        authorised(recorded.record, recorded.history, scope=grant.scope, at=at).code
        for grant in recorded.record.grants
        if grant.decision == "permit"
    }
    order = (ConsentCode.IN_FORCE, ConsentCode.LIMITED, ConsentCode.EXPIRED, ConsentCode.WITHDRAWN)
    return next((code.value for code in order if code in answers), "refused")


def event_document(event_type: str, at: str, scopes: tuple[Scope, ...] | None) -> Json:
    """Return an event as it stands in documents."""
    return {"type": event_type, "at": at, "scopes": None if scopes is None else [scope.value for scope in scopes]}
