"""`provenance consent`: check, expiring, renew, event, request, sign, countersign, and what `new` records beside."""

import stat
import subprocess
from datetime import date, timedelta
from pathlib import Path

import pytest
from support.commands import Terminal
from support.workshops import Workshop

from provenance.clock import SystemClock
from provenance.consent.receipts import parse_receipt
from provenance.consent.withdrawals import parse_withdrawal_receipt

TODAY = SystemClock().now().date()
NEXT_YEAR = str(TODAY + timedelta(days=365))
SOON = str(TODAY + timedelta(days=20))
USE = "portraits for the speakers' page of one conference, on its own website"
NEW = ["consent", "new", "--subject", "Ада Лавлейс", "--typed"]


def recorded(terminal: Terminal, *arguments: str) -> str:
    code = terminal(*NEW, *arguments, "--json").document()["code"]
    assert isinstance(code, str)
    return code


# --- check


@pytest.mark.parametrize(
    ("arguments", "code", "out"),
    [
        (["--for", "publish.web"], 0, "yes: the grant publish.web says permit (assurance: drawn)\n"),
        (["--for", "mine"], 1, "no: the grant mine says deny (assurance: drawn)\n"),
        (
            ["--for", "publish.press"],
            1,
            "no: nothing was decided on publish.press, and silence is not permission (assurance: drawn)\n",
        ),
        (
            ["--for", "publish.web", "--at", "2020-01-01"],
            3,
            "unknown: no consent had been given at that time (assurance: drawn)\n",
        ),
    ],
)
def test_a_use_is_asked_for(terminal: Terminal, workshop: Workshop, arguments: list[str], code: int, out: str) -> None:
    terminal("consent", "check", workshop.code, *arguments).says(code, out)


def test_a_use_is_asked_for_with_its_purpose_medium_and_place(terminal: Terminal, workshop: Workshop) -> None:
    bounds = ["--purpose", "PublicRelations", "--medium", "web", "--territory", "DE"]
    code = recorded(terminal, "--permit", "publish.web", *bounds)
    ask = ["consent", "check", code, "--for", "publish.web"]
    assert terminal(*ask, *bounds).code == 0
    for option, value, shown in (
        ("--purpose", "Marketing", "dpv:PublicRelations, not for dpv:Marketing"),
        ("--medium", "print", "web, not for print"),
        ("--territory", "fr", "DE, not for FR"),
    ):
        terminal(*ask, option, value).says(1, f"no: the grant publish.web is for {shown} (assurance: drawn)\n")


def test_the_document_of_an_answer_says_what_was_asked(terminal: Terminal, workshop: Workshop) -> None:
    assert terminal("consent", "withdraw", workshop.code, "--scope", "publish.web").code == 0
    ran = terminal("consent", "check", workshop.code, "--for", "publish.web", "--medium", "web", "--json")
    document = ran.document()
    assert (ran.code, document["answer"], document["scope"], document["medium"]) == (
        1,
        "withdrawn",
        "publish.web",
        "web",
    )
    assert document["since"] is not None
    assert (document["purpose"], document["assurance"]) == (None, "drawn")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--for", "flying"], "scope: expected a known one, got 'flying'"),
        (["--for", "mine", "--purpose", "fun"], "purpose: expected a known one, got 'fun'"),
        (["--for", "mine", "--medium", "radio"], "medium: expected a known one, got 'radio'"),
        (
            ["--for", "mine", "--at", "now"],
            "time: expected a date or UTC time such as 2026-11-23 or 2026-11-23T21:07Z, got 'now'",
        ),
    ],
)
def test_a_question_that_means_nothing_is_wrong_use(
    terminal: Terminal, workshop: Workshop, arguments: list[str], message: str
) -> None:
    ran = terminal("consent", "check", workshop.code, *arguments)
    assert (ran.code, ran.err.splitlines()[0]) == (2, f"provenance: error: {message}")


def test_a_question_about_no_consent_is_answered_with_no(terminal: Terminal, workshop: Workshop) -> None:
    ran = terminal("consent", "check", "0000-0000", "--for", "mine")
    ran.refuses(1, "consent code: no such consent in this studio", "see provenance consent list")


# --- expiring and renew


