"""A studio as the tests of the command line have it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Workshop:
    """A folder that is a studio, with a picture in it, and the same picture stamped.

    Attributes:
        path: of the folder.
        code: of a consent to photographs and their publication on the web; `mine` is denied.
        secret: withdraws it.
    """

    path: Path
    code: str
    secret: str

    @property
    def picture(self) -> Path:
        """The picture as it came from the camera."""
        return self.path / "portrait.jpg"

    @property
    def stamped(self) -> Path:
        """The stamped one."""
        return self.path / "stamped" / "portrait.jpg"
