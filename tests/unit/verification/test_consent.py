import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from provenance.canonical import sha256
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, Permission
from provenance.credentials.manifest import ConsentAssertion
from provenance.credentials.origin import Origin
from provenance.verification.consent import NOT_LINKED, NOT_READ, judge_now, judge_then
from provenance.verification.report import Axis, Finding, LedgerCode
from provenance.verification.sources import Basis, StampedPicture, StatusSource

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
SINCE = datetime(2026, 11, 23, 21, 7, 5, tzinfo=UTC)
DIGEST = sha256(b"the picture")
HANDLE = sha256(b"a handle")
IN_FORCE = Permission(ConsentCode.IN_FORCE, "the grant capture says permit")
NOT_FOUND = Permission(ConsentCode.NOT_FOUND, "this studio has no consent for this picture")

HEADLINES = {
    ConsentCode.IN_FORCE: "Consent in force",
    ConsentCode.LIMITED: "Consent does not cover this use",
    ConsentCode.WITHDRAWN: "Consent withdrawn",
    ConsentCode.EXPIRED: "Consent expired",
    ConsentCode.NOT_NEEDED: "No consent needed",
    ConsentCode.NOT_FOUND: "Consent not found",
    ConsentCode.NOT_LINKED: "No consent linked",
    ConsentCode.UNKNOWN: "Consent not known",
}

REAL = ConsentAssertion(
    handles=(HANDLE,),
    subject_kind="real",
    scopes=("capture",),
    assurance="drawn",
    controller="urn:ietf:params:oauth:jwk-thumbprint:sha-256:example",
    stamped_at="2026-11-23T21:07Z",
    entry=b"{}",
    log_origin="studio.example/log",
    log_key="a key",
    proof="a proof",
)
NOBODY = replace(REAL, handles=(), subject_kind="synthetic", scopes=(), assurance=None)
UNLINKED = replace(REAL, handles=())


@dataclass
class Answers:
    """A status source that gives one answer for then and one for now, and keeps what it was asked."""

    then: Permission = IN_FORCE
    now: Permission = IN_FORCE
    basis: Basis = "studio"
    asked: list[tuple[StampedPicture, list[Scope]]] = field(default_factory=list)
    circumstances: list[tuple[str | None, str | None, datetime]] = field(default_factory=list)

    def revoked(self, picture: StampedPicture) -> datetime | None:
        return None

    def when_stamped(self, picture: StampedPicture, *, scopes: Sequence[Scope]) -> Permission:
        self.asked.append((picture, list(scopes)))
        return self.then

    def permission(
        self,
        picture: StampedPicture,
        *,
        scopes: Sequence[Scope],
        territory: str | None,
        medium: str | None,
        at: datetime,
    ) -> Permission:
        self.asked.append((picture, list(scopes)))
        self.circumstances.append((territory, medium, at))
        return self.now


def then(
    assertion: ConsentAssertion,
    source: StatusSource | None = None,
    *,
    ledger: str = LedgerCode.PROVEN,
    origin: str = Origin.CAMERA_DECLARED,
    digest: bytes | None = DIGEST,
) -> tuple[Axis, str | None, list[Finding]]:
    findings: list[Finding] = []
    axis, basis = judge_then(assertion, digest=digest, origin=origin, ledger=ledger, source=source, findings=findings)
    return axis, basis, findings


def now(
    assertion: ConsentAssertion,
    source: StatusSource | None = None,
    *,
    scope: Scope | None = None,
    territory: str | None = None,
    medium: str | None = None,
    origin: str = Origin.CAMERA_DECLARED,
    digest: bytes | None = DIGEST,
) -> tuple[Axis, list[Finding]]:
    findings: list[Finding] = []
    axis = judge_now(
        assertion,
        digest=digest,
        origin=origin,
        scope=scope,
        territory=territory,
        medium=medium,
        at=NOW,
        source=source,
        findings=findings,
    )
    return axis, findings


# --- then


@pytest.mark.parametrize("code", sorted(set(ConsentCode) - {ConsentCode.NOT_FOUND}))
@pytest.mark.parametrize("basis", ["studio", "opened"])
def test_what_a_source_says_of_then_is_told_with_what_it_rests_on(code: ConsentCode, basis: Basis) -> None:
    source = Answers(then=Permission(code, "the grant capture says so", SINCE), basis=basis)
    sentence = "When it was stamped: the grant capture says so."
    axis = Axis(code, HEADLINES[code], sentence, {"since": "2026-11-23T21:07:05+00:00"})
    # Whoever holds the consent knows more than the ledger.
    for ledger in LedgerCode:
        assert then(REAL, source, ledger=ledger) == (axis, basis, [])


