"""What a user installs: both packages, their types, their schemas, and one version."""

import importlib
import os
import pkgutil
import tomllib
from importlib.metadata import distribution, version
from importlib.resources import files
from pathlib import Path

import pytest

import provenance
import provenance_cli
from provenance import schemas

ROOT = Path(__file__).parents[1]
PACKAGES = (provenance, provenance_cli)
MODULES = sorted(
    module.name
    for package in PACKAGES
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    # One runs the command, the other is run by Alembic.
    if module.name not in ("provenance_cli.__main__", "provenance.storage.migrations.env")
)
expects_wheel = pytest.mark.skipif(
    "PROVENANCE_TESTS_EXPECT_WHEEL" not in os.environ, reason="asks about the wheel; scripts/check_wheel.py runs it"
)


@expects_wheel
def test_the_packages_come_from_the_wheel() -> None:
    for package in PACKAGES:
        assert package.__file__ is not None
        assert not Path(package.__file__).resolve().is_relative_to(ROOT)


@expects_wheel
def test_the_schemas_lie_in_the_wheel() -> None:
    folder = files("provenance") / "_schemas"
    names = sorted(item.name.removesuffix(".schema.json") for item in folder.iterdir())
    assert names == sorted(path.name.removesuffix(".schema.json") for path in (ROOT / "schemas").glob("*.json"))
    assert schemas.names() == names


@expects_wheel
def test_nothing_else_is_installed_beside_them() -> None:
    tops = {path.parts[0] for path in distribution("headshot-provenance").files or [] if ".." not in path.parts}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"provenance", "provenance_cli"}


def test_there_is_one_version() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert provenance.__version__ == settings["project"]["version"] == version("headshot-provenance")


@pytest.mark.parametrize("name", MODULES)
def test_every_module_can_be_imported(name: str) -> None:
    assert importlib.import_module(name).__doc__


def test_all_modules_are_found() -> None:
    assert {"provenance.verification.verifier", "provenance.studio.studio", "provenance_cli.main"} <= set(MODULES)


@pytest.mark.parametrize("package", ["provenance", "provenance_cli"])
def test_the_packages_say_that_they_are_typed(package: str) -> None:
    assert (files(package) / "py.typed").is_file()


def test_the_command_is_that_of_the_distribution() -> None:
    scripts = {entry.name: entry.value for entry in distribution("headshot-provenance").entry_points}
    assert scripts == {"provenance": "provenance_cli.main:main"}
