"""What `quota check` finds beyond wrong entries: sums that do not bear, people without a quota."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, cast

from infra.definitions.checking_roster import end_of
from infra.definitions.problems import Problem
from infra.definitions.quota_sums import Sum
from infra.definitions.showing import table
from infra.definitions.showing_rows import quota_changes
from schemas.defining import Definition
from schemas.definitions import Roster
from schemas.quotas import QuotaOwner, Quotas

SUMS_MAX = 40  # lines a person reads; --json has all


def without_quota(values: Mapping[str, Definition], day: date) -> list[str]:
    """Return the reps who are on the roster on a day and have no quota that runs on it."""
    roster, told = cast(Roster, values["roster"]), cast(Quotas, values["quotas"])
    have = {
        q.owner_id
        for q in told.quotas
        if q.owner_kind is QuotaOwner.REP and q.period_start <= day < q.period_end
    }
    there = {
        r.rep_id for r in roster.reps if any(s.valid_from <= day < end_of(s) for s in r.history)
    }
    return sorted(there - have)


def text(
    problems: Iterable[Problem], summed: Sequence[Sum], without: Sequence[str], day: date
) -> str:
    """Return the report: sums that do not bear first, then the count of the others."""
    wrong = [s for s in summed if not s.adds_up]
    lines = []
    if wrong:
        header = ("OWNER", "KPI", "FROM", "UP TO", "QUOTA", "TEAMS BELOW", "REPS", "RATIO")
        lines.append("Sums outside over_assignment_min and _max:")
        lines.append(table(header, map(_row, wrong[:SUMS_MAX])))
        if len(wrong) > SUMS_MAX:
            lines.append(f"... and {len(wrong) - SUMS_MAX} more; --json has all")
    if without:
        lines.append(f"On the roster on {day} without a quota: {', '.join(without)}")
    compared = sum(s.ratio is not None for s in summed)
    count = len(list(problems))
    lines.append(
        f"{count} problem{'' if count == 1 else 's'}; {compared} quotas of groups compared with"
        f" those of their reps, {len(wrong)} outside the bounds;"
        f" {len(without)} reps without a quota."
    )
    return "\n".join(lines)


def changes_text(values: Mapping[str, Definition], day: date) -> str:
    """Return the amounts that take over within quotas that run on a day; empty without any."""
    quotas = cast(Quotas | None, values.get("quotas"))
    rows = quota_changes(quotas, day) if quotas else None
    return f"Amounts that take over:\n{table(*rows)}" if rows and rows.rows else ""


def as_json(
    values: Mapping[str, Definition],
    problems: Iterable[Problem],
    summed: Iterable[Sum],
    without: Sequence[str],
    day: date,
) -> dict[str, Any]:
    """Return the report for programs; of amounts that take over, those of every quota."""
    from infra.cli.telling import problem_json  # noqa: PLC0415 - only when asked

    return {
        "problems": [problem_json(p) for p in problems],
        "sums": [
            {k: f"{v:f}" if isinstance(v, Decimal) else v for k, v in s._asdict().items()}
            for s in summed
        ],
        "without_quota": {"on": day, "reps": list(without)},
        "changes": list(_changes(cast(Quotas | None, values.get("quotas")))),
    }


def _changes(found: Quotas | None) -> Iterator[dict[str, Any]]:
    for quota in found.quotas if found else ():
        was = quota.amount
        for change in sorted(quota.changes, key=lambda c: c.on):
            yield {
                "quota_id": quota.quota_id, "owner_kind": quota.owner_kind,
                "owner_id": quota.owner_id, "kpi": quota.kpi,
                "period_start": quota.period_start, "period_end": quota.period_end,
                "on": change.on, "amount": f"{change.amount:f}", "was": f"{was:f}",
                "reason": change.reason, "author": change.author, "approver": change.approver,
            }  # fmt: skip
            was = change.amount


def _row(one: Sum) -> tuple[object, ...]:
    owner = f"{one.owner_kind} {one.owner_id}"
    amounts = [f"{v:,.2f}" if v is not None else "-" for v in (one.amount, one.children, one.reps)]
    return (owner, f"{one.kpi} {one.currency}".strip(), one.period_start, one.period_end,
            *amounts, one.ratio)  # fmt: skip
