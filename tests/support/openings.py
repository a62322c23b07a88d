"""Consent disclosures without a studio, right ones and ones that are rightly signed and say something else."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from support.consents import KEY, NOW, controller_fields, decisions, signed_event, signed_record

from provenance import jws
from provenance.canonical import canonical_bytes, from_base64url, parse_object, sha256, to_base64url
from provenance.consent.disclosures import Disclosure
from provenance.consent.events import ConsentEvent
from provenance.consent.handles import make_handle, picture_secret
from provenance.consent.openings import ConsentDisclosure, Opening, make_disclosure
from provenance.consent.records import ConsentRecord
from provenance.keys import SigningKey

PICTURE = sha256(b"the picture")
RECORD_KEY = bytes(range(32))
RECIPIENT = "Daily Bügle"
NAME = Disclosure.make("legal_name", "Zoë Ångström")
EMAIL = Disclosure.make("email", "zoe@example.org")
RECORD = signed_record(decisions("capture", "publish.web", deny=["mine"]), disclosures=[NAME, EMAIL])


def told(
    record: ConsentRecord = RECORD, events: Sequence[ConsentEvent] = (), *, key: SigningKey = KEY, now: datetime = NOW
) -> tuple[ConsentEvent, ...]:
    """Return the events of a record up to its disclosure: given and disclosed, unless others came before."""
    before = list(events) or [signed_event(record, proof="signature", key=key)]
    recipient = Disclosure.make("recipient", RECIPIENT)
    last = max(now, before[-1].at)
    return (*before, signed_event(record, "disclosed", previous=before[-1], recipient=recipient, key=key, now=last))


def opening(
    record: ConsentRecord = RECORD,
    events: Sequence[ConsentEvent] = (),
    *,
    revealed: Sequence[Disclosure] = (),
    picture: bytes = PICTURE,
    record_key: bytes = RECORD_KEY,
    key: SigningKey = KEY,
    now: datetime = NOW,
) -> Opening:
    """Return a record opened for a picture."""
    secret = picture_secret(record_key=record_key, picture_digest=picture)
    handle = make_handle(secret=secret, picture_digest=picture, record_digest=record.digest)
    return Opening(handle, secret, record, told(record, events, key=key, now=now), tuple(revealed))


def disclosed(
    *openings: Opening, picture: bytes = PICTURE, key: SigningKey = KEY, now: datetime = NOW
) -> ConsentDisclosure:
    """Return a disclosure, of one usual opening unless others are given."""
    parts = openings or (opening(picture=picture),)
    return make_disclosure(picture, parts, recipient=RECIPIENT, controller_key=key, now=now)


def resigned(
    made: ConsentDisclosure, change: Callable[[dict[str, Any], dict[str, Any]], None], *, key: SigningKey = KEY
) -> bytes:
    """Return a disclosure with something changed in it or in its statement, rightly signed and bound anew."""
    document: dict[str, Any] = json.loads(made.to_bytes())
    statement: dict[str, Any] = dict(
        parse_object(from_base64url(document["statement"]["payload"], place="payload"), place="statement")
    )
    statement["openings"] = [dict(one) for one in statement["openings"]]
    change(document, statement)
    if isinstance(statement["openings"], list) and isinstance(document["openings"], list):
        for said, part in zip(statement["openings"], document["openings"], strict=False):
            if isinstance(said, dict) and "sha256" in said:
                said["sha256"] = to_base64url(sha256(canonical_bytes(part)))
    document["statement"] = jws.sign(canonical_bytes(statement), [(key, controller_fields())])
    return canonical_bytes(document)
