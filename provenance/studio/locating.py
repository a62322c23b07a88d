"""Where a studio is. Whoever looks for one loads nothing else, so that a check outside of any is quick."""

from pathlib import Path

from provenance.errors import StudioError

SETTINGS_FILE = "provenance.toml"


def find_folder(start: Path) -> Path:
    """Return the folder of the studio in `start` or in the nearest directory above it.

    Raises:
        StudioError: there is none.
    """
    for directory in (start, *start.resolve().parents):
        if (directory / SETTINGS_FILE).is_file():
            return directory
    raise StudioError(
        "no studio here or in a folder above",
        code="studio-missing",
        hint="create one with provenance init, or name it with --studio DIR",
    )
