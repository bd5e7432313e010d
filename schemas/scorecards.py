"""Scorecards as data: leading indicators, what each weighs, and what is expected of a rep."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from schemas.defining import Currency, Day, Definition, Id, Label
from schemas.plans import PlanPeriod

Positive = Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=4)]


class Indicator(Definition):
    """One number of a scorecard: points = actual / target x weight."""

    kpi: Id = Field(description="a measure, or a KPI made of measures, such as win_rate")
    weight: Annotated[
        Decimal,
        Field(gt=0, le=10_000, max_digits=9, decimal_places=4, description="points for the target"),
    ]
    target: Annotated[
        Positive | None,
        Field(description="of one rep for a whole period; absent: the rep's own quota on the KPI"),
    ] = None
    currency: Annotated[Currency | None, Field(description="for a measure of money only")] = None


class Scorecard(Definition):
    """What a group of reps is scored by."""

    scorecard_id: Id = Field(description="short name for life")
    name: Label = Field(description="for people")
    period: PlanPeriod = Field(description="MONTH, QUARTER or YEAR: what targets are for")
    valid_from: Day = Field(description="first day it scores")
    valid_to: Annotated[Day | None, Field(description="first day it no longer does")] = None
    teams: Annotated[
        tuple[Id, ...], Field(description="teams it is for, with all below; none: everybody")
    ] = ()
    roles: Annotated[tuple[Id, ...], Field(description="roles it is for; none: every role")] = ()
    indicators: Annotated[tuple[Indicator, ...], Field(min_length=1)]
    cap: Annotated[
        Positive | None,
        Field(description="most points of an indicator, as a multiple of its weight; absent: none"),
    ] = None
    prorate: Annotated[
        bool, Field(description="whether days of leave, and off the roster, ask for nothing")
    ] = True


class Scorecards(Definition):
    """All scorecards."""

    scorecards: tuple[Scorecard, ...] = ()
