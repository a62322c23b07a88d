import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.refusals import assert_plain_message

from provenance.consent.codes import CODE_CHARACTERS, SECRET_CHARACTERS, parse_code, secret_digest
from provenance.errors import InputError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODES = st.text(ALPHABET, min_size=CODE_CHARACTERS, max_size=CODE_CHARACTERS)
SECRETS = st.text(ALPHABET, min_size=SECRET_CHARACTERS, max_size=SECRET_CHARACTERS)

WRITTEN_FOR = {"0": "0Oo", "1": "1IiLl"}


def grouped(plain: str) -> str:
    return "-".join(plain[start : start + 4] for start in range(0, len(plain), 4))


@st.composite
def typed(draw: st.DrawFn, plain: str) -> str:
    """Draw one of the ways in which a person types a code: any case, lookalikes, spaces and hyphens anywhere."""
    written = []
    for character in plain:
        written.append(draw(st.sampled_from(WRITTEN_FOR.get(character, character + character.lower()))))
        written.append(draw(st.sampled_from(["", "", "", "-", " ", "  ", " - "])))
    return draw(st.sampled_from(["", " ", "\n", "\t"])) + "".join(written) + draw(st.sampled_from(["", " ", "\r\n"]))


@given(CODES, st.data())
def test_a_code_is_read_however_it_was_typed(plain: str, data: st.DataObject) -> None:
    assert parse_code(data.draw(typed(plain))) == grouped(plain)


@given(CODES)
def test_a_code_that_was_read_is_read_as_itself(plain: str) -> None:
    code = parse_code(plain)
    assert parse_code(code) == code


@given(SECRETS, st.data())
def test_a_secret_is_read_however_it_was_typed(plain: str, data: st.DataObject) -> None:
    assert secret_digest(data.draw(typed(plain))) == secret_digest(grouped(plain))


@given(SECRETS, st.integers(0, SECRET_CHARACTERS - 1), st.sampled_from(ALPHABET))
def test_another_character_makes_another_secret(plain: str, position: int, character: str) -> None:
    other = plain[:position] + character + plain[position + 1 :]
    assert (secret_digest(other) == secret_digest(plain)) is (other == plain)


@given(st.text(max_size=40))
@example("8F3K-QXUP")
@example("8F3K-QX2\x00")
def test_any_other_text_is_refused_plainly(text: str) -> None:
    try:
        assert grouped(parse_code(text).replace("-", "")) == parse_code(text)
    except InputError as error:
        assert_plain_message(error)
        assert error.code == "code-form"  # noqa: PT017 either answer is one


@given(CODES, st.integers(1, CODE_CHARACTERS - 2), st.sampled_from("U!?_.,;:/\\'\"\n\t\x00\u200b–—"))
def test_a_code_with_any_other_sign_within_is_refused(plain: str, position: int, sign: str) -> None:
    for text in (plain[:position] + sign + plain[position:], plain[:position] + sign + plain[position + 1 :]):
        with pytest.raises(InputError):
            parse_code(text)
