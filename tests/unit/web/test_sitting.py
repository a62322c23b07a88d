import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import pytest
from support.refusals import refused
from support.studios import USE

from provenance.consent.parties import Photographer
from provenance.consent.scopes import Scope
from provenance.consent.shelf import find_template
from provenance.consent.templates import parse_template
from provenance.errors import InputError, RefusedError
from provenance.web.sitting import Camera, FormFaultError, Job, Sitting, folded, read_form
from provenance.web.words import words_for

NOW = datetime(2026, 11, 23, 21, 7, 5, tzinfo=UTC)
INK = json.dumps({"width": 3000, "height": 1300, "strokes": [[[0, 0, 0], [300, 40, 5], [600, 0, 9]]]})
ADULT = {"age": "adult", "name": "Zoë", "how": "typed", "typed": "zoë"}
CHILD = {
    "age": "minor",
    "name": "Ann",
    "guardian": "Zoë",
    "relationship": "parent",
    "how": "typed",
    "typed": "Zoë",
}
AI: dict[str, str | list[str]] = {
    **ADULT,
    "permit": ["ai.generate"],
    "born": "1990-05-06",
    "initials.ai.generate": "ZÅ",
    "representation": "none",
}


def job(template: str = "corporate-headshot") -> Job:
    return Job(find_template(template, None).template, "Autumn conference", USE)


def read(fields: Mapping[str, str | list[str]], asked: Job | None = None) -> Sitting:
    form: dict[str, Sequence[str]] = {
        name: value if isinstance(value, list) else [value] for name, value in fields.items()
    }
    return read_form(form, asked or job(), language="en", studio="Studio Lümen", now=NOW)


def test_what_is_switched_on_is_permitted_and_all_the_rest_denied() -> None:
    sitting = read({**ADULT, "permit": ["capture", "publish.web"]})
    decided = {grant.scope: grant.decision for grant in sitting.grants}
    assert [scope for scope in decided if decided[scope] == "permit"] == [Scope.CAPTURE, Scope.PUBLISH_WEB]
    assert {*job().template.scopes, *(scope for scope in Scope if scope.is_ai)} == {*decided}
    assert {grant.until for grant in sitting.grants} == {date(2029, 11, 22)}
    assert sitting.subject.details == {"shoot_description": "Autumn conference"}
    assert (sitting.terms.shoot, sitting.subject.age_class(NOW.date())) == ((NOW.date(), NOW.date()), "not-recorded")


def test_no_switch_at_all_is_a_refusal_that_can_be_signed() -> None:
    assert {grant.decision for grant in read(dict(ADULT)).grants} == {"deny"}


def test_what_was_read_is_what_the_record_names() -> None:
    shown, template = read(dict(ADULT)).shown, job().template
    assert shown.text == template.render("en", studio="Studio Lümen")
    assert shown.notice == template.notice("en", studio="Studio Lümen", presented_at=NOW)


def test_a_drawing_is_made_into_a_picture_by_the_server() -> None:
    ink = read({**ADULT, "how": "drawn", "ink": INK}).subject.ink
    assert ink is not None
    assert ink.startswith(b"<svg xmlns=")


def test_a_guardian_signs_for_a_child() -> None:
    sitting = read({**CHILD, "authority": "sole custody", "permit": ["capture"]})
    assert sitting.subject.guardian is not None
    assert sitting.subject.guardian.relationship == "dpv:ParentOfDataSubject"
    assert sitting.subject.age_class(NOW.date()) == "minor"


def test_ai_is_permitted_line_by_line_with_initials() -> None:
    sitting = read(dict(AI), job("ai-headshot-service"))
    (permitted,) = [grant for grant in sitting.grants if grant.decision == "permit"]
    assert (permitted.scope, permitted.use) == (Scope.AI_GENERATE, USE)
    assert sitting.subject.initials == {Scope.AI_GENERATE: "ZÅ"}
    assert sitting.subject.details["representation"] == "none"


