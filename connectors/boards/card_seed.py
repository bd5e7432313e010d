"""What scorecards and quotas on lanes are read from; whom it may be told is decided before."""

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import Any

from connectors.boards.held import Earned, Held, Plan, Quota
from connectors.boards.measures import REVENUE_WON_REPORTING

QUOTAS = """
SELECT told.rep_id, told.kpi, if(kpi.name = '', told.kpi, kpi.name), toString(kpi.unit),
       told.currency, told.period_start, told.period_end, told.quota, told.actual_to_date,
       told.plan_to_date, told.elapsed_ratio, told.attainment_ratio, told.pace_ratio,
       told.remaining_amount, told.business_days_left, told.required_per_business_day,
       told.projected_amount
FROM spm_bi.attainment_current AS told
LEFT JOIN spm_bi.dim_kpi AS kpi ON kpi.kpi_id = told.kpi
WHERE told.subject_kind = 'REP' AND told.subject_id IN {reps:Array(String)}
  AND NOT told.is_overlay
ORDER BY told.period_end, told.kpi, told.currency
"""
PLANS = """
SELECT subject_id, period_start, period_end, quota, plan_to_date
FROM spm_bi.attainment_current
WHERE subject_kind = 'REP' AND kpi = {kpi:String} AND currency = {currency:String}
  AND NOT is_overlay
ORDER BY subject_id, period_start, period_end
"""
EARNED = """
SELECT rep_id, plan_id, component_id, origin_start, origin_end, currency, earned
FROM spm_bi.commission_balance
WHERE rep_id IN {reps:Array(String)} AND origin_start <= {today:Date32}
  AND origin_end > {today:Date32}
ORDER BY plan_id, component_id, currency
"""
Rows = Callable[..., list[tuple[Any, ...]]]


def plans(rows: Rows, currency: str) -> Mapping[str, tuple[Plan, ...]]:
    """Return what quotas of revenue ask of everybody."""
    found: dict[str, list[Plan]] = {}
    for rep_id, *plan in rows(PLANS, {"kpi": REVENUE_WON_REPORTING, "currency": currency}):
        found.setdefault(rep_id, []).append(Plan(*plan))
    return {rep_id: tuple(mine) for rep_id, mine in found.items()}


def cards(
    rows: Rows, reps: Collection[str], paid: Collection[str], today: date, now: datetime
) -> Mapping[str, Held]:
    """Return what there is of reps.

    Args:
        paid: those of them whose earnings are asked for.
    """
    quotas: dict[str, list[Quota]] = {}
    for rep_id, *quota in rows(QUOTAS, {"reps": sorted(reps)}):
        quotas.setdefault(rep_id, []).append(Quota(*quota))
    earned: dict[str, list[Earned]] = {rep_id: [] for rep_id in paid}
    if paid:
        for rep_id, *amount in rows(EARNED, {"reps": sorted(paid), "today": today}):
            earned[rep_id].append(Earned(*amount))
    return {
        rep_id: Held(
            tuple(quotas.get(rep_id, ())),
            tuple(earned[rep_id]) if rep_id in earned else None,
            now,
        )
        for rep_id in reps
    }
