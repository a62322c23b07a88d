"""A time-stamp authority of one's own: `openssl ts` behind a small HTTP server on this computer (RFC 3161)."""

import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

Key: TypeAlias = ec.EllipticCurvePrivateKey
Answer: TypeAlias = Callable[[bytes], tuple[int, str, bytes]]

REPLY = "application/timestamp-reply"
_TST_INFO = "1.2.840.113549.1.9.16.1.4"  # id-ct-TSTInfo, RFC 3161, 2.4.2
_CONFIG = """
[ tsa ]
default_tsa = here
[ here ]
serial = {folder}/serial
default_policy = 1.3.6.1.4.1.99999.1
digests = {digests}
accuracy = secs:1
signer_digest = sha256
ess_cert_id_alg = sha256
"""


class Tsa:
    """An authority with a root and a certificate that may sign time-stamps.

    Attributes:
        root: the self-signed certificate above it.
        certificate: whose key signs the tokens.

    With `with_chain` the root goes with each token, in an order that DER does not allow about every other time.
    """

    def __init__(
        self,
        folder: Path,
        *,
        digests: str = "sha256, sha384, sha512",
        purposes: Sequence[ObjectIdentifier] | None = (ExtendedKeyUsageOID.TIME_STAMPING,),
        critical: bool = True,
        valid_from: datetime | None = None,
        valid_to: datetime | None = None,
        with_chain: bool = False,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = threading.Lock()
        now = datetime.now(UTC)
        root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        start = min(now, valid_from or now) - timedelta(days=2)
        self.root = _certificate(
            "Test TSA root", root_key, "Test TSA root", root_key, start, now + timedelta(days=30), authority=True
        )
        self.certificate = _certificate(
            "Test TSA",
            key,
            "Test TSA root",
            root_key,
            valid_from or now - timedelta(days=1),
            valid_to or now + timedelta(days=1),
            usage=None if purposes is None else x509.ExtendedKeyUsage(purposes),
            critical=critical,
        )
        (folder / "tsa.pem").write_bytes(self.certificate.public_bytes(Encoding.PEM))
        (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        (folder / "serial").write_text("01\n", encoding="ascii")
        config = _CONFIG.format(folder=folder, digests=digests)
        if with_chain:
            (folder / "chain.pem").write_bytes(self.root.public_bytes(Encoding.PEM))
            config += f"certs = {folder}/chain.pem\n"
        (folder / "tsa.cnf").write_text(config, encoding="utf-8")

    def reply(self, query: bytes) -> tuple[int, str, bytes]:
        """Answer a time-stamp request."""
        return 200, REPLY, self._run(query, "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "in", "-out", "out")

    def sign_info(self, info: bytes) -> bytes:
        """Return a token over a TSTInfo of somebody else, whatever this certificate may sign."""
        arguments = ["cms", "-sign", "-binary", "-nodetach", "-econtent_type", _TST_INFO, "-cades", "-nosmimecap"]
        return self._run(info, *arguments, "-md", "sha256", "-in", "in", "-outform", "DER", "-out", "out")

    def _run(self, data: bytes, *arguments: str) -> bytes:
        # One at a time, because they share the serial number and the files.
        with self._lock:
            (self._folder / "in").write_bytes(data)
            command = ["openssl", *arguments, "-signer", "tsa.pem", "-inkey", "key.pem"]
            subprocess.run(command, cwd=self._folder, check=True, capture_output=True)
            return (self._folder / "out").read_bytes()


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """Answer what is posted to the address that this yields."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, kind, body = answer(self.rfile.read(int(self.headers["Content-Length"])))
            # Whoever asked may have given up, which is what some tests are about.
            with suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/tsa"
        finally:
            server.shutdown()
            thread.join()


def _certificate(
    subject: str,
    key: Key,
    issuer: str,
    issuer_key: Key,
    start: datetime,
    end: datetime,
    *,
    authority: bool = False,
    usage: x509.ExtendedKeyUsage | None = None,
    critical: bool = True,
) -> x509.Certificate:
    """Return a certificate by RFC 5280."""
    public = key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not authority,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=authority,
                crl_sign=authority,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if usage is not None:
        builder = builder.add_extension(usage, critical=critical)
    return builder.sign(issuer_key, hashes.SHA256())


def _name(organization: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)])
