"""A report for people."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from infra.reconcile.findings import Checked, Mismatch, Report
from schemas.positions import place_of


def tell(report: Report, console: Console, limit: int) -> None:
    """Print a report; of each table the first `limit` mismatches."""
    console.print(_table(report))
    for check in report.checks:
        for line in _mismatches(check, limit):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    for line in (*_log(report), _verdict(report)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _table(report: Report) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("table")
    for name in ("keys", "differing", "moving", "in flight", "seconds"):
        table.add_column(name, justify="right")
    table.add_column("off by")
    for check in report.checks:
        counts = (check.keys, check.differing, check.moving, check.in_flight)
        table.add_row(
            check.table, *(f"{n:,}" for n in counts), f"{check.seconds:.1f}", _off(check.off)
        )
    return table


def _off(off: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{amount:f} {currency}".strip() for currency, amount in off.items() if amount)


def _mismatches(check: Checked, limit: int) -> Iterator[str]:
    if not check.differing:
        return
    yield f"\n{check.table}: {check.differing:,} differ"
    for mismatch in check.mismatches[:limit]:
        yield from _lines(mismatch)
    if (more := check.differing - min(limit, len(check.mismatches))) > 0:
        yield f"  ... and {more:,} more; --limit shows more of them, --json all that are named"


def _lines(mismatch: Mismatch) -> Iterator[str]:
    key = " ".join(f"{name}={value}" for name, value in mismatch.key.items())
    place = place_of(mismatch.position)
    yield f"  {key}: {mismatch.wrong} (epoch {place.epoch}, offset {place.offset})"
    yield f"    expected {mismatch.expected or 'nothing'}"
    yield f"    found    {mismatch.found or 'nothing'}"


def _log(report: Report) -> Iterator[str]:
    yield ""
    for check in report.checks:
        for what in check.not_said:
            yield f"not compared: {what} ({check.table})"
    for gap in report.gaps:
        yield f"gap: {gap.topic}/{gap.partition} in epoch {gap.epoch}: {gap.what}"
    for some in report.dead_letters:
        yield f"dead letters: {some.records:,} of {some.topic}, {some.reason}"
    for partition, rows in report.unfinished.items():
        yield f"under way: {rows:,} history rows of {partition} are not applied yet"
    if len(report.sequences) > 1:
        for sequence, partitions in report.sequences.items():
            yield f"definitions {sequence} are in force in {', '.join(partitions)}"


def _verdict(report: Report) -> str:
    if not report.is_clean:
        differing = sum(check.differing for check in report.checks)
        return f"NOT as history says: {differing:,} keys differ, {len(report.gaps)} gaps."
    keys = sum(check.keys for check in report.checks)
    looked = f"All {keys:,} keys are as history says ({report.seconds:.1f} s)."
    waiting = sum(check.in_flight + check.moving for check in report.checks)
    return looked if not waiting else f"{looked} {waiting:,} could not be told yet."
