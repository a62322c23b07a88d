"""Step 4, on real tokens in real stamps: whose word a time is, and what it keeps good."""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.pictures import draw_jpeg
from support.studios import make_studio, open_keys, record_consent
from support.tsa import Tsa, serving

from provenance import pki
from provenance.credentials.manifest import Declaration
from provenance.credentials.signing import ClaimSigner
from provenance.keys import SigningKey
from provenance.pki import TrustAnchors, to_pem
from provenance.stamping import Stamper, StampRequest
from provenance.studio import Studio, StudioStampDesk, StudioStatus
from provenance.verification import Question, Report, verify_file
from provenance.verification.report import CredentialCode, Verdict


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with closing(make_studio(tmp_path / "studio")) as made:
        yield made


@pytest.fixture
def tsa(tmp_path: Path) -> Tsa:
    return Tsa(tmp_path / "tsa")


def stamp(studio: Studio, folder: Path, *, signer: ClaimSigner, seed: int = 0) -> Path:
    source = draw_jpeg(folder / f"{seed}.jpg", size=(60, 40), seed=seed)
    request = StampRequest(source, folder / f"stamped-{seed}.jpg", Declaration.CAMERA, (record_consent(studio).code,))
    (result,) = Stamper(StudioStampDesk(open_keys(studio)), signer=signer).stamp([request])
    assert (result.outcome, result.message) == ("stamped", None)
    return request.destination


@pytest.fixture
def dated(studio: Studio, tsa: Tsa, tmp_path: Path) -> Path:
    with serving(tsa.reply) as url:
        return stamp(studio, tmp_path, signer=open_keys(studio).claim_signer(tsa_url=url))


def roots(*authorities: Tsa) -> list[TrustAnchors]:
    return [TrustAnchors(f"urn:example:time:{n}", to_pem(one.root)) for n, one in enumerate(authorities)]


def token(path: Path) -> bytes:
    """Return where the token of a stamp lies, with its name and its length."""
    data = path.read_bytes()
    at = data.index(b"sigTst2")
    return data[at : data.index(b"cpad", at)]


def check(
    studio: Studio, path: Path, *, anchors: list[TrustAnchors] | None = None, times: list[TrustAnchors]
) -> Report:
    return verify_file(
        path,
        question=Question(studio.clock.now()),
        anchors=[studio.anchors()] if anchors is None else anchors,
        time_anchors=times,
        known_logs=[studio.log_key],
        source=StudioStatus(studio),
    )


def test_a_time_is_proven_by_an_authority_that_is_trusted(studio: Studio, tsa: Tsa, dated: Path) -> None:
    report = check(studio, dated, times=roots(tsa))
    assert (report.verdict, report.time.code, report.time.headline) == (Verdict.PASSED, "proven", "Time proven")
    at = datetime.fromisoformat(str(report.time.facts["at"]))
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=5)
    assert report.time.facts["authority"] == "O=Test TSA"
    assert report.time.sentence.startswith("O=Test TSA, whom you trust with it, confirms that it was signed by ")


def test_without_anybody_to_trust_a_time_is_only_stated(studio: Studio, tsa: Tsa, dated: Path, tmp_path: Path) -> None:
    report = check(studio, dated, times=[])
    assert (report.verdict, report.time.code) == (Verdict.PASSED, "stated")
    assert report.time.sentence == "A time stamp says so; who made it was not checked."
    stranger = check(studio, dated, times=roots(Tsa(tmp_path / "other")))
    assert (stranger.verdict, stranger.time.code) == (Verdict.PASSED, "stated")
    assert [finding.step for finding in stranger.findings if finding.code.startswith("timestamp-")] == [4]


def test_a_stamp_without_a_token_is_as_before(studio: Studio, tsa: Tsa, tmp_path: Path) -> None:
    plain = stamp(studio, tmp_path, signer=open_keys(studio).claim_signer())
    report = check(studio, plain, times=roots(tsa))
    assert (report.verdict, report.time.code) == (Verdict.PASSED, "stated")
    assert report.time.sentence == "The time is the issuer's own statement."


