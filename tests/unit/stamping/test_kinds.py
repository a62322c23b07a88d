"""Every kind of stamp, end to end: what it says, what it rests on, and what is refused."""

import dataclasses
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.kinds import EVERYTHING, FRAMES, Bench, consent_to, making_of, photograph
from support.makers import Maker
from support.metadata import XMP_INTO, xmp
from support.pictures import with_changed_pixels
from support.studios import FixedClock, make_studio, open_keys, stamp_file, stamped, verify

from provenance import durable
from provenance.consent.scopes import Scope
from provenance.credentials.labels import AI_DISCLOSURE_LABEL, CONSENT_LABEL
from provenance.credentials.lint import lint
from provenance.credentials.manifest import Declaration
from provenance.credentials.origin import COMPOSITE_WITH_TRAINED, DIGITAL_CAPTURE, TRAINED_MEDIA
from provenance.credentials.reading import Credential, read_credential
from provenance.entries import StampEntry, parse_entry
from provenance.picture import read_picture
from provenance.stamping import Making, Stamper, StampRequest, StampResult
from provenance.studio import ConsentDesk, Studio, StudioStampDesk
from provenance.verification import Verdict

BEFORE = "name the picture as it was before it was changed"
AS_AI_EDITED = "a photograph in which AI changed something is stamped with --as ai-edited"
NAME_CONSENT = "name the person's consent with --consent CODE"
STAMP_FIRST = "stamp it first as what it is, and name the stamped file"
REASON = 'look at it; if it is as you say, add --confirm "REASON", which is kept'


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with closing(make_studio(tmp_path / "studio", clock=FixedClock())) as made:
        yield made


@pytest.fixture
def bench(studio: Studio, tmp_path: Path) -> Bench:
    folder = tmp_path / "pictures"
    folder.mkdir()
    return Bench(studio, folder, consent_to(studio, *EVERYTHING).code)


def credential_of(bench: Bench, path: Path) -> Credential:
    data = path.read_bytes()
    picture = read_picture(data)
    return read_credential(data, picture.format.media_type, anchors=[bench.studio.anchors()], store=picture.store)


def refusal(result: StampResult) -> tuple[str, str | None, str | None, str | None]:
    return result.outcome, result.code, result.message, result.hint


def entries(studio: Studio) -> int:
    rows = studio.database.entries(0, 1000)
    return sum(isinstance(parse_entry(row.body), StampEntry) for row in rows)


def withdraw(bench: Bench, code: str) -> None:
    desk = ConsentDesk(bench.studio, open_keys(bench.studio))
    desk.withdraw(desk.find(code), scopes=None, proof="studio")


# --- what each kind says


EXPECTED: dict[str, tuple[list[str], list[tuple[str, bool, str | None]], str, list[str], list[str]]] = {
    # actions; ingredients by relationship, whether they carry a manifest, and source type; origin; signals; scopes
    "camera": (["created"], [], "camera-declared", ["captured-media"], ["capture"]),
    "computational": (["created"], [], "camera-declared", ["captured-media"], ["capture"]),
    "retouched": (
        ["opened", "cropped", "adjustedColor", "edited", "enhanced"],
        [("parentOf", False, "digitalCapture")],
        "edited",
        [
            "captured-media",
            "media-of-unknown-provenance",
            "perceptible-non-genai-transformations",
            "non-editorial-transformations",
        ],
        ["capture", "edit.basic", "edit.retouch"],
    ),
    "retouched again": (
        ["opened", "edited"],
        [("parentOf", True, None)],
        "edited",
        ["captured-media", "perceptible-non-genai-transformations"],
        ["capture", "edit.retouch"],
    ),
    "retouched with a background": (
        ["opened", "placed", "edited"],
        [("parentOf", True, None), ("componentOf", False, None)],
        "edited",
        ["captured-media", "media-of-unknown-provenance", "perceptible-non-genai-transformations"],
        ["capture", "edit.retouch"],
    ),
    "ai-edited": (
        ["opened", "cropped", "edited"],
        [("parentOf", True, None)],
        "ai-edited",
        ["captured-media", "perceptible-genai-transformations", "perceptible-non-genai-transformations"],
        ["capture", "edit.basic", "ai.edit"],
    ),
    "ai-edited from a bare photograph": (
        ["opened", "edited"],
        [("parentOf", False, "digitalCapture")],
        "ai-edited",
        ["captured-media", "media-of-unknown-provenance", "perceptible-genai-transformations"],
        ["capture", "ai.edit"],
    ),
    "hybrid": (
        ["opened", "placed", "edited"],
        [("parentOf", True, None), ("componentOf", False, "trainedAlgorithmicMedia")],
        "ai-edited",
        [
            "captured-media",
            "fully-genai-media",
            "media-of-unknown-provenance",
            "perceptible-genai-transformations",
        ],
        ["capture", "ai.edit"],
    ),
    "ai-generated": (["created"], [], "ai-generated", ["fully-genai-media"], ["ai.generate"]),
    "from photographs": (
        ["created"],
        [("inputTo", False, "digitalCapture"), ("inputTo", True, None)],
        "ai-generated",
        ["fully-genai-media", "fully-genai-media-inspired-by-captured-media"],
        ["ai.generate"],
    ),
    "derivative": (
        ["opened", "resized.proportional", "transcoded"],
        [("parentOf", True, None)],
        "camera-declared",
        ["captured-media", "non-editorial-transformations"],
        ["capture"],
    ),
    "cropped derivative": (
        ["opened", "cropped", "resized.proportional", "transcoded"],
        [("parentOf", True, None)],
        "edited",
        ["captured-media", "perceptible-non-genai-transformations", "non-editorial-transformations"],
        ["capture", "edit.basic"],
    ),
}


