"""`provenance consent`: request, sign, countersign; a person signs with their own key, where they are."""

from pathlib import Path
from typing import Any

import click

from provenance import durable
from provenance.clock import SystemClock
from provenance.consent.grants import parse_scope
from provenance.consent.receipts import describe
from provenance.consent.records import ROLES
from provenance.consent.requests import MAX_REQUEST_BYTES, parse_request
from provenance.errors import InputError, KeyMaterialError
from provenance.keys import SigningKey
from provenance.studio.consents import ConsentDesk
from provenance.studio.studio import MAX_KEY_BYTES
from provenance_cli._options import parsed, passphrase_option, studio_option, unlocked
from provenance_cli._output import note, safe, say
from provenance_cli.consent_decisions import SCOPES_HELP, decision_options, read_decisions

_FILE = click.Path(path_type=Path, dir_okay=False, readable=False)
_SIGNERS = [role for role in ROLES if role != "controller"]


@click.command("request", short_help="Write a request to sign elsewhere.", epilog=SCOPES_HELP)
@decision_options(signed_here=False)
@click.option("-o", "--output", type=_FILE, required=True, help="Where to write the request.")
@studio_option
@passphrase_option
def request(
    *,
    output: Path,
    studio_path: Path | None,
    passphrase_file: Path | None,
    **given: Any,  # noqa: ANN401 the options that are shared
) -> int:
    """Write a request that a person signs elsewhere with their own key; nothing is recorded yet.

    The file holds their name and contact: send it to nobody else.
    """
    with unlocked(studio_path, passphrase_file) as keys:
        decisions = read_decisions(given, today=keys.studio.clock.now().date())
        desk = ConsentDesk(keys.studio, keys)
        older = None if decisions.supersedes is None else desk.find(decisions.supersedes)
        made = desk.request(decisions.subject, decisions.grants, terms=decisions.terms, supersedes=older)
    durable.create(output, made.to_bytes(), mode=durable.PRIVATE)
    say(f"Request: {safe(str(output))}")
    note("They sign it with: provenance consent sign REQUEST --key KEY -o SIGNED")
    return 0


@click.command("sign", short_help="Sign a studio's request with your key.")
@click.argument("path", metavar="REQUEST", type=_FILE)
@click.option("--key", type=_FILE, help="Your private key as PEM: Ed25519 or P-256. Without it, nothing is signed.")
@click.option("--role", type=click.Choice(_SIGNERS), help="Who you are; by default who consents.")
@click.option("--initial", multiple=True, metavar="SCOPE", help="Put your initials to this ai.* scope; repeatable.")
@click.option("-o", "--output", type=_FILE, help="Where to write the signed request.")
def sign(path: Path, *, key: Path | None, role: str | None, initial: tuple[str, ...], output: Path | None) -> int:
    """Read a studio's request, and sign it with your own key. This needs no studio."""
    found = parse_request(durable.read(path, max_bytes=MAX_REQUEST_BYTES))
    say(found.notice)
    for disclosure in found.disclosures:
        say(f"  {disclosure.name}: {safe(disclosure.value)}")
    for line in describe(found.grants):
        say(f"  {safe(line)}")
    say(found.intent)
    if key is None:
        note("Not signed. To sign, add --key KEY -o SIGNED.")
        return 0
    if output is None:
        raise click.UsageError("say where to write what you sign: -o SIGNED")
    signer = next((known for known in ROLES if known == role), found.principal)
    signed = found.sign(
        _load(key),
        role=signer,
        initialled=[parsed(parse_scope, text) for text in initial],
        now=SystemClock().now(),
    )
    durable.create(output, signed.to_bytes(), mode=durable.PRIVATE)
    say(f"Signed as {signer}: {safe(str(output))}")
    note("Send it back to the studio, which completes it with: provenance consent countersign SIGNED")
    return 0


def _load(path: Path) -> SigningKey:
    data = durable.read(path, max_bytes=MAX_KEY_BYTES)
    try:
        return SigningKey.from_pem(data, password=None)
    except KeyMaterialError:
        raise InputError(
            f"{path.name}: expected an unencrypted private key in pem, ed25519 or p-256",
            code="key-form",
            hint="make one with: openssl genpkey -algorithm ed25519 -out key.pem",
        ) from None
