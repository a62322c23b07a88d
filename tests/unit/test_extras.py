import pytest
from support.refusals import refused

from provenance.errors import MissingExtraError
from provenance.extras import check_extra


def test_what_is_there_passes_without_being_loaded() -> None:
    check_extra("any", "json", "xml", place="here")


@pytest.mark.parametrize("modules", [("not_there_at_all",), ("json", "not_there_at_all", "nor_this")])
def test_the_first_that_is_missing_is_named_with_how_to_get_it(modules: tuple[str, ...]) -> None:
    message = "here: needs the library not_there_at_all, which is not installed"
    with refused(MissingExtraError, message, hint="pip install 'headshot-provenance[any]'"):
        check_extra("any", *modules, place="here")