def make(bench: Bench, frame: str) -> Path:
    declaration, making = making_of(bench, frame)
    return stamped(bench.studio, bench.draw(), bench.out, declaration=declaration, code=bench.code, making=making)


def test_every_frame_is_expected() -> None:
    assert set(EXPECTED) == set(FRAMES)
    assert {declaration for declaration, _ in FRAMES.values()} == set(Declaration)


@pytest.mark.parametrize("frame", FRAMES)
def test_a_stamp_of_every_kind_says_what_it_must_and_verifies(bench: Bench, frame: str) -> None:
    actions, ingredients, origin, signals, scopes = EXPECTED[frame]
    path = make(bench, frame)
    credential = credential_of(bench, path)
    manifest = credential.active_manifest
    assert [action.name for action in manifest.actions] == [f"c2pa.{name}" for name in actions]
    assert manifest.actions_complete
    kinds = [
        (i.relationship, i.manifest is not None, (i.source_type or "").rpartition("/")[2]) for i in manifest.ingredients
    ]
    assert kinds == [(relationship, signed, kind or "") for relationship, signed, kind in ingredients]
    # The signer vouches for what was done and from what; consent is gathered.
    assert {label for label in manifest.assertions if "actions" in label or "ingredient" in label} <= manifest.created
    assert CONSENT_LABEL not in manifest.created
    assert (AI_DISCLOSURE_LABEL in manifest.created) == (origin in ("ai-edited", "ai-generated"))
    assert manifest.assertions[CONSENT_LABEL]["scopes"] == scopes
    assert lint(credential.crjson) == []
    report = verify(bench.studio, path)
    assert (report.verdict, report.origin.code) == (Verdict.PASSED, origin)
    assert report.origin.facts["signals"] == signals
    assert report.label_required is (origin in ("ai-edited", "ai-generated"))


def test_a_computational_capture_is_told_from_a_plain_one(bench: Bench) -> None:
    action = credential_of(bench, make(bench, "computational")).active_manifest.actions[0]
    assert (action.source_type or "").endswith("/computationalCapture")


def test_actions_name_what_they_were_done_with(bench: Bench) -> None:
    found = credential_of(bench, make(bench, "hybrid")).active_manifest
    opened, placed, edited = found.actions
    assert opened.ingredients == ("c2pa.ingredient.v3",)
    assert placed.ingredients == ("c2pa.ingredient.v3__1",)
    assert edited.source_type == COMPOSITE_WITH_TRAINED


def test_a_file_that_a_camera_signed_is_opened_and_nothing_else(bench: Bench) -> None:
    source = bench.draw()
    source.write_bytes(Maker().sign(source.read_bytes()))
    assert bench.stamp("camera", source=source, tool="NIKON Z 8").outcome == "stamped"
    found = credential_of(bench, bench.out).active_manifest
    assert [(action.name, action.source_type, action.agent) for action in found.actions] == [
        ("c2pa.opened", None, None)
    ]


@pytest.mark.parametrize("declaration", ["retouched", "ai-edited"])
def test_a_file_whose_own_credentials_say_what_was_done_is_opened_and_nothing_else(
    bench: Bench, declaration: str
) -> None:
    made = bench.stamp(declaration, parent=bench.signed, output="made.jpg")
    assert made.outcome == "stamped"
    again = bench.stamp(declaration, source=bench.folder / "made.jpg")
    assert (again.outcome, again.message) == ("stamped", None)
    found = credential_of(bench, bench.out).active_manifest
    assert [action.name for action in found.actions] == ["c2pa.opened"]
    assert AI_DISCLOSURE_LABEL not in found.assertions
    assert verify(bench.studio, bench.out).origin.code == {"retouched": "edited"}.get(declaration, declaration)


def test_a_copy_is_what_its_parent_is(bench: Bench) -> None:
    for number, (parent, origin) in enumerate(
        ((bench.ai_edited(), "ai-edited"), (bench.generated("of-zoe", code=bench.code), "ai-generated"))
    ):
        result = bench.stamp(
            "derivative", parent=parent, source=bench.draw(f"copy{number}", seed=50 + number), output=f"{number}.jpg"
        )
        assert (result.outcome, result.message) == ("stamped", None)
        report = verify(bench.studio, bench.folder / f"{number}.jpg")
        assert (report.verdict, report.origin.code, report.label_required) == (Verdict.PASSED, origin, True)


def test_a_copy_of_a_copy_needs_what_the_first_one_needed(bench: Bench) -> None:
    first = bench.stamp("derivative", parent=bench.ai_edited(), edits="crop,resize", output="first.jpg")
    assert first.outcome == "stamped"
    assert (
        bench.stamp("derivative", parent=bench.folder / "first.jpg", source=bench.draw("small", seed=8)).outcome
        == "stamped"
    )
    said = credential_of(bench, bench.out).active_manifest.assertions[CONSENT_LABEL]
    assert said["scopes"] == ["capture", "edit.basic", "ai.edit"]


