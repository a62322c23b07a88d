"""An object store as a place for a log: S3 as moto speaks it on this computer, and fsspec's store in memory."""

import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.logs import Log
from support.published import body, extend, make_store, publish_to, tree
from support.refusals import refused

from provenance.errors import CorruptLedgerError, InputError, MissingExtraError, NetworkError
from provenance.ledger.bucket import BucketPlace
from provenance.ledger.mirroring import mirror
from provenance.ledger.places import open_destination
from provenance.ledger.published import PublishedLog
from provenance.ledger.publishing import publish

moto_server = pytest.importorskip("moto.server")
boto3 = pytest.importorskip("boto3")
pytest.importorskip("s3fs")

LOG = Log()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Return a client of the store, after the environment was set so that everybody finds it."""
    settings = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return boto3.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"log-{uuid.uuid4()}"
    s3.create_bucket(Bucket=name)
    return name


def objects(s3: Any, bucket: str) -> dict[str, bytes]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def test_a_bucket_holds_what_a_folder_holds(s3: Any, bucket: str, tmp_path: Path) -> None:
    store = make_store(LOG, 3)
    place = open_destination(f"s3://{bucket}/a/log/")
    for size in (3, 600, 601):
        extend(store, LOG, size)
        publish(store, place, log_keys=[LOG.key])
        publish_to(store, tmp_path, LOG)
        assert objects(s3, bucket) == {f"a/log/{name}": data for name, data in tree(tmp_path).items()}
    assert publish(store, place, log_keys=[LOG.key]).files == 0


def test_a_log_is_read_from_a_bucket(bucket: str, tmp_path: Path) -> None:
    place = open_destination(f"s3://{bucket}/log")
    publish(make_store(LOG, 700), place, log_keys=[LOG.key])
    log = PublishedLog(place, keys=[LOG.key])
    assert list(log.entries(0, 700)) == [body(number) for number in range(700)]
    log.prove(300).verify(log.entry(300), keys=[LOG.key])
    assert mirror(place, tmp_path, keys=[LOG.key]).files == 7


def test_a_browser_is_told_what_it_gets_and_for_how_long(s3: Any, bucket: str) -> None:
    publish(make_store(LOG, 300), open_destination(f"s3://{bucket}"), log_keys=[LOG.key])
    checkpoint = s3.head_object(Bucket=bucket, Key="checkpoint")
    assert (checkpoint["ContentType"], checkpoint["CacheControl"]) == ("text/plain; charset=utf-8", "no-cache")
    for name in ("tile/0/000", "tile/entries/000", "tile/0/001.p/44", "tile/1/000.p/1"):
        found = s3.head_object(Bucket=bucket, Key=name)
        assert found["ContentType"] == "application/octet-stream"
        assert found["CacheControl"] == "public, max-age=31536000, immutable"


def test_a_published_object_is_never_changed(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="tile/0/000", Body=b"other")
    with refused(CorruptLedgerError, "tile/0/000: published with other bytes than the ledger has", code="tile-differs"):
        publish(make_store(LOG, 300), open_destination(f"s3://{bucket}"), log_keys=[LOG.key])
    assert objects(s3, bucket)["tile/0/000"] == b"other"
    assert "checkpoint" not in objects(s3, bucket)


@pytest.mark.parametrize("theirs", [b"same", b"other", b"same and more"])
def test_an_object_that_another_process_wrote_meanwhile_is_not_replaced(
    s3: Any, bucket: str, monkeypatch: pytest.MonkeyPatch, theirs: bytes
) -> None:
    place = BucketPlace(f"s3://{bucket}")
    fetch = BucketPlace._fetch

    def fetch_then_lose(self: BucketPlace, paths: list[str], length: int) -> list[bytes | None]:
        found = fetch(self, paths, length)
        if found == [None]:
            s3.put_object(Bucket=bucket, Key="tile/0/000", Body=theirs)
        return found

    # Only the moment is arranged; it is the store that refuses.
    monkeypatch.setattr(BucketPlace, "_fetch", fetch_then_lose)
    if theirs == b"same":
        assert place.add([("tile/0/000", b"same")]) == 0
    else:
        with refused(
            CorruptLedgerError, "tile/0/000: published with other bytes than the ledger has", code="tile-differs"
        ):
            place.add([("tile/0/000", b"same")])
    assert objects(s3, bucket)["tile/0/000"] == theirs


def test_an_object_that_is_too_large_is_not_read(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="tile/0/000", Body=b"12345")
    place = open_destination(f"s3://{bucket}")
    assert place.read(["tile/0/000"], max_bytes=5) == [b"12345"]
    with refused(InputError, "tile/0/000: expected at most 4 bytes, got more", code="file-too-large"):
        place.read(["tile/0/000"], max_bytes=4)


def test_a_bucket_that_is_not_there_is_named(s3: Any) -> None:
    place = open_destination("s3://no-such-bucket/log")
    assert place.read(["checkpoint"], max_bytes=9) == [None]
    with refused(
        NetworkError,
        "s3://no-such-bucket/log/checkpoint: cannot be reached: …",
        code="unreachable",
        hint="check the bucket, its region and the credentials",
    ):
        place.replace("checkpoint", b"x")


def test_a_store_that_nobody_serves_is_named(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with refused(
        NetworkError,
        "s3://bucket/log/checkpoint: cannot be reached: …",
        code="unreachable",
        hint="check the bucket, its region and the credentials",
    ):
        open_destination("s3://bucket/log").read(["checkpoint"], max_bytes=9)


def test_any_store_that_fsspec_knows_will_do() -> None:
    place = open_destination(f"memory://{uuid.uuid4()}/log")
    store = make_store(LOG, 3)
    for size in (3, 300, 600):
        extend(store, LOG, size)
        publish(store, place, log_keys=[LOG.key])
    log = PublishedLog(place, keys=[LOG.key])
    assert list(log.entries(0, 600)) == [body(number) for number in range(600)]
    assert place.read(["tile/0/000.p/3"], max_bytes=99) == [None]
    place.remove_all("nothing")


def test_an_unknown_scheme_is_refused() -> None:
    with refused(InputError, "address: expected a path, or one that starts with s3://, got nowhere://", code="url"):
        open_destination("nowhere://bucket")


@pytest.mark.parametrize("missing", ["fsspec", "s3fs"])
def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    registry = pytest.importorskip("fsspec.registry")
    monkeypatch.delitem(registry._registry, "s3", raising=False)
    for module in ("fsspec.core", "fsspec") if missing == "fsspec" else ("s3fs",):
        monkeypatch.setitem(sys.modules, module, None)
    with refused(
        MissingExtraError,
        "address: s3:// needs packages that are not installed",
        hint="pip install 'headshot-provenance[s3]'",
    ):
        BucketPlace("s3://bucket/log")
