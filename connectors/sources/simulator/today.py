"""Today: everything a single day's stories are told from."""

from dataclasses import dataclass
from random import Random

import numpy as np

from connectors.sources.simulator.crew import MINUTE_MS, Contact, Crew, Shift
from connectors.sources.simulator.deals import Deal
from connectors.sources.simulator.dials import Dials
from connectors.sources.simulator.habits import Ints
from connectors.sources.simulator.stories import Names

SLOT_MIN = 30  # meetings start on the hour or half past


class Book:
    """Which deals each rep works on: one list, those of a rep side by side."""

    def __init__(self, by_owner: list[list[Deal]]) -> None:
        self.deals = [deal for owned in by_owner for deal in owned]
        self._counts = np.array([len(owned) for owned in by_owner], np.int64)
        self._firsts = np.cumsum(self._counts) - self._counts

    def picks(self, who: Ints, share: float, rng: np.random.Generator) -> Ints:
        """Return for each rep the place of one of the rep's deals, or -1: none or another matter.

        Args:
            share: how much of what a rep does is about deals.
        """
        u = rng.random((2, len(who)))
        counts = self._counts[who]
        place = self._firsts[who] + (u[0] * counts).astype(np.int64)
        picked: Ints = np.where((counts > 0) & (u[1] < share), place, -1)
        return picked

    def touch(self, places: Ints, weight: float) -> None:
        """Note that something was said about these deals; it moves their odds."""
        for place in places[places >= 0].tolist():
            self.deals[place].touches += weight


class Diary:
    """Which half hours of which rep are taken, so that nobody sits in two meetings at once."""

    def __init__(self) -> None:
        self._taken: set[tuple[int, int]] = set()

    def take(self, rep: int, start: int, length_min: int) -> bool:
        """Return whether the time was free; it is taken now."""
        first = start // (SLOT_MIN * MINUTE_MS)
        slots = {(rep, first + i) for i in range(-(-length_min // SLOT_MIN))}
        if slots & self._taken:
            return False
        self._taken |= slots
        return True

    def forget_before(self, at: int) -> None:
        """Drop what is over."""
        first = at // (SLOT_MIN * MINUTE_MS)
        self._taken = {(rep, slot) for rep, slot in self._taken if slot >= first}


@dataclass(frozen=True, slots=True)
class Today:
    """One day: who is on duty, what they work on, and its chance.

    Attributes:
        rng: chance of columns.
        dice: chance of single things.
        way: chance of what happens on the way to Kafka; apart, so that it changes no content.
    """

    crew: Crew
    shift: Shift
    book: Book
    diary: Diary
    names: Names
    dials: Dials
    rng: np.random.Generator
    dice: Random
    way: np.random.Generator

    def person(self, rep: int, place: int, pick: int) -> tuple[str | None, Contact]:
        """Return whom it is about: the deal at a place in the book, else one of the rep's contacts.

        Args:
            pick: any number; decides which contact.
        """
        if place >= 0:
            deal = self.book.deals[place]
            return deal.entity_id, deal.contact
        contacts = self.crew.contacts[rep]
        return None, contacts[pick % len(contacts)]