@pytest.mark.parametrize(
    ("changed", "field", "word"),
    [
        ({"age": ""}, "age", "fault_age"),
        ({"age": "old"}, "age", "fault_age"),
        ({"name": " "}, "name", "fault_name"),
        ({"name": "a\nb"}, "name", "fault_name"),
        ({"name": "x" * 201}, "name", "fault_name"),
        ({"how": ""}, "how", "fault_how"),
        ({"how": "drawn"}, "ink", "fault_ink"),
        ({"how": "drawn", "ink": "<svg>"}, "ink", "fault_ink"),
        ({"typed": ""}, "typed", "fault_typed"),
        ({"typed": "somebody else"}, "typed", "fault_typed"),
        ({"email": "zoe"}, "email", "fault_email"),
        ({"email": "zoë@x@y"}, "email", "fault_email"),
        ({"email": "\u202ea@b"}, "email", "fault_text"),
        ({"born": "yesterday"}, "born", "fault_born"),
        ({"born": "2999-01-01"}, "born", "fault_born"),
        ({"born": "1492-10-12"}, "born", "fault_born"),
        ({"born": "2015-01-01"}, "born", "fault_born_age"),
        ({"age": "minor"}, "guardian", "fault_guardian"),
        ({"age": "minor", "guardian": "Ann", "relationship": "aunt"}, "relationship", "fault_relationship"),
        ({"permit": ["ai.edit"]}, "born", "fault_born_ai"),
        ({"permit": ["ai.edit"], "born": "1990-01-01"}, "initials.ai.edit", "fault_initials"),
        ({"permit": ["ai.edit"], "age": "minor"}, "age", "fault_minor_ai"),
    ],
)
def test_what_is_missing_or_cannot_be_is_told_beside_its_field(
    changed: dict[str, str | list[str]], field: str, word: str
) -> None:
    with pytest.raises(FormFaultError) as fault:
        read({**ADULT, **changed})
    assert (fault.value.field, fault.value.word) == (field, word)
    assert words_for("ja")(word)


def test_an_adult_born_on_a_day_that_makes_them_a_child_and_the_reverse_are_told() -> None:
    for form in ({**CHILD, "born": "1990-01-01"}, {**ADULT, "born": "2010-01-01"}):
        with pytest.raises(FormFaultError, match="fault_born_age"):
            read(dict(form))


def test_a_witness_signs_where_the_template_asks_for_one() -> None:
    stock = job("stock-release")
    assert stock.witnessed
    assert read({**ADULT, "witness": "Ann"}, stock).subject.witness == "Ann"
    for name, word in (("", "fault_witness"), ("ZOË", "fault_witness_self")):
        with pytest.raises(FormFaultError, match=word):
            read({**ADULT, "witness": name}, stock)


def test_a_replica_says_who_advised() -> None:
    with pytest.raises(FormFaultError, match="fault_representation"):
        read({**AI, "representation": "a friend"}, job("ai-headshot-service"))


def test_a_use_that_is_not_asked_for_cannot_be_permitted() -> None:
    with pytest.raises(InputError, match="scope mine: corporate-headshot does not ask for it"):
        read({**ADULT, "permit": ["mine"]})


@pytest.mark.parametrize("permit", [["*"], ["capture", "<script>"]])
def test_what_is_no_scope_cannot_be_permitted(permit: list[str]) -> None:
    with pytest.raises(InputError, match="scope: expected a known one"):
        read({**ADULT, "permit": permit})


def test_a_kiosk_cannot_ask_for_what_will_be_made_without_saying_what() -> None:
    with pytest.raises(RefusedError, match="nothing says what will be made") as missing:
        Job(find_template("ai-headshot-service", None).template).check()
    assert missing.value.code == "kiosk-use"
    Job(find_template("corporate-headshot", None).template).check()


def asking_the_photographer(camera: Camera | None) -> Job:
    from importlib.resources import files

    data = (files("provenance.consent") / "templates" / "stock-release.toml").read_bytes()
    template = parse_template(data.replace(b'["witness"]', b'["photographer"]'), name="stock-release.toml")
    return Job(template, camera=camera)


def test_a_photographer_who_signs_is_named() -> None:
    message = "template stock-release: the photographer signs too, and nothing says who that is"
    with refused(RefusedError, message, code="template-signer", hint="add --photographer NAME"):
        asking_the_photographer(None).check()
    asking_the_photographer(Camera("Ann Lee")).check()
    for name in ("", "  ", "a\nb"):
        with refused(InputError, "photographer: expected a name of printable characters", code="text"):
            Job(find_template("corporate-headshot", None).template, camera=Camera(name)).check()


def test_a_photographer_signs_by_a_tick_of_their_own() -> None:
    asked = asking_the_photographer(Camera("Ann Lee"))
    with pytest.raises(FormFaultError) as missing:
        read(ADULT, asked)
    assert (missing.value.field, missing.value.word) == ("photographer", "fault_photographer")
    sitting = read({**ADULT, "photographer": "yes"}, asked)
    assert sitting.camera == asked.camera
    assert sitting.terms.photographer is not None
    assert sitting.terms.photographer.name == "Ann Lee"


def test_a_photographer_who_does_not_sign_is_named_only() -> None:
    asked = Job(find_template("stock-release", None).template, camera=Camera("Ann Lee"))
    sitting = read({**ADULT, "witness": "Ben"}, asked)
    assert (sitting.camera, sitting.terms.photographer) == (None, Photographer("Ann Lee"))
    with pytest.raises(FormFaultError) as same:
        read({**ADULT, "witness": "ann  LEE"}, asked)
    assert same.value.word == "fault_witness_self"


def test_names_are_compared_as_people_do() -> None:
    assert folded("ZOE\u0308  Ångström ") == folded("zoë ångström")
