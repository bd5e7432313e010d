"""What plans say about pay: when earnings are eligible for it, and draws against them.

Source: QuotaPath, payouts eligibility and draws; Oracle Siebel Incentive Compensation, plan design.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.defining import Day, Definition, Id

_Positive = Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=4)]
_Share = Annotated[Decimal, Field(gt=0, le=1, max_digits=9, decimal_places=6)]
DAYS_MAX = 3660  # ten years after the deal: more is a slip of the pen


class EligibleBy(StrEnum):
    """What makes earnings eligible for pay."""

    EARNED = "EARNED"  # nothing more is asked for
    INVOICED = "INVOICED"  # as much of them as of the deal is invoiced
    CASH = "CASH"  # as much of them as of the deal the customer has paid
    DATES = "DATES"  # parts of them, so many days after the day of the credit


class EligiblePart(Definition):
    """A part of the earnings of a deal and when it is eligible."""

    days: Annotated[int, Field(ge=0, le=DAYS_MAX, description="days after the credit's day")]
    share: _Share = Field(description="part of the earnings; all parts add up to 1")


class Eligible(Definition):
    """When earnings of a component are eligible; until then they are held."""

    by: Annotated[EligibleBy, Field(description="EARNED, INVOICED, CASH or DATES")] = (
        EligibleBy.EARNED
    )
    parts: Annotated[tuple[EligiblePart, ...], Field(description="of DATES: up to 24")] = ()


class DrawKind(StrEnum):
    """How a draw is paid."""

    GUARANTEE = "GUARANTEE"  # behind a payout period, up to the draw: what earnings fall short
    ADVANCE = "ADVANCE"  # with the payout before a period, all of it; earnings pay it back


class Draw(Definition):
    """Pay against earnings to come, for each payout period, in the currency that is paid.

    Of a recoverable GUARANTEE pay = max(draw, earned - debt), debt += pay - earned. Of one that is
    not: pay = max(draw, earned). Of an ADVANCE pay = earned - debt + advance.
    """

    draw_id: Id = Field(description="short name within the plan; no component has it")
    amount: _Positive = Field(description="of each payout period")
    kind: Annotated[DrawKind, Field(description="GUARANTEE or ADVANCE")] = DrawKind.GUARANTEE
    recoverable: Annotated[
        bool, Field(description="whether later earnings pay it back; an ADVANCE always is")
    ] = True
    valid_from: Day = Field(description="payout periods that begin on or after this day")
    valid_to: Annotated[
        Day | None, Field(description="... and before this one; absent: no end")
    ] = None
    reps: Annotated[tuple[Id, ...], Field(description="rep_ids; none: all of the plan")] = ()
    recover_from: Annotated[
        Day | None,
        Field(description="payout periods from this day on pay back; absent: from the first"),
    ] = None
    recover_rate: Annotated[
        _Share, Field(description="part of what is earned above the draw that pays back")
    ] = Decimal(1)
    limit: Annotated[
        _Positive | None, Field(description="the debt grows no further; absent: no limit")
    ] = None
    forgive_at_end: Annotated[
        bool, Field(description="debt left when the draw ends is let go; otherwise it stays")
    ] = False
