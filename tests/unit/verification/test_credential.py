from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes
from support.judged import (
    AUTHORITY,
    CERTIFICATE,
    ISSUER,
    SIGNED,
    STAMPED_AT,
    TRUST_LIST,
    credential,
    ingredient,
    manifest,
    stamp,
    validation,
)

from provenance.credentials.crjson import Action
from provenance.credentials.origin import DIGITAL_CAPTURE, IPTC, TRAINED_MEDIA, Origin
from provenance.credentials.reading import Credential
from provenance.stamping.gate import _NOT_DAMAGE as NOT_DAMAGE
from provenance.verification.codes import Meaning
from provenance.verification.credential import judge_credential, judge_history, judge_origin, judge_time
from provenance.verification.report import Axis, CredentialCode, Finding, HistoryCode

SDK = "c2pa-rs"
TIME = datetime(2026, 11, 23, 21, 7, 5, tzinfo=UTC)
NOT_CHECKED = Finding(3, "revocation-not-checked", "whether the certificate was revoked was not checked")
UNCONFIRMED = Finding(2, "signature-unconfirmed", "no validator confirmed the claim signature")
FLAW = "APP11 segment at byte 2: expected sequence number 1"
FACTS = {
    "issuer": ISSUER,
    "certificate": CERTIFICATE.fingerprint(hashes.SHA256()).hex(),
    "generator": "Headshot Provenance 0.1.0",
    "trust_list": TRUST_LIST,
}

TRUSTED = Axis(
    CredentialCode.TRUSTED, "Verified", f"Issued by {ISSUER}, whom you trust; nothing has changed since.", FACTS
)
VALID = Axis(
    CredentialCode.VALID,
    "Intact, issuer not recognised",
    f"Nothing has changed since it was issued, but it cannot be confirmed who {ISSUER} is.",
    FACTS,
)
EXPIRED = Axis(
    CredentialCode.EXPIRED,
    "Issued with an expired certificate",
    f"The certificate of {ISSUER} was not valid, and no trusted time says when it was used.",
    FACTS,
)
REVOKED = Axis(
    CredentialCode.REVOKED,
    "Certificate revoked",
    f"The certificate of {ISSUER} was revoked. Do not rely on it.",
    FACTS,
)
BROKEN = Axis(
    CredentialCode.INVALID,
    "Credential does not verify",
    "The credential in this file is damaged or was altered. Do not rely on it.",
    FACTS,
)
NOT_JUDGED = Axis(
    CredentialCode.UNREADABLE,
    "Could not check",
    "The validator reports a problem that this version does not know, so nothing can be said.",
    FACTS,
)
CHANGED = Axis(
    CredentialCode.INVALID,
    "Changed after stamping",
    f"This file is not as it was when {ISSUER} issued its credential. Do not rely on it.",
    FACTS,
)


def judged(found: Credential) -> tuple[Axis, list[Finding]]:
    findings: list[Finding] = []
    return judge_credential(found, findings), findings


def failing(*codes: str, success: Iterable[str] = (SIGNED,)) -> Credential:
    return credential(manifest(found=validation(codes, success=success)))


# --- integrity and issuer


def test_an_intact_credential_of_a_trusted_issuer_is_trusted() -> None:
    assert judged(credential()) == (TRUSTED, [NOT_CHECKED])


@pytest.mark.parametrize(
    ("code", "step", "meaning", "axis"),
    [
        ("assertion.dataHash.mismatch", 2, Meaning.CHANGED, CHANGED),
        ("assertion.boxesHash.unknownBox", 2, Meaning.CHANGED, CHANGED),
        ("claimSignature.mismatch", 2, Meaning.BROKEN, BROKEN),
        ("assertion.hashedURI.mismatch", 2, Meaning.BROKEN, BROKEN),
        ("general.error", 2, Meaning.BROKEN, BROKEN),
        ("signingCredential.ocsp.revoked", 2, Meaning.REVOKED, REVOKED),
        ("signingCredential.expired", 2, Meaning.EXPIRED, EXPIRED),
        ("claimSignature.outsideValidity", 2, Meaning.EXPIRED, EXPIRED),
        ("signingCredential.invalid", 3, Meaning.UNFIT, VALID),
        ("signingCredential.untrusted", 3, Meaning.UNRECOGNISED, VALID),
        ("org.example.novelty", 2, Meaning.UNKNOWN, NOT_JUDGED),
    ],
)
def test_a_failure_decides_what_a_credential_is_worth_and_is_shown(
    code: str, step: int, meaning: Meaning, axis: Axis
) -> None:
    assert judged(failing(code)) == (axis, [Finding(step, code, meaning.value, SDK)])


