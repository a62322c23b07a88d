"""Finding a receipt by its secret, and counting who tries wrong ones."""

import threading
from http import HTTPStatus
from typing import Final

from provenance.errors import ProvenanceError, RefusedError
from provenance.studio.consents import ConsentDesk
from provenance.studio.reading import Recorded
from provenance.web.shield import Rate

# Of wrong secrets and names, from one address in a minute; there are 2¹⁴⁰ secrets.
GUESSES: Final = 20


class WrongGuessError(RefusedError):
    """A secret belongs to no receipt, a name is not the one on it, or there were too many of either.

    Attributes:
        word: the sentence's name in the tables of words.
        status: of the answer.
    """

    def __init__(self, word: str, status: HTTPStatus, message: str) -> None:
        super().__init__(message, code=word.replace("_", "-"))
        self.word, self.status = word, status


class Guesses:
    """Counts wrong guesses by address, for all pages of one server."""

    def __init__(self) -> None:
        self._rate = Rate(GUESSES)
        self._lock = threading.Lock()

    def find(self, desk: ConsentDesk, secret: str, address: str) -> Recorded:
        """Return the consent that a receipt's secret belongs to.

        Raises:
            WrongGuessError: it belongs to none, or too many did not.
        """
        try:
            return desk.find_by_secret(secret)
        except ProvenanceError:
            self.count(address)
            raise WrongGuessError(
                "receipt_unknown", HTTPStatus.NOT_FOUND, "secret: belongs to no consent in this studio"
            ) from None

    def count(self, address: str) -> None:
        """Count a wrong guess.

        Raises:
            WrongGuessError: there were too many.
        """
        with self._lock:
            within = self._rate.take(address)
        if not within:
            raise WrongGuessError(
                "receipt_slow", HTTPStatus.TOO_MANY_REQUESTS, "secret: too many wrong ones: try again in a minute"
            )
