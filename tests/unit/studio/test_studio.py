import hashlib
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.x509.oid import NameOID
from support.refusals import refused
from support.studios import PASSPHRASE, STUDIO_NAME, FixedClock, make_studio

from provenance.consent.records import controller_urn
from provenance.entries import GenesisEntry, parse_entry
from provenance.errors import InputError, KeyMaterialError, RefusedError, StudioError
from provenance.note import NoteKey
from provenance.studio import SETTINGS_FILE, Studio
from provenance.studio.logbook import Logbook

FILES = [
    "keys/authority.key",
    "keys/authority.pem",
    "keys/claim.key",
    "keys/claim.pem",
    "keys/controller.key",
    "keys/log.key",
    "keys/root.json",
    "provenance.toml",
    "studio.db",
]
MISSING_HERE = "create one with provenance init"
MISSING_ABOVE = "create one with provenance init, or name it with --studio DIR"
NEWER = "use the version of provenance that wrote it"
BACKUP = "restore the studio from its backup"


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with closing(make_studio(tmp_path / "studio")) as made:
        yield made


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio under a passphrase, whose files stay as they are."""
    with closing(make_studio(tmp_path_factory.mktemp("sealed") / "studio", passphrase=PASSPHRASE)) as made:
        yield made


def fingerprint(folder: Path) -> dict[str, tuple[str, int]]:
    """Return digest and mode of every file, but for the journal of an open database."""
    return {
        str(path.relative_to(folder)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mode)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith("studio.db-")
    }


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# --- creating


def test_a_studio_is_created_and_opened(studio: Studio) -> None:
    assert studio.settings.name == STUDIO_NAME
    assert studio.settings.country == "DE"
    assert studio.settings.url is None
    assert sorted(fingerprint(studio.path)) == FILES
    assert sorted(path.name for path in studio.path.iterdir() if path.is_dir()) == ["keys", "receipts"]
    with closing(Studio(studio.path)) as again:
        assert again.settings == studio.settings


def test_a_studio_is_created_in_a_folder_that_is_there_already(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with closing(make_studio(tmp_path)):
        assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_studio_is_created_with_the_folders_above_it(tmp_path: Path) -> None:
    with closing(make_studio(tmp_path / "a" / "b" / "c")) as made:
        assert made.path == tmp_path / "a" / "b" / "c"


def test_what_is_private_is_for_the_owner_only(studio: Studio) -> None:
    modes = {name: mode(studio.path / name) for name in FILES}
    private = {name for name in FILES if name.endswith((".key", ".json", ".db"))}
    assert {name for name, found in modes.items() if found == 0o600} == private
    assert {mode(studio.path / folder) for folder in ("keys", "receipts")} == {0o700}
    journals = [path for path in studio.path.iterdir() if path.name.startswith("studio.db-")]
    assert {mode(path) for path in journals} <= {0o600}


def test_the_first_entry_names_the_log_of_the_studio(studio: Studio) -> None:
    (row,) = studio.database.entries(0, 10)
    assert parse_entry(row.body) == GenesisEntry(
        parse_entry(row.body).at, studio.settings.log_origin, studio.settings.log_key
    )
    assert studio.log_key == NoteKey.from_text(studio.settings.log_key)
    assert studio.settings.log_origin == studio.log_key.name
    assert studio.settings.log_origin.startswith("provenance-studio/")
    assert Logbook(studio).audit().entries == 1


def test_the_clock_of_a_new_studio_dates_its_first_entry_and_certificates(tmp_path: Path) -> None:
    clock = FixedClock()
    with closing(make_studio(tmp_path, clock=clock)) as made:
        (row,) = made.database.entries(0, 10)
        assert parse_entry(row.body).at == clock.moment.replace(second=0)
        assert made.claim_certificate().not_valid_before_utc == clock.moment - timedelta(minutes=5)
        assert made.clock is clock


def test_two_studios_share_no_key_and_no_log(tmp_path: Path) -> None:
    with closing(make_studio(tmp_path / "one")) as one, closing(make_studio(tmp_path / "two")) as two:
        assert one.settings.log_origin != two.settings.log_origin
        assert one.settings.log_key != two.settings.log_key
        assert one.unlock(None).controller.key_urn != two.unlock(None).controller.key_urn


def test_the_certificates_name_the_studio(studio: Studio) -> None:
    for certificate in (studio.authority(), studio.claim_certificate()):
        (organization,) = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        (country,) = certificate.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)
        assert (organization.value, country.value) == (STUDIO_NAME, "DE")
    assert studio.claim_certificate().issuer == studio.authority().subject


def test_the_studio_vouches_for_itself(studio: Studio) -> None:
    anchors = studio.anchors()
    assert anchors.uri == "urn:headshot-provenance:trust:studio"
    assert anchors.pem.encode() == (studio.path / "keys" / "authority.pem").read_bytes()


# --- not creating


def test_a_studio_created_twice_is_refused_and_no_byte_changed(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(studio.path)
    monkeypatch.chdir(studio.path.parent)
    with refused(
        RefusedError,
        "studio: there is a studio already",
        code="studio-exists",
        hint="use it as it is; nothing was changed",
    ):
        make_studio(Path("studio"), "Another")
    assert fingerprint(studio.path) == before
    assert Logbook(studio).audit().entries == 1


@pytest.mark.parametrize("leftover", ["keys", "studio.db", "receipts"])
def test_something_of_a_studio_is_refused_and_left(
    studio: Studio, leftover: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(studio.path.parent)
    half = Path("half")
    half.mkdir()
    (studio.path / leftover).rename(half / leftover)
    before = fingerprint(half)
    with refused(
        RefusedError,
        f"half: holds {leftover}, but no provenance.toml",
        code="studio-incomplete",
        hint="move these files away, or choose another folder; nothing was changed",
    ):
        make_studio(half)
    assert fingerprint(half) == before


def test_a_studio_whose_creation_broke_off_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr("provenance.studio.studio.create_database", fail)
        with pytest.raises(OSError, match="no space left"):
            make_studio(Path("studio"))
    with refused(StudioError, "studio: no studio here", code="studio-missing", hint=MISSING_HERE):
        Studio(Path("studio"))
    with pytest.raises(RefusedError) as caught:
        make_studio(Path("studio"))
    assert caught.value.code == "studio-incomplete"


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("studio").write_text("mine")
    with refused(RefusedError, "studio: expected a folder, got a file", code="studio-path"):
        make_studio(Path("studio"))
    assert Path("studio").read_text() == "mine"


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("studio").mkdir()
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with refused(StudioError, "studio: cannot be written to", code="studio-unwritable"):
        make_studio(Path("studio"))
    assert list(Path("studio").iterdir()) == []


NAMES = [
    "x",
    "Studio Lümen",
    "Φωτογραφείο Παπαδόπουλος",
    "Фотостудия Москва",
    "写真館",
    "株式会社東京写真館渋谷本店",
    "استوديو",
    'The "Studio" & \\ Co.',
    "x" * 64,
    "ü" * 32,
    "写" * 21,
    "𠮷野写真館",
    "Studio 📷",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_any_script_is_kept(tmp_path: Path, name: str) -> None:
    with closing(make_studio(tmp_path / "studio", name)) as made:
        assert made.settings.name == name
        (organization,) = made.claim_certificate().subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        assert organization.value == name
        assert made.unlock(None).controller.name == name


@pytest.mark.parametrize(("name", "size"), [("x" * 65, 65), ("ü" * 33, 66), ("写" * 22, 66), ("x" * 1000, 1000)])
def test_a_longer_name_is_refused_and_nothing_made(tmp_path: Path, name: str, size: int) -> None:
    with refused(
        InputError,
        f"studio name: expected at most 64 bytes of text, got {size}",
        code="name-length",
        hint="letters beyond a to z take two to four bytes each",
    ):
        make_studio(tmp_path / "studio", name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", " ", "   "])
def test_no_name_is_refused_and_nothing_made(tmp_path: Path, name: str) -> None:
    with refused(InputError, "studio name: expected a name, got nothing", code="name-text"):
        make_studio(tmp_path / "studio", name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["\u2003", "a\nb", "a\x00b", "a\x1b[31mb", "a\u202eb", "a\ud800b", "\u200b"])
def test_a_name_that_cannot_be_shown_is_refused_and_nothing_made(tmp_path: Path, name: str) -> None:
    with refused(InputError, "studio name: expected printable text", code="name-text"):
        make_studio(tmp_path / "studio", name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("typed", "country"), [("de", "DE"), ("Gb", "GB"), (None, None)])
def test_a_country_is_kept_in_capital_letters(tmp_path: Path, typed: str | None, country: str | None) -> None:
    with closing(Studio.create(tmp_path, name="Studio", country=typed, passphrase=None)) as made:
        assert made.settings.country == country


@pytest.mark.parametrize("country", ["D", "DEU", "Germany", "D1", "ÄÖ", "D ", "  "])
def test_another_country_is_refused_and_nothing_made(tmp_path: Path, country: str) -> None:
    message = f"country: expected two letters such as DE, got {country!r}"
    with refused(InputError, message, code="country"):
        Studio.create(tmp_path / "studio", name="Studio", country=country, passphrase=None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url", ["https://studio.example", "http://localhost:8080/contact?x=1#y", "https://münchen.example/"]
)
def test_an_address_is_kept(tmp_path: Path, url: str) -> None:
    with closing(Studio.create(tmp_path, name="Studio", url=url, passphrase=None)) as made:
        assert made.settings.url == url
        assert made.unlock(None).controller.url == url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", "that starts with https://"),
        ("studio.example", "that starts with https://"),
        ("ftp://studio.example", "that starts with https://"),
        ("javascript:alert(1)", "that starts with https://"),
        ("HTTPS://studio.example", "that starts with https://"),
        ("https://a b", "without spaces"),
        ("https://a\n", "without spaces"),
        ("https://a\u202eb", "without spaces"),
    ],
)
def test_another_address_is_refused_and_nothing_made(tmp_path: Path, url: str, expected: str) -> None:
    with refused(InputError, f"url: expected an address {expected}, got {url!r}", code="url"):
        Studio.create(tmp_path / "studio", name="Studio", url=url, passphrase=None)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_passphrase_is_refused_and_nothing_made(tmp_path: Path) -> None:
    with refused(KeyMaterialError, "passphrase: expected one, got nothing", code="passphrase-empty"):
        make_studio(tmp_path / "studio", passphrase="")
    assert list(tmp_path.iterdir()) == []


# --- opening


def test_a_folder_without_a_studio_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    for name in ("folder", "nowhere"):
        with refused(StudioError, f"{name}: no studio here", code="studio-missing", hint=MISSING_HERE):
            Studio(Path(name))


def test_a_studio_is_found_from_the_folders_within_it(studio: Studio) -> None:
    deep = studio.path / "pictures" / "2026"
    deep.mkdir(parents=True)
    for start in (studio.path, deep, studio.path / "keys", studio.path / "not" / "there"):
        with closing(Studio.find(start)) as found:
            assert found.path.resolve() == studio.path.resolve()


def test_a_studio_is_found_from_a_path_that_is_not_absolute(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(studio.path / "keys")
    with closing(Studio.find(Path())) as found:
        assert found.settings == studio.settings
    monkeypatch.chdir(studio.path)
    with closing(Studio.find(Path())) as found:
        assert found.settings == studio.settings


def test_the_nearest_studio_is_found(studio: Studio) -> None:
    with closing(make_studio(studio.path / "inner")) as inner:
        (inner.path / "deep").mkdir()
        with closing(Studio.find(inner.path / "deep")) as found:
            assert found.settings == inner.settings


def test_where_no_folder_above_has_a_studio_none_is_found(tmp_path: Path) -> None:
    with refused(StudioError, "no studio here or in a folder above", code="studio-missing", hint=MISSING_ABOVE):
        Studio.find(tmp_path)


def test_a_found_studio_keeps_the_clock(studio: Studio) -> None:
    clock = FixedClock()
    with closing(Studio.find(studio.path, clock=clock)) as found:
        assert found.clock is clock


def test_a_newer_state_in_the_settings_is_refused(studio: Studio) -> None:
    path = studio.path / SETTINGS_FILE
    path.write_bytes(path.read_bytes().replace(b"state = 1", b"state = 2"))
    message = "provenance.toml: expected state version 1, got 2"
    with refused(StudioError, message, code="state-version", hint=NEWER):
        Studio(studio.path)


def test_a_newer_state_in_the_database_is_refused(studio: Studio) -> None:
    with closing(sqlite3.connect(studio.path / "studio.db")) as connection:
        connection.execute("PRAGMA user_version=5")
    message = "studio.db: expected state version 4, got 5"
    with refused(StudioError, message, code="state-version", hint=NEWER):
        Studio(studio.path)


def test_a_studio_without_its_database_is_refused(studio: Studio) -> None:
    studio.close()
    (studio.path / "studio.db").unlink()
    with refused(StudioError, "studio.db: no such database", hint="run provenance init"):
        Studio(studio.path)


def test_settings_with_another_kind_of_key_are_refused(studio: Studio) -> None:
    path = studio.path / SETTINGS_FILE
    path.write_bytes(path.read_bytes().replace(studio.settings.log_key.encode(), b"key"))
    with refused(InputError, "note key: expected name+hash+base64, got something else"):
        Studio(studio.path)


def test_settings_that_are_too_large_are_refused(studio: Studio) -> None:
    path = studio.path / SETTINGS_FILE
    path.write_bytes(path.read_bytes() + b"#" * 65_536)
    with refused(InputError, "provenance.toml: expected at most 65536 bytes, got more", code="file-too-large"):
        Studio(studio.path)


def test_the_name_of_a_studio_may_be_changed_in_its_settings(studio: Studio) -> None:
    path = studio.path / SETTINGS_FILE
    path.write_text(path.read_text("utf-8").replace("Lümen", "Lumière"), "utf-8")
    with closing(Studio(studio.path)) as again:
        assert again.settings.name == "Studio Lumière"
        assert Logbook(again).audit().entries == 1


# --- unlocking


def test_a_studio_without_a_passphrase_is_unlocked_without_one(studio: Studio) -> None:
    assert studio.is_sealed() is False
    assert studio.unlock(None).controller.key_urn == studio.unlock("anything").controller.key_urn


def test_a_studio_under_a_passphrase_is_unlocked_with_it(sealed: Studio) -> None:
    assert sealed.is_sealed() is True
    assert sealed.unlock(PASSPHRASE).controller.name == STUDIO_NAME


def test_a_missing_passphrase_is_refused(sealed: Studio) -> None:
    with refused(
        KeyMaterialError,
        "root key: this studio's keys are under a passphrase, got none",
        code="passphrase-missing",
        hint="set PROVENANCE_PASSPHRASE, or name a file with --passphrase-file",
    ):
        sealed.unlock(None)


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE + " "])
def test_a_wrong_passphrase_is_refused(sealed: Studio, passphrase: str) -> None:
    with refused(
        KeyMaterialError,
        "root key: the passphrase is wrong",
        code="passphrase-wrong",
        hint="try again with the right one",
    ):
        sealed.unlock(passphrase)


def test_a_passphrase_lies_in_no_file(sealed: Studio) -> None:
    for path in sealed.path.rglob("*"):
        assert path.is_dir() or PASSPHRASE.encode() not in path.read_bytes()


def test_no_private_key_lies_readable_in_a_file(studio: Studio) -> None:
    for path in (studio.path / "keys").glob("*.key"):
        assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")


def test_the_controller_is_the_studio(studio: Studio) -> None:
    unlocked = studio.unlock(None)
    controller = unlocked.controller
    assert (controller.name, controller.country, controller.url) == (STUDIO_NAME, "DE", None)
    assert controller.key_urn == controller_urn(unlocked.controller_key)


@pytest.mark.parametrize("name", ["root.json", "controller.key", "log.key", "claim.key"])
def test_a_missing_key_is_refused(studio: Studio, name: str) -> None:
    (studio.path / "keys" / name).unlink()
    with refused(KeyMaterialError, f"keys: {name}: no such file", hint=BACKUP):
        studio.unlock(None)


@pytest.mark.parametrize("name", ["controller.key", "log.key", "claim.key"])
def test_the_key_of_another_studio_is_refused(studio: Studio, tmp_path: Path, name: str) -> None:
    with closing(make_studio(tmp_path / "other")) as other:
        (studio.path / "keys" / name).write_bytes((other.path / "keys" / name).read_bytes())
    with refused(KeyMaterialError, "private key: cannot be opened with this root key"):
        studio.unlock(None)


def test_one_key_in_place_of_another_is_refused(studio: Studio) -> None:
    keys = studio.path / "keys"
    (keys / "controller.key").write_bytes((keys / "log.key").read_bytes())
    with refused(KeyMaterialError, "private key: cannot be opened with this root key"):
        studio.unlock(None)


@pytest.mark.parametrize("name", ["authority.pem", "claim.pem"])
def test_a_missing_certificate_is_refused(studio: Studio, name: str) -> None:
    unlocked = studio.unlock(None)
    (studio.path / "keys" / name).unlink()
    with refused(KeyMaterialError, f"keys: {name}: no such file", hint=BACKUP):
        unlocked.claim_signer()


def test_a_certificate_that_is_none_is_refused(studio: Studio) -> None:
    (studio.path / "keys" / "claim.pem").write_bytes(b"something else")
    hint = "ask the issuer for a file that begins -----BEGIN"
    with refused(InputError, "claim.pem: expected certificates in pem form", hint=hint):
        studio.claim_certificate()


def test_a_claim_is_signed_with_the_key_of_the_certificate(studio: Studio) -> None:
    signer = studio.unlock(None).claim_signer()
    assert signer.chain_pem.encode() == (studio.path / "keys" / "claim.pem").read_bytes()
    assert signer.anchors == studio.anchors()
    assert len(signer.sign(b"claim")) == 64


def test_an_expired_certificate_signs_no_claims(tmp_path: Path) -> None:
    clock = FixedClock()
    with closing(make_studio(tmp_path, clock=clock)) as made:
        ends = made.claim_certificate().not_valid_after_utc
        unlocked = made.unlock(None)
        clock.moment = ends
        unlocked.claim_signer()
        clock.advance(seconds=1)
        with refused(
            KeyMaterialError,
            f"signing certificate: ended on {ends.date()}",
            code="certificate-expired",
            hint="run provenance keys renew, or provenance keys csr for a certificate that somebody else issued",
        ):
            unlocked.claim_signer()


def test_a_certificate_is_valid_for_a_year_and_no_longer(tmp_path: Path) -> None:
    clock = FixedClock()
    with closing(make_studio(tmp_path, clock=clock)) as made:
        unlocked = made.unlock(None)
        clock.advance(days=365)
        unlocked.claim_signer()
        clock.advance(days=1)
        with pytest.raises(KeyMaterialError) as caught:
            unlocked.claim_signer()
    assert caught.value.code == "certificate-expired"


def test_a_closed_studio_can_be_opened_again(studio: Studio) -> None:
    studio.close()
    studio.close()
    with closing(Studio(studio.path)) as again:
        assert Logbook(again).audit().entries == 1
