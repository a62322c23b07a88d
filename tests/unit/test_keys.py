import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from support.refusals import refused

from provenance.canonical import Json, to_base64url
from provenance.errors import InputError, KeyMaterialError
from provenance.keys import ROOT_KEY_BYTES, SCRYPT_N, Algorithm, RootKey, SigningKey, thumbprint_urn

ALGORITHMS: list[Algorithm] = ["Ed25519", "ES256"]

# RFC 8032, 7.1, test 1; RFC 8037, appendix A, has the same key as a JWK, and its thumbprint.
SECRET = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
SIGNATURE_OF_NOTHING = bytes.fromhex(
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
)
JWK: dict[str, Json] = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
EC_JWK: dict[str, Json] = {
    "kty": "EC",
    "crv": "P-256",
    "x": to_base64url(bytes(32)),
    "y": to_base64url(bytes(32)),
}
THUMBPRINT = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"

ROOT_SECRET = bytes(range(ROOT_KEY_BYTES))
QUICK_N = 2**14
SALT = bytes(16)
NONCE = bytes(12)


def known_key() -> SigningKey:
    return SigningKey(Ed25519PrivateKey.from_private_bytes(SECRET))


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey | Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def pem_of(der: bytes) -> bytes:
    return b"-----BEGIN PRIVATE KEY-----\n" + base64.encodebytes(der) + b"-----END PRIVATE KEY-----\n"


def seal(passphrase: str) -> bytes:
    """Return a sealed secret, made as the format says, with less work than a studio asks for."""
    key = Scrypt(salt=SALT, length=32, n=QUICK_N, r=8, p=1).derive(passphrase.encode())
    return NONCE + AESGCM(key).encrypt(NONCE, ROOT_SECRET, b"provenance/root/v1")


def root_file(**members: Json) -> bytes:
    known: dict[str, Json] = {"v": 1, "kdf": "scrypt", "n": QUICK_N, "salt": to_base64url(SALT), "sealed": ""}
    return json.dumps({**known, **members}).encode()


def test_a_known_key_has_the_public_half_and_signature_of_the_rfc() -> None:
    key = known_key()
    assert key.algorithm == "Ed25519"
    assert key.public_bytes() == PUBLIC
    assert key.sign(b"") == SIGNATURE_OF_NOTHING
    assert key.public_jwk() == JWK


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_new_key_is_made_for_the_algorithm(algorithm: Algorithm) -> None:
    key = SigningKey.generate(algorithm)
    assert key.algorithm == algorithm
    assert key.public_bytes() != SigningKey.generate(algorithm).public_bytes()


def test_an_ed25519_signature_verifies() -> None:
    key = SigningKey.generate("Ed25519")
    signature = key.sign(b"data")
    assert len(signature) == 64
    Ed25519PublicKey.from_public_bytes(key.public_bytes()).verify(signature, b"data")


# A number that happens to be short is one in 256, so that some of these begin with zeros.
def test_an_es256_signature_verifies_as_two_numbers_of_32_bytes() -> None:
    key = SigningKey.generate("ES256")
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key.public_bytes())
    for number in range(400):
        data = str(number).encode()
        signature = key.sign(data)
        assert len(signature) == 64
        r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        public.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))


def test_a_public_key_has_the_length_of_its_kind() -> None:
    assert len(SigningKey.generate("Ed25519").public_bytes()) == 32
    assert len(SigningKey.generate("ES256").public_bytes()) == 65
    assert SigningKey.generate("ES256").public_bytes()[0] == 4


def test_a_p256_key_is_written_as_a_jwk() -> None:
    key = SigningKey.generate("ES256")
    point = key.public_bytes()
    assert key.public_jwk() == {
        "crv": "P-256",
        "kty": "EC",
        "x": to_base64url(point[1:33]),
        "y": to_base64url(point[33:]),
    }


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_is_kept_encrypted_and_opened_with_its_password(algorithm: Algorithm) -> None:
    key = SigningKey.generate(algorithm)
    data = key.to_pem(password=b"password")
    assert data.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    opened = SigningKey.from_pem(data, password=b"password")
    assert opened.algorithm == algorithm
    assert opened.public_bytes() == key.public_bytes()


