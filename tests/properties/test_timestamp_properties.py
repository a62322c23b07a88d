import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.mutations import edited_bytes
from support.refusals import assert_plain_message
from support.tries import tries
from support.tsa import Tsa

from provenance.errors import InputError, NetworkError, VerificationError
from provenance.timestamps import TimeStamp, TimeStampRequest, read_token, verify_token

pytestmark = [
    pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to be the authority"),
    # A changed certificate may have a serial number that is not positive.
    pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning"),
]

DATA = b"the note of a checkpoint\n"


class Dated:
    """One token, of one authority, over the data of these tests."""

    def __init__(self, folder: Path) -> None:
        self.tsa = Tsa(folder)
        self.request = TimeStampRequest.of(DATA)
        self.answer = self.tsa.reply(self.request.body)[2]
        self.token = self.request.accept(self.answer)
        self.stamp = verify_token(self.token, DATA, roots=[self.tsa.root])


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> Dated:
    return Dated(tmp_path_factory.mktemp("tsa"))


@settings(max_examples=tries(1500))
@given(st.data())
def test_a_changed_token_says_the_same_or_is_refused(dated: Dated, data: st.DataObject) -> None:
    changed = data.draw(edited_bytes(dated.token))
    try:
        found = verify_token(changed, DATA, roots=[dated.tsa.root])
    except (InputError, VerificationError) as error:
        assert_plain_message(error)
    else:
        # Not every byte is signed: the version of the container, for one, is not.
        assert found == dated.stamp


@settings(max_examples=tries(500))
@given(st.data())
def test_a_changed_answer_is_taken_or_refused_plainly(dated: Dated, data: st.DataObject) -> None:
    changed = data.draw(edited_bytes(dated.answer))
    try:
        dated.request.accept(changed)
    except (InputError, VerificationError, NetworkError) as error:
        assert_plain_message(error)


@given(st.one_of(st.binary(max_size=300), st.binary(max_size=40).map(lambda rest: b"\x30\x82\x01\x00" + rest)))
def test_any_bytes_are_refused_plainly(dated: Dated, data: bytes) -> None:
    for read in (
        lambda: read_token(data, DATA),
        lambda: verify_token(data, DATA, roots=[dated.tsa.root]),
        lambda: dated.request.accept(data),
    ):
        with pytest.raises((InputError, NetworkError)) as caught:
            read()
        assert_plain_message(caught.value)


@given(st.binary(min_size=1, max_size=200))
def test_a_token_dates_these_bytes_and_no_others(dated: Dated, data: bytes) -> None:
    if data == DATA:
        assert isinstance(verify_token(dated.token, data, roots=[dated.tsa.root]), TimeStamp)
        return
    with pytest.raises(VerificationError, match="is about other bytes"):
        verify_token(dated.token, data, roots=[dated.tsa.root])
