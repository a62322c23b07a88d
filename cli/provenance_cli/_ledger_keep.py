"""Commands of `provenance ledger` by which others vouch for the log, and its keys are exchanged."""

from pathlib import Path

import click

from provenance.clock import to_seconds
from provenance.errors import LedgerError, RefusedError, VerificationError
from provenance.note import NoteKey
from provenance.studio.logbook import KeyedLogbook, Logbook, read_roots
from provenance_cli._options import WrongValueError, opened, parsed, passphrase_option, studio_option, unlocked
from provenance_cli._output import count, note, print_error, safe, say
from provenance_cli.trust import log_key_text


@click.command("cosign", short_help="Have the newest checkpoint witnessed.")
@studio_option
def cosign(*, studio_path: Path | None) -> int:
    """Ask the studio's witnesses to cosign the newest checkpoint, and keep their signatures.

    Who they are stands in ledger/policy, in the form of c2sp.org/tlog-policy. Where fewer cosigned than that file asks
    for, the exit code is 3: run the command again. A witness that holds what this ledger does not contain stops it
    from signing.
    """
    with opened(studio_path) as studio:
        book = Logbook(studio)
        answers = book.cosign()
        for answer in answers:
            if answer.error is None:
                say(f"Cosigned by {safe(answer.witness.name)}")
            else:
                print_error(f"witness {answer.witness.name}: {answer.error}", hint=answer.error.hint)
        try:
            accepted = book.judge_newest()
        except VerificationError as error:
            print_error(str(error), hint="run the same command again when these witnesses can be reached")
            return 3
    cosignatures = count(len(accepted.witnesses), "cosignature")
    say(f"The checkpoint of {_entries(accepted.checkpoint.size)} carries {cosignatures}, as ledger/policy asks.")
    return 0


@click.command("anchor", short_help="Have the newest checkpoint dated.")
@click.option("--tsa", metavar="URL", help="The time-stamp authority; without it, the one in provenance.toml.")
@click.option(
    "--roots",
    "roots_path",
    type=click.Path(path_type=Path, readable=False),
    metavar="PEM",
    help="Certificates to verify its time-stamps with; without them, a time is kept as what it claims.",
)
@passphrase_option
@studio_option
def anchor(*, tsa: str | None, roots_path: Path | None, passphrase_file: Path | None, studio_path: Path | None) -> int:
    """Have an RFC 3161 authority date the newest checkpoint, and log that it did.

    A checkpoint whose authority cannot be reached waits, and the exit code is 3; the next call completes it. A daily
    call is enough: each checkpoint covers everything before it.
    """
    # Here and not at the top: the other commands need no network.
    from provenance.fetch import check_url

    if tsa is not None:
        parsed(check_url, tsa)
    with unlocked(studio_path, passphrase_file) as keys:
        settings = keys.studio.settings
        address = tsa or settings.tsa
        if address is None:
            raise WrongValueError(
                "expected the address of a time-stamp authority",
                hint='add --tsa URL, or tsa = "URL" under [timestamps] in provenance.toml',
            )
        path = roots_path or (keys.studio.path / settings.tsa_roots if settings.tsa_roots else None)
        report = KeyedLogbook(keys).anchor(tsa=address, roots=[] if path is None else read_roots(path))
    for done in report.done:
        if done.is_proven:
            say(f"The checkpoint of {_entries(done.size)} is dated {to_seconds(done.at)} by {safe(done.authority)}")
        else:
            who = f"as somebody who calls itself {safe(done.authority)} claims"
            say(f"The checkpoint of {_entries(done.size)} is dated {to_seconds(done.at)}, {who}")
    if not all(done.is_proven for done in report.done):
        note("Who dated it was not checked: name the authority's certificates with --roots PEM.")
    for waiting in report.pending:
        hint = waiting.reason.hint or "run the same command again later: what waits is not lost"
        print_error(f"the checkpoint of {_entries(waiting.size)} waits to be dated: {waiting.reason}", hint=hint)
    return 3 if report.pending else 0


@click.group("key")
def key() -> None:
    """List, add and retire the keys of the log."""


@key.command("list")
@studio_option
def list_keys(*, studio_path: Path | None) -> int:
    """List the keys of the log, each with the sizes of the ledger that it signs; one without `until` is in use.

    A line, or what it says before its first blank, is what `--key` of other commands takes.
    """
    with opened(studio_path) as studio:
        for known in studio.ledger.log_keys():
            say(safe(log_key_text(known)))
    return 0


@key.command("add", short_help="Make a successor.")
@passphrase_option
@studio_option
def add_key(*, passphrase_file: Path | None, studio_path: Path | None) -> int:
    """Make a further key, which signs beside those in use from now on.

    The log announces it, signed by the old key and the new one. Hand the new key out (`provenance trust export`), and
    retire the old one when everybody had time to take it.
    """
    with unlocked(studio_path, passphrase_file) as keys:
        say(safe(keys.add_log_key().to_text()))
    note("Both keys sign now. Hand the new one out with `provenance trust export`; then retire the old one.")
    return 0


@key.command("retire", short_help="Let a key stop.")
@click.argument("vkey", metavar="VKEY")
@passphrase_option
@studio_option
def retire_key(vkey: str, *, passphrase_file: Path | None, studio_path: Path | None) -> int:
    """Let a key stop: what it signed stays valid, and what it signs from now on is not believed.

    Hand the trust file out again afterwards (`provenance trust export`): it says until where the key is to be believed.
    """
    found = parsed(NoteKey.from_text, vkey)
    with unlocked(studio_path, passphrase_file) as keys:
        try:
            keys.retire_log_key(found)
        except LedgerError as error:
            if error.code == "log-key-unknown":
                raise WrongValueError(str(error), hint=error.hint) from error
            if error.code == "log-key-last":
                raise RefusedError(str(error), code=error.code, hint=error.hint) from error
            raise
        retired = next(known for known in keys.studio.ledger.log_keys() if known.key == found)
        file = keys.log_key_file(found)
    say(f"Retired: {safe(log_key_text(retired))}")
    note(f"What it signed stays valid. Hand the trust file out again, and destroy {file} and its copies.")
    return 0


def _entries(number: int) -> str:
    return count(number, "entry", "entries")
