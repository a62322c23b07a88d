"""`provenance stamp`."""

import os
import stat
from pathlib import Path

import pytest
from support.commands import Terminal
from support.makers import Maker
from support.metadata import EXIF_INTO, tiff
from support.pictures import draw_any, draw_jpeg, draw_png, with_changed_pixels
from support.workshops import Workshop

from provenance.credentials.origin import TRAINED_MEDIA

SEE_HELP = "see provenance stamp --help"
SYNTHETIC = ["--as", "ai-generated", "--synthetic-person"]


def camera(workshop: Workshop) -> list[str]:
    return ["--as", "camera", "--consent", workshop.code]


def entries(terminal: Terminal) -> int:
    return len(terminal("ledger", "show").out.splitlines())


# --- what is stamped, and where to


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_a_picture_is_stamped_into_a_folder_beside_it(terminal: Terminal, workshop: Workshop, ending: str) -> None:
    Path("shoot").mkdir()
    source = draw_any(Path("shoot"), ending)
    source.chmod(0o640)
    before = source.read_bytes()
    ran = terminal("stamp", source, *camera(workshop))
    ran.says(0, f"stamped         shoot/stamped/portrait.{ending}\n", "1 stamped\n")
    target = Path(f"shoot/stamped/portrait.{ending}")
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert source.read_bytes() == before
    assert terminal("verify", target).code == 0


def test_a_stamped_picture_goes_where_it_is_told(terminal: Terminal, workshop: Workshop) -> None:
    for option in ("-o", "--output"):
        folder = f"deep{option}/er"
        ran = terminal("stamp", "portrait.jpg", *camera(workshop), option, folder)
        ran.says(0, f"stamped         {folder}/portrait.jpg\n", "1 stamped\n")
        assert terminal("verify", f"{folder}/portrait.jpg").code == 0


def test_a_picture_is_stamped_in_its_place(terminal: Terminal, workshop: Workshop) -> None:
    stamp = ["stamp", "portrait.jpg", *camera(workshop), "--in-place"]
    terminal(*stamp).says(0, "stamped         portrait.jpg\n", "1 stamped\n")
    stamped = workshop.picture.read_bytes()
    assert terminal("verify", "portrait.jpg").code == 0
    terminal(*stamp).says(0, "already-stamped portrait.jpg\n", "1 already-stamped\n")
    assert workshop.picture.read_bytes() == stamped


def test_a_picture_that_was_stamped_is_not_stamped_again(terminal: Terminal, workshop: Workshop) -> None:
    before, count = workshop.stamped.read_bytes(), entries(terminal)
    ran = terminal("stamp", "portrait.jpg", *camera(workshop))
    ran.says(0, "already-stamped stamped/portrait.jpg\n", "1 already-stamped\n")
    assert (workshop.stamped.read_bytes(), entries(terminal)) == (before, count)


def test_another_file_at_the_destination_stays_unless_it_is_forced_away(terminal: Terminal, workshop: Workshop) -> None:
    workshop.stamped.write_bytes(b"mine")
    stamp = ["stamp", "portrait.jpg", *camera(workshop)]
    terminal(*stamp).says(
        1,
        "refused         portrait.jpg: there is another file of this name at the destination\n",
        "hint: choose another folder with -o, or add --force to replace it\n1 refused\n",
    )
    assert workshop.stamped.read_bytes() == b"mine"
    terminal(*stamp, "--force").says(0, "stamped         stamped/portrait.jpg\n", "1 stamped\n")
    assert terminal("verify", workshop.stamped).code == 0


def test_a_picture_without_a_real_person_needs_no_consent(terminal: Terminal, workshop: Workshop) -> None:
    draw_jpeg(Path("drawn.jpg"), exif=False, seed=1)
    ran = terminal("stamp", "drawn.jpg", *SYNTHETIC, "--tool", "Flux/1.1 [pro]")
    ran.says(0, "stamped         stamped/drawn.jpg\n", "1 stamped\n")
    out = terminal("verify", "stamped/drawn.jpg").out
    assert "shows nobody real" in out.replace("\n                 ", " ")


def test_a_dry_run_says_what_would_happen_and_writes_nothing(terminal: Terminal, workshop: Workshop) -> None:
    count = entries(terminal)
    names = {str(path) for path in workshop.path.rglob("*")}
    ran = terminal("stamp", "portrait.jpg", "none.jpg", *camera(workshop), "-o", "out", "--dry-run")
    ran.says(
        3,
        "would-stamp     out/portrait.jpg\nfailed          none.jpg: no such file\n",
        "1 would-stamp · 1 failed\n",
    )
    assert entries(terminal) == count
    assert {str(path) for path in workshop.path.rglob("*")} - names <= {
        str(workshop.path / name) for name in ("studio.db-wal", "studio.db-shm")
    }


