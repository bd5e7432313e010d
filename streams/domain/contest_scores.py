"""Scores of participants from contributions, and when they were reached. Pure.

A score is a sum over contributions (of teams perhaps by heads), so it adds up over any partition of
them and does not depend on their order. What is equal in time counts together.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from schemas.contest_choices import TeamScore
from streams.domain.contest_counting import ZERO, Contribution
from streams.domain.contest_field import Field
from streams.domain.contest_times import Millis

PLACES = Decimal("0.0001")  # of averages and percentages, half-even


class Step(NamedTuple):
    """What one event adds to a participant."""

    participant: str
    rep_id: str
    at: Millis
    amount: Decimal
    event_id: str
    metric_id: str = ""


class Tally(NamedTuple):
    """What a participant has.

    Attributes:
        percent: of the own target, 1 = all of it; None: there is no target.
        reached_at: when the score was first reached; None: nothing was done.
        events: how many events made it.
        heads: people in a team; of a rep 1.
        contributors: those of them who put something in.
    """

    participant: str
    score: Decimal
    percent: Decimal | None = None
    reached_at: Millis | None = None
    events: int = 0
    heads: Decimal = Decimal(1)
    contributors: int = 0


class Terms(NamedTuple):
    """How contributions become scores.

    Attributes:
        team_score: None: participants are reps.
        heads: participant -> people, for averages.
        targets: participant -> own target; who is not in it has none.
        is_percent: the score is the part of the own target.
    """

    team_score: TeamScore | None = None
    heads: Mapping[str, Fraction] = {}
    targets: Mapping[str, Decimal] = {}
    is_percent: bool = False


def steps(contributions: Iterable[Contribution], field: Field) -> list[Step]:
    """Return what counts for whom: contributions of reps who took part on their day, by time."""
    return [
        Step(mine, c.rep_id, c.at, c.amount, c.event_id, c.metric_id)
        for c in contributions
        if (mine := field.of(c.rep_id, c.day)) is not None
    ]


def course(made: Iterable[Step], terms: Terms) -> Iterator[tuple[Millis, Decimal]]:
    """Yield one participant's score after each instant at which something was added."""
    total, contributors = ZERO, set()
    for at, same in groupby(sorted(made, key=attrgetter("at")), key=attrgetter("at")):
        name = ""
        for step in same:
            name = step.participant
            total += step.amount
            contributors.add(step.rep_id)
        yield at, score_of(name, total, len(contributors), terms)


def score_of(name: str, total: Decimal, contributors: int, terms: Terms) -> Decimal:
    """Return the score that a participant's sum makes; with a larger sum it is never smaller."""
    by = Fraction(1)
    if terms.team_score is TeamScore.AVERAGE:
        by = terms.heads.get(name, Fraction(0))
    elif terms.team_score is TeamScore.CONTRIBUTORS:
        by = Fraction(contributors)
    value = total if by == 1 else (rounded(Fraction(total) / by) if by else ZERO)
    if not terms.is_percent:
        return value
    return part_of(value, terms.targets.get(name)) or ZERO


def part_of(score: Decimal, target: Decimal | None) -> Decimal | None:
    """Return which part of a target a score is; None: there is no target."""
    return None if not target else rounded(Fraction(score) / Fraction(target))


def rounded(value: Fraction) -> Decimal:
    """Return a quotient to the ten-thousandth, half-even."""
    scaled = value / Fraction(PLACES)
    return Decimal(round(scaled)).scaleb(-4).quantize(PLACES, ROUND_HALF_EVEN)
