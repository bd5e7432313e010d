"""Settled months against the days they are made of.

Months of reps that were touched since are read by days, so nothing is claimed of them.
"""

from infra.reconcile.asking import Check
from infra.reconcile.periods import Days
from infra.settling import asking

TABLE = "spm.kpi_rep_month"
_KEY = "month, measure, rep_id, currency"


def check(days: Days) -> Check:
    """Return the check of settled months that begin in a period."""
    known = f"({asking.MONTH}, rep_id) NOT IN ({asking.loose()})"
    by_days = (
        f"{asking.STATE} SELECT {asking.MONTH} AS month, measure, toString(rep_id) AS rep_id, "
        f"currency, toDecimal128(value, 4) AS part FROM spm.kpi_rep_day FINAL WHERE {asking.LIVE} "
        f"AND day >= {asking.SINCE} AND day < {asking.UNTIL} AND {known}"
    )
    sql = f"""
        SELECT multiIf(is_row = 0, 'no row', found_value != should_value, 'value', 'ok') AS state,
            [toString(month), toString(measure), rep_id, toString(currency)] AS key,
            toString(should_value) AS expected, if(is_row = 0, '', toString(found_value)) AS found,
            found_value - should_value AS off, toString(currency) AS currency,
            toUInt64(0) AS position
        FROM (SELECT {_KEY}, sum(stored) AS found_value, sum(part) AS should_value,
                max(known) AS is_row
            FROM (SELECT {_KEY}, value AS stored, toDecimal128(0, 4) AS part, 1 AS known
                FROM ({asking.months("", asking.loose())})
                UNION ALL SELECT {_KEY}, toDecimal128(0, 4), part, 0 FROM ({by_days}))
            WHERE {days.condition("month")}
            GROUP BY {_KEY})"""
    return Check(TABLE, _KEY.split(", "), sql)
