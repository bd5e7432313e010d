"""Everything a company expects of everybody: each quota with its terms, curve and working days.

Pure: the definitions in force go in, one `Expected` for each quota comes out.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from schemas.calendars import Absence
from schemas.definitions import NO_END, Bundle, Rep
from schemas.quotas import BUSINESS_DAYS, LINEAR, CurveShape, Quota, QuotaOwner
from schemas.quotas import Curve as CurveOf
from streams.domain import curves
from streams.domain.curves import Course, Curve
from streams.domain.periods import Span
from streams.domain.quotas import Effective, Terms, effective, employment
from streams.domain.workdays import EVERYWHERE, leave_of, workdays_of


class Expected(NamedTuple):
    """One quota as it is asked for.

    Attributes:
        curve_id: the curve its plan follows.
        work_id: the curve of the owner's working days.
        away: working time the owner is away, by day of the period; it shortens `work_id`, and the
            plan where it follows the same curve.
    """

    quota: Quota
    effective: Effective
    curve_id: str
    work_id: str
    away: Mapping[date, Decimal]

    @property
    def span(self) -> Span:
        """Its period."""
        return Span(self.quota.period_start, self.quota.period_end)

    def plan(self, known: Mapping[str, Curve]) -> Course:
        """Return the course of its plan."""
        away = self.away if self.curve_id == self.work_id else {}
        return Course(known[self.curve_id], self.span, away)

    def work(self, known: Mapping[str, Curve]) -> Course:
        """Return the course of its owner's working days."""
        return Course(known[self.work_id], self.span, self.away)


class Expectations:
    """The quotas of one state of the definitions."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._reps = {r.rep_id: r for r in bundle.roster.reps}
        self._ramps = {r.ramp_id: r for r in bundle.quotas.ramps}
        self._shapes = {c.curve_id: c for c in bundle.quotas.curves}
        self.calendars = {
            "": EVERYWHERE,
            **{c.calendar_id: workdays_of(c) for c in bundle.calendars.calendars},
        }
        self._absences: dict[str, list[Absence]] = {}
        for absence in bundle.leave.leave:
            self._absences.setdefault(absence.rep_id, []).append(absence)

    def all(self) -> Iterator[Expected]:
        """Yield every quota as it is asked for."""
        return (self.of(quota) for quota in self._bundle.quotas.quotas)

    def of(self, quota: Quota) -> Expected:
        """Return one quota as it is asked for."""
        span = Span(quota.period_start, quota.period_end)
        rep = self._reps.get(quota.owner_id) if quota.owner_kind is QuotaOwner.REP else None
        calendar_id = self._calendar_id(quota, rep)
        calendar = self.calendars[calendar_id]
        leave = leave_of(self._absences.get(rep.rep_id, ()), span) if rep else {}
        terms = Terms(
            employed=_employed(rep) if rep else None,
            ramp=self._ramps[quota.ramp] if quota.ramp else None,
            workdays=calendar.with_leave(leave),
            day_count=self._bundle.quotas.day_count,
        )
        away = {day: share for day, share in sorted(leave.items()) if calendar.is_open(day)}
        work_id = curves.business_id(calendar_id)
        curve_id = self._curve_id(quota, work_id)
        return Expected(quota, effective(quota, terms), curve_id, work_id, away)

    def horizon(self) -> Span | None:
        """Return the days all quotas together span; None without any."""
        quotas = self._bundle.quotas.quotas
        if not quotas:
            return None
        return Span(min(q.period_start for q in quotas), max(q.period_end for q in quotas))

    def curves(self, past: Mapping[str, Sequence[curves.Past]]) -> dict[str, Curve]:
        """Return every curve the quotas follow, by id.

        Args:
            past: id of a learned curve -> the past periods it learns from; none: it is linear.
        """
        span = self.horizon()
        if span is None:
            return {}
        known = {LINEAR: curves.linear(span)}
        for calendar_id, workdays in self.calendars.items():
            curve = curves.business(span, workdays, calendar_id)
            known[curve.curve_id] = curve
        company = self._bundle.company
        default = self.calendars[company.calendar_id or ""]
        for shape in self._shapes.values():
            if shape.shape is CurveShape.WEIGHTS:
                known[shape.curve_id] = curves.weighted(span, shape, default, company)
        for curve_id, (shape, _, _) in self.learned().items():
            known[curve_id] = curves.learned(span, shape, curve_id, past.get(curve_id, ()), company)
        return known

    def learned(self) -> dict[str, tuple[CurveOf, str, str]]:
        """Return every learned curve in use: its definition, KPI and currency, by id."""
        found = {}
        for quota in self._bundle.quotas.quotas:
            shape = self._shapes.get(quota.curve)
            if shape is not None and shape.shape is CurveShape.LEARNED:
                key = (quota.kpi, quota.currency or "")
                found[curves.learned_id(shape, *key)] = (shape, *key)
        return found

    def _calendar_id(self, quota: Quota, rep: Rep | None) -> str:
        """Return the calendar of a quota; a rep's is that of the last stint in the period."""
        inside = [s for s in (rep.history if rep else ()) if s.valid_from < quota.period_end]
        last = max(inside, key=lambda s: s.valid_from, default=None)
        mine = last.calendar_id if last else None
        chosen = quota.calendar_id or mine or self._bundle.company.calendar_id or ""
        return chosen if chosen in self.calendars else ""

    def _curve_id(self, quota: Quota, work_id: str) -> str:
        if quota.curve == BUSINESS_DAYS:
            return work_id
        shape = self._shapes.get(quota.curve)
        if shape is None or shape.shape is CurveShape.WEIGHTS:
            return quota.curve
        return curves.learned_id(shape, quota.kpi, quota.currency or "")


def _employed(rep: Rep) -> tuple[Span, ...]:
    return employment(Span(s.valid_from, s.valid_to or NO_END) for s in rep.history)
