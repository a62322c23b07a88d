"""Step 2 again, for a file that is not as it was signed: whether the picture in it still is, by the entry in the log.

The stamp carries the entry that was logged for it, and in it a commitment to the picture digest, which leaves metadata
out. The manifest is intact, and the entry proven: then what was changed stands around the coded picture. That can be a
caption; it can also be a colour profile or an orientation, which change how a picture looks, and the words say so.
"""

from provenance.credentials.reading import Credential
from provenance.verification.codes import Meaning, meaning_of
from provenance.verification.credential import confirm_issuer
from provenance.verification.ledger import LedgerFinding
from provenance.verification.report import Axis, CredentialCode, Finding, LedgerCode

_BESIDES = frozenset({Meaning.CHANGED, Meaning.UNRECOGNISED, Meaning.APART})


def fits_no_longer(credential: Credential) -> bool:
    """Tell whether nothing else is wrong with a credential than that the file around it was changed."""
    validation = credential.active_manifest.validation
    meanings = {meaning_of(status.code) for status in validation.failure}
    return (
        Meaning.CHANGED in meanings
        and meanings <= _BESIDES
        and credential.flaw is None
        and validation.succeeded("claimSignature.validated")
    )


def judge_text_edit(axis: Axis, credential: Credential, *, ledger: LedgerFinding, findings: list[Finding]) -> Axis:
    """Return the credential's axis, or what it becomes where the entry in the log proves the picture.

    Args:
        axis: by step 2.
        credential: of a file that it `fits_no_longer`.
        ledger: what the log says of the picture as it is now.
        findings: added to.
    """
    if ledger.axis.code != LedgerCode.PROVEN:
        return axis
    issuer = axis.facts["issuer"]
    recognised = confirm_issuer(credential, findings)
    findings.append(Finding(2, "picture-proven", "the coded picture is the one that the entry in the log covers"))
    doubt = "" if recognised else f" It cannot be confirmed who {issuer} is."
    return Axis(
        CredentialCode.TEXT_EDITED,
        "Picture data unchanged, details edited",
        f"The picture data are those that {issuer} stamped; its text, colour profile or orientation may have been "
        f"edited since.{doubt}",
        {**axis.facts, "recognised": recognised},
    )
