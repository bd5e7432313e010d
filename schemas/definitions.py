"""Definitions: the company's own data that rules read. Values only; rules live in streams/domain.

Every model forbids unknown fields, so a slip of the pen is an error and not a silent default.
Content of every kind but `people` goes through the topic spm.definitions and takes effect by
markers; `people` holds the names and goes to the table spm.person alone, which erasure empties.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import Field

from schemas.accounting import Accounting
from schemas.alerts import Alerts
from schemas.calendars import Calendars, FiscalWeeks, Leave, YearName
from schemas.contests import Contests
from schemas.credits import Credits
from schemas.defining import Currency, Day, Definition, Id, Label
from schemas.kpis import Direction, Kpis
from schemas.payroll import Payroll
from schemas.plans import Plans
from schemas.precedence import Precedence, Source
from schemas.quotas import Quotas
from schemas.scorecards import Scorecards
from schemas.territories import Territories

UNASSIGNED = "unassigned"  # the rep_id of facts whose owner the identity map does not know
COMPANY_ID = "company"  # the owner_id of a quota for everybody
NO_END = date(2199, 12, 31)


class WonDay(StrEnum):
    """Which day a won deal counts on."""

    WON_AT = "WON_AT"  # the instant it was won, in the rep's zone
    CLOSE_DATE = "CLOSE_DATE"  # the calendar date the CRM holds


class Company(Definition):
    """The company as a whole."""

    name: str = Field(description="as boards show it")
    reporting_currency: Currency = Field(description="ISO 4217; every amount is also kept in it")
    time_zone: str = Field(description="IANA zone; for facts of reps without a zone")
    week_start: Annotated[int, Field(ge=1, le=7, description="ISO weekday, 1 = Monday")] = 1
    fiscal_year_start_month: Annotated[int, Field(ge=1, le=12, description="1 = January")] = 1
    fiscal_year_named: Annotated[
        YearName, Field(description="after the calendar year of its START or its END")
    ] = YearName.END
    fiscal_weeks: Annotated[
        FiscalWeeks | None, Field(description="years of whole weeks; absent: of calendar months")
    ] = None
    calendar_id: Annotated[
        Id | None, Field(description="working days where nobody says otherwise; absent: Mon to Fri")
    ] = None
    won_day: Annotated[WonDay, Field(description="which day a won deal counts on")] = WonDay.WON_AT
    sources: Annotated[
        tuple[Source, ...], Field(description="what sources are whose names do not tell")
    ] = ()
    precedence: Annotated[
        tuple[Precedence, ...],
        Field(description="whose word counts where several sources tell of one activity"),
    ] = ()


class Team(Definition):
    """A team; teams nest."""

    team_id: Id = Field(description="short name for life, such as emea-enterprise")
    name: Label = Field(description="as boards show it")
    parent_team_id: Annotated[Id | None, Field(description="the team above; absent: none")] = None
    region: Annotated[
        Id | None, Field(description="region of its reps; absent: that of the team above")
    ] = None


class Stint(Definition):
    """Where a rep belonged from one day up to, not including, another."""

    valid_from: Day = Field(description="first day in it")
    valid_to: Annotated[
        Day | None, Field(description="first day no longer in it; absent: still in it")
    ] = None
    team_id: Id = Field(description="a team of this file")
    manager_id: Annotated[Id | None, Field(description="rep_id of the manager")] = None
    role: Annotated[str, Field(min_length=1, max_length=64, description="AE, SDR, manager ...")] = (
        "AE"
    )
    time_zone: str = Field(description="IANA zone in which the rep's days are cut: Europe/Berlin")
    calendar_id: Annotated[Id | None, Field(description="working days; a calendar's id")] = None


class Rep(Definition):
    """A rep under a pseudonym, with history."""

    rep_id: Id = Field(description="pseudonym for life; names stand in people alone")
    history: tuple[Stint, ...] = Field(min_length=1, description="stints; they never overlap")


class Roster(Definition):
    """Teams and reps."""

    teams: tuple[Team, ...]
    reps: tuple[Rep, ...]


class Person(Definition):
    """The person behind a rep_id."""

    rep_id: Id = Field(description="a rep of the roster")
    name: Label = Field(description="name as boards show it")
    email: Annotated[str, Field(max_length=254, description="work e-mail")] = ""
    employee_number: Annotated[str, Field(max_length=64)] = ""
    locale: Annotated[
        str,
        Field(
            pattern=r"^([A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*)?$",
            description="language of their messages: en, de_AT; absent: that of alerts",
        ),
    ] = ""


class People(Definition):
    """All people; never part of the log."""

    people: tuple[Person, ...]


class Identity(Definition):
    """One user of one source, and whose facts theirs are."""

    source: Id = Field(description="simulator, files, api, manual, hubspot, salesforce ...")
    user_id: Id = Field(description="the user's id in that source, exactly as it sends it")
    rep_id: Id = Field(description="a rep of the roster")


class Identities(Definition):
    """The identity map."""

    identities: tuple[Identity, ...]


class Rate(Definition):
    """Units of `quote` for one unit of `base`, valid from a day until the next dated rate."""

    base: Currency = Field(description="the deal's currency")
    quote: Currency = Field(description="the reporting currency")
    on: Day = Field(description="first day it is valid")
    rate: Annotated[
        Decimal,
        Field(gt=0, max_digits=20, decimal_places=10, description="units of quote for 1 of base"),
    ]


class Rates(Definition):
    """Dated exchange rates."""

    rates: tuple[Rate, ...]


class MeasureUnit(StrEnum):
    """What a measure's value is in."""

    COUNT = "COUNT"
    SECONDS = "SECONDS"
    DAYS = "DAYS"
    MONEY = "MONEY"


