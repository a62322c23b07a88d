"""`provenance stamp` over a whole shoot: folders, pipes, and a consent for each picture."""

import io
import sys
from pathlib import Path

import pytest
from support.commands import Terminal
from support.pictures import draw_jpeg
from support.workshops import Workshop

ALONE = "stamp it by itself with --consent CODE"
NEW = ["consent", "new", "--permit", "capture", "--typed", "--json"]


@pytest.fixture
def shoot(terminal: Terminal, workshop: Workshop) -> dict[str, str]:
    """A shoot of two people: their pictures in folders, and the codes of their consents by their names."""
    codes = {name: str(terminal(*NEW, "--subject", name).document()["code"]) for name in ("Ada", "Bo")}
    for number, (name, code) in enumerate(codes.items()):
        folder = Path("shoot") / f"{name} {code}"
        folder.mkdir(parents=True)
        for place in range(2):
            draw_jpeg(folder / f"{name}-{place}.jpg", seed=40 + 2 * number + place)
    Path("shoot/notes.txt").write_text("not a picture")
    return codes


def stamped_under(terminal: Terminal, code: str) -> int:
    return int(terminal("consent", "show", code, "--json").document()["stamps"])


def test_a_folder_is_stamped_by_the_codes_in_its_folders(terminal: Terminal, shoot: dict[str, str]) -> None:
    stamp = ["stamp", "shoot", "-r", "--as", "camera", "--consent-from", "folder"]
    ran = terminal(*stamp)
    assert (ran.code, ran.err) == (0, "4 stamped\n")
    assert [line.split()[0] for line in ran.out.splitlines()] == ["stamped"] * 4
    assert [stamped_under(terminal, code) for code in shoot.values()] == [2, 2]
    again = terminal(*stamp)
    assert (again.code, again.err) == (0, "4 already-stamped\n")
    assert sorted(path.name for path in Path("shoot").rglob("stamped/*")) == [
        "Ada-0.jpg",
        "Ada-1.jpg",
        "Bo-0.jpg",
        "Bo-1.jpg",
    ]


def test_the_folders_are_kept_below_the_output(terminal: Terminal, shoot: dict[str, str]) -> None:
    ran = terminal("stamp", "shoot", "-r", "--as", "camera", "--consent-from", "folder", "-o", "out")
    assert ran.code == 0
    assert {str(path.relative_to("out")) for path in Path("out").rglob("*.jpg")} == {
        f"{name} {code}/{name}-{place}.jpg" for name, code in shoot.items() for place in range(2)
    }
    inside = terminal("stamp", "shoot", "-r", "--as", "camera", "--consent-from", "folder", "-o", "shoot/done")
    assert inside.err == "4 stamped\n"
    assert terminal("stamp", "shoot", "-r", "--as", "camera", "--consent-from", "folder", "-o", "shoot/done").err == (
        "4 already-stamped\n"
    )


def test_a_table_names_the_consents_and_what_it_lacks_is_refused_last(
    terminal: Terminal, shoot: dict[str, str]
) -> None:
    rows = [f"Ada {shoot['Ada']}/Ada-{place}.jpg;{shoot['Ada']}" for place in range(2)]
    Path("shoot/shoot.csv").write_text("\n".join(["file;consent", *rows]), "utf-8")
    ran = terminal("stamp", "shoot", "-r", "--as", "camera", "--map", "shoot/shoot.csv")
    assert ran.code == 1
    assert [line.split()[0] for line in ran.out.splitlines()] == ["stamped", "stamped", "refused", "refused"]
    assert ran.out.splitlines()[-1].endswith("Bo-1.jpg: nothing says who is shown: it is not in the table")
    assert ran.err == f"hint: {ALONE}\n" * 2 + "2 stamped · 2 refused\n"


def test_what_a_picture_is_asked_stays_in_order_as_documents(terminal: Terminal, shoot: dict[str, str]) -> None:
    draw_jpeg(Path("shoot/alone.jpg"), seed=50)
    ran = terminal("stamp", "shoot/alone.jpg", "shoot", "-r", "--as", "camera", "--consent-from", "folder", "--json")
    documents = ran.documents()
    assert [document["outcome"] for document in documents] == ["refused", *["stamped"] * 4]
    assert documents[0]["reason"]["code"] == "consent-unnamed"


