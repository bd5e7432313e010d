"""From a deal won to its accrual, as whoever asks spm_bi.commission_ledger sees it.

Deals of 1 EUR are won by payees for whom the log has nothing, beside a paced log of everything
else. A deal is sent when librdkafka is given it. Its accrual is visible when a query over the view
that is asked again and again names the deal for the first time; what the query takes and the pause
between two are part of the figure and told beside it. In the end each payee must have earned what
two tiers make of their deals, added up here.
"""

import os
import threading
import time
from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

import numpy as np

from connectors.sinks.kafka import producer
from schemas import topics
from tests.bench.floor import Log, won_deal
from tests.bench.ground import Place
from tests.bench.latency import quantiles
from tests.bench.pacing import LINGER_MS, Pacer
from tests.bench.repeating import Repeating
from tests.bench.sampling import cpu_seconds, idle_seconds
from tests.bench.workers import Worker
from tests.ground import wait_for
from tests.load import zone_of

PAYEES = 200  # beside the reps of the log
POLL_SECONDS, WARM_SECONDS, SECONDS_MAX = 0.1, 2.0, 120
FIRST_TIER = 2  # deals of a month
RATES = (Decimal("0.10"), Decimal("0.20"))
HEAD = ("events/s", "deals won/s", "p50 ms", "p99", "max", "deals", "totals")
PLANS = {"plans": {"plans": [{
    "plan_id": "bench", "name": "Bench", "currency": "EUR", "period": "MONTH",
    "valid_from": "2020-01-01",
    "components": [{"component_id": "revenue", "tiers": [
        {"since": "0", "rate": str(RATES[0])}, {"since": str(FIRST_TIER), "rate": str(RATES[1])},
    ]}],
}]}}  # fmt: skip


def measured(
    place: Place, log: Log, *, reps: int, rate: int, deals_per_s: int, seconds: float
) -> dict[str, Any]:
    """Return what was measured on a ground whose plan is PLANS."""
    events = list(log.sent())
    with Worker(place, place.new_group()) as worker:
        worker.wait_applied()
        pids = worker.pids | {"bench": os.getpid()}
        before = {name: cpu_seconds(pid) for name, pid in pids.items()}
        idle = idle_seconds()
        with Seen(place) as seen, Winner(place, reps, deals_per_s) as winner:
            told = Pacer(place, rate, seconds, events).wait()
            winner.stop()
            left = (idle_seconds() - idle) / told["seconds"]
            used = {name: cpu_seconds(pid) - before[name] for name, pid in pids.items()}
            wait_for(lambda: seen.count() >= len(winner.won), "every accrual", SECONDS_MAX)
    since = winner.won[0].at + WARM_SECONDS
    waits = [seen.at[won.deal_id] - won.at for won in winner.won if won.at >= since]
    return {
        "rate": rate,
        "deals_per_s": deals_per_s,
        "seconds": round(told["seconds"], 1),
        "deals": len(winner.won),
        "to_ledger_ms": quantiles(np.array(waits)),
        "poll_ms": {
            "pause": POLL_SECONDS * 1_000,
            "query_p50": round(float(np.median(seen.asked_seconds)) * 1_000, 1),
        },
        "cpu_share": {name: round(u / told["seconds"], 3) for name, u in used.items()},
        "cores_idle": round(left, 2),
        "totals": _totals(place, winner),
    }


def table(row: dict[str, Any]) -> list[tuple[object, ...]]:
    """Return the row as a table has it."""
    waits = row["to_ledger_ms"]
    right = "right" if row["totals"]["ok"] else "WRONG"
    return [(f"{row['rate']:,}", row["deals_per_s"], waits["p50"], waits["p99"], waits["max"],
             row["deals"], right)]  # fmt: skip


class Won:
    """A deal that was won: when it was sent, and whose it is."""

    def __init__(self, number: int, rep: int) -> None:
        self.at, self.rep = time.time(), rep
        self.sent = won_deal(number, f"u{rep}", int(self.at * 1_000))
        self.deal_id = self.sent.key.decode()

    @property
    def month(self) -> date:
        """The month it counts in, where the payee lives."""
        at = datetime.fromtimestamp(int(self.at * 1_000) / 1_000, UTC)
        return at.astimezone(ZoneInfo(zone_of(self.rep))).date().replace(day=1)


class Winner:
    """Wins deals at a rate until it is stopped, payee by payee in turn."""

    def __init__(self, place: Place, reps: int, per_second: int) -> None:
        self.won: list[Won] = []
        self._place, self._reps, self._pause = place, reps, 1 / per_second
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._outbox = producer({**self._place.site.settings.kafka_config(),
                                 "linger.ms": LINGER_MS})  # fmt: skip
        self._outbox.list_topics(timeout=30)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Win no more, and wait until all are acknowledged."""
        self._over.set()
        self._thread.join()
        assert self._outbox.flush(60) == 0

    def _run(self) -> None:
        began = time.monotonic()
        while not self._over.is_set():
            number = self._place.take_probes(1)
            one = Won(number, self._reps + len(self.won) % PAYEES)
            self._outbox.produce(topics.DEALS.name, one.sent.value, one.sent.key)
            self._outbox.poll(0)
            self.won.append(one)
            self._over.wait(max(0.0, began + len(self.won) * self._pause - time.monotonic()))


class Seen(Repeating):
    """When the accrual of each deal was seen first."""

    def __init__(self, place: Place) -> None:
        super().__init__(POLL_SECONDS)
        self.at: dict[str, float] = {}
        self.asked_seconds: list[float] = []
        self._place = place

    def count(self) -> int:
        """Return how many have been seen."""
        return len(self.at)

    def _look(self) -> None:
        began = time.perf_counter()
        rows = self._place.warehouse.frame(
            "SELECT deal_id FROM spm_bi.commission_ledger"
            " WHERE startsWith(deal_id, 'probe:') AND kind = 'ACCRUAL'"
        )
        self.asked_seconds.append(time.perf_counter() - began)
        now = time.time()
        for (deal_id,) in rows.iter_rows():
            self.at.setdefault(deal_id, now)


def _totals(place: Place, winner: Winner) -> dict[str, Any]:
    """Return whether each payee has earned what the tiers make of their deals."""
    deals: dict[tuple[str, date], int] = defaultdict(int)
    for won in winner.won:
        deals[f"r{won.rep}", won.month] += 1
    should = {key: earned(count) for key, count in deals.items()}
    payees = ", ".join(f"'{rep}'" for rep in sorted({rep for rep, _ in deals}))
    rows = place.warehouse.frame(
        "SELECT toString(rep_id) AS rep, origin_start, sum(amount) AS amount"
        f" FROM spm_bi.commission_ledger WHERE rep_id IN ({payees}) GROUP BY rep, origin_start"
    )
    have = {(rep, month): amount for rep, month, amount in rows.iter_rows()}
    differing = sum(have.get(key) != should.get(key) for key in have.keys() | should.keys())
    return {"ok": differing == 0, "what": "earned per payee and month", "numbers": len(should),
            "differing": differing}  # fmt: skip


def earned(deals: int) -> Decimal:
    """Return what so many deals of 1 EUR earn in a month.

    >>> earned(3)
    Decimal('0.40')
    """
    low = min(deals, FIRST_TIER)
    return low * RATES[0] + (deals - low) * RATES[1]
