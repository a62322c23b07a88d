"""`provenance consent`: new, show, list, receipt, withdraw, notice."""

import io
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from support.commands import Terminal
from support.workshops import Workshop

from provenance.clock import SystemClock
from provenance.consent.receipts import parse_receipt
from provenance.consent.scopes import Scope

NEW = ["consent", "new", "--subject", "Ада Лавлейс", "--typed"]
HAND_OVER = "Give the receipt and the secret to the person: whoever has the secret can withdraw.\n"
NO_AI = """\
  no: change them with generative AI (ai.edit)
  no: make new pictures of the person with AI (ai.generate)
  no: train an AI model of this person (ai.finetune)
  no: train AI models in general (ai.train)
  no: let AI analyse them (ai.infer)
"""
MADE = f"""\
Consent <code> recorded and signed (assurance: drawn)
  yes: take and keep photographs (capture), anywhere, until withdrawn
{NO_AI}Receipt: receipts/<code>.json
Withdrawal secret: <secret>
"""
USE = "portraits for the speakers' page of one conference, on its own website"
AI = ["--representation", "none", "--adult", "--initials", "ai.generate=AL"]
NEXT_YEAR = str(SystemClock().now().date() + timedelta(days=365))
YESTERDAY = str(SystemClock().now().date() - timedelta(days=2))
SCOPES_HINT = f"scopes: {', '.join(Scope)}"
TEXT = "expected 1 to 200 printable characters"
NOT_FOUND = "consent code: no such consent in this studio"
NOT_A_CODE = "consent code: expected 8 letters and digits such as 8F3K-QX2P"
FROM_RECEIPT = "copy it from the receipt"
SEE_NEW = "see provenance consent new --help"


# --- new


def test_a_consent_is_recorded_with_its_receipt(terminal: Terminal, workshop: Workshop) -> None:
    before = set(Path("receipts").iterdir())
    terminal(*NEW, "--permit", "capture").says(0, MADE, HAND_OVER)
    (receipt,) = set(Path("receipts").iterdir()) - before
    assert stat.S_IMODE(receipt.stat().st_mode) == 0o600
    parse_receipt(receipt.read_bytes()).verify()
    assert "Ада" not in receipt.read_text()


def test_a_consent_says_all_that_was_decided(terminal: Terminal, workshop: Workshop) -> None:
    decisions = ["--permit", "capture", "--permit", "ai.generate", "--deny", "mine", "--deny", "publish.social"]
    terms = ["--until", NEXT_YEAR, "--territory", "de", "--territory", "AT", "--use", USE]
    out = terminal(*NEW, *decisions, *terms, "--email", "ada@example.org", "--witness", "Charles Babbage", *AI).out
    until = f"in DE, AT, until {NEXT_YEAR}"
    assert out.splitlines()[1:-2] == [
        f"  yes: take and keep photographs (capture), {until}",
        "  no: publish them on social media (publish.social)",
        "  no: change them with generative AI (ai.edit)",
        f"  yes: make new pictures of the person with AI (ai.generate), {until}",
        "  no: train an AI model of this person (ai.finetune)",
        "  no: train AI models in general (ai.train)",
        "  no: let AI analyse them (ai.infer)",
        "  no: index and mine them as data (mine)",
    ]


def test_a_refusal_is_recorded_too(terminal: Terminal, workshop: Workshop) -> None:
    assert terminal(*NEW, "--deny", "capture").out.splitlines()[1] == "  no: take and keep photographs (capture)"
    assert "refused" in terminal("consent", "list").out.splitlines()[0]


def test_the_document_of_a_new_consent_holds_what_its_receipt_needs(terminal: Terminal, workshop: Workshop) -> None:
    ran = terminal(*NEW, "--permit", "capture", "--receipt", "receipt.json", "--json")
    assert (ran.code, ran.err) == (0, "")
    document = ran.document()
    assert list(document) == ["schema", "code", "receipt", "secret", "assurance", "entry"]
    assert (document["receipt"], document["assurance"], document["entry"]) == ("receipt.json", "drawn", 4)
    receipt = parse_receipt(Path("receipt.json").read_bytes())
    assert (receipt.code, receipt.secret) == (document["code"], document["secret"])


