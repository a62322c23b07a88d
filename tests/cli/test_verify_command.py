"""`provenance verify`: the card that people read, the documents that programs read, and the exit code."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.commands import Terminal, folded
from support.makers import Maker
from support.pictures import draw_jpeg, draw_png, with_changed_pixels, with_segment
from support.workshops import Workshop

from provenance.consent.scopes import Scope
from provenance.consent.vocabulary import MEDIA
from provenance.credentials.origin import TRAINED_MEDIA

PASSED = """\
stamped/portrait.jpg
  PASSED         Intact, from an issuer whom you trust, in the ledger, and with
                 consent to {scope}.
  Credential     Verified. Issued by Studio Lumen, whom you trust; nothing has
                 changed since.
  Origin         Camera-captured. Studio Lumen states that this was taken with a
                 camera.
  Ledger         In the ledger. Entry 3 of the log
                 <log> covers it.
  Consent then   Consent in force. When it was stamped: the grant capture says
                 permit.
  Consent now    Consent in force. The grant {scope} says permit.
  Note           Whether the certificate was revoked was not checked.
"""
STRANGER = """\
portrait.jpg
  INDETERMINATE  Nothing has changed since it was issued, but it cannot be
                 confirmed who Studio Lumen is.
  Credential     Intact, issuer not recognised. Nothing has changed since it was
                 issued, but it cannot be confirmed who Studio Lumen is.
  Origin         Camera-captured. Studio Lumen states that this was taken with a
                 camera.
  Ledger         In the ledger. Entry 3 of the log
                 <log> covers it.
  Consent then   Consent in force. The studio states, and logged, that a signed
                 consent (drawn) covered capture.
  Consent now    Consent not known. Whether the consent still stands is not
                 known, as nobody who holds it was asked.
  Note           The log's key is known from the credential only.
"""
TRUSTED = """\
portrait.jpg
  INDETERMINATE  Whether the consent still stands is not known, as nobody who
                 holds it was asked.
  Credential     Verified. Issued by Studio Lumen, whom you trust; nothing has
                 changed since.
  Origin         Camera-captured. Studio Lumen states that this was taken with a
                 camera.
  Ledger         In the ledger. Entry 3 of the log
                 <log> covers it.
  Consent then   Consent in force. The studio states, and logged, that a signed
                 consent (drawn) covered capture.
  Consent now    Consent not known. Whether the consent still stands is not
                 known, as nobody who holds it was asked.
  Note           Whether the certificate was revoked was not checked.
"""
CHANGED = """\
changed.jpg
  FAILED         This file is not as it was when Studio Lumen issued its
                 credential. Do not rely on it.
  Credential     Changed after stamping. This file is not as it was when Studio
                 Lumen issued its credential. Do not rely on it.
"""
EDITED = """\
edited.jpg
  INDETERMINATE  The picture data are those that Studio Lumen stamped; its text,
                 colour profile or orientation may have been edited since. It
                 cannot be confirmed who Studio Lumen is.
  Credential     Picture data unchanged, details edited. The picture data are
                 those that Studio Lumen stamped; its text, colour profile or
                 orientation may have been edited since. It cannot be confirmed
                 who Studio Lumen is.
"""
WITHOUT = """\
plain.jpg
  INDETERMINATE  No credential in this file says where it comes from. That is
                 common and proves nothing.
  Credential     No credential. No credential in this file says where it comes
                 from. That is common and proves nothing.
"""
MISSING = """\
none.jpg
  INDETERMINATE  No such file.
  Credential     Could not check. No such file.
"""
NAME_THE_USE = "hint: name the use that you plan, such as --for publish.web: this checked what the stamp names\n"
ASK_FOR_TRUST = "hint: if you know this issuer, ask for its trust file, and add --trust FILE\n"
ASK_THE_STUDIO = "hint: ask the studio for its status list, and add --status FILE, before you publish\n"
ASK_FOR_THE_FILE = (
    "hint: ask for the file as it was stamped; a studio stamps an edited one anew with provenance restamp\n"
)
ASK_FOR_THE_ORIGINAL = "hint: ask the photographer for the stamped original\n"


@pytest.fixture
def outside(workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder outside the studio, to be in, with the stamped picture and the studio's trust file."""
    folder = tmp_path / "outside"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "portrait.jpg").write_bytes(workshop.stamped.read_bytes())
    return folder


