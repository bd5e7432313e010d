"""Credits as they are now, and KPIs that plans name, from the warehouse in columns."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Protocol

import polars as pl

from connectors.sinks.clickhouse import quoted, texts
from schemas.plan_choices import Measure
from schemas.plans import Plan
from streams.domain.counting import period_in
from streams.domain.periods import Span
from streams.domain.plan_context import Context, QuotaKey
from streams.domain.summing import SCHEMA, Tell

ROWS_MAX = 250_000  # of one answer: about 50 MB on its way


class Warehouse(Protocol):
    """What answers. That of infra.effects would bring the engine along, a third of a start."""

    def frame(self, sql: str) -> pl.DataFrame:
        """Return the answer to a query."""
        ...


def credits(
    warehouse: Warehouse,
    days: Span | None = None,
    reps: Sequence[str] | None = None,
    tell: Tell = lambda done, of: None,
) -> pl.DataFrame:
    """Return parts of won deals as they are now, as columns of `summing.SCHEMA`.

    Args:
        days: of the credits; None: all.
        reps: whose; None: everybody's.
    """
    where = "kind = 'credit'"
    if reps is not None:
        where += f" AND rep_id IN ({texts(reps) or quoted('')})"
    sizes = warehouse.frame(
        f"SELECT rep_id, count() AS n FROM spm.credit WHERE {where} GROUP BY rep_id ORDER BY rep_id"
    )
    portions = list(_portions(sizes))
    found = [pl.DataFrame(schema=SCHEMA)]
    for number, (first, last) in enumerate(portions):
        tell(number, len(portions))
        part = f"{where} AND rep_id BETWEEN {quoted(first)} AND {quoted(last)}"
        found.append(_typed(warehouse.frame(_sql(part, days))))
    tell(len(portions), len(portions))
    return pl.concat(found)


def _portions(sizes: pl.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield the first and last rep_id of each portion.

    Stretches of the order in which the table lies: each is read by itself. By a hash of the rep
    every portion would read all of it.

    Args:
        sizes: rep_id in order, and how many rows each has.
    """
    if sizes.is_empty():
        return
    reps, counts = sizes.get_column("rep_id").to_list(), sizes.get_column("n").to_list()
    first, rows = 0, 0
    for at, count in enumerate(counts):
        if rows and rows + count > ROWS_MAX:
            yield reps[first], reps[at - 1]
            first, rows = at, 0
        rows += count
    yield reps[first], reps[-1]


def _sql(where: str, days: Span | None) -> str:
    names = [name for name in SCHEMA if name != "payee"]
    if days:
        within = f" AND day >= toDate32('{days.start}') AND day < toDate32('{days.end}')"
    else:
        within = ""
    return (
        f"SELECT rep_id AS payee, {', '.join(names)}"
        f" FROM (SELECT rep_id, {', '.join(names)}, stage_class, deleted FROM spm.credit"
        f" WHERE {where} ORDER BY rep_id, entity_id, position DESC LIMIT 1 BY rep_id, entity_id)"
        f" WHERE NOT deleted AND stage_class = 'WON'{within}"
    )


def _typed(rows: pl.DataFrame) -> pl.DataFrame:
    if rows.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    return rows.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())


def kpis(
    warehouse: Warehouse, plans: Iterable[Plan], context: Context, currency: str
) -> dict[QuotaKey, Decimal]:
    """Return the values of KPIs that components pay by, by rep, KPI and period."""
    found: dict[QuotaKey, Decimal] = {}
    wanted = {
        (component.counts.kpi, period_in(plan, component))
        for plan in plans
        for component in plan.components
        if component.counts.measure is Measure.KPI and component.counts.kpi
    }
    for kpi, period in sorted(wanted):
        rows = warehouse.frame(
            "SELECT rep_id, period_start, value FROM spm_bi.kpi_rep"
            f" WHERE kpi_id = {quoted(kpi)} AND grain = {quoted(period.value.lower())}"
            f" AND currency IN ('', {quoted(currency)}) AND value IS NOT NULL"
        )
        for rep_id, first, value in rows.iter_rows():
            found[rep_id, kpi, context.span(_day(first), period)] = value
    return found


def _day(value: date) -> date:
    return date(value.year, value.month, value.day)