def test_a_source_is_asked_about_this_picture_and_the_scopes_of_the_stamp() -> None:
    source = Answers()
    then(replace(REAL, scopes=("publish.web", "capture")), source)
    assert source.asked == [(StampedPicture((HANDLE,), DIGEST, b"{}"), [Scope.CAPTURE, Scope.PUBLISH_WEB])]
    then(REAL, source, digest=None)
    assert source.asked[1:] == [(StampedPicture((HANDLE,), None, b"{}"), [Scope.CAPTURE])]


@pytest.mark.parametrize("source", [None, Answers(then=NOT_FOUND)])
def test_without_an_answer_the_statement_in_the_ledger_counts(source: Answers | None) -> None:
    axis = Axis(
        ConsentCode.IN_FORCE,
        "Consent in force",
        "The studio states, and logged, that a signed consent (drawn) covered ai.generate, publish.web.",
        {"scopes": ["ai.generate", "publish.web"], "assurance": "drawn"},
    )
    assert then(replace(REAL, scopes=("ai.generate", "publish.web")), source) == (axis, "sealed", [])


@pytest.mark.parametrize("source", [None, Answers(then=NOT_FOUND)])
@pytest.mark.parametrize("ledger", sorted(set(LedgerCode) - {LedgerCode.PROVEN}))
def test_without_an_answer_and_a_ledger_nothing_is_known_of_then(source: Answers | None, ledger: LedgerCode) -> None:
    sentence = "The ledger does not prove that a consent was recorded."
    axis = Axis(ConsentCode.UNKNOWN, "Consent not known", sentence, {"since": None})
    assert then(REAL, source, ledger=ledger) == (axis, "sealed", [])


def test_a_stamp_without_scopes_states_nothing() -> None:
    sentence = "The stamp does not say what the consent covered."
    axis = Axis(ConsentCode.UNKNOWN, "Consent not known", sentence, {"since": None})
    assert then(replace(REAL, scopes=())) == (axis, "sealed", [])


# --- now


@pytest.mark.parametrize("code", list(ConsentCode))
def test_what_a_source_says_of_now_is_told(code: ConsentCode) -> None:
    source = Answers(now=Permission(code, "the grant capture says so", SINCE))
    axis = Axis(code, HEADLINES[code], "The grant capture says so.", {"since": "2026-11-23T21:07:05+00:00"})
    assert now(REAL, source) == (axis, [])


def test_that_data_were_erased_is_told_beside_the_answer() -> None:
    erased = replace(IN_FORCE, erased=SINCE)
    axis = now(REAL, Answers(now=erased))[0]
    assert (axis.code, axis.headline) == (ConsentCode.IN_FORCE, "Consent in force")
    assert axis.sentence == "The grant capture says permit. The person's data were erased on 2026-11-23."
    assert axis.facts == {"since": None, "erased": "2026-11-23T21:07:05+00:00"}


def test_an_answer_without_a_time_has_none() -> None:
    assert now(REAL, Answers())[0].facts == {"since": None}


def test_without_a_source_nothing_is_known_of_now() -> None:
    sentence = "Whether the consent still stands is not known, as nobody who holds it was asked."
    axis = Axis(ConsentCode.UNKNOWN, "Consent not known", sentence, {"since": None})
    for scope in (None, Scope.PUBLISH_WEB):
        assert now(REAL, None, scope=scope, territory="DE") == (axis, [])


def test_a_source_is_asked_about_the_scopes_of_the_stamp_unless_a_use_is_planned() -> None:
    source = Answers()
    now(replace(REAL, scopes=("publish.web", "capture")), source)
    now(replace(REAL, scopes=("publish.web", "capture")), source, scope=Scope.MINE, territory="DE", medium="print")
    now(REAL, source, digest=None)
    picture = StampedPicture((HANDLE,), DIGEST, b"{}")
    assert source.asked == [
        (picture, [Scope.CAPTURE, Scope.PUBLISH_WEB]),
        (picture, [Scope.MINE]),
        (StampedPicture((HANDLE,), None, b"{}"), [Scope.CAPTURE]),
    ]
    assert source.circumstances == [(None, None, NOW), ("DE", "print", NOW), (None, None, NOW)]