def test_the_worst_failure_decides_and_all_are_shown_in_their_order() -> None:
    codes = ["signingCredential.untrusted", "org.example.novelty", "assertion.dataHash.mismatch", "claim.malformed"]
    axis, findings = judged(failing(*codes))
    assert axis == CHANGED
    assert [finding.code for finding in findings] == codes
    assert [finding.step for finding in findings] == [3, 2, 2, 2]
    assert {finding.source for finding in findings} == {SDK}


@pytest.mark.parametrize(
    ("codes", "axis"),
    [
        (["signingCredential.ocsp.revoked", "claimSignature.mismatch"], BROKEN),
        (["signingCredential.expired", "signingCredential.ocsp.revoked"], REVOKED),
        (["signingCredential.untrusted", "signingCredential.expired"], EXPIRED),
    ],
)
def test_the_worse_of_two_failures_decides(codes: list[str], axis: Axis) -> None:
    assert judged(failing(*codes))[0] == axis


def test_a_signature_that_nobody_confirmed_does_not_verify() -> None:
    assert judged(failing(success=["signingCredential.trusted"])) == (BROKEN, [UNCONFIRMED])


@pytest.mark.parametrize("code", ["signingCredential.untrusted", "signingCredential.invalid", "org.example.novelty"])
def test_a_signature_that_nobody_confirmed_is_never_called_intact(code: str) -> None:
    axis, _ = judged(failing(code, success=[]))
    assert axis.code in (CredentialCode.INVALID, CredentialCode.UNREADABLE)


@pytest.mark.parametrize(
    ("code", "axis"), [("signingCredential.expired", EXPIRED), ("signingCredential.ocsp.revoked", REVOKED)]
)
def test_a_certificate_that_had_ended_says_why_its_signature_was_not_confirmed(code: str, axis: Axis) -> None:
    found, findings = judged(failing(code, success=[]))
    assert found == axis
    assert UNCONFIRMED not in findings


@pytest.mark.parametrize("failures", [[], ["signingCredential.untrusted"], ["signingCredential.invalid"]])
def test_unsigned_bytes_make_a_stamp_invalid(failures: list[str]) -> None:
    ours = manifest(assertions=stamp(), found=validation(failures))
    axis, findings = judged(credential(ours, flaw=FLAW))
    assert axis == CHANGED
    assert Finding(2, "unsigned-bytes", FLAW) in findings
    assert NOT_CHECKED not in findings


@pytest.mark.parametrize(
    ("code", "axis"),
    [
        ("signingCredential.expired", EXPIRED),
        ("signingCredential.ocsp.revoked", REVOKED),
        ("claimSignature.mismatch", BROKEN),
    ],
)
def test_unsigned_bytes_in_a_stamp_hide_nothing_worse(code: str, axis: Axis) -> None:
    found, findings = judged(credential(manifest(assertions=stamp(), found=validation([code])), flaw=FLAW))
    assert found == axis
    assert Finding(2, "unsigned-bytes", FLAW) in findings


def test_unsigned_bytes_in_the_credential_of_another_product_are_only_shown() -> None:
    assert judged(credential(flaw=FLAW)) == (TRUSTED, [Finding(2, "unsigned-bytes", FLAW), NOT_CHECKED])


def test_a_stamp_without_unsigned_bytes_is_trusted() -> None:
    assert judged(credential(manifest(assertions=stamp()))) == (TRUSTED, [NOT_CHECKED])


# --- the issuer, once more


