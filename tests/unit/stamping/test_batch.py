import contextlib
import dataclasses
import hashlib
import os
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from support.metadata import CAMERA_TAGS, EXPOSURE_TAGS, with_exif
from support.pictures import draw_any, draw_jpeg, draw_png, with_changed_pixels, with_segment
from support.studios import (
    FixedClock,
    make_studio,
    open_keys,
    record_ai_consent,
    record_consent,
    stamp_file,
    stamped,
    verify,
)

from provenance import durable
from provenance.credentials.labels import CONSENT_LABEL
from provenance.credentials.manifest import ConsentAssertion, Declaration, Tool
from provenance.credentials.reading import Credential, read_credential
from provenance.credentials.signing import ClaimSigner
from provenance.entries import StampEntry, parse_entry
from provenance.errors import KeyMaterialError, LedgerError, ProvenanceError
from provenance.keys import RootKey
from provenance.picture import read_picture
from provenance.picture.copies import make_thumbnail
from provenance.pki import make_claim_certificate, to_pem
from provenance.stamping import LoggedStamp, PendingStamp, Stamper, StampRequest, StampResult, batch
from provenance.studio import ConsentDesk, Studio, StudioStampDesk
from provenance.studio.logbook import Logbook
from provenance.verification.report import Verdict

CAMERA, GENERATED = Declaration.CAMERA, Declaration.AI_GENERATED
MISSING = "0000-0000"
CHOOSE = "choose another folder with -o, or add --force to replace it"
EXPORT = "export or download the picture again"


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with closing(make_studio(tmp_path / "studio", clock=FixedClock())) as made:
        yield made


@pytest.fixture
def code(studio: Studio) -> str:
    return record_consent(studio).code


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pictures"
    made.mkdir()
    return made


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def clock_of(studio: Studio) -> FixedClock:
    assert isinstance(studio.clock, FixedClock)
    return studio.clock


def stamper(studio: Studio) -> Stamper:
    unlocked = open_keys(studio)
    return Stamper(StudioStampDesk(unlocked), signer=unlocked.claim_signer())


def run(studio: Studio, requests: Sequence[StampRequest], *, dry_run: bool = False) -> list[StampResult]:
    return list(stamper(studio).stamp(requests, dry_run=dry_run))


def bare(result: StampResult) -> StampResult:
    """Return a result without what was found in the picture."""
    return dataclasses.replace(result, evidence=())


def outcomes(results: Sequence[StampResult]) -> list[str]:
    return [result.outcome for result in results]


def stamps(studio: Studio) -> list[bytes]:
    """Return the stamp entries of the ledger."""
    return [row.body for row in studio.database.entries(0, 1000) if isinstance(parse_entry(row.body), StampEntry)]


def checkpoints(studio: Studio) -> int:
    return len(list(studio.database.checkpoints()))


def credential_of(studio: Studio, path: Path) -> Credential:
    data = path.read_bytes()
    picture = read_picture(data)
    return read_credential(data, picture.format.media_type, anchors=[studio.anchors()], store=picture.store)


def assertion_of(studio: Studio, path: Path) -> ConsentAssertion:
    return ConsentAssertion.from_json(credential_of(studio, path).active_manifest.assertions[CONSENT_LABEL])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def dump(studio: Studio) -> list[str]:
    with closing(sqlite3.connect(studio.path / "studio.db")) as connection:
        return list(connection.iterdump())


# --- stamping


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_a_picture_is_stamped_and_verifies(studio: Studio, code: str, folder: Path, out: Path, ending: str) -> None:
    source = draw_any(folder, ending)
    before = source.read_bytes()
    (result,) = run(studio, [StampRequest(source, out / source.name, CAMERA, (code,))])
    assert bare(result) == StampResult(source, "stamped", out / source.name)
    assert source.read_bytes() == before
    assert read_picture((out / source.name).read_bytes()).digest == read_picture(before).digest
    assert verify(studio, out / source.name).verdict is Verdict.PASSED
    assert [path.name for path in out.iterdir()] == [source.name]


def test_what_a_stamp_says_is_what_was_logged(studio: Studio, folder: Path, out: Path) -> None:
    recorded = record_consent(studio, permit=["capture", "mine"])
    source = draw_jpeg(folder / "a.jpg")
    stamped(studio, source, out / "a.jpg", code=recorded.code)
    said = assertion_of(studio, out / "a.jpg")
    (body,) = stamps(studio)
    entry = parse_entry(body)
    assert isinstance(entry, StampEntry)
    assert said.entry == body
    assert said.handles == entry.handles
    assert len(said.handles) == 1
    assert (said.subject_kind, said.scopes, said.assurance) == ("real", ("capture",), "drawn")
    assert said.controller == recorded.record.controller
    assert (said.log_origin, said.log_key) == (studio.settings.log_origin, studio.settings.log_key)
    assert said.stamped_at == studio.clock.now().strftime("%Y-%m-%dT%H:%MZ")
    mining = credential_of(studio, out / "a.jpg").active_manifest.assertions["cawg.training-mining"]
    assert mining["entries"]["cawg.data_mining"] == {"use": "allowed"}
    assert mining["entries"]["cawg.ai_training"] == {"use": "notAllowed"}


def test_a_picture_of_nobody_needs_no_consent(studio: Studio, folder: Path, out: Path) -> None:
    source = draw_jpeg(folder / "a.jpg")
    stamped(studio, source, out / "a.jpg", declaration="ai-generated", code=None, tool="Dreamer/3.1")
    said = assertion_of(studio, out / "a.jpg")
    assert (said.handles, said.subject_kind, said.scopes, said.assurance) == ((), "synthetic", (), None)
    manifest = credential_of(studio, out / "a.jpg").active_manifest
    assert "cawg.training-mining" not in manifest.assertions
    assert [action.agent for action in manifest.actions] == ["Dreamer 3.1"]


def test_a_generated_picture_of_a_person_needs_consent_to_that(studio: Studio, folder: Path, out: Path) -> None:
    source = draw_jpeg(folder / "a.jpg")
    stamped(studio, source, out / "a.jpg", declaration="ai-generated", code=record_ai_consent(studio).code)
    assert assertion_of(studio, out / "a.jpg").scopes == ("ai.generate",)


