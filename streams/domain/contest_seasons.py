"""Seasons: a duel each round against another one, a table, then playoffs of the best four. Pure.

Source: Ambition's fantasy competitions (four seeds over two weeks, 1 against 4 and 2 against 3, a
group of the rest, a stand-in where the number is odd). Equal wins are parted by all points made,
the default of ESPN's leagues, then by the seed.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from streams.domain.contest_play import Match, Play, duel, match, placed
from streams.domain.contest_ranking import Standing
from streams.domain.contest_scores import PLACES, Tally

STAND_IN = "stand-in"  # plays whoever has no opponent: with the mean score of everybody else
SEEDS = 4
PLAYOFF_ROUNDS = 2


class Row(NamedTuple):
    """One line of a season's table: what is decided of the regular rounds."""

    participant: str
    wins: int
    ties: int
    losses: int
    made: Decimal


def schedule(participants: Sequence[str], rounds: int) -> list[list[tuple[str, str]]]:
    """Return who meets whom in each round: everybody once, then all over again.

    Source: the circle method: one stays, the others go round.

    >>> [sorted(r) for r in schedule(["a", "b", "c"], 2)]
    [[('a', 'stand-in'), ('b', 'c')], [('a', 'c'), ('b', 'stand-in')]]
    """
    ring = [*participants, STAND_IN] if len(participants) % 2 else list(participants)
    place = {name: at for at, name in enumerate(ring)}
    found = []
    for _ in range(rounds):
        half = len(ring) // 2
        pairs = zip(ring[:half], reversed(ring[half:]), strict=True)
        found.append([_in_order(pair, place) for pair in pairs])
        ring = [ring[0], ring[-1], *ring[1:-1]]
    return found


def season(play: Play, *, playoffs: bool) -> tuple[list[Standing], list[Match], list[Row]]:
    """Return places, matches and table; participants are in the order of their seeds."""
    regular = play.rounds[: -PLAYOFF_ROUNDS or None] if playoffs else play.rounds
    matches = list(_regular(play, len(regular)))
    table = _table(play, matches)
    by_table = [row.participant for row in table]
    every = play.tallies()
    if not playoffs or not regular or not play.is_over(regular[-1]):
        return _shared(table, every), matches, table
    finals = list(_playoffs(play, by_table[:SEEDS], len(regular)))
    top = _decided(by_table[:SEEDS], finals)
    rest = _rest(play, by_table[SEEDS:], len(regular))
    return placed([*top, *rest], every), [*matches, *finals], table


def _regular(play: Play, rounds: int) -> Iterator[Match]:
    for number, pairs in enumerate(schedule(play.participants, rounds), 1):
        window = play.rounds[number - 1]
        if play.as_of < window.start:
            return
        every = play.tallies(window)
        for home, away in pairs:
            other = every[away] if away != STAND_IN else _stand_in(every, home)
            yield match(number, f"Round {number}", (every[home], other), play.rules,
                        decided=play.is_over(window), may_tie=True)  # fmt: skip


def _stand_in(every: Mapping[str, Tally], opponent: str) -> Tally:
    others = [t.score for name, t in every.items() if name != opponent]
    mean = Fraction(sum(others, Decimal(0))) / len(others) if others else Fraction(0)
    score = Decimal(round(mean / Fraction(PLACES))).scaleb(-4)
    return Tally(STAND_IN, score)


def _table(play: Play, matches: Sequence[Match]) -> list[Row]:
    rows = {name: Row(name, 0, 0, 0, Decimal(0)) for name in play.participants}
    for one in matches:
        if not one.is_decided:
            continue
        for name, score in ((one.home, one.home_score), (one.away, one.away_score)):
            if name not in rows:
                continue
            row = rows[name]
            rows[name] = row._replace(
                wins=row.wins + (one.winner == name),
                ties=row.ties + (one.winner == ""),
                losses=row.losses + (one.winner not in ("", name)),
                made=row.made + score,
            )
    place = {name: at for at, name in enumerate(play.participants)}
    return sorted(rows.values(), key=lambda r: (*_worth(r), place[r.participant]))


def _worth(row: Row) -> tuple[int, Decimal]:
    """Return what orders a table: a tie is half a win."""
    return -(2 * row.wins + row.ties), -row.made


def _shared(table: Sequence[Row], every: Mapping[str, Tally]) -> list[Standing]:
    groups: list[list[str]] = []
    for at, row in enumerate(table):
        if at and _worth(table[at - 1]) == _worth(row):
            groups[-1].append(row.participant)
        else:
            groups.append([row.participant])
    return placed(groups, every)


def _playoffs(play: Play, seeds: Sequence[str], regular: int) -> Iterator[Match]:
    ordered = play._replace(participants=(*seeds, *(p for p in play.participants
                                                    if p not in seeds)))  # fmt: skip
    first, second = regular + 1, regular + 2
    semis = [duel(ordered, first, "Semifinal", (seeds[a], seeds[b]), may_tie=False)
             for a, b in ((0, 3), (1, 2))]  # fmt: skip
    yield from semis
    if not all(m.is_decided for m in semis):
        return
    place = {name: at for at, name in enumerate(seeds)}
    winners = [m.winner for m in semis]
    losers = [m.away if m.winner == m.home else m.home for m in semis]
    for label, pair in (("Final", winners), ("Third place", losers)):
        yield duel(ordered, second, label, _in_order((pair[0], pair[1]), place), may_tie=False)


def _decided(seeds: Sequence[str], finals: Sequence[Match]) -> list[list[str]]:
    last = {m.label: m for m in finals if m.label != "Semifinal"}
    if not last:
        return [list(seeds)]
    groups = []
    for label in ("Final", "Third place"):
        one = last[label]
        loser = one.away if one.winner == one.home else one.home
        groups += [[one.winner], [loser]] if one.is_decided else [[one.home, one.away]]
    return groups


def _rest(play: Play, names: Sequence[str], regular: int) -> list[list[str]]:
    """Return those behind the best four by what they make in the rounds of the playoffs."""
    window = play.window._replace(start=play.rounds[regular].start)
    every = play.tallies(window)
    by_score: dict[Decimal, list[str]] = {}
    for name in names:
        by_score.setdefault(every[name].score, []).append(name)
    return [by_score[score] for score in sorted(by_score, reverse=True)]


def _in_order(pair: tuple[str, str], place: Mapping[str, int]) -> tuple[str, str]:
    one, other = sorted(pair, key=lambda name: place[name])
    return one, other
