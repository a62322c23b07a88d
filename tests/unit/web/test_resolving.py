"""Soft binding resolution over HTTP: what strangers find, what they are refused, and whether anybody may ask."""

import io
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import c2pa
import pytest
import urllib3
from PIL import Image
from support.pictures import draw_scene
from support.studios import make_studio, open_keys, record_consent, stamped
from support.web import Visitor, public_page

from provenance import schemas
from provenance.picture import read_picture
from provenance.recovery.bindings import write_binding
from provenance.recovery.fingerprints import fingerprints_to_ask
from provenance.studio import Recorded, Studio
from provenance.studio.erasing import ErasureDesk
from provenance.studio.fingerprints import keep_fingerprints
from provenance.studio.revoking import RevocationDesk
from provenance.web.serving import WebServer
from provenance.web.shield import Limits

CONTENT, BINDING, MANIFESTS = "/v1/matches/byContent", "/v1/matches/byBinding", "/v1/manifests/"


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio that keeps fingerprints."""
    with closing(make_studio(tmp_path_factory.mktemp("resolving") / "studio")) as made:
        keep_fingerprints(made)
        yield made


@pytest.fixture(scope="module")
def recorded(studio: Studio) -> Recorded:
    return record_consent(studio)


@pytest.fixture(scope="module")
def out(studio: Studio, recorded: Recorded, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stamped picture."""
    return stamp(studio, recorded, tmp_path_factory.mktemp("pictures"), seed=0)


@pytest.fixture(scope="module")
def server(studio: Studio, out: Path) -> Iterator[WebServer]:
    with public_page(studio, lookalikes=True) as running:
        yield running


def stamp(studio: Studio, recorded: Recorded, folder: Path, *, seed: int) -> Path:
    source = folder / f"{seed}.jpg"
    draw_scene(seed=seed).save(source, quality=90)
    return stamped(studio, source, folder / f"{seed}-stamped.jpg", code=recorded.code)


