"""Go's own packages for its checksum database (`golang.org/x/mod/sumdb`, BSD-3-Clause) read what the ledger publishes.

They are part of the sources of Go, which `tests/conformance/judges.txt` pins. Go makes the tree of the entries anew,
compares every file with it, and proves inclusion and consistency from the tiles alone.
"""

import base64
import shutil
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from support.consents import NOW
from support.judges import Judge, RefusedByJudgeError, grow_to
from support.ledgers import empty_database, identified, numbered, open_ledger
from support.logs import Log
from support.published import make_store, publish_to, tree

from provenance.cosignature import Cosigner
from provenance.errors import LedgerError
from provenance.ledger import Ledger
from provenance.note import parse_note
from provenance.storage.database import Database
from provenance.storage.interface import CosignatureRow

pytestmark = pytest.mark.slow

PROOFS = 500
SIZES = [1, 2, 255, 256, 257, 511, 512, 513]
LARGE_SIZES = [*SIZES, 65_535, 65_536, 65_537]


@pytest.fixture
def log() -> Log:
    return Log()


def saved(folder: Path, name: str, note: bytes) -> Path:
    path = folder / name
    path.write_bytes(note)
    return path


@pytest.mark.parametrize("sizes", [SIZES, LARGE_SIZES], ids=["small", "large"])
def test_a_ledger_that_grows_is_taken_at_every_size(
    go_judge: Judge, log: Log, tmp_path: Path, published: Path, sizes: list[int]
) -> None:
    notes: list[Path] = []
    with open_ledger(tmp_path / "studio.db", log, size=1) as (database, ledger):
        for size in sizes:
            grow_to(ledger, size, start=database.head().size)
            # A folder for each, as the partial tiles of a smaller size stay beside those of a larger one.
            folder = published / str(size)
            done = publish_to(database, folder, log)
            found = go_judge("log", folder, log.key.to_text(), PROOFS, *notes)
            assert (found["size"], found["root"]) == (size, base64.b64encode(done.checkpoint.root_hash).decode())
            assert found["files"] == len([path for path in tree(folder) if not Path(path).name.startswith(".")])
            assert found["inclusion"] == min(size, PROOFS)
            notes.append(saved(tmp_path, f"{size}.note", ledger.checkpoint()))
            # Of every two trees, and of each with itself.
            assert found["consistency"] == len(notes) * (len(notes) + 1) // 2
            assert found["unknown_signatures"] == 0


def test_a_million_entries_are_taken_and_their_receipts_stay_small(
    go_judge: Judge, log: Log, tmp_path: Path, published: Path
) -> None:
    cosigner = Cosigner.generate("witness.example/w1")
    with open_ledger(tmp_path / "studio.db", log, size=1) as (database, ledger):
        grow_to(ledger, 1_000_000, start=1)
        line = cosigner.sign(parse_note(ledger.checkpoint()).text, now=datetime.now(UTC))
        database.add_cosignature(CosignatureRow(1_000_000, line.to_text()))
        done = publish_to(database, published, log)
        receipt = ledger.prove(333_333).to_text()
    found = go_judge("log", published, log.key.to_text(), PROOFS)
    assert (found["size"], found["root"]) == (1_000_000, base64.b64encode(done.checkpoint.root_hash).decode())
    assert (found["inclusion"], found["unknown_signatures"]) == (PROOFS, 1)
    assert receipt.count("\n— ") == 2
    assert len(receipt.encode()) <= 1_300


# A ledger begins with its genesis entry, so nothing smaller is ever signed; what a log without entries would publish is
# read all the same.
def test_a_ledger_without_entries_has_nothing_to_publish(log: Log, tmp_path: Path, published: Path) -> None:
    with open_ledger(tmp_path / "studio.db", log) as (database, _):
        with pytest.raises(LedgerError, match=r"\Aledger: no checkpoint was signed yet\Z"):
            publish_to(database, published, log)
        assert not published.exists()


def test_an_empty_log_is_taken(go_judge: Judge, log: Log, published: Path) -> None:
    publish_to(make_store(log, 0), published, log)
    found = go_judge("log", published, log.key.to_text(), PROOFS)
    assert (found["size"], found["files"], found["inclusion"], found["consistency"]) == (0, 1, 0, 0)


def test_our_own_proofs_are_taken(go_judge: Judge, log: Log, tmp_path: Path) -> None:
    random, size = Random(1), 1_500
    with open_ledger(tmp_path / "studio.db", log, size=1) as (database, ledger):
        olds = [1, 2, 255, 256, 257, 511, 1_024, size]
        notes = []
        for old_size in olds:
            grow_to(ledger, old_size, start=database.head().size)
            notes.append(saved(tmp_path, f"{old_size}.note", ledger.checkpoint()))
        names = []
        for index in [0, size - 1, *random.sample(range(1, size - 1), 98)]:
            row = database.entry(index)
            assert row is not None
            text = ledger.prove(index, extra=row.body).to_text()
            names.append(saved(tmp_path, f"{index}.tlog-proof", text.encode()))
        assert go_judge("proofs", log.key.to_text(), *names) == {"proofs": 100}
        for old_size, old in zip(olds, notes, strict=True):
            lines = [base64.b64encode(value).decode() for value in ledger.prove_consistency(old_size=old_size)]
            proof = saved(tmp_path, "growth", "\n".join(lines).encode())
            found = go_judge("growth", log.key.to_text(), old, notes[-1], proof)
            assert found == {"old_size": old_size, "size": size}


# --- the judge can say no


def refusal(go_judge: Judge, log: Log, published: Path, *notes: Path) -> str:
    with pytest.raises(RefusedByJudgeError) as caught:
        go_judge("log", published, log.key.to_text(), PROOFS, *notes)
    return str(caught.value)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("checkpoint", "checkpoint: "),
        ("tile/0/000", "tile/0/000: does not follow from the entries"),
        ("tile/0/001.p/44", "tiles: "),
        ("tile/1/000.p/1", "tiles: "),
        ("tile/entries/001.p/44", "entries: root "),
    ],
)
def test_a_bit_that_is_flipped_is_refused(go_judge: Judge, log: Log, published: Path, path: str, message: str) -> None:
    publish_to(make_store(log, 300), published, log)
    data = bytearray((published / path).read_bytes())
    data[-40 if path.startswith("tile/entries") else len(data) // 2] ^= 1
    (published / path).write_bytes(data)
    assert refusal(go_judge, log, published).startswith(message)


def test_another_key_and_another_history_are_refused(go_judge: Judge, log: Log, tmp_path: Path) -> None:
    for name, extra in (("one", b""), ("other", b" ")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "studio.db").write_bytes(empty_database())
        with open_ledger(folder / "studio.db", log) as (database, ledger):
            start(ledger, database, 7 + len(extra))
            publish_to(database, folder / "log", log)
    older = shutil.copyfile(tmp_path / "one" / "log" / "checkpoint", tmp_path / "old.note")
    assert refusal(go_judge, log, tmp_path / "other" / "log", older).startswith("from 7 to 8 entries: ")
    assert "no verifiable signatures" in refusal(go_judge, Log(), tmp_path / "other" / "log")


def start(ledger: Ledger, database: Database, size: int) -> None:
    """Begin a ledger with the genesis entry of the present minute, and entries that differ with its size."""
    ledger.create(NOW)
    ledger.append(identified(*(numbered(size * 1_000 + number) for number in range(1, size))))
    assert database.head().size == size
