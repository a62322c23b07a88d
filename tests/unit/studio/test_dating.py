"""Records are dated by a real authority; one that is away never holds up a consent."""

import dataclasses
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from support.refusals import refused
from support.studios import ZOE, make_studio, open_keys, record_consent
from support.tsa import REPLY, Tsa, serving

from provenance.canonical import Json, from_base64url
from provenance.consent.dated import parse_time, read_time
from provenance.consent.receipts import parse_receipt
from provenance.errors import InputError, VerificationError
from provenance.studio import SETTINGS_FILE, ConsentDesk, Studio
from provenance.studio.dating import DESK_TIMEOUT_SECONDS, RecordDating
from provenance.timestamps import TimeStamp, verify_token

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to be the authority")

NOBODY = "http://127.0.0.1:9/tsa"


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Tsa:
    return Tsa(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Tsa:
    return Tsa(tmp_path_factory.mktemp("stranger"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with closing(make_studio(tmp_path / "studio")) as made:
        return made.path


def configure(folder: Path, tsa: str | None, root: Tsa | None = None) -> Studio:
    """Open the studio with these settings for time-stamps."""
    with closing(Studio(folder)) as studio:
        settings = studio.settings
    roots = None
    if root is not None:
        roots = "roots.pem"
        (folder / roots).write_bytes(root.root.public_bytes(Encoding.PEM))
    changed = dataclasses.replace(settings, tsa=tsa, tsa_roots=roots)
    (folder / SETTINGS_FILE).write_bytes(changed.to_bytes())
    return Studio(folder)


@pytest.fixture
def silent() -> Iterator[str]:
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/tsa"


def test_without_an_authority_nothing_is_asked_and_nothing_said(folder: Path) -> None:
    with closing(Studio(folder)) as studio:
        recorded = record_consent(studio)
        desk = ConsentDesk(studio, open_keys(studio))
        assert desk.time_of(recorded) is None
        assert "timestamp" not in desk.receipt(recorded).to_json()
        assert RecordDating(studio).complete() == []


def test_a_record_is_dated_as_soon_as_it_is_recorded(folder: Path, tsa: Tsa) -> None:
    with serving(tsa.reply) as url, closing(configure(folder, url, tsa)) as studio:
        recorded = record_consent(studio)
        found = ConsentDesk(studio).time_of(recorded)
        assert found is not None
        assert isinstance(found.time, TimeStamp)
        assert (found.state, found.tsa, found.doubt) == ("proven", url, None)
        assert found.describe().startswith("proven at 20")
        assert found.describe().endswith(" by O=Test TSA")
        assert found.token is not None
        assert verify_token(found.token, recorded.row.envelope, roots=[tsa.root]) == found.time
        assert RecordDating(studio).complete() == []


def test_the_authority_learns_a_hash_and_nothing_else(folder: Path, tsa: Tsa) -> None:
    asked: list[bytes] = []

    def answer(query: bytes) -> tuple[int, str, bytes]:
        asked.append(query)
        return tsa.reply(query)

    with serving(answer) as url, closing(configure(folder, url)) as studio:
        recorded = record_consent(studio)
    (query,) = asked
    assert len(query) < 100
    assert recorded.record.record_id.encode() not in query


def test_without_roots_a_time_is_only_claimed(folder: Path, tsa: Tsa) -> None:
    with serving(tsa.reply) as url, closing(configure(folder, url)) as studio:
        found = ConsentDesk(studio).time_of(record_consent(studio))
    assert found is not None
    assert found.state == "claimed"
    assert found.describe().startswith("claimed at 20")
    assert found.describe().endswith(" by O=Test TSA (not verified, as no roots were given)")


def test_a_stored_time_that_other_roots_cannot_prove_is_only_claimed(folder: Path, tsa: Tsa, stranger: Tsa) -> None:
    with serving(tsa.reply) as url, closing(configure(folder, url)) as studio:
        recorded = record_consent(studio)
    with closing(configure(folder, url, stranger)) as studio:
        found = ConsentDesk(studio).time_of(recorded)
    assert found is not None
    assert found.state == "claimed"
    assert found.doubt == "time-stamp: its signature is wrong, or its certificate does not lead to a trusted root"
    assert found.describe().endswith(f"({found.doubt})")


def test_a_token_that_the_roots_do_not_prove_is_not_taken(folder: Path, tsa: Tsa, stranger: Tsa) -> None:
    with serving(stranger.reply) as url, closing(configure(folder, url, tsa)) as studio:
        recorded = record_consent(studio)
        found = ConsentDesk(studio).time_of(recorded)
        assert found is not None
        assert found.state == "waiting"
        (one,) = RecordDating(studio).complete()
        assert (one.code, one.time.state) == (recorded.code, "waiting")
        assert isinstance(one.reason, VerificationError)


@pytest.mark.parametrize("address", [NOBODY, "not an address"])
def test_a_consent_is_recorded_although_nobody_dates_it(folder: Path, address: str) -> None:
    with closing(configure(folder, address)) as studio:
        recorded = record_consent(studio)
        desk = ConsentDesk(studio, open_keys(studio))
        found = desk.time_of(desk.find(recorded.code))
        assert found is not None
        assert found.state == "waiting"
        assert found.describe() == (
            f"waiting for {address}: not dated yet, so that its time is the studio's word alone"
        )
        desk.receipt(recorded).verify()


def test_a_file_of_roots_that_is_gone_holds_up_no_consent(folder: Path, tsa: Tsa) -> None:
    with serving(tsa.reply) as url, closing(configure(folder, url, tsa)) as studio:
        (folder / "roots.pem").unlink()
        recorded = record_consent(studio)
        assert studio.database.record_timestamp(recorded.record.record_id) is not None
        with refused(InputError, "roots.pem: no such file", code="file-missing"):
            RecordDating(studio).complete()


@pytest.mark.slow
def test_an_authority_that_is_silent_costs_a_few_seconds_and_the_consent_is_durable_before(
    folder: Path, silent: str
) -> None:
    with closing(configure(folder, silent)) as studio:
        begun = time.monotonic()
        recorded = record_consent(studio)
        assert time.monotonic() - begun < DESK_TIMEOUT_SECONDS + 2
        assert [row.record_id for row in studio.database.waiting_timestamps()] == [recorded.record.record_id]


def test_the_consent_is_durable_when_the_authority_is_asked(folder: Path, tsa: Tsa) -> None:
    seen: list[str] = []

    def answer(query: bytes) -> tuple[int, str, bytes]:
        with closing(Studio(folder)) as other:
            seen.extend(recorded.code for recorded in ConsentDesk(other).all())
        return tsa.reply(query)

    with serving(answer) as url, closing(configure(folder, url)) as studio:
        recorded = record_consent(studio)
    assert seen == [recorded.code]


def test_a_new_consent_in_the_place_of_another_is_dated_after_both_are_durable(folder: Path, tsa: Tsa) -> None:
    with serving(tsa.reply) as url, closing(configure(folder, url)) as studio:
        older = record_consent(studio)
        desk = ConsentDesk(studio, open_keys(studio))
        newer = desk.record(ZOE, older.record.grants, supersedes=older)
        times = [desk.time_of(recorded) for recorded in (older, newer)]
    assert [found.state for found in times if found is not None] == ["claimed", "claimed"]


def test_what_waits_is_completed_by_the_authority_that_is_configured_now(folder: Path, tsa: Tsa) -> None:
    with closing(configure(folder, NOBODY)) as studio:
        codes = {record_consent(studio).code, record_consent(studio).code}
        found = RecordDating(studio).complete()
        assert {one.code for one in found} == codes
        # The second is not asked about: the authority is away.
        assert found[0].reason is found[1].reason
    with serving(tsa.reply) as url, closing(configure(folder, url, tsa)) as studio:
        done = RecordDating(studio).complete()
        assert {one.code: (one.time.state, one.time.tsa, one.reason) for one in done} == dict.fromkeys(
            codes, ("proven", url, None)
        )
        assert RecordDating(studio).complete() == []


def test_what_waits_is_completed_by_its_own_authority_where_none_is_configured_any_more(folder: Path, tsa: Tsa) -> None:
    away = True

    def answer(query: bytes) -> tuple[int, str, bytes]:
        return (503, "text/plain", b"away") if away else tsa.reply(query)

    with serving(answer) as url:
        with closing(configure(folder, url)) as studio:
            recorded = record_consent(studio)
        away = False
        with closing(configure(folder, None)) as studio:
            (done,) = RecordDating(studio).complete()
    assert (done.code, done.time.state, done.time.tsa) == (recorded.code, "claimed", url)


def test_an_answer_that_is_no_token_leaves_the_record_waiting(folder: Path) -> None:
    with serving(lambda _: (200, REPLY, b"\x30\x00")) as url, closing(configure(folder, url)) as studio:
        found = ConsentDesk(studio).time_of(record_consent(studio))
    assert found is not None
    assert found.state == "waiting"


def test_a_receipt_carries_the_token_and_its_reader_proves_it_again(folder: Path, tsa: Tsa, stranger: Tsa) -> None:
    with serving(tsa.reply) as url, closing(configure(folder, url, tsa)) as studio:
        recorded = record_consent(studio)
        receipt = ConsentDesk(studio, open_keys(studio)).receipt(recorded)
    states = {}
    for name, roots in {"none": [], "right": [tsa.root], "other": [stranger.root]}.items():
        found = parse_receipt(receipt.to_bytes(), roots=roots)
        found.verify()
        assert found.time is not None
        states[name] = found.time.state
    assert states == {"none": "claimed", "right": "proven", "other": "claimed"}


def test_a_receipt_whose_time_says_something_else_than_its_token_is_refused(folder: Path, tsa: Tsa) -> None:
    with serving(tsa.reply) as url, closing(configure(folder, url, tsa)) as studio:
        recorded, other = record_consent(studio), record_consent(studio)
        found = ConsentDesk(studio).time_of(recorded)
    assert found is not None
    document = found.to_json()
    assert from_base64url(str(document["token"]), place="token") == found.token
    assert parse_time(document, recorded.record, roots=[tsa.root]) == found
    for change in ({"at": "2026-01-01T00:00:00Z"}, {"by": "O=Somebody"}, {"state": "waiting"}):
        with refused(InputError, "timestamp: says something else than its token"):
            parse_time({**document, **change}, recorded.record)
    without = {name: value for name, value in document.items() if name != "token"}
    with refused(InputError, "timestamp: says something else than its token"):
        parse_time(without, recorded.record)
    with refused(InputError, "timestamp: expected an object"):
        parse_time([], recorded.record)
    malformed: list[dict[str, Json]] = [{**document, "tsa": None}, {**document, "token": 1}]
    for wrong in malformed:
        with refused(InputError, "timestamp: expected tsa and token as text"):
            parse_time(wrong, recorded.record)
    with refused(VerificationError, "time-stamp: is about other bytes", code="timestamp-imprint"):
        parse_time(document, other.record)
    with refused(InputError, "time-stamp: expected an rfc 3161 token in der, got something else"):
        read_time(recorded.record, url, b"no token")
