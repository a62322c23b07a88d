"""Trust files: whom they make trusted, with stamps in which ledgers, and lines that are none."""

from collections.abc import Iterator

import pytest
from support.makers import Maker
from support.refusals import refused
from support.studios import make_studio

from provenance.checkpoint import LogKey
from provenance.errors import InputError
from provenance.studio import Studio
from provenance.trust_files import LOG_LINE, parse_log_line, parse_log_lines, parse_trust_file

URI = "urn:example:lumen"


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    studio = make_studio(tmp_path_factory.mktemp("trust") / "studio")
    yield studio
    studio.close()


def trust_file(studio: Studio, *endings: str) -> bytes:
    lines = "".join(f"{LOG_LINE}{studio.log_key.to_text()}{ending}\n" for ending in endings)
    return f"# studio: Lümen\n{lines}{studio.anchors().pem}".encode()


def test_a_file_makes_its_issuer_trusted_with_stamps_in_its_own_ledger(studio: Studio) -> None:
    anchors, keys = parse_trust_file(trust_file(studio, ""), uri=URI, place="lumen.pem")
    assert (anchors.uri, anchors.pem, anchors.logs) == (URI, studio.anchors().pem, (studio.settings.log_origin,))
    assert keys == (LogKey(studio.log_key, 0, None),)


def test_keys_come_with_the_sizes_that_they_sign(studio: Studio) -> None:
    anchors, keys = parse_trust_file(trust_file(studio, " until 7", " from 8"), uri=URI, place="lumen.pem")
    assert [(key.first_size, key.last_size) for key in keys] == [(0, 7), (8, None)]
    assert anchors.logs == (studio.settings.log_origin,)


def test_an_issuer_without_a_ledger_is_trusted_all_the_same() -> None:
    anchors, keys = parse_trust_file(Maker().anchors.pem.encode(), uri=URI, place="maker.pem")
    assert (anchors.logs, keys) == ((), ())


def test_what_holds_no_certificate_is_refused(studio: Studio) -> None:
    hint = "ask the issuer for a file that begins -----BEGIN"
    for data in (b"", b"\xff\xfe", trust_file(studio, "").split(b"-----")[0]):
        with refused(InputError, "lumen.pem: expected certificates in pem form", hint=hint):
            parse_trust_file(data, uri=URI, place="lumen.pem")


@pytest.mark.parametrize(
    "ending", [" from 0", " from 01", " until", " from 2 from 3", " until 3 from 2", " from -1", f" from {10**19}"]
)
def test_a_line_of_another_form_is_refused_by_the_name_of_the_file(studio: Studio, ending: str) -> None:
    message = "ledger key: expected a key, then perhaps `from SIZE` and `until SIZE`"
    with refused(InputError, message):
        parse_log_line(studio.log_key.to_text() + ending)
    with refused(InputError, f"lumen.pem: {message}"):
        parse_log_lines(trust_file(studio, ending), place="lumen.pem")


def test_a_key_of_another_form_is_refused() -> None:
    with refused(InputError, "note key: expected name+hash+base64, got something else"):
        parse_log_line("nothing")
