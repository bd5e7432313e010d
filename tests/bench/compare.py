"""`python -m tests.bench.compare A.json B.json`: what changed from one run to another."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.report import FORMAT, aligned

Figures = dict[tuple[str, str], float]


def figures(found: dict[str, Any]) -> Figures:
    """Return every figure of a run under its name."""
    parts = (*_engines(found), *_latency(found), *_held(found), *_inserts(found))
    return {(unit, name): float(value) for unit, name, value in parts}


def _engines(found: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for row in found.get("engines", []):
        if "events_per_s" in row:
            name = f"{row['engine']}{' + inserts' if row['sink'] else ''}, {row['reps']:,} reps"
            yield "events/s", name, row["events_per_s"]
            for process, used in row["cpu_s_per_million"].items():
                yield "CPU s per million", f"{name}: {process}", used


def _latency(found: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for row in found.get("latency", []):
        for where in ("clickhouse", "board"):
            if row[f"to_{where}_ms"]:
                for name in ("p50", "p99"):
                    yield "ms", f"{where} {name} at {row['rate']:,}/s", row[f"to_{where}_ms"][name]


def _held(found: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for row in found.get("backfill", []):
        yield "s", f"backfill of {row['facts']:,}", row["seconds"]
    for row in found.get("restart", []):
        yield "s", f"{row['how'].split(' (')[0]}, {row['facts']:,} facts", row["first_visible_s"]
    for row in found.get("memory", []):
        for process, each in row["processes"].items():
            yield "MB", f"{process} {row['when']}, {row['facts']:,} facts", each["now"]


def _inserts(found: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for row in found.get("inserts", []):
        for table, each in row["tables"].items():
            yield "inserts/s", f"{table}, {row['load']}", each["per_s"]


def compared(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """Return unit, name, both values and the second as a multiple of the first."""
    was, now = figures(before), figures(after)
    rows = []
    for key in dict.fromkeys([*was, *now]):
        a, b = was.get(key), now.get(key)
        ratio = f"{b / a:.2f}" if a and b is not None else ""
        rows.append((*key, _told(a), _told(b), ratio))
    return rows


def _told(value: float | None) -> str:
    return "" if value is None else f"{value:,.10g}"


def main() -> None:
    """Print the comparison."""
    if len(sys.argv) != 3:
        sys.exit("give two files: python -m tests.bench.compare build/bench.json other.json")
    runs = []
    for name in sys.argv[1:]:
        run = json.loads(Path(name).read_text())
        if run.get("format") != FORMAT:
            sys.exit(f"{name} is no {FORMAT}; make it with `make bench`")
        runs.append(run)
    before, after = runs
    for run in runs:
        machine = run["machine"]
        load = machine["load_before"]
        print(f"{run['at']}  {machine['cores']} cores, {machine['cpu']}, load {load}")
    print(aligned(("unit", "what", "first", "second", "x"), compared(before, after)))


if __name__ == "__main__":
    main()
