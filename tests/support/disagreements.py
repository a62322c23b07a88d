"""Where another validator says something else of a file than this product does, and why; the tests hold both to it.

Run as a program, it writes the reference: `python tests/support/disagreements.py`.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import encypher_c2pa

from provenance.picture import identify
from provenance.verification import Report, Verdict

DISAGREEMENTS_FILE = Path(__file__).parents[2] / "docs" / "reference" / "disagreements.md"

NOTHING, INTACT, CHANGED = "nothing to judge", "intact", "not intact"


@dataclass(frozen=True)
class Cause:
    """A reason for which both say different things of some files.

    Attributes:
        title: what they are about.
        here: what this product says of their integrity.
        there: what the other validator says of it.
        files: the codes that the other validator gives for each, by its name: a row of the table of
            `tests/integration/test_tampering.py`, or a file of another maker.
        why: one paragraph.
    """

    title: str
    here: str
    there: str
    files: Mapping[str, Sequence[str]]
    why: str


CAUSES: Final = (
    Cause(
        "Bytes that nothing signs",
        CHANGED,
        INTACT,
        {
            "one bit in the padding of the signature: JPEG": (),
            "one bit in the padding of the signature: PNG": (),
        },
        "C2PA leaves thousands of bytes beside a claim signature unsigned. The other validator reads past them, "
        "as the specification allows. A stamp of this product has exactly one form there, and a file in which "
        "they are anything else is not the file that was stamped ([decision "
        "1](../decisions/0001-unsigned-bytes.md)). In credentials of other makers, such bytes are pointed out and "
        "no more.",
    ),
    Cause(
        "A certificate that is for something else",
        INTACT,
        CHANGED,
        {
            "certificate for servers": ("signingCredential.invalid", "signingCredential.untrusted"),
            "certificate for time-stamps": ("signingCredential.invalid", "signingCredential.untrusted"),
            "certificate for anything": ("signingCredential.invalid", "signingCredential.untrusted"),
        },
        "Both say that such a certificate may not sign claims. The other validator counts that as missing "
        "integrity, while its own axes for signature and content say *valid* and *match*. Here the two questions "
        "stay apart: nothing in the file has changed since it was signed, and who signed it is not recognised, "
        "whoever issued the certificate.",
    ),
    Cause(
        "A damaged parent",
        INTACT,
        CHANGED,
        {
            "one bit in the actions of the first stamp of two": ("ingredient.manifest.mismatch",),
            "one bit in the signature of the first stamp of two": ("ingredient.manifest.mismatch",),
        },
        "Both refuse the file. The newest credential and the picture are as they were signed; what was changed is "
        "the record of what the picture was made from. Here that is the history, which reads *damaged*, and the "
        "verdict is FAILED.",
    ),
    Cause(
        "A credential that lies elsewhere",
        NOTHING,
        CHANGED,
        {"manifest at an address that listens": ("manifest.inaccessible",)},
        "The file carries no credential, only an address where one is said to lie. Neither fetches it. The other "
        "validator reports that as invalid; here it reads *credential elsewhere*, because nothing is known that "
        "anything could contradict.",
    ),
    Cause(
        "A claim without an instance ID",
        INTACT,
        CHANGED,
        {"update_manifest.jpg": ("claim.malformed", "manifest.update.invalid")},
        "A test file of c2pa-rs, whose update manifest was written to an early draft of claims of version 2: it "
        "has no `instanceID`, which C2PA 2.4 requires. The SDK that this product reads with takes the claim "
        "without it, and finds every hash and signature right; so does this product.",
    ),
)
"""Every file on whose integrity both disagree."""

ACCEPTED_THERE: Final = {
    "pixels changed, then signed as made from the stamped picture": "Trusted",
    "stamp revoked": "Trusted",
    "CIE-sig-CA.jpg": "Valid",
}
"""Files that both call intact and that are FAILED here, with the state that the other validator gives them."""

_TITLE = "# Where another validator disagrees"
_HEAD = (
    "`encypher-c2pa` is by another maker, and shares no code with the SDK that this product reads credentials with. "
    "The tests ask both about the integrity of every file of a [table of "
    "changes](../../tests/integration/test_tampering.py) (one bit in each part of a manifest, manifests put "
    "elsewhere, pictures saved again, certificates that expired or are for something else, and so on) and of files "
    "of other makers. They fail where both disagree on a file that does not stand here, or agree on one that does. "
    "*Intact*, here, is a file that is as it was signed, whoever signed it; one of which only the details were "
    "edited is *not intact*, although its picture is."
)
_WRITTEN = (
    f"Written by `tests/support/disagreements.py`, for version {encypher_c2pa.__version__.rsplit('.', 1)[0]} of it."
)
_ACCEPTED = "On the integrity of these files both agree, and not on what that is worth."
_ACCEPTED_WHY = (
    "The first was tampered with, and then signed by somebody trusted as made from what it was; the last one has a "
    "parent whose signature is wrong. The other validator checks that a parent's record is the one that was signed, "
    "and makes nothing of what was found about the parent; here the worst of the whole history counts. That a stamp "
    "was revoked, its studio says, not the file."
)


def second_opinion(data: bytes, *, trust: str | None = None) -> Mapping[str, Any]:
    """Return what the other validator says of a file; it asks nobody on the network, and keeps nothing.

    The caller sets `ENCYPHER_C2PA_CONFIG_DIR`, where it would write its preferences otherwise.

    Args:
        data: a picture.
        trust: certificates that may vouch for signers, in PEM; without any, nobody is trusted.
    """
    kind = identify(data)
    assert kind is not None
    report: Mapping[str, Any] = encypher_c2pa.verify(
        data, mime_type=kind.media_type, trust_pem=trust, no_default_trust=True, telemetry=False, online=False
    )
    assert report["network"]["requests"] == []
    return report


def check_agreement(name: str, ours: Report, theirs: Mapping[str, Any]) -> None:
    """Check that both say the same of the integrity of a file, or disagree as the reference has it."""
    code = ours.credential.code
    here = {"invalid": CHANGED, "text-edited": CHANGED, "none": NOTHING, "remote": NOTHING}.get(code, INTACT)
    assert code != "unreadable"
    there = NOTHING if not theirs["present"] else INTACT if theirs["integrity"] == "valid" else CHANGED
    codes = tuple(status["code"] for status in theirs["validation_results"]["failure"]) if theirs["present"] else ()
    expected = next(((c.here, c.there, tuple(c.files[name])) for c in CAUSES if name in c.files), None)
    assert (here, there, codes) == expected if expected is not None else here == there
    accepted = here == there == INTACT and ours.verdict is Verdict.FAILED
    assert accepted == (name in ACCEPTED_THERE)
    assert not accepted or theirs["validation_state"] == ACCEPTED_THERE[name]


def render_disagreements() -> str:
    """Return the reference."""
    blocks = [_TITLE, _filled(_HEAD), _WRITTEN]
    for cause in CAUSES:
        rows = [
            (name, cause.here, cause.there, ", ".join(f"`{code}`" for code in codes) or "–")
            for name, codes in cause.files.items()
        ]
        blocks += [f"## {cause.title}", _table(("file", "here", "there", "its codes"), rows), _filled(cause.why)]
    accepted = [(name, "FAILED", state) for name, state in ACCEPTED_THERE.items()]
    blocks += ["## Intact, and FAILED all the same", _ACCEPTED, _table(("file", "here", "there"), accepted)]
    return "\n\n".join([*blocks, _filled(_ACCEPTED_WHY)]) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def _filled(text: str) -> str:
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    DISAGREEMENTS_FILE.write_text(render_disagreements(), "utf-8")
