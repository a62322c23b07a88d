"""Judge a published log with `aics-tlog`; run by the Python of `.judges`, and imported by nothing.

    judge.py DIR VKEY PROOFS WITNESS-VKEY|- NOTE...

Prints one JSON object and ends with 0, or says on stderr what is wrong and ends with 1.
"""

import json
import random
import sys
from pathlib import Path
from typing import Any

from aics_tlog import checkpoint, note, tiles, tree, verified  # type: ignore[import-not-found,unused-ignore]


def main(directory: str, vkey: str, proofs: str, witness: str, *old_notes: str) -> dict[str, Any]:
    """Audit every file of a directory, then prove some entries, and its growth from older checkpoints."""
    log_key = note.parse_vkey(vkey)
    witnesses = [] if witness == "-" else [note.parse_vkey(witness)]
    newest = opened(Path(directory, "checkpoint"), log_key, witnesses)
    files = tiles.FileSystemTileReader(directory)
    report = verified.audit_tiles(files, newest.size, newest.root)
    reader = verified.VerifiedTileReader(files, newest.size, newest.root)
    drawn = random.Random(newest.size)
    indexes = list(range(newest.size))
    if newest.size > int(proofs):
        indexes = [0, newest.size - 1, *(drawn.randrange(newest.size) for _ in range(int(proofs) - 2))]
    for index in indexes:
        proof = tiles.inclusion_proof_from_tiles(reader, index, newest.size)
        if not tree.verify_leaf_inclusion(reader.entry(index), index, newest.size, proof, newest.root):
            raise ValueError(f"entry {index}: not in the tree")
    for path in old_notes:
        old = opened(Path(path), log_key, [])
        proof = tiles.consistency_proof_from_tiles(reader, old.size, newest.size)
        if not tree.verify_consistency(old.size, newest.size, old.root, newest.root, proof):
            raise ValueError(f"from {old.size} to {newest.size} entries: not the same log")
    return {
        "size": report.size,
        "tiles": report.tiles,
        "bundles": report.bundles,
        "inclusion": len(indexes),
        "consistency": len(old_notes),
        "witnesses": newest.witnesses,
    }


def opened(path: Path, log_key: Any, witnesses: list[Any]) -> Any:
    """Return what a checkpoint says, signed by the log and every one of the witnesses."""
    signed = note.parse_note(path.read_bytes())
    found = checkpoint.verify_checkpoint(
        signed, log_key, witnesses, quorum=len(witnesses), expected_origin=log_key.name, max_age_seconds=3600
    )
    if not found.ok:
        raise ValueError(f"{path.name}: {found.error}")
    return found


if __name__ == "__main__":
    try:
        print(json.dumps(main(*sys.argv[1:])))
    except (ValueError, OSError) as error:
        sys.exit(str(error))
