"""A quarter of everybody computed twice from history: by the agents' code, and in SQL.

The facts come through Kafka and a worker. Then `rebuild` computes all results again as a new
generation, by the engine and the rules that agents follow, and `reconcile` computes each of its
numbers in SQL, which shares no code with them: what facts mean, totals per rep and day, and
credits. Both must come to the same, and to a direct count of the columns that were sent.
"""

import resource
import time
from collections.abc import Callable
from typing import Any

from infra.rebuild.rebuilding import rebuild
from infra.reconcile import credits, totals
from infra.reconcile.periods import ALL
from infra.reconcile.running import ACTIVITY, DEAL, reconcile
from streams.agents.pipes import PIPES
from streams.engine.epochs import Ground
from streams.outside import outside
from tests.bench.floor import NUMBER, ROUNDS_MAX, Log
from tests.bench.ground import Place
from tests.bench.sampling import cpu_seconds
from tests.bench.workers import Worker

DAYS = 91
ROUND_EVENTS = 1_000_000  # records encoded at once: about 700 MB of Python
TABLES = (totals.TABLE, ACTIVITY, DEAL, credits.DEAL_CREDIT)
HEAD = ("what", "s", "CPU s of ours", "CPU s of the warehouse", "numbers")
_LIVE = """
SELECT rep_id AS rep, toDate32(day) AS day, measure, currency, toInt64(sum(value) * 10000) AS found
FROM spm.kpi_rep_day FINAL
WHERE generation = (SELECT generation FROM spm.warehouse FINAL)
GROUP BY rep, day, measure, currency HAVING found != 0
"""


def log_of(events: int, reps: int, seed: int, until_ms: int) -> Log:
    """Return the facts of a quarter, in as many rounds as they have to be sent in."""
    rounds = min(ROUNDS_MAX, max(1, events // ROUND_EVENTS))
    return Log(seed, events // rounds, reps, until_ms, rounds=rounds, days=DAYS)


def measured(place: Place, log: Log) -> dict[str, Any]:
    """Return what each of the two took, and whether they came to the same."""
    for round_ in range(log.rounds):
        place.preload(log.sent(round_))
    with Worker(place, place.new_group()) as worker:
        worker.wait_applied()
        worker.wait_settled()
    there = outside(place.site.settings)
    ground = Ground(there.warehouse, there.kafka, there.publisher, there.ids, PIPES)
    rows: list[dict[str, Any]] = []
    built = _timed(place, rows, "by the agents (rebuild)", lambda: rebuild(ground, print))
    report = _timed(place, rows, "in SQL (reconcile)",
                    lambda: reconcile(place.warehouse, ALL, TABLES))  # fmt: skip
    wanted = log.sums.rename({"value": "wanted"})
    found = place.warehouse.frame(_LIVE)
    both = wanted.join(found, NUMBER, "full", coalesce=True)
    differing = both.filter((both["wanted"] * log.rounds).ne_missing(both["found"]))
    stands = (
        "SELECT (SELECT count() FROM spm.kpi_rep_day FINAL WHERE {0}) + (SELECT count() FROM "
        "spm.deal_credit FINAL WHERE {0}) AS n"
    )
    live = f"generation = {built.generation}"
    rows[0]["numbers"] = int(place.warehouse.frame(stands.format(live))["n"][0])
    rows[1]["numbers"] = sum(one.keys for one in report.checks)
    off = {one.table: one.differing for one in report.checks if one.differing or one.moving}
    return {
        "reps": log.reps, "days": DAYS, "facts": log.count * log.rounds, "rows": rows,
        "totals": {
            "ok": built.is_clean and report.is_clean and not off and differing.is_empty(),
            "what": "agents' results, those in SQL, and a direct count of what was sent",
            "numbers": len(wanted), "differing": len(differing), "off": off,
            "gaps": [gap.what for gap in report.gaps],
        },
    }  # fmt: skip


def table(found: dict[str, Any]) -> list[tuple[object, ...]]:
    """Return rows for people."""
    names = ("what", "seconds", "cpu_s", "warehouse_cpu_s", "numbers")
    return [tuple(row[name] for name in names) for row in found["rows"]]


def _timed(place: Place, rows: list[dict[str, Any]], what: str, work: Callable[[], Any]) -> Any:
    began, mine, theirs = time.monotonic(), _own(), cpu_seconds(place.pids.warehouse)
    done = work()
    rows.append({
        "what": what, "seconds": round(time.monotonic() - began, 1),
        "cpu_s": round(_own() - mine, 1),
        "warehouse_cpu_s": round(cpu_seconds(place.pids.warehouse) - theirs, 1),
    })  # fmt: skip
    print(f"  {rows[-1]}", flush=True)
    return done


def _own() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
