"""An entry computed afresh, from the credits below it and the definitions there.

The agent keeps sums and posts differences; here F is computed twice from the history of credits,
without the cause and with it. So an entry that checks follows from what the warehouse holds, and
not from what the agent remembered. What people and pay runs make is done again by the rules of the
run (recomputing_pay.py).
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from clickhouse_connect.driver.exceptions import ClickHouseError

from infra.definitions.stored import Stored
from infra.statements.recomputing_pay import Again, again, amount_of, words
from schemas.definitions import Bundle
from schemas.payroll import closed_through
from schemas.plans import Plan
from schemas.topics import DEFINITIONS
from streams.domain.measuring import view_of
from streams.domain.paying import lines
from streams.domain.payouts import guaranteed
from streams.domain.plan_context import Context, is_on
from streams.domain.plan_credits import Credit, book, credit_of
from streams.domain.statement_parts import Entry

ZERO = Decimal(0)
RUN = "the ledger, credits and acts below it"


class Recomputed(NamedTuple):
    """What an entry comes to when it is computed afresh.

    Attributes:
        amount: None: it was not, `why` says.
        source: what it was computed from.
        words: what stood there, of what pay runs make.
    """

    amount: Decimal | None
    why: str = ""
    source: str = "the credits below it"
    words: tuple[str, ...] = ()

    def agrees(self, entry: Entry) -> bool:
        """Return whether it is what was posted."""
        return self.amount == entry.amount


class _Owed(NamedTuple):
    """What is owed, what of it is taken back, and what was missing to say so."""

    amount: Decimal
    clawed: Decimal
    lacks: tuple[str, ...]


class Recomputing:
    """Entries of one payee computed afresh, with the rights of finance or the pipeline."""

    def __init__(self, client: Any, rep_id: str) -> None:
        self._client, self._rep_id = client, rep_id
        self._contexts: dict[int, tuple[Bundle, Context]] = {}
        self._runs: dict[int, Again | None] = {}

    def of(self, entry: Entry) -> Recomputed:
        """Return an entry computed afresh."""
        try:
            return self._run(entry) if entry.topic == DEFINITIONS.name else self._of(entry)
        except ClickHouseError as error:
            if "ACCESS_DENIED" not in str(error):
                raise
            return Recomputed(None, "this token does not read credits and definitions in storage")

    def _run(self, entry: Entry) -> Recomputed:
        """Return an entry that people or a pay run made."""
        sequence = entry.position
        if sequence not in self._runs:
            self._runs[sequence] = again(self._client, sequence, self._rep_id)
        found = self._runs[sequence]
        if found is None:
            return Recomputed(None, f"workers have not reached its act (sequence {sequence})")
        told = tuple(words(found, entry))
        return Recomputed(amount_of(found, entry), "", RUN, told)

    def _of(self, entry: Entry) -> Recomputed:
        without = self._credits(entry.position)
        if entry.deal_id:
            old = new = entry.sequence
            credits = self._credits(entry.position + 1)
        else:
            old, new = self._sequence_before(entry), entry.sequence
            credits = without
        before, after = self._owed(entry, old, without), self._owed(entry, new, credits)
        told = "; ".join(dict.fromkeys((*before.lacks, *after.lacks)))
        why = f"missing then: {told}" if told else ""
        whole = after.amount - before.amount
        clawed = after.clawed - before.clawed
        if entry.kind == "ACCRUAL":
            return Recomputed(whole - clawed, why)
        is_part = entry.kind == "CLAWBACK" and entry.amount == clawed
        return Recomputed(clawed if is_part else whole, why)

    def _owed(self, entry: Entry, sequence: int, credits: Sequence[Credit]) -> "_Owed":
        """Return what is owed under an entry's component, periods and currency."""
        bundle, context = self._context(sequence)
        plan = _plan(bundle, entry.plan_id)
        if plan is None or not is_on(plan, entry.rep_id):
            return _Owed(ZERO, ZERO, ())
        view = view_of(plan, entry.rep_id, book(credits), context)
        made = lines(view, plan.components)
        made += guaranteed(view, made, None, closed_through(bundle))
        mine = [
            (line, instalment.amount)
            for line in made
            if (line.component_id, line.origin, line.currency)
            == (entry.component_id, entry.origin, entry.currency)
            for instalment in line.instalments
            if instalment.payout == entry.due
        ]
        return _Owed(
            sum((amount for _, amount in mine), ZERO),
            sum((amount for line, amount in mine if line.is_clawback), ZERO),
            tuple(lack for line, _ in mine for lack in line.lacks),
        )

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
