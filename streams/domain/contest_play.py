"""What every format looks at: steps, rules and rounds as of an instant; duels of a round. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from schemas.contest_choices import Seeding
from schemas.contests import Contest
from streams.domain.contest_book import Book
from streams.domain.contest_ranking import Rules, Standing, better
from streams.domain.contest_scores import Tally
from streams.domain.contest_times import Millis, Window

BYE = ""  # nobody on the other side: who has a bye goes on


class Play(NamedTuple):
    """A contest under way.

    Attributes:
        participants: everybody who competes; in the order they were seeded, where there is one.
        as_of: rounds that are over by then are decided.
    """

    book: Book
    participants: tuple[str, ...]
    rules: Rules
    window: Window
    rounds: tuple[Window, ...]
    as_of: Millis

    def tallies(self, within_window: Window | None = None) -> dict[str, Tally]:
        """Return what everybody has of a window, or of the whole contest."""
        window = within_window or self.window
        return {name: self.tally(name, window) for name in self.participants}

    def tally(self, name: str, window: Window) -> Tally:
        """Return what somebody has of a window."""
        return self.book.line(name).tally(window)

    def is_over(self, window: Window) -> bool:
        """Return whether a window is over."""
        return self.as_of >= window.end


class Match(NamedTuple):
    """Two against each other in one round.

    Attributes:
        away: BYE for nobody.
        winner: who won, or is ahead as long as it is not decided; empty: neither.
    """

    round: int
    label: str
    home: str
    away: str
    home_score: Decimal
    away_score: Decimal
    winner: str
    is_decided: bool


def duel(play: Play, number: int, label: str, pair: tuple[str, str], *, may_tie: bool) -> Match:
    """Return a match of a round (from 1); equal in all, the first goes on, or it ties."""
    window = play.rounds[number - 1]
    home, away = (play.tally(name, window) if name != BYE else None for name in pair)
    assert home is not None, "who has a bye comes first"
    return match(number, label, (home, away), play.rules,
                 decided=play.is_over(window), may_tie=may_tie)  # fmt: skip


def match(
    number: int, label: str, pair: tuple[Tally, Tally | None], rules: Rules, *,
    decided: bool, may_tie: bool,
) -> Match:  # fmt: skip
    """Return a match from what both have; the first of the pair was seeded first."""
    home, away = pair
    if away is None:
        return Match(number, label, home.participant, BYE, home.score, Decimal(0),
                     home.participant, is_decided=True)  # fmt: skip
    ahead = better(home, away, rules)
    winner = ahead.participant if ahead else "" if may_tie else home.participant
    return Match(number, label, home.participant, away.participant, home.score, away.score,
                 winner, decided)  # fmt: skip


def seeded(participants: Sequence[str], contest: Contest) -> tuple[str, ...]:
    """Return participants in the order they enter: as listed, or as drawn from the stored seed.

    A draw is the order of SHA-256 over seed, contest and name: the same for ever, and who joins
    changes nothing between the others. Who is not listed comes last.
    """
    if contest.seeding is Seeding.DRAWN:
        return tuple(sorted(participants, key=lambda name: _lot(contest, name)))
    places = {seed.participant: seed.place for seed in contest.seeds}
    last = len(participants) + 257
    return tuple(sorted(participants, key=lambda name: (places.get(name, last), name)))


def _lot(contest: Contest, name: str) -> str:
    text = f"{contest.draw_seed}:{contest.contest_id}:{name}"
    return hashlib.sha256(text.encode()).hexdigest()


def placed(groups: Sequence[Sequence[str]], every: Mapping[str, Tally]) -> list[Standing]:
    """Return places 1, 2, 2, 4 of groups, the best first; who is in one group shares a place."""
    found: list[Standing] = []
    for group in groups:
        rank = len(found) + 1
        found += [Standing(rank, every[name], len(group) > 1) for name in sorted(group)]
    return found
