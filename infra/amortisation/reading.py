"""The commission ledger as accounting reads it: on which day an entry counts, and for which deals.

An entry counts in the books on the first day of the period it is posted in, or on the day of its
credit if that is later. What changes an earlier entry of the same cost counts no earlier than the
deal was changed in its source; what a revision of the definitions changes, not before it was
written.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from infra.definitions.stored import Stored
from schemas.accounting import Accounting
from schemas.definitions import NO_END
from streams.domain.contract_costs import Deal, Entry, is_split
from streams.domain.plan_credits import Credit
from streams.domain.plan_sums import Selector, counted
from streams.domain.pooled import Weights

_ENTRIES = """
SELECT entry.entry_id, entry.rep_id, entry.plan_id, entry.component_id, entry.kind,
    entry.origin_start, entry.origin_end, entry.posted_start, entry.currency, entry.amount,
    entry.topic, entry.partition, entry.position, entry.deal_id, entry.sequence,
    entry.is_first, credit.day, deal.revision, toDate32(revised.written_at)
FROM
(
    SELECT *, position = min(position) OVER (
        PARTITION BY rep_id, deal_id, role, via, plan_id, component_id, currency
    ) AS is_first
    FROM spm.commission_ledger FINAL WHERE state = 'EARNED'
) AS entry
LEFT JOIN
(
    SELECT DISTINCT rep_id, topic, partition, position, deal_id, role, via, day, source_position
    FROM spm.credit WHERE kind = 'credit'
) AS credit ON credit.rep_id = entry.rep_id AND credit.topic = entry.topic
    AND credit.partition = entry.partition AND credit.position = entry.position
    AND credit.deal_id = entry.deal_id AND credit.role = entry.role AND credit.via = entry.via
LEFT JOIN
(
    SELECT DISTINCT entity_id, position, revision FROM spm.deal
    WHERE kind = 'deal' AND entity_id IN (SELECT deal_id FROM spm.commission_ledger)
) AS deal ON deal.entity_id = entry.deal_id AND deal.position = credit.source_position
LEFT JOIN (SELECT sequence, max(written_at) AS written_at FROM spm.definition GROUP BY sequence)
    AS revised ON revised.sequence = entry.sequence
WHERE entry.posted_start < {until:Date32}
ORDER BY entry.rep_id, entry.partition, entry.position, entry.entry_id
"""
# As first won: a day that is corrected later is a new estimate, and those come with the contracts.
_DEALS = """
SELECT deal_id, argMin(deal_type, source_position), argMin(day, source_position)
FROM spm.credit WHERE kind = 'credit' AND NOT deleted AND stage_class = 'WON' GROUP BY deal_id
"""
_CREDIT_COLUMNS = ("entity_id", "partition", "position", "deleted", "stage_class",
                   *Credit._fields[1:])  # fmt: skip


class Row(NamedTuple):
    """An entry with what is known of its cause; a missing day is that of the Unix epoch.

    Attributes:
        is_first: whether nothing of its credit was posted before it.
        revision: when the deal was changed in its source, in microseconds.
        written_on: day the definitions in force were written.
    """

    entry_id: str
    rep_id: str
    plan_id: str
    component_id: str
    kind: str
    origin_start: date
    origin_end: date
    posted_start: date
    currency: str
    amount: Decimal
    topic: str
    partition: int
    position: int
    deal_id: str
    sequence: int
    is_first: bool
    day: date
    revision: int
    written_on: date


def deals(client: Any) -> dict[str, Deal]:
    """Return what every deal that was ever won says of itself, as it was first won."""
    return {deal: Deal(kind, day) for deal, kind, day in client.query(_DEALS).result_rows}


def entries(client: Any, accounting: Accounting, until: date) -> list[Entry]:
    """Return the entries that count before a day, in the ledger's order."""
    found = entries_of(client, accounting, rows(client, until))
    return [entry for entry in found if entry.on < until]


def rows(client: Any, until: date = NO_END) -> list[Row]:
    """Return what the ledger has posted into periods that begin before a day, in its order."""
    return [Row(*row) for row in client.query(_ENTRIES, parameters={"until": until}).result_rows]


def entries_of(client: Any, accounting: Accounting, some: Iterable[Row]) -> list[Entry]:
    """Return rows of the ledger as accounting reads them."""
    every = list(some)
    pooled = {component for policy in accounting.policies for component in policy.pooled}
    pools = {r.rep_id for r in every if is_split(r.kind, r.deal_id, r.component_id, pooled)}
    credits = Credits(client, sorted(pools))
    found = []
    for row in every:
        is_pooled = is_split(row.kind, row.deal_id, row.component_id, pooled)
        found.append(
            Entry(
                row.entry_id, row.rep_id, row.plan_id, row.component_id, row.kind,
                row.origin_start, row.currency, row.amount, _counts_on(row),
                (row.partition, row.position), row.deal_id,
                credits.weights(row) if is_pooled else {},
            )
        )  # fmt: skip
    return found


def _counts_on(row: Row) -> date:
    if not row.deal_id:
        return max(row.posted_start, row.written_on)
    on = max(row.posted_start, row.day)
    if row.is_first:
        return on
    return max(on, datetime.fromtimestamp(row.revision / 1_000_000, UTC).date())


class Credits:
    """Histories of credits of some payees, read once: what deals were credited with, and when."""

    def __init__(self, client: Any, reps: Sequence[str]) -> None:
        self._stored = Stored(client)
        self._by_rep: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        self._selector = cache(self._selector_of)
        if not reps:
            return
        found = client.query(
            f"SELECT DISTINCT rep_id, {', '.join(_CREDIT_COLUMNS)} FROM spm.credit"
            " WHERE kind = 'credit' AND rep_id IN {reps:Array(String)}"
            " ORDER BY rep_id, partition, position",
            parameters={"reps": list(reps)},
        )
        for rep_id, *values in found.result_rows:
            row = dict(zip(_CREDIT_COLUMNS, values, strict=True))
            self._by_rep[rep_id].append({"rep_id": rep_id, **row})

    def weights(self, row: Row) -> Weights:
        """Return what each deal is credited with where an entry stands, in its period."""
        history = self._by_rep[row.rep_id]
        end = bisect_right(
            history, (row.partition, row.position), key=lambda c: (c["partition"], c["position"])
        )
        newest = {c["entity_id"]: c for c in history[:end] if c["partition"] == row.partition}
        selector = self._selector(row.plan_id, row.component_id, row.sequence)
        return _summed(newest.values(), row, selector)

    def _selector_of(self, plan_id: str, component_id: str, sequence: int) -> Selector | None:
        """Return what counts for a component at a sequence; None: it is not told by then."""
        for plan in self._plans(sequence):
            for component in plan.components:
                if (plan.plan_id, component.component_id) == (plan_id, component_id):
                    return Selector.of(plan, component)
        return None

    @cache  # noqa: B019 - lives as long as the command that asks
    def _plans(self, sequence: int) -> tuple[Any, ...]:
        return self._stored.in_force(sequence).bundle().plans.plans


def _summed(
    credits: Iterable[Mapping[str, Any]], row: Row, selector: Selector | None
) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for credit in credits:
        found = counted(credit)
        if found is None or not row.origin_start <= credit["day"] < row.origin_end:
            continue
        held = found[0]
        if held.units is not None and (selector is None or selector.takes(held)):
            sums[credit["deal_id"]] = sums.get(credit["deal_id"], Decimal(0)) + held.units
    return sums
