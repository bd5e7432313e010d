"""The schedule of commission costs in force: tied to the ledger it was made from, month to month.

Which cost is treated how is not said a second time here: that is the pure domain's, and auditors'.
What the ledger has posted since the run is not looked at.
"""

from collections.abc import Iterator

from infra.reconcile.asking import Check
from infra.reconcile.periods import Days

TABLE = "spm.amortisation"
_COST = "rep_id, plan_id, component_id, currency, deal_id, treatment"
_SUM = "rep_id, plan_id, component_id, currency"
_WITH = """
    WITH (SELECT argMax((run_id, keys, reached), made_at) FROM spm.amortisation_run) AS run"""
_ROWS = "(SELECT * FROM spm.amortisation FINAL WHERE run_id = run.1)"
_POSTED = """(SELECT rep_id, plan_id, component_id, currency, amount
    FROM spm.commission_ledger FINAL WHERE state = 'EARNED' AND position <=
        run.3[indexOf(run.2, concat(topic, '/', toString(partition)))])"""


def checks(days: Days) -> Iterator[Check]:
    """Yield the checks of the run in force; months are looked at that begin in a period."""
    yield Check(TABLE, _SUM.split(", "), _sums())
    yield Check(TABLE, (*_COST.split(", "), "month"), _months(days))


def _sums() -> str:
    """Return SQL for all that was booked of each payee and component against the ledger."""
    return f"""{_WITH}
        SELECT if(found_value = should_value, 'ok', 'sum of posted') AS state,
            [toString(rep_id), toString(plan_id), toString(component_id), toString(currency)]
                AS key,
            toString(should_value) AS expected, toString(found_value) AS found,
            found_value - should_value AS off, toString(currency) AS currency,
            toUInt64(0) AS position
        FROM (SELECT {_SUM}, sum(there) AS found_value, sum(entered) AS should_value
            FROM (SELECT {_SUM}, posted AS there, toDecimal128(0, 4) AS entered FROM {_ROWS}
                UNION ALL SELECT {_SUM}, toDecimal128(0, 4), amount FROM {_POSTED}
                WHERE run.1 != '')
            GROUP BY {_SUM})"""


def _months(days: Days) -> str:
    """Return SQL for each month of each cost against the month before and its own parts."""
    parts = "opening + capitalised - reduced - amortised - written_off"
    return f"""{_WITH}
        SELECT multiIf(closing != {parts}, 'closing', opening != before, 'opening',
                is_last AND closing != 0, 'never charged',
                posted != capitalised - reduced - released + expensed, 'posted', 'ok') AS state,
            [toString(rep_id), toString(plan_id), toString(component_id), toString(currency),
                deal_id, toString(treatment), toString(month)] AS key,
            toString(multiIf(state = 'closing', {parts}, state = 'opening', before,
                state = 'posted', capitalised - reduced - released + expensed, 0)) AS expected,
            toString(multiIf(state = 'opening', opening, state = 'posted', posted, closing))
                AS found,
            multiIf(state = 'closing', closing - ({parts}), state = 'opening', opening - before,
                state = 'posted', posted - (capitalised - reduced - released + expensed),
                state = 'ok', toDecimal128(0, 4), closing) AS off,
            toString(currency) AS currency, toUInt64(0) AS position
        FROM (SELECT *,
                lagInFrame(closing, 1, toDecimal128(0, 4)) OVER cost AS before,
                month = max(month) OVER (PARTITION BY {_COST}) AS is_last
            FROM {_ROWS}
            WINDOW cost AS (PARTITION BY {_COST} ORDER BY month
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING))
        WHERE {days.condition("month")}"""
