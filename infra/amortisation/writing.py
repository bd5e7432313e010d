"""The whole schedule of commission costs, written into the warehouse: months to come included.

A run is named after all it was computed from: entries, deals, terms, policies and the
edition of the rules. So a run that was cut off and is done again writes the same rows, and
where nothing has changed nothing is written. Its rows are read once its row of
spm.amortisation_run stands, which follows them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import groupby
from typing import Any, NamedTuple

import polars as pl

from infra.amortisation import reading
from infra.amortisation.contracts import Terms
from infra.amortisation.showing import Untied
from infra.definitions.stored import MovedOn, Stored
from schemas.accounting import Accounting
from streams.domain.amortising import ZERO
from streams.domain.contract_costs import Deal, Entry, Held, TermsUnknown, held
from streams.domain.journals import Booking, bookings

ENTRIES_AT_ONCE = 2_000  # of as many costs with some fifty months each: 100 MB
RULES = 1  # one more whenever the same inputs come to something else
KEPT = 2  # runs: a query that began under the one before still finds its rows
_MONEY = pl.Decimal(38, 4)
_AMOUNTS = (*Booking._fields[1:], "posted")
_SCHEMA: dict[str, Any] = {
    "run_id": pl.String(), "rep_id": pl.String(), "plan_id": pl.String(),
    "component_id": pl.String(), "currency": pl.String(), "deal_id": pl.String(),
    "treatment": pl.UInt16(), "month": pl.Date(), "policy_id": pl.String(), "treats": pl.String(),
    "because": pl.String(), "period_months": pl.UInt16(), **dict.fromkeys(_AMOUNTS, _MONEY),
}  # fmt: skip
_RUN: dict[str, Any] = {
    "run_id": pl.String(), "rows": pl.UInt64(), "sequence": pl.UInt64(),
    "keys": pl.List(pl.String), "reached": pl.List(pl.UInt64), "made_at": pl.Datetime("ms", "UTC"),
}  # fmt: skip
_COUNT = "SELECT count() FROM spm.amortisation FINAL WHERE run_id = {run:String}"


class Written(NamedTuple):
    """What stands in the warehouse now.

    Attributes:
        is_new: it was written now; else nothing has changed since it was.
    """

    run_id: str
    rows: int
    made_at: datetime
    is_new: bool


def write(stored: Stored, terms: Terms, now: datetime) -> Written:
    """Return the run that holds all costs as they are known now, written if it is not there.

    Raises:
        TermsUnknown: deals are capitalised whose terms nobody has given; nothing changes.
        Untied: what is booked is not what was posted; nothing changes.
        MovedOn: the warehouse was restored, or another run took rows away; safe to repeat.
    """
    state = stored.in_force()
    accounting = state.bundle().accounting
    entries, cut = _read(stored, accounting)
    deals = reading.deals(stored.client)
    run_id = name_of(entries, deals, terms, accounting)
    noted = _runs(stored)
    rows = next((rows for run, rows, _ in noted if run == run_id), None)
    is_there = rows is not None and _count(stored, run_id) == rows
    if is_there and noted[0][0] == run_id:
        return Written(*noted[0], is_new=False)
    if not is_there:
        try:
            rows = _written(stored, run_id, _costs(entries, deals, terms, accounting), entries)
        except (TermsUnknown, Untied):
            _drop(stored, run_id)
            raise
    made_at = max([now, *(at + timedelta(milliseconds=1) for _, _, at in noted[:1])])
    _note(stored, (run_id, rows or 0, state.sequence, list(cut), list(cut.values()), made_at))
    if _count(stored, run_id) != rows:
        raise MovedOn(f"rows of run {run_id} are gone: another one was under way; do it again")
    _tidy(stored)
    return Written(run_id, rows or 0, made_at, is_new=True)


def name_of(
    entries: Iterable[Entry],
    deals: Mapping[str, Deal],
    terms: Terms,
    accounting: Accounting,
) -> str:
    """Return the name of a run: the same for the same inputs, whatever their order."""
    digest = sha256(str(RULES).encode())
    digest.update(accounting.model_dump_json().encode())
    named = set()
    for entry in sorted(entries, key=lambda e: (e.rep_id, e.order, e.entry_id)):
        digest.update(repr(entry._replace(weights=dict(sorted(entry.weights.items())))).encode())
        named |= {entry.deal_id, *entry.weights}
    for deal in sorted(named):
        known = [each.model_dump_json() for each in terms.get(deal, ())]
        digest.update(repr((deal, deals.get(deal), known)).encode())
    return digest.hexdigest()[:20]


def rows_of(run_id: str, one: Held) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a cost, a month each."""
    policy = one.policy.policy_id if one.policy else ""
    key = (run_id, one.rep_id, one.plan_id, one.component_id, one.currency, one.deal_id,
           one.treatment)  # fmt: skip
    why = (policy, one.treats.value, one.because, one.period_months)
    for booking in bookings(one):
        yield (*key, booking.month, *why, *booking[1:], booking.posted)


