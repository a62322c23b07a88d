"""Every stamp that a test makes in this process is read back by a validator of another maker."""

from collections.abc import Callable, Iterator

import encypher_c2pa
import pytest
from support.postgres import Server, clear, running

from provenance.credentials.manifest import StampManifest
from provenance.credentials.signing import ClaimSigner, sign_picture
from provenance.storage.database import create_database


@pytest.fixture(scope="session", autouse=True)
def _judged_by_another_validator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let what was signed pass on unchanged, after the other validator found it whole; it never uses the network."""

    def judged(
        data: bytes,
        manifest: StampManifest,
        *,
        signer: ClaimSigner,
        picture_digest: bytes,
        lay_aside: Callable[[bytes], None],
    ) -> bytes:
        signed = sign_picture(data, manifest, signer=signer, picture_digest=picture_digest, lay_aside=lay_aside)
        report = encypher_c2pa.verify(
            signed,
            mime_type=manifest.media_type,
            trust_pem=signer.anchors.pem,
            no_default_trust=True,
            telemetry=False,
            online=False,
        )
        found = tuple(report[name] for name in ("integrity", "signature", "hard_binding"))
        assert found == ("valid", "valid", "match"), report["validation_results"]["failure"]
        return signed

    with pytest.MonkeyPatch.context() as patch:
        # Its preferences belong beside the tests, not beside those of whoever runs them.
        patch.setenv("ENCYPHER_C2PA_CONFIG_DIR", str(tmp_path_factory.mktemp("preferences")))
        patch.setenv("ENCYPHER_C2PA_TELEMETRY", "off")
        patch.setenv("ENCYPHER_C2PA_ONLINE", "off")
        patch.setattr("provenance.stamping.batch.sign_picture", judged)
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server of PostgreSQL, for the tests of one process."""
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def _postgres_studio(postgres: Server) -> Iterator[str]:
    with postgres.database() as name:
        create_database(postgres.url(name))
        yield postgres.url(name)


@pytest.fixture
def postgres_url(_postgres_studio: str) -> str:
    """The address of a studio's database on a server, as new; its tables are to be left as they are."""
    clear(_postgres_studio)
    return _postgres_studio
