"""KPIs ready to be computed: formulas with every name resolved, their units and their limits.

A resolved formula leads to what has to be asked for (`Wanted`), each once. Sums and
statistics are taken over the whole group first; then the formula is evaluated once. So the ratio
of a team is the ratio of the team's sums, never a mean of its reps' ratios.
"""

from collections.abc import Iterator
from fractions import Fraction

from schemas.definitions import RULES, Bundle, Measure, MeasureUnit
from schemas.kpis import (
    INPUTS,
    PREVIOUS,
    STATISTICS,
    Argument,
    InputKind,
    Kpi,
    KpiUnit,
)
from streams.domain.formulas import (
    Binary,
    Call,
    FormulaError,
    Name,
    Negative,
    Node,
    Number,
    Text,
    parsed,
    written,
)
from streams.domain.kpi_trees import (
    EXPECTED,
    MEASURE_SOURCE,
    Computed,
    Constant,
    KpiError,
    Leaf,
    Minus,
    Operation,
    Origin,
    Reference,
    Tree,
    Wanted,
)

STALL_DAYS_MAX = 3650  # ten years: whoever asks for more mistook the unit


_UNITS = {
    MeasureUnit.COUNT: KpiUnit.COUNT,
    MeasureUnit.SECONDS: KpiUnit.SECONDS,
    MeasureUnit.DAYS: KpiUnit.DAYS,
    MeasureUnit.MONEY: KpiUnit.MONEY,
}


def of_measure(measure: Measure) -> Kpi:
    """Return the KPI that a measure is by itself."""
    return Kpi.model_construct(
        kpi_id=measure.measure,
        name=measure.label,
        unit=_UNITS[measure.unit],
        direction=measure.direction,
        formula=measure.measure,
        meaning=measure.description or measure.label,
        denominator="",
        when_empty=None,
        empty_means="",
        source=MEASURE_SOURCE,
    )


class Catalogue:
    """All KPIs of one revision of the definitions."""

    def __init__(self, bundle: Bundle) -> None:
        self.measures = {m.measure: m for m in bundle.measures.measures}
        self.kpis = {k.kpi_id: k for k in bundle.kpis.kpis}

    def all(self) -> Iterator[Computed]:
        """Yield every KPI: measures first, then those with a formula.

        Raises:
            KpiError: as `computed`.
        """
        for name in (*self.measures, *self.kpis):
            yield self.computed(name)

    def computed(self, kpi_id: str) -> Computed:
        """Return a KPI ready to be computed.

        Raises:
            KeyError: there is no such KPI.
            KpiError: its formula makes no sense.
        """
        if kpi_id in self.measures:
            measure = self.measures[kpi_id]
            return Computed(of_measure(measure), Leaf(_sum_of(measure)), of_measure=True)
        kpi = self.kpis[kpi_id]
        return Computed(kpi, self._tree(kpi, (kpi_id,)))

    def _tree(self, kpi: Kpi, trail: tuple[str, ...]) -> Tree:
        try:
            return self._resolved(parsed(kpi.formula), trail, is_previous=False)
        except FormulaError as error:
            raise KpiError(
                kpi.formula, str(error), "see `pacesetter kpi explain win_rate`"
            ) from error

    def _resolved(self, node: Node, trail: tuple[str, ...], *, is_previous: bool) -> Tree:
        match node:
            case Number(value):
                return Constant(Fraction(value))
            case Name(name):
                return self._named(name, trail, is_previous=is_previous)
            case Call():
                return self._called(node, trail, is_previous=is_previous)
            case Negative(of):
                return Minus(self._resolved(of, trail, is_previous=is_previous))
            case Binary(sign, left, right):
                return Operation(
                    sign,
                    self._resolved(left, trail, is_previous=is_previous),
                    self._resolved(right, trail, is_previous=is_previous),
                )
            case Text(value):
                raise KpiError(value, "is a text by itself", 'give it to an input: reached("...")')

    def _named(self, name: str, trail: tuple[str, ...], *, is_previous: bool) -> Tree:
        if name in self.measures:
            measure = self.measures[name]
            rule = RULES.get(measure.rule)
            if rule is not None and rule.is_mixed:
                raise KpiError(name, "is money in many currencies, which never add up",
                               "name a measure in the reporting currency")  # fmt: skip
            return Leaf(_sum_of(measure)._replace(is_previous=is_previous))
        if name in self.kpis:
            if name in trail:
                circle = " > ".join((*trail[trail.index(name) :], name))
                raise KpiError(name, f"goes round in a circle: {circle}",
                               "let one of them name measures instead")  # fmt: skip
            kpi = self.kpis[name]
            node = parsed(kpi.formula)
            tree = self._resolved(node, (*trail, name), is_previous=is_previous)
            return Reference(f"{PREVIOUS}({name})" if is_previous else name, tree)
        if name in INPUTS:
            return Leaf(_input(name, "", "", is_previous))
        raise KpiError(name, "is no measure, input or KPI", self.nearest(name))

    def _called(self, call: Call, trail: tuple[str, ...], *, is_previous: bool) -> Tree:
        if call.function == PREVIOUS:
            if is_previous:
                raise KpiError(written(call), "goes back twice", "go back once")
            return self._resolved(call.argument, trail, is_previous=True)
        if call.function in STATISTICS:
            if not isinstance(call.argument, Name):
                raise KpiError(written(call), "is asked of more than a sample", _SAMPLES)
            return Leaf(_input(call.argument.name, "", call.function, is_previous))
        if call.function in INPUTS:
            return Leaf(_input(call.function, _argument(call, self), "", is_previous))
        raise KpiError(call.function, "is no function or input", self.nearest(call.function))

    def nearest(self, wrong: str) -> str:
        """Return what may be written instead of a word nobody knows."""
        known = {*self.measures, *self.kpis, *INPUTS, *STATISTICS, PREVIOUS}
        near = sorted(k for k in known if k.startswith(wrong[:4]))
        return (
            f"did you mean {' or '.join(near[:3])}?"
            if near
            else (f"there are {', '.join(sorted(known))}")
        )


