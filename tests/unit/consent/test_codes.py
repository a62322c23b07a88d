import hashlib
import re

import pytest
from support.refusals import refused

from provenance.consent.codes import (
    CODE_CHARACTERS,
    SECRET_CHARACTERS,
    new_code,
    new_secret,
    parse_code,
    secret_digest,
)
from provenance.errors import InputError

SECRET = "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV"
CODE_EXPECTED = "consent code: expected 8 letters and digits such as 8F3K-QX2P"
SECRET_EXPECTED = "withdrawal secret: expected 28 letters and digits"
HINT = "copy it from the receipt"

CHARACTER = "[0-9A-HJKMNP-TV-Z]"


def test_a_code_is_two_groups_of_four() -> None:
    assert all(re.fullmatch(f"{CHARACTER}{{4}}-{CHARACTER}{{4}}", new_code()) for _ in range(100))
    assert CODE_CHARACTERS == 8


def test_a_secret_is_seven_groups_of_four() -> None:
    assert all(re.fullmatch(f"({CHARACTER}{{4}}-){{6}}{CHARACTER}{{4}}", new_secret()) for _ in range(100))
    assert SECRET_CHARACTERS == 28


def test_no_two_codes_or_secrets_are_equal() -> None:
    assert len({new_code() for _ in range(200)}) == 200
    assert len({new_secret() for _ in range(200)}) == 200


def test_every_character_of_the_alphabet_is_used() -> None:
    assert {*"".join(new_secret() for _ in range(200))} == {*"0123456789ABCDEFGHJKMNPQRSTVWXYZ-"}


@pytest.mark.parametrize(
    "typed",
    [
        "8F3K-QX2P",
        "8f3k-qx2p",
        "8F3KQX2P",
        "8f3k qx2p",
        "  8F3K-QX2P\n",
        "\t8F3K-QX2P",
        "8 F 3 K Q X 2 P",
        "8-F-3-K-Q-X-2-P",
        "8F3K--QX2P-",
    ],
)
def test_a_code_is_read_however_it_was_typed(typed: str) -> None:
    assert parse_code(typed) == "8F3K-QX2P"


@pytest.mark.parametrize(("typed", "code"), [("OoOo-IiLl", "0000-1111"), ("o1l0-i10o", "0110-1100")])
def test_characters_that_look_alike_are_taken_for_the_digits(typed: str, code: str) -> None:
    assert parse_code(typed) == code


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "8F3K",
        "8F3K-QX2",
        "8F3K-QX2PA",
        "8F3K-QXUP",
        "8F3K-QX2!",
        "8F3K_QX2P",
        "8F3K\nQX2P",
        "8F3K\tQX2P",
        "8F3K–QX2P",
        "８F3KQX2P",
        "8F3KQX2Ä",
        "8F3KQX2\x00",
        "8F3K-QX2P" * 1000,
    ],
)
def test_another_code_is_refused(typed: str) -> None:
    with refused(InputError, CODE_EXPECTED, code="code-form", hint=HINT):
        parse_code(typed)


def test_a_refused_code_is_not_repeated_in_the_message() -> None:
    with pytest.raises(InputError) as caught:
        parse_code("8F3K-QXUP")
    assert "QXUP" not in str(caught.value)


def test_a_digest_is_of_the_plain_secret_under_a_tag() -> None:
    expected = hashlib.sha256(b"provenance/withdrawal/v1\x00" + SECRET.replace("-", "").encode()).digest()
    assert secret_digest(SECRET) == expected


@pytest.mark.parametrize(
    "typed",
    [
        SECRET.lower(),
        SECRET.replace("-", ""),
        SECRET.replace("-", " "),
        f"  {SECRET}\n",
        SECRET.replace("0", "O").replace("1", "I"),
        SECRET.replace("0", "o").replace("1", "l"),
    ],
)
def test_a_secret_is_read_however_it_was_typed(typed: str) -> None:
    assert secret_digest(typed) == secret_digest(SECRET)


@pytest.mark.parametrize("typed", ["", "8F3K-QX2P", SECRET[:-1], SECRET + "A", SECRET.replace("V", "U")])
def test_another_secret_is_refused(typed: str) -> None:
    with refused(InputError, SECRET_EXPECTED, code="code-form", hint=HINT):
        secret_digest(typed)


def test_a_refused_secret_is_not_repeated_in_the_message() -> None:
    with pytest.raises(InputError) as caught:
        secret_digest(SECRET[:-1])
    assert "89AB" not in str(caught.value)


def test_another_secret_has_another_digest() -> None:
    assert len({secret_digest(new_secret()) for _ in range(50)}) == 50