def test_what_ends_soon_is_listed_and_renewed(terminal: Terminal, workshop: Workshop) -> None:
    terminal("consent", "expiring").says(0, "", "Nothing ends within 30 days.\n")
    code = recorded(terminal, "--permit", "capture", "--permit", "publish.web", "--until", SOON)
    other = recorded(terminal, "--permit", "capture", "--until", NEXT_YEAR)
    terminal("consent", "expiring").says(0, f"{SOON}  {code}  capture\n{SOON}  {code}  publish.web\n")
    documents = terminal("consent", "expiring", "--within", "400d", "--json").documents()
    assert [(d["code"], d["scope"], d["until"]) for d in documents] == [
        (code, "capture", SOON),
        (code, "publish.web", SOON),
        (other, "capture", NEXT_YEAR),
    ]
    terminal("consent", "withdraw", code, "--scope", "capture")
    terminal("consent", "expiring").says(0, f"{SOON}  {code}  publish.web\n")
    renew = ["consent", "renew", code, "--until", NEXT_YEAR, "--scope", "publish.web"]
    terminal(*renew).says(0, f"Consent {code}: renewed on <second>, publish.web\n")
    terminal("consent", "expiring").says(0, "", "Nothing ends within 30 days.\n")
    terminal(*renew).refuses(1, f"scope publish.web: expected a later end than {NEXT_YEAR}")


@pytest.mark.parametrize("within", ["30", "d", "99999d", "-1d", "3w"])
def test_another_time_is_wrong_use(terminal: Terminal, workshop: Workshop, within: str) -> None:
    ran = terminal("consent", "expiring", f"--within={within}")
    assert (ran.code, ran.err.splitlines()[0]) == (
        2,
        f"provenance: error: within: expected days such as 30d, got {within!r}",
    )


# --- event


def test_what_was_done_is_recorded(terminal: Terminal, workshop: Workshop) -> None:
    event = ["consent", "event", workshop.code]
    terminal(*event, "disclosed", "--to", "Acme GmbH").says(
        0, f"Consent {workshop.code}: disclosed on <second>, all of it\n"
    )
    document = terminal(*event, "source-photos-deleted", "--scope", "capture", "--json").document()
    assert (document["event"]["type"], document["event"]["scopes"]) == ("source-photos-deleted", ["capture"])
    assert "Acme" not in terminal("consent", "show", workshop.code).out
    withdrawn = terminal("consent", "withdraw", workshop.code, "--json").document()
    assert withdrawn["recall"]["recipients"] == ["Acme GmbH"]
    assert withdrawn["recall"]["stamps"] == [{"entry": 3, "as": "camera"}]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["disclosed"], "say to whom with --to NAME, for the type disclosed and no other"),
        (["model-destroyed", "--to", "x"], "say to whom with --to NAME, for the type disclosed and no other"),
        (
            ["withdrawal-answered"],
            "say --answer granted or declined, for the type withdrawal-answered and no other",
        ),
        (
            ["model-destroyed", "--answer", "granted"],
            "say --answer granted or declined, for the type withdrawal-answered and no other",
        ),
    ],
)
def test_an_event_without_what_it_needs_is_wrong_use(
    terminal: Terminal, workshop: Workshop, arguments: list[str], message: str
) -> None:
    terminal("consent", "event", workshop.code, *arguments).refuses(2, message, "see provenance consent event --help")


# --- withdrawing


def test_a_withdrawal_leaves_a_signed_receipt_and_says_whom_to_tell(terminal: Terminal, workshop: Workshop) -> None:
    code = recorded(terminal, "--permit", "publish.web", "--recipient", "Acme GmbH")
    ran = terminal("consent", "withdraw", code)
    assert ran.out.splitlines()[-2:] == ["Tell: Acme GmbH", f"Receipt: receipts/{code}-withdrawal-1.json"]
    place = Path(f"receipts/{code}-withdrawal-1.json")
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    record = parse_receipt(Path(f"receipts/{code}.json").read_bytes()).record
    parse_withdrawal_receipt(place.read_bytes()).verify(record)


def test_what_is_irrevocable_is_asked_for(terminal: Terminal, workshop: Workshop) -> None:
    stock = ["--basis", "publish.stock=A6-1-b-contract-performance", "--until", NEXT_YEAR]
    locked = ["--revocable", f"publish.stock=irrevocable_until:{SOON}"]
    code = recorded(terminal, "--permit", "capture", "--permit", "publish.stock", *stock, *locked)
    out = terminal("consent", "withdraw", code).out.splitlines()
    assert [line.partition(" on ")[0] for line in out[:2]] == [
        f"Consent {code} withdrawn",
        f"Consent {code} asked to be withdrawn (still irrevocable)",
    ]
    assert terminal("consent", "check", code, "--for", "publish.stock").code == 0
    answer = ["consent", "event", code, "withdrawal-answered", "--scope", "publish.stock", "--answer", "granted"]
    assert terminal(*answer).code == 0
    assert terminal("consent", "check", code, "--for", "publish.stock").code == 1


