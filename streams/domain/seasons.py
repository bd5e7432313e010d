"""How busy days are: seasons of the year and the rush at the end of months and quarters, learned.

A month is compared with the year around it, so that growth is no season. Little evidence leaves
every day alike: an even year weighs as much as PRIOR_WINS wins in each month and each position.
"""

from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

PRIOR_WINS = 60.0
MONTHS = 12
# Days before the end of a month up to which its last two positions reach.
LAST_DAYS, LATE_DAYS = 7, 14
# In the last month of a quarter, else: early or middle, late, last; then the quarter's first days.
POSITIONS = 7
FIRST_DAYS = 14
SPELL_DAYS = 28
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Season(NamedTuple):
    """Factors by month of the year (January first) and by position, 1 = as the average day."""

    months: Floats
    positions: Floats
    quarter_start: int

    def weights(self, first: date, number: int) -> Floats:
        """Return the factors of consecutive days."""
        days = np.datetime64(first) + np.arange(number)
        position = positions_of(days, self.quarter_start)
        return np.asarray(self.months[_month(days)] * self.positions[position], np.float64)


def even(quarter_start: int = 1) -> Season:
    """Return the season of a place where every day is like the others."""
    return Season(np.ones(MONTHS), np.ones(POSITIONS), quarter_start)


def learned(first: date, wins: Floats, works: Floats, quarter_start: int) -> Season:
    """Return the season that the past shows; an even one if it is shorter than a year.

    Args:
        first: first day told of; the last one is the newest that is over.
        wins: of the whole company, per day.
        works: 1 for a working day, else 0.
        quarter_start: a month (1 to 12) in which a fiscal quarter begins.
    """
    days = np.datetime64(first) + np.arange(len(wins))
    if len(wins) < 366:
        return even(quarter_start)
    months = _months(days, wins, works)
    usual = works * months[_month(days)]
    around = _around(wins, usual)
    position = positions_of(days, quarter_start)
    found = np.bincount(position, wins, POSITIONS)
    asked = np.bincount(position, usual * around, POSITIONS)
    factors = (found + PRIOR_WINS) / (asked + PRIOR_WINS)
    share = np.bincount(position, minlength=POSITIONS) / len(days)
    return Season(months, factors / float(factors @ share), quarter_start)


def common_variance(season: Season, first: date, wins: Floats, works: Floats) -> float:
    """Return the squared variation of everybody's level together between spells of four weeks.

    What remains when chance and the season are taken off: good and bad times for the whole company.
    """
    number = len(wins) // SPELL_DAYS * SPELL_DAYS
    if number < 6 * SPELL_DAYS:
        return 0.0
    usual = works * season.weights(first, len(wins))
    expected = (usual * _around(wins, usual))[-number:].reshape(-1, SPELL_DAYS).sum(axis=1)
    found = wins[-number:].reshape(-1, SPELL_DAYS).sum(axis=1)
    over = ((found - expected) ** 2 - expected).sum()
    return min(0.25, max(0.0, float(over / max(float((expected**2).sum()), 1e-9))))


def positions_of(days: npt.NDArray[np.datetime64], quarter_start: int) -> Ints:
    """Return where in its month and quarter each day lies."""
    months = days.astype("M8[M]")
    to_end = ((months + 1).astype("M8[D]") - days).astype(np.int64)
    since = (days - months.astype("M8[D]")).astype(np.int64)
    of_quarter = (months.astype(np.int64) - (quarter_start - 1)) % 3
    tail = np.where(to_end <= LAST_DAYS, 2, np.where(to_end <= LATE_DAYS, 1, 0))
    place = np.where(of_quarter == 2, tail, tail + 3)
    return np.where((of_quarter == 0) & (since < FIRST_DAYS), 6, place).astype(np.int64)


def _months(days: npt.NDArray[np.datetime64], wins: Floats, works: Floats) -> Floats:
    expected = works * _around(wins, works)
    month = _month(days)
    found = np.bincount(month, wins, MONTHS)
    asked = np.bincount(month, expected, MONTHS)
    factors = (found + PRIOR_WINS) / (asked + PRIOR_WINS)
    return np.asarray(factors / factors.mean(), np.float64)


def _around(wins: Floats, usual: Floats) -> Floats:
    """Return wins per usual day in the year around each day."""
    half, number = 183, len(wins)
    begin = np.clip(np.arange(number) - half, 0, max(0, number - 2 * half))
    end = np.minimum(begin + 2 * half, number)
    total, days = (np.concatenate([[0.0], np.cumsum(x)]) for x in (wins, usual))
    return np.asarray((total[end] - total[begin]) / np.maximum(days[end] - days[begin], 1e-9))


def _month(days: npt.NDArray[np.datetime64]) -> Ints:
    return np.asarray(days.astype("M8[M]").astype(np.int64) % MONTHS)