@pytest.mark.parametrize("password", [b"Password", b"", None])
def test_a_key_is_not_opened_without_its_password(password: bytes | None) -> None:
    data = known_key().to_pem(password=b"password")
    with refused(KeyMaterialError, "private key: cannot be opened with this root key"):
        SigningKey.from_pem(data, password=password)


def test_a_key_that_is_not_encrypted_is_opened_only_without_a_password() -> None:
    data = pem(Ed25519PrivateKey.from_private_bytes(SECRET))
    assert SigningKey.from_pem(data, password=None).public_bytes() == PUBLIC
    with refused(KeyMaterialError, "private key: cannot be opened with this root key"):
        SigningKey.from_pem(data, password=b"password")


@pytest.mark.parametrize("data", [b"", b"not a key", pem_of(b""), pem_of(b"not a key"), b"-----BEGIN PRIVATE KEY-----"])
def test_other_bytes_than_a_key_are_refused(data: bytes) -> None:
    with refused(KeyMaterialError, "private key: cannot be opened with this root key"):
        SigningKey.from_pem(data, password=None)


def test_keys_of_other_kinds_are_refused() -> None:
    others = [
        pem(rsa.generate_private_key(65537, 2048)),
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(ec.generate_private_key(ec.SECP256K1())),
        pem(ed448.Ed448PrivateKey.generate()),
    ]
    for data in others:
        with refused(KeyMaterialError, "private key: expected ed25519 or ecdsa p-256"):
            SigningKey.from_pem(data, password=None)


@pytest.mark.parametrize("oid", ["06032b6573", "06032b6501"])
def test_a_key_of_an_unknown_kind_is_refused(oid: str) -> None:
    der = Ed25519PrivateKey.from_private_bytes(SECRET).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    data = pem_of(der.replace(bytes.fromhex("06032b6570"), bytes.fromhex(oid)))
    with refused(KeyMaterialError, "private key: expected ed25519 or ecdsa p-256"):
        SigningKey.from_pem(data, password=None)


def test_a_key_is_named_by_its_thumbprint() -> None:
    assert thumbprint_urn(JWK) == THUMBPRINT
    assert thumbprint_urn(dict(reversed(JWK.items()))) == THUMBPRINT


def test_a_p256_key_is_named_by_its_thumbprint() -> None:
    jwk = SigningKey.generate("ES256").public_jwk()
    text = f'{{"crv":"P-256","kty":"EC","x":"{jwk["x"]}","y":"{jwk["y"]}"}}'
    digest = to_base64url(hashlib.sha256(text.encode()).digest())
    assert thumbprint_urn(jwk) == f"urn:ietf:params:oauth:jwk-thumbprint:sha-256:{digest}"


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        5,
        "jwk",
        [],
        {},
        {"kty": "OKP"},
        {"kty": "OKP", "crv": "Ed25519"},
        {**JWK, "y": "AA"},
        {**JWK, "d": "AA"},
        {**JWK, "kid": "mine"},
        {**JWK, "kty": "EC"},
        {**JWK, "crv": "X25519"},
        {**JWK, "crv": "Ed448"},
        {**JWK, "crv": "P-256"},
        {**JWK, "crv": None},
        {**JWK, "crv": ["Ed25519"]},
        {**EC_JWK, "crv": "P-384"},
        {**EC_JWK, "crv": "Ed25519"},
        {**JWK, "kty": "okp"},
        {**JWK, "kty": None},
        {**JWK, "kty": ["OKP"]},
        {"kty": "EC", "crv": "P-256", "x": "AA"},
        {"kty": "oct", "k": "AA"},
        {"kty": "RSA", "n": "AA", "e": "AQAB"},
    ],
)
def test_what_is_not_a_public_key_has_no_name(jwk: Json) -> None:
    with refused(InputError, "jwk: expected a public ed25519 or p-256 key and nothing else"):
        thumbprint_urn(jwk)