@pytest.fixture
def trust_file(terminal: Terminal, workshop: Workshop, outside: Path) -> Path:
    path = outside / "lumen.pem"
    assert terminal("trust", "export", "-o", path, "--studio", workshop.path).code == 0
    return path


# --- the card


def test_the_studio_reads_that_its_stamp_is_right(terminal: Terminal, workshop: Workshop) -> None:
    terminal("verify", "stamped/portrait.jpg").says(0, PASSED.format(scope="capture"), NAME_THE_USE)
    options = ["--for", "publish.web", "--territory", "de"]
    terminal("verify", "stamped/portrait.jpg", *options).says(0, PASSED.format(scope="publish.web"))


def test_a_stranger_reads_what_is_open_and_what_to_do(terminal: Terminal, outside: Path) -> None:
    terminal("verify", "portrait.jpg").says(3, STRANGER, ASK_FOR_TRUST)


def test_whoever_trusts_the_studio_reads_what_is_still_open(
    terminal: Terminal, outside: Path, trust_file: Path
) -> None:
    terminal("verify", "portrait.jpg", "--trust", "lumen.pem").says(3, TRUSTED, ASK_THE_STUDIO)
    another = outside / "another.pem"
    another.write_text(Maker().anchors.pem)
    for files in (["lumen.pem", "another.pem"], ["another.pem", "lumen.pem"]):
        options = [option for name in files for option in ("--trust", name)]
        terminal("verify", "portrait.jpg", *options).says(3, TRUSTED, ASK_THE_STUDIO)


def test_a_trust_file_of_somebody_else_recognises_nobody(terminal: Terminal, outside: Path) -> None:
    (outside / "another.pem").write_text(Maker().anchors.pem)
    ran = terminal("verify", "portrait.jpg", "--trust", "another.pem")
    assert (ran.code, ran.err) == (3, ASK_FOR_TRUST)
    assert "Intact, issuer not recognised." in ran.out


def test_a_file_that_was_changed_fails_and_nothing_that_it_says_is_shown(
    terminal: Terminal, workshop: Workshop
) -> None:
    Path("changed.jpg").write_bytes(with_changed_pixels(workshop.stamped.read_bytes()))
    terminal("verify", "changed.jpg").says(1, CHANGED)


def test_a_picture_of_which_only_the_caption_was_edited_is_told_from_one_that_was_changed(
    terminal: Terminal, outside: Path
) -> None:
    Path("edited.jpg").write_bytes(with_segment((outside / "portrait.jpg").read_bytes(), 0xFE, b"At the harbour"))
    ran = terminal("verify", "edited.jpg")
    assert (ran.code, ran.err) == (3, ASK_FOR_THE_FILE)
    assert ran.out.startswith(EDITED)


def test_a_use_that_is_denied_fails(terminal: Terminal, workshop: Workshop) -> None:
    ran = terminal("verify", "stamped/portrait.jpg", "--for", "mine")
    assert (ran.code, ran.err) == (1, "")
    assert "  FAILED         The grant mine says deny.\n" in ran.out
    assert "  Consent now    Consent does not cover this use. The grant mine says deny.\n" in ran.out


def test_a_file_without_a_credential_is_not_called_false(terminal: Terminal, workshop: Workshop) -> None:
    draw_jpeg(Path("plain.jpg"), seed=5)
    terminal("verify", "plain.jpg").says(3, WITHOUT, ASK_FOR_THE_ORIGINAL)


def test_an_ai_picture_is_told_to_need_a_label(terminal: Terminal, workshop: Workshop) -> None:
    draw_jpeg(Path("drawn.jpg"), exif=False, seed=6)
    assert terminal("stamp", "drawn.jpg", "--as", "ai-generated", "--synthetic-person").code == 0
    ran = terminal("verify", "stamped/drawn.jpg")
    assert (ran.code, ran.err) == (0, "")
    label = "  Label          AI GENERATED. AI made this picture; in the EU that may have to\n"
    assert f"{label}                 be disclosed where it is shown (AI Act, Article 50).\n" in ran.out
    document = terminal("verify", "stamped/drawn.jpg", "--json").document()
    assert document["label"] == {
        "wording": "AI GENERATED",
        "reason": "AI made this picture; in the EU that may have to be disclosed where it is shown"
        " (AI Act, Article 50).",
    }


