"""A check of files that goes wrong; here, where another process finds it as well."""

import os
import signal
from pathlib import Path

from provenance_cli._checking import Asked, Check, Checked


class DeadlyCheck(Check):
    """A check that takes its process down on a file of this name, as a fault in native code may."""

    def of(self, path: Path, *, asked: Asked) -> Checked:
        if path.name == "deadly.jpg":
            os.kill(os.getpid(), signal.SIGKILL)
        if path.name == "faulty.jpg":
            raise RecursionError
        return super().of(path, asked=asked)
