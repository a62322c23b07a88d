"""`provenance find`: what it names, how sure it says it is, and how it ends."""

import json
import re
from pathlib import Path

import pytest
from PIL import Image
from support.commands import Terminal, start
from support.pictures import draw_jpeg, draw_scene
from support.workshops import Workshop

NOTE = "What looks alike is a lead, and proves nothing: look at both pictures.\n"
HINT = "pip install 'headshot-provenance[recovery]'"
MISSING = "recovery: needs the library not_there_at_all, which is not installed"
NONE_KEPT = "hint: only the very picture could be looked for, as this studio keeps no fingerprints of any\n"


@pytest.fixture
def keeping(terminal: Terminal, workshop: Workshop) -> Workshop:
    """A workshop that keeps fingerprints, of the picture that it has, too."""
    assert terminal("studio", "fingerprints", "keep").code == 0
    draw_scene().save("portrait.jpg", quality=90)
    assert terminal("stamp", workshop.picture, "--as", "camera", "--consent", workshop.code, "-o", "out").code == 0
    return workshop


def copy(name: str, *, quality: int = 60, box: tuple[int, int, int, int] | None = None, seed: int = 0) -> Path:
    """Save the workshop's picture again, or another one."""
    image = draw_scene(seed=seed) if box is None else draw_scene(seed=seed).crop(box)
    image.save(name, quality=quality)
    return Path(name)


def test_the_very_picture_is_said_to_be_it(terminal: Terminal, workshop: Workshop) -> None:
    said = (
        f"  Same picture   The picture of entry 3, stamped as camera on <day>, under\n"
        f"                 consent {workshop.code}. The picture data are the same to the bit:\n"
        f"                 their digests prove it.\n"
    )
    terminal("find", "portrait.jpg", "stamped/portrait.jpg").says(
        0, f"portrait.jpg\n{said}\nstamped/portrait.jpg\n{said}"
    )


def test_what_looks_alike_is_only_said_to(terminal: Terminal, keeping: Workshop) -> None:
    ran = terminal("find", copy("small.jpg"))
    (document,) = terminal("find", "small.jpg", "--json").documents()
    distance = document["stamps"][0]["likeness"]["distance"]
    assert 0 <= distance <= 16
    assert (ran.code, ran.err) == (0, NOTE)
    assert " ".join(ran.out.split()).endswith(
        f"under consent {keeping.code}. This picture is very like all of it: {distance} of 256 bits differ."
    )
    assert ran.out.startswith("small.jpg\n  Looks like     The picture of entry 4, stamped as camera on ")
    assert "Same" not in ran.out


def test_a_crop_and_a_distant_copy_are_told(terminal: Terminal, keeping: Workshop) -> None:
    cropped = " ".join(terminal("find", copy("square.jpg", box=(0, 100, 400, 500), quality=90)).out.split())
    assert "This picture is very like its centre square: " in cropped
    cut = " ".join(terminal("find", copy("cut.jpg", box=(6, 9, 394, 591), quality=90)).out.split())
    assert re.search(r"This picture is (somewhat )?like all of it: (1[7-9]|[234]\d) of 256 bits differ\.$", cut)


def test_what_is_not_found_is_no_error(terminal: Terminal, keeping: Workshop) -> None:
    terminal("find", copy("other.jpg", seed=3)).says(
        1,
        "other.jpg\n  Not found      No stamp of this studio is of this very picture, and none of 4\n"
        "                 fingerprints is like it.\n",
    )


def test_a_studio_that_keeps_none_says_that_only_the_very_picture_was_looked_for(
    terminal: Terminal, workshop: Workshop
) -> None:
    said = "small.jpg\n  Not found      No stamp of this studio is of this very picture.\n"
    terminal("find", copy("small.jpg")).says(1, said, NONE_KEPT)


def test_the_documents_say_what_was_found(terminal: Terminal, keeping: Workshop) -> None:
    files = [Path("portrait.jpg"), copy("small.jpg"), copy("other.jpg", seed=3), Path("provenance.toml")]
    ran = terminal("find", *files, "--json")
    assert (ran.code, ran.err) == (1, "")
    same, alike, none, unknown = ran.documents()
    assert [document["file"] for document in (same, alike, none, unknown)] == [str(path) for path in files]
    assert (same["outcome"], same["compared"], same["reason"]) == ("same", 0, None)
    (stamp,) = same["stamps"]
    assert {**stamp, "at": ""} == {
        "entry": 4, "at": "", "as": "camera", "consents": [keeping.code], "revoked_by": None, "likeness": None,
    }  # fmt: skip
    assert (alike["outcome"], alike["compared"]) == ("alike", 4)
    assert alike["stamps"][0]["likeness"]["kept"] == alike["stamps"][0]["likeness"]["asked"] == "full"
    assert (none["outcome"], none["stamps"]) == ("not-found", [])
    assert (unknown["outcome"], unknown["reason"]["code"]) == ("unknown", "picture-kind")


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (["portrait.jpg"], 0),
        (["portrait.jpg", "other.jpg"], 1),
        (["portrait.jpg", "provenance.toml"], 3),
        (["provenance.toml", "other.jpg", "portrait.jpg"], 1),
    ],
)
def test_the_worst_of_several_counts(terminal: Terminal, keeping: Workshop, files: list[str], code: int) -> None:
    copy("other.jpg", seed=3)
    assert terminal("find", *files).code == code


