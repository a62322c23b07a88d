"""Creating and opening a studio; unlocking its keys."""

import contextlib
import os
import secrets
from pathlib import Path

from cryptography import x509

from provenance import durable, pki
from provenance.clock import Clock, SystemClock
from provenance.consent.records import Controller, controller_urn
from provenance.credentials.signing import ClaimSigner
from provenance.errors import CorruptLedgerError, InputError, KeyMaterialError, RefusedError, StudioError
from provenance.keys import Algorithm, RootKey, SigningKey
from provenance.ledger import Ledger, rotation
from provenance.note import NoteKey, NoteSigner
from provenance.pki import TrustAnchors
from provenance.storage.database import Database, create_database
from provenance.studio import claim_keys
from provenance.studio.claim_keys import ClaimCertificate, ClaimKeys
from provenance.studio.key_places import KeyPlace
from provenance.studio.locating import SETTINGS_FILE, find_folder
from provenance.studio.settings import MAX_SETTINGS_BYTES, Settings
from provenance.studio.status_places import StatusPlaces
from provenance.studio.watch import StudioWatch
from provenance.vault import MasterKey

DATABASE_FILE = "studio.db"
KEYS_FOLDER = "keys"
RECEIPTS_FOLDER = "receipts"
MAX_KEY_BYTES = 64 * 1024

