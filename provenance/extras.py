"""What is installed only where somebody asked for it: an extra of the package, checked for before it is used."""

import importlib.util

from provenance.errors import MissingExtraError


def check_extra(extra: str, *modules: str, place: str) -> None:
    """Check that the libraries of an extra are there, without loading them.

    Args:
        extra: its name, as it is installed.
        modules: the names by which they are imported.
        place: what needs them, for the message.

    Raises:
        MissingExtraError: one of them is not.
    """
    for name in modules:
        if importlib.util.find_spec(name) is None:
            raise missing_extra(extra, f"{place}: needs the library {name}, which is not installed")


def missing_extra(extra: str, message: str) -> MissingExtraError:
    """Return the error that says that something of an extra is missing, and how to get it."""
    return MissingExtraError(message, hint=f"pip install 'headshot-provenance[{extra}]'")