def test_a_stamp_that_was_revoked_is_said_to_be(terminal: Terminal, keeping: Workshop) -> None:
    assert terminal("stamp", "revoke", "4").code == 0
    for name in ("portrait.jpg", str(copy("small.jpg"))):
        assert "That stamp was revoked, by entry 5." in " ".join(terminal("find", name).out.split())
    assert json.loads(terminal("find", "portrait.jpg", "--json").out)["stamps"][0]["revoked_by"] == 5


def test_a_picture_of_nobody_names_no_consent(terminal: Terminal, keeping: Workshop) -> None:
    draw_jpeg(Path("made.jpg"), exif=False, seed=7)
    stamp = ["stamp", "made.jpg", "--as", "ai-generated", "--synthetic-person", "--tool", "Model/1", "-o", "out"]
    assert terminal(*stamp).code == 0
    said = " ".join(terminal("find", "made.jpg").out.split())
    assert "stamped as ai-generated on " in said
    assert "which shows nobody real. The picture data" in said


def test_more_stamps_than_fit_are_counted(terminal: Terminal, keeping: Workshop) -> None:
    for number in range(11):
        stamp = ["stamp", "portrait.jpg", "--as", "camera", "--consent", keeping.code, "--tool", f"Camera/{number}"]
        assert terminal(*stamp, "-o", f"again{number}").code == 0
    out = terminal("find", "portrait.jpg").out
    assert out.count("Same picture") == 10
    assert out.endswith("  And            2 more stamps; --json names all.\n")
    assert len(terminal("find", "portrait.jpg", "--json").document()["stamps"]) == 12


def test_without_the_extra_the_very_picture_is_found_and_of_others_it_cannot_be_said(
    terminal: Terminal, keeping: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provenance.recovery.fingerprints.NEEDS", ("not_there_at_all",))
    assert terminal("find", "portrait.jpg").code == 0
    terminal("find", copy("small.jpg")).refuses(3, MISSING, HINT)
    reason = terminal("find", "small.jpg", "--json").document()["reason"]
    assert reason == {"code": "extra-missing", "message": MISSING, "hint": HINT}


def test_what_cannot_be_looked_at_is_told_with_its_name(terminal: Terminal, keeping: Workshop) -> None:
    terminal("find", "nothing.jpg").refuses(3, "nothing.jpg: no such file")
    Image.new("I;16", (40, 40), 4000).save("deep.png")
    message = "deep.png: fingerprint: expected colours of 8 bits, got i;16"
    terminal("find", "deep.png").refuses(3, message)


def test_a_name_that_could_act_on_the_terminal_is_shown(terminal: Terminal, workshop: Workshop) -> None:
    copy("a\u202eb.jpg")
    assert terminal("find", "a\u202eb.jpg").out.startswith("a\\u{202e}b.jpg\n")


def test_what_a_decoder_warns_of_is_not_shown(terminal: Terminal, keeping: Workshop) -> None:
    # More pixels than Pillow takes without a word.
    Image.new("1", (9600, 9600)).save("huge.png")
    ran = start("find", "huge.png", cwd=keeping.path)
    assert (ran.code, ran.err) == (1, "")


# --- verify, within the studio


def test_a_bare_picture_is_recovered_within_its_studio(terminal: Terminal, workshop: Workshop) -> None:
    sentence = (
        "No credential is in this file, but its picture data are the very ones of entry 3 of your ledger, stamped as "
        "camera on "
    )
    ran = terminal("verify", "portrait.jpg")
    assert (ran.code, ran.err) == (
        3, "hint: see which stamps, and under which consents: provenance find portrait.jpg\n",
    )  # fmt: skip
    said = " ".join(ran.out.split())
    assert said.startswith(f"portrait.jpg INDETERMINATE {sentence}")
    assert f"Credential Credential missing, record found. {sentence}" in said
    assert "Origin" not in said


def test_a_lookalike_is_told_apart_within_its_studio(terminal: Terminal, keeping: Workshop) -> None:
    ran = terminal("verify", copy("small.jpg"), "--json")
    assert ran.code == 3
    report = ran.document()
    assert (report["verdict"], report["credential"]["code"]) == ("INDETERMINATE", "recovered")
    assert report["credential"]["headline"] == "Credential missing, lookalike on record"
    assert (report["credential"]["record"]["match"], report["credential"]["record"]["entry"]) == ("alike", 4)
    ran = terminal("verify", "small.jpg", "--policy", "newsroom")
    assert ran.code == 3
    assert ran.out.startswith("small.jpg\n  CHECK FIRST    No credential is in this file. It looks like the picture of")


def test_fingerprints_that_could_not_be_asked_are_told_within_the_studio(
    terminal: Terminal, keeping: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provenance.recovery.fingerprints.NEEDS", ("not_there_at_all",))
    ran = terminal("verify", copy("small.jpg"))
    assert ran.code == 3
    said = " ".join(ran.out.split())
    assert "Credential No credential." in said
    assert said.endswith(f"Note The studio's fingerprints could not be asked: {MISSING}.")


def test_outside_of_the_studio_nothing_is_recovered(
    terminal: Terminal, keeping: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = keeping.path.parent / "stranger"
    stranger.mkdir()
    monkeypatch.chdir(stranger)
    verify = ["verify", str(keeping.picture), "--json"]
    assert terminal(*verify).document()["credential"]["code"] == "none"
    assert terminal(*verify, "--studio", keeping.path).document()["credential"]["code"] == "recovered"
