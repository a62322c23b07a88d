from pathlib import Path

import pytest
from support.actors import sign_naming
from support.commands import Ran, Terminal
from support.makers import Maker
from support.pictures import draw_jpeg

from provenance.pki import DOCUMENT_SIGNING

CONFIRMED = (
    "Identity Named actor confirmed. Zoë Ångström, whom you trust to be named, signed for this picture as its creator."
)
OPEN = (
    "Identity Named actor not recognised. Zoë Ångström signed for this picture as its creator, "
    "but it cannot be confirmed who that is."
)


def text(ran: Ran) -> str:
    """Return what is said, however it is broken into lines."""
    return " ".join(ran.out.split())


@pytest.fixture
def picture(nowhere: Path) -> Path:
    signer, actor = Maker("Camera Maker"), Maker("Zoë Ångström", usage=DOCUMENT_SIGNING)
    drawn = draw_jpeg(nowhere / "drawn.jpg").read_bytes()
    (nowhere / "named.jpg").write_bytes(sign_naming(drawn, signer=signer, actor=actor))
    (nowhere / "maker.pem").write_text(signer.anchors.pem)
    (nowhere / "people.pem").write_text(actor.anchors.pem)
    return nowhere / "named.jpg"


@pytest.mark.usefixtures("picture")
def test_who_is_named_is_confirmed_by_anchors_for_identities_alone(terminal: Terminal) -> None:
    assert OPEN in text(terminal("verify", "named.jpg", "--trust", "people.pem"))
    ran = terminal("verify", "named.jpg", "--trust-identity", "people.pem")
    assert CONFIRMED in text(ran)
    assert "Intact, issuer not recognised." in text(ran)
    document = terminal(
        "verify", "named.jpg", "--trust", "maker.pem", "--trust-identity", "people.pem", "--json"
    ).document()
    assert (document["credential"]["code"], document["identity"]["code"]) == ("trusted", "named")
    assert document["identity"]["actors"] == [{"code": "named", "name": "Zoë Ångström", "roles": ["creator"]}]


@pytest.mark.usefixtures("picture")
def test_a_list_for_identities_confirms_who_is_named(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVENANCE_TRUST", str(tmp_path / "trust"))
    assert terminal("trust", "add", "people.pem", "--for", "identities").code == 0
    ran = terminal("verify", "named.jpg")
    assert CONFIRMED in text(ran)
    assert "Intact, issuer not recognised." in text(ran)
    assert OPEN in text(terminal("verify", "named.jpg", "--without-lists"))


@pytest.mark.usefixtures("picture")
def test_a_file_without_certificates_confirms_nobody(terminal: Terminal, nowhere: Path) -> None:
    (nowhere / "empty.pem").write_text("nothing")
    ran = terminal("verify", "named.jpg", "--trust-identity", "empty.pem")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("provenance: error: empty.pem: ")
