"""Commission plans as data: what reps earn on what they are credited with."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from schemas.defining import Currency, Day, Definition, Id, Label
from schemas.plan_choices import (
    Anchor,
    Attained,
    Boundary,
    CancelReason,
    ClawbackMode,
    PlanPeriod,
    Rounding,
)
from schemas.plan_components import Component, Positive, Tier
from schemas.plan_pay import Draw

__all__ = [
    "Clawback",
    "Component",
    "Guarantee",
    "Individual",
    "Plan",
    "PlanPeriod",
    "Plans",
    "Score",
    "Tier",
]


class Individual(Definition):
    """What differs for one rep: the quota and variable of a period."""

    rep_id: Id = Field(description="a rep of the roster")
    component_id: Annotated[Id | None, Field(description="absent: of every component")] = None
    quota: Annotated[Positive | None, Field(description="in place of the component's")] = None
    variable: Annotated[Positive | None, Field(description="in place of the component's")] = None


class Guarantee(Definition):
    """The least that all components together pay in each payout period; never taken back."""

    guarantee_id: Id = Field(description="short name within the plan")
    amount: Positive = Field(description="of each payout period, in the plan's currency")
    valid_from: Day = Field(description="payout periods that begin on or after this day")
    valid_to: Day = Field(description="... and before this one")
    reps: Annotated[tuple[Id, ...], Field(description="rep_ids; none: all of the plan")] = ()


class Clawback(Definition):
    """What is taken back once a customer no longer has what a deal was credited for."""

    mode: Annotated[ClawbackMode, Field(description="LADDER, FULL, PAID or PRO_RATA")] = (
        ClawbackMode.LADDER
    )
    attainment: Annotated[
        Attained, Field(description="of all but LADDER: KEPT, or REDUCED for what comes later")
    ] = Attained.KEPT
    reasons: Annotated[
        tuple[CancelReason, ...], Field(description="take back for these; none: for any reason")
    ] = ()
    within_months: Annotated[
        int | None,
        Field(ge=1, le=120, description="cancelled later than that, nothing; absent: ever"),
    ] = None
    term_months: Annotated[
        int | None, Field(ge=1, le=120, description="of PRO_RATA: served in full after so long")
    ] = None


class Plan(Definition):
    """What reps earn on what they are credited with."""

    plan_id: Id = Field(description="short name for life")
    name: Label = Field(description="for people")
    currency: Currency = Field(description="of bounds and amounts; credits count in it")
    credit_rate_on: Annotated[
        Anchor, Field(description="rate into the plan's currency: of the EVENT, PERIOD_START, _END")
    ] = Anchor.EVENT
    pay_currency: Annotated[Currency | None, Field(description="absent: the plan's")] = None
    pay_rate_on: Annotated[
        Anchor, Field(description="rate into the pay currency: of PERIOD_START or PERIOD_END")
    ] = Anchor.PERIOD_END
    period: PlanPeriod = Field(description="MONTH, QUARTER or YEAR: what accumulates")
    payout: Annotated[
        PlanPeriod | None, Field(description="how often it is paid out; absent: every period")
    ] = None
    boundary: Annotated[
        Boundary, Field(description="a total on a bound: LOWER takes the tier above, UPPER below")
    ] = Boundary.LOWER
    rounding: Annotated[Rounding, Field(description="HALF_EVEN or HALF_UP, once, on the total")] = (
        Rounding.HALF_EVEN
    )
    valid_from: Day = Field(description="first day whose credits it pays")
    valid_to: Annotated[
        Day | None, Field(description="first day it no longer pays; absent: no end")
    ] = None
    reps: Annotated[tuple[Id, ...], Field(description="rep_ids; none: everybody")] = ()
    individual: Annotated[
        tuple[Individual, ...], Field(description="quota and variable of single reps")
    ] = ()
    clawback: Annotated[Clawback, Field(description="absent: a cancelled deal counts no more")] = (
        Clawback()
    )
    components: Annotated[tuple[Component, ...], Field(min_length=1)]
    guarantees: tuple[Guarantee, ...] = ()
    draws: tuple[Draw, ...] = ()


class Score(Definition):
    """What somebody reached of an objective in a period."""

    rep_id: Id = Field(description="a rep of the roster")
    plan_id: Id = Field(description="a plan of this file")
    component_id: Id = Field(description="a component of measure SCORE")
    objective_id: Id = Field(description="one of its objectives")
    period_start: Day = Field(description="first day of the component's period")
    score: Annotated[
        Decimal, Field(ge=0, le=10, max_digits=8, decimal_places=6, description="1.05: 105 percent")
    ]


class Plans(Definition):
    """All commission plans, and the scores of objectives."""

    plans: tuple[Plan, ...]
    scores: tuple[Score, ...] = ()
