"""Rates by date, direct and inverse; cents that add up."""

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.definitions import Rate
from streams.domain.crediting import divided
from streams.domain.rates import Applied, RateTable


def rate(base: str, quote: str, on: str, value: str) -> Rate:
    return Rate(base=base, quote=quote, on=date.fromisoformat(on), rate=Decimal(value))


TABLE = RateTable(
    [
        rate("USD", "EUR", "2026-01-01", "0.90"),
        rate("USD", "EUR", "2026-02-01", "0.95"),
        rate("EUR", "USD", "2026-02-01", "2"),  # the direct one of that day wins
        rate("EUR", "GBP", "2026-01-01", "0.8"),
        rate("USD", "GBP", "2026-01-01", "0.7"),  # no word about euros
    ],
    "EUR",
)


@pytest.mark.parametrize(
    ("currency", "day", "expected"),
    [
        ("EUR", "2020-01-01", ("1", "2020-01-01")),
        ("USD", "2025-12-31", None),
        ("USD", "2026-01-01", ("0.90", "2026-01-01")),
        ("USD", "2026-01-31", ("0.90", "2026-01-01")),
        ("USD", "2026-12-31", ("0.95", "2026-02-01")),
        ("GBP", "2026-03-01", ("1.25", "2026-01-01")),
        ("CHF", "2026-03-01", None),
    ],
)
def test_the_latest_rate_on_or_before_a_day(
    currency: str, day: str, expected: tuple[str, str] | None
) -> None:
    wanted = expected and Applied(Decimal(expected[0]), date.fromisoformat(expected[1]))
    assert TABLE.rate(currency, date.fromisoformat(day)) == wanted


WHOLE = 1_000_000


@given(
    st.integers(-(10**13), 10**13),
    st.lists(st.integers(0, WHOLE), min_size=1, max_size=6).filter(any),
)
def test_parts_add_up_to_the_whole(amount: int, weights: list[int]) -> None:
    shares = [weight * WHOLE // sum(weights) for weight in weights]
    shares[-1] += WHOLE - sum(shares)
    parts = divided(amount, shares)
    assert sum(parts) == amount
    for part, share in zip(parts, shares, strict=True):
        assert abs(part * WHOLE - amount * share) < WHOLE


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["EUR", "USD", "GBP", "CHF"]),
            st.dates(date(2025, 12, 1), date(2026, 3, 1)),
            st.none() | st.integers(-(10**17), 10**17),
        ),
        max_size=6,
    )
)
def test_amounts_in_columns_are_converted_exactly(
    some: list[tuple[str, date, int | None]],
) -> None:
    days = [day.toordinal() - date(1970, 1, 1).toordinal() for _, day, _ in some]
    frame = pl.DataFrame(
        {"currency": [c for c, *_ in some], "day": days, "amount": [a for *_, a in some]},
        {"currency": pl.String, "day": pl.Int32, "amount": pl.Int64},
    )
    found = TABLE.converted(frame)
    with localcontext(prec=60):
        for (currency, day, amount), row in zip(some, found.iter_rows(), strict=True):
            used = TABLE.rate(currency, day)
            if used is None or amount is None:
                assert row == (None, None, "", None)
            else:
                exact = (amount * used.rate).quantize(Decimal(1), ROUND_HALF_EVEN)
                assert row == (used.rate, used.on, "EUR", exact)
