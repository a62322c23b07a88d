"""The seal on a file: a PAdES signature (ETSI EN 319 142-1) by pyHanko, level B-B, or B-T with a time-stamp.

A seal is added behind the file, so that what was typeset stands in front of it byte for byte. It shows whether the
file was changed since; it says nothing about whether what stands in it is true.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from provenance import fetch
from provenance.errors import InputError, NetworkError, ProvenanceError, VerificationError
from provenance.keys import SigningKey
from provenance.timestamps import read_token, verify_token

if TYPE_CHECKING:
    from asn1crypto import cms
    from asn1crypto import x509 as asn1
    from pyhanko.sign.timestamps import TimeStamper

MAX_SEALED_BYTES: Final = 10 * 1024 * 1024  # what agencies take

_FIELD: Final = "Seal"
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"
_MAX_REPLY_BYTES: Final = 128 * 1024

Level = Literal["B-B", "B-T"]


@dataclass(frozen=True, slots=True)
class Sealer:
    """Who seals.

    Attributes:
        key: P-256.
        certificate: of the key, for signing documents.
        authority: the certificate above it; goes into the seal too.
        name: as readers show it beside the seal.
        tsa: address of a time-stamp authority, or None.
        roots: trusted certificates for its time-stamps; without any, the time is in the seal and only claimed.
    """

    key: SigningKey
    certificate: x509.Certificate
    authority: x509.Certificate
    name: str
    tsa: str | None = None
    roots: Sequence[x509.Certificate] = ()


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file under its seal.

    Attributes:
        data: the file.
        level: of the seal.
        doubt: why it has no time-stamp although there is an authority; None otherwise.
    """

    data: bytes
    level: Level
    doubt: ProvenanceError | None = None


def seal(document: bytes, *, sealer: Sealer) -> Sealed:
    """Return a PDF file under a seal, after checking that the seal verifies; it claims the time of this computer.

    Where there is a time-stamp authority and it gives no usable answer, the seal has none, and `doubt` says why.

    Args:
        document: a PDF file without a seal.
        sealer: who seals.

    Raises:
        InputError: the sealed file is larger than 10 MiB.
        VerificationError: the seal does not verify.
    """
    doubt: ProvenanceError | None = None
    if sealer.tsa is not None:
        try:
            stamped = _signed(document, sealer, tsa=sealer.tsa)
            _check(stamped, sealer, dated=True)
            return Sealed(_sized(stamped), "B-T")
        except (NetworkError, VerificationError, InputError) as error:
            doubt = error
    sealed = _signed(document, sealer, tsa=None)
    _check(sealed, sealer, dated=False)
    return Sealed(_sized(sealed), "B-B", doubt)


def _signed(document: bytes, sealer: Sealer, *, tsa: str | None) -> bytes:
    from asn1crypto import keys
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers
    from pyhanko.sign.fields import InvisSigSettings, SigFieldSpec, SigSeedSubFilter
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    private = sealer.key.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    chain = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    chain.register(_asn1(sealer.authority))
    signer = signers.SimpleSigner(
        signing_cert=_asn1(sealer.certificate),
        signing_key=keys.PrivateKeyInfo.load(private),
        cert_registry=chain,
    )
    metadata = signers.PdfSignatureMetadata(
        field_name=_FIELD, name=sealer.name, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
    )
    # Nothing is drawn. PDF/A wants the field to be printable, PDF/UA wants it out of sight.
    unseen = InvisSigSettings(set_print_flag=True, set_hidden_flag=False, box_out_of_bounds=True)
    stamper = signers.PdfSigner(
        metadata,
        signer=signer,
        timestamper=None if tsa is None else _timestamper(tsa),
        new_field_spec=SigFieldSpec(_FIELD, invis_sig_settings=unseen),
    )

    class _Adding(IncrementalPdfFileWriter):
        """Adds the seal alone: what pyHanko would change beside it is not what PDF/A-3 lets stand."""

        def _update_meta(self) -> None:
            pass

        def ensure_output_version(self, version: tuple[int, int]) -> None:
            pass

        def register_extension(self, ext: object) -> None:
            pass

    written = io.BytesIO()
    stamper.sign_pdf(_Adding(io.BytesIO(document)), output=written)
    return written.getvalue()


def _timestamper(tsa: str) -> "TimeStamper":
    from asn1crypto import tsp
    from pyhanko.sign.timestamps import TimeStamper
    from pyhanko.sign.timestamps.common_utils import TimestampRequestError

    class _Asking(TimeStamper):
        """Asks through the one module that reaches the network."""

        async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
            answer = fetch.post(
                tsa, req.dump(), content_type=_QUERY, max_bytes=_MAX_REPLY_BYTES, timeout=fetch.TIMEOUT_SECONDS
            )
            kind = answer.content_type.split(";")[0].strip()
            if answer.status != 200 or kind != _REPLY:
                raise TimestampRequestError(f"expected status 200 and {_REPLY}, got {answer.status} and {kind[:60]!r}")
            return tsp.TimeStampResp.load(answer.body)

        async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> "cms.ContentInfo":
            try:
                return await super().async_timestamp(message_digest, md_algorithm)
            except (TimestampRequestError, ValueError, TypeError, KeyError, AttributeError) as error:
                # The last four: what pyHanko stumbles over in an answer that is no time-stamp.
                raise NetworkError(
                    f"time-stamp authority: gave no usable answer: {str(error)[:200]}", code="timestamp-answer"
                ) from error

    return _Asking()  # type: ignore[no-untyped-call]


def _check(sealed: bytes, sealer: Sealer, *, dated: bool) -> None:
    """Read a sealed file back, and check its seal and its time-stamp as a reader would."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    (signature,) = PdfFileReader(io.BytesIO(sealed)).embedded_signatures
    whole = signature.evaluate_signature_coverage() is SignatureCoverageLevel.ENTIRE_FILE
    # By our own certificate and not the one in the file; whose it is, the studio need not ask itself.
    certificate = _asn1(sealer.certificate)
    intact, valid = validate_sig_integrity(signature.signer_info, certificate, "data", signature.compute_digest())
    if not (whole and intact and valid):
        raise VerificationError("paper: the seal does not verify", code="seal")
    if dated:
        signer = signature.signer_info
        (token,) = (
            attribute["values"][0].dump()
            for attribute in signer["unsigned_attrs"]
            if attribute["type"].native == "signature_time_stamp_token"
        )
        data = signer["signature"].native
        read_token(token, data)
        if sealer.roots:
            verify_token(token, data, roots=sealer.roots)


def _sized(sealed: bytes) -> bytes:
    if len(sealed) > MAX_SEALED_BYTES:
        raise InputError(f"paper: expected at most {MAX_SEALED_BYTES} bytes, got {len(sealed)}", code="paper-size")
    return sealed


def _asn1(certificate: x509.Certificate) -> "asn1.Certificate":
    from asn1crypto import x509 as asn1

    return asn1.Certificate.load(certificate.public_bytes(Encoding.DER))
