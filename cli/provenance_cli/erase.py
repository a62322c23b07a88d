"""`provenance erase`."""

from pathlib import Path

import click

from provenance.canonical import Json
from provenance.clock import to_seconds
from provenance.consent.codes import parse_code
from provenance.studio.erasing import Destroyed, ErasureDesk, ErasureReport, Proof
from provenance_cli._options import json_option, parsed, passphrase_option, studio_option, unlocked
from provenance_cli._output import count, note, print_error, print_json, safe, say

SCHEMA = "urn:headshot-provenance:schema:consent-erased:1"

DONE, UNFINISHED = 0, 3

_KEPT = (
    "Kept: the signed record and its events, which do not name the person; record key, withdrawal secret and proofs."
)
_KEPT_OF_ALL = "Kept: the signed record and its events, which do not name the person."
_SERVER = (
    "The server wrote its tables anew. Its archived logs, its replicas and its backups are yours to let expire: "
    "until then they hold what was erased."
)
_AGAIN = "Written anew again; nobody knows any more what was destroyed, so that it cannot be looked for."


@click.command("erase")
@click.argument("code")
@click.option("--full", is_flag=True, help="Its keys, secrets and receipts here, too; then nothing of it opens again.")
@click.option("--dry-run", is_flag=True, help="Say what would be destroyed, and change nothing.")
@json_option
@studio_option
@passphrase_option
def command(
    code: str, *, full: bool, dry_run: bool, as_json: bool, studio_path: Path | None, passphrase_file: Path | None
) -> int:
    """Destroy the personal data of one consent, and prove it; there is no way back.

    The erasure is signed and logged. Signatures, proofs and stamped pictures still verify. Exits with 3 where old bytes
    may be left somewhere; running it again goes on.
    """
    with unlocked(studio_path, passphrase_file) as keys:
        desk = ErasureDesk(keys.studio, keys)
        recorded = desk.find(parsed(parse_code, code))
        report = desk.preview(recorded, full=full) if dry_run else desk.erase(recorded, full=full)
    if as_json:
        print_json(_document(recorded.code, report))
    else:
        _tell(recorded.code, report)
    return DONE if report.proof is None else _judge(report.proof)


def _tell(code: str, report: ErasureReport) -> None:
    erased_at = "" if report.erasure is None else to_seconds(report.erasure.at)
    listed = _listed(report.destroyed)
    if report.outcome == "would-erase":
        say(f"Consent {code}: would destroy")
    elif report.outcome == "already-erased":
        say(f"Consent {code}: erased already, on {erased_at}")
    else:
        say(f"Consent {code}: erased on {erased_at}")
    for line in listed:
        say(f"  {safe(line)}")
    if report.outcome == "would-erase":
        note("Nothing was changed.")
        return
    say(_KEPT_OF_ALL if report.erasure is not None and report.erasure.full else _KEPT)
    if report.entries is not None:
        say(f"Logged as entries {report.entries[0]} and {report.entries[1]} of the ledger.")
    proof = report.proof
    if proof is None or not proof.complete:
        return
    if proof.searched is not None:
        left = f"{count(len(proof.searched.found), 'piece')} left." if proof.searched.found else "nothing is left."
        say(f"Searched {proof.searched.size:,} bytes of the database for what was destroyed: {left}")
    else:
        note(_SERVER if proof.sought else _AGAIN)
    if proof.left_out:
        note(f"Not looked for as text, too short or said in public anyway: {safe(', '.join(proof.left_out))}")


def _judge(proof: Proof) -> int:
    """Say what is left, and return the exit code."""
    if not proof.complete:
        print_error(
            "database: the data are deleted, but old bytes of them may lie in its files until whoever uses it ends",
            hint="end the other programs that use this studio, see that the disk has room, run the same command again",
        )
    elif proof.searched is not None and proof.searched.found:
        print_error(
            f"database: {count(len(proof.searched.found), 'piece')} of what was destroyed still found in its files",
            hint="please report it; running the same command again writes the database anew once more",
        )
    for name in proof.copies:
        print_error(
            f"{name}: an older copy of the database, which still holds what was erased, or cannot be read",
            hint=f"no copy is ever deleted for you: once you need it no more, delete {name}",
        )
    return DONE if proof.clean else UNFINISHED


def _listed(destroyed: Destroyed) -> list[str]:
    """Return one line for each kind of what goes."""
    found = []
    if destroyed.disclosures:
        found.append("the person's data" + (f": {', '.join(destroyed.fields)}" if destroyed.fields else ""))
    if destroyed.scan:
        found.append("the scanned form")
    if destroyed.recipients:
        found.append(count(destroyed.recipients, "name of a recipient", "names of recipients"))
    if destroyed.notes:
        found.append(f"{count(destroyed.notes, 'note')} on stamped pictures")
    if destroyed.fingerprints:
        found.append(f"{count(destroyed.fingerprints, 'fingerprint')} of pictures that show the person")
    if destroyed.manifests:
        found.append(f"{count(destroyed.manifests, 'credential')} kept of such pictures")
    if destroyed.secrets:
        found.append(count(destroyed.secrets, "key or secret", "keys and secrets"))
    if destroyed.data_key:
        found.append("the data key that sealed all of it")
    found += [f"receipts/{name}" for name in destroyed.receipts]
    return found


def _document(code: str, report: ErasureReport) -> Json:
    destroyed, proof = report.destroyed, report.proof
    searched = None if proof is None else proof.searched
    entries = None if report.entries is None else {"event": report.entries[0], "erasure": report.entries[1]}
    return {
        "schema": SCHEMA,
        "code": code,
        "outcome": report.outcome,
        "full": report.full,
        "at": None if report.erasure is None else to_seconds(report.erasure.at),
        "destroyed": {
            "disclosures": destroyed.disclosures,
            "fields": list(destroyed.fields),
            "scan": destroyed.scan,
            "recipients": destroyed.recipients,
            "notes": destroyed.notes,
            "fingerprints": destroyed.fingerprints,
            "manifests": destroyed.manifests,
            "secrets": destroyed.secrets,
            "data_key": destroyed.data_key,
            "receipts": list(destroyed.receipts),
        },
        "entries": entries,
        "proof": None
        if proof is None
        else {
            "clean": proof.clean,
            "complete": proof.complete,
            "sought": proof.sought,
            "left_out": list(proof.left_out),
            "searched_bytes": None if searched is None else searched.size,
            "found": None if searched is None else len(searched.found),
            "copies": list(proof.copies),
        },
    }