def test_the_results_come_in_the_order_of_the_requests(studio: Studio, code: str, folder: Path, out: Path) -> None:
    requests = []
    for number in range(6):
        source = draw_jpeg(folder / f"{number}.jpg", seed=number) if number % 2 else folder / f"{number}.jpg"
        requests.append(StampRequest(source, out / f"{number}.jpg", CAMERA, (code,)))
    results = run(studio, requests)
    assert [result.source for result in results] == [request.source for request in requests]
    assert outcomes(results) == ["failed", "stamped"] * 3


def test_a_group_is_logged_under_one_checkpoint(studio: Studio, code: str, folder: Path, out: Path) -> None:
    before = checkpoints(studio)
    requests = [
        StampRequest(draw_jpeg(folder / f"{n}.jpg", seed=n), out / f"{n}.jpg", CAMERA, (code,)) for n in range(4)
    ]
    assert outcomes(run(studio, requests)) == ["stamped"] * 4
    assert checkpoints(studio) == before + 1
    assert len(stamps(studio)) == 4
    assert {assertion_of(studio, request.destination).proof.split("\n\n")[1] for request in requests} == {
        studio.ledger.checkpoint().decode().split("\n\n")[0]
    }


@pytest.mark.parametrize(("name", "value"), [("GROUP_FILES", 2), ("GROUP_BYTES", 1)])
def test_more_than_a_group_is_logged_group_by_group(
    studio: Studio, code: str, folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: int
) -> None:
    monkeypatch.setattr(batch, name, value)
    before = checkpoints(studio)
    sources = [draw_jpeg(folder / f"{n}.jpg", seed=n) for n in range(4)]
    sources.insert(1, folder / "missing.jpg")
    asked: list[Path] = []

    def requests() -> Iterator[StampRequest]:
        for source in sources:
            asked.append(source)
            yield StampRequest(source, out / source.name, CAMERA, (code,))

    results = stamper(studio).stamp(requests())
    first = next(results)
    assert first.outcome == "stamped"
    assert len(asked) < len(sources)
    rest = list(results)
    assert outcomes([first, *rest]) == ["stamped", "failed", "stamped", "stamped", "stamped"]
    assert [result.source for result in [first, *rest]] == sources
    assert checkpoints(studio) - before == (3 if name == "GROUP_FILES" else 4)
    assert Logbook(studio).audit().entries == 3 + 4


def test_no_requests_make_no_results(studio: Studio) -> None:
    before = dump(studio)
    assert run(studio, []) == []
    assert dump(studio) == before


def test_two_requests_with_the_same_bytes_share_an_entry(studio: Studio, code: str, folder: Path, out: Path) -> None:
    one, two = draw_jpeg(folder / "a.jpg"), draw_jpeg(folder / "b.jpg")
    results = run(studio, [StampRequest(source, out / source.name, CAMERA, (code,)) for source in (one, two)])
    assert outcomes(results) == ["stamped", "stamped"]
    assert len(stamps(studio)) == 1
    assert assertion_of(studio, out / "a.jpg").handles == assertion_of(studio, out / "b.jpg").handles
    assert {verify(studio, out / name).verdict for name in ("a.jpg", "b.jpg")} == {Verdict.PASSED}


def test_a_new_caption_makes_no_other_picture(studio: Studio, code: str, folder: Path, out: Path) -> None:
    one, two = draw_jpeg(folder / "a.jpg"), draw_jpeg(folder / "b.jpg", comment=b"another caption")
    results = run(studio, [StampRequest(source, out / source.name, CAMERA, (code,)) for source in (one, two)])
    assert outcomes(results) == ["stamped", "stamped"]
    assert len(stamps(studio)) == 1


def test_two_pictures_of_one_person_cannot_be_joined(studio: Studio, code: str, folder: Path, out: Path) -> None:
    for number in (1, 2):
        stamped(studio, draw_jpeg(folder / f"{number}.jpg", seed=number), out / f"{number}.jpg", code=code)
    one, two = (assertion_of(studio, out / f"{number}.jpg") for number in (1, 2))
    assert one.handles != two.handles
    assert not {*one.handles} & {*two.handles}


def test_two_consents_to_one_picture_are_two_stamps(studio: Studio, code: str, folder: Path, out: Path) -> None:
    source = draw_jpeg(folder / "a.jpg")
    stamped(studio, source, out / "one.jpg", code=code)
    stamped(studio, source, out / "two.jpg", code=record_consent(studio).code)
    assert len(stamps(studio)) == 2
    assert assertion_of(studio, out / "one.jpg").handles != assertion_of(studio, out / "two.jpg").handles


def test_a_renewed_certificate_makes_another_stamp(studio: Studio, code: str, folder: Path, out: Path) -> None:
    source = draw_jpeg(folder / "a.jpg")
    stamped(studio, source, out / "one.jpg", code=code)
    keys = studio.path / "keys"
    root = RootKey.from_file((keys / "root.json").read_bytes(), passphrase=None)
    renewed = make_claim_certificate(
        key=studio.load_key("claim", root),
        authority=studio.authority(),
        authority_key=studio.load_key("authority", root),
        name=studio.settings.name,
        country=studio.settings.country,
        now=studio.clock.now(),
    )
    (keys / "claim.pem").write_text(to_pem(renewed))
    stamped(studio, source, out / "two.jpg", code=code)
    assert len(stamps(studio)) == 2
    assert {verify(studio, out / name).verdict for name in ("one.jpg", "two.jpg")} == {Verdict.PASSED}


# --- bad files


def bad_file(folder: Path, kind: str) -> Path:
    path = folder / f"{kind}.jpg"
    if kind == "folder":
        path.mkdir()
    elif kind == "text":
        path.write_text("not a picture")
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "truncated":
        path.write_bytes(draw_jpeg(folder / "whole.jpg").read_bytes()[:-200])
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "gif":
        path.write_bytes(b"GIF89a" + bytes(100))
    return path


