"""Definitions: the company's own data that rules read. Values only; rules live in streams/domain.

Every model forbids unknown fields, so a slip of the pen is an error and not a silent default.
Content of every kind but `people` goes through the topic spm.definitions and takes effect by
markers; `people` holds the names and goes to the table spm.person alone, which erasure empties.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

UNASSIGNED = "unassigned"  # the rep_id of facts whose owner the identity map does not know
NO_END = date(2199, 12, 31)
Id = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^\S(.*\S)?$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Definition(BaseModel):
    """Base of all definitions: frozen, and strict about names of fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WonDay(StrEnum):
    """Which day a won deal counts on."""

    WON_AT = "WON_AT"  # the instant it was won, in the rep's zone
    CLOSE_DATE = "CLOSE_DATE"  # the calendar date the CRM holds


class Company(Definition):
    """The company as a whole."""

    name: str
    reporting_currency: Currency
    time_zone: str = Field(description="IANA zone; for facts of reps without a zone")
    week_start: Annotated[int, Field(ge=1, le=7, description="ISO weekday, 1 = Monday")] = 1
    fiscal_year_start_month: Annotated[int, Field(ge=1, le=12)] = 1
    won_day: WonDay = WonDay.WON_AT


class Team(Definition):
    """A team; teams nest."""

    team_id: Id
    name: str
    parent_team_id: Id | None = None


class Stint(Definition):
    """Where a rep belonged from one day up to, not including, another."""

    valid_from: date
    valid_to: Annotated[
        date | None, Field(description="first day no longer in it; None: still in it")
    ] = None
    team_id: Id
    manager_id: Id | None = None
    role: str = "AE"
    time_zone: str
    calendar_id: Id | None = None


class Rep(Definition):
    """A rep under a pseudonym, with history."""

    rep_id: Id
    history: tuple[Stint, ...] = Field(min_length=1)


class Roster(Definition):
    """Teams and reps."""

    teams: tuple[Team, ...]
    reps: tuple[Rep, ...]


class Person(Definition):
    """The person behind a rep_id."""

    rep_id: Id
    name: str
    email: str = ""
    employee_number: str = ""


class People(Definition):
    """All people; never part of the log."""

    people: tuple[Person, ...]


class Identity(Definition):
    """One user of one source, and whose facts theirs are."""

    source: Id
    user_id: Id
    rep_id: Id


class Identities(Definition):
    """The identity map."""

    identities: tuple[Identity, ...]


class Holiday(Definition):
    """A day off for everyone on a calendar."""

    on: date
    name: str


class Calendar(Definition):
    """Working days of a place."""

    calendar_id: Id
    name: str
    working_days: tuple[Annotated[int, Field(ge=1, le=7)], ...] = (1, 2, 3, 4, 5)
    holidays: tuple[Holiday, ...] = ()


class Calendars(Definition):
    """All calendars."""

    calendars: tuple[Calendar, ...]


class Rate(Definition):
    """Units of `quote` for one unit of `base`, valid from a day until the next dated rate."""

    base: Currency
    quote: Currency
    on: date
    rate: Annotated[Decimal, Field(gt=0, max_digits=20, decimal_places=10)]


class Rates(Definition):
    """Dated exchange rates."""

    rates: tuple[Rate, ...]


class QuotaOwner(StrEnum):
    """Whom a quota is for."""

    REP = "REP"
    TEAM = "TEAM"
    COMPANY = "COMPANY"


class Quota(Definition):
    """What is expected of somebody in a half-open span of days."""

    quota_id: Id
    owner_kind: QuotaOwner
    owner_id: Id
    measure: Id
    period_start: date
    period_end: date = Field(description="first day behind the period")
    amount: Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=4)]
    currency: Currency | None = None


class Quotas(Definition):
    """All quotas."""

    quotas: tuple[Quota, ...]


class MeasureUnit(StrEnum):
    """What a measure's value is in."""

    COUNT = "COUNT"
    SECONDS = "SECONDS"
    MONEY = "MONEY"


class Measure(Definition):
    """One number kept per rep and day. `rule` names the pure function that makes it."""

    measure: Id
    of: str = Field(description="call, email, meeting or deal")
    rule: Id
    unit: MeasureUnit
    label: str
    description: str


class Measures(Definition):
    """All measures in force."""

    measures: tuple[Measure, ...]


KINDS: dict[str, type[Definition]] = {
    "company": Company,
    "roster": Roster,
    "identities": Identities,
    "calendars": Calendars,
    "rates": Rates,
    "quotas": Quotas,
    "measures": Measures,
}


class Bundle(Definition):
    """Everything in force at one sequence. An empty company counts nothing for anybody."""

    sequence: int = 0
    company: Company = Company(name="", reporting_currency="EUR", time_zone="UTC")
    roster: Roster = Roster(teams=(), reps=())
    identities: Identities = Identities(identities=())
    calendars: Calendars = Calendars(calendars=())
    rates: Rates = Rates(rates=())
    quotas: Quotas = Quotas(quotas=())
    measures: Measures = Measures(measures=())
