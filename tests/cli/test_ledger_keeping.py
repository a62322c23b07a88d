"""Publishing, following, recovering, proving, witnessing, dating and rekeying a studio's ledger, as its keeper does."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from support.commands import Terminal
from support.pictures import draw_jpeg
from support.tsa import Tsa
from support.tsa import serving as serving_tsa
from support.witnesses import WITNESS_NAME, new_witness, serving
from support.workshops import Workshop

from provenance.note import NoteKey, parse_note
from provenance.policy import Policy, PolicyWitness
from provenance.studio import Logbook, Studio

NEW_CONSENT = ("consent", "new", "--subject", "Max", "--permit", "capture", "--typed")
FIRST = "<log>: 4 entries, seen for the first time.\n       1 consent\n       1 consent-event\n       1 genesis\n"


def keys(terminal: Terminal) -> list[str]:
    return terminal("ledger", "key", "list").out.splitlines()


def options(terminal: Terminal) -> list[str]:
    """Return a `--key` with each line of the list."""
    return [part for line in keys(terminal) for part in ("--key", line)]


def state(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder but what SQLite keeps for itself while it is open."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


def put_back(workshop: Workshop, copy: Path) -> None:
    """Restore the database from a backup."""
    for path in workshop.path.glob("studio.db*"):
        path.unlink()
    shutil.copyfile(copy, workshop.path / "studio.db")


def back_up(workshop: Workshop, to: Path) -> Path:
    studio = Studio(workshop.path)
    studio.database._driver.one("PRAGMA wal_checkpoint(TRUNCATE)")
    studio.close()
    return Path(shutil.copyfile(workshop.path / "studio.db", to))


# --- publish, mirror, monitor


def test_a_ledger_is_published_and_again_only_what_is_new(terminal: Terminal, workshop: Workshop) -> None:
    terminal("ledger", "publish", "../site").says(0, "Published 4 entries to ../site: 2 new files.\n")
    terminal("ledger", "publish", "../site").says(0, "Published 4 entries to ../site: 0 new files.\n")
    assert sorted(state(workshop.path.parent / "site")) == [
        "checkpoint",
        "tile/0/000.p/4",
        "tile/entries/000.p/4",
    ]
    whole = "The ledger <log> is whole: 4 entries rehashed, 3 checkpoints, 2 published files compared.\n"
    terminal("ledger", "audit").says(0, whole)
    terminal("ledger", "audit", "--export", "../site").says(0, whole)


def test_what_was_done_is_a_document(terminal: Terminal, workshop: Workshop) -> None:
    published = terminal("ledger", "publish", "../site", "--json").document()
    assert (published["action"], published["size"], published["old_size"]) == ("publish", 4, None)
    seen = terminal("ledger", "monitor", "../site", *options(terminal), "--state", "../seen", "--json").document()
    assert seen["new_entries"] == {"consent": 1, "consent-event": 1, "genesis": 1, "stamp": 1}
    mirrored = terminal("ledger", "mirror", "../site", "../mirror", *options(terminal), "--json").document()
    assert (mirrored["clean"], mirrored["root_hash"]) == (True, published["root_hash"])
    recovered = terminal("ledger", "recover", "../site", "--json").document()
    assert (recovered["action"], recovered["old_size"], recovered["new_entries"]) == ("recover", 4, {})


def test_somebody_elses_ledger_is_followed(terminal: Terminal, workshop: Workshop) -> None:
    assert terminal("ledger", "publish", "../site").code == 0
    follow = ("ledger", "monitor", "../site", *options(terminal), "--state", "../seen")
    terminal(*follow).says(0, f"{FIRST}       1 stamp\n")
    assert terminal(*NEW_CONSENT).code == 0
    assert terminal("ledger", "publish", "../site").code == 0
    grown = "<log>: 6 entries, 2 of them new, and nothing that was there before has changed.\n"
    terminal(*follow).says(0, f"{grown}       1 consent\n       1 consent-event\n")
    mirrored = "Mirrored 6 entries of <log> in ../mirror: 2 new files.\n"
    terminal("ledger", "mirror", "../site", "../mirror", *options(terminal)).says(0, mirrored)
    # The site also keeps the partial tiles of the smaller checkpoint, which somebody may still be reading.
    assert state(workshop.path.parent / "mirror").items() <= state(workshop.path.parent / "site").items()


def test_a_second_history_is_found_by_whoever_follows(terminal: Terminal, workshop: Workshop, tmp_path: Path) -> None:
    other = shutil.copytree(workshop.path, tmp_path / "other")
    assert terminal(*NEW_CONSENT).code == 0
    assert terminal("ledger", "publish", "../site").code == 0
    known = options(terminal)
    assert terminal("ledger", "monitor", "../site", *known, "--state", "../seen").code == 0
    assert terminal("ledger", "mirror", "../site", "../mirror", *known).code == 0
    before = state(tmp_path / "mirror")
    assert terminal(*NEW_CONSENT, "--studio", other).code == 0
    shutil.rmtree(tmp_path / "site")
    assert terminal("ledger", "publish", "../site", "--studio", other).code == 0
    for command in (("monitor", "../site", "--state", "../seen"), ("mirror", "../site", "../mirror")):
        ran = terminal("ledger", *command, *known)
        assert (ran.code, ran.out) == (1, ""), ran
        document = terminal("ledger", *command, *known, "--json").document()
        assert (document["clean"], document["code"]) == (False, "log-forked")
        assert Path(document["evidence"]).is_file()
    assert {name: data for name, data in state(tmp_path / "mirror").items() if "fork" not in name} == before


@pytest.mark.parametrize("command", ["mirror", "monitor"])
def test_a_place_without_a_log_is_told(terminal: Terminal, workshop: Workshop, tmp_path: Path, command: str) -> None:
    (tmp_path / "empty").mkdir()
    more = ["../mirror"] if command == "mirror" else ["--state", "../seen"]
    ran = terminal("ledger", command, "../empty", *more, *options(terminal))
    assert (ran.code, ran.out) == (3, "")
    assert not (tmp_path / "mirror" / "checkpoint").exists()


@pytest.mark.parametrize(
    "arguments",
    [("publish", "https://site.example/log"), ("monitor", "ftp:/nowhere", "--key", "x"), ("mirror", "a", "b")],
)
def test_what_cannot_mean_a_place_or_a_key_is_wrong_use(
    terminal: Terminal, workshop: Workshop, arguments: tuple[str, ...]
) -> None:
    assert terminal("ledger", *arguments).code == 2
    assert list(workshop.path.parent.iterdir()) == [workshop.path]


# --- an older copy


def test_a_restored_backup_signs_nothing_until_it_is_recovered(
    terminal: Terminal, workshop: Workshop, tmp_path: Path
) -> None:
    copy = back_up(workshop, tmp_path / "yesterday.db")
    assert terminal(*NEW_CONSENT).code == 0
    assert terminal("ledger", "publish", "../site").code == 0
    put_back(workshop, copy)
    before = state(workshop.path)
    draw_jpeg(tmp_path / "another.jpg", seed=9)
    stamp = ("stamp", "../another.jpg", "--as", "camera", "--consent", workshop.code, "-o", "again")
    for refused in (terminal(*NEW_CONSENT), terminal(*stamp)):
        assert refused.code == 3
        assert "expected a ledger of at least 6 entries, got 4" in refused.err
        assert f"provenance ledger recover {tmp_path / 'site'} brings back what was publ" in refused.err
    assert state(workshop.path) == before
    assert terminal("ledger", "audit").code == 1
    terminal("ledger", "recover", "../site").says(
        0,
        "Rolled forward from 4 to 6 entries; the ledger may sign again.\n       1 consent\n       1 consent-event\n",
        "What these entries stood for is not in the public log: look for it in receipts, pictures and other backups.\n",
    )
    nothing = "Nothing to recover: the ledger has all 6 entries, and may sign.\n"
    terminal("ledger", "recover", "../site").says(0, nothing)
    assert terminal(*NEW_CONSENT).code == 0
    assert terminal("ledger", "audit").code == 0
    assert terminal("verify", workshop.stamped, "--for", "publish.web").code == 0


def test_an_older_copy_does_not_publish_over_a_newer_one(
    terminal: Terminal, workshop: Workshop, tmp_path: Path
) -> None:
    copy = back_up(workshop, tmp_path / "yesterday.db")
    assert terminal(*NEW_CONSENT).code == 0
    assert terminal("ledger", "publish", "../site").code == 0
    site = state(tmp_path / "site")
    put_back(workshop, copy)
    shutil.rmtree(workshop.path / "ledger")
    ran = terminal("ledger", "publish", "../site")
    assert (ran.code, ran.out) == (3, "")
    assert state(tmp_path / "site") == site
    (evidence,) = (workshop.path / "ledger" / "evidence").iterdir()
    assert evidence.stat().st_mode & 0o777 == 0o600
    halted = terminal(*NEW_CONSENT)
    assert halted.code == 3
    assert "signs no more" in halted.err
    assert terminal("ledger", "recover", "../site").code == 0
    assert terminal(*NEW_CONSENT).code == 0


@pytest.mark.parametrize("damage", ["flipped", "foreign"])
def test_a_mark_that_cannot_be_read_stops_signing(terminal: Terminal, workshop: Workshop, damage: str) -> None:
    mark = workshop.path / "ledger" / "high-water"
    data = bytearray(mark.read_bytes())
    assert mark.stat().st_mode & 0o777 == 0o600
    data[100] ^= 1
    data[8192 + 100] ^= 1
    mark.write_bytes(bytes(data) if damage == "flipped" else b"something else")
    ran = terminal(*NEW_CONSENT)
    assert (ran.code, ran.out) == (3, "")
    assert "expected a high-water mark, got something else" in ran.err
    mark.unlink()
    assert terminal(*NEW_CONSENT).code == 0


def test_a_published_folder_that_vanished_is_told_and_stops_nothing(
    terminal: Terminal, workshop: Workshop, tmp_path: Path
) -> None:
    assert terminal("ledger", "publish", "../site").code == 0
    shutil.rmtree(tmp_path / "site")
    ran = terminal("ledger", "audit")
    assert ran.code == 0
    assert "holds no checkpoint any more" in ran.err
    assert terminal(*NEW_CONSENT).code == 0


# --- rebuild


def test_what_follows_from_the_entries_is_rebuilt(terminal: Terminal, workshop: Workshop) -> None:
    terminal("ledger", "rebuild").says(0, "Nothing to do: everything follows from the entries.\n")
    studio = Studio(workshop.path)
    studio.database._driver.execute("UPDATE head SET size = 3")
    studio.close()
    assert terminal("ledger", "audit").code == 1
    terminal("ledger", "rebuild").says(0, "Written anew: the head.\n")
    assert terminal("ledger", "audit").code == 0


# --- proofs


@pytest.mark.parametrize("entry", ["1", "3", "code", "portrait.jpg", "stamped"])
def test_a_proof_is_checked_with_no_studio_at_all(
    terminal: Terminal, workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    named = {"code": workshop.code, "stamped": str(workshop.stamped)}.get(entry, entry)
    known = options(terminal)
    terminal("ledger", "prove", named, "-o", "../proof.tlog-proof").says(0, "../proof.tlog-proof\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    ran = terminal("ledger", "verify-proof", "../proof.tlog-proof", *known)
    assert ran.code == 0
    index = {"1": 1, "code": 1}.get(entry, 3)
    assert ran.out.startswith(f"Proven: entry {index} of the log provenance-studio/")
    stranger = NoteKey("provenance-studio/0000000000000000", bytes(32)).to_text()
    assert terminal("ledger", "verify-proof", "../proof.tlog-proof", "--key", stranger).code == 1


def test_a_proof_replaces_nothing(terminal: Terminal, workshop: Workshop) -> None:
    message = "portrait.jpg: there is a file of this name already"
    terminal("ledger", "prove", "1", "-o", "portrait.jpg").refuses(1, message, "choose another name")


def test_a_receipt_is_checked_with_no_studio_at_all(terminal: Terminal, workshop: Workshop) -> None:
    receipt = workshop.path / "receipts" / f"{workshop.code}.json"
    known = options(terminal)
    assert terminal("ledger", "verify-proof", receipt, *known).code == 0
    other = receipt.with_name("other.json")
    text = receipt.read_text("utf-8")
    other.write_text(text.replace("index 1", "index 2"), "utf-8")
    ran = terminal("ledger", "verify-proof", other, *known)
    assert (ran.code, ran.out) == (1, "")


def test_the_proof_alone_cannot_say_whose_log_it_is(terminal: Terminal, workshop: Workshop) -> None:
    ran = terminal("ledger", "verify-proof", "portrait.jpg")
    assert ran.code == 2
    assert "the proof alone cannot say whose log it is" in ran.err


def test_a_proof_without_its_entry_asks_for_it(terminal: Terminal, workshop: Workshop) -> None:
    studio = Studio(workshop.path)
    Path("bare").write_text(studio.ledger.prove(2).to_text())
    row = studio.database.entry(2)
    studio.close()
    assert row is not None
    Path("entry").write_bytes(row.body)
    message = "bare: the proof does not carry its entry"
    terminal("ledger", "verify-proof", "bare", *options(terminal)).refuses(2, message, "name it with --entry FILE")
    assert terminal("ledger", "verify-proof", "bare", "--entry", "entry", *options(terminal)).code == 0
    Path("entry").write_bytes(row.body + b" ")
    assert terminal("ledger", "verify-proof", "bare", "--entry", "entry", *options(terminal)).code == 1


# --- witnesses


@contextmanager
def witnessed(workshop: Workshop, folder: Path) -> Iterator[str]:
    """Let a witness serve that knows the studio's ledger, and name it in the studio's policy."""
    witness = new_witness(folder)
    studio = Studio(workshop.path)
    witness.directory.add_log(studio.log_key)
    studio.close()
    with serving(witness) as server:
        policy = Policy(witnesses=(PolicyWitness("first", witness.keys[0], server.url),), quorum="first")
        (workshop.path / "ledger").mkdir(exist_ok=True)
        (workshop.path / "ledger" / "policy").write_bytes(policy.to_bytes())
        yield server.url


def test_a_checkpoint_is_cosigned_served_and_proved(terminal: Terminal, workshop: Workshop, tmp_path: Path) -> None:
    with witnessed(workshop, tmp_path / "w"):
        said = "Cosigned by first\nThe checkpoint of 4 entries carries 1 cosignature, as ledger/policy asks.\n"
        terminal("ledger", "cosign").says(0, said)
        assert terminal(*NEW_CONSENT).code == 0
        assert terminal("ledger", "cosign").code == 0
    note = parse_note(terminal("ledger", "checkpoint").out.encode())
    assert [line.name for line in note.signatures][1:] == [WITNESS_NAME]
    assert terminal("ledger", "publish", "../site").code == 0
    assert (tmp_path / "site" / "checkpoint").read_bytes() == note.to_bytes()
    assert terminal("ledger", "prove", "1", "-o", "../proof").code == 0
    ran = terminal("ledger", "verify-proof", "../proof", *options(terminal), "--policy", "ledger/policy")
    assert ran.code == 0
    assert "cosigned by first" in ran.out
    assert "2 cosignatures" in terminal("ledger", "audit").out


def test_a_witness_that_cannot_be_reached_leaves_the_quorum_open(
    terminal: Terminal, workshop: Workshop, tmp_path: Path
) -> None:
    with witnessed(workshop, tmp_path / "w"):
        pass
    ran = terminal("ledger", "cosign")
    assert (ran.code, ran.out) == (3, "")
    assert "nobody answers there" in ran.err
    assert "expected cosignatures of the quorum first" in ran.err
    assert terminal(*NEW_CONSENT).code == 0


def test_nobody_is_asked_where_nobody_is_named(terminal: Terminal, workshop: Workshop) -> None:
    ran = terminal("ledger", "cosign")
    assert (ran.code, ran.out) == (3, "")
    assert "witnesses: this studio names none" in ran.err


@pytest.mark.parametrize("forked", [False, True])
def test_a_witness_stops_an_older_copy_and_a_fork(
    terminal: Terminal, workshop: Workshop, tmp_path: Path, forked: bool
) -> None:
    copy = back_up(workshop, tmp_path / "yesterday.db")
    with witnessed(workshop, tmp_path / "w"):
        assert terminal(*NEW_CONSENT).code == 0
        assert terminal("ledger", "cosign").code == 0
        assert terminal("ledger", "publish", "../site").code == 0
        put_back(workshop, copy)
        # As if the whole folder had been put back.
        for name in ("high-water", "published.json"):
            (workshop.path / "ledger" / name).unlink()
        if forked:
            for _ in range(2):
                assert terminal(*NEW_CONSENT).code == 0
        ran = terminal("ledger", "cosign")
        assert ran.code == 3
        (evidence,) = (workshop.path / "ledger" / "evidence").iterdir()
        assert evidence.read_text().count(WITNESS_NAME) == 1
        stopped = terminal(*NEW_CONSENT)
        assert (stopped.code, stopped.out) == (3, "")
        recovered = terminal("ledger", "recover", "../site")
        assert recovered.code == (3 if forked else 0)
        assert terminal(*NEW_CONSENT).code == recovered.code
        if not forked:
            assert terminal("ledger", "cosign").code == 0


# --- dates


def test_a_checkpoint_is_dated_and_the_log_says_so(terminal: Terminal, workshop: Workshop, tmp_path: Path) -> None:
    tsa = Tsa(tmp_path / "tsa")
    roots = tmp_path / "roots.pem"
    roots.write_bytes(tsa.root.public_bytes(Encoding.PEM))
    with serving_tsa(tsa.reply) as url:
        claimed = terminal("ledger", "anchor", "--tsa", url)
        assert claimed.code == 0
        assert "claims" in claimed.out
        proven = terminal("ledger", "anchor", "--tsa", url, "--roots", roots)
        assert proven.code == 0
        assert "claims" not in proven.out
    assert terminal("ledger", "show").out.splitlines()[-1].endswith("anchor")
    assert "2 time-stamps" in terminal("ledger", "audit").out


def test_a_checkpoint_waits_while_its_authority_cannot_be_reached(
    terminal: Terminal, workshop: Workshop, tmp_path: Path
) -> None:
    tsa = Tsa(tmp_path / "tsa")
    with serving_tsa(tsa.reply) as url:
        pass
    ran = terminal("ledger", "anchor", "--tsa", url)
    assert (ran.code, ran.out) == (3, "")
    assert "waits to be dated" in ran.err
    assert terminal(*NEW_CONSENT).code == 0


def test_an_authority_must_be_named(terminal: Terminal, workshop: Workshop) -> None:
    ran = terminal("ledger", "anchor")
    assert ran.code == 2
    assert "expected the address of a time-stamp authority" in ran.err
    assert terminal("ledger", "anchor", "--tsa", "nowhere").code == 2


# --- keys


def test_a_key_is_exchanged_and_every_picture_still_verifies(
    terminal: Terminal, workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = terminal("trust", "export").out
    (first,) = keys(terminal)
    added = terminal("ledger", "key", "add")
    assert (added.code, len(keys(terminal))) == (0, 2)
    between = _stamp_another(terminal, workshop, "between")
    retired = terminal("ledger", "key", "retire", first)
    assert retired.code == 0
    after = _stamp_another(terminal, workshop, "after")
    assert keys(terminal)[0].startswith(f"{first} until ")
    assert keys(terminal)[1].startswith(f"{added.out.strip()} from 5")
    assert terminal("trust", "export", "-o", "../new.pem").code == 0
    Path("../old.pem").write_text(old)
    assert terminal("ledger", "audit").code == 0
    pictures = [workshop.stamped, between, after]
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    said: dict[str, list[str]] = {}
    for trust in ("../new.pem", "../old.pem"):
        ran = terminal("verify", *pictures, "--trust", trust, "--json")
        said[trust] = [document["ledger"]["code"] for document in ran.documents()]
    assert said["../new.pem"] == ["proven"] * 3
    # A trust file from before the exchange cannot know the new key: it does not believe it.
    assert said["../old.pem"][0] == "proven"
    assert said["../old.pem"][2] == "inconsistent"


def _stamp_another(terminal: Terminal, workshop: Workshop, name: str) -> Path:
    draw_jpeg(workshop.path / f"{name}.jpg", seed=len(name))
    ran = terminal("stamp", f"{name}.jpg", "--as", "camera", "--consent", workshop.code)
    assert ran.code == 0, ran
    return workshop.stamped.with_name(f"{name}.jpg").resolve()


def test_the_only_key_is_not_retired(terminal: Terminal, workshop: Workshop) -> None:
    (only,) = keys(terminal)
    message = "log key: it is the only one in use, and nothing could be signed without it"
    terminal("ledger", "key", "retire", only).refuses(1, message, "add its successor first: provenance ledger key add")
    stranger = NoteKey("provenance-studio/0000000000000000", bytes(32)).to_text()
    message = "log key: expected one that the log uses, got another"
    terminal("ledger", "key", "retire", stranger).refuses(2, message, "see provenance ledger key list")


def test_a_key_is_exchanged_under_a_passphrase(terminal: Terminal, sealed: Path) -> None:
    known = options(terminal)
    assert terminal("ledger", "key", "add", "--passphrase-file", "../passphrase").code == 0
    retire = ("ledger", "key", "retire", known[1], "--passphrase-file", "../passphrase")
    assert terminal(*retire).code == 0
    assert terminal("ledger", "audit").code == 0
    studio = Studio(sealed)
    assert Logbook(studio).audit().entries == 3
    studio.close()


def test_a_site_that_is_older_than_what_was_signed_recovers_too_little(
    terminal: Terminal, workshop: Workshop, tmp_path: Path
) -> None:
    copy = back_up(workshop, tmp_path / "yesterday.db")
    assert terminal(*NEW_CONSENT).code == 0
    assert terminal("ledger", "publish", "../site").code == 0
    assert terminal(*NEW_CONSENT).code == 0
    put_back(workshop, copy)
    terminal("ledger", "recover", "../site").refuses(
        3,
        "ledger: has 6 entries now, as published, which is too few: ledger/high-water: expected a ledger of at least "
        "8 entries, got 6",
        "sign nothing; find a newer copy of this studio, or a mirror of its ledger to recover from",
    )
    assert terminal(*NEW_CONSENT).code == 3


def test_a_date_under_other_roots_is_not_kept(terminal: Terminal, workshop: Workshop, tmp_path: Path) -> None:
    tsa = Tsa(tmp_path / "tsa")
    roots = tmp_path / "roots.pem"
    roots.write_bytes(Tsa(tmp_path / "other").root.public_bytes(Encoding.PEM))
    with serving_tsa(tsa.reply) as url:
        ran = terminal("ledger", "anchor", "--tsa", url, "--roots", roots)
        assert (ran.code, ran.out) == (3, "")
        assert (
            "waits to be dated: time-stamp: its signature is wrong, or its certificate does not lead to a tru"
            in ran.err
        )
        roots.write_bytes(b"no certificate")
        assert terminal("ledger", "anchor", "--tsa", url, "--roots", roots).code == 3