def test_a_copy_of_a_picture_of_nobody_shows_nobody(bench: Bench) -> None:
    result = bench.stamp("derivative", parent=bench.generated(), code=None)
    assert (result.outcome, result.message) == ("stamped", None)
    report = verify(bench.studio, bench.out)
    assert (report.verdict, report.consent_now.code) == (Verdict.PASSED, "not-needed")


def test_nothing_of_the_files_it_was_made_from_gets_into_a_picture(bench: Bench) -> None:
    """An id in the parent's metadata would join all pictures that were made from one file."""
    ids = (("xmpMM:DocumentID", "xmp.did:ANGSTROM-1"), ("xmpMM:InstanceID", "xmp.iid:ANGSTROM-2"))
    parent = bench.folder / "zoe-angstrom.jpg"
    parent.write_bytes(XMP_INTO["JPEG"](xmp(*ids)))
    makings: list[tuple[str, dict[str, Any]]] = [
        ("retouched", {"parent": parent}),
        ("ai-generated", {"inputs": (parent,)}),
    ]
    for declaration, made in makings:
        result = bench.stamp(declaration, output=f"{declaration}.jpg", **made)
        assert (result.outcome, result.message) == ("stamped", None)
        data = (bench.folder / f"{declaration}.jpg").read_bytes()
        assert b"angstrom" not in data.lower()
        assert b"zoe-" not in data.lower()


@pytest.mark.parametrize("frame", FRAMES)
def test_a_dry_run_of_every_kind_says_yes_and_writes_nothing(bench: Bench, frame: str) -> None:
    declaration, making = making_of(bench, frame)
    before = entries(bench.studio)
    result = stamp_file(
        bench.studio, bench.draw(), bench.out, declaration=declaration, code=bench.code, making=making, dry_run=True
    )
    assert (result.outcome, result.message) == ("would-stamp", None)
    assert not bench.out.exists()
    assert entries(bench.studio) == before


# --- the same stamp again, and another


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("in_place", [False, True])
def test_the_same_statement_again_is_the_same_stamp(bench: Bench, frame: str, *, in_place: bool) -> None:
    declaration, making = making_of(bench, frame)
    source = bench.draw()
    target = source if in_place else bench.out
    results = [
        stamp_file(bench.studio, source, target, declaration=declaration, code=bench.code, making=making)
        for _ in range(2)
    ]
    assert [result.outcome for result in results] == ["stamped", "already-stamped"]
    assert len(list(credential_of(bench, target).parents())) == 1 + (making.parent == bench.signed)


def test_another_statement_on_the_same_picture_is_another_stamp(bench: Bench) -> None:
    source = bench.draw()
    other = photograph(bench.folder, "other", seed=40)
    backdrop = photograph(bench.folder, "backdrop", seed=41, exif=False)
    statements: list[tuple[str, dict[str, Any]]] = [
        ("camera", {}),
        ("camera", {"computational": True}),
        ("camera", {"tool": "NIKON Z 8"}),
        ("camera", {"tool": "NIKON Z 8/2"}),
        ("retouched", {"parent": bench.photo}),
        ("retouched", {"parent": bench.signed}),
        ("retouched", {"parent": other}),
        ("retouched", {"parent": bench.photo, "edits": "retouch,crop"}),
        ("retouched", {"parent": bench.photo, "edits": "crop,retouch"}),
        ("retouched", {"parent": bench.photo, "background": backdrop}),
        ("ai-edited", {"parent": bench.photo}),
        ("derivative", {"parent": bench.signed}),
        ("ai-generated", {}),
        ("ai-generated", {"inputs": (bench.photo,)}),
        ("ai-generated", {"inputs": (bench.photo, other)}),
        ("ai-generated", {"inputs": (bench.signed,)}),
    ]
    before = entries(bench.studio)
    for number, (declaration, made) in enumerate(statements):
        result = bench.stamp(declaration, source=source, output=f"{number}.jpg", confirmation="it is a test", **made)
        assert (result.outcome, result.message) == ("stamped", None), (declaration, made)
        assert entries(bench.studio) == before + number + 1, (declaration, made)
    # What a declaration says by itself, and the same in words, is one statement.
    again = bench.stamp(
        "retouched", source=source, parent=bench.photo, edits="retouch", output="4.jpg", confirmation="it is a test"
    )
    assert again.outcome == "already-stamped"


