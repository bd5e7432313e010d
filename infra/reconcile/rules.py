"""What counts, said a second time: every shipped rule as conditions of SQL.

The words are those of the documentation of measures; the columns are those of history.
"""

from collections.abc import Iterable
from typing import NamedTuple

from connectors.sinks.clickhouse import quoted
from infra.reconcile.contests import Entered, condition, day, instant
from infra.reconcile.definitions import InForce

_OUT, _IN = "direction = 'OUTBOUND'", "direction = 'INBOUND'"
_ANSWERED = (
    "coalesce(JSONExtract(state, 'connected', 'Nullable(Bool)'), "
    "status = 'COMPLETED' AND coalesce(talk_seconds, 0) > 0)"
)
_CALL = "NOT is_automated AND status != 'IN_PROGRESS'"
_ONE = "1"


class Rule(NamedTuple):
    """One rule.

    Attributes:
        when: what a fact must be; that it is not cancelled goes without saying.
        value: what it is worth.
        who: column with the rep.
        day: column with the day.
        currency: column with the currency of what is money.
    """

    when: str
    value: str
    who: str
    day: str
    currency: str = "''"


ACTIVITIES: dict[str, Rule] = {
    "calls": Rule(f"{_CALL} AND ({_OUT} OR {_IN} AND {_ANSWERED})", _ONE, "owner", "occurred_on"),
    "calls_connected": Rule(
        f"{_CALL} AND ({_OUT} OR {_IN}) AND {_ANSWERED}", _ONE, "owner", "occurred_on"
    ),
    "talk_seconds": Rule(
        f"{_CALL} AND ({_OUT} OR {_IN}) AND {_ANSWERED} AND talk_seconds IS NOT NULL",
        "coalesce(talk_seconds, 0)",
        "owner",
        "occurred_on",
    ),
    "emails_sent": Rule(
        f"{_OUT} AND status = 'SENT' AND NOT is_automated", _ONE, "owner", "occurred_on"
    ),
    "replies": Rule(
        f"{_IN} AND NOT is_automated AND "
        "coalesce(JSONExtract(state, 'is_reply', 'Nullable(Bool)'), false)",
        _ONE,
        "owner",
        "occurred_on",
    ),
    "meetings_booked": Rule("1", _ONE, "booker", "booked_on"),
    "meetings_held": Rule("status = 'COMPLETED'", _ONE, "owner", "started_on"),
    "no_shows": Rule("status = 'NO_SHOW'", _ONE, "owner", "started_on"),
}
DEALS: dict[str, Rule] = {
    "deals_created": Rule("1", _ONE, "owner", "own_days[1]"),
    "deals_won": Rule("stage_class = 'WON'", _ONE, "owner", "own_days[2]"),
    "deals_lost": Rule("stage_class = 'LOST'", _ONE, "owner", "own_days[3]"),
    "cycle_days": Rule(
        "stage_class = 'WON'",
        "greatest(dateDiff('day', own_days[1], own_days[2]), 0)",
        "owner",
        "own_days[2]",
    ),
    "won_valued": Rule("stage_class = 'WON' AND has_worth", _ONE, "owner", "own_days[2]"),
    "won_amount": Rule(
        "stage_class = 'WON' AND has_worth", "worth", "owner", "own_days[2]", "into"
    ),
    "lost_amount": Rule(
        "stage_class = 'LOST' AND has_worth", "worth", "owner", "own_days[3]", "into"
    ),
}
# Rules whose lines are one for each REVENUE credit of a won deal: its amount, in its currency.
CREDITED = {
    "revenue_won": ("c.6", "toString(currency)", "1"),
    "revenue_won_reporting": ("assumeNotNull(c.7)", "{reporting}", "c.7 IS NOT NULL"),
}
LINES = "Array(Tuple(String, Date32, String, String, Decimal(18, 4)))"


def lines(of: str, now: InForce) -> str:
    """Return SQL for what a fact puts in by the rules of the measures in force."""
    parts = [
        part for m in now.measures if m.of == of for part in _of_measure(m.measure, m.rule, now)
    ]
    known = {m.measure: m for m in now.measures if m.of == of}
    parts += [
        _of_contest(one, known[one.kpi].rule, now) for one in now.contests if one.kpi in known
    ]
    if not parts:
        return f"CAST([], '{LINES}')"
    return f"arraySort(arrayConcat({', '.join(parts)}))"


def _of_measure(measure: str, rule: str, now: InForce) -> Iterable[str]:
    if rule in CREDITED:
        value, currency, given = CREDITED[rule]
        currency = currency.format(reporting=f"'{now.reporting_currency}'")
        yield (
            f"CAST(arrayMap(c -> (c.1, c.5, '{measure}', {currency}, {value}), "
            f"arrayFilter(c -> stage_class = 'WON' AND c.2 = 'REVENUE' AND {given}, credits)), "
            f"'{LINES}')"
        )
        return
    found = {**ACTIVITIES, **DEALS}[rule]
    line = (
        f"({found.who}, {found.day}, '{measure}', {found.currency}, toDecimal64({found.value}, 4))"
    )
    yield f"CAST(if(op = 'SET' AND ({found.when}), [{line}], []), '{LINES}')"


def _of_contest(one: Entered, rule: str, now: InForce) -> str:
    """Return SQL for what a fact puts into a contest: what its rule says, on the contest's day."""
    at = instant(rule, one.zone, close_date_first=now.close_date_first)
    on, name = day(at, one.zone), quoted(one.measure)
    if rule in CREDITED:
        value, currency, given = CREDITED[rule]
        currency = currency.format(reporting=f"'{now.reporting_currency}'")
        counts = condition(one, at, value, currency)
        return (
            f"CAST(arrayMap(c -> (c.1, {on}, {name}, {currency}, {value}), "
            f"arrayFilter(c -> stage_class = 'WON' AND c.2 = 'REVENUE' AND {given} AND {counts}, "
            f"credits)), '{LINES}')"
        )
    found = {**ACTIVITIES, **DEALS}[rule]
    value = f"toDecimal64({found.value}, 4)"
    line = f"({found.who}, {on}, {name}, {found.currency}, {value})"
    counts = condition(one, at, value, f"toString({found.currency})")
    return f"CAST(if(op = 'SET' AND ({found.when}) AND {counts}, [{line}], []), '{LINES}')"