# --- several pictures


def test_of_several_pictures_each_gets_its_answer_and_the_worst_counts(terminal: Terminal, workshop: Workshop) -> None:
    draw_jpeg(Path("second.jpg"), seed=2)
    Path("text.jpg").write_text("no picture")
    generated = draw_jpeg(Path("generated.jpg"), seed=3)
    generated.write_bytes(Maker().sign(generated.read_bytes(), source_type=TRAINED_MEDIA))
    lie = "its content credentials say that AI took part: c2pa.created with source type trainedAlgorithmicMedia"
    refused = f"refused         generated.jpg: {lie}\n"
    ai_hint = "hint: a picture that AI made is stamped with --as ai-generated\n"
    kind = "expected a jpeg, png, webp, tiff, dng, avif, heic or heif file, got something else"
    failed = f"failed          text.jpg: picture: {kind}\n"
    kind_hint = "hint: export the picture as jpeg, png or webp\n"
    done = "already-stamped stamped/portrait.jpg\nstamped         stamped/second.jpg\n"

    files = ["portrait.jpg", "text.jpg", "generated.jpg", "second.jpg"]
    terminal("stamp", *files, *camera(workshop)).says(
        1,
        f"{done}{failed}{refused}",
        f"{kind_hint}{ai_hint}1 already-stamped · 1 failed · 1 refused · 1 stamped\n",
    )
    done = done.replace("stamped         stamped/second", "already-stamped stamped/second")
    ran = terminal("stamp", "portrait.jpg", "second.jpg", "text.jpg", *camera(workshop))
    ran.says(3, f"{done}{failed}", f"{kind_hint}2 already-stamped · 1 failed\n")
    ran = terminal("stamp", "portrait.jpg", "second.jpg", *camera(workshop))
    ran.says(0, done, "2 already-stamped\n")


def test_the_same_picture_named_twice_is_stamped_once(terminal: Terminal, workshop: Workshop) -> None:
    draw_jpeg(Path("second.jpg"), seed=2)
    count = entries(terminal)
    ran = terminal("stamp", "second.jpg", "./second.jpg", *camera(workshop))
    ran.says(0, "stamped         stamped/second.jpg\n", "1 stamped\n")
    twice = terminal("stamp", "second.jpg", Path("second.jpg").resolve(), *camera(workshop), "-o", "out")
    twice.says(
        1,
        "stamped         out/second.jpg\n"
        f"refused         {Path('second.jpg').resolve()}: there is another file of this name at the destination\n",
        "hint: choose another folder with -o, or add --force to replace it\n1 stamped · 1 refused\n",
    )
    assert entries(terminal) == count + 1


def test_pictures_of_one_name_from_two_folders_do_not_replace_each_other(
    terminal: Terminal, workshop: Workshop
) -> None:
    for number, folder in enumerate(("first", "second")):
        Path(folder).mkdir()
        draw_jpeg(Path(folder, "face.jpg"), seed=20 + number)
    stamp = ["stamp", "first/face.jpg", "second/face.jpg", *camera(workshop)]
    ran = terminal(*stamp, "-o", "out")
    assert ran.code == 1
    assert ran.out.startswith("stamped         out/face.jpg\nrefused         second/face.jpg: ")
    ran = terminal(*stamp, "-o", "forced", "--force")
    assert ran.code == 1
    assert terminal("stamp", "first/face.jpg", *camera(workshop), "-o", "forced").code == 0


def test_each_picture_has_one_document_and_nothing_else_is_on_stdout(terminal: Terminal, workshop: Workshop) -> None:
    draw_jpeg(Path("second.jpg"), seed=2)
    files = ["portrait.jpg", "none.jpg", "second.jpg"]
    ran = terminal("stamp", *files, *camera(workshop), "--json")
    assert (ran.code, ran.err) == (3, "1 already-stamped · 1 failed · 1 stamped\n")
    documents = ran.documents()
    members = ["schema", "file", "output", "outcome", "reason", "evidence", "confirmation", "raw", "location"]
    members += ["fingerprints"]
    assert [list(document) for document in documents] == [members] * 3
    assert [[found["marker"] for found in document["evidence"]] for document in documents] == [[], [], ["camera.model"]]
    assert [(d["file"], d["output"], d["outcome"]) for d in documents] == [
        ("portrait.jpg", "stamped/portrait.jpg", "already-stamped"),
        ("none.jpg", None, "failed"),
        ("second.jpg", "stamped/second.jpg", "stamped"),
    ]
    assert [document["reason"] for document in documents] == [
        None,
        {"code": "file-missing", "message": "none.jpg: no such file", "hint": None},
        None,
    ]


