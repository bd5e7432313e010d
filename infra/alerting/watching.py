"""Whom rules watch on a day: everybody with a quota or on the roster, and every source."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from infra.alerting import reading
from infra.alerting.indicators import AROUND_DAYS, CALENDAR_PER_BUSINESS, Indicators
from infra.alerting.reading import Warehouse
from infra.alerting.working import Working
from schemas.alerts import OF_MEASURES, OF_OPS, OF_QUOTAS, Rule, Signal
from schemas.definitions import Bundle
from streams.domain.alert_signals import ToDate, Watch
from streams.domain.periods import DAY, Span


def watches(
    warehouse: Warehouse, bundle: Bundle, today: date, now: datetime, *, is_past: bool = False
) -> Iterator[tuple[Rule, Watch]]:
    """Yield every rule with every subject and period it watches on a day.

    Args:
        is_past: the day is over; facts are as they are known now, forecasts those of that day.

    Raises:
        Unavailable: the warehouse did not answer.
    """
    rules = bundle.alerts.rules
    longest = max((r.long_days or 0 for r in rules), default=0)
    since = today - timedelta(days=longest * CALENDAR_PER_BUSINESS + AROUND_DAYS)
    around = Span(since, today + DAY)
    working = Working(bundle, around)
    of_quotas = [r for r in rules if r.signal in OF_QUOTAS]
    if of_quotas:
        yield from _quotas(warehouse, of_quotas, working, around, is_past=is_past)
    indicators = Indicators(warehouse, bundle, working, today, now)
    for rule in rules:
        if rule.signal in OF_MEASURES:
            yield from indicators.sums(rule)
        elif rule.signal is Signal.STALLED:
            yield from indicators.stalled(rule)
        elif rule.signal is Signal.FRESHNESS:
            yield from indicators.silent(rule)
        elif rule.signal in OF_OPS:
            yield from indicators.odd(rule)


def _quotas(
    warehouse: Warehouse, rules: list[Rule], working: Working, days: Span, *, is_past: bool
) -> Iterator[tuple[Rule, Watch]]:
    since, today = days.start, days.end - DAY
    seen = reading.standings(warehouse, since, today)
    if seen.is_empty():
        return
    keys = ["subject_kind", "subject_id", "kpi", "currency", "period_start", "period_end"]
    if is_past:
        chances = reading.chances(warehouse, today)
    else:
        chances = {row[:5]: row[5] for row in reading.current(warehouse).select(
            *keys[:5], "hit_probability").iter_rows()}  # fmt: skip
    kpis = seen.select("kpi", "currency").unique().rows()
    sizes = reading.deal_sizes(warehouse, kpis, today)
    for key, rows in seen.group_by(keys, maintain_order=True):
        kind, subject_id, kpi, currency, start, end = key
        by_day = rows.select("day", "actual_to_date", "plan_to_date").iter_rows()
        watch = Watch(
            str(kind), str(subject_id), str(kpi), str(currency), _span(start, end), today,
            {day: ToDate(actual, plan) for day, actual, plan in by_day},
            working.of(str(kind), str(subject_id)),
            sizes.get((str(kind), str(subject_id), str(kpi), str(currency))),
            chances.get(key[:5]),
        )  # fmt: skip
        for rule in rules:
            if rule.subject == kind and rule.kpi in (None, kpi) and rule.currency in (
                None, currency or None
            ) and working.has_role(rule, str(subject_id)):  # fmt: skip
                yield rule, watch


def _span(start: object, end: object) -> Span:
    assert isinstance(start, date)
    assert isinstance(end, date)
    return Span(start, end)
