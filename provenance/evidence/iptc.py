"""IPTC IIM (version 4.2): its datasets decoded into fields."""

from collections.abc import Iterator

from provenance.evidence.fields import MAX_VALUE, Field

MAX_DATASETS = 4096

_MARKER = 0x1C


def read_iptc(data: bytes, place: str) -> Iterator[Field]:
    """Yield one field for each dataset, called by record and number; what does not begin with a marker ends them."""
    position, number = 0, 0
    while position + 5 <= len(data) and data[position] == _MARKER:
        number += 1
        if number > MAX_DATASETS:
            yield Field("flaw", place, "there are too many datasets")
            return
        record, dataset = data[position + 1], data[position + 2]
        length = int.from_bytes(data[position + 3 : position + 5], "big")
        position += 5
        if length & 0x8000:  # an extended dataset: so many bytes say how long it is
            size = length & 0x7FFF
            if size > 8:
                return
            length = int.from_bytes(data[position : position + size], "big")
            position += size
        raw = data[position : position + min(length, MAX_VALUE)]
        if position + length > len(data):
            yield Field("flaw", place, "a dataset breaks off")
        try:
            value = raw.decode()
        except UnicodeDecodeError:
            value = raw.decode("latin-1")
        yield Field(f"iptc:{record}:{dataset}", place, value.strip())
        position += length
