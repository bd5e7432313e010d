"""What grows with the facts that are held: backfill, restart, takeover, memory.

Measured with a tenth of the facts and with all of them. All facts have gone through the worker from
Kafka; none was put into the warehouse by hand.
"""

import signal
import time
from collections.abc import Collection
from typing import Any

import numpy as np

from streams.app import SESSION_SECONDS
from streams.heap import GIVE_BACK_SECONDS
from tests.bench.engines import pacesetter
from tests.bench.floor import Log
from tests.bench.ground import Place
from tests.bench.pacing import Pacer
from tests.bench.sampling import memory_mb
from tests.bench.workers import Watch, Worker
from tests.ground import wait_for

SECTIONS = ("backfill", "restart", "memory")
POLL_SECONDS = 0.02
FRESH = 64  # deals, in all partitions of their topic
REST_SECONDS = 2.0  # between the end of a worker and the start of the next
SHARED_SECONDS_MAX = 180.0
QUIET_SECONDS = 5.0  # without a partition moving: a rebalance is over
TAKEOVER_RATE, TAKEOVER_SECONDS = 1_000, 45.0
TAKEOVER_EVENTS = int(TAKEOVER_RATE * TAKEOVER_SECONDS)
Rows = dict[str, list[dict[str, Any]]]


def measured(place: Place, log: Log, live: Log, wanted: Collection[str], times: int) -> Rows:
    """Return rows by section: with the facts of one round, then with those of all.

    Args:
        log: sent round by round.
        live: events that no round has, for the takeover.
        times: how often each restart is done; the median counts.
    """
    found: Rows = {name: [] for name in SECTIONS}
    sent = 0
    for rounds in (1, log.rounds):
        for round_ in range(sent, rounds):
            place.preload(log.sent(round_))
        sent = rounds
        is_last = rounds == log.rounds
        for name, rows in _with(
            place, log, live, rounds=rounds, wanted=wanted, is_last=is_last, times=times
        ).items():
            found[name] += rows
            for row in rows:
                print(f"  {name}: {told(name, row)}", flush=True)
    return {name: rows for name, rows in found.items() if rows}


def told(name: str, row: dict[str, Any]) -> str:
    """Return a row as one line."""
    facts = f"{row['facts']:,} facts"
    if name == "backfill":
        good = "totals right" if row["totals"]["ok"] else f"TOTALS WRONG {row['totals']}"
        return f"{facts} in {row['seconds']:.1f} s, {row['events_per_s']:,}/s; {good}"
    if name == "memory":
        each = ", ".join(f"{k} {v['now']:,.0f} MB" for k, v in row["processes"].items())
        return f"{facts}, {row['when']}: {each} (worker's peak {row['worker_peak_mb']:,.0f} MB)"
    what = f"{facts}, {row['how']}: first new event visible after {row['first_visible_s']:.1f} s"
    return f"{what}, all partitions after {row['all_visible_s']:.1f} s"


def _with(
    place: Place,
    log: Log,
    live: Log,
    *,
    rounds: int,
    wanted: Collection[str],
    is_last: bool,
    times: int,
) -> Rows:
    facts = log.count * rounds
    memory: list[dict[str, Any]] = []

    def at_rest(worker: Worker) -> None:
        memory.append(_memory(worker, facts, "right behind the backfill"))
        time.sleep(GIVE_BACK_SECONDS + REST_SECONDS)
        memory.append(_memory(worker, facts, "at rest after it"))

    run = pacesetter(place, log, rounds, at_rest)
    rows: Rows = {}
    if "backfill" in wanted:
        rows["backfill"] = [
            {
                "facts": facts,
                "seconds": round(run.seconds, 2),
                "events_per_s": round(run.rate),
                "cpu_s_per_million": {
                    name: round(used / facts * 1e6, 2) for name, used in run.cpu.items()
                },
                "totals": run.totals,
                "credits_behind_s": round(run.credits_behind or 0.0, 1),
            }
        ]
    if "restart" in wanted or "memory" in wanted:
        restarts, after = _restarts(place, live, facts, times, is_last and "restart" in wanted)
        memory.append(after)
        if "restart" in wanted:
            rows["restart"] = restarts
    if "memory" in wanted:
        rows["memory"] = memory
    return rows


