"""Places in a contest: score, then the ladder of ties, then shared places 1, 2, 2, 4. Pure.

Source: standard competition ranking; the ladder is the contest's own (`Ties`).
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from schemas.contest_choices import TieStep
from streams.domain.contest_scores import Tally

_NEVER = 1 << 62  # later than any instant


class Rules(NamedTuple):
    """What decides places.

    Attributes:
        is_lower_better: the smallest score is the first.
        minimum_score, minimum_events: with less nobody has a place; None: no such rule.
    """

    ladder: tuple[TieStep, ...] = ()
    is_lower_better: bool = False
    minimum_score: Decimal | None = None
    minimum_events: int | None = None


class Standing(NamedTuple):
    """Where a participant stands.

    Attributes:
        rank: None: below the minimum, without a place.
        is_tied: others share the rank.
    """

    rank: int | None
    tally: Tally
    is_tied: bool = False


def standings(tallies: Iterable[Tally], rules: Rules) -> list[Standing]:
    """Return everybody with their place: 1, 2, 2, 4; who has none comes last.

    >>> [s.rank for s in standings([Tally(n, Decimal(v)) for n, v in zip("abcd", (5, 9, 5, 1))],
    ...                            Rules())]
    [1, 2, 2, 4]
    """
    every = sorted(tallies, key=lambda t: t.participant)
    ranked = sorted((t for t in every if qualifies(t, rules)), key=lambda t: key_of(t, rules))
    found: list[Standing] = []
    for _, group in groupby(ranked, key=lambda t: key_of(t, rules)):
        same = list(group)
        rank = len(found) + 1
        found += [Standing(rank, tally, len(same) > 1) for tally in same]
    rest = sorted((t for t in every if not qualifies(t, rules)), key=lambda t: key_of(t, rules))
    return found + [Standing(None, tally) for tally in rest]


def qualifies(tally: Tally, rules: Rules) -> bool:
    """Return whether somebody did enough to have a place."""
    if rules.minimum_score is not None and tally.score < rules.minimum_score:
        return False
    return rules.minimum_events is None or tally.events >= rules.minimum_events


def key_of(tally: Tally, rules: Rules) -> tuple[Decimal | int, ...]:
    """Return what orders participants, the best first; equal keys share a place."""
    score = tally.score if rules.is_lower_better else -tally.score
    return (score, *(_step(tally, step) for step in rules.ladder))


def better(one: Tally, other: Tally, rules: Rules) -> Tally | None:
    """Return who of two is ahead; None: they are equal in all the ladder asks."""
    mine, theirs = key_of(one, rules), key_of(other, rules)
    return None if mine == theirs else one if mine < theirs else other


def gaps(placed: Sequence[Standing]) -> dict[str, Decimal]:
    """Return for each participant with a place how far the next better score is away; 0: none."""
    found: dict[str, Decimal] = {}
    ranked = [s for s in placed if s.rank is not None]
    for at, one in enumerate(ranked):
        ahead = [s for s in ranked[:at] if s.tally.score != one.tally.score]
        gap = abs(ahead[-1].tally.score - one.tally.score) if ahead else Decimal(0)
        found[one.tally.participant] = gap
    return found


def _step(tally: Tally, step: TieStep) -> Decimal | int:
    if step is TieStep.PERCENT:
        return Decimal(_NEVER) if tally.percent is None else -tally.percent
    if step is TieStep.REACHED:
        return _NEVER if tally.reached_at is None else tally.reached_at
    return tally.events
