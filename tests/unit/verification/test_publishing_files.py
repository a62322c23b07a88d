from collections.abc import Mapping

import pytest
from support.refusals import refused

from provenance.consent.scopes import Scope
from provenance.errors import InputError
from provenance.verification.publishing_files import MAX_BYTES, SHIPPED, parse_publishing_policy, shipped_text

WHOLE = """\
version = 1
missing = "refuse"
[credential]
allowed = ["trusted"]
issuers = ["Zoë's Studio"]
[origin]
allowed = ["edited"]
label = "tell"
[history]
allowed = ["clean"]
[ledger]
allowed = ["proven"]
[consent]
allowed = ["in-force"]
scope = "publish.web"
territory = "de"
medium = "print"
max_age_hours = 24
"""


def refusal(text: str | bytes) -> InputError:
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(InputError) as caught:
        parse_publishing_policy(data, name="mine.toml")
    message = str(caught.value)
    assert message.startswith("mine.toml: ")
    assert message.isprintable()
    assert not message.endswith(".")
    assert caught.value.code == "policy"
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_policy_can_be_read_and_says_what_it_is_for(name: str) -> None:
    policy = parse_publishing_policy(shipped_text(name).encode(), name=name)
    assert (policy.name, bool(policy.description)) == (name, True)
    assert policy.scope is not None
    assert policy.allowed["credential"] == {"trusted"}


def test_every_key_is_read() -> None:
    policy = parse_publishing_policy(WHOLE.encode(), name="mine.toml")
    assert (policy.missing, policy.label, policy.scope) == ("refuse", "tell", Scope.PUBLISH_WEB)
    assert (policy.territory, policy.medium) == ("DE", "print")
    assert policy.issuers == {"Zoë's Studio"}
    assert policy.max_age is not None
    assert policy.max_age.total_seconds() == 24 * 3600
    assert policy.allowed["origin"] == {"edited"}


CREDENTIAL = "trusted, valid, text-edited, expired"
CHANGES: Mapping[str, tuple[str, str, str]] = {
    "version of another time": ("version = 1", "version = 2", "version: expected 1, got 2"),
    "version that is no whole number": ("version = 1", "version = 1.0", "version: expected 1, got 1.0"),
    "version that is a truth": ("version = 1", "version = true", "version: expected 1, got True"),
    "no version": ("version = 1", "", "version: expected 1, got nothing"),
    "no missing": ('missing = "refuse"', "", "missing: expected 'check' or 'refuse', got nothing"),
    "missing accepted": ('"refuse"', '"ok"', "missing: expected 'check' or 'refuse', got 'ok'"),
    "unknown key": ('missing = "refuse"', 'missing = "refuse"\nfoo = 1', "unknown key 'foo'"),
    "unknown key of a part": ('label = "tell"', "lable = 1", "origin: unknown key 'lable'"),
    "a camera": ('scope = "publish.web"', 'camera = "x"', "consent: unknown key 'camera'"),
    "no table": ("[ledger]\n", "", "history.allowed: expected"),
    "unknown code": ('["trusted"]', '["fine"]', f"credential.allowed: expected codes among {CREDENTIAL}, got 'fine'"),
    "what fails": (
        '["trusted"]',
        '["invalid"]',
        f"credential.allowed: expected codes among {CREDENTIAL}, got 'invalid'",
    ),
    "an unknown consent": (
        '["in-force"]',
        '["unknown"]',
        "consent.allowed: expected codes among in-force, not-needed, not-linked, got 'unknown'",
    ),
    "no code": ('["trusted"]', "[]", "credential.allowed: expected at least one code, got a list"),
    "code that is no text": ('["trusted"]', "[1]", "credential.allowed: expected texts of 1 to 200 characters, got 1"),
    "code alone": (
        '["trusted"]',
        '"trusted"',
        "credential.allowed: expected a list of at most 256 texts, got 'trusted'",
    ),
    "issuers alone": (
        '["Zoë\'s Studio"]',
        "3",
        "credential.issuers: expected a list of at most 256 texts, got 3",
    ),
    "label": ('"tell"', '"no"', "origin.label: expected 'tell' or 'check', got 'no'"),
    "scope": ('"publish.web"', '"flying"', "consent.scope: expected a known one, got 'flying'"),
    "scope that is no text": (
        '"publish.web"',
        "[]",
        "consent.scope: expected a text of 1 to 200 characters, got a list",
    ),
    "territory": ('"de"', '"Germany"', "consent.territory: expected two letters such as DE, or WORLD, got 'Germany'"),
    "medium": ('"print"', '"paper"', "consent.medium: expected a known one, got 'paper'"),
    "issuer by a short digest": (
        '"Zoë\'s Studio"',
        '"sha256:abc"',
        "credential.issuers: expected sha256: and 64 digits from 0 to f, got 'sha256:abc'",
    ),
    "age of nothing": ("= 24", "= 0", "consent.max_age_hours: expected a whole number from 1 to 8784, got 0"),
    "age that is a truth": (
        "= 24",
        "= true",
        "consent.max_age_hours: expected a whole number from 1 to 8784, got True",
    ),
}