def _memory(worker: Worker, facts: int, when: str) -> dict[str, Any]:
    found = {name: memory_mb(pid) for name, pid in worker.pids.items()}
    return {
        "facts": facts,
        "when": when,
        "processes": {
            n: {"now": round(m["now"]), "peak": round(m["peak"])} for n, m in found.items()
        },
        "worker_peak_mb": round(found["worker"]["peak"]),
    }


def _restarts(
    place: Place, live: Log, facts: int, times: int, with_takeover: bool
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return restarts of a static member, stopped and killed, and its memory after the last."""
    # A group of its own: it starts at what is applied, as a worker does whose offsets are lost.
    group = place.new_group()
    worker = Worker(place, group, "bench-1")
    worker.wait_applied()
    _wait_merged(place)
    rows = []
    for how in (signal.SIGTERM, signal.SIGKILL):
        seen = []
        for _ in range(times):
            time.sleep(REST_SECONDS)  # its offsets are committed by then
            worker.stop(how)
            time.sleep(REST_SECONDS)
            place.probe(FRESH)
            worker = Worker(place, group, "bench-1")
            first, last = _visible(place, worker)
            seen.append((first, last, worker.started_at() - worker.launched))
        first, last, reading = np.median(seen, axis=0)
        rows.append(
            {
                "facts": facts,
                "how": f"restart of a static member after {how.name}",
                "first_visible_s": round(float(first), 2),
                "all_visible_s": round(float(last), 2),
                "reading_s": round(float(reading), 2),
                "runs": [round(run[0], 2) for run in seen],
            }
        )
    after = _memory(worker, facts, "after a restart")
    if with_takeover:
        rows.append(_takeover(place, live, facts, group, worker))
    worker.stop()
    return rows, after


def _wait_merged(place: Place) -> None:
    """Wait until the warehouse is at rest: what a backfill wrote is merged for minutes after it."""
    quiet_since = time.time()

    def is_quiet() -> bool:
        nonlocal quiet_since
        time.sleep(POLL_SECONDS)
        if place.warehouse.frame("SELECT count() AS n FROM system.merges")["n"][0]:
            quiet_since = time.time()
        return time.time() - quiet_since > QUIET_SECONDS

    wait_for(is_quiet, "merges to end", SHARED_SECONDS_MAX)


def _visible(place: Place, worker: Worker) -> tuple[float, float]:
    """Return the seconds from the launch until the first and the last new event were visible."""
    with Watch(place, POLL_SECONDS) as watch:
        before = watch.total()
        wait_for(lambda: watch.total() > before, "first new event", SHARED_SECONDS_MAX)
        first = time.time() - worker.launched
        wait_for(lambda: watch.total() >= place.records, "all new events", SHARED_SECONDS_MAX)
        return first, time.time() - worker.launched


def _takeover(place: Place, live: Log, facts: int, group: str, first: Worker) -> dict[str, Any]:
    """Return how long a killed worker's partitions stood still; it is the second of two."""
    with Worker(place, group, "bench-2") as second:
        wait_for(lambda: _is_settled(first, second), "two workers sharing", SHARED_SECONDS_MAX)
        mine = len(second.starts())
        pacer = Pacer(place, TAKEOVER_RATE, TAKEOVER_SECONDS, list(live.sent())[:TAKEOVER_EVENTS])
        with Watch(place, POLL_SECONDS) as watch:
            time.sleep(10)
            killed = time.time()
            stands = place.ends()
            second.stop(signal.SIGKILL)
            pacer.wait()
            first.wait_applied()
            time.sleep(1)
        gaps = {
            slot: float(watch.when(slot, np.array([end]))[0]) - killed
            for slot, end in stands.items()
        }
    assert np.isfinite(list(gaps.values())).all(), "a partition stands still"
    return {
        "facts": facts,
        "how": f"takeover after SIGKILL of one of two (it had {mine} partitions)",
        "first_visible_s": round(min(gaps.values()), 2),
        "all_visible_s": round(max(gaps.values()), 2),
        "session_s": SESSION_SECONDS,
        "runs": [round(max(gaps.values()), 2)],
    }


def _is_settled(first: Worker, second: Worker) -> bool:
    starts = [*first.starts(), *second.starts()]
    return bool(second.starts()) and time.time() - max(at for at, _ in starts) > QUIET_SECONDS
