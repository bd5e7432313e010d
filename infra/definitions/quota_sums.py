"""Top down against bottom up: what a team, region or company is asked for, and its people. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple, cast

from infra.definitions.adding_up import rates
from infra.definitions.checking_roster import end_of
from schemas.defining import Definition
from schemas.definitions import COMPANY_ID, Bundle, Roster, Stint, Team
from schemas.quotas import Quota, QuotaOwner, Quotas
from streams.domain.expected import Expectations

Values = Mapping[str, Definition]
RATIO = Decimal("0.0001")
_NEEDED = ("company", "roster", "calendars", "leave", "quotas")


class Sum(NamedTuple):
    """One quota of a group against the quotas of those below it.

    Attributes:
        at: place of the quota in its file.
        reps: what all reps below are asked for in the period, overlays left out; None: nothing.
        children: the same for the teams right below; None: none of them has a quota.
        ratio: reps over amount: the over-assignment, 1.1 = ten percent more.
        adds_up: whether the ratio is within the bounds, or there is nothing to compare.
    """

    at: int
    owner_kind: QuotaOwner
    owner_id: str
    kpi: str
    currency: str
    period_start: date
    period_end: date
    amount: Decimal
    children: Decimal | None
    reps: Decimal | None
    ratio: Decimal | None
    adds_up: bool


class _Asked(NamedTuple):
    quota: Quota
    amount: Decimal


def sums(values: Values) -> Iterator[Sum]:
    """Yield every group's quota with what those below it are asked for.

    A quota of a year is compared with those of its quarters and months: what lies within counts.
    Quotas on what does not add up (a win rate) are left out: reps' rates are no part of a team's.
    """
    apart = rates(values)
    told, roster = cast(Quotas, values["quotas"]), cast(Roster, values["roster"])
    expectations = Expectations(_bundle(values))
    above = {t.team_id: t for t in roster.teams}
    history = {r.rep_id: r.history for r in roster.reps}
    amounts = [
        expectations.of(q).effective.amount if q.period_end > q.period_start else Decimal(0)
        for q in told.quotas
    ]
    asked: dict[tuple[QuotaOwner, str, str, str | None], list[_Asked]] = defaultdict(list)
    for quota, amount in zip(told.quotas, amounts, strict=True):
        if not quota.is_overlay and amount and quota.kpi not in apart:
            for group in _groups(quota, history.get(quota.owner_id, ()), above):
                asked[(*group, quota.kpi, quota.currency)].append(_Asked(quota, amount))
    for at, (quota, amount) in enumerate(zip(told.quotas, amounts, strict=True)):
        of_group = quota.owner_kind is not QuotaOwner.REP and not quota.is_overlay
        if of_group and amount and quota.kpi not in apart:
            below = asked[quota.owner_kind, quota.owner_id, quota.kpi, quota.currency]
            one = _sum(quota, amount, below, above)
            fits = one.ratio is None or (
                told.over_assignment_min <= one.ratio <= told.over_assignment_max
            )
            yield one._replace(at=at, adds_up=fits)


def _sum(quota: Quota, amount: Decimal, below: list[_Asked], above: Mapping[str, Team]) -> Sum:
    inside = [
        a for a in below
        if quota.period_start <= a.quota.period_start and a.quota.period_end <= quota.period_end
    ]  # fmt: skip
    reps = [a.amount for a in inside if a.quota.owner_kind is QuotaOwner.REP]
    children = [a.amount for a in inside if _is_child(a.quota, quota, above)]
    total = sum(reps, Decimal(0)) if reps else None
    ratio = (total / amount).quantize(RATIO, ROUND_HALF_EVEN) if total is not None else None
    return Sum(
        0, quota.owner_kind, quota.owner_id, quota.kpi, quota.currency or "", quota.period_start,
        quota.period_end, amount, sum(children, Decimal(0)) if children else None, total, ratio,
        True,
    )  # fmt: skip


def _is_child(child: Quota, parent: Quota, above: Mapping[str, Team]) -> bool:
    if child.owner_kind is not QuotaOwner.TEAM or child.owner_id not in above:
        return False
    over = above[child.owner_id].parent_team_id
    if parent.owner_kind is QuotaOwner.TEAM:
        return over == parent.owner_id
    return over is None


def _groups(
    quota: Quota, history: Sequence[Stint], above: Mapping[str, Team]
) -> set[tuple[QuotaOwner, str]]:
    """Return the groups a quota is part of; a rep's by the first stint within its period."""
    found = {(QuotaOwner.COMPANY, COMPANY_ID)}
    team: str | None = None
    if quota.owner_kind is QuotaOwner.TEAM and quota.owner_id in above:
        team = above[quota.owner_id].parent_team_id
    elif quota.owner_kind is QuotaOwner.REP:
        start, end = quota.period_start, quota.period_end
        mine = [s for s in history if s.valid_from < end and start < end_of(s)]
        team = min(mine, key=lambda s: s.valid_from).team_id if mine else None
    while team is not None and (QuotaOwner.TEAM, team) not in found and team in above:
        found.add((QuotaOwner.TEAM, team))
        team = above[team].parent_team_id
    return found


def _bundle(values: Values) -> Bundle:
    """Return what quotas depend on; what is not among the values is empty."""
    given = {k: values[k] for k in _NEEDED if k in values}
    return Bundle(**given)  # type: ignore[arg-type]
