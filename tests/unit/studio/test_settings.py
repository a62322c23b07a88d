import tomllib
from dataclasses import replace

import pytest
from support.logs import Log
from support.refusals import refused

from provenance.errors import InputError, StudioError
from provenance.studio.settings import STATE_VERSION, Settings

LOG = Log("provenance-studio/0123456789abcdef")
FULL = Settings("Studio Lümen", "DE", "https://studio.example/contact", LOG.key.name, LOG.key.to_text())
SHORT = replace(FULL, country=None, url=None)

NEWER = "use the version of provenance that wrote it"

NAMES = [
    "x",
    "Studio Lümen",
    "Φωτογραφείο",
    "Фотостудия",
    "写真館",
    "استوديو",
    'The "Studio"',
    "back\\slash",
    "it's",
    "a # b = [c]",
    "''' \"\"\"",
    "é",
    "𠮷野写真館",
    "Studio 📷",
    "𝔖𝔱𝔲𝔡𝔦𝔬",
]


def text(**changes: str) -> bytes:
    """Return a settings file with some lines changed, or left out where they are empty."""
    lines = {
        "state": "state = 1",
        "studio": "[studio]",
        "name": 'name = "Studio"',
        "ledger": "[ledger]",
        "origin": f'origin = "{LOG.key.name}"',
        "key": f'key = "{LOG.key.to_text()}"',
    }
    return "\n".join(line for line in {**lines, **changes}.values() if line).encode()


@pytest.mark.parametrize(
    "settings",
    [
        FULL,
        SHORT,
        replace(FULL, url=None),
        replace(FULL, country=None),
        replace(FULL, database="postgresql://a/b?c=d"),
        replace(FULL, fingerprints=True),
    ],
)
def test_settings_are_read_as_they_were_written(settings: Settings) -> None:
    assert Settings.parse(settings.to_bytes()) == settings


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_any_script_is_read_as_it_was_written(name: str) -> None:
    assert Settings.parse(replace(FULL, name=name).to_bytes()).name == name


def test_the_file_is_toml_that_people_can_read() -> None:
    written = FULL.to_bytes().decode()
    assert tomllib.loads(written) == {
        "state": 1,
        "studio": {"name": "Studio Lümen", "country": "DE", "url": "https://studio.example/contact"},
        "ledger": {"origin": LOG.key.name, "key": LOG.key.to_text()},
    }
    assert written.startswith("# A studio of headshot-provenance.")
    assert written.endswith("\n")


def test_the_address_of_the_database_stands_in_a_table_of_its_own() -> None:
    document = tomllib.loads(replace(FULL, database="postgresql://db.example/studio").to_bytes().decode())
    assert document["database"] == {"url": "postgresql://db.example/studio"}
    assert "database" not in tomllib.loads(FULL.to_bytes().decode())


@pytest.mark.parametrize(
    ("database", "message"),
    [
        ('database = "postgresql://a/b"', "provenance.toml: expected database as a table"),
        ("database = []", "provenance.toml: expected database as a table"),
        ("[database]\nurl = 5", "provenance.toml: expected url as text"),
        ('[database]\nurl = ""', "provenance.toml: expected url as text"),
        ('[database]\naddress = "postgresql://a/b"', "provenance.toml: expected url as text"),
    ],
)
def test_a_database_that_cannot_be_one_is_refused(database: str, message: str) -> None:
    changes = {"last": database} if database.startswith("[") else {"state": f"state = 1\n{database}"}
    with refused(InputError, message):
        Settings.parse(text(**changes))


def test_whether_fingerprints_are_kept_stands_in_a_table_of_its_own() -> None:
    document = tomllib.loads(replace(FULL, fingerprints=True).to_bytes().decode())
    assert document["recovery"] == {"fingerprints": True}
    assert "recovery" not in tomllib.loads(FULL.to_bytes().decode())
    assert not Settings.parse(text(last="[recovery]\nfingerprints = false")).fingerprints


@pytest.mark.parametrize(
    "recovery", ["recovery = true", "[recovery]\nfingerprints = 1", '[recovery]\nfingerprints = "no"']
)
def test_whether_fingerprints_are_kept_must_be_said_clearly(recovery: str) -> None:
    changes = {"last": recovery} if recovery.startswith("[") else {"state": f"state = 1\n{recovery}"}
    message = "provenance.toml: expected recovery as a table, with fingerprints as true or false"
    with refused(InputError, message):
        Settings.parse(text(**changes))


def test_what_is_not_there_is_not_written() -> None:
    assert sorted(tomllib.loads(SHORT.to_bytes().decode())["studio"]) == ["name"]


def test_a_shorter_file_and_another_order_are_read() -> None:
    assert Settings.parse(text()) == replace(SHORT, name="Studio")
    assert Settings.parse(text(studio="", name="", last='[studio]\nname = "Studio"')) == replace(SHORT, name="Studio")


def test_what_a_person_adds_is_left_alone() -> None:
    assert Settings.parse(text(more='[more]\nnote = "mine"')).name == "Studio"


@pytest.mark.parametrize("state", [0, 2, 999, -1])
def test_another_state_version_is_refused(state: int) -> None:
    with refused(
        StudioError,
        f"provenance.toml: expected state version {STATE_VERSION}, got {state}",
        code="state-version",
        hint=NEWER,
    ):
        Settings.parse(text(state=f"state = {state}"))


@pytest.mark.parametrize("state", ["", 'state = "1"', "state = 1.0", "state = []"])
def test_a_file_without_its_state_version_is_refused(state: str) -> None:
    with refused(InputError, "provenance.toml: expected the state version"):
        Settings.parse(text(state=state))


def test_a_newer_state_is_refused_before_anything_else_is_looked_at() -> None:
    with refused(
        StudioError,
        "provenance.toml: expected …",
        code="state-version",
        hint=NEWER,
    ):
        Settings.parse(b"state = 2\nstudio = 5")


@pytest.mark.parametrize(
    "data", [text(studio="", name=""), text(ledger="[other]"), b"state = 1", b"state = 1\nstudio = 1\nledger = 2"]
)
def test_a_file_without_its_tables_is_refused(data: bytes) -> None:
    with refused(InputError, "provenance.toml: expected the tables studio and ledger"):
        Settings.parse(data)


@pytest.mark.parametrize("value", ["", '{} = ""', "{} = 5", '{} = ["a"]'])
@pytest.mark.parametrize("name", ["name", "origin", "key"])
def test_a_file_without_one_of_its_texts_is_refused(name: str, value: str) -> None:
    with refused(InputError, f"provenance.toml: expected {name} as text"):
        Settings.parse(text(**{name: value.format(name)}))


@pytest.mark.parametrize("value", ['""', "5", "true"])
@pytest.mark.parametrize("name", ["country", "url"])
def test_what_is_there_must_be_text(name: str, value: str) -> None:
    with refused(InputError, f"provenance.toml: expected {name} as text"):
        Settings.parse(text(name=f'name = "Studio"\n{name} = {value}'))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "provenance.toml: expected the state version"),
        (b"state", "provenance.toml: expected toml: …"),
        (b"state = 1\nstate = 1", "provenance.toml: expected toml: …"),
        (b"state = 1 # \x07", "provenance.toml: expected toml: …"),
        (b"\xff", "provenance.toml: expected toml: …"),
        (b"\xfe\xff\x00a", "provenance.toml: expected toml: …"),
    ],
)
def test_a_file_that_is_no_toml_is_refused(data: bytes, message: str) -> None:
    with refused(InputError, message):
        Settings.parse(data)
