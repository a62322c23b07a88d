"""`provenance witness`: watch the ledgers of others, and cosign what follows from before."""

import contextlib
import signal
from functools import partial
from pathlib import Path
from types import FrameType

import click

from provenance.clock import to_seconds
from provenance.cosignature import CosignatureKey, Cosigner, Kind
from provenance.errors import InputError
from provenance.note import NoteKey
from provenance.policy import parse_log_key
from provenance.witness import Witness, WitnessDirectory, WitnessServer
from provenance.witness.server import LOOPBACK
from provenance_cli._options import WrongValueError, parsed
from provenance_cli._output import count, note, print_error, safe, say

PORT = 7380

_DIRECTORY = click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, readable=False))


@click.group("witness")
def command() -> None:
    """Watch the ledgers of others, and cosign what follows from before."""


@command.command("init", short_help="Create a witness.")
@_DIRECTORY
@click.option("--name", required=True, help="What it cosigns as, such as witness.example/w1; it stays for ever.")
@click.option("--ml-dsa", is_flag=True, help="Cosign with ML-DSA-44 too, which quantum computers cannot forge.")
def init(directory: Path, *, name: str, ml_dsa: bool) -> int:
    """Create a witness in DIR, and print the keys that others need to recognise it."""
    kinds = [Kind.ED25519, Kind.ML_DSA_44] if ml_dsa else [Kind.ED25519]
    cosigners = [parsed(partial(Cosigner.generate, kind=kind), name) for kind in kinds]
    made = WitnessDirectory.create(directory, cosigners=cosigners)
    for cosigner in made.cosigners:
        say(cosigner.key.to_text())
    note("Never put this folder back from a copy: a witness that forgot what it cosigned must not cosign again.")
    note(f"Next: provenance witness add-log {safe(str(directory))} KEY-OF-A-LEDGER")
    return 0


@command.command("add-log", short_help="Know one more ledger.")
@_DIRECTORY
@click.argument("key", metavar="KEY")
def add_log(directory: Path, key: str) -> int:
    """Know one more ledger by its KEY, or one more key of a ledger; a witness that serves knows it at once."""
    made = WitnessDirectory(directory)
    log_key: NoteKey | CosignatureKey = parsed(parse_log_key, key)
    try:
        made.add_log(log_key)
    except InputError as error:
        raise WrongValueError(str(error), hint=error.hint) from error
    say(safe(log_key.name))
    return 0


@command.command("show", short_help="Show its keys and what it cosigned.")
@_DIRECTORY
def show(directory: Path) -> int:
    """Show the keys of a witness, the ledgers that it knows, and what it cosigned last of each."""
    witness = Witness(directory)
    for key in witness.keys:
        say(f"witness {key.to_text()}")
    for log_origin in dict.fromkeys(log.key.name for log in witness.directory.logs()):
        held = witness.held(log_origin)
        if held is None:
            state = "nothing cosigned yet"
        else:
            size, time = held.text.split("\n")[1], witness.keys[0].verify(held)
            state = f"size {size}, cosigned {to_seconds(time)}"
        evidence = witness.directory.count_evidence(log_origin)
        kept = f", {count(evidence, 'contradiction')} kept" if evidence else ""
        say(f"log {safe(log_origin)}: {state}{kept}")
    return 0


@command.command("serve", short_help="Answer over HTTP.")
@_DIRECTORY
@click.option("--host", default=LOOPBACK, show_default=True, help="Address of this computer to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="Port; 0 takes any.")
def serve(directory: Path, *, host: str, port: int) -> int:
    """Answer over HTTP until it is interrupted; for the open internet, put a proxy with TLS before it."""
    witness = Witness(directory)
    signal.signal(signal.SIGTERM, _stop)
    with WitnessServer(witness, host=host, port=port, report=print_error) as server:
        note(f"Witness {safe(witness.keys[0].name)} answers at {server.url}")
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
    note("Stopped.")
    return 0


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
