"""Checking pictures for whoever asks: with what this server trusts, and with what its studio knows now."""

import threading
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from provenance import durable, pki
from provenance.checkpoint import LogKey
from provenance.clock import Clock, SystemClock
from provenance.consent.grants import parse_scope, parse_territory
from provenance.consent.vocabulary import parse_medium
from provenance.pki import MAX_PEM_BYTES, TrustAnchors
from provenance.studio.status import StudioStatus
from provenance.studio.studio import Studio
from provenance.verification import Question, Report, verify_file
from provenance.web.uploads import Upload

# Pictures that are worked on at a time; more would only take memory.
AT_A_TIME: Final = 2


@dataclass(frozen=True, slots=True)
class Checker:
    """Verifies pictures.

    Attributes:
        anchors: certificates that may vouch for claim signers.
        time_anchors: certificates that may vouch for time-stamps.
        logs: keys of logs that are known.
        identity_anchors: certificates that may vouch for named actors.
        studio: the folder of the studio whose consents are known, or None.
        clock: for the time that consents are judged for.
    """

    anchors: Sequence[TrustAnchors] = ()
    time_anchors: Sequence[TrustAnchors] = ()
    logs: Sequence[LogKey] = ()
    identity_anchors: Sequence[TrustAnchors] = ()
    studio: Path | None = None
    clock: Clock = field(default_factory=SystemClock)
    _room: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(AT_A_TIME))

    def check(self, upload: Upload, *, scope: str | None, territory: str | None, medium: str | None = None) -> Report:
        """Return the report on a picture; nothing of it is kept.

        Args:
            upload: the picture.
            scope: the use that is planned, or None.
            territory: where, or None.
            medium: in which, or None.

        Raises:
            InputError: there is no such scope, territory or medium.
            StudioError: the studio cannot be opened.
        """
        question = Question(
            at=self.clock.now(),
            scope=parse_scope(scope) if scope else None,
            territory=parse_territory(territory) if territory else None,
            medium=parse_medium(medium) if medium else None,
        )
        anchors, times, logs = list(self.anchors), list(self.time_anchors), list(self.logs)
        with self._room, ExitStack() as stack:
            source = None
            if self.studio is not None:
                # Opened anew each time: a certificate, a key of the log or a withdrawal may be new.
                studio = stack.enter_context(closing(Studio(self.studio)))
                anchors.append(studio.anchors())
                logs += studio.ledger.log_keys()
                times += _time_anchors(studio)
                source = StudioStatus(studio)
            return verify_file(
                Path(upload.name),
                question=question,
                anchors=anchors,
                time_anchors=times,
                identity_anchors=self.identity_anchors,
                known_logs=logs,
                source=source,
                data=upload.data,
            )


def _time_anchors(studio: Studio) -> list[TrustAnchors]:
    if studio.settings.tsa_roots is None:
        return []
    data = durable.read(studio.path / studio.settings.tsa_roots, max_bytes=MAX_PEM_BYTES)
    certificates = pki.parse_certificates(data, place=studio.settings.tsa_roots)
    return [TrustAnchors("urn:headshot-provenance:trust:time:studio", pki.to_pem(*certificates))]