# --- scopes that this version does not know


@pytest.mark.parametrize(
    ("scopes", "known"),
    [
        ((), []),
        (("telepathy",), []),
        (("capture", "telepathy"), [Scope.CAPTURE]),
        (("Capture",), []),
        (("capture", "capture"), [Scope.CAPTURE]),
    ],
)
def test_scopes_that_are_not_known_are_shown(scopes: tuple[str, ...], known: list[Scope]) -> None:
    message = "the stamp names scopes that this version does not know"
    assertion, source = replace(REAL, scopes=scopes), Answers()
    assert then(assertion, source)[2] == [Finding(9, "scope-unknown", message)]
    assert now(assertion, source)[1] == [Finding(10, "scope-unknown", message)]
    assert [asked for _, asked in source.asked] == [known, known]


def test_scopes_do_not_matter_where_a_use_is_planned() -> None:
    assert now(replace(REAL, scopes=("telepathy",)), Answers(), scope=Scope.CAPTURE)[1] == []


# --- pictures without a consent


@pytest.mark.parametrize("source", [None, Answers()])
@pytest.mark.parametrize("origin", [Origin.AI_GENERATED, Origin.AI_EDITED, Origin.UNKNOWN])
def test_where_nobody_real_is_shown_no_consent_is_needed(source: Answers | None, origin: Origin) -> None:
    sentence = "The issuer states that nobody real is shown."
    axis = Axis(ConsentCode.NOT_NEEDED, "No consent needed", sentence, {"since": None})
    assert then(NOBODY, source, origin=origin, ledger=LedgerCode.UNPROVEN) == (axis, "sealed", [])
    assert now(NOBODY, source, origin=origin, scope=Scope.PUBLISH_WEB) == (axis, [])


@pytest.mark.parametrize("source", [None, Answers()])
@pytest.mark.parametrize(
    ("assertion", "origin"),
    [
        (NOBODY, Origin.CAMERA_SIGNED),
        (NOBODY, Origin.CAMERA_DECLARED),
        (NOBODY, Origin.EDITED),
        (replace(NOBODY, handles=(HANDLE,)), Origin.AI_GENERATED),
        (replace(NOBODY, handles=(HANDLE,)), Origin.CAMERA_DECLARED),
    ],
)
def test_a_photograph_of_nobody_real_contradicts_itself(
    source: Answers | None, assertion: ConsentAssertion, origin: Origin
) -> None:
    sentence = "The credential contradicts itself about who is shown."
    axis = Axis(ConsentCode.UNKNOWN, "Consent not known", sentence, {"since": None})
    message = "says that nobody real is shown in a photograph"
    expected = [Finding(9, "subject-contradiction", message)]
    assert then(assertion, source, origin=origin) == (axis, "sealed", expected)
    assert now(assertion, source, origin=origin) == (axis, [replace(expected[0], step=10)])


@pytest.mark.parametrize("source", [None, Answers()])
def test_a_stamp_without_handles_is_linked_to_no_consent(source: Answers | None) -> None:
    axis = Axis(ConsentCode.NOT_LINKED, "No consent linked", "The file refers to no consent.")
    assert NOT_LINKED == axis  # noqa: SIM300 the value under test stands first
    assert then(UNLINKED, source)[::2] == (axis, [])
    assert now(UNLINKED, source) == (axis, [])


@pytest.mark.parametrize("assertion", [NOBODY, replace(NOBODY, handles=(HANDLE,)), UNLINKED])
def test_no_source_is_asked_where_there_is_no_consent(assertion: ConsentAssertion) -> None:
    source = Answers()
    then(assertion, source)
    now(assertion, source, scope=Scope.PUBLISH_WEB)
    assert source.asked == []


# --- words


def test_a_damaged_credential_says_nothing_of_consent() -> None:
    assert NOT_READ.code == ConsentCode.UNKNOWN
    assert (NOT_READ.headline, NOT_READ.sentence) == (
        "Consent not known",
        "Nothing that can be relied on says anything about consent.",
    )


def test_a_stamp_that_links_to_nobody_rests_on_nothing() -> None:
    axis, basis, _ = then(dataclasses.replace(REAL, handles=()))
    assert (axis, basis) == (NOT_LINKED, None)
