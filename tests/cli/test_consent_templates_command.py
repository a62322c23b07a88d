"""`provenance consent templates`, and consents that are recorded by one."""

import json
from pathlib import Path

import pytest
from support.commands import Terminal
from support.workshops import Workshop

from provenance.canonical import to_base64url
from provenance.clock import SystemClock
from provenance.consent.receipts import parse_receipt
from provenance.consent.shelf import find_template

OWN = """\
id = "team"
version = "3"
kind = "model_release"
languages = ["en"]
legal_basis = "eu-gdpr:A6-1-b-contract-performance"
revocability = "notice:P30D"
retention = "as long as the contract"
term = "P90D"

[[scopes]]
scope = "capture"
default = "permit"

[[scopes]]
scope = "publish.web"
default = "deny"
legal_basis = "eu-gdpr:A6-1-a"
revocability = "any_time"

[text.en]
title = "Pictures of the team"
text = "{studio} takes pictures of the team, as the contract says."
permitted = "By contract:"
denied = "No, unless you say yes:"
signing = "I have read this, and sign it for {studio}."

[text.en.choices]
capture = "take pictures of me"
"publish.web" = "show them on the web"
"""

NEW = ["consent", "new", "--subject", "Zoë Ångström", "--typed"]


@pytest.fixture
def own(workshop: Workshop) -> Workshop:
    (workshop.path / "templates").mkdir()
    (workshop.path / "templates" / "team.toml").write_text(OWN, "utf-8")
    return workshop


def test_templates_are_listed_with_where_they_are_from(terminal: Terminal, own: Workshop) -> None:
    lines = terminal("consent", "templates").out.splitlines()
    assert [line.split()[0] for line in lines] == [
        *("actor-headshot", "ai-headshot-service", "corporate-headshot", "stock-release", "team")
    ]
    assert lines[0].endswith("shipped")
    assert lines[-1].split() == ["team", "3", "en", "templates/team.toml"]


def test_a_text_is_shown_as_it_is_read(terminal: Terminal, own: Workshop) -> None:
    terminal("consent", "templates", "show", "team", "--language", "en").says(
        0,
        "Pictures of the team\n\nStudio Lumen takes pictures of the team, as the contract says.\n\n"
        "By contract:\n- take pictures of me\n\nNo, unless you say yes:\n- show them on the web\n\nteam 3 (en)\n"
        "I have read this, and sign it for Studio Lumen.\n",
    )


def test_silence_permits_nothing_that_rests_on_consent(terminal: Terminal, workshop: Workshop) -> None:
    ran = terminal(*NEW, "--template", "corporate-headshot", "--language", "de", "--permit", "capture")
    assert ran.code == 0
    decided = {line.split("(")[-1].split(")")[0]: line.split(":")[0].strip() for line in ran.out.splitlines()[1:-2]}
    assert decided.pop("capture") == "yes"
    assert set(decided.values()) == {"no"}
    assert {"publish.internal", "edit.basic", "ai.train"} <= set(decided)
    assert "Ihr Porträt" in ran.err


def test_what_a_contract_covers_holds_unless_it_is_denied(terminal: Terminal, own: Workshop) -> None:
    silent = terminal(*NEW, "--template", "team", "--language", "en").out
    assert "yes: take and keep photographs (capture), anywhere, until " in silent
    denied = terminal(*NEW, "--template", "team", "--language", "en", "--deny", "capture").out
    assert "no: take and keep photographs (capture)" in denied


def test_the_record_says_what_was_read_and_on_which_terms(terminal: Terminal, own: Workshop) -> None:
    made = terminal(*NEW, "--template", "team", "--language", "en", "--permit", "publish.web", "--json").document()
    record = parse_receipt(Path(made["receipt"]).read_bytes()).record
    template = find_template("team", own.path).template
    shown = record.body["notice"]
    assert isinstance(shown, dict)
    assert (shown["template"], shown["version"], shown["language"]) == ("team", "3", "en")
    notice = template.notice("en", studio="Studio Lumen", presented_at=record.created_at)
    assert shown["sha256"] == to_base64url(notice.digest)
    assert record.body["retention"] == {"rule": "as long as the contract"}
    assert [(grant.scope.value, grant.legal_basis, grant.revocability) for grant in record.grants[:2]] == [
        ("capture", "eu-gdpr:A6-1-b-contract-performance", "notice:P30D"),
        ("publish.web", "eu-gdpr:A6-1-a", "any_time"),
    ]
    assert {grant.until for grant in record.grants} == {template.last_day(record.created_at.date())}


