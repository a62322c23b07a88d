"""May it be published? A publisher's own policy over the facts of a report, and the one rule that decided.

The facts stay what they are; a policy only says what this publisher makes of them. It can be stricter than the default
verdict, and it can do without evidence that is missing, where it says so. It can never allow what FAILED.
"""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from provenance.canonical import Json
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode
from provenance.credentials.origin import Origin
from provenance.errors import InputError
from provenance.verification.grounds import Question
from provenance.verification.labelling import label_of
from provenance.verification.report import Axis, CredentialCode, HistoryCode, LedgerCode, Report, Verdict
from provenance.verification.verdict import decide

ALLOWABLE: Final[Mapping[str, tuple[str, ...]]] = {
    "credential": (
        CredentialCode.TRUSTED,
        CredentialCode.VALID,
        CredentialCode.TEXT_EDITED,
        CredentialCode.EXPIRED,
    ),
    "origin": (
        Origin.CAMERA_SIGNED,
        Origin.CAMERA_DECLARED,
        Origin.EDITED,
        Origin.AI_EDITED,
        Origin.AI_GENERATED,
        Origin.UNKNOWN,
    ),
    "history": (HistoryCode.CLEAN, HistoryCode.UNKNOWN),
    "ledger": (LedgerCode.PROVEN, LedgerCode.ABSENT),
    "consent": (ConsentCode.IN_FORCE, ConsentCode.NOT_NEEDED, ConsentCode.NOT_LINKED),
}
"""What a policy may allow, by axis: nothing that fails, and no consent that is unknown."""

DIGEST: Final = "sha256:"
"""What an issuer begins with in a policy that is named by its certificate, as names can be shared."""

_MISSING: Final = frozenset(
    {
        ("credential", CredentialCode.VALID),
        ("credential", CredentialCode.RECOVERED),
        ("credential", CredentialCode.NONE),
        ("credential", CredentialCode.UNREADABLE),
        ("credential", CredentialCode.REMOTE),
        ("origin", Origin.UNKNOWN),
        ("history", HistoryCode.UNKNOWN),
        ("ledger", LedgerCode.UNPROVEN),
        ("ledger", LedgerCode.ABSENT),
        ("consent", ConsentCode.NOT_FOUND),
        ("consent", ConsentCode.NOT_LINKED),
        ("consent", ConsentCode.UNKNOWN),
    }
)
_GOOD: Final = {
    "credential": CredentialCode.TRUSTED,
    "origin": Origin.CAMERA_SIGNED,
    "history": HistoryCode.CLEAN,
    "ledger": LedgerCode.PROVEN,
    "consent_then": ConsentCode.IN_FORCE,
    "consent_now": ConsentCode.IN_FORCE,
}


class Answer(enum.StrEnum):
    """What a publisher is to do."""

    OK = "ok"
    CHECK_FIRST = "check-first"
    DO_NOT_PUBLISH = "do-not-publish"

    @property
    def words(self) -> str:
        """The answer, for people."""
        return {"ok": "OK", "check-first": "Check first", "do-not-publish": "Don't publish"}[self.value]


@dataclass(frozen=True, slots=True)
class PublishingPolicy:
    """What a publisher asks of a picture.

    Attributes:
        name: what it is called.
        description: one line.
        allowed: the codes that are fine, by axis; each among `ALLOWABLE`.
        missing: what missing evidence makes of the answer.
        issuers: the only ones that count, each by its name as its certificate writes it or by `DIGEST` and the SHA-256
            of that certificate in hexadecimal; empty for all that are trusted.
        label: whether a picture that may need a label is OK with the label told, or is to be looked at first.
        scope: the use that the consent must cover, or None for whatever is asked.
        territory: where, or None for whatever is asked.
        medium: in what, or None for whatever is asked.
        max_age: how old the answer about the consent may be, or None where the source's own limit is enough.
    """

    name: str
    description: str
    allowed: Mapping[str, frozenset[str]]
    missing: Literal["check", "refuse"] = "check"
    issuers: frozenset[str] = frozenset()
    label: Literal["tell", "check"] = "check"
    scope: Scope | None = None
    territory: str | None = None
    medium: str | None = None
    max_age: timedelta | None = None

    def question(self, asked: Question) -> Question:
        """Return what to ask about a picture, for this policy, where `asked` is what somebody asks.

        Raises:
            InputError: another use, place or medium is asked about than the policy is for.
        """
        mine = {"scope": self.scope, "territory": self.territory, "medium": self.medium}
        for place, value in mine.items():
            theirs = getattr(asked, place)
            if value is not None and theirs not in (None, value):
                raise InputError(
                    f"policy {self.name}: consent.{place}: expected {value}, got {theirs}",
                    code="policy-question",
                    hint="leave the option out, or use a policy for that",
                )
        return Question(
            at=asked.at,
            scope=self.scope or asked.scope,
            territory=self.territory or asked.territory,
            medium=self.medium or asked.medium,
        )


@dataclass(frozen=True, slots=True)
class Publication:
    """What a policy says of one file.

    Attributes:
        policy: its name.
        answer: what to do.
        rule: the one that decided: the key of the policy, `verdict`, `findings`, or `all` where every rule holds.
        sentence: why, in plain words.
    """

    policy: str
    answer: Answer
    rule: str
    sentence: str

    def to_json(self) -> dict[str, Json]:
        """Return it as the member `policy` of a report."""
        return {"name": self.policy, "answer": self.answer.value, "rule": self.rule, "sentence": self.sentence}


