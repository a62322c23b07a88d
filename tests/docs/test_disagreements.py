"""The reference of disagreements says what the tests hold both validators to."""

from support.disagreements import ACCEPTED_THERE, CAUSES, DISAGREEMENTS_FILE, render_disagreements


def test_the_reference_is_what_the_tests_know() -> None:
    assert DISAGREEMENTS_FILE.read_text("utf-8") == render_disagreements(), "run tests/support/disagreements.py"


def test_no_file_stands_there_twice() -> None:
    named = [name for cause in CAUSES for name in cause.files] + list(ACCEPTED_THERE)
    assert len(named) == len(set(named))
