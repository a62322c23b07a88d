"""Paper: a signed consent as a release that agencies take, a person's receipt, and reports of checks, as PDF files.

Needs the extra `pdf`; its libraries are slow to load, and are imported where they are used.
"""

from typing import Final

from provenance.extras import check_extra

NEEDS: Final = (
    "typst",
    "pyhanko",
    "segno",
    "fontTools",
    "fontpkg_noto_sans",
    "fontpkg_amiri",
    "fontpkg_noto_sans_arabic",
    "fontpkg_noto_sans_devanagari",
    "fontpkg_noto_sans_thai",
    "justmytype_intl_cjk",
    "justmytype_intl_rtl",
)


def check_installed() -> None:
    """Check that all that paper needs is there, without loading it.

    Raises:
        MissingExtraError: something is not.
    """
    check_extra("pdf", *NEEDS, place="pdf")
