"""`provenance consent`: new, show, list, receipt, withdraw."""

import sys
from pathlib import Path

import click

from provenance import durable
from provenance.canonical import Json
from provenance.clock import to_seconds
from provenance.consent import notice
from provenance.consent.codes import parse_code, secret_digest
from provenance.consent.grants import decide, parse_day, parse_scope, parse_territory
from provenance.consent.receipts import describe
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, authorised
from provenance.errors import InputError, RefusedError, VaultError
from provenance.studio.consents import MAX_INK_BYTES, ConsentDesk, Recorded, Subject
from provenance.studio.studio import RECEIPTS_FOLDER, Studio
from provenance_cli._options import (
    json_option,
    opened,
    parsed,
    passphrase_option,
    studio_option,
    unlock_quietly,
    unlocked,
)
from provenance_cli._output import count, note, print_json, safe, say, table

CREATED_SCHEMA = "urn:headshot-provenance:schema:consent-created:1"
SHOWN_SCHEMA = "urn:headshot-provenance:schema:consent-shown:1"
SUMMARY_SCHEMA = "urn:headshot-provenance:schema:consent-summary:1"
WITHDRAWN_SCHEMA = "urn:headshot-provenance:schema:consent-withdrawn:1"

_SCOPES_HELP = "Scopes: " + ", ".join(Scope)


@click.group("consent")
def command() -> None:
    """Record, show and withdraw consents."""


@command.command("new", epilog=_SCOPES_HELP)
@click.option("--subject", required=True, metavar="NAME", help="Full name of the person, in any script.")
@click.option("--permit", multiple=True, metavar="SCOPE", help="A use that they permit; may be repeated.")
@click.option("--deny", multiple=True, metavar="SCOPE", help="A use that they refuse; may be repeated.")
@click.option("--until", metavar="DATE", help="The last day of what they permit, such as 2027-12-31.")
@click.option("--territory", multiple=True, metavar="CC", help="A country that they permit; may be repeated.")
@click.option("--use", metavar="TEXT", help="What AI will make of them; needed for ai.generate.")
@click.option(
    "--ink",
    type=click.Path(path_type=Path, dir_okay=False, readable=False),
    metavar="FILE",
    help="Their drawn signature, SVG or PNG.",
)
@click.option("--typed", is_flag=True, help="They typed their name as signature.")
@click.option("--email", metavar="ADDRESS", help="Where to reach them.")
@click.option("--witness", metavar="NAME", help="Who saw them sign.")
@click.option(
    "--receipt", "receipt_path", type=click.Path(path_type=Path, readable=False), help="Where to write the receipt."
)
@json_option
@studio_option
@passphrase_option
def new(
    *,
    subject: str,
    permit: tuple[str, ...],
    deny: tuple[str, ...],
    until: str | None,
    territory: tuple[str, ...],
    use: str | None,
    ink: Path | None,
    typed: bool,
    email: str | None,
    witness: str | None,
    receipt_path: Path | None,
    as_json: bool,
    studio_path: Path | None,
    passphrase_file: Path | None,
) -> int:
    """Record a person's signed consent.

    Whoever records it states that the person was shown the text of `provenance consent notice` before they decided.
    What they do not permit stays forbidden; every ai.* scope that they do not permit is recorded as denied.
    """
    if (ink is None) == (not typed):
        raise click.UsageError("say how they signed: either --ink FILE or --typed")
    with unlocked(studio_path, passphrase_file) as keys:
        studio = keys.studio
        grants = decide(
            permit=[parsed(parse_scope, text) for text in permit],
            deny=[parsed(parse_scope, text) for text in deny],
            since=studio.clock.now().date(),
            until=None if until is None else parsed(parse_day, until),
            territory=[parsed(parse_territory, text) for text in territory],
            use=use,
        )
        drawn = None if ink is None else durable.read(ink, max_bytes=MAX_INK_BYTES)
        desk = ConsentDesk(studio, keys)
        if receipt_path is not None:
            _check_place(receipt_path)
        recorded = desk.record(Subject(subject, email, witness, drawn), grants)
        receipt = desk.receipt(recorded)
        place = receipt_path or _receipt_place(studio, recorded)
        _write_receipt(place, receipt.to_bytes(), code=recorded.code)
    if as_json:
        print_json(
            {
                "schema": CREATED_SCHEMA,
                "code": recorded.code,
                "receipt": str(place),
                "secret": receipt.secret,
                "assurance": recorded.record.assurance,
                "entry": recorded.row.entry_index,
            }
        )
        return 0
    say(f"Consent {recorded.code} recorded and signed (assurance: {recorded.record.assurance})")
    for line in describe(recorded.record.grants):
        say(f"  {safe(line)}")
    say(f"Receipt: {safe(str(place))}")
    say(f"Withdrawal secret: {receipt.secret}")
    note("Give the receipt and the secret to the person: whoever has the secret can withdraw.")
    return 0


@command.command("show")
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
    if as_json:
        decisions: list[Json] = [
            {"grant": g.to_json(), "now": {"code": answer.code.value, "reason": answer.reason}} for g, answer in answers
        ]
        events: list[Json] = [_event(event.type, to_seconds(event.at), event.scopes) for event in recorded.history]
        print_json(
            {
                "schema": SHOWN_SCHEMA,
                "code": recorded.code,
                "created_at": to_seconds(recorded.record.created_at),
                "assurance": recorded.record.assurance,
                "decisions": decisions,
                "events": events,
                "stamps": stamps,
            }
        )
        return 0
    say(f"Consent {recorded.code}")
    say(f"  person     {safe(name) if name else 'sealed; give the passphrase to see it'}")
    say(f"  signed     {to_seconds(recorded.record.created_at)} (assurance: {recorded.record.assurance})")
    say(f"  pictures   {count(stamps, 'stamp')}")
    say("Decisions")
    table([("  " + g.scope.value, "denied" if g.decision == "deny" else a.code.value, a.reason) for g, a in answers])
    say("Events")
    for event in recorded.history:
        what = "all of it" if event.scopes is None else ", ".join(event.scopes)
        say(f"  {to_seconds(event.at)}  {event.type}  {what}")
    return 0


