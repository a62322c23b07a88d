"""What is found of a picture after each thing that can be done to it, on every axis, in one table."""

import io
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import c2pa
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from support.commands import Terminal
from support.disagreements import ACCEPTED_THERE, CAUSES, check_agreement, second_opinion
from support.listeners import Listener
from support.studios import make_studio
from support.tampering import (
    HOSTILE,
    Change,
    World,
    box,
    by_a_maker,
    by_a_stranger,
    elsewhere,
    exif_edited,
    hostile,
    labels_of,
    laundered,
    padding,
    pixels,
    resigned,
    revoked,
    saved_again,
    signature,
    stripped,
    trailing,
    transplanted,
    transplanted_onto_bare,
    untouched,
)

from provenance import schemas
from provenance.pki import EMAIL_PROTECTION, TrustAnchors
from provenance.studio import StudioStatus
from provenance.verification import Question, Report, verify_file

IDENTITIES = "urn:example:identities"

# What is said on each axis: verdict, credential, origin, consent then, consent now, ledger, history.
PASSED = "PASSED trusted camera-declared in-force in-force proven clean"
BROKEN = "FAILED invalid unknown unknown unknown absent unknown"
EDITED = "INDETERMINATE text-edited camera-declared in-force in-force proven clean"
NOTHING = "INDETERMINATE none unknown not-linked not-linked absent unknown"
REMOTE = "INDETERMINATE remote unknown not-linked not-linked absent unknown"
STRANGER = "INDETERMINATE valid camera-declared not-linked not-linked absent clean"
CAMERA = "INDETERMINATE trusted camera-signed not-linked not-linked absent clean"


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        name: what was done.
        change: does it.
        said: the codes of the axes.
        trusting: whom the one who checks trusts with claims: `everybody` who signs here, or with times or identities
            alone.
    """

    name: str
    change: Change
    said: str
    trusting: str = "everybody"


ROWS = (
    Row("nothing: JPEG", untouched("jpeg"), PASSED),
    Row("nothing: PNG", untouched("png"), PASSED),
    Row("nothing: stamped twice", untouched("again"), PASSED),
    Row(
        "nothing: made by AI",
        untouched("generated"),
        "PASSED trusted ai-generated not-needed not-needed proven clean",
    ),
    Row("one bit in the pixels: JPEG", pixels("jpeg"), BROKEN),
    Row("one bit in the pixels: PNG", pixels("png"), BROKEN),
    Row("one bit in c2pa.actions.v2: JPEG", box("c2pa.actions.v2", "jpeg"), BROKEN),
    Row("one bit in c2pa.actions.v2: PNG", box("c2pa.actions.v2", "png"), BROKEN),
    Row("one bit in c2pa.hash.data: JPEG", box("c2pa.hash.data", "jpeg"), BROKEN),
    Row("one bit in c2pa.hash.data: PNG", box("c2pa.hash.data", "png"), BROKEN),
    Row("one bit in cawg.metadata: JPEG", box("cawg.metadata", "jpeg"), BROKEN),
    Row("one bit in cawg.metadata: PNG", box("cawg.metadata", "png"), BROKEN),
    Row("one bit in cawg.training-mining: JPEG", box("cawg.training-mining", "jpeg"), BROKEN),
    Row("one bit in cawg.training-mining: PNG", box("cawg.training-mining", "png"), BROKEN),
    Row("one bit in org.headshot-provenance.consent: JPEG", box("org.headshot-provenance.consent", "jpeg"), BROKEN),
    Row("one bit in org.headshot-provenance.consent: PNG", box("org.headshot-provenance.consent", "png"), BROKEN),
    Row("one bit in the claim: JPEG", box("c2pa.claim.v2", "jpeg"), BROKEN),
    Row("one bit in the claim: PNG", box("c2pa.claim.v2", "png"), BROKEN),
    Row("one bit in the claim signature: JPEG", signature("jpeg"), BROKEN),
    Row("one bit in the claim signature: PNG", signature("png"), BROKEN),
    Row("one bit in the padding of the signature: JPEG", padding("jpeg"), BROKEN),
    Row("one bit in the padding of the signature: PNG", padding("png"), BROKEN),
    Row("one bit in the ingredient that a second stamp names", box("c2pa.ingredient.v3", "again"), BROKEN),
    Row("one bit in c2pa.ai-disclosure", box("c2pa.ai-disclosure", "generated"), BROKEN),
    Row(
        "one bit in the actions of the first stamp of two",
        box("c2pa.actions.v2", "again", first=True),
        "FAILED trusted unknown in-force in-force proven damaged",
    ),
    Row(
        "one bit in the signature of the first stamp of two",
        signature("again", first=True),
        "FAILED trusted camera-declared in-force in-force proven damaged",
    ),
    Row("manifest in place of another picture's", transplanted, BROKEN),
    Row("manifest put into a bare picture", transplanted_onto_bare, BROKEN),
    Row("bytes behind the end: JPEG", trailing("jpeg"), EDITED),
    Row("bytes behind the end: PNG", trailing("png"), EDITED),
    Row("EXIF edited", exif_edited, EDITED),
    Row("manifest taken out: JPEG", stripped("jpeg"), NOTHING),
    Row("manifest taken out: PNG", stripped("png"), NOTHING),
    Row("saved again: JPEG", saved_again("jpeg"), NOTHING),
    Row("saved again: PNG", saved_again("png"), NOTHING),
    Row(
        "pixels changed, then signed as made from the stamped picture",
        laundered,
        "FAILED trusted camera-declared not-linked not-linked absent damaged",
    ),
    Row("stamp revoked", revoked, "FAILED revoked camera-declared in-force in-force proven clean"),
    Row("signed by a maker who is trusted", by_a_maker, CAMERA),
    Row("signed by a stranger", by_a_stranger, STRANGER),
    Row("signed under an issuer who is trusted", resigned(), CAMERA),
    Row(
        "certificate expired",
        resigned(days=(-300, -1)),
        "INDETERMINATE expired camera-declared not-linked not-linked absent clean",
    ),
    Row(
        "certificate not valid yet",
        resigned(days=(2, 9)),
        "INDETERMINATE expired camera-declared not-linked not-linked absent clean",
    ),
    Row("certificate for servers", resigned(purposes=[ExtendedKeyUsageOID.SERVER_AUTH]), STRANGER),
    Row("certificate for time-stamps", resigned(purposes=[ExtendedKeyUsageOID.TIME_STAMPING]), STRANGER),
    Row(
        "certificate for anything",
        resigned(purposes=[EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]),
        STRANGER,
    ),
    Row("signer under an anchor for times alone", by_a_maker, STRANGER, "times"),
    Row("signer under an anchor for identities alone", by_a_maker, STRANGER, "identities"),
    Row(
        "texts that act, in every field",
        hostile,
        "INDETERMINATE valid edited unknown not-found unproven clean",
    ),
    Row("manifest at an address that listens", elsewhere, REMOTE),
)


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, listener: Listener) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("tampering")
    with closing(make_studio(folder / "studio")) as studio:
        yield World(studio, folder, listener.address)


def check(
    world: World,
    data: bytes,
    *,
    anchors: Sequence[TrustAnchors] = (),
    times: Sequence[TrustAnchors] = (),
    identities: Sequence[TrustAnchors] = (),
) -> Report:
    report = verify_file(
        world.folder / "picture",
        question=Question(world.studio.clock.now()),
        anchors=anchors,
        time_anchors=times,
        identity_anchors=identities,
        known_logs=[world.studio.log_key],
        source=StudioStatus(world.studio),
        data=data,
    )
    schemas.validate(json.loads(json.dumps(report.to_json())), "verification-report")
    return report


def codes(report: Report) -> str:
    axes = (report.credential, report.origin, report.consent_then, report.consent_now, report.ledger, report.history)
    return " ".join([report.verdict, *(axis.code for axis in axes)])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_is_found_of_it(world: World, listener: Listener, row: Row) -> None:
    data = world.changed(row.name, row.change)
    match row.trusting:
        case "times":
            report = check(world, data, times=[world.maker.anchors])
        case "identities":
            report = check(world, data, identities=[world.maker.anchors])
        case _:
            report = check(world, data, anchors=world.anchors)
    assert codes(report) == row.said
    assert listener.visits == 0


@pytest.fixture(autouse=True)
def _silent(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the other validator from writing its preferences beside those of whoever runs the tests."""
    monkeypatch.setenv("ENCYPHER_C2PA_CONFIG_DIR", str(tmp_path_factory.mktemp("preferences")))