def document_of(report: Report, publication: Publication | None = None) -> dict[str, Json]:
    """Return a report as a document, with the label that it may need, and what a policy says if one was asked."""
    label = label_of(report)
    return {
        **report.to_json(),
        **({} if label is None else {"label": label.to_json()}),
        **({} if publication is None else {"policy": publication.to_json()}),
    }


_Ruling = tuple[Answer, str, str] | None


def judge_publication(report: Report, *, policy: PublishingPolicy, question: Question) -> Publication:
    """Return what `policy` makes of `report`.

    Refusals come before what is to be looked at, and within each the rules in the order of the axes. What FAILED is
    never published, whatever the policy allows.

    Args:
        report: of a file.
        policy: of the publisher.
        question: that the report answers; from `policy.question`.

    Raises:
        InputError: the report answers another question than the policy's.
    """
    if policy.question(question) != question:
        raise InputError(f"policy {policy.name}: the report answers another question", code="policy-question")
    if report.verdict is Verdict.FAILED:
        return Publication(policy.name, Answer.DO_NOT_PUBLISH, "verdict", report.reason)
    rules: list[Callable[[Report, PublishingPolicy], _Ruling]] = [
        _credential, _issuer, _origin, _history, _ledger, _then, _now, _age, _findings, _label
    ]  # fmt: skip
    rulings = [ruling for rule in rules if (ruling := rule(report, policy)) is not None]
    for wanted in (Answer.DO_NOT_PUBLISH, Answer.CHECK_FIRST):
        for answer, key, sentence in rulings:
            if answer is wanted:
                return Publication(policy.name, answer, key, sentence)
    label = label_of(report)
    told = f" Label it: {label.wording}." if label else ""
    return Publication(policy.name, Answer.OK, "all", f"Everything that the policy {policy.name} asks for holds.{told}")


def _credential(report: Report, policy: PublishingPolicy) -> _Ruling:
    return _of_axis("credential", report.credential, policy)


def _issuer(report: Report, policy: PublishingPolicy) -> _Ruling:
    issuer = report.credential.facts.get("issuer")
    if not policy.issuers:
        return None
    if report.credential.code != CredentialCode.TRUSTED and report.credential.facts.get("recognised") is not True:
        # Anybody can write any name into a certificate of their own.
        return (
            _missing(policy),
            "credential.issuers",
            "Who issued it cannot be confirmed, and the policy names issuers.",
        )
    if issuer in policy.issuers or f"{DIGEST}{report.credential.facts.get('certificate')}" in policy.issuers:
        return None
    return Answer.DO_NOT_PUBLISH, "credential.issuers", f"{issuer} is not among the issuers that the policy names."


def _origin(report: Report, policy: PublishingPolicy) -> _Ruling:
    return _of_axis("origin", report.origin, policy)


def _history(report: Report, policy: PublishingPolicy) -> _Ruling:
    return _of_axis("history", report.history, policy)


def _ledger(report: Report, policy: PublishingPolicy) -> _Ruling:
    return _of_axis("ledger", report.ledger, policy)


def _then(report: Report, policy: PublishingPolicy) -> _Ruling:
    return _of_axis("consent", report.consent_then, policy)


def _now(report: Report, policy: PublishingPolicy) -> _Ruling:
    return _of_axis("consent", report.consent_now, policy)


def _age(report: Report, policy: PublishingPolicy) -> _Ruling:
    if policy.max_age is None or report.consent_now.code != ConsentCode.IN_FORCE:
        return None
    answered = _answered_at(report)
    if answered is None:
        return _missing(policy), "consent.max_age_hours", "How old the answer about the consent is, is not known."
    if datetime.fromisoformat(report.checked_at) - answered <= policy.max_age:
        return None
    hours = int(policy.max_age.total_seconds() // 3600)
    sentence = f"The answer about the consent is older than {hours} hours: ask for a new one."
    return _missing(policy), "consent.max_age_hours", sentence


def _findings(report: Report, policy: PublishingPolicy) -> _Ruling:
    axes = {name: Axis(code, "", "") for name, code in _GOOD.items()}
    verdict, reason = decide(
        credential=axes["credential"],
        origin=axes["origin"],
        history=axes["history"],
        ledger=axes["ledger"],
        consent_then=axes["consent_then"],
        consent_now=axes["consent_now"],
        findings=list(report.findings),
    )
    return None if verdict is Verdict.PASSED else (Answer.CHECK_FIRST, "findings", reason)


def _label(report: Report, policy: PublishingPolicy) -> _Ruling:
    label = label_of(report)
    if label is None or policy.label == "tell":
        return None
    return Answer.CHECK_FIRST, "origin.label", f"It may have to be labelled: {label.wording}. {label.reason}"


def _of_axis(name: str, axis: Axis, policy: PublishingPolicy) -> _Ruling:
    if axis.code in policy.allowed[name]:
        return None
    if (name, axis.code) in _MISSING:
        return _missing(policy), f"{name}.allowed", axis.sentence
    return Answer.DO_NOT_PUBLISH, f"{name}.allowed", f"The policy does not allow {axis.code}. {axis.sentence}"


def _missing(policy: PublishingPolicy) -> Answer:
    return Answer.DO_NOT_PUBLISH if policy.missing == "refuse" else Answer.CHECK_FIRST


def _answered_at(report: Report) -> datetime | None:
    as_of = report.consent_now.facts.get("as_of")
    if isinstance(as_of, str):
        return datetime.fromisoformat(as_of)
    if report.consent_opened is not None:
        return datetime.fromisoformat(report.consent_opened.made_at)
    # A studio answers at the moment when it is asked.
    return datetime.fromisoformat(report.checked_at) if report.consent_basis == "studio" else None
