"""The wall around c2pa-python: the only module that imports it, untyped as it is, and the map of its errors.

Every call has a context of its own with nothing in it that reaches the network: no remote manifests, no OCSP, no
allowed hosts. Claim signers are judged by `manifest` anchors alone, because the SDK lets a signer that chains to a
time-stamp or identity anchor pass as trusted.
"""

import contextlib
import io
import json
import signal
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import c2pa
from cryptography import x509

from provenance.credentials.ingredients import IngredientSource
from provenance.errors import CredentialError, NoCredentialError, RemoteCredentialError
from provenance.pki import CLAIM_SIGNING, DOCUMENT_SIGNING, TrustAnchors

ENGINE = f"c2pa-rs {c2pa.sdk_version()}"

# The assertions that the signer makes itself; all others are gathered (C2PA 2.4, 10.2.2).
CREATED_LABELS = (
    "c2pa.actions",
    "c2pa.actions.v2",
    "c2pa.metadata",
    "c2pa.ingredient",
    "c2pa.ingredient.v3",
    "c2pa.ai-disclosure",
    "c2pa.soft-binding",
    "c2pa.thumbnail.claim",
    "c2pa.thumbnail.ingredient",
)

_OFFLINE: dict[str, Any] = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": False},
    "core": {"allowed_network_hosts": []},
}


def read(
    data: bytes, media_type: str, *, anchors: Sequence[TrustAnchors], time_anchors: Sequence[TrustAnchors] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the SDK's two reports of a file: its own JSON, and crJSON.

    Raises:
        NoCredentialError: the file carries none.
        RemoteCredentialError: it only names a place where they lie.
        CredentialError: they cannot be read.
    """
    return _read(
        data, media_type, usages=(CLAIM_SIGNING, DOCUMENT_SIGNING), anchors={"manifest": anchors, "tsa": time_anchors}
    )


def read_identities(data: bytes, media_type: str, *, anchors: Sequence[TrustAnchors]) -> dict[str, Any]:
    """Return the crJSON of a file for which `anchors` vouch for named actors, and nothing vouches for signers.

    Raises:
        CredentialError: see `read`.
    """
    return _read(data, media_type, usages=(DOCUMENT_SIGNING,), anchors={"cawg": anchors})[1]


def _read(
    data: bytes,
    media_type: str,
    *,
    usages: Sequence[x509.ObjectIdentifier],
    anchors: Mapping[str, Sequence[TrustAnchors]],
) -> tuple[dict[str, Any], dict[str, Any]]:
    settings = {
        **_OFFLINE,
        "trust": {
            # Key usages take effect at this level only; within an anchor they are ignored.
            "trust_config": "\n".join(usage.dotted_string for usage in usages),
            "anchors": [
                {
                    "trust_anchors": anchor.pem,
                    "trust_kind": kind,
                    "trust_uri": anchor.uri,
                    **({"allowed_list": anchor.ends} if anchor.ends else {}),
                }
                for kind, listed in anchors.items()
                for anchor in listed
            ],
        },
    }
    try:
        with (
            _uninterrupted(),
            c2pa.Context.from_dict(settings) as context,
            c2pa.Reader(media_type, io.BytesIO(data), context=context) as reader,
        ):
            return json.loads(reader.json()), json.loads(reader.crjson())
    except c2pa.C2paError as error:
        raise map_error(error) from error


def sign(
    data: bytes,
    media_type: str,
    definition: dict[str, Any],
    *,
    ingredients: Sequence[IngredientSource],
    sign_claim: Callable[[bytes], bytes],
    chain_pem: str,
    tsa_url: str | None = None,
    resources: Mapping[str, bytes] | None = None,
    update: bool = False,
) -> bytes:
    """Return `data` with a new active manifest.

    Args:
        data: the picture.
        media_type: of the picture.
        definition: the manifest as the SDK's builder takes it.
        ingredients: what it was made from, in order; the manifests that they carry are kept.
        sign_claim: returns the ES256 signature, r ‖ s, of what it is given.
        chain_pem: the signer's certificate and its intermediates.
        update: whether it is an update manifest, whose parent is the picture as it is (C2PA 2.4, 11.3.3).
        resources: what the definition names, such as a thumbnail.
        tsa_url: of the authority that dates the signature; without one, none is asked.

    Raises:
        CredentialError: the SDK refused, or got no time-stamp.
    """
    failure: list[Exception] = []

    def guarded(claim: bytes) -> bytes:
        try:
            return sign_claim(claim)
        except Exception as error:
            # The SDK would reduce this to a number.
            failure.append(error)
            raise

    settings = {
        **_OFFLINE,
        "builder": {
            "thumbnail": {"enabled": False},
            "created_assertion_labels": list(CREATED_LABELS),
            **({"actions": {"all_actions_included": True}} if update else {}),
        },
    }
    target = io.BytesIO()
    try:
        with (
            _uninterrupted(),
            c2pa.Context.from_dict(settings) as context,
            c2pa.Builder(definition, context=context) as builder,
            c2pa.Signer.from_callback(guarded, c2pa.C2paSigningAlg.ES256, chain_pem, tsa_url) as signer,
        ):
            if update:
                builder.set_intent(c2pa.C2paBuilderIntent.UPDATE)
            for name, resource in (resources or {}).items():
                builder.add_resource(name, io.BytesIO(resource))
            for ingredient in ingredients:
                builder.add_ingredient(_described(ingredient), ingredient.media_type, io.BytesIO(ingredient.data))
            builder.sign(signer, media_type, io.BytesIO(data), target)
    except c2pa.C2paError as error:
        if failure:
            raise failure[0] from error
        if tsa_url is not None and isinstance(error, c2pa.C2paError.Signature):
            raise CredentialError(
                "time-stamp authority: gave no time-stamp for this picture",
                code="timestamp-failed",
                hint="run the same again, or leave --tsa out",
            ) from error
        raise map_error(error) from error
    return target.getvalue()


def _described(ingredient: IngredientSource) -> dict[str, str]:
    # Without an id of our own, the SDK copies the one in the file's XMP, which joins all pictures made from one file.
    described = {
        "relationship": ingredient.relationship,
        "label": ingredient.label,
        "title": ingredient.label,
        "instance_id": f"xmp.iid:{uuid.uuid4()}",
    }
    if ingredient.source_type is not None:
        # The SDK passes `digitalSourceType` over without a word.
        described["digital_source_type"] = ingredient.source_type
    return described


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold an interrupt back until the SDK has returned: raised within its callbacks, it would be lost there.

    Only the main thread can be interrupted, and only it can hold the signal back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pending: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pending.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.SIG_DFL)
        if pending:
            signal.raise_signal(signal.SIGINT)


def map_error(error: c2pa.C2paError) -> CredentialError:
    """Return our error for one of the SDK's."""
    text = str(error)
    if isinstance(error, c2pa.C2paError.ManifestNotFound):
        return NoCredentialError("the file carries no content credentials")
    if isinstance(error, c2pa.C2paError.RemoteManifest) or text.startswith("Remote"):
        return RemoteCredentialError(
            "the file only names a place on the network where its content credentials lie; nothing was fetched",
            hint="ask the sender for the file with its credentials embedded",
        )
    reason = " ".join(text.split())[:200] or type(error).__name__
    return CredentialError(f"its content credentials cannot be read: {reason}", code="credential-unreadable")
