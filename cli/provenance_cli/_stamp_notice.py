"""`provenance stamp notice`."""

from collections import Counter
from pathlib import Path

import click

from provenance.canonical import Json
from provenance.errors import ProvenanceError, RefusedError
from provenance.studio.noticing import NoticeDesk
from provenance_cli._options import json_option, passphrase_option, studio_option, unlocked
from provenance_cli._output import note, print_json, safe, say
from provenance_cli._pictures import Found, find_pictures, pictures_options
from provenance_cli._stamp_updates import check_where, where_options, write_update

SCHEMA = "urn:headshot-provenance:schema:stamp-noticed:1"


@click.command("notice")
@pictures_options
@where_options
@json_option
@studio_option
@passphrase_option
def notice(
    files: tuple[Path, ...],
    *,
    recursive: bool,
    endings: str | None,
    null: bool,
    output: Path | None,
    in_place: bool,
    as_json: bool,
    studio_path: Path | None,
    passphrase_file: Path | None,
) -> int:
    """Write into stamped files that you still hold what became of their stamps.

    That a consent behind one was withdrawn, or that you revoked it: whoever checks the file then learns it without
    asking you. The picture and its stamp stay as they are. Copies that others have are out of reach.
    """
    written = check_where(output, in_place=in_place)
    pictures = find_pictures(files, recursive=recursive, endings=endings, null=null, leave_out=written)
    outcomes: Counter[str] = Counter()
    with unlocked(studio_path, passphrase_file) as keys:
        desk = NoticeDesk(keys, signer=keys.claim_signer())
        for found in pictures:
            document = _tell(desk, found, output)
            outcomes[str(document["outcome"])] += 1
            if as_json:
                print_json(document)
            else:
                _say(document)
    note(" · ".join(f"{number} {outcome}" for outcome, number in outcomes.items()))
    return 1 if outcomes["refused"] else 3 if outcomes["failed"] else 0


def _tell(desk: NoticeDesk, found: Found, output: Path | None) -> dict[str, Json]:
    document: dict[str, Json] = {"schema": SCHEMA, "file": str(found.path), "output": None, "says": None, "at": None}
    destination = found.path
    try:
        if output is not None:
            destination = found.destination(output, otherwise="")
        noticed = desk.tell(found.path)
        document |= {"says": noticed.notice.says, "at": noticed.notice.at}
        if noticed.data is None:
            return {**document, "outcome": "already-noticed", "output": str(found.path), "reason": None}
        write_update(destination, found, noticed.data)
    except ProvenanceError as error:
        outcome = "refused" if isinstance(error, RefusedError) else "failed"
        reason: Json = {"code": error.code, "message": str(error), "hint": error.hint}
        return {**document, "outcome": outcome, "reason": reason}
    return {**document, "outcome": "noticed", "output": str(destination), "reason": None}


def _say(document: dict[str, Json]) -> None:
    reason = document["reason"]
    if isinstance(reason, dict):
        name = Path(str(document["file"])).name
        message = str(reason["message"]).removeprefix(f"{safe(name)}: ")
        say(f"{document['outcome']!s:<16}{safe(str(document['file']))}: {safe(message)}")
        if reason["hint"] is not None:
            note(f"hint: {safe(str(reason['hint']))}")
    else:
        say(f"{document['outcome']!s:<16}{safe(str(document['output']))}: {document['says']}")