_ROOT_FILE = "root.json"
_FIRST_LOG_KEY = "log"
_SEAL_KEY = "seal"
_SEAL_CERTIFICATE = "seal.pem"
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
        self.database = Database(self.settings.database or path / DATABASE_FILE)
        self.ledger = Ledger(self.database, log_origin=self.settings.log_origin)
        self.watch = StudioWatch(path, self.database, self.ledger)

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
            signer = NoteSigner(log_key, keys["log"].sign)
            Ledger(database, log_origin=log_key.name, signers=[signer]).create(now)
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
        return cls(find_folder(start), clock=clock)

    def close(self) -> None:
        """Close the database, and the mark of what was signed."""
        self.watch.close()
        self.database.close()

    def authority(self) -> x509.Certificate:
        """Return the certificate of the studio's own authority."""
        return self._certificate("authority.pem")

    def claim_certificate(self) -> x509.Certificate:
        """Return the certificate that signs claims."""
        return self._certificate(claim_keys.IN_USE)

    def claim_certificates(self) -> list[ClaimCertificate]:
        """Return every certificate that signed claims or does, and the keys that wait for one.

        Raises:
            InputError: one of the files is not there, or malformed.
        """
        return claim_keys.list_certificates(self.path / KEYS_FOLDER)

    def seal_certificate(self) -> x509.Certificate:
        """Return the certificate that seals documents; there is none before the first seal."""
        return self._certificate(_SEAL_CERTIFICATE)

    def signing_log_key(self) -> NoteKey:
        """Return the newest key of the log that is in use.

        Raises:
            CorruptLedgerError: there is none.
        """
        in_use = [key.key for key in self.ledger.log_keys() if key.last_size is None]
        if not in_use:
            raise CorruptLedgerError("log keys: expected one in use, got none", hint="run provenance ledger rebuild")
        return in_use[-1]

    def anchors(self) -> TrustAnchors:
        """Return what vouches for the studio's own stamps: its authority, and certificates that it bought."""
        authority = self.authority()
        ends = claim_keys.bought_ends(self.path / KEYS_FOLDER, authority)
        return TrustAnchors(
            "urn:headshot-provenance:trust:studio", pki.to_pem(authority), ends, (self.settings.log_origin,)
        )

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
        self.status_places = StatusPlaces(root.derive("status-places"))
        self._root = root
        self.ledger = Ledger(
            studio.database,
            log_origin=studio.settings.log_origin,
            signers=self._log_signers(),
            watch=studio.watch,
        )
        self._claims = ClaimKeys(studio.path / KEYS_FOLDER, root)
        if not self._claims.has_key_of(studio.claim_certificate()):
            raise KeyMaterialError(
                "keys: claim.pem is for a key that this studio does not have", code="certificate-foreign"
            )

    def add_log_key(self) -> NoteKey:
        """Make a further key for the log, which signs beside those in use from its own entry on, and return it.

        Raises:
            LedgerError: the ledger cannot be appended to.
        """
        private = SigningKey.generate("Ed25519")
        key = NoteKey(self.studio.settings.log_origin, private.public_bytes())
        name = self._log_key_name(key)
        # Durable before it is announced; a key that was never announced means nothing.
        path = self.studio.path / KEYS_FOLDER / f"{name}.key"
        durable.create(path, private.to_pem(password=self._root.password(name)), mode=durable.PRIVATE)
        rotation.add_key(self.studio.database, self.ledger, NoteSigner(key, private.sign), now=self.studio.clock.now())
        return key

    def retire_log_key(self, key: NoteKey) -> None:
        """Let a key of the log stop; the checkpoint over its last entry is the last that it signs.

        Raises:
            LedgerError: the log does not use it, or has no other.
        """
        rotation.retire_key(self.studio.database, self.ledger, key, now=self.studio.clock.now())

    def _log_signers(self) -> list[NoteSigner]:
        in_use = [key.key for key in self.studio.ledger.log_keys() if key.last_size is None]
        return [NoteSigner(key, self.studio.load_key(self._log_key_name(key), self._root).sign) for key in in_use]

    def log_key_file(self, key: NoteKey) -> str:
        """Return where the private half of a key of the log lies, from the studio's folder."""
        return f"{KEYS_FOLDER}/{self._log_key_name(key)}.key"

    def _log_key_name(self, key: NoteKey) -> str:
        return _FIRST_LOG_KEY if key == self.studio.log_key else f"{_FIRST_LOG_KEY}-{key.key_id.hex()}"

    @property
    def controller(self) -> Controller:
        """The studio as a controller of personal data."""
        settings = self.studio.settings
        return Controller(settings.name, controller_urn(self.controller_key), settings.country, settings.url)

    def claim_signer(self, *, tsa_url: str | None = None) -> ClaimSigner:
        """Return who signs claims for this studio.

        Args:
            tsa_url: of the time-stamp authority that dates every signature; None for no date.

        Raises:
            KeyMaterialError: the certificate has run out, or there is no key for it.
        """
        folder = self.studio.path / KEYS_FOLDER
        chain = claim_keys.read_chain(folder)
        if self.studio.clock.now() > chain[0].not_valid_after_utc:
            raise KeyMaterialError(
                f"signing certificate: ended on {chain[0].not_valid_after_utc.date()}",
                code="certificate-expired",
                hint="run provenance keys renew, or provenance keys csr for a certificate that somebody else issued",
            )
        key, identity = self._claims.key_of(chain[0]), claim_keys.identity_of(folder)
        return ClaimSigner(key.sign, pki.to_pem(*chain), self.studio.anchors(), identity, tsa_url)

    def request_claim_certificate(self, *, token: KeyPlace | None = None) -> bytes:
        """Return a request for a certificate that signs claims, as PEM; see `ClaimKeys.request`."""
        settings = self.studio.settings
        return self._claims.request(name=settings.name, country=settings.country, token=token)

    def install_claim_certificate(self, data: bytes, *, place: str) -> x509.Certificate:
        """Let claims be signed with a certificate that somebody issued; see `ClaimKeys.install`."""
        return self._claims.install(data, place=place, now=self.studio.clock.now())

    def renew_claim_certificate(self, *, token: KeyPlace | None = None) -> x509.Certificate:
        """Let claims be signed with a new certificate of the studio's own authority; see `ClaimKeys.renew`."""
        return self._claims.renew(
            authority=self.studio.authority(),
            authority_key=self.studio.load_key("authority", self._root),
            name=self.studio.settings.name,
            country=self.studio.settings.country,
            now=self.studio.clock.now(),
            token=token,
        )

    def seal_key(self) -> tuple[SigningKey, x509.Certificate]:
        """Return the key that seals documents, and its certificate; both are made when they are first needed.

        The key stays; a certificate that has run out is replaced.

        Raises:
            KeyMaterialError: the authority's certificate has run out, or a key cannot be read.
        """
        folder, now = self.studio.path / KEYS_FOLDER, self.studio.clock.now()
        key = self.further_key(_SEAL_KEY)
        if (folder / _SEAL_CERTIFICATE).exists():
            certificate = self.studio.seal_certificate()
            if now < certificate.not_valid_after_utc:
                return key, certificate
        certificate = pki.make_seal_certificate(
            key=key,
            authority=self.studio.authority(),
            authority_key=self.studio.load_key("authority", self._root),
            name=self.studio.settings.name,
            country=self.studio.settings.country,
            now=now,
        )
        durable.replace(folder / _SEAL_CERTIFICATE, pki.to_pem(certificate).encode())
        return key, certificate

    def further_key(self, name: str) -> SigningKey:
        """Return the P-256 key called `name`, which is made when it is first needed.

        Raises:
            KeyMaterialError: it cannot be read.
        """
        place = self.studio.path / KEYS_FOLDER / f"{name}.key"
        if not place.exists():
            made = SigningKey.generate("ES256").to_pem(password=self._root.password(name))
            # Somebody else may have made it in between; then theirs is the one.
            with contextlib.suppress(FileExistsError):
                durable.create(place, made, mode=durable.PRIVATE)
        return self.studio.load_key(name, self._root)


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
