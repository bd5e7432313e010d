"""From produce to visible: in ClickHouse as a polling reader sees it, and in the board's stream.

A record is sent when librdkafka takes it (its Kafka time stamp). It is visible in ClickHouse when a
query that is asked again and again answers that it is applied, history and results being in by
then; what the query itself takes and the pause between two are part of the figure and told beside
it. It is visible on the board when the stream of a viewer brings a snapshot that has counted it:
ten times a second a deal of 1 EUR is won by a rep who does nothing else.
"""

import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import httpx
import numpy as np
from confluent_kafka import Consumer, TopicPartition

from connectors.principals import PrincipalFile
from infra.local import plan
from infra.local.ports import free_port
from infra.local.processes import Child
from infra.local.secrets import principals_path
from schemas.principals import Principal, Role
from tests.bench import inserts
from tests.bench.floor import Log
from tests.bench.ground import Place
from tests.bench.pacing import Pacer
from tests.bench.profiling import steps
from tests.bench.sampling import cpu_seconds, idle_seconds
from tests.bench.workers import Watch, Worker

POLL_SECONDS = 0.1  # asking oftener took half a core from what is measured
# A broker that has just begun compiles itself for half a minute, which at 1,000 events/s takes as
# much of the machine as all the rest; those who live with it see one that has run for days.
COMPILE_SECONDS = 30.0
WARM_SECONDS = 2.0  # of each rate left out: connections, first days
PROBES = 10  # a second
SETTLE_SECONDS = 1.5  # what the board shows last


def measured(
    place: Place, log: Log, rates: Sequence[int], seconds: float, with_board: bool
) -> list[dict[str, Any]]:
    """Return a row for each rate. What stands in the topics is worked off first."""
    place.clear()
    rows = []
    with Worker(place, place.new_group()) as worker:
        worker.wait_applied()
        with _board(place, with_board) as viewer:
            _warm_up(place, log, len(rates) + 1, rates[0], min(COMPILE_SECONDS, seconds))
            for round_, rate in enumerate(rates, start=1):  # round 0 stands in the topics already
                events = _tail(log, round_, int(rate * seconds))
                rows.append(_row(place, worker, viewer, rate=rate, seconds=seconds, events=events))
                print(told(rows[-1]), flush=True)
    return rows


def _warm_up(place: Place, log: Log, round_: int, rate: int, seconds: float) -> None:
    Pacer(place, rate, seconds, _tail(log, round_, int(rate * seconds))).wait()


def told(row: dict[str, Any]) -> str:
    """Return a row as one line."""
    visible = row["to_clickhouse_ms"]
    line = f"  {row['rate']:,}/s: ClickHouse p50 {visible['p50']:.0f} p99 {visible['p99']:.0f} ms"
    board = row["to_board_ms"]
    if board:
        line += f"; board p50 {board['p50']:.0f} p99 {board['p99']:.0f} ms"
    used = ", ".join(f"{name} {share:.0%}" for name, share in row["cpu_share"].items())
    return (
        f"{line}; {row['records']:,} records; of a core: {used}; "
        f"idle {row['cores_idle']:.0%} of a core; {_of_a_flush(row['flushes'])}"
    )


def _of_a_flush(flushes: dict[str, Any]) -> str:
    steps = ", ".join(f"{name} {ms:.0f}" for name, ms in flushes["steps_ms"].items())
    return f"{flushes['per_s']} flushes/s of {flushes['ms']:.0f} ms: {steps}"


def _tail(log: Log, round_: int, count: int) -> list[Any]:
    """Return the newest records of a round."""
    assert count <= log.count, f"the log of {log.count} is too short for {count} events"
    return list(log.sent(round_, log.count - count))


def _row(
    place: Place, worker: Worker, viewer: "Viewer", *, rate: int, seconds: float, events: list[Any]
) -> dict[str, Any]:
    starts = place.applied()
    # Who sends and who looks take part of the same machine; the row says how much.
    pids = worker.pids | viewer.pids | {"bench": os.getpid()}
    before = {name: cpu_seconds(pid) for name, pid in pids.items()}
    blocks, idle, flushed = inserts.blocks(place), idle_seconds(), steps(worker)
    with Watch(place, POLL_SECONDS) as watch:
        told = Pacer(place, rate, seconds, events, PROBES).wait()
        left = (idle_seconds() - idle) / told["seconds"]
        flushes = flushed.until(steps(worker))
        used = {name: cpu_seconds(pid) - before[name] for name, pid in pids.items()}
        worker.wait_applied()
        inserted = inserts.between(place, blocks, told["seconds"])
        time.sleep(SETTLE_SECONDS)
    since = told["began"] + WARM_SECONDS
    waits = _waits(place, starts, watch, since)
    return {
        "rate": rate,
        "seconds": round(told["seconds"], 1),
        "records": len(waits),
        "to_clickhouse_ms": quantiles(waits),
        "to_board_ms": quantiles(viewer.waits(told["probes"], since)),
        "poll_ms": {
            "pause": POLL_SECONDS * 1_000,
            "query_p50": round(float(np.median(watch.asked_seconds)) * 1_000, 1),
        },
        "producer_behind_ms_max": told["behind_ms_max"],
        "cpu_share": {name: round(u / told["seconds"], 3) for name, u in used.items()},
        "cores_idle": round(left, 2),
        "inserts_per_s": inserted,
        "flushes": flushes,
    }


