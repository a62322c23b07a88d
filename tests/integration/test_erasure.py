"""After an erasure no byte of the person's data is left: the files are read, not the program's word for it."""

import base64
import dataclasses
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from support.commands import environment
from support.pictures import draw_jpeg
from support.postgres import Server
from support.studios import USE, make_studio, open_keys, stamped, verify
from support.traces import base64_cores, forms

from provenance.consent.grants import decide
from provenance.consent.scopes import Scope
from provenance.credentials.manifest import Declaration
from provenance.stamping.interface import PendingStamp
from provenance.storage.interface import FingerprintRow
from provenance.studio import ConsentDesk, Recorded, Studio, StudioStampDesk, Subject
from provenance.studio.erasing import ErasureDesk
from provenance.studio.logbook import Logbook
from provenance.studio.moving import MOVED_FILE, move_studio

INK = b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M1717 2323L4242 9191"/></svg>' + bytes(9000)
SCAN = b"%PDF-1.7\n" + os.urandom(60_000)
PERSONAL = {
    "latin": "Maria-Testname Ünikat",
    "japanese": "山田太郎花子",
    "arabic": "فاطمة الزهراء بنت محمد",
    "cyrillic": "Владимир Неповторимый",
    "email": "maria.unikat@example.org",
    "phone": "+49 30 5551717232",
    "address": "Unverwechselbare Gasse 17, 10999 Berlin",
    "initials": "M.-T.Ü. (unikat)",
    "witness": "Wendelin Augenzeuge",
    "recipient": "Presse-Unikat Verlag",
    "reason": "I took it myself, with the old Leica of my aunt",
}
SIGNED = Subject(
    f"{PERSONAL['latin']} {PERSONAL['japanese']}",
    email=PERSONAL["email"],
    phone=PERSONAL["phone"],
    address=PERSONAL["address"],
    born=date(1987, 6, 5),
    witness=PERSONAL["witness"],
    initials={Scope.AI_GENERATE: PERSONAL["initials"]},
    details={
        "shoot_location": PERSONAL["arabic"],
        "shoot_description": PERSONAL["cyrillic"],
        "representation": "union: Verband der Unikate",
    },
    ink=INK,
)


def pieces(data: bytes) -> list[bytes]:
    """Return all of `data`, cut small enough that no page of a database holds half of each."""
    return [data[place : place + 24] for place in range(0, max(1, len(data) - 23), 24)]


def binary_forms(data: bytes) -> set[bytes]:
    """Return pieces of a file in every form in which it could lie in another."""
    middle = data[16:40]
    return {*pieces(data)[:40], middle.hex().encode(), *base64_cores(middle)}


@dataclass(frozen=True)
class Scene:
    """A studio in which a consent was recorded and used, and where its bytes lie.

    Attributes:
        studio: the studio.
        recorded: signed on the device, with ink.
        scanned: signed on paper, of the same person.
        picture: stamped under the first.
        read: returns every byte that the studio and its database have, by file.
    """

    studio: Studio
    recorded: Recorded
    scanned: Recorded
    picture: Path
    read: Callable[[], Mapping[str, bytes]]

    @property
    def both(self) -> tuple[Recorded, Recorded]:
        return self.recorded, self.scanned

    def sealed(self, *, personal: bool) -> dict[str, bytes]:
        """Return the ciphertexts that a plain erasure destroys, or those that only a full one does."""
        found: dict[str, bytes] = {}
        for which, recorded in enumerate(self.both):
            record_id = recorded.record.record_id
            for name in self.studio.database.sealed_names(record_id):
                if personal == (name in ("disclosures", "scan") or name.endswith("-disclosures")):
                    found[f"{which} {name}"] = self.studio.database.sealed(record_id, name) or b""
            stamps = self.studio.database.find_stamps_under(record_id)
            if personal:
                kept = self.studio.database.fingerprints_showing(record_id)
                found |= {f"{which} fingerprint {row.entry_index} {row.part}": row.code for row in kept}
                found |= {f"{which} note {stamp.key.hex()}": stamp.note for stamp in stamps if stamp.note is not None}
            else:
                found[f"{which} data key"] = self.studio.database.wrapped_key(record_id) or b""
        assert all(found.values())
        return found

    def lying_about(self, wanted: Mapping[str, bytes]) -> set[str]:
        """Return which of these ciphertexts lie somewhere, in whole or in part."""
        files = self.read()
        return {
            name
            for name, data in wanted.items()
            if any(piece in content for piece in pieces(data) for content in files.values())
        }

    def readable(self) -> set[str]:
        """Return which personal data lie somewhere, in any form."""
        files = self.read()
        wanted = {name: forms(text) for name, text in PERSONAL.items()}
        wanted |= {"ink": binary_forms(INK[:80]), "scan": binary_forms(SCAN), "born": forms("1987-06-05")}
        return {
            name for name, shapes in wanted.items() if any(form in data for form in shapes for data in files.values())
        }


def folder_of(path: Path) -> dict[str, bytes]:
    keys = path / "keys"
    return {str(file): file.read_bytes() for file in path.rglob("*") if file.is_file() and keys not in file.parents}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    path = tmp_path / "studio"
    make_studio(path).close()
    if request.param == "sqlite":
        with closing(Studio(path)) as studio:
            yield _play(studio, tmp_path, lambda: folder_of(path))
        return
    server: Server = request.getfixturevalue("postgres")
    with server.database() as name:
        move_studio(path, server.url(name), told=lambda done, total: None)
        (path / MOVED_FILE).unlink()
        ((oid,),) = server.run(f"SELECT oid FROM pg_database WHERE datname = '{name}'")
        base = server.folder / "data" / "base" / str(oid)

        def read() -> dict[str, bytes]:
            # What is written lies in memory until then. The server's own log is its keeper's to expire.
            server.run("CHECKPOINT", name)
            return folder_of(path) | {str(file): file.read_bytes() for file in base.iterdir()}

        with closing(Studio(path)) as studio:
            yield _play(studio, tmp_path, read)


