"""One run of the proof: the cut, every check, and a second look at what seems to differ.

While work goes on a flush can fall between two reads. So what differs, and what moved, is looked at
again a moment later under a cut of its own, and only what differs both times counts.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Protocol

import polars as pl

from infra.reconcile import (
    amortisation,
    contest_moves,
    contest_stored,
    contests,
    credits,
    expectations,
    facts,
    forecasts,
    ledger,
    log,
    months,
    pay_runs,
    recomputed,
    results,
    totals,
)
from infra.reconcile.asking import KEYS_MAX, Check, Look, added, checked
from infra.reconcile.cut import Part, cut, slices
from infra.reconcile.findings import Checked, Gap, Report
from infra.reconcile.periods import ALL, Days
from schemas.warehouse import Incarnation

AGAIN_SECONDS = 2.0  # a few flushes
ACTIVITY, DEAL = "spm.activity", "spm.deal"
RULES = (ACTIVITY, DEAL)
TABLES = (totals.TABLE, months.TABLE, *RULES, credits.DEAL_CREDIT, credits.CREDIT,
          ledger.TABLE, recomputed.TABLE, pay_runs.TABLE, amortisation.TABLE,
          contests.TABLE, *results.TABLES, contest_moves.TABLE, *expectations.TABLES,
          forecasts.TABLE)  # fmt: skip


class Warehouse(Protocol):
    """What answers."""

    def frame(self, sql: str) -> pl.DataFrame:
        """Return the answer to a query."""
        ...

    def incarnation(self) -> Incarnation:
        """Return which warehouse this is and which generation is live."""
        ...

    def insert(self, table: str, rows: pl.DataFrame, incarnation: Incarnation) -> None:
        """Never called: nothing is written."""
        ...

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Return the driver's answer to a query with parameters."""
        ...


def reconcile(
    warehouse: Warehouse,
    days: Days,
    tables: Collection[str] = TABLES,
    sleep: Callable[[float], None] = time.sleep,
) -> Report:
    """Return what differs from history.

    Args:
        days: of totals, credits and origin periods; the log is looked at as a whole.
        tables: which to look at. RULES among them: what each history row puts in is computed
            again, too.

    Raises:
        Unavailable: the warehouse is away.
    """
    began = time.monotonic()
    parts = cut(warehouse)
    checks = look(warehouse, parts, days, tables)
    gaps = log.gaps(warehouse)
    doubtful = [table for table, one in checks.items() if one.differing or one.moving]
    if doubtful or gaps:
        sleep(AGAIN_SECONDS)
        parts = cut(warehouse)
        second = look(warehouse, parts, days, doubtful)
        checks |= {table: both(checks[table], one) for table, one in second.items()}
        gaps = _still(gaps, log.gaps(warehouse))
    return Report(
        tuple(checks.values()),
        gaps,
        log.dead_letters(warehouse),
        {f"{p.topic}/{p.partition}": p.above for p in parts if p.above},
        log.sequences(parts),
        time.monotonic() - began,
    )


def both(first: Checked, second: Checked) -> Checked:
    """Return the second of two looks without what did not differ in the first.

    More mismatches than are named cannot be told apart one by one; then the second look counts.
    """
    if max(first.differing, second.differing) > KEYS_MAX:
        return replace(second, seconds=first.seconds + second.seconds)
    known = {mismatch.identity for mismatch in first.mismatches}
    same = tuple(m for m in second.mismatches if m.identity in known)
    off: dict[str, Decimal] = {}
    for mismatch in same:
        off[mismatch.currency] = off.get(mismatch.currency, Decimal(0)) + abs(mismatch.off)
    return replace(
        second,
        differing=len(same),
        moving=second.moving + second.differing - len(same),
        mismatches=same,
        off=off,
        seconds=first.seconds + second.seconds,
    )


def _still(first: Iterable[Gap], second: Iterable[Gap]) -> tuple[Gap, ...]:
    known = {gap[:3] for gap in first}
    return tuple(gap for gap in second if gap[:3] in known)


def generation_trouble(
    warehouse: Warehouse, generation: int, applied: Mapping[tuple[str, int], int]
) -> list[str]:
    """Return where a generation of results that is not live yet differs from history.

    Args:
        applied: position behind what the generation holds, by topic and partition.

    Raises:
        Unavailable: the warehouse is away.
    """
    parts = [
        part._replace(applied=applied.get((part.topic, part.partition), part.applied))
        for part in cut(warehouse)
    ]
    checks = look(warehouse, parts, ALL, (totals.TABLE, credits.DEAL_CREDIT), generation)
    return [
        f"{one.table}: {m.wrong} at {', '.join(m.key.values())}: {m.found or 'nothing'} stands "
        f"there, {m.expected or 'nothing'} should"
        for one in checks.values()
        for m in one.mismatches
    ]


def look(
    warehouse: Warehouse,
    parts: Sequence[Part],
    days: Days,
    tables: Collection[str],
    generation: int | None = None,
) -> dict[str, Checked]:
    """Return what one look at some tables under a cut finds.

    Args:
        generation: of results; None: the live one.
    """
    generation = generation or warehouse.incarnation().generation
    seen = Look(warehouse)
    asked: Mapping[str, Callable[[], Iterable[Check | Checked]]] = {
        totals.TABLE: lambda: _totals(parts, generation, days),
        months.TABLE: lambda: (months.check(days),),
        ACTIVITY: lambda: _facts(seen, parts, ACTIVITY, days),
        DEAL: lambda: _facts(seen, parts, DEAL, days),
        credits.DEAL_CREDIT: lambda: (
            credits.check_deal_credits(part, generation, days) for part in slices(parts, DEAL)
        ),
        credits.CREDIT: lambda: (
            credits.check_credits(_of(parts, credits.CREDIT), _of(parts, DEAL), generation, days),
        ),
        ledger.TABLE: lambda: _ledger(warehouse, parts, days),
        recomputed.TABLE: lambda: recomputed.checks(warehouse, _of(parts, credits.CREDIT), days),
        contests.TABLE: lambda: (contests.check_events(days),),
        contest_stored.FINAL: lambda: results.checks(seen),
        contest_stored.STANDING: lambda: results.check_standings(seen),
        contest_moves.TABLE: lambda: contest_moves.checks(seen, days),
        pay_runs.TABLE: lambda: (pay_runs.check(warehouse, days),),
        amortisation.TABLE: lambda: amortisation.checks(days),
        forecasts.TABLE: lambda: (forecasts.check(warehouse, days),),
        expectations.DAY: expectations.check_days,
        expectations.CURVE: expectations.check_curves,
        expectations.QUOTA: lambda: expectations.check_quotas(warehouse),
    }
    return {
        table: added(
            table,
            (
                one if isinstance(one, Checked) else checked(warehouse, one)
                for one in asked[table]()
            ),
        )
        for table in tables
    }


def _totals(parts: Sequence[Part], generation: int, days: Days) -> Iterable[Check]:
    yield totals.check_strays(parts, generation, days)
    for table in RULES:
        for part in slices(parts, table):
            yield totals.check(part, generation, days)


def _facts(seen: Look, parts: Sequence[Part], table: str, days: Days) -> Iterable[Check]:
    for part in slices(parts, table):
        yield from facts.checks(seen, part, days)


def _ledger(warehouse: Warehouse, parts: Sequence[Part], days: Days) -> Iterable[Check]:
    yield from ledger.check_sums(warehouse, _of(parts, credits.CREDIT), days)
    yield from ledger.check_entries(warehouse, days)


def _of(parts: Sequence[Part], table: str) -> list[Part]:
    return [part for part in parts if part.table == table]
