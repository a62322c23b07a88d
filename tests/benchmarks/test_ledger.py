"""The ledger beside the bare driver and beside pymerkle, which is GPL and lives in the benchmark's environment only."""

import hashlib
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.ledgers import open_ledger
from support.logs import Log
from support.postgres import running
from support.ratios import compare, figure, interleaved, percentile, seconds

from provenance.canonical import to_base64url
from provenance.cosignature import Cosigner
from provenance.ledger import Ledger, audit
from provenance.ledger.log import new_entry_id
from provenance.ledger.sequencing import sequenced
from provenance.merkle import leaf_hash
from provenance.note import parse_note
from provenance.storage.database import Database, create_database

pytestmark = pytest.mark.benchmark

ENTRY_BYTES = 512
ROUNDS = 9
MILLION = 1_000_000
LOG = Log()


@dataclass(frozen=True, slots=True)
class Ready:
    """An entry whose bytes were made beforehand, so that the log alone is measured."""

    body: bytes

    def to_bytes(self) -> bytes:
        """Return the bytes."""
        return self.body


def bodies(count: int) -> list[bytes]:
    return [secrets.token_bytes(ENTRY_BYTES) for _ in range(count)]


def ready(data: list[bytes]) -> list[tuple[bytes, Any]]:
    return [(new_entry_id(), Ready(body)) for body in data]


