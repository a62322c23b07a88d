"""Private keys that lie in a hardware token or a key service, and never leave it (PKCS #11, OASIS v3.1).

A key is named by a PKCS #11 URI (RFC 7512), such as
`pkcs11:token=studio;object=claim?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/pin`. The PIN never
stands in it: it comes from the file that `pin-source` names, or from the environment.
"""

import hashlib
import hmac
import os
import threading
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from provenance import durable
from provenance.errors import InputError, KeyMaterialError
from provenance.extras import check_extra
from provenance.keys import SigningKey
from provenance.remote_keys import RemoteKey

PIN_VARIABLE: Final = "PROVENANCE_PIN"
MAX_PIN_BYTES: Final = 1024

_SCHEME: Final = "pkcs11:"
_TOKEN: Final = frozenset({"token", "serial", "manufacturer", "model"})
_PATH: Final = _TOKEN | {"object", "id", "type"}
_QUERY: Final = frozenset({"module-path", "pin-source"})


@dataclass(frozen=True, slots=True)
class TokenUri:
    """Where a key lies.

    Attributes:
        text: the URI as it was written; it holds no secret.
        module: path of the token's library.
        token: label of the token.
        serial: of the token, or None.
        manufacturer: of the token, or None.
        model: of the token, or None.
        label: of the key (`object`), or None.
        id: of the key, or None; a label or an id is there.
        pin_source: path of a file with the PIN, or None.
    """

    text: str
    module: str
    token: str
    serial: str | None
    manufacturer: str | None
    model: str | None
    label: str | None
    id: bytes | None
    pin_source: Path | None

    @classmethod
    def parse(cls, text: str) -> "TokenUri":
        """Return the place that a PKCS #11 URI names.

        Raises:
            InputError: it is malformed, names no token, key or module, or holds a PIN.
        """
        if not text.startswith(_SCHEME) or not text.isprintable():
            raise _malformed(f"expected one that begins {_SCHEME}, got {text[:60]!r}")
        path, _, query = text.removeprefix(_SCHEME).partition("?")
        found = {**_attributes(path, ";", _PATH), **_attributes(query, "&", _QUERY)}
        for name in ("token", "module-path"):
            if not found.get(name):
                raise _malformed(f"expected {name}")
        if not found.get("object") and not found.get("id"):
            raise _malformed("expected object or id, which names the key")
        if found.get("type", b"private") != b"private":
            raise _malformed(f"expected type private, got {found['type'].decode('utf-8', 'replace')[:40]!r}")
        names = {name: value.decode("utf-8", "replace") for name, value in found.items() if value}
        source = found.get("pin-source")
        return cls(
            text,
            os.fsdecode(found["module-path"]),
            names["token"],
            names.get("serial"),
            names.get("manufacturer"),
            names.get("model"),
            names.get("object"),
            found.get("id") or None,
            None if not source else Path(os.fsdecode(source).removeprefix("file:")),
        )


def open_key(uri: TokenUri) -> SigningKey:
    """Return the P-256 key that a URI names; it signs in the token.

    Raises:
        MissingExtraError: the library for it is not installed.
        KeyMaterialError: there is no such token or key, the PIN is missing or wrong, or the key is not on P-256 or
            does not sign.
    """
    check_extra("pkcs11", "pkcs11", place="token")
    key = _TokenKey(uri.token, *_find(uri))
    key.check_signs()
    return SigningKey(key)


class _TokenKey(RemoteKey):
    def __init__(self, place: str, private: Any, public: ec.EllipticCurvePublicKey) -> None:  # noqa: ANN401 untyped
        super().__init__(f"token {place}", public)
        self._label = place
        self._private = private
        self._lock = threading.Lock()

    def sign_message(self, data: bytes) -> bytes:
        import pkcs11

        try:
            # A session does one thing at a time.
            with self._lock:
                raw: bytes = self._private.sign(hashlib.sha256(data).digest(), mechanism=pkcs11.Mechanism.ECDSA)
        except pkcs11.PKCS11Error as error:
            raise _failed(self._label, error) from error
        return encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))


def _find(uri: TokenUri) -> tuple[Any, ec.EllipticCurvePublicKey]:
    import pkcs11
    from pkcs11.util.ec import encode_ec_public_key

    try:
        session = _session(uri, _pin(uri))
        private = _one(session, pkcs11.ObjectClass.PRIVATE_KEY, label=uri.label, id=uri.id)
        # Several may have this label: a pair is what has the same id (PKCS #11 v3.1, 4.8).
        public = _one(session, pkcs11.ObjectClass.PUBLIC_KEY, id=private[pkcs11.Attribute.ID])
        if public.key_type is not pkcs11.KeyType.EC:
            raise KeyMaterialError(f"token {uri.token}: expected a key on p-256, got {public.key_type.name.lower()}")
        key = serialization.load_der_public_key(encode_ec_public_key(public))
    except (pkcs11.PKCS11Error, RuntimeError) as error:
        raise _failed(uri.token, error) from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyMaterialError(f"token {uri.token}: expected a key on p-256, got one on another curve")
    return private, key


