"""Attainment and pace as SELECTs: every quota with what was done, what was due, what is left.

Pace is computed when it is read: totals and quotas are stored, and what depends on now is not. What
was done of a quota's KPI comes from attained.py. Amounts are rounded half-even once, from quotients
of whole numbers (half_even): the same to the last digit as the pure rule.
"""

from infra.bi.attained import Attained
from schemas.kpis import Direction
from streams.domain.attaining import adds_up

_WHOLE = "toInt128(1000000000000)"  # weights of curves have twelve places
_ROUNDING = """
    (n, d) -> sign(n) * sign(d) * (intDiv(abs(n), nullIf(abs(d), 0)) + toInt256(
        (2 * modulo(abs(n), nullIf(abs(d), 0)) > abs(d))
        OR (2 * modulo(abs(n), nullIf(abs(d), 0)) = abs(d)
            AND intDiv(abs(n), nullIf(abs(d), 0)) % 2 = 1))) AS half_even,
    n -> toDecimal128(toInt128(n), 4) / 10000 AS to_amount,
    n -> toDecimal128(toInt128(n), 6) / 1000000 AS to_ratio"""
_FORECAST = """,
    if(chance.quota = due.amount, chance.probability, NULL) AS hit_probability,
    chance.p10 AS forecast_p10, chance.p50 AS forecast_p50, chance.p90 AS forecast_p90,
    chance.at AS forecast_at"""
# Nullable, so that nothing stands where nothing was forecast.
_FORECASTS = """
LEFT JOIN
(
    SELECT kpi, currency, period_start, period_end, subject_kind, subject_id, quota, probability,
        toNullable(p10) AS p10, toNullable(p50) AS p50, toNullable(p90) AS p90,
        toNullable(as_of) AS at
    FROM spm_bi.forecast_current
) AS chance ON chance.kpi = due.kpi AND chance.currency = due.currency
    AND chance.period_start = due.period_start AND chance.period_end = due.period_end
    AND chance.subject_kind = due.subject_kind AND chance.subject_id = due.subject_id"""


def current(attained: Attained) -> str:
    """Return SQL for where every quota whose period runs stands now, and its forecast."""
    return _told(attained, _FORECAST, _FORECASTS)


def daily(attained: Attained) -> str:
    """Return SQL for where every quota stood on every day of its period up to today."""
    return _told(attained)


def _told(attained: Attained, more: str = "", joined: str = "") -> str:
    lower = [
        c.kpi.kpi_id
        for c in attained.computed
        if c.kpi.direction is Direction.LOWER and not adds_up(c)
    ]
    is_lower = f"due.kpi IN {lower}" if lower else "0"
    left = f"if({is_lower}, due.a - due.q, due.q - due.a)" if lower else "due.q - due.a"
    lacking = f"if(due.a IS NULL, NULL, greatest(assumeNotNull({left}), toInt256(0)))"
    ratio = "to_ratio(half_even({0} * 1000000, {1}))"
    upside = ratio.format("due.a", "due.q")
    pace = ratio.format("due.a * due.whole", "due.q * due.part")
    gap = "plan_to_date - actual_to_date"
    if lower:
        downside = ratio.format("due.q", "due.a")
        upside, pace = (f"if({is_lower}, {downside}, {one})" for one in (upside, pace))
        gap = f"if({is_lower}, actual_to_date - plan_to_date, {gap})"
    return f"""WITH {_ROUNDING}
SELECT due.day AS day, due.subject_kind AS subject_kind, due.subject_id AS subject_id,
    due.rep_id AS rep_id,
    multiIf(due.subject_kind = 'REP', person.name, due.subject_kind = 'TEAM', team.name,
        due.subject_id) AS subject_name,
    due.kpi AS kpi, due.currency AS currency, due.period_start AS period_start,
    due.period_end AS period_end, due.quota_id AS quota_id, due.is_overlay AS is_overlay,
    due.amount AS quota, due.actual AS actual_to_date,
    to_amount(assumeNotNull(half_even(due.q * due.part, due.whole))) AS plan_to_date,
    to_ratio(assumeNotNull(half_even(due.passed * 1000000, due.of))) AS elapsed_ratio,
    {upside} AS attainment_ratio,
    {pace} AS pace_ratio,
    {gap} AS gap_amount,
    to_amount({lacking}) AS remaining_amount,
    due.work_left AS business_days_left,
    if(due.is_additive, to_amount(half_even({lacking} * 1000000000000,
        greatest(due.l, toInt256(0)))), NULL) AS required_per_business_day,
    if(due.is_additive, to_amount(half_even(due.a * due.whole, due.part)), NULL)
        AS projected_amount,
    due.curve_id AS curve_id, due.is_additive AS is_additive{more}
FROM ({_due(attained)}) AS due
LEFT JOIN (SELECT rep_id, name FROM spm.person FINAL) AS person ON person.rep_id = due.subject_id
LEFT JOIN
(
    SELECT team_id, name FROM spm.team FINAL WHERE sequence = (SELECT max(sequence) FROM spm.team)
) AS team ON team.team_id = due.subject_id{joined}"""


def _due(attained: Attained) -> str:
    """Return SQL for quotas in whole numbers: q, a, l, part over whole, passed over `of`."""
    curves = _curves(attained)
    return f"""
    SELECT *, toInt256(amount * 10000) AS q, toInt256(actual * 10000) AS a,
        toInt256(work_left * {_WHOLE}) AS l,
        multiIf(is_over, toInt256(1), plan_total = 0, toInt256(0),
            toInt256(plan_passed * {_WHOLE})) AS passed,
        multiIf(is_over OR plan_total = 0, toInt256(1), toInt256(plan_total * {_WHOLE})) AS of,
        if(is_additive, passed, toInt256(1)) AS part, if(is_additive, of, toInt256(1)) AS whole
    FROM
    (
        SELECT quota.*,
            if(quota.day_counts, quota.day + 1, quota.day) >= quota.period_end AS is_over,
            arraySum((d, s) -> if(d < quota.day OR (quota.day_counts AND d = quota.day), s, 0),
                quota.away_day, quota.away_share) AS away,
            curve.elapsed + if(quota.day_counts, curve.weight, 0) - quota.plan_from
                - if(quota.curve_id = quota.work_id, away, 0) AS plan_passed,
            quota.work_total
                - (work.elapsed + if(quota.day_counts, work.weight, 0) - quota.work_from - away)
                AS work_left
        FROM ({_asked(attained)}) AS quota
        LEFT JOIN ({curves}) AS curve
            ON curve.its_id = quota.curve_id AND curve.its_day = quota.day
        LEFT JOIN ({curves}) AS work
            ON work.its_id = quota.work_id AND work.its_day = quota.day
    )"""


def _curves(attained: Attained) -> str:
    of_today = "" if attained.by_day else f" AND day = {attained.context.today}"
    return (
        "SELECT curve_id AS its_id, day AS its_day, elapsed, weight FROM spm.plan_curve FINAL "
        f"WHERE sequence = (SELECT max(sequence) FROM spm.planning){of_today}"
    )


def _asked(attained: Attained) -> str:
    """Return SQL for quotas with day, actual, and whether the day counts already."""
    over = f"day < {attained.context.today} OR {str(attained.context.today_counts).lower()}"
    parts = "\n        UNION ALL ".join(attained.parts())
    return f"SELECT *, toBool({over}) AS day_counts FROM ({parts})"
