"""Take pictures of ten reports into docs/screenshots/reports/, and write the page that shows them.

PYTHONPATH=tests .venv/bin/python scripts/report_pictures.py
"""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from support.browsers import launched
from support.report_cases import make_cases, reports_page

from provenance.clock import SystemClock
from provenance.verification.page import report_page

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "screenshots" / "reports"
PAGE = ROOT / "docs" / "reference" / "reports.md"


def main() -> int:
    """Take the pictures, and write the page; return the exit code."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, launched() as browser:
        cases = make_cases(Path(folder))
        page = browser.new_page(viewport={"width": 760, "height": 600}, color_scheme="light", java_script_enabled=False)
        for case in cases:
            page.set_content(report_page([(case.report, case.said)], at=SystemClock().now()))
            shot = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
            shot.quantize(64, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
                FOLDER / f"{case.name}.png", optimize=True
            )
    PAGE.write_text(reports_page(cases), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
