"""Steps 2 to 6: integrity, issuer, time, history, origin; each from what the credential holds."""

from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from provenance.canonical import Json
from provenance.credentials.crjson import Status
from provenance.credentials.labels import CONSENT_LABEL, NOTICE_LABEL
from provenance.credentials.origin import Origin, OriginFinding, find_origin
from provenance.credentials.reading import Credential
from provenance.credentials.signals import find_signals
from provenance.errors import InputError, KeyMaterialError, VerificationError
from provenance.pki import check_claim_certificate
from provenance.timestamps import verify_token
from provenance.verification.codes import Meaning, meaning_of, worst_of
from provenance.verification.report import Axis, CredentialCode, Finding, HistoryCode

_SDK = "c2pa-rs"

_BY_MEANING = {
    Meaning.CHANGED: CredentialCode.INVALID,
    Meaning.BROKEN: CredentialCode.INVALID,
    Meaning.REVOKED: CredentialCode.REVOKED,
    Meaning.EXPIRED: CredentialCode.EXPIRED,
    Meaning.UNFIT: CredentialCode.VALID,
    Meaning.UNRECOGNISED: CredentialCode.VALID,
    Meaning.UNKNOWN: CredentialCode.UNREADABLE,
}


_DAMAGE = frozenset({Meaning.CHANGED, Meaning.BROKEN, Meaning.REVOKED})


def judge_credential(credential: Credential, findings: list[Finding]) -> Axis:
    """Steps 2 and 3: whether the file is as it was signed, and whether the issuer is one that the caller trusts."""
    manifest = credential.active_manifest
    issuer = manifest.signer.name
    validation = manifest.validation
    for status in validation.failure:
        if status.code.startswith("cawg."):
            # Who is named beside the issuer is for step 11.
            continue
        step = 3 if meaning_of(status.code) in (Meaning.UNFIT, Meaning.UNRECOGNISED) else 2
        findings.append(Finding(step, status.code, meaning_of(status.code).value, _SDK))
    meaning = _worst_meaning(validation.failure)
    lenient = meaning in (None, Meaning.UNFIT, Meaning.UNRECOGNISED)
    if lenient and not validation.succeeded("claimSignature.validated"):
        meaning = Meaning.BROKEN
        findings.append(Finding(2, "signature-unconfirmed", "no validator confirmed the claim signature"))
    code = CredentialCode.TRUSTED if meaning is None else _BY_MEANING[meaning]
    if credential.flaw is not None:
        findings.append(Finding(2, "unsigned-bytes", credential.flaw))
        if manifest.assertions.keys() & {CONSENT_LABEL, NOTICE_LABEL} and code in (
            CredentialCode.TRUSTED,
            CredentialCode.VALID,
        ):
            # This product's stamps leave no room for other bytes there.
            code = CredentialCode.INVALID
    if code is CredentialCode.TRUSTED and not confirm_issuer(credential, findings):
        code = CredentialCode.VALID
    facts = {
        "issuer": issuer,
        "certificate": None
        if manifest.certificate is None
        else manifest.certificate.fingerprint(hashes.SHA256()).hex(),
        "generator": manifest.generator,
        "trust_list": credential.trust_list,
    }
    return _credential_axis(code, issuer, meaning, facts)


def _worst_meaning(failures: tuple[Status, ...]) -> Meaning | None:
    """Return the most severe meaning among the failures that concern the file or its signer."""
    worst = worst_of(status for status in failures if meaning_of(status.code) is not Meaning.APART)
    return None if worst is None else worst[0]


def confirm_issuer(credential: Credential, findings: list[Finding]) -> bool:
    """Check again, from the certificate itself, what the SDK's word `trusted` leaves open; `findings` say why not."""
    certificate = credential.active_manifest.certificate
    if credential.trust_list is None:
        findings.append(Finding(3, "issuer-unconfirmed", "no list of trusted issuers was matched"))
        return False
    if certificate is None:
        findings.append(Finding(3, "certificate-unread", "the signing certificate could not be read on its own"))
        return False
    try:
        check_claim_certificate(certificate)
    except KeyMaterialError as error:
        findings.append(Finding(3, error.code, str(error)))
        return False
    findings.append(Finding(3, "revocation-not-checked", "whether the certificate was revoked was not checked"))
    return True


def _credential_axis(code: CredentialCode, issuer: str, meaning: Meaning | None, facts: dict[str, str | None]) -> Axis:
    match code:
        case CredentialCode.TRUSTED:
            headline, sentence = "Verified", f"Issued by {issuer}, whom you trust; nothing has changed since."
        case CredentialCode.VALID:
            headline = "Intact, issuer not recognised"
            sentence = f"Nothing has changed since it was issued, but it cannot be confirmed who {issuer} is."
        case CredentialCode.EXPIRED:
            headline = "Issued with an expired certificate"
            sentence = f"The certificate of {issuer} was not valid, and no trusted time says when it was used."
        case CredentialCode.REVOKED:
            headline, sentence = "Certificate revoked", f"The certificate of {issuer} was revoked. Do not rely on it."
        case CredentialCode.UNREADABLE:
            headline = "Could not check"
            sentence = "The validator reports a problem that this version does not know, so nothing can be said."
        case _ if meaning is Meaning.BROKEN:
            headline = "Credential does not verify"
            sentence = "The credential in this file is damaged or was altered. Do not rely on it."
        case _:
            headline = "Changed after stamping"
            sentence = f"This file is not as it was when {issuer} issued its credential. Do not rely on it."
    return Axis(code, headline, sentence, facts)


