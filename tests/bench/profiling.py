"""Where a worker's time goes: its own count of each step, its threads, and samples of its stack."""

import re
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench.engines import pacesetter
from tests.bench.environments import Missing, folder, python_of
from tests.bench.floor import Log
from tests.bench.ground import Place
from tests.bench.sampling import thread_seconds
from tests.bench.workers import SECONDS_MAX, Worker
from tests.ground import wait_for

SAMPLES_PER_S = 200
TOP = 20
_STEP = re.compile(r'^pacesetter_flush_step_seconds_total\{step="([^"]+)"\} (\S+)', re.MULTILINE)
_FLUSHES = re.compile(r"^pacesetter_flush_seconds_(count|sum) (\S+)", re.MULTILINE)


class Steps(NamedTuple):
    """What a worker has counted of its flushes since it began."""

    at: float
    flushes: int
    seconds: float
    steps: dict[str, float]

    def until(self, later: "Steps") -> dict[str, Any]:
        """Return what one flush took between two counts: flushes a second, milliseconds."""
        count = max(1, later.flushes - self.flushes)
        took = {name: s - self.steps.get(name, 0.0) for name, s in later.steps.items()}
        each = {name: round(s * 1_000 / count, 1) for name, s in took.items() if s > 0}
        return {
            "per_s": round(count / (later.at - self.at), 2),
            "ms": round((later.seconds - self.seconds) * 1_000 / count, 1),
            "steps_ms": dict(sorted(each.items(), key=lambda item: -item[1])),
        }


def steps(worker: Worker) -> Steps:
    """Return a worker's own count of its flushes and their steps, as of now."""
    told = worker.metrics()
    flushes = {name: float(value) for name, value in _FLUSHES.findall(told)}
    took = {name: float(value) for name, value in _STEP.findall(told)}
    return Steps(time.monotonic(), int(flushes["count"]), flushes["sum"], took)


def measured(place: Place, log: Log) -> dict[str, Any]:
    """Return what one run over all events spent where; the samples are of a second run."""
    found: dict[str, Any] = {}

    def looked(worker: Worker) -> None:
        now = steps(worker)
        found["flushes"] = {"count": now.flushes, "seconds": round(now.seconds, 2)}
        found["steps_s"] = {name: round(took, 2) for name, took in now.steps.items()}
        threads = thread_seconds(worker.process.pid)
        found["threads_s"] = {
            name: round(used, 2) for name, used in threads.items() if used >= 0.05
        }

    run = pacesetter(place, log, looked=looked)
    found |= {"events": run.events, "seconds": round(run.seconds, 2)}
    found["cpu_s"] = {name: round(used, 2) for name, used in run.cpu.items()}
    found["samples"] = _sampled(place, log)
    for line in told(found):
        print(f"  {line}", flush=True)
    return found


def told(found: dict[str, Any]) -> list[str]:
    """Return it as lines."""
    lines = [
        f"{found['events']:,} events in {found['seconds']} s, {found['flushes']['count']} flushes; "
        f"CPU s {found['cpu_s']}"
    ]
    for title, part in (("step, s of wall", "steps_s"), ("thread, s of CPU", "threads_s")):
        ordered = sorted(found[part].items(), key=lambda item: -item[1])
        lines.append(f"{title}: " + ", ".join(f"{name} {used}" for name, used in ordered))
    samples = found["samples"]
    if "missing" in samples:
        return [*lines, f"no samples: {samples['missing']}"]
    lines.append(
        "samples on a CPU by room: " + ", ".join(f"{n} {s:.0%}" for n, s in samples["rooms"])
    )
    return lines + [f"  {share:6.1%} {name}" for name, share in samples["functions"]]


def _sampled(place: Place, log: Log) -> dict[str, Any]:
    try:
        python_of("tools")
    except Missing as missing:
        return {"missing": str(missing)}
    out = place.folder / "samples.txt"
    place.clear()
    with Worker(place, place.new_group()) as worker:
        wait_for(worker.starts, "a partition that starts", SECONDS_MAX)  # imports are over
        spy = subprocess.Popen(
            [
                *(str(folder() / "tools" / "bin" / "py-spy"), "record", "--format", "raw"),
                *("--rate", str(SAMPLES_PER_S), "--duration", "3600", "--output", str(out)),
                *("--pid", str(worker.process.pid)),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        worker.wait_applied()
    _, trouble = spy.communicate(timeout=30)  # it ends with the worker
    if not out.exists():
        return {"missing": (trouble or "py-spy wrote nothing").strip().splitlines()[-1]}
    return shares(out)


def shares(raw: Path) -> dict[str, Any]:
    """Return the share of samples by function, the innermost, and by the innermost known room.

    Threads that only wait are left out: on a busy machine py-spy takes some of them for running.
    """
    functions: Counter[str] = Counter()
    rooms: Counter[str] = Counter()
    for line in raw.read_text().splitlines():
        stack, count = line.rsplit(" ", 1)
        frames = stack.split(";")
        if not stack or frames[-1].startswith(_WAITING):
            continue
        functions[re.sub(r":\d+\)$", ")", frames[-1])] += int(count)
        rooms[_room(frames)] += int(count)
    total = functions.total() or 1
    return {
        "of": total,
        "rooms": [[name, round(n / total, 4)] for name, n in rooms.most_common()],
        "functions": [[name, round(n / total, 4)] for name, n in functions.most_common(TOP)],
    }


# For the loop's sockets, another thread, work, the warehouse's answer.
_WAITING = ("EpollSelector.select ", "Condition.wait ", "_worker ", "SocketIO.readinto ")
_ROOMS = (
    "streams/engine", "streams/domain", "streams/agents", "connectors/", "schemas/",
    "aiokafka", "faust", "mode", "polars", "clickhouse_connect", "asyncio",
)  # fmt: skip


def _room(frames: list[str]) -> str:
    for frame in reversed(frames):
        for name in _ROOMS:
            if name in frame:
                return name.rstrip("/")
    return "other"