def test_a_credential_of_another_maker_links_to_no_consent(terminal: Terminal, nowhere: Path) -> None:
    maker = Maker("Camera Maker")
    Path("maker.pem").write_text(maker.anchors.pem)
    Path("photo.jpg").write_bytes(maker.sign(draw_jpeg(Path("plain.jpg")).read_bytes(), source_type=TRAINED_MEDIA))
    ran = terminal("verify", "photo.jpg", "--trust", "maker.pem")
    assert (ran.code, ran.err) == (3, "")
    assert "  Consent        No consent linked. The file refers to no consent.\n" in ran.out
    assert "  Origin         AI-generated." in ran.out


def test_a_picture_made_from_one_without_a_credential_tells_its_history(terminal: Terminal, nowhere: Path) -> None:
    plain = draw_jpeg(Path("plain.jpg")).read_bytes()
    Path("photo.jpg").write_bytes(Maker().sign(plain, parent=True))
    ran = terminal("verify", "photo.jpg")
    assert "  History        History not known. Something it was made from carries no\n" in ran.out


# --- several files, documents, exit codes


@pytest.fixture
def files(workshop: Workshop) -> dict[str, str]:
    """Return a file for each verdict."""
    Path("changed.jpg").write_bytes(with_changed_pixels(workshop.stamped.read_bytes()))
    draw_jpeg(Path("plain.jpg"), seed=5)
    return {"passed": "stamped/portrait.jpg", "failed": "changed.jpg", "open": "plain.jpg"}


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (["passed"], 0),
        (["open"], 3),
        (["failed"], 1),
        (["passed", "passed"], 0),
        (["passed", "open"], 3),
        (["open", "passed"], 3),
        (["passed", "failed"], 1),
        (["open", "failed"], 1),
        (["failed", "open", "passed"], 1),
        (["passed", "open", "failed"], 1),
    ],
)
def test_of_several_files_the_worst_counts(
    terminal: Terminal, files: dict[str, str], order: list[str], code: int
) -> None:
    named = [files[word] for word in order]
    assert terminal("verify", *named).code == code
    ran = terminal("verify", *named, "--json")
    told = {"failed": "failed", "open": "indeterminate", "passed": "passed"}
    counts = [f"{order.count(word)} {said}" for word, said in told.items() if word in order]
    assert (ran.code, ran.err) == (code, " · ".join(counts) + "\n" if len(order) > 1 else "")
    assert [document["file"] for document in ran.documents()] == named


def test_several_cards_stand_apart(terminal: Terminal, files: dict[str, str]) -> None:
    ran = terminal("verify", *files.values(), "none.jpg")
    cards = [PASSED.format(scope="capture"), CHANGED, WITHOUT, MISSING]
    counts = "1 failed · 2 indeterminate · 1 passed\n"
    ran.says(1, "\n".join(cards), NAME_THE_USE + ASK_FOR_THE_ORIGINAL + counts)


@pytest.mark.parametrize("position", [1, 2])
def test_json_may_stand_before_and_after_the_files(terminal: Terminal, workshop: Workshop, position: int) -> None:
    arguments: list[str] = ["verify", "stamped/portrait.jpg"]
    arguments.insert(position, "--json")
    document = terminal(*arguments).document()
    assert (document["verdict"], document["file"]) == ("PASSED", "stamped/portrait.jpg")


def test_the_document_answers_for_the_time_that_is_asked_about(terminal: Terminal, workshop: Workshop) -> None:
    for at, checked_at in (
        ("2999-01-01", "2999-01-01T00:00:00Z"),
        ("2999-01-01T10:30Z", "2999-01-01T10:30:00Z"),
        ("2999-01-01T10:30:15Z", "2999-01-01T10:30:15Z"),
    ):
        document = terminal("verify", "stamped/portrait.jpg", "--at", at, "--json").document()
        assert (document["checked_at"], document["verdict"]) == (checked_at, "PASSED")
    before = terminal("verify", "stamped/portrait.jpg", "--at", "2001-01-01", "--json")
    assert (before.code, before.document()["consent"]["now"]["code"]) == (3, "unknown")


