"""Writing whole reports for people: as one page, or on paper."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from provenance import durable
from provenance.verification import Report
from provenance.verification.publishing import Publication, document_of
from provenance.verification.told import FOOTER, Told


def write_report(path: Path, reports: Sequence[tuple[Report, Publication | None]], *, at: datetime) -> None:
    """Write `reports` to a new file: on paper where its name ends so, else as a page.

    Raises:
        FileExistsError: there is one already.
        InputError: it cannot be printed.
    """
    if path.suffix.lower() != ".pdf":
        from provenance.verification.page import report_page

        durable.create(path, report_page(reports, at=at).encode())
        return
    from provenance.paper.report import typeset_report

    documents = "".join(json.dumps(document_of(report, said)) + "\n" for report, said in reports)
    told = [Told.of(report, said).to_json() for report, said in reports]
    durable.create(path, typeset_report(told, closing=FOOTER, documents=documents.encode(), at=at))