def judge_time(credential: Credential, findings: list[Finding], *, roots: Sequence[x509.Certificate] = ()) -> Axis:
    """Step 4: how surely the time of signing is known; `roots` are those of the authorities that may prove it."""
    manifest = credential.active_manifest
    if credential.token is not None and roots:
        try:
            # By ourselves: the SDK calls the authorities of older credentials trusted without being given any.
            stamp = verify_token(credential.token.token, credential.token.data, roots=roots)
        except (InputError, VerificationError) as error:
            findings.append(Finding(4, error.code, str(error)))
        else:
            facts: dict[str, Json] = {"at": stamp.at.isoformat(), "authority": stamp.authority}
            when = f"{stamp.at:%Y-%m-%d %H:%M} UTC"
            sentence = f"{stamp.authority}, whom you trust with it, confirms that it was signed by {when}."
            return Axis("proven", "Time proven", sentence, facts)
    for status in (*manifest.validation.informational, *manifest.validation.failure):
        if status.code.startswith(("timeStamp.", "timeOfSigning.")):
            findings.append(Finding(4, status.code, "the time stamp proves no time", _SDK))
    if manifest.time is not None:
        # The SDK calls the authorities of older credentials trusted without being given any to trust.
        findings.append(Finding(4, "time-stamp-not-checked", "who made its time stamp was not checked"))
        moment = manifest.time.isoformat()
        return Axis("stated", "Time stated", "A time stamp says so; who made it was not checked.", {"at": moment})
    assertion = credential.stamp.assertions.get(CONSENT_LABEL)
    stated = assertion.get("stamped_at") if isinstance(assertion, dict) else None
    if isinstance(stated, str):
        return Axis("stated", "Time stated", "The time is the issuer's own statement.", {"at": stated})
    return Axis("none", "Time not stated", "Nothing trustworthy says when it was signed.", {"at": None})


def judge_history(credential: Credential, findings: list[Finding]) -> Axis:
    """Step 5: the worst over everything that the picture was made from, as recorded then and as found now."""
    bare = unjudged = damaged = False
    for manifest in credential.manifests.values():
        for ingredient in manifest.ingredients:
            bare = bare or ingredient.manifest is None
            for status in ingredient.failures:
                meaning = meaning_of(status.code)
                if meaning in (Meaning.UNRECOGNISED, Meaning.APART):
                    continue
                damaged = damaged or meaning in _DAMAGE
                unjudged = unjudged or meaning not in _DAMAGE
                findings.append(Finding(5, status.code, f"an ingredient: {meaning.value}", _SDK))
    if damaged:
        return Axis(
            HistoryCode.DAMAGED,
            "History damaged",
            "This file is intact, but something it was made from does not verify.",
        )
    if unjudged:
        return Axis(HistoryCode.UNKNOWN, "History not known", "Something it was made from could not be judged.")
    if bare:
        return Axis(HistoryCode.UNKNOWN, "History not known", "Something it was made from carries no credential.")
    return Axis(HistoryCode.CLEAN, "History clean", "Everything in its history verifies.")


def judge_origin(credential: Credential) -> tuple[Axis, bool | None]:
    """Step 6: the origin over the whole chain, and whether the law asks for a label on it."""
    found = find_origin(credential)
    label = {Origin.AI_GENERATED: True, Origin.AI_EDITED: True, Origin.UNKNOWN: None}.get(found.origin, False)
    headline, sentence = _origin_words(found)
    facts: dict[str, Json] = {
        "stated_by": found.stated_by,
        "edited": found.edited,
        "signals": [signal.value for signal in find_signals(credential)],
    }
    return Axis(found.origin, headline, sentence, facts), label


def _origin_words(found: OriginFinding) -> tuple[str, str]:
    by = found.stated_by or "the issuer"
    match found.origin:
        case Origin.CAMERA_SIGNED:
            return "Camera-captured", f"{by} recorded this picture and signed it when it was taken."
        case Origin.CAMERA_DECLARED:
            return "Camera-captured", f"{by} states that this was taken with a camera."
        case Origin.EDITED:
            return "Edited photo", f"{by} states that this was taken with a camera; people edited it."
        case Origin.AI_EDITED:
            return "AI-edited", "A picture in which AI made or changed parts."
        case Origin.AI_GENERATED:
            return "AI-generated", "This picture was made by AI. It is not a photograph."
        case _:
            return "Origin not stated", "The credential does not say where the picture comes from."
