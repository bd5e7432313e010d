"""Pay runs: recomputed, not in SQL, from agents' entries, credits and acts.

Nothing that a run wrote is read but to compare. A run that is not done yet is in flight; one that
is noted as done and has more or fewer entries than it made is wrong, as is each entry that differs.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Protocol

from infra.definitions.stored import Stored
from infra.payroll import reading
from infra.payroll.proving import Difference, differences
from infra.payroll.running import waiting
from infra.reconcile.asking import KEYS_MAX
from infra.reconcile.findings import Checked, Mismatch
from infra.reconcile.periods import Days
from schemas.warehouse import Unavailable

TABLE = "spm.commission_ledger (pay runs)"
_RUNS = """
SELECT run.sequence, run.entries, made.entries, made.posted
FROM (SELECT sequence, entries FROM spm.pay_run FINAL) AS run
LEFT JOIN
(
    SELECT position, uniqExact(entry_id) AS entries,
        max(posted_start < {until:Date32} AND posted_end > {since:Date32}) AS posted
    FROM spm.commission_ledger WHERE topic = {topic:String} GROUP BY position
) AS made ON made.position = run.sequence
ORDER BY run.sequence
"""


class Warehouse(Protocol):
    """What answers."""

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Return the driver's answer to a query with parameters."""
        ...


def check(warehouse: Warehouse, days: Days) -> Checked:
    """Return what comes of pay runs, if any of them posted into these days.

    Raises:
        Unavailable: not now.
    """
    began = time.monotonic()
    try:
        stored = Stored(warehouse)
        runs = stored.rows(_RUNS, topic=reading.DEFINITIONS, since=days.since, until=days.until)
        done = {row[0] for row in runs}
        left = sum(sequence not in done for sequence in waiting(stored))
        count, found = differences(stored) if any(row[3] for row in runs) else (0, [])
    except LookupError as error:
        raise Unavailable(str(error)) from error
    wrong = [*_incomplete(runs), *map(_mismatch, found)]
    off: dict[str, Decimal] = defaultdict(Decimal)
    for one in wrong:
        off[one.currency] += abs(one.off)
    seconds = time.monotonic() - began
    keys = max(count, len(runs))
    return Checked(TABLE, keys, 0, left, len(wrong), dict(off), tuple(wrong[:KEYS_MAX]), seconds)


def _incomplete(runs: Any) -> Iterator[Mismatch]:
    for sequence, entries, there, _ in runs:
        if entries != there:
            key = {"sequence": str(sequence)}
            yield Mismatch(TABLE, key, "entries; do `pacesetter payroll run`", str(entries),
                           str(there), Decimal(there) - entries, "", sequence)  # fmt: skip


def _mismatch(one: Difference) -> Mismatch:
    key = {"sequence": str(one.sequence), "rep_id": one.rep_id, "entry": one.entry_id}
    expected, found = ("" if it is None else f"{it:f}" for it in (one.expected, one.found))
    off = (one.found or Decimal(0)) - (one.expected or Decimal(0))
    return Mismatch(TABLE, key, "amount", expected, found, off, one.currency, one.sequence)
