"""A studio: one directory with its settings, keys and database, and everything wired for it.

What is named here is loaded when it is first used: to look whether there is a studio must not wait for all of it.
"""

import importlib
from typing import TYPE_CHECKING, Any

from provenance.studio.locating import SETTINGS_FILE

if TYPE_CHECKING:
    from provenance.studio.consents import ConsentDesk, Recorded, Subject
    from provenance.studio.logbook import KeyedLogbook, Logbook
    from provenance.studio.settings import Settings
    from provenance.studio.stamps import StudioStampDesk
    from provenance.studio.status import StudioStatus
    from provenance.studio.studio import Studio, UnlockedStudio
else:
    _PLACES = {
        "ConsentDesk": "consents",
        "KeyedLogbook": "logbook",
        "Logbook": "logbook",
        "Recorded": "consents",
        "Settings": "settings",
        "Studio": "studio",
        "StudioStampDesk": "stamps",
        "StudioStatus": "status",
        "Subject": "consents",
        "UnlockedStudio": "studio",
    }

    def __getattr__(name: str) -> Any:  # noqa: ANN401 whatever is named
        """Load what is named, and keep it."""
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
        globals()[name] = found
        return found


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
