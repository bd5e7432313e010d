"""Habits and character: how much a role does in a day, and how one rep differs from another."""

from functools import cache
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

BINS = 36  # of a working day, a quarter of an hour each for a nine-hour day
WEEKDAY_VOLUME = (0.95, 1.08, 1.1, 1.05, 0.82, 0.6, 0.6)  # Fridays are slow
_VACATION_WEEKS, _SICK_DAYS = 70, 18  # in 1,000: about 3.5 weeks and 4 days a year
_KINDS_OF_CHANCE = {"vacation": 1, "sick": 2}


class Habit(NamedTuple):
    """What a role does on an average day; shares are of its own calls or e-mails."""

    calls: float
    emails: float
    bookings: float
    deals: float
    inbound: float
    automated: float


ROLES = {
    "SDR": Habit(46, 32, 1.5, 0.0, 0.05, 0.35),
    "AE": Habit(15, 25, 0.8, 0.5, 0.14, 0.05),
    "AM": Habit(11, 24, 0.8, 0.45, 0.25, 0.05),
    "SE": Habit(3, 12, 0.2, 0.0, 0.2, 0.0),
    "MANAGER": Habit(5, 18, 0.3, 0.03, 0.2, 0.0),
}
_WORDS = (
    ("SDR", "SDR BDR DEVELOPMENT PROSPECT"),
    ("AM", "AM CSM ACCOUNT_MANAGER CUSTOMER RENEWAL"),
    ("SE", "SE PRESALES ENGINEER SOLUTION"),
    ("MANAGER", "MANAGER LEAD HEAD VP DIRECTOR"),
)


@cache
def role_of(title: str) -> str:
    """Return which of ROLES a role's title stands for; what is not known sells like an AE.

    >>> role_of("sales development rep"), role_of("Account Manager"), role_of("Closer")
    ('SDR', 'AM', 'AE')
    """
    flat = title.upper().replace("ACCOUNT MANAGER", "ACCOUNT_MANAGER").replace("-", " ")
    titled = set(flat.split())
    return next((role for role, words in _WORDS if titled & set(words.split())), "AE")


class Character(NamedTuple):
    """One rep for good.

    Attributes:
        skill: 0 to 1, what odds, talk and pace of deals depend on.
        diligence: factor on the role's volume, about 0.6 to 1.6.
        tidiness: 0 to 1; the untidy type things in late.
        big_game: 0 to 1, how much the rep goes for large customers.
        rhythm: chance that an activity falls into the day up to each bin's end; ends with 1.
    """

    skill: float
    diligence: float
    tidiness: float
    big_game: float
    rhythm: Floats


def character_of(owner_id: str, seed: int) -> Character:
    """Return what a rep is like; it depends on the rep and the seed alone."""
    rng = np.random.default_rng([seed, crc32(owner_id.encode()), 1])
    return Character(
        skill=float(rng.beta(4, 4)),
        diligence=float(np.exp(rng.normal(0, 0.2))),
        tidiness=float(rng.beta(4, 2)),
        big_game=float(rng.beta(2, 3)),
        rhythm=_rhythm(rng),
    )


def is_away(owner_id: str, seed: int, ordinal: int) -> bool:
    """Return whether a rep is on vacation or ill on a day (a proleptic ordinal)."""
    week = (ordinal - 1) // 7  # ordinal 1 was a Monday
    return (
        _chance(owner_id, seed, "vacation", week) < _VACATION_WEEKS
        or _chance(owner_id, seed, "sick", ordinal) < _SICK_DAYS
    )


def _chance(owner_id: str, seed: int, kind: str, number: int) -> int:
    """Return 0 to 999, the same whenever it is asked."""
    return crc32(f"{seed}|{_KINDS_OF_CHANCE[kind]}|{number}|{owner_id}".encode()) % 1000


def _rhythm(rng: np.random.Generator) -> Floats:
    """Two peaks and a lunch break, each rep's own."""
    hour = (np.arange(BINS) + 0.5) / BINS * 9
    morning, afternoon = rng.normal(1.8, 0.5), rng.normal(6.2, 0.6)
    lunch, share = rng.normal(3.8, 0.25), rng.uniform(0.35, 0.65)
    peaks = share * _bell(hour, morning, 1.1) + (1 - share) * _bell(hour, afternoon, 1.3)
    weight = (0.15 + peaks) * (1 - 0.8 * _bell(hour, lunch, 0.4))
    total: Floats = np.cumsum(weight) / weight.sum()
    total[-1] = 1.0
    return total


def _bell(at: Floats, middle: float, width: float) -> Floats:
    bell: Floats = np.exp(-(((at - middle) / width) ** 2) / 2)
    return bell