def test_a_proven_time_keeps_a_stamp_good_when_its_certificate_has_run_out(
    studio: Studio, tsa: Tsa, tmp_path: Path
) -> None:
    authority_key, key = SigningKey.generate("ES256"), SigningKey.generate("ES256")
    authority = pki.make_authority(key=authority_key, name="Short", country=None, now=datetime.now(UTC))
    anchors = TrustAnchors("urn:example:short", to_pem(authority))
    with serving(tsa.reply) as url:
        # A busy machine needs longer to stamp than an idle one, and everybody else shall not wait for it.
        for seconds in (2, 8, 32):
            begun = (
                datetime.now(UTC) + timedelta(minutes=5, seconds=seconds) - timedelta(days=pki.CLAIM_CERTIFICATE_DAYS)
            )
            certificate = pki.make_claim_certificate(
                key=key, authority=authority, authority_key=authority_key, name="Short", country=None, now=begun
            )
            chain = to_pem(certificate)
            signers = [ClaimSigner(key.sign, chain, anchors, tsa_url=tsa_url) for tsa_url in (None, url)]
            folder = tmp_path / str(seconds)
            folder.mkdir()
            try:
                plain, dated = (stamp(studio, folder, signer=signer, seed=n) for n, signer in enumerate(signers))
                break
            except AssertionError:
                assert datetime.now(UTC) > certificate.not_valid_after_utc, "it was refused for another reason"
    time.sleep(max(0.0, (certificate.not_valid_after_utc - datetime.now(UTC)).total_seconds() + 1.1))
    assert check(studio, plain, anchors=[anchors], times=roots(tsa)).credential.code == CredentialCode.EXPIRED
    assert check(studio, dated, anchors=[anchors], times=[]).credential.code == CredentialCode.EXPIRED
    report = check(studio, dated, anchors=[anchors], times=roots(tsa))
    assert (report.credential.code, report.time.code) == (CredentialCode.TRUSTED, "proven")


def test_who_is_trusted_with_times_vouches_for_no_signer(studio: Studio, dated: Path) -> None:
    report = check(studio, dated, anchors=[], times=[studio.anchors()])
    assert report.credential.code == CredentialCode.VALID
    assert report.credential.facts["trust_list"] is None
    assert "issuer-unconfirmed" in [finding.code for finding in report.findings]


def test_who_is_trusted_with_signers_vouches_for_no_time(studio: Studio, tsa: Tsa, dated: Path) -> None:
    anchors = [studio.anchors(), *roots(tsa)]
    assert check(studio, dated, anchors=anchors, times=[]).time.code == "stated"


@pytest.mark.parametrize("offset", [12, 200, 500])
def test_a_token_that_was_touched_proves_nothing(studio: Studio, tsa: Tsa, dated: Path, offset: int) -> None:
    data = bytearray(dated.read_bytes())
    # Behind the name and the headers of the token, in what its authority signed or in its signature.
    data[data.index(b"sigTst2") + 60 + offset] ^= 1
    dated.write_bytes(data)
    report = check(studio, dated, times=roots(tsa))
    assert report.time.code != "proven"


def test_a_token_about_something_else_makes_the_stamp_fail(studio: Studio, tsa: Tsa, tmp_path: Path) -> None:
    found: dict[int, Path] = {}
    with serving(tsa.reply) as url:
        signer = open_keys(studio).claim_signer(tsa_url=url)
        for seed in range(1, 9):
            one = stamp(studio, tmp_path, signer=signer, seed=seed)
            # An ECDSA signature in DER has one length or another.
            other = found.setdefault(len(token(one)), one)
            if other is not one:
                break
    one.write_bytes(one.read_bytes().replace(token(one), token(other)))
    report = check(studio, one, times=roots(tsa))
    assert report.credential.code == CredentialCode.INVALID
