"""Whether contests can take place: windows, who takes part, what their format needs, prizes."""

from collections import Counter
from collections.abc import Iterator
from typing import cast

from infra.definitions.checking_contest_field import check_field
from infra.definitions.checking_contest_metrics import (
    KIND,
    Values,
    check_metric,
    formulas_of,
    measures_of,
)
from infra.definitions.problems import Finding, Path, Severity
from schemas.contest_choices import Every, Format, Of, Score, TieStep
from schemas.contest_parts import Metric
from schemas.contests import Badge, Contest, Contests, Streak
from schemas.kpis import Direction
from schemas.money import minor_units
from streams.domain.contest_times import exists, has_zone


def check(values: Values) -> Iterator[Finding]:
    """Yield everything wrong with the contests, badges, streaks and levels among the values."""
    found = cast(Contests, values[KIND])
    yield from _twice("contests", "contest_id", [c.contest_id for c in found.contests])
    yield from _twice("badges", "badge_id", [b.badge_id for b in found.badges])
    yield from _twice("streaks", "streak_id", [s.streak_id for s in found.streaks])
    yield from _twice("levels", "level_id", [x.level_id for x in found.levels])
    for i, contest in enumerate(found.contests):
        path: Path = ("contests", i)
        yield from _name(path, contest)
        problems = list(_window(path, contest))
        yield from problems
        yield from _metrics(path, contest, values)
        yield from _scores(path, contest, values)
        yield from _prizes(path, contest)
        if not problems and has_zone(contest.time_zone):
            yield from check_field(path, contest, values)
    yield from _beside(found, values)


def is_formula(contest: Contest, values: Values) -> bool:
    """Return whether a contest goes by a KPI with a formula."""
    return contest.metrics[0].kpi in formulas_of(values)


def _name(path: Path, one: Contest) -> Iterator[Finding]:
    if "/" in one.contest_id:  # parts the names its scores are kept under
        yield Finding(KIND, (*path, "contest_id"), one.contest_id, "has a slash in it",
                      "write a dash")  # fmt: skip


def _window(path: Path, one: Contest) -> Iterator[Finding]:
    if one.ends_at <= one.starts_at:
        yield Finding(KIND, (*path, "ends_at"), one.ends_at, f"is not after {one.starts_at}",
                      "name the first instant behind the contest")  # fmt: skip
        return
    for name in ("starts_at", "ends_at"):
        local = getattr(one, name)
        if has_zone(one.time_zone) and not exists(local, one.time_zone):
            yield Finding(KIND, (*path, name), local, f"is skipped by clocks of {one.time_zone}",
                          "choose a time an hour later")  # fmt: skip


def _metrics(path: Path, one: Contest, values: Values) -> Iterator[Finding]:
    if one.score is not Score.POINTS and len(one.metrics) > 1:
        yield Finding(KIND, (*path, "score"), one.score, f"counts one, not {len(one.metrics)}",
                      "write POINTS, and points for each metric")  # fmt: skip
    yield from _twice((*path, "metrics"), "metric_id", [m.metric_id for m in one.metrics],
                      remedy="give one of them a metric_id of its own")  # fmt: skip
    formula = one.format in (Format.RANKING, Format.DUEL) and one.score is not Score.POINTS
    for j, metric in enumerate(one.metrics):
        yield from check_metric((*path, "metrics", j), metric, values, may_be_formula=formula,
                                verified_only=one.verified_only)  # fmt: skip
    if is_formula(one, values) and one.starts_at[11:] + one.ends_at[11:] != "00:0000:00":
        yield Finding(KIND, (*path, "starts_at"), one.starts_at,
                      f"{one.metrics[0].kpi} is a KPI with a formula, which goes by whole days",
                      "begin and end at 00:00")  # fmt: skip
    if is_formula(one, values) and one.of is Of.TEAMS and one.participants.sides:
        yield Finding(KIND, (*path, "participants", "sides"), "", "no KPI is kept of such teams",
                      "name teams of the roster, or count a measure")  # fmt: skip


def is_lower_better(metric: Metric, values: Values) -> bool:
    """Return whether less of a metric is better."""
    formula = formulas_of(values).get(metric.kpi)
    measure = (measures_of(values) or {}).get(metric.kpi)
    directions = [one.direction for one in (measure, formula) if one is not None]
    return Direction.LOWER in directions


