"""A contest's rules in plain words, from its definition, as one pins them to the wall."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from infra.definitions.plan_words import number
from schemas.contest_choices import (
    Format,
    Of,
    Score,
    Seeding,
    State,
    TeamScore,
    TiedPrizes,
    TieStep,
)
from schemas.contest_parts import Filter, Metric, Participants
from schemas.contests import Contest

_WON_BY = {
    Format.RANKING: "Whoever has the best score at the end wins.",
    Format.DUEL: "Two against each other: the better score at the end wins.",
    Format.KING: "Whoever is in the lead for the longest time wins. Who gets there keeps the lead"
    " until somebody has more.",
}
_STEPS = {
    TieStep.PERCENT: "the larger part of the own target",
    TieStep.REACHED: "who reached the final score first",
    TieStep.EVENTS: "who needed fewer events",
}
_TEAMS = {
    TeamScore.SUM: "A team's score is the sum of what its people make.",
    TeamScore.AVERAGE: "A team's score is the sum of what its people make, by heads: everybody in"
    " it counts, who is in it for a part of the days as that part.",
    TeamScore.CONTRIBUTORS: "A team's score is the sum of what its people make, by the number of"
    " those who made something.",
}


Names = Callable[[str], str]  # of reps, teams and measures, by their ids


def words(one: Contest, names: Names = str) -> tuple[str, ...]:
    """Return the rules of a contest as sentences.

    Args:
        names: what ids are called; left out: ids.
    """
    lines = [f"{one.name} ({one.contest_id})", *_state(one)]
    if one.description:
        lines.append(one.description)
    lines += [
        f"It runs from {_at(one.starts_at)} up to, not including, {_at(one.ends_at)},"
        f" by the clocks of {one.time_zone}.",
        _who(one, names),
        *_counted(one, names),
        *_format(one),
        *_teams(one),
        *_targets(one),
        *_minimum(one),
        _ties(one),
        "Equal in all that: they share the place, and the next one is left out (1, 2, 2, 4).",
        *_prizes(one),
        *_late(one),
    ]
    return tuple(lines)


def _state(one: Contest) -> Iterator[str]:
    if one.state is State.DRAFT:
        yield "A draft: it does not take place yet."
    if one.state is State.STOPPED:
        yield "It was called off: nobody wins."
    if one.hidden:
        yield "Only managers see it."


def _at(local: str) -> str:
    return local.replace("T", " ")


def _who(one: Contest, names: Names) -> str:
    given = one.participants
    out = f", without {', '.join(map(names, given.without))}" if given.without else ""
    if given.sides:
        sides = "; ".join(
            f"{side.name} ({', '.join(names(m.rep_id) for m in side.members)})"
            for side in given.sides
        )
        return f"Teams made for it compete: {sides}{out}."
    if given.members:
        return f"Who takes part: {', '.join(names(m.rep_id) for m in given.members)}{out}."
    ruled, teams = _ruled(given), ", ".join(map(names, given.teams))
    if one.of is Of.TEAMS:
        return (
            f"The teams {teams} compete, with {ruled} in them and below{out}."
            " What somebody does counts for the team they are in on that day."
        )
    of = f" of {teams}" if given.teams else ""
    return f"Who takes part: {ruled}{of}{out}, from the day they belong to it."


def _ruled(given: Participants) -> str:
    return f"every {' and '.join(given.roles)}" if given.roles else "everybody"


def _counted(one: Contest, names: Names) -> Iterator[str]:
    if one.score is Score.POINTS:
        yield "Points are made by:"
    for metric in one.metrics:
        cap = f", at most {number(metric.cap_per_day)} a day" if metric.cap_per_day else ""
        only = "".join(_only(metric.only)) if metric.only else ""
        yield f"{_unit(one, metric, names)}{only}{cap}."
    yield "What machines send or dial does not count, nor what was cancelled."
    if one.verified_only:
        yield "Only what a second person took part in counts."


def _unit(one: Contest, metric: Metric, names: Names) -> str:
    kpi = names(metric.kpi)
    money = f" in {metric.currency}" if metric.currency else ""
    if one.score is Score.POINTS:
        return f"  {number(metric.points)} for each 1 of {kpi}{money}"
    if one.score is Score.PERCENT:
        return f"The score is {kpi}{money} as a part of the own target"
    return f"The score is {kpi}{money}"


def _only(only: Filter) -> Iterator[str]:
    names = ("products", "segments", "regions", "deal_types", "lead_sources", "sources")
    for name in names:
        if given := getattr(only, name):
            yield f", only {name.replace('_', ' ')} {' or '.join(given)}"
    if only.direction:
        yield f", only {only.direction.value.lower()}"
    if only.talk_seconds_min:
        yield f", only from {only.talk_seconds_min} seconds of conversation on"
    if only.value_min:
        yield f", only from {number(only.value_min)} on"
    if only.weekdays:
        yield f", only on ISO weekdays {', '.join(map(str, only.weekdays))}"
    if (only.hours_from, only.hours_to) != ("00:00", "24:00"):
        yield f", only from {only.hours_from} up to {only.hours_to}"


def _format(one: Contest) -> Iterator[str]:
    days = f"{one.round_days} days" if one.round_days > 1 else "one day"
    if one.format in _WON_BY:
        yield _WON_BY[one.format]
    elif one.format is Format.RACE:
        many = "the first is" if one.winners == 1 else f"the first {one.winners} are"
        yield f"Whoever reaches the target first wins; it is over when {many} there."
    elif one.format is Format.ELIMINATION:
        score = "the score since the start" if one.rounds_add_up else "the score of the round"
        yield (
            f"A round is {days}; at its end the last {one.drop} by {score} drop out. Who shares a"
            " place with somebody who stays, stays."
        )
    elif one.format is Format.BRACKET:
        yield f"Duels by rounds of {days}: who loses is out. Equal in all, the seed decides."
    elif one.format is Format.SEASON:
        yield f"Every round of {days} each meets another one; a win counts 1, a tie one half."
        yield "Equal wins are parted by all points made. Who has no opponent meets a stand-in with"\
              " the mean score of the others."  # fmt: skip
        if one.playoffs:
            yield "The last two rounds are playoffs of the best four, 1 against 4 and 2 against 3."
    else:
        yield f"All work towards {number(one.target)} together."
        for each in sorted(one.milestones, key=lambda m: m.amount):
            yield f"  {each.name}: {number(each.amount)}"
    if one.seeding is Seeding.DRAWN:
        yield f"Opponents are drawn by lot, once; the draw is kept ({one.draw_seed})."


def _teams(one: Contest) -> Iterator[str]:
    if one.of is Of.TEAMS:
        yield _TEAMS[one.team_score]


def _targets(one: Contest) -> Iterator[str]:
    if one.format is Format.GOAL:
        return
    if one.quota_target:
        yield "The own target is the own quota, by calendar days of the contest in its period."
    if one.target:
        yield f"The target is {number(one.target)}."
    for each in one.targets:
        yield f"{each.participant} has a target of {number(each.amount)}."


def _minimum(one: Contest) -> Iterator[str]:
    if one.minimum_score:
        yield f"Below a score of {number(one.minimum_score)} nobody has a place or a prize."
    if one.minimum_events:
        yield f"With fewer than {one.minimum_events} events nobody has a place or a prize."


def _ties(one: Contest) -> str:
    ladder = one.ties.ladder
    if not ladder:
        return "Equal scores are not parted."
    return f"Equal scores are parted by {', then '.join(_STEPS[step] for step in ladder)}."


def _prizes(one: Contest) -> Iterator[str]:
    for prize in sorted(one.prizes, key=lambda p: p.place):
        money = f"{number(prize.amount)} {one.prize_currency}" if prize.amount else ""
        yield f"Place {prize.place}: {' and '.join(filter(None, (money, prize.thing)))}."
    if sum((p.amount or Decimal(0) for p in one.prizes), Decimal(0)):
        if one.tied_prizes is TiedPrizes.POOL:
            yield "Who shares a place is paid the prizes of the places taken up, in equal parts."
        else:
            yield "With shared places the whole money is split in the proportion of their prizes."
    if one.prizes:
        yield "Who did nothing wins nothing."


def _late(one: Contest) -> Iterator[str]:
    yield (
        f"When something happened decides. What becomes known up to {one.grace_hours} hours after"
        " the end still counts; then the result is final. Later corrections are published and"
        " change no place."
    )
