from provenance.status_lists import LIST_STAMPS, MAX_LISTS, REFRESH_SECONDS, StatusPlace
from provenance.studio.status_places import StatusPlaces


def indexes(places: StatusPlaces, number: int) -> list[int]:
    found = [places.of(number * LIST_STAMPS + within) for within in range(LIST_STAMPS)]
    assert {place.list for place in found if place is not None} == {number}
    return [place.index for place in found if place is not None]


def test_every_entry_has_a_place_of_its_own() -> None:
    for number in (0, 3):
        assert sorted(indexes(StatusPlaces(bytes(32)), number)) == list(range(LIST_STAMPS))


def test_the_order_hangs_on_the_key_and_on_the_list() -> None:
    first = indexes(StatusPlaces(bytes(32)), 0)
    assert first == indexes(StatusPlaces(bytes(32)), 0)
    others = (indexes(StatusPlaces(bytes(32)), 1), indexes(StatusPlaces(b"\x01" * 32), 0), list(range(LIST_STAMPS)))
    # Of two orders that have nothing to do with each other, one place is the same on average.
    assert all(sum(a == b for a, b in zip(first, other, strict=True)) < 12 for other in others)


def test_there_is_a_last_list() -> None:
    places = StatusPlaces(bytes(32))
    last = places.of(MAX_LISTS * LIST_STAMPS - 1)
    assert last is not None
    assert last == StatusPlace(MAX_LISTS - 1, last.index, REFRESH_SECONDS)
    assert places.of(MAX_LISTS * LIST_STAMPS) is None
