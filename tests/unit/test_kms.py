"""Keys in a key service, here a server on this computer that speaks its protocol."""

import importlib.util
import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import moto.server
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from support.pictures import draw_jpeg
from support.refusals import refused
from support.studios import FixedClock, make_studio, open_keys, record_consent, stamped, verify

from provenance.errors import InputError, KeyMaterialError, MissingExtraError
from provenance.kms import KmsAddress, open_key
from provenance.studio import Studio
from provenance.verification.report import Verdict

FORM = "write it as awskms:KEY?region=REGION, such as alias/claims"
USABLE = "see that the aws command can use this key: aws kms get-public-key --key-id"


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto.server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "testing")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))


def make(service: str, kind: str = "ECC_NIST_P256", usage: str = "SIGN_VERIFY") -> str:
    client: Any = boto3.client("kms", region_name="eu-central-1", endpoint_url=service)
    return str(client.create_key(KeySpec=kind, KeyUsage=usage)["KeyMetadata"]["KeyId"])


def at(service: str, key: str) -> KmsAddress:
    return KmsAddress.parse(f"awskms:{key}?region=eu-central-1&endpoint={service}")


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with closing(make_studio(tmp_path / "studio", clock=FixedClock())) as made:
        yield made


def test_an_address_is_taken_apart() -> None:
    text = "awskms:alias/claims?region=eu-central-1"
    assert KmsAddress.parse(text) == KmsAddress(text, "alias/claims", "eu-central-1", None)
    arn = "arn:aws:kms:eu-central-1:111122223333:key/0987dcba"
    assert KmsAddress.parse(f"awskms:{arn}?region=eu-central-1").key == arn


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("kms:key", "expected one that begins awskms:, got 'kms:key'"),
        ("awskms:?region=x", "expected a key, and region and endpoint once each"),
        ("awskms:key?region=x&region=y", "expected a key, and region and endpoint once each"),
        ("awskms:key?region=x&secret=y", "expected a key, and region and endpoint once each"),
        ("awskms:key", "expected region"),
        ("awskms:key?region=", "expected region"),
    ],
)
def test_a_malformed_address_is_refused(text: str, reason: str) -> None:
    with refused(InputError, f"kms address: {reason}", code="kms-address", hint=FORM):
        KmsAddress.parse(text)


def test_a_key_signs_in_the_service(service: str) -> None:
    key = open_key(at(service, make(service)))
    public = key.private_key.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    signature = key.sign(b"data")
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    public.verify(encode_dss_signature(r, s), b"data", ec.ECDSA(hashes.SHA256()))
    with pytest.raises(KeyMaterialError, match="the private key does not leave it"):
        key.to_pem(password=b"x")


def test_a_key_of_another_kind_is_refused(service: str) -> None:
    for kind, usage in (("RSA_2048", "SIGN_VERIFY"), ("ECC_NIST_P384", "SIGN_VERIFY"), ("RSA_2048", "ENCRYPT_DECRYPT")):
        key = make(service, kind, usage)
        message = f"kms {key}: expected a key of ECC_NIST_P256 to sign with, got {kind}"
        with refused(KeyMaterialError, message, code="kms"):
            open_key(at(service, key))


def test_what_the_service_refuses_is_told(service: str) -> None:
    with pytest.raises(KeyMaterialError, match=r"^kms alias/none: does not give its public key: ") as caught:
        open_key(at(service, "alias/none"))
    hint = f"{USABLE} alias/none --region eu-central-1 --endpoint-url {service}"
    assert (caught.value.code, caught.value.hint) == ("kms", hint)
    with pytest.raises(KeyMaterialError, match=r"^kms key: does not give its public key: "):
        open_key(KmsAddress.parse("awskms:key?region=eu-central-1&endpoint=nonsense"))


@pytest.mark.slow
def test_a_service_that_went_away_does_not_sign(service: str) -> None:
    server = moto.server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = at(f"http://{host}:{port}", make(f"http://{host}:{port}"))
    key = open_key(address)
    server.stop()
    with pytest.raises(KeyMaterialError, match=rf"^kms {address.key}: does not sign: ") as caught:
        key.sign(b"data")
    assert caught.value.code == "kms"


def test_without_the_library_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    hint = "pip install 'headshot-provenance[kms]'"
    with refused(MissingExtraError, "kms: needs the library boto3, which is not installed", hint=hint):
        open_key(KmsAddress.parse("awskms:key?region=x"))


def test_stamps_are_signed_in_the_service(studio: Studio, service: str, tmp_path: Path) -> None:
    address = at(service, make(service))
    certificate = open_keys(studio).renew_claim_certificate(token=address)
    assert certificate.public_key() == open_key(address).private_key.public_key()
    picture = stamped(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=record_consent(studio).code)
    assert verify(studio, picture).verdict is Verdict.PASSED
    request = open_keys(studio).request_claim_certificate(token=at(service, make(service)))
    assert x509.load_pem_x509_csr(request).is_signature_valid
    secrets = [path for path in (studio.path / "keys").iterdir() if b"testing" in path.read_bytes()]
    assert secrets == []
