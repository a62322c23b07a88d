"""`provenance verify`."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import click

from provenance import durable, pki
from provenance.checkpoint import LogKey
from provenance.clock import SystemClock, from_user
from provenance.consent.grants import parse_scope, parse_territory
from provenance.consent.openings import MAX_BYTES, ConsentDisclosure, parse_disclosure
from provenance.consent.vocabulary import parse_medium
from provenance.errors import InputError, ProvenanceError, StudioError, VerificationError
from provenance.pki import MAX_PEM_BYTES, TrustAnchors
from provenance.trust_store import TrustList
from provenance.verification import Question, Report, StampRecords, StatusSource, Verdict, verify_file
from provenance.verification.checkpoints import NOT_COMPARED
from provenance.verification.publishing import Publication, document_of, judge_publication
from provenance.verification.report import Shown
from provenance_cli._annotations import annotations_option, check_annotations, print_annotation
from provenance_cli._chain import print_chain
from provenance_cli._checkpoints import checkpoint_options, read_checkpoint, read_witnesses
from provenance_cli._options import json_option, opened, parsed, studio_option
from provenance_cli._output import note, print_json, safe, say, wrapped
from provenance_cli._publishing import (
    EXIT_CODES,
    check_report_path,
    checked_question,
    policy_option,
    print_answer,
    print_label,
    read_policy,
    report_option,
)
from provenance_cli._status_lists import read_status_list
from provenance_cli.trust import LOG_LINE, parse_log_line
from provenance_cli.trust_lists import open_store

_TOLD = frozenset(
    "evidence-contradicts evidence-doubtful evidence-found revocation-not-checked log-key-unpinned"
    " disclosure-undecided disclosure-picture disclosure-controller disclosure-handles disclosure-conflict"
    " assurance-overstated status-place status-other status-stale"
    " checkpoint-not-compared cosignature-not-checked log-forked quorum-missing record-not-asked".split()
)
_LEDGER_STEPS = {
    "log-forked": "keep this file and your checkpoint, and show them to others who follow this log: they prove it",
    NOT_COMPARED: "copy the log with `provenance ledger mirror`, and name the checkpoint in that folder",
}
_CREDENTIAL_STEPS = {
    "text-edited": "ask for the file as it was stamped; a studio stamps an edited one anew with provenance restamp",
    "none": "ask the photographer for the stamped original",
}
_EXIT_CODES = {Verdict.FAILED: 1, Verdict.INDETERMINATE: 3, Verdict.PASSED: 0}


@dataclass
class _Trusted:
    anchors: list[TrustAnchors] = field(default_factory=list)
    time_anchors: list[TrustAnchors] = field(default_factory=list)
    identity_anchors: list[TrustAnchors] = field(default_factory=list)
    logs: list[LogKey] = field(default_factory=list)
    source: StatusSource | None = None
    records: StampRecords | None = None


@click.command("verify")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False))
@click.option("--for", "scope", metavar="SCOPE", help="The use that you plan, such as publish.web.")
@click.option("--territory", metavar="CC", help="Where you plan it, such as DE.")
@click.option("--medium", metavar="WORD", help="In which medium you plan it, such as print.")
@click.option("--at", "at", metavar="TIME", help="Judge the consent for this time (UTC) instead of now.")
@click.option(
    "--trust",
    "trust_files",
    multiple=True,
    type=click.Path(path_type=Path, readable=False),
    metavar="PEM",
    help="Trust these issuers, such as a studio's `trust export`; may be repeated.",
)
@click.option(
    "--trust-time",
    "time_files",
    multiple=True,
    type=click.Path(path_type=Path, readable=False),
    metavar="PEM",
    help="Trust these time-stamp authorities to say when it was signed, and with nothing else; may be repeated.",
)
@click.option(
    "--trust-identity",
    "identity_files",
    multiple=True,
    type=click.Path(path_type=Path, readable=False),
    metavar="PEM",
    help="Trust these authorities to say who is named beside the issuer, and with nothing else; may be repeated.",
)
@click.option("--without-lists", is_flag=True, help="Trust none of your lists (`provenance trust list`).")
@click.option(
    "--disclosure",
    "disclosure_files",
    multiple=True,
    type=click.Path(path_type=Path, readable=False),
    metavar="FILE",
    help="Check the consent from what the studio disclosed to you; may be repeated.",
)
@click.option(
    "--status",
    "status_places",
    multiple=True,
    metavar="FILE|URL",
    help="Check the consent from a status list that the studio publishes; may be repeated.",
)
@checkpoint_options
@click.option("-v", "--verbose", is_flag=True, help="Tell every step that the picture went through, too.")
@policy_option
@report_option
@annotations_option
@json_option
@studio_option
def command(
    files: tuple[Path, ...],
    *,
    scope: str | None,
    territory: str | None,
    medium: str | None,
    at: str | None,
    trust_files: tuple[Path, ...],
    time_files: tuple[Path, ...],
    identity_files: tuple[Path, ...],
    without_lists: bool,
    disclosure_files: tuple[Path, ...],
    status_places: tuple[str, ...],
    checkpoint_paths: tuple[Path, ...],
    witness_path: Path | None,
    verbose: bool,
    policy_name: str | None,
    report_path: Path | None,
    annotations: str | None,
    as_json: bool,
    studio_path: Path | None,
) -> int:
    """Check pictures: are they intact, who issued them, where do they come from, and did the person agree?

    Needs no studio and no network. Within a studio, its own stamps and consents are known.
    """
    question = Question(
        at=SystemClock().now() if at is None else parsed(from_user, at),
        scope=None if scope is None else parsed(parse_scope, scope),
        territory=None if territory is None else parsed(parse_territory, territory),
        medium=None if medium is None else parsed(parse_medium, medium),
    )
    check_annotations(annotations, as_json=as_json)
    if report_path is not None:
        check_report_path(report_path)
    policy = None if policy_name is None else read_policy(policy_name)
    if policy is not None:
        try:
            question = policy.question(question)
        except InputError as error:
            raise checked_question(error) from error
    disclosures = [_read_disclosure(path) for path in disclosure_files]
    status_lists = [read_status_list(place, now=SystemClock().now()) for place in status_places]
    checkpoints = [read_checkpoint(path) for path in checkpoint_paths]
    witnesses = None if witness_path is None else read_witnesses(witness_path)
    codes = set()
    found: list[tuple[Report, Publication | None]] = []
    lists = [] if without_lists else open_store().all()
    named = [_anchors("identity", path, number) for number, path in enumerate(identity_files)]
    with _trusted(trust_files, time_files, lists, studio_path) as trusted:
        trusted.identity_anchors += named
        for number, path in enumerate(files):
            report = verify_file(
                path,
                question=question,
                anchors=trusted.anchors,
                time_anchors=trusted.time_anchors,
                identity_anchors=trusted.identity_anchors,
                known_logs=trusted.logs,
                source=trusted.source,
                disclosures=disclosures,
                status_lists=status_lists,
                checkpoints=checkpoints,
                witnesses=witnesses,
                records=trusted.records,
            )
            said = None if policy is None else judge_publication(report, policy=policy, question=question)
            code = _EXIT_CODES[report.verdict] if said is None else EXIT_CODES[said.answer]
            codes.add(code)
            if report_path is not None:
                found.append((report, said))
            if as_json:
                print_json(document_of(report, said))
            elif annotations is not None:
                print_annotation(report, said, code=code)
            else:
                if number:
                    say()
                print_card(report, said=said)
                _print_list(report, lists)
                if verbose:
                    print_chain(report)
                next_step = _next_step(report, trusted, asked=question.scope is not None)
                if next_step:
                    note(f"hint: {safe(next_step)}")
    if report_path is not None:
        # Here and not at the top: most checks write no page.
        from provenance.verification.page import report_page

        page = report_page(found, at=SystemClock().now())
        durable.create(report_path, page.encode())
    return next(code for code in _EXIT_CODES.values() if code in codes)


def print_card(report: Report, *, title: str | None = None, said: Publication | None = None) -> None:
    """Print a report for people: what a policy says, the verdict with its reason, then one line an axis."""
    say(safe(title or report.file))
    if said is not None:
        print_answer(said)
    say(wrapped(report.verdict, report.reason, width=15))
    axes = [("Credential", report.credential)]
    if report.credential.code not in ("none", "recovered", "unreadable", "remote", "invalid"):
        axes += [("Origin", report.origin), ("Ledger", report.ledger)]
    for label, axis in axes:
        say(wrapped(label, f"{axis.headline}. {axis.sentence}", width=15))
    if ("Ledger", report.ledger) in axes:
        if report.time.code == "proven":
            say(wrapped("Time", f"{report.time.headline}. {report.time.sentence}", width=15))
        if report.identity.code != "none":
            say(wrapped("Identity", f"{report.identity.headline}. {report.identity.sentence}", width=15))
        if report.history.code != "clean":
            say(wrapped("History", f"{report.history.headline}. {report.history.sentence}", width=15))
        then, now = report.consent_then, report.consent_now
        if then.code == now.code == "not-linked":
            say(wrapped("Consent", f"{now.headline}. {now.sentence}", width=15))
        else:
            say(wrapped("Consent then", f"{then.headline}. {then.sentence}", width=15))
            say(wrapped("Consent now", f"{now.headline}. {now.sentence}", width=15))
        if report.consent_opened is not None:
            _print_shown(report.consent_opened)
        print_label(report)
    for finding in report.findings:
        if finding.code in _TOLD:
            say(wrapped("Note", f"{finding.message[:1].upper()}{finding.message[1:]}.", width=15))


def _print_list(report: Report, lists: Sequence[TrustList]) -> None:
    """Say by which list an issuer is trusted, and of when it is."""
    # Of a file that was changed or revoked, it does not matter any more by whom its issuer would be trusted.
    uri = report.credential.facts.get("trust_list") if report.credential.code == "trusted" else None
    for one in lists:
        if one.uri == uri:
            say(wrapped("Trusted by", f"Your list {one.name}, as of {one.updated_at.date()}.", width=15))


def _print_shown(shown: Shown) -> None:
    say(wrapped("Disclosure", f"Made for {shown.recipient} at {shown.made_at}.", width=15))
    for person in shown.people:
        if person.assurance == "recorded":
            what = f"By the {person.signed_by} on paper at {person.signed_at}, as the studio attests (recorded)."
        else:
            what = f"By the {person.signed_by} at {person.signed_at}; the signature was checked ({person.assurance})."
        say(wrapped("Signed", what, width=15))
        for name, value in person.revealed.items():
            say(wrapped("Revealed", f"{name}: {value}", width=15))


def _read_disclosure(path: Path) -> ConsentDisclosure:
    data = durable.read(path, max_bytes=MAX_BYTES)
    try:
        return parse_disclosure(data, now=SystemClock().now())
    except (InputError, VerificationError) as error:
        hint = error.hint or "ask the studio for a new disclosure"
        raise type(error)(f"{path.name}: {error}", code=error.code, hint=hint) from error


def _next_step(report: Report, trusted: _Trusted, *, asked: bool) -> str | None:
    code = report.credential.code
    ledger = next((_LEDGER_STEPS[found.code] for found in report.findings if found.code in _LEDGER_STEPS), None)
    if ledger is not None:
        return ledger
    if code == "valid":
        return "if you know this issuer, ask for its trust file, and add --trust FILE"
    if code == "trusted" and report.consent_now.code == "unknown" and trusted.source is None:
        return "ask the studio for its status list, and add --status FILE, before you publish"
    if report.verdict is Verdict.PASSED and not asked and report.consent_now.code != "not-needed":
        return "name the use that you plan, such as --for publish.web: this checked what the stamp names"
    if code == "recovered":
        return f"see which stamps, and under which consents: provenance find {report.file}"
    return _CREDENTIAL_STEPS.get(code)


@contextmanager
def _trusted(
    trust_files: tuple[Path, ...],
    time_files: tuple[Path, ...],
    lists: Sequence[TrustList],
    studio_path: Path | None,
) -> Iterator[_Trusted]:
    anchors, times, logs = trusted(trust_files, time_files, lists)
    found = _Trusted(anchors, times, identities_of(lists), logs)
    with ExitStack() as stack:
        try:
            studio = stack.enter_context(opened(studio_path))
            found.anchors.append(studio.anchors())
            found.logs += studio.ledger.log_keys()
            if studio.settings.tsa_roots is not None:
                found.time_anchors.append(
                    _anchors("time", studio.path / studio.settings.tsa_roots, len(found.time_anchors))
                )
            # Here and not at the top: a check outside a studio needs no database.
            from provenance.studio.finding import StampFinder
            from provenance.studio.status import StudioStatus

            found.source = StudioStatus(studio)
            found.records = StampFinder(studio)
        except StudioError as error:
            if studio_path is not None or error.code != "studio-missing":
                raise
        except ProvenanceError:
            raise
        yield found


def trusted(
    trust_files: tuple[Path, ...], time_files: tuple[Path, ...], lists: Sequence[TrustList] = ()
) -> tuple[list[TrustAnchors], list[TrustAnchors], list[LogKey]]:
    """Return what files and lists make trusted: issuers, time-stamp authorities, and keys of logs.

    Raises:
        InputError: a file cannot be read, or is malformed.
    """
    anchors: list[TrustAnchors] = []
    logs: list[LogKey] = []
    for path in trust_files:
        data = durable.read(path, max_bytes=MAX_PEM_BYTES)
        certificates = pki.parse_certificates(data, place=path.name)
        keys = _log_keys(data, path.name)
        uri = f"urn:headshot-provenance:trust:file:{len(anchors)}"
        anchors.append(TrustAnchors(uri, pki.to_pem(*certificates), logs=_origins(keys)))
        logs += keys
    times = [_anchors("time", path, number) for number, path in enumerate(time_files)]
    for one in lists:
        if one.purpose == "times":
            times.append(one.anchors)
        if one.purpose != "signers":
            continue
        keys = _log_keys(one.text.encode(), one.name)
        anchors.append(replace(one.anchors, logs=_origins(keys)))
        logs += keys
    return anchors, times, logs


def identities_of(lists: Sequence[TrustList]) -> list[TrustAnchors]:
    """Return the anchors of the lists that vouch for named actors."""
    return [one.anchors for one in lists if one.purpose == "identities"]


def _origins(keys: Sequence[LogKey]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key.key.name for key in keys))


def _anchors(kind: str, path: Path, number: int) -> TrustAnchors:
    certificates = pki.parse_certificates(durable.read(path, max_bytes=MAX_PEM_BYTES), place=path.name)
    return TrustAnchors(f"urn:headshot-provenance:trust:{kind}:{number}", pki.to_pem(*certificates))


def _log_keys(data: bytes, name: str) -> list[LogKey]:
    lines = data.decode("utf-8", "replace").splitlines()
    try:
        return [parse_log_line(line) for line in lines if line.startswith(LOG_LINE)]
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
