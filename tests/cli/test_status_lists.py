"""`consent publish-status`, and `verify --status` by somebody who has the list alone."""

import contextlib
from pathlib import Path

from support.addresses import answering
from support.commands import Terminal
from support.workshops import Workshop

from provenance.status_lists import MAX_TOKEN_BYTES


def elsewhere(terminal: Terminal, workshop: Workshop, *more: str) -> list[str]:
    """Return how somebody outside of the studio checks its picture."""
    if not Path("studio.pem").exists():
        assert terminal("trust", "export", "-o", "studio.pem").code == 0
    outside = workshop.path.parent / "outside"
    outside.mkdir(exist_ok=True)
    for source in (workshop.stamped, Path("studio.pem"), Path("public/0.jwt")):
        (outside / source.name).write_bytes(source.read_bytes())
    return ["verify", str(outside / "portrait.jpg"), "--trust", str(outside / "studio.pem"), *more, "--json"]


def test_a_list_is_written_and_answers_for_whoever_holds_a_picture(terminal: Terminal, workshop: Workshop) -> None:
    terminal("consent", "publish-status", "-o", "public").says(0, "public/0.jwt: 1 stamp, entry 4\n")
    (document,) = terminal("consent", "publish-status", "-o", "public", "--json").documents()
    assert (document["list"], document["output"], document["entry"]) == (0, "public/0.jwt", 5)
    command = elsewhere(terminal, workshop, "--for", "publish.web")
    studioless = workshop.path.parent / "outside"
    with contextlib.chdir(studioless):
        (unknown,) = terminal(*command).documents()
        (listed,) = terminal(*command, "--status", "0.jwt").documents()
        with answering(Path("0.jwt").read_bytes(), path="/0.jwt") as url:
            (fetched,) = terminal(*command, "--status", url).documents()
    assert [report["verdict"] for report in (unknown, listed, fetched)] == ["INDETERMINATE", "PASSED", "PASSED"]


def test_what_was_withdrawn_is_learned_from_the_next_list(terminal: Terminal, workshop: Workshop) -> None:
    assert terminal("consent", "withdraw", "--secret", workshop.secret).code == 0
    assert terminal("consent", "publish-status", "-o", "public").code == 0
    command = elsewhere(terminal, workshop)
    with contextlib.chdir(workshop.path.parent / "outside"):
        ran = terminal(*command, "--status", "0.jwt")
    assert (ran.code, ran.documents()[0]["consent"]["now"]["code"]) == (1, "withdrawn")


def test_without_a_stamp_there_is_nothing_to_publish(terminal: Terminal, nowhere: Path) -> None:
    assert terminal("init", "bare", "--name", "Bare", "--no-passphrase").code == 0
    terminal("consent", "publish-status", "-o", "public", "--studio", "bare").says(
        0, "", "There is no stamp yet, and so no list.\n"
    )
    assert not Path("public").exists()


def test_what_cannot_be_written_is_told(terminal: Terminal, workshop: Workshop) -> None:
    terminal("consent", "publish-status", "-o", "/proc/public").refuses(
        3, "0.jwt: cannot be written: no such file or directory"
    )


def test_what_is_no_list_is_refused_before_anything_is_checked(terminal: Terminal, workshop: Workshop) -> None:
    hint = "ask the studio for its status list"
    verify = ["verify", "stamped/portrait.jpg", "--status"]
    terminal(*verify, "portrait.jpg").refuses(
        3, "portrait.jpg: status list: expected a signed token, got something else", hint
    )
    terminal(*verify, "none.jwt").refuses(3, "none.jwt: no such file")
    with answering(b"gone", status=404, path="/0.jwt") as url:
        terminal(*verify, url).refuses(3, f"{url}: expected status 200, got 404")
    with answering(b"e30.e30.", path="/0.jwt") as url:
        terminal(*verify, url).refuses(3, f"{url}: status list: expected a token of type statuslist+jwt", hint)
    with answering(bytes(MAX_TOKEN_BYTES + 1), path="/0.jwt") as url:
        assert terminal(*verify, url).code == 3


def test_why_a_list_was_not_used_is_told(terminal: Terminal, workshop: Workshop) -> None:
    assert terminal("init", "other", "--name", "Other", "--no-passphrase").code == 0
    made = terminal(
        "consent", "new", "--subject", "Ann", "--permit", "capture", "--typed", "--json", "--studio", "other"
    )
    code = str(made.documents()[0]["code"])
    stamp = ["stamp", "portrait.jpg", "--as", "camera", "--consent", code, "-o", "theirs", "--studio", "other"]
    assert terminal(*stamp).code == 0
    assert terminal("consent", "publish-status", "-o", "public", "--studio", "other").code == 0
    command = elsewhere(terminal, workshop)
    with contextlib.chdir(workshop.path.parent / "outside"):
        ran = terminal(*command[:-1], "--status", "0.jwt")
    assert ran.code == 3
    assert "The status list is of other pictures, and was not used." in " ".join(ran.out.split())
