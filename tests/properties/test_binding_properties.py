"""Soft bindings: what is written is read, and no text does anything else than being read or refused."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from provenance.errors import InputError
from provenance.recovery.bindings import read_binding, write_binding
from provenance.recovery.fingerprints import Crop, Fingerprint


@given(st.binary(min_size=32, max_size=32))
def test_what_is_written_is_read(code: bytes) -> None:
    assert read_binding(write_binding(code)) == (Fingerprint(Crop.FULL, code),)


@given(st.text() | st.text("IQcAf/+=", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(InputError):
        assert read_binding(text)
