"""Run the test suite against the wheel, installed in an environment of its own, instead of the checkout."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> int:
    """Build, install, and test the wheel; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="provenance-wheel-") as folder:
        environment = Path(folder) / "environment"
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        python = environment / "bin" / "python"
        pip = [python, "-m", "pip", "--disable-pip-version-check"]
        pinned = ["--quiet", "--constraint", ROOT / "constraints.txt"]
        subprocess.run([*pip, "install", *pinned, "pip"], check=True)
        subprocess.run([*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        subprocess.run(
            [
                *pip,
                "install",
                *pinned,
                "--group",
                f"{ROOT / 'pyproject.toml'}:dev",
                f"{wheel}[cards,kms,pdf,pkcs11,postgres,recovery,s3,web]",
            ],
            check=True,
        )
        # The plain script leaves the checkout off the path, so that only the wheel can be found.
        return subprocess.run(
            [environment / "bin" / "pytest", "-n", "auto"],
            cwd=ROOT,
            env=dict(os.environ, PROVENANCE_TESTS_EXPECT_WHEEL="1"),
            check=False,
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