def test_an_issuer_whom_no_list_names_is_not_recognised() -> None:
    axis, findings = judged(credential(trust_list=None))
    assert axis == Axis(VALID.code, VALID.headline, VALID.sentence, {**FACTS, "trust_list": None})
    assert findings == [Finding(3, "issuer-unconfirmed", "no list of trusted issuers was matched")]


def test_an_issuer_whose_certificate_cannot_be_read_is_not_recognised() -> None:
    axis, findings = judged(credential(manifest(certificate=None)))
    assert axis == replace(VALID, facts={**FACTS, "certificate": None})
    assert findings == [Finding(3, "certificate-unread", "the signing certificate could not be read on its own")]


def test_an_issuer_whose_certificate_may_not_sign_claims_is_not_recognised() -> None:
    axis, findings = judged(credential(manifest(certificate=AUTHORITY)))
    assert axis == replace(VALID, facts={**FACTS, "certificate": AUTHORITY.fingerprint(hashes.SHA256()).hex()})
    message = "signing certificate: expected an end certificate, got an authority"
    assert findings == [Finding(3, "certificate-unfit", message)]


def test_the_certificate_of_an_issuer_who_is_not_trusted_is_not_asked_about() -> None:
    found = validation(["signingCredential.untrusted"])
    _, findings = judged(credential(manifest(found=found, certificate=None), trust_list=None))
    assert [finding.code for finding in findings] == ["signingCredential.untrusted"]


def test_an_issuer_without_a_name_is_called_so() -> None:
    axis, _ = judged(credential(manifest(issuer=None)))
    assert axis.sentence == "Issued by an unnamed signer, whom you trust; nothing has changed since."
    assert axis.facts["issuer"] == "an unnamed signer"


def test_a_failure_apart_from_the_file_is_shown_and_leaves_its_issuer_recognised() -> None:
    shown = Finding(2, "timeStamp.untrusted", Meaning.APART.value, SDK)
    assert judged(failing("timeStamp.untrusted")) == (TRUSTED, [shown, NOT_CHECKED])


@pytest.mark.parametrize("code", ["cawg.identity.pad.invalid", "cawg.x509.credential.untrusted"])
def test_who_is_named_beside_the_issuer_is_judged_elsewhere(code: str) -> None:
    assert judged(failing(code)) == (TRUSTED, [NOT_CHECKED])


@pytest.mark.parametrize("other", ["signingCredential.untrusted", "signingCredential.invalid"])
def test_a_failure_of_unknown_meaning_is_not_called_intact_whatever_stands_beside_it(other: str) -> None:
    axis, _ = judged(failing("org.example.novelty", other))
    assert "Nothing has changed" not in axis.sentence


# --- time


def timed(found: Credential) -> tuple[Axis, list[Finding]]:
    findings: list[Finding] = []
    return judge_time(found, findings), findings


NO_TIME = Axis("none", "Time not stated", "Nothing trustworthy says when it was signed.", {"at": None})
STATED = Axis("stated", "Time stated", "The time is the issuer's own statement.", {"at": STAMPED_AT})
BY_TIME_STAMP = Axis(
    "stated",
    "Time stated",
    "A time stamp says so; who made it was not checked.",
    {"at": "2026-11-23T21:07:05+00:00"},
)
WHO_MADE_IT = Finding(4, "time-stamp-not-checked", "who made its time stamp was not checked")


@pytest.mark.parametrize(
    "success", [(), ("timeStamp.validated",), ("timeStamp.validated", "timeStamp.trusted"), ("timeStamp.trusted",)]
)
def test_a_time_stamp_states_a_time_and_proves_none_as_no_authority_is_trusted(success: tuple[str, ...]) -> None:
    found = validation(success=success)
    for assertions in ({}, stamp()):
        held = manifest(time=TIME, found=found, assertions=assertions)
        assert timed(credential(held)) == (BY_TIME_STAMP, [WHO_MADE_IT])


@pytest.mark.parametrize("success", [(), ("timeStamp.validated", "timeStamp.trusted")])
def test_without_a_time_stamp_the_issuer_states_the_time(success: tuple[str, ...]) -> None:
    found = validation(success=success)
    assert timed(credential(manifest(found=found))) == (NO_TIME, [])
    assert timed(credential(manifest(found=found, assertions=stamp()))) == (STATED, [])


