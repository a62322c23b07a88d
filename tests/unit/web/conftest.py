from collections.abc import Iterator

import pytest
from support.studios import make_studio
from support.web import Visitor, kiosk

from provenance.studio import Studio
from provenance.web.serving import WebServer


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio that the tests of one module share; each looks at its own consents only."""
    made = make_studio(tmp_path_factory.mktemp("web") / "studio")
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(studio: Studio) -> Iterator[WebServer]:
    with kiosk(studio) as running:
        yield running


@pytest.fixture
def visitor(server: WebServer) -> Visitor:
    return Visitor(server)