class Measure(Definition):
    """One number kept per rep and day. `rule` names the pure function that makes it."""

    measure: Id = Field(description="name of the number, as quotas and boards use it")
    of: str = Field(description="call, email, meeting or deal")
    rule: Id = Field(description="the rule that counts it")
    unit: MeasureUnit = Field(description="COUNT, SECONDS, DAYS or MONEY")
    direction: Annotated[Direction, Field(description="HIGHER, LOWER or NEUTRAL is better")] = (
        Direction.HIGHER
    )
    label: Label = Field(description="short, for boards")
    description: str = Field(description="what counts and what does not, for people")


class Measures(Definition):
    """All measures in force."""

    measures: tuple[Measure, ...]


class Rule(NamedTuple):
    """What a counting rule reads and what it makes; `is_mixed`: money in many currencies."""

    of: str
    unit: MeasureUnit
    is_mixed: bool = False


RULES: dict[str, Rule] = {
    "calls": Rule("call", MeasureUnit.COUNT),
    "calls_connected": Rule("call", MeasureUnit.COUNT),
    "talk_seconds": Rule("call", MeasureUnit.SECONDS),
    "emails_sent": Rule("email", MeasureUnit.COUNT),
    "replies": Rule("email", MeasureUnit.COUNT),
    "meetings_booked": Rule("meeting", MeasureUnit.COUNT),
    "meetings_held": Rule("meeting", MeasureUnit.COUNT),
    "no_shows": Rule("meeting", MeasureUnit.COUNT),
    "deals_created": Rule("deal", MeasureUnit.COUNT),
    "deals_won": Rule("deal", MeasureUnit.COUNT),
    "deals_lost": Rule("deal", MeasureUnit.COUNT),
    "cycle_days": Rule("deal", MeasureUnit.DAYS),
    "won_valued": Rule("deal", MeasureUnit.COUNT),
    "won_amount": Rule("deal", MeasureUnit.MONEY),
    "lost_amount": Rule("deal", MeasureUnit.MONEY),
    "revenue_won": Rule("deal", MeasureUnit.MONEY, is_mixed=True),
    "revenue_won_reporting": Rule("deal", MeasureUnit.MONEY),
}

KINDS: dict[str, type[Definition]] = {
    "company": Company,
    "roster": Roster,
    "territories": Territories,
    "credits": Credits,
    "identities": Identities,
    "calendars": Calendars,
    "leave": Leave,
    "rates": Rates,
    "quotas": Quotas,
    "measures": Measures,
    "kpis": Kpis,
    "plans": Plans,
    "scorecards": Scorecards,
    "accounting": Accounting,
    "payroll": Payroll,
    "alerts": Alerts,
    "contests": Contests,
}


class Bundle(Definition):
    """Everything in force at one sequence. An empty company counts nothing for anybody."""

    sequence: int = 0
    company: Company = Company(name="", reporting_currency="EUR", time_zone="UTC")
    roster: Roster = Roster(teams=(), reps=())
    territories: Territories = Territories()
    credits: Credits = Credits()
    identities: Identities = Identities(identities=())
    calendars: Calendars = Calendars(calendars=())
    leave: Leave = Leave()
    rates: Rates = Rates(rates=())
    quotas: Quotas = Quotas(quotas=())
    measures: Measures = Measures(measures=())
    kpis: Kpis = Kpis(kpis=())
    plans: Plans = Plans(plans=())
    scorecards: Scorecards = Scorecards()
    accounting: Accounting = Accounting()
    payroll: Payroll = Payroll()
    alerts: Alerts = Alerts()
    contests: Contests = Contests()
