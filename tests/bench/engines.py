"""Engines on the same events, one after another: how fast, at what cost, with which totals."""

import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tests.bench.environments import HERE, Missing, python_of
from tests.bench.floor import NUMBER, Log
from tests.bench.ground import EVENTS_TABLE, SMALL, Place
from tests.bench.sampling import Sampler
from tests.bench.workers import Worker, finished_at
from tests.ground import stop, wait_for

PACESETTER = "Pacesetter"
SINK = "warehouse"
SECONDS_MAX = 900
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Rival:
    """Another engine.

    Attributes:
        environment: None if it can stand beside our own libraries.
        is_slow: gets only the first few events.
    """

    name: str
    script: str
    environment: str | None = None
    variant: str = ""
    is_slow: bool = False


RIVALS = (
    Rival("confluent-kafka + fastavro loop", "run_bare.py"),
    Rival("Quix Streams", "run_quix.py", "quix"),
    Rival("Bytewax", "run_bytewax.py", "bytewax"),
    Rival("Faust take(2000)", "run_faust.py", variant="take", is_slow=True),
    Rival("Faust dict", "run_faust.py", variant="dict", is_slow=True),
    Rival("Faust Table", "run_faust.py", variant="table", is_slow=True),
)
BARE, TABLE = RIVALS[0].name, RIVALS[-1].name


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one engine.

    Attributes:
        credits_behind: seconds until the second stage had applied the last credit, too.
    """

    events: int
    seconds: float
    cpu: dict[str, float]
    totals: dict[str, Any]
    credits_behind: float | None = None

    @property
    def rate(self) -> float:
        """Return events a second."""
        return self.events / self.seconds


def measured(
    place: Place,
    log: Log,
    *,
    small: int,
    repeat: int,
    rivals: Sequence[Rival] = RIVALS,
) -> list[dict[str, Any]]:
    """Return a row for each engine, without and with inserting. The events are in the topics.

    Args:
        small: how many events there are for engines that are slow.
    """
    ours = [pacesetter(place, log) for _ in range(repeat)]
    rows = [_row(PACESETTER, SINK, log, ours)]
    print(told(rows[0]), flush=True)
    for rival in rivals:
        for sink in (None, SINK):
            try:
                runs = [_rival(place, log, rival, sink, small) for _ in range(repeat)]
            except Missing as missing:
                rows.append({"engine": rival.name, "sink": sink, "missing": str(missing)})
            else:
                rows.append(_row(rival.name, sink, log, runs))
            print(told(rows[-1]), flush=True)
    for row in rows:
        if "events_per_s" in row:
            row["ratio"] = round(rows[0]["events_per_s"] / row["events_per_s"], 2)
    return rows


def told(row: dict[str, Any]) -> str:
    """Return a row as one line while the bench goes on."""
    name = f"  {row['engine']}{' + inserts' if row['sink'] else ''}"
    if "missing" in row:
        return f"{name}: not measured, {row['missing']}"
    good = "totals right" if row["totals"]["ok"] else f"TOTALS WRONG {row['totals']}"
    cpu = ", ".join(f"{name} {used:.1f}" for name, used in row["cpu_s_per_million"].items())
    return f"{name}: {row['events_per_s']:,.0f}/s; CPU s per million: {cpu}; {good}"


def _row(name: str, sink: str | None, log: Log, runs: Sequence[Run]) -> dict[str, Any]:
    middle = sorted(runs, key=lambda run: run.rate)[len(runs) // 2]
    row: dict[str, Any] = {
        "engine": name,
        "sink": sink,
        "reps": log.reps,
        "events": middle.events,
        "events_per_s": round(statistics.median(run.rate for run in runs)),
        "runs": [round(run.rate) for run in runs],
        "cpu_s_per_million": {
            process: round(used / middle.events * 1e6, 2) for process, used in middle.cpu.items()
        },
        "totals": next((run.totals for run in runs if not run.totals["ok"]), middle.totals),
    }
    if middle.credits_behind is not None:
        row["credits_behind_s"] = round(middle.credits_behind, 1)
    return row


# Pacesetter itself.


def pacesetter(
    place: Place, log: Log, rounds: int = 1, looked: Callable[[Worker], None] | None = None
) -> Run:
    """Return a run of a worker over all records in the topics, from nothing.

    Args:
        rounds: how often the log stands there.
        looked: called when all is applied, the worker still there.
    """
    place.clear()
    with Worker(place, place.new_group()) as worker:
        with Sampler(worker.pids) as sampler:
            worker.wait_applied()
            ended = finished_at(place)
            time.sleep(2 * POLL_SECONDS)  # a sample behind the end
        began = worker.started_at()
        settled = worker.wait_settled()  # the next run must not find credits of this one
        if looked is not None:
            looked(worker)
    cpu = {name: sampler.used(name, began, ended) for name in worker.pids}
    totals = check_sums(place, log, rounds)
    return Run(log.count * rounds, ended - began, cpu, totals, max(0.0, settled - ended))


def check_sums(place: Place, log: Log, rounds: int = 1) -> dict[str, Any]:
    """Return whether the results are those of a direct count."""
    wanted = log.sums.with_columns(pl.col("value") * rounds)
    found = place.warehouse.frame(_SUMS.format(prober=place.prober_rep))
    both = wanted.join(found, NUMBER, "full", coalesce=True)
    differing = both.filter(pl.col("value").ne_missing(pl.col("found")))
    return {
        "ok": differing.is_empty(),
        "what": "sum per rep, day in the rep's zone, measure and currency, from last states",
        "numbers": len(wanted),
        "differing": len(differing),
        "example": [list(map(str, row)) for row in differing.head(3).iter_rows()],
    }


_SUMS = """
SELECT rep_id AS rep, toDate32(day) AS day, measure, currency,
    toInt64(sum(value) * 10000) AS found
