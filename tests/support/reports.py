"""Reports of verification, built by hand; everything in them is right unless a test says otherwise."""

from dataclasses import replace
from datetime import UTC, datetime

from provenance.clock import to_seconds
from provenance.verification.chain import ChainStep
from provenance.verification.report import Axis, Finding, Report, Shown, ShownConsent
from provenance.verification.verdict import decide

AT = datetime(2026, 11, 27, 12, tzinfo=UTC)
GOOD = {
    "credential": "trusted",
    "origin": "camera-declared",
    "history": "clean",
    "ledger": "proven",
    "consent_then": "in-force",
    "consent_now": "in-force",
}


def report(**codes: str) -> Report:
    """Return a report with these codes, decided by the default verdict; the sentence of an axis names it."""
    axes = {
        name: Axis(code, f"Headline {code}", f"Of {name} it is said: {code}.")
        for name, code in {**GOOD, **codes}.items()
    }
    issuer = {"issuer": "Studio Lumen", "generator": "Headshot Provenance 0.1.0"}
    axes["credential"] = Axis(axes["credential"].code, axes["credential"].headline, axes["credential"].sentence, issuer)
    verdict, reason = decide(
        credential=axes["credential"],
        origin=axes["origin"],
        history=axes["history"],
        ledger=axes["ledger"],
        consent_then=axes["consent_then"],
        consent_now=axes["consent_now"],
        findings=[],
    )
    return Report(
        file="portrait.jpg",
        checked_at=to_seconds(AT),
        verdict=verdict,
        reason=reason,
        credential=axes["credential"],
        origin=axes["origin"],
        consent_then=axes["consent_then"],
        consent_now=axes["consent_now"],
        consent_basis="studio",
        ledger=axes["ledger"],
        history=axes["history"],
        time=Axis("stated", "Time stated", "The time is the issuer's own statement.", {"at": "2026-11-23T21:07Z"}),
        identity=Axis("none", "No named actor", "No person or organisation is named beside the issuer."),
        label_required=False,
        findings=(),
    )


def everything(text: str) -> Report:
    """Return a report that says `text` wherever a report may hold a text of somebody else's."""
    axis = Axis("trusted", text, text)
    return replace(
        report(),
        file=text,
        reason=text,
        credential=axis,
        origin=axis,
        consent_then=axis,
        consent_now=axis,
        ledger=axis,
        history=axis,
        time=axis,
        identity=axis,
        findings=(Finding(1, text, text, text),),
        consent_opened=Shown(text, text, (ShownConsent(text, text, text, {text: text}),)),
        chain=(ChainStep(text, text, (text,), text, None, False, 1),),
    )
