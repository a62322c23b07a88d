"""Consent disclosures: one picture's handles opened for one recipient, so that they check the signatures themselves.

The controller signs a small statement: the picture, the recipient, the time, and for each person shown the handle, the
secret that opens it, and the digest of what lies beside: the signed record, every event of it so far, and the personal
data that were asked for. What would open another picture, or withdraw, is not in it.
The format is described in `docs/spec/consent-disclosure.md`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from provenance import jws
from provenance.canonical import Json, canonical_bytes, from_base64url, parse_object, sha256, to_base64url
from provenance.clock import from_seconds, to_seconds
from provenance.consent.disclosures import Disclosure, verify_disclosures
from provenance.consent.events import ConsentEvent, parse_event
from provenance.consent.fields import is_personal
from provenance.consent.handles import make_handle
from provenance.consent.records import ConsentRecord, parse_record
from provenance.consent.status import check_chain
from provenance.errors import InputError, RefusedError, VerificationError
from provenance.keys import SigningKey

SCHEMA: Final = "urn:headshot-provenance:schema:consent-disclosure:1"
MAX_BYTES: Final = 4 * 1024 * 1024
MAX_OPENINGS: Final = 64
MAX_RECIPIENT: Final = 200
REFRESH_SECONDS: Final = 24 * 60 * 60
MAX_REFRESH_SECONDS: Final = 31 * REFRESH_SECONDS

# Clocks that are as far apart as this do not make a disclosure one of the future.
_CLOCKS_APART: Final = timedelta(minutes=5)
_PLACE: Final = "disclosure"


@dataclass(frozen=True, slots=True)
class Opening:
    """One person's consent to one picture.

    Attributes:
        handle: as the picture carries it, 32 bytes.
        secret: of the picture, 32 bytes; with it, picture and record make the handle, and no other.
        record: the signed record, checked.
        events: every one so far, each checked, in one chain; the last one is the disclosure itself.
        revealed: personal data of the record, checked to be those that were signed.
    """

    handle: bytes
    secret: bytes
    record: ConsentRecord
    events: tuple[ConsentEvent, ...]
    revealed: tuple[Disclosure, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Return what lies beside the statement."""
        return {
            "record": self.record.envelope,
            "events": [event.envelope for event in self.events],
            "disclosures": [disclosure.to_text() for disclosure in self.revealed],
        }


@dataclass(frozen=True, slots=True)
class ConsentDisclosure:
    """A controller's signed word to one recipient on one picture, with what it rests on.

    Attributes:
        picture: its digest, 32 bytes.
        recipient: for whom it was made, as its maker named them.
        made_at: by the controller's clock.
        refresh: after how many seconds a new one should be asked for.
        controller: the RFC 9278 name of the key that signed.
        openings: one for each person shown.
        envelope: the signed statement.
    """

    picture: bytes
    recipient: str
    made_at: datetime
    refresh: int
    controller: str
    openings: tuple[Opening, ...]
    envelope: Mapping[str, Json]

    def to_json(self) -> dict[str, Json]:
        """Return the disclosure as a document."""
        return {
            "schema": SCHEMA,
            "statement": self.envelope,
            "openings": [opening.to_json() for opening in self.openings],
        }

    def to_bytes(self) -> bytes:
        """Return the disclosure as it is written to a file."""
        return json.dumps(self.to_json(), indent=1, ensure_ascii=False).encode() + b"\n"


