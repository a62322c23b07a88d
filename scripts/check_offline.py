"""Run the test suite and the demonstration in a network namespace that has nothing but a loopback."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

# Brings the loopback up (netdevice(7), SIOCSIFFLAGS with IFF_UP), then becomes the command.
_INSIDE = """
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    fcntl.ioctl(control, 0x8914, struct.pack("16sh14x", b"lo", 1))
os.execv(sys.argv[1], sys.argv[1:])
"""


def main() -> int:
    """Run both without a network; return the exit code."""
    bin_folder = (ROOT / sys.argv[1]).resolve()
    unshare = shutil.which("unshare")
    if unshare is None:
        print("no unshare on this machine: the run without a network was left out", file=sys.stderr)
        return 0
    flags = ["--net"] if os.geteuid() == 0 else ["--map-root-user", "--net"]
    inside = [unshare, *flags, sys.executable, "-c", _INSIDE]
    for command in ([bin_folder / "provenance", "demo"], [bin_folder / "pytest", "-n", "auto"]):
        code = subprocess.run([*inside, *command], cwd=ROOT, check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