# --- new: who signs, and how


def test_a_child_is_recorded_with_a_guardian(terminal: Terminal, workshop: Workshop) -> None:
    born = str(date(TODAY.year - 10, 1, 1))
    arguments = ["--permit", "capture", "--born", born]
    terminal(*NEW, *arguments).refuses(
        1,
        "guardian: expected one with their relationship, as the subject is a minor",
        "add --guardian NAME and --relationship parent or guardian",
    )
    terminal(*NEW, *arguments, "--guardian", "Лорд Байрон").refuses(
        2,
        "say what the guardian is to the minor: --relationship parent or guardian",
        "see provenance consent new --help",
    )
    terminal(*NEW, *arguments, "--relationship", "parent").refuses(
        2, "name the guardian: --guardian NAME", "see provenance consent new --help"
    )
    guardian = ["--guardian", "Лорд Байрон", "--relationship", "parent"]
    code = recorded(terminal, *arguments, *guardian)
    assert terminal("consent", "check", code, "--for", "capture").code == 0
    ai = ["--permit", "ai.generate", "--until", NEXT_YEAR, "--use", USE, "--initials", "ai.generate=LB"]
    message = "scope ai.generate: the subject is a minor, for whom AI is never permitted"
    terminal(*NEW, *arguments, *guardian, *ai).refuses(1, message)


def test_a_form_on_paper_is_recorded_as_that(terminal: Terminal, workshop: Workshop) -> None:
    Path("form.pdf").write_bytes(b"%PDF-1.7\n")
    ran = terminal("consent", "new", "--subject", "Zoë", "--permit", "capture", "--scan", "form.pdf", "--json")
    assert ran.document()["assurance"] == "recorded"
    both = terminal(*NEW, "--permit", "capture", "--scan", "form.pdf")
    message = "say how they signed: either --ink FILE, --typed or --scan FILE"
    both.refuses(2, message, "see provenance consent new --help")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--initials", "ai.generate"], 2, "--initials: expected SCOPE=VALUE, such as ai.generate=…"),
        (["--ai-service", "Faces"], 2, "name the service and its system: --ai-service NAME/SYSTEM"),
        (["--initials", "mine=A", "--initials", "mine=B"], 3, "--initials: mine is given twice"),
        (["--initials", "mine=A"], 1, "scope mine: has initials, and was not permitted"),
    ],
)
def test_terms_that_mean_nothing_are_refused(
    terminal: Terminal, workshop: Workshop, arguments: list[str], code: int, message: str
) -> None:
    hint = "see provenance consent new --help" if code == 2 else None
    terminal(*NEW, "--permit", "capture", *arguments).refuses(code, message, hint)


def test_everything_that_can_be_said_is_recorded(terminal: Terminal, workshop: Workshop) -> None:
    said = ["--recipient", "Acme GmbH", "--photographer", "Bo Lind", "--ai-service", "Faces Ltd/PortraitModel"]
    person = ["--born", "1990-01-01", "--phone", "+49 30 1", "--address", "Hauptstraße 1", "--shoot", SOON, SOON]
    bounds = ["--constraint", "no-political", "--grantee", "Conference Ltd", "--supersedes", workshop.code]
    code = recorded(terminal, "--permit", "publish.web", *said, *person, *bounds)
    record = parse_receipt(Path(f"receipts/{code}.json").read_bytes()).record
    assert record.body["photographer"] == {"name": "Bo Lind"}
    assert record.body["ai_service"] == {"name": "Faces Ltd", "system": "PortraitModel"}
    assert record.body["shoot"] == {"start": SOON, "end": SOON}
    assert record.recipients == ("Acme GmbH",)
    assert terminal("consent", "check", workshop.code, "--for", "capture").out.startswith(
        "no: the consent was replaced by a newer record on "
    )


# --- request, sign, countersign


