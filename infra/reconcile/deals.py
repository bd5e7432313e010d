"""Deals said a second time: their days, rates, and who is credited with how much.

With an amount and not cancelled, a deal is credited at every stage: to its REVENUE splits, else to
those of a territory rule, else the owner for all of it, which divide the amount; and to each
OVERLAY split, a part of the whole by itself. What people gave by hand is laid over that.
Only what is won has a rate, that of the day it was won in its owner's zone. A credit's day is the
one the deal was won, lost or, while open, created on in the payee's zone.
"""

from collections.abc import Iterable

from infra.reconcile import contests, manual_credits, territories
from infra.reconcile.arithmetic import (
    AMOUNT,
    RATE,
    SHARE,
    decimal,
    divided_even,
    filled,
    floors,
    ranks,
    whole,
)
from infra.reconcile.asking import apart
from infra.reconcile.definitions import InForce
from infra.reconcile.rules import lines

# What is divided besides the amount.
PARTED = ("acv", "margin", "units", "invoiced_amount", "paid_amount")
# Array(Tuple(rep, role, via, share, day, amount, reporting amount, parts ..., territory)) as a
# history row keeps it.
_EVERY = (
    "arraySort(arrayMap((r, o, v, s, d, a, m, p1, p2, p3, p4, p5, t) -> "
    "(toString(r), toString(o), v, s, d, a, m, p1, p2, p3, p4, p5, t), "
    "credit_rep_id, credit_role, credit_via, credit_share, credit_day, credit_amount, "
    f"credit_reporting_amount, {', '.join(f'credit_{name}' for name in PARTED)}, "
    "credit_territory_id))"
)
_STATED = f"arrayFilter(c -> c.2 != 'OVERRIDE', {_EVERY})"
# A manager's credit says what that of a payee says, and names it.
_OVERRIDES = f"arrayFilter(c -> c.2 = 'OVERRIDE', {_EVERY})"
_REST = ", ".join(f"{{one}}.{at}" for at in range(4, 14))
_MIRRORED = (
    "arrayAll(o -> arrayExists(c -> "
    "o.3 = concat(replaceAll(replaceAll(c.1, '%', '%25'), ':', '%3A'), ':', c.2, ':', c.3) AND "
    f"toString(tuple({_REST.format(one='o')})) = toString(tuple({_REST.format(one='c')})), "
    "stated), overrides)"
)
READ = (
    "topic, entity_id, position, sequence, op, source, owner_id, created_at, occurred_at, "
    "stage_class, close_date, won_at, lost_at, amount, currency, split_owner_id, split_role, "
    f"split_share, rate, rate_on, reporting_currency, rep_id, day, {', '.join(territories.READ)}, "
    f"{', '.join(PARTED)}, territory_id, "
    f"{_STATED} AS stated, {_OVERRIDES} AS overrides"
)
COMPARED = (
    f"stated != credits, 'credits', NOT ({_MIRRORED}), 'overrides', "
    "rate IS DISTINCT FROM should_rate, 'rate', "
    "rate_on IS DISTINCT FROM should_rate_on, 'rate date', "
    "toString(reporting_currency) != if(should_rate IS NULL, '', into), 'reporting currency', "
)
# Of a deal's row, what its check needs once its credits are put together.
_KEPT = (
    "topic", "entity_id", "position", "judged_at", "op", "stage_class", "currency", "rep_id", "day",
    "rate", "rate_on", "reporting_currency", "owner", "own_days", "should_day", "should_rate",
    "should_rate_on", "into", "put", "stated", "overrides", "has_worth", "worth",
)  # fmt: skip
_SPLITS = (
    f"arrayMap((u, r, s, i) -> (u, toString(r), toString(i - 1), {whole('s', SHARE)}, "
    "toString(source), toString(territory_id)), "
    "split_owner_id, split_role, split_share, arrayEnumerate(split_role))"
)


def resolved(rows: str, now: InForce) -> str:
    """Return SQL for deals with all that must stand in their rows: owner, days, rate, credits."""
    names = (*_KEPT, *contests.KEPT) if now.contests else _KEPT
    # One aggregate of all: to understand each costs as much as to understand them together.
    whole_row = ", ".join(f"credited.{name}" for name in names)
    kept = ", ".join(f"row.{at} AS {name}" for at, name in enumerate(names, 1))
    amount = f"toDecimal64({decimal('line.2', AMOUNT)}, 4)"
    reporting = f"toDecimal64({decimal('line.3', AMOUNT)}, 4)"
    share = f"toDecimal32({decimal('line.1.4', SHARE)}, 6)"
    payee = "if(people.whose = '', 'unassigned', people.whose)"
    parts = ", ".join(
        f"if(isNull({name}), NULL, toDecimal64({decimal(f'line.{at}', AMOUNT)}, 4))"
        for at, name in enumerate(PARTED, 4)
    )
    zipped = ", ".join(f"{name}_parts" for name in PARTED)
    return f"""
        SELECT *, {lines("deal", now)} AS should FROM (
            SELECT {kept}, credits FROM (SELECT any(({whole_row})) AS row,
                arraySort(groupArrayIf(credit, credit.2 != '')) AS credits FROM (
                SELECT lines.*, {_days("people.stints", now)} AS their_days,
                    ({payee}, line.1.2, line.1.3, {share},
                    {_MAIN.format(days="their_days")}, {amount},
                    if(should_rate IS NULL, NULL, {reporting}), {parts}, line.1.6) AS credit
                FROM (SELECT *, line FROM ({apart(_divided(rows, now))})
                    LEFT ARRAY JOIN arrayZip(payees, parts, reported, {zipped}) AS line) AS lines
                ANY LEFT JOIN ({now.people()}) AS people
                    ON line.1.5 = people.of_source AND line.1.1 = people.user_id) AS credited
            GROUP BY credited.entity_id, credited.position))"""


