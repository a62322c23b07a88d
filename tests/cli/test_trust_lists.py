"""Whom you trust when you check pictures: lists that were taken in once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.addresses import answering
from support.commands import Terminal
from support.pictures import with_changed_pixels
from support.shared import shared
from support.workshops import Workshop

from provenance import pki
from provenance.keys import SigningKey
from provenance.trust_store import store_folder


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "trust"
    monkeypatch.setenv("PROVENANCE_TRUST", str(folder))
    return folder


@pytest.fixture
def outside(terminal: Terminal, workshop: Workshop, store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder outside of the studio, with its picture and its trust file."""
    folder = workshop.path.parent / "outside"
    folder.mkdir()
    assert terminal("trust", "export", "-o", str(folder / "lumen.pem")).code == 0
    (folder / "portrait.jpg").write_bytes(workshop.stamped.read_bytes())
    monkeypatch.chdir(folder)
    return folder


def authority(name: str) -> bytes:
    key = SigningKey.generate("ES256")
    return pki.to_pem(pki.make_authority(key=key, name=name, country=None, now=datetime.now(UTC))).encode()


def test_a_studio_is_trusted_from_then_on(terminal: Terminal, outside: Path) -> None:
    terminal("trust", "list").says(
        0, "", "You trust nobody yet, but whom --trust names. Take a list in with provenance trust add FILE|URL.\n"
    )
    assert terminal("verify", "portrait.jpg", "--json").document()["credential"]["code"] == "valid"
    terminal("trust", "add", "lumen.pem").says(
        0, f"lumen: 1 certificate for who signs, 0 days old\n  from {outside / 'lumen.pem'}\n"
    )
    report = terminal("verify", "portrait.jpg", "--json").document()
    assert (report["credential"]["code"], report["ledger"]["code"]) == ("trusted", "proven")
    assert report["credential"]["trust_list"] == "urn:headshot-provenance:trust:list:lumen"
    card = terminal("verify", "portrait.jpg").out
    assert "  Trusted by     Your list lumen, as of 20" in card
    # The key of its log is known from the list, too.
    assert "The log's key is known from the credential only." not in " ".join(card.split())
    Path("tampered.jpg").write_bytes(with_changed_pixels(Path("portrait.jpg").read_bytes()))
    tampered = terminal("verify", "tampered.jpg")
    assert (tampered.code, "Trusted by" in tampered.out) == (1, False)
    without = terminal("verify", "portrait.jpg", "--without-lists", "--json").document()
    assert without["credential"]["code"] == "valid"
    terminal("trust", "remove", "lumen").says(0, "lumen: no longer trusted\n")
    assert terminal("verify", "portrait.jpg", "--json").document()["credential"]["code"] == "valid"


def test_to_trust_one_studio_says_nothing_of_anothers_ledger(terminal: Terminal, outside: Path) -> None:
    assert terminal("init", "other", "--name", "Other", "--no-passphrase").code == 0
    assert terminal("trust", "export", "--studio", "other", "-o", "other.pem").code == 0
    assert terminal("trust", "add", "other.pem").code == 0
    report = terminal("verify", "portrait.jpg", "--json").document()
    assert (report["credential"]["code"], report["ledger"]["code"]) == ("valid", "proven")
    assert "log-key-unpinned" in [finding["code"] for finding in report["findings"]]


def test_a_trusted_studio_is_held_to_its_own_log(terminal: Terminal, outside: Path) -> None:
    assert terminal("init", "other", "--name", "Other", "--no-passphrase").code == 0
    other = terminal("trust", "export", "--studio", "other").out
    foreign = next(line for line in other.splitlines() if line.startswith("# ledger: "))
    own = Path("lumen.pem").read_text()
    kept = next(line for line in own.splitlines() if line.startswith("# ledger: "))
    Path("lumen.pem").write_text(own.replace(kept, foreign))
    report = terminal("verify", "portrait.jpg", "--trust", "lumen.pem", "--json").document()
    assert (report["credential"]["code"], report["ledger"]["code"]) == ("trusted", "unproven")
    assert "log-unknown" in [finding["code"] for finding in report["findings"]]


def test_who_dates_signatures_vouches_for_no_signer(terminal: Terminal, outside: Path) -> None:
    made = terminal("trust", "add", "lumen.pem", "--for", "times", "--name", "dates", "--json").document()
    assert (made["name"], made["purpose"]) == ("dates", "times")
    assert terminal("verify", "portrait.jpg", "--json").document()["credential"]["code"] == "valid"
    assert terminal("trust", "list").out.startswith("dates: 1 certificate for times, 0 days old\n")
    told = terminal("trust", "add", "lumen.pem", "--for", "identities", "--name", "people").out
    assert told.startswith("people: 1 certificate for who is named, 0 days old\n")