def make_disclosure(
    picture: bytes,
    openings: Sequence[Opening],
    *,
    recipient: str,
    controller_key: SigningKey,
    now: datetime,
) -> ConsentDisclosure:
    """Return a new disclosure, signed by the controller and read back as its recipient will.

    Args:
        picture: its digest, 32 bytes.
        openings: one for each person shown, the last event of each being this disclosure.
        recipient: as `parse_recipient` returned it.
        controller_key: of the controller of every record.
        now: when it is made.

    Raises:
        InputError: it would be too large, or its parts are none.
        VerificationError: its parts do not belong together.
    """
    statement: dict[str, Json] = {
        "schema": SCHEMA,
        "picture": to_base64url(picture),
        "recipient": recipient,
        "made_at": to_seconds(now),
        "refresh": REFRESH_SECONDS,
        "openings": [
            {
                "handle": to_base64url(opening.handle),
                "secret": to_base64url(opening.secret),
                "sha256": to_base64url(sha256(canonical_bytes(opening.to_json()))),
            }
            for opening in openings
        ],
    }
    header: dict[str, Json] = {"role": "controller", "signed_at": to_seconds(now)}
    envelope = jws.sign(canonical_bytes(statement), [(controller_key, header)])
    controller = openings[0].record.controller if openings else ""
    made = ConsentDisclosure(picture, recipient, now, REFRESH_SECONDS, controller, tuple(openings), envelope)
    return parse_disclosure(made.to_bytes(), now=now)


def parse_disclosure(data: bytes, *, now: datetime) -> ConsentDisclosure:
    """Return the disclosure in a file after checking every signature and every digest in it.

    Whether its controller is the one of a picture, and its picture the one at hand, is for the caller to compare.

    Args:
        data: of the file, at most 4 MiB.
        now: by the reader's clock; what was made more than five minutes later is refused.

    Raises:
        InputError: it is malformed, or a record in it breaks a rule.
        VerificationError: a signature does not verify, or its parts do not belong together.
    """
    if len(data) > MAX_BYTES:
        raise InputError(f"{_PLACE}: expected at most {MAX_BYTES} bytes, got {len(data)}")
    document = parse_object(data, place=_PLACE)
    if document.get("schema") != SCHEMA:
        raise InputError(f"{_PLACE}: expected schema {SCHEMA}")
    _check_members(document, ("schema", "statement", "openings"), _PLACE)
    envelope = document["statement"]
    if not isinstance(envelope, dict):
        raise InputError(f"{_PLACE}.statement: expected an object")
    signed = jws.verify(envelope)
    signature = signed.by("controller")
    if len(signed.signatures) != 1 or signature.assurance is not None or signature.initialled:
        raise InputError(f"{_PLACE}.statement: expected one signature, with role and signed_at alone")
    statement = parse_object(signed.payload, place=f"{_PLACE}.statement")
    if canonical_bytes(statement) != signed.payload or statement.get("schema") != SCHEMA:
        raise InputError(f"{_PLACE}.statement: expected canonical json of schema {SCHEMA}")
    names = ("schema", "picture", "recipient", "made_at", "refresh", "openings")
    _check_members(statement, names, f"{_PLACE}.statement")
    made_at = from_seconds(str(statement["made_at"]))
    if signature.signed_at != statement["made_at"]:
        raise InputError(f"{_PLACE}.statement.made_at: expected the time of the signature")
    if made_at > now + _CLOCKS_APART:
        raise VerificationError(
            f"{_PLACE}: was made at {to_seconds(made_at)}, which is still to come", code="disclosure-early"
        )
    picture = from_base64url(statement["picture"], place=f"{_PLACE}.statement.picture", size=32)
    openings = _parse_openings(statement["openings"], document["openings"], picture, signature.key_urn, made_at)
    return ConsentDisclosure(
        picture=picture,
        recipient=_recipient(statement["recipient"], f"{_PLACE}.statement.recipient"),
        made_at=made_at,
        refresh=_refresh(statement["refresh"]),
        controller=signature.key_urn,
        openings=openings,
        envelope=envelope,
    )


def parse_recipient(text: str) -> str:
    """Return the name of a recipient without blanks around it.

    Raises:
        InputError: it is blank, too long, or not one line of printable text.
    """
    return _recipient(text.strip(), "recipient")


