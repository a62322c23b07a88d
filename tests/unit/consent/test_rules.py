from datetime import date, timedelta

import pytest
from support.consents import NOW, TODAY, signed_event, signed_record

from provenance.consent.grants import Grant, decide
from provenance.consent.parties import Terms
from provenance.consent.rules import biometric_destroy_by, kind_of, notice_period
from provenance.consent.scopes import Scope
from provenance.consent.status import stand

CONTRACT = "eu-gdpr:A6-1-b-contract-performance"
YEAR = TODAY + timedelta(days=365)


def grant(scope: Scope, *, revocability: str = "any_time", until: date | None = None, permit: bool = True) -> Grant:
    return Grant(scope, "permit" if permit else "deny", TODAY, until, legal_basis=CONTRACT, revocability=revocability)


@pytest.mark.parametrize(
    ("grants", "period"),
    [
        ([], "none"),
        ([grant(Scope.CAPTURE)], "none"),
        ([grant(Scope.CAPTURE, revocability="notice:P7D"), grant(Scope.MINE, revocability="notice:P30D")], "P30D"),
        ([grant(Scope.CAPTURE, revocability="notice:P30D", permit=False)], "none"),
    ],
)
def test_the_longest_notice_of_what_is_permitted_counts(grants: list[Grant], period: str) -> None:
    assert notice_period(grants) == period


@pytest.mark.parametrize(
    ("ends", "day"),
    [
        ([YEAR], YEAR),
        ([YEAR, YEAR + timedelta(days=10)], YEAR + timedelta(days=10)),
        ([None], TODAY + timedelta(days=3 * 365)),
        ([YEAR, None], TODAY + timedelta(days=3 * 365)),
        ([TODAY + timedelta(days=4000)], TODAY + timedelta(days=3 * 365)),
    ],
)
def test_a_face_template_lives_as_long_as_it_is_permitted_and_three_years_at_most(
    ends: list[date | None], day: date
) -> None:
    scopes = (Scope.BIOMETRIC_TEMPLATE, Scope.BIOMETRIC_MATCH)
    grants = [grant(scope, until=end) for scope, end in zip(scopes, ends, strict=False)]
    assert biometric_destroy_by(grants, made=TODAY) == day


def test_where_no_face_may_be_measured_there_is_no_day_to_destroy_anything() -> None:
    grants = [grant(Scope.BIOMETRIC_MATCH, permit=False), grant(Scope.CAPTURE, until=YEAR)]
    assert biometric_destroy_by(grants, made=TODAY) is None


@pytest.mark.parametrize(
    ("scopes", "minor", "kind"),
    [
        ([Scope.CAPTURE], False, "model_release"),
        ([Scope.BIOMETRIC_MATCH], False, "biometric_release"),
        ([Scope.BIOMETRIC_MATCH, Scope.AI_GENERATE], False, "digital_replica"),
        ([Scope.AI_EDIT], False, "model_release"),
        ([Scope.BIOMETRIC_MATCH], True, "guardian_release"),
    ],
)
def test_a_record_is_called_by_the_strictest_regime(scopes: list[Scope], minor: bool, kind: str) -> None:
    assert kind_of([grant(scope) for scope in scopes], minor=minor) == kind


@pytest.mark.parametrize("days", [0, 366])
def test_a_shoot_takes_a_day_or_a_year(days: int) -> None:
    shoot = (TODAY, TODAY + timedelta(days=days))
    record = signed_record(terms=Terms(age_class="adult", shoot=shoot))
    assert record.body["shoot"] == {"start": str(shoot[0]), "end": str(shoot[1])}


def test_an_irrevocable_time_may_be_the_first_day_or_the_whole_term() -> None:
    for day in (TODAY, YEAR):
        grants = decide(
            permit=[Scope.CAPTURE],
            deny=[],
            since=TODAY,
            until=YEAR,
            territory=[],
            use=None,
            bases={Scope.CAPTURE: CONTRACT},
            revocability={Scope.CAPTURE: f"irrevocable_until:{day}"},
        )
        assert grants[0].revocability == f"irrevocable_until:{day}"


def test_the_next_withdrawal_that_will_take_effect_is_told_while_its_notice_runs() -> None:
    grants = decide(
        permit=[Scope.CAPTURE],
        deny=[],
        since=TODAY,
        until=None,
        territory=[],
        use=None,
        bases={Scope.CAPTURE: CONTRACT},
        revocability={Scope.CAPTURE: "notice:P2D"},
    )
    record = signed_record(grants)
    given = signed_event(record)
    asked = NOW + timedelta(days=1)
    first = signed_event(record, "withdrawn", previous=given, now=asked)
    again = signed_event(record, "withdrawn", previous=first, now=asked + timedelta(hours=1))
    events = [given, first, again]
    effect = asked + timedelta(days=2)
    for at, ends in (
        (asked - timedelta(seconds=1), None),
        (asked, effect),
        (asked + timedelta(hours=2), effect),
        (effect, effect + timedelta(hours=1)),
        (effect + timedelta(hours=1), None),
    ):
        assert stand(record, events, scope=Scope.CAPTURE, at=at).ends == ends