class RawTable:
    """The limit: hash the entry, insert it into a bare table, commit durably; and no log at all."""

    def __init__(self, path: Path, *, sign: Callable[[bytes], bytes] | None = None) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("CREATE TABLE entry (idx INTEGER PRIMARY KEY, leaf BLOB, id BLOB UNIQUE, body BLOB)")
        self._connection.execute("CREATE TABLE signed (size INTEGER PRIMARY KEY, signature BLOB)")
        self._size = 0
        self._sign = sign

    def append(self, data: list[bytes]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(
            "INSERT INTO entry VALUES (?, ?, ?, ?)",
            [(self._size + n, leaf_hash(body), new_entry_id(), body) for n, body in enumerate(data)],
        )
        self._size += len(data)
        if self._sign is not None:
            self._connection.execute("INSERT INTO signed VALUES (?, ?)", (self._size, self._sign(bytes(100))))
        self._connection.execute("COMMIT")


def peer_tree(path: Path, *, wal: bool) -> Any:
    pymerkle = pytest.importorskip("pymerkle", reason="run by `make bench`, in an environment of its own")
    tree = pymerkle.SqliteTree(str(path))
    if wal:
        tree.con.execute("PRAGMA journal_mode=WAL")
        tree.con.execute("PRAGMA synchronous=FULL")
    return tree


def peer_append(tree: Any) -> Callable[[list[bytes]], None]:
    def append(data: list[bytes]) -> None:
        if len(data) == 1:
            tree.append_entry(data[0])
        else:
            tree.append_entries(data)
        tree.get_root()

    return append


@pytest.mark.parametrize(("batch", "commits"), [(1, 300), (256, 20)])
def test_durable_appends(tmp_path: Path, batch: int, commits: int) -> None:
    def rate(append: Callable[[list[bytes]], object]) -> Callable[[], float]:
        def measure() -> float:
            batches = [bodies(batch) for _ in range(commits)]
            return batch * commits / seconds(lambda: [append(data) for data in batches])

        return measure

    with open_ledger(tmp_path / "ours.db", LOG, size=1) as (_, ledger):
        works = {
            "this ledger, with a signed checkpoint in each commit": rate(lambda data: ledger.append(ready(data))),
            "bare sqlite3: leaf hash and insert": rate(RawTable(tmp_path / "raw.db").append),
            "bare sqlite3, and an Ed25519 signature in each commit": rate(
                RawTable(tmp_path / "signed.db", sign=LOG.signing_key.sign).append
            ),
            "pymerkle as shipped, and its root": rate(peer_append(peer_tree(tmp_path / "peer.db", wal=False))),
            "pymerkle forced to WAL, and its root": rate(peer_append(peer_tree(tmp_path / "wal.db", wal=True))),
        }
        measured = interleaved(works, rounds=ROUNDS)
    goals = {
        1: {"bare sqlite3: leaf hash and insert": "≥ 0.9×", "pymerkle as shipped, and its root": "≥ 4×"},
        256: {"bare sqlite3: leaf hash and insert": "≥ 0.55×"},
    }[batch]
    compare(f"Durable appends, {batch} in a commit, {ENTRY_BYTES} B each", measured, unit="entries/s", goals=goals)


def test_many_who_wait(tmp_path: Path) -> None:
    path = tmp_path / "studio.db"
    waits: list[float] = []

    @contextmanager
    def opened() -> Iterator[Ledger]:
        with open_ledger(path, LOG) as (_, ledger):
            yield ledger

    with open_ledger(path, LOG, size=1) as (_, ledger):

        def single() -> float:
            batches = [bodies(1) for _ in range(300)]
            return 300 / seconds(lambda: [ledger.append(ready(data)) for data in batches])

        def grouped() -> float:
            return grouped_rate(opened, waits)

        measured = interleaved({"64 who wait, one sequencer": grouped, "one who appends singly": single}, rounds=5)
    title = "Group commit on SQLite"
    compare(title, measured, unit="entries/s", goals={"one who appends singly": "≥ 5×"})
    figure(title, "a wait, p50", percentile(waits, 0.5) * 1e3, "ms")
    figure(title, "a wait, p99", percentile(waits, 0.99) * 1e3, "ms", goal="≤ 20 ms")


def grouped_rate(open_ledger: Callable[[], AbstractContextManager[Ledger]], waits: list[float] | None = None) -> float:
    """Return how many entries a second 64 threads append that wait for each, and note their waits."""
    own: list[float] = [] if waits is None else waits
    with sequenced(open_ledger) as sequencer:
        prepared = [[ready([body]) for body in bodies(100)] for _ in range(64)]

        def submit(mine: list[list[tuple[bytes, Any]]]) -> None:
            for entry in mine:
                own.append(seconds(lambda: sequencer.append(entry)))  # noqa: B023 called at once

        threads = [threading.Thread(target=submit, args=(mine,)) for mine in prepared]
        return 64 * 100 / seconds(lambda: _run(threads))


def _run(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("large")


def entries(count: int) -> list[bytes]:
    """Return entries as a studio writes them, of new commitments."""
    hashes = (to_base64url(secrets.token_bytes(32)) for _ in range(count))
    return [b'{"at":"2026-11-24T12:00Z","commitment":"%s","type":"consent","v":1}' % text.encode() for text in hashes]


def large(folder: Path, size: int) -> Path:
    """Return a log of `size` entries, made once."""
    path = folder / f"{size}.db"
    if not path.exists():
        with open_ledger(path, LOG, size=1) as (_, ledger):
            for start in range(1, size, 8192):
                ledger.append(ready(entries(min(8192, size - start))))
    return path


def large_peer(folder: Path, size: int) -> Path:
    path = folder / f"peer-{size}.db"
    if not path.exists():
        with closing(peer_tree(path, wal=True)) as tree:
            for start in range(0, size, 8192):
                tree.append_entries(entries(min(8192, size - start)))
    return path


def test_proofs_in_a_log_of_a_million(folder: Path) -> None:
    path, peer_path = large(folder, MILLION), large_peer(folder, MILLION)

    def first() -> float:
        with closing(Database(path)) as database:
            ledger = Ledger(database, log_origin=LOG.key.name)
            index = secrets.randbelow(MILLION)
            return seconds(lambda: ledger.prove(index)) * 1e3

    def first_of_peer() -> float:
        with closing(peer_tree(peer_path, wal=True)) as tree:
            index = secrets.randbelow(MILLION) + 1
            return seconds(lambda: tree.prove_inclusion(index, MILLION)) * 1e3

    measured = interleaved({"this ledger": first, "pymerkle": first_of_peer}, rounds=5)
    faster = {name: [1 / value for value in values] for name, values in measured.items()}
    title = "First proof after opening a log of 1,000,000"
    figure(title, "this ledger", percentile(measured["this ledger"], 0.5), "ms", goal="≤ 5 ms")
    compare(f"{title}, as speed", faster, unit="proofs/ms", goals={"pymerkle": "≥ 200×"})


def test_proofs_as_the_log_grows(folder: Path) -> None:
    middle = {}
    title = "Proofs, with a cache of 8 MB"
    for size in (10_000, MILLION):
        with closing(Database(large(folder, size))) as database:
            ledger = Ledger(database, log_origin=LOG.key.name)
            for _ in range(2000):
                ledger.prove(secrets.randbelow(size))
            times = [seconds(lambda: ledger.prove(index)) for index in (secrets.randbelow(size) for _ in range(5000))]  # noqa: B023
        middle[size] = percentile(times, 0.5)
        goal = "≤ 0.1 ms" if size == MILLION else None
        figure(title, f"p50 at {size:,} entries", middle[size] * 1e3, "ms", goal=goal)
        figure(title, f"p99 at {size:,} entries", percentile(times, 0.99) * 1e3, "ms")
    figure(title, "growth of p50 from 10,000 to 1,000,000", middle[MILLION] / middle[10_000], "×", goal="≤ 2.5×")


def test_audit_and_size(folder: Path) -> None:
    path = large(folder, MILLION)
    with closing(Database(path)) as database:
        ledger = Ledger(database, log_origin=LOG.key.name)

        def bare() -> float:
            def read() -> None:
                rows = database.bodies(0, MILLION)
                assert all(hashlib.sha256(b"\0" + body).digest() == leaf for _, leaf, body in rows)

            return MILLION / seconds(read)

        def whole() -> float:
            return MILLION / seconds(lambda: audit(database, keys=ledger.log_keys()))

        measured = interleaved({"audit of everything": whole, "reading and hashing the entries alone": bare}, rounds=3)
        own: float = sum(len(body) for _, _, body in database.bodies(0, MILLION))
        database._driver.one("PRAGMA wal_checkpoint(TRUNCATE)")
    title = "Audit at 1,000,000 entries"
    compare(title, measured, unit="entries/s")
    figure(title, "audit of everything, the best", max(measured["audit of everything"]), "entries/s", goal="≥ 400,000")
    own /= MILLION
    figure("Size on disk", "a mean entry's own bytes", own, "B")
    figure("Size on disk", "an entry beyond its own bytes", path.stat().st_size / MILLION - own, "B", goal="≤ 150 B")


def test_receipt_size(folder: Path) -> None:
    cosigner = Cosigner.generate("witness.example/w1")
    with closing(Database(large(folder, MILLION))) as database:
        ledger = Ledger(database, log_origin=LOG.key.name)
        proof = ledger.prove(MILLION // 3)
        note = parse_note(proof.checkpoint)
        line = cosigner.sign(note.text, now=datetime.now(UTC))
        receipt = replace(proof, checkpoint=note.with_signatures([line]).to_bytes()).to_text()
    title = "Receipt at 1,000,000 entries"
    figure(title, "with one cosignature", len(receipt.encode()), "B", goal="≤ 1,300 B")


def test_postgresql() -> None:
    with running(on_disk=True) as server, server.database() as name:
        create_database(server.url(name))
        measure_postgresql(server.url(name))


def measure_postgresql(postgres_url: str) -> None:
    with closing(Database(postgres_url)) as database:
        Ledger(database, log_origin=LOG.key.name, signers=[LOG.signer]).create(datetime.now(UTC))

    @contextmanager
    def opened() -> Iterator[Ledger]:
        with closing(Database(postgres_url)) as database:
            yield Ledger(database, log_origin=LOG.key.name, signers=[LOG.signer])

    import psycopg

    with opened() as ledger, psycopg.connect(postgres_url, autocommit=True) as bare:
        bare.execute("CREATE TABLE unordered (id bytea PRIMARY KEY, leaf bytea, body bytea)")

        def single() -> float:
            batches = [bodies(1) for _ in range(200)]
            return 200 / seconds(lambda: [ledger.append(ready(data)) for data in batches])

        def unordered() -> float:
            rows = [(new_entry_id(), leaf_hash(data[0]), data[0]) for data in (bodies(1) for _ in range(200))]

            def insert() -> None:
                for row in rows:
                    bare.execute("INSERT INTO unordered VALUES (%s, %s, %s)", row)

            return 200 / seconds(insert)

        def grouped() -> float:
            return grouped_rate(opened)

        works = {
            "one who appends singly, under the row lock": single,
            "unordered inserts into a bare table: no log at all": unordered,
        }
        measured = interleaved({**works, "64 who wait, one sequencer": grouped}, rounds=5)
    title = "PostgreSQL, each append with a signed checkpoint"
    compare(title, {name: measured[name] for name in works}, unit="entries/s", goals={[*works][1]: "≥ 0.55×"})
    order = ["64 who wait, one sequencer", [*works][1]]
    grouped_rates = {name: measured[name] for name in order}
    compare("Group commit on PostgreSQL", grouped_rates, unit="entries/s", goals={order[1]: "≥ 7×"})
