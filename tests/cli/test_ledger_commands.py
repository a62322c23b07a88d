"""`provenance ledger` and `provenance trust`."""

import base64
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.commands import Terminal
from support.ledgers import disarm
from support.workshops import Workshop

from provenance.checkpoint import open_checkpoint
from provenance.entries import parse_entry
from provenance.note import NoteKey
from provenance.proof import parse_proof

LISTED = """\
0  <minute>  genesis
1  <minute>  consent
2  <minute>  consent-event
3  <minute>  stamp
"""
CHECKPOINT = """\
<log>
4
<hash>

— <log> <signature>
"""
TRUST = """\
# studio: Studio Lumen
# ledger: <log><key>
<certificate>
"""
HAND_OVER = "Hand it over where people can be sure that it comes from you: on your website, or in person.\n"
KEEP = "keep this studio as it is, and compare it with a backup and with receipts"


def log_key(terminal: Terminal) -> NoteKey:
    line = terminal("trust", "export").out.splitlines()[1]
    return NoteKey.from_text(line.removeprefix("# ledger: "))


# --- show


def test_the_ledger_is_shown(terminal: Terminal, workshop: Workshop) -> None:
    terminal("ledger", "show").says(0, LISTED)


def test_the_ledger_is_shown_entry_by_entry_as_documents(terminal: Terminal, workshop: Workshop) -> None:
    ran = terminal("ledger", "show", "--json")
    assert (ran.code, ran.err) == (0, "")
    documents = ran.documents()
    assert [(document["index"], document["entry"]["type"]) for document in documents] == [
        (0, "genesis"),
        (1, "consent"),
        (2, "consent-event"),
        (3, "stamp"),
    ]
    assert all(list(document) == ["schema", "index", "entry"] for document in documents)


# --- checkpoint and proof


def test_the_newest_checkpoint_is_printed_as_it_was_signed(terminal: Terminal, workshop: Workshop) -> None:
    ran = terminal("ledger", "checkpoint")
    ran.says(0, CHECKPOINT)
    assert open_checkpoint(ran.out.encode(), keys=[log_key(terminal)]).size == 4


@pytest.mark.parametrize("index", ["0", "1", "3", "003"])
def test_an_entry_is_proven_by_its_number(terminal: Terminal, workshop: Workshop, index: str) -> None:
    ran = terminal("ledger", "prove", index)
    with closing(sqlite3.connect("studio.db")) as connection:
        (body,) = connection.execute("SELECT body FROM entry WHERE idx = ?", (int(index),)).fetchone()
    extra = base64.b64encode(body).decode()
    lines = ["c2sp.org/tlog-proof@v1", f"extra {extra}", f"index {int(index)}", "<hash>", "<hash>"]
    ran.says(0, "\n".join(lines) + f"\n\n{CHECKPOINT}")
    parse_entry(body)
    parse_proof(ran.out).verify(body, keys=[log_key(terminal)])


def test_an_entry_is_proven_by_the_code_of_its_consent(terminal: Terminal, workshop: Workshop) -> None:
    expected = terminal("ledger", "prove", "1")
    assert terminal("ledger", "prove", workshop.code) == expected
    assert terminal("ledger", "prove", workshop.code.lower()) == expected


@pytest.mark.parametrize(
    ("entry", "code", "message", "hint"),
    [
        ("4", 3, "entry 4: expected an index from 0 to 3", None),
        ("9999999", 3, "entry 9999999: expected an index from 0 to 3", None),
        ("00000000", 1, "consent code: no such consent in this studio", "see provenance ledger show"),
        ("0000-0000", 1, "consent code: no such consent in this studio", "see provenance ledger show"),
        (
            "first",
            2,
            "expected a number, the code of a consent or a stamped picture, got 'first'",
            "copy it from the receipt",
        ),
        (
            "123456789",
            2,
            "expected a number, the code of a consent or a stamped picture, got '123456789'",
            "copy it from the receipt",
        ),
    ],
)
def test_an_entry_that_is_not_there_is_told(
    terminal: Terminal, workshop: Workshop, entry: str, code: int, message: str, hint: str | None
) -> None:
    terminal("ledger", "prove", entry).refuses(code, message, hint)


def test_a_negative_number_is_no_entry(terminal: Terminal, workshop: Workshop) -> None:
    message = "expected a number, the code of a consent or a stamped picture, got '-1'"
    terminal("ledger", "prove", "--", "-1").refuses(2, message, "copy it from the receipt")


# --- audit


def test_a_whole_ledger_is_found_whole(terminal: Terminal, workshop: Workshop) -> None:
    terminal("ledger", "audit").says(0, "The ledger <log> is whole: 4 entries rehashed, 3 checkpoints compared.\n")
    ran = terminal("ledger", "audit", "--json")
    assert (ran.code, ran.err) == (0, "")
    document = ran.document()
    assert list(document) == [
        *("schema", "clean", "entries", "checkpoints", "cosignatures", "anchors", "exported", "root_hash")
    ]
    assert (document["clean"], document["entries"], document["checkpoints"]) == (True, 4, 3)
    signed = open_checkpoint(terminal("ledger", "checkpoint").out.encode(), keys=[log_key(terminal)])
    assert document["root_hash"] == signed.root_hash.hex()


