"""A contest as it stands at an instant, whatever its format. Pure: events in, places out."""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from schemas.contest_choices import Format, Of, Score
from schemas.contest_choices import State as ContestState
from schemas.contest_parts import Milestone
from schemas.contests import Contest
from streams.domain import contest_times as times
from streams.domain.contest_book import Book, Line, book
from streams.domain.contest_counting import ZERO, Contribution, Event, contributions
from streams.domain.contest_field import Field
from streams.domain.contest_knockouts import Dropped, bracket, elimination
from streams.domain.contest_play import Match, Play, placed, seeded
from streams.domain.contest_prizes import Won, prizes
from streams.domain.contest_ranking import Rules, Standing, key_of, qualifies, standings
from streams.domain.contest_scores import Step, Tally, Terms, steps
from streams.domain.contest_seasons import Row, season
from streams.domain.contest_timeline import Reign
from streams.domain.contest_times import Millis, Phase

_KEPT = Decimal("0.00000001")  # what a score is kept with; a KPI is read with two places more
GOAL = "goal"  # the name of the target among its levels


class Reached(NamedTuple):
    """A shared goal, or a level of it; `at` is None until it is reached."""

    name: str
    amount: Decimal
    at: Millis | None


class Result(NamedTuple):
    """A contest as it stands.

    Attributes:
        terms: how scores are made, with everybody's target.
        ended_at: when a race was decided; None: it is not, or it is no race.
        is_by_value: scores are values of a KPI with a formula: no event stands behind them.
        held: of a KING: milliseconds in the lead.
        total: of a GOAL: what all made together.
    """

    phase: Phase
    terms: Terms
    placed: tuple[Standing, ...]
    won: Mapping[str, Won]
    steps: tuple[Step, ...] = ()
    matches: tuple[Match, ...] = ()
    rounds: tuple[Dropped, ...] = ()
    table: tuple[Row, ...] = ()
    reigns: tuple[Reign, ...] = ()
    held: Mapping[str, Millis] = {}
    goal: tuple[Reached, ...] = ()
    total: Decimal = ZERO
    ended_at: Millis | None = None
    is_by_value: bool = False


def result(
    contest: Contest,
    field: Field,
    events: Iterable[Event],
    now: Millis,
    *,
    targets: Mapping[str, Decimal],
    is_lower_better: bool = False,
) -> Result:
    """Return a contest as it stands at an instant, from everything that is known.

    Args:
        targets: participant -> own target.
        is_lower_better: of the KPI it goes by.
    """
    made = steps(counted(contest, events), field)
    kept = book(made, field.participants, terms_of(contest, field, targets))
    found = of_book(contest, kept, now, is_lower_better=is_lower_better)
    return found._replace(steps=tuple(made))


def counted(contest: Contest, events: Iterable[Event]) -> list[Contribution]:
    """Return what events of a contest's window add; what a rep did on a day counts by itself."""
    window = times.window(contest)
    inside = (e for e in events if e.at in window)
    return contributions(inside, contest.metrics, contest.score, contest.time_zone)


def of_book(contest: Contest, kept: Book, now: Millis, *, is_lower_better: bool = False) -> Result:
    """Return a contest as it stands, from what counts for whom; steps themselves are not told."""
    names = kept.participants
    if contest.format in (Format.BRACKET, Format.SEASON):
        names = seeded(names, contest)
    decides = rules(contest, is_lower_better=is_lower_better)
    play = Play(kept, names, decides, times.window(contest), times.rounds(contest), now)
    found = Result(times.phase(contest, now), kept.terms, (), {})
    found = _FORMATS[contest.format](contest, play, found)
    return found._replace(won=_won(contest, found, decides))


def of_values(
    contest: Contest,
    values: Mapping[str, Decimal | None],
    now: Millis,
    *,
    targets: Mapping[str, Decimal],
    is_lower_better: bool = False,
) -> Result:
    """Return a contest by a KPI with a formula: its value per participant; None: it has none."""
    is_percent = contest.score is Score.PERCENT
    terms = Terms(targets=targets, is_percent=is_percent)
    there = [_valued(name, value, terms) for name, value in values.items() if value is not None]
    rest = [Standing(None, Tally(name, ZERO)) for name in sorted(values) if values[name] is None]
    decides = rules(contest, is_lower_better=is_lower_better)
    placed_ = (*standings(there, decides), *rest)
    found = Result(times.phase(contest, now), terms, placed_, {}, is_by_value=True)
    return found._replace(won=_won(contest, found, decides))


def rules(contest: Contest, *, is_lower_better: bool) -> Rules:
    """Return what decides the places of a contest."""
    return Rules(
        contest.ties.ladder, is_lower_better, contest.minimum_score, contest.minimum_events
    )


def terms_of(contest: Contest, field: Field, targets: Mapping[str, Decimal]) -> Terms:
    """Return how contributions become scores."""
    is_of_teams = contest.of is Of.TEAMS
    return Terms(
        contest.team_score if is_of_teams else None,
        {name: field.heads(name) for name in field.participants} if is_of_teams else {},
        {} if contest.format is Format.GOAL else targets,
        contest.score is Score.PERCENT,
    )


