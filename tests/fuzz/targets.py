"""Every function that takes bytes from strangers, with files to begin with; what it may raise is an error of ours.

A target is called with any bytes at all. It fails by raising something else, by a broken promise, by taking too long or
too much memory; see `run.py`.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

from support.authenticators import Authenticator
from support.consents import KEY, signed_record
from support.corpus import VALUES, specimens
from support.metadata import encoded
from support.openings import disclosed
from support.passkeys import signed_by_passkey
from support.pictures import draw_jpeg
from support.shared import SHARED
from support.studios import make_studio, open_keys, record_consent, stamped

from provenance.canonical import canonical_bytes, parse_object
from provenance.checkpoint import parse_checkpoint_text
from provenance.consent.openings import parse_disclosure
from provenance.consent.receipts import parse_receipt
from provenance.consent.records import parse_record
from provenance.consent.requests import parse_request
from provenance.consent.templates import parse_template
from provenance.cose import parse_consistency_receipt
from provenance.cose import parse_receipt as parse_cose_receipt
from provenance.credentials.jumbf import read_store
from provenance.credentials.manifest import ConsentAssertion
from provenance.entries import parse_entry
from provenance.errors import ProvenanceError
from provenance.evidence import CATALOGUE, scan
from provenance.note import parse_note
from provenance.picture import read_picture
from provenance.picture.location import find_location, strip_location
from provenance.picture.properties import PictureProperties
from provenance.picture.xmp_writing import write_xmp
from provenance.policy import parse_policy
from provenance.proof import parse_proof
from provenance.recovery.bindings import read_binding, write_binding
from provenance.recovery.fingerprints import fingerprints_to_ask
from provenance.status_lists import StatusListWriter, parse_status_list
from provenance.studio import ConsentDesk
from provenance.timestamps import read_token
from provenance.trust_files import LOG_LINE, parse_trust_file
from provenance.verification.publishing_files import SHIPPED, parse_publishing_policy, shipped_text
from provenance.web.ink import draw

Target = Callable[[bytes], None]
_Result = TypeVar("_Result")

SEED_BYTES: Final = 32 * 1024
NOW: Final = datetime(2026, 11, 27, tzinfo=UTC)
PROPERTIES: Final = PictureProperties(
    digital_source_type="http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture", model_release_ids=("a", "b")
)


def pictures(data: bytes) -> None:
    """Take a picture apart, scan it, strip it and write into it; the picture itself stays what it was."""
    _ours(scan, data)
    _ours(find_location, data)
    before = _ours(read_picture, data)
    if before is None:
        return
    stripped = _ours(strip_location, data)
    written = _ours(lambda file: write_xmp(file, PROPERTIES), data)
    for after in (stripped.data if stripped is not None else data, written if written is not None else data):
        assert read_picture(after).digest == before.digest, "the picture was changed"
    if before.store is not None:
        stores(before.store.data)


def stores(data: bytes) -> None:
    """Take a manifest store apart."""
    _ours(read_store, data)


def notes(data: bytes) -> None:
    """Read what a log signs and proves."""
    steps: tuple[Callable[[bytes], object], ...] = (parse_note, parse_policy, parse_entry, parse_cose_receipt)
    for step in (*steps, parse_consistency_receipt):
        _ours(step, data)
    text = data.decode("utf-8", "replace")
    _ours(lambda _: parse_checkpoint_text(text), data)
    _ours(lambda _: parse_proof(text), data)


def consents(data: bytes) -> None:
    """Read consents, what was taken home of them, and what was disclosed."""
    steps: tuple[Callable[[bytes], object], ...] = (parse_record, parse_receipt, parse_request)
    for step in steps:
        _ours(step, data)
    _ours(lambda file: parse_disclosure(file, now=NOW), data)
    _ours(lambda file: parse_template(file, name="fuzz"), data)


def assertions(data: bytes) -> None:
    """Read what a stamp says of its consent."""
    _ours(lambda file: ConsentAssertion.from_json(parse_object(file, place="assertion")), data)


def policies(data: bytes) -> None:
    """Read what a publisher asks of pictures."""
    _ours(lambda file: parse_publishing_policy(file, name="fuzz"), data)


def trusts(data: bytes) -> None:
    """Read what a studio hands out to be trusted by."""
    _ours(lambda file: parse_trust_file(file, uri="urn:example:fuzz", place="fuzz"), data)


def tokens(data: bytes) -> None:
    """Read a time-stamp token, and a status list."""
    _ours(lambda file: read_token(file, b"what it dates"), data)
    _ours(lambda file: parse_status_list(file, now=NOW), data)


def drawings(data: bytes) -> None:
    """Read a signature that was drawn on a screen."""
    _ours(lambda file: draw(file.decode("utf-8", "replace")), data)


def looks(data: bytes) -> None:
    """Make the fingerprints by which a picture is looked for."""
    _ours(fingerprints_to_ask, data)


def bindings(data: bytes) -> None:
    """Read the fingerprints that another program sends."""
    _ours(lambda file: read_binding(file.decode("utf-8", "replace")), data)


TARGETS: Final[dict[str, Target]] = {
    target.__name__: target
    for target in (pictures, stores, notes, consents, assertions, policies, trusts, tokens, drawings, looks, bindings)
}


def seeds() -> Iterator[bytes]:
    """Yield whole examples of everything, none of them large."""
    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "GIF"):
        yield encoded(kind)
    for marker in CATALOGUE:
        if marker.code in VALUES:
            yield from (specimen.data for specimen in specimens(marker))
    yield signed_record().to_bytes()
    yield signed_by_passkey(Authenticator())
    yield disclosed().to_bytes()
    yield from (shipped_text(name).encode() for name in SHIPPED)
    yield b'{"width": 3000, "height": 1300, "strokes": [[[0, 0, 0], [300, 40, 5], [600, 0, 9]]]}'
    yield StatusListWriter().sign(log_origin="log.example", number=0, key=KEY, now=NOW)
    yield write_binding(bytes(range(32))).encode()
    yield from _of_a_studio()
    yield from (path.read_bytes() for path in sorted(SHARED.glob("photos/*/*")) if path.stat().st_size <= SEED_BYTES)


def _of_a_studio() -> Iterator[bytes]:
    with TemporaryDirectory() as folder:
        place = Path(folder)
        with closing(make_studio(place / "studio")) as studio:
            recorded = record_consent(studio)
            yield canonical_bytes(ConsentDesk(studio, open_keys(studio)).receipt(recorded).to_json())
            made = stamped(studio, draw_jpeg(place / "a.jpg", size=(40, 30)), place / "b.jpg", code=recorded.code)
            picture = made.read_bytes()
            yield picture
            store = read_picture(picture).store
            assert store is not None
            yield store.data
            yield f"{LOG_LINE}{studio.log_key.to_text()} from 2\n{studio.anchors().pem}".encode()
            for entry in studio.database.entries(0, 3):
                yield entry.body


def _ours(step: Callable[[bytes], _Result], data: bytes) -> _Result | None:
    try:
        return step(data)
    except ProvenanceError as error:
        message = str(error)
    assert message.isprintable(), "expected one line"
    return None
