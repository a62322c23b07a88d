"""`provenance derive` and `provenance restamp`: new files of stamped pictures."""

from pathlib import Path

import pytest
from support.commands import Terminal
from support.pictures import draw_jpeg, with_segment
from support.workshops import Workshop

STAMP_FIRST = "hint: stamp it first as what it is: provenance stamp\n"


def caption(path: Path, text: bytes = b"a caption") -> Path:
    path.write_bytes(with_segment(path.read_bytes(), 0xFE, text))
    return path


def passes(terminal: Terminal, path: str) -> None:
    ran = terminal("verify", path, "--for", "publish.web")
    assert (ran.code, "  Origin         Camera-captured." in ran.out) == (0, True)


# --- derive


@pytest.mark.parametrize(
    ("options", "output"),
    [
        (["-w", "100"], "derived/portrait.jpg"),
        (["--format", "webp"], "derived/portrait.webp"),
        (["-w", "100", "--format", "png"], "derived/portrait.png"),
    ],
)
def test_a_copy_is_made_and_stamped(terminal: Terminal, workshop: Workshop, options: list[str], output: str) -> None:
    derive = ["derive", "stamped/portrait.jpg", *options]
    terminal(*derive).says(0, f"stamped         stamped/{output}\n", "1 stamped\n")
    passes(terminal, f"stamped/{output}")
    terminal(*derive).says(0, f"already-stamped stamped/{output}\n", "1 already-stamped\n")
    (document,) = terminal(*derive, "--json").documents()
    assert (document["file"], document["output"]) == ("stamped/portrait.jpg", f"stamped/{output}")


def test_a_folder_of_copies_is_made_and_what_is_not_stamped_is_refused(terminal: Terminal, workshop: Workshop) -> None:
    draw_jpeg(Path("stamped/other.jpg"), seed=8)
    Path("stamped/text.jpg").write_text("a text")
    ran = terminal("derive", "stamped", "-w", "100", "-o", "web")
    ran.says(
        1,
        "stamped         web/portrait.jpg\n"
        "refused         stamped/other.jpg: carries no stamp of this studio\n"
        "failed          stamped/text.jpg: picture: expected a jpeg, png, webp, tiff, dng, avif, heic, heif or gif "
        "file, got something else\n",
        STAMP_FIRST + "hint: export the picture as jpeg, png or webp\n1 refused · 1 stamped · 1 failed\n",
    )
    assert [path.name for path in Path("web").iterdir()] == ["portrait.jpg"]


def test_a_copy_of_a_withdrawn_picture_is_refused(terminal: Terminal, workshop: Workshop) -> None:
    assert terminal("consent", "withdraw", "--secret", workshop.secret).code == 0
    ran = terminal("derive", "stamped/portrait.jpg", "-w", "100")
    assert ran.code == 1
    assert f"consent {workshop.code}: the consent was withdrawn on " in ran.out


def test_nothing_that_is_there_is_replaced_unless_it_is_said(terminal: Terminal, workshop: Workshop) -> None:
    Path("web").mkdir()
    Path("web/portrait.jpg").write_text("mine")
    derive = ["derive", "stamped/portrait.jpg", "-w", "100", "-o", "web"]
    assert terminal(*derive).code == 1
    assert Path("web/portrait.jpg").read_text() == "mine"
    assert terminal(*derive, "--force").code == 0
    passes(terminal, "web/portrait.jpg")


def test_what_is_to_be_made_has_to_be_said(terminal: Terminal, workshop: Workshop) -> None:
    message = "say what to make: -w PIXELS, --format jpeg, png or webp, or both"
    terminal("derive", "stamped/portrait.jpg").refuses(2, message, "see provenance derive --help")


def test_a_format_that_nobody_can_write_is_asked_for_another(
    terminal: Terminal, workshop: Workshop, tmp_path: Path
) -> None:
    from PIL import Image

    Image.open("portrait.jpg").save("scan.tiff")
    assert terminal("stamp", "scan.tiff", "--as", "camera", "--consent", workshop.code).code == 0
    ran = terminal("derive", "stamped/scan.tiff", "-w", "100")
    ran.says(
        3,
        "failed          stamped/scan.tiff: expected a jpeg, png or webp picture, got another\n",
        "hint: name the format of the copy: --format jpeg, png or webp\n1 failed\n",
    )
    assert terminal("derive", "stamped/scan.tiff", "-w", "100", "--format", "jpeg").code == 0
    passes(terminal, "stamped/derived/scan.jpg")