# --- refusals


def test_a_use_that_the_consent_denies_is_refused(terminal: Terminal, workshop: Workshop) -> None:
    terminal("stamp", "portrait.jpg", "--as", "ai-generated", "--consent", workshop.code, "-o", "out").says(
        1,
        f"refused         portrait.jpg: consent {workshop.code}: the grant ai.generate says deny\n",
        f"hint: see what it allows: provenance consent show {workshop.code}\n1 refused\n",
    )
    assert not Path("out").exists()


def test_a_consent_that_was_withdrawn_covers_nothing(terminal: Terminal, workshop: Workshop) -> None:
    assert terminal("consent", "withdraw", workshop.code).code == 0
    terminal("stamp", "portrait.jpg", *camera(workshop), "-o", "out").says(
        1,
        f"refused         portrait.jpg: consent {workshop.code}: the consent was withdrawn on <day>\n",
        f"hint: see what it allows: provenance consent show {workshop.code}\n1 refused\n",
    )


def test_a_consent_that_is_not_there_covers_nothing(terminal: Terminal, workshop: Workshop) -> None:
    terminal("stamp", "portrait.jpg", "--as", "camera", "--consent", "0000-0000", "-o", "out").says(
        1,
        "refused         portrait.jpg: consent code: no such consent in this studio\n",
        "hint: see provenance consent list\n1 refused\n",
    )


def test_a_camera_cannot_have_captured_nobody(terminal: Terminal, workshop: Workshop) -> None:
    terminal("stamp", "portrait.jpg", "--as", "camera", "--synthetic-person").says(
        1,
        "refused         portrait.jpg: a camera cannot have captured a person who does not exist\n",
        "hint: use --as ai-generated, or name the person's consent with --consent CODE\n1 refused\n",
    )


def test_a_photograph_is_not_passed_off_as_made_by_ai(terminal: Terminal, workshop: Workshop) -> None:
    terminal("stamp", workshop.stamped, *SYNTHETIC, "-o", "out").says(
        1,
        f"refused         {workshop.stamped}: its content credentials do not say that AI generated it: its origin is "
        "camera-declared\n",
        "hint: stamp the file as it came from the generator\n1 refused\n",
    )


def test_a_damaged_credential_is_not_stamped_over(terminal: Terminal, workshop: Workshop) -> None:
    Path("damaged.jpg").write_bytes(with_changed_pixels(workshop.stamped.read_bytes()))
    terminal("stamp", "damaged.jpg", *camera(workshop)).says(
        1,
        "refused         damaged.jpg: its content credentials do not verify: assertion.dataHash.mismatch\n",
        "hint: find the picture as it was then; if only texts changed, see provenance restamp\n1 refused\n",
    )


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        (
            ["--as", "camera", "--consent", "no code"],
            "consent code: expected 8 letters and digits such as 8F3K-QX2P",
            "copy it from the receipt",
        ),
        ([*SYNTHETIC, "--tool", "/1.1"], "tool: expected NAME or NAME/VERSION, got '/1.1'", SEE_HELP),
        ([*SYNTHETIC, "--tool", ""], "tool: expected NAME or NAME/VERSION, got ''", SEE_HELP),
        ([*SYNTHETIC, "--tool", "a\x1bb"], "tool: expected NAME or NAME/VERSION, got 'a\\x1bb'", SEE_HELP),
    ],
)
def test_what_cannot_be_stamped_at_all_is_told_once(
    terminal: Terminal, workshop: Workshop, options: list[str], message: str, hint: str
) -> None:
    terminal("stamp", "portrait.jpg", "none.jpg", *options).refuses(2, message, hint)


def test_a_file_is_no_folder_for_the_output(terminal: Terminal, workshop: Workshop) -> None:
    message = "invalid value for '-o' / '--output': Directory 'portrait.jpg' is a file"
    ran = terminal("stamp", "portrait.jpg", *camera(workshop), "-o", "portrait.jpg")
    ran.refuses(2, message, "see provenance stamp --help")


