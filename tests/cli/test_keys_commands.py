"""`provenance keys`, and `provenance stamp --tsa`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from support import softhsm
from support.commands import Terminal, environment, start
from support.issuers import Issuer
from support.tsa import Tsa, serving
from support.workshops import Workshop

from provenance.clock import SystemClock
from provenance.pki import EMAIL_PROTECTION, to_pem
from provenance.studio import Studio

SEND = "Send it to the authority; with what comes back: provenance keys import CHAIN.pem\n"


def ends() -> str:
    studio = Studio(Path())
    day = str(studio.claim_certificate().not_valid_after_utc.date())
    studio.close()
    return day


def test_a_certificate_is_renewed_and_listed(terminal: Terminal, workshop: Workshop) -> None:
    first = ends()
    terminal("keys", "list").says(0, f"in use  keys/claim.pem  until {first}  issued by yourself\n")
    ran = terminal("keys", "renew")
    assert ran.out == f"Stamps are signed with a new certificate from now on, valid until {ends()}.\n"
    assert ran.err.startswith("Who trusts you goes on trusting you: ")
    terminal("keys", "list").says(
        0,
        f"before  keys/claim-0001.pem  until {first}  issued by yourself\n"
        f"in use  keys/claim.pem       until {ends()}  issued by yourself\n",
    )
    documents = terminal("keys", "list", "--json").documents()
    assert [(one["state"], one["own"], one["ends"]) for one in documents] == [
        ("before", True, first),
        ("in use", True, ends()),
    ]
    assert terminal("verify", "stamped/portrait.jpg", "--for", "publish.web").code == 0


def test_a_certificate_is_bought(terminal: Terminal, workshop: Workshop) -> None:
    printed = terminal("keys", "csr")
    assert (printed.code, printed.err) == (0, SEND)
    terminal("keys", "csr", "-o", "studio.csr").says(0, "studio.csr\n", SEND)
    # Of one key the signature differs, and nothing else.
    asked = [x509.load_pem_x509_csr(text.encode()) for text in (printed.out, Path("studio.csr").read_text())]
    assert asked[0].public_key() == asked[1].public_key()
    terminal("keys", "csr", "-o", "studio.csr").refuses(
        1, "studio.csr: there is a file of this name already", "choose another name"
    )
    assert "requested" in terminal("keys", "list").out
    (waiting,) = [one for one in terminal("keys", "list", "--json").documents() if one["state"] == "requested"]
    assert (waiting["issuer"], waiting["own"], waiting["ends"]) == (None, None, None)
    issuer = Issuer(SystemClock().now())
    Path("chain.pem").write_bytes(issuer.chain(Path("studio.csr").read_bytes()))
    terminal("keys", "import", "chain.pem").says(
        0,
        f"Stamps are signed with the certificate of O=Listed CA 1 from now on.\nIt is valid until {ends()}.\n",
    )
    assert "issued by O=Listed CA 1" in terminal("keys", "list").out
    terminal("stamp", "portrait.jpg", "--as", "camera", "--consent", workshop.code, "-o", "new", "--tool", "C/1")
    assert terminal("verify", "new/portrait.jpg", "--for", "publish.web").code == 0
    terminal("keys", "renew").refuses(
        1,
        "signing certificate: was issued by somebody else, who alone can renew it",
        "make a request with provenance keys csr, and import what it is answered with",
    )


def test_what_a_bought_certificate_lacks_is_told(terminal: Terminal, workshop: Workshop) -> None:
    request = terminal("keys", "csr").out.encode()
    issuer = Issuer(SystemClock().now())
    leaf = issuer.issue(request, purposes=[EMAIL_PROTECTION])
    Path("chain.pem").write_text(to_pem(leaf, issuer.intermediate))
    ran = terminal("keys", "import", "chain.pem")
    assert ran.code == 0
    assert ran.err == (
        "It lacks the purpose c2pa-kp-claimSigning: validators that hold to the C2PA trust list will not accept it.\n"
    )


def test_what_is_no_certificate_is_refused(terminal: Terminal, workshop: Workshop) -> None:
    Path("chain.pem").write_text("something else")
    terminal("keys", "import", "chain.pem").refuses(
        3, "chain.pem: expected certificates in pem form", "ask the issuer for a file that begins -----BEGIN"
    )
    terminal("keys", "import", "none.pem").refuses(3, "none.pem: no such file")


# --- stamps that an authority dates


def test_a_stamp_is_dated_by_the_authority_that_is_named(
    terminal: Terminal, workshop: Workshop, tmp_path: Path
) -> None:
    with serving(Tsa(tmp_path / "tsa").reply) as url:
        ran = terminal(
            "stamp", "portrait.jpg", "--as", "camera", "--consent", workshop.code, "-o", "dated", "--tsa", url
        )
    ran.says(0, "stamped         dated/portrait.jpg\n", "1 stamped\n")
    assert b"sigTst2" in Path("dated/portrait.jpg").read_bytes()
    assert b"sigTst2" not in Path("stamped/portrait.jpg").read_bytes()
    assert terminal("verify", "dated/portrait.jpg", "--for", "publish.web").code == 0


def test_an_authority_that_is_away_is_told_of_before_anything_is_logged(terminal: Terminal, workshop: Workshop) -> None:
    before = terminal("ledger", "show").out
    options = ["--as", "camera", "--consent", workshop.code, "-o", "dated"]
    ran = terminal("stamp", "portrait.jpg", *options, "--tsa", "http://127.0.0.1:9/tsa")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("provenance: error: 127.0.0.1:9: cannot be reached")
    assert terminal("ledger", "show").out == before
    assert not Path("dated").exists()


def test_an_authority_that_fails_later_leaves_nothing_half_done(
    terminal: Terminal, workshop: Workshop, tmp_path: Path
) -> None:
    tsa, asked = Tsa(tmp_path / "tsa"), []

    def once(query: bytes) -> tuple[int, str, bytes]:
        asked.append(query)
        return tsa.reply(query) if len(asked) == 1 else (500, "text/plain", b"no")

    options = ["portrait.jpg", "--as", "camera", "--consent", workshop.code, "--tool", "C/1", "-o", "dated"]
    with serving(once) as url:
        ran = terminal("stamp", *options, "--tsa", url)
    ran.says(
        3,
        "failed          portrait.jpg: time-stamp authority: gave no time-stamp for this picture\n",
        "hint: run the same again, or leave --tsa out\n1 failed\n",
    )
    assert not list(Path("dated").glob("*"))
    with serving(tsa.reply) as url:
        assert terminal("stamp", *options, "--tsa", url).code == 0
    assert terminal("verify", "dated/portrait.jpg", "--for", "publish.web").code == 0


def test_what_is_no_address_is_refused(terminal: Terminal, workshop: Workshop) -> None:
    ran = terminal("stamp", "portrait.jpg", "--as", "camera", "--consent", workshop.code, "--tsa", "not an address")
    ran.refuses(
        2,
        "address: expected one that starts with https:// or http://, got 'not an address'",
        "see provenance stamp --help",
    )


@pytest.mark.parametrize("answer", [(500, "text/plain", b"no"), (200, "application/timestamp-reply", b"no")])
def test_an_authority_that_answers_something_else_is_told_of(
    terminal: Terminal, workshop: Workshop, answer: tuple[int, str, bytes]
) -> None:
    with serving(lambda _: answer) as url:
        ran = terminal("stamp", "portrait.jpg", "--as", "camera", "--consent", workshop.code, "--tsa", url)
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("provenance: error: time-stamp authority: expected ")


# --- tokens


@pytest.mark.slow
def test_a_certificate_is_renewed_for_a_key_in_a_token(
    terminal: Terminal, workshop: Workshop, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    softhsm.module()
    folder = tmp_path_factory.getbasetemp() / "keys-token"
    folder.mkdir()
    # In a process of its own: its library knows one folder of tokens only.
    filled = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from support import softhsm; softhsm.fill(Path(sys.argv[1]))",
            str(folder),
        ],
        env={**environment(), "PYTHONPATH": os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), *sys.path]))},
        check=True,
        capture_output=True,
    )
    assert filled.returncode == 0
    env = {"SOFTHSM2_CONF": str(folder / "softhsm2.conf"), "PROVENANCE_PIN": softhsm.PIN}
    ran = start("keys", "renew", "--token", softhsm.uri(), cwd=workshop.path, env=env)
    assert ran.code == 0
    options = ["portrait.jpg", "--as", "camera", "--consent", workshop.code, "--tool", "C/3", "-o", "token"]
    assert start("stamp", *options, cwd=workshop.path, env=env).code == 0
    without = start("stamp", *options, cwd=workshop.path, env={"SOFTHSM2_CONF": env["SOFTHSM2_CONF"]})
    without.refuses(
        3,
        "token studio: expected its pin, got none",
        "set PROVENANCE_PIN, or name a file in the address: pin-source=file:/path",
    )
    assert start("verify", "token/portrait.jpg", "--for", "publish.web", cwd=workshop.path).code == 0


def test_an_address_that_is_none_is_refused(terminal: Terminal, workshop: Workshop) -> None:
    for command in ("renew", "csr"):
        terminal("keys", command, "--token", "token=t").refuses(
            2,
            "token address: expected one that begins pkcs11:, got 'token=t'",
            "write it as pkcs11:token=LABEL;object=LABEL?module-path=FILE",
        )
