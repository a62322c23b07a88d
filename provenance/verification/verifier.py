"""The numbered steps of verification, in their order.

0. Identify the file.
1. Read its credentials, offline.
2. Integrity: is it as it was signed?
3. Issuer: does the caller trust who signed it?
4. Time: how surely is the time of signing known?
5. History: does everything that it was made from verify?
6. Origin: camera, people or AI, by the whole chain.
7. Evidence: does the file itself contradict that?
8. Ledger: does the log hold the stamp?
9. Consent when it was stamped.
10. Consent now, for the use that is asked for.
11. Identity: who is named beside the issuer, and is that proven?
12. The verdict.
"""

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from provenance import durable
from provenance.checkpoint import LogKey
from provenance.clock import to_seconds
from provenance.consent.openings import ConsentDisclosure
from provenance.credentials.reading import Credential, read_credential
from provenance.errors import InputError, NoCredentialError, ProvenanceError, RemoteCredentialError
from provenance.meanwhile import meanwhile
from provenance.note import NoteKey
from provenance.picture import MAX_PICTURE_BYTES, EmbeddedStore, Picture, PictureFormat, identify, read_picture
from provenance.picture.kept import keep, work_kept
from provenance.pki import TrustAnchors
from provenance.policy import Policy
from provenance.status_lists import StatusList
from provenance.verification import consent as consent_steps
from provenance.verification.absent import NO_CREDENTIAL, NO_HISTORY, NO_ORIGIN, NO_TIME
from provenance.verification.chain import ChainStep, chain_of
from provenance.verification.checkpoints import GivenCheckpoint
from provenance.verification.credential import judge_credential, judge_history, judge_origin, judge_time
from provenance.verification.evidence import judge_evidence, tell_evidence
from provenance.verification.grounds import Grounds, Question
from provenance.verification.identity import NOBODY, judge_identity
from provenance.verification.ledger import ABSENT, entries_of, heed_revocation, judge_ledger, judge_revocation
from provenance.verification.listed import choose_lists, heed_lists
from provenance.verification.opened import OpenedStatus, choose_source
from provenance.verification.recorded import judge_record
from provenance.verification.report import Axis, CredentialCode, Finding, Report
from provenance.verification.sources import StampedPicture, StampRecords, StatusSource
from provenance.verification.text_edits import fits_no_longer, judge_text_edit
from provenance.verification.verdict import decide


def verify_file(
    path: Path,
    *,
    question: Question,
    anchors: Sequence[TrustAnchors] = (),
    time_anchors: Sequence[TrustAnchors] = (),
    identity_anchors: Sequence[TrustAnchors] = (),
    known_logs: Sequence[NoteKey | LogKey] = (),
    source: StatusSource | None = None,
    disclosures: Sequence[ConsentDisclosure] = (),
    status_lists: Sequence[StatusList] = (),
    checkpoints: Sequence[GivenCheckpoint] = (),
    witnesses: Policy | None = None,
    records: StampRecords | None = None,
    data: bytes | None = None,
) -> Report:
    """Take a file through the steps, and return the report; a file that cannot be read is a report, too.

    Args:
        path: the file; nothing that it names is ever fetched.
        question: the use, place and time that are asked about.
        anchors: certificates that may vouch for claim signers; without any, nobody is trusted.
        time_anchors: certificates that may vouch for time-stamps, and for nothing else; without any, no time is proven.
        identity_anchors: certificates that may vouch for named actors, and for nothing else; without any, none is
            confirmed.
        known_logs: keys of logs that the caller has from elsewhere; which log an issuer's stamps must be in, `anchors`
            say.
        source: who can say what a consent allows; without one, that is not known.
        disclosures: what the studio showed the caller, each checked by `parse_disclosure`; asked where `source` does
            not know the picture. Those of other pictures are left aside.
        status_lists: what studios publish, each checked by `parse_status_list`; heeded where `source` does not know the
            picture. Those of other studios are left aside.
        checkpoints: of logs, from elsewhere, each parsed by `GivenCheckpoint.parse`; a stamp in such a log is held to
            them, and contradicts the ledger where the log cannot have signed both.
        witnesses: whose cosignatures are counted; where there are fewer than its quorum, the ledger proves nothing.
        records: asked of which stamp a picture is that carries no credential; without any, it has none.
        data: the file's bytes, where they are at hand; then `path` only names it, and no file is read.
    """
    grounds = Grounds(
        anchors,
        time_anchors,
        identity_anchors,
        known_logs,
        source,
        disclosures,
        status_lists,
        checkpoints,
        witnesses,
        records,
    )
    with work_kept():
        return _verify(path, data, question=question, grounds=grounds)


