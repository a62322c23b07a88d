from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import encypher_c2pa
import pytest
from support.actors import sign_naming
from support.makers import Maker
from support.pictures import draw_jpeg, with_changed_pixels

from provenance.credentials.actors import NamedActor
from provenance.pki import DOCUMENT_SIGNING, TrustAnchors
from provenance.verification import Question, Report, verify_file
from provenance.verification.identity import judge_actors

NAME = "Zoë Ångström Photographie"
ROLES = ("cawg.creator", "cawg.editor")


@pytest.fixture(scope="module")
def signer() -> Maker:
    return Maker("Camera Maker")


@pytest.fixture(scope="module")
def actor() -> Maker:
    return Maker(NAME, usage=DOCUMENT_SIGNING)


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory, signer: Maker, actor: Maker) -> Path:
    path = tmp_path_factory.mktemp("named") / "named.jpg"
    drawn = draw_jpeg(path.with_name("drawn.jpg")).read_bytes()
    path.write_bytes(sign_naming(drawn, signer=signer, actor=actor, roles=ROLES))
    return path


def check(path: Path, *, anchors: Sequence[TrustAnchors] = (), identity_anchors: Sequence[TrustAnchors] = ()) -> Report:
    question = Question(datetime.now(UTC))
    return verify_file(path, question=question, anchors=anchors, identity_anchors=identity_anchors)


def test_whoever_is_trusted_to_be_named_is_confirmed(picture: Path, signer: Maker, actor: Maker) -> None:
    report = check(picture, anchors=[signer.anchors], identity_anchors=[actor.anchors])
    axis = report.identity
    assert (axis.code, axis.headline) == ("named", "Named actor confirmed")
    assert axis.sentence == f"{NAME}, whom you trust to be named, signed for this picture as its creator, editor."
    assert axis.facts == {"actors": [{"code": "named", "name": NAME, "roles": ["creator", "editor"]}]}
    assert report.credential.code == "trusted"


def test_without_anchors_for_identities_nobody_is_confirmed(picture: Path, signer: Maker) -> None:
    report = check(picture, anchors=[signer.anchors])
    axis = report.identity
    assert (axis.code, axis.headline) == ("unrecognised", "Named actor not recognised")
    expected = f"{NAME} signed for this picture as its creator, editor, but it cannot be confirmed who that is."
    assert axis.sentence == expected
    # The issuer is no less trusted for it.
    assert report.credential.code == "trusted"
    assert [finding.step for finding in report.findings if finding.step == 11] == []


def test_anchors_for_issuers_confirm_no_named_actor(picture: Path, signer: Maker, actor: Maker) -> None:
    report = check(picture, anchors=[signer.anchors, replace(actor.anchors, uri="urn:example:actor")])
    assert (report.credential.code, report.identity.code) == ("trusted", "unrecognised")


def test_anchors_for_identities_make_no_issuer_trusted(picture: Path, signer: Maker) -> None:
    """The SDK would call such a signer trusted."""
    report = check(picture, identity_anchors=[signer.anchors])
    assert (report.credential.code, report.identity.code) == ("valid", "unrecognised")


def test_the_other_validator_says_the_same(picture: Path, signer: Maker, actor: Maker) -> None:
    said = {}
    for name, anchors in (("actor", actor.anchors), ("signer", signer.anchors)):
        theirs = encypher_c2pa.verify(
            picture.read_bytes(),
            mime_type="image/jpeg",
            trust_pem=signer.anchors.pem,
            cawg_trust_pem=anchors.pem,
            no_default_trust=True,
            telemetry=False,
            online=False,
        )
        said[name] = {status["code"] for status in theirs["validation_results"]["success"]}
    assert "cawg.identity.trusted" in said["actor"]
    assert "cawg.identity.trusted" not in said["signer"]


def test_a_certificate_for_e_mail_names_nobody(tmp_path: Path, signer: Maker) -> None:
    """CAWG accepts some of them for a while, by policies that nobody here checks."""
    mailer = Maker(NAME)
    path = tmp_path / "mail.jpg"
    path.write_bytes(sign_naming(draw_jpeg(tmp_path / "drawn.jpg").read_bytes(), signer=signer, actor=mailer))
    report = check(path, anchors=[signer.anchors], identity_anchors=[mailer.anchors])
    assert (report.credential.code, report.identity.code) == ("trusted", "invalid")
    assert report.identity.headline == "Named actor does not verify"
    assert report.identity.sentence == "Somebody is named, but what should prove it does not verify."
    assert [finding.code for finding in report.findings if finding.step == 11] == ["identity-certificate"]


def test_nobody_named_is_no_news(tmp_path: Path, signer: Maker, actor: Maker) -> None:
    path = tmp_path / "plain.jpg"
    path.write_bytes(signer.sign(draw_jpeg(tmp_path / "drawn.jpg").read_bytes()))
    report = check(path, identity_anchors=[actor.anchors])
    assert (report.identity.code, report.identity.headline) == ("none", "No named actor")


def test_of_a_changed_picture_nobody_is_named(tmp_path: Path, picture: Path, actor: Maker) -> None:
    path = tmp_path / "changed.jpg"
    path.write_bytes(with_changed_pixels(picture.read_bytes()))
    report = check(path, identity_anchors=[actor.anchors])
    assert (report.credential.code, report.identity.code) == ("invalid", "none")


def test_an_identity_that_only_its_signer_wrote_breaks_the_credential(tmp_path: Path, signer: Maker) -> None:
    path = tmp_path / "written.jpg"
    assertion = {"label": "cawg.identity", "data": {"signer_payload": {"sig_type": "cawg.x509.cose", "role": []}}}
    path.write_bytes(signer.sign(draw_jpeg(tmp_path / "drawn.jpg").read_bytes(), assertions=[assertion]))
    report = check(path, anchors=[signer.anchors])
    assert (report.credential.code, report.identity.code) == ("invalid", "none")


def test_the_least_sure_of_several_decides() -> None:
    named = NamedActor("Ana", ("creator",), "cawg.x509.cose", signed=True, fit=True, trusted=True, failures=())
    unknown = replace(named, name=None, roles=(), trusted=False)
    broken = replace(named, name="Eve", signed=False)
    assert judge_actors([named]).code == "named"
    axis = judge_actors([named, unknown])
    assert axis.code == "unrecognised"
    expected = (
        "Somebody whom the certificate does not name signed for this picture, but it cannot be confirmed who that is."
    )
    assert axis.sentence == expected
    assert judge_actors([named, unknown, broken]).code == "invalid"
    axis = judge_actors([named, replace(broken, signature_type="cawg.identity_claims_aggregation")])
    assert (axis.code, axis.headline) == ("not-checked", "Named actor not checked")
    assert axis.sentence == "Somebody is named in a way that this version does not check."
    assert judge_actors([]).code == "none"
