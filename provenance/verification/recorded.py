"""Step 1 again, for a picture that carries no credential: whether a studio has a stamp of it on record.

The credential itself stays missing, and with it whatever it would prove: the verdict is INDETERMINATE either way.
"""

from provenance.canonical import Json
from provenance.clock import to_minutes
from provenance.errors import InputError, MissingExtraError
from provenance.verification.absent import NO_CREDENTIAL
from provenance.verification.report import Axis, CredentialCode, Finding
from provenance.verification.sources import RecordedStamp, StampRecords


def judge_record(data: bytes, *, records: StampRecords | None, findings: list[Finding]) -> Axis:
    """Return the credential's axis: that there is none, or that a stamp of the picture is on record.

    Args:
        data: a picture file without a credential.
        records: of the studio that is asked; None where there is nobody to ask.
        findings: added to, where its fingerprints could not be asked.
    """
    try:
        stamp = None if records is None else records.recover(data)
    except (InputError, MissingExtraError) as error:
        findings.append(Finding(1, "record-not-asked", f"the studio's fingerprints could not be asked: {error}"))
        stamp = None
    if stamp is None:
        return NO_CREDENTIAL
    what = f"of entry {stamp.entry} of your ledger, stamped as {stamp.declaration} on {stamp.at.date()}"
    revoked = " That stamp was revoked since." if stamp.revoked else ""
    if stamp.distance is None:
        headline = "Credential missing, record found"
        sentence = f"No credential is in this file, but its picture data are the very ones {what}.{revoked}"
    else:
        headline = "Credential missing, lookalike on record"
        sentence = f"No credential is in this file. It looks like the picture {what}: a lead, not proof.{revoked}"
    return Axis(CredentialCode.RECOVERED, headline, sentence, {"record": _facts(stamp)})


def _facts(stamp: RecordedStamp) -> dict[str, Json]:
    return {
        "match": "same" if stamp.distance is None else "alike",
        "entry": stamp.entry,
        "at": to_minutes(stamp.at),
        "as": stamp.declaration,
        "revoked": stamp.revoked,
        "distance": stamp.distance,
    }
