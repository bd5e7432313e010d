"""What formulas need, from facts as they are now: the plain twin of the lines that views read.

A group is whoever belongs to a subject on a day; inputs are taken over the whole group.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import NamedTuple

from streams.domain.kpi_trees import Computed, Origin, Wanted
from streams.domain.periods import Span
from streams.domain.rates import RateTable
from streams.domain.readings import Reading, median, p90, reading

_LAST = Decimal("0.0001")
REVENUE = "REVENUE"
Belongs = Callable[[str, date], bool]


class Total(NamedTuple):
    """A measure of a rep and day."""

    rep_id: str
    day: date
    measure: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal as it is now, resolved.

    Attributes:
        day: on which it was won or lost; of an open one that on which it was created.
        rate: used when it was won; None: none, or not won.
        changed_at: last-modified instant in its source.
        ever: ids and labels of all stages it has been in.
        parts: who is credited with how much, and in which role.
    """

    deal_id: str
    rep_id: str
    stage_class: str
    day: date
    created_on: date
    created_at: datetime
    changed_at: datetime
    currency: str
    amount: Decimal | None = None
    rate: Decimal | None = None
    stage: frozenset[str] = frozenset()
    ever: frozenset[str] = frozenset()
    close_date: date | None = None
    probability: Decimal | None = None
    parts: tuple[tuple[str, str, Decimal], ...] = ()


class Contact(NamedTuple):
    """Somebody spoke to the customer about a deal: connected call, e-mail by a person, meeting."""

    deal_id: str
    at: datetime


class Asked(NamedTuple):
    """A quota of the subject."""

    kpi: str
    span: Span
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything KPIs are computed from, and the instant and day of asking."""

    asked_at: datetime
    asked_on: date
    rates: RateTable
    totals: Sequence[Total] = ()
    deals: Sequence[Deal] = ()
    contacts: Sequence[Contact] = ()


Line = tuple[str, date, Decimal]  # rep, day it counts on, value


def reading_of(
    computed: Computed,
    facts: Facts,
    spans: tuple[Span, Span],
    belongs: Belongs,
    quotas: Sequence[Asked] = (),
) -> Reading:
    """Return a KPI of a group in a period.

    Args:
        spans: the period and the one before it.
        quotas: those of the subject itself.
    """
    values = {
        wanted: value_of(wanted, facts, spans[wanted.is_previous], belongs, quotas)
        for wanted in computed.wanted
    }
    return reading(computed, values)


def value_of(
    wanted: Wanted, facts: Facts, span: Span, belongs: Belongs, quotas: Sequence[Asked] = ()
) -> Fraction | None:
    """Return one thing wanted, of a group in a period; None: there is nothing."""
    if wanted.name == "quota":
        amounts = [
            asked.amount
            for asked in quotas
            if asked.kpi == wanted.argument
            and span.start <= asked.span.start
            and asked.span.end <= span.end
        ]
        return Fraction(sum(amounts, Decimal(0))) if amounts else None
    found = [
        value for rep_id, day, value in lines(wanted, facts) if day in span and belongs(rep_id, day)
    ]
    match wanted.statistic:
        case "median":
            return median(found)
        case "p90":
            return p90(found)
        case "count":
            return Fraction(len(found))
    return sum(map(Fraction, found), Fraction(0))


def lines(wanted: Wanted, facts: Facts) -> Iterator[Line]:
    """Yield what goes into an input: whose, on which day, how much."""
    if wanted.origin is Origin.MEASURE:
        for total in facts.totals:
            if total.measure == wanted.name:
                yield total.rep_id, total.day, total.value
        return
    for deal in facts.deals:
        yield from _of_deal(wanted, deal, facts)


def _of_deal(wanted: Wanted, deal: Deal, facts: Facts) -> Iterator[Line]:
    is_won, is_open = deal.stage_class == "WON", deal.stage_class == "OPEN"
    match wanted.name:
        case "won_deal_amounts":
            if is_won and deal.amount is not None and deal.rate is not None:
                yield deal.rep_id, deal.day, _rounded(deal.amount * deal.rate)
        case "won_deal_cycles":
            if is_won:
                days = max(0, (deal.day - deal.created_on).days)
                yield deal.rep_id, deal.day, Decimal(days)
        case "reached":
            if wanted.argument in deal.ever:
                yield deal.rep_id, deal.created_on, Decimal(1)
        case "first_responses":
            at = [c.at for c in facts.contacts if c.deal_id == deal.deal_id]
            if after := [a for a in at if a >= deal.created_at]:
                millis = (min(after) - deal.created_at) // timedelta(milliseconds=1)
                yield deal.rep_id, deal.created_on, Decimal(millis) / 1000
        case "open_deals" | "stage_deals" | "stalled_deals":
            if is_open and _counts(wanted, deal, facts):
                yield deal.rep_id, facts.asked_on, Decimal(1)
        case _:
            if is_open and _counts(wanted, deal, facts):
                yield from _parts(wanted, deal, facts)


def _counts(wanted: Wanted, deal: Deal, facts: Facts) -> bool:
    if wanted.name.startswith("stage_"):
        return wanted.argument in deal.stage
    if wanted.name.startswith("stalled_"):
        since = facts.asked_at - timedelta(days=int(wanted.argument))
        spoken = any(c.at >= since for c in facts.contacts if c.deal_id == deal.deal_id)
        return deal.changed_at < since and not spoken
    return not wanted.name.endswith("_due") or deal.close_date is not None


def _parts(wanted: Wanted, deal: Deal, facts: Facts) -> Iterator[Line]:
    used = facts.rates.rate(deal.currency, facts.asked_on)
    is_weighted = wanted.name.startswith("weighted")
    if used is None or (is_weighted and deal.probability is None):
        return
    day = deal.close_date if wanted.name.endswith("_due") else facts.asked_on
    assert day is not None
    for rep_id, role, amount in deal.parts:
        if role == REVENUE:
            value = _rounded(amount * used.rate)
            if is_weighted and deal.probability is not None:
                value = _rounded(value * deal.probability)
            yield rep_id, day, value


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_LAST, ROUND_HALF_EVEN)
