"""`provenance consent`: new, countersign, show, list, receipt, withdraw, notice; the rest lies in its own files."""

import sys
from pathlib import Path
from typing import Any

import click

from provenance import durable
from provenance.canonical import Json
from provenance.clock import to_seconds
from provenance.consent import notice
from provenance.consent.codes import parse_code, secret_digest
from provenance.consent.grants import parse_scope
from provenance.consent.receipts import describe
from provenance.consent.requests import MAX_REQUEST_BYTES
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, authorised
from provenance.errors import InputError, RefusedError, VaultError
from provenance.studio.consents import ConsentDesk, Recorded
from provenance.studio.studio import RECEIPTS_FOLDER, Studio
from provenance_cli._consent_csv import print_csv
from provenance_cli._consent_templates import asking, template_options, templates
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
from provenance_cli.consent_decisions import SCOPES_HELP, decision_options, read_decisions
from provenance_cli.consent_elsewhere import request, sign
from provenance_cli.consent_export import export
from provenance_cli.consent_life import check, event_command, expiring, renew
from provenance_cli.consent_paper import form, is_pdf, write_paper
from provenance_cli.consent_timestamp import timestamp

CREATED_SCHEMA = "urn:headshot-provenance:schema:consent-created:1"
SHOWN_SCHEMA = "urn:headshot-provenance:schema:consent-shown:1"
SUMMARY_SCHEMA = "urn:headshot-provenance:schema:consent-summary:1"
WITHDRAWN_SCHEMA = "urn:headshot-provenance:schema:consent-withdrawn:1"


@click.group("consent")
def command() -> None:
    """Record, show and withdraw consents."""


for _command in (request, sign, check, expiring, renew, event_command, templates, timestamp, export, form):
    command.add_command(_command)


@command.command("new", epilog=SCOPES_HELP)
@template_options
@decision_options(signed_here=True)
@click.option(
    "--receipt", "receipt_path", type=click.Path(path_type=Path, readable=False), help="Where to write the receipt."
)
@json_option
@studio_option
@passphrase_option
def new(
    *,
    receipt_path: Path | None,
    as_json: bool,
    studio_path: Path | None,
    passphrase_file: Path | None,
    **given: Any,  # noqa: ANN401 the options that are shared
) -> int:
    """Record a person's signed consent.

    Whoever records it states that the person was shown the text before they decided: that of the template, which is
    printed, or else that of `provenance consent notice`.
    What they do not permit stays forbidden; every ai.* scope that they do not permit is recorded as denied.
    """
    if [given["ink"] is not None, given["typed"], given["scan"] is not None].count(True) != 1:
        raise click.UsageError("say how they signed: either --ink FILE, --typed or --scan FILE")
    with unlocked(studio_path, passphrase_file) as keys:
        desk = ConsentDesk(keys.studio, keys)
        asked = asking(given, keys.studio)
        decisions = read_decisions(asked.given, today=keys.studio.clock.now().date())
        older = None if decisions.supersedes is None else desk.find(parsed(parse_code, decisions.supersedes))
        if receipt_path is not None:
            _check_place(receipt_path)
        asked.show()
        recorded = desk.record(
            decisions.subject,
            decisions.grants,
            terms=asked.complete(decisions.terms),
            supersedes=older,
            notice=asked.notice,
        )
        place, secret = _write_first_receipt(desk, recorded, keys.studio, receipt_path)
    return _created(recorded, place, secret, as_json=as_json)


@command.command("countersign", short_help="Complete what was signed elsewhere.")
@click.argument("path", metavar="SIGNED", type=click.Path(path_type=Path, dir_okay=False, readable=False))
@click.option(
    "--receipt", "receipt_path", type=click.Path(path_type=Path, readable=False), help="Where to write the receipt."
)
@json_option
@studio_option
@passphrase_option
def countersign(
    path: Path,
    *,
    receipt_path: Path | None,
    as_json: bool,
    studio_path: Path | None,
    passphrase_file: Path | None,
) -> int:
    """Complete a request that a person signed elsewhere: sign it too, log it, and write their receipt."""
    with unlocked(studio_path, passphrase_file) as keys:
        desk = ConsentDesk(keys.studio, keys)
        if receipt_path is not None:
            _check_place(receipt_path)
        recorded = desk.countersign(durable.read(path, max_bytes=MAX_REQUEST_BYTES))
        place, secret = _write_first_receipt(desk, recorded, keys.studio, receipt_path)
    return _created(recorded, place, secret, as_json=as_json)


