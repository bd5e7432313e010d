"""The book: which deals each rep is working on at the moment, for picking one at random."""

import numpy as np

from connectors.sources.simulator.deals import Deal
from connectors.sources.simulator.habits import Floats, Ints


class Book:
    """Open deals in one list, those of a rep side by side."""

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

    def counts(self) -> Floats:
        """Return how many deals each rep works on."""
        return self._counts.astype(float)
