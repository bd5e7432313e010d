"""Alerts as data: what is watched of whom, when it is worth a word, and who hears it."""

from datetime import time
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.broadcasts import Broadcast
from schemas.defining import Currency, Definition, Id, Label

Days = Annotated[int, Field(ge=1, le=366)]
Bound = Annotated[Decimal, Field(max_digits=18, decimal_places=4)]


class Signal(StrEnum):
    """What a rule watches. Each says in which direction things get worse."""

    PACE_BURN = "PACE_BURN"  # how fast the tolerance is being used up: the lesser of two windows
    HIT_PROBABILITY = "HIT_PROBABILITY"  # chance of reaching the quota: for few, large deals
    KPI = "KPI"  # what adds up of a measure over a window: the rep who does nothing shows
    ACTIVITY = "ACTIVITY"  # what was done of a measure over what scorecards ask for, in a window
    STALLED = "STALLED"  # part of the open deals, by number, in which nothing moved for a window
    FRESHNESS = "FRESHNESS"  # minutes since a source said how far it is
    # What sales operations should look at, and nobody else hears:
    OUTSIZED = (
        "OUTSIZED"  # a deal's commission over the most that any deal of its plan line brought
    )
    CLAWBACKS = "CLAWBACKS"  # what was clawed back over what was earned, in a window
    CLOSED_PERIODS = "CLOSED_PERIODS"  # part of what moved in a window that is of closed periods
    OVERPAID = "OVERPAID"  # paid beyond what was earned and lent: money somebody owes
    CONTEST_RUSH = "CONTEST_RUSH"  # most activities of one hour in a contest, in a window
    RESULT_CHANGED = "RESULT_CHANGED"  # prizes that others would win by what came after the result


class Subject(StrEnum):
    """Who is watched."""

    REP = "REP"
    TEAM = "TEAM"
    COMPANY = "COMPANY"
    SOURCE = "SOURCE"  # of data: for FRESHNESS alone


class Side(StrEnum):
    """On which side of a bound a KPI is bad."""

    ABOVE = "ABOVE"
    BELOW = "BELOW"


class Severity(StrEnum):
    """How soon somebody should act."""

    ACT_NOW = "ACT_NOW"
    THIS_WEEK = "THIS_WEEK"
    WATCH = "WATCH"


class Route(StrEnum):
    """Who hears of it."""

    MANAGER = "MANAGER"  # of the rep, or of the team
    REP = "REP"  # the rep alone, in words of their own
    TEAM_CHANNEL = "TEAM_CHANNEL"  # names nobody unless `names_people` is set
    OPS = "OPS"
    DIGEST = "DIGEST"  # the manager's summary, once a week
    BROADCAST = "BROADCAST"  # whoever reads the channel: good news, never an alert


OF_OPS = frozenset(
    {Signal.OUTSIZED, Signal.CLAWBACKS, Signal.CLOSED_PERIODS, Signal.OVERPAID,
     Signal.CONTEST_RUSH, Signal.RESULT_CHANGED}
)  # fmt: skip
WORSE_ABOVE = frozenset({Signal.PACE_BURN, Signal.STALLED, Signal.FRESHNESS}) | OF_OPS
NEEDS_WINDOW = frozenset({Signal.ACTIVITY, Signal.STALLED}) | OF_OPS - {Signal.OVERPAID}
WINDOWED = frozenset({Signal.PACE_BURN, Signal.KPI}) | NEEDS_WINDOW
MEASURED = frozenset({Signal.STALLED, Signal.FRESHNESS}) | OF_OPS  # no sum over days
OF_QUOTAS = frozenset({Signal.PACE_BURN, Signal.HIT_PROBABILITY})
OF_MEASURES = frozenset({Signal.KPI, Signal.ACTIVITY})
READERS = {Route.DIGEST: Route.MANAGER}  # who reads a route, where it is not named after them
_RANKS = {Severity.ACT_NOW: 2, Severity.THIS_WEEK: 1, Severity.WATCH: 0}


def rank(severity: Severity) -> int:
    """Return how grave a severity is; higher is graver."""
    return _RANKS[severity]