def _one(session: Any, kind: Any, *, label: str | None = None, id: bytes | None) -> Any:  # noqa: ANN401 untyped
    import pkcs11

    wanted = {pkcs11.Attribute.CLASS: kind, pkcs11.Attribute.LABEL: label, pkcs11.Attribute.ID: id}
    # All of them, because a search that is not taken to its end blocks the session.
    found = list(session.get_objects({name: value for name, value in wanted.items() if value is not None}))
    if not found:
        raise pkcs11.NoSuchKey
    if len(found) > 1:
        raise pkcs11.MultipleObjectsReturned
    return found[0]


# Of each token the one session of this process, with the PIN that opened it: a second login would be refused.
_sessions: Final[dict[tuple[str, str, bytes], tuple[str, Any]]] = {}
_opening: Final = threading.Lock()


def _session(uri: TokenUri, pin: str) -> Any:  # noqa: ANN401 untyped
    token = _token(uri)
    which = (uri.module, token.label, token.serial)
    with _opening:
        if which not in _sessions:
            _sessions[which] = (pin, token.open(user_pin=pin))
        opened_by, session = _sessions[which]
    if not hmac.compare_digest(opened_by.encode(), pin.encode()):
        raise KeyMaterialError(f"token {uri.token}: the pin is not the one that it was opened with", code="token")
    return session


def _token(uri: TokenUri) -> Any:  # noqa: ANN401 untyped
    import pkcs11

    serial = None if uri.serial is None else uri.serial.encode()
    found = [
        token
        for token in pkcs11.lib(uri.module).get_tokens(token_label=uri.token, token_serial=serial)
        if uri.manufacturer in {None, token.manufacturer_id} and uri.model in {None, token.model}
    ]
    if not found:
        raise pkcs11.NoSuchToken
    if len(found) > 1:
        raise pkcs11.MultipleTokensReturned
    return found[0]


def _pin(uri: TokenUri) -> str:
    if uri.pin_source is not None:
        try:
            pin = durable.read(uri.pin_source, max_bytes=MAX_PIN_BYTES).decode().rstrip("\r\n")
        except (InputError, UnicodeDecodeError) as error:
            raise KeyMaterialError(f"token {uri.token}: its pin cannot be read: {error}", code="pin-missing") from error
        if not pin:
            message = f"token {uri.token}: {uri.pin_source.name}: expected its pin, got an empty file"
            raise KeyMaterialError(message, code="pin-missing")
        return pin
    held = os.environ.get(PIN_VARIABLE)
    if not held:
        raise KeyMaterialError(
            f"token {uri.token}: expected its pin, got none",
            code="pin-missing",
            hint=f"set {PIN_VARIABLE}, or name a file in the address: pin-source=file:/path",
        )
    return held


def _attributes(text: str, separator: str, known: frozenset[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for part in filter(None, text.split(separator)):
        name, _, value = part.partition("=")
        if name == "pin-value":
            raise _malformed("expected no pin in it", hint=f"set {PIN_VARIABLE}, or use pin-source=file:/path")
        if name not in known or name in found:
            raise _malformed(f"expected {', '.join(sorted(known))}, each once, got {name[:40]!r}")
        found[name] = urllib.parse.unquote_to_bytes(value)
    return found


def _malformed(reason: str, *, hint: str | None = None) -> InputError:
    return InputError(
        f"token address: {reason}",
        code="token-uri",
        hint=hint or "write it as pkcs11:token=LABEL;object=LABEL?module-path=FILE",
    )


def _failed(place: str, error: Exception) -> KeyMaterialError:
    reasons = {
        "NoSuchToken": ("there is no such token", "see what there is: pkcs11-tool --module FILE -L"),
        "NoSuchKey": ("there is no such key in it", "see what there is: pkcs11-tool --module FILE -O"),
        "PinIncorrect": ("the pin is wrong", None),
        "PinLenRange": ("the pin is wrong", None),
        "PinLocked": ("the pin is locked", None),
        "MultipleObjectsReturned": ("several keys have this name", "name it by its id"),
        "MultipleTokensReturned": ("several tokens have this name", "name it by its serial"),
    }
    told = str(error).splitlines()[0][:120].lower() if str(error) else type(error).__name__
    reason, hint = reasons.get(type(error).__name__, (f"does not answer: {told}", None))
    return KeyMaterialError(f"token {place}: {reason}", code="token", hint=hint)
