"""Two hundred people sign at once on one computer: no error, no lost record, a ledger that is whole."""

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.studios import make_studio
from support.web import Visitor, kiosk, secret_in

from provenance.studio import ConsentDesk, Logbook

PEOPLE = 200


@pytest.mark.slow
def test_two_hundred_people_sign_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    studio = make_studio(tmp_path / "studio")
    together = threading.Barrier(PEOPLE)

    def person(number: int) -> tuple[str, float]:
        visitor = Visitor(server)
        mark = visitor.mark("/sit/en")
        name = f"Person {number}"
        fields = {"mark": mark, "permit": ["capture"], "age": "adult", "name": name, "how": "typed", "typed": name}
        together.wait(60)
        begun = time.monotonic()
        answer = visitor.post("/sit/en/sign", fields)
        took = time.monotonic() - begun
        assert answer.status == 200, answer.data[:200]
        return secret_in(answer.data), took

    with kiosk(studio) as server, ThreadPoolExecutor(PEOPLE) as people:
        begun = time.monotonic()
        found = list(people.map(person, range(PEOPLE)))
        seconds = time.monotonic() - begun
    secrets, times = {secret for secret, _ in found}, sorted(took for _, took in found)
    assert len(secrets) == PEOPLE
    desk = ConsentDesk(studio, studio.unlock(None))
    names = {desk.disclosures(desk.find_by_secret(secret))["legal_name"] for secret in secrets}
    assert names == {f"Person {number}" for number in range(PEOPLE)}
    assert Logbook(studio).audit().entries == 1 + 2 * PEOPLE
    studio.close()
    with capsys.disabled():
        print(
            f"\n{PEOPLE} people at once: {seconds:.1f} s in all, {PEOPLE / max(times):.0f} signatures a second; "
            f"half waited at most {statistics.median(times):.1f} s, everybody at most {times[-1]:.1f} s"
        )