def _ranking(contest: Contest, play: Play, found: Result) -> Result:
    return found._replace(placed=tuple(standings(play.tallies().values(), play.rules)))


def _race(contest: Contest, play: Play, found: Result) -> Result:
    there = {name: at for name in play.participants if (at := _reached(play, name)) is not None}
    instants = sorted(there.values())
    is_over = len(instants) >= contest.winners
    ended = instants[contest.winners - 1] if is_over else None
    every = play.tallies(None if ended is None else play.window._replace(end=ended + 1))
    by_instant: dict[Millis, list[str]] = {}
    for name, at in there.items():
        if ended is None or at <= ended:
            by_instant.setdefault(at, []).append(name)
    first = placed([by_instant[at] for at in sorted(by_instant)], every)
    arrived = {s.tally.participant for s in first}
    others = standings([t for n, t in every.items() if n not in arrived], play.rules)
    rest = [s._replace(rank=s.rank + len(first)) if s.rank else s for s in others]
    return found._replace(placed=(*first, *rest), ended_at=ended)


def _reached(play: Play, name: str) -> Millis | None:
    """Return when a participant reached the own target; None: not yet."""
    target = Decimal(1) if play.book.terms.is_percent else play.book.terms.targets.get(name)
    return None if target is None else play.book.line(name).reached(target)


def _elimination(contest: Contest, play: Play, found: Result) -> Result:
    ranked, rounds = elimination(play, contest.drop, adds_up=contest.rounds_add_up)
    return found._replace(placed=tuple(ranked), rounds=tuple(rounds))


def _bracket(contest: Contest, play: Play, found: Result) -> Result:
    ranked, matches = bracket(play)
    return found._replace(placed=tuple(ranked), matches=tuple(matches))


def _season(contest: Contest, play: Play, found: Result) -> Result:
    ranked, matches, table = season(play, playoffs=contest.playoffs)
    return found._replace(placed=tuple(ranked), matches=tuple(matches), table=tuple(table))


def _king(contest: Contest, play: Play, found: Result) -> Result:
    until = play.window._replace(end=max(play.window.start, min(play.window.end, play.as_of)))
    ruled = play.book.reigns(until)
    held: dict[str, Millis] = {}
    for one in ruled:
        held[one.participant] = held.get(one.participant, 0) + one.end - one.start
    every = play.tallies()

    def place(name: str) -> tuple[Decimal | int, ...]:
        return -held.get(name, 0), *key_of(every[name], play.rules)

    ordered = sorted(
        (n for n in every if qualifies(every[n], play.rules)), key=lambda n: (place(n), n)
    )
    groups: list[list[str]] = []
    for name in ordered:
        if groups and place(groups[-1][0]) == place(name):
            groups[-1].append(name)
        else:
            groups.append([name])
    rest = [Standing(None, every[n]) for n in sorted(every) if n not in set(ordered)]
    ranked = (*placed(groups, every), *rest)
    return found._replace(placed=ranked, reigns=tuple(ruled), held=held)


def _goal(contest: Contest, play: Play, found: Result) -> Result:
    every: Line = play.book.everybody()
    levels = [*contest.milestones, Milestone(name=GOAL, amount=contest.target or Decimal(1))]
    goal = tuple(
        Reached(each.name, each.amount, every.reached(each.amount))
        for each in sorted(levels, key=lambda level: level.amount)
    )
    return _ranking(contest, play, found)._replace(goal=goal, total=every.total())


_FORMATS = {
    Format.RANKING: _ranking,
    Format.DUEL: _ranking,
    Format.RACE: _race,
    Format.ELIMINATION: _elimination,
    Format.BRACKET: _bracket,
    Format.SEASON: _season,
    Format.KING: _king,
    Format.GOAL: _goal,
}


def _won(contest: Contest, found: Result, decides: Rules) -> dict[str, Won]:
    """Return who would win what.

    Nobody wins without having done anything or below the minimum; of a goal nobody wins before it
    is reached, and of a contest that was called off nobody at all.
    """
    missed = any(one.name == GOAL and one.at is None for one in found.goal)
    if contest.state is ContestState.STOPPED or missed:
        return {}
    needs_events = not found.is_by_value and not decides.is_lower_better
    there = [
        s if qualifies(s.tally, decides) and (s.tally.events or not needs_events)
        else s._replace(rank=None)
        for s in found.placed
    ]  # fmt: skip
    return prizes(there, contest.prizes, contest.prize_currency or "", contest.tied_prizes)


def _valued(name: str, value: Decimal, terms: Terms) -> Tally:
    value = value.quantize(_KEPT, ROUND_HALF_EVEN)
    target = terms.targets.get(name)
    percent = None if not target else (value / target).quantize(Decimal("0.0001"))
    return Tally(name, (percent or ZERO) if terms.is_percent else value, percent)