def _parse_openings(
    stated: Json, parts: Json, picture: bytes, controller: str, made_at: datetime
) -> tuple[Opening, ...]:
    if not isinstance(stated, list) or not isinstance(parts, list) or not 1 <= len(stated) <= MAX_OPENINGS:
        raise InputError(f"{_PLACE}.openings: expected 1 to {MAX_OPENINGS}")
    if len(parts) != len(stated):
        raise InputError(f"{_PLACE}.openings: expected {len(stated)}, as the statement has, got {len(parts)}")
    found = []
    for number, (said, part) in enumerate(zip(stated, parts, strict=True)):
        place = f"{_PLACE}.openings[{number}]"
        _check_members(said, ("handle", "secret", "sha256"), f"{_PLACE}.statement.openings[{number}]")
        handle, secret, digest = (
            from_base64url(said[name], place=f"{_PLACE}.statement.openings[{number}].{name}", size=32)
            for name in ("handle", "secret", "sha256")
        )
        _check_members(part, ("record", "events", "disclosures"), place)
        if sha256(canonical_bytes(part)) != digest:
            raise VerificationError(f"{place}: is not what the controller signed", code="disclosure-part")
        opening = _parse_opening(part, handle, secret, place)
        if opening.record.controller != controller:
            raise VerificationError(
                f"{place}.record: is another controller's than the disclosure", code="controller-mismatch"
            )
        if make_handle(secret=secret, picture_digest=picture, record_digest=opening.record.digest) != handle:
            raise VerificationError(f"{place}: its handle does not open to this record", code="handle-mismatch")
        if opening.events[-1].at > made_at:
            raise VerificationError(f"{place}.events: tell of what came after the disclosure", code="event-chain")
        found.append(opening)
    if len({opening.handle for opening in found}) != len(found):
        raise InputError(f"{_PLACE}.openings: expected no handle twice")
    return tuple(found)


def _parse_opening(part: Mapping[str, Json], handle: bytes, secret: bytes, place: str) -> Opening:
    """Return an opening after checking the record, its events, and that the personal data are the record's."""
    listed, texts = part["events"], part["disclosures"]
    if not isinstance(listed, list) or not listed or not isinstance(texts, list):
        raise InputError(f"{place}: expected events and disclosures as lists, and at least one event")
    try:
        record = parse_record(canonical_bytes(part["record"]))
        events = tuple(parse_event(canonical_bytes(event), record=record) for event in listed)
        revealed = tuple(Disclosure.from_text(text) if isinstance(text, str) else _no_text(place) for text in texts)
        check_chain(events)
        verify_disclosures(revealed, digests=record.disclosure_digests)
    except RefusedError as error:
        # A rule that a record breaks is nothing that was asked of its reader.
        raise InputError(f"{place}.record: {error}", code=error.code) from error
    except VerificationError as error:
        raise VerificationError(f"{place}: {error}", code=error.code) from error
    except InputError as error:
        raise InputError(f"{place}: {error}", code=error.code) from error
    if events[-1].type != "disclosed":
        raise VerificationError(f"{place}.events: expected the disclosure itself as the last", code="event-chain")
    names = [disclosure.name for disclosure in revealed]
    if len(set(names)) != len(names) or not all(is_personal(name) for name in names):
        raise InputError(f"{place}.disclosures: expected known personal data, and none twice")
    return Opening(handle, secret, record, events, revealed)


def _check_members(value: Json, names: Sequence[str], place: str) -> None:
    if not isinstance(value, dict) or set(value) != set(names):
        raise InputError(f"{place}: expected the members {', '.join(names)}, and no others")


def _recipient(value: Json, place: str) -> str:
    if not isinstance(value, str) or not value or not value.isprintable() or len(value) > MAX_RECIPIENT:
        raise InputError(f"{place}: expected 1 to {MAX_RECIPIENT} printable characters", code="recipient")
    return value


def _refresh(value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_REFRESH_SECONDS:
        raise InputError(f"{_PLACE}.statement.refresh: expected 1 to {MAX_REFRESH_SECONDS} seconds")
    return value


def _no_text(place: str) -> Disclosure:
    raise InputError(f"{place}.disclosures: expected text")
