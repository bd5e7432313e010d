"""One KPI of one subject in one period, with everything it is made of.

What it needs is read by the same lines the views read; the formula is evaluated by the domain.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from connectors.sinks.clickhouse import quoted
from infra.bi.context import Context
from infra.bi.kpi_views import base_of, owned, slots_of
from infra.bi.subjects import Subject
from schemas.definitions import Bundle
from schemas.kpis import INPUTS, STATISTICS
from streams.domain.kpi_trees import (
    MEASURE_SOURCE,
    Computed,
    Origin,
    Wanted,
)
from streams.domain.kpis import Catalogue
from streams.domain.periods import Span
from streams.domain.readings import Reading, reading, rounded


class Part(NamedTuple):
    """One thing a formula needs: its value, what it is and where it comes from."""

    what: str
    value: Decimal | None
    meaning: str
    source: str


@dataclass(frozen=True, slots=True)
class Explained:
    """A KPI of a subject in a period.

    Attributes:
        by_currency: of a measure in several currencies each total; `reading` is then empty.
        before: the period before, if the formula asks for it.
    """

    computed: Computed
    span: Span
    before: Span | None
    parts: tuple[Part, ...]
    reading: Reading
    by_currency: Mapping[str, Decimal]


def explained(
    client: Any,
    bundle: Bundle,
    computed: Computed,
    *,
    subject: tuple[Subject, str],
    spans: tuple[Span, Span],
    context: Context,
) -> Explained:
    """Return a KPI of a subject in a period.

    Args:
        client: a clickhouse-connect client.
        subject: kind and id.
        spans: the period and the one before it.
    """
    catalogue = Catalogue(bundle)
    totals = _by_currency(client, computed, subject, spans[0], context)
    values = dict(_values(client, computed, subject, spans, context))
    read = reading(computed, values)
    if len(totals) > 1:
        read = Reading(None, None, None, ())
    parts = tuple(Part(str(w), rounded(values[w]), *_told(w, catalogue)) for w in computed.wanted)
    asks_before = any(w.is_previous for w in computed.wanted)
    before = spans[1] if asks_before else None
    return Explained(computed, spans[0], before, parts, read, totals)


def _values(
    client: Any,
    computed: Computed,
    subject: tuple[Subject, str],
    spans: tuple[Span, Span],
    context: Context,
) -> Iterator[tuple[Wanted, Fraction | None]]:
    slots = slots_of(computed.wanted)
    kind, subject_id = subject
    rows = " UNION ALL ".join(owned(slots, kind, context))
    sql = (
        "SELECT slot, sum(value), count(), arraySort(groupArray(value)) AS all, "
        "all[intDiv(length(all) + 1, 2)], all[intDiv(length(all), 2) + 1], "
        f"all[intDiv(9 * length(all) + 9, 10)] FROM ({rows}) WHERE subject_id = "
        f"{quoted(subject_id)} AND {_inside(spans)} GROUP BY slot"
    )
    # The values themselves stay in the warehouse: a year of a company has very many.
    asked = f"SELECT * EXCEPT all FROM ({sql})"
    found = {int(slot): row for slot, *row in client.query(asked).result_rows}
    for wanted in computed.wanted:
        yield wanted, _taken(wanted, found.get(slots[base_of(wanted)]))


def _taken(wanted: Wanted, row: Sequence[Any] | None) -> Fraction | None:
    if row is None:
        is_nothing = wanted.statistic in ("median", "p90") or wanted.name == "quota"
        return None if is_nothing else Fraction(0)
    total, count, low, high, most = row
    match wanted.statistic:
        case "count":
            return Fraction(int(count))
        case "median":
            return (Fraction(low) + Fraction(high)) / 2
        case "p90":
            return Fraction(most)
    return Fraction(total)


def _inside(spans: tuple[Span, Span]) -> str:
    parts = [
        f"(is_previous = {n} AND day >= '{span.start}' AND day < '{span.end}' "
        f"AND until <= '{span.end}')"
        for n, span in enumerate(spans)
    ]
    return f"({' OR '.join(parts)})"


def _by_currency(
    client: Any,
    computed: Computed,
    subject: tuple[Subject, str],
    span: Span,
    context: Context,
) -> dict[str, Decimal]:
    if not computed.of_measure:
        return {}
    slots = slots_of(computed.wanted)
    kind, subject_id = subject
    rows = " UNION ALL ".join(owned(slots, kind, context, currency="currency"))
    sql = (
        f"SELECT currency, sum(value) FROM ({rows}) WHERE subject_id = {quoted(subject_id)} "
        f"AND day >= '{span.start}' AND day < '{span.end}' GROUP BY currency ORDER BY currency"
    )
    return {str(currency): total for currency, total in client.query(sql).result_rows}


def _told(wanted: Wanted, catalogue: Catalogue) -> tuple[str, str]:
    if wanted.origin is Origin.MEASURE:
        measure = catalogue.measures[wanted.name]
        return measure.description or measure.label, f"{MEASURE_SOURCE}; rule {measure.rule}"
    found = INPUTS[wanted.name]
    if not wanted.statistic:
        return found.meaning, found.source
    return f"{STATISTICS[wanted.statistic].capitalize()}: {found.meaning}", found.source
