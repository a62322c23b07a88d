from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.pictures import MEDIA_TYPES, draw_any, draw_jpeg, with_changed_pixels
from support.refusals import refused
from support.studios import make_studio, open_keys

from provenance.canonical import sha256
from provenance.credentials import _engine, signing
from provenance.credentials.ingredients import IngredientSource
from provenance.credentials.labels import CONSENT_LABEL
from provenance.credentials.lint import Problem
from provenance.credentials.manifest import ConsentAssertion, Declaration, StampManifest, Step, Tool
from provenance.credentials.origin import DIGITAL_CAPTURE, HUMAN_EDITS
from provenance.credentials.reading import Credential, read_credential
from provenance.credentials.signing import ClaimSigner, sign_picture
from provenance.errors import CredentialError, InputError, KeyMaterialError
from provenance.keys import SigningKey
from provenance.picture import read_picture
from provenance.pki import TrustAnchors, make_authority, make_claim_certificate, to_pem
from provenance.studio import Studio

ENDINGS = sorted(MEDIA_TYPES)

CONSENT = ConsentAssertion(
    handles=(sha256(b"somebody"),),
    subject_kind="real",
    scopes=("capture",),
    assurance="drawn",
    controller="urn:ietf:params:oauth:jwk-thumbprint:sha-256:kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
    stamped_at="2026-11-23T21:07Z",
    entry=b"{}",
    log_origin="studio.example/log",
    log_key="studio.example/log+00000000+AQ==",
    proof="proof",
)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    studio = make_studio(tmp_path_factory.mktemp("studio"))
    yield studio
    studio.close()


@pytest.fixture(scope="module")
def signer(studio: Studio) -> ClaimSigner:
    return open_keys(studio).claim_signer()


def stamp(
    ending: str = "jpg",
    *,
    declaration: Declaration = Declaration.CAMERA,
    parent: bytes | None = None,
    tool: Tool | None = None,
) -> StampManifest:
    media_type = MEDIA_TYPES[ending]
    ingredients = () if parent is None else (IngredientSource("parent", "parentOf", media_type, parent),)
    return StampManifest(declaration, media_type, ingredients, tool, CONSENT, {"cawg.ai_training": "notAllowed"})


def read(data: bytes, signer: ClaimSigner) -> Credential:
    picture = read_picture(data)
    return read_credential(data, picture.format.media_type, anchors=[signer.anchors], store=picture.store)


def claim_signer(studio: Studio, name: str = "Studio Lümen") -> tuple[ClaimSigner, SigningKey]:
    """Return a signer under an authority of its own, and its key."""
    authority_key, key, now = SigningKey.generate("ES256"), SigningKey.generate("ES256"), studio.clock.now()
    authority = make_authority(key=authority_key, name=name, country=None, now=now)
    certificate = make_claim_certificate(
        key=key, authority=authority, authority_key=authority_key, name=name, country=None, now=now
    )
    return ClaimSigner(key.sign, to_pem(certificate), TrustAnchors("urn:example:own", to_pem(authority))), key


# --- what is signed


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_signed_picture_is_the_picture_with_a_credential(tmp_path: Path, signer: ClaimSigner, ending: str) -> None:
    data = draw_any(tmp_path, ending).read_bytes()
    signed = sign_picture(data, stamp(ending), signer=signer)
    before, after = read_picture(data), read_picture(signed)
    assert (after.digest, after.format) == (before.digest, before.format)
    assert before.store is None
    assert after.store is not None
    credential = read(signed, signer)
    assert credential.flaw is None
    assert credential.trust_list == signer.anchors.uri
    assert credential.active_manifest.validation.failure == ()
    assert list(credential.manifests) == [credential.active]


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_credential_says_what_the_manifest_says(tmp_path: Path, signer: ClaimSigner, ending: str) -> None:
    data = draw_any(tmp_path, ending).read_bytes()
    wanted = stamp(ending, declaration=Declaration.AI_GENERATED, tool=Tool("Atelier", "7"))
    manifest = read(sign_picture(data, wanted, signer=signer), signer).active_manifest
    (action,) = manifest.actions
    assert (action.name, action.agent) == ("c2pa.created", "Atelier 7")
    assert action.source_type is not None
    assert action.source_type.endswith("/trainedAlgorithmicMedia")
    assert manifest.actions_complete
    assert ConsentAssertion.from_json(manifest.assertions[CONSENT_LABEL]) == CONSENT
    assert manifest.assertions["cawg.training-mining"] == {"entries": {"cawg.ai_training": {"use": "notAllowed"}}}
    # The signer vouches for the actions and the binding; consent is gathered.
    assert manifest.created == {"c2pa.actions.v2", "c2pa.ai-disclosure", "c2pa.hash.data"}
    assert manifest.generator.startswith("Headshot Provenance ")
    assert manifest.signer.name == "Studio Lümen"
    assert manifest.time is None


