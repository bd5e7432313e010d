"""Plans a second time: days of calendars, curves and quotas as the definitions in force say them.

Only the newest revision of plans is looked at, which is the one that is read. Where a curve was
learned from the past, its weights are taken as they are and its sums are not.
"""

from collections.abc import Mapping

from infra.reconcile.arithmetic import decimal, divided_even, whole
from infra.reconcile.asking import Check, Warehouse, ask
from schemas.money import minor_units

DAY, CURVE, QUOTA = "spm.calendar_day", "spm.plan_curve", "spm.quota"
TABLES = (DAY, CURVE, QUOTA)
_AT = "sequence = (SELECT max(sequence) FROM spm.planning)"
_CALENDARS = (
    "Array(Tuple(calendar_id String, working_days Array(UInt8), "
    "holidays Array(Tuple(on String, name String))))"
)
_QUOTAS = (
    "Array(Tuple(quota_id String, owner_kind String, owner_id String, kpi String, "
    "currency String, period_start String, period_end String, amount String, ramp String, "
    "proration String, changes Array(Tuple(on String))))"
)
_PARTS = "Array(Tuple(`from` String, `to` String, level String, days String, of_days String))"
_LEVEL = 4  # decimal places of amounts, and of days
_WHOLE = 10**_LEVEL


def check_days() -> list[Check]:
    """Return the check of each day of each calendar: open or not, and where it stands."""
    ordinals = ", ".join(
        f"sum(is_open) OVER (PARTITION BY calendar_id, {p}_start ORDER BY day "
        f"ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS {p}_n, "
        f"sum(is_open) OVER (PARTITION BY calendar_id, {p}_start ORDER BY day "
        f"ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS {p}_rest, "
        f"count() OVER (PARTITION BY calendar_id, {p}_start) AS {p}_days"
        for p in ("month", "quarter", "year")
    )
    wrong = ", ".join(
        f"NOT (day >= {p}_start AND day < {p}_end "
        f"AND {p}_days = dateDiff('day', {p}_start, {p}_end)), "
        f"'{p}', ({p}_ordinal, {p}_left) != ({p}_n, {p}_rest), 'business days of the {p}'"
        for p in ("month", "quarter", "year")
    )
    sql = f"""
        SELECT multiIf(is_business_day != is_open, 'open', holiday_name != holiday, 'holiday',
                {wrong}, 'ok') AS state,
            [calendar_id, toString(day)] AS key,
            toString((is_open, holiday, month_n, month_rest, quarter_n, quarter_rest, year_n,
                year_rest)) AS expected,
            toString((is_business_day, holiday_name, month_ordinal, month_left, quarter_ordinal,
                quarter_left, year_ordinal, year_left)) AS found,
            toDecimal128(0, 4) AS off, '' AS currency, toUInt64(0) AS position
        FROM (SELECT days.*, {ordinals} FROM ({_days()}) AS days)"""
    return [Check(DAY, ("calendar", "day"), sql), Check(DAY, ("calendar", "day"), _LACKING)]


def check_curves() -> list[Check]:
    """Return the check of each day of each curve: its weight, and the sum of those before it."""
    sql = f"""
        SELECT multiIf(weight != due, 'weight', elapsed != before, 'sum of the days before',
                'ok') AS state,
            [curve_id, toString(day)] AS key, toString((due, before)) AS expected,
            toString((weight, elapsed)) AS found,
            toDecimal128(0, 4) AS off, '' AS currency, toUInt64(0) AS position
        FROM (
            SELECT curves.curve_id AS curve_id, curves.day AS day, weight, elapsed,
                multiIf(curve_id = 'linear', toDecimal128(1, 12),
                    startsWith(curve_id, 'business-days'), toDecimal128(days.is_open, 12),
                    weight) AS due,
                sum(weight) OVER (PARTITION BY curves.curve_id ORDER BY curves.day
                    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - weight AS before
            FROM (SELECT *, substring(curve_id, length('business-days:') + 1) AS of
                FROM {CURVE} FINAL WHERE {_AT}) AS curves
            LEFT JOIN ({_days()}) AS days ON days.calendar_id = curves.of AND days.day = curves.day)
        """
    return [Check(CURVE, ("curve", "day"), sql)]


def check_quotas(warehouse: Warehouse) -> list[Check]:
    """Return the check of each quota: as it was written, what is asked for, and its courses."""
    codes = ask(warehouse, f"SELECT DISTINCT currency FROM {QUOTA} FINAL WHERE {_AT}")
    asked = _asked({code: 10 ** minor_units(code) for code in codes["currency"] if code})
    sql = f"""
        SELECT multiIf(NOT is_there, 'not in the table', NOT is_written, 'not in the definitions',
                NOT ({_SAME}), 'not as it was written', NOT ({_TILED}), 'parts of its period',
                amount != asked, 'amount',
                plan_from != plan_since OR plan_total != plan_sum, 'course of its plan',
                work_from != work_since OR work_total != work_sum, 'course of its work',
                'ok') AS state,
            [quota_id] AS key,
            toString((written, asked, plan_since, plan_sum, work_since, work_sum)) AS expected,
            toString((written_amount, amount, plan_from, plan_total, work_from, work_total))
                AS found,
            toDecimal128(amount, 4) - asked AS off, currency, toUInt64(0) AS position
        FROM (
            SELECT *, JSONExtract(trace, '{_PARTS}') AS parts,
                if(is_plain, toDecimal128(written, 4), {asked}) AS asked,
                if(plan_curve = work_curve, away, toDecimal128(0, 12)) AS plan_away,
                plan_upto - plan_since - plan_away AS plan_sum,
                work_upto - work_since - away AS work_sum
            FROM ({_quotas()}))"""
    return [Check(QUOTA, ("quota",), sql)]


