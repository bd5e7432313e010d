"""Exchange rates: the latest one dated on or before a day, direct or inverse."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

import polars as pl

from schemas.definitions import Rate
from schemas.money import half_even

RATE_SCALE = Decimal("0.0000000001")  # decimal(20, 10), as it is stored
_UNITS = 10**10
_EPOCH = date(1970, 1, 1).toordinal()


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

    def converted(self, amounts: pl.DataFrame) -> pl.DataFrame:
        """Return amounts in the reporting currency, half-even, and the rate used.

        Its columns are rate, rate_on, reporting_currency (empty for no rate) and converted. Where
        there is no amount or no rate, they are null.

        Args:
            amounts: currency, day (since 1970) and amount, in ten-thousandths.
        """
        asked = amounts.drop_nulls("amount").select("currency", "day").unique()
        known = [
            (currency, day, found.rate, found.on)
            for currency, day in asked.iter_rows()
            if (found := self.rate(currency, date.fromordinal(day + _EPOCH)))
        ]
        used = amounts.join(
            _table(known), on=["currency", "day"], how="left", maintain_order="left"
        )
        at = used.select(pl.when(pl.col("amount").is_not_null()).then("at")).to_series()
        units = [int(rate.quantize(RATE_SCALE, ROUND_HALF_EVEN) * _UNITS) for *_, rate, _ in known]
        values = [
            None if i is None else half_even(amount * units[i], _UNITS)
            for amount, i in zip(used.get_column("amount"), at, strict=True)
        ]
        has_rate = at.is_not_null()
        return used.select(
            pl.when(has_rate).then("rate").alias("rate"),
            pl.when(has_rate).then("rate_on").alias("rate_on"),
            pl.when(has_rate)
            .then(pl.lit(self.reporting_currency))
            .otherwise(pl.lit(""))
            .alias("reporting_currency"),
            pl.Series("converted", values, pl.Int64),
        )


def _table(known: Sequence[tuple[str, int, Decimal, date]]) -> pl.DataFrame:
    kinds: dict[str, pl.DataType] = {
        "currency": pl.String(),
        "day": pl.Int32(),
        "rate": pl.Decimal(20, 10),
        "rate_on": pl.Date(),
    }
    return pl.DataFrame(known, kinds, orient="row").with_row_index("at")
