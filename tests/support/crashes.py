"""What a program that appends to a ledger has promised, and whether the disk that it left behind keeps all of it.

The program itself loads this, a thousand times; so it loads little.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.logs import Log

from provenance.checkpoint import open_checkpoint
from provenance.entries import ConsentEntry, Entry
from provenance.keys import SigningKey
from provenance.ledger import AuditReport, Ledger
from provenance.ledger import audit as product_audit
from provenance.note import NoteKey, NoteSigner
from provenance.storage.database import Database

APPENDER = Path(__file__).parents[1] / "crash" / "appender.py"

# Numbers beyond all that a plan gets to.
FURTHER = 1_000_000
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


class LastingLog(Log):
    """A log whose key is the same in every process."""

    def __init__(self) -> None:
        super().__init__()
        self.signing_key = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
        self.key = NoteKey(self.key.name, self.signing_key.public_bytes())
        self.signer = NoteSigner(self.key, self.signing_key.sign)


LOG = LastingLog()


def make_base(path: Path, size: int) -> bytes:
    """Write a ledger of `size` entries, and return the bytes of its file, in which all of it is."""
    from support.ledgers import identified, numbered, open_ledger

    with open_ledger(path, LOG, size=1) as (_, ledger):
        ledger.append(identified(*(numbered(number) for number in range(1, size))))
    return path.read_bytes()


@contextmanager
def open_lasting(path: Path) -> Iterator[tuple[Database, Ledger]]:
    """Open the ledger in a file."""
    with closing(Database(path)) as database:
        yield database, Ledger(database, log_origin=LOG.key.name, signers=[LOG.signer])


def lasting(*numbers: int) -> list[tuple[bytes, Entry]]:
    """Return numbered entries, each with an id that follows from its number and is newer than any made by a clock."""
    return [(entry_id(number), ConsentEntry(NOW, number.to_bytes(32, "big"))) for number in numbers]


def entry_id(number: int) -> bytes:
    """Return the id of a numbered entry."""
    return b"\xff" * 8 + number.to_bytes(8, "big")


def audit(database: Database) -> AuditReport:
    """Audit a database of the log above."""
    return product_audit(database, keys=[LOG.key])


class BrokenError(Exception):
    """The disk does not hold a ledger that is right in itself."""


class LostError(Exception):
    """The disk holds a ledger that is right in itself, but not all that was promised."""


@dataclass(slots=True)
class Promises:
    """What left a program that appends.

    Attributes:
        places: the index of each entry that it acknowledged, by the entry's number.
        roots: the root of each checkpoint that it showed, by size.
        denied: the numbers of entries of which it said that nothing was written.
        errors: what else it said, each with its kind.
        ended: whether it came to its end.
    """

    places: dict[int, int] = field(default_factory=dict)
    roots: dict[int, str] = field(default_factory=dict)
    denied: set[int] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    ended: bool = False

    def hear(self, text: str) -> "Promises":
        """Take what `tests/crash/appender.py` wrote; a line without its end was not said."""
        for line in text.splitlines(keepends=True):
            if line.endswith("\n"):
                self._hear(*line.split(maxsplit=1))
        return self

    def _hear(self, kind: str, rest: str = "") -> None:
        match kind:
            case "appended":
                for number, index in (map(int, pair.split("@")) for pair in rest.split()):
                    assert number not in self.places, f"entry number {number} was acknowledged twice"
                    assert index not in self.places.values(), f"index {index} was given to two entries"
                    self.places[number] = index
            case "signed":
                size, root = rest.split()
                assert self.roots.setdefault(int(size), root) == root, f"two roots were signed for size {size}"
            case "trying":
                self.denied.difference_update(map(int, rest.split()))
            case "denied":
                self.denied.update(map(int, rest.split()))
            case "error":
                self.errors.append(rest.strip())
            case _:
                assert kind == "ended", kind
                self.ended = True


def check_kept(path: Path, promises: Promises, *, go_on: bool = True) -> None:
    """Check that a database opens, is right in itself, keeps every promise, and can be appended to.

    Args:
        path: of the database.
        promises: what left the program that wrote it.
        go_on: whether to append and look at everything again.

    Raises:
        BrokenError: it is not right in itself.
        LostError: it is, but a promise is not kept.
    """
    try:
        with open_lasting(path) as (database, ledger):
            audit(database)
            _check_promises(database, promises)
            if go_on:
                _go_on(database, ledger)
                audit(database)
                _check_promises(database, promises)
    except LostError:
        raise
    except Exception as error:
        raise BrokenError(f"{type(error).__name__}: {error}") from error


def _check_promises(database: Database, promises: Promises) -> None:
    for number, index in promises.places.items():
        ((identifier, entry),) = lasting(number)
        row = database.entry(index)
        if row is None or (row.entry_id, row.body) != (identifier, entry.to_bytes()):
            raise LostError(f"entry {index}: was acknowledged, and is not there")
    for number in promises.denied:
        if database.find_entries([entry_id(number)]):
            raise LostError(f"entry number {number}: is there, although it was said that nothing was written")
    for size, root in promises.roots.items():
        note = database.checkpoint_of(size)
        if note is None or open_checkpoint(note, keys=[LOG.key]).root_hash.hex() != root:
            raise LostError(f"checkpoint {size}: was shown, and is not there")
    newest = database.latest_checkpoint()
    assert newest is not None
    if open_checkpoint(newest, keys=[LOG.key]).size <= max(promises.places.values(), default=0):
        raise LostError("checkpoint: the newest one does not cover every acknowledged entry")


def _go_on(database: Database, ledger: Ledger) -> None:
    """Append alone, then together up to the second entry of the next tile."""
    size = database.head().size
    room = 256 - (size + 1) % 256
    for count in (1, room + 1):
        appended = ledger.append(lasting(*range(FURTHER + size, FURTHER + size + count)))
        assert [one.index for one in appended] == list(range(size, size + count))
        size += count
