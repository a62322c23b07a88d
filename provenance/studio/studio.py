"""Creating and opening a studio; unlocking its keys."""

import os
import secrets
from pathlib import Path

from cryptography import x509

from provenance import durable, pki
from provenance.clock import Clock, SystemClock
from provenance.consent.records import Controller, controller_urn
from provenance.credentials.signing import ClaimSigner
from provenance.errors import InputError, KeyMaterialError, RefusedError, StudioError
from provenance.keys import Algorithm, RootKey, SigningKey
from provenance.ledger import AuditReport, Ledger, audit
from provenance.note import NoteKey
from provenance.pki import TrustAnchors
from provenance.storage.database import Database, create_database
from provenance.studio.settings import MAX_SETTINGS_BYTES, Settings
from provenance.vault import MasterKey

SETTINGS_FILE = "provenance.toml"
DATABASE_FILE = "studio.db"
KEYS_FOLDER = "keys"
RECEIPTS_FOLDER = "receipts"
MAX_KEY_BYTES = 64 * 1024

_ROOT_FILE = "root.json"
_KEYS: dict[str, Algorithm] = {"authority": "ES256", "claim": "ES256", "controller": "Ed25519", "log": "Ed25519"}


class Studio:
    """A studio that can be read from: its ledger, its records, its certificates. Signing needs `unlock`."""

    def __init__(self, path: Path, *, clock: Clock | None = None) -> None:
        """Open the studio in the directory `path`.

        Raises:
            StudioError: there is none, or a newer version wrote it.
            InputError: its settings or certificates are malformed.
        """
        if not (path / SETTINGS_FILE).is_file():
            raise StudioError(f"{path}: no studio here", code="studio-missing", hint="create one with provenance init")
        self.path = path
        self.clock = clock or SystemClock()
        self.settings = Settings.parse(durable.read(path / SETTINGS_FILE, max_bytes=MAX_SETTINGS_BYTES))
        self.log_key = NoteKey.from_text(self.settings.log_key)
        self.database = Database(path / DATABASE_FILE)
        self.ledger = Ledger(self.database, key=self.log_key)

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        name: str,
        country: str | None = None,
        url: str | None = None,
        passphrase: str | None,
        clock: Clock | None = None,
    ) -> "Studio":
        """Create a studio in the directory `path`, and open it.

        The settings file is written last: until it is there, there is no studio.

        Args:
            path: an existing or new directory; nothing in it is ever replaced.
            name: of the business, up to 64 bytes of UTF-8.
            country: two letters.
            url: where people reach the studio; starts with https:// or http://.
            passphrase: seals the keys; None leaves them readable by the owner of the files.
            clock: for the certificates and the first entry.

        Raises:
            RefusedError: there is a studio already, or something of one.
            InputError: the name, country or address cannot be used.
        """
        clock = clock or SystemClock()
        check_free(path)
        _check_url(url)
        if passphrase is not None and not passphrase:
            raise KeyMaterialError("passphrase: expected one, got nothing", code="passphrase-empty")
        now = clock.now()
        root = RootKey.generate()
        keys = {key_name: SigningKey.generate(algorithm) for key_name, algorithm in _KEYS.items()}
        authority = pki.make_authority(key=keys["authority"], name=name, country=country, now=now)
        claim = pki.make_claim_certificate(
            key=keys["claim"],
            authority=authority,
            authority_key=keys["authority"],
            name=name,
            country=country,
            now=now,
        )
        log_key = NoteKey(f"provenance-studio/{secrets.token_hex(8)}", keys["log"].public_bytes())
        settings = Settings(name, country.upper() if country else None, url, log_key.name, log_key.to_text())

        folder = path / KEYS_FOLDER
        folder.mkdir(mode=0o700, parents=True)
        (path / RECEIPTS_FOLDER).mkdir(mode=0o700)
        durable.create(folder / _ROOT_FILE, root.to_file(passphrase=passphrase), mode=durable.PRIVATE)
        for key_name, key in keys.items():
            pem = key.to_pem(password=root.password(key_name))
            durable.create(folder / f"{key_name}.key", pem, mode=durable.PRIVATE)
        durable.create(folder / "authority.pem", pki.to_pem(authority).encode())
        durable.create(folder / "claim.pem", pki.to_pem(claim).encode())
        create_database(path / DATABASE_FILE)
        database = Database(path / DATABASE_FILE)
        try:
            Ledger(database, key=log_key, sign=keys["log"].sign).create(now)
        finally:
            database.close()
        durable.create(path / SETTINGS_FILE, settings.to_bytes())
        return cls(path, clock=clock)

    @classmethod
    def find(cls, start: Path, *, clock: Clock | None = None) -> "Studio":
        """Open the studio in `start` or in the nearest directory above it.

        Raises:
            StudioError: there is none.
        """
        for directory in (start, *start.resolve().parents):
            if (directory / SETTINGS_FILE).is_file():
                return cls(directory, clock=clock)
        raise StudioError(
            "no studio here or in a folder above",
            code="studio-missing",
            hint="create one with provenance init, or name it with --studio DIR",
        )

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def authority(self) -> x509.Certificate:
        """Return the certificate of the studio's own authority."""
        return self._certificate("authority.pem")

    def claim_certificate(self) -> x509.Certificate:
        """Return the certificate that signs claims."""
        return self._certificate("claim.pem")

    def anchors(self) -> TrustAnchors:
        """Return the studio's authority as something to trust."""
        return TrustAnchors("urn:headshot-provenance:trust:studio", pki.to_pem(self.authority()))

    def audit(self) -> AuditReport:
        """Recompute the whole ledger from its entries.

        Raises:
            CorruptLedgerError: something contradicts them.
        """
        return audit(self.database, key=self.log_key)

    def is_sealed(self) -> bool:
        """Tell whether a passphrase is needed to unlock the keys."""
        return RootKey.is_sealed(self._read_key(_ROOT_FILE))

    def unlock(self, passphrase: str | None) -> "UnlockedStudio":
        """Return the studio with its keys.

        Raises:
            KeyMaterialError: the passphrase is missing or wrong, or a key cannot be read.
        """
        root = RootKey.from_file(self._read_key(_ROOT_FILE), passphrase=passphrase)
        return UnlockedStudio(self, root)

    def load_key(self, name: str, root: RootKey) -> SigningKey:
        """Return one of the studio's private keys.

        Raises:
            KeyMaterialError: it does not open with this root key.
        """
        return SigningKey.from_pem(self._read_key(f"{name}.key"), password=root.password(name))

    def _read_key(self, name: str) -> bytes:
        try:
            return durable.read(self.path / KEYS_FOLDER / name, max_bytes=MAX_KEY_BYTES)
        except InputError as error:
            raise KeyMaterialError(f"keys: {error}", hint="restore the studio from its backup") from error

    def _certificate(self, name: str) -> x509.Certificate:
        return pki.parse_certificates(self._read_key(name), place=name)[0]