def unchecked(path: Path, *, question: Question, code: str, reason: str) -> Report:
    """Return the report of a file whose check came to no end.

    Args:
        path: the file.
        question: that was asked.
        code: stable, for programs.
        reason: one line, as errors are.
    """
    axis = Axis(CredentialCode.UNREADABLE, "Could not check", f"{reason[:1].upper()}{reason[1:]}.")
    return _without_credential(path, question, axis, [Finding(0, code, reason)], None)


def _verify(path: Path, given: bytes | None, *, question: Question, grounds: Grounds) -> Report:
    findings: list[Finding] = []
    data: bytes | None = None
    try:
        # (0): identify the file
        data = durable.read(path, max_bytes=MAX_PICTURE_BYTES) if given is None else given
        kind = _identify(path, data)
        with meanwhile(functools.partial(_take_apart, data, findings)) as taken:
            try:
                # (1): read the credentials, offline
                credential = read_credential(
                    data,
                    kind.media_type,
                    anchors=grounds.anchors,
                    time_anchors=grounds.time_anchors,
                    store=lambda: _store_of(taken()),
                )
            finally:
                picture = taken()
    except NoCredentialError:
        axis = NO_CREDENTIAL
        if data is not None and picture is not None:
            # (7): evidence, where there is no claim
            tell_evidence(data, findings)
            # (1) again: the record of a stamp, where there is no credential
            axis = judge_record(data, records=grounds.records, findings=findings)
        return _without_credential(path, question, axis, findings, data)
    except RemoteCredentialError as error:
        axis = Axis(CredentialCode.REMOTE, "Credential elsewhere", _sentence(path, error))
        return _without_credential(path, question, axis, [*findings, Finding(1, error.code, str(error))], data)
    except ProvenanceError as error:
        step = 0 if isinstance(error, InputError) else 1
        axis = Axis(CredentialCode.UNREADABLE, "Could not check", _sentence(path, error))
        return _without_credential(path, question, axis, [*findings, Finding(step, error.code, str(error))], data)
    return _judge(path, data, credential, picture, findings, question=question, grounds=grounds)


def _judge(
    path: Path,
    data: bytes,
    credential: Credential,
    picture: Picture | None,
    findings: list[Finding],
    *,
    question: Question,
    grounds: Grounds,
) -> Report:
    # (2) and (3): integrity and issuer
    credential_axis = judge_credential(credential, findings)
    digest = picture.digest if picture else None
    judge_log = functools.partial(
        judge_ledger,
        credential,
        picture_digest=digest,
        known_logs=grounds.known_logs,
        logs=grounds.logs_of(credential.trust_list),
        checkpoints=grounds.checkpoints,
        witnesses=grounds.witnesses,
    )
    if fits_no_longer(credential):
        credential_axis = judge_text_edit(credential_axis, credential, ledger=judge_log(findings=[]), findings=findings)
    if credential_axis.code in (CredentialCode.INVALID, CredentialCode.UNREADABLE):
        # What a credential that does not verify says is nobody's word, and is not shown (C2PA 2.4, 14.3).
        return _report(path, question, credential_axis, findings, data=data)
    # (4): time
    time = judge_time(credential, findings, roots=grounds.time_roots)
    # (5): history
    history = judge_history(credential, findings)
    # (6): origin
    origin, label = judge_origin(credential)
    # (7): evidence
    if picture is not None:
        origin, label = judge_evidence(data, credential, origin=origin, label=label, findings=findings)
    # (8): ledger
    ledger = judge_log(findings=findings)
    source = grounds.source
    then, now, basis = consent_steps.NOT_LINKED, consent_steps.NOT_LINKED, None
    if ledger.assertion is not None:
        source = choose_source(
            source,
            grounds.disclosures,
            assertion=ledger.assertion,
            digest=digest,
            logged_at=None if ledger.entry is None else ledger.entry.at,
            findings=findings,
        )
        stamped = StampedPicture(ledger.assertion.handles, digest, ledger.assertion.entry)
        for entry in entries_of(credential):
            asked = replace(stamped, entry=entry)
            credential_axis = judge_revocation(credential_axis, asked, source=source, findings=findings)
        credential_axis = heed_revocation(credential_axis, credential, findings)
        # (9): consent when it was stamped
        then, basis = consent_steps.judge_then(
            ledger.assertion,
            digest=digest,
            origin=origin.code,
            ledger=ledger.axis.code,
            source=source,
            findings=findings,
        )
        # (10): consent now
        now = consent_steps.judge_now(
            ledger.assertion,
            digest=digest,
            origin=origin.code,
            scope=question.scope,
            territory=question.territory,
            medium=question.medium,
            at=question.at,
            source=source,
            findings=findings,
        )
        now = consent_steps.heed_withdrawal(now, credential)
        if basis != "studio":
            listed = choose_lists(grounds.status_lists, ledger.assertion, at=question.at, findings=findings)
            credential_axis, now = heed_lists(
                credential_axis, now, listed, ledger.assertion, scope=question.scope, findings=findings
            )
    # (11): identity
    kind = _identify(path, data)
    identity = judge_identity(credential, data, kind.media_type, anchors=grounds.identity_anchors, findings=findings)
    report = _report(
        path,
        question,
        credential_axis,
        findings,
        origin=origin,
        then=then,
        now=now,
        basis=basis,
        ledger=ledger.axis,
        history=history,
        time=time,
        identity=identity,
        label=label,
        data=data,
        chain=chain_of(credential),
        use=question.scope or ", ".join(ledger.assertion.scopes if ledger.assertion else ()),
    )
    return replace(report, consent_opened=source.shown()) if isinstance(source, OpenedStatus) else report


