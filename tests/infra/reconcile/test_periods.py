"""Periods as people write them."""

from datetime import date

import pytest

from infra.reconcile.periods import Days, days_of, month_of


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2026", "2026-01-01", "2027-01-01"),
        ("2026-Q1", "2026-01-01", "2026-04-01"),
        ("2026-q4", "2026-10-01", "2027-01-01"),
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2024-02-29", "2024-02-29", "2024-03-01"),
        ("2026-11-03..2026-11-09", "2026-11-03", "2026-11-10"),
        ("2025-Q4..2026-02", "2025-10-01", "2026-03-01"),
    ],
)
def test_a_period_is_its_days(text: str, since: str, until: str) -> None:
    assert days_of(text) == Days(date.fromisoformat(since), date.fromisoformat(until))


@pytest.mark.parametrize("text", ["", "2026-13", "2026-Q5", "2026-02-30", "..2026", "soon", "26"])
def test_what_is_no_period_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(ValueError, match="2026-Q4"):
        days_of(text)


def test_a_span_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="swap its ends"):
        days_of("2026-05..2026-04")


def test_the_open_month_holds_its_first_and_last_day() -> None:
    assert month_of(date(2026, 12, 31)) == month_of(date(2026, 12, 1)) == days_of("2026-12")
