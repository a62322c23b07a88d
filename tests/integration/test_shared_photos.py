"""What is said of real files by other makers, with and without the roots of their test certificates."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.disagreements import ACCEPTED_THERE, CAUSES, check_agreement, second_opinion
from support.shared import SHARED, shared

from provenance import schemas
from provenance.pki import TrustAnchors
from provenance.verification import Question, Report, Verdict, verify_file

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
ROOTS = "c2pa-rs-test-roots.pem"
ROOTS_URI = "urn:example:test-roots"
ISSUER = "C2PA Test Signing Cert"

WHOLE = ["C.jpg", "CA.jpg", "boxhash.jpg", "update_manifest.jpg"]
DAMAGED = ["E-sig-CA.jpg", "XCA.jpg"]
DAMAGED_INSIDE = "CIE-sig-CA.jpg"
CREDENTIALS = [*WHOLE, *DAMAGED, DAMAGED_INSIDE]

# What is said on each axis: verdict, credential, origin, consent then, consent now, ledger, history, time. Where their
# root is trusted, `trusted` takes the place of `valid`, and nothing else changes. No action in them has a source type
# that tells a camera from AI, and none of them carries a stamp.
SAID = {
    "C.jpg": "INDETERMINATE valid unknown not-linked not-linked absent clean stated",
    "CA.jpg": "INDETERMINATE valid unknown not-linked not-linked absent unknown stated",
    "boxhash.jpg": "INDETERMINATE valid unknown not-linked not-linked absent unknown stated",
    "update_manifest.jpg": "INDETERMINATE valid unknown not-linked not-linked absent unknown none",
    "E-sig-CA.jpg": "FAILED invalid unknown unknown unknown absent unknown none",
    "XCA.jpg": "FAILED invalid unknown unknown unknown absent unknown none",
    "CIE-sig-CA.jpg": "FAILED valid unknown not-linked not-linked absent damaged stated",
}

PLAIN = [
    *(("cameras", f"{name}.jpg") for name in ("Canon_40D", "HMD_Nokia_8.3_5G", "Nikon_D70", "Olympus_C8080WZ")),
    *(("cameras", f"{name}.jpg") for name in ("Panasonic_DMC-FZ30", "Pentax_K10D")),
    *(("formats", f"sample1.{ending}") for ending in ("avif", "heic", "png", "webp")),
    ("formats", "P1000827.jpg"),
    ("formats", "test.tiff"),
    ("generated", "comfyui-sdxl-turbo.png"),
    ("portraits", "nasa-portrait.png"),
]


def verify(path: Path, *, trusting: bool = False) -> Report:
    anchors = []
    if trusting:
        anchors = [TrustAnchors(ROOTS_URI, shared("photos", "credentials", ROOTS).read_text())]
    report = verify_file(path, question=Question(AT), anchors=anchors)
    schemas.validate(json.loads(json.dumps(report.to_json())), "verification-report")
    return report


def credentialed(name: str, *, trusting: bool) -> Report:
    return verify(shared("photos", "credentials", name), trusting=trusting)


@pytest.mark.parametrize("trusting", [False, True])
@pytest.mark.parametrize("name", CREDENTIALS)
def test_what_is_found_of_it(name: str, trusting: bool) -> None:
    found = credentialed(name, trusting=trusting)
    axes = (found.credential, found.origin, found.consent_then, found.consent_now)
    codes = [axis.code for axis in (*axes, found.ledger, found.history, found.time)]
    said = SAID[name].replace(" valid ", " trusted ") if trusting else SAID[name]
    assert " ".join([found.verdict, *codes]) == said


@pytest.mark.parametrize("trusting", [False, True])
@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_file_of_another_maker_neither_fails_nor_passes(name: str, trusting: bool) -> None:
    report = credentialed(name, trusting=trusting)
    assert report.verdict is Verdict.INDETERMINATE
    assert report.credential.code == ("trusted" if trusting else "valid")
    assert report.credential.facts["issuer"] == ISSUER
    assert report.credential.facts["trust_list"] == (ROOTS_URI if trusting else None)
    assert report.history.code != "damaged"
    assert (report.ledger.code, report.consent_then.code, report.consent_now.code) == (
        "absent",
        "not-linked",
        "not-linked",
    )
    assert report.consent_basis is None


@pytest.mark.parametrize("trusting", [False, True])
@pytest.mark.parametrize(
    ("name", "code", "headline"),
    [
        ("E-sig-CA.jpg", "claimSignature.mismatch", "Credential does not verify"),
        ("XCA.jpg", "assertion.dataHash.mismatch", "Changed after stamping"),
    ],
)
def test_a_damaged_file_fails_whoever_is_trusted(name: str, code: str, headline: str, trusting: bool) -> None:
    report = credentialed(name, trusting=trusting)
    assert report.verdict is Verdict.FAILED
    assert (report.credential.code, report.credential.headline) == ("invalid", headline)
    assert report.reason == report.credential.sentence
    assert code in [finding.code for finding in report.findings]
    assert (report.origin.code, report.time.code) == ("unknown", "none")


@pytest.mark.parametrize("trusting", [False, True])
def test_a_whole_file_made_from_a_damaged_one_fails_by_its_history(trusting: bool) -> None:
    report = credentialed(DAMAGED_INSIDE, trusting=trusting)
    assert (report.verdict, report.history.code) == (Verdict.FAILED, "damaged")
    assert report.reason == "This file is intact, but something it was made from does not verify."
    assert report.credential.code == ("trusted" if trusting else "valid")
    assert (5, "claimSignature.mismatch") in [(finding.step, finding.code) for finding in report.findings]


def test_a_file_made_from_nothing_else_has_a_clean_history() -> None:
    assert credentialed("C.jpg", trusting=False).history.code == "clean"


@pytest.mark.parametrize("name", ["C.jpg", "CA.jpg", "boxhash.jpg"])
def test_a_time_stamp_by_an_authority_that_nobody_trusts_proves_no_time(name: str) -> None:
    # Of claims of version 1 the SDK calls every authority trusted, unasked.
    for trusting in (False, True):
        report = credentialed(name, trusting=trusting)
        assert (report.time.code, report.time.sentence) == (
            "stated",
            "A time stamp says so; who made it was not checked.",
        )


@pytest.mark.parametrize(("folder", "name"), PLAIN)
def test_a_file_without_a_credential_is_never_called_false(folder: str, name: str) -> None:
    report = verify(shared("photos", folder, name))
    assert (report.verdict, report.credential.code) == (Verdict.INDETERMINATE, "none")
    assert [finding.code for finding in report.findings] == ["evidence-found"] * (2 if folder == "generated" else 0)
    assert report.credential.sentence.endswith("That is common and proves nothing.")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data are not beside this checkout")
def test_every_shared_photo_is_tried() -> None:
    folders = shared("photos")
    named = {*PLAIN, *(("credentials", name) for name in CREDENTIALS), ("credentials", ROOTS)}
    there = {(path.parent.name, path.name) for path in folders.glob("*/*")}
    # What comes later must be able to be read, whatever it is.
    for folder, name in there - named:
        verify(folders / folder / name)
    assert named <= there


# --- another validator, which shares no code with the SDK


@pytest.fixture(autouse=True)
def _silent(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the other validator from writing its preferences to the home of whoever runs the tests."""
    monkeypatch.setenv("ENCYPHER_C2PA_CONFIG_DIR", str(tmp_path_factory.mktemp("preferences")))


@pytest.mark.parametrize("name", CREDENTIALS)
def test_another_validator_agrees_on_integrity_or_is_known_not_to(name: str) -> None:
    path = shared("photos", "credentials", name)
    check_agreement(name, verify(path), second_opinion(path.read_bytes()))


def test_every_file_on_which_they_disagree_is_tried() -> None:
    named = {name for cause in CAUSES for name in cause.files} | set(ACCEPTED_THERE)
    assert {name for name in named if name.endswith(".jpg")} <= set(CREDENTIALS)


@pytest.mark.parametrize(("folder", "name"), PLAIN)
def test_another_validator_agrees_that_there_is_no_credential(folder: str, name: str) -> None:
    assert second_opinion(shared("photos", folder, name).read_bytes())["present"] is False