def test_an_output_that_cannot_be_written_fails_and_leaves_nothing(terminal: Terminal, workshop: Workshop) -> None:
    stamp = ["stamp", "portrait.jpg", *camera(workshop)]
    terminal(*stamp, "-o", "provenance.toml/out").says(
        3, "failed          portrait.jpg: cannot be written: not a directory\n", "1 failed\n"
    )
    assert not list(workshop.path.rglob("*partial*"))
    # What was logged is not logged again once there is room.
    count = entries(terminal)
    terminal(*stamp, "-o", "out").says(0, "stamped         out/portrait.jpg\n", "1 stamped\n")
    assert entries(terminal) == count


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write to every folder")
def test_a_folder_that_cannot_be_written_to_fails(terminal: Terminal, workshop: Workshop) -> None:
    Path("locked").mkdir(mode=0o500)
    terminal("stamp", "portrait.jpg", *camera(workshop), "-o", "locked").says(
        3, "failed          portrait.jpg: cannot be written: permission denied\n", "1 failed\n"
    )


def test_a_folder_in_the_place_of_the_output_is_refused(terminal: Terminal, workshop: Workshop) -> None:
    Path("out/portrait.jpg").mkdir(parents=True)
    stamp = ["stamp", "portrait.jpg", *camera(workshop), "-o", "out"]
    assert terminal(*stamp).code == 1
    ran = terminal(*stamp, "--force")
    assert (ran.code, ran.err) == (3, "1 failed\n")
    assert ran.out.startswith("failed          portrait.jpg: cannot be written: ")
    assert list(Path("out").iterdir()) == [Path("out/portrait.jpg")]


# --- hostile names


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\x1b[31mb.jpg", "a\\u{1b}[31mb.jpg"),
        ("a\u202eb.jpg", "a\\u{202e}b.jpg"),
        ("a\nb.jpg", "a\\u{a}b.jpg"),
        ("a\x9bb.jpg", "a\\u{9b}b.jpg"),
        ("a\u2028b.jpg", "a\\u{2028}b.jpg"),
        ("a\udcffb.jpg", "a\\u{dcff}b.jpg"),
        ("Зоя 写真 ẞ.jpg", "Зоя 写真 ẞ.jpg"),
    ],
)
def test_a_hostile_name_is_shown_and_not_obeyed(terminal: Terminal, workshop: Workshop, name: str, shown: str) -> None:
    draw_jpeg(Path("plain.jpg"), seed=4).rename(name)
    stamp = ["stamp", name, *camera(workshop)]
    terminal(*stamp).says(0, f"stamped         stamped/{shown}\n", "1 stamped\n")
    ran = terminal(*stamp, "--json")
    assert ran.out.isascii()
    assert (ran.document()["file"], ran.document()["output"]) == (name, f"stamped/{name}")
    ran = terminal("stamp", f"none-{name}", *camera(workshop))
    assert (ran.code, ran.err) == (3, "1 failed\n")
    assert ran.out.startswith(f"failed          none-{shown}: ")
    assert ran.out.endswith(": no such file\n")


def test_a_hostile_name_is_said_once(terminal: Terminal, workshop: Workshop) -> None:
    ran = terminal("stamp", "none\x1b[31m.jpg", *camera(workshop))
    ran.says(3, "failed          none\\u{1b}[31m.jpg: no such file\n", "1 failed\n")


# --- evidence in the picture


def test_a_picture_that_says_that_ai_made_it_is_refused_as_a_photograph(terminal: Terminal, workshop: Workshop) -> None:
    draw_png(Path("made.png"), text={"parameters": "a portrait\nSteps: 20, Sampler: Euler a, CFG scale: 7"})
    for reason in ([], ["--confirm", "it is mine"]):
        terminal("stamp", "made.png", *camera(workshop), *reason).says(
            1,
            "refused         made.png: the evidence says that AI made or changed it: "
            "a1111.parameters in PNG tEXt at byte 33: Steps: 20,\n",
            "hint: a picture that AI made is stamped with --as ai-generated\n1 refused\n",
        )
    terminal("stamp", "made.png", *SYNTHETIC).says(0, "stamped         stamped/made.png\n", "1 stamped\n")


def test_a_generator_took_no_photograph(terminal: Terminal, workshop: Workshop) -> None:
    draw_png(Path("made.png"))
    terminal("stamp", "made.png", *camera(workshop), "--tool", "Midjourney/6").says(
        1,
        "refused         made.png: the evidence says that AI made or changed it: "
        "tool.generator in --tool: Midjourney\n",
        "hint: a picture that AI made is stamped with --as ai-generated\n1 refused\n",
    )


