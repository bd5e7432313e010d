"""What contests, badges and streaks are made of: metrics with filters and caps, who takes part."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.contest_choices import Direction
from schemas.defining import Currency, Day, Definition, Id, Label

_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}", re.ASCII)
_CLOCK = re.compile(r"\d{2}:\d{2}", re.ASCII)
_YEARS = range(1971, 2199)


def _local(value: Any) -> str:
    """Return a date and a time of day without a zone, as it was written."""
    try:
        found = datetime.fromisoformat(value if _LOCAL.fullmatch(value) else "")
    except (TypeError, ValueError):
        raise PydanticCustomError("local_time", "is no local time") from None
    if found.year not in _YEARS:
        raise PydanticCustomError("day_range", "lies outside the years 1970 to 2199")
    return str(value)


def _clock(value: Any) -> str:
    """Return a time of day as it was written; 24:00 is the end of the day."""
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        hours, minutes = map(int, value.split(":"))
        if (hours < 24 and minutes < 60) or value == "24:00":
            return value
    raise PydanticCustomError("clock", "is no time of day")


LocalTime = Annotated[str, BeforeValidator(_local)]
Clock = Annotated[str, BeforeValidator(_clock)]
Amount = Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=4)]
# With values of decimal(18, 4) a product has 28 digits at most: what decimals keep exactly.
Points = Annotated[Decimal, Field(gt=0, le=99_999, max_digits=9, decimal_places=4)]
Ids = Annotated[tuple[Id, ...], Field(description="any of these; none: all")]


class Filter(Definition):
    """Which events count. What is left out does not matter; of a list any one will do."""

    products: Ids = ()
    segments: Ids = ()
    regions: Ids = ()
    deal_types: Ids = ()
    lead_sources: Ids = ()
    sources: Annotated[tuple[Id, ...], Field(description="systems the event came from")] = ()
    direction: Annotated[
        Direction | None, Field(description="of calls and e-mails: INBOUND or OUTBOUND")
    ] = None
    talk_seconds_min: Annotated[
        int | None, Field(ge=1, le=86_400, description="shorter conversations do not count")
    ] = None
    value_min: Annotated[
        Amount | None, Field(description="events worth less, in the metric's unit, do not count")
    ] = None
    weekdays: Annotated[
        tuple[Annotated[int, Field(ge=1, le=7)], ...],
        Field(description="ISO weekdays in the contest's zone, 1 = Monday; none: every day"),
    ] = ()
    hours_from: Annotated[Clock, Field(description="power hour: from 14:00, contest's zone")] = (
        "00:00"
    )
    hours_to: Annotated[Clock, Field(description="... up to, not including, 15:00")] = "24:00"


class Metric(Definition):
    """One thing that counts."""

    metric_id: Annotated[Id, Field(description="absent: the KPI's name")] = "-"
    kpi: Id = Field(description="a measure; by VALUE or PERCENT also a KPI with a formula")
    currency: Annotated[Currency | None, Field(description="for a KPI of money only")] = None
    points: Annotated[Points, Field(description="for one unit of it, where POINTS count")] = (
        Decimal(1)
    )
    cap_per_day: Annotated[
        Amount | None,
        Field(description="most that counts of a rep's day, in its unit; absent: no limit"),
    ] = None
    only: Annotated[Filter | None, Field(description="which events count; absent: all")] = None

    @model_validator(mode="before")
    @classmethod
    def _with_id(cls, raw: Any) -> Any:
        if not isinstance(raw, dict) or "metric_id" in raw or "kpi" not in raw:
            return raw
        return {**raw, "metric_id": str(raw["kpi"])}


class Member(Definition):
    """A rep who takes part by name."""

    rep_id: Id = Field(description="a rep of the roster")
    valid_from: Annotated[Day | None, Field(description="first day; absent: all along")] = None
    valid_to: Annotated[
        Day | None, Field(description="first day no longer; absent: to the end")
    ] = None


class Side(Definition):
    """A team made for one contest."""

    side_id: Id = Field(description="short name within the contest")
    name: Label = Field(description="as boards show it")
    members: Annotated[tuple[Member, ...], Field(min_length=1)]


class Participants(Definition):
    """Who takes part: by rule (teams, roles), by name, or in teams made for the contest."""

    teams: Annotated[
        tuple[Id, ...],
        Field(description="teams with all below; in a contest of teams: those that compete"),
    ] = ()
    roles: Annotated[tuple[Id, ...], Field(description="of these roles; none: every role")] = ()
    members: Annotated[
        tuple[Member, ...], Field(description="these reps and nobody else; not with teams or roles")
    ] = ()
    sides: Annotated[
        tuple[Side, ...], Field(description="of a contest of teams: teams made for it")
    ] = ()
    without: Annotated[tuple[Id, ...], Field(description="reps who stay out: managers, say")] = ()


class OwnTarget(Definition):
    """What is asked of one participant."""

    participant: Id = Field(description="rep_id, team_id or side_id")
    amount: Amount = Field(description="in the metric's unit, for the whole contest")


class Seed(Definition):
    """Where somebody enters a bracket or a season."""

    place: Annotated[int, Field(ge=1, le=256, description="1 is the strongest")]
    participant: Id = Field(description="rep_id, team_id or side_id")


class Prize(Definition):
    """What a place wins: money, or something else."""

    place: Annotated[int, Field(ge=1, le=1000, description="1 is the first")]
    amount: Annotated[Amount | None, Field(description="in prize_currency")] = None
    thing: Annotated[
        str, Field(max_length=200, description="a dinner for two; each of those who tie has it")
    ] = ""


class Milestone(Definition):
    """A level of a shared goal beside the goal itself."""

    name: Label = Field(description="base, super, mega ...")
    amount: Amount = Field(description="in the unit of the score")
