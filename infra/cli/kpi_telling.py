"""KPIs as people and programs read them. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from infra.bi.explaining import Explained
from infra.bi.subjects import Subject
from infra.definitions.showing import table
from schemas.kpis import KpiUnit
from streams.domain.kpi_trees import Computed
from streams.domain.periods import Span

Whose = tuple[Subject, str, str]  # kind, id, name
_PLACES = {KpiUnit.RATIO: 4, KpiUnit.MONEY: 2, KpiUnit.MONEY_PER_DAY: 2}
_UNIT_WORDS = {
    KpiUnit.COUNT: "",
    KpiUnit.RATIO: "",
    KpiUnit.MONEY: "",
    KpiUnit.SECONDS: "seconds",
    KpiUnit.DAYS: "days",
    KpiUnit.MONEY_PER_DAY: "per day",
    KpiUnit.COUNT_PER_DAY: "per day",
}


def listed(every: Sequence[Computed]) -> str:
    """Return all KPIs, a line each."""
    rows = [
        (c.kpi.kpi_id, c.kpi.name, c.kpi.unit, c.kpi.direction,
         "(measure)" if c.of_measure else c.kpi.formula) for c in every
    ]  # fmt: skip
    return table(("KPI", "NAME", "UNIT", "BETTER", "FORMULA"), rows)


def kpi_json(computed: Computed) -> dict[str, Any]:
    """Return a KPI for programs."""
    kpi = computed.kpi
    return {
        "kpi_id": kpi.kpi_id, "name": kpi.name, "unit": kpi.unit, "direction": kpi.direction,
        "formula": kpi.formula, "meaning": kpi.meaning, "denominator": kpi.denominator,
        "when_empty": kpi.when_empty, "empty_means": kpi.empty_means, "source": kpi.source,
        "is_measure": computed.of_measure, "inputs": [str(w) for w in computed.wanted],
    }  # fmt: skip


def explained(found: Explained, whose: Whose) -> str:
    """Return how a KPI came about, for people."""
    kpi = found.computed.kpi
    kind, subject_id, name = whose
    who = name if name == subject_id else f"{name} ({subject_id})"
    head = [
        f"{kpi.name} ({kpi.kpi_id}) of {kind.lower()} {who}, {_days(found.span)}",
        kpi.meaning,
        "",
        f"Formula      {kpi.formula}",
    ]
    if kpi.denominator:
        head.append(f"Divided by   {kpi.denominator}")
    head.append(f"Source       {kpi.source}")
    if found.before:
        head.append(f"Before       {_days(found.before)}")
    rows = [(part.what, _plain(part.value), part.meaning, part.source) for part in found.parts]
    return "\n".join([*head, "", table(("INPUT", "VALUE", "WHAT", "FROM"), rows), "",
                      *_steps(found), _result(found)])  # fmt: skip


def _steps(found: Explained) -> list[str]:
    read, inputs = found.reading, {part.what for part in found.parts}
    lines = [f"{s.what} = {_plain(s.value)}" for s in read.steps if s.what not in inputs]
    if read.denominator is not None:
        lines.append(f"{_plain(read.numerator)} / {_plain(read.denominator)}")
    return lines


def _result(found: Explained) -> str:
    kpi, read = found.computed.kpi, found.reading
    if len(found.by_currency) > 1:
        totals = ", ".join(f"{v:,.2f} {c}" for c, v in found.by_currency.items())
        return f"= {totals}; never added up"
    if read.value is None:
        return f"= nothing: {kpi.empty_means or 'there is nothing to compute it from.'}"
    value = f"{read.value:,.{_PLACES[kpi.unit]}f}" if kpi.unit in _PLACES else _plain(read.value)
    if kpi.unit is KpiUnit.RATIO:
        value = f"{value} ({read.value * 100:,.2f} %)"
    currency = "".join(found.by_currency) if found.computed.of_measure else ""
    return f"= {value} {currency or _UNIT_WORDS[kpi.unit]}".rstrip()


def explained_json(found: Explained, whose: Whose) -> dict[str, Any]:
    """Return how a KPI came about, for programs: numbers as text, so that nothing is lost."""
    kind, subject_id, name = whose
    read = found.reading
    return {
        **kpi_json(found.computed),
        "subject_kind": kind.value, "subject_id": subject_id, "subject_name": name,
        "period_start": found.span.start, "period_end": found.span.end,
        "previous_start": found.before and found.before.start,
        "previous_end": found.before and found.before.end,
        "parts": [{**p._asdict(), "value": _text(p.value)} for p in found.parts],
        "steps": [{"what": s.what, "value": _text(s.value)} for s in read.steps],
        "numerator": _text(read.numerator), "denominator": _text(read.denominator),
        "value": _text(read.value),
        "by_currency": {c: _text(v) for c, v in found.by_currency.items()},
    }  # fmt: skip


def _days(span: Span) -> str:
    return f"{span.start} up to, not including, {span.end}"


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _plain(value: Decimal | None) -> str:
    if value is None:
        return "nothing"
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