@pytest.mark.parametrize(
    "code", ["timeStamp.untrusted", "timeStamp.mismatch", "timeStamp.malformed", "timeOfSigning.outsideValidity"]
)
def test_a_time_stamp_that_proves_nothing_is_shown(code: str) -> None:
    expected = Finding(4, code, "the time stamp proves no time", SDK)
    for found in (validation(informational=[code]), validation([code])):
        assert timed(credential(manifest(found=found))) == (NO_TIME, [expected])
        assert timed(credential(manifest(time=TIME, found=found))) == (BY_TIME_STAMP, [expected, WHO_MADE_IT])


def test_what_does_not_concern_time_is_not_shown_with_it() -> None:
    found = validation(["claimSignature.mismatch"], informational=["signingCredential.ocsp.skipped"])
    assert timed(credential(manifest(found=found))) == (NO_TIME, [])


@pytest.mark.parametrize("stamped_at", [None, 7, ["2026-11-23T21:07Z"]])
def test_a_statement_of_another_form_states_no_time(stamped_at: object) -> None:
    assert timed(credential(manifest(assertions=stamp(stamped_at=stamped_at))))[0] == NO_TIME


@pytest.mark.parametrize("data", [None, "2026-11-23T21:07Z", [STAMPED_AT], {}])
def test_an_assertion_of_another_form_states_no_time(data: object) -> None:
    assertions = dict.fromkeys(stamp(), data)
    assert timed(credential(manifest(assertions=assertions)))[0] == NO_TIME


# --- history


def history(found: Credential) -> tuple[Axis, list[Finding]]:
    findings: list[Finding] = []
    return judge_history(found, findings), findings


CLEAN = Axis(HistoryCode.CLEAN, "History clean", "Everything in its history verifies.")
DAMAGED = Axis(
    HistoryCode.DAMAGED, "History damaged", "This file is intact, but something it was made from does not verify."
)
PARENT = "urn:c2pa:parent"


def test_a_picture_made_from_nothing_has_a_clean_history() -> None:
    assert history(credential()) == (CLEAN, [])


@pytest.mark.parametrize("relationship", ["parentOf", "componentOf", "inputTo"])
def test_an_ingredient_that_verifies_leaves_the_history_clean(relationship: str) -> None:
    made_from = ingredient(relationship=relationship)
    assert history(credential(manifest(ingredients=[made_from]), manifest(PARENT))) == (CLEAN, [])


def test_an_ingredient_without_a_credential_leaves_the_history_unknown() -> None:
    unknown = Axis(HistoryCode.UNKNOWN, "History not known", "Something it was made from carries no credential.")
    assert history(credential(manifest(ingredients=[ingredient(), ingredient(None)]))) == (unknown, [])


@pytest.mark.parametrize(
    "code",
    [
        "assertion.dataHash.mismatch",
        "claimSignature.mismatch",
        "ingredient.manifest.missing",
        "signingCredential.ocsp.revoked",
    ],
)
def test_a_failure_of_an_ingredient_damages_the_history_whenever_it_was_found(code: str) -> None:
    for made_from in (ingredient(recorded=[code]), ingredient(since=[code]), ingredient(None, recorded=[code])):
        axis, (finding,) = history(credential(manifest(ingredients=[made_from])))
        assert axis == DAMAGED
        assert (finding.step, finding.code, finding.source) == (5, code, SDK)
        assert finding.message.startswith("an ingredient: ")


def test_damage_anywhere_in_the_store_damages_the_history() -> None:
    inner = manifest(PARENT, ingredients=[ingredient("urn:c2pa:first", since=["claimSignature.mismatch"])])
    axis, findings = history(credential(manifest(ingredients=[ingredient(), ingredient(None)]), inner))
    assert axis == DAMAGED
    assert [finding.code for finding in findings] == ["claimSignature.mismatch"]


