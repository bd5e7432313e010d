"""Goals and quotas as data: what is expected of whom, how it ramps up, and along which curve."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, model_validator

from schemas.defining import Currency, Day, Definition, Id

LINEAR, BUSINESS_DAYS = "linear", "business-days"  # curves that need no definition
Amount = Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=4)]
Nth = Annotated[int, Field(ge=1, le=60)]


class QuotaOwner(StrEnum):
    """Whom a quota is for."""

    REP = "REP"
    TEAM = "TEAM"
    REGION = "REGION"
    COMPANY = "COMPANY"


class Proration(StrEnum):
    """Which part of its period a rep's quota is asked for."""

    NONE = "NONE"  # all of it: the amount is meant as it stands
    EMPLOYMENT = "EMPLOYMENT"  # the days the rep is on the roster
    PRESENCE = "PRESENCE"  # those days without the rep's leave


class DayCount(StrEnum):
    """Which days proration counts. A span has its first day and not its end."""

    CALENDAR_DAYS = "CALENDAR_DAYS"
    BUSINESS_DAYS = "BUSINESS_DAYS"


class PeriodKind(StrEnum):
    """A span of the fiscal calendar."""

    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


class CurveShape(StrEnum):
    """Where a plan curve comes from."""

    WEIGHTS = "WEIGHTS"  # written down: so much for each month or quarter of the year
    LEARNED = "LEARNED"  # the company's own past: how far such periods were at the same point


class QuotaChange(Definition):
    """Another amount for the whole period, in force from a day within it."""

    on: Day = Field(description="first day it is in force")
    amount: Amount = Field(description="what the whole period asks for at this level")
    reason: Annotated[
        str, Field(max_length=500, description="why, for auditors: relief during leave, say")
    ] = ""
    author: Annotated[str, Field(max_length=128, description="who wrote it")] = ""
    approver: Annotated[
        str, Field(max_length=128, description="who approved it: somebody else than its author")
    ] = ""


class Quota(Definition):
    """What is expected of somebody in a half-open span of days."""

    quota_id: Annotated[
        Id, Field(description="absent: made of owner, KPI and first day, which are unique")
    ] = "-"
    owner_kind: QuotaOwner = Field(description="REP, TEAM, REGION or COMPANY")
    owner_id: Id = Field(description="rep_id, team_id, region, or company")
    kpi: Id = Field(description="a KPI; every measure is one")
    period_start: Day = Field(description="first day")
    period_end: Day = Field(description="first day behind the period")
    amount: Amount = Field(description="in the KPI's unit, for the whole period")
    currency: Annotated[Currency | None, Field(description="for a KPI of money only")] = None
    curve: Annotated[
        Id, Field(description=f"{BUSINESS_DAYS}, {LINEAR}, or a curve of this file")
    ] = BUSINESS_DAYS
    ramp: Annotated[Id | None, Field(description="of a rep: a ramp of this file")] = None
    proration: Annotated[Proration, Field(description="of a rep: NONE, EMPLOYMENT or PRESENCE")] = (
        Proration.NONE
    )
    changes: Annotated[
        tuple[QuotaChange, ...], Field(description="amounts that take over within the period")
    ] = ()
    is_overlay: Annotated[
        bool, Field(description="beside what others are asked for: left out of sums")
    ] = False
    calendar_id: Annotated[
        Id | None, Field(description="working days; absent: the rep's, else the company's")
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _with_id(cls, raw: Any) -> Any:
        if not isinstance(raw, dict) or "quota_id" in raw:
            return raw
        parts = [raw.get(n) for n in ("owner_kind", "owner_id", "kpi", "period_start")]
        return raw if None in parts else {**raw, "quota_id": ":".join(map(str, parts))}


class Ramp(Definition):
    """What new hires are asked for until they are asked for all of it."""

    ramp_id: Id = Field(description="short name for life")
    shares: Annotated[
        dict[Nth, Annotated[Decimal, Field(ge=0, le=2, max_digits=9, decimal_places=6)]],
        Field(
            default_factory=dict,
            description="n-th month since hire -> part of the quota; then all of it",
        ),
    ]
    amounts: Annotated[
        dict[Nth, Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=4)]],
        Field(
            default_factory=dict,
            description="n-th month since hire -> amount of a whole period; then the quota",
        ),
    ]


class Curve(Definition):
    """How a quota is expected to come in over its period."""

    curve_id: Id = Field(description="short name for life")
    shape: CurveShape = Field(description="WEIGHTS or LEARNED")
    by: PeriodKind = Field(
        description="of WEIGHTS: what has a weight, MONTH or QUARTER; of LEARNED: what is learned"
    )
    weights: Annotated[
        dict[
            Annotated[int, Field(ge=1, le=12)],
            Annotated[Decimal, Field(ge=0, max_digits=9, decimal_places=4)],
        ],
        Field(
            default_factory=dict,
            description="n-th month or quarter of the fiscal year -> weight, 20 20 20 40 say",
        ),
    ]
    evidence_periods_min: Annotated[
        int, Field(ge=1, le=40, description="past periods without which LEARNED stays linear")
    ] = 4


class Quotas(Definition):
    """All quotas, and how they are read."""

    quotas: tuple[Quota, ...]
    ramps: tuple[Ramp, ...] = ()
    curves: tuple[Curve, ...] = ()
    day_count: Annotated[
        DayCount, Field(description="what proration counts: CALENDAR_DAYS or BUSINESS_DAYS")
    ] = DayCount.CALENDAR_DAYS
    today_counts: Annotated[
        bool, Field(description="whether a day is part of the plan to date before it is over")
    ] = False
    over_assignment_min: Annotated[
        Decimal, Field(ge=0, le=10, description="reps' quotas over their team's; below: warned of")
    ] = Decimal(1)
    over_assignment_max: Annotated[
        Decimal, Field(ge=0, le=10, description="... and above which it is warned of")
    ] = Decimal("1.5")
