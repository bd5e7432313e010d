"""The story of an alert that fires, made of where its subject stands now."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from infra.alerting import reading
from infra.alerting.anomalies import Anomalies
from infra.alerting.events import Held
from infra.alerting.reading import Warehouse
from infra.alerting.working import Working
from schemas.alert_story import Case, Deviation, Link, Story
from schemas.alerts import OF_OPS, OF_QUOTAS, Rule, Subject
from schemas.definitions import Bundle, Measure, MeasureUnit
from streams.domain.alert_signals import deviating, rate
from streams.domain.alert_states import Key, Reason
from streams.domain.periods import DAY, Span

NONE, CENT = Decimal(0), Decimal("0.01")
RECENT_DAYS = 14  # two weeks: ten business days, so that one good day is no trend
_NAMES = re.compile(r"\{(\w+)\}")


class Stories:
    """Stories of one instant: what they need is read once."""

    def __init__(self, warehouse: Warehouse, bundle: Bundle, now: datetime | None = None) -> None:
        self._warehouse, self._bundle = warehouse, bundle
        self._rules = {rule.rule_id: rule for rule in bundle.alerts.rules}
        self._kpis = {m.measure: m.label for m in bundle.measures.measures}
        self._kpis |= {k.kpi_id: k.name for k in bundle.kpis.kpis}
        rows = reading.current(warehouse).iter_rows(named=True)
        self._standings: dict[tuple[Any, ...], dict[str, Any]] = {_place(row): row for row in rows}
        self._names = reading.names(warehouse)
        zone, now = ZoneInfo(bundle.company.time_zone), now or datetime.now(UTC)
        self._today = now.astimezone(zone).date()
        since = self._today - timedelta(days=RECENT_DAYS)
        self._working = Working(bundle, Span(since, self._today + DAY))
        self._anomalies = Anomalies(warehouse, bundle, self._working, now)
        self._daily: dict[tuple[Subject, str, str], dict[str, dict[date, Decimal]]] = {}
        self._sums: dict[str, dict[tuple[str, str], tuple[Decimal, Decimal]]] = {}

    def of(self, key: Key, held: Held, at: datetime) -> Story | None:
        """Return the story of an alert; None: its rule is no longer in force, or it is silent."""
        if not held.watched.is_firing:
            return None
        return self.told(key, held.watched.episode or at, value=held.value)

    def told(
        self,
        key: Key,
        at: datetime,
        *,
        over: Reason | None = None,
        notice_key: str = "",
        value: Decimal | None = None,
    ) -> Story | None:
        """Return what there is to say of an alert; None: its rule is no longer in force.

        Args:
            over: why it ended; None: it goes on.
            notice_key: of the notice that says it.
            value: what the rule saw.
        """
        rule = self._rules.get(key.rule_id)
        if rule is None:
            return None
        row = self._standings.get(key[1:], {})
        rank, of = self._rank(key)
        name, place = self._names.get((key.subject_kind, key.subject_id), (key.subject_id, ""))
        why, suggestion = (None, "") if rule.signal in OF_OPS else self._why(key)
        quota = row.get("quota") or Decimal(0)
        return Story(
            notice_key=notice_key, severity=rule.severity, signal=rule.signal,
            is_over=over is not None, reason=over or Reason.BAD, at=at,
            subject_kind=key.subject_kind, subject_name=name, place=place,
            kpi_name=self._kpis.get(key.kpi, key.kpi), currency=key.currency,
            period_name="", period_end=row.get("period_end", self._today),
            gap_amount=row.get("gap_amount", Decimal(0)), pace_ratio=row.get("pace_ratio"),
            attainment_ratio=row.get("attainment_ratio"),
            elapsed_ratio=row.get("elapsed_ratio", Decimal(0)), rank=rank, of=of,
            required_per_day=row.get("required_per_business_day"),
            business_days_left=row.get("business_days_left", Decimal(0)),
            recent_per_day=self._recent_per_day(key),
            low=rate(row.get("forecast_p10"), quota), high=rate(row.get("forecast_p90"), quota),
            probability=row.get("hit_probability"), why=why, suggestion=suggestion,
            links=self._links(key), value=value, days=rule.long_days,
            period_start=key.period_start if rule.signal in OF_QUOTAS else None,
            case=None if over else self._case(rule, key),
        )  # fmt: skip

    def _case(self, rule: Rule, key: Key) -> Case | None:
        """Return what an anomaly rests on as it is now; None: it is none, or no longer there."""
        if rule.signal not in OF_OPS:
            return None
        mine = (key.subject_id, key.kpi, key.currency)
        return next((one.case for one in self._anomalies.of(rule) if one[:3] == mine), None)

    def _links(self, key: Key) -> tuple[Link, ...]:
        """Return where to look further, each place of the policy with the alert's names in it."""
        named = {name: quote(str(value), safe="") for name, value in key._asdict().items()}
        return tuple(
            Link(one.text, _NAMES.sub(lambda m: named.get(m[1], m[0]), one.url))
            for one in self._bundle.alerts.places
        )

    def _rank(self, key: Key) -> tuple[int | None, int | None]:
        """Return the place among those with the same kind of quota, 1 is best, and how many."""
        same = [
            row["attainment_ratio"] for place, row in self._standings.items()
            if (place[0], *place[2:]) == (key.subject_kind, *key[3:])
            and row["attainment_ratio"] is not None
        ]  # fmt: skip
        mine = self._standings.get(key[1:], {}).get("attainment_ratio")
        if mine is None or len(same) < 2:
            return None, None
        return 1 + sum(one > mine for one in same), len(same)

    def _recent_per_day(self, key: Key) -> Decimal | None:
        """Return what the last days brought of the quota's KPI, by business day of the company."""
        if key[1:] not in self._standings or key.subject_kind not in set(Subject):
            return None
        place = (Subject(key.subject_kind), key.kpi, key.currency)
        if place not in self._daily:
            since = self._today - timedelta(days=RECENT_DAYS)
            self._daily[place] = reading.sums(self._warehouse, *place, since)
        found = self._daily[place].get(key.subject_id, {})
        days = self._working.of(key.subject_kind, key.subject_id).days_in(
            Span(self._today - timedelta(days=RECENT_DAYS), self._today)
        )
        done = sum((v for day, v in found.items() if day < self._today), NONE)
        return (done / days).quantize(CENT) if days else None

    def _why(self, key: Key) -> tuple[Deviation | None, str]:
        suggestions = {one.kpi: one.text for one in self._bundle.alerts.suggestions}
        measures = [m for m in self._bundle.measures.measures if m.measure in suggestions]
        if not measures or key.subject_kind == Subject.COMPANY:
            return None, ""
        found = deviating(
            Deviation(m.measure, m.label, _unit(m, actual), _unit(m, usual))
            for m in measures
            for actual, usual in [self._recent(key, m.measure)]
        )
        return found, suggestions[found.kpi] if found else ""

    def _recent(self, key: Key, measure: str) -> tuple[Decimal, Decimal]:
        if measure not in self._sums:
            self._sums[measure] = reading.recent(self._warehouse, measure)
        return self._sums[measure].get((key.subject_kind, key.subject_id), (NONE, NONE))


def _place(row: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("subject_kind", "subject_id", "kpi", "currency", "period_start")
    return tuple(row[name] for name in names)


def _unit(measure: Measure, value: Decimal) -> Decimal:
    """Return a value as people say it: talk time in hours."""
    return value / 3600 if measure.unit is MeasureUnit.SECONDS else value
