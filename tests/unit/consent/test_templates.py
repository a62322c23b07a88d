import hashlib
from datetime import date
from typing import Any

import pytest
from support.consents import NOW, TODAY, USE, signed_record
from support.refusals import refused

from provenance.canonical import to_base64url
from provenance.consent.grants import decide
from provenance.consent.parties import Terms
from provenance.consent.rules import kind_of
from provenance.consent.scopes import Scope
from provenance.consent.shelf import shipped
from provenance.consent.templates import MAX_CHARACTERS, MAX_WORDS, Template, parse_template
from provenance.errors import InputError

STUDIO = "Studio Lümen"
LANGUAGES = ["en", "de", "fr", "es", "ja"]
TEMPLATES = {template.id: template for template in shipped()}
BOTH = [(name, language) for name in TEMPLATES for language in LANGUAGES]

# A changed text needs a new version: people signed the digest of the one that they were shown.
GOLDEN: dict[tuple[str, str, str], str] = {
    ("actor-headshot", "1", "en"): "508589b8335e4e1c",
    ("actor-headshot", "1", "de"): "63db62e99895f016",
    ("actor-headshot", "1", "fr"): "c79530afdb5320b1",
    ("actor-headshot", "1", "es"): "16fd7855c5bb5fbb",
    ("actor-headshot", "1", "ja"): "a8302c2bc41d8d83",
    ("ai-headshot-service", "1", "en"): "0f9123a266ba2b5f",
    ("ai-headshot-service", "1", "de"): "38453bb10bee3560",
    ("ai-headshot-service", "1", "fr"): "17c9f3a961686131",
    ("ai-headshot-service", "1", "es"): "b4b0963a4d2351e3",
    ("ai-headshot-service", "1", "ja"): "8a8c046c00736cbf",
    ("corporate-headshot", "1", "en"): "12f130130fd678a2",
    ("corporate-headshot", "1", "de"): "04840428ec04fc71",
    ("corporate-headshot", "1", "fr"): "bd67e450a2a684ff",
    ("corporate-headshot", "1", "es"): "05bdf3a1d42779b9",
    ("corporate-headshot", "1", "ja"): "b891d3fb4587a707",
    ("stock-release", "1", "en"): "5f63cd95576eeccc",
    ("stock-release", "1", "de"): "c839d6d178179e85",
    ("stock-release", "1", "fr"): "9e2e83ee12e98986",
    ("stock-release", "1", "es"): "470af39a73791b29",
    ("stock-release", "1", "ja"): "9da2e46131b61b38",
}

OWN = """\
id = "own"
version = "1"
kind = "model_release"
languages = ["fa"]
jurisdictions = ["DE"]
legal_basis = "eu-gdpr:A6-1-b-contract-performance"
revocability = "notice:P30D"
retention = "ten years"
term = "P90D"
signers = ["witness"]

[[scopes]]
scope = "capture"
default = "permit"

[[scopes]]
scope = "mine"
default = "deny"
legal_basis = "eu-gdpr:A6-1-a"
revocability = "any_time"

[text.fa]
title = "عکس‌های شما"
text = "{studio} از شما عکس می‌گیرد."
permitted = "بله:"
denied = "نه:"
signing = "خواندم، {studio}."

[text.fa.choices]
capture = "عکس گرفتن"
mine = "داده‌کاوی"
"""


def parse(text: str, name: str = "own.toml") -> Template:
    return parse_template(text.encode(), name=name)


# --- shipped


def test_these_are_shipped() -> None:
    assert list(TEMPLATES) == ["actor-headshot", "ai-headshot-service", "corporate-headshot", "stock-release"]
    assert TEMPLATES["ai-headshot-service"].kind == "digital_replica"


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_shipped_template_is_complete_in_all_languages(name: str) -> None:
    template = TEMPLATES[name]
    assert list(template.wordings) == LANGUAGES
    for words in template.wordings.values():
        assert set(words.choices) == set(template.scopes)
        assert len(set(words.choices.values())) == len(template.scopes)
        assert "{studio}" in words.text
    for asked in template.asked:
        assert asked.default == "deny"