@command.command("list")
@json_option
@studio_option
@passphrase_option
def list_consents(*, as_json: bool, studio_path: Path | None, passphrase_file: Path | None) -> int:
    """List the consents of this studio, the newest first."""
    with opened(studio_path) as studio:
        keys = unlock_quietly(studio, passphrase_file)
        desk = ConsentDesk(studio, keys)
        rows = []
        for recorded in desk.all():
            stamps = studio.database.count_stamps(recorded.record.record_id)
            state = _state(studio, recorded)
            if as_json:
                print_json(
                    {
                        "schema": SUMMARY_SCHEMA,
                        "code": recorded.code,
                        "created_at": to_seconds(recorded.record.created_at),
                        "state": state,
                        "stamps": stamps,
                    }
                )
            name = _name(desk, recorded) if keys is not None else "sealed"
            created = str(recorded.record.created_at.date())
            rows.append((recorded.code, created, state, count(stamps, "stamp"), name))
    if as_json:
        return 0
    if rows:
        table(rows)
    else:
        note("No consents yet. Record one with provenance consent new.")
    return 0


@command.command("receipt")
@click.argument("code")
@click.option("-o", "--output", type=click.Path(path_type=Path, readable=False), help="Where to write it.")
@studio_option
@passphrase_option
def receipt(code: str, *, output: Path | None, studio_path: Path | None, passphrase_file: Path | None) -> int:
    """Write a person's receipt again."""
    with unlocked(studio_path, passphrase_file) as keys:
        desk = ConsentDesk(keys.studio, keys)
        recorded = desk.find(parsed(parse_code, code))
        place = output or _receipt_place(keys.studio, recorded)
        _write_receipt(place, desk.receipt(recorded).to_bytes(), code=recorded.code, again=True)
    say(f"Receipt: {safe(str(place))}")
    return 0


@command.command("withdraw")
@click.argument("code", required=False)
@click.option("--secret", help="The secret on the receipt; then no code is needed. With -, it is read from stdin.")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="Only this use; may be repeated.")
@json_option
@studio_option
@passphrase_option
def withdraw(
    code: str | None,
    *,
    secret: str | None,
    scopes: tuple[str, ...],
    as_json: bool,
    studio_path: Path | None,
    passphrase_file: Path | None,
) -> int:
    """Withdraw a consent, whole or in part, from now on.

    Name the consent by its CODE, or by the secret on the person's receipt.
    """
    if (code is None) == (secret is None):
        raise click.UsageError("name the consent: either its CODE or --secret SECRET")
    if secret == "-":  # noqa: S105 where to read it
        secret = sys.stdin.readline()
    if secret is not None:
        parsed(secret_digest, secret)
    with unlocked(studio_path, passphrase_file) as keys:
        desk = ConsentDesk(keys.studio, keys)
        recorded = desk.find_by_secret(secret) if secret is not None else desk.find(parsed(parse_code, str(code)))
        event = desk.withdraw(
            recorded,
            scopes=[parsed(parse_scope, text) for text in scopes] or None,
            proof="receipt-secret" if secret is not None else "studio",
        )
        stamps = keys.studio.database.count_stamps(recorded.record.record_id)
    if as_json:
        print_json(
            {
                "schema": WITHDRAWN_SCHEMA,
                "code": recorded.code,
                "event": _event(event.type, to_seconds(event.at), event.scopes),
                "stamps": stamps,
            }
        )
        return 0
    what = "all of it" if event.scopes is None else ", ".join(event.scopes)
    say(f"Consent {recorded.code} withdrawn on {to_seconds(event.at)}: {what}")
    say(f"It reaches {count(stamps, 'stamped picture')}; whoever asks this studio about one learns of it.")
    return 0


@command.command("notice")
@studio_option
def show_notice(*, studio_path: Path | None) -> int:
    """Print the text that a person reads before they decide."""
    with opened(studio_path) as studio:
        say(notice.render(studio.settings.name))
    say(notice.INTENT)
    return 0


def _receipt_place(studio: Studio, recorded: Recorded) -> Path:
    return studio.path / RECEIPTS_FOLDER / f"{recorded.code}.json"


def _check_place(place: Path) -> None:
    """Refuse a place where no receipt can be written, before anything is recorded."""
    if place.exists():
        raise RefusedError(f"{place.name}: there is a file of this name already", code="receipt-exists")
    if not place.parent.is_dir():
        raise InputError(f"{place.parent}: no such folder", code="receipt-folder", hint="make the folder first")


def _write_receipt(place: Path, data: bytes, *, code: str, again: bool = False) -> None:
    write = durable.replace if again else durable.create
    try:
        write(place, data, mode=durable.PRIVATE)
    except OSError as error:
        # The consent stands; only its receipt is missing, and can be written again.
        raise InputError(
            f"receipt: cannot be written to {place.name}: {(error.strerror or '').lower()}",
            code="receipt-unwritable",
            hint=f"the consent is recorded; write its receipt with provenance consent receipt {code} -o FILE",
        ) from error


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


def _event(event_type: str, at: str, scopes: tuple[Scope, ...] | None) -> Json:
    return {"type": event_type, "at": at, "scopes": None if scopes is None else [scope.value for scope in scopes]}
