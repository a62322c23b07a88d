"""`provenance verify --annotations github`: one workflow command a file, and nothing in it that ends it early."""

from pathlib import Path

import pytest
from support.commands import Terminal
from support.pictures import draw_jpeg, with_changed_pixels
from support.workshops import Workshop


def test_each_file_is_one_line_of_the_level_of_its_exit_code(terminal: Terminal, workshop: Workshop) -> None:
    Path("changed.jpg").write_bytes(with_changed_pixels(workshop.stamped.read_bytes()))
    draw_jpeg(Path("plain.jpg"), seed=5)
    terminal("verify", "stamped/portrait.jpg", "changed.jpg", "plain.jpg", "--annotations", "github").says(
        1,
        "::notice file=stamped/portrait.jpg,title=PASSED::Intact, from an issuer whom you trust, in the ledger, and"
        " with consent to capture.\n"
        "::error file=changed.jpg,title=FAILED::This file is not as it was when Studio Lumen issued its credential. Do"
        " not rely on it.\n"
        "::warning file=plain.jpg,title=INDETERMINATE::No credential in this file says where it comes from. That is"
        " common and proves nothing.\n",
        "1 failed · 1 indeterminate · 1 passed\n",
    )


def test_a_policy_decides_the_level_and_is_named(terminal: Terminal, nowhere: Path) -> None:
    draw_jpeg(Path("plain.jpg"), seed=5)
    terminal("verify", "plain.jpg", "--annotations", "github", "--policy", "ai-labelled").says(
        1,
        "::error file=plain.jpg,title=Don't publish (ai-labelled%3A credential.allowed)::No credential in this file"
        " says where it comes from. That is common and proves nothing.\n",
    )


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a,b:c%0A.jpg", "a%2Cb%3Ac%250A.jpg"),
        ("a\n::error::b.jpg", "a\\u{a}%3A%3Aerror%3A%3Ab.jpg"),
        ("a\r\u202eb.jpg", "a\\u{d}\\u{202e}b.jpg"),
    ],
)
def test_a_name_cannot_end_its_line_or_its_place(terminal: Terminal, nowhere: Path, name: str, shown: str) -> None:
    draw_jpeg(Path(name), seed=5)
    ran = terminal("verify", name, "--annotations", "github")
    assert (ran.code, len(ran.out.splitlines()), ran.err) == (3, 1, "")
    assert ran.out.startswith(f"::warning file={shown},title=INDETERMINATE::")


def test_two_forms_at_once_are_wrong_use(terminal: Terminal, nowhere: Path) -> None:
    terminal("verify", "x.jpg", "--annotations", "github", "--json").refuses(
        2, "expected --annotations or --json, got both", "see provenance verify --help"
    )
