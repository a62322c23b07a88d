import itertools

import pytest
from support.judged import statuses

from provenance.credentials.rubric import VALID_ERRORS, WELL_FORMED_ERRORS
from provenance.verification.codes import Meaning, meaning_of, worst_of

# Every code of failure in C2PA 2.4, 15.2.2, and those that c2pa-rs and the CAWG add.
CODES = {
    Meaning.CHANGED: """
        assertion.dataHash.mismatch assertion.boxesHash.mismatch assertion.bmffHash.mismatch
        assertion.collectionHash.mismatch assertion.multiAssetHash.mismatch assertion.boxesHash.unknownBox
        """,
    Meaning.BROKEN: """
        claimSignature.mismatch claimSignature.missing
        hashedURI.missing hashedURI.mismatch assertion.hashedURI.mismatch
        assertion.missing assertion.undeclared assertion.outsideManifest assertion.notRedacted assertion.selfRedacted
        assertion.multipleHardBindings assertion.hardBinding.redacted assertion.required.missing
        assertion.cbor.invalid assertion.json.invalid
        assertion.dataHash.malformed assertion.boxesHash.malformed assertion.bmffHash.malformed
        assertion.collectionHash.malformed assertion.multiAssetHash.malformed assertion.ingredient.malformed
        assertion.timestamp.malformed assertion.cloud-data.malformed assertion.external-reference.malformed
        assertion.alternativeContentRepresentation.malformed
        assertion.action.malformed assertion.action.missing assertion.action.redacted
        assertion.action.ingredientMismatch assertion.action.redactionMismatch assertion.action.softBindingMissing
        assertion.collectionHash.incorrectFileCount assertion.collectionHash.invalidURI
        assertion.multiAssetHash.missingPart assertion.inaccessible
        assertion.alternativeContentRepresentation.hashMismatch assertion.alternativeContentRepresentation.missing
        assertion.cloud-data.hardBinding assertion.cloud-data.actions assertion.cloud-data.labelMismatch
        assertion.external-reference.created assertion.external-reference.actions
        assertion.external-reference.hardBinding assertion.external-reference.hashMismatch
        assertion.external-reference.labelMismatch
        claim.malformed claim.missing claim.multiple claim.cbor.invalid claim.hardBindings.missing
        claim.actions.missing claim.required.missing
        manifest.multipleParents manifest.update.invalid manifest.update.wrongParents manifest.compressed.invalid
        manifest.inaccessible manifest.inaccessible.malformed manifest.inaccessible.encrypted manifest.unreferenced
        manifest.timestamp.invalid manifest.timestamp.wrongParents
        algorithm.unsupported general.error
        ingredient.manifest.mismatch ingredient.manifest.missing ingredient.claimSignature.mismatch
        ingredient.claimSignature.missing ingredient.hashedURI.mismatch ingredient.hashedURI.missing
        """,
    Meaning.REVOKED: "signingCredential.ocsp.revoked",
    Meaning.EXPIRED: "signingCredential.expired claimSignature.outsideValidity",
    Meaning.UNFIT: "signingCredential.invalid",
    Meaning.UNRECOGNISED: "signingCredential.untrusted",
    Meaning.APART: """
        timeStamp.mismatch timeStamp.malformed timeStamp.outsideValidity timeStamp.untrusted
        timeStamp.credentialInvalid timeOfSigning.outsideValidity timeOfSigning.insideValidity
        signingCredential.ocsp.skipped signingCredential.ocsp.unknown signingCredential.ocsp.inaccessible
        cawg.identity.cbor.invalid cawg.identity.assertion.mismatch cawg.identity.assertion.duplicate
        cawg.identity.hard_binding_missing cawg.identity.sig_type.unknown cawg.identity.pad.invalid
        cawg.x509.signature.mismatch cawg.x509.credential.untrusted
        cawg.ica.invalid_cose_sign1 cawg.ica.invalid_alg cawg.ica.invalid_content_type
        cawg.ica.invalid_verifiable_credential cawg.ica.invalid_issuer cawg.ica.did_unsupported_method
        cawg.ica.did_unavailable cawg.ica.invalid_did_document cawg.ica.untrusted_issuer
        cawg.ica.signature_mismatch cawg.ica.time_stamp.invalid cawg.ica.valid_from.missing
        cawg.ica.valid_from.invalid cawg.ica.valid_until.invalid cawg.ica.revocation.unsupported
        cawg.ica.revocation.unavailable cawg.ica.credential.revoked cawg.ica.signer_payload.mismatch
        cawg.ica.verified_identities.missing cawg.ica.verified_identities.invalid
        """,
}
TABLE = [(code, meaning) for meaning, codes in CODES.items() for code in codes.split()]