def test_the_certificate_in_the_signature_is_the_signers(tmp_path: Path, signer: ClaimSigner, studio: Studio) -> None:
    signed = sign_picture(draw_jpeg(tmp_path / "a.jpg").read_bytes(), stamp(), signer=signer)
    assert read(signed, signer).active_manifest.certificate == studio.claim_certificate()


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_with_a_credential_keeps_it_as_its_parent(tmp_path: Path, signer: ClaimSigner, ending: str) -> None:
    data = draw_any(tmp_path, ending).read_bytes()
    once = sign_picture(data, stamp(ending), signer=signer)
    twice = sign_picture(once, stamp(ending, parent=once), signer=signer)
    first, second = read(once, signer), read(twice, signer)
    assert read_picture(twice).digest == read_picture(data).digest
    assert set(second.manifests) == {first.active, second.active}
    assert [manifest.label for manifest in second.parents()] == [second.active, first.active]
    (ingredient,) = second.active_manifest.ingredients
    assert (ingredient.relationship, ingredient.manifest) == ("parentOf", first.active)
    assert [failure.code for failure in ingredient.failures] == ["signingCredential.untrusted"]
    assert ingredient.since.succeeded("ingredient.manifest.validated")
    assert [action.name for action in second.active_manifest.actions] == ["c2pa.opened"]
    assert second.manifests[first.active].assertions == first.active_manifest.assertions


def test_the_signature_is_made_once_over_the_claim(tmp_path: Path, signer: ClaimSigner) -> None:
    claims: list[bytes] = []

    def sign(claim: bytes) -> bytes:
        claims.append(claim)
        return signer.sign(claim)

    sign_picture(draw_jpeg(tmp_path / "a.jpg").read_bytes(), stamp(), signer=replace(signer, sign=sign))
    (claim,) = claims
    assert b"c2pa.hash.data" in claim
    assert b"org.headshot-provenance.consent" in claim


# --- what is refused


@pytest.mark.parametrize("parent", [False, True])
def test_an_authority_that_the_signer_does_not_chain_to_is_noticed(
    tmp_path: Path, studio: Studio, signer: ClaimSigner, parent: bool
) -> None:
    data = draw_jpeg(tmp_path / "a.jpg").read_bytes()
    data = sign_picture(data, stamp(), signer=signer) if parent else data
    other, _ = claim_signer(studio)
    message = "signed picture: expected it to verify, got signingCredential.untrusted"
    with refused(CredentialError, message, code="self-check"):
        sign_picture(data, stamp(parent=data if parent else None), signer=replace(signer, anchors=other.anchors))


class NoTokenError(Exception):
    """What a signer outside of this program may raise."""


@pytest.mark.parametrize(
    "failure", [NoTokenError("unplugged"), KeyMaterialError("private key: gone"), TimeoutError("late"), KeyError("pin")]
)
def test_what_a_signer_raises_comes_through(tmp_path: Path, signer: ClaimSigner, failure: Exception) -> None:
    def sign(_claim: bytes) -> bytes:
        raise failure

    with pytest.raises(type(failure)) as caught:
        sign_picture(draw_jpeg(tmp_path / "a.jpg").read_bytes(), stamp(), signer=replace(signer, sign=sign))
    assert caught.value is failure


