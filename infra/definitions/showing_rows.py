"""Rows of tables of definitions: header and cells, for `showing`. Pure."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from schemas.contests import Contests
from schemas.credits import Credits
from schemas.quotas import Quotas


class Rows(NamedTuple):
    """What a table is made of."""

    header: Sequence[str]
    rows: Sequence[Sequence[object]]


def credits(found: Credits) -> Rows:
    """Return credits by hand: who gets what of which deal from whom, why, and who says so."""
    header = ("CREDIT", "DEAL", "REP", "ROLE", "SHARE", "FROM", "BY", "APPROVED BY", "REASON",
              "TAKEN BACK")  # fmt: skip
    return Rows(header, [
        (c.credit_id, c.deal_id, c.rep_id, c.role, f"{c.share:f}", c.from_rep or "", c.author,
         c.approver, c.reason, ": ".join(filter(None, (c.withdrawn_by, c.withdrawn_reason))))
        for c in found.manual_credits
    ])  # fmt: skip


def quota_changes(found: Quotas, on: date | None = None) -> Rows:
    """Return the amounts that take over within quotas' periods: when, why, and who says so.

    Args:
        on: only of quotas that run on this day.
    """
    header = ("CHANGE OF", "SINCE", "AMOUNT", "WAS", "BY", "APPROVED BY", "REASON")
    rows = []
    for quota in found.quotas:
        if on is not None and not quota.period_start <= on < quota.period_end:
            continue
        was = quota.amount
        for change in sorted(quota.changes, key=lambda c: c.on):
            rows.append((quota.quota_id, change.on, f"{change.amount:f}", f"{was:f}",
                         change.author, change.approver, change.reason))  # fmt: skip
            was = change.amount
    return Rows(header, rows)


def beside_contests(found: Contests) -> Rows:
    """Return badges, streaks and levels."""
    return Rows(("WON BESIDE", "NAME", "KIND", "COUNTS", "FROM", "EVERY"), [
        *((b.badge_id, b.name, b.kind, b.metric.kpi, f"{b.at_least.normalize():f}", b.every)
          for b in found.badges),
        *((s.streak_id, s.name, "STREAK", s.metric.kpi, f"{s.at_least.normalize():f}", s.every)
          for s in found.streaks),
        *((x.level_id, x.name, "LEVEL", "points", f"{x.points.normalize():f}", "")
          for x in found.levels),
    ])  # fmt: skip
