"""One bit of one file of what was published is flipped; the audit finds it, and names the file."""

import random
from pathlib import Path

import pytest
from support.judges import grow_to
from support.ledgers import open_ledger
from support.logs import Log
from support.published import publish_to

from provenance.errors import ProvenanceError
from provenance.ledger import audit

SIZE = 600


def flip_everywhere(tmp_path: Path, *, places: int, seed: int) -> None:
    chance, log, site = random.Random(seed), Log(), tmp_path / "site"
    with open_ledger(tmp_path / "studio.db", log, size=1) as (database, ledger):
        grow_to(ledger, SIZE, start=1)
        publish_to(database, site, log)
        clean = audit(database, keys=ledger.log_keys(), exports=[site])
        files = sorted(path for path in site.rglob("*") if path.is_file() and not path.name.startswith("."))
        assert clean.exported == len(files) - 1
        for _ in range(places):
            path = chance.choice(files)
            whole = path.read_bytes()
            bit = chance.randrange(8 * len(whole))
            changed = bytearray(whole)
            changed[bit // 8] ^= 1 << bit % 8
            path.write_bytes(changed)
            with pytest.raises(ProvenanceError) as caught:
                audit(database, keys=ledger.log_keys(), exports=[site])
            assert str(path) in str(caught.value), (bit, str(caught.value))
            path.write_bytes(whole)
        assert audit(database, keys=ledger.log_keys(), exports=[site]) == clean


def test_a_bit_that_is_flipped_anywhere_is_found_and_its_file_named(tmp_path: Path) -> None:
    flip_everywhere(tmp_path, places=40, seed=1)


@pytest.mark.slow
def test_a_thousand_bits_that_are_flipped_are_found_and_their_files_named(tmp_path: Path) -> None:
    flip_everywhere(tmp_path, places=1_000, seed=2)