FROM spm.kpi_rep_day FINAL WHERE rep_id != '{prober}'
GROUP BY rep, day, measure, currency HAVING found != 0
"""


# Rivals.


def _rival(place: Place, log: Log, rival: Rival, sink: str | None, small: int) -> Run:
    events = small if rival.is_slow else log.count
    place.clear()
    out = place.folder / "rival.json"
    out.unlink(missing_ok=True)
    command = [
        *(python_of(rival.environment), str(HERE / "rivals" / rival.script)),
        *("--bootstrap", place.bootstrap, "--group", place.new_group()),
        *("--prefix", SMALL if rival.is_slow else ""),
        *("--events", str(events), "--out", str(out), "--variant", rival.variant),
        *("--table", EVENTS_TABLE if sink else ""),
        *("--warehouse-port", str(place.site.settings.warehouse_port)),
    ]
    # Without our checkout on its path: a rival has only its own libraries.
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"BENCH_TOKEN": place.token}
    trail = place.folder / "rival.log"
    with trail.open("w") as file:
        process = subprocess.Popen(
            command, cwd=place.folder, env=env, stdout=file, stderr=subprocess.STDOUT
        )
    pids = {"worker": process.pid, **place.pids._asdict()}
    try:
        with Sampler(pids) as sampler:
            wait_for(lambda: out.exists() or _is_over(process.pid), rival.name, SECONDS_MAX)
            time.sleep(2 * POLL_SECONDS)
        assert out.exists(), f"{rival.name} ended: {trail.read_text()[-3000:]}"
    finally:
        stop(process)
    about = json.loads(out.read_text())
    began, ended = about["began"], about["ended"]
    cpu = {name: sampler.used(name, began, ended) for name in pids}
    totals = _check_counts(place, log, about["counts"], events, sink)
    return Run(events, ended - began, cpu, totals)


def _is_over(pid: int) -> bool:
    """Return whether a child has ended, leaving its figures in /proc."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _check_counts(
    place: Place, log: Log, counts: list[list[Any]], events: int, sink: str | None
) -> dict[str, Any]:
    wanted = {tuple(row[:3]): row[3] for row in log.counts(events).iter_rows()}
    found = {tuple(row[:3]): row[3] for row in counts}
    differing = sum(wanted.get(key) != found.get(key) for key in wanted.keys() | found.keys())
    totals = {
        "ok": not differing,
        "what": "events per owner, day in UTC and kind",
        "numbers": len(wanted),
        "differing": differing,
    }
    if sink:
        rows = place.warehouse.frame(f"SELECT count() AS n FROM {EVENTS_TABLE}")["n"][0]
        totals |= {"inserted": int(rows), "ok": not differing and rows == events}
    return totals
