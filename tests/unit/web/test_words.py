import re
from importlib.resources import files

import pytest

from provenance.web.words import LANGUAGES, direction_of, name_of, words_for

_PLACE = re.compile(r"\{[a-z]+\}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_word_with_the_same_places(language: str) -> None:
    english, words = words_for("en").table, words_for(language).table
    assert list(words) == list(english)
    for name, text in words.items():
        assert sorted(_PLACE.findall(text)) == sorted(_PLACE.findall(english[name])), name
        assert text.strip() == text != ""


def test_no_word_was_left_in_english() -> None:
    english = words_for("en").table
    for language in ("de", "fr", "es", "ja"):
        same = [name for name, text in words_for(language).table.items() if text == english[name]]
        alike = "no email signed_code assurance staff_code staff_name staff_no verify_medium"
        assert set(same) <= {*alike.split()}, (language, same)


def test_every_word_is_used_and_every_used_word_is_there() -> None:
    words = words_for("en").table
    folder = files("provenance.web")
    sources = [item for part in ("templates", ".") for item in (folder / part).iterdir() if item.is_file()]
    text = "\n".join(item.read_text("utf-8") for item in sources if item.name.endswith((".html", ".py")))
    named = {*re.findall(r'\bw\("([a-z_-]+)"', text)}
    assert named - {*words} == {"representation_", "relationship_", "assurance_", "role_"}
    begun = ("representation_", "relationship_", "assurance_", "fault_", "bar_", "advice_", "step_", "role_")
    assert [name for name in words if f'"{name}"' not in text and not name.startswith(begun)] == []


def test_a_language_that_is_not_there_is_english_as_a_whole() -> None:
    assert words_for("ar") == words_for("en")
    assert words_for("de-AT") == words_for("de")
    assert (name_of("ja"), name_of("ar")) == ("日本語", "ar")
    assert (direction_of("ar-EG"), direction_of("de")) == ("rtl", "ltr")
