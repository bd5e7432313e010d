"""A map from 64-bit keys to a position and a value, in sorted arrays: 24 bytes an entry.

New keys go to a young part that joins the old one when it has grown to a share of it. So a few new
keys do not move all of the old ones, and the moves of an entry are as many as the map has doublings
of a few.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
YOUNG_MIN, YOUNG_SHARE = 1_024, 8  # entries; one part in so many


class _Run(NamedTuple):
    keys: U64
    positions: I64
    values: I64

    def places(self, keys: U64) -> tuple[I64, npt.NDArray[np.bool_]]:
        """Return where keys stand or would stand, and which are there."""
        at = np.searchsorted(self.keys, keys)
        if not len(self.keys):
            return at, np.zeros(len(keys), np.bool_)
        at[at == len(self.keys)] = 0
        return at, self.keys[at] == keys

    def joined(self, other: "_Run") -> "_Run":
        keys = np.concatenate([self.keys, other.keys])
        order = np.argsort(keys, kind="stable")
        positions = np.concatenate([self.positions, other.positions])
        values = np.concatenate([self.values, other.values])
        return _Run(keys[order], positions[order], values[order])


def _empty() -> _Run:
    return _Run(np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.int64))


class Ordered:
    """The map. Keys of one call are distinct; a sorted call is the faster one."""

    def __init__(self) -> None:
        self._old, self._young = _empty(), _empty()

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self._old.keys) + len(self._young.keys)

    def holds(self, keys: U64) -> npt.NDArray[np.bool_]:
        """Return which keys are there."""
        return self._old.places(keys)[1] | self._young.places(keys)[1]

    def read(self, keys: U64, absent: tuple[int, int]) -> tuple[I64, I64]:
        """Return positions and values of keys; `absent` for one that is not there."""
        positions = np.full(len(keys), absent[0], np.int64)
        values = np.full(len(keys), absent[1], np.int64)
        for run in (self._old, self._young):
            at, there = run.places(keys)
            positions[there], values[there] = run.positions[at[there]], run.values[at[there]]
        return positions, values

    def write(self, keys: U64, positions: I64, values: I64) -> None:
        """Set positions and values of keys, new ones among them."""
        for run in (self._old, self._young):
            at, there = run.places(keys)
            run.positions[at[there]], run.values[at[there]] = positions[there], values[there]
            new = ~there
            keys, positions, values = keys[new], positions[new], values[new]
        if len(keys):
            self._young = self._young.joined(_Run(keys, positions, values))
            if len(self._young.keys) > max(YOUNG_MIN, len(self._old.keys) // YOUNG_SHARE):
                self._old, self._young = self._old.joined(self._young), _empty()
