"""Formulas with every name resolved: what they ask for, and what is done with it."""

from collections.abc import Iterator
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from schemas.kpis import INPUTS, PREVIOUS, Kpi, KpiUnit

EXPECTED = ("pipeline_due", "weighted_due")  # of open deals, on the days they are to close
MEASURE_SOURCE = "spm.kpi_rep_day, added up over the days of the period"


class KpiError(ValueError):
    """A KPI that cannot be computed: what is wrong with which word, and what to do."""

    def __init__(self, word: str, problem: str, remedy: str) -> None:
        self.word, self.problem, self.remedy = word, problem, remedy
        super().__init__(f"{word}: {problem}; {remedy}")


class Origin(StrEnum):
    """Where something wanted comes from, and how it goes together."""

    MEASURE = "MEASURE"
    SUM = "SUM"
    STOCK = "STOCK"
    SAMPLE = "SAMPLE"


class Wanted(NamedTuple):
    """One number a formula needs from outside.

    Attributes:
        argument: stage, days or KPI it is asked with, as text; empty for none.
        statistic: of a sample: median, p90 or count.
        is_previous: of the period before.
    """

    name: str
    origin: Origin
    unit: KpiUnit
    argument: str = ""
    statistic: str = ""
    is_previous: bool = False

    def __str__(self) -> str:
        argument = self.argument if self.name != "quota" and self.argument.isdigit() else None
        quoted = argument or (self.argument if self.name == "quota" else f'"{self.argument}"')
        text = f"{self.name}({quoted})" if self.argument else self.name
        text = f"{self.statistic}({text})" if self.statistic else text
        return f"{PREVIOUS}({text})" if self.is_previous else text


class Constant(NamedTuple):
    """A number of the formula."""

    value: Fraction


class Leaf(NamedTuple):
    """Something wanted."""

    wanted: Wanted


class Reference(NamedTuple):
    """Another KPI. Within a formula what is empty stays empty; `when_empty` is for showing it."""

    kpi_id: str
    of: "Tree"


class Minus(NamedTuple):
    """The same below zero."""

    of: "Tree"


class Operation(NamedTuple):
    """Two sides and what is between them."""

    sign: str
    left: "Tree"
    right: "Tree"


Tree = Constant | Leaf | Reference | Minus | Operation


class Computed(NamedTuple):
    """A KPI ready to be computed.

    Attributes:
        of_measure: it is this measure itself, and exists in each of its currencies.
    """

    kpi: Kpi
    tree: Tree
    of_measure: bool = False

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        """What it needs, each once, in the order of the formula."""
        return tuple(dict.fromkeys(wanted_by(self.tree)))


def unit_of(wanted: Wanted) -> KpiUnit:
    """Return the unit of what something is taken from: of a count, that of what is counted."""
    return INPUTS[wanted.name].unit if wanted.statistic else wanted.unit


def wanted_by(tree: Tree) -> Iterator[Wanted]:
    """Yield what a formula needs, repeats too."""
    match tree:
        case Leaf(wanted):
            yield wanted
        case Reference(_, of) | Minus(of):
            yield from wanted_by(of)
        case Operation(_, left, right):
            yield from wanted_by(left)
            yield from wanted_by(right)


def may_be_empty(tree: Tree) -> bool:
    """Return whether something may be divided by nothing, or nothing may be there to order."""
    match tree:
        case Operation("/", left, right):
            return not isinstance(right, Constant) or right.value == 0 or may_be_empty(left)
        case Operation(_, left, right):
            return may_be_empty(left) or may_be_empty(right)
        case Leaf(wanted):
            return wanted.statistic in ("median", "p90") or wanted.name == "quota"
        case Reference(_, of) | Minus(of):
            return may_be_empty(of)
    return False
