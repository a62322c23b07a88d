"""`provenance consent form`, and `consent receipt` as a PDF file."""

import json
import stat
from pathlib import Path

import pytest
from support.commands import Terminal
from support.papers import attached, is_whole
from support.workshops import Workshop

from provenance import paper
from provenance.consent.receipts import parse_receipt
from provenance.paper.attached import parse_form

WARNING = "It holds personal data. Give it to those who need it, and to nobody else.\n"


def test_a_release_is_printed_under_the_seal_of_the_studio(terminal: Terminal, workshop: Workshop) -> None:
    ran = terminal("consent", "form", workshop.code, "-o", "release.pdf")
    ran.says(0, "Form: release.pdf (sealed by Studio Lumen, PAdES B-B)\n", WARNING)
    data = Path("release.pdf").read_bytes()
    assert is_whole(data)
    assert stat.S_IMODE(Path("release.pdf").stat().st_mode) == 0o600
    (document,) = attached(data).values()
    assert parse_form(document).personal()["legal_name"] == "Zoë Ångström"
    assert stat.S_IMODE(Path("keys/seal.key").stat().st_mode) == 0o600
    before = (Path("keys/seal.key").read_bytes(), Path("keys/seal.pem").read_bytes())
    assert terminal("consent", "form", workshop.code, "-o", "again.pdf").code == 0
    assert (Path("keys/seal.key").read_bytes(), Path("keys/seal.pem").read_bytes()) == before


def test_a_receipt_is_printed_where_a_pdf_is_asked_for(terminal: Terminal, workshop: Workshop) -> None:
    terminal("consent", "receipt", workshop.code, "-o", "receipt.PDF").says(
        0, "Receipt: receipt.PDF (sealed by Studio Lumen, PAdES B-B)\n"
    )
    data = Path("receipt.PDF").read_bytes()
    assert is_whole(data)
    ((name, document),) = attached(data).items()
    assert name == f"receipt-{workshop.code}.json"
    receipt = parse_receipt(document)
    receipt.verify()
    assert receipt.secret == workshop.secret
    assert terminal("consent", "receipt", workshop.code, "-o", "receipt.json").code == 0
    assert json.loads(Path("receipt.json").read_bytes())["code"] == workshop.code


def test_what_is_held_is_printed_where_a_pdf_is_asked_for(terminal: Terminal, workshop: Workshop) -> None:
    terminal("consent", "export", workshop.code, "-o", "held.pdf").says(
        0,
        "Export: held.pdf (sealed by Studio Lumen, PAdES B-B)\n",
        "It holds personal data: give it to the person and nobody else.\n",
    )
    data = Path("held.pdf").read_bytes()
    assert is_whole(data)
    assert stat.S_IMODE(Path("held.pdf").stat().st_mode) == 0o600
    ((name, document),) = attached(data).items()
    assert name == f"held-{workshop.code}.json"
    assert json.loads(document)["personal_data"]["legal_name"] == "Zoë Ångström"
    for kind in ("json-ld", "kantara"):
        terminal("consent", "export", workshop.code, "--format", kind, "-o", "other.pdf").refuses(
            2,
            f"--format {kind} is for programs: choose a name that does not end in .pdf",
            "see provenance consent export --help",
        )
    assert not Path("other.pdf").exists()


@pytest.mark.parametrize("command", ["form", "receipt", "export"])
def test_what_exists_is_never_replaced(terminal: Terminal, workshop: Workshop, command: str) -> None:
    Path("mine.pdf").write_bytes(b"mine")
    terminal("consent", command, workshop.code, "-o", "mine.pdf").refuses(
        1, "mine.pdf: there is a file of this name already", "choose another name; nothing was changed"
    )
    assert Path("mine.pdf").read_bytes() == b"mine"


@pytest.mark.parametrize("command", ["form", "receipt", "export"])
def test_without_the_extra_it_says_what_to_install(
    terminal: Terminal, workshop: Workshop, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper, "NEEDS", ("typst", "not_there_at_all"))
    terminal("consent", command, workshop.code, "-o", "new.pdf").refuses(
        3, "pdf: needs the library not_there_at_all, which is not installed", "pip install 'headshot-provenance[pdf]'"
    )
    assert not Path("new.pdf").exists()


def test_a_place_or_a_code_that_cannot_be_is_refused(terminal: Terminal, workshop: Workshop) -> None:
    terminal("consent", "form", workshop.code, "-o", "nowhere/new.pdf").refuses(
        3, "nowhere: no such folder", "make the folder first"
    )
    ran = terminal("consent", "form", workshop.code, "-o", "form.txt")
    assert (ran.code, ran.out) == (2, "")
    assert "expected a name that ends in .pdf" in ran.err
    ran = terminal("consent", "form", "0000-0000", "-o", "new.pdf")
    assert (ran.code, ran.out) == (1, "")
    assert "no such consent in this studio" in ran.err
    assert not Path("new.pdf").exists()


def test_an_authority_that_is_away_is_told_of(terminal: Terminal, workshop: Workshop) -> None:
    with Path("provenance.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[timestamps]\ntsa = "http://127.0.0.1:9/tsa"\n')
    ran = terminal("consent", "receipt", workshop.code, "-o", "receipt.pdf")
    assert ran.code == 0
    assert ran.out.endswith("PAdES B-B)\n")
    assert ran.err.startswith("The seal has no time-stamp: 127.0.0.1:9: cannot be reached")


def test_a_certificate_that_has_run_out_is_made_anew(terminal: Terminal, workshop: Workshop) -> None:
    from datetime import timedelta

    from support.studios import FixedClock

    from provenance.studio import Studio

    clock = FixedClock()
    studio = Studio(workshop.path, clock=clock)
    key, first = studio.unlock(None).seal_key()
    assert studio.unlock(None).seal_key()[1] == first
    clock.moment = first.not_valid_after_utc + timedelta(days=1)
    again, second = studio.unlock(None).seal_key()
    assert again.public_bytes() == key.public_bytes()
    assert second.not_valid_before_utc > first.not_valid_before_utc
    studio.close()
