"""An entry of a pay run computed afresh: what the payee's ledger, credits and acts below it make.

The same pure rules as `pacesetter payroll verify`, of one payee and one run: earlier runs are taken
as the ledger has them, and each of their entries explains itself.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from infra.definitions.stored import Stored
from infra.payroll import reading
from infra.payroll.running import rows_of
from infra.statements.wording import label_of, money
from streams.domain.eligibility import Billing
from streams.domain.pay_acts import Acts, new_acts, run
from streams.domain.pay_balances import DRAW, FORGIVENESS, RECOVERY, Balances
from streams.domain.pay_periods import span_of
from streams.domain.pay_run import Deals, Desk, Made
from streams.domain.statement_parts import STATES, Entry


class Again(NamedTuple):
    """What a run comes to for a payee when it is done again.

    Attributes:
        made: entry id -> what makes it.
        below: their balances and the billing of their deals just below the act.
    """

    acts: Acts
    made: dict[str, Made]
    below: Balances
    deals: Deals
    desk: Desk


def again(client: Any, sequence: int, rep_id: str) -> Again | None:
    """Return a run done again for one payee; None: the log has not reached all of its act."""
    stored = Stored(client)
    revision = reading.revision(stored, sequence)
    cut, partitions = reading.cuts(stored, sequence)
    if len(cut) < partitions:
        return None
    below, moved = (reading.balances(stored, sequence, cut, rep_id) for _ in range(2))
    deals = reading.deals(stored, revision.bundle, cut, rep_id)
    made = [
        one
        for one in run(revision.bundle, revision.before, moved, deals)
        if one.item.rep_id == rep_id
    ]
    ids = rows_of(sequence, made)["entry_id"]
    acts = new_acts(revision.before, revision.bundle.payroll)
    desk = Desk(revision.bundle, below, deals)
    return Again(acts, dict(zip(ids, made, strict=True)), below, deals, desk)


def words(found: Again, entry: Entry) -> Iterator[str]:
    """Yield what an entry was made from: the act, and what stood there below it."""
    yield from _acts(found.acts, entry)
    one = found.made.get(entry.entry_id)
    if one is None:
        return
    currency, item = entry.currency, one.item
    if one.kind in (DRAW, RECOVERY, FORGIVENESS):
        yield f"debt of the draw below it: {money(found.desk.debt(item), currency)}"
    else:
        stood = (f"{s.lower()} {money(found.below.of(item, s), currency)}" for s in STATES)
        yield f"below it: {', '.join(stood)}"
    if (deal := found.deals.get((item.rep_id, item.deal_id))) is not None:
        yield _billed(deal)


def _acts(acts: Acts, entry: Entry) -> Iterator[str]:
    for manual in acts.manual:
        if manual.manual_id == entry.via:
            yield f"manual entry {manual.manual_id}, written {manual.at:%Y-%m-%d} by {manual.by}"
    for opening in acts.openings:
        if (opening.plan_id, opening.component_id) == (entry.plan_id, entry.component_id) and (
            entry.via in ("", opening.opening_id) and entry.kind == "OPENING"
        ):
            yield f"opening balance {opening.opening_id}, written by {opening.by}"
    for debt in acts.forgiven:
        if entry.kind == FORGIVENESS and debt.draw_id == entry.component_id:
            yield f"debt let go: {debt.forgiveness_id}, written {debt.at:%Y-%m-%d} by {debt.by}"
    for act in acts.periods:
        at = f"{act.at:%Y-%m-%d %H:%M:%S} UTC"
        yield f"payroll period {label_of(span_of(act))}: {act.step.value} by {act.by}, {at}"


def _billed(deal: Billing) -> str:
    told = {"invoiced": deal.invoiced, "paid": deal.paid}
    known = (f"{name} {'unknown' if v is None else f'{v:f}'}" for name, v in told.items())
    return f"the deal below it: credited {deal.amount:f}, {', '.join(known)}"


def amount_of(found: Again, entry: Entry) -> Decimal:
    """Return what the run makes of an entry; 0: it makes no such entry."""
    one = found.made.get(entry.entry_id)
    return one.amount if one else Decimal(0)
