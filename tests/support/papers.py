"""Releases to print, and poppler, which judges what was printed."""

import io
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from support.consents import decisions, signed_event, signed_record

from provenance.consent.disclosures import Disclosure
from provenance.consent.parties import Terms
from provenance.paper.attached import Form
from provenance.paper.form import typeset_form
from provenance.paper.wording import find_wording

needs_poppler = pytest.mark.skipif(shutil.which("pdfsig") is None, reason="no poppler to judge what is printed")

ORIGIN = "provenance-studio/0123456789abcdef"
CODE = "8F3K-QX2P"


def make_form(personal: Mapping[str, str] | None = None, *, terms: Terms | None = None) -> Form:
    """Return a release of somebody who permits photographs, with these personal data."""
    values = {"legal_name": "Zoë Ångström", "signature": "Zoë Ångström"} | dict(personal or {})
    disclosures = tuple(Disclosure.make(name, value) for name, value in values.items())
    record = signed_record(
        decisions("capture", "publish.web", deny=("mine",)),
        disclosures=disclosures,
        terms=terms or Terms(age_class="adult"),
    )
    return Form(CODE, record, disclosures, (signed_event(record, proof="signature"),), ORIGIN, 12)


def print_form(form: Form) -> bytes:
    """Return it as a PDF file without a seal."""
    return typeset_form(form, read=find_wording(form.record, studio=None), time=None)


def poppler(tool: str, document: bytes, folder: Path, *arguments: str) -> str:
    """Return what a tool of poppler says of a file."""
    path = folder / "judged.pdf"
    path.write_bytes(document)
    ran = subprocess.run([tool, *arguments, str(path)], capture_output=True, encoding="utf-8", check=False)
    return ran.stdout


def text_of(document: bytes, folder: Path) -> str:
    """Return the text of a file as one line, without the marks that say in which direction it runs."""
    path = folder / "read.pdf"
    path.write_bytes(document)
    ran = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, encoding="utf-8", check=True)
    return " ".join(re.sub("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", ran.stdout).split())


def attached(document: bytes) -> dict[str, bytes]:
    """Return the files in a file, by name."""
    names = PdfFileReader(io.BytesIO(document)).root["/Names"]["/EmbeddedFiles"]["/Names"]
    return {str(names[n]): names[n + 1]["/EF"]["/F"].data for n in range(0, len(names), 2)}


def is_whole(document: bytes) -> bool:
    """Tell whether the one seal on a file covers all of it and verifies."""
    try:
        (signature,) = PdfFileReader(io.BytesIO(document)).embedded_signatures
        status = validate_pdf_signature(signature, ValidationContext(trust_roots=[], allow_fetching=False))
    except Exception:
        # A changed byte can make it anything; whatever it is now, it is not whole.
        return False
    return bool(status.intact and status.valid and status.coverage is SignatureCoverageLevel.ENTIRE_FILE)
