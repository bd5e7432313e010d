"""How a capitalised cost is charged month by month. Pure.

Straight line over the service, to the minor unit: within a run of months in which nothing changes,
what is charged up to a month is the rounded part of the whole, so that the run sums to the amount.
Whatever happens in a month (a cost, a new estimate) holds from the month's first day and changes no
earlier one. A reduction lowers the asset, and what remains is spread over the time that is left;
what exceeds the asset comes back out of expense at once. Months are calendar months.

Source: ASC 340-40-35-1 (with the transfer of the service), 35-2 (a changed estimate is prospective:
ASC 250); IFRS 15.99-100.
"""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from schemas.accounting import Proration
from schemas.money import half_even, minor_units
from streams.domain.periods import DAY, months_later

ZERO = Decimal(0)
MONTH_PARTS = 377_580  # months of 28, 29, 30 and 31 days cut into as many whole parts


class Cost(NamedTuple):
    """An amount that arises on a day; negative: it is taken back."""

    on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Service:
    """Over which days a cost is charged, as estimated from a day on.

    Attributes:
        start: first day of service.
        end: first day behind the amortisation period.
        since: day of the estimate; its whole month follows it. None: from the beginning.
        ended_on: first day no longer served, where the contract ended early.
    """

    start: date
    end: date
    since: date | None = None
    ended_on: date | None = None


class Month(NamedTuple):
    """What happened to an asset in a month: closing = opening + added - amortised - written_off.

    Attributes:
        added: costs of the month; negative as far as they lower the asset.
        released: what was taken back beyond the asset; lowers the month's expense.
    """

    start: date
    opening: Decimal
    added: Decimal
    released: Decimal
    amortised: Decimal
    written_off: Decimal
    closing: Decimal


class _Run(NamedTuple):
    """Months in which nothing changes: what is charged since when, and how much of it is."""

    amount: Decimal
    since: date
    charged: Decimal


class Pattern(NamedTuple):
    """What holds for all months of an asset."""

    proration: Proration
    currency: str


class Wanted(NamedTuple):
    """Which months are wanted: from one on, up to, not including, another; None: no bound."""

    since: date | None = None
    until: date | None = None


ALL = Wanted()


def month_of(day: date) -> date:
    """Return the first day of a day's calendar month."""
    return day.replace(day=1)


def schedule(
    costs: Iterable[Cost], services: Sequence[Service], how: Pattern, span: Wanted = ALL
) -> tuple[Month, ...]:
    """Return the months of an asset; the order of costs is of no matter.

    Months in which nothing is there and nothing arises are left out.

    Args:
        services: at least one; of several the latest estimate made by a month is in force in it,
            and the earliest one before that.

    Source: 3,000 over five years are 50 a month (velocityhq.com).

    >>> service = Service(date(2026, 1, 1), date(2031, 1, 1))
    >>> months = schedule([Cost(date(2026, 1, 9), Decimal(3000))], [service],
    ...                   Pattern(Proration.FULL_MONTH, "USD"))
    >>> len(months), months[0].amortised, months[59].closing
    (60, Decimal('50.00'), Decimal('0.00'))
    """
    by_month: dict[date, Decimal] = {}
    for one in costs:
        month = month_of(one.on)
        by_month[month] = by_month.get(month, ZERO) + one.amount
    if not by_month:
        return ()
    ordered = sorted(services, key=lambda s: s.since or date.min)
    rows: list[Month] = []
    start, last = min(by_month), max(by_month)
    computed = _computed(by_month, ordered, span)
    run, before, closing = _Run(ZERO, start, ZERO), None, ZERO
    while (span.until is None or start < span.until) and (start <= last or closing > 0):
        if span.since is not None and start < span.since and start not in computed:
            start = min(month for month in computed if month > start)
            continue
        service, cost = _in_force(ordered, start), by_month.get(start, ZERO)
        opening = run.amount - run.charged
        added = max(cost, -opening)
        if cost or service != before:
            run = _Run(opening + added, max(start, service.start), ZERO)
        amortised, off = _month(start, run, service, how)
        run, before = run._replace(charged=run.charged + amortised + off), service
        closing = run.amount - run.charged
        if (span.since is None or start >= span.since) and (opening or cost):
            rows.append(Month(start, opening, added, added - cost, amortised, off, closing))
        start = months_later(start, 1)
    return tuple(rows)


def _computed(costs: Iterable[date], services: Sequence[Service], span: Wanted) -> set[date]:
    """Return months that must be computed though nobody wants them: around what changes a run."""
    changed = {*costs, *(month_of(s.since) for s in services if s.since)}
    changed |= {month_of(s.ended_on - DAY) for s in services if s.ended_on}
    changed |= {span.since} if span.since else set()
    return changed | {month_of(month - DAY) for month in changed}


def _in_force(ordered: Sequence[Service], month: date) -> Service:
    made = [s for s in ordered if s.since is None or month_of(s.since) <= month]
    return made[-1] if made else ordered[0]


def _month(start: date, run: _Run, service: Service, how: Pattern) -> tuple[Decimal, Decimal]:
    """Return what a month charges of a run, and what it writes off."""
    left = run.amount - run.charged
    served = min(months_later(start, 1), service.ended_on or date.max)
    if served >= service.end or service.end <= start:
        amortised = left
    else:
        amortised = max(_charged(run, served, service.end, how) - run.charged, ZERO)
    has_ended = service.ended_on is not None and start >= month_of(service.ended_on - DAY)
    return amortised, left - amortised if has_ended else ZERO


def _charged(run: _Run, served: date, end: date, how: Pattern) -> Decimal:
    """Return what is charged of a run up to a day that lies before its end."""
    if served <= run.since:
        return ZERO
    whole = _place(end, how.proration) - _place(run.since, how.proration)
    if whole <= 0:
        return run.amount
    done = _place(served, how.proration) - _place(run.since, how.proration)
    places = minor_units(how.currency)
    units, of = run.amount.scaleb(places).as_integer_ratio()
    return Decimal(half_even(units * done, of * whole)).scaleb(-places)


def _place(day: date, proration: Proration) -> int:
    """Return how far along a day lies, in whole units of the proration's own."""
    if proration is Proration.DAILY:
        return day.toordinal()
    months = day.year * 12 + day.month
    if proration is Proration.FULL_MONTH:
        return months
    return months * MONTH_PARTS + (day.day - 1) * MONTH_PARTS // monthrange(day.year, day.month)[1]
