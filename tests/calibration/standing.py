"""How a simulated subject stands on a morning, as the service would read it from the warehouse."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import accumulate
from typing import NamedTuple

from infra.alerting.reading import DEALS_DAYS
from schemas.alerts import Subject
from streams.domain.alert_signals import ToDate, Watch
from streams.domain.periods import DAY, Span
from streams.domain.workdays import EVERYWHERE

KEPT_DAYS = 24  # calendar days a watch remembers; the longest window is ten business days
STEP = Decimal("0.0001")


class Sale(NamedTuple):
    """A won deal: the day it counts for, and the day the CRM learned of it."""

    on: date
    told: date
    amount: Decimal


class Seller(NamedTuple):
    """A rep or a team with a quota, and what came of it.

    Attributes:
        sales: by day.
        total: what the period ended with.
    """

    subject: Subject
    name: str
    members: tuple[int, ...]
    sales: Sequence[Sale]
    quota: Decimal
    total: Decimal


class _Sums:
    """Sales known by a morning, added up by day."""

    def __init__(self, sales: Sequence[Sale], told_by: date) -> None:
        known = [sale for sale in sales if sale.told < told_by]
        self._days = [sale.on for sale in known]
        self._sums = [Decimal(0), *accumulate(sale.amount for sale in known)]

    def between(self, first: date, end: date) -> tuple[Decimal, int]:
        """Return what deals of some days come to, and how many they are."""
        low, high = bisect_left(self._days, first), bisect_left(self._days, end)
        return self._sums[high] - self._sums[low], high - low


def watch_of(
    seller: Seller, period: Span, day: date, told_by: date, chance: Decimal | None
) -> Watch:
    """Return how a subject stands on a morning.

    Args:
        told_by: what the CRM learned from this day on is not known.
    """
    sums = _Sums(seller.sales, told_by)
    amount, number = sums.between(_whole_month(day - timedelta(days=DEALS_DAYS)), day + DAY)
    return Watch(
        seller.subject, seller.name, "revenue", "EUR", period, day,
        dict(_to_date(seller.quota, period, day, sums)), EVERYWHERE,
        amount / number if number else None, chance,
    )  # fmt: skip


def _to_date(quota: Decimal, period: Span, day: date, sums: _Sums) -> Iterator[tuple[date, ToDate]]:
    elapsed = _elapsed(period)
    first = max(period.start, day - timedelta(days=KEPT_DAYS))
    for at in Span(first, day + DAY).each():
        # A day is part of the plan once it is over.
        passed = elapsed[(min(at + DAY, day) - period.start).days]
        actual, _ = sums.between(period.start, at + DAY)
        yield at, ToDate(actual, (quota * passed / elapsed[-1]).quantize(STEP))


@cache
def _elapsed(period: Span) -> tuple[Decimal, ...]:
    """Return the working days of a period before each of its days, and at last all of them."""
    return tuple(accumulate((EVERYWHERE.weight(day) for day in period.each()), initial=Decimal(0)))


def _whole_month(day: date) -> date:
    """Return the first month that begins on or after a day: usual deals are read by months."""
    return day if day.day == 1 else (day.replace(day=1) + timedelta(days=32)).replace(day=1)
