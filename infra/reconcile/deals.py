"""Deals said a second time: their days, rates, and who is credited with how much.

With an amount and not cancelled, a deal is credited at every stage: to its REVENUE splits, or the
owner for all of it, which divide the amount; and to each OVERLAY split, a part of the whole by
itself. Only what is won has a rate, that of the day it was won in its owner's zone. A credit's day
is the one the deal was won, lost or, while open, created on in the payee's zone.
"""

from infra.reconcile.arithmetic import AMOUNT, RATE, SHARE, decimal, divided, divided_even, whole
from infra.reconcile.definitions import InForce
from infra.reconcile.rules import lines

# Array(Tuple(rep, role, via, share, day, amount, reporting amount)) as a history row keeps it.
CREDITS = (
    "arraySort(arrayMap((r, o, v, s, d, a, m) -> (toString(r), toString(o), v, s, d, a, m), "
    "credit_rep_id, credit_role, credit_via, credit_share, credit_day, credit_amount, "
    "credit_reporting_amount))"
)
COMPARED = (
    f"{CREDITS} != credits, 'credits', rate IS DISTINCT FROM should_rate, 'rate', "
    f"rate_on IS DISTINCT FROM should_rate_on, 'rate date', "
    f"toString(reporting_currency) != if(should_rate IS NULL, '', into), 'reporting currency', "
)
# Of a deal's row, what its check needs once its credits are put together.
_KEPT = (
    "topic", "entity_id", "position", "partition", "judged_at", "op", "stage_class", "currency",
    "rep_id", "day", "rate", "rate_on", "reporting_currency", "owner", "created_on", "won_on",
    "lost_on", "should_day", "should_rate", "should_rate_on", "into", "measure", "measure_rep_id",
    "measure_day", "measure_currency", "measure_value", "credit_rep_id", "credit_role",
    "credit_via", "credit_share", "credit_day", "credit_amount", "credit_reporting_amount",
)  # fmt: skip
_SPLITS = (
    "arrayMap((u, r, s, i) -> (u, toString(r), toString(i - 1), {share}), "
    "split_owner_id, split_role, split_share, arrayEnumerate(split_role))"
)


def resolved(rows: str, now: InForce) -> str:
    """Return SQL for deals with all that must stand in their rows: owner, days, rate, credits."""
    kept = ", ".join(f"any(credited.{name}) AS {name}" for name in _KEPT)
    amount = f"toDecimal64({decimal('line.2', AMOUNT)}, 4)"
    reporting = f"toDecimal64({decimal('line.3', AMOUNT)}, 4)"
    share = f"toDecimal32({decimal('line.1.4', SHARE)}, 6)"
    payee = "if(people.whose = '', 'unassigned', people.whose)"
    return f"""
        SELECT *, {lines("deal", now)} AS should FROM (
            SELECT {kept}, arraySort(groupArrayIf(credit, credit.2 != '')) AS credits FROM (
                SELECT lines.*, {_days("people.stints", now)} AS their_days,
                    ({payee}, line.1.2, line.1.3, {share},
                    {_MAIN.format(days="their_days")}, {amount},
                    if(should_rate IS NULL, NULL, {reporting})) AS credit
                FROM (SELECT *, line FROM ({_divided(rows, now)})
                    LEFT ARRAY JOIN arrayZip(payees, parts, reported) AS line) AS lines
                ANY LEFT JOIN ({now.people()}) AS people
                    ON lines.source = people.of_source AND line.1.1 = people.user_id) AS credited
            GROUP BY credited.entity_id, credited.position)"""


def _divided(rows: str, now: InForce) -> str:
    """Return SQL for deals with who is credited, and what of amount and reporting amount."""
    splits = _SPLITS.format(share=whole("s", SHARE))
    return f"""
        SELECT *, arrayConcat(revenue, overlay) AS payees,
            {_parts("amount_units")} AS parts, {_parts("reporting_units")} AS reported
        FROM (
            SELECT *, {splits} AS splits,
                arrayFilter(s -> s.2 = 'REVENUE', splits) AS divide,
                op = 'SET' AND amount IS NOT NULL AS is_worth,
                multiIf(NOT is_worth, [], notEmpty(divide), divide,
                    [(owner_id, 'REVENUE', 'owner', toInt256({SHARE}))]) AS revenue,
                if(is_worth, arrayFilter(s -> s.2 = 'OVERLAY', splits), []) AS overlay,
                {whole("coalesce(amount, 0)", AMOUNT)} AS amount_units,
                {divided_even("amount_units * rate_units", str(RATE))} AS reporting_units
            FROM ({_rated(rows, now)}))"""


def _parts(units: str) -> str:
    shares = "arrayMap(s -> s.4, revenue)"
    part = divided_even(f"{units} * s.4", str(SHARE))
    return f"arrayConcat({divided(units, shares)}, arrayMap(s -> {part}, overlay))"


def _rated(rows: str, now: InForce) -> str:
    """Return SQL for deals with their owner, days, and the rate of what is won."""
    return f"""
        SELECT *, currency = into AS is_own, arrayFilter(r -> r.1 <= won_on, dated) AS until_then,
            op = 'SET' AND amount IS NOT NULL AND stage_class = 'WON'
                AND (is_own OR notEmpty(until_then)) AS has_rate,
            if(is_own, toInt256({RATE}), until_then[-1].2) AS rate_units,
            if(has_rate, toDecimal128({decimal("rate_units", RATE)}, 10), NULL) AS should_rate,
            if(has_rate, if(is_own, won_on, until_then[-1].1), NULL) AS should_rate_on
        FROM (
            SELECT *, '{now.reporting_currency}' AS into,
                if(people.whose = '', 'unassigned', people.whose) AS owner,
                {_days("people.stints", now)} AS own_days, own_days[1] AS created_on,
                own_days[2] AS won_on, own_days[3] AS lost_on,
                {_MAIN.format(days="own_days")} AS should_day
            FROM ({rows}) AS facts ANY LEFT JOIN ({now.people()}) AS people
                ON facts.source = people.of_source AND facts.owner_id = people.user_id
        ) AS owned ANY LEFT JOIN ({now.rates()}) AS rates ON owned.currency = rates.base"""


def _days(stints: str, now: InForce) -> str:
    """Return SQL for the days a deal was created, won and lost on in somebody's zone."""
    instants = "[created_at, coalesce(won_at, occurred_at), coalesce(lost_at, occurred_at)]"
    won = "close_date IS NOT NULL" + ("" if now.close_date_first else " AND won_at IS NULL")
    lost = "close_date IS NOT NULL AND lost_at IS NULL"
    return (
        f"arrayMap((d, by_date) -> if(by_date, coalesce(close_date, d), d), "
        f"arrayMap(at -> {now.day('at', stints)}, {instants}), [0, {won}, {lost}])"
    )


_MAIN = "multiIf(stage_class = 'WON', {days}[2], stage_class = 'LOST', {days}[3], {days}[1])"