def test_a_code_may_stand_in_the_name(terminal: Terminal, shoot: dict[str, str]) -> None:
    draw_jpeg(Path(f"{shoot['Bo']}_0001.jpg"), seed=51)
    ran = terminal("stamp", f"{shoot['Bo']}_0001.jpg", "--as", "camera", "--consent-from", "name")
    assert (ran.code, stamped_under(terminal, shoot["Bo"])) == (0, 1)


def test_everyone_in_a_picture_is_named_by_option_name_or_table(terminal: Terminal, shoot: dict[str, str]) -> None:
    codes = list(shoot.values())
    pictures = [Path("one.jpg"), Path(f"two {' '.join(codes)}.jpg"), Path("three.jpg")]
    for number, picture in enumerate(pictures):
        draw_jpeg(picture, seed=60 + number)
    Path("shoot.csv").write_text(f"file,consent\nthree.jpg,{' + '.join(codes)}\n", "utf-8")
    ways = [
        [option for code in codes for option in ("--consent", code)],
        ["--consent-from", "name"],
        ["--map", "shoot.csv"],
    ]
    for number, (picture, way) in enumerate(zip(pictures, ways, strict=True), 1):
        ran = terminal("stamp", str(picture), "--as", "camera", *way)
        assert (ran.code, ran.err) == (0, "1 stamped\n")
        assert [stamped_under(terminal, code) for code in codes] == [number, number]


def test_a_folder_named_after_two_does_not_say_who_is_in_a_picture(terminal: Terminal, shoot: dict[str, str]) -> None:
    folder = Path(" ".join(shoot.values()))
    folder.mkdir()
    draw_jpeg(folder / "a.jpg", seed=60)
    ran = terminal("stamp", str(folder), "--as", "camera", "--consent-from", "folder")
    ran.says(
        1,
        f"refused         {folder}/a.jpg: expected one consent in the name of its folder {folder.name!r}, got 2\n",
        "hint: name who is in it: --consent CODE for each, in the file's own name, or in a table\n1 refused\n",
    )


def test_names_come_from_a_pipe(terminal: Terminal, shoot: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    names = b"\0".join(str(path).encode() for path in sorted(Path("shoot").glob("Ada*/*.jpg")))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(names)))
    ran = terminal("stamp", "-", "-0", "--as", "camera", "--consent-from", "folder")
    assert ran.err == "2 stamped\n"


def test_a_dry_run_says_the_same_and_writes_nothing(terminal: Terminal, shoot: dict[str, str]) -> None:
    before = sorted(Path().rglob("*"))
    ran = terminal("stamp", "shoot", "-r", "--as", "camera", "--consent-from", "folder", "--dry-run")
    assert (ran.code, ran.err) == (0, "4 would-stamp\n")
    assert sorted(path for path in Path().rglob("*") if "studio.db" not in path.name) == [
        path for path in before if "studio.db" not in path.name
    ]


@pytest.mark.parametrize(
    "options", [[], ["--consent", "8F3K-QX2P", "--synthetic-person"], ["--map", "a.csv", "--consent-from", "name"]]
)
def test_who_is_shown_is_said_once(terminal: Terminal, workshop: Workshop, options: list[str]) -> None:
    terminal("stamp", "portrait.jpg", "--as", "camera", *options).refuses(
        2,
        "say who is shown: --consent CODE, --consent-from folder, name or card, --map CSV, or --synthetic-person",
        "see provenance stamp --help",
    )


def test_a_folder_without_pictures_and_a_table_that_is_none_are_told(terminal: Terminal, shoot: dict[str, str]) -> None:
    by_folder = ["--as", "camera", "--consent-from", "folder"]
    hint = "add -r to look into the folders within it"
    terminal("stamp", "shoot", *by_folder).refuses(3, "shoot: no pictures in this folder", hint)
    Path("no.csv").write_text("name,code\n")
    message = "no.csv: expected a first row with the columns file and consent"
    terminal("stamp", "portrait.jpg", "--as", "camera", "--map", "no.csv").refuses(3, message)


def test_long_work_says_how_far_it_is(
    terminal: Terminal, shoot: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provenance_cli._output.SECONDS_BETWEEN_LINES", 0.0)
    ran = terminal("stamp", "shoot", "-r", "--as", "camera", "--consent-from", "folder")
    assert ran.err.splitlines()[0].startswith("1 of 4 pictures (about ")
