from pathlib import Path

from support.commands import Terminal
from support.pictures import draw_jpeg
from support.workshops import Workshop

WHERE = "say where it goes: either -o FOLDER or --in-place"


def test_a_withdrawal_is_written_into_the_files_that_are_still_held(terminal: Terminal, workshop: Workshop) -> None:
    notice = ["stamp", "notice", "stamped"]
    terminal(*notice, "--in-place").says(
        1,
        "refused         stamped/portrait.jpg: there is nothing to tell: the stamp stands as it was made\n",
        "1 refused\n",
    )
    assert terminal("consent", "withdraw", "--secret", workshop.secret).code == 0
    terminal(*notice, "-o", "told").says(0, "noticed         told/portrait.jpg: consent-withdrawn\n", "1 noticed\n")
    terminal(*notice, "-o", "told").says(
        1,
        "refused         stamped/portrait.jpg: there is another file of this name at the destination\n",
        "hint: choose another folder with -o\n1 refused\n",
    )
    terminal(*notice, "--in-place").says(0, "noticed         stamped/portrait.jpg: consent-withdrawn\n", "1 noticed\n")
    terminal(*notice, "--in-place").says(
        0, "already-noticed stamped/portrait.jpg: consent-withdrawn\n", "1 already-noticed\n"
    )
    assert Path("stamped/portrait.jpg").read_bytes() != Path("told/portrait.jpg").read_bytes()
    (document,) = terminal(*notice, "--in-place", "--json").documents()
    assert (document["outcome"], document["says"]) == ("already-noticed", "consent-withdrawn")


def test_one_file_that_is_refused_does_not_stop_the_others(terminal: Terminal, workshop: Workshop) -> None:
    assert terminal("consent", "withdraw", "--secret", workshop.secret).code == 0
    draw_jpeg(Path("stamped/bare.jpg"), seed=3)
    documents = terminal("stamp", "notice", "stamped", "none.jpg", "--in-place", "--json").documents()
    assert [(one["file"], one["outcome"]) for one in documents] == [
        ("stamped/bare.jpg", "refused"),
        ("stamped/portrait.jpg", "noticed"),
        ("none.jpg", "failed"),
    ]


def test_it_has_to_be_said_where_the_files_go(terminal: Terminal, workshop: Workshop) -> None:
    for options in ([], ["-o", "told", "--in-place"]):
        terminal("stamp", "notice", "stamped", *options).refuses(2, WHERE, "see provenance stamp notice --help")
