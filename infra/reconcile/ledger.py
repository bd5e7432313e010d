"""The commission ledger against credits and plans, tier by tier.

What entries of a payee, component and origin period add up to must be what the credits below the
cut earn under the plans in force. And the entries up to any one of them must add up to what its
`after` earns under the plans of its own sequence: entries telescope.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from connectors.sinks.clickhouse import quoted
from infra.reconcile.arithmetic import AMOUNT, decimal, whole
from infra.reconcile.asking import Check, Warehouse, apart, ask
from infra.reconcile.credits import CREDIT
from infra.reconcile.cut import Part, Slice
from infra.reconcile.earning import SETTINGS, earned
from infra.reconcile.periods import Days
from infra.reconcile.plans import PART, components, is_meant
from infra.reconcile.recomputed import general_of
from schemas.money import minor_units

TABLE = "spm.commission_ledger"
_NOBODY = "unassigned"  # credits of users the identity map does not know earn nothing
# What agents post; what pay runs and people do moves balances of its own.
_EARNED = "state = 'EARNED' AND topic = 'spm.credits'"
_KEY = ("rep_id", "plan", "component", "origin", "currency")


class Terms(NamedTuple):
    """Plans that rule alike: sequences up to which they are the newest, and their revision.

    Attributes:
        general: plans and components of more than sums: recomputed.py proves them, this the rest.
    """

    sequences: tuple[int, ...]
    plans: int
    first_month: int
    currencies: tuple[str, ...]
    general: tuple[tuple[str, str], ...]

    def components(self) -> str:
        """Return SQL for one line of each component."""
        content = (
            f"(SELECT any(content) FROM spm.definition "
            f"WHERE kind = 'plans' AND sequence = {self.plans})"
        )
        every = components(content, {c: minor_units(c) for c in self.currencies} or {"": 2})
        return f"SELECT * FROM ({every}) WHERE {self.proven()}"

    def proven(self) -> str:
        """Return the condition that a row is of a component of sums, or of none any more."""
        pairs = ", ".join(f"({quoted(a)}, {quoted(b)})" for a, b in self.general) or "('', '')"
        return f"(toString(plan_id), toString(component_id)) NOT IN ({pairs})"


def terms(warehouse: Warehouse, sequences: Sequence[int]) -> tuple[Terms, ...]:
    """Return the plans at each of these sequences; equal ones once."""
    rows = ask(
        warehouse,
        "SELECT kind, sequence, any(content) AS content FROM spm.definition "
        "WHERE kind IN ('company', 'plans', 'payroll') GROUP BY kind, sequence ORDER BY sequence",
    )
    kinds = ("plans", "company", "payroll")
    revisions: dict[str, dict[int, dict[str, Any]]] = {kind: {0: {}} for kind in kinds}
    for kind, sequence, content in rows.iter_rows():
        revisions[kind][sequence] = json.loads(content)
    alike: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for sequence in sorted(set(sequences)):
        plans, company, payroll = (
            max(s for s in revisions[kind] if s <= sequence) for kind in kinds
        )
        month = revisions["company"][company].get("fiscal_year_start_month", 1)
        named = {plan["currency"] for plan in revisions["plans"][plans].get("plans", ())}
        slow = general_of(
            revisions["plans"][plans], revisions["company"][company], revisions["payroll"][payroll]
        )
        alike[plans, month, tuple(sorted(named)), slow].append(sequence)
    return tuple(Terms(tuple(some), *key) for key, some in alike.items())


def check_sums(warehouse: Warehouse, parts: Sequence[Part], days: Days) -> Iterator[Check]:
    """Yield the checks of what entries add up to; partitions under the same plans together."""
    for now in terms(warehouse, [part.sequence for part in parts]):
        mine = tuple(part for part in parts if part.sequence in now.sequences)
        yield Check(TABLE, _KEY, _sums(Slice(CREDIT, mine[0].topic, mine), now, days), SETTINGS)


def check_entries(warehouse: Warehouse, days: Days) -> Iterator[Check]:
    """Yield the checks of each entry by itself, and in the row of those before it."""
    found = ask(warehouse, f"SELECT DISTINCT sequence FROM {TABLE}")["sequence"].to_list()
    for now in terms(warehouse, found):
        yield Check(TABLE, (*_KEY, "entry"), _entries(now, days), SETTINGS)
    yield Check(TABLE, ("entry",), _REPEATED)


_ORIGIN = "arrayStringConcat([toString(origin_start), toString(origin_end)], '..')"
_REPEATED = f"""
    SELECT if(uniqExact(row) > 1, 'one id, several entries', '') AS state, [entry_id] AS key,
        toString(any(row)) AS expected, toString(anyLast(row)) AS found,
        toDecimal128(0, 4) AS off, '' AS currency, max(at) AS position
    FROM (SELECT entry_id, position AS at, (rep_id, plan_id, component_id, origin_start, origin_end,
        payout_start, payout_end, posted_start, posted_end, state, kind, currency, amount, topic,
        partition, position, deal_id, role, via, before, after, trace, reason, author, approver,
        sequence) AS row FROM {TABLE})
    GROUP BY entry_id"""


def _sums(part: Slice, now: Terms, days: Days) -> str:
    posted = decimal("earned", AMOUNT)
    return f"""
        SELECT multiIf(NOT (origin_start < toDate32('{days.until}')
                AND origin_end > toDate32('{days.since}')), '',
                found_amount = {posted}, if(entries = 0 AND earned = 0, '', 'ok'),
                entries = 0, 'no entry', 'amount') AS state,
            [toString(rep_id), toString(plan_id), toString(component_id), {_ORIGIN},
                toString(currency)] AS key,
            toString({posted}) AS expected, toString(found_amount) AS found,
            toDecimal128(found_amount, 4) - {posted} AS off, toString(currency) AS currency,
            place AS position
        FROM (
            SELECT rep_id, plan_id, component_id, origin_start, origin_end, currency,
                sum(owed) AS earned, sum(posted) AS found_amount, sum(entry) AS entries,
                max(at) AS place
            FROM (
                SELECT rep_id, plan_id, component_id, origin_start, origin_end, currency, owed,
                    toDecimal128(0, 4) AS posted, 0 AS entry, toUInt64(0) AS at
                FROM ({apart(earned(_credited(part, now)))})
                UNION ALL
                SELECT toString(rep_id), toString(plan_id), toString(component_id), origin_start,
                    origin_end, toString(currency), toInt256(0), toDecimal128(amount, 4), 1,
                    position
                FROM {TABLE} FINAL
                WHERE {_EARNED} AND {now.proven()} AND {part.where()}
                    AND position < {part.applied()})
            GROUP BY rep_id, plan_id, component_id, origin_start, origin_end, currency)"""


_FACTS = "reporting_currency, day, role, product, segment, region, deal_type"


def _newest(part: Slice) -> str:
    """Return SQL for what each credit counts, as it is below the cut."""
    units = whole("assumeNotNull(reporting_amount)", AMOUNT)
    return f"""
        SELECT rep_id, {_FACTS}, {units} AS units
        FROM (
            SELECT toString(rep_id) AS rep_id, entity_id,
                argMax((deleted, stage_class, reporting_amount, reporting_currency, day, role,
                    product, segment, region, deal_type, cancelled_on), position) AS last
            FROM {CREDIT} FINAL
            WHERE {part.where()} AND kind != 'marker' AND position < {part.applied()}
                AND rep_id != '{_NOBODY}'
            GROUP BY rep_id, entity_id)
        ARRAY JOIN [last.3] AS reporting_amount, [toString(last.4)] AS reporting_currency,
            [last.5] AS day, [toString(last.6)] AS role, [toString(last.7)] AS product,
            [toString(last.8)] AS segment, [toString(last.9)] AS region,
            [toString(last.10)] AS deal_type
        WHERE NOT last.1 AND last.2 = 'WON' AND last.3 IS NOT NULL AND last.11 IS NULL"""


def _credited(part: Slice, now: Terms) -> str:
    """Return SQL for what counts for each payee, component and origin period."""
    by_day = f"""
        SELECT rep_id, reporting_currency AS currency, day, role, product, segment, region,
            deal_type, sum(units) AS units
        FROM ({_newest(part)}) GROUP BY rep_id, {_FACTS}"""
    # A plan for everybody meets every payee; one for some meets those it names.
    meant = f"SELECT *, rep FROM ({now.components()}) ARRAY JOIN if(empty(reps), [''], reps) AS rep"
    both = f"""
        SELECT days.* EXCEPT rep, plans.* EXCEPT (rep, currency)
        FROM (SELECT *, arrayJoin([rep_id, '']) AS rep FROM ({by_day})) AS days
        INNER JOIN ({meant}) AS plans USING (currency, rep)"""
    start = f"(month - positiveModulo(month - {now.first_month - 1}, months))"
    counted = f"""
        SELECT rep_id, plan_id, component_id, currency, since, months, sum(units) AS credited
        FROM (
            SELECT *, toYear(day) * 12 + toMonth(day) - 1 AS month, {start} AS since FROM ({both})
            WHERE day >= valid_from AND day < valid_to AND {is_meant()})
        GROUP BY rep_id, plan_id, component_id, currency, since, months"""
    return f"""
        SELECT counted.* EXCEPT (since, months),
            makeDate32(intDiv(since, 12), since % 12 + 1, 1) AS origin_start,
            makeDate32(intDiv(since + counted.months, 12), (since + counted.months) % 12 + 1, 1)
                AS origin_end,
            {PART}
        FROM ({counted}) AS counted
        INNER JOIN ({now.components()}) AS parts USING (plan_id, component_id, currency)"""


def _entries(now: Terms, days: Days) -> str:
    some = ", ".join(map(str, now.sequences))
    after = whole("after", AMOUNT)
    rows = f"""
        SELECT entries.*, {after} AS credited, {PART} FROM (
            SELECT *, sum(amount) OVER (PARTITION BY rep_id, plan_id, component_id,
                origin_start, origin_end, currency ORDER BY position, entry_id
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS so_far
            FROM {TABLE} FINAL WHERE {_EARNED}) AS entries
        ANY LEFT JOIN ({now.components()}) AS parts USING (plan_id, component_id, currency)
        WHERE sequence IN ({some}) AND {now.proven()}"""
    posted = decimal("owed", AMOUNT)
    return f"""
        SELECT multiIf(NOT (origin_start < toDate32('{days.until}')
                AND origin_end > toDate32('{days.since}')), '',
                amount = 0, 'entry of nothing',
                so_far != {posted}, 'does not add up with those before', 'ok') AS state,
            [toString(rep_id), toString(plan_id), toString(component_id), {_ORIGIN},
                toString(currency), entry_id] AS key,
            toString({posted}) AS expected, toString(so_far) AS found,
            toDecimal128(so_far, 4) - {posted} AS off, toString(currency) AS currency, position
        FROM (
            {apart(earned(rows))})"""
