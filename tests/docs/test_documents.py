"""Every command and every block of Python in the documents does what the document shows."""

import re
from pathlib import Path

import pytest
from support.console import run_document, shape

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
RUNNABLE = [path for path in DOCUMENTS if re.search(r"^```(console|python)$", path.read_text("utf-8"), re.MULTILINE)]


def _case(path: Path) -> object:
    """Return a document as a case; whoever checks a change of the code runs what the README shows."""
    marks = [pytest.mark.slow] if path.parent.name == "guides" else []
    return pytest.param(path, marks=marks, id=_name(path))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [_case(path) for path in RUNNABLE])
def test_what_a_document_shows_is_what_happens(path: Path, tmp_path: Path) -> None:
    shown, _ = run_document(path, tmp_path)
    assert shown
    for item in shown:
        assert shape(item.got) == shape(item.expected), item.command


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_links_within_the_documents_lead_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
        if "://" not in target and not target.startswith("mailto:"):
            assert (path.parent / target).exists(), target
