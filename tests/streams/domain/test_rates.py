"""Rates by date, direct and inverse; cents that add up."""

from datetime import date
from decimal import Decimal

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


@given(
    st.decimals(-(10**9), 10**9, places=4),
    st.lists(st.integers(0, 1_000_000), min_size=1, max_size=6).filter(any),
)
def test_parts_add_up_to_the_whole(amount: Decimal, weights: list[int]) -> None:
    total = sum(weights)
    shares = [Decimal(w * 1_000_000 // total) / 1_000_000 for w in weights]
    shares[-1] += 1 - sum(shares)
    parts = divided(amount, shares)
    assert sum(parts) == amount
    for part, share in zip(parts, shares, strict=True):
        assert abs(part - amount * share) < Decimal("0.0001")
