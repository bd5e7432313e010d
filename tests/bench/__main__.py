"""`python -m tests.bench`: measures, prints tables, writes build/bench.json. See README.md."""

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import (
    accrual,
    commissions,
    dry_runs,
    engines,
    held,
    inserts,
    latency,
    profiling,
    quarter,
    queries,
    report,
)
from tests.bench.floor import ROUNDS_MAX, Log
from tests.bench.ground import SMALL, Kind, Place, place
from tests.ground import ROOT

SECTIONS = (
    "engines", "profile", "latency", "inserts", "backfill", "restart", "memory", "simulator",
    "queries", "commissions", "dry_runs", "accrual", "quarter",
)  # fmt: skip
SEED = 20_261
FEW, MANY = 1_000, 100_000  # reps
SMALL_SHARE = 20  # engines that are slow get a twentieth
CREDITS_PER_REP = commissions.CREDITS // commissions.REPS
RATES = (1_000, 5_000, 20_000)


@dataclass(frozen=True, slots=True)
class Options:
    """What is measured, and how much of it."""

    what: tuple[str, ...] = SECTIONS
    broker: Kind = "apache"
    events: int = 1_000_000
    held: int = 10_000_000
    reps: tuple[int, ...] = (FEW, MANY)
    held_reps: int = MANY
    rates: tuple[int, ...] = RATES
    seconds: float = 30.0
    repeat: int = 3
    rivals: tuple[engines.Rival, ...] = engines.RIVALS
    with_board: bool = True
    day_share: int = 2  # of a year's working days, reps have something on one of so many
    asks: int = 40  # of each question
    credits: int = commissions.CREDITS
    accrual_rate: int = 1_000
    deals_per_s: int = 20


QUICK = {"events": 200_000, "held": 1_000_000, "seconds": 10.0, "repeat": 1,
         "day_share": 20, "asks": 5, "credits": 100_000}  # fmt: skip


def begun(options: Options, earlier: dict[str, Any]) -> dict[str, Any]:
    """Return what a run starts with: when and where, and what it leaves of an earlier one."""
    kept = {name: earlier[name] for name in SECTIONS if name in earlier.keys() - options.what}
    return {
        **report.heading(options),
        "section_seconds": dict(earlier.get("section_seconds", {})),
        "section_at": {name: earlier["section_at"][name] for name in kept},
        **kept,
    }


