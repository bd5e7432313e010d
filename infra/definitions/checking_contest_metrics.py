"""Whether what contests, badges and streaks count makes sense: KPIs, currencies, filters, caps."""

from collections.abc import Iterator, Mapping
from typing import cast

from infra.definitions.problems import Finding, Path, Severity, did_you_mean
from schemas.contest_choices import VERIFIED_RULES
from schemas.contest_parts import Filter, Metric
from schemas.defining import Definition
from schemas.definitions import RULES, Company, Measure, Measures, MeasureUnit
from schemas.kpis import Kpi, Kpis, KpiUnit

Values = Mapping[str, Definition]
KIND = "contests"
# Which messages have what a filter asks for; what is not named here every message has.
_OF: dict[str, frozenset[str]] = {
    **dict.fromkeys(
        ("products", "segments", "regions", "deal_types", "lead_sources"), frozenset({"deal"})
    ),
    "direction": frozenset({"call", "email"}),
    "talk_seconds_min": frozenset({"call"}),
}


def measures_of(values: Values) -> dict[str, Measure] | None:
    """Return measures by name; None: they are unknown here."""
    found = cast(Measures | None, values.get("measures"))
    return {m.measure: m for m in found.measures} if found else None


def formulas_of(values: Values) -> dict[str, Kpi]:
    """Return KPIs with a formula by name."""
    found = cast(Kpis | None, values.get("kpis"))
    return {k.kpi_id: k for k in found.kpis} if found else {}


def check_metric(
    path: Path, metric: Metric, values: Values, *, may_be_formula: bool, verified_only: bool
) -> Iterator[Finding]:
    """Yield everything wrong with one metric."""
    measures, formulas = measures_of(values), formulas_of(values)
    if measures is None:
        return
    if metric.kpi in measures:
        yield from _measure(path, metric, measures[metric.kpi], values, verified_only)
    elif metric.kpi in formulas:
        yield from _formula(path, metric, formulas[metric.kpi], may_be_formula)
    else:
        yield Finding(KIND, (*path, "kpi"), metric.kpi, "is no KPI that exists",
                      did_you_mean(metric.kpi, {*measures, *formulas},
                                   "see `pacesetter kpi list`"))  # fmt: skip
    if metric.only is not None and metric.only.hours_from >= metric.only.hours_to:
        yield Finding(KIND, (*path, "only", "hours_to"), metric.only.hours_to,
                      f"is not after hours_from {metric.only.hours_from}",
                      "a window over midnight is two metrics")  # fmt: skip


def _measure(
    path: Path, metric: Metric, measure: Measure, values: Values, verified_only: bool
) -> Iterator[Finding]:
    yield from _currency(path, metric, measure, values)
    yield from _filters((*path, "only"), metric.only, measure)
    if measure.rule in VERIFIED_RULES:
        return
    if verified_only:
        known = ", ".join(sorted(VERIFIED_RULES))
        yield Finding(KIND, (*path, "kpi"), metric.kpi,
                      "is nothing a second person took part in",
                      f"choose a measure by one of the rules {known}, or leave verified_only"
                      " out")  # fmt: skip
    elif metric.cap_per_day is None:
        yield Finding(KIND, (*path, "cap_per_day"), "",
                      f"is missing: {metric.kpi} is easily driven up",
                      "add the most that counts of a day, or count what a second person took part"
                      " in, as in connected calls or held meetings", Severity.WARNING)  # fmt: skip


def _currency(path: Path, metric: Metric, measure: Measure, values: Values) -> Iterator[Finding]:
    rule = RULES.get(measure.rule)
    company = cast(Company | None, values.get("company"))
    if measure.unit is not MeasureUnit.MONEY:
        if metric.currency:
            yield Finding(KIND, (*path, "currency"), metric.currency,
                          f"{metric.kpi} is no money", "leave the currency out")  # fmt: skip
    elif metric.currency is None:
        yield Finding(KIND, (*path, "currency"), "", "is missing",
                      f"{metric.kpi} is money: add its currency")  # fmt: skip
    elif company and not (rule and rule.is_mixed) and metric.currency != company.reporting_currency:
        yield Finding(KIND, (*path, "currency"), metric.currency, "is not the reporting currency",
                      f"{metric.kpi} is kept in {company.reporting_currency}")  # fmt: skip


def _filters(path: Path, only: Filter | None, measure: Measure) -> Iterator[Finding]:
    for name, messages in _OF.items() if only is not None else ():
        given = getattr(only, name)
        if given and measure.of not in messages:
            said = ", ".join(given) if isinstance(given, tuple) else str(given)
            yield Finding(KIND, (*path, name), said, f"a {measure.of} has no {name}",
                          f"leave it out, or count {' or '.join(sorted(messages))}s")  # fmt: skip


def _formula(path: Path, metric: Metric, kpi: Kpi, may_be_formula: bool) -> Iterator[Finding]:
    if not may_be_formula:
        yield Finding(KIND, (*path, "kpi"), metric.kpi, "does not add up event by event",
                      "a KPI with a formula is for a contest of format RANKING by VALUE or PERCENT"
                      " alone; count a measure")  # fmt: skip
    for name in ("cap_per_day", "only"):
        if getattr(metric, name) is not None:
            yield Finding(KIND, (*path, name), "", f"{metric.kpi} is not counted event by event",
                          "leave it out, or count a measure")  # fmt: skip
    if metric.currency and kpi.unit not in (KpiUnit.MONEY, KpiUnit.MONEY_PER_DAY):
        yield Finding(KIND, (*path, "currency"), metric.currency, f"{metric.kpi} is no money",
                      "leave the currency out")  # fmt: skip
