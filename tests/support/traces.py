"""Every form in which a text could lie in a file."""

import base64
import unicodedata
from collections.abc import Iterator


def base64_cores(data: bytes) -> Iterator[bytes]:
    """Yield what stands in any base64 text of something that has `data` in it, at any of the three alignments."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data)
        # Characters that also depend on what stands before and behind are left out.
        core = encoded[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        yield core
        yield core.translate(bytes.maketrans(b"+/", b"-_"))


def forms(text: str) -> set[bytes]:
    """Return every form in which a text could lie in a file."""
    words = {
        form for kind in ("NFC", "NFD") for word in (text, text.lower()) for form in [unicodedata.normalize(kind, word)]
    }
    found: set[bytes] = set()
    for word in words:
        plain = word.encode()
        found |= {plain, word.encode("utf-16-le"), word.encode("utf-16-be"), *base64_cores(plain)}
        found |= {plain.hex().encode(), plain.hex().upper().encode(), *base64_cores(plain.hex().encode())}
        found.add(word.encode("unicode_escape"))
    return found