def test_one_command_reads_what_its_pictures_were_made_from_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Path] = []
    read = durable.read

    def counted(path: Path, *, max_bytes: int) -> bytes:
        reads.append(path)
        return read(path, max_bytes=max_bytes)

    monkeypatch.setattr(durable, "read", counted)
    unlocked = open_keys(bench.studio)
    stamper = Stamper(StudioStampDesk(unlocked), signer=unlocked.claim_signer())
    making = Making(parent=bench.signed)
    requests = [
        StampRequest(
            bench.draw(f"{n}", seed=60 + n),
            bench.folder / f"out{n}.jpg",
            Declaration.RETOUCHED,
            (bench.code,),
            making=making,
        )
        for n in range(3)
    ]
    assert [result.outcome for result in stamper.stamp(requests)] == ["stamped"] * 3
    assert reads.count(bench.signed) == 1
    # A parent that changed is read again by the next request that names another, and never mixed up.
    mixed = [
        dataclasses.replace(requests[0], destination=bench.folder / f"m{n}.jpg", making=Making(parent=parent))
        for n, parent in enumerate((bench.folder / "missing.jpg", bench.photo, bench.signed))
    ]
    results = list(stamper.stamp(mixed))
    assert [result.outcome for result in results] == ["failed", "stamped", "stamped"]
    assert credential_of(bench, bench.folder / "m1.jpg").active_manifest.ingredients[0].manifest is None
    assert credential_of(bench, bench.folder / "m2.jpg").active_manifest.ingredients[0].manifest is not None


# --- consent


@pytest.mark.parametrize(
    ("declaration", "made", "permit", "missing"),
    [
        ("retouched", {"parent": "photo"}, ["capture", "edit.basic"], "edit.retouch"),
        ("retouched", {"parent": "photo", "edits": "crop,retouch"}, ["capture", "edit.retouch"], "edit.basic"),
        ("retouched", {"parent": "photo", "edits": "crop"}, ["edit.basic"], "capture"),
        ("ai-edited", {"parent": "photo"}, ["capture", "edit.basic", "edit.retouch", "ai.generate"], "ai.edit"),
        ("ai-edited", {"parent": "photo", "edits": "crop,ai-edit"}, ["capture", "ai.edit"], "edit.basic"),
        ("ai-edited", {"parent": "photo"}, ["ai.edit"], "capture"),
        ("ai-generated", {"inputs": "photo"}, ["capture", "ai.edit"], "ai.generate"),
    ],
)
def test_each_kind_needs_its_own_grants(
    bench: Bench, declaration: str, made: dict[str, str], permit: list[str], missing: str
) -> None:
    parent = photograph(bench.folder, "unknown", seed=90)
    making: dict[str, Any] = {
        k: parent if k == "parent" else (parent,) if k == "inputs" else v for k, v in made.items()
    }
    code = consent_to(bench.studio, *permit).code
    result = bench.stamp(declaration, code=code, **making)
    assert (result.outcome, result.code) == ("refused", "consent-limited")
    assert missing in (result.message or "")
    assert bench.stamp(declaration, code=consent_to(bench.studio, *permit, missing).code, **making).outcome == "stamped"


def test_a_copy_needs_the_grants_of_its_parent(bench: Bench) -> None:
    parent = bench.generated("of-zoe", code=bench.code)
    desk = ConsentDesk(bench.studio, open_keys(bench.studio))
    desk.withdraw(desk.find(bench.code), scopes=[Scope.AI_GENERATE], proof="studio")
    result = bench.stamp("derivative", parent=parent)
    day = bench.studio.clock.now().date()
    assert refusal(result)[1:3] == (
        "consent-withdrawn",
        f"consent {bench.code}: the grant ai.generate was withdrawn on {day}",
    )


@pytest.mark.parametrize("declaration", ["retouched", "ai-edited"])
def test_a_photograph_shows_nobody_who_does_not_exist(bench: Bench, declaration: str) -> None:
    assert refusal(bench.stamp(declaration, parent=bench.photo, code=None)) == (
        "refused",
        "synthetic-capture",
        "a photograph cannot show a person who does not exist",
        "use --as ai-generated, or name the person's consent with --consent CODE",
    )


def test_a_copy_of_a_photograph_shows_somebody(bench: Bench) -> None:
    assert refusal(bench.stamp("derivative", parent=bench.signed, code=None)) == (
        "refused",
        "synthetic-capture",
        "parent signed.jpg: it is a photograph, which cannot show a person who does not exist",
        NAME_CONSENT,
    )


@pytest.mark.parametrize("declaration", ["retouched", "ai-edited", "derivative"])
def test_a_parent_under_another_consent_is_refused(bench: Bench, declaration: str) -> None:
    other = consent_to(bench.studio, *EVERYTHING).code
    assert refusal(bench.stamp(declaration, parent=bench.signed, code=other)) == (
        "refused",
        "consent-other",
        "parent signed.jpg: it carries a stamp under another consent of this studio",
        "stamp the original, under the consents of everyone shown",
    )


def test_a_background_under_another_consent_is_refused(bench: Bench) -> None:
    other = consent_to(bench.studio, *EVERYTHING).code
    parent = photograph(bench.folder, "fresh", seed=91)
    result = bench.stamp("retouched", parent=parent, background=bench.signed, code=other)
    assert (result.code, result.message) == (
        "consent-other",
        "background signed.jpg: it carries a stamp under another consent of this studio",
    )


@pytest.mark.parametrize("bare", [False, True])
def test_a_parent_whose_consent_was_withdrawn_is_refused(bench: Bench, *, bare: bool) -> None:
    withdraw(bench, bench.code)
    parent = bench.photo if bare else bench.signed
    day = bench.studio.clock.now().date()
    own = bench.stamp("retouched", parent=parent)
    assert (own.code, own.message) == (
        "consent-withdrawn",
        f"consent {bench.code}: the consent was withdrawn on {day}",
    )
    other = bench.stamp("retouched", parent=parent, code=consent_to(bench.studio, *EVERYTHING).code)
    assert (other.outcome, other.code) == ("refused", "consent-earlier" if bare else "consent-other")


