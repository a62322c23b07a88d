"""Paths and bundles go there and back, and a log that grows in any steps is published as one that grew at once."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.logs import Log
from support.published import body, expected_tree, place, publish_sizes, tree
from support.tries import tries

from provenance.errors import InputError
from provenance.ledger.published import PublishedLog
from provenance.tiles import (
    OpenTile,
    TileName,
    bundle_to_bytes,
    entries_path,
    open_tiles,
    parse_bundle,
    parse_tile_path,
    tile_path,
)

LOG = Log()

names = st.builds(
    TileName,
    st.none() | st.integers(0, 63),
    st.integers(0, 1200) | st.integers(0, 10**18 - 1),
    st.integers(1, 256),
)
entries = st.lists(st.binary(max_size=40) | st.sampled_from([b"", b"\0", bytes(300)]), min_size=1, max_size=256)


@given(names)
def test_a_path_goes_there_and_back(name: TileName) -> None:
    assert parse_tile_path(name.to_path()) == name


@given(names)
def test_the_functions_of_old_spell_the_same_paths(name: TileName) -> None:
    if name.level is None:
        assert name.to_path() == entries_path(name.number, width=name.width)
    else:
        assert name.to_path() == tile_path(name.level, name.number, width=name.width)


@given(
    st.text(alphabet="tile/0123456789xp.entrs", max_size=30)
    | st.from_regex(r"tile/[0-9]{1,2}/[x0-9/]{3,12}(\.p/[0-9]{1,3})?", fullmatch=True)
)
@example("tile/0/x000/000")
@example("tile/0/x001/000.p/0")
def test_two_spellings_never_name_one_tile(path: str) -> None:
    try:
        name = parse_tile_path(path)
    except InputError:
        return
    assert name.to_path() == path


@given(st.integers(0, 2**63 - 1))
def test_the_open_tiles_are_those_of_the_formula(size: int) -> None:
    # c2sp.org/tlog-tiles, "Partial Tiles": floor(s / 256**l) mod 256.
    expected = []
    for level in range(8):
        width = size // 256**level % 256
        if width:
            expected.append(OpenTile(level, size // 256 ** (level + 1), width))
    assert open_tiles(size) == expected


@given(entries)
def test_a_bundle_goes_there_and_back(bundle: list[bytes]) -> None:
    assert parse_bundle(bundle_to_bytes(bundle), width=len(bundle), place="bundle") == bundle


@given(entries, st.data())
def test_a_bundle_of_another_width_is_refused(bundle: list[bytes], data: st.DataObject) -> None:
    width = data.draw(st.integers(1, 300).filter(lambda width: width != len(bundle)))
    with pytest.raises(InputError):
        parse_bundle(bundle_to_bytes(bundle), width=width, place="bundle")


@given(entries, st.data())
def test_a_truncated_bundle_is_refused(bundle: list[bytes], data: st.DataObject) -> None:
    whole = bundle_to_bytes(bundle)
    end = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(InputError):
        parse_bundle(whole[:end], width=len(bundle), place="bundle")


@given(entries, st.binary(min_size=1, max_size=5))
def test_bytes_behind_a_bundle_are_refused(bundle: list[bytes], more: bytes) -> None:
    with pytest.raises(InputError):
        parse_bundle(bundle_to_bytes(bundle) + more, width=len(bundle), place="bundle")


@given(st.binary(max_size=60), st.integers(1, 6))
def test_whatever_is_read_as_a_bundle_is_written_so(data: bytes, width: int) -> None:
    try:
        found = parse_bundle(data, width=width, place="bundle")
    except InputError:
        return
    assert bundle_to_bytes(found) == data
    assert len(found) == width


@settings(max_examples=tries(25))
@given(st.lists(st.integers(0, 400), min_size=1, max_size=6))
def test_a_log_that_grows_in_steps_is_published_as_one_that_grew_at_once(steps: list[int]) -> None:
    sizes = [sum(steps[: number + 1]) for number in range(len(steps))]
    with TemporaryDirectory() as folder:
        publish_sizes(Path(folder), LOG, sizes)
        files = tree(Path(folder))
        log = PublishedLog(place(Path(folder)), keys=[LOG.key])
        assert list(log.entries(0, sizes[-1])) == [body(number) for number in range(sizes[-1])]
    del files["checkpoint"]
    expected: dict[str, bytes] = {}
    for size in sizes:
        expected |= expected_tree([body(number) for number in range(size)])
    # Partial tiles of every size that was published stay until their full tile is there.
    assert files == {
        name: data for name, data in expected.items() if re.sub(r"\.p/.*", "", name) not in expected or ".p" not in name
    }
