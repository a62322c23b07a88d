"""Whom a check trusts: files that are named, the lists of whoever checks, and the studio that it stands in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import click

from provenance import durable, pki
from provenance.checkpoint import LogKey
from provenance.errors import StudioError
from provenance.pki import MAX_PEM_BYTES, TrustAnchors
from provenance.trust_files import parse_log_lines, parse_trust_file
from provenance.trust_store import TrustList
from provenance_cli._options import opened

_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass
class Trusted:
    """Whom a check trusts, and with what.

    Attributes:
        anchors: of issuers.
        time_anchors: of time-stamp authorities.
        logs: keys of logs.
        identity_anchors: of those who vouch for named actors.
        studio: the folder of the studio whose own consents are known, if any.
    """

    anchors: list[TrustAnchors] = field(default_factory=list)
    time_anchors: list[TrustAnchors] = field(default_factory=list)
    logs: list[LogKey] = field(default_factory=list)
    identity_anchors: list[TrustAnchors] = field(default_factory=list)
    studio: Path | None = None


def trust_options(function: _Command) -> _Command:
    """Add the options that name files with certificates, each kind trusted with one thing."""
    others = (
        ("identity", "these authorities to say who is named beside the issuer"),
        ("time", "these time-stamp authorities to say when it was signed"),
    )
    for kind, whom in others:
        told = f"Trust {whom}, and with nothing else; may be repeated."
        function = _files(f"--trust-{kind}", f"{kind}_files", told)(function)
    told = "Trust these issuers, such as a studio's `trust export`; may be repeated."
    return _files("--trust", "trust_files", told)(function)


def _files(name: str, parameter: str, help_text: str) -> Callable[[_Command], _Command]:
    return click.option(
        name,
        parameter,
        multiple=True,
        type=click.Path(path_type=Path, readable=False),
        metavar="PEM",
        help=help_text,
    )


def trusted_by(
    studio_path: Path | None,
    *,
    lists: Sequence[TrustList],
    trust_files: Sequence[Path],
    time_files: Sequence[Path],
    identity_files: Sequence[Path],
) -> Trusted:
    """Return whom a check trusts; outside of a studio, and with none named, that is whom files and lists name.

    Raises:
        InputError: a file cannot be read, or is malformed.
        StudioError: the studio that was named cannot be opened.
    """
    found = trusted(trust_files, time_files, lists, identity_files)
    try:
        with opened(studio_path) as studio:
            found.anchors.append(studio.anchors())
            found.logs += studio.ledger.log_keys()
            if studio.settings.tsa_roots is not None:
                roots = studio.path / studio.settings.tsa_roots
                found.time_anchors.append(_anchors("time", roots, len(found.time_anchors)))
            found.studio = studio.path
    except StudioError as error:
        if studio_path is not None or error.code != "studio-missing":
            raise
    return found


def trusted(
    trust_files: Sequence[Path],
    time_files: Sequence[Path],
    lists: Sequence[TrustList] = (),
    identity_files: Sequence[Path] = (),
) -> Trusted:
    """Return whom files and lists make trusted.

    Raises:
        InputError: a file cannot be read, or is malformed.
    """
    found = Trusted(
        time_anchors=[_anchors("time", path, number) for number, path in enumerate(time_files)],
        identity_anchors=[_anchors("identity", path, number) for number, path in enumerate(identity_files)],
    )
    for path in trust_files:
        uri = f"urn:headshot-provenance:trust:file:{len(found.anchors)}"
        given, keys = parse_trust_file(durable.read(path, max_bytes=MAX_PEM_BYTES), uri=uri, place=path.name)
        found.anchors.append(given)
        found.logs += keys
    for one in lists:
        match one.purpose:
            case "times":
                found.time_anchors.append(one.anchors)
            case "identities":
                found.identity_anchors.append(one.anchors)
            case _:
                keys = parse_log_lines(one.text.encode(), place=one.name)
                found.anchors.append(replace(one.anchors, logs=tuple(dict.fromkeys(key.key.name for key in keys))))
                found.logs += keys
    return found


def _anchors(kind: str, path: Path, number: int) -> TrustAnchors:
    certificates = pki.parse_certificates(durable.read(path, max_bytes=MAX_PEM_BYTES), place=path.name)
    return TrustAnchors(f"urn:headshot-provenance:trust:{kind}:{number}", pki.to_pem(*certificates))
