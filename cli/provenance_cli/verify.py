"""`provenance verify`."""

from collections.abc import Sequence
from pathlib import Path

import click

from provenance import durable
from provenance.clock import SystemClock, from_user
from provenance.consent.grants import parse_scope, parse_territory
from provenance.consent.openings import MAX_BYTES, ConsentDisclosure, parse_disclosure
from provenance.consent.vocabulary import parse_medium
from provenance.errors import InputError, VerificationError
from provenance.trust_store import TrustList
from provenance.verification import Question, Report
from provenance.verification.publishing import Publication, PublishingPolicy, document_of
from provenance_cli._annotations import annotations_option, check_annotations, print_annotation
from provenance_cli._card import next_step, print_card, print_list
from provenance_cli._chain import print_chain
from provenance_cli._checking import Check, Checked, check_all, jobs_for
from provenance_cli._checkpoints import checkpoint_options, read_checkpoint, read_witnesses
from provenance_cli._options import json_option, parsed, studio_option
from provenance_cli._output import Counting, note, print_json, safe, say
from provenance_cli._pictures import find_pictures, pictures_options
from provenance_cli._publishing import check_report_path, checked_question, policy_option, read_policy, report_option
from provenance_cli._status_lists import read_status_list
from provenance_cli._trusting import trust_options, trusted_by
from provenance_cli._verify_told import Counts, check_alone, many_options, print_line
from provenance_cli.trust_lists import open_store


@click.command("verify")
@pictures_options
@click.option("--for", "scope", metavar="SCOPE", help="The use that you plan, such as publish.web.")
@click.option("--territory", metavar="CC", help="Where you plan it, such as DE.")
@click.option("--medium", metavar="WORD", help="In which medium you plan it, such as print.")
@click.option("--at", "at", metavar="TIME", help="Judge the consent for this time (UTC) instead of now.")
@trust_options
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
        medium=None if medium is None else parsed(parse_medium, medium),
    )
    check_annotations(annotations, as_json=as_json)
    if record_path is not None:
        check_alone(report=report_path is not None, annotations=annotations is not None, verbose=verbose)
    if report_path is not None:
        check_report_path(report_path)
    policy, question = (None, question) if policy_name is None else _by_policy(policy_name, question)
    disclosures = [_read_disclosure(path) for path in disclosure_files]
    status_lists = [read_status_list(place, now=SystemClock().now()) for place in status_places]
    checkpoints = [read_checkpoint(path) for path in checkpoint_paths]
    witnesses = None if witness_path is None else read_witnesses(witness_path)
    paths = [found.path for found in find_pictures(files, recursive=recursive, endings=endings, null=null, once=False)]
    counts, progress = Counts(), Counting("pictures")
    kept: list[tuple[Report, Publication | None]] = []
    lists = [] if without_lists else open_store().all()
    trusted = trusted_by(
        studio_path, lists=lists, trust_files=trust_files, time_files=time_files, identity_files=identity_files
    )
    check = Check(
        question,
        anchors=tuple(trusted.anchors),
        time_anchors=tuple(trusted.time_anchors),
        identity_anchors=tuple(trusted.identity_anchors),
        logs=tuple(trusted.logs),
        disclosures=tuple(disclosures),
        status_lists=tuple(status_lists),
        checkpoints=tuple(checkpoints),
        witnesses=witnesses,
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
            _print_whole(found, check, lists, verbose=verbose)
        progress(number + 1, len(paths))
    counts.tell()
    if report_path is not None:
        # Here and not at the top: most checks write none.
        from provenance_cli._report_file import write_report

        write_report(report_path, kept, at=SystemClock().now())
    return counts.code


def _print_whole(found: Checked, check: Check, lists: Sequence[TrustList], *, verbose: bool) -> None:
    print_card(found.report, said=found.said)
    print_list(found.report, lists)
    if verbose:
        print_chain(found.report)
    step = next_step(found.report, asked=check.question.scope is not None, studio=check.studio is not None)
    if step:
        note(f"hint: {safe(step)}")


def _by_policy(name: str, question: Question) -> tuple[PublishingPolicy, Question]:
    policy = read_policy(name)
    try:
        return policy, policy.question(question)
    except InputError as error:
        raise checked_question(error) from error


def _read_disclosure(path: Path) -> ConsentDisclosure:
    data = durable.read(path, max_bytes=MAX_BYTES)
    try:
        return parse_disclosure(data, now=SystemClock().now())
    except (InputError, VerificationError) as error:
        hint = error.hint or "ask the studio for a new disclosure"
        raise type(error)(f"{path.name}: {error}", code=error.code, hint=hint) from error