def _scores(path: Path, one: Contest, values: Values) -> Iterator[Finding]:
    has_target = bool(one.target or one.targets or one.quota_target)
    for j, metric in enumerate(one.metrics):
        simple = one.format is Format.RANKING and one.score is Score.VALUE
        if is_lower_better(metric, values) and not simple:
            yield Finding(KIND, (*path, "metrics", j, "kpi"), metric.kpi,
                          "is better when there is less of it",
                          "that is for a contest of format RANKING by VALUE alone")  # fmt: skip
    if one.score is Score.PERCENT and not has_target:
        yield Finding(KIND, (*path, "score"), one.score, "there is nothing it is a part of",
                      "add target, targets or quota_target")  # fmt: skip
    if one.score is Score.PERCENT and one.format is Format.GOAL:
        yield Finding(KIND, (*path, "score"), one.score, "a GOAL has one target for all",
                      "write VALUE or POINTS")  # fmt: skip
    if one.score is Score.POINTS and one.quota_target:
        yield Finding(KIND, (*path, "quota_target"), "true", "nobody has a quota of points",
                      "add target or targets")  # fmt: skip
    ladder = one.ties.ladder
    if TieStep.PERCENT in ladder and not has_target:
        yield Finding(KIND, (*path, "ties"), TieStep.PERCENT, "nobody has a target",
                      "add target, targets or quota_target, or leave the step out")  # fmt: skip
    if len(set(ladder)) < len(ladder) or (one.ties.third and not one.ties.second):
        yield Finding(KIND, (*path, "ties"), ", ".join(ladder), "is no ladder",
                      "name each step once, without a gap")  # fmt: skip
    if TieStep.REACHED in ladder and is_formula(one, values):
        yield Finding(KIND, (*path, "ties", "first"), TieStep.REACHED,
                      "a KPI with a formula is not reached at an instant",
                      "leave it empty: ties stay", Severity.WARNING)  # fmt: skip
    if one.milestones and one.format is not Format.GOAL:
        yield Finding(KIND, (*path, "milestones"), "", f"a {one.format} has none",
                      "leave them out, or write format: GOAL")  # fmt: skip


def _prizes(path: Path, one: Contest) -> Iterator[Finding]:
    yield from _twice((*path, "prizes"), "place", [p.place for p in one.prizes],
                      remedy="a place has one prize, of an amount and a thing")  # fmt: skip
    unit_places = minor_units(one.prize_currency or "")
    for j, prize in enumerate(one.prizes):
        here: Path = (*path, "prizes", j)
        if prize.amount is None and not prize.thing:
            yield Finding(KIND, here, "", f"place {prize.place} wins nothing",
                          "add an amount or a thing")  # fmt: skip
        if prize.amount is None:
            continue
        if one.prize_currency is None:
            yield Finding(KIND, (*path, "prize_currency"), "", "is missing",
                          "prizes of money need their currency")  # fmt: skip
        elif prize.amount != round(prize.amount, unit_places):
            yield Finding(KIND, (*here, "amount"), f"{prize.amount:f}",
                          f"is no amount {one.prize_currency} is paid in",
                          f"round it to {unit_places} decimals")  # fmt: skip


def _beside(found: Contests, values: Values) -> Iterator[Finding]:
    both: list[tuple[str, int, Badge | Streak]] = [
        *(("badges", i, badge) for i, badge in enumerate(found.badges)),
        *(("streaks", i, streak) for i, streak in enumerate(found.streaks)),
    ]
    for name, i, one in both:
        path: Path = (name, i)
        yield from check_metric((*path, "metric"), one.metric, values, may_be_formula=False,
                                verified_only=False)  # fmt: skip
        if one.valid_to is not None and one.valid_to <= one.valid_from:
            yield Finding(KIND, (*path, "valid_to"), str(one.valid_to),
                          f"is not after valid_from {one.valid_from}",
                          "name the first day that no longer counts, or leave it out")  # fmt: skip
        if isinstance(one, Streak) and one.every in (Every.QUARTER, Every.YEAR):
            yield Finding(KIND, (*path, "every"), one.every, "is too long for a streak",
                          "write DAY, WEEK or MONTH")  # fmt: skip
    for j, metric in enumerate(found.level_metrics):
        yield from check_metric(("level_metrics", j), metric, values, may_be_formula=False,
                                verified_only=False)  # fmt: skip
    for name in ("level_metrics", "levels_from"):
        if found.levels and not getattr(found, name):
            yield Finding(KIND, (name,), "", "is missing", "levels go by points of metrics since a"
                          " day: say which, and since when")  # fmt: skip


def _twice(
    inside: str | Path, name: str, ids: list[str] | list[int], *, remedy: str = "give each its own"
) -> Iterator[Finding]:
    above: Path = (inside,) if isinstance(inside, str) else inside
    count = Counter(ids)
    for i, one in enumerate(ids):
        if count[one] > 1:
            yield Finding(KIND, (*above, i, name), str(one), "stands more than once", remedy)
