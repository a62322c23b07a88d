"""What a stamp says of its consent and its ledger entry, once the entry is durable."""

from collections.abc import Collection

from provenance.clock import to_minutes
from provenance.credentials.manifest import ConsentAssertion
from provenance.stamping.interface import LoggedStamp, Permit, StampDesk


def state_consent(
    desk: StampDesk, *, permit: Permit | None, handles: Collection[bytes], logged: LoggedStamp
) -> ConsentAssertion:
    """Return the assertion.

    Args:
        desk: of the studio.
        permit: of everyone shown; None where nobody real is.
        handles: of them, in any order.
        logged: the stamp, as the ledger holds it.
    """
    return ConsentAssertion(
        handles=tuple(sorted(handles)),
        subject_kind="synthetic" if permit is None else "real",
        scopes=() if permit is None else tuple(scope.value for scope in permit.scopes),
        assurance=None if permit is None else permit.assurance,
        controller=desk.controller,
        stamped_at=to_minutes(logged.at),
        entry=logged.entry,
        log_origin=desk.log_origin,
        log_key=desk.log_key,
        proof=logged.proof,
        status=logged.status,
    )