def test_a_term_can_be_shorter_and_never_longer(terminal: Terminal, own: Workshop) -> None:
    asked = [*NEW, "--template", "team", "--language", "en"]
    today = SystemClock().now().date()
    last = find_template("team", own.path).template.last_day(today)
    terminal(*asked, "--until", "2999-01-01").says(
        1, "", f"provenance: error: term: expected {last} at the latest, as they read in team, got 2999-01-01\n"
    )
    assert f"until {today}" in terminal(*asked, "--until", str(today)).out


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--language", "en"], 2, "name what they read in this language: --template NAME"),
        (["--template", "team"], 2, "say in which language they read it: --language en"),
        (["--template", "team", "--language", "de"], 2, "template team: expected one of its languages, got 'de'"),
        (["--template", "../team", "--language", "en"], 2, "template: expected a known one, got '../team'"),
        (
            ["--template", "team", "--language", "en", "--permit", "mine"],
            1,
            "scope mine: team does not ask for it",
        ),
        (["--template", "team", "--language", "en", "--permit", "fly"], 2, "scope: expected a known one, got 'fly'"),
    ],
)
def test_what_the_template_does_not_allow_is_refused(
    terminal: Terminal, own: Workshop, options: list[str], code: int, message: str
) -> None:
    before = len(list((own.path / "receipts").iterdir()))
    ran = terminal(*NEW, *options)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.splitlines()[0] == f"provenance: error: {message}"
    assert len(list((own.path / "receipts").iterdir())) == before


@pytest.mark.parametrize(
    ("signers", "message", "hint"),
    [
        ('["witness"]', "template team: the witness signs too", "add --witness NAME"),
        ('["photographer"]', "template team: the photographer signs too, which they cannot here", None),
    ],
)
def test_who_must_sign_too_is_named(
    terminal: Terminal, own: Workshop, signers: str, message: str, hint: str | None
) -> None:
    path = own.path / "templates" / "team.toml"
    path.write_text(OWN.replace('term = "P90D"', f'term = "P90D"\nsigners = {signers}'), "utf-8")
    expected = f"provenance: error: {message}\n" + (f"hint: {hint}\n" if hint else "")
    terminal(*NEW, "--template", "team", "--language", "en").says(1, "", expected)


def test_a_malformed_own_template_is_named(terminal: Terminal, own: Workshop) -> None:
    (own.path / "templates" / "team.toml").write_text(OWN.replace("P90D", "soon"), "utf-8")
    terminal("consent", "templates").says(
        3,
        "",
        "provenance: error: templates/team.toml: term: expected years such as P2Y, or days such as P90D, got soon\n",
    )


def test_an_own_template_takes_the_place_of_a_shipped_one_under_another_version(
    terminal: Terminal, own: Workshop
) -> None:
    other = own.path / "templates" / "stock-release.toml"
    other.write_text(OWN.replace('"team"', '"stock-release"'), "utf-8")
    assert "templates/stock-release.toml" in terminal("consent", "templates").out
    other.write_text(OWN.replace('"team"', '"stock-release"').replace('"3"', '"1"'), "utf-8")
    terminal("consent", "templates").says(
        3,
        "",
        "provenance: error: templates/stock-release.toml: version: expected another than that of the shipped one, "
        "got 1\n",
    )


def test_a_template_is_printed_for_people_and_the_answer_for_programs(terminal: Terminal, own: Workshop) -> None:
    ran = terminal(*NEW, "--template", "team", "--language", "en", "--json")
    assert json.loads(ran.out)["assurance"] == "drawn"
    assert "Pictures of the team" in ran.err
