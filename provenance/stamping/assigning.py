"""Which consent covers which picture of a shoot: by the names of files and folders, or by a table."""

import csv
import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from provenance.consent.codes import parse_code
from provenance.errors import InputError, RefusedError

MAX_TABLE_BYTES = 8 * 1024 * 1024
COLUMNS = ("file", "consent")

# As codes are written, and nothing that is only like one: a name is no place for O in place of 0.
_CODE = re.compile(r"(?<![0-9A-Za-z])[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}(?![0-9A-Za-z])", re.ASCII)


def from_file_name(path: Path, *, known: Callable[[str], bool]) -> tuple[str, ...]:
    """Return the consent codes in the name of a file: one for each person shown.

    Args:
        path: of the file.
        known: tells whether there is a consent with a code; a date can look like one.

    Raises:
        RefusedError: there is none in it.
    """
    codes = _codes_in(path.name, known)
    if not codes:
        raise _unnamed("no code of a consent in its name")
    return tuple(codes)


def from_folder(path: Path, *, root: Path, known: Callable[[str], bool]) -> tuple[str, ...]:
    """Return the consent code in the name of the innermost folder that has one.

    A folder is of one person: of several, it would not say who is in which picture.

    Args:
        path: of the file.
        root: the folder that was named; those above it are not asked.
        known: as for `from_file_name`.

    Raises:
        RefusedError: no folder has one, or one has more than one.
    """
    resolved, top = path.absolute(), root.absolute()
    for folder in resolved.parents:
        codes = _codes_in(folder.name, known)
        if codes:
            if len(codes) > 1:
                raise RefusedError(
                    f"expected one consent in the name of its folder {folder.name!r}, got {len(codes)}",
                    code="consent-ambiguous",
                    hint="name who is in it: --consent CODE for each, in the file's own name, or in a table",
                )
            return tuple(codes)
        if folder == top:
            break
    raise _unnamed("no code of a consent in the names of its folders")


def from_table(path: Path, table: Mapping[Path, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the consent codes that a table gives for a file.

    Raises:
        RefusedError: the file is not in it.
    """
    codes = table.get(path.resolve())
    if codes is None:
        raise _unnamed("it is not in the table")
    return codes


def parse_table(data: bytes, *, name: str, folder: Path) -> dict[Path, tuple[str, ...]]:
    """Return what a CSV file says: for each file, the codes of the consents of everyone shown.

    The first row names the columns, of which `file` and `consent` are read; they are separated by commas, semicolons or
    tabs; the codes of several people, by a plus sign. Files are named from the table's own folder on.

    Args:
        data: UTF-8, with or without a byte order mark.
        name: of the table, for messages.
        folder: that it lies in.

    Raises:
        InputError: it is malformed, names one file twice, or something that cannot be a code.
    """
    if len(data) > MAX_TABLE_BYTES:
        raise InputError(f"{name}: expected at most {MAX_TABLE_BYTES} bytes, got {len(data)}", code="table")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{name}: expected text in utf-8", code="table") from None
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise InputError(f"{name}: expected csv: {str(error).lower()}", code="table") from None
    heads = [head.strip().lower() for head in rows[0]] if rows else []
    if any(heads.count(column) != 1 for column in COLUMNS):
        raise InputError(f"{name}: expected a first row with the columns file and consent", code="table")
    places = [heads.index(column) for column in COLUMNS]
    found: dict[Path, tuple[str, ...]] = {}
    for number, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) <= max(places):
            raise InputError(f"{name}: row {number}: expected {len(heads)} columns, got {len(row)}", code="table")
        file, code = (row[place].strip() for place in places)
        if not file or "\0" in file:
            raise InputError(f"{name}: row {number}: expected the name of a file", code="table")
        try:
            path, parsed = (folder / file).resolve(), _parse_codes(code)
        except InputError as error:
            raise InputError(f"{name}: row {number}: {error}", code="table") from None
        if found.setdefault(path, parsed) != parsed:
            raise InputError(
                f"{name}: row {number}: names a file with a second consent",
                code="table",
                hint="of several people in one picture, write the codes into one row, with a plus sign between them",
            )
    return found


def _codes_in(name: str, known: Callable[[str], bool]) -> list[str]:
    return [code for code in dict.fromkeys(_CODE.findall(name)) if known(code)]


def _parse_codes(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(parse_code(code) for code in text.split("+")))


def _unnamed(reason: str) -> RefusedError:
    return RefusedError(
        f"nothing says who is shown: {reason}", code="consent-unnamed", hint="stamp it by itself with --consent CODE"
    )
