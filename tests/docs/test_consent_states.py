"""The table of transitions in the documents is the one that the fold uses."""

import re
from pathlib import Path

from provenance.consent.events import EVENT_TYPES
from provenance.consent.status import LIVE, TRANSITIONS, State

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "concepts" / "consent.md").read_text("utf-8")


def test_the_transitions_are_those_of_the_document() -> None:
    rows = re.findall(r"^\| `([a-z]+)` \| `([a-z-]+)` \| `([a-z]+)` \|$", TEXT, re.MULTILINE)
    written = {(State(state), event): State(after) for state, event, after in rows}
    assert len(written) == len(rows)
    assert written == TRANSITIONS


def test_what_has_ended_has_no_way_out_and_nothing_but_the_signing_leads_in() -> None:
    ended = {State.WITHDRAWN, State.REVOKED, State.INVALIDATED, State.SUPERSEDED}
    assert not ended & {state for state, _ in TRANSITIONS}
    into = {(state, event) for (state, event), after in TRANSITIONS.items() if after in LIVE and state not in LIVE}
    assert into == {(State.NOTHING, "given")}
    assert {event for _, event in TRANSITIONS} <= set(EVENT_TYPES)


def test_the_rules_of_the_specification_are_numbered_without_a_gap() -> None:
    text = (DOCS / "spec" / "consent-record.md").read_text("utf-8")
    numbers = [int(number) for number in re.findall(r"^(\d+)\. ", text, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