@pytest.mark.parametrize("declaration", ["retouched", "ai-edited", "derivative"])
def test_a_parent_that_another_studio_stamped_is_refused(bench: Bench, tmp_path: Path, declaration: str) -> None:
    with closing(make_studio(tmp_path / "elsewhere", "Elsewhere")) as elsewhere:
        code = consent_to(elsewhere, *EVERYTHING).code
        foreign = stamped(
            elsewhere, photograph(bench.folder, "their", seed=70), bench.folder / "foreign.jpg", code=code
        )
    unknown = (
        "it carries a stamp of another studio, whose consent is not known here",
        "only the studio that holds the consent can stamp what is made from it",
    )
    result = bench.stamp(declaration, parent=foreign)
    assert refusal(result) == ("refused", "consent-unknown", f"parent foreign.jpg: {unknown[0]}", unknown[1])
    result = bench.stamp("ai-generated", inputs=(foreign,))
    assert refusal(result) == ("refused", "consent-unknown", f"input foreign.jpg: {unknown[0]}", unknown[1])


def test_an_input_needs_its_own_consent_to_generation(bench: Bench) -> None:
    denying = consent_to(bench.studio, "capture").code
    source = photograph(bench.folder, "denied", seed=71)
    stamp = stamped(bench.studio, source, bench.folder / "denied-stamped.jpg", code=denying)
    # Cutting the stamp off frees it from nothing.
    for path in (stamp, source):
        result = bench.stamp("ai-generated", inputs=(bench.photo, path))
        assert refusal(result) == (
            "refused",
            "consent-limited",
            f"input {path.name}: consent {denying}: the grant ai.generate says deny",
            f"see what it allows: provenance consent show {denying}",
        )


def test_an_input_whose_consent_was_withdrawn_is_refused(bench: Bench) -> None:
    other = consent_to(bench.studio, "capture", "ai.generate").code
    source = photograph(bench.folder, "theirs", seed=72)
    stamp = stamped(bench.studio, source, bench.folder / "theirs-stamped.jpg", code=other)
    alone = bench.stamp("ai-generated", inputs=(stamp,), output="before.jpg")
    assert refusal(alone) == (
        "refused",
        "consent-other",
        f"input {stamp.name}: it was stamped under consent {other}, on which the new picture must rest, too",
        f"add --consent {other}: what that person withdraws then reaches the new picture",
    )
    both = (bench.code, other)
    made = stamped(
        bench.studio,
        bench.draw("fresh", seed=73),
        bench.folder / "of-both.jpg",
        declaration="ai-generated",
        code=both,
        making=Making(inputs=(stamp,)),
    )
    assert verify(bench.studio, made).consent_now.code == "in-force"
    withdraw(bench, other)
    # What the person in the input withdraws reaches what was made from it.
    assert verify(bench.studio, made).consent_now.code == "withdrawn"
    for path in (stamp, source):
        result = bench.stamp("ai-generated", inputs=(path,), source=bench.draw("fresh", seed=73))
        assert (result.outcome, result.code) == ("refused", "consent-withdrawn")
        assert (result.message or "").startswith(f"input {path.name}: consent {other}: the consent was withdrawn on ")


def test_a_picture_stamped_under_both_consents_counts_under_the_one_that_is_named(bench: Bench) -> None:
    first = consent_to(bench.studio, "capture").code
    source = photograph(bench.folder, "shared", seed=74)
    stamped(bench.studio, source, bench.folder / "one.jpg", code=first)
    stamped(bench.studio, source, bench.folder / "two.jpg", code=bench.code)
    assert bench.stamp("ai-generated", inputs=(source,)).outcome == "stamped"


def test_an_input_that_shows_somebody_cannot_make_a_picture_of_nobody(bench: Bench) -> None:
    stated = f"it was stamped under consent {bench.code}, so that it shows a real person"
    result = bench.stamp("ai-generated", inputs=(bench.signed,), code=None)
    assert refusal(result) == (
        "refused",
        "input-consent",
        "input signed.jpg: nothing says that it shows nobody real, and no consent covers it",
        NAME_CONSENT,
    )
    nobody = bench.generated()
    assert bench.stamp("ai-generated", inputs=(nobody,), code=None).outcome == "stamped"
    # The same picture may be stamped as one of a person later; then it is one.
    assert (
        bench.stamp("ai-generated", source=bench.folder / "generated-source.jpg", output="of-zoe.jpg").outcome
        == "stamped"
    )
    result = bench.stamp("ai-generated", inputs=(nobody,), code=None, output="again.jpg")
    assert refusal(result) == (
        "refused",
        "input-real",
        f"input generated.jpg: {stated}",
        "name the person's consent with --consent CODE instead of --synthetic-person",
    )


def test_an_input_of_which_nothing_is_known_needs_a_consent(bench: Bench) -> None:
    for path in (bench.photo, photograph(bench.folder, "found", seed=75)):
        result = bench.stamp("ai-generated", inputs=(path,), code=None)
        assert (result.outcome, result.code) == ("refused", "input-consent")


# --- what it was made from


