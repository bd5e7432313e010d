"""Whether KPIs make sense: names, units, circles, and what stands where nothing is to divide by."""

from collections.abc import Iterator, Mapping
from typing import cast

from infra.definitions.problems import Finding, Path, Severity, did_you_mean
from schemas.defining import Definition
from schemas.definitions import Bundle, Measures
from schemas.kpis import INPUTS, PREVIOUS, STATISTICS, Kpi, Kpis
from streams.domain.dimensions import dimension_of, unit_words
from streams.domain.kpi_trees import KpiError, Tree, may_be_empty
from streams.domain.kpis import Catalogue
from streams.domain.polynomials import DIGITS_MAX, digits_of, quotient, whole

Values = Mapping[str, Definition]


def check(values: Values) -> Iterator[Finding]:
    """Yield everything wrong with the KPIs among the values."""
    kpis = cast(Kpis, values["kpis"])
    measures = cast(Measures | None, values.get("measures"))
    yield from _names(kpis.kpis, measures)
    if measures is None:
        return  # unknown, so no name in a formula can be called wrong
    catalogue = Catalogue(Bundle(measures=measures, kpis=kpis))
    for i, kpi in enumerate(kpis.kpis):
        if kpi.kpi_id not in catalogue.measures:
            yield from _formula(("kpis", i), kpi, catalogue)


def _names(kpis: tuple[Kpi, ...], measures: Measures | None) -> Iterator[Finding]:
    first: dict[str, int] = {}
    taken = {m.measure for m in measures.measures} if measures else set()
    for i, kpi in enumerate(kpis):
        path: Path = ("kpis", i, "kpi_id")
        if kpi.kpi_id in first:
            yield Finding("kpis", path, kpi.kpi_id,
                          f"stands already in entry {first[kpi.kpi_id]}, counted from 0",
                          "keep one of them")  # fmt: skip
        elif kpi.kpi_id in taken:
            yield Finding("kpis", path, kpi.kpi_id, "is a measure, which is a KPI by itself",
                          "choose another name")  # fmt: skip
        elif kpi.kpi_id in {*INPUTS, *STATISTICS, PREVIOUS}:
            yield Finding("kpis", path, kpi.kpi_id, "means something else in formulas",
                          "choose another name")  # fmt: skip
        first.setdefault(kpi.kpi_id, i)


def _formula(path: Path, kpi: Kpi, catalogue: Catalogue) -> Iterator[Finding]:
    here = (*path, "formula")
    try:
        tree = catalogue.computed(kpi.kpi_id).tree
        found = dimension_of(tree)
        digits = digits_of(whole(quotient(tree)))
    except KpiError as error:
        known = {*catalogue.measures, *catalogue.kpis, *INPUTS, *STATISTICS}
        remedy = (
            did_you_mean(error.word, known, error.remedy)
            if error.problem.startswith("is no ")
            else error.remedy
        )
        yield Finding("kpis", here, error.word, error.problem, remedy)
        return
    if not found.fits(kpi.unit):
        yield Finding("kpis", (*path, "unit"), kpi.unit.value,
                      f"is not what the formula makes, which is {unit_words(found)}",
                      "write that, or mend the formula")  # fmt: skip
    if digits > DIGITS_MAX:
        yield Finding("kpis", here, kpi.formula, "multiplies more than can be computed exactly",
                      "multiply fewer sums with each other")  # fmt: skip
    yield from _emptiness(path, kpi, tree)


def _emptiness(path: Path, kpi: Kpi, tree: Tree) -> Iterator[Finding]:
    if may_be_empty(tree):
        if kpi.when_empty is None:
            yield Finding("kpis", (*path, "when_empty"), "", "is missing",
                          "what it divides by may be 0, or nothing may be there: add NOTHING or"
                          " ZERO")  # fmt: skip
        elif not kpi.empty_means:
            yield Finding("kpis", (*path, "empty_means"), "", "is missing",
                          "say what it tells when nothing is there to divide by")  # fmt: skip
    elif kpi.when_empty is not None:
        yield Finding("kpis", (*path, "when_empty"), kpi.when_empty.value, "never happens",
                      "leave it out", Severity.WARNING)  # fmt: skip
