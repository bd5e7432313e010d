"""Broadcasts as data: which good news of the floor leave for channels that everybody reads."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.defining import Definition, Id

Amount = Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=4)]
FRESH_MINUTES = 60  # who hears of it an hour later knows it already


class Occasion(StrEnum):
    """What is worth telling everybody."""

    CONTEST_STARTED = "CONTEST_STARTED"
    LEAD_TAKEN = "LEAD_TAKEN"  # by an own rise; who is first because another was corrected is not
    TARGET_REACHED = "TARGET_REACHED"  # of a contest: the own one, the goal, or a level of it
    FINAL_RESULT = "FINAL_RESULT"
    DEAL_WON = "DEAL_WON"  # of `at_least`, in the reporting currency
    QUOTA_REACHED = "QUOTA_REACHED"


OF_CONTESTS = frozenset({
    Occasion.CONTEST_STARTED, Occasion.LEAD_TAKEN, Occasion.TARGET_REACHED, Occasion.FINAL_RESULT,
})  # fmt: skip


class Broadcast(Definition):
    """One kind of good news. Route BROADCAST under `ways` says where it goes."""

    broadcast_id: Id = Field(description="short name for life")
    occasion: Occasion = Field(description="DEAL_WON, LEAD_TAKEN, QUOTA_REACHED ...")
    at_least: Annotated[
        Amount | None, Field(description="of a DEAL_WON: amount in the reporting currency")
    ] = None
    contests: Annotated[
        tuple[Id, ...], Field(description="of contests: these alone; none: all but hidden ones")
    ] = ()
    kpis: Annotated[
        tuple[Id, ...], Field(description="of a QUOTA_REACHED: quotas of these; none: all")
    ] = ()
    names_people: Annotated[
        bool, Field(description="whether who did it is named where others read it")
    ] = False
    fresh_minutes: Annotated[
        int, Field(ge=5, le=1440, description="older news is known: not told at all")
    ] = FRESH_MINUTES
