import io
import json
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import c2pa
import pytest
from PIL import Image
from support.listeners import Listener, with_remote
from support.pictures import MEDIA_TYPES, draw_any, draw_jpeg, draw_png
from support.refusals import assert_plain_message
from support.shared import shared
from support.studios import make_studio, open_keys, record_consent, stamped

from provenance.clock import SystemClock
from provenance.credentials import _engine
from provenance.credentials.ingredients import IngredientSource
from provenance.errors import CredentialError, NoCredentialError, RemoteCredentialError
from provenance.keys import SigningKey
from provenance.pki import TrustAnchors, make_authority, make_claim_certificate, to_pem
from provenance.studio import Studio
from provenance.verification import Question, Verdict, verify_file

ERRORS = sorted(
    name for name, found in vars(c2pa.C2paError).items() if isinstance(found, type) and issubclass(found, Exception)
)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    studio = make_studio(tmp_path_factory.mktemp("studio"))
    yield studio
    studio.close()


@pytest.fixture(scope="module")
def stamp(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a stamped JPEG file."""
    folder = tmp_path_factory.mktemp("stamp")
    code = record_consent(studio).code
    return stamped(studio, draw_jpeg(folder / "a.jpg"), folder / "b.jpg", code=code).read_bytes()


# --- errors


def test_the_errors_of_the_engine_are_known() -> None:
    assert [
        *("Assertion", "AssertionNotFound", "Decoding", "Encoding", "FileNotFound", "Io", "Json", "Manifest"),
        *("ManifestNotFound", "NotSupported", "Other", "RemoteManifest", "ResourceNotFound", "Signature"),
        *("UntrackedPointer", "Verify", "WrongPointerType"),
    ] == ERRORS


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("text", ["", "something", "several\n  lines\x20of\ttext", "x" * 5000])
def test_every_error_of_the_engine_becomes_one_of_ours(name: str, text: str) -> None:
    error = _engine.map_error(getattr(c2pa.C2paError, name)(text))
    kinds = {"ManifestNotFound": NoCredentialError, "RemoteManifest": RemoteCredentialError}
    assert type(error) is kinds.get(name, CredentialError)
    assert_plain_message(error)
    assert len(str(error)) < 300


def test_an_error_without_a_kind_becomes_one_of_ours() -> None:
    error = _engine.map_error(c2pa.C2paError("unheard of"))
    assert (type(error), error.code, str(error)) == (
        CredentialError,
        "credential-unreadable",
        "its content credentials cannot be read: unheard of",
    )


def test_an_error_without_words_is_named() -> None:
    assert "Verify" in str(_engine.map_error(c2pa.C2paError.Verify()))


def test_a_remote_manifest_is_known_by_its_words() -> None:
    error = _engine.map_error(c2pa.C2paError("Remote: https://example.org/manifest.c2pa"))
    assert type(error) is RemoteCredentialError
    assert error.code == "remote-credential"
    assert "example.org" not in str(error)
    assert error.hint is not None


def test_where_nothing_was_found_no_reason_is_given() -> None:
    error = _engine.map_error(c2pa.C2paError.ManifestNotFound("no JUMBF data found"))
    assert (str(error), error.code) == ("the file carries no content credentials", "no-credential")


@pytest.mark.parametrize("ending", sorted(MEDIA_TYPES))
def test_a_file_without_credentials_has_none(tmp_path: Path, ending: str) -> None:
    with pytest.raises(NoCredentialError):
        _engine.read(draw_any(tmp_path, ending).read_bytes(), MEDIA_TYPES[ending], anchors=[])


@pytest.mark.parametrize(("name", "kind"), [("sample1.avif", "avif"), ("sample1.heic", "heic"), ("test.tiff", "tiff")])
def test_a_file_of_a_kind_that_is_only_read_has_none(name: str, kind: str) -> None:
    with pytest.raises(NoCredentialError):
        _engine.read(shared("photos", "formats", name).read_bytes(), f"image/{kind}", anchors=[])


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"", "image/jpeg"),
        (b"hello", "image/jpeg"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"RIFF\x04\x00\x00\x00WEBP", "image/webp"),
        (b"\x00\x00\x00\x20ftypavif" + bytes(20), "image/avif"),
        (b"II*\x00", "image/tiff"),
        (b"GIF89a", "image/gif"),
        (b"anything", "image/x-unheard-of"),
        (b"anything", ""),
    ],
)
def test_what_cannot_be_read_is_an_error_of_ours(data: bytes, media_type: str) -> None:
    with pytest.raises(CredentialError) as caught:
        _engine.read(data, media_type, anchors=[])
    assert_plain_message(caught.value)


@pytest.mark.parametrize("media_type", ["image/png", "image/webp", "image/tiff", "image/avif", "image/gif"])
def test_a_stamp_under_another_media_type_is_refused_or_read_by_what_it_is(
    stamp: bytes, studio: Studio, media_type: str
) -> None:
    try:
        report, _ = _engine.read(stamp, media_type, anchors=[studio.anchors()])
    except CredentialError:
        return
    assert report == _engine.read(stamp, "image/jpeg", anchors=[studio.anchors()])[0]


@pytest.mark.parametrize(
    "pem", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_an_anchor_that_is_none_trusts_nobody(stamp: bytes, pem: str) -> None:
    try:
        report, _ = _engine.read(stamp, "image/jpeg", anchors=[TrustAnchors("urn:example:bad", pem)])
    except CredentialError:
        return
    assert report["validation_state"] != "Trusted"


# --- the network


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


def test_the_listener_hears_who_comes(listener: Listener) -> None:
    """Without this, the tests below would show nothing."""
    host, _, port = listener.address.partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 404")
    assert listener.visits == 1


def test_the_engine_left_to_itself_would_fetch(tmp_path: Path, listener: Listener) -> None:
    """Without this, the tests below might show only that the engine does not see the address."""
    data = with_remote(draw_jpeg(tmp_path / "a.jpg").read_bytes(), f"http://{listener.address}/manifest.c2pa")
    with pytest.raises(c2pa.C2paError), c2pa.Context.from_dict({}) as context:
        c2pa.Reader("image/jpeg", io.BytesIO(data), context=context)
    assert listener.visits > 0


@pytest.mark.parametrize("path", ["manifest.c2pa", "", "a%20b?c=d"])
def test_credentials_elsewhere_are_not_fetched(tmp_path: Path, listener: Listener, path: str) -> None:
    url = f"http://{listener.address}/{path}"
    data = with_remote(draw_jpeg(tmp_path / "a.jpg").read_bytes(), url)
    Image.open(io.BytesIO(data)).verify()
    with pytest.raises(RemoteCredentialError) as caught:
        _engine.read(data, "image/jpeg", anchors=[])
    assert listener.address not in str(caught.value)
    assert listener.visits == 0


def test_the_report_on_credentials_elsewhere_fetches_nothing(tmp_path: Path, listener: Listener) -> None:
    path = tmp_path / "remote.jpg"
    path.write_bytes(with_remote(draw_jpeg(tmp_path / "a.jpg").read_bytes(), f"http://{listener.address}/m.c2pa"))
    report = verify_file(path, question=Question(SystemClock().now()))
    assert report.credential.code == "remote"
    assert report.verdict is Verdict.INDETERMINATE
    assert listener.visits == 0


def test_a_picture_with_credentials_elsewhere_is_signed_without_fetching(
    tmp_path: Path, listener: Listener, studio: Studio
) -> None:
    data = with_remote(draw_jpeg(tmp_path / "a.jpg").read_bytes(), f"http://{listener.address}/m.c2pa")
    signer = open_keys(studio).claim_signer()
    for ingredients in ([], [IngredientSource("parent", "parentOf", "image/jpeg", data)]):
        try:
            _engine.sign(
                data,
                "image/jpeg",
                definition(),
                ingredients=ingredients,
                sign_claim=signer.sign,
                chain_pem=signer.chain_pem,
            )
        except CredentialError as error:
            assert_plain_message(error)
    assert listener.visits == 0


def test_nothing_but_manifest_anchors_and_nothing_on_the_network_is_asked_for(
    stamp: bytes, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    original = c2pa.Context.from_dict

    def remember(settings: dict[str, Any]) -> c2pa.Context:
        asked.append(settings)
        return original(settings)

    monkeypatch.setattr(c2pa.Context, "from_dict", remember)
    signer = open_keys(studio).claim_signer()
    _engine.read(stamp, "image/jpeg", anchors=[studio.anchors(), TrustAnchors("urn:example:2", studio.anchors().pem)])
    parent = [IngredientSource("parent", "parentOf", "image/jpeg", stamp)]
    _engine.sign(
        stamp, "image/jpeg", definition(), ingredients=parent, sign_claim=signer.sign, chain_pem=signer.chain_pem
    )
    reading, signing = asked
    for settings in asked:
        assert settings["verify"]["remote_manifest_fetch"] is False
        assert settings["verify"]["ocsp_fetch"] is False
        assert settings["core"]["allowed_network_hosts"] == []
    assert [anchor["trust_kind"] for anchor in reading["trust"]["anchors"]] == ["manifest", "manifest"]
    assert "trust" not in signing
    assert signing["builder"]["thumbnail"] == {"enabled": False}


# --- whom the engine trusts


def definition() -> dict[str, Any]:
    source_type = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
    actions = {"actions": [{"action": "c2pa.created", "digitalSourceType": source_type}], "allActionsIncluded": True}
    return {
        "claim_version": 2,
        "title": "headshot",
        "claim_generator_info": [{"name": "Test", "version": "1", "specVersion": "2.4.0"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": actions}],
    }


def state(data: bytes, anchors: Sequence[TrustAnchors]) -> tuple[str, list[str]]:
    report, crjson = _engine.read(data, "image/jpeg", anchors=anchors)
    failures = crjson["manifests"][0]["validationResults"]["failure"]
    return report["validation_state"], [failure["code"] for failure in failures]


def test_a_signer_under_a_known_authority_is_trusted(stamp: bytes, studio: Studio) -> None:
    assert state(stamp, [studio.anchors()]) == ("Trusted", [])


def test_a_signer_under_no_known_authority_is_not_trusted(stamp: bytes) -> None:
    assert state(stamp, []) == ("Valid", ["signingCredential.untrusted"])


def test_one_reading_does_not_lend_its_anchors_to_the_next(stamp: bytes, studio: Studio) -> None:
    for anchors, found in [
        ([studio.anchors()], "Trusted"),
        ([], "Valid"),
        ([studio.anchors()], "Trusted"),
        ([], "Valid"),
    ]:
        assert state(stamp, anchors)[0] == found


def test_the_anchors_that_vouch_are_named(stamp: bytes, studio: Studio) -> None:
    other = make_authority(key=SigningKey.generate("ES256"), name="Other", country=None, now=studio.clock.now())
    anchors = [TrustAnchors("urn:example:other", to_pem(other)), TrustAnchors("urn:example:own", studio.anchors().pem)]
    for order in (anchors, anchors[::-1]):
        report, _ = _engine.read(stamp, "image/jpeg", anchors=order)
        assert report["validation_results"]["trustListUri"] == "urn:example:own"
    assert state(stamp, anchors[:1])[0] == "Valid"


def test_a_signer_under_a_time_stamp_authority_alone_is_not_trusted(
    stamp: bytes, studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine itself would trust it; only anchors for manifests ever reach it."""

    def as_tsa(settings: dict[str, Any]) -> c2pa.Context:
        for anchor in settings["trust"]["anchors"]:
            anchor["trust_kind"] = "tsa"
        return original(settings)

    original = c2pa.Context.from_dict
    assert state(stamp, [])[0] == "Valid"
    with monkeypatch.context() as patched:
        patched.setattr(c2pa.Context, "from_dict", as_tsa)
        assert state(stamp, [studio.anchors()])[0] == "Trusted", "the engine has changed; look at the reading again"
    path = tmp_path / "a.jpg"
    path.write_bytes(stamp)
    report = verify_file(path, question=Question(studio.clock.now()), anchors=[])
    assert report.credential.code == "valid"


def test_a_certificate_that_calls_itself_an_authority_vouches_for_itself_only_where_it_is_known(
    tmp_path: Path, studio: Studio
) -> None:
    now = studio.clock.now()
    key, authority_key = SigningKey.generate("ES256"), SigningKey.generate("ES256")
    # The same name as the studio's authority, under another key.
    forged = make_authority(key=authority_key, name=studio.settings.name, country="DE", now=now)
    certificate = make_claim_certificate(
        key=key, authority=forged, authority_key=authority_key, name=studio.settings.name, country="DE", now=now
    )
    for chain in (to_pem(certificate), to_pem(certificate, forged)):
        data = _engine.sign(
            draw_jpeg(tmp_path / "a.jpg").read_bytes(),
            "image/jpeg",
            definition(),
            ingredients=[],
            sign_claim=key.sign,
            chain_pem=chain,
        )
        assert state(data, [studio.anchors()]) == ("Valid", ["signingCredential.untrusted"])
        assert state(data, [TrustAnchors("urn:example:forged", to_pem(forged))])[0] == "Trusted"


def test_the_reports_are_plain_documents(stamp: bytes, studio: Studio) -> None:
    report, crjson = _engine.read(stamp, "image/jpeg", anchors=[studio.anchors()])
    assert json.loads(json.dumps([report, crjson])) == [report, crjson]
    assert report["active_manifest"] == crjson["manifests"][0]["label"]


def test_the_engine_is_named_with_its_version() -> None:
    name, _, version = _engine.ENGINE.partition(" ")
    assert name == "c2pa-rs"
    assert all(part.isdigit() for part in version.split("."))


def test_signing_leaves_the_source_and_makes_no_thumbnail(tmp_path: Path, studio: Studio) -> None:
    signer = open_keys(studio).claim_signer()
    data = draw_png(tmp_path / "a.png").read_bytes()
    signed = _engine.sign(
        data, "image/png", definition(), ingredients=[], sign_claim=signer.sign, chain_pem=signer.chain_pem
    )
    _, crjson = _engine.read(signed, "image/png", anchors=[])
    assert set(crjson["manifests"][0]["assertions"]) == {"c2pa.actions.v2", "c2pa.hash.data"}
    assert data == (tmp_path / "a.png").read_bytes()


def test_an_interrupt_while_the_engine_works_comes_when_it_has_returned(tmp_path: Path, studio: Studio) -> None:
    signer = open_keys(studio).claim_signer()
    signed: list[bytes] = []

    def sign(claim: bytes) -> bytes:
        signal.raise_signal(signal.SIGINT)
        signed.append(signer.sign(claim))
        return signed[-1]

    data, before = draw_jpeg(tmp_path / "a.jpg").read_bytes(), signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        _engine.sign(data, "image/jpeg", definition(), ingredients=[], sign_claim=sign, chain_pem=signer.chain_pem)
    assert len(signed) == 1
    assert signal.getsignal(signal.SIGINT) is before


def test_the_engine_works_in_another_thread(stamp: bytes, studio: Studio) -> None:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(state(stamp, [studio.anchors()])[0]))
    thread.start()
    thread.join()
    assert found == ["Trusted"]
