"""Commission plans as data: what reps earn on what they are credited with."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.defining import Currency, Day, Definition, Id, Label


class PlanPeriod(StrEnum):
    """In which spans a plan accumulates; quarters and years follow the fiscal year."""

    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


class Tier(Definition):
    """A marginal tier: it earns on what lies from its bound up to the next tier's."""

    since: Annotated[
        Decimal,
        Field(ge=0, max_digits=18, decimal_places=4, description="lower bound, in the plan's unit"),
    ]
    rate: Annotated[
        Decimal,
        Field(ge=0, le=10, max_digits=9, decimal_places=6, description="0.08 pays 8 percent"),
    ]


class Component(Definition):
    """One line of a plan: marginal tiers over the REVENUE credits of won deals."""

    component_id: Id = Field(description="short name for life within the plan")
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1, description="the first starts at 0")]


class Plan(Definition):
    """What reps earn on what they are credited with."""

    plan_id: Id = Field(description="short name for life")
    name: Label = Field(description="for people")
    currency: Currency = Field(description="the reporting currency; credits count in it")
    period: PlanPeriod = Field(description="MONTH, QUARTER or YEAR")
    valid_from: Day = Field(description="first day whose credits it pays")
    valid_to: Annotated[
        Day | None, Field(description="first day it no longer pays; absent: no end")
    ] = None
    reps: Annotated[tuple[Id, ...], Field(description="rep_ids; none: everybody")] = ()
    components: Annotated[tuple[Component, ...], Field(min_length=1)]


class Plans(Definition):
    """All commission plans."""

    plans: tuple[Plan, ...]
