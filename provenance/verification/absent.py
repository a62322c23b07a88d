"""What a report says on the axes of which nothing is known, where a file carries no credential that counts."""

from provenance.credentials.origin import Origin
from provenance.verification.report import Axis, CredentialCode, HistoryCode

NO_CREDENTIAL = Axis(
    CredentialCode.NONE,
    "No credential",
    "No credential in this file says where it comes from. That is common and proves nothing.",
)
NO_ORIGIN = Axis(
    Origin.UNKNOWN, "Origin not stated", "Nothing that can be relied on says where the picture comes from."
)
NO_HISTORY = Axis(HistoryCode.UNKNOWN, "History not known", "Nothing that can be relied on says what it was made from.")
NO_TIME = Axis("none", "Time not stated", "Nothing trustworthy says when it was signed.", {"at": None})
