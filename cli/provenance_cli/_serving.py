"""What the commands that serve pages share: names of this computer, and stopping when they are told to."""

import contextlib
import signal
import socket
from collections.abc import Iterator
from types import FrameType

from provenance_cli._output import note


@contextlib.contextmanager
def stopping() -> Iterator[None]:
    """Let both ways of telling a process to stop end the block, and say then that it did."""
    signal.signal(signal.SIGTERM, _stop)
    with contextlib.suppress(KeyboardInterrupt):
        yield
    note("Stopped.")


def network_address() -> str | None:
    """Return this computer's address in its network; None where it has none. Nothing is sent for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            # An address that nobody has (RFC 5737): the system only chooses from where it would ask.
            asking.connect(("192.0.2.1", 9))
        except OSError:
            return None
        found = str(asking.getsockname()[0])
    return None if found.startswith("127.") or found == "0.0.0.0" else found  # noqa: S104 it is compared


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
