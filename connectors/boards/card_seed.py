"""What scorecards are read from; whom it may be told was decided before (`access.py`)."""

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import Any

from connectors.boards.held import Earned, Held, Quota

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
EARNED = """
SELECT rep_id, plan_id, component_id, origin_start, origin_end, currency, earned
FROM spm_bi.commission_balance
WHERE rep_id IN {reps:Array(String)} AND origin_start <= {today:Date32}
  AND origin_end > {today:Date32}
ORDER BY plan_id, component_id, currency
"""
Rows = Callable[..., list[tuple[Any, ...]]]


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
