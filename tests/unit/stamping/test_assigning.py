from collections.abc import Callable
from pathlib import Path

import pytest
from support.refusals import refused

from provenance.errors import InputError, RefusedError
from provenance.stamping.assigning import MAX_TABLE_BYTES, from_file_name, from_folder, from_table, parse_table

CODE, OTHER = "8F3K-QX2P", "0000-ZZZZ"
ALONE = "stamp it by itself with --consent CODE"


def known(*codes: str) -> Callable[[str], bool]:
    return {*codes}.__contains__


@pytest.mark.parametrize("name", [f"{CODE}.jpg", f"Zoë {CODE} 0001.jpg", f"IMG_0001_{CODE}_b.jpg", f"({CODE}).jpg"])
def test_a_code_is_found_in_a_file_name(name: str) -> None:
    assert from_file_name(Path("export") / name, known=known(CODE)) == (CODE,)


def test_what_is_like_a_code_and_is_none_is_passed_over() -> None:
    assert from_file_name(Path(f"2026-1127 {CODE}.jpg"), known=known(CODE)) == (CODE,)


@pytest.mark.parametrize(
    "name", ["IMG_0001.jpg", f"{CODE}0.jpg", f"x{CODE}.jpg", f"{CODE.lower()}.jpg", f"{OTHER}.jpg"]
)
def test_a_file_name_without_a_known_code_says_nothing(name: str) -> None:
    message = "nothing says who is shown: no code of a consent in its name"
    with refused(RefusedError, message, code="consent-unnamed", hint=ALONE):
        from_file_name(Path(name), known=known(CODE))


def test_a_file_name_tells_of_everyone_shown() -> None:
    assert from_file_name(Path(f"{CODE} {OTHER} {CODE}.jpg"), known=known(CODE, OTHER)) == (CODE, OTHER)


def test_the_innermost_folder_with_a_code_counts() -> None:
    path = Path("shoot") / f"Zoë {CODE}" / "selects" / "0001.jpg"
    assert from_folder(path, root=Path("shoot"), known=known(CODE)) == (CODE,)
    assert from_folder(Path(f"{OTHER}/{CODE}/1.jpg"), root=Path(OTHER), known=known(CODE, OTHER)) == (CODE,)
    assert from_folder(Path(f"{CODE}/1.jpg"), root=Path(CODE), known=known(CODE)) == (CODE,)


def test_a_folder_above_the_one_that_was_named_says_nothing() -> None:
    path = Path(CODE) / "shoot" / "0001.jpg"
    message = "nothing says who is shown: no code of a consent in the names of its folders"
    with refused(RefusedError, message, code="consent-unnamed", hint=ALONE):
        from_folder(path, root=Path(CODE) / "shoot", known=known(CODE))


def test_two_codes_in_the_name_of_a_folder_are_not_chosen_from() -> None:
    name = f"{CODE} {OTHER}"
    message = f"expected one consent in the name of its folder {name!r}, got 2"
    hint = "name who is in it: --consent CODE for each, in the file's own name, or in a table"
    with refused(RefusedError, message, code="consent-ambiguous", hint=hint):
        from_folder(Path(name) / "1.jpg", root=Path(name), known=known(CODE, OTHER))


@pytest.mark.parametrize(
    "text",
    [
        f"file,consent\na.jpg,{CODE}\n",
        f"\ufefffile;consent\r\na.jpg;{CODE}\r\n\r\n",
        f"Consent\tPerson\t File\n{CODE.lower()}\tZoë, the first\ta.jpg\n",
        f'file,consent\n"a.jpg","{CODE}"\n./a.jpg,{CODE}\n',
    ],
)
def test_a_table_names_the_consent_of_each_file(text: str, tmp_path: Path) -> None:
    table = parse_table(text.encode(), name="shoot.csv", folder=tmp_path)
    assert table == {tmp_path / "a.jpg": (CODE,)}
    assert from_table(tmp_path / "x" / ".." / "a.jpg", table) == (CODE,)


def test_a_table_names_several_people_in_one_picture(tmp_path: Path) -> None:
    text = f"file,consent\na.jpg,{CODE} + {OTHER.lower()}+{CODE}\n"
    assert parse_table(text.encode(), name="shoot.csv", folder=tmp_path) == {tmp_path / "a.jpg": (CODE, OTHER)}


def test_a_second_row_of_a_file_is_no_second_person(tmp_path: Path) -> None:
    text = f"file,consent\na.jpg,{CODE}\na.jpg,{OTHER}\n"
    hint = "of several people in one picture, write the codes into one row, with a plus sign between them"
    with refused(InputError, "shoot.csv: row 3: names a file with a second consent", code="table", hint=hint):
        parse_table(text.encode(), name="shoot.csv", folder=tmp_path)


def test_a_file_that_is_not_in_the_table_has_no_consent(tmp_path: Path) -> None:
    with refused(RefusedError, "nothing says who is shown: it is not in the table", code="consent-unnamed", hint=ALONE):
        from_table(tmp_path / "a.jpg", {})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "expected a first row with the columns file and consent"),
        (b"name,consent\n", "expected a first row with the columns file and consent"),
        (b"file,file,consent\n", "expected a first row with the columns file and consent"),
        (b"file,consent\na.jpg\n", "row 2: expected 2 columns, got 1"),
        (b"file,consent\na.jpg,soon\n", "row 2: consent code: expected 8 letters and digits such as 8F3K-QX2P"),
        (b"file,consent\na\0.jpg,8F3K-QX2P\n", "row 2: expected the name of a file"),
        (b"file,consent\n,8F3K-QX2P\n", "row 2: expected the name of a file"),
        (b'file,consent\n"a.jpg,8F3K-QX2P\n', "expected csv: unexpected end of data"),
        (b"file,consent\na.jpg,8F3K-QX2P+\n", "row 2: consent code: expected 8 letters and digits such as 8F3K-QX2P"),
        (b"file,consent\n\xff\n", "expected text in utf-8"),
        (b"x" * (MAX_TABLE_BYTES + 1), f"expected at most {MAX_TABLE_BYTES} bytes, got {MAX_TABLE_BYTES + 1}"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_with_its_row(data: bytes, message: str, tmp_path: Path) -> None:
    with refused(InputError, f"shoot.csv: {message}", code="table"):
        parse_table(data, name="shoot.csv", folder=tmp_path)
