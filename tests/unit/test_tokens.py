"""Keys in a token: named by an address, used there, and never seen."""

import importlib.util
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from support import softhsm
from support.issuers import Issuer
from support.pictures import draw_jpeg
from support.refusals import refused
from support.studios import FixedClock, make_studio, open_keys, record_consent, stamped, verify

from provenance import pki
from provenance.credentials.manifest import Declaration
from provenance.errors import InputError, KeyMaterialError, MissingExtraError
from provenance.stamping import Stamper, StampRequest
from provenance.studio import Studio, StudioStampDesk
from provenance.tokens import PIN_VARIABLE, TokenUri, open_key
from provenance.verification.report import Verdict

FORM = "write it as pkcs11:token=LABEL;object=LABEL?module-path=FILE"


@pytest.fixture(scope="session")
def _token(tmp_path_factory: pytest.TempPathFactory) -> None:
    softhsm.module()
    softhsm.fill(tmp_path_factory.mktemp("hsm"))


@pytest.fixture
def pin(_token: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PIN_VARIABLE, softhsm.PIN)


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with closing(make_studio(tmp_path / "studio", clock=FixedClock())) as made:
        yield made


def at(label: str = "claim", **where: str) -> TokenUri:
    return TokenUri.parse(softhsm.uri(label, **where))


# --- addresses


def test_an_address_is_taken_apart() -> None:
    text = (
        "pkcs11:model=M%201;manufacturer=Maker;token=My%20token;serial=01ab;object=claim;id=%01%FF;type=private"
        "?module-path=/lib/x.so&pin-source=file:/run/pin"
    )
    assert TokenUri.parse(text) == TokenUri(
        text=text,
        module="/lib/x.so",
        token="My token",
        serial="01ab",
        manufacturer="Maker",
        model="M 1",
        label="claim",
        id=b"\x01\xff",
        pin_source=Path("/run/pin"),
    )
    short = TokenUri.parse("pkcs11:token=t;id=%01?module-path=/lib/x.so")
    assert (short.serial, short.manufacturer, short.model, short.label, short.id) == (None, None, None, None, b"\x01")
    assert short.pin_source is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("token=t", "expected one that begins pkcs11:, got 'token=t'"),
        ("pkcs11:object=k?module-path=/x", "expected token"),
        ("pkcs11:token=t;object=k", "expected module-path"),
        ("pkcs11:token=t?module-path=/x", "expected object or id, which names the key"),
        (
            "pkcs11:token=t;token=u;object=k?module-path=/x",
            "expected id, manufacturer, model, object, serial, token, type, each once, got 'token'",
        ),
        (
            "pkcs11:token=t;slot-id=1;object=k?module-path=/x",
            "expected id, manufacturer, model, object, serial, token, type, each once, got 'slot-id'",
        ),
        ("pkcs11:token=t;type=cert;object=k?module-path=/x", "expected type private, got 'cert'"),
        ("pkcs11:token=t;object=k?module-path=/x&slot=1", "expected module-path, pin-source, each once, got 'slot'"),
    ],
)
def test_a_malformed_address_is_refused(text: str, reason: str) -> None:
    with refused(InputError, f"token address: {reason}", code="token-uri", hint=FORM):
        TokenUri.parse(text)


def test_an_address_holds_no_pin() -> None:
    hint = "set PROVENANCE_PIN, or use pin-source=file:/path"
    for text in ("pkcs11:token=t;object=k?module-path=/x&pin-value=1234", "pkcs11:pin-value=1234;token=t"):
        with refused(InputError, "token address: expected no pin in it", code="token-uri", hint=hint):
            TokenUri.parse(text)


# --- keys


@pytest.mark.usefixtures("pin")
def test_a_key_signs_in_the_token_and_is_used_by_several_threads() -> None:
    key = open_key(at())
    assert key.algorithm == "ES256"
    public = key.private_key.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    with ThreadPoolExecutor(4) as pool:
        signatures = list(pool.map(lambda number: key.sign(b"%d" % number), range(40)))
    for number, signature in enumerate(signatures):
        assert len(signature) == 64
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        public.verify(encode_dss_signature(r, s), b"%d" % number, ec.ECDSA(hashes.SHA256()))
    assert (
        open_key(TokenUri.parse(softhsm.uri().replace("object=claim", "id=%01"))).public_bytes() == key.public_bytes()
    )
    assert open_key(at("next")).public_bytes() != key.public_bytes()


@pytest.mark.usefixtures("pin")
def test_the_private_key_does_not_leave_the_token() -> None:
    private = open_key(at()).private_key
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    message = "token studio: the private key does not leave it"
    for take in (
        lambda: open_key(at()).to_pem(password=b"x"),
        private.private_numbers,
        lambda: private.exchange(ec.ECDH(), ec.generate_private_key(ec.SECP256R1()).public_key()),
    ):
        with refused(KeyMaterialError, message):
            take()
    with refused(KeyMaterialError, "token studio: signs with ecdsa and sha-256 only"):
        private.sign(b"data", ec.ECDSA(hashes.SHA384()))
    assert (private.key_size, private.curve.name) == (256, "secp256r1")


@pytest.mark.usefixtures("pin")
@pytest.mark.parametrize(
    ("label", "token", "reason", "hint"),
    [
        ("none", "studio", "there is no such key in it", "see what there is: pkcs11-tool --module FILE -O"),
        ("claim", "none", "there is no such token", "see what there is: pkcs11-tool --module FILE -L"),
        ("twin", "studio", "several keys have this name", "name it by its id"),
        ("p384", "studio", "expected a key on p-256, got one on another curve", None),
        ("rsa", "studio", "expected a key on p-256, got rsa", None),
        ("mixed", "studio", "expected a pair, got a public key that is of another private one", None),
    ],
)
def test_what_a_token_does_not_have_is_refused(label: str, token: str, reason: str, hint: str | None) -> None:
    with pytest.raises(KeyMaterialError) as caught:
        open_key(at(label, token=token))
    assert (str(caught.value), caught.value.hint) == (f"token {token}: {reason}", hint)