@pytest.mark.parametrize(
    ("name", "ink"), [("ink.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>'), ("ink.png", b"\x89PNG\r\n\x1a\n")]
)
def test_a_drawn_signature_is_taken(terminal: Terminal, workshop: Workshop, name: str, ink: bytes) -> None:
    Path(name).write_bytes(ink)
    subject = ["consent", "new", "--subject", "Zoë", "--permit", "capture"]
    terminal(*subject, "--ink", name).says(0, MADE, HAND_OVER)


@pytest.mark.parametrize(
    ("arguments", "code", "message", "hint"),
    [
        ([], 1, "consent: expected at least one decision", "add --permit SCOPE or --deny SCOPE"),
        (["--permit", "flying"], 2, "scope: expected a known one, got 'flying'", SCOPES_HINT),
        (["--deny", "flying"], 2, "scope: expected a known one, got 'flying'", SCOPES_HINT),
        (
            ["--permit", "capture", "--deny", "capture"],
            1,
            "scope capture: permitted and denied at once",
            None,
        ),
        (
            ["--permit", "capture", "--until", YESTERDAY],
            1,
            f"term: ends on {YESTERDAY}, before it begins on <day>",
            None,
        ),
        (
            ["--permit", "capture", "--until", "tomorrow"],
            2,
            "date: expected a day such as 2027-12-31, got 'tomorrow'",
            SEE_NEW,
        ),
        (
            ["--permit", "ai.edit"],
            1,
            "scope ai.edit: expected an end date, as consent to AI never lasts forever",
            "add --until YYYY-MM-DD",
        ),
        (
            ["--permit", "ai.generate", "--until", NEXT_YEAR, "--use", "portraits"],
            1,
            "scope ai.generate: expected a description of the use of at least 40 characters",
            'add --use "what will be made, for whom, and where it will be shown"',
        ),
        (
            ["--permit", "capture", "--territory", "Germany"],
            2,
            "territory: expected two letters such as DE, or WORLD, got 'Germany'",
            SEE_NEW,
        ),
        (
            ["--permit", "capture", "--territory", "DE", "--territory", "world"],
            1,
            "territory: WORLD and single countries at once",
            None,
        ),
        (
            ["--permit", "capture", "--email", "ada"],
            3,
            "email: expected an address such as name@example.org",
            None,
        ),
        (["--permit", "capture", "--witness", " "], 3, f"witness: {TEXT}", None),
        (["--permit", "capture", "--witness", "a\nb"], 3, f"witness: {TEXT}", None),
    ],
)
def test_a_consent_that_breaks_a_rule_is_not_recorded(
    terminal: Terminal, workshop: Workshop, arguments: list[str], code: int, message: str, hint: str | None
) -> None:
    before = terminal("ledger", "show").out
    terminal(*NEW, *arguments).refuses(code, message, hint)
    assert terminal("ledger", "show").out == before


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\x1b[31mb", "a\u202eb", "x" * 201])
def test_a_name_that_cannot_be_shown_is_refused_and_not_repeated(
    terminal: Terminal, workshop: Workshop, name: str
) -> None:
    terminal("consent", "new", "--subject", name, "--permit", "capture", "--typed").refuses(3, f"subject: {TEXT}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "ink: no such file"),
        (b"GIF89a", "ink: expected an svg or png file"),
        (b"", "ink: expected an svg or png file"),
        (b"<svg>" + bytes(1024 * 1024), "ink: expected at most 1048576 bytes, got more"),
    ],
)
def test_a_drawn_signature_of_another_kind_is_refused(
    terminal: Terminal, workshop: Workshop, content: bytes | None, message: str
) -> None:
    if content is not None:
        Path("ink").write_bytes(content)
    terminal("consent", "new", "--subject", "Zoë", "--permit", "capture", "--ink", "ink").refuses(3, message)


@pytest.mark.parametrize(
    ("place", "code", "message", "hint"),
    [
        ("portrait.jpg", 1, "portrait.jpg: there is a file of this name already", None),
        ("receipts", 1, "receipts: there is a file of this name already", None),
        ("none/receipt.json", 3, "none: no such folder", "make the folder first"),
        ("portrait.jpg/receipt.json", 3, "portrait.jpg: no such folder", "make the folder first"),
    ],
)
def test_where_no_receipt_can_be_written_no_consent_is_recorded(
    terminal: Terminal, workshop: Workshop, place: str, code: int, message: str, hint: str | None
) -> None:
    before, entries = workshop.picture.read_bytes(), terminal("ledger", "show").out
    terminal(*NEW, "--permit", "capture", "--receipt", place).refuses(code, message, hint)
    assert workshop.picture.read_bytes() == before
    assert terminal("ledger", "show").out == entries


def test_a_receipt_that_could_not_be_written_can_be_written_later(terminal: Terminal, workshop: Workshop) -> None:
    receipts = workshop.path / "receipts"
    receipts.rename("elsewhere")
    ran = terminal(*NEW, "--permit", "capture")
    code = terminal("consent", "list").out[:9]
    message = f"receipt: cannot be written to {code}.json: no such file or directory"
    hint = f"the consent is recorded; write its receipt with provenance consent receipt {code} -o FILE"
    ran.refuses(3, message, hint)
    terminal("consent", "receipt", code, "-o", "receipt.json").says(0, "Receipt: receipt.json\n")
    parse_receipt(Path("receipt.json").read_bytes()).verify()


# --- show

SHOWN = """\
Consent {code}
  person     Zoë Ångström
  signed     <second> (assurance: drawn)
  pictures   1 stamp
Decisions
  capture      in-force  the grant capture says permit
  publish.web  in-force  the grant publish.web says permit
  ai.edit      denied    the grant ai.edit says deny
  ai.generate  denied    the grant ai.generate says deny
  ai.finetune  denied    the grant ai.finetune says deny
  ai.train     denied    the grant ai.train says deny
  ai.infer     denied    the grant ai.infer says deny
  mine         denied    the grant mine says deny
Events
  <second>  given  all of it
"""


def test_a_consent_is_shown(terminal: Terminal, workshop: Workshop) -> None:
    terminal("consent", "show", workshop.code).says(0, SHOWN.format(code=workshop.code))


@pytest.mark.parametrize("change", [str.lower, lambda code: code.replace("-", ""), lambda code: f" {code} "])
def test_a_code_is_understood_however_it_was_typed(terminal: Terminal, workshop: Workshop, change: object) -> None:
    assert callable(change)
    terminal("consent", "show", change(workshop.code)).says(0, SHOWN.format(code=workshop.code))


def test_the_document_of_a_consent_names_nobody(terminal: Terminal, workshop: Workshop) -> None:
    ran = terminal("consent", "show", workshop.code, "--json")
    assert (ran.code, ran.err) == (0, "")
    assert "Zo" not in ran.out
    document = ran.document()
    assert list(document) == [
        *("schema", "code", "created_at", "assurance", "decisions", "events", "stamps", "erased", "timestamp")
    ]
    assert (document["code"], document["stamps"]) == (workshop.code, 1)
    answers = {decision["grant"]["scope"]: decision["now"]["code"] for decision in document["decisions"]}
    assert answers == {
        **dict.fromkeys(("capture", "publish.web"), "in-force"),
        **dict.fromkeys(("mine", "ai.edit", "ai.generate", "ai.finetune", "ai.train", "ai.infer"), "limited"),
    }
    assert [(event["type"], event["scopes"]) for event in document["events"]] == [("given", None)]


def test_what_became_of_a_consent_is_shown(terminal: Terminal, workshop: Workshop) -> None:
    assert terminal("consent", "withdraw", workshop.code, "--scope", "publish.web").code == 0
    assert terminal("consent", "withdraw", workshop.code).code == 0
    lines = terminal("consent", "show", workshop.code).out.splitlines()
    assert lines[5].split(maxsplit=2)[:2] == ["capture", "withdrawn"]
    assert [line.split(maxsplit=1)[1] for line in lines[-3:]] == [
        "given  all of it",
        "withdrawn  publish.web",
        "withdrawn  all of it",
    ]


@pytest.mark.parametrize("verb", ["show", "receipt", "withdraw"])
def test_a_consent_that_is_not_there_is_told(terminal: Terminal, workshop: Workshop, verb: str) -> None:
    terminal("consent", verb, "0000-0000").refuses(1, NOT_FOUND, "see provenance consent list")
    terminal("consent", verb, "no code").refuses(2, NOT_A_CODE, FROM_RECEIPT)


# --- list


def test_consents_are_listed_the_newest_first(terminal: Terminal, workshop: Workshop) -> None:
    terminal("consent", "list").says(0, f"{workshop.code}  <day>  in-force  1 stamp  Zoë Ångström\n")
    code = terminal(*NEW, "--permit", "capture", "--json").document()["code"]
    terminal("consent", "list").says(
        0,
        f"{code}  <day>  in-force  0 stamps  Ада Лавлейс\n{workshop.code}  <day>  in-force  1 stamp   Zoë Ångström\n",
    )
    ran = terminal("consent", "list", "--json")
    assert (ran.code, ran.err) == (0, "")
    documents = ran.documents()
    assert [list(document) for document in documents] == [
        ["schema", "code", "created_at", "state", "stamps", "erased"]
    ] * 2
    assert [(d["code"], d["state"], d["stamps"]) for d in documents] == [
        (code, "in-force", 0),
        (workshop.code, "in-force", 1),
    ]


def test_a_studio_without_consents_says_so_and_lists_none(terminal: Terminal, nowhere: Path) -> None:
    assert terminal("init", "--name", "A", "--no-passphrase").code == 0
    terminal("consent", "list").says(0, "", "No consents yet. Record one with provenance consent new.\n")
    terminal("consent", "list", "--json").says(0)


# --- receipt


def test_a_receipt_is_written_again(terminal: Terminal, workshop: Workshop) -> None:
    first = Path(f"receipts/{workshop.code}.json")
    first.unlink()
    terminal("consent", "receipt", workshop.code).says(0, f"Receipt: receipts/{workshop.code}.json\n")
    terminal("consent", "receipt", workshop.code, "-o", "again.json").says(0, "Receipt: again.json\n")
    for path in (first, Path("again.json")):
        receipt = parse_receipt(path.read_bytes())
        receipt.verify()
        assert (receipt.code, receipt.secret) == (workshop.code, workshop.secret)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("none/receipt.json", "no such file or directory"),
        ("portrait.jpg/receipt.json", "not a directory"),
        ("receipts", "is a directory"),
    ],
)
def test_a_receipt_that_cannot_be_written_is_told_by_its_own_name(
    terminal: Terminal, workshop: Workshop, place: str, reason: str
) -> None:
    hint = f"the consent is recorded; write its receipt with provenance consent receipt {workshop.code} -o FILE"
    message = f"receipt: cannot be written to {Path(place).name}: {reason}"
    terminal("consent", "receipt", workshop.code, "-o", place).refuses(3, message, hint)
    assert not list(workshop.path.rglob("*partial*"))