@pytest.mark.parametrize(
    "kind", [["-algorithm", "ed25519"], ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]]
)
def test_a_person_signs_elsewhere(terminal: Terminal, workshop: Workshop, kind: list[str]) -> None:
    subprocess.run(["openssl", "genpkey", *kind, "-out", "key.pem"], check=True, capture_output=True)
    ai = ["--adult", "--permit", "ai.generate", "--until", NEXT_YEAR, "--use", USE, "--representation", "counsel"]
    asked = terminal("consent", "request", "--subject", "Ада", "--permit", "capture", *ai, "-o", "request.json")
    asked.says(
        0,
        "Request: request.json\n",
        "They sign it with: provenance consent sign REQUEST --key KEY -o SIGNED\n",
    )
    seen = terminal("consent", "sign", "request.json")
    assert (seen.code, seen.err) == (0, "Not signed. To sign, add --key KEY -o SIGNED.\n")
    assert "  legal_name: Ада\n" in seen.out
    assert "  yes: make new pictures of the person with AI (ai.generate), anywhere" in seen.out
    sign = ["consent", "sign", "request.json", "--key", "key.pem"]
    terminal(*sign).says(
        2,
        seen.out,
        "provenance: error: say where to write what you sign: -o SIGNED\nhint: see provenance consent sign --help\n",
    )
    refusal = terminal(*sign, "-o", "signed.json")
    assert refusal.code == 1
    assert "scope ai.generate: expected initials of its own" in refusal.err
    done = terminal(*sign, "--initial", "ai.generate", "-o", "signed.json")
    assert done.out.endswith("Signed as subject: signed.json\n")
    document = terminal("consent", "countersign", "signed.json", "--json").document()
    assert document["assurance"] == "session-key"
    parse_receipt(Path(document["receipt"]).read_bytes()).verify()
    again = terminal("consent", "countersign", "signed.json")
    again.refuses(1, "request: it was countersigned already")


def test_a_key_that_cannot_sign_is_refused(terminal: Terminal, workshop: Workshop) -> None:
    assert terminal("consent", "request", "--subject", "A", "--permit", "capture", "-o", "r.json").code == 0
    Path("key.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    ran = terminal("consent", "sign", "r.json", "--key", "key.pem", "-o", "s.json")
    assert ran.code == 3
    assert ran.err.splitlines() == [
        "provenance: error: key.pem: expected an unencrypted private key in pem, ed25519 or p-256",
        "hint: make one with: openssl genpkey -algorithm ed25519 -out key.pem",
    ]
    assert not Path("s.json").exists()


# --- circumstances


def test_the_circumstances_are_sealed_and_shown_to_who_may_see_them(terminal: Terminal, workshop: Workshop) -> None:
    told = {
        "--shoot-location": "Vienna, Prater",
        "--shoot-description": "portraits in the rain",
        "--amount": "EUR 250",
        "--alternative": "a drawing",
    }
    options = [part for pair in told.items() for part in pair]
    code = recorded(terminal, "--permit", "capture", "--compensation", "paid", "--employee", *options)
    shown = terminal("consent", "show", code).out
    assert "  payment    paid\n" in shown
    for name, text in (
        ("shoot location", "Vienna, Prater"),
        ("shoot description", "portraits in the rain"),
        ("compensation amount", "EUR 250"),
        ("employment context", "yes"),
        ("alternative offered", "a drawing"),
    ):
        assert f"{name}" in shown
        assert text in shown
        assert text.encode() not in Path("studio.db").read_bytes() or text == "yes"


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--amount", "EUR 5"], 2, "--amount is of what they get: add --compensation paid or in-kind"),
        (
            ["--amount", "0", "--compensation", "none"],
            2,
            "--amount is of what they get: add --compensation paid or in-k",
        ),
        (
            ["--compensation", "fame"],
            2,
            "invalid value for '--compensation': 'fame' is not one of 'none', 'paid', 'in-",
        ),
        (["--representation", "my aunt"], 2, "representation: expected none, counsel or union, got 'my aunt'"),
        (["--employee"], 1, "employment: expected what else they could have chosen, got nothing"),
        (["--shoot-location", "a\nb"], 3, "shoot_location: expected 1 to 200 printable characters"),
        (["--ai-service", "Faces"], 2, "name the service and its system: --ai-service NAME/SYSTEM"),
        (["--ai-service", "/x/1"], 2, "name the service and its system: --ai-service NAME/SYSTEM"),
    ],
)
def test_circumstances_that_cannot_be_so_are_refused(
    terminal: Terminal, workshop: Workshop, options: list[str], code: int, message: str
) -> None:
    ran = terminal(*NEW, "--permit", "capture", *options)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith(f"provenance: error: {message}")


def test_an_ai_service_has_a_system_and_maybe_a_version(terminal: Terminal, workshop: Workshop) -> None:
    for text, expected in (
        ("Faces Ltd/Portrait", {"name": "Faces Ltd", "system": "Portrait"}),
        ("Faces Ltd/Portrait/3.1", {"name": "Faces Ltd", "system": "Portrait", "version": "3.1"}),
    ):
        code = recorded(terminal, "--permit", "capture", "--ai-service", text)
        receipt = parse_receipt((workshop.path / "receipts" / f"{code}.json").read_bytes())
        assert receipt.record.body["ai_service"] == expected
