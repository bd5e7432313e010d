"""The crew: a floor compiled to columns, and who of it is on duty on a day."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple
from zlib import crc32

import numpy as np

from connectors.sources.simulator.floor import Floor, midnight_ms
from connectors.sources.simulator.habits import (
    BINS,
    ROLES,
    WEEKDAY_VOLUME,
    Bools,
    Floats,
    Habit,
    Ints,
    character_of,
    is_away,
    role_of,
)

CONTACTS = 24  # people a rep works on outside of deals
SEARCH_DAYS_MAX = 30  # nobody is away longer; beyond it the rep has left
SHIFTS_KEPT = 64  # days; meetings are booked up to three weeks ahead
MINUTE_MS = 60_000
NOBODY = Habit(0, 0, 0, 0, 0, 0)


class Contact(NamedTuple):
    """A person at a customer."""

    account_id: str
    contact_id: str
    number_hash: str


@dataclass(frozen=True, slots=True)
class Shift:
    """One local calendar day of everybody; columns have an entry for each rep of the floor.

    Attributes:
        on_duty: who works.
        midnight: the start of the day in the rep's zone, ms UTC.
        roles: which of ROLES; empty if not employed.
    """

    day: date
    on_duty: Bools
    midnight: Ints
    calls: Floats
    emails: Floats
    bookings: Floats
    deals: Floats
    inbound: Floats
    automated: Floats
    roles: tuple[str, ...]
    teams: tuple[str, ...]

    def near(self, rep: int, roles: tuple[str, ...], without: Container[int] = ()) -> list[int]:
        """Return who else has one of the roles, of the rep's team alone if there is anybody."""
        fit = [i for i, r in enumerate(self.roles) if r in roles and i != rep and i not in without]
        return [i for i in fit if self.teams[i] == self.teams[rep]] or fit


class Crew:
    """Everybody on a floor, with the character a seed gives them."""

    def __init__(self, floor: Floor, seed: int) -> None:
        self.floor, self.seed = floor, seed
        self.size = len(floor.reps)
        self.owner_ids = tuple(rep.owner_id for rep in floor.reps)
        self.place = {owner_id: i for i, owner_id in enumerate(self.owner_ids)}
        characters = [character_of(owner_id, seed) for owner_id in self.owner_ids]
        self.skill = np.array([c.skill for c in characters])
        self.diligence = np.array([c.diligence for c in characters])
        self.tidiness = np.array([c.tidiness for c in characters])
        self.big_game = np.array([c.big_game for c in characters])
        self.starts = np.array([rep.day_starts for rep in floor.reps], np.int64) * MINUTE_MS
        self.lasts = np.array([rep.day_ends for rep in floor.reps], np.int64) * MINUTE_MS
        self.lasts -= self.starts
        # One ascending row of all rhythms: a single search finds everybody's bin.
        self._rhythms = np.concatenate([c.rhythm + i for i, c in enumerate(characters)])
        self._holidays = {s.holidays: frozenset(s.holidays) for r in floor.reps for s in r.spells}
        self._shifts: dict[date, Shift] = {}

    @cached_property
    def contacts(self) -> tuple[tuple[Contact, ...], ...]:
        """The people each rep works on outside of deals."""
        return tuple(
            tuple(_contact(f"{self.seed}-{owner_id}-{k}") for k in range(CONTACTS))
            for owner_id in self.owner_ids
        )

    def shift(self, day: date) -> Shift:
        """Return who is on duty on a local calendar day, and how busy."""
        found = self._shifts.get(day)
        if found is None:
            if len(self._shifts) >= SHIFTS_KEPT:
                del self._shifts[min(self._shifts)]
            found = self._shifts[day] = self._made(day)
        return found

    def times(self, shift: Shift, who: Ints, rng: np.random.Generator) -> Ints:
        """Return an instant in ms for each of `who`, within working hours and in rhythm."""
        draw = rng.random((2, len(who)))
        bins = np.searchsorted(self._rhythms, who + draw[0], side="right") - who * BINS
        share = (np.minimum(bins, BINS - 1) + draw[1]) / BINS
        at: Ints = shift.midnight[who] + self.starts[who] + (share * self.lasts[who]).astype(int)
        return at

    def working_day(self, rep: int, after: date, steps: int, skip: int = 0) -> date | None:
        """Return the rep's n-th working day after a day (before it if `steps` is negative).

        None: there is none near, the rep leaves.

        Args:
            skip: calendar days passed over first.
        """
        way, left = (1 if steps > 0 else -1), abs(steps)
        day = after + timedelta(days=skip)
        for _ in range(SEARCH_DAYS_MAX + abs(steps)):
            day += timedelta(days=way)
            left -= bool(self.shift(day).on_duty[rep])
            if not left:
                return day
        return None

    def _works(self, rep: int, day: date) -> bool:
        """Return whether a rep works on a day."""
        someone = self.floor.reps[rep]
        spell = someone.spell_on(day)
        return (
            spell is not None
            and day.isoweekday() in spell.working_days
            and day not in self._holidays[spell.holidays]
            and not is_away(someone.owner_id, self.seed, day.toordinal())
        )

    def midnight(self, rep: int, day: date) -> int:
        """Return the start of a rep's local day in ms UTC."""
        someone = self.floor.reps[rep]
        spell = someone.spell_on(day) or someone.spells[-1]
        return midnight_ms(day, spell.time_zone)

    def _made(self, day: date) -> Shift:
        spells = [rep.spell_on(day) for rep in self.floor.reps]
        on_duty = np.array([self._works(i, day) for i in range(self.size)])
        roles = tuple(role_of(s.role) if s else "" for s in spells)
        habits = np.array([ROLES.get(r, NOBODY) for r in roles]).T
        volume = self.diligence * on_duty * WEEKDAY_VOLUME[day.weekday()]
        calls, emails, bookings, deals = habits[:4] * volume
        return Shift(
            day,
            on_duty,
            np.array([self.midnight(i, day) for i in range(self.size)], np.int64),
            calls,
            emails,
            bookings,
            deals,
            inbound=habits[4],
            automated=habits[5],
            roles=roles,
            teams=tuple(s.team_id if s else "" for s in spells),
        )


def _contact(name: str) -> Contact:
    number = crc32(name.encode())
    return Contact(
        f"acc-{number:08x}", f"con-{number:08x}-1", f"{number * 0x9E3779B97F4A7C15:032x}"[-16:]
    )