def test_a_picture_without_history_needs_a_parent(bench: Bench) -> None:
    for declaration in ("retouched", "ai-edited"):
        assert refusal(bench.stamp(declaration)) == (
            "refused",
            "parent-missing",
            "nothing names the photograph that it was made from",
            "add --parent FILE, the picture as it was before",
        )


@pytest.mark.parametrize(
    ("declaration", "made", "place"),
    [
        ("retouched", {"parent"}, "parent new.jpg"),
        ("ai-edited", {"parent"}, "parent new.jpg"),
        ("ai-generated", {"inputs"}, "input new.jpg"),
    ],
)
def test_nothing_is_made_from_itself(bench: Bench, declaration: str, made: set[str], place: str) -> None:
    source = bench.draw()
    making: dict[str, Any] = {"parent": source} if "parent" in made else {"inputs": (source,)}
    assert refusal(bench.stamp(declaration, source=source, **making)) == (
        "refused",
        "source-same",
        f"{place}: it is the very picture that is to be stamped",
        BEFORE,
    )


def test_a_copy_with_another_caption_is_no_copy(bench: Bench) -> None:
    assert bench.stamp("derivative", source=bench.photo, parent=bench.signed).code == "source-same"


def test_a_picture_with_credentials_has_no_second_parent_and_no_late_inputs(bench: Bench) -> None:
    source = bench.draw()
    source.write_bytes(Maker().sign(source.read_bytes()))
    for declaration in ("retouched", "ai-edited", "derivative"):
        assert refusal(bench.stamp(declaration, source=source, parent=bench.signed)) == (
            "refused",
            "parent-second",
            "it carries content credentials of its own, and a picture has one parent only",
            "leave --parent out if they name what it was made from; else export it without them",
        )
    source.write_bytes(Maker().sign(bench.draw().read_bytes(), source_type=TRAINED_MEDIA))
    assert refusal(bench.stamp("ai-generated", source=source, inputs=(bench.photo,))) == (
        "refused",
        "inputs-late",
        "it carries content credentials of its own, to which no inputs can be added",
        "leave --input out if they name what it was made from; else export it without them",
    )


@pytest.mark.parametrize("role", ["parent", "input", "background"])
def test_what_is_damaged_is_refused(bench: Bench, role: str) -> None:
    damaged = bench.folder / "damaged.jpg"
    damaged.write_bytes(with_changed_pixels(bench.signed.read_bytes()))
    if role == "input":
        result = bench.stamp("ai-generated", inputs=(damaged,))
    elif role == "parent":
        result = bench.stamp("retouched", parent=damaged)
    else:
        result = bench.stamp("retouched", parent=bench.photo, background=damaged)
    assert refusal(result) == (
        "refused",
        "parent-damaged",
        f"{role} damaged.jpg: its content credentials do not verify: assertion.dataHash.mismatch",
        "find the picture as it was then; if only texts changed, see provenance restamp",
    )


def test_a_damaged_history_is_refused(bench: Bench) -> None:
    damaged = with_changed_pixels(bench.signed.read_bytes())
    path = bench.folder / "resigned.jpg"
    path.write_bytes(Maker().sign(damaged, parent=True))
    result = bench.stamp("retouched", parent=path)
    assert (result.code, result.message) == (
        "history-damaged",
        "parent resigned.jpg: something it was made from does not verify: assertion.dataHash.mismatch",
    )


@pytest.mark.parametrize("role", ["parent", "input", "background"])
@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (None, "file-missing", "no such file"),
        (
            b"",
            "picture-kind",
            "picture: expected a jpeg, png, webp, tiff, dng, avif, heic, heif or gif file, got something else",
        ),
        (b"\x00" * 1000, "picture-kind", "picture: expected a jpeg, …"),
        (b"text " * 100_000, "picture-kind", "picture: expected a jpeg, …"),
        (b"\xff\xd8\xff", "picture-damaged", "jpeg at byte …"),
    ],
)
def test_what_cannot_be_read_stops_the_stamp(
    bench: Bench, role: str, content: bytes | None, code: str, message: str
) -> None:
    path = bench.folder / "bad.jpg"
    if content is not None:
        path.write_bytes(content)
    if role == "input":
        result = bench.stamp("ai-generated", inputs=(path,))
    elif role == "parent":
        result = bench.stamp("retouched", parent=path)
    else:
        result = bench.stamp("retouched", parent=bench.photo, background=path)
    assert (result.outcome, result.code) == ("failed", code)
    assert (result.message or "").startswith(f"{role} bad.jpg: {message.removesuffix('…')}")
    assert not bench.out.exists()


def test_a_parent_that_is_a_folder_or_has_no_possible_name_stops_the_stamp(bench: Bench) -> None:
    folder = bench.stamp("retouched", parent=bench.folder)
    assert (folder.outcome, folder.code) == ("failed", "file-directory")
    long = bench.stamp("retouched", parent=bench.folder / ("x" * 300))
    assert (long.outcome, long.code) == ("failed", "file-unreadable")
    nul = bench.stamp("retouched", parent=bench.folder / "a\x00b")
    assert (nul.outcome, nul.code) == ("failed", "file-missing")


