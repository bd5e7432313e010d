"""Contests as data: what counts, who takes part, when, how it is won, and what there is to win.

Badges, streaks and levels stand in the same file. Nothing here goes by the order of a list: who
comes first is said by a field.
"""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from schemas.contest_choices import (
    BadgeKind,
    Every,
    Format,
    Of,
    Score,
    Seeding,
    State,
    TeamScore,
    TiedPrizes,
    TieStep,
)
from schemas.contest_parts import (
    Amount,
    LocalTime,
    Metric,
    Milestone,
    OwnTarget,
    Participants,
    Prize,
    Seed,
)
from schemas.defining import Currency, Day, Definition, Id, Label

GRACE_HOURS = 24  # nightly feeds bring what happened on the last day the night after


class Ties(Definition):
    """What parts equal scores, one step after the other. Who is equal in all shares the place."""

    first: Annotated[
        TieStep | None, Field(description="PERCENT, REACHED or EVENTS; absent: ties stay")
    ] = TieStep.REACHED
    second: Annotated[TieStep | None, Field(description="then; absent: ties stay")] = None
    third: Annotated[TieStep | None, Field(description="then; absent: ties stay")] = None

    @property
    def ladder(self) -> tuple[TieStep, ...]:
        """The steps in order."""
        return tuple(each for each in (self.first, self.second, self.third) if each)


class Contest(Definition):
    """One contest. Its window is half-open, in its own zone."""

    contest_id: Id = Field(description="short name for life")
    name: Label = Field(description="as boards show it")
    description: Annotated[str, Field(max_length=1000, description="why, for people")] = ""
    state: Annotated[State, Field(description="DRAFT, OPEN or STOPPED")] = State.OPEN
    hidden: Annotated[bool, Field(description="shown to managers only")] = False
    format: Annotated[Format, Field(description="how it is won")] = Format.RANKING
    of: Annotated[Of, Field(description="REPS or TEAMS compete")] = Of.REPS
    score: Annotated[Score, Field(description="VALUE, POINTS or PERCENT")] = Score.VALUE
    team_score: Annotated[
        TeamScore, Field(description="of TEAMS: SUM, AVERAGE or CONTRIBUTORS")
    ] = TeamScore.SUM
    time_zone: str = Field(description="IANA zone of the window and of its days: Europe/Berlin")
    starts_at: LocalTime = Field(description="first instant, 2026-11-23T09:00")
    ends_at: LocalTime = Field(description="first instant behind it")
    grace_hours: Annotated[
        int, Field(ge=0, le=24 * 31, description="how long late data of the window still counts")
    ] = GRACE_HOURS
    metrics: Annotated[tuple[Metric, ...], Field(min_length=1, max_length=10)]
    verified_only: Annotated[
        bool, Field(description="refuse metrics that a rep can drive up alone, such as dials")
    ] = False
    participants: Participants = Participants()
    target: Annotated[
        Amount | None, Field(description="of each participant; of a GOAL: of all together")
    ] = None
    targets: Annotated[
        tuple[OwnTarget, ...], Field(description="own targets; they go before `target`")
    ] = ()
    quota_target: Annotated[
        bool, Field(description="the own target is the own quota, by calendar days of the window")
    ] = False
    minimum_score: Annotated[
        Amount | None, Field(description="below it nobody has a place or a prize")
    ] = None
    minimum_events: Annotated[
        int | None, Field(ge=1, le=1_000_000, description="with fewer nobody has a place")
    ] = None
    ties: Ties = Ties()
    winners: Annotated[
        int, Field(ge=1, le=1000, description="of a RACE: it is over when so many are there")
    ] = 1
    round_days: Annotated[
        int, Field(ge=1, le=92, description="days of a round, from the first instant on")
    ] = 7
    drop: Annotated[
        int, Field(ge=1, le=100, description="of an ELIMINATION: how many a round drops")
    ] = 1
    rounds_add_up: Annotated[
        bool, Field(description="of an ELIMINATION: rounds go by the score since the start")
    ] = False
    playoffs: Annotated[
        bool, Field(description="of a SEASON: the last two rounds are playoffs of the best four")
    ] = True
    seeding: Annotated[
        Seeding | None, Field(description="of a BRACKET or SEASON: LISTED or DRAWN")
    ] = None
    seeds: Annotated[tuple[Seed, ...], Field(description="of LISTED: who enters where")] = ()
    draw_seed: Annotated[
        int | None, Field(ge=0, lt=2**53, description="of DRAWN: any number; it fixes the draw")
    ] = None
    milestones: Annotated[
        tuple[Milestone, ...], Field(description="of a GOAL: levels beside the target")
    ] = ()
    prizes: tuple[Prize, ...] = ()
    prize_currency: Annotated[Currency | None, Field(description="of prizes of money")] = None
    tied_prizes: Annotated[
        TiedPrizes, Field(description="POOL or SHARE, for those who share a place")
    ] = TiedPrizes.POOL


class Badge(Definition):
    """Something to be proud of."""

    badge_id: Id = Field(description="short name for life")
    name: Label = Field(description="as boards show it")
    kind: BadgeKind = Field(description="AWARD, MEMBERSHIP or RECORD")
    metric: Metric = Field(description="what counts")
    at_least: Amount = Field(description="in the metric's unit; of a RECORD: the least that counts")
    every: Every = Field(description="DAY, WEEK, MONTH, QUARTER or YEAR it is done in")
    valid_from: Day = Field(description="first day that counts; nothing before is rewarded")
    valid_to: Annotated[Day | None, Field(description="first day that no longer does")] = None


class Streak(Definition):
    """Periods in a row. Days off, holidays and leave are skipped, not missed."""

    streak_id: Id = Field(description="short name for life")
    name: Label = Field(description="as boards show it")
    metric: Metric = Field(description="what counts")
    at_least: Amount = Field(description="in the metric's unit, in each period")
    every: Annotated[Every, Field(description="DAY, WEEK or MONTH")] = Every.DAY
    valid_from: Day = Field(description="first day that counts")
    valid_to: Annotated[Day | None, Field(description="first day that no longer does")] = None


class Level(Definition):
    """A rank by all points ever made."""

    level_id: Id = Field(description="short name for life")
    name: Label = Field(description="as boards show it")
    points: Annotated[
        Decimal, Field(ge=0, max_digits=18, decimal_places=4, description="from so many on")
    ]


class Contests(Definition):
    """All contests, and what is won beside them."""

    contests: tuple[Contest, ...] = ()
    badges: tuple[Badge, ...] = ()
    streaks: tuple[Streak, ...] = ()
    levels: tuple[Level, ...] = ()
    level_metrics: Annotated[
        tuple[Metric, ...], Field(description="what makes the points levels go by")
    ] = ()
    levels_from: Annotated[
        Day | None, Field(description="first day that makes points; needed with levels")
    ] = None
