"""What was measured, as tables; the bars, met or not."""

import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from infra.local import apache
from tests.bench import accrual, commissions, dry_runs, quarter, queries
from tests.bench.engines import BARE, PACESETTER, SINK, TABLE

FORMAT = "pacesetter-bench/1"
LIBRARIES = (
    "faust-streaming", "aiokafka", "polars", "polars-avro", "confluent-kafka", "fastavro",
    "clickhouse-connect", "chdb",
)  # fmt: skip
RATE_MIN, BEST_MIN, BARE_MIN, TABLE_MIN = 150_000, 3.0, 1.5, 40.0
LATENCY_RATE, LATENCY_MS = 20_000, 1_000
RESTART_S, TAKEOVER_PLUS_S, BACKFILL_S, MEMORY_MB = 5, 5, 90, 1_024
Rows = Sequence[Sequence[object]]


def heading(options: Any) -> dict[str, Any]:
    """Return when, where and on what it was measured."""
    assert is_dataclass(options)
    chosen = asdict(options)  # type: ignore[arg-type]
    chosen["rivals"] = [rival["name"] for rival in chosen["rivals"]]
    return {
        "format": FORMAT,
        "at": now(),
        "machine": {
            "cpu": _cpu(),
            "cores": os.cpu_count(),
            "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
            "load_before": round(os.getloadavg()[0], 2),
        },
        "versions": {name: version(name) for name in LIBRARIES}
        | {"broker": f"Apache Kafka {apache.version()}" if options.broker == "apache" else "Tansu"},
        "options": chosen,
    }


def now() -> str:
    """Return the instant as a report has it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


# Bars.


def bars(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each bar with what was measured, as far as it was."""
    return [*_engine_bars(found), *_other_bars(found)]


