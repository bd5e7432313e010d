"""The story of an alert that fires, made of where its subject stands now."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from infra.alerting import reading
from infra.alerting.reading import Warehouse
from schemas.alert_story import Deviation, Story
from schemas.alerts import Rule, Subject
from schemas.definitions import Bundle, Measure, MeasureUnit
from streams.domain.alert_signals import deviating, rate
from streams.domain.alert_states import Key, Watched

NONE = Decimal(0)


class Stories:
    """Stories of one instant: what they need is read once."""

    def __init__(self, warehouse: Warehouse, bundle: Bundle) -> None:
        self._warehouse, self._bundle = warehouse, bundle
        self._rules = {rule.rule_id: rule for rule in bundle.alerts.rules}
        self._kpis = {m.measure: m.label for m in bundle.measures.measures}
        self._kpis |= {k.kpi_id: k.name for k in bundle.kpis.kpis}
        rows = reading.current(warehouse).iter_rows(named=True)
        self._standings: dict[tuple[Any, ...], dict[str, Any]] = {_place(row): row for row in rows}
        self._names = reading.names(warehouse)
        self._sums: dict[str, dict[tuple[str, str], tuple[Decimal, Decimal]]] = {}

    def of(self, key: Key, watched: Watched, at: datetime) -> Story | None:
        """Return the story of an alert; None: its rule is no longer in force, or it is silent."""
        rule = self._rules.get(key.rule_id)
        if rule is None or not watched.is_firing:
            return None
        row = self._standings.get(key[1:], {})
        name, place = self._names.get((key.subject_kind, key.subject_id), (key.subject_id, ""))
        why, suggestion = self._why(key)
        quota = row.get("quota") or Decimal(0)
        return Story(
            notice_key="", severity=rule.severity, signal=rule.signal, is_over=False, reason="BAD",
            at=watched.episode or at, subject_kind=key.subject_kind, subject_name=name,
            place=place, kpi_name=self._kpis.get(key.kpi, key.kpi), currency=key.currency,
            period_name=_period(row, rule), period_end=row.get("period_end", at.date()),
            gap_amount=row.get("gap_amount", Decimal(0)), pace_ratio=row.get("pace_ratio"),
            attainment_ratio=row.get("attainment_ratio"),
            elapsed_ratio=row.get("elapsed_ratio", Decimal(0)), rank=None, of=None,
            required_per_day=row.get("required_per_business_day"),
            business_days_left=row.get("business_days_left", Decimal(0)), recent_per_day=None,
            low=rate(row.get("forecast_p10"), quota), high=rate(row.get("forecast_p90"), quota),
            probability=row.get("hit_probability"), why=why, suggestion=suggestion,
        )  # fmt: skip

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


def _period(row: Mapping[str, Any], rule: Rule) -> str:
    if row:
        return f"{row['period_start']} to {row['period_end']}"
    return f"last {rule.long_days} business days" if rule.long_days else "so far"


def _unit(measure: Measure, value: Decimal) -> Decimal:
    """Return a value as people say it: talk time in hours."""
    return value / 3600 if measure.unit is MeasureUnit.SECONDS else value