@pytest.mark.parametrize("row", [row for row in ROWS if row.trusting == "everybody"], ids=lambda row: row.name)
def test_another_validator_agrees_on_integrity_or_is_known_not_to(world: World, listener: Listener, row: Row) -> None:
    data = world.changed(row.name, row.change)
    trust = "".join(anchor.pem for anchor in world.anchors)
    check_agreement(row.name, check(world, data, anchors=world.anchors), second_opinion(data, trust=trust))
    assert listener.visits == 0


@pytest.mark.parametrize("kind", ["times", "identities"])
def test_another_validator_recognises_no_signer_whom_it_was_not_told_to(world: World, kind: str) -> None:
    (row,) = (row for row in ROWS if row.trusting == kind)
    data = world.changed(row.name, row.change)
    theirs = second_opinion(data, trust=None)
    check_agreement(row.name, check(world, data, anchors=[]), theirs)
    assert theirs["validation_state"] == "Valid"


def test_every_file_on_which_they_disagree_is_tried() -> None:
    named = {name for cause in CAUSES for name in cause.files} | set(ACCEPTED_THERE)
    assert {name for name in named if not name.endswith(".jpg")} <= {row.name for row in ROWS}


def test_a_signer_whom_the_engine_trusts_by_an_anchor_for_identities_is_not_recognised(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine itself would trust it, should such an anchor ever reach it beside those for signers."""
    original = c2pa.Context.from_dict

    def also_for_identities(settings: dict[str, Any]) -> c2pa.Context:
        anchor = {"trust_anchors": world.maker.anchors.pem, "trust_kind": "cawg", "trust_uri": IDENTITIES}
        settings["trust"]["anchors"].append(anchor)
        return original(settings)

    data = by_a_maker(world)
    settings = {"trust": {"anchors": []}, "verify": {"remote_manifest_fetch": False}}
    with also_for_identities(settings) as context, c2pa.Reader("image/jpeg", io.BytesIO(data), context=context) as sdk:
        found = json.loads(sdk.json())
    assert (found["validation_state"], found["validation_results"]["trustListUri"]) == ("Trusted", IDENTITIES)
    monkeypatch.setattr(c2pa.Context, "from_dict", also_for_identities)
    assert codes(check(world, data)) == STRANGER


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_every_box_of_a_stamp_has_a_row(world: World, kind: str) -> None:
    named = {found[1] for row in ROWS if (found := re.fullmatch(rf"one bit in (\S+): {kind.upper()}", row.name))}
    assert named == labels_of(untouched(kind)(world)) - {"c2pa.claim.v2", "c2pa.signature"}


# --- texts that act

ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def test_texts_that_act_are_shown_and_do_nothing(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVENANCE_TRUST", "/dev/null/none")
    monkeypatch.chdir(tmp_path)
    terminal = Terminal(capsys)
    Path("hostile.jpg").write_bytes(hostile(world))
    # Whatever a command prints, `Terminal` checks that every character of it is one that shows.
    shown = terminal("verify", "hostile.jpg", "-v", "--report", "report.html")
    assert shown.code == 3
    assert Path("hostile.jpg").read_bytes().count(HOSTILE.encode()) > 40
    assert "\\u{1b}" in shown.out
    assert "\\u{202e}Evil" in shown.out
    annotated = terminal("verify", "hostile.jpg", "--annotations", "github")
    assert len(annotated.out.splitlines()) == 1
    printed = terminal("verify", "hostile.jpg", "--json")
    assert printed.out.isascii()
    document = printed.document()
    assert document["credential"]["generator"] == f"{HOSTILE} {HOSTILE}"
    assert (document["credential"]["issuer"], document["ledger"]["log"]) == (HOSTILE, HOSTILE)
    assert document["chain"][0]["actions"][1] == f"org.example.{HOSTILE}"
    page = Path("report.html").read_text("utf-8")
    assert ACTS.search(page.replace("\n", "")) is None
    assert "<script" not in page
    assert "&lt;script&gt;" in page
