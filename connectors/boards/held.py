"""What is read of reps beside the stream: quotas that run, and for a card what was earned."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple


class Quota(NamedTuple):
    """One quota whose period runs, as `attainment_current` tells it.

    Attributes:
        required_per_day: on each business day that is left; None: the KPI does not add up.
    """

    kpi: str
    name: str
    unit: str
    currency: str
    period_start: date
    period_end: date
    quota: Decimal
    actual: Decimal | None
    plan_to_date: Decimal | None
    elapsed: Decimal | None
    attainment: Decimal | None
    pace: Decimal | None
    remaining: Decimal | None
    days_left: Decimal | None
    required_per_day: Decimal | None
    projected: Decimal | None


class Plan(NamedTuple):
    """What a rep's quota of revenue asks for, in the reporting currency.

    Attributes:
        due: of it by now, by the plan's own curve; None: nobody knows.
    """

    period_start: date
    period_end: date
    quota: Decimal
    due: Decimal | None


class Earned(NamedTuple):
    """What a component of a plan has earned in the period that runs."""

    plan_id: str
    component_id: str
    period_start: date
    period_end: date
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Held:
    """What was read of one rep.

    Attributes:
        earned: None: it was not asked for.
        read_at: when.
    """

    quotas: tuple[Quota, ...]
    earned: tuple[Earned, ...] | None
    read_at: datetime
