"""What is not in the pipeline yet: business that will arrive and count before the period is over.

Deals. A win of the past stands for wins to come: as often again per working day as it happened, and
only on days that leave room for its whole cycle, because what is to be won sooner stands in the
pipeline already. So a large deal that took half a year adds nothing to the last month of a quarter.
The number of such wins is Poisson with a Gamma rate, hence negative binomial: few wins in the past
leave the rate uncertain, and a rep with few is drawn towards the team as by a Gamma prior.

Days. What is counted by activities is resampled from past working days, the team's among them.

The sum of a random number of wins has its whole distribution computed by Fourier transform on a
grid (Panjer's problem; Embrechts and Frei, "Panjer recursion versus FFT for compound
distributions", 2009) and one number per draw is read off it. So a draw changes little when its
inputs change little, and a rep costs the same however many wins are expected.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

GRID = 1024  # steps; the largest sum fits, so a step is well below a per cent of the usual one
WEEKS_PER_LEVEL = 4  # how long a rep keeps to a good or bad spell when it is measured
PRIOR_DAYS_MIN, PRIOR_DAYS_MAX = 15.0, 400.0  # what the team weighs beside a rep's own days
SHAPE_MAX = 1e6  # a Gamma rate that is as good as certain
TABLE = 256  # a day is drawn by one random byte
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Wins(NamedTuple):
    """Wins of the past, a line each, ordered by rep.

    Attributes:
        rep: whose: a place among Reps.
        value: what it was worth, in units of the KPI.
        cycle: days from its creation to the win.
        weight: 1 for a fresh one, less for an old one.
    """

    rep: Ints
    value: Floats
    cycle: Ints
    weight: Floats


class Reps(NamedTuple):
    """Who is forecast.

    Attributes:
        pool: which pool of reps (the team) somebody with little history is drawn towards.
        exposure: working days of the past in which the wins fell, weighted as the wins are.
        ahead: place of the rep's days to come among the rows given with them.
        present: part of them that the rep is there.
    """

    pool: Ints
    exposure: Floats
    ahead: Ints
    present: Floats


class Arriving(NamedTuple):
    """What is expected to arrive, before anything is drawn.

    Attributes:
        own: mean number for which the rep's own wins stand, a line per win.
        shared: part of the pool's mean that counts for each rep.
        shape: of the Gamma rate of each rep; the larger, the more certain.
        mean: of the sum, per rep.
    """

    wins: Wins
    reps: Reps
    own: Floats
    of_pool: dict[tuple[int, int], tuple[Floats, Floats]]
    shared: Floats
    shape: Floats
    mean: Floats


def arriving(wins: Wins, reps: Reps, ahead: Floats, level_variance: float) -> Arriving:
    """Return what is expected of reps.

    Args:
        ahead: a row per calendar: how much of a working day each day to come is, today first.
        level_variance: squared variation of a rep's rate from one spell to the next.
    """
    number = len(reps.pool)
    room = np.cumsum(ahead[:, ::-1], axis=1)[:, ::-1]
    room = np.pad(room, ((0, 0), (0, 1)))  # a longer cycle has no room at all
    count = np.bincount(wins.rep, wins.weight, number).astype(np.float64)
    pools = int(reps.pool.max(initial=0)) + 1
    days = np.bincount(reps.pool, reps.exposure, pools)
    pool_count = np.bincount(reps.pool, count, pools)
    prior = _prior_days(reps, count, pool_count / np.maximum(days, 1e-9))[reps.pool]
    total = np.maximum(reps.exposure + prior, 1e-9)
    at = np.minimum(wins.cycle, ahead.shape[1])
    here = reps.present / total
    own = wins.weight * here[wins.rep] * room[reps.ahead[wins.rep], at]
    mean = np.bincount(wins.rep, own * wins.value, number).astype(np.float64)
    shared = prior * here
    order, ends = _by_pool(reps.pool[wins.rep], pools)
    kinds, kind_of = np.unique(reps.pool * len(ahead) + reps.ahead, return_inverse=True)
    of_pool, pool_mean = {}, np.zeros(len(kinds))
    for i, (pool, row) in enumerate(divmod(int(kind), len(ahead)) for kind in kinds):
        theirs = order[ends[pool] : ends[pool + 1]]
        rate = wins.weight[theirs] / max(days[pool], 1e-9) * room[row, at[theirs]]
        of_pool[pool, row] = (rate, wins.value[theirs])
        pool_mean[i] = rate @ wins.value[theirs]
    mean += shared * pool_mean[kind_of]
    pool_rate = pool_count / np.maximum(days, 1e-9)
    sure = count + prior * pool_rate[reps.pool]
    spread = 1 / np.maximum(sure, 0.5) + level_variance
    return Arriving(wins, reps, own, of_pool, shared, np.minimum(1 / spread, SHAPE_MAX), mean)


def _by_pool(pool: Ints, pools: int) -> tuple[Ints, Ints]:
    """Return the places of lines ordered by pool, and where each pool begins among them."""
    order = np.argsort(pool, kind="stable")
    return order, np.searchsorted(pool[order], np.arange(pools + 1))


def _prior_days(reps: Reps, count: Floats, pool_rate: Floats) -> Floats:
    """Return how many working days of the team weigh as much as a rep's own, per pool.

    The more reps of a team differ, beyond what chance does, the less: mean over variance of their
    rates, by the method of moments.
    """
    expected = pool_rate[reps.pool] * reps.exposure
    over = np.bincount(reps.pool, (count - expected) ** 2 - expected, len(pool_rate))
    square = np.bincount(reps.pool, reps.exposure**2, len(pool_rate))
    variance = np.maximum(over / np.maximum(square, 1e-9), 0.0)
    days = np.where(variance > 0, pool_rate / np.maximum(variance, 1e-12), PRIOR_DAYS_MAX)
    return np.clip(days, PRIOR_DAYS_MIN, PRIOR_DAYS_MAX)


def level_variance(counts: npt.NDArray[np.float64], exposure: npt.NDArray[np.float64]) -> float:
    """Return the squared variation of reps' rates between spells of four weeks, without chance's.

    Args:
        counts: a row per rep, a column per spell.
        exposure: working days likewise.
    """
    whole = exposure.sum(axis=1, keepdims=True)
    expected = counts.sum(axis=1, keepdims=True) / np.maximum(whole, 1e-9) * exposure
    # What is compared was also used to find the rate; that takes away a share of the difference.
    left = 1 - exposure / np.maximum(whole, 1e-9)
    over = float(((counts - expected) ** 2 - expected * left).sum())
    square = float((expected**2).sum())
    return min(1.0, max(0.0, over / square)) if square else 0.0


def sums(expected: Arriving, reps: Ints, uniforms: Floats) -> Floats:
    """Return draws of what arrives: a row per rep asked for, a column per draw.

    Args:
        reps: ascending places of reps.
        uniforms: numbers from 0 up to 1 in the shape of the answer.
    """
    wins = expected.wins
    first = np.searchsorted(wins.rep, reps, "left")
    last = np.searchsorted(wins.rep, reps, "right")
    jumps, steps = np.zeros((len(reps), GRID)), np.zeros(len(reps))
    cache: dict[tuple[int, int, float], Floats] = {}
    for i, rep in enumerate(reps):
        mine = slice(first[i], last[i])
        where = (int(expected.reps.pool[rep]), int(expected.reps.ahead[rep]))
        own, pool = (expected.own[mine], wins.value[mine]), expected.of_pool[where]
        steps[i] = step = _step(own, pool, expected.shared[rep], expected.shape[rep])
        if (*where, step) not in cache:
            cache[*where, step] = _binned(*pool, step)
        jumps[i] = _binned(*own, step) + expected.shared[rep] * cache[*where, step]
    return _quantiles(jumps, steps, expected.shape[reps], uniforms)


def _step(
    own: tuple[Floats, Floats], pool: tuple[Floats, Floats], shared: float, shape: float
) -> float:
    """Return a power of two, so that reps of a team share a grid, which leaves room for the sum."""
    moments = [float(own[0] @ own[1] ** k + shared * (pool[0] @ pool[1] ** k)) for k in (1, 2)]
    deviation = (moments[1] + moments[0] ** 2 / shape) ** 0.5
    largest = max(own[1].max(initial=0.0), pool[1].max(initial=0.0))
    reach = max(moments[0] + 12 * deviation, 2 * largest, 1e-6)
    return float(2.0 ** np.ceil(np.log2(reach / GRID)))


def _binned(rates: Floats, values: Floats, step: float) -> Floats:
    """Return rates by size on the grid; a size between two points is split so that means hold."""
    place = values / step
    low = np.floor(place).astype(np.int64)
    upper = place - low
    here, next_ = rates * (1 - upper), rates * upper
    found = np.bincount(low, here, GRID) + np.bincount(low + 1, next_, GRID)
    return np.asarray(found, np.float64)


def _quantiles(jumps: Floats, steps: Floats, shape: Floats, uniforms: Floats) -> Floats:
    rates = jumps.sum(axis=1, keepdims=True)
    wave = 1 + (rates - np.fft.rfft(jumps, axis=1)) / shape[:, None]
    chance = np.fft.irfft(np.exp(-shape[:, None] * np.log(wave)), GRID, axis=1)
    below = np.cumsum(np.maximum(chance, 0.0), axis=1)
    below /= below[:, -1:]
    drawn = np.empty(uniforms.shape)
    for i in range(len(steps)):
        drawn[i] = np.searchsorted(below[i], uniforms[i], "right") * steps[i]
    return drawn


class Days(NamedTuple):
    """Working days of the past of what activities count, a line each, ordered by rep."""

    rep: Ints
    value: Floats
    weight: Floats


def day_tables(days: Days, reps: Reps) -> Floats:
    """Return for each rep TABLE values, each as likely as the others to be that of a day to come.

    Days without anything are among them: those of `exposure` that no line tells of.
    """
    number, pools = len(reps.pool), int(reps.pool.max(initial=0)) + 1
    told = np.bincount(days.rep, days.weight, number)
    silent = np.maximum(reps.exposure - told, 0.0)
    tables = np.zeros((number, TABLE))
    silence = np.bincount(reps.pool, silent, pools)
    order, starts = _by_pool(reps.pool[days.rep], pools)
    of_pool = []
    for pool in range(pools):
        theirs = order[starts[pool] : starts[pool + 1]]
        of_pool.append(_table(days.value[theirs], days.weight[theirs], float(silence[pool])))
    ends = np.searchsorted(days.rep, np.arange(number + 1))
    for rep in range(number):
        mine = slice(ends[rep], ends[rep + 1])
        have = round(TABLE * reps.exposure[rep] / (reps.exposure[rep] + PRIOR_DAYS_MIN))
        own = _table(days.value[mine], days.weight[mine], float(silent[rep]))
        tables[rep, :have] = _thinned(own, have)
        tables[rep, have:] = _thinned(of_pool[reps.pool[rep]], TABLE - have)
    return tables


def _table(values: Floats, weights: Floats, silent: float) -> Floats:
    order = np.argsort(values, kind="stable")
    all_values = np.concatenate([[0.0], values[order]])
    below = np.cumsum(np.concatenate([[silent], weights[order]]))
    if below[-1] <= 0:
        return np.zeros(TABLE)
    at = np.searchsorted(below, (np.arange(TABLE) + 0.5) / TABLE * below[-1], "left")
    return np.asarray(all_values[at], np.float64)


def _thinned(table: Floats, number: int) -> Floats:
    at = ((np.arange(number) + 0.5) / max(number, 1) * TABLE).astype(np.int64)
    return np.asarray(table[at], np.float64)


def summed_days(
    tables: Floats, days: Floats, level: float, draws: int, dice: Mapping[int, np.random.Generator]
) -> Floats:
    """Return draws of the sum over so many working days, a row per rep.

    A rep's level is Gamma with mean 1; where all values are whole, so are the sums, by rounding up
    or down with the chances that keep the mean.
    """
    drawn = np.zeros((len(tables), draws))
    for i, table in enumerate(tables):
        luck = dice[i]
        whole = int(days[i])
        bytes_ = luck.integers(0, TABLE, (draws, whole + 1), np.uint8)
        found = table[bytes_]
        found[:, whole] *= luck.random(draws) < days[i] - whole
        total = found.sum(axis=1)
        if level > 0:
            total *= luck.gamma(1 / level, level, draws)
            if not (table % 1).any():
                total = np.floor(total + luck.random(draws))
        drawn[i] = total
    return drawn
