"""What a million events cost: processor seconds of worker, warehouse and broker, each apart.

    python -m tests.bench.engine_cost --reps 1000 --events 500000

Events are made once per (reps, events) and kept; they are in the broker before the worker starts,
so nothing but the worker sets the pace. Processor time and not the clock is what is compared: a
machine has other things to do. Totals are compared with a count that shares no code with the
engine.
"""

import argparse
import os
import pickle
import shutil
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from connectors.sinks.kafka import Publisher
from schemas.topics import FACTS
from schemas.warehouse import Message
from tests.ground import Site, site, stop, wait_for
from tests.load import Floor, Sums, definitions, encoded

PARTITIONS = 8
PER_REP_AND_DAY = 100
AGAIN = 0.02  # a third of it duplicates and stale, the rest corrections
KEPT = Path(tempfile.gettempdir()) / "pacesetter-bench"


class Work(NamedTuple):
    events: list[tuple[str, bytes, bytes]]
    sums: Sums


def work_of(reps: int, count: int) -> Work:
    """Return the events, made now or the last time."""
    path = KEPT / f"{reps}-{count}.pickle"
    if not path.exists():
        KEPT.mkdir(exist_ok=True)
        per_day = max(50_000, reps * PER_REP_AND_DAY)
        floor = Floor(7, reps=reps, again=AGAIN, per_day=per_day)
        work = Work(list(encoded(floor.events(count))), floor.sums())
        path.write_bytes(pickle.dumps(tuple(work), 5))
    return Work(*pickle.loads(path.read_bytes()))  # noqa: S301 - our own file


def cpu(pid: int) -> complex:
    """User seconds, and system seconds as the imaginary part."""
    used = psutil.Process(pid).cpu_times()
    return complex(used.user, used.system)


def cpu_by_process(made: Site, warehouse: int) -> dict[str, complex]:
    return {
        "worker": cpu(made.workers[-1].pid),
        "warehouse": cpu(warehouse),
        "broker": cpu(made.broker.pid),
    }


def run(reps: int, count: int, env: dict[str, str], profile: str | None) -> None:
    work = work_of(reps, count)
    folder = Path(tempfile.mkdtemp(prefix="speed-", dir=os.environ.get("SPEED_DIR")))
    try:
        with site(folder, PARTITIONS) as made:
            made.define(1, definitions(reps))
            made.open_epochs()
            made.mark(1)
            first = made.start_worker(**env)  # definitions take effect, which is no event's cost
            made.wait_applied(300)
            stop(first)
            Publisher(made.settings.kafka_config()).send(Message(*event) for event in work.events)
            facts = {topic.name for topic in FACTS}
            ends = {place: end for place, end in made.ends().items() if place[0] in facts}
            warehouse = next(
                p.pid
                for p in psutil.Process().children()
                if "infra.local.warehouse" in " ".join(p.cmdline())
            )
            worker = made.start_worker(**env)
            wait_for(
                lambda: made.logs().count("starts at offset") >= PARTITIONS * 4 * 2, "started", 120
            )
            began, before = time.monotonic(), cpu_by_process(made, warehouse)
            tracer = trace(profile, worker.pid, warehouse)
            at = made.warehouse()
            while any(reached < ends[place] for place, reached in applied(at, ends).items()):
                assert worker.poll() is None, made.logs()[-3000:]
                time.sleep(0.5)
            seconds, after = time.monotonic() - began, cpu_by_process(made, warehouse)
            stop_trace(tracer)
            idle = idling(made, warehouse)
            tell(count, seconds, {k: after[k] - before[k] for k in after})
            print("idle, CPU ms/s:", {k: round(_sum(v) * 1e3) for k, v in idle.items()})
            tell(count, seconds, {k: after[k] - before[k] - idle[k] * seconds for k in after})
            print(
                "rss MB:",
                {
                    n: round(psutil.Process(p).memory_info().rss / 2**20)
                    for n, p in (("worker", worker.pid), ("warehouse", warehouse))
                },
            )
            steps(made)
            ok = made.sums() == work.sums
            print("totals right:", ok)
            if not ok:
                sys.exit(1)
            inserts(made)
    finally:
        shutil.rmtree(folder)


def idling(made: Site, warehouse: int) -> dict[str, complex]:
    """Return what each process uses in a second in which there is nothing to do."""
    time.sleep(3)
    began, before = time.monotonic(), cpu_by_process(made, warehouse)
    time.sleep(5)
    after, seconds = cpu_by_process(made, warehouse), time.monotonic() - began
    return {k: (after[k] - before[k]) / seconds for k in after}


def applied(at: Any, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
    rows = at.frame(
        "SELECT topic, partition, max(offset_to) FROM spm.applied GROUP BY topic, partition"
    )
    return dict.fromkeys(places, 0) | {
        (t, n): r for t, n, r in rows.iter_rows() if (t, n) in set(places)
    }


def tell(count: int, seconds: float, used: dict[str, complex]) -> None:
    million = count / 1e6
    parts = "  ".join(
        f"{name} {_sum(value) / million:.2f} (sys {value.imag / million:.2f})"
        for name, value in used.items()
    )
    total = sum(map(_sum, used.values())) / million
    print(
        f"CPU s/M: {parts}  all {total:.2f}  -> {2e6 / total:,.0f}/s on two cores;"
        f"  by the clock {count / seconds:,.0f}/s"
    )


def _sum(used: complex) -> float:
    return used.real + used.imag


def steps(made: Site) -> None:
    text = urllib.request.urlopen(f"http://127.0.0.1:{made.metrics_port}/metrics").read().decode()
    for line in text.splitlines():
        if line.startswith(("pacesetter_flush_step_seconds_total", "pacesetter_flush_seconds_")):
            if "bucket" not in line:
                print("  ", line)


def inserts(made: Site) -> None:
    rows = made.frame(
        "SELECT table, sum(rows) AS rows, count() AS parts, round(sum(bytes_on_disk) / 1e6, 1) AS mb FROM system.parts "
        "WHERE database = 'spm' AND active GROUP BY table ORDER BY rows DESC LIMIT 5"
    )
    print(rows)


def trace(profile: str | None, worker: int, warehouse: int) -> Any:
    if not profile:
        return None
    import subprocess

    pid = {"worker": worker, "warehouse": warehouse}[profile.split(":")[1]]
    if profile.startswith("spy"):
        return subprocess.Popen(
            [
                "/tmp/pyspy/bin/py-spy",
                "record",
                "-n",
                "-r",
                "200",
                "-t",
                "-f",
                "raw",
                "-o",
                "/tmp/speed/spy.raw",
                "--pid",
                str(pid),
            ],
            stdout=subprocess.DEVNULL,
        )
    return subprocess.Popen(
        ["perf", "record", "-F", "299", "-g", "-o", "/tmp/speed/perf.data", "-p", str(pid)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def stop_trace(tracer: Any) -> None:
    if tracer is not None:
        import signal

        tracer.send_signal(signal.SIGINT)
        tracer.wait(60)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--reps", type=int, default=1_000)
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--profile")
    parser.add_argument("env", nargs="*")
    args = parser.parse_args()
    run(args.reps, args.events, dict(e.split("=", 1) for e in args.env), args.profile)


if __name__ == "__main__":
    main()
