"""`provenance stamp`, for pictures that were made from others."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.commands import Terminal
from support.makers import Maker
from support.pictures import draw_jpeg
from support.workshops import Workshop

SEE_HELP = "see provenance stamp --help"
EVERYTHING = "capture edit.basic edit.retouch ai.edit ai.generate publish.web".split()
USE = "three head-and-shoulder portraits for the speakers' page of one conference"


@pytest.fixture
def code(terminal: Terminal, workshop: Workshop) -> str:
    """Record a consent to everything, and stamp the picture `photo.jpg` under it as `stamped/photo.jpg`."""
    permits = [word for scope in EVERYTHING for word in ("--permit", scope)]
    initials = [word for scope in ("ai.edit", "ai.generate") for word in ("--initials", f"{scope}=ZÅ")]
    arguments = [
        "--until",
        "2049-06-30",
        "--use",
        USE,
        "--typed",
        "--adult",
        *initials,
        "--representation",
        "none",
        "--json",
    ]
    ran = terminal("consent", "new", "--subject", "Zoë Ångström", *permits, *arguments)
    found: str = ran.document()["code"]
    draw_jpeg(Path("photo.jpg"), seed=31)
    assert terminal("stamp", "photo.jpg", "--as", "camera", "--consent", found).code == 0
    draw_jpeg(Path("new.jpg"), seed=32, exif=False)
    return found


def of(code: str, declaration: str, *options: str | Path) -> list[str]:
    return ["new.jpg", "--as", declaration, "--consent", code, *map(str, options)]


STAMPED = Path("stamped/photo.jpg")


@pytest.mark.parametrize(
    ("declaration", "options", "origin"),
    [
        ("camera", ["--computational"], "Camera-captured"),
        ("retouched", ["--parent", "photo.jpg", "--edit", "crop,color,retouch"], "Edited photo"),
        ("retouched", ["--parent", STAMPED, "--background", "portrait.jpg"], "Edited photo"),
        ("ai-edited", ["--parent", STAMPED, "--edit", "ai-background,crop", "--tool", "Adobe Firefly/4"], "AI-edited"),
        ("ai-generated", ["--input", "photo.jpg", "--input", STAMPED, "--tool", "Atelier/7"], "AI-generated"),
        ("derivative", ["--parent", STAMPED], "Camera-captured"),
    ],
)
def test_every_kind_is_stamped_and_verifies(
    terminal: Terminal, code: str, declaration: str, options: Sequence[str | Path], origin: str
) -> None:
    if "portrait.jpg" in options:
        draw_jpeg(Path("portrait.jpg"), seed=33, exif=False)
    stamp = ["stamp", *of(code, declaration, *options)]
    terminal(*stamp, "--dry-run").says(0, "would-stamp     stamped/new.jpg\n", "1 would-stamp\n")
    terminal(*stamp).says(0, "stamped         stamped/new.jpg\n", "1 stamped\n")
    (document,) = terminal(*stamp, "--json").documents()
    assert (document["outcome"], document["output"]) == ("already-stamped", "stamped/new.jpg")
    ran = terminal("verify", "stamped/new.jpg")
    assert ran.code == 0
    assert f"  Origin         {origin}." in ran.out
    report = terminal("verify", "stamped/new.jpg", "--json").document()
    assert report["origin"]["signals"]


def test_several_pictures_of_one_parent_are_stamped_at_once(terminal: Terminal, code: str) -> None:
    files = [draw_jpeg(Path(f"{number}.jpg"), seed=40 + number, exif=False) for number in range(3)]
    ran = terminal("stamp", *files, "--as", "retouched", "--consent", code, "--parent", STAMPED)
    ran.says(0, "".join(f"stamped         stamped/{number}.jpg\n" for number in range(3)), "3 stamped\n")


CHANGED = "--as retouched, ai-edited or derivative"
ALONE = "says what was done to another picture, and none is named"
BEFORE = "add --parent FILE, the picture as it was before"
EDITS = (
    "crop, rotate, color, sharpen, retouch, background, ai-edit, ai-retouch, ai-background, resize, transcode "
    "or metadata"
)


@pytest.mark.parametrize(
    ("declaration", "options", "message", "hint"),
    [
        ("camera", ["--parent", "a"], f"parent: expected {CHANGED}, got --as camera", SEE_HELP),
        ("ai-generated", ["--parent", "a"], f"parent: expected {CHANGED}, got --as ai-generated", SEE_HELP),
        ("camera", ["--input", "a"], "input: expected --as ai-generated, got --as camera", SEE_HELP),
        ("retouched", ["--computational"], "computational: expected --as camera, got --as retouched", SEE_HELP),
        (
            "derivative",
            ["--parent", "a", "--background", "b"],
            "background: expected --as retouched or ai-edited, got --as derivative",
            SEE_HELP,
        ),
        ("retouched", ["--edit", "crop"], f"edit: {ALONE}", BEFORE),
        ("ai-edited", ["--background", "a"], f"background: {ALONE}", BEFORE),
        ("retouched", ["--parent", "a", "--edit", "polish"], f"edit: expected {EDITS}, got 'polish'", SEE_HELP),
        ("retouched", ["--parent", "a", "--edit", ""], f"edit: expected {EDITS}, got ''", SEE_HELP),
        ("retouched", ["--parent", "a", "--edit", "crop,crop"], "edit: expected every word once", SEE_HELP),
        (
            "ai-edited",
            ["--parent", "a", "--edit", "retouch"],
            "edit: with --as ai-edited, expected one of ai-edit, ai-retouch or ai-background",
            "a photograph that people edited is stamped with --as retouched",
        ),
        (
            "retouched",
            ["--parent", "a", "--edit", "resize"],
            "edit: with --as retouched, expected one that changes how the picture looks",
            "a copy in another size or format is stamped with --as derivative",
        ),
        (
            "derivative",
            [],
            "derivative: expected the stamped picture that it is a copy of",
            "add --parent FILE",
        ),
        ("ai-generated", ["--input", "a"] * 33, "input: expected at most 32 files, got 33", SEE_HELP),
    ],
)
def test_what_does_not_go_together_is_told_once(
    terminal: Terminal, workshop: Workshop, declaration: str, options: list[str], message: str, hint: str
) -> None:
    # Nothing is opened: neither file is there.
    ran = terminal("stamp", "none.jpg", "none.jpg", "--as", declaration, "--consent", workshop.code, *options)
    ran.refuses(2, message, hint)


def test_an_unknown_kind_is_told_with_all_that_there_are(terminal: Terminal, workshop: Workshop) -> None:
    kinds = "'camera', 'retouched', 'ai-edited', 'ai-generated', 'derivative'"
    ran = terminal("stamp", "portrait.jpg", "--as", "painted", "--consent", workshop.code)
    ran.refuses(2, f"invalid value for '--as': 'painted' is not one of {kinds}", SEE_HELP)


REFUSED = {
    "a parent that nobody names": (
        "retouched",
        [],
        "nothing names the photograph that it was made from",
        BEFORE,
    ),
    "a parent that is the picture itself": (
        "retouched",
        ["--parent", "new.jpg"],
        "parent new.jpg: it is the very picture that is to be stamped",
        "name the picture as it was before it was changed",
    ),
    "a parent without a stamp": (
        "derivative",
        ["--parent", "photo.jpg"],
        "parent photo.jpg: it carries no stamp, so that nothing says what a copy of it is",
        "stamp it first as what it is, and name the stamped file",
    ),
    "a parent under another consent": (
        "retouched",
        ["--parent", "stamped/portrait.jpg"],
        "parent portrait.jpg: it carries a stamp under another consent of this studio",
        "stamp the original, under the consents of everyone shown",
    ),
    "a tool that is AI": (
        "retouched",
        ["--parent", "photo.jpg", "--tool", "Adobe Firefly"],
        "the evidence says that AI made or changed it: tool.generator in --tool: Adobe Firefly",
        "a photograph in which AI changed something is stamped with --as ai-edited",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_breaks_a_rule_is_refused(terminal: Terminal, code: str, case: str) -> None:
    declaration, options, message, hint = REFUSED[case]
    ran = terminal("stamp", *of(code, declaration, *options), "-o", "out")
    ran.says(1, f"refused         new.jpg: {message}\n", f"hint: {hint}\n1 refused\n")
    (document,) = terminal("stamp", *of(code, declaration, *options), "-o", "out", "--json").documents()
    assert (document["outcome"], document["reason"]["message"], document["reason"]["hint"]) == (
        "refused",
        message,
        hint,
    )
    assert not Path("out").exists()


def test_an_input_whose_own_consent_denies_it_is_refused(terminal: Terminal, workshop: Workshop, code: str) -> None:
    ran = terminal("stamp", *of(code, "ai-generated", "--input", workshop.stamped))
    ran.says(
        1,
        f"refused         new.jpg: input portrait.jpg: consent {workshop.code}: the grant ai.generate says deny\n",
        f"hint: see what it allows: provenance consent show {workshop.code}\n1 refused\n",
    )


def test_a_picture_with_credentials_has_one_parent(terminal: Terminal, code: str) -> None:
    Path("new.jpg").write_bytes(Maker().sign(Path("new.jpg").read_bytes()))
    ran = terminal("stamp", *of(code, "retouched", "--parent", STAMPED))
    ran.says(
        1,
        "refused         new.jpg: it carries content credentials of its own, and a picture has one parent only\n",
        "hint: leave --parent out if they name what it was made from; else export it without them\n1 refused\n",
    )


KINDS = "jpeg, png, webp, tiff, dng, avif, heic, heif or gif"
NO_PICTURE = f"parent bad.jpg: picture: expected a {KINDS} file, got something else"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "parent bad.jpg: no such file"),
        (
            b"",
            NO_PICTURE,
        ),
        (
            b"\x00" * 10_000_000,
            NO_PICTURE,
        ),
    ],
)
def test_a_parent_that_cannot_be_read_fails(terminal: Terminal, code: str, content: bytes | None, message: str) -> None:
    if content is not None:
        Path("bad.jpg").write_bytes(content)
    hint = "" if content is None else "hint: export the picture as jpeg, png or webp\n"
    ran = terminal("stamp", *of(code, "retouched", "--parent", "bad.jpg"), "-o", "out")
    ran.says(3, f"failed          new.jpg: {message}\n", f"{hint}1 failed\n")
    assert not Path("out").exists()


def test_a_hostile_name_of_a_parent_is_shown_and_not_obeyed(terminal: Terminal, code: str) -> None:
    ran = terminal("stamp", *of(code, "retouched", "--parent", "a\x1b[31m\u202e\nb.jpg"))
    ran.says(3, "failed          new.jpg: parent a\\u{1b}[31m\\u{202e}\\u{a}b.jpg: no such file\n", "1 failed\n")


def test_nothing_of_a_parent_but_its_credentials_gets_into_a_stamp(terminal: Terminal, code: str) -> None:
    Path("photo.jpg").rename("zoe-angstrom.jpg")
    assert terminal("stamp", *of(code, "retouched", "--parent", "zoe-angstrom.jpg")).code == 0
    assert b"angstrom" not in Path("stamped/new.jpg").read_bytes().lower()
    report = json.dumps(terminal("verify", "stamped/new.jpg", "--json").document())
    assert "angstrom" not in report.lower()
