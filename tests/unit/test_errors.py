import inspect
import re

import pytest
from support.refusals import assert_plain_message, refused

from provenance import errors
from provenance.errors import (
    CorruptLedgerError,
    CredentialError,
    ForkedLogError,
    InputError,
    KeyMaterialError,
    LedgerError,
    MissingExtraError,
    NetworkError,
    NoCredentialError,
    ProvenanceError,
    RefusedError,
    RemoteCredentialError,
    RolledBackError,
    StudioError,
    VaultError,
    VerificationError,
    WitnessConflictError,
    WitnessRefusedError,
)

TREE = [
    (ProvenanceError, Exception, "error"),
    (RefusedError, ProvenanceError, "refused"),
    (InputError, ProvenanceError, "malformed-input"),
    (StudioError, ProvenanceError, "studio"),
    (KeyMaterialError, ProvenanceError, "key-material"),
    (VaultError, ProvenanceError, "vault"),
    (LedgerError, ProvenanceError, "ledger"),
    (CorruptLedgerError, LedgerError, "ledger-corrupt"),
    (RolledBackError, LedgerError, "ledger-rolled-back"),
    (ForkedLogError, LedgerError, "log-forked"),
    (WitnessConflictError, LedgerError, "witness-conflict"),
    (WitnessRefusedError, LedgerError, "witness-refused"),
    (CredentialError, ProvenanceError, "credential"),
    (NoCredentialError, CredentialError, "no-credential"),
    (RemoteCredentialError, CredentialError, "remote-credential"),
    (MissingExtraError, ProvenanceError, "extra-missing"),
    (NetworkError, ProvenanceError, "network"),
    (VerificationError, ProvenanceError, "verification"),
]
KINDS = [kind for kind, _, _ in TREE]


def declared() -> set[type[object]]:
    return {kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__}


@pytest.mark.parametrize(("kind", "parent", "code"), TREE)
def test_an_error_has_its_place_in_the_tree_and_its_code(
    kind: type[ProvenanceError], parent: type[Exception], code: str
) -> None:
    assert kind.__base__ is parent
    assert kind.default_code == code
    assert kind("log: broken").code == code


def test_the_table_holds_every_error() -> None:
    assert declared() == set(KINDS)


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    lines = (errors.__doc__ or "").split("```")[1].strip().splitlines()
    drawn: list[tuple[str, str]] = []
    path: list[str] = []
    for line in lines:
        found = re.match(r"([│├└─\s]*)(\w+)", line)
        assert found is not None
        del path[len(found[1]) // 4 :]
        drawn.append((found[2], path[-1] if path else "Exception"))
        path.append(found[2])
    assert drawn == [(kind.__name__, parent.__name__) for kind, parent, _ in TREE]


def test_every_code_is_its_own_and_in_kebab_case() -> None:
    codes = [kind.default_code for kind in KINDS]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_without_more_has_its_message_and_no_hint(kind: type[ProvenanceError]) -> None:
    error = kind("log: broken")
    assert str(error) == "log: broken"
    assert error.args == ("log: broken",)
    assert error.hint is None


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_may_have_a_code_and_a_hint_of_its_own(kind: type[ProvenanceError]) -> None:
    error = kind("log: broken", code="log-broken", hint="run the audit")
    assert (error.code, error.hint) == ("log-broken", "run the audit")
    assert kind.default_code != "log-broken"


@pytest.mark.parametrize("kind", KINDS)
def test_the_check_of_a_refusal_accepts_the_error_that_it_names(kind: type[ProvenanceError]) -> None:
    with refused(kind, "log: expected 3…", code="log-broken", hint="run the audit"):
        raise kind("log: expected 3, got 4", code="log-broken", hint="run the audit")


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("log:\nbroken", r"log:\u{a}broken"),
        ("log: \x1b[31mbroken\x7f", r"log: \u{1b}[31mbroken\u{7f}"),
        ("log: \u202ebroken\u2028", r"log: \u{202e}broken\u{2028}"),
        ("log: \ud800\U000e0001", r"log: \u{d800}\u{e0001}"),
        ("log: Ümlaut, 日誌, 😀 and \\n", "log: Ümlaut, 日誌, 😀 and \\n"),
    ],
)
def test_a_message_stays_on_one_line_and_does_nothing_to_a_terminal(message: str, shown: str) -> None:
    assert str(InputError(message)) == shown
    assert_plain_message(InputError(message))


@pytest.mark.parametrize(
    "message", ["Log: broken", "log: broken.", "log:\nbroken", "log: \x1b[31mbroken", "7 is no log"]
)
def test_the_check_of_messages_refuses_other_forms(message: str) -> None:
    with pytest.raises(AssertionError):
        assert_plain_message(ValueError(message))


@pytest.mark.parametrize(
    "error",
    [
        InputError("log: broken, and more"),
        InputError("the log: broken"),
        InputError("log: broken", code="other"),
        InputError("log: broken", hint="other"),
        CorruptLedgerError("log: broken"),
    ],
)
def test_the_check_of_refusals_refuses_another_error(error: ProvenanceError) -> None:
    kind = InputError if isinstance(error, InputError) else LedgerError
    with pytest.raises(AssertionError), refused(kind, "log: broken"):
        raise error
