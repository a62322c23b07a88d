"""`provenance trust` list, add, remove, update: whom you trust when you check pictures."""

import os
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
from cryptography.hazmat.primitives import hashes

from provenance import durable, fetch
from provenance.clock import SystemClock, to_seconds
from provenance.errors import InputError, NetworkError
from provenance.pki import MAX_PEM_BYTES
from provenance.trust_store import TrustList, TrustStore, check_name, store_folder
from provenance_cli._options import WrongValueError, json_option
from provenance_cli._output import count, note, print_json, safe, say

SCHEMA = "urn:headshot-provenance:schema:trust-list:1"

_SHA256 = hashes.SHA256()
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def open_store() -> TrustStore:
    """Return the lists of whoever runs this."""
    return TrustStore(store_folder(os.environ))


@click.command("list", short_help="Show whom you trust.")
@json_option
def show(*, as_json: bool) -> int:
    """Show the lists of certificates that `provenance verify` trusts, what for, and how old they are."""
    now = SystemClock().now()
    found = open_store().all()
    for one in found:
        if as_json:
            print_json(_document(one))
        else:
            _say(one, now)
    if not found and not as_json:
        note("You trust nobody yet, but whom --trust names. Take a list in with provenance trust add FILE|URL.")
    return 0


@click.command("add", short_help="Trust the certificates in a file, or at an address.")
@click.argument("place", metavar="FILE|URL")
@click.option("--name", metavar="NAME", help="What you call it; else it is called as the file is.")
@click.option(
    "--for",
    "purpose",
    type=click.Choice(["signers", "times", "identities"]),
    default="signers",
    show_default=True,
    help="What they vouch for: who signs stamps, when that was, or who is named beside them.",
)
@json_option
def add(place: str, *, name: str | None, purpose: Any, as_json: bool) -> int:  # noqa: ANN401 as click has it
    """Trust the certificates of a list, a studio or a single issuer from now on.

    From an address it is fetched once, over https. See that it is the right one: whoever is on it passes as trusted.
    """
    named = _checked(_named(place) if name is None else name, hint="say another one with --name")
    now = SystemClock().now()
    made = open_store().add(named, _read(place), purpose=purpose, source=_source(place), now=now)
    if as_json:
        print_json(_document(made))
    else:
        _say(made, now)
    return 0


@click.command("remove", short_help="Trust a list no longer.")
@click.argument("name")
def remove(name: str) -> int:
    """Trust the certificates of a list no longer."""
    open_store().remove(_checked(name))
    say(f"{name}: no longer trusted")
    return 0


@click.command("update", short_help="Take lists in anew from where they are from.")
@click.argument("names", nargs=-1)
@click.option("--from", "place", metavar="FILE|URL", help="Take the one list that is named from here.")
@json_option
def update(names: tuple[str, ...], *, place: str | None, as_json: bool) -> int:
    """Take lists in anew from where they are from; without a NAME, all that are from an address.

    A list that cannot be had, or is none, leaves the old one as it was.
    """
    if place is not None and len(names) != 1:
        raise click.UsageError("--from is about one list: name it")
    store = open_store()
    found = [store.find(_checked(name)) for name in names] or [one for one in store.all() if _is_address(one.source)]
    if not found:
        note("No list is from an address.")
    return _update(store, found, place, as_json=as_json)


def _update(store: TrustStore, found: Sequence[TrustList], place: str | None, *, as_json: bool) -> int:
    for one in found:
        source = one.source if place is None else place
        now = SystemClock().now()
        made = store.update(one.name, _read(source), source=_source(source), now=now)
        if as_json:
            print_json(_document(made))
            continue
        before, after = ({c.fingerprint(_SHA256) for c in a.certificates} for a in (one, made))
        say(f"{made.name}: {len(after - before)} new, {len(before - after)} gone, {count(len(after), 'certificate')}")
    return 0


def _say(one: TrustList, now: datetime) -> None:
    what = {"signers": "who signs", "times": "times", "identities": "who is named"}[one.purpose]
    age = (now - one.updated_at).days
    say(f"{one.name}: {count(len(one.certificates), 'certificate')} for {what}, {count(age, 'day')} old")
    say(f"  from {safe(one.source)}")


def _document(one: TrustList) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "name": one.name,
        "purpose": one.purpose,
        "source": one.source,
        "added_at": to_seconds(one.added_at),
        "updated_at": to_seconds(one.updated_at),
        "certificates": [
            {
                "subject": certificate.subject.rfc4514_string(),
                "sha256": certificate.fingerprint(_SHA256).hex(),
                "ends": to_seconds(certificate.not_valid_after_utc),
            }
            for certificate in one.certificates
        ],
    }


def _read(place: str) -> bytes:
    if not _is_address(place):
        return durable.read(Path(place), max_bytes=MAX_PEM_BYTES)
    parts = urlsplit(fetch.check_url(place))
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise InputError(
            f"{place}: expected an address that begins https://, as anybody on the way could change the list",
            code="trust-insecure",
        )
    answer = fetch.get(place, max_bytes=MAX_PEM_BYTES)
    if answer.status != 200:
        raise NetworkError(f"{place}: expected status 200, got {answer.status}", code="answer-status")
    return answer.body


def _source(place: str) -> str:
    return place if _is_address(place) else str(Path(place).absolute())


def _is_address(place: str) -> bool:
    return place.startswith(("http://", "https://"))


def _named(place: str) -> str:
    last = urlsplit(place).path if _is_address(place) else place
    return re.sub(r"[^a-z0-9]+", "-", Path(last).stem.lower()).strip("-")[:63]


def _checked(name: str, *, hint: str | None = None) -> str:
    try:
        return check_name(name)
    except InputError as error:
        raise WrongValueError(str(error), hint=hint or error.hint) from error
