"""Whom rules watch today: everybody with a quota or on the roster, with their working days."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import accumulate

from infra.alerting import reading
from infra.alerting.reading import Warehouse
from schemas.alerts import Rule, Signal, Subject
from schemas.definitions import NO_END, Bundle
from streams.domain.alert_signals import ToDate, Watch
from streams.domain.expected import Expectations
from streams.domain.periods import DAY, Span
from streams.domain.workdays import EVERYWHERE, Workdays, leave_of

# Business days to calendar days: at most two holidays a week beside the weekend.
CALENDAR_PER_BUSINESS = 3
AROUND_DAYS = 14


class Working:
    """Working days of subjects: a rep's own calendar and leave, everybody else's the company's."""

    def __init__(self, bundle: Bundle, around: Span) -> None:
        self._calendars = Expectations(bundle).calendars
        self._company = self._calendars.get(bundle.company.calendar_id or "", EVERYWHERE)
        self._around, self._bundle = around, bundle
        self.reps = {
            rep.rep_id: stint
            for rep in bundle.roster.reps
            for stint in rep.history
            if stint.valid_from < around.end and around.end - DAY < (stint.valid_to or NO_END)
        }

    def has_role(self, rule: Rule, subject_id: str) -> bool:
        """Return whether a rule is for somebody in their role of today."""
        if rule.subject is not Subject.REP or not rule.roles:
            return True
        stint = self.reps.get(subject_id)
        return stint is not None and stint.role in rule.roles

    def of(self, kind: str, subject_id: str) -> Workdays:
        """Return the working days of a subject."""
        stint = self.reps.get(subject_id) if kind == Subject.REP else None
        if stint is None:
            return self._company
        mine = self._calendars.get(stint.calendar_id or "", self._company)
        calendar = mine if stint.calendar_id else self._company
        absences = [a for a in self._bundle.leave.leave if a.rep_id == subject_id]
        return calendar.with_leave(leave_of(absences, self._around))


def watches(
    warehouse: Warehouse, bundle: Bundle, today: date, now: datetime
) -> Iterator[tuple[Rule, Watch]]:
    """Yield every rule with every subject and period it watches on a day.

    Raises:
        Unavailable: the warehouse did not answer.
    """
    rules = bundle.alerts.rules
    longest = max((r.long_days or 0 for r in rules), default=0)
    since = today - timedelta(days=longest * CALENDAR_PER_BUSINESS + AROUND_DAYS)
    working = Working(bundle, Span(since, today + DAY))
    of_quotas = [r for r in rules if r.signal is not Signal.KPI]
    if of_quotas:
        yield from _quotas(warehouse, of_quotas, working, since, today)
    for rule in rules:
        if rule.signal is Signal.KPI:
            yield from _measure(warehouse, bundle, rule, working, today)


def _quotas(
    warehouse: Warehouse, rules: list[Rule], working: Working, since: date, today: date
) -> Iterator[tuple[Rule, Watch]]:
    seen = reading.standings(warehouse, since, today)
    if seen.is_empty():
        return
    keys = ["subject_kind", "subject_id", "kpi", "currency", "period_start", "period_end"]
    chances = {row[:5]: row[5] for row in reading.current(warehouse).select(
        *keys[:5], "hit_probability").iter_rows()}  # fmt: skip
    kpis = seen.select("kpi", "currency").unique().rows()
    sizes = reading.deal_sizes(warehouse, kpis, today)
    for key, rows in seen.group_by(keys, maintain_order=True):
        kind, subject_id, kpi, currency, start, end = key
        days = rows.select("day", "actual_to_date", "plan_to_date").iter_rows()
        watch = Watch(
            str(kind), str(subject_id), str(kpi), str(currency), _span(start, end), today,
            {day: ToDate(actual, plan) for day, actual, plan in days},
            working.of(str(kind), str(subject_id)),
            sizes.get((str(kind), str(subject_id), str(kpi), str(currency))),
            chances.get(key[:5]),
        )  # fmt: skip
        for rule in rules:
            if rule.subject == kind and rule.kpi in (None, kpi) and rule.currency in (
                None, currency or None
            ) and working.has_role(rule, str(subject_id)):  # fmt: skip
                yield rule, watch


def _measure(
    warehouse: Warehouse, bundle: Bundle, rule: Rule, working: Working, today: date
) -> Iterator[tuple[Rule, Watch]]:
    assert rule.kpi is not None  # checked where rules are put in force
    days = (rule.long_days or 1) * CALENDAR_PER_BUSINESS + AROUND_DAYS
    period = Span(today - timedelta(days=days), today + DAY)
    found = reading.sums(warehouse, rule.subject, rule.kpi, rule.currency or "", period.start)
    for subject_id in _everybody(bundle, rule, working):
        watch = Watch(
            rule.subject, subject_id, rule.kpi, rule.currency or "", period, today,
            _running(found.get(subject_id, {}), period), working.of(rule.subject, subject_id),
        )  # fmt: skip
        yield rule, watch


def _running(daily: Mapping[date, Decimal], period: Span) -> dict[date, ToDate]:
    sums = accumulate(daily.get(day, Decimal(0)) for day in period.each())
    return {
        day: ToDate(so_far, Decimal(0)) for day, so_far in zip(period.each(), sums, strict=True)
    }


def _everybody(bundle: Bundle, rule: Rule, working: Working) -> list[str]:
    subject = rule.subject
    if subject is Subject.COMPANY:
        return ["company"]
    if subject is Subject.TEAM:
        return sorted(team.team_id for team in bundle.roster.teams)
    return sorted(rep for rep in working.reps if working.has_role(rule, rep))


def _span(start: object, end: object) -> Span:
    assert isinstance(start, date)
    assert isinstance(end, date)
    return Span(start, end)
