import hashlib
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from support.anchors import AnchorStore
from support.logs import Log
from support.refusals import refused
from support.tsa import REPLY, Tsa, serving

from provenance.entries import check_entry, parse_entry
from provenance.errors import InputError, LedgerError, NetworkError, VerificationError
from provenance.ledger.anchoring import (
    Anchored,
    AnchorReport,
    anchored,
    complete_anchors,
    last_anchored,
    request_anchor,
)
from provenance.storage.interface import AnchorRow, LedgerStore
from provenance.timestamps import ClaimedTime, TimeStamp, TimeStampRequest, verify_token

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to be the authority")

LOG = Log()
ELSEWHERE = "http://tsa.example/tsr"


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Tsa:
    return Tsa(tmp_path_factory.mktemp("tsa"))


@pytest.fixture
def plain() -> AnchorStore:
    store = AnchorStore()
    store.notes.append(LOG.checkpoint(7))
    return store


@pytest.fixture
def store(plain: AnchorStore) -> LedgerStore:
    return cast("LedgerStore", plain)


def grow(plain: AnchorStore, size: int) -> bytes:
    plain.notes.append(LOG.checkpoint(size))
    return plain.notes[-1]


def test_the_newest_checkpoint_is_queued(plain: AnchorStore, store: LedgerStore) -> None:
    note = grow(plain, 9)
    row = request_anchor(store, ELSEWHERE)
    assert row == AnchorRow(1, note, ELSEWHERE, None)
    assert store.anchors() == [row]


def test_what_is_queued_already_is_not_queued_again(plain: AnchorStore, store: LedgerStore, tsa: Tsa) -> None:
    with serving(tsa.reply) as url:
        first = request_anchor(store, url)
        assert request_anchor(store, url) == first
        (done,) = complete_anchors(store, roots=[tsa.root]).done
        assert request_anchor(store, url) == done.row
    assert request_anchor(store, ELSEWHERE).id == 2
    grow(plain, 8)
    assert request_anchor(store, ELSEWHERE).id == 3


def test_a_log_without_a_checkpoint_has_nothing_to_date() -> None:
    with refused(LedgerError, "ledger: no checkpoint was signed yet"):
        request_anchor(cast("LedgerStore", AnchorStore()), ELSEWHERE)


def test_what_is_no_address_is_not_queued(store: LedgerStore) -> None:
    message = "address: expected one that starts with https:// or http://, got 'tsa.example'"
    with refused(InputError, message, code="url"):
        request_anchor(store, "tsa.example")
    assert store.anchors() == []


def test_a_checkpoint_is_dated_and_its_token_kept(plain: AnchorStore, store: LedgerStore, tsa: Tsa) -> None:
    with serving(tsa.reply) as url:
        request_anchor(store, url)
        report = complete_anchors(store, roots=[tsa.root])
    (row,) = store.anchors()
    assert row.token is not None
    time = verify_token(row.token, plain.notes[0], roots=[tsa.root])
    assert report == AnchorReport((Anchored(row, 7, time),), ())


def test_a_dated_checkpoint_says_what_to_append(store: LedgerStore, tsa: Tsa) -> None:
    with serving(tsa.reply) as url:
        request_anchor(store, url)
        (done,) = complete_anchors(store, roots=[tsa.root]).done
    assert done.row.token is not None
    entry = done.entry
    assert entry.size == 7
    assert entry.token == hashlib.sha256(done.row.token).digest()
    assert isinstance(done.time, TimeStamp)
    assert entry.at == done.time.at
    assert check_entry(entry.to_bytes()) == "anchor"
    assert parse_entry(entry.to_bytes()).at == done.time.at.replace(second=0)
    assert len(done.entry_id) == 16
    # After a crash the same is appended under the same id, whether or not the roots are at hand.
    for again in (*anchored(store, roots=[tsa.root]), *anchored(store, roots=[])):
        assert (again.entry, again.entry_id) == (entry, done.entry_id)


def test_two_anchors_have_two_entry_ids(plain: AnchorStore, store: LedgerStore, tsa: Tsa) -> None:
    with serving(tsa.reply) as url:
        request_anchor(store, url)
        grow(plain, 8)
        request_anchor(store, url)
        first, second = complete_anchors(store, roots=[tsa.root]).done
    assert first.entry_id != second.entry_id


def test_without_roots_a_time_is_only_claimed(store: LedgerStore, tsa: Tsa) -> None:
    with serving(tsa.reply) as url:
        request_anchor(store, url)
        (done,) = complete_anchors(store, roots=[]).done
    assert isinstance(done.time, ClaimedTime)
    (proven,) = anchored(store, roots=[tsa.root])
    assert isinstance(proven.time, TimeStamp)


def test_what_is_dated_is_not_asked_for_again(store: LedgerStore, tsa: Tsa) -> None:
    asked: list[bytes] = []

    def noted(query: bytes) -> tuple[int, str, bytes]:
        asked.append(query)
        return tsa.reply(query)

    with serving(noted) as url:
        request_anchor(store, url)
        complete_anchors(store, roots=[tsa.root])
        assert complete_anchors(store, roots=[tsa.root]) == AnchorReport((), ())
    assert len(asked) == 1


