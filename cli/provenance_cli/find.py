"""`provenance find`."""

from pathlib import Path
from typing import Final

import click

from provenance import durable
from provenance.canonical import Json
from provenance.clock import to_minutes
from provenance.errors import InputError, MissingExtraError, ProvenanceError
from provenance.picture import MAX_PICTURE_BYTES
from provenance.recovery.fingerprints import Crop
from provenance.recovery.searching import ALIKE, Resemblance
from provenance.studio.finding import Found, Match, StampFinder
from provenance_cli._options import json_option, opened, studio_option
from provenance_cli._output import count, note, print_error, print_json, safe, say, wrapped

SCHEMA: Final = "urn:headshot-provenance:schema:picture-found:1"

_FOUND, _NOT_FOUND, _UNANSWERED = 0, 1, 3
_MOST = 10  # of the stamps of one picture, for people
# By the bits that differ. No cause is named: docs/reference/recovery.md says what differs by how many.
_HOW: Final = ((16, "very like"), (32, "like"), (ALIKE, "somewhat like"))
_KEPT: Final = {
    Crop.FULL: "all of it",
    Crop.CENTRE_SQUARE: "its centre square",
    Crop.UPPER_SQUARE: "its upper square",
    Crop.FOUR_TO_FIVE: "its middle in 4:5",
    Crop.FACE: "the square around its face",
}


@click.command("find")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False))
@json_option
@studio_option
def command(files: tuple[Path, ...], *, as_json: bool, studio_path: Path | None) -> int:
    """Find the stamps of pictures that lost their credentials, or were changed since.

    The very picture data are known whatever texts or colour profile the file has, and that is proof. A smaller,
    compressed or cropped copy is looked for among the fingerprints that you keep (`provenance studio fingerprints
    keep`); what is alike is a lead, never proof. Exits with 0 if something was found, 1 if not, and 3 if that could
    not be said.
    """
    codes = set()
    with opened(studio_path) as studio:
        finder, asked_alike = StampFinder(studio), False
        for number, path in enumerate(files):
            try:
                found = _find(finder, path)
            except (InputError, MissingExtraError) as error:
                codes.add(_UNANSWERED)
                if as_json:
                    print_json(_document(path, Found((), 0), error))
                else:
                    print_error(str(error), hint=error.hint)
                continue
            codes.add(_FOUND if found.matches else _NOT_FOUND)
            asked_alike = asked_alike or any(match.likeness is not None for match in found.matches)
            if as_json:
                print_json(_document(path, found, None))
            else:
                _tell(path, found, first=number == 0)
    if asked_alike and not as_json:
        note("What looks alike is a lead, and proves nothing: look at both pictures.")
    return next(code for code in (_NOT_FOUND, _UNANSWERED, _FOUND) if code in codes)


def _find(finder: StampFinder, path: Path) -> Found:
    data = durable.read(path, max_bytes=MAX_PICTURE_BYTES)
    try:
        return finder.find(data)
    except InputError as error:
        raise InputError(f"{path.name}: {error}", code=error.code, hint=error.hint) from error


def _tell(path: Path, found: Found, *, first: bool) -> None:
    if not first:
        say()
    say(safe(str(path)))
    for match in found.matches[:_MOST]:
        say(wrapped("Same picture" if match.likeness is None else "Looks like", _sentence(match), width=15))
    if len(found.matches) > _MOST:
        say(wrapped("And", f"{count(len(found.matches) - _MOST, 'more stamp')}; --json names all.", width=15))
    if not found.matches:
        among = f", and none of {found.compared:,} fingerprints is like it" if found.compared else ""
        say(wrapped("Not found", f"No stamp of this studio is of this very picture{among}.", width=15))
        if not found.compared:
            note("hint: only the very picture could be looked for, as this studio keeps no fingerprints of any")


def _sentence(match: Match) -> str:
    stamp = match.stamp
    under = f", under {'consent' if len(match.codes) == 1 else 'consents'} {', '.join(match.codes)}"
    what = f"The picture of entry {stamp.entry_index}, stamped as {stamp.declaration} on {match.at.date()}"
    what += f"{under if match.codes else ', which shows nobody real'}."
    if stamp.revoked_by is not None:
        what += f" That stamp was revoked, by entry {stamp.revoked_by}."
    if match.likeness is None:
        return f"{what} The picture data are the same to the bit: their digests prove it."
    return f"{what} {_likeness(match.likeness)}"


def _likeness(likeness: Resemblance) -> str:
    asked = "What lies within its border" if likeness.asked is Crop.UNFRAMED else "This picture"
    how = next(words for limit, words in _HOW if likeness.distance <= limit)
    return f"{asked} is {how} {_KEPT[likeness.kept]}: {likeness.distance} of 256 bits differ."


def _document(path: Path, found: Found, error: ProvenanceError | None) -> Json:
    outcome = "not-found"
    if error is not None:
        outcome = "unknown"
    elif found.matches:
        outcome = "same" if found.matches[0].likeness is None else "alike"
    reason: Json = None if error is None else {"code": error.code, "message": str(error), "hint": error.hint}
    return {
        "schema": SCHEMA,
        "file": str(path),
        "outcome": outcome,
        "stamps": [_stamp(match) for match in found.matches],
        "compared": found.compared,
        "reason": reason,
    }


def _stamp(match: Match) -> Json:
    likeness = match.likeness
    return {
        "entry": match.stamp.entry_index,
        "at": to_minutes(match.at),
        "as": match.stamp.declaration,
        "consents": [*match.codes],
        "revoked_by": match.stamp.revoked_by,
        "likeness": None
        if likeness is None
        else {"distance": likeness.distance, "kept": likeness.kept.value, "asked": likeness.asked.value},
    }
