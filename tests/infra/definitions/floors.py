"""Random companies with quotas, written into a warehouse, and what the pure rules say of them."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple

from infra.bi.making import make_views
from infra.definitions import planning
from infra.definitions.canonical import content_of
from infra.definitions.stored import Stored
from schemas.calendars import Absence, Calendar, Calendars, FiscalWeeks, Holiday, Leave, WeekPattern
from schemas.definitions import (
    KINDS,
    Bundle,
    Company,
    Measure,
    Measures,
    MeasureUnit,
    Rep,
    Roster,
    Stint,
    Team,
)
from schemas.quotas import (
    Curve,
    CurveShape,
    DayCount,
    PeriodKind,
    Proration,
    Quota,
    QuotaChange,
    QuotaOwner,
    Quotas,
    Ramp,
)
from streams.domain.expected import Expectations
from streams.domain.hierarchy import member_rows, memberships
from streams.domain.pace import Pace, pace
from streams.domain.periods import DAY, Span

MEASURES = Measures(
    measures=(
        Measure(measure="calls", of="call", rule="calls", unit=MeasureUnit.COUNT, label="Calls",
                description="all"),
        Measure(measure="revenue_won", of="deal", rule="revenue_won", unit=MeasureUnit.MONEY,
                label="Revenue", description="all"),
    )
)  # fmt: skip
TOLD = list(Pace._fields)


class Fact(NamedTuple):
    """What a rep did on a day."""

    rep_id: str
    day: date
    measure: str
    currency: str
    value: Decimal


class Floor(NamedTuple):
    """A company and what its people did."""

    bundle: Bundle
    facts: tuple[Fact, ...]
    today: date


def floor(seed: int, today: date) -> Floor:
    """Return a company with reps who move, leave and are away, quotas of every sort, and facts."""
    random = Random(seed)
    reps = tuple(_rep(random, n, today) for n in range(5))
    bundle = Bundle(
        sequence=1,
        company=Company(
            name="Random", reporting_currency="EUR", time_zone="UTC", calendar_id="half",
            fiscal_year_start_month=random.choice([1, 2, 7]),
            fiscal_weeks=random.choice([None, FiscalWeeks(pattern=WeekPattern.FOUR_FIVE_FOUR)]),
        ),
        roster=Roster(
            teams=(
                Team(team_id="all", name="Everybody", region="world"),
                Team(team_id="west", name="West", parent_team_id="all"),
                Team(team_id="east", name="East", parent_team_id="all", region="orient"),
            ),
            reps=reps,
        ),
        calendars=Calendars(
            calendars=(
                Calendar(calendar_id="half", name="Half", working_days=(1, 2, 4, 6), holidays=(
                    *(Holiday(on=today + timedelta(n), name=f"Holiday {n}") for n in (-9, -3, 4)),
                )),
            )
        ),
        leave=Leave(leave=tuple(
            Absence(rep_id=rep.rep_id, valid_from=since, valid_to=since + timedelta(1 + n),
                    share=random.choice([Decimal(1), Decimal("0.5"), Decimal("0.25")]))
            for rep in reps
            for n, since in enumerate([today + timedelta(random.randint(-40, 20))] * 2)
        )[::2]),
        quotas=_quotas(random, reps, today),
        measures=MEASURES,
    )  # fmt: skip
    return Floor(bundle, tuple(_facts(random, reps, today)), today)


def _rep(random: Random, n: int, today: date) -> Rep:
    cuts = sorted(random.sample(range(-200, 30), 3))
    since, moved, left = (today + timedelta(c) for c in cuts)
    away = random.choice([timedelta(0), timedelta(5)])
    team = random.choice(["west", "east", "all"])
    first = Stint(valid_from=since, valid_to=moved, team_id=team, time_zone="UTC")
    second = Stint(
        valid_from=moved + away, valid_to=random.choice([None, left + away + DAY]),
        team_id=random.choice(["west", "east"]), time_zone="UTC",
        calendar_id=random.choice([None, "half"]),
    )  # fmt: skip
    return Rep(rep_id=f"r{n}", history=(first, second))


def _quotas(random: Random, reps: tuple[Rep, ...], today: date) -> Quotas:
    owners = [(QuotaOwner.REP, r.rep_id) for r in reps]
    owners += [(QuotaOwner.TEAM, t) for t in ("all", "west", "east")]
    owners += [(QuotaOwner.REGION, "orient"), (QuotaOwner.COMPANY, "company")]
    return Quotas(
        quotas=tuple(
            _quota(random, kind, owner, kpi, today)
            for kind, owner in owners
            for kpi in ("calls", "revenue_won")
        ),
        ramps=(
            Ramp(ramp_id="slow", shares={1: Decimal(0), 2: Decimal("0.333333")}),
            Ramp(ramp_id="list", amounts={1: Decimal(10), 2: Decimal("20.5"), 3: Decimal(30)}),
        ),
        curves=(
            Curve(curve_id="late", shape=CurveShape.WEIGHTS, by=PeriodKind.MONTH,
                  weights={n: Decimal(n * n) for n in range(1, 13)}),
            Curve(curve_id="past", shape=CurveShape.LEARNED, by=PeriodKind.MONTH,
                  evidence_periods_min=2),
        ),
        day_count=random.choice(list(DayCount)),
        today_counts=random.choice([True, False]),
    )  # fmt: skip


def _quota(random: Random, kind: QuotaOwner, owner: str, kpi: str, today: date) -> Quota:
    start = today + timedelta(random.randint(-50, 3))
    end = start + timedelta(random.choice([1, 7, 31, 64, 92]))
    of_rep = kind is QuotaOwner.REP
    money = kpi == "revenue_won"
    changes = ()
    if (end - start).days > 20 and random.random() < 0.4:
        changes = (
            QuotaChange(on=start + timedelta(random.randint(1, 19)), amount=Decimal("7.77")),
        )
    return Quota(
        quota_id=f"{owner}:{kpi}", owner_kind=kind, owner_id=owner, kpi=kpi, period_start=start,
        period_end=end, amount=Decimal(random.randint(1, 10**9)) / 100,
        currency=random.choice(["EUR", "JPY"]) if money else None,
        curve=random.choice(["linear", "business-days", "business-days", "late", "past"]),
        ramp=random.choice([None, "slow", "list"]) if of_rep else None,
        proration=random.choice(list(Proration)) if of_rep else Proration.NONE,
        changes=changes, is_overlay=random.random() < 0.2,
    )  # fmt: skip


def _facts(random: Random, reps: tuple[Rep, ...], today: date) -> Iterator[Fact]:
    people = [*(r.rep_id for r in reps[1:]), "unassigned"]  # the first does nothing at all
    for rep in people:
        for n in sorted(random.sample(range(-150, 1), 25)):
            day = today + timedelta(n)
            yield Fact(rep, day, "calls", "", Decimal(random.randint(1, 40)))
            value = Decimal(random.randint(-(10**5), 10**8)) / 10_000
            yield Fact(rep, day, "revenue_won", random.choice(["EUR", "JPY"]), value)


def write(floor: Floor, client: Any, stored: Stored, now: datetime) -> None:
    """Put a floor into an empty warehouse as an apply and the worker would."""
    values = {kind: getattr(floor.bundle, kind) for kind in KINDS}
    for sequence, (kind, value) in enumerate(values.items(), 1):
        row = [sequence, kind, content_of(value), now]
        columns = ["sequence", "kind", "content", "written_at"]
        client.insert("spm.definition", [row], column_names=columns)
    stored.add_roster(9, floor.bundle.roster)
    stored.add_members(9, member_rows(floor.bundle.roster))
    columns = ["generation", "rep_id", "day", "measure", "currency", "topic", "partition"]
    rows = [[1, f.rep_id, f.day, f.measure, f.currency, "t", 0, 1, f.value] for f in floor.facts]
    client.insert("spm.kpi_rep_day", rows, column_names=[*columns, "position", "value"])
    make_views(client, floor.bundle)
    missing = planning.missing(stored)
    assert missing is not None
    planning.write(stored, missing, now)
    assert planning.missing(stored) is None


def standings(floor: Floor, past: dict[str, list[Any]]) -> dict[tuple[str, date], Pace]:
    """Return what the pure rules say of every quota on every day of its period up to today."""
    expectations = Expectations(floor.bundle)
    curves = expectations.curves(past)
    daily: dict[tuple[str, str, str, str], dict[date, Decimal]] = defaultdict(dict)
    members = list(memberships(floor.bundle.roster))
    for fact in floor.facts:
        for m in members:
            if m.rep_id == fact.rep_id and m.valid_from <= fact.day < m.valid_to:
                into = daily[m.subject_kind, m.subject_id, fact.measure, fact.currency]
                into[fact.day] = into.get(fact.day, Decimal(0)) + fact.value
    found = {}
    for one in expectations.all():
        quota, actual = one.quota, Decimal(0)
        done = daily[quota.owner_kind.value, quota.owner_id, quota.kpi, quota.currency or ""]
        for day in Span(quota.period_start, min(quota.period_end, floor.today + DAY)).each():
            actual += done.get(day, Decimal(0))
            counts = day < floor.today or floor.bundle.quotas.today_counts
            found[quota.quota_id, day] = pace(
                actual, one.effective.amount, one.plan(curves), one.work(curves), day,
                day_counts=counts,
            )  # fmt: skip
    return found


def told(client: Any, view: str) -> dict[tuple[str, date], Pace]:
    """Return what a view says of every quota and day."""
    names = {"actual": "actual_to_date"}
    columns = ", ".join(names.get(n, n) for n in TOLD)
    rows = client.query(f"SELECT quota_id, day, {columns} FROM spm_bi.{view}").result_rows
    frame = {(quota_id, day): Pace(*values) for quota_id, day, *values in rows}
    assert len(frame) == len(rows)
    return frame


def utc_now() -> datetime:
    return datetime.now(UTC)
