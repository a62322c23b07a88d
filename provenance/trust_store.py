"""Whom somebody trusts who checks pictures: lists of certificates that they took in once, each under a name of theirs.

Lists are for signers of claims, for time-stamp authorities or for those who vouch for named actors, never for two of
them: an authority that dates signatures vouches for nobody who makes them. A list is one file, written whole or not
at all.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, get_args

from cryptography import x509

from provenance import durable, pki
from provenance.canonical import Json, canonical_bytes, parse_object
from provenance.clock import from_seconds, to_seconds
from provenance.errors import InputError, RefusedError
from provenance.pki import MAX_PEM_BYTES, TrustAnchors

FOLDER_VARIABLE: Final = "PROVENANCE_TRUST"
URI: Final = "urn:headshot-provenance:trust:list:"
MAX_LISTS: Final = 200

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_ENDING: Final = ".json"

Purpose = Literal["signers", "times", "identities"]


@dataclass(frozen=True, slots=True)
class TrustList:
    """One list.

    Attributes:
        name: small letters, digits and hyphens.
        purpose: what its certificates vouch for.
        source: the file or address that it is from.
        added_at: when it was first taken in, in UTC.
        updated_at: when it was last taken in, in UTC.
        text: PEM, with whatever stands between the certificates.
    """

    name: str
    purpose: Purpose
    source: str
    added_at: datetime
    updated_at: datetime
    text: str

    @property
    def certificates(self) -> list[x509.Certificate]:
        """Return its certificates."""
        return pki.parse_certificates(self.text.encode(), place=f"trust list {self.name}")

    @property
    def uri(self) -> str:
        """The URI by which reports name it."""
        return f"{URI}{self.name}"

    @property
    def anchors(self) -> TrustAnchors:
        """Return them as anchors, under a URI that ends in the name of the list."""
        return TrustAnchors(self.uri, pki.to_pem(*self.certificates))


def store_folder(environment: Mapping[str, str]) -> Path:
    """Return where the lists of whoever runs this lie: where the environment says, or as XDG's base directories do."""
    named = environment.get(FOLDER_VARIABLE)
    if named:
        return Path(named)
    configuration = environment.get("XDG_CONFIG_HOME")
    return (Path(configuration) if configuration else Path.home() / ".config") / "provenance" / "trust"


class TrustStore:
    """The lists in one folder, which is made when the first one is taken in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> list[TrustList]:
        """Return every list, in the order of their names.

        Raises:
            InputError: one cannot be read, or is malformed.
        """
        paths = sorted(self._folder.glob(f"*{_ENDING}"))
        if len(paths) > MAX_LISTS:
            raise InputError(f"trust: expected at most {MAX_LISTS} lists, got {len(paths)}", code="trust-lists")
        return [self._read(path) for path in paths]

    def find(self, name: str) -> TrustList:
        """Return a list.

        Raises:
            RefusedError: there is none of this name.
            InputError: it cannot be read, or is malformed.
        """
        path = self._path(name)
        if not path.exists():
            raise RefusedError(
                f"trust: there is no list {name!r}", code="trust-unknown", hint="see provenance trust list"
            )
        return self._read(path)

    def add(self, name: str, data: bytes, *, purpose: Purpose, source: str, now: datetime) -> TrustList:
        """Take a list in, and return it.

        Raises:
            InputError: the name cannot be one, or it holds no certificates.
            RefusedError: there is one of this name.
        """
        made = _checked(TrustList(name, purpose, source, now, now, _text(data, name)))
        path = self._path(name)
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            durable.create(path, _written(made))
        except FileExistsError:
            raise RefusedError(
                f"trust: there is a list {name!r} already",
                code="trust-known",
                hint=f"update it with provenance trust update {name}, or take another name with --name",
            ) from None
        return made

    def update(self, name: str, data: bytes, *, source: str, now: datetime) -> TrustList:
        """Replace what a list holds, and return it; where that is no list, the old one stays.

        Raises:
            InputError: it holds no certificates.
            RefusedError: there is no list of this name.
        """
        before = self.find(name)
        made = _checked(TrustList(name, before.purpose, source, before.added_at, now, _text(data, name)))
        durable.replace(self._path(name), _written(made))
        return made

    def remove(self, name: str) -> None:
        """Forget a list.

        Raises:
            RefusedError: there is none of this name.
        """
        self.find(name)
        self._path(name).unlink()

    def _path(self, name: str) -> Path:
        return self._folder / f"{check_name(name)}{_ENDING}"

    def _read(self, path: Path) -> TrustList:
        place = f"trust list {path.stem}"
        document = parse_object(durable.read(path, max_bytes=2 * MAX_PEM_BYTES), place=place)
        purpose = next((known for known in get_args(Purpose) if known == document.get("purpose")), None)
        texts = [document.get(name) for name in ("source", "added_at", "updated_at", "pem")]
        if document.get("v") != 1 or purpose is None or not all(isinstance(text, str) for text in texts):
            raise InputError(
                f"{place}: expected a list of version 1",
                code="trust-malformed",
                hint=f"remove the file {path}, and add the list again",
            )
        source, added, updated, text = map(str, texts)
        return _checked(TrustList(path.stem, purpose, source, from_seconds(added), from_seconds(updated), text))


def check_name(text: str) -> str:
    """Return a name that a list can have.

    Raises:
        InputError: it cannot be one.
    """
    if not _NAME.fullmatch(text):
        raise InputError(
            f"trust: expected a name of small letters, digits and hyphens, got {text[:80]!r}",
            code="trust-name",
            hint="see provenance trust list",
        )
    return text


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise InputError(
            f"trust list {name}: expected certificates in pem form",
            hint="ask the issuer for a file that begins -----BEGIN",
        ) from None


def _checked(made: TrustList) -> TrustList:
    if not made.certificates:
        raise InputError(f"trust list {made.name}: expected certificates in pem form")
    return made


def _written(made: TrustList) -> bytes:
    document: dict[str, Json] = {
        "v": 1,
        "purpose": made.purpose,
        "source": made.source,
        "added_at": to_seconds(made.added_at),
        "updated_at": to_seconds(made.updated_at),
        "pem": made.text,
    }
    return canonical_bytes(document)
