"""Who is in which picture, by the cards between them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.errors import InputError, RefusedError
from provenance.picture.cards import Frame
from provenance.stamping.dealing import Dealt, deal

ANN, BOB = "AAAA-0000", "BBBB-0000"
KNOWN = {ANN, BOB}
UNREAD = InputError("cards: the picture cannot be decoded, so that no card can be seen", code="card-unread")


def dealt(*frames: tuple[str, Frame | InputError]) -> Dealt:
    return deal([(Path(name), frame) for name, frame in frames], known=KNOWN.__contains__)


def told(result: Dealt) -> dict[str, object]:
    """Return for each picture the codes, or what follows `nothing says who is shown: `."""
    found: dict[str, object] = {}
    for path, people in result.people.items():
        if isinstance(people, RefusedError):
            assert (people.code, people.hint) == ("consent-unnamed", "stamp it by itself with --consent CODE")
            found[str(path)] = str(people).removeprefix("nothing says who is shown: ")
        else:
            found[str(path)] = people
    return found


def card(*codes: str, taken: str | None = None) -> Frame:
    return Frame(codes, taken)


def test_what_follows_a_card_is_that_persons_until_the_next() -> None:
    result = dealt(
        ("d/1.jpg", card(ANN)),
        ("d/2.jpg", Frame()),
        ("d/3.jpg", Frame()),
        ("d/4.jpg", card(BOB)),
        ("d/5.jpg", Frame()),
    )
    assert told(result) == {"d/2.jpg": (ANN,), "d/3.jpg": (ANN,), "d/5.jpg": (BOB,)}
    assert result.cards == {Path("d/1.jpg"): (ANN,), Path("d/4.jpg"): (BOB,)}


def test_cards_in_one_frame_are_of_everybody_in_what_follows() -> None:
    assert told(dealt(("1.jpg", card(ANN, BOB)), ("2.jpg", Frame()))) == {"2.jpg": (ANN, BOB)}


def test_the_same_card_twice_is_the_same_person() -> None:
    assert told(dealt(("1.jpg", card(ANN)), ("2.jpg", card(ANN)), ("3.jpg", Frame()))) == {"3.jpg": (ANN,)}


def test_numbers_in_names_count_as_numbers() -> None:
    frames = [("IMG_2.jpg", card(ANN)), ("IMG_10.jpg", card(BOB)), ("IMG_3.jpg", Frame()), ("IMG_11.jpg", Frame())]
    assert told(dealt(*frames)) == {"IMG_3.jpg": (ANN,), "IMG_11.jpg": (BOB,)}


def test_each_folder_is_by_itself() -> None:
    result = dealt(("a/1.jpg", card(ANN)), ("b/2.jpg", Frame()), ("a/3.jpg", Frame()))
    assert told(result) == {"a/3.jpg": (ANN,), "b/2.jpg": "no card comes before it in its folder"}


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        ([("1.jpg", Frame()), ("2.jpg", Frame())], "no card comes before it in its folder"),
        (
            [("1.jpg", card(ANN)), ("2.jpg", card(BOB)), ("3.jpg", Frame())],
            "2.jpg and the frame before it show different cards, and no picture is between them",
        ),
        (
            [("1.jpg", card(ANN)), ("2.jpg", card("CCCC-0000")), ("3.jpg", Frame())],
            "2.jpg and the frame before it show different cards, and no picture is between them",
        ),
        (
            [("1.jpg", card("CCCC-0000")), ("3.jpg", Frame())],
            "1.jpg shows the card of CCCC-0000, of which there is no consent here",
        ),
        ([("1.jpg", card("so what")), ("3.jpg", Frame())], "1.jpg shows a card that cannot be read"),
        (
            [("1.jpg", card(ANN)), ("2.jpg", UNREAD), ("3.jpg", Frame())],
            "2.jpg cannot be looked at, and may have been a card",
        ),
        (
            [
                ("1.jpg", card(ANN, taken="2026:05:17 10:00:00.0")),
                ("2.jpg", card(BOB, taken="2026:05:17 09:00:00.0")),
                ("3.jpg", Frame((), "2026:05:17 08:00:00.0")),
            ],
            "3.jpg was taken before the file that precedes it by name",
        ),
    ],
)
def test_where_it_is_in_doubt_nobody_is_told(frames: list[tuple[str, Frame | InputError]], reason: str) -> None:
    found = told(dealt(*frames))
    assert found[frames[-1][0]] == reason


def test_a_picture_that_cannot_be_looked_at_is_nobodys() -> None:
    result = dealt(("1.jpg", card(ANN)), ("2.jpg", UNREAD), ("3.jpg", card(BOB)), ("4.jpg", Frame()))
    assert told(result) == {"2.jpg": "it cannot be looked at for a card", "4.jpg": (BOB,)}


def test_a_picture_that_is_older_than_the_one_before_it_ends_what_the_card_said() -> None:
    result = dealt(
        ("1.jpg", card(ANN, taken="2026:05:17 10:00:00.0")),
        ("2.jpg", Frame((), "2026:05:17 10:00:01.0")),
        ("3.jpg", Frame((), "2026:05:17 09:59:59.9")),
        ("4.jpg", Frame()),
        ("5.jpg", card(BOB)),
        ("6.jpg", Frame((), "2026:05:17 10:00:00.0")),
    )
    reason = "3.jpg was taken before the file that precedes it by name"
    assert told(result) == {"2.jpg": (ANN,), "3.jpg": reason, "4.jpg": reason, "6.jpg": (BOB,)}


@given(
    st.lists(
        st.one_of(
            st.just(Frame()),
            st.sampled_from([card(ANN), card(BOB), card(ANN, BOB), card("CCCC-0000")]),
            st.just(UNREAD),
        ),
        max_size=30,
    )
)
def test_every_frame_is_a_card_or_a_picture_and_only_the_last_card_speaks(frames: list[Frame | InputError]) -> None:
    result = dealt(*((f"{number:03}.jpg", frame) for number, frame in enumerate(frames)))
    assert result.cards.keys() | result.people.keys() == {Path(f"{number:03}.jpg") for number in range(len(frames))}
    assert not result.cards.keys() & result.people.keys()
    for path, people in result.people.items():
        before = [frame for frame in frames[: int(path.stem)] if isinstance(frame, InputError) or frame.cards]
        if not isinstance(people, RefusedError):
            assert isinstance(before[-1], Frame)
            assert people == before[-1].cards
            assert set(people) <= KNOWN
