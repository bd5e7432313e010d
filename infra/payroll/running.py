"""Pay runs: what acts of payroll make, written once and the same however often it is done.

Entries carry ids made of the act's sequence and what they are about; a run that was killed is done
again from the beginning. The row of spm.pay_run follows its entries, and says how many there are:
where a backup has the one and not all of the others, the run is done again, too.
"""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

import polars as pl

from infra.definitions.stored import Stored
from infra.payroll import reading
from infra.payroll.reading import Away, Revision
from streams.agents.commissions import COMMISSIONS
from streams.domain.pay_acts import new_acts, run
from streams.domain.pay_balances import Balances
from streams.domain.pay_run import Made
from streams.engine.batches import Partition
from streams.engine.ledger import Cause, caused, entry_rows
from streams.engine.postings import Entry

SECONDS_MAX = 120.0  # workers that have not reached a marker by then are away
WAIT_SECONDS = 0.5
# A run makes entries of many deals and people at one position, so more tells them apart.
_POSTING = replace(
    COMMISSIONS, identity=(*COMMISSIONS.identity, "deal_id", "role", "via", "before")
)
_UNIT = Decimal("0.0001")
Tell = Callable[[int, int], None]


class Ran(NamedTuple):
    """One pay run that was done: the revision, and its entries."""

    sequence: int
    made: tuple[Made, ...]


def pending(stored: Stored) -> list[int]:
    """Return the revisions of payroll whose run is not done, or not wholly in this warehouse."""
    rows = stored.rows(
        "SELECT run.sequence FROM (SELECT sequence, entries FROM spm.pay_run FINAL) AS run"
        " LEFT JOIN (SELECT position, uniqExact(entry_id) AS entries FROM spm.commission_ledger"
        " WHERE topic = {topic:String} GROUP BY position) AS made ON made.position = run.sequence"
        " WHERE run.entries = made.entries",
        topic=reading.DEFINITIONS,
    )
    done = {int(row[0]) for row in rows}
    every = reading.sequences(stored)
    first = next((n for n, sequence in enumerate(every) if sequence not in done), len(every))
    return every[first:]  # later ones build on it


def waiting(stored: Stored) -> list[int]:
    """Return of these the revisions in which people decided something that makes entries."""
    left = (reading.revision(stored, sequence) for sequence in pending(stored))
    return [one.sequence for one in left if new_acts(one.before, one.bundle.payroll)]


def run_pending(
    stored: Stored, seconds: float | None = None, tell: Tell = lambda done, of: None
) -> list[Ran]:
    """Return the runs that were missing, done now, in the order of their acts.

    Args:
        seconds: how long to wait for workers; None: SECONDS_MAX.
        tell: called with how many partitions have reached the act, and how many there are.

    Raises:
        Away: workers do not reach an act in time; safe to repeat.
        MovedOn: the warehouse was restored meanwhile; safe to repeat.
    """
    patience = SECONDS_MAX if seconds is None else seconds
    return [_ran(stored, sequence, patience, tell) for sequence in pending(stored)]


def _ran(stored: Stored, sequence: int, seconds: float, tell: Tell) -> Ran:
    found = reading.revision(stored, sequence)
    made: list[Made] = []
    if new_acts(found.before, found.bundle.payroll):
        made = computed(stored, found, _cut(stored, sequence, seconds, tell))
    rows = rows_of(sequence, made)
    if not rows.is_empty():
        stored.insert_frame("commission_ledger", rows)
    done = {"sequence": [sequence], "entries": [len(rows)]}
    kinds = {"sequence": pl.UInt64(), "entries": pl.UInt64()}
    stored.insert_frame("pay_run", pl.DataFrame(done, schema=kinds))
    return Ran(sequence, tuple(made))


def computed(
    stored: Stored, found: Revision, cut: dict[int, int], balances: Balances | None = None
) -> list[Made]:
    """Return what a revision of payroll makes; `balances` in place of those of the ledger."""
    below = balances or reading.balances(stored, found.sequence, cut)
    deals = reading.deals(stored, found.bundle, cut)
    return run(found.bundle, found.before, below, deals)


def _cut(stored: Stored, sequence: int, seconds: float, tell: Tell) -> dict[int, int]:
    until = time.monotonic() + seconds
    while True:
        cut, partitions = reading.cuts(stored, sequence)
        tell(len(cut), partitions)
        if len(cut) >= partitions:
            return cut
        if time.monotonic() >= until:
            raise Away(
                f"{partitions - len(cut)} of {partitions} partitions of {reading.CREDITS} have not"
                f" reached the act (sequence {sequence}): is a worker running? See `pacesetter"
                " doctor`, then `pacesetter payroll run`; nothing has to be undone"
            )
        time.sleep(WAIT_SECONDS)


def rows_of(sequence: int, made: Iterable[Made]) -> pl.DataFrame:
    """Return entries as rows of the ledger."""
    return entry_rows(_POSTING, [_entry(sequence, one) for one in made])


def _entry(sequence: int, made: Made) -> Entry:
    item, before = made.item, made.before.quantize(_UNIT)
    entry = {
        "plan_id": item.plan_id,
        "component_id": item.component_id,
        "origin_start": item.origin.start,
        "origin_end": item.origin.end,
        "payout_start": made.posted.start,
        "payout_end": made.posted.end,
        "posted_start": made.posted.start,
        "posted_end": made.posted.end,
        "state": made.state,
        "kind": made.kind,
        "currency": item.currency,
        "amount": made.amount,
        "deal_id": item.deal_id,
        "role": item.apart,
        "via": item.named,
        "before": before,
        "after": before + made.amount,
        "trace": json.dumps({"formula": made.formula}, ensure_ascii=False),
        **made.people._asdict(),
    }
    where = Partition(reading.DEFINITIONS, 0)
    return caused(_POSTING, entry, Cause(where, sequence, item.rep_id, sequence))
