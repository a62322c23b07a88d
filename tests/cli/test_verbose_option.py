"""`verify -v`: every step that a picture went through."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.commands import Terminal
from support.pictures import draw_jpeg
from support.reports import report
from support.workshops import Workshop

from provenance.verification.chain import ChainStep
from provenance_cli._chain import print_chain


def lines(out: str) -> list[str]:
    """Return the steps, each joined from the lines that it is broken over."""
    joined = " ".join(out.split())
    return (
        ["Step " + part.strip() for part in joined.partition(" Step ")[2].split(" Step ")] if " Step " in joined else []
    )


def test_every_step_is_told_the_newest_first(terminal: Terminal, workshop: Workshop) -> None:
    assert "Step 1" not in terminal("verify", "stamped/portrait.jpg").out
    (step,) = lines(terminal("verify", "stamped/portrait.jpg", "-v").out)
    assert step.startswith("Step 1 this file by Studio Lumen with Headshot Provenance 0.1.0 c2pa.created")
    assert terminal("derive", "stamped/portrait.jpg", "-w", "40", "-o", "small").code == 0
    copy, original = lines(terminal("verify", "small/portrait.jpg", "--verbose").out)
    assert copy.startswith("Step 1 this file by Studio Lumen with Headshot Provenance 0.1.0 c2pa.opened, ")
    assert original.startswith("Step 2 the picture before by Studio Lumen with Headshot Provenance 0.1.0 c2pa.created")
    assert " SHA-256 " in original


def test_a_file_without_credentials_has_no_steps(terminal: Terminal, workshop: Workshop) -> None:
    ran = terminal("verify", str(draw_jpeg(Path("plain.jpg"), seed=4)), "-v")
    assert (ran.code, lines(ran.out)) == (3, [])
    assert "SHA-256" in ran.out


@pytest.mark.parametrize("columns", ["40", "80"])
def test_no_line_is_wider_than_the_terminal(
    terminal: Terminal, workshop: Workshop, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    out = terminal("verify", "stamped/portrait.jpg", "-v").out
    # What is one word stays whole, however narrow it is: a digest, the name of a log.
    wider = [line.strip().removeprefix("SHA-256").strip() for line in out.splitlines() if len(line) > int(columns)]
    assert all(" " not in line for line in wider)


def test_no_text_of_a_file_pushes_out_what_does_not_verify(capsys: pytest.CaptureFixture[str]) -> None:
    step = ChainStep("x" * 5000, "y" * 5000, ("c2pa.edited",) * 40, "parentOf", None, verifies=False, bare=2)
    print_chain(replace(report(), chain=(step,), sha256=None))
    out = capsys.readouterr().out
    assert out.startswith("  Step 1         the picture before; does not verify\n")
    assert "made from 2 things without a credential" in out
    assert max(map(len, out.splitlines())) < 500
