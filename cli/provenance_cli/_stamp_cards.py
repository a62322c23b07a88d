"""Who is shown in each picture of a shoot, by the cards that were photographed among them."""

from collections.abc import Callable, Sequence

from provenance import durable
from provenance.errors import InputError, RefusedError
from provenance.picture import MAX_PICTURE_BYTES
from provenance.picture.cards import Frame, check_installed, look_for_cards
from provenance.stamping.dealing import deal
from provenance.stamping.parallel import workers
from provenance_cli._output import Counting, note, safe
from provenance_cli._pictures import Found
from provenance_cli._stamp_consents import Assign


def deal_pictures(pictures: Sequence[Found], *, jobs: int, known: Callable[[str], bool]) -> tuple[list[Found], Assign]:
    """Return the pictures without the frames that show cards, and what tells who is in each; the cards are told.

    Args:
        pictures: of every folder in the order of their names.
        jobs: how many are looked at at the same time.
        known: tells whether there is a consent with a code.

    Raises:
        MissingExtraError: what reads cards is not installed.
    """
    check_installed()
    frames, progress = [], Counting("pictures looked at for cards")
    with workers(jobs) as work:
        for number, (found, frame) in enumerate(zip(pictures, work(_look, pictures), strict=True), 1):
            frames.append((found.path, frame))
            progress(number, len(pictures))
    dealt = deal(frames, known=known)
    for path, cards in dealt.cards.items():
        note(f"{safe(str(path))}: the card of {safe(', '.join(cards))}, and no picture to stamp")

    def assign(found: Found) -> tuple[str, ...]:
        people = dealt.people[found.path]
        if isinstance(people, RefusedError):
            raise people
        return people

    return [found for found in pictures if found.path not in dealt.cards], assign


def _look(found: Found) -> Frame | InputError:
    try:
        return look_for_cards(durable.read(found.path, max_bytes=MAX_PICTURE_BYTES))
    except InputError as error:
        return error
