from pathlib import Path

from support.commands import Terminal
from support.pictures import draw_jpeg
from support.workshops import Workshop

WHERE = "say where it goes: either -o FOLDER or --in-place"


def consent(terminal: Terminal, *more: str) -> str:
    made = terminal("consent", "new", "--subject", "山田太郎", "--permit", "capture", *more, "--typed", "--json")
    return str(made.documents()[0]["code"])


def test_a_later_consent_is_put_into_the_files_that_are_still_held(terminal: Terminal, workshop: Workshop) -> None:
    link = ["stamp", "link", "stamped", "--consent", consent(terminal, "--permit", "publish.web")]
    terminal(*link, "-o", "linked").says(0, "stamped         linked/portrait.jpg\n", "1 stamped\n")
    terminal(*link, "-o", "linked").says(
        1,
        "refused         stamped/portrait.jpg: there is another file of this name at the destination\n",
        "hint: choose another folder with -o\n1 refused\n",
    )
    terminal(*link, "--in-place").says(0, "stamped         stamped/portrait.jpg\n", "1 stamped\n")
    terminal(*link, "--in-place").says(0, "already-stamped stamped/portrait.jpg\n", "1 already-stamped\n")
    assert terminal("verify", "linked/portrait.jpg", "--for", "publish.web").code == 0
    (document,) = terminal(*link, "--in-place", "--json").documents()
    assert (document["outcome"], document["output"]) == ("already-stamped", "stamped/portrait.jpg")


def test_one_file_that_is_refused_does_not_stop_the_others(terminal: Terminal, workshop: Workshop) -> None:
    draw_jpeg(Path("stamped/bare.jpg"), seed=3)
    code = consent(terminal)
    documents = terminal("stamp", "link", "stamped", "none.jpg", "--consent", code, "--in-place", "--json").documents()
    assert [(one["file"], one["outcome"]) for one in documents] == [
        ("stamped/bare.jpg", "refused"),
        ("stamped/portrait.jpg", "stamped"),
        ("none.jpg", "failed"),
    ]


def test_what_cannot_be_written_is_told(terminal: Terminal, workshop: Workshop) -> None:
    terminal("stamp", "link", "stamped", "--consent", consent(terminal), "-o", "/proc/linked").says(
        3,
        "failed          stamped/portrait.jpg: cannot be written: no such file or directory\n",
        "1 failed\n",
    )


def test_it_has_to_be_said_where_the_files_go_and_which_consent(terminal: Terminal, workshop: Workshop) -> None:
    for options in ([], ["-o", "told", "--in-place"]):
        terminal("stamp", "link", "stamped", "--consent", "0000-0000", *options).refuses(
            2, WHERE, "see provenance stamp link --help"
        )
    terminal("stamp", "link", "stamped", "--in-place").refuses(
        2, "missing option '--consent'", "see provenance stamp link --help"
    )
