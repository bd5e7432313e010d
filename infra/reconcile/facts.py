"""History rows against their own facts: what was put in is what the rules say.

Each row is looked at under the definitions named in it; an entity's newest row under those in
force in its partition now, so that a marker that was forgotten shows.
"""

from collections.abc import Iterator
from itertools import pairwise

from connectors.sinks.clickhouse import quoted
from infra.reconcile import bills, deals, rules, several
from infra.reconcile.asking import Check, Warehouse, ask
from infra.reconcile.cut import Slice
from infra.reconcile.definitions import InForce, in_force
from infra.reconcile.periods import Days
from infra.reconcile.putting_in import lines

PORTION_ROWS = 500_000  # judged by one query, about; a deal takes ten times an e-mail's time
SAMPLE = 1_000  # entities looked at to cut portions
_KEY = ("topic", "entity_id", "sequence")


def checks(warehouse: Warehouse, part: Slice, days: Days) -> Iterator[Check]:
    """Yield the checks of rows of some partitions, by revision of the definitions and in portions.

    Each row is judged by itself, so any portion of the entities will do.
    """
    portions = _portions(warehouse, part, sum(p.rows for p in part.parts) // PORTION_ROWS + 1)
    for now in in_force(warehouse, _sequences(warehouse, part)):
        for portion in portions:
            some = _rows(part, now, portion)
            resolved = (
                deals.resolved(some, now)
                if part.table == "spm.deal"
                else _resolved(_KINDS[part.topic], some, now)
            )
            yield Check(part.table, _KEY, _compared(part, resolved, days))
    if part.table == several.TABLE:
        yield from several.checks(warehouse, part, _KINDS[part.topic], days)
    if part.table == bills.TABLE:
        yield from bills.checks(part, days)


_KINDS = {"crm.calls": "call", "crm.emails": "email", "crm.meetings": "meeting"}


def _portions(warehouse: Warehouse, part: Slice, count: int) -> list[str]:
    """Return conditions that cut the entities of some partitions into about equal portions.

    By ranges of the table's order, so that each portion is read by itself.
    """
    if count == 1:
        return ["1"]
    some = ask(
        warehouse,
        f"SELECT arraySort(groupArraySample({SAMPLE}, 1)(entity_id)) AS some FROM {part.table} "
        f"WHERE {part.where()} AND kind != 'marker'",
    )["some"][0].to_list()
    cuts = sorted({some[at * len(some) // count] for at in range(1, count)}) if some else []
    ends = ["", *map(quoted, cuts), ""]
    return [
        " AND ".join([f"entity_id >= {a}"] * bool(a) + [f"entity_id < {b}"] * bool(b)) or "1"
        for a, b in pairwise(ends)
    ]


def _sequences(warehouse: Warehouse, part: Slice) -> set[int]:
    """Return the definitions under which rows of some partitions stand."""
    found = ask(warehouse, f"SELECT DISTINCT sequence FROM {part.table} WHERE {part.where()}")
    return {*found["sequence"].to_list(), *(p.sequence for p in part.parts)}


# What rules read of a row; the fewer columns, the sooner a query is understood.
_READ = {
    "spm.activity": (
        "topic, entity_id, position, sequence, op, source, owner_id, created_at, occurred_at, "
        "direction, status, is_automated, talk_seconds, state, rep_id, day"
    ),
    "spm.deal": deals.READ,
}


def _rows(part: Slice, now: InForce, portion: str) -> str:
    """Return SQL for the applied rows that are to be judged under these definitions."""
    some = ", ".join(map(str, now.sequences))
    return f"""
        SELECT * FROM (
            SELECT {_READ[part.table]}, {lines(part.table)} AS put,
                if(leadInFrame(position) OVER (PARTITION BY entity_id ORDER BY position
                    ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) = 0,
                    {part.sequence()}, sequence) AS judged_at
            FROM {part.table} FINAL WHERE {part.where()} AND {portion}
                AND kind != 'marker' AND position < {part.applied()})
        WHERE judged_at IN ({some})"""


def _resolved(kind: str, rows: str, now: InForce) -> str:
    """Return SQL for activities with `owner`, `counts_on` and `should`, what they put in."""
    if kind != "meeting":
        return f"""
            SELECT *, {rules.lines(kind, now)} AS should, occurred_on AS should_day FROM (
                SELECT *, {_rep("people.whose")} AS owner,
                    {now.day("occurred_at", "people.stints")} AS occurred_on
                FROM ({rows}) AS facts ANY LEFT JOIN ({now.people()}) AS people
                    ON facts.source = people.of_source AND facts.owner_id = people.user_id)"""
    return f"""
        SELECT *, {rules.lines(kind, now)} AS should, occurred_on AS should_day FROM (
            SELECT *, {_rep("people.whose")} AS owner, {_rep("bookers.whose")} AS booker,
                {now.day("occurred_at", "people.stints")} AS occurred_on,
                {now.day("start_at", "people.stints")} AS started_on,
                {now.day("booked_at", "bookers.stints")} AS booked_on
            FROM (SELECT *, coalesce(JSONExtract(state, 'booked_by_id', 'Nullable(String)'),
                        toString(owner_id)) AS booker_id,
                    {_instant("start_at", "occurred_at")} AS start_at,
                    {_instant("booked_at", "created_at")} AS booked_at
                FROM ({rows})) AS facts
            ANY LEFT JOIN ({now.people()}) AS people
                ON facts.source = people.of_source AND facts.owner_id = people.user_id
            ANY LEFT JOIN ({now.people()}) AS bookers
                ON facts.source = bookers.of_source AND facts.booker_id = bookers.user_id)"""


def _compared(part: Slice, resolved: str, days: Days) -> str:
    extra = deals.COMPARED if part.table == "spm.deal" else ""
    in_days = f"arrayExists(l -> {days.condition('l.2')}, arrayConcat(put, should))"
    return f"""
        SELECT multiIf(NOT ({in_days} OR {days.condition("day")}), '', put != should, 'rules',
                rep_id != owner, 'rep', day != should_day, 'day', {extra} 'ok') AS state,
            [toString(topic), entity_id, toString(judged_at)] AS key,
            concat(toString(owner), ' ', toString(should_day), ' ', toString(should)) AS expected,
            concat(toString(rep_id), ' ', toString(day), ' ', toString(put)) AS found,
            toDecimal128(0, 4) AS off, '' AS currency, position
        FROM ({resolved})"""


def _rep(found: str) -> str:
    return f"if({found} = '', 'unassigned', {found})"


def _instant(name: str, otherwise: str) -> str:
    millis = f"JSONExtract(state, '{name}', 'Nullable(Int64)')"
    return f"coalesce(fromUnixTimestamp64Milli({millis}, 'UTC'), {otherwise})"
