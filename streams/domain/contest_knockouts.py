"""Formats in which people drop out: elimination round by round, and brackets of duels. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from streams.domain.contest_play import BYE, Match, Play, duel, placed
from streams.domain.contest_ranking import Standing, standings
from streams.domain.contest_times import Window

_LABELS = {1: "Final", 2: "Semifinal", 4: "Quarterfinal"}


class Dropped(NamedTuple):
    """What a round of an elimination did.

    Attributes:
        placed: who was in it, in order.
        out: who dropped out; while the round runs: who would.
    """

    round: int
    placed: tuple[Standing, ...]
    out: tuple[str, ...]
    is_decided: bool


def elimination(play: Play, drop: int, *, adds_up: bool) -> tuple[list[Standing], list[Dropped]]:
    """Return places and rounds of an elimination.

    The last `drop` of a round are out. Who shares a place with somebody who stays, stays: nobody
    drops out by chance. One always stays. Survivors are placed by the last round, those who are out
    by the round they left in, later before earlier, and within it by their place.

    Args:
        adds_up: rounds go by the score since the start, not by their own.
    """
    left, done = set(play.participants), list[Dropped]()
    gone: list[list[Standing]] = []
    for number, window in enumerate(play.rounds, 1):
        if len(left) <= 1 or play.as_of < window.start:
            break
        span = Window(play.window.start, window.end) if adds_up else window
        one = _round(play, number, span, left, drop)
        done.append(one)
        if not one.is_decided:
            break
        left -= set(one.out)
        gone.insert(0, [s for s in one.placed if s.tally.participant in one.out])
    return _places(play, left, gone, done), done


def _round(play: Play, number: int, span: Window, left: set[str], drop: int) -> Dropped:
    every = play.tallies(span)
    bare = play.rules._replace(minimum_score=None, minimum_events=None)
    ordered = standings([every[name] for name in left], bare)
    keep = max(1, len(left) - drop)
    out = tuple(s.tally.participant for s in ordered if s.rank and s.rank > keep)
    return Dropped(number, tuple(ordered), out, play.is_over(play.rounds[number - 1]))


def _places(
    play: Play, left: set[str], gone: Sequence[Sequence[Standing]], done: Sequence[Dropped]
) -> list[Standing]:
    last = done[-1].placed if done else ()
    still = [s for s in last if s.tally.participant in left]
    every = play.tallies()
    found: list[Standing] = []
    for group in (still, *gone):
        base = len(found)
        for one in group:
            ahead = sum(1 for other in group if (other.rank or 0) < (one.rank or 0))
            tied = sum(1 for other in group if other.rank == one.rank) > 1
            found.append(Standing(base + ahead + 1, every[one.tally.participant], tied))
    return found or placed([sorted(left)], every)


def rounds_of_bracket(participants: int) -> int:
    """Return how many rounds a bracket takes.

    >>> [rounds_of_bracket(n) for n in (2, 3, 4, 5, 256)]
    [1, 2, 2, 3, 8]
    """
    return max(1, (participants - 1).bit_length())


def bracket(play: Play) -> tuple[list[Standing], list[Match]]:
    """Return places and matches of a bracket; participants are in the order of their seeds.

    The first seeds meet the last, and each other as late as can be; where there are too few, the
    first have a bye. Who loses in one round shares a place. A match that is equal in all goes to
    the one who was seeded first. Matches of a round are known once the one before is over.
    """
    count = rounds_of_bracket(len(play.participants))
    line = [play.participants[at] if at < len(play.participants) else BYE
            for at in _positions(count)]  # fmt: skip
    matches: list[Match] = []
    losers: list[list[str]] = []
    for number in range(1, count + 1):
        label = _LABELS.get(2 ** (count - number), f"Round {number}")
        pairs = [_higher(play, pair) for pair in zip(line[::2], line[1::2], strict=True)]
        round_matches = [duel(play, number, label, pair, may_tie=False) for pair in pairs]
        matches += [m for m in round_matches if m.away != BYE or number == 1]
        if not all(m.is_decided for m in round_matches):
            break
        losers.insert(0, [m.home if m.winner == m.away else m.away
                          for m in round_matches if m.away != BYE])  # fmt: skip
        line = [m.winner for m in round_matches]
    out = {name for group in losers for name in group}
    left = [name for name in play.participants if name not in out]
    return placed([g for g in (left, *losers) if g], play.tallies()), matches


def _higher(play: Play, pair: tuple[str, str]) -> tuple[str, str]:
    """Return a pair with the one seeded first in front; nobody comes last."""
    place = {name: at for at, name in enumerate(play.participants)}
    one, other = sorted(pair, key=lambda name: place.get(name, len(place)))
    return one, other


def _positions(rounds: int) -> list[int]:
    """Return which seed (from 0) stands on each line of a bracket."""
    line = [0]
    for n in range(rounds):
        size = 2 ** (n + 1)
        line = [at for seed in line for at in (seed, size - 1 - seed)]
    return line
