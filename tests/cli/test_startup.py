"""What a command loads: help nothing slow, and a check outside a studio no database."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.commands import environment

SLOW = ["c2pa", "sqlmodel", "sqlalchemy", "alembic", "psycopg", "joserfc", "jsonschema", "cryptography", "PIL"]
DATABASE = ["sqlmodel", "sqlalchemy", "alembic", "psycopg"]


def loaded(code: str, names: Sequence[str], cwd: Path) -> tuple[int, list[str]]:
    """Run Python code in a process of its own; return its exit code, and which of these modules it has loaded."""
    report = f"print([name for name in {list(names)!r} if name in sys.modules], file=sys.stderr)"
    source = f"import atexit, sys\natexit.register(lambda: {report})\n{code}"
    ran = subprocess.run(
        [sys.executable, "-c", source], cwd=cwd, env=environment(), capture_output=True, text=True, check=False
    )
    found = ran.stderr.splitlines()[-1]
    return ran.returncode, [name for name in names if repr(name) in found]


def command(*arguments: str) -> str:
    return f"sys.argv = {['provenance', *arguments]!r}\nfrom provenance_cli.main import main\nmain()"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["--version"], ["frobnicate"]], ids=" ".join)
def test_help_loads_nothing_slow(nowhere: Path, arguments: list[str]) -> None:
    code, found = loaded(command(*arguments), SLOW, nowhere)
    assert code in (0, 2)
    assert found == []


def test_the_package_itself_loads_nothing_slow(nowhere: Path) -> None:
    assert loaded("import provenance", SLOW, nowhere) == (0, [])


def test_the_ear_hears(nowhere: Path) -> None:
    assert loaded("import PIL, jsonschema", SLOW, nowhere) == (0, ["jsonschema", "PIL"])


def test_a_check_outside_a_studio_loads_no_database(nowhere: Path, template: Path) -> None:
    stamped = str(template / "stamped" / "portrait.jpg")
    code, found = loaded(command("verify", stamped), [*DATABASE, "sqlite3", "PIL", "c2pa"], nowhere)
    assert (code, [name for name in found if name in DATABASE]) == (3, [])
    # It did read the credentials.
    assert "c2pa" in found
    assert "PIL" not in found


def test_a_check_outside_a_studio_loads_nothing_of_a_studio_and_no_other_process(nowhere: Path, template: Path) -> None:
    stamped = str(template / "stamped" / "portrait.jpg")
    others = ["provenance.studio.studio", "provenance.stamping", "provenance.ledger", "multiprocessing"]
    code, found = loaded(command("verify", stamped), [*others, "provenance.verification"], nowhere)
    assert (code, found) == (3, ["provenance.verification"])


def test_what_the_studio_package_names_is_there_and_nothing_else(nowhere: Path) -> None:
    code = (
        "import provenance.studio as s\nassert all(hasattr(s, n) for n in s.__all__)\nassert not hasattr(s, 'Nothing')"
    )
    assert loaded(code, ["provenance.studio.studio"], nowhere) == (0, ["provenance.studio.studio"])


def test_a_check_of_a_file_without_a_credential_loads_no_database(nowhere: Path, template: Path) -> None:
    code, found = loaded(command("verify", str(template / "portrait.jpg")), DATABASE, nowhere)
    assert (code, found) == (3, [])


@pytest.mark.parametrize("arguments", [["ledger", "show"], ["verify", "stamped/portrait.jpg"], ["consent", "list"]])
def test_reading_a_studio_does_not_wait_for_what_only_makes_one(template: Path, arguments: list[str]) -> None:
    code, found = loaded(command(*arguments), [*DATABASE, "PIL"], template)
    assert (code, found) == (0, [])


def test_finding_the_very_picture_loads_nothing_that_compares_looks(template: Path) -> None:
    slow = [*DATABASE, "PIL", "numpy", "iscc_core"]
    assert loaded(command("find", "portrait.jpg"), slow, template) == (0, [])


@pytest.mark.parametrize("name", ["studio", "upgrade", "migrate"])
def test_help_about_a_studio_loads_no_database(nowhere: Path, name: str) -> None:
    arguments = ["studio", "--help"] if name == "studio" else ["studio", name, "--help"]
    assert loaded(command(*arguments), DATABASE, nowhere) == (0, [])


def test_opening_a_database_in_a_file_loads_only_the_driver(template: Path) -> None:
    code = "from pathlib import Path\nfrom provenance.storage.database import Database\nDatabase(Path('studio.db'))"
    assert loaded(code, [*DATABASE, "sqlite3"], template) == (0, ["sqlite3"])


def test_opening_a_database_on_a_server_loads_only_the_driver(nowhere: Path, postgres_url: str) -> None:
    code = f"from provenance.storage.database import Database\nDatabase({postgres_url!r}).close()"
    assert loaded(code, [*DATABASE, "sqlite3"], nowhere) == (0, ["psycopg"])