def test_a_ledger_of_one_entry_is_told_in_the_singular(terminal: Terminal, nowhere: Path) -> None:
    assert terminal("init", "--name", "A", "--no-passphrase").code == 0
    terminal("ledger", "audit").says(0, "The ledger <log> is whole: 1 entry rehashed, 1 checkpoint compared.\n")


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE entry SET body = x'7b7d' WHERE idx = 1", "entry 1: its bytes do not hash to its leaf hash"),
        ("DELETE FROM entry WHERE idx = 2", "entry 2: missing"),
        ("UPDATE head SET size = 3, frontier = frontier", None),
    ],
)
def test_a_ledger_that_was_changed_is_told(
    terminal: Terminal, workshop: Workshop, statement: str, problem: str | None
) -> None:
    with closing(sqlite3.connect("studio.db", isolation_level=None)) as connection:
        disarm(connection)
        connection.execute(statement)
    ran = terminal("ledger", "audit")
    if problem is not None:
        ran.refuses(1, problem, KEEP)
    assert (ran.code, ran.out) == (1, "")
    as_json = terminal("ledger", "audit", "--json")
    assert (as_json.code, as_json.err) == (1, ran.err)
    document = as_json.document()
    assert list(document) == ["schema", "clean", "problem", "code"]
    assert document["clean"] is False
    assert ran.err.startswith(f"provenance: error: {document['problem']}\n")


def test_nothing_is_signed_over_a_head_that_was_changed(terminal: Terminal, workshop: Workshop) -> None:
    with closing(sqlite3.connect("studio.db", isolation_level=None)) as connection:
        disarm(connection)
        connection.execute("DELETE FROM entry WHERE idx = 3")
        connection.execute("UPDATE head SET size = 2, root = substr(frontier, 1, 32)")
        connection.execute("UPDATE head SET frontier = root")
    ran = terminal("consent", "new", "--subject", "Zoë", "--permit", "capture", "--typed")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("provenance: error: ledger/high-water: expected a ledger of at least 4 entries, got 2\n")


def test_a_table_that_is_not_there_is_told_as_a_matter_of_the_database(terminal: Terminal, workshop: Workshop) -> None:
    with closing(sqlite3.connect("studio.db", isolation_level=None)) as connection:
        disarm(connection)
        connection.execute("DROP TABLE checkpoint")
    ran = terminal("ledger", "checkpoint")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err == "provenance: error: database: no such table: checkpoint\nhint: run provenance ledger audit\n"


# --- trust


def test_the_trust_file_holds_certificate_and_ledger_key(terminal: Terminal, workshop: Workshop) -> None:
    ran = terminal("trust", "export")
    ran.says(0, TRUST, HAND_OVER)
    terminal("trust", "export", "-o", "lumen.pem").says(0, "lumen.pem\n", HAND_OVER)
    assert Path("lumen.pem").read_text() == ran.out
    terminal("trust", "export", "--output", "again.pem").says(0, "again.pem\n", HAND_OVER)


@pytest.mark.parametrize("name", ["portrait.jpg", "receipts"])
def test_a_trust_file_replaces_nothing(terminal: Terminal, workshop: Workshop, name: str) -> None:
    before = workshop.picture.read_bytes()
    message = f"{name}: there is a file of this name already"
    terminal("trust", "export", "-o", name).refuses(1, message, "choose another name")
    assert workshop.picture.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "reason"),
    [("none/lumen.pem", "no such file or directory"), ("portrait.jpg/lumen.pem", "not a directory")],
)
def test_a_trust_file_that_cannot_be_written_is_called_by_its_name(
    terminal: Terminal, workshop: Workshop, name: str, reason: str
) -> None:
    terminal("trust", "export", "-o", name).refuses(3, f"lumen.pem: {reason}")


def test_the_name_in_a_trust_file_cannot_act(terminal: Terminal, workshop: Workshop) -> None:
    settings = Path("provenance.toml")
    text = settings.read_text().replace('name = "Studio Lumen"', 'name = "A\\u001b[31m\\n# ledger: B\\u202e"')
    settings.write_text(text)
    ran = terminal("trust", "export")
    assert ran.code == 0
    assert ran.out.splitlines()[0] == "# studio: A\\u{1b}[31m\\u{a}# ledger: B\\u{202e}"


def test_a_copy_of_a_studio_is_the_same_studio(terminal: Terminal, workshop: Workshop, tmp_path: Path) -> None:
    expected = terminal("trust", "export")
    copy = shutil.copytree(workshop.path, tmp_path / "copy")
    assert terminal("trust", "export", "--studio", copy) == expected
