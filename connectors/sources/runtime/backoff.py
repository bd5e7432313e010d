"""How long to wait before trying again: ever longer, never in step with others."""

import random

FIRST_SECONDS = 1.0
MOST_SECONDS = 300.0  # whoever mends something sees it work within five minutes


class Backoff:
    """Pauses of one loop."""

    def __init__(self, first: float = FIRST_SECONDS, most: float = MOST_SECONDS) -> None:
        self._first, self._most = first, most
        self._next = first

    def reset(self) -> None:
        """Begin again with a short pause: something worked."""
        self._next = self._first

    def pause(self, asked: float | None = None) -> float:
        """Return how many seconds to wait; never less than the vendor asked for."""
        seconds = self._next * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
        self._next = min(self._next * 2, self._most)
        return seconds if asked is None else asked + seconds * 0.1