# --- refusals


SEE_HELP = "see provenance verify --help"


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        (["--for", "flying"], "scope: expected a known one, got 'flying'", f"scopes: {', '.join(Scope)}"),
        (["--territory", "Germany"], "territory: expected two letters such as DE, or WORLD, got 'Germany'", SEE_HELP),
        (["--medium", "paper"], "medium: expected a known one, got 'paper'", f"known: {', '.join(MEDIA)}"),
        (
            ["--at", "now"],
            "time: expected a date or UTC time such as 2026-11-23 or 2026-11-23T21:07Z, got 'now'",
            SEE_HELP,
        ),
        (["--at", "2026-02-30"], "time: expected a real date, got '2026-02-30'", SEE_HELP),
    ],
)
def test_a_question_that_cannot_be_asked_is_wrong_use(
    terminal: Terminal, outside: Path, options: list[str], message: str, hint: str
) -> None:
    terminal("verify", "portrait.jpg", *options).refuses(2, message, hint)


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("none.pem", "none.pem: no such file", None),
        (".", ".: expected a file, got a directory", None),
        (
            "portrait.jpg",
            "portrait.jpg: expected certificates in pem form",
            "ask the issuer for a file that begins -----BEGIN",
        ),
    ],
)
def test_a_trust_file_that_cannot_be_read_is_told(
    terminal: Terminal, outside: Path, name: str, message: str, hint: str | None
) -> None:
    terminal("verify", "portrait.jpg", "--trust", name).refuses(3, message, hint)


def test_a_trust_file_with_another_key_of_the_log_contradicts(
    terminal: Terminal, workshop: Workshop, trust_file: Path
) -> None:
    # The same log's name, and the key of another studio.
    assert terminal("init", "other", "--name", "Other", "--no-passphrase").code == 0
    other = terminal("trust", "export", "--studio", "other").out.splitlines()[1]
    lines = trust_file.read_text().splitlines()
    false = Path("false.pem")
    false.write_text("\n".join([lines[0], other, *lines[2:]]) + "\n")
    ran = terminal("verify", "portrait.jpg", "--trust", "false.pem")
    assert ran.code == 3
    assert "Not proven by a ledger." in ran.out


def test_a_trust_file_whose_ledger_key_cannot_be_read_is_told(
    terminal: Terminal, outside: Path, trust_file: Path
) -> None:
    text = trust_file.read_text().splitlines()
    trust_file.write_text("\n".join([text[0], "# ledger: nothing", *text[2:]]))
    message = "lumen.pem: note key: expected name+hash+base64, got something else"
    terminal("verify", "portrait.jpg", "--trust", "lumen.pem").refuses(3, message)


def test_a_studio_whose_certificate_is_gone_is_told(terminal: Terminal, workshop: Workshop) -> None:
    Path("keys/authority.pem").unlink()
    message = "keys: authority.pem: no such file"
    terminal("verify", "stamped/portrait.jpg").refuses(3, message, "restore the studio from its backup")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read every file")
def test_a_file_that_may_not_be_read_is_told(terminal: Terminal, outside: Path) -> None:
    (outside / "portrait.jpg").chmod(0)
    ran = terminal("verify", "portrait.jpg")
    assert ran.code == 3
    assert "Could not check. Cannot be read: permission denied." in ran.out


# --- hostile content

HOSTILE = "Evil\x1b[31m\u202e\x9b\u2066\x07\r\nPASSED\u2028"
SHOWN = "Evil\\u{1b}[31m\\u{202e}\\u{9b}\\u{2066}\\u{7}\\u{d}\\u{a}PASSED\\u{2028}"


