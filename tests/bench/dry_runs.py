"""What `plan dry-run` takes as its user waits for it: the command's start, the questions, the sums.

The credits of tests.bench.commissions lie in an embedded warehouse; the new plans pay half as much
again above every target. What the command says it costs must be what the columns come to.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from infra.definitions.canonical import plain
from infra.migrations import migrate
from schemas.plans import Plan
from streams.domain.ladders import decimal_of
from streams.domain.paying import target_of
from streams.domain.periods import Span
from streams.domain.summing import views
from tests.bench import commissions
from tests.infra.warehouse import serving

HEAD = ("periods", "credits", "changes", "s", "CPU s", "peak MB")
PERIODS = ("2026-Q2", "")  # empty: all of history
ROWS_AT_ONCE = 100_000
_STINT = {"valid_from": "2020-01-01", "team_id": "t", "time_zone": "UTC"}


def measured(count: int = commissions.CREDITS, reps: int = commissions.REPS) -> dict[str, Any]:
    """Return what each run took, and whether it said what the columns come to."""
    every, before = commissions.credits(count, reps), commissions.plans(reps)
    after = [_dearer(plan) for plan in before]
    rows, wrong = [], []
    with tempfile.TemporaryDirectory() as folder, serving.embedded(Path(folder)) as served:
        _fill(served, every, before, reps)
        file = Path(folder) / "next.json"
        file.write_text(json.dumps({"plans": [plain(plan) for plan in after]}))
        for period in PERIODS:
            row, told = _run(served, file, period)
            rows.append({"periods": period or "all", "credits": count, **row})
            print(f"  {rows[-1]}", flush=True)
            wrong += _wrong(told, every, {"before": before, "after": after}, period)
    return {
        "rows": rows,
        "totals": {"ok": not wrong, "what": "cost to the company before and after, by currency",
                   "numbers": 2 * len(rows), "differing": len(wrong)},
    }  # fmt: skip


def table(found: dict[str, Any]) -> Sequence[Sequence[object]]:
    """Return the rows of a table under HEAD."""
    names = ("periods", "credits", "changes", "seconds", "cpu_s", "peak_mb")
    return [[f"{v:,}" if isinstance(v := row[n], int) else v for n in names]
            for row in found["rows"]]  # fmt: skip


def _dearer(plan: Plan) -> Plan:
    """Return a plan whose steps above the first pay half as much again."""
    told = plain(plan)
    for component in told["components"]:
        for tier in component.get("tiers", [])[1:]:
            name = "rate" if tier.get("rate") else "amount"
            tier[name] = str(Decimal(tier[name]) * 3 / 2)
    return Plan.model_validate(told)


def _fill(served: serving.Served, every: pl.DataFrame, made: Sequence[Plan], reps: int) -> None:
    known = commissions.bundle()
    kinds = {
        "company": plain(known.company), "rates": plain(known.rates),
        "roster": {"teams": [{"team_id": "t", "name": "T"}], "reps": [
            {"rep_id": commissions.name_of(n), "history": [_STINT]} for n in range(reps)]},
        "plans": {"plans": [plain(plan) for plan in made]},
    }  # fmt: skip
    stored = every.with_row_index("position", 1).select(
        pl.col("position").cast(pl.UInt64), pl.col("payee").alias("rep_id"),
        pl.format("{}:REVENUE:owner", "deal_id").alias("entity_id"),
        pl.lit("spm.credits").alias("topic"), pl.lit("credit").alias("kind"),
        pl.lit("WON").alias("stage_class"), pl.exclude("position", "payee"),
    )  # fmt: skip
    with served.client() as client:
        migrate(client)
        for first in range(0, len(stored), ROWS_AT_ONCE):
            client.insert_arrow("spm.credit", stored.slice(first, ROWS_AT_ONCE).to_arrow())
        at = datetime(2026, 1, 1, tzinfo=UTC)
        names = ["sequence", "kind", "content", "written_at"]
        rows = [[1, kind, json.dumps(content), at] for kind, content in kinds.items()]
        client.insert("spm.definition", rows, column_names=names)


def _run(served: serving.Served, file: Path, period: str) -> tuple[dict[str, Any], Any]:
    user, token = served.auth()
    env = {**os.environ, "PACESETTER_WAREHOUSE_URL": served.url,
           "PACESETTER_WAREHOUSE_USER": user, "PACESETTER_WAREHOUSE_TOKEN": token}  # fmt: skip
    command = [sys.executable, "-m", "infra.cli.main", "plan", "dry-run", str(file), "--json"]
    command += ["--period", period] if period else ["--all"]
    was, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    seconds, now = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    used = now.ru_utime + now.ru_stime - was.ru_utime - was.ru_stime
    return {"changes": len(told["changes"]), "seconds": round(seconds, 2),
            "cpu_s": round(used, 2), "peak_mb": now.ru_maxrss // 1_024}, told  # fmt: skip


def _wrong(
    told: Any, every: pl.DataFrame, ways: dict[str, Sequence[Plan]], period: str
) -> list[str]:
    """Return the sums that are not those of the columns."""
    asked = Span(date(2026, 4, 1), date(2026, 7, 1)) if period else Span(date.min, date.max)
    found = []
    for way, made in ways.items():
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for plan in made:
            for view in views(plan, every, commissions.context()):
                for line in target_of(view).lines:
                    span = line.origin
                    if span.start < asked.end and asked.start < span.end:
                        sums[plan.currency] += decimal_of(line.earned.rounded)
        said = {currency: Decimal(cost[way]) for currency, cost in told["cost"].items()}
        found += [f"{way} {c}: {said.get(c)}, not {s}" for c, s in sums.items() if said.get(c) != s]
    return found