def test_a_doubtful_photograph_is_stamped_once_somebody_answers_for_it(terminal: Terminal, workshop: Workshop) -> None:
    draw_png(Path("sharp.png"), text={"Software": "Topaz Photo AI"})
    stamp = ["stamp", "sharp.png", *camera(workshop)]
    terminal(*stamp).says(
        1,
        "refused         sharp.png: the evidence makes it doubtful that a camera captured it: "
        "AI may have made or changed it: tool.enhancer in PNG tEXt at byte 33: Topaz\n",
        'hint: look at it; if it is as you say, add --confirm "REASON", which is kept\n1 refused\n',
    )
    ran = terminal(*stamp, "--confirm", " noise only ", "--json")
    (document,) = ran.documents()
    assert (document["outcome"], document["confirmation"]) == ("stamped", "noise only")
    assert [(found["marker"], found["effect"]) for found in document["evidence"]] == [("tool.enhancer", "confirm")]


@pytest.mark.parametrize("reason", ["", "  ", "two\nlines", "x" * 501])
def test_a_reason_that_says_nothing_or_too_much_is_not_taken(
    terminal: Terminal, workshop: Workshop, reason: str
) -> None:
    message = "confirm: expected a reason of one line and at most 500 characters"
    terminal("stamp", "portrait.jpg", *camera(workshop), "--confirm", reason).refuses(2, message, SEE_HELP)


# --- where it was taken

LOCATED = tiff({0x010F: "Maker"}, {0xA431: "4001234"}, gps={1: "N", 2: (48, 1)})


def test_a_position_in_pictures_is_told_once(terminal: Terminal, workshop: Workshop) -> None:
    for name in ("a.jpg", "b.jpg"):
        Path(name).write_bytes(EXIF_INTO["JPEG"](LOCATED))
    ran = terminal("stamp", "a.jpg", "b.jpg", *camera(workshop))
    ran.says(
        0,
        "stamped         stamped/a.jpg\nstamped         stamped/b.jpg\n",
        "pictures that say at which position they were taken: 2; --strip-location takes it out\n2 stamped\n",
    )


def test_a_position_is_taken_out_and_its_name_told(terminal: Terminal, workshop: Workshop) -> None:
    Path("a.jpg").write_bytes(EXIF_INTO["JPEG"](LOCATED) + b"behind")
    ran = terminal("stamp", "a.jpg", *camera(workshop), "--strip-location")
    ran.says(
        0,
        "stamped         stamped/a.jpg\n",
        "taken out: exif:BodySerialNumber (1), exif:GPS (1)\n"
        "not looked into, in pictures: 1; --json names what may still hold a position there\n1 stamped\n",
    )
    assert b"4001234" not in Path("stamped/a.jpg").read_bytes()
    assert terminal("verify", "stamped/a.jpg").code == 0


def test_pictures_with_a_raw_file_are_counted(terminal: Terminal, workshop: Workshop) -> None:
    Path("cards").mkdir()
    Path("cards/PORTRAIT.nef").write_bytes(b"raw")
    ran = terminal("stamp", "portrait.jpg", "--as", "camera", "--consent", workshop.code, "-o", "o", "--raw", "cards")
    ran.says(
        0,
        "stamped         o/portrait.jpg\n",
        "pictures with a raw file, whose digest your own record keeps: 1\n1 stamped\n",
    )
    (document,) = terminal(
        "stamp", "portrait.jpg", "--as", "camera", "--consent", workshop.code, "-o", "p", "--raw", "cards", "--json"
    ).documents()
    assert [raw["name"] for raw in document["raw"]] == ["PORTRAIT.nef"]


def test_a_picture_that_cannot_be_decoded_is_stamped_without_a_thumbnail_only(
    terminal: Terminal, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    options = ["portrait.jpg", "--as", "camera", "--consent", workshop.code, "--tool", "C/2", "-o", "o"]
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    ran = terminal("stamp", *options, "--thumbnail")
    assert ran.code == 3
    assert ran.out.startswith("failed          portrait.jpg: thumbnail: the picture cannot be read: image size ")
    assert ran.err == "hint: stamp it without --thumbnail\n1 failed\n"
    assert not list(Path("o").glob("*"))
    terminal("stamp", *options).says(0, "stamped         o/portrait.jpg\n", "1 stamped\n")


@pytest.mark.parametrize("output", ["shots", "./shots", "out/../shots"])
def test_a_picture_is_never_replaced_without_being_asked(terminal: Terminal, workshop: Workshop, output: str) -> None:
    for folder in ("shots", "out"):
        Path(folder).mkdir()
    Path("shots/a.jpg").write_bytes(Path("portrait.jpg").read_bytes())
    before = Path("shots/a.jpg").read_bytes()
    ran = terminal("stamp", "shots", "--as", "camera", "--consent", workshop.code, "-o", output, "--force")
    ran.says(
        1,
        "refused         shots/a.jpg: it lies where the stamped files are to go, and would be replaced\n",
        "hint: choose another folder with -o\n1 refused\n",
    )
    assert Path("shots/a.jpg").read_bytes() == before
