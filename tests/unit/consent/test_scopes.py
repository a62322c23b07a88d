import pytest

from provenance.consent.scopes import Scope


def test_the_scopes_are_these() -> None:
    assert [*Scope] == [
        "capture",
        "publish.internal",
        "publish.web",
        "publish.social",
        "publish.press",
        "publish.advertising",
        "publish.stock",
        "identify",
        "edit.basic",
        "edit.retouch",
        "ai.edit",
        "ai.generate",
        "ai.finetune",
        "ai.train",
        "ai.infer",
        "mine",
        "biometric.template",
        "biometric.match",
        "sublicense",
        "transfer",
        "post_mortem",
    ]


@pytest.mark.parametrize("scope", Scope)
def test_a_scope_is_written_as_its_value(scope: Scope) -> None:
    assert str(scope) == f"{scope}" == scope.value


@pytest.mark.parametrize("scope", Scope)
def test_a_scope_concerns_ai_where_its_name_begins_so(scope: Scope) -> None:
    assert scope.is_ai is (scope.value.split(".")[0] == "ai")


def test_five_scopes_concern_ai() -> None:
    assert [scope.value for scope in Scope if scope.is_ai] == [
        "ai.edit",
        "ai.generate",
        "ai.finetune",
        "ai.train",
        "ai.infer",
    ]


@pytest.mark.parametrize("scope", Scope)
def test_every_scope_has_a_meaning_in_plain_words(scope: Scope) -> None:
    meaning = scope.meaning
    assert meaning
    assert meaning.isprintable()
    assert meaning == meaning.strip()
    assert not meaning.endswith(".")


def test_no_two_scopes_mean_the_same() -> None:
    assert len({scope.meaning for scope in Scope}) == len(Scope)