def copy_of(path: Path) -> bytes:
    """Return a picture at half of its size, without a credential."""
    target = io.BytesIO()
    with Image.open(path) as image:
        image.resize((image.width // 2, image.height // 2)).save(target, "JPEG", quality=80)
    assert read_picture(target.getvalue()).store is None
    return target.getvalue()


def binding_of(data: bytes) -> str:
    return write_binding(fingerprints_to_ask(data)[0].code)


def labels(answer: urllib3.BaseHTTPResponse) -> list[str]:
    """Return the names in an answer, which fits its schema."""
    document = json.loads(answer.data)
    assert answer.status == 200, document
    schemas.validate(document, "soft-binding-matches")
    return [match["manifestId"] for match in document["matches"]]


def refusal(answer: urllib3.BaseHTTPResponse) -> tuple[int, str, str]:
    document = json.loads(answer.data)
    schemas.validate(document, "api-error")
    return answer.status, document["code"], document["message"]


def ask(visitor: Visitor, path: str, data: bytes, kind: str = "image/jpeg") -> urllib3.BaseHTTPResponse:
    return visitor.send(path, data, Content_Type=kind)


# --- what is found


def test_a_copy_without_its_credential_leads_to_the_claim_that_was_signed(visitor: Visitor, out: Path) -> None:
    copy = copy_of(out)
    (label,) = labels(ask(visitor, CONTENT, copy))
    answer = visitor.get(MANIFESTS + label)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/c2pa")
    with c2pa.Reader("image/jpeg", io.BytesIO(out.read_bytes())) as reader:
        signed = json.loads(reader.json())
    with c2pa.Reader("image/jpeg", io.BytesIO(copy), manifest_data=answer.data) as reader:
        found = json.loads(reader.json())
    assert found["active_manifest"] == signed["active_manifest"] == label
    assert found["manifests"] == signed["manifests"]
    failed = {status["code"] for status in found["validation_results"]["activeManifest"]["failure"]}
    # The claim stands; it is of other bytes than these.
    assert "assertion.dataHash.mismatch" in failed
    assert not any(code.startswith("claimSignature") for code in failed)


def test_a_fingerprint_finds_what_the_picture_finds(visitor: Visitor, out: Path) -> None:
    copy = copy_of(out)
    value = binding_of(copy)
    (expected,) = json.loads(ask(visitor, CONTENT, copy).data)["matches"]
    asked = {"alg": "io.iscc.v0", "value": value, "other": 1.5}
    sent = ask(visitor, BINDING, json.dumps(asked).encode(), "application/json")
    for answer in (visitor.get(f"{BINDING}?alg=io.iscc.v0&value={quote(value, safe='')}"), sent):
        assert json.loads(answer.data) == {"matches": [expected]}
    assert 81 <= expected["similarityScore"] <= 100


def test_the_very_picture_is_found_wholly(visitor: Visitor, out: Path) -> None:
    (match,) = json.loads(ask(visitor, f"{CONTENT}?alg=io.iscc.v0&hintAlg=x&hintValue=y", out.read_bytes()).data)[
        "matches"
    ]
    assert match["similarityScore"] == 100


def test_another_picture_finds_nothing(visitor: Visitor) -> None:
    target = io.BytesIO()
    draw_scene(seed=4).save(target, "PNG")
    assert labels(ask(visitor, CONTENT, target.getvalue(), "image/png")) == []


def test_the_algorithms_are_named(visitor: Visitor) -> None:
    document = json.loads(visitor.get("/v1/services/supportedAlgorithms").data)
    schemas.validate(document, "soft-binding-algorithms")
    assert document == {"watermarks": [], "fingerprints": [{"alg": "io.iscc.v0"}]}


def test_no_more_are_named_than_were_asked_for(
    visitor: Visitor, studio: Studio, recorded: Recorded, out: Path, tmp_path: Path
) -> None:
    smaller = tmp_path / "smaller.jpg"
    smaller.write_bytes(copy_of(out))
    stamped(studio, smaller, tmp_path / "b.jpg", code=recorded.code)
    value = quote(binding_of(out.read_bytes()), safe="")
    for most, number in (("1", 1), ("2", 2), ("1" * 40, 2), ("0010", 2)):
        assert len(labels(visitor.get(f"{BINDING}?alg=io.iscc.v0&value={value}&maxResults={most}"))) == number


# --- what is not handed out


@pytest.mark.parametrize("how", ["revoked", "erased"])
def test_what_was_revoked_or_erased_is_handed_out_no_more(
    visitor: Visitor, studio: Studio, tmp_path: Path, how: str
) -> None:
    recorded = record_consent(studio)
    out = stamp(studio, recorded, tmp_path, seed={"revoked": 2, "erased": 3}[how])
    copy = copy_of(out)
    (label,) = labels(ask(visitor, CONTENT, copy))
    (row,) = studio.database.find_stamps_under(recorded.record.record_id)
    if how == "revoked":
        RevocationDesk(open_keys(studio)).revoke(row.entry_index)
    else:
        ErasureDesk(studio, open_keys(studio)).erase(recorded, full=False)
    assert labels(ask(visitor, CONTENT, copy)) == labels(ask(visitor, CONTENT, out.read_bytes())) == []
    assert labels(visitor.get(f"{BINDING}?alg=io.iscc.v0&value={quote(binding_of(copy), safe='')}")) == []
    assert refusal(visitor.get(MANIFESTS + label)) == (404, "not-found", "manifest: there is none of this name")


def test_unless_the_studio_says_so_nobody_is_answered(studio: Studio, out: Path) -> None:
    for whose in (studio, None):
        with public_page(whose) as server:
            visitor = Visitor(server)
            for answer in (
                visitor.get("/v1/services/supportedAlgorithms"),
                visitor.get(f"{BINDING}?alg=io.iscc.v0&value={quote(binding_of(out.read_bytes()), safe='')}"),
                ask(visitor, BINDING, b"{}", "application/json"),
                ask(visitor, CONTENT, out.read_bytes()),
                visitor.get(MANIFESTS + "urn:c2pa:1"),
            ):
                assert refusal(answer) == (404, "not-found", "not found")
            described = json.loads(visitor.get("/api/v1/openapi.json").data)["paths"]
            assert not any(path.startswith("/v1") for path in described)


# --- what is refused


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("", "binding-algorithm", "alg: expected io.iscc.v0"),
        ("alg=com.example.other&value=AAAA", "binding-algorithm", "alg: expected io.iscc.v0"),
        ("alg=io.iscc.v0", "binding-value", "value: expected a soft binding as text"),
        ("alg=io.iscc.v0&value=%00", "binding-value", "value: expected base64"),
        ("alg=io.iscc.v0&value=AAAA", "binding-value", "value: expected a sequence of whole iscc units"),
        ("alg=io.iscc.v0&value=&maxResults=0", "max-results", "maxResults: expected a whole number from 1"),
        ("alg=io.iscc.v0&value=&maxResults=-1", "max-results", "maxResults: expected a whole number from 1"),
        ("alg=io.iscc.v0&value=&maxResults=%D9%A1", "max-results", "maxResults: expected a whole number from 1"),
        ("alg=io.iscc.v0&value=&maxResults=", "max-results", "maxResults: expected a whole number from 1"),
    ],
)
def test_a_query_that_says_nothing_is_refused(visitor: Visitor, query: str, code: str, message: str) -> None:
    assert refusal(visitor.get(f"{BINDING}?{query}")) == (400, code, message)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "binding-body"),
        (b"[]", "binding-body"),
        (b"[" * 100_000, "binding-body"),
        (b"\xff", "binding-body"),
        (b"{}", "binding-algorithm"),
        (b'{"alg":["io.iscc.v0"]}', "binding-algorithm"),
        (b'{"alg":"io.iscc.v0","value":1}', "binding-value"),
        (b'{"alg":"io.iscc.v0","value":""}', "binding-value"),
    ],
)
def test_a_body_that_says_nothing_is_refused(visitor: Visitor, body: bytes, code: str) -> None:
    assert refusal(ask(visitor, BINDING, body, "application/json"))[:2] == (400, code)