@pytest.mark.usefixtures("pin")
def test_a_token_may_be_named_by_its_maker_too() -> None:
    text = softhsm.uri().replace("token=studio", "token=studio;manufacturer=SoftHSM%20project;model=SoftHSM%20v2")
    assert open_key(TokenUri.parse(text)).public_bytes() == open_key(at()).public_bytes()
    with pytest.raises(KeyMaterialError, match=r"^token studio: there is no such token$"):
        open_key(TokenUri.parse(text.replace("v2", "v3")))


@pytest.mark.usefixtures("_token")
def test_a_pin_is_needed_and_must_be_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PIN_VARIABLE, raising=False)
    hint = "set PROVENANCE_PIN, or name a file in the address: pin-source=file:/path"
    with refused(KeyMaterialError, "token studio: expected its pin, got none", code="pin-missing", hint=hint):
        open_key(at())
    monkeypatch.setenv(PIN_VARIABLE, "0000")
    with refused(KeyMaterialError, "token locked: the pin is wrong", code="token"):
        open_key(at(token="locked"))
    monkeypatch.delenv(PIN_VARIABLE)
    (tmp_path / "pin").write_text(f"{softhsm.PIN}\n")
    assert open_key(at(more=f"&pin-source=file:{tmp_path / 'pin'}")).algorithm == "ES256"
    monkeypatch.setenv(PIN_VARIABLE, "0000")
    with refused(KeyMaterialError, "token studio: the pin is not the one that it was opened with", code="token"):
        open_key(at())
    (tmp_path / "pin").write_text("\n")
    with refused(KeyMaterialError, "token studio: pin: expected its pin, got an empty file", code="pin-missing"):
        open_key(at(more=f"&pin-source=file:{tmp_path / 'pin'}"))
    message = "token studio: its pin cannot be read: none: no such file"
    with refused(KeyMaterialError, message, code="pin-missing"):
        open_key(at(more=f"&pin-source={tmp_path / 'none'}"))


@pytest.mark.usefixtures("pin")
def test_a_module_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.so").write_text("no library")
    text = f"pkcs11:token=t;object=k?module-path={tmp_path / 'x.so'}"
    with pytest.raises(KeyMaterialError, match=r"^token t: does not answer: ") as caught:
        open_key(TokenUri.parse(text))
    assert caught.value.code == "token"


def test_without_the_library_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    hint = "pip install 'headshot-provenance[pkcs11]'"
    with refused(MissingExtraError, "token: needs the library pkcs11, which is not installed", hint=hint):
        open_key(TokenUri.parse("pkcs11:token=t;object=k?module-path=/x"))


# --- a studio whose claims are signed in a token


@pytest.mark.usefixtures("pin")
def test_a_certificate_of_ones_own_is_for_a_key_in_a_token(studio: Studio, tmp_path: Path) -> None:
    code = record_consent(studio).code
    before = stamped(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "before.jpg", code=code)
    certificate = open_keys(studio).renew_claim_certificate(token=at())
    assert certificate.public_key() == open_key(at()).private_key.public_key()
    (place,) = (studio.path / "keys").glob("*.token")
    assert place.read_text() == f"{softhsm.uri()}\n"
    unlocked = open_keys(studio)
    sources = [draw_jpeg(tmp_path / f"{n}.jpg", size=(60, 40), seed=n) for n in range(6)]
    requests = [StampRequest(path, tmp_path / "out" / path.name, Declaration.CAMERA, (code,)) for path in sources]
    stamper = Stamper(StudioStampDesk(unlocked), signer=unlocked.claim_signer(), jobs=3)
    assert {result.outcome for result in stamper.stamp(requests)} == {"stamped"}
    for path in (before, *(request.destination for request in requests)):
        assert verify(studio, path).verdict is Verdict.PASSED


@pytest.mark.usefixtures("pin")
def test_a_certificate_is_bought_for_a_key_in_a_token(studio: Studio, tmp_path: Path) -> None:
    unlocked = open_keys(studio)
    request = unlocked.request_claim_certificate(token=at("next"))
    assert x509.load_pem_x509_csr(request).public_key() == open_key(at("next")).private_key.public_key()
    assert [found.state for found in studio.claim_certificates()] == ["in use", "requested"]
    issuer = Issuer(studio.clock.now())
    unlocked.install_claim_certificate(issuer.chain(request), place="chain.pem")
    assert [found.state for found in studio.claim_certificates()] == ["before", "in use"]
    picture = stamped(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=record_consent(studio).code)
    assert verify(studio, picture).verdict is Verdict.PASSED


def test_only_who_signs_claims_needs_the_token(studio: Studio, pin: None, monkeypatch: pytest.MonkeyPatch) -> None:
    open_keys(studio).renew_claim_certificate(token=at())
    monkeypatch.delenv(PIN_VARIABLE)
    record_consent(studio)
    with pytest.raises(KeyMaterialError, match=r"^token studio: expected its pin, got none$"):
        open_keys(studio).claim_signer()
    certificate = studio.claim_certificate()
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    assert certificate.public_key().public_bytes(serialization.Encoding.DER, spki)
    assert pki.may_sign_claims(certificate)
