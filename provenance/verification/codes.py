"""What each validation status means for the verdict (C2PA 2.4, 15.2, and what c2pa-rs adds), as data.

The order of the classes is their order of severity. A failure that stands in none of them is shown as it is, and
makes the verdict INDETERMINATE: an unknown code is not fine.
"""

import enum
import re
from collections.abc import Iterable

from provenance.credentials.crjson import Status


class Meaning(enum.Enum):
    """What a failure says."""

    CHANGED = "the file was changed after it was signed"
    BROKEN = "the credential itself does not verify"
    REVOKED = "the signing certificate was revoked"
    EXPIRED = "the signing certificate had expired"
    UNKNOWN = "this version does not know the code"
    UNFIT = "the signing certificate is not one for claims"
    UNRECOGNISED = "the issuer is not recognised"
    APART = "it concerns time or identity, not the file"


_PATTERNS: tuple[tuple[Meaning, str], ...] = (
    (
        Meaning.CHANGED,
        r"assertion\.(dataHash|boxesHash|bmffHash|collectionHash|multiAssetHash)\.mismatch"
        r"|assertion\.boxesHash\.unknownBox",
    ),
    (
        Meaning.BROKEN,
        r"claimSignature\.(mismatch|missing)|assertion\.hashedURI\.mismatch|hashedURI\..*"
        r"|assertion\.(missing|undeclared|outsideManifest|inaccessible|notRedacted|selfRedacted|multipleHardBindings)"
        r"|assertion\.(.*\.malformed|cbor\.invalid|json\.invalid|required\.missing|action\..*|hardBinding\.redacted)"
        r"|assertion\.(collectionHash\.(incorrectFileCount|invalidURI)|multiAssetHash\.missingPart)"
        r"|assertion\.alternativeContentRepresentation\.(missing|hashMismatch)"
        r"|assertion\.cloud-data\.(hardBinding|actions|labelMismatch)"
        r"|assertion\.external-reference\.(created|hashMismatch|labelMismatch|actions|hardBinding)"
        r"|claim\.(malformed|missing|multiple|hardBindings\.missing|actions\.missing|required\.missing|cbor\.invalid)"
        r"|manifest\.(multipleParents|update\..*|compressed\.invalid|inaccessible.*|unreferenced|timestamp\..*)"
        r"|algorithm\.unsupported|general\.error"
        r"|ingredient\.(manifest|claimSignature|hashedURI)\.(mismatch|missing)",
    ),
    (Meaning.REVOKED, r"signingCredential\.ocsp\.revoked"),
    (Meaning.EXPIRED, r"signingCredential\.expired|claimSignature\.outsideValidity"),
    (Meaning.UNFIT, r"signingCredential\.invalid"),
    (Meaning.UNRECOGNISED, r"signingCredential\.untrusted"),
    (
        Meaning.APART,
        r"timeStamp\..*|timeOfSigning\..*|cawg\..*|signingCredential\.ocsp\.(skipped|unknown|inaccessible)",
    ),
)
_COMPILED = tuple((meaning, re.compile(pattern)) for meaning, pattern in _PATTERNS)

_ORDER = tuple(Meaning)


def meaning_of(code: str) -> Meaning:
    """Return what a failure code says."""
    return next((meaning for meaning, pattern in _COMPILED if pattern.fullmatch(code)), Meaning.UNKNOWN)


def worst_of(failures: Iterable[Status]) -> tuple[Meaning, Status] | None:
    """Return the most severe failure with its meaning, or None where there is none."""
    judged = [(meaning_of(status.code), status) for status in failures]
    return min(judged, key=lambda pair: _ORDER.index(pair[0]), default=None)