# --- withdraw


def test_a_consent_is_withdrawn_by_its_code(terminal: Terminal, workshop: Workshop) -> None:
    terminal("consent", "withdraw", workshop.code).says(
        0,
        f"Consent {workshop.code} withdrawn on <second>: all of it\n"
        "It reaches 1 stamped picture; whoever asks this studio about one learns of it.\n"
        f"Receipt: receipts/{workshop.code}-withdrawal-1.json\n",
    )
    terminal("consent", "withdraw", workshop.code).refuses(1, "consent: it was withdrawn as a whole already")
    terminal("consent", "list").says(0, f"{workshop.code}  <day>  withdrawn  1 stamp  Zoë Ångström\n")


@pytest.mark.parametrize("change", [str.lower, lambda text: text.replace("-", " ")])
def test_a_consent_is_withdrawn_by_its_secret_however_it_was_typed(
    terminal: Terminal, workshop: Workshop, change: object
) -> None:
    assert callable(change)
    ran = terminal("consent", "withdraw", "--secret", change(workshop.secret), "--json")
    assert (ran.code, ran.err) == (0, "")
    document = ran.document()
    assert list(document) == ["schema", "code", "event", "events", "stamps", "recall", "receipts"]
    assert (document["code"], document["stamps"]) == (workshop.code, 1)
    assert (document["event"]["type"], document["event"]["scopes"]) == ("withdrawn", None)


