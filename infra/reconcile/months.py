"""Settled months against the days they are made of.

Months of reps in which anything stands at or above the settled position are read by days wherever
they are shown, so nothing is claimed of them.
"""

from infra.reconcile.asking import Check
from infra.reconcile.periods import Days

TABLE = "spm.kpi_rep_month"
_KEY = "month, measure, rep_id, currency"
_SETTLED = """
    WITH (SELECT argMax((since, until, keys, reached), version) FROM spm.settled
        WHERE (generation, incarnation) =
            (SELECT (generation, incarnation) FROM spm.warehouse FINAL)) AS settled"""
_DAYS = f"""{_SETTLED}
    SELECT toDate32(toStartOfMonth(day)) AS month, measure, toString(rep_id) AS rep_id, currency,
        toDecimal128(value, 4) AS part,
        position >= settled.4[indexOf(settled.3, concat(topic, '/', toString(partition)))] AS later
    FROM spm.kpi_rep_day FINAL
    WHERE generation = (SELECT generation FROM spm.warehouse FINAL)
        AND day >= settled.1 AND day < settled.2"""
_MONTHS = f"""{_SETTLED}
    SELECT month, measure, rep_id, currency, value FROM spm.kpi_rep_month FINAL
    WHERE generation = (SELECT generation FROM spm.warehouse FINAL) AND month >= settled.1
        AND month < settled.2 AND upto = least(addMonths(month, 1), settled.2)"""


def check(days: Days) -> Check:
    """Return the check of settled months that begin in a period."""
    sql = f"""
        SELECT multiIf(is_row = 0, 'no row', found_value != should_value, 'value', 'ok') AS state,
            [toString(month), toString(measure), rep_id, toString(currency)] AS key,
            toString(should_value) AS expected, if(is_row = 0, '', toString(found_value)) AS found,
            found_value - should_value AS off, toString(currency) AS currency,
            toUInt64(0) AS position
        FROM (SELECT {_KEY}, sum(stored) AS found_value, sum(part) AS should_value,
                max(known) AS is_row
            FROM (SELECT {_KEY}, value AS stored, toDecimal128(0, 4) AS part, 1 AS known
                FROM ({_MONTHS})
                UNION ALL SELECT {_KEY}, toDecimal128(0, 4), part, 0 FROM ({_DAYS}))
            WHERE {days.condition("month")}
                AND (month, rep_id) NOT IN (SELECT month, rep_id FROM ({_DAYS}) WHERE later)
            GROUP BY {_KEY})"""
    return Check(TABLE, _KEY.split(", "), sql)