NO_PHOTOGRAPH = "its content credentials do not say that it is a photograph: its origin is "
NO_PHOTOGRAPH_HINT = "a copy of a stamped picture is stamped with --as derivative; what AI made, with --as ai-generated"


def test_a_parent_that_ai_made_or_changed_is_not_retouched_by_people(bench: Bench) -> None:
    for path, action, kind in (
        (bench.generated(), "c2pa.created", "trainedAlgorithmicMedia"),
        (bench.ai_edited(), "c2pa.edited", "compositeWithTrainedAlgorithmicMedia"),
    ):
        assert refusal(bench.stamp("retouched", parent=path)) == (
            "refused",
            "evidence-generative",
            f"parent {path.name}: its content credentials say that AI took part: {action} with source type {kind}",
            AS_AI_EDITED,
        )


def test_a_background_that_ai_made_is_not_placed_by_people_alone(bench: Bench) -> None:
    result = bench.stamp("retouched", parent=bench.photo, background=bench.generated())
    assert (result.code, result.hint) == ("evidence-generative", AS_AI_EDITED)
    bare = bench.folder / "bare.jpg"
    bare.write_bytes(XMP_INTO["JPEG"](xmp(("Iptc4xmpExt:DigitalSourceType", TRAINED_MEDIA))))
    result = bench.stamp("retouched", parent=bench.photo, background=bare)
    assert (result.outcome, result.code, result.hint) == ("refused", "evidence-contradicts", AS_AI_EDITED)
    assert (result.message or "").startswith("background bare.jpg: the evidence says that AI made or changed it: ")
    assert bench.stamp("ai-edited", parent=bench.photo, background=bare).outcome == "stamped"


def test_a_background_from_a_camera_is_not_said_to_be_by_ai(bench: Bench) -> None:
    bare = bench.folder / "bare.jpg"
    bare.write_bytes(XMP_INTO["JPEG"](xmp(("Iptc4xmpExt:DigitalSourceType", DIGITAL_CAPTURE))))
    result = bench.stamp("ai-edited", parent=bench.photo, background=bare)
    assert (result.outcome, result.code) == ("refused", "evidence-contradicts")
    assert result.hint == "say background instead of ai-background for what AI did not make"
    # What AI did was something else.
    assert (
        bench.stamp("ai-edited", parent=bench.photo, background=bare, edits="background,ai-retouch").outcome
        == "stamped"
    )
    (_, placed) = credential_of(bench, bench.out).active_manifest.ingredients
    assert placed.source_type is None


def test_what_ai_made_is_not_a_photograph_that_it_edited(bench: Bench) -> None:
    path = bench.generated()
    assert refusal(bench.stamp("ai-edited", parent=path)) == (
        "refused",
        "parent-no-photograph",
        f"parent {path.name}: {NO_PHOTOGRAPH}ai-generated",
        NO_PHOTOGRAPH_HINT,
    )
    drawn = bench.folder / "drawn.jpg"
    kind = DIGITAL_CAPTURE.replace("digitalCapture", "digitalCreation")
    drawn.write_bytes(Maker().sign(bench.draw("art", seed=76).read_bytes(), source_type=kind))
    for declaration in ("retouched", "ai-edited"):
        result = bench.stamp(declaration, parent=drawn)
        assert (result.code, result.message) == ("parent-no-photograph", f"parent drawn.jpg: {NO_PHOTOGRAPH}not stated")


def test_ai_may_edit_what_ai_edited_before(bench: Bench) -> None:
    assert bench.stamp("ai-edited", parent=bench.ai_edited()).outcome == "stamped"
    assert verify(bench.studio, bench.out).origin.code == "ai-edited"


def test_a_copy_needs_a_stamped_parent(bench: Bench) -> None:
    camera = bench.folder / "camera.jpg"
    camera.write_bytes(Maker().sign(bench.draw("raw", seed=77).read_bytes()))
    for path in (bench.photo, camera):
        assert refusal(bench.stamp("derivative", parent=path)) == (
            "refused",
            "parent-unstamped",
            f"parent {path.name}: it carries no stamp, so that nothing says what a copy of it is",
            STAMP_FIRST,
        )


# --- evidence


def marked(bench: Bench, value: str, name: str) -> Path:
    path = bench.folder / name
    path.write_bytes(XMP_INTO["JPEG"](xmp(("Iptc4xmpExt:DigitalSourceType", value))))
    return path


def test_strong_evidence_of_ai_contradicts_retouching(bench: Bench) -> None:
    for value in (TRAINED_MEDIA, COMPOSITE_WITH_TRAINED):
        for reason in (None, "I know better"):
            result = bench.stamp(
                "retouched", source=marked(bench, value, "m.jpg"), parent=bench.photo, confirmation=reason
            )
            assert (result.outcome, result.code, result.hint) == ("refused", "evidence-contradicts", AS_AI_EDITED)
            assert [found.marker.code for found in result.evidence]
            result = bench.stamp("retouched", parent=marked(bench, value, "m.jpg"), confirmation=reason)
            assert (result.outcome, result.code, result.hint) == ("refused", "evidence-contradicts", AS_AI_EDITED)
            assert (result.message or "").startswith("parent m.jpg: the evidence says that AI ")
    assert (
        bench.stamp("ai-edited", source=marked(bench, COMPOSITE_WITH_TRAINED, "m.jpg"), parent=bench.photo).outcome
        == "stamped"
    )


