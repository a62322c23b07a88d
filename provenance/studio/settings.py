"""The settings file of a studio, `provenance.toml`."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from provenance.errors import InputError, StudioError

STATE_VERSION = 1
MAX_SETTINGS_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """What a studio is called, and which log is its own.

    Attributes:
        name: as certificates and notices show it.
        country: two letters, or None.
        url: where people reach the studio, or None.
        log_origin: names its log, and never changes.
        log_key: the log's verifier key (vkey).
        database: address of the server that holds the database; None where it is a file of the studio.
        tsa: address of the RFC 3161 authority that dates checkpoints, or None.
        tsa_roots: file with the certificates that its time-stamps are verified with, from the studio's folder; or None.
        fingerprints: whether fingerprints of the pictures that it stamps are kept, by which they can be found again.
    """

    name: str
    country: str | None
    url: str | None
    log_origin: str
    log_key: str
    database: str | None = None
    tsa: str | None = None
    tsa_roots: str | None = None
    fingerprints: bool = False

    def to_bytes(self) -> bytes:
        """Return the file's content."""
        studio = {"name": self.name, "country": self.country, "url": self.url}
        ledger = {"origin": self.log_origin, "key": self.log_key}
        lines = [
            "# A studio of headshot-provenance. The name may be changed; the ledger's origin and key may not.",
            f"state = {STATE_VERSION}",
            *_table("studio", studio),
            *_table("ledger", ledger),
            *(_table("database", {"url": self.database}) if self.database is not None else []),
            *(_table("timestamps", {"tsa": self.tsa, "roots": self.tsa_roots}) if self.tsa is not None else []),
            *(["", "[recovery]", "fingerprints = true"] if self.fingerprints else []),
        ]
        return ("\n".join(lines) + "\n").encode()

    @classmethod
    def parse(cls, data: bytes) -> "Settings":
        """Return the settings in a file.

        Raises:
            StudioError: a newer version wrote it.
            InputError: it is malformed.
        """
        try:
            document = tomllib.loads(data.decode("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"provenance.toml: expected toml: {str(error).lower()}") from None
        state = document.get("state")
        if not isinstance(state, int):
            raise InputError("provenance.toml: expected the state version")
        if state != STATE_VERSION:
            raise StudioError(
                f"provenance.toml: expected state version {STATE_VERSION}, got {state}",
                code="state-version",
                hint="use the version of provenance that wrote it",
            )
        studio, ledger, database = document.get("studio"), document.get("ledger"), document.get("database", {})
        timestamps, recovery = document.get("timestamps", {}), document.get("recovery", {})
        if not isinstance(database, dict):
            raise InputError("provenance.toml: expected database as a table")
        if not isinstance(timestamps, dict):
            raise InputError("provenance.toml: expected timestamps as a table")
        if not isinstance(recovery, dict) or not isinstance(recovery.get("fingerprints", False), bool):
            raise InputError("provenance.toml: expected recovery as a table, with fingerprints as true or false")
        if not isinstance(studio, dict) or not isinstance(ledger, dict):
            raise InputError("provenance.toml: expected the tables studio and ledger")
        return cls(
            name=_text(studio, "name"),
            country=_text(studio, "country") if "country" in studio else None,
            url=_text(studio, "url") if "url" in studio else None,
            log_origin=_text(ledger, "origin"),
            log_key=_text(ledger, "key"),
            database=_text(database, "url") if database else None,
            tsa=_text(timestamps, "tsa") if timestamps else None,
            tsa_roots=_text(timestamps, "roots") if "roots" in timestamps else None,
            fingerprints=recovery.get("fingerprints", False),
        )


def _table(name: str, members: Mapping[str, str | None]) -> list[str]:
    # A JSON string is a TOML basic string, as long as it has no DEL, which no member can have.
    return [
        "",
        f"[{name}]",
        *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in members.items() if value is not None),
    ]


def _text(table: dict[str, object], name: str) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not value:
        raise InputError(f"provenance.toml: expected {name} as text")
    return value
