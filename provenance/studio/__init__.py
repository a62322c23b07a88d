"""A studio: one directory with its settings, keys and database, and everything wired for it."""

from provenance.studio.consents import ConsentDesk, Recorded, Subject
from provenance.studio.logbook import KeyedLogbook, Logbook
from provenance.studio.settings import Settings
from provenance.studio.stamps import StudioStampDesk
from provenance.studio.status import StudioStatus
from provenance.studio.studio import SETTINGS_FILE, Studio, UnlockedStudio

__all__ = [
    "SETTINGS_FILE",
    "ConsentDesk",
    "KeyedLogbook",
    "Logbook",
    "Recorded",
    "Settings",
    "Studio",
    "StudioStampDesk",
    "StudioStatus",
    "Subject",
    "UnlockedStudio",
]
