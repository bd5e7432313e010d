"""Who is forecast: reps with their team, days and presence, and the groups they add up to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl

from infra.forecasting.reading import Kpi
from schemas.calendars import Absence
from schemas.definitions import NO_END, UNASSIGNED, Bundle, Rep
from schemas.quotas import Quota
from streams.domain.expected import Expectations, Expected
from streams.domain.hierarchy import Membership, memberships
from streams.domain.looks import LOOKBACK_DAYS
from streams.domain.outlook import Calendar
from streams.domain.periods import Span
from streams.domain.workdays import EVERYWHERE, Workdays, leave_of, workdays_of

Subject = tuple[str, str]  # kind and id
# Booked amounts are still corrected for a while after a period, and then its forecast is final.
AFTER_DAYS = 7


class Job(NamedTuple):
    """One KPI and period, and what is asked of whom."""

    kpi: Kpi
    period: Span
    quotas: Mapping[Subject, Quota]


class Crew(NamedTuple):
    """Reps on a day.

    Attributes:
        reps: columns of outlook.Known.reps.
        calendars: as outlook.Known.calendars.
        groups: subject -> places of the reps who add up to it, themselves for a rep.
        booking: memberships that say whose a booked day is.
        movers: reps whose memberships change within the period.
    """

    reps: pl.DataFrame
    calendars: Sequence[Calendar]
    groups: Mapping[Subject, np.ndarray]
    booking: pl.DataFrame
    movers: set[str]


def jobs(bundle: Bundle, today: date) -> list[Job]:
    """Return what is to be forecast: every KPI and period for which somebody has a quota now.

    A quota on something that does not add up day by day (a rate, an average) has no forecast.
    """
    rules = {m.measure: m.rule for m in bundle.measures.measures}
    found: dict[tuple[Kpi, Span], dict[Subject, Quota]] = {}
    for expected in Expectations(bundle).all():
        quota, span = expected.quota, expected.span
        if quota.kpi not in rules or not span.start <= today < span.end + timedelta(AFTER_DAYS):
            continue
        kpi = Kpi(quota.kpi, rules[quota.kpi], quota.currency or "")
        found.setdefault((kpi, span), {})[quota.owner_kind.value, quota.owner_id] = _asked(expected)
    return [Job(kpi, span, quotas) for (kpi, span), quotas in sorted(found.items())]


def _asked(expected: Expected) -> Quota:
    return expected.quota.model_copy(update={"amount": expected.effective.amount})


def crew(bundle: Bundle, period: Span, today: date) -> Crew:
    """Return the reps of a day and whom they add up to.

    Who is in a group today brings it what is still to come; what is booked belongs to the groups
    the rep was in on its day.
    """
    all_of = list(memberships(bundle.roster, bundle.territories.territories))
    on = min(max(today, period.start), period.end - timedelta(days=1))
    ids = [r.rep_id for r in bundle.roster.reps] + [UNASSIGNED]
    place = {rep_id: i for i, rep_id in enumerate(ids)}
    groups: dict[Subject, list[int]] = {}
    for one in all_of:
        if one.valid_from <= on < one.valid_to and one.rep_id in place:
            subject = one.subject_kind.value, one.subject_id
            groups.setdefault(subject, []).append(place[one.rep_id])
    calendars, rows = _calendars(bundle, period, today)
    by_id = {r.rep_id: r for r in bundle.roster.reps}
    presence = _Presence(bundle, Span(max(today, period.start), period.end))
    lines = [_line(by_id.get(i), bundle, rows, presence, today)
             for i in ids]  # fmt: skip
    names = ("pool", "calendar", "since", "until", "present")
    reps = pl.DataFrame(
        {"rep_id": ids} | {n: [line[k] for line in lines] for k, n in enumerate(names)},
        schema_overrides={"since": pl.Date, "until": pl.Date, "present": pl.Float64},
    )
    return Crew(
        reps, calendars,
        {s: np.unique(np.array(p, np.int64)) for s, p in groups.items()},
        _booking(all_of, period), _movers(all_of, period),
    )  # fmt: skip


def _line(
    rep: Rep | None, bundle: Bundle, rows: Mapping[str, int], presence: "_Presence", today: date
) -> tuple[str, int, date, date, float]:
    home = rows[bundle.company.calendar_id or ""]
    if rep is None:  # facts of nobody known
        return "", home, today - timedelta(LOOKBACK_DAYS), NO_END, 1.0
    stint = next((s for s in reversed(rep.history) if s.valid_from <= today), rep.history[0])
    calendar = stint.calendar_id or bundle.company.calendar_id or ""
    since = min(s.valid_from for s in rep.history)
    until = max(s.valid_to or NO_END for s in rep.history)
    there = presence.of(rep.rep_id, calendar, until)
    return stint.team_id, rows.get(calendar, home), since, until, there


class _Presence:
    """On which part of the working days of a span reps are there."""

    def __init__(self, bundle: Bundle, ahead: Span) -> None:
        self._ahead = ahead
        self._named = {c.calendar_id: workdays_of(c) for c in bundle.calendars.calendars}
        self._absences: dict[str, list[Absence]] = {}
        for absence in bundle.leave.leave:
            if absence.valid_to > ahead.start and absence.valid_from < ahead.end:
                self._absences.setdefault(absence.rep_id, []).append(absence)

    def of(self, rep_id: str, calendar_id: str, until: date) -> float:
        """Return the part for a rep who is on the roster until a day."""
        absences = self._absences.get(rep_id)
        if not absences and until >= self._ahead.end:
            return 1.0
        days, ahead = self._named.get(calendar_id, EVERYWHERE), self._ahead
        whole = days.days_in(ahead)
        employed = Span(ahead.start, max(ahead.start, min(until, ahead.end)))
        there = days.with_leave(leave_of(absences or (), ahead)).days_in(employed)
        return float(there / whole) if whole else 1.0


def _calendars(bundle: Bundle, period: Span, today: date) -> tuple[list[Calendar], dict[str, int]]:
    first = min(today, period.start) - timedelta(days=LOOKBACK_DAYS + 8)
    number = (max(period.end, today) - first).days + 1
    known: dict[str, Workdays] = {c.calendar_id: workdays_of(c) for c in bundle.calendars.calendars}
    home = bundle.company.calendar_id or ""
    order = [home, *sorted(({""} | known.keys()) - {home})]
    made = [_open_days(known.get(name, EVERYWHERE), first, number) for name in order]
    return made, {name: i for i, name in enumerate(order)}


def _open_days(workdays: Workdays, first: date, number: int) -> Calendar:
    days = (first + timedelta(days=n) for n in range(number))
    return Calendar(first, np.array([workdays.is_open(day) for day in days], np.float64))


def _booking(all_of: Iterable[Membership], period: Span) -> pl.DataFrame:
    inside = [m for m in all_of if m.valid_from < period.end and m.valid_to > period.start]
    return pl.DataFrame(
        [(m.subject_kind.value, m.subject_id, m.rep_id, m.valid_from, m.valid_to) for m in inside],
        {"kind": pl.String, "id": pl.String, "rep_id": pl.String, "valid_from": pl.Date,
         "valid_to": pl.Date},
        orient="row",
    )  # fmt: skip


def _movers(all_of: Iterable[Membership], period: Span) -> set[str]:
    def moves() -> Iterator[str]:
        for one in all_of:
            if any(period.start < day < period.end for day in (one.valid_from, one.valid_to)):
                yield one.rep_id

    return set(moves())
