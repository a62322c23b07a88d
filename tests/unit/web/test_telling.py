"""What reports say in other languages: every form in all of them, and English where a form is not known."""

import re
from pathlib import Path

import pytest
from support.pictures import draw_jpeg, with_changed_pixels
from support.studios import open_keys, record_consent, stamped
from support.web import Visitor, public_page

from provenance.studio import ConsentDesk, Studio
from provenance.web.telling import Told, tables, tell
from provenance.web.words import LANGUAGES

_PLACE = re.compile(r"\{[a-z]+\}")
EXAMPLES = {
    "scope": "publish.web",
    "scopes": "capture, ai.edit",
    "day": "2027-01-31",
    "time": "2027-01-31 10:15 UTC",
    "entry": "17",
    "assurance": "session-key",
}


def test_every_form_is_in_every_language_with_the_same_places() -> None:
    assert len({said["en"] for said in tables()}) == len(tables())
    for said in tables():
        assert list(said) == list(LANGUAGES)
        for text in said.values():
            assert sorted(_PLACE.findall(text)) == sorted(_PLACE.findall(said["en"])), text
            assert text.strip() == text != ""


@pytest.mark.parametrize("language", ["de", "fr", "es", "ja"])
def test_every_form_is_told_with_what_stood_in_it(language: str) -> None:
    for said in tables():
        places = {name: EXAMPLES.get(name, "Studio Ümlaut") for name in re.findall(r"\{([a-z]+)\}", said["en"])}
        assert tell(said["en"].format(**places), language) == Told(said[language].format(**places), language)


def test_what_is_not_known_stays_english_as_a_whole() -> None:
    assert tell("Something new.", "de") == Told("Something new.", "en")
    assert tell("Verified", "en") == Told("Verified", "en")
    assert tell("Verified", "ar") == Told("Verified", "en")
    assert tell("The grant publish.web says permit in DE.", "de").language == "en"
    assert tell("The consent was withdrawn on 2027-1-1.", "de").language == "en"


def test_what_stands_in_a_place_is_nothing_but_text() -> None:
    for name in ("{day}", "{issuer}", "\\1", "a\nb", "<b>", ", whom you trust; nothing has changed since."):
        told = tell(f"Issued by {name}, whom you trust; nothing has changed since.", "de")
        assert told == Told(f"Ausgestellt von {name}, dem Sie vertrauen; seither hat sich nichts geändert.", "de")


@pytest.mark.parametrize("language", ["de", "fr", "es", "ja"])
def test_the_usual_reports_are_told_as_a_whole(studio: Studio, tmp_path: Path, language: str) -> None:
    recorded = record_consent(studio)
    plain = draw_jpeg(tmp_path / "plain.jpg", seed=list(LANGUAGES).index(language))
    good = stamped(studio, plain, tmp_path / "good.jpg", code=recorded.code).read_bytes()
    files = [("good.jpg", good), ("bad.jpg", with_changed_pixels(good)), ("plain.jpg", plain.read_bytes())]
    with public_page(studio) as server:
        visitor = Visitor(server)
        for scope in ("", "publish.web", "publish.stock"):
            page = _checked(visitor, files, language=language, scope=scope)
            assert '<html lang="' + language in page
            assert re.findall(r'<span lang="en"[^>]*>([^<]*)<', page) == []
        ConsentDesk(studio, open_keys(studio)).withdraw(recorded, scopes=None, proof="receipt-secret")
        assert '<span lang="en"' not in _checked(visitor, files[:1], language=language, scope="publish.web")


def _checked(visitor: Visitor, files: list[tuple[str, bytes]], *, language: str, scope: str) -> str:
    mark = visitor.mark("/")
    return visitor.upload("/verify", files, mark=mark, language=language, scope=scope).data.decode()


def test_a_language_is_chosen_by_whoever_looks(studio: Studio) -> None:
    with public_page(studio) as server:
        visitor = Visitor(server)
        assert "Ist dieses Bild" in visitor.get("/", Accept_Language="de-AT, en;q=0.5").data.decode()
        assert "¿Es esta imagen" in visitor.get("/?language=es", Accept_Language="de").data.decode()
        assert "Is this picture" in visitor.get("/?language=%3Cb%3E", Accept_Language="xx").data.decode()
        assert "あなたの控え" in visitor.get("/receipt?language=ja").data.decode()