def _identify(path: Path, data: bytes) -> PictureFormat:
    if not data:
        raise InputError(f"{path.name}: the file is empty", code="file-empty")
    kind = identify(data)
    if kind is None:
        raise InputError(f"{path.name}: expected a picture, got something else", code="picture-kind")
    return kind


def _take_apart(data: bytes, findings: list[Finding]) -> Picture | None:
    """Walk the container where it can be walked; a damaged one may still carry a credential that says so."""
    _digest_file(data)
    try:
        return read_picture(data)
    except InputError as error:
        findings.append(Finding(0, error.code, str(error)))
        return None


def _store_of(picture: Picture | None) -> EmbeddedStore | None:
    return None if picture is None else picture.store


@keep
def _digest_file(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _without_credential(
    path: Path, question: Question, axis: Axis, findings: list[Finding], data: bytes | None
) -> Report:
    """Report a file whose credential cannot be judged; if it is damaged as a picture, that comes first."""
    damage = next((finding for finding in findings if finding.code == "picture-damaged"), None)
    if damage is not None and axis.code != CredentialCode.REMOTE:
        axis = Axis(CredentialCode.UNREADABLE, "Could not check", f"The picture is damaged: {damage.message}.")
    return _report(path, question, axis, findings, data=data)


def _report(
    path: Path,
    question: Question,
    credential: Axis,
    findings: list[Finding],
    *,
    origin: Axis = NO_ORIGIN,
    then: Axis | None = None,
    now: Axis | None = None,
    basis: str | None = None,
    ledger: Axis = ABSENT.axis,
    history: Axis = NO_HISTORY,
    time: Axis = NO_TIME,
    identity: Axis = NOBODY,
    label: bool | None = None,
    use: str = "",
    data: bytes | None = None,
    chain: tuple[ChainStep, ...] = (),
) -> Report:
    """(12): decide, and put everything together."""
    absent = credential.code in (CredentialCode.NONE, CredentialCode.REMOTE, CredentialCode.RECOVERED)
    default = consent_steps.NOT_LINKED if absent else consent_steps.NOT_READ
    then, now = then or default, now or default
    verdict, reason = decide(
        credential=credential,
        origin=origin,
        history=history,
        ledger=ledger,
        consent_then=then,
        consent_now=now,
        use=use,
        findings=findings,
    )
    return Report(
        file=str(path),
        checked_at=to_seconds(question.at),
        verdict=verdict,
        reason=reason,
        credential=credential,
        origin=origin,
        consent_then=then,
        consent_now=now,
        consent_basis=basis,
        ledger=ledger,
        history=history,
        time=time,
        identity=identity,
        label_required=label,
        findings=tuple(sorted(findings, key=lambda finding: finding.step)),
        chain=chain,
        sha256=None if data is None else _digest_file(data),
    )


def _sentence(path: Path, error: ProvenanceError) -> str:
    """Return an error as a sentence of a report, which names the file itself."""
    text = str(error).removeprefix(f"{path.name}: ")
    return f"{text[:1].upper()}{text[1:]}."
