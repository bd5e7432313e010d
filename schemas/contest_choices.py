"""Choices of contests, each with what it means. Defaults stand where they are used."""

from enum import StrEnum


class Format(StrEnum):
    """How a contest is won."""

    RANKING = "RANKING"  # the best score at the end
    RACE = "RACE"  # whoever reaches the target first
    ELIMINATION = "ELIMINATION"  # round by round the last drop out
    DUEL = "DUEL"  # two against each other
    BRACKET = "BRACKET"  # duels by rounds: who loses is out
    SEASON = "SEASON"  # a duel with another one each round, then playoffs of the best four
    KING = "KING"  # whoever is in the lead for the longest time
    GOAL = "GOAL"  # all together towards one target


class Of(StrEnum):
    """Who competes."""

    REPS = "REPS"
    TEAMS = "TEAMS"


class Score(StrEnum):
    """What a score is."""

    VALUE = "VALUE"  # one metric in its own unit
    POINTS = "POINTS"  # the sum over metrics of value x points
    PERCENT = "PERCENT"  # of the participant's own target, 1 = all of it


class TeamScore(StrEnum):
    """How scores of reps make the score of their team."""

    SUM = "SUM"
    AVERAGE = "AVERAGE"  # by everybody in it; who is in it half of the time is half a head
    CONTRIBUTORS = "CONTRIBUTORS"  # by those alone who put something in


class State(StrEnum):
    """Whether a contest takes place."""

    DRAFT = "DRAFT"  # being written: shown to nobody, never final
    OPEN = "OPEN"
    STOPPED = "STOPPED"  # called off: what happened stays visible, nobody wins


class TieStep(StrEnum):
    """What parts equal scores."""

    PERCENT = "PERCENT"  # the larger part of the own target
    REACHED = "REACHED"  # the earlier instant at which the final score was first reached
    EVENTS = "EVENTS"  # the fewer events


class TiedPrizes(StrEnum):
    """What those who share a place are paid."""

    POOL = "POOL"  # the prizes of all places they take up, in equal parts
    SHARE = "SHARE"  # all prize money, in parts as large as the prizes of the shared places


class Seeding(StrEnum):
    """In which order participants enter a bracket or a season."""

    LISTED = "LISTED"  # as `seeds` says
    DRAWN = "DRAWN"  # by lot, from `draw_seed`


class Direction(StrEnum):
    """Which way a call or an e-mail went."""

    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


class BadgeKind(StrEnum):
    """How often a badge is given."""

    AWARD = "AWARD"  # each time the amount is done, without limit
    MEMBERSHIP = "MEMBERSHIP"  # once per person and period
    RECORD = "RECORD"  # to one person per period, who did the most


class Every(StrEnum):
    """A span badges and streaks go by."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


# Rules over things that somebody else took part in or confirmed: nobody makes these alone.
VERIFIED_RULES = frozenset(
    {"calls_connected", "talk_seconds", "replies", "meetings_held", "deals_won", "won_valued",
     "won_amount", "revenue_won", "revenue_won_reporting"}
)  # fmt: skip
