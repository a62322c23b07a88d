"""`provenance kiosk` and `provenance serve`: processes that listen, and what they refuse."""

import contextlib
import os
import re
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlencode

import pytest
import urllib3
from support.commands import SCRIPT, Terminal, environment
from support.workshops import Workshop

pytestmark = pytest.mark.slow

CODE_HEIGHT = 15


@contextmanager
def running(*arguments: str, ending: signal.Signals = signal.SIGINT) -> Iterator[tuple[str, list[str]]]:
    """Run a command that serves; yield its address and what it says then; stop it, and check that it did."""
    process = subprocess.Popen(
        [SCRIPT, *arguments, "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        address = process.stdout.readline().rstrip("\n")
        said: list[str] = []
        while address and not (said and re.search("Stop it with|opens http", said[-1])):
            said.append(process.stderr.readline().rstrip("\n"))
            if "--https" in arguments and said[-1].endswith("Stop it with Ctrl-C."):
                said += [process.stderr.readline().rstrip("\n") for _ in range(2)]
        yield address, said
        process.send_signal(ending)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait(20)
    assert (process.returncode, out, err.splitlines()[-1:]) == (0, "", ["Stopped."]), err


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_kiosk_prints_its_address_and_answers_until_it_is_stopped(workshop: Workshop, ending: signal.Signals) -> None:
    with running("kiosk", "--job", "Autumn", ending=ending) as (address, said):
        assert re.fullmatch(r"http://localhost:\d+/", address)
        assert said[-1] == "The kiosk of Studio Lumen asks by corporate-headshot. Stop it with Ctrl-C."
        assert re.fullmatch(r"For the staff: http://localhost:\d+/staff, PIN \d{6}", said[-2])
        assert len(said) > CODE_HEIGHT
        answer = urllib3.request("GET", address)
        assert (answer.status, b"Autumn" in answer.data) == (200, True)


def test_a_kiosk_in_a_network_has_a_key_in_its_address_and_a_bar(workshop: Workshop) -> None:
    with running("kiosk", "--lan", "--insecure-lan", "--host", "studio.local") as (address, _):
        found = re.fullmatch(r"http://studio\.local:(\d+)/#[A-Za-z0-9_-]{22}", address)
        assert found is not None
        url = f"http://127.0.0.1:{found[1]}/"
        answer = urllib3.request("GET", url, headers={"Host": "studio.local"})
        assert b"This connection is not encrypted" in answer.data
        assert urllib3.request("GET", url, headers={"Host": "evil.example"}).status == 421


def test_a_kiosk_with_https_tells_how_to_trust_it(workshop: Workshop, tmp_path: Path) -> None:
    with running("kiosk", "--lan", "--https", "--host", "studio.local") as (address, said):
        assert address.startswith("https://studio.local:")
        shown, how = said[-2:]
        assert re.fullmatch(r"SHA-256 of the kiosk's authority: ([0-9A-F]{2}:){31}[0-9A-F]{2}", shown)
        port = re.search(r":(\d+)/$", how)
        assert port is not None
        plain = f"http://127.0.0.1:{port[1]}/"
        page = urllib3.request("GET", plain, headers={"Host": "studio.local"}).data.decode()
        assert shown.partition(": ")[2] in page
        assert address.partition("#")[0] in page
        assert address.partition("#")[2] not in page
        # What a tablet does that has installed the certificate.
        data = urllib3.request("GET", f"{plain}authority.crt", headers={"Host": "studio.local"}).data
        (tmp_path / "authority.pem").write_text(ssl.DER_cert_to_PEM_cert(data))
        with urllib3.HTTPSConnectionPool(
            "127.0.0.1",
            urllib3.util.parse_url(address).port,
            ca_certs=str(tmp_path / "authority.pem"),
            server_hostname="studio.local",
            assert_hostname="studio.local",
        ) as tablet:
            assert b"Next person" in tablet.request("GET", "/", headers={"Host": "studio.local"}).data
            staff = tablet.request("GET", "/staff", headers={"Host": "studio.local"}).data.decode()
            mark = re.search(r'name="mark" value="([^"]+)"', staff)
            pin = re.search(r"PIN (\d{6})", "\n".join(said))
            assert mark is not None
            assert pin is not None
            entered = tablet.request(
                "POST",
                "/staff",
                body=urlencode({"mark": mark[1], "pin": pin[1]}),
                headers={"Host": "studio.local", "Content-Type": "application/x-www-form-urlencoded"},
                redirect=False,
            )
            assert "Secure" in entered.headers["Set-Cookie"]


def test_a_page_is_served_in_a_studio_and_without_one(workshop: Workshop, tmp_path: Path) -> None:
    with running("serve") as (address, said):
        assert said == ["It is the page of Studio Lumen. Stop it with Ctrl-C."]
        assert urllib3.request("GET", f"{address}ledger/checkpoint").status == 200
    with running("serve", "--no-studio") as (address, said):
        assert said == ["It checks pictures. Stop it with Ctrl-C."]
        assert urllib3.request("GET", f"{address}ledger/checkpoint").status == 404
    os.chdir(tmp_path)
    with running("serve") as (_, said):
        assert said == ["It checks pictures. Stop it with Ctrl-C."]


def test_a_page_shows_the_status_lists_that_were_published(
    terminal: Terminal, workshop: Workshop, tmp_path: Path
) -> None:
    terminal("trust", "export", "-o", str(tmp_path / "lumen.pem"))
    terminal("consent", "publish-status").says(0, "status/0.jwt: 1 stamp, entry 4\n")
    command = ["verify", str(workshop.stamped.resolve()), "--trust", str(tmp_path / "lumen.pem"), "--json", "--status"]
    with running("serve") as (address, _), contextlib.chdir(tmp_path):
        (document,) = terminal(*command, f"{address}status/0.jwt", "--for", "publish.web").documents()
        assert (document["verdict"], document["consent"]["basis"]) == ("PASSED", "sealed")
        terminal(*command, f"{address}status/1.jwt").refuses(3, f"{address}status/1.jwt: expected status 200, got 404")


def test_a_page_answers_the_holder_of_a_receipt(workshop: Workshop) -> None:
    with running("serve") as (address, _):
        fields = urlencode({"secret": workshop.secret, "scope": "publish.web"})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = urllib3.request("POST", f"{address}api/v1/consent/check", body=fields, headers=headers).json()
        assert answer["answer"] == "in-force"


def test_a_page_hands_manifests_out_where_it_is_told_to(terminal: Terminal, workshop: Workshop) -> None:
    assert terminal("studio", "fingerprints", "keep").code == 0
    with running("serve", "--answer-lookalikes") as (address, said):
        assert said == [
            "It hands manifests to whoever has a picture like a stamped one.",
            "It is the page of Studio Lumen. Stop it with Ctrl-C.",
        ]
        answer = urllib3.request("GET", f"{address}v1/services/supportedAlgorithms").json()
        assert answer["fingerprints"] == [{"alg": "io.iscc.v0"}]
    with running("serve") as (address, _):
        assert urllib3.request("GET", f"{address}v1/services/supportedAlgorithms").status == 404


def test_what_nobody_keeps_is_not_handed_out(terminal: Terminal, workshop: Workshop, tmp_path: Path) -> None:
    terminal("serve", "--answer-lookalikes").refuses(
        1,
        "this studio keeps no fingerprints, so that nothing can be found by what it looks like",
        "keep them first, and say so in your notice: provenance studio fingerprints keep",
    )
    terminal("serve", "--answer-lookalikes", "--no-studio").refuses(
        2, "either --answer-lookalikes or --no-studio", "see provenance serve --help"
    )
    os.chdir(tmp_path)
    terminal("serve", "--answer-lookalikes").refuses(
        3, "no studio here, whose manifests could be handed out", "name it with --studio"
    )


def test_a_page_trusts_the_files_that_it_is_given(terminal: Terminal, workshop: Workshop) -> None:
    terminal("trust", "export", "-o", "lumen.pem")
    with running("serve", "--no-studio", "--trust", "lumen.pem", "--name", "check.example") as (address, _):
        picture = (workshop.path / "stamped" / "portrait.jpg").read_bytes()
        fields = {"file": ("portrait.jpg", picture)}
        answer = urllib3.request(
            "POST", f"{address}api/v1/verify", fields=fields, headers={"Host": "check.example"}
        ).json()
        assert (answer["credential"]["code"], answer["consent"]["now"]["code"]) == ("trusted", "unknown")


def test_phones_reach_a_kiosk_under_a_name_of_their_own(workshop: Workshop) -> None:
    with running("kiosk", "--phones", "https://Kiosk.studio.example/") as (address, said):
        assert f"Phones reach it at https://kiosk.studio.example, if a proxy leads that to {address}" in said
        host = {"Host": "kiosk.studio.example"}
        assert [urllib3.request("GET", f"{address}{path}", headers=host).status for path in ("phone", "", "staff")] == [
            200,
            404,
            404,
        ]


def test_a_kiosk_names_the_photographer(terminal: Terminal, workshop: Workshop) -> None:
    folder = workshop.path / "templates"
    folder.mkdir()
    data = (files("provenance.consent") / "templates" / "stock-release.toml").read_text("utf-8")
    changed = data.replace('["witness"]', '["photographer"]').replace('"stock-release"', '"signed-release"')
    (folder / "signed-release.toml").write_text(changed, "utf-8")
    terminal("kiosk", "--template", "signed-release").refuses(
        1,
        "template signed-release: the photographer signs too, and nothing says who that is",
        "add --photographer NAME",
    )
    with running("kiosk", "--template", "signed-release", "--photographer", "Ann Lee") as (address, _):
        assert b"Ann Lee: I take these pictures" in urllib3.request("GET", f"{address}sit/en").data


def test_phones_need_an_address_that_passkeys_are_bound_to(terminal: Terminal, workshop: Workshop) -> None:
    for url in ("http://kiosk.studio.example", "https://192.0.2.1", "kiosk.studio.example"):
        ran = terminal("kiosk", "--phones", url)
        assert ran.code == 2
        assert "expected an https address of a host with a name, without a path" in ran.err


def test_where_a_witness_signs_nobody_signs_on_their_phone(terminal: Terminal, workshop: Workshop) -> None:
    terminal("kiosk", "--template", "stock-release", "--phones", "https://kiosk.studio.example").refuses(
        1,
        "template stock-release: a witness sees the person sign, which they cannot on a phone",
        "leave out --phones, or ask by another template",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--https"], "--https, --insecure-lan and --host go with --lan"),
        (["--host", "studio.local"], "--https, --insecure-lan and --host go with --lan"),
        (["--lan"], "with --lan, say either --https or --insecure-lan"),
        (["--lan", "--https", "--insecure-lan"], "with --lan, say either --https or --insecure-lan"),
    ],
)
def test_a_network_is_opened_in_words_only(
    terminal: Terminal, workshop: Workshop, arguments: list[str], message: str
) -> None:
    terminal("kiosk", *arguments).refuses(2, message, "see provenance kiosk --help")


@pytest.mark.parametrize("host", ["example.com", "8.8.8.8", "local.example.com", ""])
def test_a_kiosk_is_of_a_private_network(terminal: Terminal, workshop: Workshop, host: str) -> None:
    terminal("kiosk", "--lan", "--https", "--host", host).refuses(
        2,
        f"host: expected a private address or a name that ends in .local, got '{host}'",
        "for any other name, put a proxy with a certificate of its own before the kiosk",
    )


def test_a_kiosk_without_a_studio_or_with_an_unknown_template_is_refused(
    terminal: Terminal, workshop: Workshop, tmp_path: Path
) -> None:
    ran = terminal("kiosk", "--template", "nothing")
    assert (ran.code, ran.err.splitlines()[0]) == (
        2,
        "provenance: error: template: expected a known one, got 'nothing'",
    )
    ran = terminal("kiosk", "--template", "ai-headshot-service")
    ran.refuses(
        1,
        "template ai-headshot-service: asks for ai.generate, and nothing says what will be made",
        'add --use "what will be made, for whom, and where it will be shown"',
    )
    os.chdir(tmp_path)
    assert terminal("kiosk").code == 3


def test_a_studio_is_either_named_or_left_out(terminal: Terminal, workshop: Workshop) -> None:
    ran = terminal("serve", "--no-studio", "--studio", ".")
    ran.refuses(2, "either --studio or --no-studio", "see provenance serve --help")
    assert terminal("serve", "--studio", "nowhere").code == 3


@pytest.mark.parametrize("command", ["kiosk", "serve"])
def test_a_port_that_is_taken_is_told(terminal: Terminal, workshop: Workshop, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        message = f"address: 127.0.0.1 port {port} cannot be had: address already in use"
        terminal(command, "--port", str(port)).refuses(3, message, "choose another with --port")


@pytest.mark.parametrize("command", ["kiosk", "serve"])
def test_without_the_extra_it_says_what_is_missing(
    terminal: Terminal, workshop: Workshop, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr("provenance.web.NEEDS", ("not_there_at_all",))
    terminal(command).refuses(
        3, "web: needs the library not_there_at_all, which is not installed", "pip install 'headshot-provenance[web]'"
    )
