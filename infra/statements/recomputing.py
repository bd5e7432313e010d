"""An entry computed afresh, from the credits below it and the definitions there.

The agent keeps sums and posts differences; here F is computed twice from the history of credits,
without the cause and with it. So an entry that checks follows from what the warehouse holds, and
not from what the agent remembered.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from clickhouse_connect.driver.exceptions import ClickHouseError

from infra.definitions.stored import Stored
from schemas.definitions import Bundle
from schemas.plans import Plan
from streams.domain.paying import target
from streams.domain.plan_context import Context
from streams.domain.plan_credits import Credit, book, credit_of
from streams.domain.statement_parts import EARNED, Entry

ZERO = Decimal(0)


class Recomputed(NamedTuple):
    """What an entry comes to when it is computed afresh; amount None: it was not, `why` says."""

    amount: Decimal | None
    why: str = ""

    def agrees(self, entry: Entry) -> bool:
        """Return whether it is what was posted."""
        return self.amount == entry.amount


class Recomputing:
    """Entries of one payee computed afresh, with the rights of finance or the pipeline."""

    def __init__(self, client: Any, rep_id: str) -> None:
        self._client, self._rep_id = client, rep_id
        self._contexts: dict[int, tuple[Bundle, Context]] = {}

    def of(self, entry: Entry) -> Recomputed:
        """Return an entry computed afresh, if it is one that credits and plans make."""
        if entry.state != EARNED or entry.topic == "spm.definitions":
            return Recomputed(None, "people or a pay run made it, not a credit or a plan")
        try:
            return self._of(entry)
        except ClickHouseError as error:
            if "ACCESS_DENIED" not in str(error):
                raise
            return Recomputed(None, "this token does not read credits and definitions in storage")

    def _of(self, entry: Entry) -> Recomputed:
        without = self._credits(entry.position)
        if entry.deal_id:
            old = new = entry.sequence
            credits = self._credits(entry.position + 1)
        else:
            old, new = self._sequence_before(entry), entry.sequence
            credits = without
        before, lacks = self._earned(entry, old, without)
        after, also = self._earned(entry, new, credits)
        told = "; ".join(dict.fromkeys((*lacks, *also)))
        return Recomputed(after - before, f"missing then: {told}" if told else "")

    def _earned(
        self, entry: Entry, sequence: int, credits: Iterable[Credit]
    ) -> tuple[Decimal, tuple[str, ...]]:
        bundle, context = self._context(sequence)
        plan = _plan(bundle, entry.plan_id)
        if plan is None:
            return ZERO, ()
        made = target(plan, entry.rep_id, book(credits), context)
        for line in made.lines:
            if (line.component_id, line.origin) == (entry.component_id, entry.origin):
                paid = (i.amount for i in line.instalments if i.payout == entry.due)
                return sum(paid, ZERO), line.lacks
        return ZERO, ()

    def _credits(self, below: int) -> Sequence[Credit]:
        """Return what counts of the payee in front of a position."""
        latest: dict[str, Mapping[str, Any]] = {}
        for row in self._history:
            if row["position"] < below:
                latest[row["entity_id"]] = row
        return [credit for row in latest.values() if (credit := credit_of(row))]

    @cached_property
    def _history(self) -> list[dict[str, Any]]:
        found = self._client.query(
            "SELECT * FROM spm.credit FINAL WHERE kind = 'credit' AND rep_id = {rep:String}"
            " ORDER BY position",
            parameters={"rep": self._rep_id},
        )
        names = found.column_names
        return [dict(zip(names, row, strict=True)) for row in found.result_rows]

    def _sequence_before(self, entry: Entry) -> int:
        rows = self._client.query(
            "SELECT max(sequence) FROM spm.credit WHERE kind = 'marker' AND topic = {topic:String}"
            " AND partition = {partition:UInt16} AND position < {position:UInt64}",
            parameters=entry._asdict(),
        ).result_rows
        return int(rows[0][0]) if rows else 0

    def _context(self, sequence: int) -> tuple[Bundle, Context]:
        if sequence not in self._contexts:
            bundle = Stored(self._client).in_force(sequence).bundle()
            self._contexts[sequence] = bundle, Context.of(bundle)
        return self._contexts[sequence]


def _plan(bundle: Bundle, plan_id: str) -> Plan | None:
    return next((plan for plan in bundle.plans.plans if plan.plan_id == plan_id), None)
