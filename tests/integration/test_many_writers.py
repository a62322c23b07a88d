"""Many processes append to one log and are killed at random: nothing that was acknowledged is lost or moved."""

import os
import random
import secrets
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.commands import environment
from support.consents import NOW
from support.ledgers import empty_database
from support.logs import Log

from provenance.checkpoint import open_checkpoint
from provenance.entries import parse_entry
from provenance.ledger import Ledger
from provenance.merkle import Frontier, leaf_hash
from provenance.storage.database import Database
from provenance.tiles import TILE_WIDTH, fill_tile

pytestmark = pytest.mark.slow

PASSWORD = b"password"

# Appends one to forty entries at a time, and writes down each one's id and index once `append` has returned.
WRITER = """
import os, random, secrets, sys
from pathlib import Path

from provenance.entries import ConsentEntry
from provenance.keys import SigningKey
from provenance.ledger import Ledger
from provenance.ledger.log import new_entry_id
from provenance.note import NoteKey, NoteSigner
from provenance.storage.database import Database
from support.consents import NOW

location, key, pem, acknowledged = sys.argv[1:]
log_key = NoteKey.from_text(key)
signing_key = SigningKey.from_pem(Path(pem).read_bytes(), password=b"password")
database = Database(location if location.startswith("postgresql:") else Path(location))
ledger = Ledger(database, log_origin=log_key.name, signers=[NoteSigner(log_key, signing_key.sign)])
descriptor = os.open(acknowledged, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
os.write(descriptor, b"READY\\n")
while True:
    count = random.choice([1, 1, 1, 40])
    entries = [(new_entry_id(), ConsentEntry(NOW, secrets.token_bytes(32))) for _ in range(count)]
    appended = ledger.append(entries)
    lines = [f"{entry_id.hex()} {one.index}\\n" for (entry_id, _), one in zip(entries, appended, strict=True)]
    os.write(descriptor, "".join(lines).encode())
"""


