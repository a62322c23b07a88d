"""The ledger, to be read by anybody: its checkpoint, its tiles and its entries at the paths of c2sp.org/tlog-tiles.

They stand under `/ledger/`, which is the log's monitoring prefix. Nothing leaves that the signed checkpoint does not
cover; what is full never changes, and may be kept for ever.
"""

from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from provenance.checkpoint import Checkpoint, parse_checkpoint_text
from provenance.errors import CorruptLedgerError, InputError
from provenance.ledger.publishing import newest_note
from provenance.ledger.stored import stored_hashes
from provenance.merkle import leaf_hash
from provenance.note import parse_note
from provenance.storage.interface import LedgerStore
from provenance.tiles import TILE_HEIGHT, TILE_WIDTH, bundle_to_bytes, parse_tile_path
from provenance.web.desk import KioskDesk

FOR_EVER: Final = "public, max-age=31536000, immutable"
SOON: Final = "public, max-age=5"
_BYTES: Final = "application/octet-stream"
_TEXT: Final = "text/plain; charset=utf-8"


def make_ledger_pages(desk: KioskDesk) -> APIRouter:
    """Return the paths of a studio's ledger."""
    router = APIRouter(prefix="/ledger")

    @router.get(
        "/checkpoint",
        summary="The newest signed checkpoint",
        response_class=Response,
        responses={200: {"description": "A signed note.", "content": {_TEXT: {"schema": {"type": "string"}}}}},
    )
    def checkpoint() -> Response:
        """Return the newest checkpoint, with the cosignatures of witnesses (c2sp.org/tlog-checkpoint)."""
        with desk.store() as store:
            note = newest_note(store)
        return Response(note, media_type=_TEXT, headers={"Cache-Control": SOON})

    @router.get(
        "/tile/{path:path}",
        summary="A tile of hashes, or a bundle of entries",
        response_class=Response,
        responses={
            200: {
                "description": "32 bytes a hash, or entries each behind its length in two bytes.",
                "content": {_BYTES: {"schema": {"type": "string", "format": "binary"}}},
            },
            404: {"description": "No such tile.", "content": {_TEXT: {"schema": {"type": "string"}}}},
        },
    )
    def tile(path: str) -> Response:
        """Return a tile, such as `0/x001/067` or `entries/000.p/5` (c2sp.org/tlog-tiles)."""
        with desk.store() as store:
            data = _read(store, f"tile/{path}")
        if data is None:
            return Response("no such tile\n", 404, media_type=_TEXT)
        return Response(data, media_type=_BYTES, headers={"Cache-Control": FOR_EVER})

    return router


def _read(store: LedgerStore, path: str) -> bytes | None:
    try:
        name = parse_tile_path(path)
    except InputError:
        return None
    signed: Checkpoint = parse_checkpoint_text(parse_note(newest_note(store)).text)
    start = name.number * TILE_WIDTH
    end = start + name.width
    level = name.level or 0
    if end > signed.size >> TILE_HEIGHT * level:
        return None
    if name.level is not None:
        return b"".join(stored_hashes(store, level, start, end))
    entries: list[bytes] = []
    for index, stored, body in store.bodies(start, end):
        if index != start + len(entries) or leaf_hash(body) != stored:
            raise CorruptLedgerError(f"entry {index}: its bytes do not hash to its leaf hash")
        entries.append(body)
    return bundle_to_bytes(entries)
