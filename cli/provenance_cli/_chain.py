"""What a picture went through, for `provenance verify -v`."""

from provenance.verification import Report
from provenance_cli._output import count, say, wrapped

_ROLES = {
    "active": "this file",
    "parentOf": "the picture before",
    "componentOf": "placed into it",
    "inputTo": "given to a generator",
}


def print_chain(report: Report) -> None:
    """Print every step that the credentials tell, the newest first; for the older ones' names nobody vouches."""
    for number, step in enumerate(report.chain, 1):
        # Each by itself and what is wrong first: texts of a file are cut, and must not push anything else out.
        verified = "" if step.verifies else "; does not verify"
        told = [
            f"by {step.issuer}",
            f"with {step.generator}",
            ", ".join(step.actions) or "no action told",
            f"time-stamp of {step.at}, not judged" if step.at is not None and number > 1 else "",
            f"made from {count(step.bare, 'thing')} without a credential" if step.bare else "",
        ]
        say(wrapped(f"Step {number}", f"{_ROLES.get(step.role, step.role)}{verified}", width=15))
        for text in filter(None, told):
            say(wrapped("", text, width=15))
    if report.sha256 is not None:
        say(wrapped("SHA-256", report.sha256, width=15))
