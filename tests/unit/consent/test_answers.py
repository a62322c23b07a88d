import pytest

from provenance.consent.answers import PUBLICATIONS, Answer, Answers
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, Permission
from provenance.status_lists import ANSWERS

EXPECTED = {
    ConsentCode.IN_FORCE: Answer.YES,
    ConsentCode.WITHDRAWN: Answer.NO,
    ConsentCode.LIMITED: Answer.NO,
    ConsentCode.EXPIRED: Answer.ENDED,
}


@pytest.mark.parametrize("code", list(ConsentCode))
def test_every_answer_of_a_consent_has_one_in_a_list(code: ConsentCode) -> None:
    answer = Answer.of(Permission(code, "reason"))
    assert answer is EXPECTED.get(code, Answer.ASK)
    assert Answer.of(Permission(code, "reason"), bounded=True) is (Answer.ASK if answer is Answer.YES else answer)


def test_answers_are_written_and_read_in_the_order_of_the_scopes() -> None:
    publications = {scope: Answer(number % 4) for number, scope in enumerate(PUBLICATIONS)}
    answers = Answers(Answer.YES, Answer.NO, publications)
    assert answers.to_values() == (0, 0, 1, 2, 3, 0, 1, 1)
    assert Answers.from_values(answers.to_values()) == answers
    assert len(answers.to_values()) == ANSWERS
    assert [scope.value for scope in PUBLICATIONS] == [
        "publish.internal",
        "publish.web",
        "publish.social",
        "publish.press",
        "publish.advertising",
        "publish.stock",
    ]


def test_a_use_that_no_list_tells_of_has_no_answer() -> None:
    answers = Answers(Answer.YES, Answer.YES, dict.fromkeys(PUBLICATIONS, Answer.NO))
    assert answers.about(None) is Answer.YES
    assert answers.about(Scope.PUBLISH_WEB) is Answer.NO
    assert answers.about(Scope.AI_TRAIN) is None