@pytest.mark.parametrize(("name", "language"), BOTH)
def test_a_shipped_text_is_short(name: str, language: str) -> None:
    words = TEMPLATES[name].wording(language)
    before = f"{words.title} {words.text}"
    if language == "ja":
        assert 100 < len("".join(before.split())) <= MAX_CHARACTERS == 400
    else:
        assert 60 < len(before.split()) <= MAX_WORDS == 120


@pytest.mark.parametrize(("name", "language"), BOTH)
def test_a_shipped_text_of_this_version_does_not_change(name: str, language: str) -> None:
    template = TEMPLATES[name]
    shown = template.render(language, studio=STUDIO) + template.intent(language, studio=STUDIO)
    found = hashlib.sha256(shown.encode()).hexdigest()[:16]
    assert GOLDEN.get((name, template.version, language)) == found


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("everything", [False, True])
def test_what_a_shipped_template_asks_can_be_signed(name: str, *, everything: bool) -> None:
    template = TEMPLATES[name]
    permit = [asked.scope for asked in template.asked if everything or asked.default == "permit"]
    grants = decide(
        permit=permit,
        deny=[scope for scope in template.scopes if scope not in permit],
        since=TODAY,
        until=template.last_day(TODAY),
        territory=(),
        use=USE,
        bases={asked.scope: asked.legal_basis for asked in template.asked if asked.scope in permit},
        revocability={asked.scope: asked.revocability for asked in template.asked if asked.scope in permit},
    )
    record = signed_record(grants, terms=Terms(age_class="adult", retention=template.retention))
    assert record.body["retention"] == {"rule": template.retention}
    if everything:
        assert kind_of(grants, minor=False) == record.body["kind"] == template.kind


# --- as shown


def test_the_canonical_text_holds_everything_in_one_language() -> None:
    shown = parse(OWN).render("fa", studio=STUDIO)
    assert shown == (
        "عکس‌های شما\n\nStudio Lümen از شما عکس می‌گیرد.\n\nبله:\n- عکس گرفتن\n\nنه:\n- داده‌کاوی\n\nown 1 (fa)\n"
    )


def test_a_notice_is_of_the_text_as_shown() -> None:
    template = parse(OWN)
    notice = template.notice("fa", studio=STUDIO, presented_at=NOW)
    assert (notice.template, notice.version, notice.language, notice.presented_at) == ("own", "1", "fa", NOW)
    assert notice.digest == hashlib.sha256(template.render("fa", studio=STUDIO).encode()).digest()
    assert notice.intent == hashlib.sha256("خواندم، Studio Lümen.".encode()).digest()
    assert len(to_base64url(notice.digest)) == 43


@pytest.mark.parametrize("language", ["fa-IR", "en", ""])
def test_a_language_that_it_lacks_is_refused(language: str) -> None:
    message = f"template own: expected one of its languages, got {language!r}"
    with refused(InputError, message, code="template-language", hint="it has fa"):
        parse(OWN).render(language, studio=STUDIO)


@pytest.mark.parametrize(
    ("term", "first", "last"),
    [
        ("P90D", date(2026, 1, 1), date(2026, 3, 31)),
        ("P1D", date(2026, 1, 1), date(2026, 1, 1)),
        ("P2Y", date(2026, 11, 24), date(2028, 11, 23)),
        ("P1Y", date(2028, 2, 29), date(2029, 2, 28)),
        ("P1Y", date(2028, 3, 1), date(2029, 2, 28)),
        ("P4Y", date(2027, 3, 1), date(2031, 2, 28)),
        ("P1Y", date(2027, 3, 1), date(2028, 2, 29)),
    ],
)
def test_a_term_is_of_whole_days(term: str, first: date, last: date) -> None:
    assert parse(OWN.replace("P90D", term)).last_day(first) == last


def test_a_template_may_have_no_term() -> None:
    assert parse(OWN.replace('term = "P90D"\n', "")).last_day(TODAY) is None


# --- a studio's own


