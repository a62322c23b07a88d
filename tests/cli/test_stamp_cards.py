"""A shoot whose frames say themselves who is in them."""

import importlib.util
import io
import shutil
from pathlib import Path

import pytest
from PIL import Image
from support.commands import Terminal
from support.pictures import draw, draw_jpeg
from support.workshops import Workshop

from provenance.picture.cards import look_for_cards


def photograph(card: Path, destination: Path) -> None:
    """Photograph a card."""
    frame = draw(size=(1800, 1200), seed=9)
    with Image.open(card) as drawn:
        frame.paste(drawn.convert("RGB").resize((620, 874)), (500, 100))
    frame.save(destination, "JPEG", quality=85)


@pytest.fixture
def shoot(terminal: Terminal, workshop: Workshop) -> list[str]:
    """The codes of two people, whose cards and pictures lie in a folder `shoot`."""
    made = terminal("consent", "new", "--subject", "山田太郎", "--permit", "capture", "--typed", "--json")
    codes = [workshop.code, str(made.documents()[0]["code"])]
    folder = workshop.path / "shoot"
    folder.mkdir()
    draw_jpeg(folder / "0000.jpg", seed=1)
    for number, code in enumerate(codes):
        terminal("consent", "card", code, "-o", "card.png").says(
            0,
            "card.png\n",
            "Photograph it first, then the person; a frame with two cards is for pictures of both.\n",
        )
        photograph(Path("card.png"), folder / f"{number + 1}000.jpg")
        for picture in (1, 2):
            draw_jpeg(folder / f"{number + 1}00{picture}.jpg", size=(60, 40), seed=10 * number + picture)
    return codes


def test_the_cards_say_who_is_in_which_picture(terminal: Terminal, shoot: list[str]) -> None:
    command = ["stamp", "shoot", "--as", "camera", "--consent-from", "card", "-o", "out"]
    refusal = "nothing says who is shown: no card comes before it in its folder"
    terminal(*command).says(
        1,
        "stamped         out/1001.jpg\n"
        "stamped         out/1002.jpg\n"
        "stamped         out/2001.jpg\n"
        "stamped         out/2002.jpg\n"
        f"refused         shoot/0000.jpg: {refusal}\n",
        f"shoot/1000.jpg: the card of {shoot[0]}, and no picture to stamp\n"
        f"shoot/2000.jpg: the card of {shoot[1]}, and no picture to stamp\n"
        "hint: stamp it by itself with --consent CODE\n1 refused · 4 stamped\n",
    )
    for code in shoot:
        assert f"pictures   {3 if code == shoot[0] else 2} stamps" in terminal("consent", "show", code).out
    again = terminal(*command)
    assert again.out.count("already-stamped") == 4


def test_the_card_names_nobody(terminal: Terminal, workshop: Workshop) -> None:
    assert terminal("consent", "card", workshop.code.lower(), "-o", "card.png").code == 0
    data = Path("card.png").read_bytes()
    assert look_for_cards(data).cards == (workshop.code,)
    with Image.open(io.BytesIO(data)) as card:
        assert set(card.info) == {"dpi"}


def test_there_is_a_card_only_of_a_consent(terminal: Terminal, workshop: Workshop) -> None:
    ran = terminal("consent", "card", "0000-0000", "-o", "card.png")
    assert (ran.code, Path("card.png").exists()) == (1, False)
    terminal("consent", "card", workshop.code, "-o", "/proc/card.png").refuses(
        3, "card.png: cannot be written: no such file or directory"
    )


def test_watching_takes_no_cards(terminal: Terminal, workshop: Workshop) -> None:
    Path("exports").mkdir()
    terminal("watch", "exports", "--as", "camera", "--consent-from", "card").refuses(
        2,
        "--consent-from card is for a whole shoot at once: use provenance stamp",
        "see provenance watch --help",
    )


def test_without_the_libraries_it_is_told_what_to_install(
    terminal: Terminal, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "zxingcpp" else there(name, *more)
    )
    message = "cards: needs the library zxingcpp, which is not installed"
    hint = "pip install 'headshot-provenance[cards]'"
    terminal("consent", "card", workshop.code, "-o", "card.png").refuses(3, message, hint)
    shutil.copy("portrait.jpg", "other.jpg")
    terminal("stamp", "other.jpg", "--as", "camera", "--consent-from", "card").refuses(3, message, hint)
