"""Exchange rates: the latest one dated on or before a day, direct or inverse."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from schemas.definitions import Rate
from schemas.money import at_scale

RATE_SCALE = Decimal("0.0000000001")  # decimal(20, 10), as it is stored


class Applied(NamedTuple):
    """A rate as it was used."""

    rate: Decimal
    on: date


class RateTable:
    """Rates into one reporting currency."""

    def __init__(self, rates: Sequence[Rate], reporting_currency: str) -> None:
        self.reporting_currency = reporting_currency
        dated: dict[str, dict[date, Decimal]] = {}
        # A direct rate beats an inverse one of the same day: it needs no division.
        for rate in rates:
            if rate.base == reporting_currency and rate.quote != reporting_currency:
                inverse = (1 / rate.rate).quantize(RATE_SCALE, ROUND_HALF_EVEN)
                dated.setdefault(rate.quote, {}).setdefault(rate.on, inverse)
        for rate in rates:
            if rate.quote == reporting_currency and rate.base != reporting_currency:
                dated.setdefault(rate.base, {})[rate.on] = rate.rate
        self._by_currency = {c: sorted(table.items()) for c, table in dated.items()}

    def rate(self, currency: str, day: date) -> Applied | None:
        """Return what one unit of a currency was worth on a day.

        None: no rate is known on or before that day, so nothing is converted.
        """
        if currency == self.reporting_currency:
            return Applied(Decimal(1), day)
        table = self._by_currency.get(currency, [])
        at = bisect_right(table, day, key=lambda dated: dated[0])
        return Applied(table[at - 1][1], table[at - 1][0]) if at else None


def converted(amount: Decimal, applied: Applied) -> Decimal:
    """Return an amount in the reporting currency, in four decimals, half-even.

    >>> converted(Decimal("100"), Applied(Decimal("1.08"), date(2026, 1, 1)))
    Decimal('108.0000')
    """
    return at_scale(amount * applied.rate)