def test_an_own_template_says_what_its_file_says() -> None:
    template = parse(OWN)
    assert (template.retention, template.jurisdictions, template.signers) == ("ten years", ("DE",), ("witness",))
    assert [(asked.scope, asked.default, asked.legal_basis, asked.revocability) for asked in template.asked] == [
        (Scope.CAPTURE, "permit", "eu-gdpr:A6-1-b-contract-performance", "notice:P30D"),
        (Scope.MINE, "deny", "eu-gdpr:A6-1-a", "any_time"),
    ]


CAPTURE = 'scope = "capture"\ndefault = "permit"'
MINE = 'scope = "mine"\ndefault = "deny"'
BASIS = 'basis = "eu-gdpr:A6-1-b-contract-performance"'
AI = 'scope = "ai.edit"\ndefault = "deny"'
WORDS = "word " * 117


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('id = "own"', 'id = "Own"', "id: expected lower-case words joined by -, got Own"),
        ('id = "own"', 'id = "../own"', "id: expected lower-case words joined by -, got ../own"),
        ('id = "own"', 'id = "other"', "id: expected own, as the file is called, got other"),
        ('id = "own"', 'id = "own"\ncolour = 1', "colour: expected no such member, got one"),
        ('version = "1"\n', "", "version: expected it, got nothing"),
        ('version = "1"', "version = 1", "version: expected up to 32 letters, digits, dots and dashes, got 1"),
        (
            "model_release",
            "digital_replica",
            "kind: expected model_release for these scopes and signers, got digital_…",
        ),
        (
            '"model_release"',
            '"release"',
            "kind: expected one of model_release, digital_replica, biometric_release, gu…",
        ),
        ('["fa"]', "[]", "languages: expected at least one, got none"),
        ('["fa"]', '["fa", "fa"]', "languages: expected no word twice, got one"),
        ('["fa"]', '["Persian"]', "languages: expected codes such as de or pt-BR, got Persian"),
        ('["fa"]', '["fa", "de"]', "text.de: expected it, got nothing"),
        ('["fa"]', '["de"]', "text.fa: expected no such member, got one"),
        ('["fa"]', '"fa"', "languages: expected a list of words, got something else"),
        ('["DE"]', '["WORLD"]', "jurisdictions: expected two capital letters such as DE, got WORLD"),
        ('["DE"]', '["de"]', "jurisdictions: expected two capital letters such as DE, got de"),
        ('["DE"]', '["Germany"]', "jurisdictions: expected two capital letters such as DE, got Germany"),
        (BASIS, 'basis = "law"', "legal_basis: expected a word of the vocabulary, got law"),
        (BASIS, 'basis = "eu-gdpr:A6-1-a"', "scopes[0].default: expected deny for capture, as consent is never giv…"),
        (
            'revocability = "any_time"',
            'revocability = "notice:P1D"',
            "scopes[1].revocability: expected any_time for mine, as consent can be withdrawn, got …",
        ),
        ('permitted = "بله:"\n', "", "text.fa.permitted: expected it, got nothing"),
        ('default = "permit"', 'default = "deny"', "text.fa.permitted: expected no such member, got one"),
        ("notice:P30D", "irrevocable_until:2030-01-01", "revocability: expected any_time or notice:P30D, as a templa…"),
        ("notice:P30D", "never", "revocability: expected a word of the vocabulary, got never"),
        ("P90D", "PT1H", "term: expected years such as P2Y, or days such as P90D, got PT1H"),
        ('["witness"]', '["notary"]', "signers: expected some of guardian, witness, photographer, got notary"),
        (CAPTURE, MINE, "scopes: expected every scope once, got mine"),
        (
            '"capture"\ndef',
            '"fly"\ndef',
            "scopes[0].scope: expected one of capture, publish.internal, publish.web, pu…",
        ),
        ('"permit"', '"ask"', "scopes[0].default: expected one of permit, deny, got ask"),
        (CAPTURE, AI.replace("deny", "permit"), "scopes[0].default: expected deny, as ai.edit is permitted only by w…"),
        (
            CAPTURE,
            'scope = "biometric.match"\ndefault = "permit"',
            "scopes[0].default: expected deny, as biometric.ma…",
        ),
        (
            MINE,
            'scope = "biometric.match"\ndefault = "deny"',
            "scopes[1].legal_basis: expected eu-gdpr:A9-2-a, as bio…",
        ),
        ('title = "', 'title = "\\u202e', "text.fa.title: expected printable characters, got U+202E"),
        ('title = "', 'title = "a\\nb', "text.fa.title: expected one line of up to 200 characters, got 14"),
        ('title = "', 'title = "{term} ', "text.fa.title: expected no braces but those of {studio}, got others"),
        ('text = "', f'text = "{WORDS}', "text.fa.text: expected at most 120 words with the title, got 124"),
        ('signing = "', 'sign = "', "text.fa.sign: expected no such member, got one"),
        ('capture = "عکس گرفتن"\n', "", "text.fa.choices.capture: expected it, got nothing"),
        ('capture = "عکس گرفتن"', 'capture = ""', "text.fa.choices.capture: expected 1 to 4000 characters, got 0"),
        ('capture = "عکس گرفتن"', "capture = 1", "text.fa.choices.capture: expected text, got int"),
        ('mine = "', 'identify = "x"\nmine = "', "text.fa.choices.identify: expected no such member, got one"),
        ('version = "1"', "version = ", "expected toml: …"),
    ],
)
def test_what_a_template_may_not_say_is_refused_with_its_place(old: str, new: str, message: str) -> None:
    assert OWN.count(old) == 1
    with refused(InputError, f"templates/own.toml: {message}", code="template"):
        parse(OWN.replace(old, new))