_SAME = (
    "(owner_kind, owner_id, written_kpi, written_currency, written_start, written_end, "
    "toDecimal128(written, 4)) = (subject_kind, subject_id, kpi, currency, "
    "toString(period_start), toString(period_end), toDecimal128(written_amount, 4))"
)
_TILED = (
    "parts[1].1 = written_start AND parts[-1].2 = written_end AND "
    "arrayAll(n -> parts[n].2 = parts[n + 1].1, range(1, toUInt64(length(parts))))"
)


def _asked(units: Mapping[str, int]) -> str:
    """Return SQL for what the parts of a quota come to: level x days / days of the period.

    One part of all days is as it was written; others are rounded together, half-even.

    Args:
        units: minor units of one unit, by currency; a KPI that is no money has ten-thousandths.
    """
    unit = f"transform(currency, {['', *units]}, {[_WHOLE, *units.values()]}, {_WHOLE})"
    levels = f"arrayMap(p -> {whole('toDecimal128(p.3, 4)', _WHOLE)}, parts)"
    days = f"arrayMap(p -> {whole('toDecimal128(p.4, 4)', _WHOLE)}, parts)"
    of_days = whole("toDecimal128OrZero(parts[1].5, 4)", _WHOLE)
    exact = f"arraySum(arrayMap((level, day) -> level * day, {levels}, {days})) * {unit}"
    quotient = divided_even(exact, f"greatest({of_days} * {_WHOLE}, toInt256(1))")
    rounded = f"{quotient} * intDiv({_WHOLE}, {unit})"
    return decimal(
        f"if(length(parts) = 1 AND parts[1].4 = parts[1].5, {levels}[1], {rounded})", _WHOLE
    )


def _content(kind: str) -> str:
    return (
        f"assumeNotNull((SELECT argMax(content, sequence) FROM spm.definition "
        f"WHERE kind = '{kind}' AND sequence <= (SELECT max(sequence) FROM spm.planning)))"
    )


def _listed(kind: str, field: str, shape: str) -> str:
    return f"JSONExtract({_content(kind)}, '{field}', '{shape}')"


def _calendars() -> str:
    """Return SQL for calendars; the nameless one is Monday to Friday."""
    written = _listed("calendars", "calendars", _CALENDARS)
    every = f"arrayPushBack({written}, CAST(('', [1, 2, 3, 4, 5], []), '{_CALENDARS[6:-1]}'))"
    return (
        f"SELECT calendar.1 AS calendar_id, calendar.2 AS working_days, calendar.3 AS holidays "
        f"FROM (SELECT arrayJoin({every}) AS calendar)"
    )


def _days() -> str:
    """Return SQL for the days as they stand, with what the calendars say of each."""
    return f"""
        SELECT days.*, holidays[indexOf(holidays.1, toString(day))].2 AS holiday,
            has(working_days, toDayOfWeek(day)) AND holiday = '' AS is_open
        FROM {DAY} AS days FINAL INNER JOIN ({_calendars()}) AS calendars USING (calendar_id)
        WHERE {_AT}"""


_LACKING = f"""
    SELECT multiIf(NOT is_known, 'no such calendar', days != span, 'days are missing', '') AS state,
        [calendar_id, ''] AS key, toString(span) AS expected, toString(days) AS found,
        toDecimal128(0, 4) AS off, '' AS currency, toUInt64(0) AS position
    FROM (
        SELECT calendar_id, max(known) AS is_known, sum(there) AS days,
            (SELECT uniqExact(day) FROM {DAY} FINAL WHERE {_AT}) AS span
        FROM (
            SELECT calendar_id, 1 AS known, 0 AS there FROM ({_calendars()})
            UNION ALL SELECT calendar_id, 0, 1 FROM {DAY} FINAL WHERE {_AT})
        GROUP BY calendar_id)
    WHERE span > 0"""


def _quotas() -> str:
    """Return SQL for quotas as they stand beside those that were written, and their curves."""
    courses = "".join(
        f" LEFT JOIN (SELECT curve_id AS {name}_curve_{at}, day AS {name}_day_{at},"
        f" {value} AS {name}_{at} FROM {CURVE} FINAL WHERE {_AT}) AS {name}_{at}"
        f" ON {name}_curve_{at} = {name}_curve AND {name}_day_{at} = {day}"
        for name in ("plan", "work")
        for at, value, day in (
            ("since", "elapsed", "period_start"),
            ("upto", "elapsed + weight", "last_day"),
        )
    )
    written = _listed("quotas", "quotas", _QUOTAS)
    return f"""
        SELECT *
        FROM (
            SELECT stored.*, period_end - 1 AS last_day,
                curve_id AS plan_curve, work_id AS work_curve,
                quota_id != '' AND stored.subject_kind != '' AS is_there,
                asked_for.quota.2 != '' AS is_written,
                asked_for.quota.2 AS owner_kind, asked_for.quota.3 AS owner_id,
                asked_for.quota.4 AS written_kpi,
                if(asked_for.quota.5 = 'null', '', asked_for.quota.5) AS written_currency,
                asked_for.quota.6 AS written_start, asked_for.quota.7 AS written_end,
                if(is_written, asked_for.quota.8, '0') AS written,
                asked_for.quota.9 IN ('', 'null') AND asked_for.quota.10 = 'NONE'
                    AND empty(asked_for.quota.11) AS is_plain,
                toDecimal128(arraySum(stored.away_share), 12) AS away
            FROM (SELECT * FROM {QUOTA} FINAL WHERE {_AT}) AS stored
            FULL JOIN (
                SELECT quota, quota.1 AS quota_id FROM (SELECT arrayJoin({written}) AS quota)
            ) AS asked_for USING (quota_id)) AS both
        {courses}"""