def test_a_tool_that_is_ai_contradicts_retouching(bench: Bench) -> None:
    result = bench.stamp("retouched", parent=bench.photo, tool="Adobe Firefly/4")
    assert (result.outcome, result.code, result.hint) == ("refused", "evidence-contradicts", AS_AI_EDITED)
    assert bench.stamp("ai-edited", parent=bench.photo, tool="Adobe Firefly/4").outcome == "stamped"
    assert credential_of(bench, bench.out).active_manifest.actions[-1].agent == "Adobe Firefly 4"


def test_an_input_that_is_no_photograph_is_refused(bench: Bench) -> None:
    result = bench.stamp("ai-generated", inputs=(marked(bench, TRAINED_MEDIA, "m.jpg"),))
    assert (result.outcome, result.code) == ("refused", "evidence-contradicts")
    assert (result.message or "").startswith("input m.jpg: the evidence says that AI made or changed it")
    assert result.hint == STAMP_FIRST


def test_a_bare_parent_of_an_ai_edit_is_a_photograph(bench: Bench) -> None:
    result = bench.stamp("ai-edited", parent=marked(bench, COMPOSITE_WITH_TRAINED, "m.jpg"))
    assert (result.outcome, result.code, result.hint) == ("refused", "evidence-contradicts", STAMP_FIRST)


@pytest.mark.parametrize(
    ("declaration", "role", "place"),
    [
        ("camera", "source", ""),
        ("retouched", "source", ""),
        ("derivative", "source", ""),
        ("retouched", "parent", "parent generated-source.jpg: "),
        ("ai-edited", "parent", "parent generated-source.jpg: "),
        ("ai-generated", "inputs", "input generated-source.jpg: "),
    ],
)
def test_what_was_stamped_as_made_by_ai_is_no_photograph_without_its_stamp(
    bench: Bench, declaration: str, role: str, place: str
) -> None:
    bench.generated(code=bench.code)
    bare = bench.folder / "generated-source.jpg"
    made: dict[str, Any] = {role: (bare,) if role == "inputs" else bare}
    if role == "source" and declaration != "camera":
        made["parent"] = bench.signed
    assert refusal(bench.stamp(declaration, **made)) == (
        "refused",
        "earlier-generative",
        f"{place}this studio stamped the very picture as made or changed by AI",
        REASON,
    )
    result = bench.stamp(declaration, confirmation="the first stamp was a mistake", **made)
    assert (result.outcome, result.confirmation) == ("stamped", "the first stamp was a mistake")


def test_what_was_stamped_as_a_photograph_may_be_given_to_ai(bench: Bench) -> None:
    assert bench.stamp("ai-generated", inputs=(bench.photo,)).confirmation is None
    assert (
        bench.stamp(
            "ai-edited", source=bench.photo, parent=photograph(bench.folder, "b", seed=80), output="2.jpg"
        ).outcome
        == "stamped"
    )


def test_weak_evidence_in_a_parent_or_an_input_asks_for_a_reason(bench: Bench) -> None:
    doubtful = marked(bench, "composite", "m.jpg")
    makings: list[tuple[str, dict[str, Any]]] = [
        ("retouched", {"parent": doubtful}),
        ("ai-generated", {"inputs": (doubtful,)}),
    ]
    for declaration, made in makings:
        result = bench.stamp(declaration, **made)
        assert (result.outcome, result.code, result.hint) == ("refused", "evidence-doubtful", REASON)
        result = bench.stamp(declaration, confirmation="two exposures", output=f"{declaration}.jpg", **made)
        assert (result.outcome, result.confirmation) == ("stamped", "two exposures")


def test_a_copy_is_held_against_what_its_parent_is(bench: Bench) -> None:
    result = bench.stamp("derivative", source=marked(bench, TRAINED_MEDIA, "m.jpg"), parent=bench.signed)
    assert (result.outcome, result.code, result.hint) == (
        "refused",
        "evidence-contradicts",
        "a copy in another size or format looks like its parent; stamp what it is, or the parent anew",
    )
    parent = bench.generated("of-zoe", code=bench.code)
    result = bench.stamp("derivative", source=marked(bench, TRAINED_MEDIA, "n.jpg"), parent=parent)
    assert result.outcome == "stamped"
    assert [found.to_json(result.claim)["effect"] for found in result.evidence] == ["support"]


# --- files that say what they are themselves


@pytest.mark.parametrize(
    ("declaration", "message", "code"),
    [
        ("retouched", "its content credentials do not say that people edited a photograph", "evidence-not-edited"),
        ("ai-edited", "its content credentials do not say that AI changed a part of it", "evidence-not-ai-edited"),
    ],
)
def test_credentials_that_do_not_say_so_are_refused(bench: Bench, declaration: str, message: str, code: str) -> None:
    assert refusal(bench.stamp(declaration, source=bench.signed)) == (
        "refused",
        code,
        f"{message}: its origin is camera-declared",
        "stamp the file as the program wrote it that edited it",
    )


def test_what_cannot_go_together_is_an_error_for_programs_too(bench: Bench) -> None:
    result = bench.stamp("camera", parent=bench.photo)
    assert (result.outcome, result.code) == ("failed", "making")
