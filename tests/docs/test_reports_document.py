"""The page with ten reports says what reports say today, and its pictures are there and small."""

import re
from pathlib import Path

from PIL import Image
from support.report_cases import make_cases, reports_page

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "reference" / "reports.md"
VERDICTS = {
    "passed": "PASSED",
    "retouched": "PASSED",
    "generated": "PASSED",
    "tampered": "FAILED",
    "withdrawn": "FAILED",
    "none": "INDETERMINATE",
    "stranger": "INDETERMINATE",
    "conflict": "FAILED",
    "limited": "FAILED",
    "ledger": "FAILED",
}


def undated(text: str) -> str:
    return re.sub(r"20\d\d-\d\d-\d\d", "<day>", text)


def test_the_page_says_what_ten_reports_say_today(tmp_path: Path) -> None:
    cases = make_cases(tmp_path)
    assert {case.name: case.report.verdict.value for case in cases} == VERDICTS
    assert undated(PAGE.read_text("utf-8")) == undated(reports_page(cases))


def test_each_report_has_its_picture_and_none_is_large() -> None:
    folder = DOCS / "screenshots" / "reports"
    assert sorted(path.stem for path in folder.iterdir()) == sorted(VERDICTS)
    for path in folder.iterdir():
        assert path.stat().st_size < 120_000, path.name
        with Image.open(path) as picture:
            assert (picture.format, picture.width) == ("PNG", 760)
            assert not picture.info
