"""What people decide about pay: periods, manual entries, holds, draws, openings.

Everything here is an act: somebody did it, at an instant, for a reason. Acts are added by
`pacesetter period` and `pacesetter payroll`; what has taken effect is never taken out again.
"""

from collections.abc import Iterable
from datetime import UTC, date
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from schemas.defining import Currency, Day, Definition, Id
from schemas.plan_choices import PlanPeriod

if TYPE_CHECKING:  # definitions hold payroll, and what is closed is asked of all definitions
    from schemas.definitions import Bundle

# In UTC, so that texts of instants stand in the order of time.
Instant = Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))]
Somebody = Annotated[str, Field(min_length=1, max_length=128, description="who did it")]
Reason = Annotated[str, Field(min_length=1, max_length=500, description="why, for auditors")]
Amount = Annotated[Decimal, Field(max_digits=18, decimal_places=4)]
NotNegative = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=4)]


class PeriodStep(StrEnum):
    """What is done to a payroll period, in the order of its life."""

    PROVISIONAL = "PROVISIONAL"  # the numbers are put before those who approve
    APPROVED = "APPROVED"  # by one person; two different ones are needed
    CLOSED = "CLOSED"  # for good: what changes later posts into the first open period
    PAID = "PAID"  # payroll has paid what was released
    REOPENED = "REOPENED"  # of provisional or approved, never of closed


class PeriodAct(Definition):
    """A step in the life of a payroll period."""

    at: Instant = Field(description="when, with an offset: 2026-07-03T09:00:00+02:00")
    period_start: Day = Field(description="first day of the payroll period")
    period_end: Day = Field(description="first day behind it")
    step: PeriodStep = Field(description="PROVISIONAL, APPROVED, CLOSED, PAID or REOPENED")
    by: Somebody
    reason: Annotated[str, Field(max_length=500, description="why; REOPENED needs one")] = ""


class ManualEntry(Definition):
    """Money that no plan computes; it counts once somebody else than its author approved it."""

    manual_id: Id = Field(description="short name for life")
    at: Instant = Field(description="when it was written")
    rep_id: Id = Field(description="payee")
    plan_id: Annotated[Id | None, Field(description="plan it belongs to; absent: none")] = None
    component_id: Annotated[Id | None, Field(description="absent: its manual_id")] = None
    deal_id: Annotated[Id | None, Field(description="deal it is about; absent: none")] = None
    origin_start: Annotated[
        Day | None, Field(description="a day of the payroll period it is for; absent: of `at`")
    ] = None
    amount: Amount = Field(description="positive in the payee's favour")
    currency: Currency = Field(description="ISO 4217; that of the plan's pay")
    by: Somebody
    reason: Reason
    approved_by: Annotated[str, Field(max_length=128, description="absent: nobody yet")] = ""
    approved_at: Annotated[Instant | None, Field(description="absent: not yet")] = None


class Hold(Definition):
    """What becomes eligible no further: a deal, a payee, or a payee's part of a deal."""

    hold_id: Id = Field(description="short name for life")
    at: Instant = Field(description="since when")
    rep_id: Annotated[Id | None, Field(description="absent: everybody's part of the deal")] = None
    deal_id: Annotated[Id | None, Field(description="absent: all of the payee")] = None
    by: Somebody
    reason: Reason
    released_at: Annotated[Instant | None, Field(description="absent: still held")] = None
    released_by: Annotated[str, Field(max_length=128)] = ""
    released_reason: Annotated[str, Field(max_length=500)] = ""


class Forgiveness(Definition):
    """Debt of a draw that is let go; it counts once somebody else approved it."""

    forgiveness_id: Id = Field(description="short name for life")
    at: Instant = Field(description="when it was written")
    rep_id: Id = Field(description="payee")
    plan_id: Id = Field(description="plan of the draw")
    draw_id: Id = Field(description="the draw")
    amount: Annotated[
        Decimal | None,
        Field(gt=0, max_digits=18, decimal_places=4, description="absent: all there is"),
    ] = None
    by: Somebody
    reason: Reason
    approved_by: Annotated[str, Field(max_length=128, description="absent: nobody yet")] = ""
    approved_at: Annotated[Instant | None, Field(description="absent: not yet")] = None


class Opening(Definition):
    """What another system left: attainment, earnings and payments to date, debt of a draw."""

    opening_id: Id = Field(description="short name for life")
    at: Instant = Field(description="when it was written")
    rep_id: Id = Field(description="payee")
    plan_id: Id = Field(description="plan it belongs to")
    component_id: Id = Field(description="component; of a debt: the draw_id")
    day: Day = Field(description="a day of the component's period that it belongs to")
    currency: Currency = Field(description="ISO 4217; that of the plan's pay")
    deal_id: Annotated[
        Id | None,
        Field(description="a deal taken over as a fact, of which `paid` is paid; absent: a sum"),
    ] = None
    credited: Annotated[
        NotNegative,
        Field(description="attainment to date, of what is counted: where the ladder begins"),
    ] = Decimal(0)
    earned: Annotated[Amount, Field(description="earned to date, in the old system")] = Decimal(0)
    paid: Annotated[Amount, Field(description="of it already paid out")] = Decimal(0)
    debt: Annotated[NotNegative, Field(description="of a draw: still to be recovered")] = Decimal(0)
    by: Somebody
    reason: Reason
    approved_by: Annotated[str, Field(max_length=128, description="absent: nobody yet")] = ""
    approved_at: Annotated[Instant | None, Field(description="absent: not yet")] = None


class Payroll(Definition):
    """All acts of payroll. Without any nothing is closed, and all is due once its period ends."""

    period: Annotated[PlanPeriod, Field(description="how long payroll periods are")] = (
        PlanPeriod.MONTH
    )
    periods: Annotated[tuple[PeriodAct, ...], Field(description="steps, in order")] = ()
    manual: tuple[ManualEntry, ...] = ()
    holds: tuple[Hold, ...] = ()
    forgiven: tuple[Forgiveness, ...] = ()
    openings: tuple[Opening, ...] = ()


def closed_through(bundle: "Bundle") -> date | None:
    """Return the first day that is not closed; None: nothing is.

    Every payout period that ends on or before it is closed, whatever its length; it never goes
    back.
    """
    return closed_before(bundle.payroll.periods)


def closed_before(acts: Iterable[PeriodAct]) -> date | None:
    """Return the first day that these acts leave open; None: they close nothing."""
    ends = [act.period_end for act in acts if act.step is PeriodStep.CLOSED]
    return max(ends, default=None)
