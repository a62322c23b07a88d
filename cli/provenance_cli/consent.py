"""`provenance consent`: new, countersign, receipt, withdraw, notice; the rest lies in its own files."""

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
from provenance.errors import InputError, RefusedError
from provenance.studio.consents import ConsentDesk, Recorded
from provenance.studio.studio import RECEIPTS_FOLDER, Studio
from provenance_cli._consent_templates import asking, template_options, templates
from provenance_cli._options import (
    json_option,
    opened,
    parsed,
    passphrase_option,
    studio_option,
    unlocked,
)
from provenance_cli._output import count, note, print_json, safe, say
from provenance_cli.consent_card import card
from provenance_cli.consent_decisions import SCOPES_HELP, decision_options, read_decisions
from provenance_cli.consent_elsewhere import request, sign
from provenance_cli.consent_export import export
from provenance_cli.consent_life import check, event_command, expiring, renew
from provenance_cli.consent_paper import form, is_pdf, write_paper
from provenance_cli.consent_shown import event_document, list_consents, show
from provenance_cli.consent_status import publish_status
from provenance_cli.consent_timestamp import timestamp

CREATED_SCHEMA = "urn:headshot-provenance:schema:consent-created:1"
WITHDRAWN_SCHEMA = "urn:headshot-provenance:schema:consent-withdrawn:1"


@click.group("consent")
def command() -> None:
    """Record, show and withdraw consents."""


for _command in (
    request,
    sign,
    check,
    expiring,
    renew,
    event_command,
    templates,
    timestamp,
    export,
    form,
    show,
    list_consents,
    publish_status,
    card,
):
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
        events: list[Json] = [event_document(item.type, to_seconds(item.at), item.scopes) for item in new_events]
        recall: list[Json] = [{"entry": stamp.entry_index, "as": stamp.declaration} for stamp in reached.stamps]
        print_json(
            {
                "schema": WITHDRAWN_SCHEMA,
                "code": recorded.code,
                "event": event_document(event.type, to_seconds(event.at), event.scopes),
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