def quantiles(seconds: Any) -> dict[str, Any] | None:
    """Return waits in ms; None: there are none. Infinite ones are counted as never."""
    if not len(seconds):
        return None
    lost = int(np.isinf(seconds).sum())
    p50, p99, most = np.quantile(np.asarray(seconds) * 1_000, [0.5, 0.99, 1.0], method="higher")
    found = {"p50": round(p50, 1), "p99": round(p99, 1), "max": round(most, 1), "of": len(seconds)}
    return found | ({"never": lost} if lost else {})


def _waits(place: Place, starts: dict[Any, int], watch: Watch, since: float) -> Any:
    """Return the seconds each record waited to be visible, read back with its time stamp."""
    found = []
    for slot, stamps in _stamps(place, starts, watch.reached()).items():
        visible = watch.when(slot, np.array([offset for offset, _ in stamps]))
        sent = np.array([at for _, at in stamps])
        found.append((visible - sent)[sent >= since])
    return np.concatenate(found)


def _stamps(
    place: Place, starts: dict[Any, int], ends: dict[Any, int]
) -> dict[Any, list[tuple[int, float]]]:
    reader = Consumer(
        {
            **place.site.settings.kafka_config(),
            "group.id": "bench-stamps",
            "enable.auto.commit": False,
            "fetch.queue.backoff.ms": 10,
        }
    )
    reader.assign([TopicPartition(topic, n, start) for (topic, n), start in starts.items()])
    found: dict[Any, list[tuple[int, float]]] = {slot: [] for slot in starts}
    left = sum(ends[slot] - starts[slot] for slot in starts)
    while left:
        batch = reader.consume(10_000, 5.0)
        assert batch, f"{left} records could not be read back"
        for record in batch:
            slot = (record.topic(), record.partition())
            if record.offset() < ends[slot]:
                found[slot].append((record.offset(), record.timestamp()[1] / 1_000))
                left -= 1
    reader.close()
    return found


# The board.


class Viewer:
    """One viewer of the board: when it saw how many probes. Without a board it sees nothing."""

    def __init__(self, place: Place, url: str, token: str, pid: int | None) -> None:
        self.pids = {} if pid is None else {"board": pid}
        self._place, self._url, self._token = place, url, token
        self._seen: list[tuple[float, int]] = []
        self._stop = False
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        if self.pids:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._stop = True

    def waits(self, probes: Sequence[tuple[int, float]], since: float) -> list[float]:
        """Return the seconds each probe waited until a snapshot had counted it."""
        if not self.pids or not probes:
            return []
        at = np.array([t for t, _ in self._seen] + [np.inf])
        counts = [count for _, count in self._seen]
        already = self._place.probed - len(probes)  # the board sums up all there ever were
        found = []
        for i, (_, sent) in enumerate(probes, start=1):
            if sent >= since:
                found.append(float(at[np.searchsorted(counts, already + i)]) - sent)
        return found

    def _read(self) -> None:
        headers = {"authorization": f"Bearer {self._token}"}
        url = f"{self._url}/events?period=quarter&by=revenue"
        with httpx.stream("GET", url, headers=headers, timeout=60) as answer:
            for line in answer.iter_lines():
                if self._stop:
                    return
                if line.startswith("data: ") and '"rows"' in line:
                    self._note(json.loads(line[6:]))

    def _note(self, snapshot: dict[str, Any]) -> None:
        now = time.time()
        for row in snapshot["rows"]:
            if row["id"] == self._place.prober_rep:
                self._seen.append((now, int(float(row["value"]))))


@contextmanager
def _board(place: Place, wanted: bool) -> Iterator[Viewer]:
    if not wanted:
        with Viewer(place, "", "", None) as viewer:
            yield viewer
        return
    settings = place.site.settings.model_copy(update={"board_port": free_port()})
    token = PrincipalFile(principals_path(settings.data_dir)).add(Principal("tv", Role.DISPLAY))
    place.probe(1)  # so that the rep is in the first snapshot
    child = Child(plan.board(settings), place.folder)
    try:
        child.wait_ready()
        url = plan.url(settings, settings.board_port)
        with Viewer(place, url, token, child.pid) as viewer:
            yield viewer
    finally:
        child.stop()