def _divided(rows: str, now: InForce) -> str:
    """Return SQL for deals with who is credited, and what of amount and reporting amount.

    In many steps: what a step names is worked out once for all the steps behind it.
    """
    overlaid = divided_even("total * s.4", str(SHARE))
    steps = (
        f"{_SPLITS} AS splits, {whole('coalesce(amount, 0)', AMOUNT)} AS amount_units, "
        "op = 'SET' AND amount IS NOT NULL AS is_worth",
        f"{territories.ruled(now.territories)} AS ruled",
        "arrayFilter(s -> s.2 = 'REVENUE', arrayConcat(splits, ruled)) AS dividing, "
        "if(is_worth, arrayFilter(s -> s.2 = 'OVERLAY', arrayConcat(splits, ruled)), []) "
        "AS stated_overlay, "
        f"{divided_even('amount_units * rate_units', str(RATE))} AS reporting_units",
        "multiIf(NOT is_worth, [], notEmpty(dividing), dividing, "
        f"[(owner_id, 'REVENUE', 'owner', toInt256({SHARE}), toString(source), "
        "toString(territory_id))]) AS stated_revenue",
        *manual_credits.steps(now),
        "arrayConcat(revenue, overlay) AS payees, arrayMap(s -> s.4, revenue) AS shares",
        f"{floors('amount_units', 'shares')} AS floors, "
        f"{floors('reporting_units', 'shares')} AS reporting_floors",
        f"{ranks('amount_units', 'shares', 'floors')} AS places, "
        f"{ranks('reporting_units', 'shares', 'reporting_floors')} AS reporting_places",
        f"arrayConcat({filled('amount_units', 'floors', 'places')}, "
        f"arrayMap(s -> {overlaid.replace('total', 'amount_units')}, overlay)) AS parts, "
        f"arrayConcat({filled('reporting_units', 'reporting_floors', 'reporting_places')}, "
        f"arrayMap(s -> {overlaid.replace('total', 'reporting_units')}, overlay)) AS reported",
        ", ".join(f"{whole(f'coalesce({n}, 0)', AMOUNT)} AS {n}_units" for n in PARTED),
        ", ".join(f"{floors(f'{n}_units', 'shares')} AS {n}_floors" for n in PARTED),
        ", ".join(f"{ranks(f'{n}_units', 'shares', f'{n}_floors')} AS {n}_places" for n in PARTED),
        ", ".join(
            f"arrayConcat({filled(f'{n}_units', f'{n}_floors', f'{n}_places')}, "
            f"arrayMap(s -> {overlaid.replace('total', f'{n}_units')}, overlay)) AS {n}_parts"
            for n in PARTED
        ),
    )
    return _in_steps(manual_credits.joined(_rated(rows, now), now), steps)


def _rated(rows: str, now: InForce) -> str:
    """Return SQL for deals with their owner, days, and the rate of what is won."""
    owned = f"""
        SELECT facts.*, '{now.reporting_currency}' AS into,
            if(people.whose = '', 'unassigned', people.whose) AS owner,
            {_days("people.stints", now)} AS own_days
        FROM ({rows}) AS facts ANY LEFT JOIN ({now.people()}) AS people
            ON facts.source = people.of_source AND facts.owner_id = people.user_id"""
    units = whole("coalesce(amount, 0)", AMOUNT)
    worth = decimal(divided_even(f"{units} * rate_units", str(RATE)), AMOUNT)
    steps = (
        f"{_MAIN.format(days='own_days')} AS should_day, "
        "if(stage_class = 'LOST', own_days[3], own_days[2]) AS closed_on, "
        "currency = into AS is_own",
        "arrayLast(r -> r.1 <= closed_on, dated) AS dated_then, "
        "arrayExists(r -> r.1 <= closed_on, dated) AS is_dated",
        f"if(is_own, toInt256({RATE}), dated_then.2) AS rate_units, op = 'SET' AND "
        "amount IS NOT NULL AND stage_class IN ('WON', 'LOST') "
        "AND (is_own OR is_dated) AS has_worth",
        "has_worth AND stage_class = 'WON' AS has_rate, "
        f"if(has_worth, toDecimal64({worth}, 4), toDecimal64(0, 4)) AS worth",
        f"if(has_rate, toDecimal128({decimal('rate_units', RATE)}, 10), NULL) AS should_rate, "
        "if(has_rate, if(is_own, closed_on, dated_then.1), NULL) AS should_rate_on",
    )
    joined = (
        f"SELECT owned.*, dated FROM ({owned}) AS owned ANY LEFT JOIN ({now.rates()}) AS rates "
        f"ON owned.currency = rates.base"
    )
    return _in_steps(joined, steps)


def _in_steps(sql: str, steps: Iterable[str]) -> str:
    for step in steps:
        sql = f"SELECT *, {step} FROM ({sql})"
    return sql


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