_SAMPLES = "samples are " + ", ".join(n for n, i in INPUTS.items() if i.kind is InputKind.SAMPLE)
_ORIGINS = {
    InputKind.SUM: Origin.SUM,
    InputKind.STOCK: Origin.STOCK,
    InputKind.SAMPLE: Origin.SAMPLE,
}


def _sum_of(measure: Measure) -> Wanted:
    return Wanted(measure.measure, Origin.MEASURE, _UNITS[measure.unit])


def _input(name: str, argument: str, statistic: str, is_previous: bool) -> Wanted:
    found = INPUTS.get(name)
    if found is None:
        raise KpiError(name, "is no sample", _SAMPLES)
    is_sample = found.kind is InputKind.SAMPLE
    if is_sample and not statistic:
        raise KpiError(name, "is a sample of many values",
                       f"ask for one of {', '.join(STATISTICS)}, as in median({name})")  # fmt: skip
    if statistic and not is_sample:
        raise KpiError(name, "is no sample", _SAMPLES)
    if found.argument is not Argument.NONE and not argument:
        raise KpiError(
            name, f"needs a {found.argument.lower()} in brackets", _ASKED[found.argument]
        )
    if is_previous and (found.kind is InputKind.STOCK or name in EXPECTED):
        raise KpiError(name, "is known as of now alone, not of the period before",
                       "leave previous() out")  # fmt: skip
    unit = KpiUnit.COUNT if statistic == "count" else found.unit
    return Wanted(name, _ORIGINS[found.kind], unit, argument, statistic, is_previous)


_ASKED = {
    Argument.STAGE: 'as in reached("Proposal"), a stage\'s label or id',
    Argument.DAYS: "as in stalled_deals(14)",
    Argument.KPI: "as in quota(revenue_won_reporting)",
    Argument.NONE: "leave the brackets out",
}


def _argument(call: Call, catalogue: Catalogue) -> str:
    kind, given = INPUTS[call.function].argument, call.argument
    match kind, given:
        case Argument.STAGE, Text(value) if value.strip():
            return value
        case Argument.DAYS, Number(days) if days == int(days) and 0 < days <= STALL_DAYS_MAX:
            return str(int(days))
        case Argument.KPI, Name(name):
            measure = catalogue.measures.get(name)
            if measure is not None and measure.unit is MeasureUnit.MONEY:
                return name
            raise KpiError(name, "is no measure of money", "quota() is asked of one")
    raise KpiError(written(call), "cannot be asked like this", _ASKED[kind])
