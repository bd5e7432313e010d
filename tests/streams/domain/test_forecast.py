"""Laws of a forecast: means, monotony, groups, certainty, sameness."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain import arriving as new
from streams.domain.forecast import (
    DailySums,
    Floor,
    OpenCredits,
    OpenDeals,
    Seeds,
    draws_of,
    outcome,
    probability,
)

CENT = Decimal("0.01")
AHEAD = np.ones((1, 30))


def floor(seed: int, reps: int = 6, deals: int = 20, draws: int = 2000, days: int = 30) -> Floor:
    """Return a floor of chance: some deals are shared, some reps have no history."""
    dice = np.random.Generator(np.random.PCG64(seed))
    wins = dice.integers(0, 25, reps) * (np.arange(reps) % 3 > 0)
    rep = np.repeat(np.arange(reps), wins)
    past = new.Wins(
        rep,
        dice.lognormal(8, 1, len(rep)),
        dice.integers(0, 40, len(rep)),
        dice.uniform(0.2, 1, len(rep)),
    )
    crew = new.Reps(
        np.arange(reps) % 2, dice.uniform(20, 200, reps), np.zeros(reps, np.int64), np.ones(reps)
    )
    credit_rep = np.sort(dice.integers(0, reps, 2 * deals))
    return Floor(
        [f"r{i}" for i in range(reps)],
        OpenDeals(
            [f"d{i}" for i in range(deals)],
            dice.uniform(0.05, 0.95, deals),
            dice.uniform(0.2, 1, deals),
            [f"c{i % 4}" for i in range(deals)],
            dice.integers(0, 60, deals),
        ),
        OpenCredits(
            credit_rep, dice.integers(0, deals, 2 * deals), dice.lognormal(9, 1, 2 * deals)
        ),
        new.arriving(past, crew, AHEAD[:, :days], 0.1),
        Seeds("2026-Q4", seed),
        draws=draws,
    )


def drawn(of: Floor) -> np.ndarray:
    return np.concatenate([d for _, d in draws_of(of, np.arange(len(of.rep_ids)))])


def without_arrivals(of: Floor) -> Floor:
    none = DailySums(np.zeros((len(of.rep_ids), new.TABLE)), np.zeros(len(of.rep_ids)), 0.0)
    return replace(of, arriving=none)


def test_the_pipelines_mean_is_amount_times_the_chance_used() -> None:
    """Within three standard errors; of so many floors and reps a few may lie beyond."""
    off = []
    for seed in range(40):
        of = without_arrivals(floor(seed))
        draws = drawn(of)
        error = draws.std(axis=1) / of.draws**0.5
        off.extend(((draws.mean(axis=1) - of.pipeline_mean()) / np.maximum(error, 1e-9)).tolist())
    scores = np.abs(off)
    assert (scores > 3).mean() <= 0.01  # 0.0027 by chance
    assert scores.max() < 4.5
    assert abs(np.mean(off)) < 3 / len(off) ** 0.5  # nor is it off to one side


def test_the_mean_of_what_arrives_is_what_the_wins_of_the_past_say() -> None:
    off = []
    for seed in range(40):
        of = floor(seed, deals=0)
        draws = drawn(of)
        error = draws.std(axis=1) / of.draws**0.5
        off.extend(((draws.mean(axis=1) - of.arriving_mean()) / np.maximum(error, 1e-9)).tolist())
    scores = np.abs(off)
    assert (scores > 3).mean() <= 0.02
    assert abs(np.mean(off)) < 3 / len(off) ** 0.5 + 0.1  # the grid ends somewhere


def test_a_win_with_a_long_cycle_adds_nothing_to_a_short_rest() -> None:
    crew = new.Reps(np.zeros(1, np.int64), np.array([200.0]), np.zeros(1, np.int64), np.ones(1))
    one = np.ones(1)
    for cycle, is_possible in ((29, True), (30, False), (400, False)):
        past = new.Wins(np.zeros(1, np.int64), one * 1000, np.array([cycle]), one)
        assert bool(new.arriving(past, crew, AHEAD, 0.0).mean[0] > 0) is is_possible


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    of = floor(1)
    assert np.array_equal(drawn(of), drawn(floor(1)))
    other = replace(of, seeds=replace(of.seeds, sequence=2))
    assert not np.array_equal(drawn(of), drawn(other))


def test_a_rep_draws_the_same_alone_as_among_others() -> None:
    of = floor(2)
    everybody = drawn(of)
    for place in range(len(of.rep_ids)):
        ((_, alone),) = draws_of(of, np.array([place]))
        assert np.array_equal(alone[0], everybody[place])


def test_a_shared_deal_is_won_for_all_who_share_it_or_for_nobody() -> None:
    of = without_arrivals(floor(3, reps=2, deals=1))
    shared = OpenCredits(np.array([0, 1]), np.array([0, 0]), np.array([300.0, 700.0]))
    first, second = drawn(replace(of, credits=shared))
    assert set(first) == {0.0, 300.0}
    assert np.array_equal(first * 7, second * 3)
    assert set(first + second) == {0.0, 1000.0}  # never a part of it


@given(
    booked=st.decimals(0, 10**6, places=2),
    quota=st.decimals(1, 10**6, places=2),
    more=st.decimals(0, 10**5, places=2),
    seed=st.integers(0, 30),
)
@settings(deadline=None, max_examples=60)
def test_a_chance_rises_with_what_is_booked_and_falls_with_the_quota(
    booked: Decimal, quota: Decimal, more: Decimal, seed: int
) -> None:
    draws = np.random.Generator(np.random.PCG64(seed)).lognormal(11, 1, 400)
    chance = probability(booked, quota, draws)
    assert probability(booked + more, quota, draws) >= chance
    assert probability(booked, quota + more, draws) <= chance
    if booked >= quota:
        assert chance == 1
    found = outcome(booked, quota, draws, (0.0, 0.0), CENT)
    assert booked <= found.p10 <= found.p50 <= found.p90


def test_a_quota_that_an_exact_sum_reaches_is_reached() -> None:
    draws = np.array([0.1 + 0.2, 0.3, 0.2999])
    assert probability(Decimal("0.7"), Decimal("1.0"), draws) == Decimal("0.6667")


def test_when_the_period_is_over_nothing_is_left_to_chance() -> None:
    of = floor(4, days=0)
    over = replace(of, deals=of.deals._replace(inside=np.zeros(len(of.deals.inside))))
    assert not drawn(over).any()
    assert probability(Decimal(99), Decimal(100), drawn(over)[0]) == 0
    assert probability(Decimal(100), Decimal(100), drawn(over)[0]) == 1


def test_good_times_are_good_for_everybody() -> None:
    """What all share does not average out in a team; what each has alone does."""
    of = floor(5, reps=60, deals=0)
    alone, together = drawn(of), drawn(replace(of, common=0.2))
    spread = [d.sum(axis=0).std() / d.sum(axis=0).mean() for d in (alone, together)]
    assert spread[1] > 1.5 * spread[0]
    assert together.sum() == pytest.approx(alone.sum(), rel=0.05)


def test_activities_are_drawn_in_whole_numbers_with_the_mean_of_past_days() -> None:
    dice = np.random.Generator(np.random.PCG64(6))
    value = dice.poisson(3, 100).astype(float)
    days = new.Days(np.zeros(int((value > 0).sum()), np.int64), value[value > 0],
                    np.ones(int((value > 0).sum())))  # fmt: skip
    crew = new.Reps(np.zeros(1, np.int64), np.array([100.0]), np.zeros(1, np.int64), np.ones(1))
    sums = DailySums(new.day_tables(days, crew), np.array([12.5]), 0.02)
    of = replace(floor(6, reps=1, deals=0), arriving=sums)
    draws = drawn(of)[0]
    assert not (draws % 1).any()
    assert sums.mean[0] == pytest.approx(value.mean() * 12.5, rel=0.03)
    assert abs(draws.mean() - sums.mean[0]) < 3 * draws.std() / of.draws**0.5


def test_levels_vary_only_beyond_chance() -> None:
    dice = np.random.Generator(np.random.PCG64(7))
    exposure = np.full((200, 13), 20.0)
    steady = dice.poisson(5, (200, 13)).astype(float)
    moody = dice.poisson(5 * dice.gamma(4, 0.25, (200, 13))).astype(float)
    assert new.level_variance(steady, exposure) < 0.02
    assert new.level_variance(moody, exposure) == pytest.approx(0.25, abs=0.06)


def test_today_moves_a_forecast_little() -> None:
    """The same draws are used on the next day: a forecast does not flicker."""
    days = [date(2026, 11, 2) + timedelta(days=n) for n in range(10)]
    medians = [np.median(drawn(floor(8, days=30 - n)).sum(axis=0)) for n, _ in enumerate(days)]
    steps = np.diff(medians) / medians[0]
    assert (steps <= 0).all()
    assert (steps > -0.06).all()