def test_a_template_asks_for_something() -> None:
    start, end = OWN.index("[[scopes]]"), OWN.index("[text.fa]")
    for scopes, message in (
        ("scopes = []\n", "scopes: expected at least one, got none"),
        ("scopes = 3\n", "scopes: expected tables, got something else"),
    ):
        with refused(InputError, f"templates/own.toml: {message}", code="template"):
            parse(OWN[:start] + scopes + OWN[end:])
    with refused(InputError, "templates/own.toml: text.fa: expected a table, got int", code="template"):
        parse(OWN[:end] + "[text]\nfa = 3\n")


def test_biometric_templates_are_called_so() -> None:
    asking = OWN.replace(MINE, 'scope = "biometric.match"\ndefault = "deny"').replace("mine = ", '"biometric.match" = ')
    asking = asking.replace('legal_basis = "eu-gdpr:A6-1-a"\n', "")
    message = "templates/own.toml: kind: expected biometric_release for these scopes and signers, got model_release"
    with refused(InputError, message, code="template"):
        parse(asking)
    assert parse(asking.replace("model_release", "biometric_release")).asked[1].legal_basis == "eu-gdpr:A9-2-a"


def test_ai_needs_a_term_and_is_never_asked_of_a_minor() -> None:
    asking = OWN.replace(MINE, AI).replace("mine = ", '"ai.edit" = ')
    assert parse(asking).scopes == (Scope.CAPTURE, Scope.AI_EDIT)
    message = "templates/own.toml: term: expected one, as consent to AI never lasts forever, got none"
    with refused(InputError, message, code="template"):
        parse(asking.replace('term = "P90D"\n', ""))
    message = "templates/own.toml: scopes: expected no ai.* for a minor, got ai.edit"
    with refused(InputError, message, code="template"):
        parse(asking.replace('["witness"]', '["guardian"]'))


def test_japanese_is_counted_by_the_character() -> None:
    japanese = OWN.replace('"fa"', '"ja"').replace("text.fa", "text.ja")
    most: Any = 400 - len("".join("عکس‌های شما".split()))
    fitting = japanese.replace("{studio} از شما عکس می‌گیرد.", "写" * most)
    assert parse(fitting).wording("ja").text == "写" * most
    message = "templates/own.toml: text.ja.text: expected at most 400 characters with the title, got 401"
    with refused(InputError, message, code="template"):
        parse(fitting.replace("写", "写写", 1))
