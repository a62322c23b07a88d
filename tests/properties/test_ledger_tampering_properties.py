"""One byte changed anywhere of what an audit looks at is found, and its place is named."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.exports import write_export
from support.logs import Log
from support.memory_store import bodies_of, store_of
from support.refusals import assert_plain_message
from support.trees import flipped
from support.tries import tries

from provenance.errors import CorruptLedgerError
from provenance.ledger import audit, rebuild
from provenance.merkle import Frontier, leaf_hash

LOG = Log()
SIZE = 600
SIGNED = [1, 2, 100, 255, 256, 257, 513, SIZE]
BODIES = bodies_of(LOG, SIZE)
STORE = store_of(LOG, BODIES, signed_sizes=SIGNED)
BITS = st.integers(0, 2**18)


@contextmanager
def changed(rows: dict[Any, Any], key: object, value: object) -> Iterator[None]:
    """Put a row in the place of another for a while."""
    before = rows[key]
    rows[key] = value
    try:
        yield
    finally:
        rows[key] = before


def found() -> str:
    with pytest.raises(CorruptLedgerError) as caught:
        audit(STORE, keys=[LOG.key])
    assert_plain_message(caught.value)
    return str(caught.value)


@settings(max_examples=tries(60))
@given(st.integers(0, SIZE - 1), BITS)
def test_an_entry_is_named(index: int, bit: int) -> None:
    row = STORE.rows[index]
    with changed(STORE.rows, index, replace(row, body=flipped(row.body, bit))):
        assert found() == f"entry {index}: its bytes do not hash to its leaf hash"


@settings(max_examples=tries(60))
@given(st.integers(0, SIZE - 1), BITS)
def test_a_leaf_hash_is_named_by_its_entry(index: int, bit: int) -> None:
    row = STORE.rows[index]
    with changed(STORE.rows, index, replace(row, leaf_hash=flipped(row.leaf_hash, bit))):
        assert found() == f"entry {index}: its bytes do not hash to its leaf hash"


@settings(max_examples=tries(60))
@given(st.integers(0, SIZE - 1), BITS)
def test_an_entry_that_fits_its_leaf_hash_is_named_or_the_next_checkpoint_or_tile(index: int, bit: int) -> None:
    row = STORE.rows[index]
    body = flipped(row.body, bit)
    with changed(STORE.rows, index, replace(row, body=body, leaf_hash=leaf_hash(body))):
        covering = next(size for size in SIGNED if size > index)
        named = [f"entry {index}: ", f"checkpoint {covering}: ", f"tile 0/{index // 256}: "]
        assert found().startswith(tuple(named))


@settings(max_examples=tries(60))
@given(st.sampled_from(sorted(STORE.full)), st.sampled_from(["nodes", "root"]), BITS)
def test_a_tile_is_named(place: tuple[int, int], column: str, bit: int) -> None:
    tile = STORE.full[place]
    root, nodes = (flipped(tile.root, bit), tile.nodes) if column == "root" else (tile.root, flipped(tile.nodes, bit))
    harmed = replace(tile, root=root, nodes=nodes)
    with changed(STORE.full, place, harmed):
        assert found() == f"tile {place[0]}/{place[1]}: does not follow from the entries"


@settings(max_examples=tries(60))
@given(st.sampled_from(SIGNED), BITS)
def test_a_checkpoint_is_named(size: int, bit: int) -> None:
    with changed(STORE.notes, size, flipped(STORE.notes[size], bit)):
        assert found().startswith(f"checkpoint {size}: ")


@settings(max_examples=tries(60))
@given(st.integers(0, 3), BITS)
def test_the_head_is_named(number: int, bit: int) -> None:
    frontier = STORE.head()
    hashes = list(frontier.hashes)
    hashes[number] = flipped(hashes[number], bit)
    with changed(STORE.__dict__, "frontier", Frontier(frontier.size, tuple(hashes))):
        assert found() == "head: the frontier does not follow from the entries"


@cache
def exported() -> tuple[Path, list[str]]:
    directory = write_export(Path(mkdtemp()), LOG, BODIES)
    write_export(directory, LOG, BODIES[:300])
    write_export(directory, LOG, BODIES[:590])
    return directory, sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


@settings(max_examples=tries(60))
@given(st.data(), BITS)
def test_an_exported_file_is_named(data: st.DataObject, bit: int) -> None:
    directory, files = exported()
    path = data.draw(st.sampled_from(files))
    content = (directory / path).read_bytes()
    (directory / path).write_bytes(flipped(content, bit))
    try:
        with pytest.raises(CorruptLedgerError) as caught:
            audit(STORE, keys=[LOG.key], exports=[directory])
    finally:
        (directory / path).write_bytes(content)
    assert_plain_message(caught.value)
    assert str(caught.value).startswith(f"export {directory}/{path}: ")


def test_all_of_that_is_clean_when_it_is_left_alone() -> None:
    directory, files = exported()
    report = audit(STORE, keys=[LOG.key], exports=[directory])
    assert (report.entries, report.checkpoints, report.exported) == (SIZE, len(SIGNED), len(files) - 1)


@settings(max_examples=tries(60))
@given(st.sets(st.sampled_from(sorted(STORE.full))), st.booleans(), st.integers(0, SIZE), BITS)
def test_a_rebuild_restores_all_that_derives(
    lost: set[tuple[int, int]], headless: bool, head_size: int, bit: int
) -> None:
    whole = store_of(LOG, BODIES[:SIZE], signed_sizes=[SIZE])
    harmed = store_of(LOG, BODIES[:SIZE], signed_sizes=[SIZE])
    harmed.notes = whole.notes
    for place in lost:
        harmed.full[place] = replace(harmed.full[place], nodes=flipped(harmed.full[place].nodes, bit))
    harmed.frontier = None if headless else Frontier().extend(leaf_hash(body) for body in BODIES[:head_size])
    report = rebuild(harmed, keys=[LOG.key])
    assert harmed == whole
    assert (report.tiles, report.head) == (len(lost), headless or head_size != SIZE)