@pytest.mark.parametrize(
    ("jwk", "message"),
    [
        ({**JWK, "x": None}, "jwk x: expected base64url without padding"),
        ({**JWK, "x": 5}, "jwk x: expected base64url without padding"),
        ({**JWK, "x": "AA=="}, "jwk x: expected base64url without padding"),
        ({**JWK, "x": "AB"}, "jwk x: expected base64url without stray bits"),
        ({**JWK, "x": ""}, "jwk x: expected 32 bytes, got 0"),
        ({**EC_JWK, "x": "AAAA"}, "jwk x: expected 32 bytes, got 3"),
        ({**EC_JWK, "y": to_base64url(bytes(33))}, "jwk y: expected 32 bytes, got 33"),
    ],
)
def test_a_key_of_another_length_has_no_name(jwk: Json, message: str) -> None:
    with refused(InputError, message):
        thumbprint_urn(jwk)


def test_a_new_root_key_is_random() -> None:
    assert RootKey.generate().derive("vault") != RootKey.generate().derive("vault")


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_root_key_of_another_length_is_refused(size: int) -> None:
    with refused(KeyMaterialError, f"root key: expected 32 bytes, got {size}"):
        RootKey(bytes(size))


# RFC 5869, with no salt, and as little of it as 32 bytes need.
def test_secrets_are_derived_by_hkdf() -> None:
    key = hmac.digest(bytes(32), ROOT_SECRET, "sha256")
    expected = hmac.digest(key, b"provenance/vault\x01", "sha256")
    assert RootKey(ROOT_SECRET).derive("vault") == expected


def test_each_purpose_has_a_secret_of_its_own() -> None:
    root = RootKey(ROOT_SECRET)
    secrets = {root.derive(purpose) for purpose in ("vault", "vault2", "", "key/log", "key/claim")}
    assert len(secrets) == 5
    assert root.derive("vault") == root.derive("vault")


def test_the_password_of_a_key_file_is_derived_from_its_name() -> None:
    root = RootKey(ROOT_SECRET)
    assert root.password("log") == to_base64url(root.derive("key/log")).encode()
    assert root.password("log") != root.password("claim")


def test_a_root_key_without_a_passphrase_is_kept_as_it_is() -> None:
    data = RootKey(ROOT_SECRET).to_file(passphrase=None)
    assert data == b'{"kdf":"none","key":"%s","v":1}' % to_base64url(ROOT_SECRET).encode()
    assert RootKey.from_file(data, passphrase=None).derive("vault") == RootKey(ROOT_SECRET).derive("vault")


def test_a_root_key_that_is_not_sealed_needs_no_passphrase() -> None:
    data = RootKey(ROOT_SECRET).to_file(passphrase=None)
    assert RootKey.from_file(data, passphrase="anything").derive("vault") == RootKey(ROOT_SECRET).derive("vault")


def test_a_root_key_is_sealed_and_opened_with_its_passphrase() -> None:
    data = RootKey(ROOT_SECRET).to_file(passphrase="pässphrase")
    document = json.loads(data)
    assert sorted(document) == ["kdf", "n", "salt", "sealed", "v"]
    assert (document["v"], document["kdf"], document["n"]) == (1, "scrypt", SCRYPT_N) == (1, "scrypt", 2**17)
    assert to_base64url(ROOT_SECRET).encode() not in data
    opened = RootKey.from_file(data, passphrase="pässphrase")
    assert opened.derive("vault") == RootKey(ROOT_SECRET).derive("vault")


def test_a_file_says_whether_it_is_sealed() -> None:
    assert not RootKey.is_sealed(RootKey(ROOT_SECRET).to_file(passphrase=None))
    assert RootKey.is_sealed(root_file())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "root key: expected json, got something else at line 1 column 1"),
        (b"[]", "root key: expected a json object, got list"),
    ],
)
def test_a_malformed_file_does_not_say_whether_it_is_sealed(data: bytes, message: str) -> None:
    with refused(InputError, message):
        RootKey.is_sealed(data)


