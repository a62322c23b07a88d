"""Fuzz one target for a while, guided by coverage: `python tests/fuzz/run.py TARGET SECONDS`.

Needs atheris beside what the tests need. What it finds stays in `build/fuzz/TARGET`; whatever makes a target fail is
written there, too, and is a fault of ours.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["provenance"]):
    from fuzz.targets import TARGETS, seeds


def main() -> None:
    """Begin with the examples, and go on until the time is over or something fails."""
    name, seconds = sys.argv[1], int(sys.argv[2])
    folder = Path("build/fuzz", name)
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (folder / f"seed-{number:04}").write_bytes(seed)
    limits = ["-timeout=10", "-rss_limit_mb=2048", "-max_len=65536", f"-artifact_prefix={folder}/"]
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", *limits, str(folder)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
