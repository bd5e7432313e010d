"""What is watched beside quotas: sums of measures, open deals, silence of sources, oddities."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import accumulate

from infra.alerting import reading
from infra.alerting.anomalies import Anomalies
from infra.alerting.asked import Asked
from infra.alerting.reading import Warehouse
from infra.alerting.working import Working
from schemas.alerts import Rule, Subject
from schemas.definitions import Bundle
from streams.domain.alert_signals import STEP, ToDate, Watch, window_span
from streams.domain.periods import DAY, Span
from streams.domain.workdays import Workdays

# Business days to calendar days: at most two holidays a week beside the weekend.
CALENDAR_PER_BUSINESS = 3
AROUND_DAYS = 14
NONE, ONE = Decimal(0), Decimal(1)
ALWAYS = Workdays(weekdays=frozenset(range(1, 8)))  # machines do not rest
Watched = Iterator[tuple[Rule, Watch]]


class Indicators:
    """What is watched of a day."""

    def __init__(
        self, warehouse: Warehouse, bundle: Bundle, working: Working, today: date, now: datetime
    ) -> None:
        self._warehouse, self._working, self._today = warehouse, working, today
        self._asked, self._now = Asked(bundle, working), now
        self._anomalies = Anomalies(warehouse, bundle, working, now)

    def sums(self, rule: Rule) -> Watched:
        """Yield everybody with what came in of a measure, and what scorecards ask for."""
        assert rule.kpi is not None  # checked where rules are put in force
        kpi, currency = rule.kpi, rule.currency or ""
        period = self._around(rule)
        found = reading.sums(self._warehouse, rule.subject, kpi, currency, period.start)
        asked = self._asked.by_subject(rule, period)
        for subject_id in self._working.everybody(rule):
            days = self._working.of(rule.subject, subject_id)
            to_date = _running(found.get(subject_id, {}), asked.get(subject_id, {}), period)
            yield rule, Watch(rule.subject, subject_id, kpi, currency, period, self._today,
                              to_date, days)  # fmt: skip

    def stalled(self, rule: Rule) -> Watched:
        """Yield each with the part of the open deals in which nothing moved for the window."""
        assert rule.long_days is not None  # checked where rules are put in force
        lines = self._working.lines(rule)
        mine: dict[str, list[date]] = {}
        for rep, day in reading.open_deals(self._warehouse, self._today):
            for subject_id in lines.get(rep, ()):
                mine.setdefault(subject_id, []).append(day)
        for subject_id in self._working.everybody(rule):
            moved = mine.get(subject_id, [])
            if moved:
                days = self._working.of(rule.subject, subject_id)
                span = window_span(self._today, rule.long_days, self._around(rule), days)
                still = sum(day < span.start for day in moved) if span else 0
                share = (Decimal(still) / len(moved)).quantize(STEP)
                yield rule, self._measured(rule, subject_id, share, Decimal(len(moved)))

    def silent(self, rule: Rule) -> Watched:
        """Yield each source with the minutes since it said how far it is."""
        for source, as_of in reading.news(self._warehouse):
            minutes = Decimal(int((self._now - as_of).total_seconds()) // 60)
            yield rule, self._measured(rule, source, minutes, ONE)

    def odd(self, rule: Rule) -> Watched:
        """Yield what stands out in commissions and contests; what it is about stands as KPI."""
        for one in self._anomalies.of(rule):
            period = Span(self._today, self._today + DAY)
            facts = {"amount": f"{one.case.amount:f}", "usual": f"{one.case.usual:f}",
                     "command": one.case.command}  # fmt: skip
            yield rule, Watch(rule.subject, one.subject_id, one.about, one.currency, period,
                              self._today, {}, ALWAYS, measured=one.value, of=one.of,
                              facts=facts)  # fmt: skip

    def _around(self, rule: Rule) -> Span:
        days = (rule.long_days or 1) * CALENDAR_PER_BUSINESS + AROUND_DAYS
        return Span(self._today - timedelta(days=days), self._today + DAY)

    def _measured(self, rule: Rule, subject_id: str, value: Decimal, of: Decimal) -> Watch:
        is_source = rule.subject is Subject.SOURCE
        days = ALWAYS if is_source else self._working.of(rule.subject, subject_id)
        period = Span(self._today, self._today + DAY)
        return Watch(rule.subject, subject_id, "", "", period, self._today, {}, days,
                     measured=value, of=of)  # fmt: skip


def _running(
    daily: Mapping[date, Decimal], asked: Mapping[date, Decimal], period: Span
) -> dict[date, ToDate]:
    done = accumulate(daily.get(day, NONE) for day in period.each())
    due = accumulate(asked.get(day, NONE) for day in period.each())
    return {day: ToDate(*sums) for day, *sums in zip(period.each(), done, due, strict=True)}
