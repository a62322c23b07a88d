from support.metadata import iim

from provenance.evidence.iptc import MAX_DATASETS, read_iptc


def fields(data: bytes) -> list[tuple[str, str]]:
    return [(field.name, field.value) for field in read_iptc(data, "here")]


def test_datasets_are_read_by_record_and_number() -> None:
    data = iim((1, 90, "\x1b%G"), (2, 110, "Zoë"), (2, 25, "a"), (2, 25, "b"))
    assert fields(data) == [("iptc:1:90", "\x1b%G"), ("iptc:2:110", "Zoë"), ("iptc:2:25", "a"), ("iptc:2:25", "b")]


def test_text_in_latin_1_is_read() -> None:
    assert fields(b"\x1c\x02\x6e\x00\x03" + "Zoë".encode("latin-1")) == [("iptc:2:110", "Zoë")]


def test_an_extended_dataset_is_read() -> None:
    long = "x" * 40_000
    data = b"\x1c\x02\xca\x80\x04" + len(long).to_bytes(4, "big") + long.encode() + iim((2, 110, "Credit"))
    assert fields(data) == [("iptc:2:202", long), ("iptc:2:110", "Credit")]


def test_what_follows_the_datasets_is_left() -> None:
    assert fields(iim((2, 110, "Credit")) + bytes(20)) == [("iptc:2:110", "Credit")]
    assert fields(b"") == fields(b"\x1c\x02\x6e") == fields(b"nothing at all") == []


def test_too_many_datasets_are_told() -> None:
    found = fields(iim((2, 25, "")) * (MAX_DATASETS + 1))
    assert found[-1] == ("flaw", "there are too many datasets")
    assert len(found) == MAX_DATASETS + 1