def run(options: Options, found: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what was measured: `found`, which grows by each section that is done."""
    found = begun(options, {}) if found is None else found
    took: dict[str, float] = found["section_seconds"]

    def section(name: str, work: Any) -> Any:
        print(f"\n{name} ...", flush=True)
        began = time.monotonic()
        done = work()
        took[name] = round(time.monotonic() - began)
        return done

    wanted = set(options.what)
    for reps in options.reps:
        if "engines" in wanted or (reps == options.reps[0] and wanted & _ON_FEW):
            _on_events(options, reps, found, section)
    if wanted & set(held.SECTIONS):
        rows = section("facts held", lambda: _held(options, wanted & set(held.SECTIONS)))
        found |= rows
    if "simulator" in wanted:
        found["simulator"] = section("simulator", _simulator)
    if "queries" in wanted:
        found["queries"] = section(
            "queries",
            lambda: queries.measured(options.held_reps, options.day_share, options.asks),
        )
    if "commissions" in wanted:
        found["commissions"] = section(
            "commissions",
            lambda: commissions.measured(options.credits, options.credits // CREDITS_PER_REP),
        )
    if "dry_runs" in wanted:
        found["dry_runs"] = section(
            "dry_runs",
            lambda: dry_runs.measured(options.credits, options.credits // CREDITS_PER_REP),
        )
    if "accrual" in wanted:
        found["accrual"] = section("accrual", lambda: _accrual(options))
    if "quarter" in wanted:
        found["quarter"] = section("quarter", lambda: _quarter(options))
    return found


_ON_FEW = {"profile", "latency", "inserts"}


def _on_events(options: Options, reps: int, found: dict[str, Any], section: Any) -> None:
    """Measure what is measured with the events of some reps."""
    log = Log(SEED, options.events, reps, int(time.time() * 1_000))
    small = max(1, options.events // SMALL_SHARE)
    name = f"{options.events:,} events of {reps:,} reps"
    with place(options.broker, reps) as made:

        def preloaded() -> None:
            made.preload(log.sent())
            made.preload(log.slice(small), SMALL)

        section(f"preloading {name}", preloaded)
        if "engines" in options.what:

            def measured() -> Any:
                return engines.measured(
                    made, log, small=small, repeat=options.repeat, rivals=options.rivals
                )

            found.setdefault("engines", []).extend(section(f"engines, {name}", measured))
        if reps == options.reps[0]:
            _on_few(options, made, log, found, section)


def _on_few(options: Options, made: Place, log: Log, found: dict[str, Any], section: Any) -> None:
    if "profile" in options.what:
        found["profile"] = section("profile", lambda: profiling.measured(made, log))
    if "inserts" in options.what:
        # Before the latencies, which add to what stands in the topics.
        backlog = section("inserts", lambda: inserts.row("backlog", inserts.under_backlog(made)))
        found["inserts"] = [backlog]
    rates = options.rates if "latency" in options.what else options.rates[:1]
    if "latency" in options.what or "inserts" in options.what:
        rows = section(
            "latency",
            lambda: latency.measured(made, log, rates, options.seconds, options.with_board),
        )
        if "latency" in options.what:
            found["latency"] = rows
        if "inserts" in options.what:
            found["inserts"] += [
                inserts.row(f"{r['rate']:,} events/s", r["inserts_per_s"]) for r in rows
            ]


def _held(options: Options, wanted: Collection[str]) -> held.Rows:
    now = int(time.time() * 1_000)
    log = Log(SEED, options.held // ROUNDS_MAX, options.held_reps, now, rounds=ROUNDS_MAX)
    live = Log(SEED + 1, held.TAKEOVER_EVENTS, options.held_reps, now, name="liv")
    with place(options.broker, options.held_reps) as made:
        return held.measured(made, log, live, wanted, options.repeat)


def _accrual(options: Options) -> dict[str, Any]:
    reps, count = options.reps[0], int(options.accrual_rate * options.seconds)
    log = Log(SEED, count, reps, int(time.time() * 1_000), name="acc")
    with place(options.broker, reps, accrual.PAYEES, accrual.PLANS) as made:
        return accrual.measured(
            made, log, reps=reps, rate=options.accrual_rate, deals_per_s=options.deals_per_s,
            seconds=options.seconds,
        )  # fmt: skip


def _quarter(options: Options) -> dict[str, Any]:
    log = quarter.log_of(options.held, options.held_reps, SEED, int(time.time() * 1_000))
    with place(options.broker, options.held_reps) as made:
        return quarter.measured(made, log)


def _simulator() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "bench", "-s", "-q", "tests/bench"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = [line.strip() for line in done.stdout.splitlines() if "second" in line]
    print("\n".join(f"  {line}" for line in told), flush=True)
    return {"passed": done.returncode == 0, "told": told}


def main() -> None:
    """Measure, print, write."""
    options, out, add = _asked()
    # Broker, warehouse and workers are stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped by SIGTERM"))
    found = begun(options, json.loads(out.read_text()) if add and out.exists() else {})
    try:
        run(options, found)
    finally:  # what is measured is kept, whatever ended it
        found["section_at"] |= {name: found["at"] for name in options.what if name in found}
        found["bars"] = report.bars(found)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(found, indent=1) + "\n")
    print(report.text(found))
    print(f"\nwritten to {out}")
    wrong = report.wrong(found)
    if wrong:
        sys.exit("TOTALS WRONG: " + "; ".join(wrong))


def _asked() -> tuple[Options, Path, bool]:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--what", default=",".join(SECTIONS), help="sections, by comma")
    parser.add_argument("--quick", action="store_true", help="a fifth of it, once")
    parser.add_argument("--events", type=int, help="for the engines")
    parser.add_argument("--held", type=int, help="facts for backfill, restart, memory, quarter")
    parser.add_argument("--held-reps", type=int)
    parser.add_argument("--reps", help="numbers of reps, by comma")
    parser.add_argument("--rates", help="events/s for latency, by comma")
    parser.add_argument("--seconds", type=float, help="of each rate")
    parser.add_argument("--no-board", action="store_true", help="latency without the board")
    parser.add_argument("--repeat", type=int, help="runs of each engine; the median counts")
    parser.add_argument("--day-share", type=int, help="of queries: one working day of so many")
    parser.add_argument("--asks", type=int, help="of each question")
    parser.add_argument("--credits", type=int, help="for commissions; a hundred a rep")
    parser.add_argument("--deals-per-s", type=int, help="won, for accrual")
    parser.add_argument("--rivals", help="parts of the names of rivals, by comma")
    parser.add_argument("--broker", choices=("apache", "embedded"))
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench.json")
    parser.add_argument("--add", action="store_true", help="keep the file's other sections")
    given = vars(parser.parse_args())
    given["with_board"] = not given.pop("no_board")
    out, add, chosen = given.pop("out"), given.pop("add"), dict(QUICK if given.pop("quick") else {})
    what = tuple(name.strip() for name in given.pop("what").split(","))
    unknown = set(what) - set(SECTIONS)
    if unknown:
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    for name in ("reps", "rates"):
        if given[name]:
            given[name] = tuple(int(n) for n in given[name].split(","))
    if given["rivals"] is not None:
        parts = [part for part in given["rivals"].split(",") if part]
        given["rivals"] = tuple(r for r in engines.RIVALS if any(p in r.name for p in parts))
    chosen |= {name: value for name, value in given.items() if value is not None}
    options = Options(what=what, **chosen)
    needed = int(max(options.rates) * options.seconds)
    if "latency" in what and needed > options.events:
        parser.error(f"latency needs {needed:,} events: give --events, or lower --rates, --seconds")
    return options, out, add


if __name__ == "__main__":
    main()