def _play(studio: Studio, folder: Path, read: Callable[[], Mapping[str, bytes]]) -> Scene:
    desk = ConsentDesk(studio, open_keys(studio))
    today = studio.clock.now().date()
    grants = decide(
        permit=[Scope.CAPTURE, Scope.AI_GENERATE],
        deny=[],
        since=today,
        until=today + timedelta(days=99),
        territory=[],
        use=USE,
    )
    recorded = desk.record(SIGNED, grants)
    scanned = desk.record(dataclasses.replace(SIGNED, ink=None, scan=SCAN), grants)
    desk.note(recorded, "disclosed", recipient=PERSONAL["recipient"])
    source = draw_jpeg(folder / "source.jpg")
    picture = stamped(studio, source, folder / "stamped.jpg", code=recorded.code)
    for number, consent in enumerate((recorded, scanned)):
        _stamp_with_reason(studio, number, consent)
    stamps = studio.database.stamps_of_entries(0, 100)
    studio.database.add_fingerprints([FingerprintRow(row.entry_index, "full", os.urandom(32)) for row in stamps])
    for consent in (recorded, scanned):
        (studio.path / "receipts" / f"{consent.code}.json").write_bytes(desk.receipt(consent).to_bytes())
    return Scene(studio, desk.find(recorded.code), scanned, picture, read)


def _stamp_with_reason(studio: Studio, number: int, recorded: Recorded) -> None:
    key = bytes([number]) * 32
    record_id = recorded.record.record_id
    pending = PendingStamp(key, key, Declaration.CAMERA, {record_id: key[::-1]}, confirmation=PERSONAL["reason"])
    StudioStampDesk(open_keys(studio)).log([pending])


@pytest.mark.parametrize("full", [False, True], ids=["plain", "full"])
def test_no_byte_of_the_persons_data_is_left(scene: Scene, full: bool) -> None:
    personal, others = scene.sealed(personal=True), scene.sealed(personal=False)
    assert len(personal) == 10
    assert scene.readable() == set()
    assert scene.lying_about(personal) == set(personal)
    assert scene.lying_about(others) == set(others)
    before = verify(scene.studio, scene.picture)
    desk = ErasureDesk(scene.studio, open_keys(scene.studio))
    for recorded in scene.both:
        report = desk.erase(recorded, full=full)
        assert report.proof is not None
        assert (report.outcome, report.proof.clean, report.proof.left_out) == ("erased", True, ())
    assert scene.lying_about(personal) == set()
    assert scene.lying_about(others) == (set() if full else set(others))
    assert scene.readable() == set()
    receipts = sorted(path.stem for path in (scene.studio.path / "receipts").iterdir())
    assert receipts == ([] if full else sorted(recorded.code for recorded in scene.both))
    after = verify(scene.studio, scene.picture)
    assert (after.verdict, after.ledger, after.consent_then) == (before.verdict, before.ledger, before.consent_then)
    assert "erased" in after.consent_now.facts
    assert Logbook(scene.studio).audit().entries == 13


@pytest.mark.parametrize("name", [*PERSONAL, "ink", "scan", "born"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "base64", "hex"])
def test_the_search_of_this_test_finds_what_is_there(tmp_path: Path, name: str, encoding: str) -> None:
    data = {"ink": INK[:80], "scan": SCAN, "born": b"1987-06-05"}.get(name) or PERSONAL[name].encode()
    if encoding == "utf-16-le" and name in PERSONAL:
        data = PERSONAL[name].encode("utf-16-le")
    elif encoding == "base64":
        data = base64.b64encode(b"{" + data)
    elif encoding == "hex":
        data = data.hex().encode()
    (tmp_path / "leak").write_bytes(b"..." + data + b"...")
    leaking = Scene(None, None, None, tmp_path, lambda: folder_of(tmp_path))  # type: ignore[arg-type]
    assert name in leaking.readable()


# --- killed

_WORKER = """
import sys, time
from pathlib import Path
from provenance.storage.database import Database
from provenance.studio import Studio
from provenance.studio.erasing import ErasureDesk

def pause(self):
    print("COMMITTED", flush=True)
    time.sleep(600)

Database.scrub = pause
studio = Studio(Path(sys.argv[1]))
desk = ErasureDesk(studio, studio.unlock(None))
desk.erase(desk.find(sys.argv[2]), full=True)
"""


@pytest.mark.slow
def test_killed_between_the_commit_and_the_files_it_is_finished_by_running_it_again(scene: Scene) -> None:
    personal = scene.sealed(personal=True)
    mine = {name: data for name, data in personal.items() if name.startswith("0 ")}
    command = [sys.executable, "-c", _WORKER, str(scene.studio.path), scene.recorded.code]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment({"PYTHONPATH": ":".join(sys.path)}))
    assert process.stdout is not None
    assert process.stdout.readline() == b"COMMITTED\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert scene.lying_about(mine)
    desk = ErasureDesk(scene.studio, open_keys(scene.studio))
    report = desk.erase(desk.find(scene.recorded.code), full=True)
    assert (report.outcome, report.entries) == ("already-erased", None)
    assert report.proof is not None
    assert report.proof.clean
    assert scene.lying_about(mine) == set()
    assert desk.disclosures(scene.scanned)["email"] == PERSONAL["email"]
