"""Whether acts of payroll make sense, each by itself and in the row of those before it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, cast

from infra.definitions import checking_openings
from infra.definitions.problems import Finding, Path, did_you_mean
from schemas.defining import Definition
from schemas.definitions import Roster
from schemas.payroll import Payroll, PeriodAct
from schemas.plans import Plans
from streams.domain.pay_periods import refused

Values = Mapping[str, Definition]
KIND = "payroll"
_IDS = {
    "manual": "manual_id",
    "holds": "hold_id",
    "forgiven": "forgiveness_id",
    "openings": "opening_id",
}
_APPROVED = ("manual", "forgiven", "openings")


def check(values: Values) -> Iterator[Finding]:
    """Yield everything wrong with the acts of payroll among the values."""
    payroll = cast(Payroll, values[KIND])
    yield from _names(payroll, values)
    yield from _approvals(payroll)
    yield from checking_openings.check(payroll, values)
    yield from _holds(payroll)
    yield from _lives(payroll)


def _names(payroll: Payroll, values: Values) -> Iterator[Finding]:
    roster, plans = values.get("roster"), values.get("plans")
    known = {
        "rep_id": {r.rep_id for r in cast(Roster, roster).reps} if roster else None,
        "plan_id": {p.plan_id for p in cast(Plans, plans).plans} if plans else None,
    }
    for name, own in _IDS.items():
        rows: tuple[Any, ...] = getattr(payroll, name)
        twice = Counter(getattr(row, own) for row in rows)
        for i, row in enumerate(rows):
            if twice[getattr(row, own)] > 1:
                yield Finding(KIND, (name, i, own), getattr(row, own), "stands twice",
                              "give each its own")  # fmt: skip
            for field, ids in known.items():
                value = getattr(row, field, None)
                if value is not None and ids is not None and value not in ids:
                    yield Finding(KIND, (name, i, field), value, "does not exist",
                                  did_you_mean(value, ids, f"write a known {field}"))  # fmt: skip


def _approvals(payroll: Payroll) -> Iterator[Finding]:
    for name in _APPROVED:
        for i, row in enumerate(getattr(payroll, name)):
            path: Path = (name, i, "approved_by")
            if row.approved_by and row.approved_by == row.by:
                yield Finding(KIND, path, row.approved_by, "wrote it, too",
                              "let somebody else approve it")  # fmt: skip
            if bool(row.approved_by) != (row.approved_at is not None):
                yield Finding(KIND, path, row.approved_by, "and approved_at belong together",
                              "give both or neither")  # fmt: skip


def _holds(payroll: Payroll) -> Iterator[Finding]:
    for i, hold in enumerate(payroll.holds):
        if hold.rep_id is None and hold.deal_id is None:
            yield Finding(KIND, ("holds", i), hold.hold_id, "holds nothing",
                          "name a rep_id, a deal_id or both")  # fmt: skip
        if (hold.released_at is not None) != bool(hold.released_by):
            yield Finding(KIND, ("holds", i, "released_by"), hold.released_by,
                          "and released_at belong together", "give both or neither")  # fmt: skip


def _lives(payroll: Payroll) -> Iterator[Finding]:
    """Yield steps that a period cannot take, in the order they were taken."""
    order = sorted(range(len(payroll.periods)), key=lambda i: payroll.periods[i].at)
    before: list[PeriodAct] = []
    for i in order:
        act = payroll.periods[i]
        path: Path = ("periods", i)
        if act.period_end <= act.period_start:
            yield Finding(KIND, (*path, "period_end"), str(act.period_end),
                          "is not behind period_start", "name the first day behind it")  # fmt: skip
        elif why := refused(before, act):
            yield Finding(KIND, (*path, "step"), str(act.step), *why)
        before.append(act)


def undone(before: Definition | None, after: Definition | None) -> Iterator[Finding]:
    """Yield acts in force that are no longer there, or not as they were approved or done."""
    if not isinstance(before, Payroll) or not isinstance(after, Payroll):
        return
    remedy = "take payroll from `pacesetter definitions show payroll`, and add acts to it"
    kept = set(after.periods)
    for act in before.periods:
        if act not in kept:
            yield Finding(KIND, ("periods",), f"{act.step} of {act.period_start} by {act.by}",
                          "is in force and missing here", remedy)  # fmt: skip
    for name in _APPROVED:
        now = {getattr(row, _IDS[name]): row for row in getattr(after, name)}
        for row in getattr(before, name):
            known = getattr(row, _IDS[name])
            if row.approved_by and now.get(known) != row:
                yield Finding(KIND, (name,), known, "is approved and in force, and not so here",
                              remedy)  # fmt: skip
