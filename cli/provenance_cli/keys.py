"""`provenance keys`: the certificates that stamps are signed with."""

from pathlib import Path

import click

from provenance import durable, pki
from provenance.errors import RefusedError
from provenance.studio.claim_keys import MAX_CHAIN_BYTES
from provenance.studio.key_places import parse_place
from provenance.tokens import PIN_VARIABLE
from provenance_cli._options import json_option, opened, parsed, passphrase_option, studio_option, unlocked
from provenance_cli._output import note, print_json, safe, say, table

_token_option = click.option(
    "--token",
    metavar="URI",
    help="For a key that lies elsewhere: pkcs11:token=LABEL;object=LABEL?module-path=FILE for a hardware token, "
    "awskms:KEY?region=REGION for a key service. "
    f"[env: {PIN_VARIABLE} holds its PIN]",
)

SCHEMA = "urn:headshot-provenance:schema:keys-listed:1"


@click.group("keys")
def command() -> None:
    """Renew the certificate that signs your stamps, or buy one."""


@command.command("list", short_help="Show the certificates and how long they last.")
@json_option
@studio_option
def listed(*, as_json: bool, studio_path: Path | None) -> int:
    """Show the certificates that sign stamps: in use, before that, and asked for."""
    with opened(studio_path) as studio:
        found = studio.claim_certificates()
        authority = studio.authority()
    own = authority.subject.rfc4514_string()
    if as_json:
        for one in found:
            ends = None if one.ends is None else one.ends.date().isoformat()
            issuer = None if one.issuer is None else one.issuer
            print_json(
                {
                    "schema": SCHEMA,
                    "state": one.state,
                    "file": f"keys/{one.file}",
                    "issuer": issuer,
                    "own": None if issuer is None else issuer == own,
                    "ends": ends,
                }
            )
        return 0
    table(
        (
            one.state,
            f"keys/{one.file}",
            "no certificate yet" if one.ends is None else f"until {one.ends.date()}",
            "" if one.issuer is None else "issued by yourself" if one.issuer == own else f"issued by {one.issuer}",
        )
        for one in found
    )
    return 0


@command.command("csr", short_help="Ask somebody else for a certificate.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, readable=False),
    help="Write it to this file; nothing is replaced.",
)
@_token_option
@studio_option
@passphrase_option
def csr(*, output: Path | None, token: str | None, studio_path: Path | None, passphrase_file: Path | None) -> int:
    """Make a request for a certificate, to send to an authority on the C2PA trust list.

    It is for a new key, which waits in the studio; until you import the certificate, all is signed as before. Asked
    again, it is for the same key.
    """
    if output is not None and output.exists():
        raise _exists(output)
    place = None if token is None else parsed(parse_place, token)
    with unlocked(studio_path, passphrase_file) as keys:
        request = keys.request_claim_certificate(token=place)
    if output is None:
        say(request.decode().rstrip("\n"))
    else:
        try:
            durable.create(output, request)
        except FileExistsError:
            raise _exists(output) from None
        say(safe(str(output)))
    note("Send it to the authority; with what comes back: provenance keys import CHAIN.pem")
    return 0


@command.command("import", short_help="Sign with a certificate that somebody issued.")
@click.argument("chain", type=click.Path(path_type=Path, readable=False), metavar="CHAIN.pem")
@studio_option
@passphrase_option
def install(*, chain: Path, studio_path: Path | None, passphrase_file: Path | None) -> int:
    """Sign with a certificate from now on that was issued for your request.

    CHAIN.pem holds the certificate first, and behind it that of its issuer. What was stamped before stays as it is.
    """
    data = durable.read(chain, max_bytes=MAX_CHAIN_BYTES)
    with unlocked(studio_path, passphrase_file) as keys:
        certificate = keys.install_claim_certificate(data, place=chain.name)
    say(f"Stamps are signed with the certificate of {safe(certificate.issuer.rfc4514_string())} from now on.")
    say(f"It is valid until {certificate.not_valid_after_utc.date()}.")
    if not pki.may_sign_claims(certificate):
        note(
            "It lacks the purpose c2pa-kp-claimSigning: validators that hold to the C2PA trust list will not accept it."
        )
    return 0


@command.command("renew", short_help="Replace a certificate of your own.")
@_token_option
@studio_option
@passphrase_option
def renew(*, token: str | None, studio_path: Path | None, passphrase_file: Path | None) -> int:
    """Sign with a new key and a new certificate of your own authority from now on.

    Do it before the old one runs out, or after. What was stamped before stays as it is.
    """
    place = None if token is None else parsed(parse_place, token)
    with unlocked(studio_path, passphrase_file) as keys:
        certificate = keys.renew_claim_certificate(token=place)
    say(f"Stamps are signed with a new certificate from now on, valid until {certificate.not_valid_after_utc.date()}.")
    note("Who trusts you goes on trusting you: your authority, which provenance trust export hands out, is the same.")
    return 0


def _exists(output: Path) -> RefusedError:
    return RefusedError(
        f"{output.name}: there is a file of this name already", code="output-exists", hint="choose another name"
    )
