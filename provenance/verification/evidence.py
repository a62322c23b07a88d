"""Step 7: the evidence in the file against what its credential says of the picture's origin."""

import dataclasses

from provenance.credentials.origin import Origin
from provenance.credentials.reading import Credential
from provenance.credentials.statements import find_statements
from provenance.errors import InputError
from provenance.evidence import (
    Claim,
    Effect,
    Evidence,
    Field,
    find_contradictions,
    find_doubts,
    match_fields,
    scan,
)
from provenance.verification.report import Axis, Finding

_CLAIMS = {
    Origin.CAMERA_SIGNED: Claim.CAPTURED,
    Origin.CAMERA_DECLARED: Claim.CAPTURED,
    Origin.EDITED: Claim.CAPTURED,
    Origin.AI_EDITED: Claim.AI_EDITED,
    Origin.AI_GENERATED: Claim.AI_GENERATED,
}
_CLAIMED = {
    Claim.CAPTURED: "a camera took this picture",
    Claim.AI_EDITED: "AI changed a part of this picture",
    Claim.AI_GENERATED: "AI made this picture",
}


def judge_evidence(
    data: bytes, credential: Credential, *, origin: Axis, label: bool | None, findings: list[Finding]
) -> tuple[Axis, bool | None]:
    """Step 7: return the origin and whether it must be labelled, in the light of the markers in the file.

    Looked at are the metadata of the file, and the programs and watermarks that its manifests name; what those say of
    source types is step 6. Strong evidence against what the credential says makes the origin `conflict`, and the label
    unknown; weak evidence is only told, as whoever issued the credential may have answered for it. Each marker that
    contradicts is named.
    """
    said = find_statements(credential)
    evidence = _scan(data, findings)
    evidence += match_fields(Field(f"c2pa:{s.kind}", f"manifest {s.manifest}", s.text) for s in said)
    claim = _CLAIMS.get(Origin(origin.code))
    if claim is None:
        _tell_ai(evidence, findings)
        return origin, label
    contradictions = find_contradictions(evidence, claim)
    findings += [Finding(7, "evidence-contradicts", _message(found)) for found in contradictions]
    findings += [Finding(7, "evidence-doubtful", _message(found)) for found in find_doubts(evidence, claim)]
    if not contradictions:
        return origin, label
    words = contradictions[0].marker.says.words
    sentence = f"The credential says that {_CLAIMED[claim]}, but the file's own data say that {words}."
    return dataclasses.replace(origin, code=Origin.CONFLICT, headline="Origin in conflict", sentence=sentence), None


def tell_evidence(data: bytes, findings: list[Finding]) -> None:
    """Step 7 for a file without a credential: there is no claim to contradict, but marks of AI are told."""
    _tell_ai(_scan(data, findings), findings)


def _scan(data: bytes, findings: list[Finding]) -> list[Evidence]:
    try:
        return scan(data)
    except InputError as error:
        findings.append(Finding(7, "evidence-unread", str(error)))
        return []


def _tell_ai(evidence: list[Evidence], findings: list[Finding]) -> None:
    told = [found for found in evidence if found.effect(Claim.CAPTURED) is Effect.REFUSE]
    findings += [Finding(7, "evidence-found", _message(found)) for found in told]


def _message(evidence: Evidence) -> str:
    return f"the file's data say that {evidence.marker.says.words}: {evidence.marker.code} in {evidence.place}"