def _costs(
    entries: Sequence[Entry], deals: Mapping[str, Deal], terms: Terms, accounting: Accounting
) -> Iterator[tuple[Held, ...]]:
    """Yield costs of some payees at a time.

    Raises:
        TermsUnknown: of all payees, once all are through.
    """
    unknown: list[str] = []
    for some in _by_payee(entries):
        try:
            found = held(some, deals, terms, accounting)
        except TermsUnknown as error:
            unknown += error.deals
            continue
        if not unknown:
            yield found
    if unknown:
        raise TermsUnknown(unknown)


def _by_payee(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Yield entries of some payees at a time: whatever is held together is one payee's."""
    some: list[Entry] = []
    for _, mine in groupby(entries, key=lambda e: e.rep_id):
        some += mine
        if len(some) >= ENTRIES_AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _written(
    stored: Stored, run_id: str, costs: Iterable[tuple[Held, ...]], entries: Iterable[Entry]
) -> int:
    """Return how many rows were written, tied to the ledger."""
    posted: dict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        posted[entry.currency] -= entry.amount
    count = 0
    for some in costs:
        rows = [row for one in some for row in rows_of(run_id, one)]
        frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
        stored.insert_frame("amortisation", frame)
        count += len(rows)
        for currency, amount in zip(frame["currency"], frame["posted"], strict=True):
            posted[currency] += amount
    for currency, off in posted.items():
        if off != ZERO:
            raise Untied(
                f"the schedule books {off} {currency} more than the commission ledger posted;"
                " please report it with `pacesetter doctor`"
            )
    return count


def _read(stored: Stored, accounting: Accounting) -> tuple[list[Entry], dict[str, int]]:
    """Return the ledger, and how far it was read: topic/partition -> the greatest position."""
    rows, cut = reading.rows(stored.client), dict[str, int]()
    for row in rows:
        key = f"{row.topic}/{row.partition}"
        cut[key] = max(cut.get(key, 0), row.position)
    return reading.entries_of(stored.client, accounting, rows), cut


def _runs(stored: Stored) -> list[tuple[str, int, datetime]]:
    """Return run, rows and instant of what was noted, the one in force first."""
    rows = stored.rows(
        "SELECT run_id, rows, made_at FROM spm.amortisation_run FINAL ORDER BY made_at DESC"
    )
    return [(str(run), int(n), at.replace(tzinfo=UTC)) for run, n, at in rows]


def _count(stored: Stored, run_id: str) -> int:
    return int(stored.rows(_COUNT, run=run_id)[0][0])


def _note(stored: Stored, row: tuple[Any, ...]) -> None:
    stored.insert_frame("amortisation_run", pl.DataFrame([row], schema=_RUN, orient="row"))


def _tidy(stored: Stored) -> None:
    """Drop the rows of older runs. What was noted of them stays."""
    there = {run for (run,) in stored.rows("SELECT DISTINCT run_id FROM spm.amortisation")}
    for run, _, _ in _runs(stored)[KEPT:]:
        if run in there:
            _drop(stored, run)


def _drop(stored: Stored, run_id: str) -> None:
    stored.client.command(f"ALTER TABLE spm.amortisation DROP PARTITION '{run_id}'")
