import hashlib

import pytest
from support.consents import CONTROLLER, body_of, signed_record

from provenance.canonical import to_base64url
from provenance.consent import notice

NAMES = ["Studio Lümen", "写真館", "{studio}", "{}", "a{b", "%s"]


@pytest.mark.parametrize("name", NAMES)
def test_the_notice_names_the_studio_and_leaves_nothing_open(name: str) -> None:
    text = notice.render(name)
    assert text.startswith(f"{name} will take photographs of you.")
    assert text.count(name) == notice.TEXT.count("{studio}") == 3
    assert text.replace(name, "{studio}") == notice.TEXT


def test_the_digest_is_of_the_notice_as_shown() -> None:
    shown = notice.render("Studio Lümen")
    assert notice.digest("Studio Lümen") == hashlib.sha256(shown.encode()).digest()


def test_another_studio_shows_another_notice() -> None:
    assert len({notice.digest(name) for name in NAMES}) == len(NAMES)


def test_the_sentence_above_the_signature_has_a_digest_of_its_own() -> None:
    assert notice.intent_digest() == hashlib.sha256(notice.INTENT.encode()).digest()


# A changed text needs a new version: subjects signed the digest of the one that they were shown.
def test_the_text_of_this_version_does_not_change() -> None:
    assert (notice.VERSION, notice.LANGUAGE) == ("headshot/1", "en")
    assert hashlib.sha256(notice.TEXT.encode()).hexdigest().startswith("ffd2a0ff0d0923b8")
    assert hashlib.sha256(notice.INTENT.encode()).hexdigest().startswith("b53b60308f395a45")


def test_a_record_says_which_notice_was_shown() -> None:
    body = body_of(signed_record().envelope)
    assert body["notice"] == {
        "sha256": to_base64url(notice.digest(CONTROLLER.name)),
        "language": "en",
        "template": "headshot",
        "version": "1",
        "presented_at": "2026-11-23T21:07:05Z",
    }
    assert body["esign"] == {"method": "typed", "intent_sha256": to_base64url(notice.intent_digest())}
