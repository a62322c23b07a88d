"""`provenance erase`: what it says, what it prints for programs, and how it ends."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.commands import Terminal
from support.workshops import Workshop

from provenance.storage import sqlite

KEPT = (
    "Kept: the signed record and its events, which do not name the person; record key, withdrawal secret and proofs.\n"
)
KEPT_OF_ALL = "Kept: the signed record and its events, which do not name the person.\n"
AGAIN = "Written anew again; nobody knows any more what was destroyed, so that it cannot be looked for.\n"
HINT = "end the other programs that use this studio, see that the disk has room, run the same command again"
LEFT = "database: the data are deleted, but old bytes of them may lie in its files until whoever uses it ends"


def plain(out: str) -> str:
    """Return output with the number of bytes left out, which depends on the database."""
    words = out.split(" ")
    return " ".join("<n>" if words[place - 1].endswith("Searched") else word for place, word in enumerate(words))


def test_personal_data_are_erased_and_searched_for(terminal: Terminal, workshop: Workshop) -> None:
    code = workshop.code
    assert terminal("consent", "event", code, "disclosed", "--to", "Acme GmbH").code == 0
    listed = "  the person's data: legal_name, signature\n  1 name of a recipient\n  1 note on stamped pictures\n"
    terminal("erase", code, "--dry-run").says(0, f"Consent {code}: would destroy\n{listed}", "Nothing was changed.\n")
    assert "Zoë" in terminal("consent", "list").out
    ran = terminal("erase", code.lower())
    assert (ran.code, ran.err) == (0, "")
    at = json.loads(terminal("consent", "list", "--json").out)["erased"]
    assert plain(ran.out) == (
        f"Consent {code}: erased on {at}\n{listed}{KEPT}Logged as entries 5 and 6 of the ledger.\n"
        "Searched <n> bytes of the database for what was destroyed: nothing is left.\n"
    )
    terminal("erase", code).says(0, f"Consent {code}: erased already, on {at}\n{KEPT}", AGAIN)
    terminal("erase", code, "--dry-run").says(0, f"Consent {code}: erased already, on {at}\n{KEPT}")
    assert (workshop.path / "receipts" / f"{code}.json").exists()
    assert "is whole" in terminal("ledger", "audit").out


def test_everything_is_erased_with_the_receipts(terminal: Terminal, workshop: Workshop) -> None:
    code = workshop.code
    ran = terminal("erase", code, "--full")
    assert (ran.code, ran.err) == (0, "")
    assert plain(ran.out).splitlines()[1:] == [
        "  the person's data: legal_name, signature",
        "  1 note on stamped pictures",
        "  4 keys and secrets",
        "  the data key that sealed all of it",
        f"  receipts/{code}.json",
        KEPT_OF_ALL.strip(),
        "Logged as entries 4 and 5 of the ledger.",
        "Searched <n> bytes of the database for what was destroyed: nothing is left.",
    ]
    assert list((workshop.path / "receipts").iterdir()) == []


@pytest.mark.parametrize("level", [[], ["--full"]])
def test_erased_is_said_wherever_a_person_looks(terminal: Terminal, workshop: Workshop, level: list[str]) -> None:
    code = workshop.code
    assert terminal("consent", "event", code, "disclosed", "--to", "Acme GmbH").code == 0
    assert terminal("erase", code, *level).code == 0
    terminal("consent", "list").says(0, f"{code}  <day>  in-force  1 stamp  erased\n")
    all_of_it = ", with all that was sealed" if level else ""
    shown = terminal("consent", "show", code).out.splitlines()
    day = shown[2].split()[1][:10]
    assert shown[1] == f"  person     erased on {shown[-1].split()[0]}{all_of_it}"
    assert shown[-1].endswith("  erased  all of it")
    document = terminal("consent", "show", code, "--json").document()
    assert document["erased"] == {"at": document["events"][-1]["at"], "full": bool(level)}
    checked = terminal("consent", "check", code, "--for", "capture")
    assert checked.code == 0
    assert checked.err == (f"The person's data were erased on {day}; nothing new is stamped under this consent.\n")
    answer = terminal("consent", "check", code, "--for", "capture", "--json").document()
    assert answer["erased"] == document["erased"]["at"]
    assert terminal("consent", "expiring", "--within", "900d").code == 0
    report = terminal("verify", workshop.stamped, "--json").document()
    assert (report["verdict"], report["consent"]["now"]["code"]) == ("PASSED", "in-force")
    assert report["consent"]["now"]["erased"][:10] == day
    assert "The person's data were erased on" in " ".join(terminal("verify", workshop.stamped).out.split())
    refusal = (
        f"consent {code}: all that was sealed for it was erased on {day}, its withdrawal secret too",
        "the copy that the person has stays valid, and goes on to withdraw the consent",
    )
    again = terminal("consent", "receipt", code)
    if level:
        again.refuses(1, *refusal)
    else:
        assert again.code == 0
    stamped = terminal("stamp", workshop.picture, "--as", "camera", "--consent", code, "-o", workshop.path / "new")
    assert stamped.code == 1
    assert "the person's data were erased on" in stamped.out
    withdrawn = terminal("consent", "withdraw", "--secret", workshop.secret, "--scope", "publish.web", "--json")
    assert withdrawn.code == 0
    assert withdrawn.document()["recall"]["erased"] == 1
    told = terminal("consent", "withdraw", code)
    assert told.code == 0
    assert "Erased: 1 name of a recipient; find out otherwise whom.\n" in told.out
    assert terminal("verify", workshop.stamped).code == 1
    assert terminal("ledger", "audit").code == 0


def test_without_the_passphrase_erased_is_said_all_the_same(terminal: Terminal, sealed: Path) -> None:
    given = ["--passphrase-file", str(sealed.parent / "passphrase")]
    new = ["consent", "new", "--subject", "Zoë", "--permit", "capture", "--typed", "--json", *given]
    code = terminal(*new).document()["code"]
    terminal("erase", code).refuses(
        3,
        "passphrase: expected one, and there is no terminal to ask in",
        "set PROVENANCE_PASSPHRASE, name a file with --passphrase-file, or run this in a terminal",
    )
    terminal("consent", "list").says(0, f"{code}  <day>  in-force  0 stamps  sealed\n")
    assert terminal("erase", code, *given).code == 0
    terminal("consent", "list").says(0, f"{code}  <day>  in-force  0 stamps  erased\n")


def test_the_document_names_nobody(terminal: Terminal, workshop: Workshop) -> None:
    preview = terminal("erase", workshop.code, "--dry-run", "--full", "--json").document()
    assert (preview["outcome"], preview["at"], preview["entries"], preview["proof"]) == (
        "would-erase",
        None,
        None,
        None,
    )
    ran = terminal("erase", workshop.code, "--full", "--json")
    assert (ran.code, ran.err) == (0, "")
    assert "Zo" not in ran.out
    document = ran.document()
    assert document["destroyed"] == preview["destroyed"]
    assert document["destroyed"]["receipts"] == [f"{workshop.code}.json"]
    assert (document["outcome"], document["entries"]) == ("erased", {"event": 4, "erasure": 5})
    proof = document["proof"]
    assert (proof["clean"], proof["complete"], proof["found"], proof["left_out"]) == (True, True, 0, [])
    database = workshop.path / "studio.db"
    assert proof["searched_bytes"] >= database.stat().st_size
    assert proof["sought"] > 10
    again = terminal("erase", workshop.code, "--full", "--json").document()
    assert again["outcome"] == "already-erased"
    assert (again["proof"]["sought"], again["proof"]["searched_bytes"], again["proof"]["clean"]) == (0, None, True)


def test_a_database_in_use_is_told_and_mended_by_running_it_again(
    terminal: Terminal, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "SCRUB_SECONDS", 0.05)
    with closing(sqlite3.connect(workshop.path / "studio.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM sealed").fetchall()
        ran = terminal("erase", workshop.code)
        assert ran.code == 3
        assert ran.err == f"provenance: error: {LEFT}\nhint: {HINT}\n"
        assert ran.out.startswith(f"Consent {workshop.code}: erased on ")
        assert "Searched" not in ran.out
    assert terminal("erase", workshop.code).code == 0


def test_an_older_copy_is_named_and_left(terminal: Terminal, workshop: Workshop) -> None:
    copy = workshop.path / "studio.db.state-1"
    shutil.copyfile(workshop.path / "studio.db", copy)
    error = (
        f"provenance: error: {copy.name}: an older copy of the database, which still holds what was erased, or cannot "
        f"be read\nhint: no copy is ever deleted for you: once you need it no more, delete {copy.name}\n"
    )
    ran = terminal("erase", workshop.code)
    assert (ran.code, ran.err) == (3, error)
    again = terminal("erase", workshop.code, "--json")
    assert (again.code, again.err) == (3, error)
    assert again.document()["proof"]["copies"] == [copy.name]
    copy.unlink()
    assert terminal("erase", workshop.code).code == 0


def test_what_was_found_again_is_an_unfinished_erasure(terminal: Terminal, workshop: Workshop) -> None:
    with closing(sqlite3.connect(workshop.path / "studio.db", isolation_level=None)) as knife:
        knife.execute("CREATE TABLE leak (what TEXT)")
        knife.execute("INSERT INTO leak VALUES ('Zoë Ångström')")
    ran = terminal("erase", workshop.code)
    assert ran.code == 3
    assert "what was destroyed: 1 piece left.\n" in ran.out
    assert ran.err == (
        "provenance: error: database: 1 piece of what was destroyed still found in its files\n"
        "hint: please report it; running the same command again writes the database anew once more\n"
    )


@pytest.mark.parametrize("code", ["", "8F3K", "\x00", "8F3K-QX2P" * 100])
def test_what_cannot_be_a_code_is_wrong_use(terminal: Terminal, workshop: Workshop, code: str) -> None:
    ran = terminal("erase", code)
    assert (ran.code, ran.out) == (2, "")


def test_an_unknown_code_is_refused(terminal: Terminal, workshop: Workshop) -> None:
    other = "0000-0000" if workshop.code != "0000-0000" else "1111-1111"
    ran = terminal("erase", other)
    assert ran.code in (1, 2)
    assert "Zoë" in terminal("consent", "list").out


def test_an_erasure_cannot_be_noted(terminal: Terminal, workshop: Workshop) -> None:
    terminal("consent", "event", workshop.code, "erased").refuses(
        2, "event erased: cannot be noted, only done", "run provenance erase CODE, which records it, too"
    )
