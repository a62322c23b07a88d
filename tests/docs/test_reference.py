"""The references say what the code does."""

import struct
from pathlib import Path

import pytest
from support.examples import EXAMPLES
from support.makers import Maker
from support.reference import EVIDENCE, README, SOURCES, formats_in, render_evidence, render_formats
from support.studios import make_studio, record_consent, stamp_file

from provenance.credentials.reading import read_credential
from provenance.errors import ProvenanceError
from provenance.evidence import CATALOGUE
from provenance.picture import STAMPABLE, PictureFormat, identify, read_picture


def credentials_are_read(kind: PictureFormat, data: bytes) -> bool:
    maker = Maker()
    try:
        signed = maker.sign(data, kind.media_type)
        credential = read_credential(signed, kind.media_type, anchors=[maker.anchors], store=read_picture(signed).store)
    except ProvenanceError:
        return False
    return credential.trust_list is not None and not credential.flaw


def test_every_example_is_of_its_kind() -> None:
    assert {kind: identify(data) for kind, data in EXAMPLES.items()} == {kind: kind for kind in PictureFormat}
    assert struct.pack("<H", 50706) in EXAMPLES[PictureFormat.DNG]


def test_the_readme_has_the_table_of_formats() -> None:
    assert formats_in(README.read_text("utf-8")) == render_formats(EXAMPLES, credentials_are_read)


@pytest.mark.parametrize("kind", PictureFormat)
def test_exactly_what_the_table_calls_stamped_can_be_stamped(tmp_path: Path, kind: PictureFormat) -> None:
    source = tmp_path / "picture"
    source.write_bytes(EXAMPLES[kind])
    studio = make_studio(tmp_path / "studio")
    try:
        result = stamp_file(studio, source, tmp_path / "stamped", code=record_consent(studio).code)
    finally:
        studio.close()
    assert (result.outcome == "stamped") == (kind in STAMPABLE), result
    assert result.code == (None if kind in STAMPABLE else "picture-kind")


def test_the_reference_of_evidence_is_the_catalogue() -> None:
    assert EVIDENCE.read_text("utf-8") == render_evidence(), "run tests/support/reference.py"


def test_every_source_is_named_and_used() -> None:
    assert {marker.source for marker in CATALOGUE} == set(SOURCES)
