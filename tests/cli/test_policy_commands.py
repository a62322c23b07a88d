"""`provenance verify --policy` and `provenance policy`: what to do, the one rule that decided, and the exit code."""

from pathlib import Path

import pytest
from support.commands import Terminal
from support.pictures import draw_jpeg, with_changed_pixels
from support.workshops import Workshop

from provenance.verification.publishing_files import SHIPPED, shipped_text


def test_the_shipped_policies_are_named_and_shown(terminal: Terminal, nowhere: Path) -> None:
    ran = terminal("policy", "list")
    assert (ran.code, ran.err) == (0, "")
    assert [line.split()[0] for line in ran.out.splitlines()] == [*SHIPPED]
    for name in SHIPPED:
        terminal("policy", "show", name).says(0, shipped_text(name))
    terminal("policy", "show", "x").refuses(
        2, "policy: expected a shipped one, got 'x'", "shipped: newsroom, corporate-web, ai-labelled"
    )


def test_a_policy_says_what_to_do_before_the_facts(terminal: Terminal, workshop: Workshop) -> None:
    ran = terminal("verify", "stamped/portrait.jpg", "--policy", "corporate-web")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(
        "stamped/portrait.jpg\n"
        "  OK             Everything that the policy corporate-web asks for holds.\n"
        "                 (corporate-web: all)\n"
        "  PASSED         Intact, from an issuer whom you trust, in the ledger, and with\n"
        "                 consent to publish.web.\n"
    )
    document = terminal("verify", "stamped/portrait.jpg", "--policy", "corporate-web", "--json").document()
    assert document["policy"] == {
        "name": "corporate-web",
        "answer": "ok",
        "rule": "all",
        "sentence": "Everything that the policy corporate-web asks for holds.",
    }
    assert "policy" not in terminal("verify", "stamped/portrait.jpg", "--json").document()


def test_what_a_policy_asks_about_decides(terminal: Terminal, workshop: Workshop) -> None:
    # Nothing was decided on the press.
    ran = terminal("verify", "stamped/portrait.jpg", "--policy", "newsroom")
    assert ran.code == 1
    assert "  DON'T PUBLISH  Nothing was decided on publish.press, and silence is not\n" in ran.out
    assert "(newsroom: verdict)" in ran.out


def test_what_is_missing_is_checked_first_or_refused(terminal: Terminal, nowhere: Path) -> None:
    draw_jpeg(Path("plain.jpg"), seed=5)
    ran = terminal("verify", "plain.jpg", "--policy", "newsroom")
    assert ran.code == 3
    assert "  CHECK FIRST    No credential in this file says where it comes from." in ran.out
    assert terminal("verify", "plain.jpg", "--policy", "ai-labelled").code == 1


def test_of_several_files_the_worst_answer_counts(terminal: Terminal, workshop: Workshop) -> None:
    Path("changed.jpg").write_bytes(with_changed_pixels(workshop.stamped.read_bytes()))
    draw_jpeg(Path("plain.jpg"), seed=5)
    policy = ["--policy", "corporate-web"]
    assert terminal("verify", "stamped/portrait.jpg", "plain.jpg", *policy).code == 3
    assert terminal("verify", "changed.jpg", "stamped/portrait.jpg", "plain.jpg", *policy).code == 1


def test_an_ai_picture_is_ok_with_its_label_where_the_policy_says_so(terminal: Terminal, workshop: Workshop) -> None:
    draw_jpeg(Path("drawn.jpg"), exif=False, seed=6)
    assert terminal("stamp", "drawn.jpg", "--as", "ai-generated", "--synthetic-person").code == 0
    assert terminal("verify", "stamped/drawn.jpg", "--policy", "newsroom").code == 1
    ran = terminal("verify", "stamped/drawn.jpg", "--policy", "corporate-web", "--json")
    assert (ran.code, ran.document()["policy"]["rule"]) == (3, "origin.label")
    document = terminal("verify", "stamped/drawn.jpg", "--policy", "ai-labelled", "--json").document()
    assert document["policy"]["answer"] == "ok"
    assert document["policy"]["sentence"].endswith("Label it: AI GENERATED.")


def test_a_policy_of_ones_own_is_a_file(terminal: Terminal, workshop: Workshop) -> None:
    text = shipped_text("corporate-web").replace("# issuers = [", "issuers = [").replace("Studio Lumen", "Studio Other")
    Path("mine.toml").write_text(text)
    ran = terminal("verify", "stamped/portrait.jpg", "--policy", "mine.toml", "--json")
    assert (ran.code, ran.document()["policy"]["rule"]) == (1, "credential.issuers")


def test_a_status_list_that_is_too_old_for_the_policy_is_to_be_fetched_again(
    terminal: Terminal, workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert terminal("trust", "export", "-o", tmp_path / "lumen.pem").code == 0
    assert terminal("consent", "publish-status", "-o", tmp_path / "public").code == 0
    (tmp_path / "a").mkdir()
    stamped = workshop.stamped.resolve()
    monkeypatch.chdir(tmp_path / "a")
    asked: list[str | Path] = ["verify", stamped, "--trust", "../lumen.pem", "--status", "../public/0.jwt", "--json"]
    document = terminal(*asked, "--policy", "corporate-web").document()
    assert (document["policy"]["answer"], document["consent"]["basis"]) == ("ok", "sealed")
    assert document["consent"]["now"]["as_of"] <= document["checked_at"]


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        (
            ["--policy", "news"],
            "policy: expected newsroom, corporate-web, ai-labelled or a file, got 'news'",
            "see provenance policy list",
        ),
        (
            ["--policy", "newsroom", "--for", "publish.web"],
            "policy newsroom: consent.scope: expected publish.press, got publish.web",
            "leave the option out, or use a policy for that",
        ),
    ],
)
def test_a_policy_that_cannot_be_asked_is_wrong_use(
    terminal: Terminal, nowhere: Path, options: list[str], message: str, hint: str
) -> None:
    terminal("verify", "x.jpg", *options).refuses(2, message, hint)


def test_a_file_that_is_no_policy_is_told(terminal: Terminal, nowhere: Path) -> None:
    Path("mine.toml").write_text("version = 2\n")
    terminal("verify", "x.jpg", "--policy", "mine.toml").refuses(
        3, "mine.toml: version: expected 1, got 2", "see a whole one: provenance policy show newsroom"
    )
    terminal("verify", "x.jpg", "--policy", "none.toml").refuses(3, "none.toml: no such file", None)