class Rule(Definition):
    """One thing to hear of early.

    Between `enter` and `leave` nothing changes: what comes and goes across one line is told once.
    """

    rule_id: Id = Field(description="short name for life")
    name: Label = Field(description="for people")
    signal: Signal = Field(description="what is watched")
    subject: Subject = Field(description="REP, TEAM or COMPANY")
    roles: Annotated[tuple[Id, ...], Field(description="of reps; none: every role")] = ()
    kpi: Annotated[
        Id | None,
        Field(description="KPI of the quota, or the measure watched; absent: every quota"),
    ] = None
    currency: Annotated[Currency | None, Field(description="for a KPI of money only")] = None
    worse: Annotated[Side | None, Field(description="of a KPI: ABOVE or BELOW")] = None
    enter: Bound = Field(description="beyond this it is bad")
    leave: Bound = Field(description="back past this it is good again")
    enter_days: Annotated[Days, Field(description="business days in a row it must be bad")] = 1
    leave_days: Annotated[Days, Field(description="business days in a row it must be good")] = 1
    long_days: Annotated[
        Days | None, Field(description="business days looked back at; absent: the period so far")
    ] = None
    short_days: Annotated[
        Days | None, Field(description="of a burn: a second window, so that it ends soon, too")
    ] = None
    tolerance: Annotated[
        Decimal | None,
        Field(gt=0, lt=1, max_digits=5, decimal_places=4, description="of a burn: 0.1 = 10 %"),
    ] = None
    evidence_min: Annotated[
        Bound, Field(ge=0, description="deals, or events, the long window must let expect")
    ] = Decimal(0)
    evidence_max: Annotated[
        Bound | None, Field(gt=0, description="leaves it to another rule from so many on")
    ] = None
    group: Annotated[
        Id | None, Field(description="rules of one group tell one story: the gravest speaks")
    ] = None
    severity: Severity = Field(description="ACT_NOW, THIS_WEEK or WATCH")
    routes: Annotated[tuple[Route, ...], Field(min_length=1)]
    names_people: Annotated[
        bool, Field(description="whether a shared channel reads who it is about")
    ] = False

    @property
    def is_worse_above(self) -> bool:
        """Whether greater values are worse."""
        return self.signal in WORSE_ABOVE or self.worse is Side.ABOVE


class Suggestion(Definition):
    """One step to try when an indicator deviates most: a hypothesis, in words for people."""

    kpi: Id = Field(description="the leading indicator")
    text: Label = Field(description="one step, such as: pair on two discovery calls this week")


class Way(Definition):
    """How a route reaches people: by channels that the installation's settings describe."""

    route: Route = Field(description="MANAGER, REP, TEAM_CHANNEL, OPS, DIGEST or BROADCAST")
    team_id: Annotated[
        Id | None,
        Field(description="only of what is about this team, and the teams and reps below it"),
    ] = None
    channels: Annotated[
        tuple[Id, ...], Field(min_length=1, description="names under [channels] of pacesetter.toml")
    ]


class Place(Definition):
    """Where a message sends people who want to look further."""

    text: Label = Field(description="on the button")
    url: Annotated[
        str,
        Field(
            pattern=r"^https?://", max_length=500,
            description="{subject_kind}, {subject_id}, {kpi} and {rule_id} are filled in",
        ),
    ]  # fmt: skip


class Quiet(Definition):
    """When nobody is disturbed, in the zone of who would be."""

    since: Annotated[time, Field(description="first minute of the working day")] = time(8)
    until: Annotated[time, Field(description="first minute behind it")] = time(18)


class Alerts(Definition):
    """All rules, and how much anybody is told."""

    rules: tuple[Rule, ...] = ()
    working_hours: Quiet = Quiet()
    suggestions: tuple[Suggestion, ...] = ()
    late_after_minutes: Annotated[
        int, Field(ge=1, le=10_080, description="no news from a source for so long: data is late")
    ] = 120
    most_per_day: Annotated[
        int, Field(ge=1, le=100, description="to one person; the rest goes into the digest")
    ] = 5
    digest_weekday: Annotated[int, Field(ge=1, le=7, description="ISO weekday, 1 = Monday")] = 1
    ways: Annotated[
        tuple[Way, ...],
        Field(description="how routes reach people; of one route the nearest team's hold"),
    ] = ()
    locale: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*$",
            description="of shared channels, and of people without one: en, de_AT, fr",
        ),
    ] = "en"
    broadcasts: tuple[Broadcast, ...] = ()
    broadcasts_per_hour: Annotated[
        int, Field(ge=1, le=60, description="to one channel; the rest comes together in one")
    ] = 6
    places: Annotated[tuple[Place, ...], Field(max_length=5, description="links of messages")] = ()