# --- restamp


def test_a_changed_caption_is_stamped_again(terminal: Terminal, workshop: Workshop) -> None:
    Path("new").mkdir()
    changed = Path("new/portrait.jpg")
    changed.write_bytes(Path("stamped/portrait.jpg").read_bytes())
    restamp = ["restamp", "new", "--parent", "stamped"]
    terminal(*restamp).says(
        1, "refused         new/portrait.jpg: nothing was changed since it was stamped\n", "1 refused\n"
    )
    caption(changed)
    terminal(*restamp, "--dry-run").says(0, "would-stamp     new/restamped/portrait.jpg\n", "1 would-stamp\n")
    terminal(*restamp).says(0, "stamped         new/restamped/portrait.jpg\n", "1 stamped\n")
    terminal(*restamp, "--in-place").says(0, "stamped         new/portrait.jpg\n", "1 stamped\n")
    terminal(*restamp, "--in-place").says(0, "already-stamped new/portrait.jpg\n", "1 already-stamped\n")
    for path in ("new/portrait.jpg", "new/restamped/portrait.jpg"):
        passes(terminal, path)


def test_the_stamped_picture_is_named_or_found_by_what_it_shows(terminal: Terminal, workshop: Workshop) -> None:
    Path("stamped/notes.jpg").write_text("not a picture")
    Path("new.jpg").write_bytes(caption(Path("stamped/portrait.jpg").rename("stamped/as it was.jpg")).read_bytes())
    # The one in the folder was changed, too.
    ran = terminal("restamp", "new.jpg", "--parent", "stamped")
    assert (ran.code, "parent as it was.jpg: its content credentials do not verify" in ran.out) == (1, True)
    draw_jpeg(Path("other.jpg"), seed=8)
    terminal("restamp", "other.jpg", "--parent", "stamped").says(
        1,
        "refused         other.jpg: no picture in stamped shows the same\n",
        "hint: name the stamped picture as it was with --parent FILE\n1 refused\n",
    )
    terminal("restamp", "new.jpg", "--parent", "portrait.jpg").says(
        1, "refused         new.jpg: portrait.jpg: carries no stamp of this studio\n", STAMP_FIRST + "1 refused\n"
    )
    ran = terminal("restamp", "stamped/notes.jpg", "--parent", "stamped")
    assert (ran.code, ran.out.startswith("failed          stamped/notes.jpg: ")) == (3, True)


def test_one_place_is_named_for_what_is_written(terminal: Terminal, workshop: Workshop) -> None:
    options = ["--parent", "stamped", "--in-place", "-o", "out"]
    terminal("restamp", "portrait.jpg", *options).refuses(
        2, "-o and --in-place exclude each other", "see provenance restamp --help"
    )


# --- both


@pytest.mark.parametrize(
    "command", [("derive", "stamped", "-w", "50", "--force"), ("restamp", "stamped", "--parent", "before", "--force")]
)
def test_a_picture_is_never_replaced_without_being_asked(
    terminal: Terminal, workshop: Workshop, command: tuple[str, ...]
) -> None:
    Path("before").mkdir()
    path = Path("stamped/portrait.jpg")
    Path("before/portrait.jpg").write_bytes(path.read_bytes())
    if command[0] == "restamp":
        caption(path)
    before = path.read_bytes()
    terminal(*command, "-o", "./stamped").says(
        1,
        "refused         stamped/portrait.jpg: it lies where the stamped files are to go, and would be replaced\n",
        "hint: choose another folder with -o\n1 refused\n",
    )
    assert path.read_bytes() == before
    if command[0] == "derive":
        assert terminal(*command, "-o", "stamped", "--format", "webp").code == 0
        assert Path("stamped/portrait.webp").exists()