# One code of each kind, the most severe first; the last one is of no version of C2PA.
_KNOWN = [codes.split()[0] for codes in CODES.values()]
ONE_OF_EACH = [*_KNOWN[:4], "org.example.novelty", *_KNOWN[4:]]

# Wrong contents of a container that no picture has; no reader of pictures meets them.
OF_TEXT_FILES = {code for code in WELL_FORMED_ERRORS if code.startswith(("manifest.structuredText.", "manifest.html."))}


@pytest.mark.parametrize(("code", "meaning"), TABLE)
def test_a_code_has_its_meaning(code: str, meaning: Meaning) -> None:
    assert meaning_of(code) is meaning


def test_the_table_names_every_meaning_but_the_unknown_one() -> None:
    assert {meaning for _, meaning in TABLE} == set(Meaning) - {Meaning.UNKNOWN}
    assert len(dict(TABLE)) == len(TABLE)


@pytest.mark.parametrize(
    "code",
    [
        "",
        " ",
        "org.example.novelty",
        "com.adobe.prerelease",
        "claimSignature",
        "claimSignature.",
        "claimSignature.validated",
        "claimSignature.mismatched",
        "xclaimSignature.mismatch",
        "claimSignature.mismatch.more",
        "claimSignature.mismatch\n",
        "claimsignature.mismatch",
        "claimSignature mismatch",
        "claimSignatureXmismatch",
        "assertion.dataHash.match",
        "assertion.dataHash.mismatches",
        "assertion.dataHashXmismatch",
        "assertion.boxesHash.unknownBoxes",
        "assertion.accessible",
        "assertion.malformed",
        "claim.hardBindings",
        "ingredient.manifest.validated",
        "ingredient.unknownProvenance",
        "manifest.unknownProvenance",
        "manifest.missing",
        "algorithm.deprecated",
        "general.errors",
        "signingCredential.trusted",
        "signingCredential.untrustedX",
        "signingCredential.ocsp.notRevoked",
        "signingCredential.ocsp",
        "timeStampX.mismatch",
        "cawg",
        "xcawg.identity",
    ],
)
def test_any_other_code_is_unknown(code: str) -> None:
    assert meaning_of(code) is Meaning.UNKNOWN


@pytest.mark.parametrize("code", sorted((WELL_FORMED_ERRORS | VALID_ERRORS) - OF_TEXT_FILES))
def test_what_the_official_rubric_calls_an_error_is_damage(code: str) -> None:
    assert meaning_of(code) in (Meaning.CHANGED, Meaning.BROKEN)


def test_the_meanings_stand_in_the_order_of_their_severity() -> None:
    assert [meaning_of(code) for code in ONE_OF_EACH] == [
        Meaning.CHANGED,
        Meaning.BROKEN,
        Meaning.REVOKED,
        Meaning.EXPIRED,
        Meaning.UNKNOWN,
        Meaning.UNFIT,
        Meaning.UNRECOGNISED,
        Meaning.APART,
    ]


@pytest.mark.parametrize(("worse", "better"), list(itertools.combinations(ONE_OF_EACH, 2)))
def test_the_worse_of_two_failures_speaks_whatever_their_order(worse: str, better: str) -> None:
    expected = (meaning_of(worse), statuses([worse])[0])
    assert worst_of(statuses([worse, better])) == expected
    assert worst_of(statuses([better, worse])) == expected


@pytest.mark.parametrize("count", range(1, len(ONE_OF_EACH) + 1))
def test_the_worst_of_many_failures_speaks(count: int) -> None:
    codes = ONE_OF_EACH[-count:]
    found = worst_of(statuses(reversed(codes)))
    assert found is not None
    assert found[1].code == codes[0]


def test_of_two_failures_alike_the_first_speaks() -> None:
    found = worst_of(statuses(["claim.missing", "claimSignature.missing", "general.error"]))
    assert found is not None
    assert found[1].code == "claim.missing"


def test_failures_may_be_given_one_by_one() -> None:
    found = worst_of(iter(statuses(["signingCredential.untrusted"])))
    assert found is not None
    assert found[0] is Meaning.UNRECOGNISED


def test_without_failures_nothing_speaks() -> None:
    assert worst_of(()) is None


def test_every_meaning_is_said_in_words_of_its_own() -> None:
    assert {meaning: meaning.value for meaning in Meaning} == {
        Meaning.CHANGED: "the file was changed after it was signed",
        Meaning.BROKEN: "the credential itself does not verify",
        Meaning.REVOKED: "the signing certificate was revoked",
        Meaning.EXPIRED: "the signing certificate had expired",
        Meaning.UNFIT: "the signing certificate is not one for claims",
        Meaning.UNRECOGNISED: "the issuer is not recognised",
        Meaning.APART: "it concerns time or identity, not the file",
        Meaning.UNKNOWN: "this version does not know the code",
    }
