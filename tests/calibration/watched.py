"""What would have been told in a period: the rules' own state machine over recorded readings."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from statistics import median
from typing import NamedTuple

from schemas.alerts import Route, Rule
from streams.domain.alert_sending import spoken_for
from streams.domain.alert_states import Key, Transition, Watched, step
from tests.calibration.seasons import Season

IN_TIME = 0.25  # of the period must be left for a warning to be of use


class Told(NamedTuple):
    """One alert: the mornings it began and ended.

    Attributes:
        until: the first morning it no longer fired; None: it fired to the end.
        is_message: somebody was disturbed; not so in a digest, or while a graver rule spoke.
    """

    rule_id: str
    since: int
    until: int | None
    is_message: bool


class Verdict(NamedTuple):
    """What a rule, or several, were worth.

    Attributes:
        missed, reached: periods that ended below the quota, and the others.
        recall: part of the missed that fire when a quarter of the period is left.
        alerts: how many there were.
        precision: part of the alerts that were of a period that was missed.
        lead: part of the period that was left when such an alert had begun; the median.
        false: alerts in reached periods, for each of them.
        quiet: part of the reached periods with at most one alert.
        worst: most alerts in one reached period.
    """

    missed: int
    reached: int
    recall: float
    alerts: int
    precision: float
    lead: float
    false: float
    quiet: float
    worst: int


Alarm = Callable[[Season], Sequence[Told]]


def by_rules(rules: Sequence[Rule], only: str | None = None) -> Alarm:
    """Return what rules tell of a season, as the service does.

    Args:
        only: one rule of them; None: all.
    """

    def alarm(season: Season) -> list[Told]:
        mine = [rule for rule in rules if rule.subject == season.subject]
        found = list(_walked(mine, season))
        return [told for told in found if only in (None, told.rule_id)]

    return alarm


def as_stories(alarm: Alarm) -> Alarm:
    """Return an alarm that counts what a subject's alerts tell together, while any fires, as one.

    That is how people count: that it has grown graver is no second mistake.
    """

    def told(season: Season) -> list[Told]:
        found: list[Told] = []
        for one in sorted(filter(lambda told: told.is_message, alarm(season)), key=_since):
            last = found[-1] if found else None
            if last is None or (last.until is not None and last.until < one.since):
                found.append(one)
            else:
                both = (last.until, one.until)
                found[-1] = last._replace(until=None if None in both else max(filter(None, both)))
        return found

    return told


def _since(told: Told) -> int:
    return told.since


def by_linear_pace(below: float) -> Alarm:
    """Return what linear pace tells: every time actual falls below so much of the plan."""

    def alarm(season: Season) -> list[Told]:
        found, since = [], None
        for n, pace in enumerate(season.pace):
            is_bad = pace is not None and pace < below
            if is_bad and since is None:
                since = n
            elif not is_bad and since is not None:
                found.append(Told("linear", since, n, is_message=True))
                since = None
        return found + ([Told("linear", since, None, is_message=True)] if since is not None else [])

    return alarm


def _walked(rules: Sequence[Rule], season: Season) -> Iterator[Told]:
    keys = {rule.rule_id: _key(rule, season) for rule in rules}
    held = {keys[rule.rule_id]: Watched() for rule in rules}
    open_: dict[str, tuple[int, bool]] = {}
    for n, day in enumerate(season.mornings):
        at = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
        changed: list[tuple[Rule, Transition]] = []
        for rule in rules:
            key = keys[rule.rule_id]
            held[key], made = step(rule, key, held[key], season.readings[rule.rule_id][n], at)
            changed += [(rule, one) for one in made]
        others_speak = spoken_for(rules, held)
        for rule, one in changed:
            if one.begins:
                is_loud = set(rule.routes) != {Route.DIGEST} and one.key not in others_speak
                open_[rule.rule_id] = (n, is_loud)
            elif one.ends:
                since, is_message = open_.pop(rule.rule_id)
                yield Told(rule.rule_id, since, n, is_message)
    # What fires when the period ends was never taken back.
    for rule_id, (since, is_message) in open_.items():
        yield Told(rule_id, since, None, is_message)


def _key(rule: Rule, season: Season) -> Key:
    return Key(rule.rule_id, season.subject, season.name, "revenue", "EUR", date(2000, 1, 1))


def judged(alarm: Alarm, seasons: Iterable[Season], *, messages: bool = False) -> Verdict:
    """Return what an alarm was worth.

    Args:
        messages: count only what disturbs somebody.
    """
    missed = reached = flagged = hits = 0
    leads: list[float] = []
    false: list[int] = []
    for season in seasons:
        told = [one for one in alarm(season) if one.is_message or not messages]
        if season.is_reached:
            reached += 1
            false.append(len(told))
            continue
        missed += 1
        hits += len(told)
        mark = max(n for n, left in enumerate(season.left) if left >= IN_TIME)
        there = [
            one for one in told if one.since <= mark and (one.until is None or one.until > mark)
        ]
        if there:
            flagged += 1
            leads.append(season.left[min(one.since for one in there)])
    alerts = hits + sum(false)
    return Verdict(
        missed, reached, flagged / missed if missed else 1.0, alerts,
        hits / alerts if alerts else 1.0, median(leads) if leads else 0.0,
        sum(false) / reached if reached else 0.0,
        sum(n <= 1 for n in false) / reached if reached else 1.0, max(false, default=0),
    )  # fmt: skip
