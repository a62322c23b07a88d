"""Inflating compressed metadata within bounds: a megabyte in a file can be a gigabyte of nothing."""

import zlib

MAX_INFLATED = 4 * 1024 * 1024  # of one text
MAX_INFLATED_TOTAL = 16 * 1024 * 1024  # of one file


def inflate(data: bytes, budget: int = MAX_INFLATED_TOTAL, *, raw: bool = False) -> tuple[bytes, str | None]:
    """Return what `data` inflate to, as far as the bounds allow, and why a part is missing, or None.

    Args:
        data: a zlib stream (RFC 1950), or with `raw` a deflate stream (RFC 1951).
        budget: what is left for this file.
        raw: there is no header.
    """
    limit = min(MAX_INFLATED, budget)
    if limit <= 0:
        return b"", "the file holds too much compressed text"
    machine = zlib.decompressobj(-15 if raw else 15)
    try:
        text = machine.decompress(data, limit)
    except zlib.error:
        return b"", "it cannot be inflated"
    if not machine.eof:
        return text, "it is too long" if len(text) >= limit else "it breaks off"
    return text, None
