"""Private keys that lie elsewhere and never come here: what they have in common, and where each is opened."""

from abc import abstractmethod
from typing import Any, Final, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from provenance.errors import KeyMaterialError

# Nothing that is ever signed for real begins like this.
_TRIAL: Final = b"provenance/trial/v1"


class RemoteKey(ec.EllipticCurvePrivateKey):
    """A handle of a P-256 key, which `cryptography` takes for one of its own to sign certificates with."""

    def __init__(self, place: str, public: ec.EllipticCurvePublicKey) -> None:
        self._place = place
        self._public = public

    @abstractmethod
    def sign_message(self, data: bytes) -> bytes:
        """Return the ECDSA signature with SHA-256 of `data`, in DER.

        Raises:
            KeyMaterialError: whoever holds the key does not sign.
        """

    def check_signs(self) -> None:
        """Check by a trial that it signs, and that the public key is its own, before anything relies on it.

        Raises:
            KeyMaterialError: it does not, or is not.
        """
        try:
            self._public.verify(self.sign_message(_TRIAL), _TRIAL, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature as error:
            message = f"{self._place}: expected a pair, got a public key that is of another private one"
            raise KeyMaterialError(message, code="key-pair") from error

    @property
    def curve(self) -> ec.EllipticCurve:
        """The curve."""
        return self._public.curve

    @property
    def key_size(self) -> int:
        """The size in bits."""
        return self._public.key_size

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the public key."""
        return self._public

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:  # noqa: ANN401
        """Return the signature of `data`, in DER.

        Raises:
            KeyMaterialError: it is asked for another algorithm, or see `sign_message`.
        """
        ecdsa = isinstance(signature_algorithm, ec.ECDSA)
        if not ecdsa or not isinstance(signature_algorithm.algorithm, hashes.SHA256):
            raise KeyMaterialError(f"{self._place}: signs with ecdsa and sha-256 only")
        return self.sign_message(bytes(data))

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> NoReturn:
        """Refuse."""
        self._refuse()

    def private_numbers(self) -> NoReturn:
        """Refuse."""
        self._refuse()

    def private_bytes(self, encoding: Any, format: Any, encryption_algorithm: Any) -> NoReturn:  # noqa: ANN401
        """Refuse."""
        self._refuse()

    def __copy__(self) -> "RemoteKey":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "RemoteKey":
        return self

    def _refuse(self) -> NoReturn:
        raise KeyMaterialError(f"{self._place}: the private key does not leave it")
