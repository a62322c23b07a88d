"""Addresses of PostgreSQL databases: which are taken, and what they are called in messages."""

from urllib.parse import parse_qsl, urlsplit

from provenance.errors import InputError
from provenance.extras import check_extra

_SCHEMES = ("postgresql://", "postgres://")
_SECRETS = {"password", "sslpassword"}


def check_url(url: str) -> str:
    """Return `url` if it names a PostgreSQL database, as libpq writes it, and holds no password.

    Raises:
        InputError: it names something else, or holds a password.
    """
    try:
        parts = urlsplit(url)
        # libpq takes percent signs in the names of parameters, too.
        secret = parts.password is not None or any(name in _SECRETS for name, _ in parse_qsl(parts.query))
        usable = url.startswith(_SCHEMES) and url.isascii() and url.isprintable() and " " not in url
    except ValueError:
        usable = secret = False
    if secret:
        raise InputError(
            "database: expected an address without a password in it",
            code="database-password",
            hint="keep the password in PGPASSWORD, a service or the file .pgpass, as for psql",
        )
    if not usable:
        raise InputError("database: expected an address that starts with postgresql://", code="database-url")
    return url


def place(url: str) -> str:
    """Return what to call the database at `url` in a message."""
    name = urlsplit(url).path.strip("/")
    return f"postgresql database {name}" if name else "postgresql"


def check_installed() -> None:
    """Check that the library that speaks to PostgreSQL is there, without loading it.

    Raises:
        MissingExtraError: it is not.
    """
    check_extra("postgres", "psycopg", place="postgresql")
