"""Odds and slips: what the past says, and how little few deals say."""

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from streams.domain.looks import VERSION_COLUMNS, looks_of
from streams.domain.odds import Odds
from streams.domain.seasons import even

TODAY = date(2026, 11, 23)
START, END = date(2026, 10, 1), date(2027, 1, 1)
COLUMNS = {k: v for k, v in VERSION_COLUMNS.items() if k not in {"since", "stage_class"}}


def told(name: str, *stands: tuple[int, str, str, int], rep: str = "r") -> list[tuple[object, ...]]:
    """Return a deal: days before today, stage, class, close date in days before today."""
    return [
        (name, rep, TODAY - timedelta(days=ago), "p", stage, "NEW", 1000.0, kind,
         TODAY - timedelta(days=close))
        for ago, stage, kind, close in stands
    ]  # fmt: skip


def odds_of(rows: list[tuple[object, ...]]) -> Odds:
    return Odds(looks_of(pl.DataFrame(rows, VERSION_COLUMNS, orient="row"), TODAY))


def asked(stage: str, close: int, probability: float | None, rep: str = "r") -> pl.DataFrame:
    """Return an open deal that should close so many days from today."""
    row = ("x", rep, "p", stage, "NEW", 1000.0, TODAY + timedelta(days=close), probability)
    return pl.DataFrame([row], {**COLUMNS, "probability": pl.Float64}, orient="row")


def history(won: int, lost: int, slip: int = 0) -> list[tuple[object, ...]]:
    """Return deals that should close 30 days after they came, and did so many days later."""
    rows: list[tuple[object, ...]] = []
    for i in range(won + lost):
        ago, kind = 100 + i, "WON" if i < won else "LOST"
        end = ago - 30 - slip
        rows += told(f"d{i}", (ago, "s", "OPEN", ago - 30), (end, "s", kind, end))
    return rows


def win(odds: Odds, deals: pl.DataFrame) -> float:
    return float(odds.chances(deals, TODAY, START, END, even()).win[0])


def test_nothing_known_is_what_the_crm_says() -> None:
    none = odds_of([])
    assert win(none, asked("s", 10, 0.3)) == pytest.approx(0.3)
    assert win(none, asked("s", 10, None)) == pytest.approx(0.5)
    assert 0 < win(none, asked("s", 10, 0.0)) < win(none, asked("s", 10, 1.0)) < 1


def test_many_deals_outweigh_the_crm() -> None:
    odds = odds_of(history(40, 160))
    for said in (0.05, 0.5, 0.95):
        assert win(odds, asked("s", 10, said)) == pytest.approx(0.2, abs=0.05)


def test_few_deals_never_make_certain() -> None:
    assert 0.3 < win(odds_of(history(3, 0)), asked("s", 10, 0.3)) < 0.8
    assert 0.05 < win(odds_of(history(0, 3)), asked("s", 10, 0.3)) < 0.3


def test_deals_beyond_their_close_date_count_for_what_became_of_such() -> None:
    rows = history(60, 60)
    for i in range(60):  # open for long, lost in the end
        rows += told(f"late{i}", (300 + i, "s", "OPEN", 280 + i), (100 + i, "s", "LOST", 100 + i))
    odds = odds_of(rows)
    late, in_time = win(odds, asked("s", -40, 0.5)), win(odds, asked("s", 10, 0.5))
    assert late < 0.15
    assert in_time > 0.3


def test_a_deal_that_nobody_closes_is_no_win_to_come() -> None:
    rows = history(60, 60)
    for i in range(40):
        rows += told(f"rot{i}", (500 - i, "s", "OPEN", 470 - i))
    assert win(odds_of(rows), asked("s", -200, 0.5)) < 0.12


def test_close_dates_that_slip_leave_the_period() -> None:
    on_time, late = odds_of(history(50, 50, 0)), odds_of(history(50, 50, 40))
    deal = asked("s", 20, 0.5)  # before the period's end, by 19 days
    inside = [o.chances(deal, TODAY, START, END, even()).inside[0] for o in (on_time, late)]
    assert inside[0] > 0.8
    assert inside[1] < 0.3


def test_a_period_that_is_over_has_nothing_inside() -> None:
    chances = odds_of(history(50, 50)).chances(asked("s", 0, 0.5), END, START, END, even())
    assert chances.inside[0] == 0


def test_periods_to_come_share_what_is_possible() -> None:
    """A deal closes in one quarter: the chances of consecutive ones add up to at most 1."""
    odds = odds_of(history(50, 50, 20))
    deal = asked("s", 20, 0.5)
    cuts = [date(2026, 10, 1), date(2027, 1, 1), date(2027, 4, 1), date(2027, 7, 1)]
    inside = [float(odds.chances(deal, TODAY, a, b, even()).inside[0])
              for a, b in pairwise(cuts)]  # fmt: skip
    assert 0.9 < sum(inside) <= 1 + 1e-9


def test_a_better_rep_wins_more_of_the_same_deals() -> None:
    rows: list[tuple[object, ...]] = []
    for rep, share in (("good", 80), ("usual", 50), ("poor", 20)):
        for i in range(100):
            ago, kind = 100 + i, "WON" if i < share else "LOST"
            rows += told(f"{rep}{i}", (ago, "s", "OPEN", ago - 30), (ago - 30, "s", kind, ago - 30),
                         rep=rep)  # fmt: skip
    odds = odds_of(rows)
    chance = [win(odds, asked("s", 10, 0.5, rep)) for rep in ("good", "usual", "poor", "new")]
    assert np.allclose(chance, [0.8, 0.5, 0.2, 0.5], atol=0.1)
    assert chance[0] < 0.8  # drawn towards the others


def test_a_cancelled_deal_or_an_open_one_proves_nothing_yet() -> None:
    rows = history(20, 20)
    fresh = [r for i in range(50) for r in told(f"new{i}", (20, "s", "OPEN", -10))]
    deal = asked("s", 10, 0.5)
    assert win(odds_of(rows), deal) == pytest.approx(win(odds_of(rows + fresh), deal))