@pytest.mark.parametrize(("old", "new", "message"), CHANGES.values(), ids=CHANGES)
def test_what_is_not_as_it_must_be_is_refused_by_its_place(old: str, new: str, message: str) -> None:
    changed = WHOLE.replace(old, new, 1)
    assert changed != WHOLE
    if old == "[ledger]\n":
        # Two tables of one name.
        assert str(refusal(changed)).startswith("mine.toml: not toml: ")
        return
    assert str(refusal(changed)) == f"mine.toml: {message}"


def test_a_part_that_is_missing_is_named() -> None:
    changed = WHOLE.replace('[ledger]\nallowed = ["proven"]\n', "")
    assert str(refusal(changed)) == "mine.toml: ledger: expected a table [ledger], got nothing"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff", "expected text in utf-8"),
        (b"[", "not toml: "),
        (b"a = " + b"[" * 5000, "not toml: "),
        (b"a = " + b"1" * 5000, "not toml: "),
        (b"a = 2026-13-40", "not toml: "),
        (b"#" * (MAX_BYTES + 1), f"expected at most {MAX_BYTES} bytes, got {MAX_BYTES + 1}"),
    ],
)
def test_what_is_no_policy_is_refused(data: bytes, message: str) -> None:
    assert str(refusal(data)).startswith(f"mine.toml: {message}")


def test_a_policy_that_is_not_shipped_is_refused() -> None:
    with pytest.raises(InputError, match="policy: expected a shipped one, got 'x'"):
        shipped_text("x")


@pytest.mark.parametrize(("old", "place"), [("version = 1", "version"), ('missing = "check"', "missing")])
def test_a_number_that_nobody_can_read_is_refused(old: str, place: str) -> None:
    text = shipped_text("newsroom").replace(old, f"{place} = 0x{'f' * 9000}")
    with pytest.raises(InputError, match=r"^p: line \d+: expected at most 8192 bytes, got \d+$"):
        parse_publishing_policy(text.encode(), name="p")
    shorter = shipped_text("newsroom").replace(old, f"{place} = 0x{'f' * 5000}")
    with pytest.raises(InputError, match=rf"^p: {place}: expected .*, got a very large number$") as caught:
        parse_publishing_policy(shorter.encode(), name="p")
    assert caught.value.code == "policy"


def test_a_key_of_very_many_parts_is_refused_at_once() -> None:
    message = "p: line 1: expected at most 8192 bytes, got 64003"
    hint = "see a whole one: provenance policy show newsroom"
    with refused(InputError, message, code="policy", hint=hint):
        parse_publishing_policy(b"a." * 32000 + b"a=1", name="p")
