"""What processes use, read from /proc: processor seconds between two instants, memory."""

import os
import time
from bisect import bisect_left
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from tests.bench.repeating import Repeating

TICKS = os.sysconf("SC_CLK_TCK")
EVERY_SECONDS = 0.05  # a tick of the kernel's own count is 10 ms
MB = 1 << 20


def idle_seconds() -> float:
    """Return for how long cores of this machine have had nothing to do, all of them together."""
    first = Path("/proc/stat").read_text().splitlines()[0]
    return int(first.split()[4]) / TICKS


def cpu_seconds(pid: int) -> float:
    """Return the processor time a process has used, all threads; 0 once it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def thread_seconds(pid: int) -> dict[str, float]:
    """Return the processor time of each thread of a process, by its name."""
    found: dict[str, float] = {}
    for folder in Path(f"/proc/{pid}/task").glob("*"):
        name, rest = (folder / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
        fields = rest.split()
        used = (int(fields[11]) + int(fields[12])) / TICKS
        found[name] = found.get(name, 0.0) + used
    return found


def memory_mb(pid: int) -> dict[str, float]:
    """Return what a process holds in memory now and at most so far, in MB."""
    lines = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    return {
        "now": int(lines["VmRSS"].split()[0]) * 1024 / MB,
        "peak": int(lines["VmHWM"].split()[0]) * 1024 / MB,
    }


class Sampler(Repeating):
    """Samples processor time of processes, so that it can be asked for any two instants later."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        super().__init__(EVERY_SECONDS)
        self._pids = dict(pids)
        self._samples: dict[str, list[tuple[float, float]]] = {name: [] for name in pids}

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, at)
        self._look()

    def used(self, name: str, began: float, ended: float) -> float:
        """Return the seconds a process used between two instants of time.time()."""
        return self._at(name, ended) - self._at(name, began)

    def _look(self) -> None:
        for name, pid in self._pids.items():
            used = cpu_seconds(pid)
            if used:  # not once it has ended
                self._samples[name].append((time.time(), used))

    def _at(self, name: str, instant: float) -> float:
        samples = self._samples[name]
        after = bisect_left(samples, (instant, 0.0))
        if after == 0:
            return samples[0][1]
        if after == len(samples):
            return samples[-1][1]
        (t0, u0), (t1, u1) = samples[after - 1], samples[after]
        return u0 + (u1 - u0) * (instant - t0) / (t1 - t0)
