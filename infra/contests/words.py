"""A contest's rules in plain words, from its definition, as one pins them to the wall."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from infra.contests.phrases import LANGUAGES
from infra.contests.speaking import Speaker, speaker
from schemas.contest_choices import Format, Of, Score, Seeding, State
from schemas.contest_parts import Filter, Metric, Participants
from schemas.contests import Contest

Names = Callable[[str], str]  # of reps, teams and measures, by their ids
_FIELDS = ("products", "segments", "regions", "deal_types", "lead_sources", "sources")
_SAID_AT_ONCE = frozenset({Format.RANKING, Format.DUEL, Format.KING})


def words(one: Contest, names: Names = str, language: str = "en") -> tuple[str, ...]:
    """Return the rules of a contest as sentences.

    Args:
        names: what ids are called; left out: ids.
        language: one of LANGUAGES.
    """
    voice = speaker(language)
    lines = [f"{one.name} ({one.contest_id})", *_state(one, voice)]
    if one.description:
        lines.append(one.description)
    start, end = voice.moment(one.starts_at), voice.moment(one.ends_at)
    lines += [
        voice.say("runs", start=start, end=end, zone=one.time_zone),
        _who(one, names, voice),
        *_counted(one, names, voice),
        *_format(one, voice),
        *_teams(one, voice),
        *_targets(one, names, voice),
        *_minimum(one, voice),
        _ties(one, voice),
        voice.say("shared"),
        *_prizes(one, voice),
        voice.say("late", n=one.grace_hours),
    ]
    return tuple(lines)


def in_all_languages(one: Contest, names: Names = str) -> Mapping[str, tuple[str, ...]]:
    """Return the rules of a contest by language, its name first."""
    return {language: words(one, names, language) for language in LANGUAGES}


def below_its_name(one: Contest, names: Names = str) -> Mapping[str, tuple[str, ...]]:
    """Return the rules of a contest by language, for where its name stands already."""
    return {language: lines[1:] for language, lines in in_all_languages(one, names).items()}


def _state(one: Contest, voice: Speaker) -> Iterator[str]:
    if one.state is State.DRAFT:
        yield voice.say("draft")
    if one.state is State.STOPPED:
        yield voice.say("stopped")
    if one.hidden:
        yield voice.say("hidden")


def _who(one: Contest, names: Names, voice: Speaker) -> str:
    given = one.participants
    without = voice.joined(map(names, given.without))
    out = voice.say("who.out", names=without) if given.without else ""
    if given.sides:
        sides = "; ".join(
            f"{side.name} ({voice.joined(names(m.rep_id) for m in side.members)})"
            for side in given.sides
        )
        return voice.say("who.sides", sides=sides, out=out)
    if given.members:
        members = voice.joined(names(m.rep_id) for m in given.members)
        return voice.say("who.members", names=members, out=out)
    ruled, teams = _ruled(given, voice), voice.joined(map(names, given.teams))
    if one.of is Of.TEAMS:
        return voice.say("who.teams", teams=teams, ruled=ruled, out=out)
    of = voice.say("who.of", teams=teams) if given.teams else ""
    return voice.say("who.reps", ruled=ruled, of=of, out=out)


def _ruled(given: Participants, voice: Speaker) -> str:
    if not given.roles:
        return voice.say("everybody")
    return voice.say("every", roles=voice.joined(given.roles, "and"))


def _counted(one: Contest, names: Names, voice: Speaker) -> Iterator[str]:
    if one.score is Score.POINTS:
        yield voice.say("points")
    for metric in one.metrics:
        yield _metric(one, metric, names(metric.kpi), voice)
    yield voice.say("machines")
    if one.verified_only:
        yield voice.say("verified")


def _metric(one: Contest, metric: Metric, kpi: str, voice: Speaker) -> str:
    cap = voice.say("cap", amount=voice.number(metric.cap_per_day)) if metric.cap_per_day else ""
    return voice.say(
        f"metric.{one.score.value}",
        points=voice.number(metric.points),
        kpi=kpi,
        money=voice.say("money", currency=metric.currency) if metric.currency else "",
        only="".join(_only(metric.only, voice)) if metric.only else "",
        cap=cap,
    )


def _only(only: Filter, voice: Speaker) -> Iterator[str]:
    for field in _FIELDS:
        if given := getattr(only, field):
            yield voice.say(f"only.{field}", names=voice.joined(given, "or"))
    if only.direction:
        yield voice.say(f"only.{only.direction.value}")
    if only.talk_seconds_min:
        yield voice.say("only.talk", n=only.talk_seconds_min)
    if only.value_min:
        yield voice.say("only.value", amount=voice.number(only.value_min))
    if only.weekdays:
        yield voice.say("only.weekdays", days=voice.weekdays(only.weekdays))
    if (only.hours_from, only.hours_to) != ("00:00", "24:00"):
        yield voice.say("only.hours", start=only.hours_from, end=only.hours_to)


def _format(one: Contest, voice: Speaker) -> Iterator[str]:
    key, days = f"won.{one.format.value}", voice.say("days", n=one.round_days)
    if one.format in _SAID_AT_ONCE:
        yield voice.say(key)
    elif one.format is Format.RACE:
        yield voice.say(key, n=one.winners)
    elif one.format is Format.ELIMINATION:
        score = voice.say("score.all" if one.rounds_add_up else "score.round")
        yield voice.say(key, days=days, drop=one.drop, score=score)
    elif one.format is Format.BRACKET:
        yield voice.say(key, days=days)
    elif one.format is Format.SEASON:
        yield voice.say(key, days=days)
        yield voice.say("season.ties")
        if one.playoffs:
            yield voice.say("season.playoffs")
    else:
        yield voice.say(key, target=voice.number(one.target))
        for each in sorted(one.milestones, key=lambda m: m.amount):
            yield voice.say("milestone", name=each.name, amount=voice.number(each.amount))
    if one.seeding is Seeding.DRAWN:
        yield voice.say("drawn", seed=one.draw_seed)


def _teams(one: Contest, voice: Speaker) -> Iterator[str]:
    if one.of is Of.TEAMS:
        yield voice.say(f"team.{one.team_score.value}")


def _targets(one: Contest, names: Names, voice: Speaker) -> Iterator[str]:
    if one.format is Format.GOAL:
        return
    if one.quota_target:
        yield voice.say("target.quota")
    if one.target:
        yield voice.say("target.all", amount=voice.number(one.target))
    for each in one.targets:
        yield voice.say("target.own", who=names(each.participant), amount=voice.number(each.amount))


def _minimum(one: Contest, voice: Speaker) -> Iterator[str]:
    if one.minimum_score:
        yield voice.say("least.score", amount=voice.number(one.minimum_score))
    if one.minimum_events:
        yield voice.say("least.events", n=one.minimum_events)


def _ties(one: Contest, voice: Speaker) -> str:
    if not one.ties.ladder:
        return voice.say("ties.none")
    steps = [voice.say(f"tie.{step.value}") for step in one.ties.ladder]
    return voice.say("ties", steps=voice.joined(steps, "then"))


def _prizes(one: Contest, voice: Speaker) -> Iterator[str]:
    for prize in sorted(one.prizes, key=lambda p: p.place):
        amount = voice.number(prize.amount)
        money = voice.say("amount", amount=amount, currency=one.prize_currency)
        what = voice.joined(filter(None, (money if prize.amount else "", prize.thing)), "and")
        yield voice.say("prize", place=prize.place, what=what)
    if sum((p.amount or Decimal(0) for p in one.prizes), Decimal(0)):
        yield voice.say(f"prizes.{one.tied_prizes.value}")
    if one.prizes:
        yield voice.say("nothing")
