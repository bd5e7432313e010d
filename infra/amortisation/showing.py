"""Costs of contracts and journal lines of a month, for people, programs and general ledgers."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from infra.amortisation import reading
from infra.amortisation.contracts import Terms
from infra.definitions.showing import table
from infra.definitions.stored import Stored
from schemas.accounting import Treats
from schemas.money import minor_units
from streams.domain.amortising import ZERO, Month, Wanted
from streams.domain.contract_costs import Entry, Held, held
from streams.domain.journals import Booking, Line, bookings
from streams.domain.periods import months_later

FIELDS = ("opening", "capitalised", "reduced", "amortised", "written_off", "closing", "expensed",
          "released", "posted")  # fmt: skip


class Untied(RuntimeError):
    """What is booked is not what the ledger posted; str() says where. A defect of this program."""


@dataclass(slots=True)
class Total:
    """A month in one currency.

    Attributes:
        posted: what the ledger posted in it = capitalised - reduced - released + expensed.
    """

    opening: Decimal = ZERO
    capitalised: Decimal = ZERO
    reduced: Decimal = ZERO
    amortised: Decimal = ZERO
    written_off: Decimal = ZERO
    closing: Decimal = ZERO
    expensed: Decimal = ZERO
    released: Decimal = ZERO
    posted: Decimal = ZERO

    def add(self, booking: Booking) -> None:
        """Add what a cost books; what the ledger posted is added apart, from its entries."""
        for name in Booking._fields[1:]:
            setattr(self, name, getattr(self, name) + getattr(booking, name))


@dataclass(frozen=True, slots=True)
class Books:
    """A month: costs as they stand, and totals by currency."""

    month: date
    costs: tuple[Held, ...]
    totals: dict[str, Total] = field(default_factory=dict)


def books(client: Any, month: date, terms: Terms, deal_id: str = "") -> Books:
    """Return the books of a month, tied to the commission ledger; of one deal all its months.

    Months behind the one asked for are as the terms known now have them.

    Raises:
        TermsUnknown: a deal is capitalised whose term nobody has given.
        Untied: what is booked is not what was posted.
    """
    accounting = Stored(client).in_force().bundle().accounting
    until = months_later(month, 1)
    found, deals = reading.entries(client, accounting, until), reading.deals(client)
    if deal_id:
        chosen = held(found, deals, terms, accounting, only=deal_id)
        return Books(month, chosen, totalled(chosen, month))
    costs = held(found, deals, terms, accounting, span=Wanted(month, until))
    totals = totalled(costs, month)
    _tie(totals, found, month)
    return Books(month, costs, totals)


def totalled(costs: Sequence[Held], month: date) -> dict[str, Total]:
    """Return what a month comes to, by currency."""
    totals: dict[str, Total] = defaultdict(Total)
    for one in costs:
        total = totals[one.currency]
        for booking in bookings(one):
            if booking.month == month:
                total.add(booking)
        total.posted += sum((c.amount for c in one.costs if c.on.replace(day=1) == month), ZERO)
    return {currency: totals[currency] for currency in sorted(totals)}


def _tie(totals: dict[str, Total], entries: Iterable[Entry], month: date) -> None:
    posted: dict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        if entry.on.replace(day=1) == month:
            posted[entry.currency] += entry.amount
    for currency, total in totals.items():
        moved = total.capitalised - total.reduced - total.released + total.expensed
        if moved != posted[currency]:
            raise Untied(
                f"{month:%Y-%m} books {moved} {currency} where the commission ledger posted"
                f" {posted[currency]}; please report it with `pacesetter doctor`"
            )


def told(made: Books, deal_id: str = "") -> str:
    """Return a month as people read it; of one deal every month."""
    if not made.totals:
        what = f"deal {deal_id} has no commissions" if deal_id else "no commissions were posted"
        return f"{what} up to the end of {made.month:%Y-%m}"
    if deal_id:
        return "\n\n".join(_told_cost(one) for one in made.costs)
    rows = [
        [currency, *(_money(getattr(total, name), currency) for name in FIELDS)]
        for currency, total in made.totals.items()
    ]
    header = ("CURRENCY", *(name.upper().replace("_", " ") for name in FIELDS))
    kept = sum(1 for one in made.costs if one.treats is Treats.CAPITALISE)
    lines = [
        f"{made.month:%Y-%m}: {kept} costs capitalised so far, {len(made.costs) - kept} expensed",
        "", table(header, rows), "",
        "posted = capitalised - reduced - released + expensed: what the commission ledger posted",
    ]  # fmt: skip
    return "\n".join(lines)


def _told_cost(one: Held) -> str:
    head = f"{one.deal_id or '(no deal)'} / {one.rep_id} / {one.plan_id} / {one.component_id}"
    policy = one.policy.policy_id if one.policy else "no policy"
    over = f" over {one.period_months} months" if one.period_months else ""
    why = f"{one.treats}{over} ({policy}): {one.because}"
    if not one.months:
        rows = [(cost.on, _money(cost.amount, one.currency)) for cost in one.costs]
        return "\n".join((head, why, "", table(("ON", one.currency), rows)))
    header = ("MONTH", "OPENING", "ADDED", "RELEASED", "AMORTISED", "WRITTEN OFF", "CLOSING")
    months = [
        [f"{m.start:%Y-%m}", *(_money(amount, one.currency) for amount in _amounts(m))]
        for m in one.months
    ]
    return "\n".join((head, why, "", table(header, months)))


def _amounts(m: Month) -> tuple[Decimal, ...]:
    return (m.opening, m.added, m.released, m.amortised, m.written_off, m.closing)


def plain(made: Books) -> dict[str, Any]:
    """Return a month as plain values: totals, and each cost with its months."""
    return {
        "period": f"{made.month:%Y-%m}",
        "totals": [
            {"currency": c, **{n: _plain(getattr(t, n), c) for n in FIELDS}}
            for c, t in made.totals.items()
        ],
        "costs": [_plain_cost(one) for one in made.costs],
    }


def _plain_cost(one: Held) -> dict[str, Any]:
    return {
        "deal_id": one.deal_id, "rep_id": one.rep_id, "plan_id": one.plan_id,
        "component_id": one.component_id, "currency": one.currency,
        "policy_id": one.policy.policy_id if one.policy else "", "treats": one.treats,
        "because": one.because, "period_months": one.period_months,
        "costs": [{"on": str(c.on), "amount": _plain(c.amount, one.currency)} for c in one.costs],
        "months": [
            {"month": f"{m.start:%Y-%m}",
             **{n: _plain(a, one.currency) for n, a in zip(Month._fields[1:], m[1:], strict=True)}}
            for m in one.months
        ],
    }  # fmt: skip


def line_values(line: Line) -> dict[str, str]:
    """Return a journal line as text, amounts in minor units."""
    amounts = {n: _plain(getattr(line, n), line.currency) for n in ("debit", "credit")}
    return {**line._asdict(), "kind": line.kind.value, **amounts}


def csv_of(lines: Iterable[Line]) -> str:
    """Return journal lines as CSV (RFC 4180), with a first line of names."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, Line._fields)
    writer.writeheader()
    writer.writerows(map(line_values, lines))
    return out.getvalue()


def told_lines(lines: Sequence[Line]) -> str:
    """Return journal lines as a table with their sums."""
    columns = ("currency", "policy_id", "kind", "account", "debit", "credit", "deal_id")
    shown = [c for c in columns if c != "deal_id" or any(line.deal_id for line in lines)]
    rows: list[Sequence[object]] = [[line_values(line)[c] for c in shown] for line in lines]
    header = [c.upper().replace("_ID", "") for c in shown]
    return "\n".join((table(header, rows), "", *_sums(lines)))


def _sums(lines: Sequence[Line]) -> Iterator[str]:
    for currency in sorted({line.currency for line in lines}):
        own = [line for line in lines if line.currency == currency]
        debit = _money(sum((line.debit for line in own), ZERO), currency)
        credit = _money(sum((line.credit for line in own), ZERO), currency)
        yield f"{currency}: debit {debit}, credit {credit}"


def _money(amount: Decimal, currency: str) -> str:
    return f"{amount:,.{minor_units(currency)}f}"


def _plain(amount: Decimal, currency: str) -> str:
    return f"{amount:.{minor_units(currency)}f}"