def test_a_seal_made_as_the_format_says_is_opened() -> None:
    data = root_file(sealed=to_base64url(seal("secret")))
    assert RootKey.from_file(data, passphrase="secret").derive("vault") == RootKey(ROOT_SECRET).derive("vault")


@pytest.mark.parametrize("passphrase", ["", "Secret", "secret "])
def test_a_wrong_passphrase_is_refused(passphrase: str) -> None:
    data = root_file(sealed=to_base64url(seal("secret")))
    with refused(
        KeyMaterialError,
        "root key: the passphrase is wrong",
        code="passphrase-wrong",
        hint="try again with the right one",
    ):
        RootKey.from_file(data, passphrase=passphrase)


@pytest.mark.parametrize("position", [0, 12, -1])
def test_a_changed_seal_does_not_open(position: int) -> None:
    sealed = bytearray(seal("secret"))
    sealed[position] ^= 1
    with refused(
        KeyMaterialError,
        "root key: the passphrase is wrong",
        code="passphrase-wrong",
        hint="try again with the right one",
    ):
        RootKey.from_file(root_file(sealed=to_base64url(bytes(sealed))), passphrase="secret")


def test_a_missing_passphrase_is_refused() -> None:
    with refused(
        KeyMaterialError,
        "root key: this studio's keys are under a passphrase, got none",
        code="passphrase-missing",
        hint="set PROVENANCE_PASSPHRASE, or name a file with --passphrase-file",
    ):
        RootKey.from_file(root_file(), passphrase=None)


@pytest.mark.parametrize("size", [0, 4, 12, 59, 61])
def test_a_seal_of_another_length_is_refused(size: int) -> None:
    with refused(InputError, f"root key seal: expected 60 bytes, got {size}"):
        RootKey.from_file(root_file(sealed=to_base64url(bytes(size))), passphrase="secret")


def test_a_passphrase_with_half_a_character_is_refused() -> None:
    sealed = root_file(sealed=to_base64url(seal("secret")))
    with refused(KeyMaterialError, "passphrase: expected text that utf-8 can hold", code="passphrase-text"):
        RootKey(ROOT_SECRET).to_file(passphrase="secret\udcff")
    with refused(KeyMaterialError, "passphrase: expected text that utf-8 can hold", code="passphrase-text"):
        RootKey.from_file(sealed, passphrase="secret\udcff")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "root key: expected json, got something else at line 1 column 1"),
        (b"[]", "root key: expected a json object, got list"),
        (b"{}", "root key: expected version 1, got None"),
        (root_file(v=2), "root key: expected version 1, got 2"),
        (root_file(v="1"), "root key: expected version 1, got '1'"),
        (root_file(v=True), "root key: expected version 1, got True"),
        (b'{"v":1}', "root key: expected kdf none or scrypt"),
        (root_file(kdf="argon2id"), "root key: expected kdf none or scrypt"),
        (root_file(kdf=None), "root key: expected kdf none or scrypt"),
        (b'{"v":1,"kdf":"none"}', "root key: expected base64url without padding"),
        (b'{"v":1,"kdf":"none","key":"AAAA"}', "root key: expected 32 bytes, got 3"),
        (root_file(salt=None), "root key salt: expected base64url without padding"),
        (root_file(salt="AAAA"), "root key salt: expected 16 bytes, got 3"),
        (root_file(sealed=None), "root key seal: expected base64url without padding"),
        (root_file(sealed="AB"), "root key seal: expected base64url without stray bits"),
    ],
)
def test_a_malformed_root_key_is_refused(data: bytes, message: str) -> None:
    with refused(InputError, message):
        RootKey.from_file(data, passphrase="secret")


@pytest.mark.parametrize("n", [None, "16384", True, [], 0, -16384, 1, 2**13, 2**14 + 1, 2**20 + 1, 2**21, 2**62])
def test_another_amount_of_work_than_allowed_is_refused(n: Json) -> None:
    with refused(InputError, f"root key: expected n as a power of two up to 1048576, got {n!r}"):
        RootKey.from_file(root_file(n=n), passphrase="secret")
