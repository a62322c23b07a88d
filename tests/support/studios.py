"""A studio, consents and stamps for the tests that need some."""

import dataclasses
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from provenance.clock import Clock, SystemClock
from provenance.consent.grants import decide
from provenance.consent.scopes import Scope
from provenance.consent.vocabulary import parse_day
from provenance.credentials.manifest import Declaration, Tool
from provenance.stamping import Making, Stamper, StampRequest, StampResult
from provenance.studio import ConsentDesk, Recorded, Studio, StudioStampDesk, StudioStatus, Subject, UnlockedStudio
from provenance.verification import Question, Report, verify_file

STUDIO_NAME = "Studio Lümen"
PASSPHRASE = "correct horse battery staple"

# As specific as consent to generation by AI must be.
USE = "three head-and-shoulder portraits for the speakers' page of one conference"

ZOE = Subject("Zoë Ångström", email="zoe@example.org")


class FixedClock:
    """A clock that stands still until it is set; at first it shows the time at which it was made.

    Certificates are judged by the computer's clock, so that a studio must be made close to the present.
    """

    def __init__(self, moment: datetime | None = None) -> None:
        self.moment = moment or SystemClock().now()

    def now(self) -> datetime:
        """Return the time that it was set to."""
        return self.moment

    def advance(self, **duration: float) -> datetime:
        """Set it forward by `days`, `hours`, `minutes` or `seconds`, and return the time."""
        self.moment += timedelta(**duration)
        return self.moment


def make_studio(
    path: Path, name: str = STUDIO_NAME, passphrase: str | None = None, *, clock: Clock | None = None
) -> Studio:
    """Create a studio in `path`; the caller closes it."""
    return Studio.create(path, name=name, country="DE", passphrase=passphrase, clock=clock)


def open_keys(studio: Studio) -> UnlockedStudio:
    """Unlock a studio that was made here."""
    return studio.unlock(PASSPHRASE if studio.is_sealed() else None)


def record_consent(
    studio: Studio,
    *,
    permit: Sequence[str] = ("capture", "publish.web"),
    deny: Sequence[str] = (),
    until: date | str | None = None,
    territory: Sequence[str] = (),
    media: Sequence[str] = (),
    use: str | None = None,
    subject: Subject = ZOE,
) -> Recorded:
    """Record a consent that begins today; a studio under a passphrase must be under `PASSPHRASE`."""
    grants = decide(
        permit=[Scope(scope) for scope in permit],
        deny=[Scope(scope) for scope in deny],
        since=studio.clock.now().date(),
        until=parse_day(until) if isinstance(until, str) else until,
        territory=territory,
        media=media,
        use=use,
    )
    ai = [grant.scope for grant in grants if grant.scope.is_ai and grant.decision == "permit"]
    if ai:
        details = {"representation": "none", **subject.details}
        subject = dataclasses.replace(subject, adult=True, initials=dict.fromkeys(ai, "ZÅ"), details=details)
    return ConsentDesk(studio, open_keys(studio)).record(subject, grants)


def record_ai_consent(studio: Studio, *, subject: Subject = ZOE) -> Recorded:
    """Record a consent to pictures by camera and by AI, for a year."""
    until = studio.clock.now().date() + timedelta(days=365)
    return record_consent(studio, permit=("capture", "ai.generate"), until=until, use=USE, subject=subject)


def stamp_file(
    studio: Studio,
    source: Path,
    destination: Path,
    *,
    declaration: str = "camera",
    code: str | Sequence[str] | None,
    tool: Tool | str | None = None,
    overwrite: bool = False,
    confirmation: str | None = None,
    dry_run: bool = False,
    making: Making | None = None,
    thumbnail: bool = False,
) -> StampResult:
    """Stamp one file; a studio under a passphrase must be under `PASSPHRASE`."""
    unlocked = open_keys(studio)
    request = StampRequest(
        source,
        destination,
        Declaration(declaration),
        (code,) if isinstance(code, str) else tuple(code or ()),
        tool=Tool.parse(tool) if isinstance(tool, str) else tool,
        overwrite=overwrite,
        confirmation=confirmation,
        making=making or Making(),
        thumbnail=thumbnail,
    )
    stamper = Stamper(StudioStampDesk(unlocked), signer=unlocked.claim_signer())
    (result,) = stamper.stamp([request], dry_run=dry_run)
    return result


def stamped(
    studio: Studio,
    source: Path,
    destination: Path,
    *,
    declaration: str = "camera",
    code: str | Sequence[str] | None,
    tool: Tool | str | None = None,
    confirmation: str | None = None,
    making: Making | None = None,
    thumbnail: bool = False,
) -> Path:
    """Stamp one file, and return where the stamped one is."""
    result = stamp_file(
        studio,
        source,
        destination,
        declaration=declaration,
        code=code,
        tool=tool,
        confirmation=confirmation,
        making=making,
        thumbnail=thumbnail,
    )
    assert (result.outcome, result.message) == ("stamped", None)
    return destination


def verify(studio: Studio, path: Path) -> Report:
    """Verify a file as the studio that stamped it does, with all that it knows."""
    return verify_file(
        path,
        question=Question(studio.clock.now()),
        anchors=[studio.anchors()],
        known_logs=[studio.log_key],
        source=StudioStatus(studio),
    )
