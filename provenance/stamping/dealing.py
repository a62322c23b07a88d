"""Which consent covers which picture of a shoot, by the card that was photographed before each person.

A frame with a card begins a person: what follows it in its folder is theirs, until the next card. Cards of several
people in one frame begin pictures of all of them. Nothing is guessed: where the order is in doubt, nobody is told.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from provenance.consent.codes import parse_code
from provenance.errors import InputError, RefusedError
from provenance.picture.cards import Frame

_NUMBER = re.compile(r"([0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Dealt:
    """Who is in each picture of a shoot.

    Attributes:
        cards: the frames that show cards, and are no pictures of a person, with the codes on them.
        people: of every other frame the codes of the consents, or why nobody can say them.
    """

    cards: dict[Path, tuple[str, ...]] = field(default_factory=dict)
    people: dict[Path, "tuple[str, ...] | RefusedError"] = field(default_factory=dict)


@dataclass
class _Folder:
    codes: "tuple[str, ...] | RefusedError"
    taken: str | None = None
    after_card: bool = False


def deal(frames: Iterable[tuple[Path, Frame | InputError]], *, known: Callable[[str], bool]) -> Dealt:
    """Return who is in each picture.

    Args:
        frames: of every picture, or why it cannot be looked at. Of one folder they were taken in the order of their
            names, in which numbers count as numbers.
        known: tells whether there is a consent with a code.
    """
    dealt = Dealt()
    folders: dict[Path, _Folder] = {}
    for path, frame in sorted(frames, key=lambda pair: _in_order(pair[0])):
        folder = folders.setdefault(path.parent, _Folder(_nobody("no card comes before it in its folder")))
        if isinstance(frame, InputError):
            # It may have been a card: what follows is nobody's until the next one.
            folder.codes = _nobody(f"{path.name} cannot be looked at, and may have been a card")
            folder.after_card = False
            dealt.people[path] = _nobody("it cannot be looked at for a card")
            continue
        if folder.taken is not None and frame.taken is not None and frame.taken < folder.taken:
            folder.codes = _nobody(f"{path.name} was taken before the file that precedes it by name")
            folder.after_card = False
        folder.taken = frame.taken or folder.taken
        if not frame.cards:
            dealt.people[path] = folder.codes
            folder.after_card = False
            continue
        codes = _read(path, frame.cards, known)
        if folder.after_card and folder.codes != codes:
            codes = _nobody(f"{path.name} and the frame before it show different cards, and no picture is between them")
        dealt.cards[path] = frame.cards
        folder.codes, folder.after_card = codes, True
    return dealt


def _in_order(path: Path) -> tuple[str, list[tuple[int, str]]]:
    pieces = _NUMBER.split(path.name.lower())
    return str(path.parent), [(int(piece), "") if piece.isdecimal() else (-1, piece) for piece in pieces if piece]


def _read(path: Path, cards: tuple[str, ...], known: Callable[[str], bool]) -> "tuple[str, ...] | RefusedError":
    codes = []
    for card in cards:
        try:
            code = parse_code(card)
        except InputError:
            return _nobody(f"{path.name} shows a card that cannot be read")
        if not known(code):
            return _nobody(f"{path.name} shows the card of {code}, of which there is no consent here")
        codes.append(code)
    return tuple(dict.fromkeys(codes))


def _nobody(reason: str) -> RefusedError:
    return RefusedError(
        f"nothing says who is shown: {reason}", code="consent-unnamed", hint="stamp it by itself with --consent CODE"
    )
