"""The seal: valid by poppler and by pyHanko, broken by any byte, dated by a real authority where one is reached."""

import io
import random
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from support.papers import CODE, is_whole, make_form, needs_poppler, poppler, print_form
from support.refusals import refused
from support.tsa import REPLY, Tsa, serving

from provenance import pki
from provenance.errors import InputError, KeyMaterialError, NetworkError, VerificationError
from provenance.keys import SigningKey
from provenance.paper import sealing
from provenance.paper.sealing import Sealer, seal

NOBODY = "http://127.0.0.1:9/tsa"
KEY, AUTHORITY_KEY = SigningKey.generate("ES256"), SigningKey.generate("ES256")
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to be the authority")


def make_sealer(tsa: str | None = None, root: Tsa | None = None) -> Sealer:
    now = datetime.now(UTC)
    authority = pki.make_authority(key=AUTHORITY_KEY, name="Studio Lümen", country="DE", now=now)
    certificate = pki.make_seal_certificate(
        key=KEY, authority=authority, authority_key=AUTHORITY_KEY, name="Studio Lümen", country="DE", now=now
    )
    return Sealer(KEY, certificate, authority, "Studio Lümen", tsa, [] if root is None else [root.root])


@pytest.fixture(scope="module")
def document() -> bytes:
    return print_form(make_form())


@needs_poppler
def test_poppler_calls_it_valid_and_finds_the_document(document: bytes, tmp_path: Path) -> None:
    sealed = seal(document, sealer=make_sealer())
    assert (sealed.level, sealed.doubt) == ("B-B", None)
    says = poppler("pdfsig", sealed.data, tmp_path)
    for line in (
        "Signature Validation: Signature is Valid.",
        "Total document signed",
        "ETSI.CAdES.detached",
        "Signer Certificate Common Name: Studio Lümen",
    ):
        assert line in says
    assert f"1: consent-{CODE}.json" in poppler("pdfdetach", sealed.data, tmp_path, "-list")
    assert "PDF version:     1.7" in poppler("pdfinfo", sealed.data, tmp_path)
    assert "<pdfaid:conformance>A<" in poppler("pdfinfo", sealed.data, tmp_path, "-meta")


def test_what_was_typeset_stands_in_front_byte_for_byte(document: bytes) -> None:
    first, second = (seal(document, sealer=make_sealer()).data for _ in range(2))
    assert first.startswith(document)
    assert second.startswith(document)
    assert is_whole(first)


def test_any_byte_that_is_flipped_breaks_it(document: bytes) -> None:
    data = seal(document, sealer=make_sealer()).data
    assert is_whole(data)
    (signature,) = PdfFileReader(io.BytesIO(data)).embedded_signatures
    covered = signature.byte_range
    places = random.Random(7).sample(range(covered[1]), 25) + random.Random(8).sample(
        range(covered[2], covered[2] + covered[3]), 10
    )
    for place in places:
        damaged = bytearray(data)
        damaged[place] ^= 1
        assert not is_whole(bytes(damaged)), place
    assert not is_whole(data + b"\n% more")


@needs_poppler
def test_poppler_sees_a_changed_byte(document: bytes, tmp_path: Path) -> None:
    data = bytearray(seal(document, sealer=make_sealer()).data)
    data[200] ^= 1
    assert "Signature is Valid" not in poppler("pdfsig", bytes(data), tmp_path)


@needs_openssl
@pytest.mark.parametrize("with_roots", [True, False])
def test_an_authority_that_is_reached_dates_it(
    document: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture, with_roots: bool
) -> None:
    tsa = Tsa(tmp_path / "tsa")
    with serving(tsa.reply) as url:
        sealed = seal(document, sealer=make_sealer(url, tsa if with_roots else None))
    assert (sealed.level, sealed.doubt, caplog.messages) == ("B-T", None, [])
    assert is_whole(sealed.data)
    (signature,) = PdfFileReader(io.BytesIO(sealed.data)).embedded_signatures
    assert "signature_time_stamp_token" in {item["type"].native for item in signature.signer_info["unsigned_attrs"]}


@needs_openssl
def test_an_authority_under_another_root_dates_nothing(document: bytes, tmp_path: Path) -> None:
    tsa, stranger = Tsa(tmp_path / "tsa"), Tsa(tmp_path / "stranger")
    with serving(tsa.reply) as url:
        sealed = seal(document, sealer=make_sealer(url, stranger))
    assert sealed.level == "B-B"
    assert isinstance(sealed.doubt, VerificationError)


@pytest.mark.parametrize(
    "answer", [(500, REPLY, b""), (200, "text/html", b"<p>"), (200, REPLY, b"not der"), (200, REPLY, b"")]
)
def test_an_authority_that_answers_nonsense_leaves_it_without_a_time(
    document: bytes, answer: tuple[int, str, bytes]
) -> None:
    with serving(lambda _: answer) as url:
        sealed = seal(document, sealer=make_sealer(url))
    assert sealed.level == "B-B"
    assert isinstance(sealed.doubt, NetworkError)
    assert is_whole(sealed.data)


def test_an_authority_that_is_away_leaves_it_without_a_time(document: bytes) -> None:
    sealed = seal(document, sealer=make_sealer(NOBODY))
    assert sealed.level == "B-B"
    assert str(sealed.doubt).startswith("127.0.0.1:9: cannot be reached")


def test_what_agencies_do_not_take_is_refused(document: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MAX_SEALED_BYTES", 1000)
    with refused(InputError, "paper: expected at most 1000 bytes, got …", code="paper-size"):
        seal(document, sealer=make_sealer())


def test_its_certificate_signs_no_claims_and_ends_with_its_authority() -> None:
    sealer = make_sealer()
    with refused(
        KeyMaterialError, "signing certificate: expected a purpose that allows claims", code="certificate-unfit"
    ):
        pki.check_claim_certificate(sealer.certificate)
    end = sealer.authority.not_valid_after_utc
    late = pki.make_seal_certificate(
        key=KEY,
        authority=sealer.authority,
        authority_key=AUTHORITY_KEY,
        name="Studio",
        country=None,
        now=end - timedelta(days=3),
    )
    assert late.not_valid_after_utc == end
    with refused(KeyMaterialError, f"authority certificate: ended on {end.date()}", code="certificate-expired"):
        pki.make_seal_certificate(
            key=KEY, authority=sealer.authority, authority_key=AUTHORITY_KEY, name="Studio", country=None, now=end
        )
