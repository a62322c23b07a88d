"""`aics-tlog` reads what the ledger publishes, and `aics-witness` cosigns it: Apache-2.0, by another maker."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.judges import Judge, RefusedByJudgeError, aics_program, grow_to, serving_process
from support.ledgers import open_ledger
from support.logs import Log
from support.published import publish_to
from support.studios import make_studio, record_consent

from provenance.cosignature import CosignatureKey
from provenance.policy import Policy, PolicyWitness
from provenance.studio import Studio
from provenance_cli.main import run

pytestmark = pytest.mark.slow

PROOFS = 20
SIZES = [1, 2, 255, 256, 257, 511, 512, 513]


@pytest.mark.parametrize("sizes", [SIZES, [65_535, 65_536, 65_537]], ids=["small", "large"])
def test_a_ledger_that_grows_is_taken_at_every_size(aics_judge: Judge, tmp_path: Path, sizes: list[int]) -> None:
    log = Log()
    notes: list[Path] = []
    with open_ledger(tmp_path / "studio.db", log, size=1) as (database, ledger):
        for size in sizes:
            grow_to(ledger, size, start=database.head().size)
            folder = tmp_path / str(size)
            publish_to(database, folder, log)
            found = aics_judge(folder, log.key.to_text(), PROOFS, "-", *notes)
            assert (found["size"], found["inclusion"]) == (size, min(size, PROOFS))
            notes.append(folder / "checkpoint")
    bundle = tmp_path / str(sizes[-1]) / "tile" / "entries" / "000"
    data = bytearray(bundle.read_bytes())
    data[100] ^= 1
    bundle.write_bytes(data)
    with pytest.raises(RefusedByJudgeError):
        aics_judge(tmp_path / str(sizes[-1]), log.key.to_text(), PROOFS, "-")


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    studio = make_studio(tmp_path / "studio")
    record_consent(studio)
    yield studio
    studio.close()


@contextmanager
def witnessed(studio: Studio, folder: Path) -> Iterator[None]:
    """Let `aics-witness` serve that knows the studio's ledger, and name it in the studio's policy."""
    witness = aics_program("aics-witness")
    folder.mkdir()
    config = ("--config", str(folder / "witness.json"))

    def tell(command: str, *arguments: str) -> str:
        told = subprocess.run([witness, command, *config, *arguments], check=True, capture_output=True, text=True)
        return told.stdout.strip()

    vkey = tell("init", "--name", "witness.example/aics", "--listen", "127.0.0.1:0")
    tell("add-log", "--origin", studio.settings.log_origin, "--vkey", studio.settings.log_key)
    with serving_process(witness, "serve", *config, ready="listening on ") as address:
        policy = Policy(witnesses=(PolicyWitness("aics", CosignatureKey.from_text(vkey), address),), quorum="aics")
        (studio.path / "ledger" / "policy").write_bytes(policy.to_bytes())
        yield


def tell(*arguments: str | Path) -> int:
    return run([str(argument) for argument in arguments])


@pytest.mark.parametrize("forked", [False, True])
def test_its_witness_cosigns_and_stops_an_older_copy_and_a_fork(
    studio: Studio, tmp_path: Path, capsys: pytest.CaptureFixture[str], forked: bool
) -> None:
    site = tmp_path / "site"
    ledger = ("--studio", studio.path)
    studio.database._driver.one("PRAGMA wal_checkpoint(TRUNCATE)")
    yesterday = shutil.copyfile(studio.path / "studio.db", tmp_path / "yesterday.db")
    with witnessed(studio, tmp_path / "w"):
        assert tell("ledger", "cosign", *ledger) == 0
        record_consent(studio)
        assert tell("ledger", "cosign", *ledger) == 0
        capsys.readouterr()
        assert tell("ledger", "checkpoint", *ledger) == 0
        assert "\n— witness.example/aics " in capsys.readouterr().out
        assert tell("ledger", "publish", site, *ledger) == 0
        assert tell("ledger", "audit", *ledger) == 0
        studio.close()
        for path in studio.path.glob("studio.db*"):
            path.unlink()
        shutil.copyfile(yesterday, studio.path / "studio.db")
        # As if the whole folder had been put back.
        for name in ("high-water", "published.json"):
            (studio.path / "ledger" / name).unlink()
        consent = ("consent", "new", "--subject", "A", "--permit", "capture", "--typed", *ledger)
        if forked:
            assert [tell(*consent) for _ in range(2)] == [0, 0]
        capsys.readouterr()
        assert tell("ledger", "cosign", *ledger) == 3
        said = capsys.readouterr().err
        assert ("does not follow from what it holds" if forked else "cosigned size 5 of") in said
        (evidence,) = (studio.path / "ledger" / "evidence").iterdir()
        assert evidence.read_text().count("witness.example/aics") == 1
        assert tell(*consent) == 3
        assert tell("ledger", "recover", site, *ledger) == (3 if forked else 0)
        assert tell(*consent) == (3 if forked else 0)
        if not forked:
            assert tell("ledger", "cosign", *ledger) == 0
    again = Studio(studio.path)
    assert again.ledger.log_keys()
    again.close()
