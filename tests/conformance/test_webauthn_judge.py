"""Another maker's verifier (Duo Labs' `webauthn`, BSD-3-Clause) and ours say the same of what passkeys signed."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from support.authenticators import Authenticator
from support.judges import find_webauthn_judge
from support.passkeys import signed_by_passkey

from provenance.canonical import canonical_bytes, from_base64url, to_base64url
from provenance.consent.records import parse_record
from provenance.errors import ProvenanceError
from provenance.keys import SigningKey

# Signed in Chromium 156 with its virtual authenticator, at a kiosk of this program.
CHROMIUM = Path(__file__).parent / "vectors" / "passkey-chromium.json"

PHONE = Authenticator()
CASES = {
    "right": PHONE,
    "ed25519": Authenticator(SigningKey.generate("Ed25519")),
    "extended": dataclasses.replace(PHONE, flags=0x85, extensions=b"\xa1\x6bcredProtect\x02"),
    "absent": dataclasses.replace(PHONE, flags=0x04),
    "unverified": dataclasses.replace(PHONE, flags=0x01),
    "origin": dataclasses.replace(PHONE, origin="https://evil.example"),
    "rp": dataclasses.replace(PHONE, rp_id="evil.example"),
    "type": dataclasses.replace(PHONE, client={"type": "webauthn.create"}),
    "challenge": dataclasses.replace(PHONE, client={"challenge": "AAAA"}),
}


def accepted(record: bytes) -> bool:
    try:
        parse_record(record)
    except ProvenanceError:
        return False
    return True


def test_what_a_real_browser_signed_verifies() -> None:
    record = parse_record(CHROMIUM.read_bytes())
    assert record.assurance == "passkey"
    signature = next(one for one in record.signatures if one.assertion is not None)
    assert signature.assertion is not None
    assert signature.assertion.origin.startswith("https://phone.local:")


def test_both_say_the_same(tmp_path: Path) -> None:
    judge = find_webauthn_judge()
    records = {name: signed_by_passkey(phone) for name, phone in CASES.items()}
    records["chromium"] = CHROMIUM.read_bytes()
    place = tmp_path / "records.json"
    place.write_text(f"[{','.join(record.decode() for record in records.values())}]")
    found: list[dict[str, Any]] = judge(place, "subject")
    theirs = {name: verdict["verifies"] for name, verdict in zip(records, found, strict=True)}
    assert theirs == {name: accepted(record) for name, record in records.items()}
    assert [name for name, verifies in theirs.items() if verifies] == ["right", "ed25519", "extended", "chromium"]


@pytest.mark.parametrize("part", ["authenticatorData", "clientDataJSON", "signature"])
def test_neither_takes_a_changed_part(tmp_path: Path, part: str) -> None:
    judge = find_webauthn_judge()
    document = json.loads(CHROMIUM.read_bytes())
    member = document["signatures"][0]
    parts = json.loads(from_base64url(member["signature"], place="signature"))
    records = []
    for bit in range(0, 8 * len(from_base64url(parts[part], place=part)), 61):
        found = bytearray(from_base64url(parts[part], place=part))
        found[bit // 8] ^= 1 << bit % 8
        changed = canonical_bytes({**parts, part: to_base64url(bytes(found))})
        records.append({**document, "signatures": [{**member, "signature": to_base64url(changed)}]})
    assert not any(accepted(canonical_bytes(record)) for record in records)
    place = tmp_path / "records.json"
    place.write_text(json.dumps(records))
    assert not any(verdict["verifies"] for verdict in judge(place, "subject"))
