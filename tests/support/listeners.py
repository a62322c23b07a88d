"""An address that listens, and files that name it as the place of their credentials."""

import socket
import threading

from support.pictures import XMP_HEADER, with_segment


class Listener:
    """A server on this computer that only remembers that somebody came.

    Attributes:
        visits: how often.
    """

    def __init__(self) -> None:
        self.visits = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def _serve(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            self.visits += 1
            # A short answer, so that a caller that should not be there is not kept waiting.
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            connection.close()

    def close(self) -> None:
        """Stop listening."""
        self._closing.set()
        self._thread.join()
        self._socket.close()


def with_remote(data: bytes, url: str) -> bytes:
    """Return a JPEG file whose XMP says where its credentials lie; C2PA 2.4, 11.5."""
    packet = (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="{url}"/>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    )
    return with_segment(data, 0xE1, XMP_HEADER + packet.encode())
