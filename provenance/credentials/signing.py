"""Signing a manifest into a picture, and the checks that every result passes before anyone sees it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from provenance.canonical import sha256
from provenance.credentials.lint import lint
from provenance.credentials.manifest import THUMBNAIL, StampManifest
from provenance.credentials.reading import read_credential
from provenance.errors import CredentialError
from provenance.meanwhile import meanwhile
from provenance.picture import read_picture
from provenance.picture.kept import work_kept
from provenance.pki import TrustAnchors


@dataclass(frozen=True, slots=True)
class ClaimSigner:
    """Who signs claims.

    Attributes:
        sign: returns the ES256 signature, r ‖ s (64 bytes), of what it is given.
        chain_pem: the signer's certificate and its intermediates, without the root.
        anchors: what vouches for it, to check the result against.
        identity: what stays the same when its certificate is replaced, 32 bytes; that of the certificate by default.
        tsa_url: of the RFC 3161 authority that dates every signature; None for no date.
    """

    sign: Callable[[bytes], bytes]
    chain_pem: str
    anchors: TrustAnchors
    identity: bytes = b""
    tsa_url: str | None = None

    def __post_init__(self) -> None:
        """Take the certificate's identity where no other is given."""
        if not self.identity:
            object.__setattr__(self, "identity", sha256(self.chain_pem.encode()))


def sign_picture(
    data: bytes,
    manifest: StampManifest,
    *,
    signer: ClaimSigner,
    picture_digest: bytes | None = None,
    lay_aside: Callable[[bytes], None] | None = None,
) -> bytes:
    """Return `data` with `manifest` signed into it, read back, and found good.

    Promises that the picture digest is unchanged, that the result verifies under the signer's own root, that its
    unsigned bytes are in their one form, and that it passes every rule of the conformance rubric.

    Args:
        data: the picture.
        manifest: what the stamp says.
        signer: who signs.
        picture_digest: of `data`, where it is known already.
        lay_aside: is given the result while it is still being checked, in another thread, to write it where nobody
            sees it yet; only what this function returned may be seen.

    Raises:
        CredentialError: the SDK refused, or the result fails one of these checks.
        Exception: whatever `lay_aside` raised.
    """
    # Takes 50 ms to import; the reader of a refusal need not wait for it.
    from provenance.credentials import _engine

    signed = _engine.sign(
        data,
        manifest.media_type,
        manifest.to_definition(),
        ingredients=manifest.ingredients,
        sign_claim=signer.sign,
        chain_pem=signer.chain_pem,
        tsa_url=signer.tsa_url,
        resources=None if manifest.thumbnail is None else {THUMBNAIL: manifest.thumbnail},
    )
    with meanwhile(lambda: None if lay_aside is None else lay_aside(signed)) as laid, work_kept():
        _check_result(picture_digest or read_picture(data).digest, signed, manifest.media_type, signer)
        laid()
    return signed


def sign_update(data: bytes, media_type: str, definition: dict[str, Any], *, signer: ClaimSigner) -> bytes:
    """Return `data`, a stamped picture, with an update manifest on top; the same is promised as by `sign_picture`.

    Raises:
        CredentialError: likewise.
    """
    # As above.
    from provenance.credentials import _engine

    signed = _engine.sign(
        data,
        media_type,
        definition,
        ingredients=(),
        sign_claim=signer.sign,
        chain_pem=signer.chain_pem,
        tsa_url=signer.tsa_url,
        update=True,
    )
    with work_kept():
        _check_result(read_picture(data).digest, signed, media_type, signer)
    return signed


def _check_result(picture_digest: bytes, signed: bytes, media_type: str, signer: ClaimSigner) -> None:
    anchors = signer.anchors
    with meanwhile(lambda: read_picture(signed)) as picture:
        credential = read_credential(signed, media_type, anchors=[anchors], store=lambda: picture().store)
        digest = picture().digest
    if digest != picture_digest:
        raise CredentialError("signed picture: the picture itself was changed by signing", code="self-check")
    validation = credential.active_manifest.validation
    if validation.failure or credential.trust_list != anchors.uri:
        codes = ", ".join(status.code for status in validation.failure) or "issuer not recognised"
        raise CredentialError(f"signed picture: expected it to verify, got {codes}", code="self-check")
    if signer.tsa_url is not None and credential.token is None:
        raise CredentialError("signed picture: expected a time-stamp, got none", code="timestamp-missing")
    if credential.flaw is not None:
        raise CredentialError(f"signed picture: {credential.flaw}", code="self-check")
    problems = lint(credential.crjson)
    if problems:
        raise CredentialError(
            f"signed picture: breaks rule {problems[0].rule}: {', '.join(problems[0].matches)}", code="lint"
        )
