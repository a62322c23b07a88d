"""The authority of a kiosk vouches for private networks, and for nothing else; OpenSSL judges it."""

import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from cryptography import x509
from support.studios import FixedClock, make_studio, open_keys

from provenance import pki
from provenance.errors import InputError
from provenance.keys import SigningKey
from provenance.studio import Studio, UnlockedStudio
from provenance.web import certificates
from provenance.web.certificates import check_host, fingerprint, kiosk_authority, server_context


@pytest.fixture(scope="module")
def keys(studio: Studio) -> UnlockedStudio:
    return open_keys(studio)


@contextmanager
def speaking(context: ssl.SSLContext) -> Iterator[int]:
    """Have a server that speaks TLS, and say nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            try:
                connection, _ = listening.accept()
                context.wrap_socket(connection, server_side=True).close()
            except (ssl.SSLError, OSError):
                pass

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield int(listening.getsockname()[1])
        thread.join(5)


def greet(context: ssl.SSLContext, authority: x509.Certificate, host: str) -> None:
    """Connect as a device does that trusts this authority and no other."""
    trusting = ssl.create_default_context(cadata=pki.to_pem(authority))
    with speaking(context) as port, socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        trusting.wrap_socket(connection, server_hostname=host).close()


@pytest.mark.parametrize("host", ["studio.local", "127.0.0.1", "192.168.7.9", "localhost", "kiosk.home.arpa"])
def test_a_device_that_trusts_the_authority_greets_the_kiosk(keys: UnlockedStudio, host: str) -> None:
    key, authority = kiosk_authority(keys)
    now = keys.studio.clock.now()
    greet(server_context([host], authority_key=key, authority=authority, now=now), authority, host)
    with pytest.raises(ssl.SSLCertVerificationError):
        greet(server_context([host], authority_key=key, authority=authority, now=now), authority, "other.local")


@pytest.mark.parametrize("host", ["example.com", "bank.example", "8.8.8.8"])
def test_no_device_believes_it_about_pages_on_the_internet(
    keys: UnlockedStudio, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, authority = kiosk_authority(keys)
    # As a thief of its key would, who is held by nothing here.
    monkeypatch.setattr(certificates, "check_host", str)
    context = server_context([host], authority_key=key, authority=authority, now=keys.studio.clock.now())
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        greet(context, authority, host)


def test_the_authority_of_claims_vouches_for_no_page(keys: UnlockedStudio) -> None:
    key, authority = kiosk_authority(keys)
    assert authority != keys.studio.authority()
    context = server_context(["studio.local"], authority_key=key, authority=authority, now=keys.studio.clock.now())
    with pytest.raises(ssl.SSLCertVerificationError):
        greet(context, keys.studio.authority(), "studio.local")


def test_the_authority_stays_until_it_runs_out(tmp_path_factory: pytest.TempPathFactory) -> None:
    clock = FixedClock()
    made = make_studio(tmp_path_factory.mktemp("kept") / "studio", clock=clock)
    keys = open_keys(made)
    _, first = kiosk_authority(keys)
    assert kiosk_authority(keys)[1] == first
    clock.advance(days=certificates.AUTHORITY_DAYS)
    key, second = kiosk_authority(keys)
    assert second != first
    assert second.public_key() == key.private_key.public_key()
    assert len(fingerprint(second)) == 95
    made.close()


def test_its_key_lies_under_the_passphrase(tmp_path_factory: pytest.TempPathFactory) -> None:
    made = make_studio(tmp_path_factory.mktemp("sealed") / "studio", passphrase="correct horse battery staple")
    kiosk_authority(open_keys(made))
    data = (made.path / "keys" / "kiosk-authority.key").read_bytes()
    assert b"ENCRYPTED" in data
    with pytest.raises(Exception, match="cannot be opened"):
        SigningKey.from_pem(data, password=b"guess")
    made.close()


def test_every_private_network_is_one_that_is_never_routed() -> None:
    for network in certificates.PRIVATE_NETWORKS:
        assert ipaddress.ip_network(network).is_private


@pytest.mark.parametrize("host", ["", "example.com", "8.8.8.8", "notlocal", "local.example", "2001:db8::1%1"])
def test_another_host_has_no_certificate(host: str) -> None:
    with pytest.raises(InputError):
        check_host(host)
