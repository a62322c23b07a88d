from pathlib import Path

from support.commands import Terminal
from support.pictures import draw_jpeg
from support.workshops import Workshop

SAID = "Files that carry it stay as they are: who asks your studio or reads your ledger learns it, and nobody else.\n"


def test_a_stamp_is_revoked_and_verify_says_so(terminal: Terminal, workshop: Workshop) -> None:
    ran = terminal("stamp", "revoke", "stamped/portrait.jpg")
    assert ran.code == 0
    assert ran.out.startswith("Stamp of entry 3 (camera): revoked on 20")
    assert ran.out.endswith("Z, by entry 4\n")
    assert ran.err == SAID
    again = terminal("stamp", "revoke", "3")
    assert (again.code, again.err) == (0, SAID)
    assert again.out == ran.out.replace("revoked", "already revoked")
    seen = terminal("verify", "stamped/portrait.jpg")
    assert seen.code == 1
    assert "Stamp revoked." in seen.out
    document = terminal("verify", "stamped/portrait.jpg", "--json").document()
    assert document["credential"]["code"] == "revoked"
    assert document["credential"]["revoked"].startswith("20")


def test_a_revocation_is_a_document(terminal: Terminal, workshop: Workshop) -> None:
    for outcome in ("revoked", "already-revoked"):
        document = terminal("stamp", "revoke", "portrait.jpg", "--json").document()
        assert document["outcome"] == outcome
        assert (document["stamp"], document["entry"], document["revoked_by"]) == ("portrait.jpg", 3, 4)
        if outcome == "revoked":
            first = document["at"]
        # Once revoked, only its file or entry names it.
        assert document["at"] == first
        Path("portrait.jpg").write_bytes(Path("stamped/portrait.jpg").read_bytes())


def test_what_names_no_stamp_is_refused(terminal: Terminal, workshop: Workshop) -> None:
    terminal("stamp", "revoke", "soon").refuses(
        2, "expected a stamped picture or the number of a ledger entry, got 'soon'", "see provenance ledger show"
    )
    terminal("stamp", "revoke", "2").refuses(1, "entry 2: covers no stamp of this studio", "see provenance ledger show")
    draw_jpeg(Path("other.jpg"), seed=9)
    terminal("stamp", "revoke", "other.jpg").refuses(
        1,
        "other.jpg: carries no stamp of this studio, and is no picture that one stands for",
        "see what it says: provenance verify other.jpg",
    )
    terminal("stamp", "revoke").refuses(2, "missing argument 'FILE|ENTRY'", "see provenance stamp revoke --help")


def test_a_file_called_revoke_is_stamped_by_its_path(terminal: Terminal, workshop: Workshop) -> None:
    draw_jpeg(Path("revoke.jpg"), seed=9).rename("revoke")
    ran = terminal("stamp", "./revoke", "--as", "camera", "--consent", workshop.code)
    assert (ran.code, ran.err) == (0, "1 stamped\n")


def test_the_help_of_stamp_tells_of_revoking(terminal: Terminal) -> None:
    assert "provenance stamp revoke" in terminal("stamp", "--help").out
    assert terminal("stamp", "revoke", "--help").out.startswith("Usage: provenance stamp revoke [OPTIONS] FILE|ENTRY")
