"""Texts that lie in one stretch of bytes: where each begins and ends, and no object for any."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

I64 = npt.NDArray[np.int64]
ABSENT = -1  # where a text that is not there begins and ends


@dataclass(frozen=True, slots=True, eq=False)
class Slices:
    """Some texts, in order of where they begin; one that is absent begins and ends at ABSENT."""

    data: bytes
    starts: I64
    ends: I64

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.starts)

    def at(self, row: int) -> bytes | None:
        """Return one of them."""
        start = int(self.starts[row])
        return None if start == ABSENT else self.data[start : int(self.ends[row])]

    def each(self) -> Iterator[bytes]:
        """Yield them, an absent one as an empty one."""
        return map(self.data.__getitem__, map(slice, self.starts.tolist(), self.ends.tolist()))

    def chosen(self, rows: Sequence[int] | I64) -> "Slices":
        """Return some of them, in order."""
        if len(rows) == len(self):
            return self
        at = np.asarray(rows, np.int64)
        return Slices(self.data, self.starts[at], self.ends[at])

    def up_to(self, ends: I64) -> "Slices":
        """Return each of them with another end."""
        return replace(self, ends=ends)

    def behind(self, size: int) -> "Slices":
        """Return what stands behind the first bytes of each; each has so many."""
        return replace(self, starts=self.starts + size)

    def array(self) -> pa.Array:
        """Return them as a column; an absent one is empty.

        The stretches between them are elements of a column over the same bytes, which leaves them
        out: so each text is copied once, and by Arrow.
        """
        bounds = np.empty(2 * len(self) + 1, np.int64)
        bounds[:-1:2], bounds[1::2], bounds[-1] = self.starts, self.ends, len(self.data)
        np.maximum.accumulate(bounds, out=bounds)  # absent ones lie nowhere
        buffers = [None, pa.py_buffer(bounds), pa.py_buffer(self.data)]
        every = pa.Array.from_buffers(pa.large_binary(), 2 * len(self), buffers)
        wanted = pa.py_buffer(np.arange(0, 2 * len(self), 2))
        return every.take(pa.Array.from_buffers(pa.int64(), len(self), [None, wanted]))


def slices_of(texts: Sequence[bytes | None]) -> Slices:
    """Return texts as slices of all of them joined."""
    ends = np.cumsum([len(text or b"") for text in texts], dtype=np.int64)
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])[: len(texts)]
    missing = np.fromiter((text is None for text in texts), np.bool_, len(texts))
    starts, ends = np.where(missing, ABSENT, starts), np.where(missing, ABSENT, ends)
    return Slices(b"".join(filter(None, texts)), starts, ends)


def joined(parts: Sequence[Slices]) -> Slices:
    """Return the texts of all parts, in order."""
    if len(parts) == 1:
        return parts[0]
    shifts = np.cumsum([0, *(len(part.data) for part in parts[:-1])])
    starts = _moved([part.starts for part in parts], shifts)
    ends = _moved([part.ends for part in parts], shifts)
    return Slices(b"".join(part.data for part in parts), starts, ends)


def _moved(places: Sequence[I64], shifts: I64) -> I64:
    return np.concatenate(
        [
            np.where(some == ABSENT, ABSENT, some + by)
            for some, by in zip(places, shifts, strict=True)
        ]
    )
