"""KPIs as data: what each means, and from what it is computed.

Every measure is a KPI under its own name. Other KPIs have a formula over measures, over the inputs
named here, and over each other.
"""

from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import Field

from schemas.defining import Definition, Label

Words = Annotated[str, Field(min_length=1, max_length=1000)]
KpiId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]


class KpiUnit(StrEnum):
    """What a KPI's value is in."""

    COUNT = "COUNT"
    RATIO = "RATIO"  # 1 is all of it; shown as 100 %
    MONEY = "MONEY"  # the reporting currency
    SECONDS = "SECONDS"
    DAYS = "DAYS"
    MONEY_PER_DAY = "MONEY_PER_DAY"
    COUNT_PER_DAY = "COUNT_PER_DAY"


class Powers(NamedTuple):
    """A unit as powers of what it is made of; counts and ratios are made of nothing."""

    money: int = 0
    seconds: int = 0
    days: int = 0


POWERS: dict[KpiUnit, Powers] = {
    KpiUnit.COUNT: Powers(),
    KpiUnit.RATIO: Powers(),
    KpiUnit.MONEY: Powers(money=1),
    KpiUnit.SECONDS: Powers(seconds=1),
    KpiUnit.DAYS: Powers(days=1),
    KpiUnit.MONEY_PER_DAY: Powers(money=1, days=-1),
    KpiUnit.COUNT_PER_DAY: Powers(days=-1),
}


class Direction(StrEnum):
    """Which way is better."""

    HIGHER = "HIGHER"
    LOWER = "LOWER"
    NEUTRAL = "NEUTRAL"


class WhenEmpty(StrEnum):
    """What stands there when a KPI divides by nothing, or nothing is there to order."""

    NOTHING = "NOTHING"  # no value, which is not 0
    ZERO = "ZERO"


class Kpi(Definition):
    """One KPI."""

    kpi_id: KpiId = Field(description="small letters, digits and _; formulas name it by this")
    name: Label = Field(description="short, for boards")
    unit: KpiUnit = Field(description="what the value is in")
    direction: Annotated[Direction, Field(description="HIGHER, LOWER or NEUTRAL is better")] = (
        Direction.HIGHER
    )
    formula: Words = Field(description="over measures, inputs and KPIs: won / (won + lost)")
    meaning: Words = Field(
        description="the formula in words; names the variant where there are two"
    )
    denominator: Annotated[
        str, Field(max_length=1000, description="what it is divided by, in words")
    ] = ""
    when_empty: Annotated[
        WhenEmpty | None,
        Field(description="NOTHING or ZERO; needed where something may be divided by nothing"),
    ] = None
    empty_means: Annotated[
        str, Field(max_length=1000, description="what it says when that is so")
    ] = ""
    source: Words = Field(description="where the numbers come from")


class Kpis(Definition):
    """All KPIs that have a formula."""

    kpis: tuple[Kpi, ...]


class InputKind(StrEnum):
    """How an input goes together."""

    SUM = "SUM"  # of a day; adds up over days and reps
    STOCK = "STOCK"  # as of now; adds up over reps, belongs to the period today lies in
    SAMPLE = "SAMPLE"  # many values, to be asked for their median, p90 or count


class Argument(StrEnum):
    """What an input is asked with."""

    NONE = "NONE"
    STAGE = "STAGE"  # a stage's id or label, in quotes
    DAYS = "DAYS"  # a whole number of days
    KPI = "KPI"  # the name of a KPI


class Input(NamedTuple):
    """Something formulas may name beside measures and KPIs."""

    kind: InputKind
    unit: KpiUnit
    argument: Argument
    meaning: str
    source: str


_DEALS = "spm.deal, newest row of each deal"
_OPEN = f"{_DEALS}; REVENUE splits; rates in force"
INPUTS: dict[str, Input] = {
    "open_deals": Input(
        InputKind.STOCK, KpiUnit.COUNT, Argument.NONE,
        "Deals that are open now, for their owner.", _DEALS,
    ),
    "open_pipeline": Input(
        InputKind.STOCK, KpiUnit.MONEY, Argument.NONE,
        "Amounts of deals that are open now, by REVENUE splits, in the reporting currency at the "
        "latest rate. A deal without an amount or a rate is not in it.", _OPEN,
    ),
    "weighted_pipeline": Input(
        InputKind.STOCK, KpiUnit.MONEY, Argument.NONE,
        "The open pipeline, each part times the chance its source gives the deal. A deal without a "
        "stated chance is not in it.", _OPEN,
    ),
    "stage_deals": Input(
        InputKind.STOCK, KpiUnit.COUNT, Argument.STAGE,
        "Deals that are open now in one stage, for their owner.", _DEALS,
    ),
    "stage_pipeline": Input(
        InputKind.STOCK, KpiUnit.MONEY, Argument.STAGE,
        "The open pipeline in one stage.", _OPEN,
    ),
    "stalled_deals": Input(
        InputKind.STOCK, KpiUnit.COUNT, Argument.DAYS,
        "Deals that are open now, that nobody changed in their source for more than so many days "
        "and about which nobody spoke to the customer in that time.",
        f"{_DEALS}; spm.activity linked by deal_id",
    ),
    "stalled_pipeline": Input(
        InputKind.STOCK, KpiUnit.MONEY, Argument.DAYS,
        "The open pipeline in stalled deals.", f"{_OPEN}; spm.activity linked by deal_id",
    ),
    "pipeline_due": Input(
        InputKind.SUM, KpiUnit.MONEY, Argument.NONE,
        "The open pipeline by the date on which each deal is expected to close; so of deals that "
        "are open now and should close in the period. One without such a date is not in it.", _OPEN,
    ),
    "weighted_due": Input(
        InputKind.SUM, KpiUnit.MONEY, Argument.NONE,
        "The same, each part times the chance its source gives the deal.", _OPEN,
    ),
    "reached": Input(
        InputKind.SUM, KpiUnit.COUNT, Argument.STAGE,
        "Deals created in the period that have ever been in a stage, for their owner of today.",
        "spm.deal, all rows of each deal",
    ),
    "quota": Input(
        InputKind.SUM, KpiUnit.MONEY, Argument.KPI,
        "What is asked of the subject in a KPI: the quotas that lie within the period, added up.",
        "spm.definition, the quotas in force",
    ),
    "won_deal_amounts": Input(
        InputKind.SAMPLE, KpiUnit.MONEY, Argument.NONE,
        "Whole amount of each deal won in the period, for its owner, in the reporting currency at "
        "the rate of the day it was won.", _DEALS,
    ),
    "won_deal_cycles": Input(
        InputKind.SAMPLE, KpiUnit.DAYS, Argument.NONE,
        "Days from the day each deal was created to the day it was won, the first one not counted, "
        "of deals won in the period.", _DEALS,
    ),
    "first_responses": Input(
        InputKind.SAMPLE, KpiUnit.SECONDS, Argument.NONE,
        "Seconds by the clock, nights and weekends too, from the creation of each deal created in "
        "the period to the first time somebody spoke to the customer about it: a connected call, "
        "an e-mail sent by a person, a meeting held. A deal still waiting is not among them.",
        f"{_DEALS}; spm.activity linked by deal_id",
    ),
}  # fmt: skip
STATISTICS = {
    "median": "the middle value; of an even number, halfway between the two in the middle",
    "p90": "the smallest value that nine in ten do not exceed (nearest rank)",
    "count": "how many there are",
}
PREVIOUS = "previous"  # the whole period before, of the same length
