"""Workers of Pacesetter, watched: when they began, what they have applied, when it was visible."""

import re
import signal
import subprocess
import time
import urllib.request
from types import TracebackType
from typing import Any, Self

import numpy as np

from tests.bench.ground import IS_FACT, Place
from tests.bench.repeating import Repeating
from tests.ground import stop, wait_for

SECONDS_MAX = 900
LOOK_SECONDS = 0.2
SETTLE_SECONDS, SETTLE_SECONDS_MAX = 2.0, 600.0
_STARTS = re.compile(r"^\[([\d-]+ [\d:]+),(\d+)\].* (\S+) starts at offset", re.MULTILINE)
Slot = tuple[str, int]


class Worker:
    """One worker process."""

    def __init__(self, place: Place, group: str, instance: str | None = None) -> None:
        self._place = place
        env = {"PACESETTER_KAFKA_GROUP": group}
        if instance is not None:
            env["PACESETTER_KAFKA_INSTANCE_ID"] = instance
        self._log = place.folder / f"worker-{len(place.site.workers)}.log"
        self.launched = time.time()
        self.process: subprocess.Popen[Any] = place.site.start_worker(**env)
        self.metrics_port = place.site.metrics_port
        self.pids = {"worker": self.process.pid, **place.pids._asdict()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self, how: int = signal.SIGTERM) -> None:
        """End it."""
        stop(self.process, how)

    def starts(self) -> list[tuple[float, str]]:
        """Return when it began to read which partitions."""
        return [
            (_instant(moment) + int(millis) / 1000, name)
            for moment, millis, name in _STARTS.findall(self._log.read_text())
        ]

    def started_at(self) -> float:
        """Return when it began to read its first partition."""
        starts = self.starts()
        assert starts, self._log.read_text()[-3000:]
        return starts[0][0]

    def wait_applied(self) -> None:
        """Wait until all there is has been applied."""

        def is_there() -> bool:
            assert self.process.poll() is None, self._log.read_text()[-3000:]
            time.sleep(LOOK_SECONDS)  # looking costs the warehouse something, too
            return sum(self._place.applied().values()) >= self._place.records

        wait_for(is_there, "all applied", SECONDS_MAX)

    def wait_settled(self) -> float:
        """Return when the credits of the facts were applied, waiting until nothing moves."""
        sql = (
            "SELECT toUnixTimestamp64Milli(max(applied_at)) AS at, toUInt64(count()) AS n "
            "FROM spm.applied"
        )
        until, before, still = time.time() + SETTLE_SECONDS_MAX, -1, time.time()
        while time.time() < until and time.time() - still < SETTLE_SECONDS:
            time.sleep(LOOK_SECONDS)
            at, n = self._place.warehouse.frame(sql).row(0)
            if n != before:
                before, still = n, time.time()
        return int(at) / 1000

    def metrics(self) -> str:
        """Return what it tells of itself."""
        url = f"http://127.0.0.1:{self.metrics_port}/metrics"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return str(answer.read().decode())


def finished_at(place: Place) -> float:
    """Return when the newest flush was made known."""
    rows = place.warehouse.frame(
        f"SELECT toUnixTimestamp64Milli(max(applied_at)) AS at FROM spm.applied WHERE {IS_FACT}"
    )
    return int(rows["at"][0]) / 1000


def _instant(moment: str) -> float:
    return time.mktime(time.strptime(moment, "%Y-%m-%d %H:%M:%S"))  # its log has local times


class Watch(Repeating):
    """Asks the warehouse all the time how far each partition is applied, as a reader sees it.

    A flush is applied after its history and its results, so what is applied is visible in all.
    """

    def __init__(self, place: Place, every_seconds: float) -> None:
        super().__init__(every_seconds)
        self._place = place
        self._reached: dict[Slot, int] = {}
        self._seen: dict[Slot, list[tuple[float, int]]] = {}
        self.asked_seconds: list[float] = []

    def total(self) -> int:
        """Return how many records have been seen to be applied."""
        return sum(self._reached.copy().values())

    def reached(self) -> dict[Slot, int]:
        """Return how far each partition has been seen to be applied."""
        return self._reached.copy()

    def when(self, slot: Slot, offsets: Any) -> Any:
        """Return the instants at which records of a partition were seen; infinite: never."""
        seen = self._seen.get(slot, [])
        at = np.array([t for t, _ in seen] + [np.inf])
        return at[np.searchsorted([reached for _, reached in seen], offsets, side="right")]

    def _look(self) -> None:
        began = time.perf_counter()
        found = self._place.applied()
        self.asked_seconds.append(time.perf_counter() - began)
        now = time.time()
        for slot, reached in found.items():
            if reached > self._reached.get(slot, 0):
                self._reached[slot] = reached
                self._seen.setdefault(slot, []).append((now, reached))