@pytest.mark.parametrize(
    "code",
    ["signingCredential.untrusted", "timeStamp.untrusted", "timeOfSigning.outsideValidity", "cawg.ica.invalid_alg"],
)
def test_an_ingredient_of_a_stranger_is_no_damage(code: str) -> None:
    made_from = ingredient(recorded=[code], since=[code])
    assert history(credential(manifest(ingredients=[made_from]))) == (CLEAN, [])


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("signingCredential.expired", Meaning.EXPIRED),
        ("claimSignature.outsideValidity", Meaning.EXPIRED),
        ("signingCredential.invalid", Meaning.UNFIT),
        ("org.example.novelty", Meaning.UNKNOWN),
    ],
)
def test_what_cannot_be_judged_leaves_the_history_unknown_and_is_no_damage(code: str, meaning: Meaning) -> None:
    expected = Axis(HistoryCode.UNKNOWN, "History not known", "Something it was made from could not be judged.")
    for made_from in (ingredient(recorded=[code]), ingredient(since=[code]), ingredient(None, recorded=[code])):
        finding = Finding(5, code, f"an ingredient: {meaning.value}", SDK)
        assert history(credential(manifest(ingredients=[made_from]))) == (expected, [finding])


def test_what_the_gate_lets_through_is_no_damage_to_whoever_checks_it() -> None:
    for code in NOT_DAMAGE:
        axis, _ = history(credential(manifest(ingredients=[ingredient(since=[code])])))
        assert axis.code != HistoryCode.DAMAGED, code


# --- origin

OPENED = Action("c2pa.opened", None, None, ())
CROPPED = Action("c2pa.cropped", IPTC + "humanEdits", None, ())
FILLED = Action("c2pa.edited", IPTC + "compositeWithTrainedAlgorithmicMedia", None, ())
CAPTURED = Action("c2pa.created", DIGITAL_CAPTURE, None, ())
GENERATED = Action("c2pa.created", TRAINED_MEDIA, None, ())


def made_by(*actions: Action, studio: bool = False) -> Credential:
    return credential(manifest(actions=actions, assertions=stamp() if studio else {}))


@pytest.mark.parametrize(
    ("found", "axis", "label"),
    [
        (
            made_by(CAPTURED),
            Axis(
                Origin.CAMERA_SIGNED,
                "Camera-captured",
                f"{ISSUER} recorded this picture and signed it when it was taken.",
                {"stated_by": ISSUER, "edited": False, "signals": ["captured-media"]},
            ),
            False,
        ),
        (
            made_by(CAPTURED, studio=True),
            Axis(
                Origin.CAMERA_DECLARED,
                "Camera-captured",
                f"{ISSUER} states that this was taken with a camera.",
                {"stated_by": ISSUER, "edited": False, "signals": ["captured-media"]},
            ),
            False,
        ),
        (
            made_by(CAPTURED, CROPPED),
            Axis(
                Origin.EDITED,
                "Edited photo",
                f"{ISSUER} states that this was taken with a camera; people edited it.",
                {
                    "stated_by": ISSUER,
                    "edited": True,
                    "signals": ["captured-media", "perceptible-non-genai-transformations"],
                },
            ),
            False,
        ),
        (
            made_by(CAPTURED, FILLED),
            Axis(
                Origin.AI_EDITED,
                "AI-edited",
                "A picture in which AI made or changed parts.",
                {
                    "stated_by": ISSUER,
                    "edited": False,
                    "signals": ["captured-media", "perceptible-genai-transformations"],
                },
            ),
            True,
        ),
        (
            made_by(GENERATED, CROPPED),
            Axis(
                Origin.AI_GENERATED,
                "AI-generated",
                "This picture was made by AI. It is not a photograph.",
                {
                    "stated_by": ISSUER,
                    "edited": True,
                    "signals": ["fully-genai-media", "perceptible-non-genai-transformations"],
                },
            ),
            True,
        ),
        (
            made_by(OPENED, CROPPED),
            Axis(
                Origin.UNKNOWN,
                "Origin not stated",
                "The credential does not say where the picture comes from.",
                {"stated_by": None, "edited": True, "signals": ["perceptible-non-genai-transformations"]},
            ),
            None,
        ),
    ],
)
def test_an_origin_has_its_words_and_whether_it_must_be_labelled(
    found: Credential, axis: Axis, label: bool | None
) -> None:
    assert judge_origin(found) == (axis, label)