def test_an_authority_that_is_not_reached_leaves_its_checkpoints_waiting(
    plain: AnchorStore, store: LedgerStore, tsa: Tsa
) -> None:
    with serving(tsa.reply) as away:
        pass
    with serving(tsa.reply) as url:
        request_anchor(store, away)
        request_anchor(store, url)
        grow(plain, 8)
        request_anchor(store, away)
        report = complete_anchors(store, roots=[tsa.root])
    assert [(done.row.id, done.size) for done in report.done] == [(2, 7)]
    assert [(pending.row.id, pending.size) for pending in report.pending] == [(1, 7), (3, 8)]
    assert all(pending.row == row for pending, row in zip(report.pending, store.anchors()[::2], strict=True))
    # It was asked once in all, and says so for both.
    first, second = (pending.reason for pending in report.pending)
    assert first is second
    assert isinstance(first, NetworkError)
    assert first.code == "unreachable"
    assert "cannot be reached: nobody answers there" in str(first)


def test_what_waited_is_dated_when_the_authority_is_back(store: LedgerStore, tsa: Tsa) -> None:
    answers = iter([(503, "text/plain", b"later")])
    with serving(lambda query: next(answers, None) or tsa.reply(query)) as url:
        request_anchor(store, url)
        (pending,) = complete_anchors(store, roots=[tsa.root]).pending
        assert pending.reason.code == "timestamp-answer"
        assert [done.size for done in complete_anchors(store, roots=[tsa.root]).done] == [7]


def test_a_token_that_does_not_verify_is_not_kept(plain: AnchorStore, store: LedgerStore, tmp_path: Path) -> None:
    stranger, trusted = Tsa(tmp_path / "stranger"), Tsa(tmp_path / "trusted")
    with serving(stranger.reply) as url:
        request_anchor(store, url)
        grow(plain, 8)
        request_anchor(store, url)
        report = complete_anchors(store, roots=[trusted.root])
    assert report.done == ()
    assert [type(pending.reason) for pending in report.pending] == [VerificationError] * 2
    assert [pending.reason.code for pending in report.pending] == ["timestamp-untrusted"] * 2
    assert [row.token for row in store.anchors()] == [None, None]


def test_a_token_over_another_checkpoint_is_not_kept(store: LedgerStore, tsa: Tsa) -> None:
    other = TimeStampRequest.of(LOG.checkpoint(5))
    with serving(lambda _: tsa.reply(other.body)) as url:
        request_anchor(store, url)
        (pending,) = complete_anchors(store, roots=[]).pending
    assert pending.reason.code == "timestamp-imprint"
    assert [row.token for row in store.anchors()] == [None]


def test_nothing_is_asked_within_a_transaction(plain: AnchorStore, store: LedgerStore, tsa: Tsa) -> None:
    inside: list[bool] = []

    def noted(query: bytes) -> tuple[int, str, bytes]:
        inside.append(plain.inside)
        return tsa.reply(query)

    with serving(noted) as url:
        request_anchor(store, url)
        complete_anchors(store, roots=[tsa.root])
    assert inside == [False]


def test_an_authority_that_hangs_is_not_waited_for(store: LedgerStore, tsa: Tsa) -> None:
    def hang(query: bytes) -> tuple[int, str, bytes]:
        time.sleep(1)
        return 200, REPLY, b""

    start = datetime.now(UTC)
    with serving(hang) as url:
        request_anchor(store, url)
        (pending,) = complete_anchors(store, roots=[tsa.root], timeout=0.2).pending
        assert (datetime.now(UTC) - start).total_seconds() < 1
    assert "no answer in time" in str(pending.reason)


def test_the_last_anchored_is_the_largest_checkpoint(plain: AnchorStore, store: LedgerStore, tsa: Tsa) -> None:
    assert last_anchored(store, roots=[tsa.root]) is None
    with serving(tsa.reply) as url:
        request_anchor(store, url)
        assert last_anchored(store, roots=[tsa.root]) is None
        complete_anchors(store, roots=[tsa.root])
        grow(plain, 9)
        request_anchor(store, url)
        request_anchor(store, f"{url}/again")
        complete_anchors(store, roots=[tsa.root])
        grow(plain, 12)
        request_anchor(store, ELSEWHERE)
    found = last_anchored(store, roots=[tsa.root])
    assert found is not None
    assert (found.size, found.row.id) == (9, 3)


def test_a_stored_token_that_was_changed_is_refused(plain: AnchorStore, store: LedgerStore, tsa: Tsa) -> None:
    with serving(tsa.reply) as url:
        request_anchor(store, url)
        (done,) = complete_anchors(store, roots=[tsa.root]).done
    assert done.row.token is not None
    with store.transaction():
        store.set_anchor_token(1, done.row.token[:-1] + bytes([done.row.token[-1] ^ 1]))
    message = "time-stamp: its signature is wrong, or its certificate does not lead to a trusted root"
    for read in (anchored, last_anchored):
        with refused(VerificationError, message, code="timestamp-untrusted"):
            read(store, roots=[tsa.root])


def test_what_was_not_dated_has_no_entry() -> None:
    waiting = Anchored(AnchorRow(4, b"", ELSEWHERE, None), 1, ClaimedTime(datetime(2026, 11, 24, tzinfo=UTC), "O=x"))
    for read in (lambda: waiting.entry, lambda: waiting.entry_id):
        with refused(ValueError, "anchor 4: expected a token, got none"):
            read()