@dataclass
class Crowd:
    """Processes that append to one log, each writing down in a file of its own what was acknowledged to it."""

    folder: Path
    location: Path | str
    log: Log
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    killed: int = 0

    def start(self) -> None:
        """Start one more."""
        command = [sys.executable, "-c", WRITER, str(self.location), self.log.key.to_text()]
        command += [str(self.folder / "log.pem"), str(self.folder / f"{secrets.token_hex(8)}.acknowledged")]
        env = {**environment(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self.running.append(subprocess.Popen(command, env=env))

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill one, and check that it did not end by itself."""
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.running.remove(process)
        self.killed += 1

    def acknowledged(self) -> dict[bytes, int]:
        """Return every id that was acknowledged to any of them, with its index."""
        found: dict[bytes, int] = {}
        for path in self.folder.glob("*.acknowledged"):
            # A line that was not written to its end was not written in one piece either, and does not count.
            for line in path.read_text().splitlines(keepends=True):
                if line.endswith("\n") and line != "READY\n":
                    entry_id, index = line.split()
                    assert bytes.fromhex(entry_id) not in found
                    found[bytes.fromhex(entry_id)] = int(index)
        return found

    def disturb(self, processes: int, *, seconds: float, randomness: random.Random) -> None:
        """Let this many run for some time, kill one of them again and again, and in the end kill all."""
        try:
            for _ in range(processes):
                self.start()
            end = time.monotonic() + 60
            while len(self.acknowledged()) < 50:
                assert time.monotonic() < end, "nothing was acknowledged"
                time.sleep(0.05)
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                time.sleep(randomness.uniform(0, 2 * seconds / (10 + 4 * processes)))
                self.kill(randomness.choice(self.running))
                self.start()
        finally:
            for process in [*self.running]:
                self.kill(process)


def make_crowd(folder: Path, location: Path | str) -> Crowd:
    log = Log()
    (folder / "log.pem").write_bytes(log.signing_key.to_pem(password=PASSWORD))
    with closing(Database(location)) as database:
        Ledger(database, log_origin=log.key.name, signers=[log.signer]).create(NOW)
    return Crowd(folder, location, log)


def check(crowd: Crowd) -> int:
    """Recompute everything from the entries, compare it with all that is stored, signed and acknowledged."""
    acknowledged = crowd.acknowledged()
    with closing(Database(crowd.location)) as database, database.snapshot():
        size = database.head().size
        frontier, leaves = Frontier(), []
        checkpoints = dict(database.checkpoints())
        ids = {}
        for number, row in enumerate(database.entries(0, size + 1000)):
            assert row.index == number, "the log has a gap"
            assert leaf_hash(row.body) == row.leaf_hash
            parse_entry(row.body)
            frontier = frontier.append(row.leaf_hash)
            leaves.append(row.leaf_hash)
            ids[row.entry_id] = row.index
            if frontier.size in checkpoints:
                signed = open_checkpoint(checkpoints.pop(frontier.size), keys=[crowd.log.key])
                assert (signed.size, signed.root_hash) == (frontier.size, frontier.root())
                newest = frontier.size
        assert (frontier, newest, checkpoints) == (database.head(), size, {})
        tiles = iter(database.tiles())
        level, hashes = 0, leaves
        while len(hashes) >= TILE_WIDTH:
            full = [
                fill_tile(hashes[start : start + TILE_WIDTH])
                for start in range(0, len(hashes) - TILE_WIDTH + 1, TILE_WIDTH)
            ]
            for number, (nodes, root) in enumerate(full):
                tile = next(tiles)
                assert (tile.level, tile.number, tile.nodes, tile.root) == (level, number, nodes, root)
            level, hashes = level + 1, [root for _, root in full]
        assert next(tiles, None) is None
    assert len(set(acknowledged.values())) == len(acknowledged), "two entries were acknowledged at one index"
    assert {entry_id: ids.get(entry_id) for entry_id in acknowledged} == acknowledged
    # Whatever was killed may have been kept without having been acknowledged, but not more than it had in hand.
    assert len(acknowledged) < size <= 1 + len(acknowledged) + 40 * crowd.killed
    with closing(Database(crowd.location)) as database:
        ledger = Ledger(database, log_origin=crowd.log.key.name, signers=[crowd.log.signer])
        ledger.append([])
    return size


def test_writers_on_a_server_that_are_killed_lose_nothing_acknowledged(tmp_path: Path, postgres_url: str) -> None:
    crowd = make_crowd(tmp_path, postgres_url)
    crowd.disturb(4, seconds=4, randomness=random.Random(1))
    assert check(crowd) > 100
    assert crowd.killed > 8


def test_writers_into_a_file_that_are_killed_lose_nothing_acknowledged(tmp_path: Path) -> None:
    (tmp_path / "studio.db").write_bytes(empty_database())
    crowd = make_crowd(tmp_path, tmp_path / "studio.db")
    crowd.disturb(3, seconds=3, randomness=random.Random(2))
    assert check(crowd) > 100
    assert crowd.killed > 6


@pytest.mark.slow
def test_sixteen_writers_on_a_server_that_are_killed_lose_nothing_acknowledged(
    tmp_path: Path, postgres_url: str
) -> None:
    crowd = make_crowd(tmp_path, postgres_url)
    crowd.disturb(16, seconds=75, randomness=random.Random(3))
    size = check(crowd)
    print(f"16 writers: {size} entries, {crowd.killed} kills")
    assert crowd.killed > 50


@pytest.mark.slow
def test_six_writers_into_a_file_that_are_killed_lose_nothing_acknowledged(tmp_path: Path) -> None:
    (tmp_path / "studio.db").write_bytes(empty_database())
    crowd = make_crowd(tmp_path, tmp_path / "studio.db")
    crowd.disturb(6, seconds=40, randomness=random.Random(4))
    size = check(crowd)
    print(f"6 writers: {size} entries, {crowd.killed} kills")
    assert crowd.killed > 30