def _write_first_receipt(
    desk: ConsentDesk, recorded: Recorded, studio: Studio, receipt_path: Path | None
) -> tuple[Path, str]:
    receipt = desk.receipt(recorded)
    place = receipt_path or _receipt_place(studio, recorded)
    _write_receipt(place, receipt.to_bytes(), code=recorded.code)
    return place, receipt.secret


def _created(recorded: Recorded, place: Path, secret: str, *, as_json: bool) -> int:
    if as_json:
        print_json(
            {
                "schema": CREATED_SCHEMA,
                "code": recorded.code,
                "receipt": str(place),
                "secret": secret,
                "assurance": recorded.record.assurance,
                "entry": recorded.row.entry_index,
            }
        )
        return 0
    say(f"Consent {recorded.code} recorded and signed (assurance: {recorded.record.assurance})")
    for line in describe(recorded.record.grants):
        say(f"  {safe(line)}")
    say(f"Receipt: {safe(str(place))}")
    say(f"Withdrawal secret: {secret}")
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
        details = _details(desk, recorded) if keys is not None else []
        erasure = desk.erasure(recorded)
        time = desk.time_of(recorded)
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


@command.command("list")
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


@command.command("receipt", short_help="Write a person's receipt again.")
@click.argument("code")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, readable=False), help="Where to write it; .pdf prints it."
)
@studio_option
@passphrase_option
def receipt(code: str, *, output: Path | None, studio_path: Path | None, passphrase_file: Path | None) -> int:
    """Write a person's receipt again, as the file itself or, on paper, as a new PDF file with it inside."""
    if output is not None and is_pdf(output):
        where = (studio_path, passphrase_file)
        write_paper(code, output, lambda papers, recorded: papers.receipt(recorded), what="Receipt", where=where)
        return 0
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
        after = desk.find(recorded.code)
        reached = desk.recall(after)
        new_events = after.history[len(recorded.history) :]
        places = [
            _write_withdrawal_receipt(keys.studio, desk, after, number)
            for number in range(len(recorded.history), len(after.history))
        ]
    stamps = len(reached.stamps)
    if as_json:
        events: list[Json] = [_event(item.type, to_seconds(item.at), item.scopes) for item in new_events]
        recall: list[Json] = [{"entry": stamp.entry_index, "as": stamp.declaration} for stamp in reached.stamps]
        print_json(
            {
                "schema": WITHDRAWN_SCHEMA,
                "code": recorded.code,
                "event": _event(event.type, to_seconds(event.at), event.scopes),
                "events": events,
                "stamps": stamps,
                "recall": {"stamps": recall, "recipients": list(reached.recipients), "erased": reached.erased},
                "receipts": [str(place) for place in places],
            }
        )
        return 0
    for item in new_events:
        what = "all of it" if item.scopes is None else ", ".join(item.scopes)
        done = "withdrawn" if item.type == "withdrawn" else "asked to be withdrawn (still irrevocable)"
        say(f"Consent {recorded.code} {done} on {to_seconds(item.at)}: {what}")
    say(f"It reaches {count(stamps, 'stamped picture')}; whoever asks this studio about one learns of it.")
    for name in reached.recipients:
        say(f"Tell: {safe(name)}")
    if reached.erased:
        say(f"Erased: {count(reached.erased, 'name of a recipient', 'names of recipients')}; find out otherwise whom.")
    for place in places:
        say(f"Receipt: {safe(str(place))}")
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


def _write_withdrawal_receipt(studio: Studio, desk: ConsentDesk, recorded: Recorded, number: int) -> Path:
    place = studio.path / RECEIPTS_FOLDER / f"{recorded.code}-withdrawal-{number}.json"
    data = desk.withdrawal_receipt(recorded, recorded.history[number]).to_bytes()
    _write_receipt(place, data, code=recorded.code, again=True)
    return place


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


def _event(event_type: str, at: str, scopes: tuple[Scope, ...] | None) -> Json:
    return {"type": event_type, "at": at, "scopes": None if scopes is None else [scope.value for scope in scopes]}
