"""Payroll periods and pay runs for people and programs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from infra.definitions.showing import table
from infra.definitions.stored import Stored
from streams.domain.pay_periods import in_order, life_of, span_of
from streams.domain.pay_run import Made
from streams.domain.periods import Span

_STATES = ("EARNED", "ELIGIBLE", "RELEASED", "PAID")
_POSTED = """
SELECT currency, sumIf(amount, state = 'EARNED'), sumIf(amount, state = 'ELIGIBLE'),
    sumIf(amount, state = 'RELEASED'), sumIf(amount, state = 'PAID'), uniqExact(rep_id)
FROM spm.commission_ledger FINAL
WHERE posted_end > {start:Date32} AND posted_end <= {end:Date32}
GROUP BY currency ORDER BY currency
"""


def lives(client: Any) -> list[dict[str, Any]]:
    """Return the periods anything was done to, in order."""
    acts = Stored(client).in_force().bundle().payroll.periods
    found = []
    for period in sorted({span_of(act) for act in acts}):
        life = life_of(acts, period)
        last = [act for act in in_order(acts) if span_of(act) == period][-1]
        found.append({
            "period_start": str(period.start), "period_end": str(period.end),
            "status": life.status.value, "approved_by": list(life.approvers),
            "last_by": last.by, "last_at": last.at.isoformat(timespec="seconds"),
        })  # fmt: skip
    return found


def lives_told(found: Sequence[Mapping[str, Any]]) -> str:
    """Return periods as a table."""
    if not found:
        return "Every period is open. Begin with `pacesetter period provisional 2026-06`."
    rows = [
        (f"{p['period_start']} to {p['period_end']}", p["status"],
         ", ".join(p["approved_by"]), p["last_by"], p["last_at"])
        for p in found
    ]  # fmt: skip
    return table(("PERIOD", "STATUS", "APPROVED BY", "LAST BY", "AT"), rows)


def period_shown(client: Any, period: Span) -> dict[str, Any]:
    """Return what was done to a period, and what is posted in payout periods that end in it."""
    acts = Stored(client).in_force().bundle().payroll.periods
    given = {"start": period.start, "end": period.end}
    sums = client.query(_POSTED, parameters=given).result_rows
    return {
        "period_start": str(period.start),
        "period_end": str(period.end),
        "status": life_of(acts, period).status.value,
        "steps": [
            {"at": act.at.isoformat(timespec="seconds"), "step": act.step.value, "by": act.by,
             "reason": act.reason}
            for act in in_order(acts) if span_of(act) == period
        ],
        "sums": [
            {"currency": currency, "payees": reps}
            | {state.lower(): f"{amount:f}" for state, amount in zip(_STATES, some, strict=True)}
            for currency, *some, reps in sums
        ],
    }  # fmt: skip


def period_told(found: Mapping[str, Any]) -> str:
    """Return a period for people."""
    steps = [(s["at"], s["step"].lower(), s["by"], s["reason"]) for s in found["steps"]]
    sums = [
        (s["currency"], s["payees"], *(s[state.lower()] for state in _STATES))
        for s in found["sums"]
    ]
    parts = [
        f"{found['period_start']} to {found['period_end']}: {found['status']}",
        table(("AT", "STEP", "BY", "WHY"), steps) if steps else "Nothing was done to it yet.",
        table(("CURRENCY", "PAYEES", *_STATES), sums) if sums else "Nothing is posted in it.",
    ]
    return "\n\n".join(parts)


def sums_of(made: Iterable[Made]) -> dict[tuple[str, str, str], tuple[Decimal, int]]:
    """Return what entries add up to by kind, state and currency, and how many there are."""
    sums: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    counts: dict[tuple[str, str, str], int] = defaultdict(int)
    for one in made:
        key = (one.kind, one.state, one.item.currency)
        sums[key] += one.amount
        counts[key] += 1
    return {key: (sums[key], counts[key]) for key in sorted(sums)}


def sums_told(made: Iterable[Made]) -> str:
    """Return what a pay run made as a table."""
    rows = [(*key, count, f"{amount:f}") for key, (amount, count) in sums_of(made).items()]
    return table(("KIND", "BALANCE", "CURRENCY", "ENTRIES", "SUM"), rows)
