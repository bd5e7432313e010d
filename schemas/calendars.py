"""Working days as data: calendars with holidays, personal leave, fiscal years of whole weeks."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.defining import Day, Definition, Id, Label


class Holiday(Definition):
    """A day off for everyone on a calendar."""

    on: Day = Field(description="the day off")
    name: Label


class Calendar(Definition):
    """Working days of a place."""

    calendar_id: Id = Field(description="short name for life, such as de-be")
    name: Label = Field(description="for people")
    working_days: Annotated[
        tuple[Annotated[int, Field(ge=1, le=7)], ...],
        Field(min_length=1, description="ISO weekdays, 1 = Monday"),
    ] = (1, 2, 3, 4, 5)
    holidays: tuple[Holiday, ...] = ()


class Calendars(Definition):
    """All calendars."""

    calendars: tuple[Calendar, ...]


class Absence(Definition):
    """Days on which one rep does not work, or works part of the day. Never says why."""

    rep_id: Id = Field(description="a rep of the roster")
    valid_from: Day = Field(description="first day away")
    valid_to: Day = Field(description="first day back")
    share: Annotated[
        Decimal,
        Field(
            gt=0, le=1, max_digits=5, decimal_places=4, description="part of each day, 0.5: half"
        ),
    ] = Decimal(1)


class Leave(Definition):
    """Personal leave of everybody."""

    leave: tuple[Absence, ...] = ()


class WeekPattern(StrEnum):
    """How many weeks the three periods of a fiscal quarter have."""

    FOUR_FOUR_FIVE = "4-4-5"
    FOUR_FIVE_FOUR = "4-5-4"
    FIVE_FOUR_FOUR = "5-4-4"


class YearStart(StrEnum):
    """On which weekday of its kind a fiscal year of whole weeks begins."""

    NEAREST = "NEAREST"  # the one nearest to the first of the start month
    LAST = "LAST"  # the last one on or before the first of the start month


class YearName(StrEnum):
    """Which calendar year a fiscal year is called after."""

    START = "START"  # the year of its nominal first day
    END = "END"  # the year of its nominal last day


class FiscalWeeks(Definition):
    """Fiscal years of 52 or 53 whole weeks, in quarters of 13. Weeks begin as the company's do."""

    pattern: WeekPattern = Field(description="4-4-5, 4-5-4 or 5-4-4 weeks in a quarter's periods")
    start: Annotated[
        YearStart,
        Field(description="NEAREST week start to the 1st of the start month, or LAST until it"),
    ] = YearStart.NEAREST
    week_53_in: Annotated[
        int, Field(ge=1, le=12, description="the period that has the 53rd week, where there is one")
    ] = 12
