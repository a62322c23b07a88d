"""Certificates that sign claims: renewed, asked for, bought, and what was stamped before."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from support.issuers import Issuer
from support.pictures import draw_jpeg
from support.refusals import refused
from support.studios import FixedClock, make_studio, open_keys, record_consent, stamp_file, stamped
from support.studios import verify as verify_as_studio

from provenance import durable
from provenance.errors import InputError, KeyMaterialError, RefusedError
from provenance.pki import CLAIM_SIGNING, EMAIL_PROTECTION, may_sign_claims, to_pem
from provenance.studio import Studio
from provenance.verification import Question, verify_file
from provenance.verification.report import CredentialCode, Verdict

ASK = "make a request with provenance keys csr, and import what it is answered with"


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with closing(make_studio(tmp_path / "studio", clock=FixedClock())) as made:
        yield made


@pytest.fixture
def issuer(studio: Studio) -> Issuer:
    return Issuer(studio.clock.now())


@pytest.fixture
def code(studio: Studio) -> str:
    return record_consent(studio).code


def request(studio: Studio) -> bytes:
    return open_keys(studio).request_claim_certificate()


def install(studio: Studio, data: bytes) -> x509.Certificate:
    return open_keys(studio).install_claim_certificate(data, place="chain.pem")


def states(studio: Studio) -> list[tuple[str, str]]:
    return [(found.state, found.file) for found in studio.claim_certificates()]


def trusted_by(studio: Studio, path: Path) -> str:
    return verify_as_studio(studio, path).credential.code


# --- renewing


def test_a_renewed_certificate_has_a_new_key_and_the_same_authority(studio: Studio) -> None:
    before = studio.claim_certificate()
    renewed = open_keys(studio).renew_claim_certificate()
    assert studio.claim_certificate() == renewed
    assert renewed.issuer == before.issuer == studio.authority().subject
    assert renewed.public_key() != before.public_key()
    assert may_sign_claims(renewed)
    assert states(studio) == [("before", "claim-0001.pem"), ("in use", "claim.pem")]
    open_keys(studio).renew_claim_certificate()
    assert states(studio) == [("before", "claim-0001.pem"), ("before", "claim-0002.pem"), ("in use", "claim.pem")]


def test_what_was_stamped_before_stays_and_is_not_stamped_twice(studio: Studio, code: str, tmp_path: Path) -> None:
    source, out = draw_jpeg(tmp_path / "a.jpg"), tmp_path / "out"
    first = stamped(studio, source, out / "a.jpg", code=code)
    stamped(studio, draw_jpeg(tmp_path / "b.jpg", seed=2), out / "b.jpg", code=code)
    (out / "b.jpg").unlink()
    for _ in range(2):
        open_keys(studio).renew_claim_certificate()
        assert verify_as_studio(studio, first).verdict is Verdict.PASSED
        assert stamp_file(studio, source, out / "a.jpg", code=code).outcome == "already-stamped"
    # What was logged and not written is finished under the new certificate, with the same entry.
    assert stamp_file(studio, tmp_path / "b.jpg", out / "b.jpg", code=code).outcome == "stamped"
    assert verify_as_studio(studio, out / "b.jpg").ledger.facts["entry"] == "4"
    assert studio.database.head().size == 5


def test_a_certificate_that_ran_out_is_renewed(studio: Studio) -> None:
    assert isinstance(studio.clock, FixedClock)
    studio.clock.advance(days=400)
    unlocked = open_keys(studio)
    with pytest.raises(KeyMaterialError, match="signing certificate: ended on"):
        unlocked.claim_signer()
    unlocked.renew_claim_certificate()
    unlocked.claim_signer()


def test_an_authority_that_ran_out_renews_nothing(studio: Studio) -> None:
    assert isinstance(studio.clock, FixedClock)
    studio.clock.moment = ends = studio.authority().not_valid_after_utc
    message = f"authority certificate: ended on {ends.date()}"
    with refused(KeyMaterialError, message, code="certificate-expired"):
        open_keys(studio).renew_claim_certificate()
    assert states(studio) == [("in use", "claim.pem")]


@pytest.mark.parametrize("moment", ["create", "replace"])
def test_a_renewal_that_fails_changes_nothing_and_can_be_done_again(
    studio: Studio, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = studio.claim_certificate()

    def full(path: Path, *_: object, **__: object) -> None:
        if path.suffix == ".pem":
            raise OSError("no space left on device")
        real(path, *_, **__)

    real = getattr(durable, moment)
    with monkeypatch.context() as patched:
        patched.setattr(durable, moment, full)
        with pytest.raises(OSError, match="no space"):
            open_keys(studio).renew_claim_certificate()
    assert studio.claim_certificate() == before
    open_keys(studio).claim_signer()
    renewed = open_keys(studio).renew_claim_certificate()
    assert studio.claim_certificate() == renewed
    kept = [found for found in studio.claim_certificates() if found.state == "before"]
    assert [found.file for found in kept] == ["claim-0001.pem"]


# --- buying


def test_a_request_says_what_the_profile_asks_for(studio: Studio) -> None:
    asked = x509.load_pem_x509_csr(request(studio))
    assert asked.is_signature_valid
    assert asked.subject == studio.claim_certificate().subject
    extensions = asked.extensions
    purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [CLAIM_SIGNING, EMAIL_PROTECTION]
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_cert_sign) == (True, False)
    assert asked.public_key() != studio.claim_certificate().public_key()


def test_a_request_is_repeated_for_the_same_key_until_it_is_answered(studio: Studio, issuer: Issuer) -> None:
    first, again = (x509.load_pem_x509_csr(request(studio)).public_key() for _ in range(2))
    assert first == again
    assert [state for state, _ in states(studio)] == ["in use", "requested"]
    open_keys(studio).claim_signer()
    install(studio, issuer.chain(request(studio)))
    assert [state for state, _ in states(studio)] == ["before", "in use"]
    assert x509.load_pem_x509_csr(request(studio)).public_key() != first


def test_a_bought_certificate_signs_and_the_studio_knows_its_stamps(
    studio: Studio, code: str, issuer: Issuer, tmp_path: Path
) -> None:
    old = stamped(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "old.jpg", code=code)
    leaf = install(studio, issuer.chain(request(studio)))
    # The root is no part of what goes into a file.
    assert (studio.path / "keys" / "claim.pem").read_text() == to_pem(leaf, issuer.intermediate)
    new = stamped(studio, draw_jpeg(tmp_path / "b.jpg", seed=2), tmp_path / "new.jpg", code=code)
    assert [trusted_by(studio, path) for path in (old, new)] == [CredentialCode.TRUSTED] * 2
    report = verify_as_studio(studio, new)
    assert (report.verdict, report.credential.facts["issuer"]) == (Verdict.PASSED, "Studio Lümen")
    install(studio, issuer.chain(request(studio)))
    assert [trusted_by(studio, path) for path in (old, new)] == [CredentialCode.TRUSTED] * 2


def test_nobody_else_whom_the_issuer_knows_is_trusted_for_it(
    studio: Studio, code: str, issuer: Issuer, tmp_path: Path
) -> None:
    with closing(make_studio(tmp_path / "other", name="Other", clock=studio.clock)) as other:
        install(other, issuer.chain(request(other)))
        theirs = stamped(other, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=record_consent(other).code)
    install(studio, issuer.chain(request(studio)))
    assert trusted_by(studio, theirs) == CredentialCode.VALID


def test_who_trusts_the_issuer_recognises_the_stamp(studio: Studio, code: str, issuer: Issuer, tmp_path: Path) -> None:
    from provenance.pki import TrustAnchors

    install(studio, issuer.chain(request(studio)))
    picture = stamped(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=code)
    anchors = [TrustAnchors("urn:example:list", to_pem(issuer.root))]
    report = verify_file(picture, question=Question(studio.clock.now()), anchors=anchors)
    assert report.credential.code == CredentialCode.TRUSTED
    assert report.credential.facts["trust_list"] == "urn:example:list"


def test_a_certificate_for_another_key_is_refused(studio: Studio, issuer: Issuer, tmp_path: Path) -> None:
    request(studio)
    with closing(make_studio(tmp_path / "other", clock=studio.clock)) as other:
        foreign = issuer.chain(request(other))
    message = "signing certificate: is for a key that this studio does not have"
    with refused(KeyMaterialError, message, code="certificate-foreign", hint=ASK):
        install(studio, foreign)
    assert states(studio)[0] == ("in use", "claim.pem")


@pytest.mark.parametrize(("first", "last"), [(1, 300), (-10, -1)])
def test_a_certificate_that_is_not_valid_now_is_refused(studio: Studio, issuer: Issuer, first: int, last: int) -> None:
    leaf = issuer.issue(request(studio), days=(first, last))
    starts, ends = leaf.not_valid_before_utc.date(), leaf.not_valid_after_utc.date()
    message = f"signing certificate: expected one that is valid now, got one from {starts} to {ends}"
    with refused(KeyMaterialError, message, code="certificate-expired"):
        install(studio, to_pem(leaf, issuer.intermediate).encode())


def test_a_certificate_for_something_else_is_refused(studio: Studio, issuer: Issuer) -> None:
    leaf = issuer.issue(request(studio), purposes=[ExtendedKeyUsageOID.TIME_STAMPING])
    message = "signing certificate: expected a purpose that allows claims"
    with refused(KeyMaterialError, message, code="certificate-unfit"):
        install(studio, to_pem(leaf, issuer.intermediate).encode())
    message = "signing certificate: expected an end certificate, got an authority"
    with refused(KeyMaterialError, message, code="certificate-unfit"):
        install(studio, to_pem(issuer.intermediate, leaf).encode())


def test_a_chain_that_is_none_is_refused(studio: Studio, issuer: Issuer) -> None:
    leaf = issuer.issue(request(studio))
    message = "certificates: expected the signing certificate and behind it that of its issuer, got one"
    with refused(
        KeyMaterialError, message, code="certificate-chain", hint="ask the issuer for the whole chain in one file"
    ):
        install(studio, to_pem(leaf).encode())
    hint = "the signing certificate comes first, and behind each comes its issuer"
    message = "certificates: number 1 was not issued by number 2"
    with refused(KeyMaterialError, message, code="certificate-chain", hint=hint):
        install(studio, to_pem(leaf, issuer.root, issuer.intermediate).encode())
    stranger = Issuer(studio.clock.now())
    message = "certificates: number 2 was not issued by number 3"
    with refused(KeyMaterialError, message, code="certificate-chain", hint=hint):
        install(studio, to_pem(leaf, issuer.intermediate, stranger.root).encode())
    with pytest.raises(InputError, match=r"chain\.pem: expected certificates in pem form"):
        install(studio, b"no certificate")


def test_a_certificate_is_imported_once(studio: Studio, issuer: Issuer) -> None:
    chain = issuer.chain(request(studio))
    install(studio, chain)
    with refused(RefusedError, "chain.pem: this certificate is in use already", code="certificate-known"):
        install(studio, chain)


def test_a_bought_certificate_is_renewed_by_who_issued_it(studio: Studio, issuer: Issuer) -> None:
    install(studio, issuer.chain(request(studio)))
    message = "signing certificate: was issued by somebody else, who alone can renew it"
    with refused(RefusedError, message, code="certificate-bought", hint=ASK):
        open_keys(studio).renew_claim_certificate()
