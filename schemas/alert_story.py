"""What an alert has to say, before anybody puts it into words."""

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from schemas.alerts import Severity, Signal


class Deviation(NamedTuple):
    """A leading indicator against what is usual for the subject.

    Attributes:
        is_ratio: the numbers are ratios, 1 = 100 %.
    """

    kpi: str
    name: str
    actual: Decimal
    usual: Decimal
    is_ratio: bool = False


class Link(NamedTuple):
    """Where to look further."""

    text: str
    url: str


class Case(NamedTuple):
    """What an anomaly rests on, for sales operations.

    Attributes:
        about: the deal or contest.
        amount: what stands out, in the story's currency.
        usual: what it is measured against, in the same unit.
        number: of deals, activities or prizes.
        command: what explains it; empty: nothing more does.
    """

    about: str = ""
    amount: Decimal = Decimal(0)
    usual: Decimal = Decimal(0)
    number: int = 0
    command: str = ""


class Story(NamedTuple):
    """One alert, told in full. None: it cannot be said.

    Attributes:
        is_over: what was bad has ended; `reason` says why.
        period_name: such as Q4; empty: told by its first and last day.
        subject_name: of the rep, the team, or the company.
        place: team and region, for people who know more than one.
        gap_amount: plan to date less actual, in `currency`, or in units where that is empty.
        pace_ratio: actual over plan to date.
        elapsed_ratio: part of the plan that is due.
        rank: among `of` with the same quota; 1 is best.
        required_per_day: what each business day left must bring.
        recent_per_day: what the last business days brought.
        low, high: attainment at the end, 80 % of outcomes lie between.
        probability: of reaching the quota.
        why: the indicator that deviates most; None: none deviates.
        suggestion: one step to try, a hypothesis.
        value: what the rule saw when it was noticed.
        days: business days it looked back; None: it did not.
        period_start: None: a window that moves with the days.
        case: of an anomaly; None: it is none, or it is over.
    """

    notice_key: str
    severity: Severity
    signal: Signal
    is_over: bool
    reason: str
    at: datetime
    subject_kind: str
    subject_name: str
    place: str
    kpi_name: str
    currency: str
    period_name: str
    period_end: date
    gap_amount: Decimal
    pace_ratio: Decimal | None
    attainment_ratio: Decimal | None
    elapsed_ratio: Decimal
    rank: int | None
    of: int | None
    required_per_day: Decimal | None
    business_days_left: Decimal
    recent_per_day: Decimal | None
    low: Decimal | None
    high: Decimal | None
    probability: Decimal | None
    why: Deviation | None
    suggestion: str
    links: tuple[Link, ...] = ()
    value: Decimal | None = None
    days: int | None = None
    period_start: date | None = None
    case: Case | None = None