def _engine_bars(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    rows = [row for row in found.get("engines", []) if "events_per_s" in row]
    for reps in sorted({row["reps"] for row in rows}):
        rates = {(r["engine"], r["sink"]): r["events_per_s"] for r in rows if r["reps"] == reps}
        ours = rates[PACESETTER, SINK]
        of = f", {reps:,} reps"
        yield _bar(f"events/s into ClickHouse{of}", ours, RATE_MIN)
        others = [r for (n, s), r in rates.items() if s and n not in (PACESETTER, BARE)]
        if others:
            yield _bar(f"x the best Python engine with the sink{of}", ours / max(others), BEST_MIN)
        if (BARE, SINK) in rates:
            yield _bar(f"x the bare loop with the sink{of}", ours / rates[BARE, SINK], BARE_MIN)
        if (TABLE, None) in rates:
            yield _bar(f"x Faust with a Table{of}", ours / rates[TABLE, None], TABLE_MIN)


def _bars_of_plans(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for row in found.get("commissions", {}).get("rows", [])[:2]:
        name = f"CPU s, {row['credits']:,} credits, {row['what']}"
        yield _bar(name, row["cpu_s"], commissions.ALL_S, below=True)
    for row in found.get("dry_runs", {}).get("rows", []):
        most = commissions.ALL_S if row["periods"] == "all" else commissions.PERIOD_S
        name = f"s, plan dry-run, {row['periods']}, {row['credits']:,} credits"
        yield _bar(name, row["seconds"], most, below=True)


def _other_bars(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for row in found.get("latency", []):
        if row["rate"] == LATENCY_RATE:
            for where in ("clickhouse", "board"):
                told = row[f"to_{where}_ms"]
                if told:
                    name = f"ms p99 to {where} at {LATENCY_RATE:,}/s"
                    yield _bar(name, told["p99"], LATENCY_MS, below=True)
    for row in _largest(found.get("restart", [])):
        if "session_s" in row:
            most, seen = row["session_s"] + TAKEOVER_PLUS_S, row["all_visible_s"]
        else:
            most, seen = RESTART_S, row["first_visible_s"]
        yield _bar(f"s, {row['how']}, {row['facts']:,} facts", seen, most, below=True)
    for row in _largest(found.get("backfill", [])):
        yield _bar(f"s, backfill of {row['facts']:,}", row["seconds"], BACKFILL_S, below=True)
    for row in found.get("queries", {}).get("asked", []):
        yield _bar(f"ms p95, {row['question']}", row["p95_ms"], row["bar_ms"], below=True)
    yield from _bars_of_plans(found)
    if "accrual" in found:
        row = found["accrual"]
        name = f"ms p99, accrual visible, {row['deals_per_s']} deals/s at {row['rate']:,} events/s"
        yield _bar(name, row["to_ledger_ms"]["p99"], LATENCY_MS, below=True)
    for row in _largest(found.get("memory", [])):
        name = f"MB resident {row['when']}, {row['facts']:,} facts"
        yield _bar(name, row["processes"]["worker"]["now"], MEMORY_MB, below=True)


def _largest(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    most = max((row["facts"] for row in rows), default=0)
    return [row for row in rows if row["facts"] == most]


def _bar(name: str, measured: float, wanted: float, *, below: bool = False) -> dict[str, Any]:
    met = measured < wanted if below else measured >= wanted
    return {
        "bar": name,
        "measured": round(measured, 2),
        "wanted": f"{'<' if below else '>='} {wanted:,}",
        "met": bool(met),
    }


def wrong(found: dict[str, Any]) -> list[str]:
    """Return what had wrong totals."""
    rows = [*found.get("engines", []), *found.get("backfill", [])]
    for name in ("commissions", "dry_runs"):
        if name in found:
            rows.append({"engine": name, "totals": found[name]["totals"]})
    if "accrual" in found:
        rows.append({"engine": "accrual", "totals": found["accrual"]["totals"]})
    if "quarter" in found:
        rows.append({"engine": "quarter", "totals": found["quarter"]["totals"]})
    asked = found.get("queries", {}).get("asked", [])
    return [
        f"{row.get('engine', 'backfill')}: {row['totals']}"
        for row in rows
        if "totals" in row and not row["totals"]["ok"]
    ] + [row["question"] for row in asked if not row["ok"]]


# Tables.


def text(found: dict[str, Any]) -> str:
    """Return all tables for a terminal."""
    machine = found["machine"]
    parts = [
        f"\n{found['at']}  {machine['cores']} cores, {machine['cpu']}, {machine['memory_gb']} GB, "
        f"Python {machine['python']}, {found['versions']['broker']}; load before "
        f"{machine['load_before']}"
    ]
    for title, head, rows in tables(found):
        parts.append(f"\n{title}\n{aligned(head, rows)}")
    return "\n".join(parts)


def tables(found: dict[str, Any]) -> Iterator[tuple[str, Sequence[str], Rows]]:
    """Yield title, head and rows of each table."""
    engines = found.get("engines", [])
    for reps in sorted({row["reps"] for row in engines if "reps" in row}):
        mine = [row for row in engines if row.get("reps", reps) == reps]
        head = (
            "engine", "inserts", "events/s", "Pacesetter is x", "CPU s per million: engine",
            "warehouse", "broker", "events", "totals",
        )  # fmt: skip
        yield f"Engines, {reps:,} reps", head, [_engine(row) for row in mine]
    if found.get("latency"):
        head = (
            "events/s",
            "ClickHouse p50 ms",
            "p99",
            "max",
            "board p50 ms",
            "p99",
            "max",
            "records",
        )
        yield "Produce to visible", head, [_latency(row) for row in found["latency"]]
    if found.get("backfill"):
        rows = [
            (f"{r['facts']:,}", r["seconds"], f"{r['events_per_s']:,}", _right(r["totals"]))
            for r in found["backfill"]
        ]
        yield "Backfill", ("facts", "s", "events/s", "totals"), rows
    if found.get("restart"):
        rows = [
            (r["how"], f"{r['facts']:,}", r["first_visible_s"], r["all_visible_s"])
            for r in found["restart"]
        ]
        yield "Restart", ("what", "facts held", "first new event, s", "all partitions, s"), rows
    if found.get("memory"):
        rows = [
            (r["when"], f"{r['facts']:,}", *(p["now"] for p in r["processes"].values()),
             r["worker_peak_mb"])
            for r in found["memory"]
        ]  # fmt: skip
        yield (
            "Memory, MB",
            ("when", "facts", "worker", "broker", "warehouse", "worker's peak"),
            rows,
        )
    if found.get("inserts"):
        rows = [
            (r["load"], table, each["per_s"], f"{each['rows_each']:,}")
            for r in found["inserts"]
            for table, each in r["tables"].items()
        ]
        yield "Inserts", ("load", "table", "a second", "rows each, about"), rows
    if found.get("queries"):
        asked = found["queries"]
        title = f"Questions over {asked['rows']:,} rows of {asked['reps']:,} reps"
        yield title, queries.HEAD, queries.table(asked)
    if found.get("commissions"):
        told = found["commissions"]
        title = f"Commissions: in columns a {told['ratio']}th of the CPU, {_right(told['totals'])}"
        yield title, commissions.HEAD, commissions.table(told)
    if found.get("dry_runs"):
        told = found["dry_runs"]
        title = f"`plan dry-run`, the whole command, {_right(told['totals'])}"
        yield title, dry_runs.HEAD, dry_runs.table(told)
    if found.get("accrual"):
        yield "A deal won to its accrual", accrual.HEAD, accrual.table(found["accrual"])
    if found.get("quarter"):
        told = found["quarter"]
        title = (
            f"A quarter of {told['reps']:,} reps, {told['facts']:,} facts, computed twice: "
            f"{_right(told['totals'])}"
        )
        yield title, quarter.HEAD, quarter.table(told)
    if found.get("bars"):
        rows = [
            (b["bar"], f"{b['measured']:,}", b["wanted"], "met" if b["met"] else "NOT MET")
            for b in found["bars"]
        ]
        yield "Bars", ("what", "measured", "wanted", ""), rows


def _engine(row: dict[str, Any]) -> Sequence[object]:
    inserts = "yes" if row["sink"] else ""
    if "missing" in row:
        return row["engine"], inserts, "not measured", *([""] * 5), row["missing"]
    cpu = row["cpu_s_per_million"]
    return (
        row["engine"], inserts, f"{row['events_per_s']:,}", row["ratio"],
        *(cpu[name] for name in ("worker", "warehouse", "broker")),
        f"{row['events']:,}", _right(row["totals"]),
    )  # fmt: skip


def _latency(row: dict[str, Any]) -> Sequence[object]:
    nothing = {"p50": "", "p99": "", "max": ""}
    parts = [row["to_clickhouse_ms"] or nothing, row["to_board_ms"] or nothing]
    cells = [part[name] for part in parts for name in ("p50", "p99", "max")]
    return f"{row['rate']:,}", *cells, f"{row['records']:,}"


def _right(totals: dict[str, Any]) -> str:
    return "right" if totals["ok"] else "WRONG"


def aligned(head: Sequence[str], rows: Rows) -> str:
    """Return a table for a terminal."""
    lines = [[str(cell) for cell in line] for line in (head, *rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join(
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def markdown(head: Sequence[str], rows: Rows) -> str:
    """Return a table for a page."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(map(str, row)) + " |" for row in rows)])
