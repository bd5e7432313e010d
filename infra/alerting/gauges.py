"""Metrics of the floor and of the alerts themselves: few series, and nobody's name among them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector

from infra.alerting.floor import Floor
from infra.alerting.ticking import Tick
from schemas.alerts import Rule, Subject
from streams.domain.alert_states import State

# A quota is up to four series, a rule up to three. What is above is left out and counted, so that
# no set of definitions can drown whoever scrapes.
GROUPS_MAX = 500  # quotas of teams and the company
SOURCES_MAX = 100  # sources and topics
_PLACE = ["scope", "team", "rep", "kpi", "currency", "period"]
_RATIOS = {
    "elapsed": "Part of the plan that is due by now.",
    "attainment": "Actual over quota.",
    "pace": "Actual over what the plan asks by now.",
    "chance": "Chance of reaching the quota, by the newest forecast.",
}
_NAMES = {"chance": "hit_probability"}


class Gauges:
    """What the last tick saw, and where teams and the company stand."""

    def __init__(self, registry: CollectorRegistry, *, reps_max: int = 0) -> None:
        """Make the metrics.

        Args:
            reps_max: quotas of single reps that are told, by rep_id; 0: nobody is told apart.
        """

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"pacesetter_{name}", text, labels, registry=registry)

        ProcessCollector(registry=registry)
        self.reps_max = reps_max
        self._ratios = {
            column: gauge(f"quota_{_NAMES.get(column, column)}_ratio", text, *_PLACE)
            for column, text in _RATIOS.items()
        }
        self._left_out = gauge("quota_series_left_out", "Quotas above the limit of series.")
        self._fresh = gauge(
            "freshness_timestamp_seconds",
            "Through when a source is complete; when a topic was last applied.",
            "kind", "name",
        )  # fmt: skip
        labels = ("rule", "severity", "subject")
        self._firing = gauge("alerts_firing", "Alerts that fire or recover, by rule.", *labels)
        self._unknown = gauge("alerts_unknown", "Alerts that claim nothing: data is late.", *labels)
        self._news = Counter(
            "pacesetter_alerts_transitions", "Changes of state, by rule and new state.",
            ["rule", "state"], registry=registry,
        )  # fmt: skip
        self._looked = gauge("alerts_looked", "Subjects times rules that the last run looked at.")
        self._late = gauge("alerts_data_late", "1 while data is late and nothing is claimed.")
        self._seconds = gauge("alerts_seconds", "How long the last run took.")
        self._last = gauge("alerts_last_run_timestamp_seconds", "When the last run ended.")
        self._failed = gauge("alerts_failed", "1 if the last run could not be done.")

    def show(
        self, made: Tick, floor: Floor, rules: Iterable[Rule], seconds: float, now: float
    ) -> None:
        """Take in a finished run."""
        self._show_standings(floor)
        self._fresh.clear()
        for kind, name, as_of in floor.fresh.head(SOURCES_MAX).iter_rows():
            self._fresh.labels(kind, name).set(as_of.timestamp())
        self._show_states(floor, {rule.rule_id: rule for rule in rules})
        for one in made.transitions:
            self._news.labels(one.key.rule_id, one.after).inc()
        self._looked.set(made.looked)
        self._late.set(bool(made.late))
        self._seconds.set(seconds)
        self._last.set(now)
        self._failed.set(0)

    def fail(self) -> None:
        """Say that a run could not be done; what the one before saw stays."""
        self._failed.set(1)

    def _show_standings(self, floor: Floor) -> None:
        rows = list(floor.standings.iter_rows(named=True))
        told = list(self._told(rows))
        self._left_out.set(len(rows) - len(told))
        for column, gauge in self._ratios.items():
            gauge.clear()
            for row in told:
                if row[column] is not None:
                    gauge.labels(*_place(row)).set(row[column])

    def _told(self, rows: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        left = {True: self.reps_max, False: GROUPS_MAX}
        for row in rows:
            is_rep = row["subject_kind"] == Subject.REP
            if left[is_rep] > 0:
                left[is_rep] -= 1
                yield row

    def _show_states(self, floor: Floor, rules: Mapping[str, Rule]) -> None:
        wanted = {
            self._firing: (State.FIRING, State.RECOVERING),
            self._unknown: (State.UNKNOWN,),
        }
        for gauge, states in wanted.items():
            gauge.clear()
            for rule in rules.values():  # nobody is a number, too
                gauge.labels(rule.rule_id, rule.severity, rule.subject).set(0)
            for rule_id, subject, state, alerts in floor.states.iter_rows():
                if state in states and rule_id in rules:
                    rule = rules[rule_id]
                    gauge.labels(rule_id, rule.severity, subject).inc(alerts)


def _place(row: Mapping[str, Any]) -> tuple[str, ...]:
    kind, who = row["subject_kind"], row["subject_id"]
    of_rep = kind == Subject.REP
    team = row["team_id"] or "" if of_rep else who if kind == Subject.TEAM else ""
    period = f"{row['period_start']}/{row['period_end']}"
    return (kind.lower(), team, who if of_rep else "", row["kpi"], row["currency"], period)
