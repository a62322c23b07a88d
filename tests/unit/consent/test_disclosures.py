import hashlib
import json

import pytest
from support.consents import signed_record
from support.refusals import refused

from provenance.canonical import Json, canonical_bytes, from_base64url, to_base64url
from provenance.consent.disclosures import SALT_BYTES, Disclosure, verify_disclosures
from provenance.consent.records import parse_record
from provenance.errors import InputError, VerificationError

SALT = bytes(range(16))
NAME = Disclosure(SALT, "legal_name", "Zoë Ångström")
EMAIL = Disclosure(bytes(16), "email", "zoe@example.org")
WITNESS = Disclosure(bytes([7]) * 16, "witness_name", "Bo Lind")


def written(array: Json) -> str:
    return to_base64url(canonical_bytes(array))


def test_a_disclosure_is_the_array_of_its_salt_name_and_value() -> None:
    array = json.loads(from_base64url(NAME.to_text(), place="disclosure"))
    assert array == [to_base64url(SALT), "legal_name", "Zoë Ångström"]


# RFC 9901, 4.2.3: over the text of the disclosure, not over what it encodes.
def test_a_digest_is_made_over_the_text_of_the_disclosure() -> None:
    assert NAME.digest() == to_base64url(hashlib.sha256(NAME.to_text().encode("ascii")).digest())


@pytest.mark.parametrize("value", ["", "Zoë Ångström", "写真 館", "𠮷野", "a\nb", "x" * 10_000])
def test_a_disclosure_is_read_as_it_was_written(value: str) -> None:
    disclosure = Disclosure.make("legal_name", value)
    assert Disclosure.from_text(disclosure.to_text()) == disclosure


def test_two_disclosures_of_one_datum_have_different_salts_and_digests() -> None:
    one, two = Disclosure.make("email", "zoe@example.org"), Disclosure.make("email", "zoe@example.org")
    assert len(one.salt) == len(two.salt) == SALT_BYTES == 16
    assert one.salt != two.salt
    assert one.digest() != two.digest()


def test_a_digest_depends_on_salt_name_and_value() -> None:
    made = {
        NAME.digest(),
        Disclosure(bytes(16), NAME.name, NAME.value).digest(),
        Disclosure(SALT, "email", NAME.value).digest(),
        Disclosure(SALT, NAME.name, "Zoe Angstrom").digest(),
    }
    assert len(made) == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "disclosure: expected json, got something else at line 1 column 1"),
        ("*", "disclosure: expected base64url without padding"),
        ("AAA=", "disclosure: expected base64url without padding"),
        ("AB", "disclosure: expected base64url without stray bits"),
        (to_base64url(b"\xff"), "disclosure: expected json, got bytes that are not UTF-8"),
        (to_base64url(b"[1.5]"), "disclosure: expected json, got the number 1.5, where only whole numbers are allowed"),
        (written({}), "disclosure: expected salt, name and value"),
        (written("text"), "disclosure: expected salt, name and value"),
        (written([]), "disclosure: expected salt, name and value"),
        (written([to_base64url(SALT), "email"]), "disclosure: expected salt, name and value"),
        (written([to_base64url(SALT), "email", "a", "b"]), "disclosure: expected salt, name and value"),
        (written([to_base64url(SALT), 5, "a"]), "disclosure: expected name and value as text"),
        (written([to_base64url(SALT), "email", None]), "disclosure: expected name and value as text"),
        (written([5, "email", "a"]), "disclosure salt: expected base64url without padding"),
        (written(["", "email", "a"]), "disclosure salt: expected 16 bytes, got 0"),
        (written([to_base64url(bytes(17)), "email", "a"]), "disclosure salt: expected 16 bytes, got 17"),
    ],
)
def test_another_text_than_a_disclosure_is_refused(text: str, message: str) -> None:
    with refused(InputError, message):
        Disclosure.from_text(text)


def test_disclosures_belong_to_a_body_with_their_digests() -> None:
    verify_disclosures([NAME, EMAIL], digests=[EMAIL.digest(), WITNESS.digest(), NAME.digest()])


def test_a_body_need_not_be_disclosed() -> None:
    verify_disclosures([], digests=[NAME.digest()])
    verify_disclosures([], digests=[])


@pytest.mark.parametrize(
    "digests", [[], [NAME.digest()], [EMAIL.digest()[:-1]], [EMAIL.digest() + "="], [EMAIL.to_text()]]
)
def test_a_disclosure_of_another_record_is_refused_without_showing_its_value(digests: list[str]) -> None:
    message = "disclosure email: does not belong to this record"
    with refused(VerificationError, message, code="disclosure-foreign"):
        verify_disclosures([EMAIL], digests=digests)


def test_one_foreign_disclosure_among_others_is_refused() -> None:
    message = "disclosure witness_name: does not belong to this record"
    with refused(VerificationError, message, code="disclosure-foreign"):
        verify_disclosures([NAME, WITNESS, EMAIL], digests=[NAME.digest(), EMAIL.digest()])


def test_a_changed_datum_is_refused() -> None:
    record = signed_record(disclosures=[NAME])
    verify_disclosures([NAME], digests=record.disclosure_digests)
    changed = Disclosure(NAME.salt, NAME.name, "Zoë Angström")
    with refused(VerificationError, "disclosure legal_name: does not belong…", code="disclosure-foreign"):
        verify_disclosures([changed], digests=record.disclosure_digests)


def test_a_record_whose_disclosures_were_erased_still_verifies() -> None:
    record = signed_record(disclosures=[NAME, EMAIL, WITNESS])
    stored = record.to_bytes()
    assert parse_record(stored) == record
    verify_disclosures([EMAIL], digests=parse_record(stored).disclosure_digests)


def test_a_record_holds_digests_in_an_order_that_says_nothing() -> None:
    record = signed_record(disclosures=[NAME, EMAIL, WITNESS])
    assert list(record.disclosure_digests) == sorted([NAME.digest(), EMAIL.digest(), WITNESS.digest()])


def test_a_record_holds_none_of_the_disclosed_data() -> None:
    stored = signed_record(disclosures=[NAME, EMAIL, WITNESS]).to_bytes().decode()
    payload = from_base64url(json.loads(stored)["payload"], place="payload").decode()
    for disclosure in (NAME, EMAIL, WITNESS):
        assert disclosure.value not in stored + payload
        assert to_base64url(disclosure.salt) not in stored + payload
        assert disclosure.name not in payload
