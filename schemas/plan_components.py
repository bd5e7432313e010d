"""Components of plans: what counts, how the total becomes earnings, and what bounds them."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from schemas.defining import Day, Definition, Id
from schemas.plan_choices import (
    Basis,
    Beyond,
    BonusPays,
    Boundary,
    Bounds,
    CapPer,
    Category,
    Combined,
    Excess,
    GatePays,
    Kind,
    Measure,
    Pays,
    PlanPeriod,
    Scope,
    VariableFor,
    Whose,
)
from schemas.plan_pay import Eligible
from schemas.territories import CreditRole

_Text = Annotated[str, Field(min_length=1, max_length=200)]
_Texts = Annotated[tuple[_Text, ...], Field(description="any of these; none: any value, or none")]
Positive = Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=4)]
Money = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=4)]
Rate = Annotated[
    Decimal,
    Field(
        ge=0,
        max_digits=15,
        decimal_places=6,
        description="0.08 pays 8 percent, of VARIABLE 1.5 one and a half times; units: money each",
    ),
]


class Conditions(Definition):
    """Which credits are meant; one must meet every condition given."""

    products: _Texts = ()
    segments: _Texts = ()
    regions: _Texts = ()
    deal_types: _Texts = ()
    territories: Annotated[
        tuple[Id, ...], Field(description="territory_ids the credit comes from; none: any")
    ] = ()


class Counts(Conditions):
    """Which credits count for a component, and what of them is added up."""

    measure: Annotated[
        Measure, Field(description="AMOUNT, ACV, MARGIN, UNITS, DEALS, SCORE or KPI")
    ] = Measure.AMOUNT
    kpi: Annotated[Id | None, Field(description="of measure KPI: which")] = None
    whose: Annotated[Whose, Field(description="OWN, or for overrides REPORTS or ALL_REPORTS")] = (
        Whose.OWN
    )
    roles: Annotated[
        tuple[CreditRole, ...], Field(min_length=1, description="REVENUE, OVERLAY")
    ] = (CreditRole.REVENUE,)


class Tier(Definition):
    """A bound and what is earned from it on: a rate, or of INTERPOLATED and BONUS an amount."""

    since: Annotated[
        Decimal,
        Field(
            ge=0, max_digits=18, decimal_places=4, description="lower bound: amount or attainment"
        ),
    ]
    rate: Rate | None = None
    amount: Annotated[Money | None, Field(description="money, or a part of variable")] = None


class Step(Definition):
    """An attainment and the factor from it on."""

    since: Annotated[
        Decimal, Field(ge=0, max_digits=18, decimal_places=4, description="1 is the quota")
    ]
    factor: Annotated[Decimal, Field(ge=0, le=100, max_digits=9, decimal_places=6)]


class Gate(Definition):
    """What must be reached before anything is earned."""

    since: Annotated[
        Decimal,
        Field(gt=0, max_digits=18, decimal_places=4, description="with LOWER reaching it clears"),
    ]
    bounds: Annotated[
        Bounds, Field(description="whether `since` is an ATTAINMENT or an AMOUNT")
    ] = Bounds.ATTAINMENT
    component_id: Annotated[
        Id | None, Field(description="whose credits and quota; absent: of this component")
    ] = None
    basis: Annotated[Basis, Field(description="PERIOD, YEAR_TO_DATE or FULL_YEAR")] = Basis.PERIOD
    pays: Annotated[
        GatePays, Field(description="FROM_FIRST unit once cleared, or only what lies ABOVE")
    ] = GatePays.FROM_FIRST


class Multiplier(Definition):
    """A factor on credits that meet conditions, or on earnings by attainment."""

    multiplier_id: Id = Field(description="short name within the component")
    factor: Annotated[
        Decimal | None,
        Field(
            ge=0,
            le=100,
            max_digits=9,
            decimal_places=6,
            description="credits that meet `when` count so many times, in the ladder too",
        ),
    ] = None
    when: Annotated[Conditions | None, Field(description="which credits; absent: every one")] = None
    steps: Annotated[
        tuple[Step, ...],
        Field(description="in place of factor: by attainment; below the first the factor is 1"),
    ] = ()
    component_id: Annotated[
        Id | None, Field(description="of steps: whose attainment; absent: of this component")
    ] = None
    basis: Annotated[Basis, Field(description="of steps: PERIOD, YEAR_TO_DATE or FULL_YEAR")] = (
        Basis.PERIOD
    )


class Cap(Definition):
    """The most that is paid; one of amount and of_variable is given."""

    amount: Annotated[Positive | None, Field(description="money in the plan's currency")] = None
    of_variable: Annotated[Positive | None, Field(description="2 is twice the variable")] = None
    per: Annotated[CapPer, Field(description="PERIOD, PAYOUT or TRANSACTION")] = CapPer.PERIOD
    excess: Annotated[Excess, Field(description="LOST, or CARRIED to later")] = Excess.LOST


class Objective(Definition):
    """One goal of measure SCORE and its weight; the weights add up to 1."""

    objective_id: Id = Field(description="short name within the component")
    weight: Annotated[Decimal, Field(gt=0, le=1, max_digits=7, decimal_places=6)]


class Component(Definition):
    """One line of a plan.

    It is computed in this order: credits x factors of conditions, ladder, gates, factors by
    attainment, floor, cap, rounding.
    """

    component_id: Id = Field(description="short name for life within the plan")
    category: Annotated[
        Category, Field(description="for statements: COMMISSION, BONUS, SPIF, MBO or OVERRIDE")
    ] = Category.COMMISSION
    kind: Annotated[
        Kind, Field(description="FLAT, MARGINAL, RETROACTIVE, INTERPOLATED or BONUS")
    ] = Kind.MARGINAL
    counts: Annotated[Counts, Field(description="absent: REVENUE amounts of won deals")] = Counts()
    valid_from: Annotated[Day | None, Field(description="absent: with the plan")] = None
    valid_to: Annotated[Day | None, Field(description="first day no longer; absent: as plan")] = (
        None
    )
    period: Annotated[PlanPeriod | None, Field(description="absent: the plan's")] = None
    scope: Annotated[
        Scope, Field(description="PERIOD: deals add up; TRANSACTION: each climbs alone")
    ] = Scope.PERIOD
    rate: Annotated[Rate | None, Field(description="of FLAT")] = None
    tiers: Annotated[tuple[Tier, ...], Field(description="of all kinds but FLAT")] = ()
    bounds: Annotated[
        Bounds, Field(description="tiers by AMOUNT or by ATTAINMENT of the quota")
    ] = Bounds.AMOUNT
    pays: Annotated[
        Pays, Field(description="rates and amounts of what is CREDITED, or of VARIABLE / quota")
    ] = Pays.CREDITED
    boundary: Annotated[Boundary | None, Field(description="absent: the plan's")] = None
    beyond: Annotated[
        Beyond, Field(description="of INTERPOLATED, behind the last: LEVEL or EXTENDED")
    ] = Beyond.LEVEL
    bonus_pays: Annotated[BonusPays, Field(description="of BONUS: HIGHEST or EACH")] = (
        BonusPays.HIGHEST
    )
    quota: Annotated[Positive | None, Field(description="of every period, for everybody")] = None
    quota_kpi: Annotated[
        Id | None, Field(description="in place of quota: the payee's quota of this KPI")
    ] = None
    variable: Annotated[
        Positive | None, Field(description="pay of a period at target, for everybody")
    ] = None
    variable_for: Annotated[
        VariableFor, Field(description="of quota_kpi with proration: DAYS_ASKED or WHOLE_PERIOD")
    ] = VariableFor.DAYS_ASKED
    multipliers: tuple[Multiplier, ...] = ()
    multipliers_combine: Annotated[Combined, Field(description="MULTIPLY or ADD")] = (
        Combined.MULTIPLY
    )
    gates: Annotated[tuple[Gate, ...], Field(description="all must be cleared")] = ()
    floor: Annotated[
        Positive | None, Field(description="least earned of a period with credits above 0")
    ] = None
    cap: Cap | None = None
    objectives: Annotated[tuple[Objective, ...], Field(description="of measure SCORE")] = ()
    eligible: Annotated[Eligible, Field(description="for pay; absent: once EARNED")] = Eligible()