def test_a_list_is_taken_in_anew_from_where_it_is_from(terminal: Terminal, store: Path) -> None:
    first, second = authority("One"), authority("Two")
    with answering(first, first + second, b"gone wrong", path="/Official-LIST.pem") as url:
        terminal("trust", "add", url).says(0, f"official-list: 1 certificate for who signs, 0 days old\n  from {url}\n")
        terminal("trust", "update").says(0, "official-list: 1 new, 0 gone, 2 certificates\n")
        terminal("trust", "update", "official-list").refuses(
            3,
            "trust list official-list: expected certificates in pem form",
            "ask the issuer for a file that begins -----BEGIN",
        )
    (document,) = terminal("trust", "list", "--json").documents()
    assert [one["subject"] for one in document["certificates"]] == [
        pki.parse_certificates(pem, place="x")[0].subject.rfc4514_string() for pem in (first, second)
    ]
    # Nobody answers any more.
    assert terminal("trust", "update").code == 3
    assert terminal("trust", "list", "--json").document() == document


def test_a_list_is_taken_from_another_place(terminal: Terminal, store: Path, tmp_path: Path) -> None:
    (tmp_path / "one.pem").write_bytes(authority("One"))
    (tmp_path / "two.pem").write_bytes(authority("Two"))
    assert terminal("trust", "add", tmp_path / "one.pem").code == 0
    terminal("trust", "update").says(0, "", "No list is from an address.\n")
    ran = terminal("trust", "update", "one", "--from", tmp_path / "two.pem", "--json")
    assert ran.document()["source"] == str(tmp_path / "two.pem")
    terminal("trust", "update", "--from", tmp_path / "two.pem").refuses(
        2, "--from is about one list: name it", "see provenance trust update --help"
    )


def test_the_official_lists_are_lists(terminal: Terminal, store: Path) -> None:
    signers, times = shared("trust", "C2PA-TRUST-LIST.pem"), shared("trust", "C2PA-TSA-TRUST-LIST.pem")
    assert terminal("trust", "add", signers).out.startswith("c2pa-trust-list: 30 certificates for who signs")
    assert terminal("trust", "add", times, "--for", "times").out.startswith("c2pa-tsa-trust-list: 22 certificates")


def test_what_is_no_list_is_refused_and_nothing_is_kept(terminal: Terminal, store: Path, tmp_path: Path) -> None:
    (tmp_path / "text.pem").write_text("hello")
    (tmp_path / "bytes.pem").write_bytes(b"\xff\xfe")
    (tmp_path / "one.pem").write_bytes(authority("One"))
    hint = "ask the issuer for a file that begins -----BEGIN"
    terminal("trust", "add", tmp_path / "text.pem").refuses(
        3, "trust list text: expected certificates in pem form", hint
    )
    terminal("trust", "add", tmp_path / "bytes.pem").refuses(
        3, "trust list bytes: expected certificates in pem form", hint
    )
    terminal("trust", "add", tmp_path / "none.pem").refuses(3, "none.pem: no such file")
    with answering(b"", status=404, path="/Official-LIST.pem") as url:
        terminal("trust", "add", url).refuses(3, f"{url}: expected status 200, got 404")
    insecure = "http://example.org/list.pem"
    terminal("trust", "add", insecure).refuses(
        3,
        f"{insecure}: expected an address that begins https://, as anybody on the way could change the list",
    )
    for name in ("A", "../x", "-", "x" * 64):
        ran = terminal("trust", "add", tmp_path / "one.pem", "--name", name)
        assert (ran.code, "expected a name of small letters" in ran.err) == (2, True)
        assert ran.err.endswith("hint: say another one with --name\n")
    assert not store.exists()
    assert terminal("trust", "add", tmp_path / "one.pem").code == 0
    terminal("trust", "add", tmp_path / "one.pem").refuses(
        1,
        "trust: there is a list 'one' already",
        "update it with provenance trust update one, or take another name with --name",
    )
    for command in ("remove", "update"):
        terminal("trust", command, "two").refuses(1, "trust: there is no list 'two'", "see provenance trust list")
        terminal("trust", command, "../x").refuses(
            2,
            "trust: expected a name of small letters, digits and hyphens, got '../x'",
            "see provenance trust list",
        )


def test_a_list_that_is_damaged_is_told(terminal: Terminal, store: Path, workshop: Workshop) -> None:
    store.mkdir()
    (store / "odd.json").write_text('{"v":2}')
    hint = f"remove the file {store / 'odd.json'}, and add the list again"
    message = "trust list odd: expected a list of version 1"
    terminal("trust", "list").refuses(3, message, hint)
    terminal("verify", "portrait.jpg").refuses(3, message, hint)
    assert terminal("verify", "stamped/portrait.jpg", "--without-lists").code == 0


def test_lists_lie_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert store_folder({"PROVENANCE_TRUST": "/a"}) == Path("/a")
    assert store_folder({"XDG_CONFIG_HOME": "/b"}) == Path("/b/provenance/trust")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert store_folder({}) == tmp_path / ".config" / "provenance" / "trust"


def test_there_is_a_bound_to_lists(terminal: Terminal, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.trust_store.MAX_LISTS", 0)
    store.mkdir()
    (store / "one.json").write_text("{}")
    terminal("trust", "list").refuses(3, "trust: expected at most 0 lists, got 1")