def test_another_method_is_told_both_that_there_are(visitor: Visitor) -> None:
    answer = urllib3.request("DELETE", visitor.url + BINDING)
    assert (*refusal(answer)[:2], answer.headers["Allow"]) == (405, "method", "GET, POST")


@pytest.mark.parametrize(
    ("path", "data", "kind", "status", "code"),
    [
        (CONTENT, b"", "image/jpeg", 415, "picture-kind"),
        (CONTENT, b"\xff\xd8\xff", "image/jpeg", 415, "picture-damaged"),
        (CONTENT, b"text", "text/plain", 415, "body-type"),
        (f"{CONTENT}?alg=other", b"", "image/jpeg", 400, "binding-algorithm"),
        (f"{CONTENT}?maxResults=x", b"", "image/jpeg", 400, "max-results"),
    ],
)
def test_what_is_no_picture_is_refused(
    visitor: Visitor, path: str, data: bytes, kind: str, status: int, code: str
) -> None:
    assert refusal(ask(visitor, path, data, kind))[:2] == (status, code)


@pytest.mark.parametrize("name", ["urn:c2pa:1", "%00", "x" * 129, "%ff", "a%20b", "é"])
def test_a_name_that_nothing_has_is_refused(visitor: Visitor, name: str) -> None:
    assert refusal(visitor.get(MANIFESTS + quote(name, safe="%:")))[:2] == (404, "not-found")


def test_part_of_a_store_is_not_handed_out(visitor: Visitor, out: Path) -> None:
    (label,) = labels(ask(visitor, CONTENT, copy_of(out)))[:1]
    message = "returnActiveManifest: expected false: only whole stores are handed out"
    assert refusal(visitor.get(f"{MANIFESTS}{label}?returnActiveManifest=true")) == (400, "manifest-part", message)
    assert visitor.get(f"{MANIFESTS}{label}?returnActiveManifest=false").status == 200


# --- what stands before them


def test_other_sites_and_other_hosts_are_refused(visitor: Visitor, out: Path) -> None:
    data = copy_of(out)
    foreign = visitor.send(CONTENT, data, Content_Type="image/jpeg", Origin="https://evil.example")
    assert refusal(foreign)[:2] == (403, "request-origin")
    assert refusal(visitor.get("/v1/services/supportedAlgorithms", Host="evil.example"))[:2] == (421, "request-host")
    answer = visitor.get("/v1/services/supportedAlgorithms", Origin="https://evil.example")
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


def test_too_much_and_too_often_is_refused(studio: Studio) -> None:
    limits = Limits(requests=3, path_bytes={CONTENT: 5000})
    with public_page(studio, limits=limits, lookalikes=True) as server:
        visitor = Visitor(server)
        assert refusal(ask(visitor, CONTENT, b"x" * 6000))[:2] == (413, "request-size")
        path = f"{BINDING}?alg=io.iscc.v0&value="
        assert [visitor.get(path).status for _ in range(4)] == [400, 400, 400, 429]


def test_a_picture_that_would_unpack_to_much_is_not_decoded(visitor: Visitor) -> None:
    target = io.BytesIO()
    Image.new("1", (8192, 4097)).save(target, "PNG")
    assert len(target.getvalue()) < 20_000
    message = "fingerprint: expected at most 33554432 pixels, got 8192 × 4097"
    assert refusal(ask(visitor, CONTENT, target.getvalue(), "image/png")) == (415, "fingerprint-unread", message)


def test_a_picture_as_large_as_may_be_is_read(visitor: Visitor) -> None:
    # Its size is refused by nothing before it is looked at.
    assert refusal(ask(visitor, CONTENT, b"\0" * (3 * 1024 * 1024)))[0] == 415


def test_nothing_that_was_sent_is_kept(studio: Studio, visitor: Visitor, out: Path) -> None:
    before = {path: path.read_bytes() for path in studio.path.rglob("*") if path.is_file() and path.suffix != ".db-shm"}
    labels(ask(visitor, CONTENT, copy_of(out)))
    assert {path: path.read_bytes() for path in before} == before
