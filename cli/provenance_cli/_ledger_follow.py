"""Commands of `provenance ledger` by which a log is published, followed, recovered and proved to a stranger."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from provenance import durable
from provenance.canonical import Json
from provenance.checkpoint import Checkpoint, LogKey, LogVerifier
from provenance.errors import CorruptLedgerError, ForkedLogError, InputError, VerificationError
from provenance.ledger.places import Destination, Source, open_destination, open_source
from provenance.studio.logbook import Logbook
from provenance.trust_files import parse_log_line
from provenance_cli._options import WrongValueError, json_option, opened, parsed, studio_option
from provenance_cli._output import Counting, count, note, print_error, print_json, safe, say

if TYPE_CHECKING:
    from provenance.proof import LedgerProof

_Place = TypeVar("_Place", bound=Source | Destination)
_Read = TypeVar("_Read")

FOLLOWED_SCHEMA = "urn:headshot-provenance:schema:ledger-followed:1"
MAX_PROOF_FILE_BYTES = 1024 * 1024

_keys_option = click.option(
    "--key",
    "keys",
    multiple=True,
    required=True,
    metavar="VKEY",
    help="The log's key, as a line of its studio's trust file names it, with any sizes; repeat it for each line.",
)


@click.command("publish", short_help="Write the log for a static host.")
@click.argument("place", metavar="DIR|URL")
@json_option
@studio_option
def publish(place: str, *, as_json: bool, studio_path: Path | None) -> int:
    """Write what the newest checkpoint covers to a folder, or to a place such as s3://bucket/log.

    The files are those of c2sp.org/tlog-tiles: any static host can serve them to any number of readers. The checkpoint
    is written last, so that it never promises what is not there yet; running again continues.
    """
    _place(open_destination, place)
    with opened(studio_path) as studio:
        done = Logbook(studio).publish(place, progress=Counting("entries"))
    if as_json:
        print_json(_followed("publish", done.checkpoint, done.old_size))
        return 0
    say(f"Published {_entries(done.checkpoint.size)} to {safe(place)}: {count(done.files, 'new file')}.")
    return 0


@click.command("mirror", short_help="Copy somebody else's log.")
@click.argument("source", metavar="DIR|URL")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, readable=False))
@_keys_option
@json_option
def mirror(source: str, directory: Path, *, keys: tuple[str, ...], as_json: bool) -> int:
    """Copy a published log into DIR, checked entry by entry; run it again to follow.

    The answer is no (exit code 1) where the log contradicts what it showed before: both checkpoints are kept.
    """
    # Here and not at the top: the other commands need none of it.
    from provenance.ledger.mirroring import mirror as copy

    place, log_keys = _place(open_source, source), _parse_keys(keys)
    try:
        done = copy(place, directory, keys=log_keys, progress=Counting("entries"))
    except (ForkedLogError, CorruptLedgerError) as error:
        return _contradicted("mirror", error, as_json=as_json)
    if as_json:
        print_json(_followed("mirror", done.checkpoint, done.old_size))
        return 0
    say(
        f"Mirrored {_entries(done.checkpoint.size)} of {safe(done.checkpoint.log_origin)} in {safe(str(directory))}: "
        f"{count(done.files, 'new file')}."
    )
    return 0


@click.command("monitor", short_help="Watch somebody else's log.")
@click.argument("source", metavar="DIR|URL")
@_keys_option
@click.option(
    "--state",
    "state_directory",
    type=click.Path(path_type=Path, file_okay=False, readable=False),
    default=Path("monitored"),
    show_default=True,
    metavar="DIR",
    help="Remembers what was seen, and keeps evidence.",
)
@json_option
def monitor(source: str, *, keys: tuple[str, ...], state_directory: Path, as_json: bool) -> int:
    """Check that a published log only grew since the last time, and count what is new.

    The answer is no (exit code 1) where it did not: both signed checkpoints are kept as evidence.
    """
    # Here and not at the top: the other commands need none of it.
    from provenance.ledger.monitoring import monitor as watch

    place, log_keys = _place(open_source, source), _parse_keys(keys)
    try:
        seen = watch(place, keys=log_keys, state_directory=state_directory, progress=Counting("entries"))
    except (ForkedLogError, CorruptLedgerError) as error:
        return _contradicted("monitor", error, as_json=as_json)
    if as_json:
        print_json(_followed("monitor", seen.checkpoint, seen.old_size, new_entries=seen.new_entries))
        return 0
    if seen.old_size is None:
        say(f"{safe(seen.checkpoint.log_origin)}: {_entries(seen.checkpoint.size)}, seen for the first time.")
    else:
        say(
            f"{safe(seen.checkpoint.log_origin)}: {_entries(seen.checkpoint.size)}, "
            f"{seen.checkpoint.size - seen.old_size} of them new, and nothing that was there before has changed."
        )
    _say_types(seen.new_entries)
    return 0


@click.command("recover", short_help="Roll a restored ledger forward.")
@click.argument("place", metavar="DIR|URL")
@click.option("--key", "keys", multiple=True, metavar="VKEY", help="A key that came into use after the backup.")
@json_option
@studio_option
def recover(place: str, *, keys: tuple[str, ...], as_json: bool, studio_path: Path | None) -> int:
    """Roll a ledger that was restored from a backup forward to what was published, so that it may sign again.

    The entries come back. What they stood for, consents and stamps recorded after the backup, does not: the public log
    does not hold it.
    """
    _place(open_source, place)
    log_keys = [key.key for key in _parse_keys(keys)]
    with opened(studio_path) as studio:
        done = Logbook(studio).recover(place, keys=log_keys, progress=Counting("entries"))
    if as_json:
        print_json(_followed("recover", done.checkpoint, done.old_size, new_entries=done.new_entries))
        return 0
    if not done.new_entries:
        say(f"Nothing to recover: the ledger has all {_entries(done.checkpoint.size)}, and may sign.")
        return 0
    say(f"Rolled forward from {done.old_size} to {_entries(done.checkpoint.size)}; the ledger may sign again.")
    _say_types(done.new_entries)
    note("What these entries stood for is not in the public log: look for it in receipts, pictures and other backups.")
    return 0


@click.command("verify-proof", short_help="Check a proof, with no studio at all.")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, readable=False))
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="VKEY",
    help="The log's key, as a line of its studio's trust file names it, with any sizes.",
)
@click.option(
    "--policy",
    "policy_path",
    type=click.Path(path_type=Path, readable=False),
    metavar="FILE",
    help="Logs and witnesses that you believe, as c2sp.org/tlog-policy describes.",
)
@click.option(
    "--entry",
    "entry_path",
    type=click.Path(path_type=Path, readable=False),
    metavar="FILE",
    help="The entry's bytes, where the proof does not carry them.",
)
def verify_proof(file: Path, *, keys: tuple[str, ...], policy_path: Path | None, entry_path: Path | None) -> int:
    """Check that a log holds an entry: FILE is a proof from `ledger prove`, or the receipt of a consent.

    Of a receipt, also that the entry is the one of its consent. Whether the key is the log's own, only its studio can
    tell you. The answer is no (exit code 1) where the proof is wrong.
    """
    if not keys and policy_path is None:
        raise click.UsageError("expected --key VKEY or --policy FILE: the proof alone cannot say whose log it is")
    # Here and not at the top: the other commands need none of it.
    from provenance.policy import MAX_POLICY_BYTES, parse_policy

    log_keys: list[LogVerifier] = [*_parse_keys(keys)]
    witnesses: tuple[str, ...] = ()
    policy = None
    if policy_path is not None:
        policy = _named(policy_path, lambda: parse_policy(durable.read(policy_path, max_bytes=MAX_POLICY_BYTES)))
        log_keys = log_keys or [log.key for log in policy.logs]
    try:
        proof, entry = _read_proof(file, entry_path)
        checkpoint = _named(file, lambda: proof.verify(entry, keys=log_keys))
        if policy is not None:
            witnesses = tuple(policy.verify(proof.checkpoint, log_keys=log_keys).witnesses)
    except VerificationError as error:
        print_error(f"{file.name}: {error}", hint="do not rely on this proof")
        return 1
    say(
        f"Proven: entry {proof.index} of the log {safe(checkpoint.log_origin)}, in its checkpoint of "
        f"{_entries(checkpoint.size)}{_witnessed(witnesses)}."
    )
    say(safe(entry.decode("utf-8", "replace")))
    return 0


def _read_proof(file: Path, entry_path: Path | None) -> "tuple[LedgerProof, bytes]":
    # Here and not at the top: the other commands need none of it.
    from provenance.consent.receipts import parse_receipt
    from provenance.entries import MAX_ENTRY_BYTES
    from provenance.proof import parse_proof

    data = durable.read(file, max_bytes=MAX_PROOF_FILE_BYTES)
    if data.lstrip().startswith(b"{"):
        receipt = _named(file, lambda: parse_receipt(data))
        if entry_path is not None:
            raise click.UsageError("--entry is for proofs: a receipt carries its entry")
        _named(file, receipt.verify)
        return parse_proof(receipt.proof), receipt.entry
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{file.name}: expected a proof or a receipt, got something else") from None
    proof = _named(file, lambda: parse_proof(text))
    if entry_path is not None:
        return proof, durable.read(entry_path, max_bytes=MAX_ENTRY_BYTES)
    if proof.extra is None:
        raise WrongValueError(f"{file.name}: the proof does not carry its entry", hint="name it with --entry FILE")
    return proof, proof.extra


def _parse_keys(keys: tuple[str, ...]) -> list[LogKey]:
    return [parsed(parse_log_line, key) for key in keys]


def _place(open_place: Callable[[str], _Place], address: str) -> _Place:
    """Return the place at an address; one that cannot mean any is wrong use."""
    try:
        return open_place(address)
    except InputError as error:
        if error.code in ("place-read-only", "url"):
            raise WrongValueError(str(error), hint=error.hint) from error
        raise


def _named(file: Path, read: Callable[[], _Read]) -> _Read:
    """Return what a function reads in a file, whose name goes before what is wrong with it."""
    try:
        return read()
    except InputError as error:
        message = str(error)
        raise InputError(
            message if message.startswith(f"{file.name}: ") else f"{file.name}: {message}",
            code=error.code,
            hint=error.hint,
        ) from error


def _contradicted(action: str, error: ForkedLogError | CorruptLedgerError, *, as_json: bool) -> int:
    evidence = error.evidence if isinstance(error, ForkedLogError) else None
    if as_json:
        print_json(
            {
                "schema": FOLLOWED_SCHEMA,
                "action": action,
                "clean": False,
                "problem": str(error),
                "code": error.code,
                "evidence": None if evidence is None else str(evidence),
            }
        )
    print_error(str(error), hint=error.hint or "do not rely on this log; show others both checkpoints")
    return 1


def _followed(
    action: str, checkpoint: Checkpoint, old_size: int | None, *, new_entries: Mapping[str, int] | None = None
) -> dict[str, Json]:
    return {
        "schema": FOLLOWED_SCHEMA,
        "action": action,
        "clean": True,
        "log": checkpoint.log_origin,
        "size": checkpoint.size,
        "old_size": old_size,
        "root_hash": checkpoint.root_hash.hex(),
        **({} if new_entries is None else {"new_entries": dict(new_entries)}),
    }


def _entries(number: int) -> str:
    return count(number, "entry", "entries")


def _say_types(new_entries: Mapping[str, int]) -> None:
    for name, number in new_entries.items():
        say(f"  {number:>6} {safe(name)}")


def _witnessed(names: tuple[str, ...]) -> str:
    return f", cosigned by {', '.join(map(safe, names))}" if names else ""