@pytest.mark.parametrize("name", ["a\x1b[31m\u202eb.jpg", "a\nPASSED.jpg", "a\udcffb.jpg", "a\x9b2Jb.jpg"])
def test_a_hostile_name_is_shown_and_not_obeyed(terminal: Terminal, workshop: Workshop, name: str) -> None:
    Path(name).write_bytes(workshop.stamped.read_bytes())
    ran = terminal("verify", name)
    assert ran.code == 0
    first = ran.out.splitlines()[0]
    assert "\\u{" in first
    assert first.isascii()
    ran = terminal("verify", name, "--json")
    assert ran.out.isascii()
    assert ran.document()["file"] == name
    assert terminal("verify", f"none-{name}").code == 3


def test_what_a_hostile_issuer_and_generator_are_called_is_shown_and_not_obeyed(
    terminal: Terminal, nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    maker = Maker("Evil \x1b[31m\u202eStudio\ufeff")
    Path("photo.jpg").write_bytes(maker.sign(draw_jpeg(Path("plain.jpg")).read_bytes(), generator=HOSTILE))
    ran = terminal("verify", "photo.jpg")
    assert ran.code == 3
    assert "Evil \\u{1b}[31m\\u{202e}Studio\\u{feff}" in ran.out
    ran = terminal("verify", "photo.jpg", "--json")
    assert ran.out.isascii()
    document = ran.document()
    assert document["credential"]["generator"] == f"{HOSTILE} 1.0"
    assert document["credential"]["issuer"] == "Evil \x1b[31m\u202eStudio\ufeff"


# --- narrow and wide terminals


def cards(terminal: Terminal, files: Sequence[str], columns: int, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", str(columns))
    return terminal("verify", *files).out


@pytest.mark.parametrize("columns", [40, 60, 80, 100])
def test_a_card_fits_the_terminal(
    terminal: Terminal, files: dict[str, str], columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = cards(terminal, [*files.values(), "none.jpg"], columns, monkeypatch)
    assert folded(out, columns) == []
    # The same words, wherever they are folded.
    expected = cards(terminal, [*files.values(), "none.jpg"], 80, monkeypatch)
    assert "".join(out.split()) == "".join(expected.split())


@pytest.mark.parametrize(("columns", "as_if"), [(1, 40), (20, 40), (500, 100)])
def test_a_card_is_neither_too_narrow_nor_too_wide_to_read(
    terminal: Terminal, files: dict[str, str], columns: int, as_if: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = cards(terminal, list(files.values()), columns, monkeypatch)
    assert found == cards(terminal, list(files.values()), as_if, monkeypatch)


def test_a_word_is_never_broken(terminal: Terminal, workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    log = terminal("ledger", "checkpoint").out.splitlines()[0]
    assert log in cards(terminal, ["stamped/portrait.jpg"], 40, monkeypatch)


# --- evidence in the file


def generated(name: str) -> bytes:
    """Return a picture that says in its metadata that AI made it."""
    return draw_png(Path(name), text={"Software": "Midjourney"}).read_bytes()


def test_marks_of_ai_are_noted_where_there_is_no_credential(terminal: Terminal, nowhere: Path) -> None:
    generated("made.png")
    ran = terminal("verify", "made.png")
    ran.says(
        3,
        WITHOUT.replace("plain.jpg", "made.png")
        + "  Note           The file's data say that AI made or changed it: tool.generator\n"
        + "                 in PNG tEXt at byte 33.\n",
        ASK_FOR_THE_ORIGINAL,
    )
    (finding,) = terminal("verify", "made.png", "--json").document()["findings"]
    assert (finding["step"], finding["code"]) == (7, "evidence-found")


def test_a_credential_that_the_file_contradicts_fails(terminal: Terminal, nowhere: Path) -> None:
    Path("signed.png").write_bytes(Maker("Somebody").sign(generated("made.png"), "image/png"))
    ran = terminal("verify", "signed.png")
    assert ran.code == 1
    assert "Origin         Origin in conflict. The credential says that a camera took this" in ran.out
    assert "FAILED         The credential says that a camera took this picture, but the" in ran.out
    assert "Note           The file's data say that AI made or changed it: tool.generator" in ran.out
    document = terminal("verify", "signed.png", "--json").document()
    assert (document["origin"]["code"], document["label_required"]) == ("conflict", None)
    assert [f["code"] for f in document["findings"] if f["step"] == 7] == ["evidence-contradicts"]
