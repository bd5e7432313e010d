"""What a contest is, read a second time from what was written: who, when, targets and heads."""

import ast
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from connectors.sinks.clickhouse import quoted
from infra.reconcile.asking import Warehouse, ask
from infra.reconcile.definitions import InForce

UNIT = 10**4  # targets are whole ten-thousandths
Span = tuple[int, int]  # milliseconds since 1970, half-open


class Formula(NamedTuple):
    """A KPI's formula, and the measures it is over.

    Attributes:
        is_zero: what divides by nothing is 0; otherwise it is nothing.
    """

    tree: ast.expr
    measures: frozenset[str]
    is_zero: bool


class Spec(NamedTuple):
    """One contest under one revision.

    Attributes:
        sequence: definitions it is looked at under.
        contest: as it was written.
        heads: participant -> days of all its people, of a contest of teams.
        span: first day of the contest, and the one behind its last.
        targets: participant -> whole ten-thousandths.
        formula: of the KPI it goes by; None: it has none, or it is not said again.
    """

    sequence: int
    contest: Mapping[str, Any]
    now: InForce
    is_lower_better: bool
    participants: tuple[str, ...]
    heads: Mapping[str, int]
    span: tuple[date, date]
    targets: Mapping[str, int]
    is_by_formula: bool = False
    formula: Formula | None = None

    @property
    def format(self) -> str:
        """How it is won."""
        return str(self.contest.get("format", "RANKING"))

    @property
    def is_percent(self) -> bool:
        """Whether the score is a part of the own target."""
        return bool(self.contest.get("score") == "PERCENT")

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.span[1] - self.span[0]).days

    @property
    def window(self) -> Span:
        """All of its time."""
        spans = self.rounds()
        return spans[0][0], spans[-1][1]

    def rounds(self) -> list[Span]:
        """Return its rounds."""
        starts, ends = (datetime.fromisoformat(self.contest[n]) for n in ("starts_at", "ends_at"))
        step = timedelta(days=int(self.contest.get("round_days", 7)))
        many = -(-(ends - starts) // step)
        bounds = [*(starts + n * step for n in range(many)), ends]
        zone = ZoneInfo(self.contest["time_zone"])
        at = [round(each.replace(tzinfo=zone).timestamp() * 1000) for each in bounds]
        return list(pairwise(at))


def spec(
    warehouse: Warehouse, contest: Mapping[str, Any], sequence: int, now: InForce,
    directions: Mapping[str, str],
) -> Spec:  # fmt: skip
    """Return a contest as it is to be computed.

    Args:
        directions: KPI -> HIGHER or LOWER.
    """
    members = ask(
        warehouse,
        "SELECT participant_id, sum(dateDiff('day', valid_from, valid_to)) AS there"
        f" FROM spm.contest_member FINAL WHERE {_of(contest, sequence)} GROUP BY participant_id",
    )
    heads = {str(name): int(there) for name, there in members.iter_rows()}
    names = sorted(heads)
    given = contest.get("participants") or {}
    if contest.get("of") == "TEAMS":
        sides = [side["side_id"] for side in given.get("sides", ())]
        names = sorted([*given.get("teams", ()), *sides])
    span = _days(contest)
    found = Spec(sequence, contest, now, falls(contest, directions), tuple(names), heads, span, {})
    return found._replace(targets=dict(_targets(warehouse, found)))


def falls(contest: Mapping[str, Any], directions: Mapping[str, str]) -> bool:
    """Return whether the smaller score stands ahead."""
    return any(directions.get(metric["kpi"]) == "LOWER" for metric in contest["metrics"])


def members(one: Spec) -> str:
    """Return SQL for who took part when, and for whom."""
    return (
        "SELECT rep_id, participant_id, valid_from, valid_to FROM spm.contest_member FINAL"
        f" WHERE {_of(one.contest, one.sequence)}"
    )


def _of(contest: Mapping[str, Any], sequence: int) -> str:
    newest = (
        "(SELECT max(sequence) FROM spm.contest_member WHERE contest_id = ''"
        f" AND sequence <= {sequence})"
    )
    return f"contest_id = {quoted(contest['contest_id'])} AND sequence = {newest}"


def _days(contest: Mapping[str, Any]) -> tuple[date, date]:
    last = datetime.fromisoformat(contest["ends_at"]) - timedelta(minutes=1)
    return datetime.fromisoformat(contest["starts_at"]).date(), last.date() + timedelta(days=1)


def _targets(warehouse: Warehouse, one: Spec) -> Iterator[tuple[str, int]]:
    """Yield targets; of one participant the last one holds."""
    contest = one.contest
    if contest.get("format") == "GOAL":
        return
    if contest.get("target"):
        yield from ((name, _units(contest["target"])) for name in one.participants)
    if contest.get("quota_target"):
        yield from _of_quotas(warehouse, one)
    for own in contest.get("targets", ()):
        if own["participant"] in one.participants:
            yield own["participant"], _units(own["amount"])


def _of_quotas(warehouse: Warehouse, one: Spec) -> Iterator[tuple[str, int]]:
    metric = one.contest["metrics"][0]
    kind = "TEAM" if one.contest.get("of") == "TEAMS" else "REP"
    rows = ask(
        warehouse,
        "SELECT subject_id, amount, period_start, period_end FROM spm.quota FINAL"
        " WHERE sequence = (SELECT max(sequence) FROM spm.planning"
        f" WHERE sequence <= {one.sequence}) AND subject_kind = {quoted(kind)}"
        f" AND kpi = {quoted(metric['kpi'])} AND currency = {quoted(metric.get('currency') or '')}",
    )
    sums: dict[str, Fraction] = {}
    for name, amount, start, end in rows.iter_rows():
        common = (min(end, one.span[1]) - max(start, one.span[0])).days
        if name in one.participants and common > 0:
            part = Fraction(amount) * UNIT * common / (end - start).days
            sums[name] = sums.get(name, Fraction(0)) + part
    yield from ((name, round(each)) for name, each in sums.items() if round(each) > 0)


def _units(amount: Any) -> int:
    return int(Decimal(str(amount)) * UNIT)