KIND = "picture: expected a jpeg, png, webp, tiff, dng, avif, heic or heif file, got"
EXPORT_AS = "export the picture as jpeg, png or webp"
BAD_FILES = {
    "missing": ("file-missing", "missing.jpg: no such file", None),
    "folder": ("file-directory", "folder.jpg: expected a file, got a directory", None),
    "pipe": ("file-special", "pipe.jpg: expected a regular file", None),
    "text": ("picture-kind", f"{KIND} something else", EXPORT_AS),
    "empty": ("picture-kind", f"{KIND} something else", EXPORT_AS),
    "gif": ("picture-kind", f"{KIND} image/gif", EXPORT_AS),
    "truncated": ("picture-damaged", "jpeg at byte ", EXPORT),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_bad_file_in_the_middle_does_not_stop_the_rest(
    studio: Studio, code: str, folder: Path, out: Path, kind: str
) -> None:
    expected_code, message, hint = BAD_FILES[kind]
    good = [draw_jpeg(folder / f"{number}.jpg", seed=number) for number in (1, 2)]
    sources = [good[0], bad_file(folder, kind), good[1]]
    results = run(studio, [StampRequest(source, out / source.name, CAMERA, (code,)) for source in sources])
    assert outcomes(results) == ["stamped", "failed", "stamped"]
    assert (results[1].code, results[1].hint) == (expected_code, hint)
    assert (results[1].message or "").startswith(message)
    assert results[1].destination is None
    assert sorted(contents(out)) == ["1.jpg", "2.jpg"]
    assert len(stamps(studio)) == 2


def test_a_source_with_an_impossible_name_does_not_stop_the_rest(
    studio: Studio, code: str, folder: Path, out: Path
) -> None:
    sources = [folder / ("x" * 300), draw_jpeg(folder / "a.jpg")]
    results = run(studio, [StampRequest(source, out / source.name[:9], CAMERA, (code,)) for source in sources])
    assert outcomes(results) == ["failed", "stamped"]
    assert results[0].code == "file-unreadable"


def test_a_destination_with_an_impossible_name_does_not_stop_the_rest(
    studio: Studio, code: str, folder: Path, out: Path
) -> None:
    out.mkdir()
    source = draw_jpeg(folder / "a.jpg")
    results = run(studio, [StampRequest(source, out / name, CAMERA, (code,)) for name in ("x" * 300, "a.jpg")])
    assert outcomes(results) == ["failed", "stamped"]
    assert refusal(results[0]) == (
        "failed",
        "output-unwritable",
        f"{'x' * 80}: cannot be written: file name too long",
        None,
    )
    assert sorted(contents(out)) == ["a.jpg"]


def test_a_destination_with_a_name_that_no_system_has_does_not_stop_the_rest(
    studio: Studio, code: str, folder: Path, out: Path
) -> None:
    source = draw_jpeg(folder / "a.jpg")
    results = run(studio, [StampRequest(source, out / name, CAMERA, (code,)) for name in ("a\x00b", "a.jpg")])
    assert outcomes(results) == ["failed", "stamped"]


def test_a_destination_below_a_file_does_not_stop_the_rest(studio: Studio, code: str, folder: Path, out: Path) -> None:
    out.write_text("mine")
    source = draw_jpeg(folder / "a.jpg")
    destinations = [out / "a.jpg", out / "deeper" / "a.jpg", folder / "b.jpg"]
    results = run(studio, [StampRequest(source, destination, CAMERA, (code,)) for destination in destinations])
    assert outcomes(results)[2] == "stamped"
    assert {result.outcome for result in results[:2]} <= {"failed", "refused"}
    assert out.read_text() == "mine"


def test_a_destination_that_cannot_be_written_fails_alone(
    studio: Studio, code: str, folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside = durable.aside

    @contextlib.contextmanager
    def fail_once(path: Path, *, mode: int) -> Iterator[durable.Unnamed]:
        if path.name == "1.jpg":
            raise OSError(28, "No space left on device")
        with aside(path, mode=mode) as unnamed:
            yield unnamed

    monkeypatch.setattr(durable, "aside", fail_once)
    sources = [draw_jpeg(folder / f"{number}.jpg", seed=number) for number in (1, 2)]
    failed, good = run(studio, [StampRequest(source, out / source.name, CAMERA, (code,)) for source in sources])
    assert (failed.outcome, failed.code) == ("failed", "output-unwritable")
    assert failed.message == "1.jpg: cannot be written: no space left on device"
    assert good.outcome == "stamped"


def test_what_does_not_pass_its_own_check_is_seen_by_nobody(
    studio: Studio, code: str, folder: Path, out: Path, tmp_path: Path
) -> None:
    unlocked = open_keys(studio)
    signer = unlocked.claim_signer()
    with closing(make_studio(tmp_path / "other")) as other:
        mistaken = ClaimSigner(signer.sign, signer.chain_pem, other.anchors())
    request = StampRequest(draw_jpeg(folder / "a.jpg"), out / "a.jpg", CAMERA, (code,))
    (failed,) = Stamper(StudioStampDesk(unlocked), signer=mistaken).stamp([request])
    assert (failed.outcome, failed.code) == ("failed", "self-check")
    assert list(out.iterdir()) == []


def test_a_key_that_fails_to_sign_fails_alone_and_the_stamp_is_finished_later(
    studio: Studio, code: str, folder: Path, out: Path
) -> None:
    unlocked = open_keys(studio)
    signer = unlocked.claim_signer()
    calls = iter([False, True])

    def sign_the_second(claim: bytes) -> bytes:
        if not next(calls):
            raise KeyMaterialError("token: was pulled out", code="token", hint="put it back")
        return signer.sign(claim)

    broken = ClaimSigner(sign_the_second, signer.chain_pem, signer.anchors)
    requests = [
        StampRequest(draw_jpeg(folder / f"{number}.jpg", seed=number), out / f"{number}.jpg", CAMERA, (code,))
        for number in (1, 2)
    ]
    failed, good = Stamper(StudioStampDesk(unlocked), signer=broken).stamp(requests)
    assert failed == StampResult(requests[0].source, "failed", None, "token", "token: was pulled out", "put it back")
    assert good.outcome == "stamped"
    assert sorted(contents(out)) == ["2.jpg"]
    entries = stamps(studio)
    assert len(entries) == 2
    assert outcomes(run(studio, requests)) == ["stamped", "already-stamped"]
    assert stamps(studio) == entries
    assert assertion_of(studio, out / "1.jpg").entry == entries[0]


def test_a_contradiction_in_the_ledger_stops_everything(studio: Studio, code: str, folder: Path, out: Path) -> None:
    studio.database._driver.execute("UPDATE head SET size = 2, root = zeroblob(32), frontier = zeroblob(32)")
    source = draw_jpeg(folder / "a.jpg")
    with pytest.raises(LedgerError):
        run(studio, [StampRequest(source, out / "a.jpg", CAMERA, (code,))])
    assert not out.exists()


# --- refusals


def refusal(result: StampResult) -> tuple[str, str | None, str | None, str | None]:
    return result.outcome, result.code, result.message, result.hint


def test_a_camera_is_not_said_to_have_captured_nobody(studio: Studio, folder: Path, out: Path) -> None:
    # Before the file is opened: there is none.
    result = stamp_file(studio, folder / "missing.jpg", out / "a.jpg", code=None)
    assert refusal(result) == (
        "refused",
        "synthetic-capture",
        "a camera cannot have captured a person who does not exist",
        "use --as ai-generated, or name the person's consent with --consent CODE",
    )


def test_without_the_consent_nothing_is_stamped(studio: Studio, code: str, folder: Path, out: Path) -> None:
    source = draw_jpeg(folder / "a.jpg")
    unknown = stamp_file(studio, source, out / "a.jpg", code=MISSING)
    assert refusal(unknown) == (
        "refused",
        "consent-not-found",
        "consent code: no such consent in this studio",
        "see provenance consent list",
    )
    limited = stamp_file(studio, source, out / "a.jpg", declaration="ai-generated", code=code)
    assert refusal(limited) == (
        "refused",
        "consent-limited",
        f"consent {code}: the grant ai.generate says deny",
        f"see what it allows: provenance consent show {code}",
    )
    malformed = stamp_file(studio, source, out / "a.jpg", code="?")
    assert (malformed.outcome, malformed.code) == ("failed", "code-form")
    assert not out.exists()
    assert stamps(studio) == []


def test_after_a_withdrawal_nothing_is_stamped_any_more(studio: Studio, code: str, folder: Path, out: Path) -> None:
    source = draw_jpeg(folder / "a.jpg")
    stamped(studio, source, out / "a.jpg", code=code)
    desk = ConsentDesk(studio, open_keys(studio))
    desk.withdraw(desk.find(code), scopes=None, proof="studio")
    (out / "a.jpg").unlink()
    result = stamp_file(studio, source, out / "a.jpg", code=code)
    assert (result.outcome, result.code) == ("refused", "consent-withdrawn")
    assert not (out / "a.jpg").exists()


def test_a_picture_with_damaged_credentials_is_refused(studio: Studio, code: str, folder: Path, out: Path) -> None:
    whole = stamped(studio, draw_jpeg(folder / "a.jpg"), folder / "whole.jpg", code=code)
    damaged = folder / "damaged.jpg"
    damaged.write_bytes(with_changed_pixels(whole.read_bytes()))
    result = stamp_file(studio, damaged, out / "a.jpg", code=code)
    assert refusal(result) == (
        "refused",
        "parent-damaged",
        "its content credentials do not verify: assertion.dataHash.mismatch",
        "find the picture as it was then; if only texts changed, see provenance restamp",
    )


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_what_was_declared_once_is_not_declared_otherwise(studio: Studio, folder: Path, out: Path, ending: str) -> None:
    code = record_ai_consent(studio).code
    captured = stamped(studio, draw_any(folder, ending), folder / f"c.{ending}", code=code)
    generated = stamped(studio, draw_any(folder, ending), folder / f"g.{ending}", declaration="ai-generated", code=code)
    one = stamp_file(studio, captured, out / f"a.{ending}", declaration="ai-generated", code=code)
    two = stamp_file(studio, generated, out / f"a.{ending}", code=code)
    assert [(result.outcome, result.code) for result in (one, two)] == [
        ("refused", "evidence-not-generated"),
        ("refused", "evidence-generative"),
    ]
    assert not out.exists()


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_credentials_that_fit_are_kept_as_the_parent(
    studio: Studio, tmp_path: Path, folder: Path, out: Path, ending: str
) -> None:
    with closing(make_studio(tmp_path / "other", "Another studio")) as other:
        theirs = stamped(other, draw_any(folder, ending), folder / f"t.{ending}", code=record_consent(other).code)
    ours = stamped(studio, theirs, out / f"a.{ending}", code=record_consent(studio).code)
    chain = list(credential_of(studio, ours).parents())
    assert [manifest.signer.name for manifest in chain] == ["Studio Lümen", "Another studio"]
    assert [action.name for action in chain[0].actions] == ["c2pa.opened"]
    assert [action.name for action in chain[1].actions] == ["c2pa.created"]
    assert verify(studio, ours).verdict is Verdict.PASSED


# --- what is there already


def test_the_same_stamp_again_is_already_there(studio: Studio, code: str, folder: Path, out: Path) -> None:
    source = draw_jpeg(folder / "a.jpg")
    stamped(studio, source, out / "a.jpg", code=code)
    before = contents(out), dump(studio)
    clock_of(studio).advance(days=3)
    result = stamp_file(studio, source, out / "a.jpg", code=code)
    assert result == StampResult(source, "already-stamped", out / "a.jpg")
    assert (contents(out), dump(studio)) == before


@pytest.mark.parametrize("kind", ["text", "picture", "another stamp", "changed stamp", "stamp of another studio"])
def test_another_file_at_the_destination_is_left(
    studio: Studio, tmp_path: Path, code: str, folder: Path, out: Path, kind: str
) -> None:
    out.mkdir()
    source, there = draw_jpeg(folder / "a.jpg"), out / "a.jpg"
    if kind == "text":
        there.write_text("mine")
    elif kind == "picture":
        draw_jpeg(there)
    elif kind == "another stamp":
        stamped(studio, draw_jpeg(folder / "b.jpg", seed=1), there, code=code)
    elif kind == "changed stamp":
        stamped(studio, source, there, code=code)
        there.write_bytes(with_segment(there.read_bytes(), 0xFE, b"a caption"))
    else:
        with closing(make_studio(tmp_path / "other")) as other:
            stamped(other, source, there, code=record_consent(other).code)
    before = contents(out), dump(studio)
    result = stamp_file(studio, source, there, code=code)
    assert refusal(result) == (
        "refused",
        "output-exists",
        "a.jpg: there is another file of this name at the destination",
        CHOOSE,
    )
    assert (contents(out), dump(studio)) == before


def test_a_folder_at_the_destination_is_left(studio: Studio, code: str, folder: Path, out: Path) -> None:
    (out / "a.jpg").mkdir(parents=True)
    result = stamp_file(studio, draw_jpeg(folder / "a.jpg"), out / "a.jpg", code=code)
    assert (result.outcome, result.code) == ("refused", "output-exists")


@pytest.mark.parametrize("content", [b"mine", b""])
def test_another_file_at_the_destination_is_replaced_where_that_was_asked(
    studio: Studio, code: str, folder: Path, out: Path, content: bytes
) -> None:
    out.mkdir()
    (out / "a.jpg").write_bytes(content)
    source = draw_jpeg(folder / "a.jpg")
    result = stamp_file(studio, source, out / "a.jpg", code=code, overwrite=True)
    assert bare(result) == StampResult(source, "stamped", out / "a.jpg")
    assert verify(studio, out / "a.jpg").verdict is Verdict.PASSED
    assert sorted(contents(out)) == ["a.jpg"]


def test_a_stamp_that_replaces_itself_keeps_its_entry(studio: Studio, code: str, folder: Path, out: Path) -> None:
    source = draw_jpeg(folder / "a.jpg")
    stamped(studio, source, out / "a.jpg", code=code)
    entries = stamps(studio)
    assert stamp_file(studio, source, out / "a.jpg", code=code, overwrite=True).outcome == "stamped"
    assert stamps(studio) == entries


def test_a_destination_that_a_bad_file_was_meant_for_is_free(
    studio: Studio, code: str, folder: Path, out: Path
) -> None:
    sources = [folder / "missing.jpg", draw_jpeg(folder / "a.jpg")]
    results = run(studio, [StampRequest(source, out / "a.jpg", CAMERA, (code,)) for source in sources])
    assert outcomes(results) == ["failed", "stamped"]


def test_two_pictures_for_one_destination_do_not_replace_each_other(
    studio: Studio, code: str, folder: Path, out: Path
) -> None:
    sources = [draw_jpeg(folder / f"{number}.jpg", seed=number) for number in (1, 2)]
    one, two = run(studio, [StampRequest(source, out / "a.jpg", CAMERA, (code,)) for source in sources])
    assert one.outcome == "stamped"
    assert (two.outcome, two.code) == ("refused", "output-exists")
    digest = read_picture(sources[0].read_bytes()).digest
    assert read_picture((out / "a.jpg").read_bytes()).digest == digest


def test_a_stamp_whose_file_vanished_is_finished_with_the_same_entry(
    studio: Studio, code: str, folder: Path, out: Path
) -> None:
    source = draw_jpeg(folder / "a.jpg")
    stamped(studio, source, out / "a.jpg", code=code)
    entries = stamps(studio)
    (out / "a.jpg").unlink()
    clock_of(studio).advance(days=2)
    assert stamp_file(studio, source, out / "a.jpg", code=code).outcome == "stamped"
    assert stamps(studio) == entries
    assert assertion_of(studio, out / "a.jpg").entry == entries[0]
    assert verify(studio, out / "a.jpg").verdict is Verdict.PASSED


def test_a_stamp_that_was_logged_and_never_signed_is_finished(
    studio: Studio, code: str, folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*args: object, **options: object) -> bytes:
        raise KeyboardInterrupt

    source = draw_jpeg(folder / "a.jpg")
    with monkeypatch.context() as patched:
        patched.setattr(batch, "sign_picture", die)
        with pytest.raises(KeyboardInterrupt):
            stamp_file(studio, source, out / "a.jpg", code=code)
    assert not out.exists()
    entries = stamps(studio)
    assert len(entries) == 1
    assert stamp_file(studio, source, out / "a.jpg", code=code).outcome == "stamped"
    assert stamps(studio) == entries


# --- in place


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_a_picture_is_stamped_in_place_once(studio: Studio, code: str, folder: Path, ending: str) -> None:
    source = draw_any(folder, ending)
    digest = read_picture(source.read_bytes()).digest
    assert bare(stamp_file(studio, source, source, code=code)) == StampResult(source, "stamped", source)
    assert read_picture(source.read_bytes()).digest == digest
    assert verify(studio, source).verdict is Verdict.PASSED
    before = contents(folder), dump(studio)
    assert stamp_file(studio, source, source, code=code) == StampResult(source, "already-stamped", source)
    assert (contents(folder), dump(studio)) == before
    assert sorted(contents(folder)) == [source.name]


def test_a_picture_that_cannot_be_replaced_in_place_stays_as_it_was(
    studio: Studio, code: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    source = draw_jpeg(folder / "a.jpg")
    before = contents(folder)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", refuse)
        result = stamp_file(studio, source, source, code=code)
    assert refusal(result) == (
        "failed",
        "output-unwritable",
        "a.jpg: cannot be written: no space left on device",
        None,
    )
    assert contents(folder) == before
    assert stamp_file(studio, source, source, code=code).outcome == "stamped"
    assert len(stamps(studio)) == 1


def test_who_reads_a_picture_while_it_is_replaced_in_place_reads_it_whole(
    studio: Studio, code: str, folder: Path
) -> None:
    source = draw_jpeg(folder / "a.jpg")
    before = source.read_bytes()
    with source.open("rb") as reader:
        assert stamp_file(studio, source, source, code=code).outcome == "stamped"
        assert reader.read() == before


CARRIES = (
    "refused",
    "consent-other",
    "it carries a stamp under another consent of this studio",
    "stamp the original, under the consents of everyone shown",
)


def replaced(code: str) -> tuple[str, str, str, str]:
    return (
        "refused",
        "consent-earlier",
        f"this picture was stamped under consent {code}, which another cannot replace",
        f"see what became of it: provenance consent show {code}",
    )


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_a_picture_that_carries_a_stamp_is_not_stamped_under_another_consent(
    studio: Studio, folder: Path, out: Path, ending: str
) -> None:
    one, two = record_ai_consent(studio).code, record_ai_consent(studio).code
    source = draw_any(folder, ending)
    stamped(studio, source, source, declaration="ai-generated", code=one)
    before = contents(folder), dump(studio)
    for code in (two, None):
        for destination in (source, out / source.name):
            result = stamp_file(studio, source, destination, declaration="ai-generated", code=code)
            assert refusal(result) == CARRIES
    assert (contents(folder), dump(studio)) == before
    assert not out.exists()
    assert stamp_file(studio, source, source, declaration="ai-generated", code=one).outcome == "already-stamped"


def test_a_withdrawn_consent_is_not_replaced_by_another(studio: Studio, code: str, folder: Path, out: Path) -> None:
    source = draw_jpeg(folder / "a.jpg")
    stamped(studio, source, out / "one.jpg", code=code)
    desk = ConsentDesk(studio, open_keys(studio))
    desk.withdraw(desk.find(code), scopes=None, proof="studio")
    other = record_ai_consent(studio).code
    before = dump(studio)
    assert refusal(stamp_file(studio, source, out / "two.jpg", code=other)) == replaced(code)
    nobody = stamp_file(studio, source, out / "two.jpg", declaration="ai-generated", code=None)
    assert refusal(nobody) == replaced(code)
    assert stamp_file(studio, source, out / "two.jpg", code=other, dry_run=True).code == "consent-earlier"
    assert dump(studio) == before
    assert sorted(contents(out)) == ["one.jpg"]


def test_a_picture_of_somebody_is_not_called_one_of_nobody_later(studio: Studio, folder: Path, out: Path) -> None:
    code = record_ai_consent(studio).code
    source = draw_jpeg(folder / "a.jpg")
    stamped(studio, source, out / "one.jpg", declaration="ai-generated", code=code)
    result = stamp_file(studio, source, out / "two.jpg", declaration="ai-generated", code=None)
    assert refusal(result) == replaced(code)


def test_a_picture_of_nobody_may_be_stamped_under_a_consent_later(studio: Studio, folder: Path, out: Path) -> None:
    source = draw_jpeg(folder / "a.jpg")
    stamped(studio, source, out / "one.jpg", declaration="ai-generated", code=None)
    code = record_ai_consent(studio).code
    stamped(studio, source, out / "two.jpg", declaration="ai-generated", code=code)


def test_one_picture_twice_in_place_is_one_stamp(studio: Studio, code: str, folder: Path) -> None:
    source = draw_jpeg(folder / "a.jpg")
    results = run(studio, [StampRequest(source, source, CAMERA, (code,))] * 2)
    assert outcomes(results) == ["stamped", "stamped"]
    assert len(stamps(studio)) == 1
    assert len(list(credential_of(studio, source).parents())) == 1


@pytest.mark.parametrize("overwrite", [True, False])
def test_what_a_link_leads_to_is_replaced_and_the_link_stays(
    studio: Studio, code: str, folder: Path, out: Path, *, overwrite: bool
) -> None:
    source, link = draw_jpeg(folder / "a.jpg"), folder / "link.jpg"
    target = source
    if overwrite:
        out.mkdir()
        target = out / "target.jpg"
        target.write_text("old")
    link.symlink_to(target)
    result = stamp_file(studio, source if overwrite else link, link, code=code, overwrite=overwrite)
    assert result.outcome == "stamped"
    assert link.is_symlink()
    assert verify(studio, target).verdict is Verdict.PASSED
    assert {path.name for path in [*folder.iterdir(), *target.parent.iterdir()]} <= {"a.jpg", "link.jpg", "target.jpg"}


# --- dry run


def test_a_dry_run_writes_nothing_and_refuses_the_same(studio: Studio, code: str, folder: Path, out: Path) -> None:
    out.mkdir()
    (out / "there.jpg").write_text("mine")
    (out / "more.txt").write_text("mine")
    good, known = draw_jpeg(folder / "good.jpg"), draw_jpeg(folder / "known.jpg", seed=1)
    other = draw_jpeg(folder / "other.jpg", seed=2)
    stamped(studio, known, out / "known.jpg", code=code)
    bad = [bad_file(folder, kind) for kind in ("missing", "folder", "text", "truncated")]
    requests = [
        StampRequest(good, out / "good.jpg", CAMERA, (code,)),
        StampRequest(known, out / "known.jpg", CAMERA, (code,)),
        StampRequest(good, out / "there.jpg", CAMERA, (code,)),
        StampRequest(good, out / "b.jpg", GENERATED, (code,)),
        StampRequest(good, out / "c.jpg", CAMERA, ()),
        StampRequest(good, out / "d.jpg", CAMERA, (MISSING,)),
        StampRequest(out / "known.jpg", out / "e.jpg", GENERATED, ()),
        *(StampRequest(path, out / f"f-{path.name}", CAMERA, (code,)) for path in bad),
        StampRequest(other, out / "more.txt", GENERATED, (), overwrite=True),
        StampRequest(good, good, CAMERA, (code,)),
    ]
    pictures = contents(folder), contents(out), dump(studio)
    dry = run(studio, requests, dry_run=True)
    assert (contents(folder), contents(out), dump(studio)) == pictures
    real = run(studio, requests)
    assert outcomes(dry) == [
        "would-stamp",
        "already-stamped",
        "refused",
        "refused",
        "refused",
        "refused",
        "refused",
        *["failed"] * 4,
        "would-stamp",
        "would-stamp",
    ]
    assert [
        dataclasses.replace(result, outcome="stamped") if result.outcome == "would-stamp" else result for result in dry
    ] == real


def test_a_dry_run_makes_no_folder(studio: Studio, code: str, folder: Path, out: Path) -> None:
    source = draw_jpeg(folder / "a.jpg")
    result = stamp_file(studio, source, out / "deep" / "a.jpg", code=code, dry_run=True)
    assert bare(result) == StampResult(source, "would-stamp", out / "deep" / "a.jpg")
    assert not out.exists()


# --- modes


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o444])
@pytest.mark.parametrize("in_place", [True, False])
def test_the_mode_of_a_file_is_kept(
    studio: Studio, code: str, folder: Path, out: Path, mode: int, *, in_place: bool
) -> None:
    source = draw_jpeg(folder / "a.jpg")
    source.chmod(mode)
    destination = source if in_place else out / "a.jpg"
    before = os.umask(0o022)
    try:
        stamped(studio, source, destination, code=code)
    finally:
        os.umask(before)
    assert stat.S_IMODE(destination.stat().st_mode) == mode


@pytest.mark.parametrize("mode", [0o660, 0o664])
def test_a_picture_that_others_may_write_stays_so_in_place(studio: Studio, code: str, folder: Path, mode: int) -> None:
    source = draw_jpeg(folder / "a.jpg")
    source.chmod(mode)
    before = os.umask(0o022)
    try:
        stamped(studio, source, source, code=code)
    finally:
        os.umask(before)
    assert stat.S_IMODE(source.stat().st_mode) == mode


# --- results


def test_a_result_is_written_as_a_document() -> None:
    done = StampResult(Path("a.jpg"), "stamped", Path("out/a.jpg"))
    assert done.to_json() == {
        "schema": "urn:headshot-provenance:schema:stamp-result:1",
        "file": "a.jpg",
        "output": "out/a.jpg",
        "outcome": "stamped",
        "reason": None,
        "evidence": [],
        "confirmation": None,
        "raw": [],
        "location": {"present": False, "removed": [], "unread": []},
        "fingerprints": None,
    }
    failed = StampResult(Path("a.jpg"), "failed", code="file-missing", message="a.jpg: no such file")
    assert failed.to_json()["reason"] == {"code": "file-missing", "message": "a.jpg: no such file", "hint": None}
    assert failed.to_json()["output"] is None


def test_a_request_is_in_place_where_source_and_destination_are_one() -> None:
    source = Path("a.jpg")
    assert StampRequest(source, Path("./a.jpg"), CAMERA, ()).in_place is True
    assert StampRequest(source, Path("b.jpg"), CAMERA, ()).in_place is False


@pytest.mark.parametrize(
    ("text", "tool"),
    [("Dreamer", Tool("Dreamer")), ("Dreamer/3.1", Tool("Dreamer", "3.1")), (" A b / 2/3 ", Tool("A b", "2/3"))],
)
def test_a_tool_is_read(text: str, tool: Tool) -> None:
    assert Tool.parse(text) == tool


@pytest.mark.parametrize("text", ["", " ", "/3", "a\nb", "a/\x00"])
def test_another_tool_is_refused(text: str) -> None:
    with pytest.raises(ProvenanceError) as caught:
        Tool.parse(text)
    assert caught.value.code == "tool"


# --- evidence in the picture

MIDJOURNEY = "Job ID: 0f5a1c2e-3b4d-4e5f-8a6b-7c8d9e0f1a2b"
SERIAL = {0xA431: "4001234", 0xA434: "NIKKOR Z 85mm f/1.8 S", 0x927C: b"Nikon\x00\x02\x11" + bytes(range(64))}


def png(folder: Path, key: str, text: str, *, seed: int = 0) -> Path:
    return draw_png(folder / f"{key}-{seed}.png", text={key: text}, seed=seed)


def test_strong_evidence_of_ai_refuses_a_photograph_whatever_is_confirmed(
    studio: Studio, code: str, folder: Path, out: Path
) -> None:
    source = png(folder, "Description", MIDJOURNEY)
    for confirmation in (None, "I took it myself"):
        (result,) = run(studio, [StampRequest(source, out / "a.png", CAMERA, (code,), confirmation=confirmation)])
        assert (result.outcome, result.code) == ("refused", "evidence-contradicts")
        assert result.message == (
            f"the evidence says that AI made or changed it: midjourney.job in PNG tEXt at byte 33: {MIDJOURNEY}"
        )
        assert result.hint == "a picture that AI made is stamped with --as ai-generated"
        assert [found.marker.code for found in result.evidence] == ["midjourney.job"]
        assert result.to_json()["evidence"] == [
            {
                "marker": "midjourney.job",
                "value": MIDJOURNEY,
                "where": "PNG tEXt at byte 33",
                "strength": "strong",
                "effect": "refuse",
            }
        ]
    assert not out.exists()
    assert stamps(studio) == []


def test_weak_evidence_needs_a_reason_which_goes_into_the_record(
    studio: Studio, code: str, folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = png(folder, "Software", "Topaz Photo 1.2")
    (result,) = run(studio, [StampRequest(source, out / "a.png", CAMERA, (code,))])
    assert (result.outcome, result.code) == ("refused", "evidence-doubtful")
    assert result.message == (
        "the evidence makes it doubtful that a camera captured it: AI may have made or changed it: "
        "tool.enhancer in PNG tEXt at byte 33: Topaz"
    )
    assert result.hint == 'look at it; if it is as you say, add --confirm "REASON", which is kept'
    logged: list[PendingStamp] = []
    log = StudioStampDesk.log

    def watched(desk: StudioStampDesk, pending: Sequence[PendingStamp]) -> list[LoggedStamp]:
        logged.extend(pending)
        return log(desk, pending)

    monkeypatch.setattr(StudioStampDesk, "log", watched)
    reason = "sharpened only"
    (result,) = run(studio, [StampRequest(source, out / "a.png", CAMERA, (code,), confirmation=reason)])
    assert (result.outcome, result.confirmation) == ("stamped", reason)
    assert [(stamp.confirmation, [e.marker.code for e in stamp.evidence]) for stamp in logged] == [
        (reason, ["tool.enhancer"])
    ]
    data = (out / "a.png").read_bytes()
    assert reason.encode() not in data
    assert all(reason.encode() not in body for body in stamps(studio))


def test_a_reason_that_nothing_asked_for_is_not_recorded(studio: Studio, code: str, folder: Path, out: Path) -> None:
    source = draw_jpeg(folder / "a.jpg")
    (result,) = run(studio, [StampRequest(source, out / "a.jpg", CAMERA, (code,), confirmation="because")])
    assert (result.outcome, result.confirmation) == ("stamped", None)


def test_strong_evidence_of_a_camera_refuses_what_ai_is_said_to_have_made(
    studio: Studio, folder: Path, out: Path
) -> None:
    source = folder / "a.jpg"
    source.write_bytes(with_exif(draw_jpeg(folder / "b.jpg", exif=False).read_bytes(), {0x0110: "Z 8"}, SERIAL))
    request = StampRequest(source, out / "a.jpg", GENERATED, (), confirmation="it is")
    (result,) = run(studio, [request])
    assert (result.outcome, result.code) == ("refused", "evidence-contradicts")
    assert result.message == "the evidence says that a camera took it: camera.body-and-lens in JPEG APP1 at byte 2: Z 8"
    assert result.hint == "a photograph is stamped with --as camera"


def test_the_data_of_an_exposure_make_it_doubtful_that_ai_made_a_picture(
    studio: Studio, folder: Path, out: Path
) -> None:
    source = folder / "a.jpg"
    source.write_bytes(with_exif(draw_jpeg(folder / "b.jpg", exif=False).read_bytes(), CAMERA_TAGS, EXPOSURE_TAGS))
    (result,) = run(studio, [StampRequest(source, out / "a.jpg", GENERATED, ())])
    assert (result.outcome, result.code) == ("refused", "evidence-doubtful")
    assert result.message == (
        "the evidence makes it doubtful that AI generated all of it: a camera may have taken it: "
        "camera.exposure in JPEG APP1 at byte 2: Atelier 7"
    )
    (result,) = run(studio, [StampRequest(source, out / "a.jpg", GENERATED, (), confirmation="kept by the model")])
    assert (result.outcome, result.confirmation) == ("stamped", "kept by the model")
    assert verify(studio, out / "a.jpg").origin.code == "ai-generated"


def test_a_dry_run_tells_the_evidence(studio: Studio, code: str, folder: Path, out: Path) -> None:
    (result,) = run(studio, [StampRequest(draw_jpeg(folder / "a.jpg"), out / "a.jpg", CAMERA, (code,))], dry_run=True)
    assert [found.marker.code for found in result.evidence] == ["camera.model"]


# --- raw files


def test_the_raw_files_of_a_name_are_kept_by_their_digests(studio: Studio, code: str, folder: Path, out: Path) -> None:
    source = draw_jpeg(folder / "IMG_1.jpg")
    raws = {"IMG_1.NEF": b"one", "IMG_1.dng": b"the same, converted"}
    for name, data in raws.items():
        (folder / name).write_bytes(data)
    kept = [
        {"name": name, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for name, data in raws.items()
    ]
    (result,) = run(studio, [StampRequest(source, out / "a.jpg", CAMERA, (code,))])
    assert result.outcome == "stamped"
    assert result.to_json()["raw"] == kept
    desk = StudioStampDesk(open_keys(studio))
    (row,) = studio.database.find_stamps_of(read_picture(source.read_bytes()).digest)
    note = desk.note(row.key)
    assert note is not None
    assert note["raw"] == kept
    # Nothing of it leaves the studio.
    assert b"IMG_1" not in (out / "a.jpg").read_bytes()
    assert b"IMG_1" not in (studio.path / "studio.db").read_bytes()


def test_raw_files_are_looked_for_in_other_folders_too(
    studio: Studio, code: str, folder: Path, out: Path, tmp_path: Path
) -> None:
    cards = tmp_path / "cards"
    cards.mkdir()
    (cards / "a.NEF").write_bytes(b"raw")
    source = draw_jpeg(folder / "a.jpg")
    (found,) = run(studio, [StampRequest(source, out / "a.jpg", CAMERA, (code,), raw_folders=(cards,))])
    assert [raw.path for raw in found.raws] == [cards / "a.NEF"]
    (missing,) = run(studio, [StampRequest(source, out / "b.jpg", CAMERA, (code,), raw_folders=(out / "none",))])
    assert (missing.outcome, missing.code) == ("failed", "folder-unreadable")


def test_a_raw_file_makes_it_doubtful_that_ai_made_all_of_a_picture(studio: Studio, folder: Path, out: Path) -> None:
    source = draw_jpeg(folder / "a.jpg", exif=False)
    (folder / "a.NEF").write_bytes(b"raw")
    (result,) = run(studio, [StampRequest(source, out / "a.jpg", GENERATED, ())])
    assert (result.outcome, result.code) == ("refused", "evidence-doubtful")
    assert result.message == "a raw file of its name makes it doubtful that AI generated all of it: a.NEF"
    assert result.hint == (
        "a photograph in which AI changed something is stamped with --as ai-edited; "
        'look at it; if it is as you say, add --confirm "REASON", which is kept'
    )
    reason = "it has the name of its input"
    (result,) = run(studio, [StampRequest(source, out / "a.jpg", GENERATED, (), confirmation=reason)])
    assert (result.outcome, result.confirmation) == ("stamped", reason)


# --- thumbnails


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_a_thumbnail_is_part_of_the_stamp_if_it_is_asked_for(
    studio: Studio, code: str, folder: Path, out: Path, ending: str
) -> None:
    source = draw_any(folder, ending)
    run(studio, [StampRequest(source, out / source.name, CAMERA, (code,), thumbnail=True)])
    path = out / source.name
    labels = credential_of(studio, path).active_manifest.assertions
    assert "c2pa.thumbnail.claim" in labels
    assert make_thumbnail(source.read_bytes()) in path.read_bytes() or ending == "jpg"
    assert verify(studio, path).verdict is Verdict.PASSED
    assert read_picture(path.read_bytes()).digest == read_picture(source.read_bytes()).digest
    # The same stamp, with a thumbnail or without.
    (again,) = run(studio, [StampRequest(source, path, CAMERA, (code,))])
    assert again.outcome == "already-stamped"


def test_without_asking_there_is_no_thumbnail(studio: Studio, code: str, folder: Path, out: Path) -> None:
    stamped(studio, draw_jpeg(folder / "a.jpg"), out / "a.jpg", code=code)
    assert not [label for label in credential_of(studio, out / "a.jpg").active_manifest.assertions if "thumb" in label]
