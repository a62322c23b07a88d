"""Append to a ledger and say what was acknowledged, as soon as it was and not before.

Arguments: the database, a file for what is said, and a plan, whose words mean

    3            append three entries together
    ~5           let five wait at a sequencer at once
    beside       let somebody else have the database open, too, from now on
    reopen       close the database and open it again
    eager        move the write-ahead log into the database often, not only every thousand pages
    normal, off  flush less often than the product does, for tests of the tests

What failed is tried again twice, as somebody would who reads the hint; then the plan goes on.
"""

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from support.crashes import lasting, open_lasting

from provenance.checkpoint import parse_checkpoint_text
from provenance.errors import ProvenanceError
from provenance.ledger import Ledger
from provenance.ledger.sequencing import sequenced
from provenance.note import parse_note
from provenance.storage.database import Database

EXPECTED = (ProvenanceError, sqlite3.Error, OSError)
TRIES = 3
PRAGMAS = {"eager": "wal_autocheckpoint=30", "normal": "synchronous=NORMAL", "off": "synchronous=OFF"}


class Appender:
    """One run of a plan."""

    def __init__(self, path: Path, said: int) -> None:
        self._path = path
        self._said = said
        self._number = 0
        self._pragmas: list[str] = []
        self._opened = ExitStack()
        self._beside: list[Database] = []
        self._ledger: Ledger | None = None

    def run(self, plan: Sequence[str]) -> None:
        for word in plan:
            if word in PRAGMAS:
                self._pragmas.append(PRAGMAS[word])
            elif word == "beside":
                self._open_beside()
            elif word == "reopen":
                self.close()
            elif word.startswith("~"):
                self.close()
                self._try(self._wait_together, self._numbers(int(word[1:])))
            else:
                self._try(self._append, self._numbers(int(word)))
        self.close()
        for database in self._beside:
            database.close()
        self.say("ended")

    def say(self, *words: object) -> None:
        os.write(self._said, (" ".join(map(str, words)) + "\n").encode())

    def close(self) -> None:
        self._ledger = None
        opened, self._opened = self._opened, ExitStack()
        try:
            opened.close()
        except EXPECTED as error:
            self._fail(error, [])

    def _open_beside(self) -> None:
        try:
            self._beside.append(Database(self._path))
        except EXPECTED as error:
            self._fail(error, [])

    def _numbers(self, count: int) -> list[int]:
        self._number += count
        return list(range(self._number - count, self._number))

    def _try(self, action: Callable[[list[int]], list[int]], numbers: list[int]) -> None:
        """Do something until nothing is left to do; it returns what is."""
        for _ in range(TRIES):
            self.say("trying", *numbers)
            try:
                numbers = action(numbers)
            except EXPECTED as error:
                self._fail(error, numbers)
            if not numbers:
                return

    def _append(self, numbers: list[int]) -> list[int]:
        if self._ledger is None:
            _, self._ledger = self._opened.enter_context(self._open())
        appended = self._ledger.append(lasting(*numbers))
        self.say("appended", *(f"{number}@{one.index}" for number, one in zip(numbers, appended, strict=True)))
        checkpoint = parse_checkpoint_text(parse_note(self._ledger.checkpoint()).text)
        self.say("signed", checkpoint.size, checkpoint.root_hash.hex())
        return []

    def _wait_together(self, numbers: list[int]) -> list[int]:
        left = []
        with sequenced(self._open_ledger) as sequencer:
            waiting = [sequencer.submit(lasting(number)) for number in numbers]
            for number, future in zip(numbers, waiting, strict=True):
                try:
                    (one,) = future.result()
                    self.say("appended", f"{number}@{one.index}")
                except EXPECTED as error:
                    self._fail(error, [number])
                    left.append(number)
        return left

    @contextmanager
    def _open(self) -> Iterator[tuple[Database, Ledger]]:
        with open_lasting(self._path) as (database, ledger):
            for pragma in self._pragmas:
                database._driver.execute(f"PRAGMA {pragma}")
            yield database, ledger

    @contextmanager
    def _open_ledger(self) -> Iterator[Ledger]:
        with self._open() as (_, ledger):
            yield ledger

    def _fail(self, error: BaseException, numbers: list[int]) -> None:
        code = getattr(error, "code", "-")
        if code == "commit-failed":
            self.say("denied", *numbers)
        self.say("error", type(error).__name__, code, str(error).replace("\n", " "))


def main() -> None:
    path, said, *plan = sys.argv[1:]
    descriptor = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    Appender(Path(path), descriptor).run(plan)


main()