def test_a_secret_can_be_kept_off_the_command_line(
    terminal: Terminal, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{workshop.secret}\n"))
    document = terminal("consent", "withdraw", "--secret", "-", "--json").document()
    assert (document["code"], document["event"]["type"]) == (workshop.code, "withdrawn")
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    message = "withdrawal secret: expected 28 letters and digits"
    terminal("consent", "withdraw", "--secret", "-").refuses(2, message, FROM_RECEIPT)


@pytest.mark.parametrize(
    ("place", "code", "message", "hint"),
    [
        ("portrait.jpg", 1, "portrait.jpg: there is a file of this name already", None),
        ("none/receipt.json", 3, "none: no such folder", "make the folder first"),
    ],
)
def test_nothing_is_recorded_where_the_receipt_has_no_place(
    terminal: Terminal, workshop: Workshop, place: str, code: int, message: str, hint: str | None
) -> None:
    before = terminal("ledger", "show").out
    terminal(*NEW, "--permit", "capture", "--receipt", place).refuses(code, message, hint)
    assert terminal("ledger", "show").out == before


def test_a_consent_is_withdrawn_in_part(terminal: Terminal, workshop: Workshop) -> None:
    terminal("consent", "withdraw", workshop.code, "--scope", "publish.web").says(
        0,
        f"Consent {workshop.code} withdrawn on <second>: publish.web\n"
        "It reaches 1 stamped picture; whoever asks this studio about one learns of it.\n"
        f"Receipt: receipts/{workshop.code}-withdrawal-1.json\n",
    )
    again = terminal("consent", "withdraw", workshop.code, "--scope", "publish.web")
    again.refuses(1, "scope publish.web: was withdrawn already")
    ran = terminal("consent", "withdraw", workshop.code, "--scope", "capture", "--json")
    assert ran.document()["event"]["scopes"] == ["capture"]


@pytest.mark.parametrize(
    ("arguments", "code", "message", "hint"),
    [
        (["{code}", "--scope", "mine"], 1, "scope mine: was never permitted", None),
        (["{code}", "--scope", "publish.press"], 1, "scope publish.press: was never permitted", None),
        (["{code}", "--scope", "flying"], 2, "scope: expected a known one, got 'flying'", SCOPES_HINT),
        (["--secret", "no secret"], 2, "withdrawal secret: expected 28 letters and digits", FROM_RECEIPT),
        (
            ["--secret", "0000-0000-0000-0000-0000-0000-0000"],
            1,
            "withdrawal secret: belongs to no consent in this studio",
            "see provenance consent list",
        ),
    ],
)
def test_what_cannot_be_withdrawn_is_refused(
    terminal: Terminal, workshop: Workshop, arguments: list[str], code: int, message: str, hint: str | None
) -> None:
    before = terminal("ledger", "show").out
    filled = [argument.format(code=workshop.code) for argument in arguments]
    terminal("consent", "withdraw", *filled).refuses(code, message, hint)
    assert terminal("ledger", "show").out == before


# --- notice


def test_the_notice_names_the_studio(terminal: Terminal, workshop: Workshop) -> None:
    ran = terminal("consent", "notice")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Studio Lumen will take photographs of you.")
    assert ran.out.endswith("\nBy signing I confirm that I have read the notice and that these decisions are mine.\n")