class UnlockedStudio:
    """A studio whose keys are at hand."""

    def __init__(self, studio: Studio, root: RootKey) -> None:
        self.studio = studio
        self.controller_key = studio.load_key("controller", root)
        self.master_key = MasterKey(root.derive("vault"))
        self.ledger = Ledger(studio.database, key=studio.log_key, sign=studio.load_key("log", root).sign)
        self._claim_key = studio.load_key("claim", root)

    @property
    def controller(self) -> Controller:
        """The studio as a controller of personal data."""
        settings = self.studio.settings
        return Controller(settings.name, controller_urn(self.controller_key), settings.country, settings.url)

    def claim_signer(self) -> ClaimSigner:
        """Return who signs claims for this studio.

        Raises:
            KeyMaterialError: the certificate has run out.
        """
        certificate = self.studio.claim_certificate()
        if self.studio.clock.now() > certificate.not_valid_after_utc:
            raise KeyMaterialError(
                f"signing certificate: ended on {certificate.not_valid_after_utc.date()}",
                code="certificate-expired",
                hint="a studio's certificate is valid for 366 days; make a new studio or renew its certificate",
            )
        return ClaimSigner(self._claim_key.sign, pki.to_pem(certificate), self.studio.anchors())


def check_free(path: Path) -> None:
    """Check that a studio can be created in `path`.

    Raises:
        RefusedError: there is one already, or something of one, or no folder can be there.
        StudioError: the folder cannot be written to.
    """
    if (path / SETTINGS_FILE).exists():
        raise RefusedError(
            f"{path}: there is a studio already", code="studio-exists", hint="use it as it is; nothing was changed"
        )
    leftovers = [name for name in (KEYS_FOLDER, DATABASE_FILE, RECEIPTS_FOLDER) if (path / name).exists()]
    if leftovers:
        raise RefusedError(
            f"{path}: holds {leftovers[0]}, but no {SETTINGS_FILE}",
            code="studio-incomplete",
            hint="move these files away, or choose another folder; nothing was changed",
        )
    if path.exists() and not path.is_dir():
        raise RefusedError(f"{path}: expected a folder, got a file", code="studio-path")
    if path.exists() and not os.access(path, os.W_OK):
        raise StudioError(f"{path}: cannot be written to", code="studio-unwritable")


def _check_url(url: str | None) -> None:
    if url is not None and not url.startswith(("https://", "http://")):
        raise InputError(f"url: expected an address that starts with https://, got {url!r}", code="url")
    if url is not None and (not url.isprintable() or " " in url):
        raise InputError(f"url: expected an address without spaces, got {url!r}", code="url")
