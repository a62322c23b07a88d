"""`provenance verify`."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import click

from provenance import durable, pki
from provenance.checkpoint import LogKey
from provenance.clock import SystemClock, from_user
from provenance.consent.grants import parse_scope, parse_territory
from provenance.consent.openings import MAX_BYTES, ConsentDisclosure, parse_disclosure
from provenance.errors import InputError, StudioError, VerificationError
from provenance.pki import MAX_PEM_BYTES, TrustAnchors
from provenance.trust_files import parse_log_lines, parse_trust_file
from provenance.trust_store import TrustList
from provenance.verification import Question, Report, Verdict
from provenance.verification.publishing import Publication, PublishingPolicy, document_of
from provenance.verification.report import Shown
from provenance_cli._annotations import annotations_option, check_annotations, print_annotation
from provenance_cli._chain import print_chain
from provenance_cli._checking import Check, Checked, check_all, jobs_for
from provenance_cli._options import json_option, opened, parsed, studio_option
from provenance_cli._output import Counting, note, print_json, safe, say, wrapped
from provenance_cli._pictures import find_pictures, pictures_options
from provenance_cli._publishing import (
    check_report_path,
    checked_question,
    policy_option,
    print_answer,
    print_label,
    read_policy,
    report_option,
)
from provenance_cli._status_lists import read_status_list
from provenance_cli._verify_told import Counts, check_alone, many_options, print_line
from provenance_cli.trust_lists import open_store

_TOLD = frozenset(
    "evidence-contradicts evidence-doubtful evidence-found revocation-not-checked log-key-unpinned"
    " disclosure-undecided disclosure-picture disclosure-controller disclosure-handles disclosure-conflict"
    " assurance-overstated status-place status-other status-stale".split()
)


@dataclass
class _Trusted:
    anchors: list[TrustAnchors] = field(default_factory=list)
    time_anchors: list[TrustAnchors] = field(default_factory=list)
    logs: list[LogKey] = field(default_factory=list)
    studio: Path | None = None


@click.command("verify")
@pictures_options
@click.option("--for", "scope", metavar="SCOPE", help="The use that you plan, such as publish.web.")
@click.option("--territory", metavar="CC", help="Where you plan it, such as DE.")
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
@many_options
@click.option("-v", "--verbose", is_flag=True, help="Tell every step that the picture went through, too.")
@policy_option
@report_option
@annotations_option
@json_option
@studio_option
def command(
    files: tuple[Path, ...],
    *,
    recursive: bool,
    endings: str | None,
    null: bool,
    scope: str | None,
    territory: str | None,
    at: str | None,
    trust_files: tuple[Path, ...],
    time_files: tuple[Path, ...],
    without_lists: bool,
    disclosure_files: tuple[Path, ...],
    status_places: tuple[str, ...],
    jobs: int | None,
    record_path: Path | None,
    brief: bool,
    verbose: bool,
    policy_name: str | None,
    report_path: Path | None,
    annotations: str | None,
    as_json: bool,
    studio_path: Path | None,
) -> int:
    """Check pictures: are they intact, who issued them, where do they come from, and did the person agree?

    FILES are pictures, folders of them, or - for names from a pipe. Needs no studio and no network. Within a studio,
    its own stamps and consents are known.
    """
    question = Question(
        at=SystemClock().now() if at is None else parsed(from_user, at),
        scope=None if scope is None else parsed(parse_scope, scope),
        territory=None if territory is None else parsed(parse_territory, territory),
    )
    check_annotations(annotations, as_json=as_json)
    if record_path is not None:
        check_alone(report=report_path is not None, annotations=annotations is not None, verbose=verbose)
    if report_path is not None:
        check_report_path(report_path)
    policy, question = (None, question) if policy_name is None else _by_policy(policy_name, question)
    disclosures = [_read_disclosure(path) for path in disclosure_files]
    status_lists = [read_status_list(place, now=SystemClock().now()) for place in status_places]
    paths = [found.path for found in find_pictures(files, recursive=recursive, endings=endings, null=null, once=False)]
    counts, progress = Counts(), Counting("pictures")
    kept: list[tuple[Report, Publication | None]] = []
    lists = [] if without_lists else open_store().all()
    trusted = _trusted(trust_files, time_files, lists, studio_path)
    check = Check(
        question,
        anchors=tuple(trusted.anchors),
        time_anchors=tuple(trusted.time_anchors),
        logs=tuple(trusted.logs),
        disclosures=tuple(disclosures),
        status_lists=tuple(status_lists),
        policy=policy,
        studio=trusted.studio,
    )
    processes = jobs_for(len(paths), jobs)
    if record_path is not None:
        # Here and not at the top: the check of one file needs no record.
        from provenance_cli._recheck import recheck

        asked_for = None if at is None else question.at
        return recheck(check, paths, jobs=processes, record_path=record_path, at=asked_for, as_json=as_json)
    for number, found in enumerate(check_all(check, paths, jobs=processes)):
        counts.add(found.words, found.code)
        if report_path is not None:
            kept.append((found.report, found.said))
        if as_json:
            print_json(document_of(found.report, found.said))
        elif annotations is not None:
            print_annotation(found.report, found.said, code=found.code)
        elif brief:
            print_line(found)
        else:
            if number:
                say()
            _print_whole(found, trusted, lists, verbose=verbose, asked=question.scope is not None)
        progress(number + 1, len(paths))
    counts.tell()
    if report_path is not None:
        # Here and not at the top: most checks write none.
        from provenance_cli._report_file import write_report

        write_report(report_path, kept, at=SystemClock().now())
    return counts.code


def _by_policy(name: str, question: Question) -> tuple[PublishingPolicy, Question]:
    policy = read_policy(name)
    try:
        return policy, policy.question(at=question.at, scope=question.scope, territory=question.territory)
    except InputError as error:
        raise checked_question(error) from error


def _print_whole(found: Checked, trusted: _Trusted, lists: Sequence[TrustList], *, verbose: bool, asked: bool) -> None:
    print_card(found.report, said=found.said)
    _print_list(found.report, lists)
    if verbose:
        print_chain(found.report)
    next_step = _next_step(found.report, trusted, asked=asked)
    if next_step:
        note(f"hint: {safe(next_step)}")


def print_card(report: Report, *, title: str | None = None, said: Publication | None = None) -> None:
    """Print a report for people: what a policy says, the verdict with its reason, then one line an axis."""
    say(safe(title or report.file))
    if said is not None:
        print_answer(said)
    say(wrapped(report.verdict, report.reason, width=15))
    axes = [("Credential", report.credential)]
    if report.credential.code not in ("none", "unreadable", "remote", "invalid"):
        axes += [("Origin", report.origin), ("Ledger", report.ledger)]
    for label, axis in axes:
        say(wrapped(label, f"{axis.headline}. {axis.sentence}", width=15))
    if ("Ledger", report.ledger) in axes:
        if report.time.code == "proven":
            say(wrapped("Time", f"{report.time.headline}. {report.time.sentence}", width=15))
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
    if code == "valid":
        return "if you know this issuer, ask for its trust file, and add --trust FILE"
    if code == "trusted" and report.consent_now.code == "unknown" and trusted.studio is None:
        return "ask the studio for its status list, and add --status FILE, before you publish"
    if report.verdict is Verdict.PASSED and not asked and report.consent_now.code != "not-needed":
        return "name the use that you plan, such as --for publish.web: this checked what the stamp names"
    if code == "none":
        return "ask the photographer for the stamped original"
    return None


def _trusted(
    trust_files: tuple[Path, ...],
    time_files: tuple[Path, ...],
    lists: Sequence[TrustList],
    studio_path: Path | None,
) -> _Trusted:
    found = _Trusted(*trusted(trust_files, time_files, lists))
    try:
        with opened(studio_path) as studio:
            found.anchors.append(studio.anchors())
            found.logs += studio.ledger.log_keys()
            if studio.settings.tsa_roots is not None:
                found.time_anchors.append(
                    _time_anchors(studio.path / studio.settings.tsa_roots, len(found.time_anchors))
                )
            found.studio = studio.path
    except StudioError as error:
        if studio_path is not None or error.code != "studio-missing":
            raise
    return found


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
        uri = f"urn:headshot-provenance:trust:file:{len(anchors)}"
        given, keys = parse_trust_file(durable.read(path, max_bytes=MAX_PEM_BYTES), uri=uri, place=path.name)
        anchors.append(given)
        logs += keys
    times = [_time_anchors(path, number) for number, path in enumerate(time_files)]
    for one in lists:
        if one.purpose == "times":
            times.append(one.anchors)
            continue
        keys = parse_log_lines(one.text.encode(), place=one.name)
        anchors.append(replace(one.anchors, logs=tuple(dict.fromkeys(key.key.name for key in keys))))
        logs += keys
    return anchors, times, logs


def _time_anchors(path: Path, number: int) -> TrustAnchors:
    certificates = pki.parse_certificates(durable.read(path, max_bytes=MAX_PEM_BYTES), place=path.name)
    return TrustAnchors(f"urn:headshot-provenance:trust:time:{number}", pki.to_pem(*certificates))
