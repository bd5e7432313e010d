"""Approvals and releases: acts on acts that wait for them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from infra.payroll.acting import Wrong
from schemas.payroll import Payroll

_IDS = {"manual": "manual_id", "forgiven": "forgiveness_id", "openings": "opening_id"}


def approved(ids: Sequence[str], by: str, at: datetime) -> Callable[[Payroll], Payroll]:
    """Return the change that approving these is.

    Raises:
        Wrong: when it is made, if one is unknown, approved already, or the approver's own.
    """

    def changed(payroll: Payroll) -> Payroll:
        left, update = set(ids), {}
        for name, own in _IDS.items():
            rows = []
            for row in getattr(payroll, name):
                known = getattr(row, own)
                if known in ids:
                    left.discard(known)
                rows.append(_approved(row, known, by, at) if known in ids else row)
            update[name] = tuple(rows)
        if left:
            raise Wrong(f"nothing is called {', '.join(sorted(left))}; see `pacesetter definitions"
                        " show payroll`")  # fmt: skip
        return payroll.model_copy(update=update)

    return changed


def _approved(row: Any, known: str, by: str, at: datetime) -> Any:
    if row.approved_by:
        raise Wrong(f"{known} was approved by {row.approved_by}; nothing has to be done")
    if row.by == by:
        raise Wrong(f"{known} was written by {by}; let somebody else approve it")
    return row.model_copy(update={"approved_by": by, "approved_at": at})


def released(hold_id: str, by: str, reason: str, at: datetime) -> Callable[[Payroll], Payroll]:
    """Return the change that releasing a hold is.

    Raises:
        Wrong: when it is made, if there is no such hold or it is released already.
    """

    def changed(payroll: Payroll) -> Payroll:
        found = next((h for h in payroll.holds if h.hold_id == hold_id), None)
        if found is None or found.released_at is not None:
            why = "was released before" if found else "is no hold"
            raise Wrong(f"{hold_id} {why}; see `pacesetter definitions show payroll`")
        told = {"released_at": at, "released_by": by, "released_reason": reason}
        now = tuple(h.model_copy(update=told) if h is found else h for h in payroll.holds)
        return payroll.model_copy(update={"holds": now})

    return changed
