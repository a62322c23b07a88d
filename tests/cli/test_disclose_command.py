"""`provenance disclose`, and `provenance verify` with what it wrote."""

import errno
import json
import stat
from pathlib import Path

import pytest
from support.commands import Terminal
from support.pictures import draw_jpeg, with_changed_pixels
from support.workshops import Workshop

from provenance import durable
from provenance.consent.fields import PERSONAL
from provenance.verification.report import Shown, ShownConsent
from provenance_cli._card import _print_shown

OUTPUT = "portrait.consent.json"
TO = ("--to", "Daily Bugle", "-o", OUTPUT)
STAMPED = "stamped/portrait.jpg"


def types(terminal: Terminal, code: str) -> str:
    return terminal("consent", "show", code).out


def test_a_disclosure_is_checked_outside_of_the_studio(
    terminal: Terminal, workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = terminal("disclose", STAMPED, *TO, "--reveal", "legal_name", "--json")
    document = ran.document()
    assert (ran.code, document["codes"], document["revealed"]) == (0, [workshop.code], ["legal_name"])
    assert stat.S_IMODE(Path(OUTPUT).stat().st_mode) == 0o600
    outside = tmp_path / "outside"
    outside.mkdir()
    terminal("trust", "export", "-o", outside / "lumen.pem")
    for name in (STAMPED, OUTPUT):
        (outside / Path(name).name).write_bytes(Path(name).read_bytes())
    monkeypatch.chdir(outside)
    check = ["verify", "portrait.jpg", "--trust", "lumen.pem", "--for", "publish.web", "--disclosure", OUTPUT]
    report = terminal(*check, "--json").document()
    assert (report["verdict"], report["consent"]["basis"]) == ("PASSED", "opened")
    (person,) = report["consent"]["opened"]["people"]
    assert (person["assurance"], person["revealed"]) == ("drawn", {"legal_name": "Zoë Ångström"})
    card = terminal(*check)
    assert card.code == 0
    assert "  Revealed       legal_name: Zoë Ångström\n" in card.out
    late = terminal(*check, "--at", "2099-01-01", "--json").document()["consent"]["now"]
    assert (late["code"], "ask for a new disclosure" in late["sentence"]) == ("unknown", True)


def test_a_withdrawn_consent_is_disclosed_as_withdrawn(
    terminal: Terminal, workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert terminal("consent", "withdraw", "--secret", workshop.secret).code == 0
    assert terminal("disclose", STAMPED, *TO).code == 0
    picture, disclosure = Path(STAMPED).resolve(), Path(OUTPUT).resolve()
    outside = tmp_path / "outside"
    outside.mkdir()
    monkeypatch.chdir(outside)
    ran = terminal("verify", picture, "--disclosure", disclosure, "--at", "2099-01-01", "--json")
    assert ran.document()["consent"]["now"]["code"] == "withdrawn"


def test_the_disclosure_of_another_picture_is_told_and_not_used(
    terminal: Terminal, workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_jpeg(Path("other.jpg"), seed=9)
    assert terminal("stamp", "other.jpg", "--as", "camera", "--consent", workshop.code).code == 0
    assert terminal("disclose", "stamped/other.jpg", *TO).code == 0
    picture, disclosure = Path(STAMPED).resolve(), Path(OUTPUT).resolve()
    outside = tmp_path / "outside"
    outside.mkdir()
    monkeypatch.chdir(outside)
    report = terminal("verify", picture, "--disclosure", disclosure, "--json").document()
    assert (report["consent"]["basis"], report["consent"]["now"]["code"]) == ("sealed", "unknown")
    assert "disclosure-picture" in [finding["code"] for finding in report["findings"]]


def test_a_changed_disclosure_and_what_is_none_are_refused(terminal: Terminal, workshop: Workshop) -> None:
    assert terminal("disclose", STAMPED, *TO).code == 0
    document = json.loads(Path(OUTPUT).read_text("utf-8"))
    document["openings"][0]["events"].pop()
    Path("changed.json").write_text(json.dumps(document))
    hint = "ask the studio for a new disclosure"
    message = "changed.json: disclosure.openings[0]: is not what the controller signed"
    terminal("verify", STAMPED, "--disclosure", "changed.json").refuses(3, message, hint)
    message = "portrait.jpg: disclosure: expected json, got bytes that are not UTF-8"
    terminal("verify", STAMPED, "--disclosure", "portrait.jpg").refuses(3, message, hint)
    terminal("verify", STAMPED, "--disclosure", "none.json").refuses(3, "none.json: no such file")


def test_what_cannot_be_disclosed_is_refused_and_nothing_is_logged(terminal: Terminal, workshop: Workshop) -> None:
    before = types(terminal, workshop.code)
    see = "see what it says: provenance verify {}"
    Path("changed.jpg").write_bytes(with_changed_pixels(workshop.stamped.read_bytes()))
    message = "changed.jpg: its credential is not intact, or not issued by this studio"
    terminal("disclose", "changed.jpg", *TO).refuses(1, message, see.format("changed.jpg"))
    ran = terminal("disclose", "portrait.jpg", *TO)
    assert (ran.code, ran.err.endswith(f"hint: {see.format('portrait.jpg')}\n")) == (1, True)
    message = f"consent {workshop.code}: has no phone to reveal"
    hint = f"see what it has: provenance consent show {workshop.code}"
    terminal("disclose", STAMPED, *TO, "--reveal", "phone").refuses(1, message, hint)
    message = "field: expected the name of a personal datum, got 'shoe_size'"
    hint = f"known: {', '.join(datum.name for datum in PERSONAL)}"
    terminal("disclose", STAMPED, *TO, "--reveal", "shoe_size").refuses(2, message, hint)
    terminal("disclose", "none.jpg", *TO).refuses(3, "none.jpg: no such file")
    message = "recipient: expected 1 to 200 printable characters"
    terminal("disclose", STAMPED, "--to", " ", "-o", OUTPUT).refuses(2, message, "see provenance disclose --help")
    terminal("disclose", STAMPED, "--to", "A", "-o", "none/x.json").refuses(3, "none: no such folder")
    Path("there.json").write_text("there")
    message = "there.json: there is a file of this name already"
    terminal("disclose", STAMPED, "--to", "A", "-o", "there.json").refuses(1, message, "choose another name")
    assert Path("there.json").read_text() == "there"
    assert types(terminal, workshop.code) == before
    assert not Path(OUTPUT).exists()


def test_a_write_that_fails_says_that_the_ledger_holds_it(
    terminal: Terminal, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = durable.create

    def full(path: Path, data: bytes, *, mode: int = 0o644) -> None:
        if path.name == OUTPUT:
            raise OSError(errno.ENOSPC, "No space left on device")
        create(path, data, mode=mode)

    monkeypatch.setattr(durable, "create", full)
    terminal("disclose", STAMPED, *TO).refuses(
        3,
        f"{OUTPUT}: cannot be written: no space left on device; the ledger holds that it was disclosed to Daily Bugle",
        "run it again with another place for -o: each run is a disclosure of its own",
    )
    assert types(terminal, workshop.code).count("disclosed") == 1
    assert not Path(OUTPUT).exists()
    monkeypatch.setattr(durable, "create", create)
    assert terminal("disclose", STAMPED, *TO).code == 0


def test_a_file_that_came_first_is_kept_and_the_ledger_is_told_of(
    terminal: Terminal, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = durable.create

    def late(path: Path, data: bytes, *, mode: int = 0o644) -> None:
        if path.name == OUTPUT:
            path.write_text("somebody was quicker")
        create(path, data, mode=mode)

    monkeypatch.setattr(durable, "create", late)
    terminal("disclose", STAMPED, *TO).refuses(
        1,
        f"{OUTPUT}: there is a file of this name already; the ledger holds that it was disclosed",
        "choose another name",
    )
    assert Path(OUTPUT).read_text() == "somebody was quicker"


def test_a_studio_that_knows_the_picture_answers_before_a_disclosure(terminal: Terminal, workshop: Workshop) -> None:
    assert terminal("disclose", STAMPED, *TO).code == 0
    assert terminal("consent", "withdraw", "--secret", workshop.secret).code == 0
    report = terminal("verify", STAMPED, "--disclosure", OUTPUT, "--json").document()
    assert (report["consent"]["basis"], report["consent"]["now"]["code"]) == ("studio", "withdrawn")


def test_what_another_studio_reveals_cannot_act_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    person = ShownConsent("drawn", "subject", "2026-11-27T10:00:00Z", {"legal_name": "Zoë\u202e\x1b[2J\u200b"})
    _print_shown(Shown("Bugle\r\n  PASSED", "2026-11-27T10:00:00Z", (person,)))
    out = capsys.readouterr().out
    assert "  Revealed       legal_name: Zoë\\u{202e}\\u{1b}[2J\\u{200b}\n" in out
    assert "  Disclosure     Made for Bugle\\u{d}\\u{a}  PASSED at " in out