def test_a_key_that_is_not_the_one_of_the_certificate_is_noticed(
    tmp_path: Path, studio: Studio, signer: ClaimSigner
) -> None:
    _, other_key = claim_signer(studio)
    data = draw_jpeg(tmp_path / "a.jpg").read_bytes()
    with pytest.raises(CredentialError):
        sign_picture(data, stamp(), signer=replace(signer, sign=other_key.sign))


@pytest.mark.parametrize("signature", [b"", b"\x00" * 64, b"\xff" * 64, b"short", b"\x01" * 200])
def test_a_signature_that_is_none_is_noticed(tmp_path: Path, signer: ClaimSigner, signature: bytes) -> None:
    data = draw_jpeg(tmp_path / "a.jpg").read_bytes()
    with pytest.raises(CredentialError):
        sign_picture(data, stamp(), signer=replace(signer, sign=lambda _: signature))


@pytest.mark.parametrize(
    "chain", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_chain_that_is_none_is_refused(tmp_path: Path, signer: ClaimSigner, chain: str) -> None:
    data = draw_jpeg(tmp_path / "a.jpg").read_bytes()
    with pytest.raises(CredentialError):
        sign_picture(data, stamp(), signer=replace(signer, chain_pem=chain))


def test_a_picture_that_is_none_is_refused(signer: ClaimSigner) -> None:
    for data in (b"", b"\xff\xd8\xff", b"hello"):
        with pytest.raises((CredentialError, InputError)):
            sign_picture(data, stamp(), signer=signer)


def test_a_picture_of_another_kind_than_the_manifest_says_is_refused(tmp_path: Path, signer: ClaimSigner) -> None:
    with pytest.raises(CredentialError):
        sign_picture(draw_any(tmp_path, "png").read_bytes(), stamp("webp"), signer=signer)


# --- the checks of the result, each with a result that only this check can refuse


def test_a_changed_picture_is_noticed(tmp_path: Path, signer: ClaimSigner, monkeypatch: pytest.MonkeyPatch) -> None:
    data, other = (draw_jpeg(tmp_path / "a.jpg", seed=seed).read_bytes() for seed in (0, 1))
    signed = sign_picture(other, stamp(), signer=signer)
    monkeypatch.setattr(_engine, "sign", lambda *_args, **_options: signed)
    message = "signed picture: the picture itself was changed by signing"
    with refused(CredentialError, message, code="self-check"):
        sign_picture(data, stamp(), signer=signer)


def test_a_result_that_does_not_verify_is_noticed(
    tmp_path: Path, signer: ClaimSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = draw_jpeg(tmp_path / "a.jpg").read_bytes()
    signed = with_changed_pixels(sign_picture(data, stamp(), signer=signer))
    monkeypatch.setattr(_engine, "sign", lambda *_args, **_options: signed)
    message = "signed picture: expected it to verify, got assertion.dataHash.mismatch"
    with refused(CredentialError, message, code="self-check"):
        sign_picture(with_changed_pixels(data), stamp(), signer=signer)


def test_unsigned_bytes_that_are_not_zero_are_noticed(
    tmp_path: Path, signer: ClaimSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = draw_jpeg(tmp_path / "a.jpg").read_bytes()
    signed = sign_picture(data, stamp(), signer=signer)
    place = signed.index(bytes(5000)) + 2500
    changed = signed[:place] + b"\x01" + signed[place + 1 :]
    monkeypatch.setattr(_engine, "sign", lambda *_args, **_options: changed)
    with refused(CredentialError, "signed picture: claim signature: the padding is not zero", code="self-check"):
        sign_picture(data, stamp(), signer=signer)


def test_a_manifest_that_breaks_a_rule_is_noticed(
    tmp_path: Path, signer: ClaimSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = stamp().to_definition()
    definition["claim_generator_info"][0]["specVersion"] = "2.3.0"
    monkeypatch.setattr(StampManifest, "to_definition", lambda _self: definition)
    with refused(CredentialError, "signed picture: breaks rule mandatory_spec_version: 2.3.0", code="lint"):
        sign_picture(draw_jpeg(tmp_path / "a.jpg").read_bytes(), stamp(), signer=signer)


def retouched(data: bytes, **of_parent: str) -> StampManifest:
    """Return what a stamp says of a photograph that people cropped."""
    return replace(
        stamp(declaration=Declaration.RETOUCHED),
        ingredients=(IngredientSource("parent", "parentOf", "image/jpeg", data, **of_parent),),
        steps=(Step("c2pa.cropped", HUMAN_EDITS),),
    )


@pytest.mark.parametrize(
    ("position", "changes", "problem"),
    [
        (1, {"digitalSourceType": None}, "mandatory_dst_for_perceptible_transformations: c2pa.cropped"),
        (0, {"digitalSourceType": HUMAN_EDITS}, f"no_dst_for_opened_action: {HUMAN_EDITS}"),
        (1, {"action": "c2pa.color_adjustments"}, "no_deprecated_actions: c2pa.color_adjustments"),
        (1, {"action": "c2pa.beautified"}, "no_unsupported_actions: c2pa.beautified"),
        (1, {"parameters": {"strength": 3}}, "no_unrecognized_custom_action_parameters: strength"),
    ],
)
def test_a_step_that_breaks_a_rule_is_noticed(
    tmp_path: Path,
    signer: ClaimSigner,
    monkeypatch: pytest.MonkeyPatch,
    position: int,
    changes: dict[str, object],
    problem: str,
) -> None:
    data, parent = (draw_jpeg(tmp_path / "a.jpg", seed=seed).read_bytes() for seed in (0, 1))
    wanted = retouched(parent)
    sign_picture(data, wanted, signer=signer)
    definition = wanted.to_definition()
    action = definition["assertions"][0]["data"]["actions"][position]
    action.update(changes)
    for name in [name for name, value in changes.items() if value is None]:
        del action[name]
    monkeypatch.setattr(StampManifest, "to_definition", lambda _self: definition)
    with refused(CredentialError, f"signed picture: breaks rule {problem}", code="lint"):
        sign_picture(data, wanted, signer=signer)


def test_a_parent_has_credentials_or_is_declared_and_never_both(tmp_path: Path, signer: ClaimSigner) -> None:
    data, parent = (draw_jpeg(tmp_path / "a.jpg", seed=seed).read_bytes() for seed in (0, 1))
    bare = read(sign_picture(data, retouched(parent, source_type=DIGITAL_CAPTURE), signer=signer), signer)
    (ingredient,) = bare.active_manifest.ingredients
    assert (ingredient.manifest, ingredient.source_type) == (None, DIGITAL_CAPTURE)
    with pytest.raises(CredentialError):
        sign_picture(
            data,
            retouched(sign_picture(parent, stamp(), signer=signer), source_type=DIGITAL_CAPTURE),
            signer=signer,
        )


def test_a_problem_is_told_with_all_that_it_matches(
    tmp_path: Path, signer: ClaimSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems = [Problem("one", ("a", "b"), warning=True), Problem("two", ("c",), warning=False)]
    monkeypatch.setattr(signing, "lint", lambda _crjson: problems)
    with refused(CredentialError, "signed picture: breaks rule one: a, b", code="lint"):
        sign_picture(draw_jpeg(tmp_path / "a.jpg").read_bytes(), stamp(), signer=signer)


def test_a_signer_under_any_authority_of_its_own_may_sign(tmp_path: Path, studio: Studio) -> None:
    signer, _ = claim_signer(studio, "Another studio")
    signed = sign_picture(draw_jpeg(tmp_path / "a.jpg").read_bytes(), stamp(), signer=signer)
    credential = read(signed, signer)
    assert (credential.trust_list, credential.active_manifest.signer.name) == ("urn:example:own", "Another studio")
