"""Step 8: whether the log holds the stamp, from the proof in the file."""

import contextlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from provenance.checkpoint import LogKey
from provenance.credentials.labels import CONSENT_LABEL
from provenance.credentials.manifest import ConsentAssertion
from provenance.credentials.notices import Notice
from provenance.credentials.reading import Credential
from provenance.entries import TAG_IMAGE, StampEntry, parse_entry, verify_commitment
from provenance.errors import InputError, VerificationError
from provenance.note import NoteKey
from provenance.policy import Policy
from provenance.proof import LedgerProof, parse_proof
from provenance.verification.checkpoints import GivenCheckpoint, hold_to
from provenance.verification.report import Axis, CredentialCode, Finding, LedgerCode
from provenance.verification.sources import StampedPicture, StatusSource


@dataclass(frozen=True, slots=True)
class LedgerFinding:
    """What step 8 found: its axis, and the assertion and entry for the steps after it."""

    axis: Axis
    assertion: ConsentAssertion | None = None
    entry: StampEntry | None = None


ABSENT = LedgerFinding(Axis(LedgerCode.ABSENT, "Not in a ledger", "The file names no entry in a public ledger."))


def judge_ledger(
    credential: Credential,
    *,
    picture_digest: bytes | None,
    known_logs: Sequence[NoteKey | LogKey],
    findings: list[Finding],
    logs: Collection[str] = (),
    checkpoints: Sequence[GivenCheckpoint] = (),
    witnesses: Policy | None = None,
) -> LedgerFinding:
    """Verify the proof in the file against the checkpoint's signature, and the entry against the picture.

    Args:
        credential: intact, so that what it says is its issuer's word.
        picture_digest: of the file as it is now; None where the container is not one that can be walked.
        known_logs: keys that the caller has from elsewhere; a log that one of them is of must be signed by such a key.
        findings: added to.
        logs: origins of the logs that the issuer's stamps must be in, as whoever vouches for it says; empty for any.
        checkpoints: that the caller has from elsewhere, which the proof is held to.
        witnesses: whose cosignatures are counted, and how many there must be; None to count none.
    """
    data = credential.stamp.assertions.get(CONSENT_LABEL)
    if data is None:
        return ABSENT
    try:
        assertion = ConsentAssertion.from_json(data)
    except InputError as error:
        findings.append(Finding(8, error.code, str(error)))
        return LedgerFinding(_axis(LedgerCode.UNPROVEN, {}))
    facts = {"log": assertion.log_origin}
    try:
        entry, proof, keys = _verify(assertion, picture_digest, known_logs, logs, findings)
        axis = hold_to(
            _axis(LedgerCode.PROVEN, {**facts, "entry": str(proof.index)}),
            proof.checkpoint,
            keys=keys,
            given=checkpoints,
            witnesses=witnesses,
            findings=findings,
        )
    except VerificationError as error:
        findings.append(Finding(8, error.code, str(error)))
        return LedgerFinding(_axis(LedgerCode.INCONSISTENT, facts), assertion)
    except InputError as error:
        findings.append(Finding(8, error.code, str(error)))
        return LedgerFinding(_axis(LedgerCode.UNPROVEN, facts), assertion)
    return LedgerFinding(axis, assertion, entry)


def judge_revocation(
    credential: Axis, picture: StampedPicture, *, source: StatusSource | None, findings: list[Finding]
) -> Axis:
    """Step 8: return the credential's axis, or what it becomes where its studio no longer stands by the stamp."""
    at = None if source is None else source.revoked(picture)
    if at is None or credential.code == CredentialCode.REVOKED:
        return credential
    message = f"the studio revoked this stamp on {at.date()}"
    findings.append(Finding(8, "stamp-revoked", message))
    return Axis(
        CredentialCode.REVOKED,
        "Stamp revoked",
        f"The studio that stamped it revoked the stamp on {at.date()}: it no longer stands by what it says.",
        {**credential.facts, "revoked": at.isoformat()},
    )


def heed_revocation(axis: Axis, credential: Credential, findings: list[Finding]) -> Axis:
    """Step 8: the same where the studio says it in the file itself, in a notice on top of the stamp."""
    revoked = next((notice for notice in notices_of(credential) if notice.says == "stamp-revoked"), None)
    if revoked is None or axis.code == CredentialCode.REVOKED:
        return axis
    day = revoked.at[:10]
    findings.append(
        Finding(8, "stamp-revoked", f"a notice in the file says that the studio revoked this stamp on {day}")
    )
    return Axis(
        CredentialCode.REVOKED,
        "Stamp revoked",
        f"The studio says in the file that it revoked the stamp on {day}: it no longer stands by what it says.",
        {**axis.facts, "revoked": revoked.at},
    )


def entries_of(credential: Credential) -> Iterator[bytes]:
    """Yield the ledger entries that a file's stamp names, and those of stamps that it was put on by late links."""
    for manifest in credential.stamps:
        with contextlib.suppress(InputError):
            yield ConsentAssertion.from_json(manifest.assertions.get(CONSENT_LABEL)).entry


def notices_of(credential: Credential) -> list[Notice]:
    """Return the notices on top of a stamp, the newest first; one of another version is passed over."""
    found = []
    for data in credential.notices:
        with contextlib.suppress(InputError):
            found.append(Notice.from_json(data))
    return found


def _verify(
    assertion: ConsentAssertion,
    picture_digest: bytes | None,
    known_logs: Sequence[NoteKey | LogKey],
    logs: Collection[str],
    findings: list[Finding],
) -> tuple[StampEntry, LedgerProof, Sequence[NoteKey | LogKey]]:
    key = NoteKey.from_text(assertion.log_key)
    if key.name != assertion.log_origin:
        raise VerificationError("ledger: the key in the credential is that of another log", code="log-key")
    # A key that is known with the sizes that it signed is held to them.
    own = [known for known in known_logs if _note_key(known).name == key.name]
    if own and all(_note_key(known) != key for known in own):
        raise VerificationError("ledger: the key in the credential is not the log's own", code="log-key")
    if logs and key.name not in logs:
        raise InputError("ledger: the log is none of those that the issuer's stamps are in", code="log-unknown")
    if not own:
        findings.append(Finding(8, "log-key-unpinned", "the log's key is known from the credential only"))
    proof, keys = parse_proof(assertion.proof), own or [key]
    proof.verify(assertion.entry, keys=keys)
    entry = parse_entry(assertion.entry)
    if not isinstance(entry, StampEntry) or entry.handles != assertion.handles:
        raise VerificationError("ledger: the entry is not the one of this stamp", code="entry-mismatch")
    if picture_digest is None:
        raise InputError("ledger: the picture in this kind of file cannot be compared with the entry")
    verify_commitment(entry.image, tag=TAG_IMAGE, randomness=proof.extra or b"", digest=picture_digest)
    return entry, proof, keys


def _note_key(known: NoteKey | LogKey) -> NoteKey:
    return known.key if isinstance(known, LogKey) else known


def _axis(code: LedgerCode, facts: dict[str, str]) -> Axis:
    match code:
        case LedgerCode.PROVEN:
            return Axis(code, "In the ledger", f"Entry {facts['entry']} of the log {facts['log']} covers it.", facts)
        case LedgerCode.INCONSISTENT:
            return Axis(
                code, "Contradicts the ledger", "The ledger proof in this file is wrong. Do not rely on it.", facts
            )
        case _:
            return Axis(
                code, "Not proven by a ledger", "The file names a ledger, but what it carries proves nothing.", facts
            )
