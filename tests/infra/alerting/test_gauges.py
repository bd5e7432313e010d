"""What Prometheus is told of the floor: where groups stand, what fires; nobody by name."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from prometheus_client import CollectorRegistry

from infra.alerting.floor import Floor, floor_of
from infra.alerting.gauges import GROUPS_MAX, SOURCES_MAX, Gauges
from infra.alerting.ticking import Tick, tick
from schemas.alerts import Alerts
from tests.infra.alerting.conftest import Ground


def shown(ground: Ground, reps_max: int = 0, after: float = 0) -> CollectorRegistry:
    registry = CollectorRegistry()
    gauges = Gauges(registry, reps_max=reps_max)
    made = tick(ground.warehouse, ground.bundle, datetime.now(UTC) + timedelta(hours=after))
    floor = floor_of(ground.warehouse, with_reps=reps_max > 0)
    gauges.show(made, floor, ground.bundle.alerts.rules, 0.5, 1_000.0)
    return registry


def values(registry: CollectorRegistry, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels.values()): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == f"pacesetter_{name}"
    }


def names(registry: CollectorRegistry) -> Iterator[str]:
    for family in registry.collect():
        for sample in family.samples:
            yield from sample.labels.values()


def test_what_fires_is_told_by_rule_and_nobody_by_name(ground: Ground) -> None:
    told = shown(ground)
    assert values(told, "alerts_firing") == {
        ("burn", "ACT_NOW", "REP"): 1, ("quiet", "WATCH", "REP"): 1
    }  # fmt: skip
    assert values(told, "alerts_transitions_total")["burn", "FIRING"] == 1
    assert not {"busy", "idle"} & set(names(told))
    assert values(told, "alerts_looked") == {(): 4}
    assert values(told, "alerts_failed") == {(): 0}
    assert values(told, "freshness_timestamp_seconds").keys() == {("source", "crm")}


def test_reps_are_told_apart_only_up_to_the_number_that_was_asked_for(ground: Ground) -> None:
    told = shown(ground, reps_max=1)
    paces = values(told, "quota_pace_ratio")
    (labels,) = paces
    assert (labels[0], labels[2], labels[3]) == ("rep", "busy", "revenue_won")
    assert labels[1] == "all"  # the rep's team
    assert paces[labels] == pytest.approx(31 / 30, abs=1e-3)  # today's sale is in, its plan not
    assert values(told, "quota_attainment_ratio")[labels] == pytest.approx(3100 / 6000, abs=1e-3)
    assert values(told, "quota_series_left_out") == {(): 1}


def test_late_data_shows_as_unknown_and_not_as_nothing(ground: Ground) -> None:
    shown(ground)
    late = shown(ground, after=3)
    assert values(late, "alerts_data_late") == {(): 1}
    assert values(late, "alerts_firing") == {
        ("burn", "ACT_NOW", "REP"): 0, ("quiet", "WATCH", "REP"): 0
    }  # fmt: skip
    assert sum(values(late, "alerts_unknown").values()) == 4


def row(n: int) -> dict[str, Any]:
    return {"subject_kind": "TEAM", "subject_id": f"t{n}", "team_id": None, "kpi": "k",
            "currency": "", "period_start": "2026-10-01", "period_end": "2027-01-01",
            "elapsed": 0.5, "pace": 0.9, "attainment": 0.45, "chance": None}  # fmt: skip


def test_however_many_teams_and_sources_there_are_series_are_bounded() -> None:
    registry = CollectorRegistry()
    standings = pl.DataFrame([row(n) for n in range(GROUPS_MAX + 7)])
    sources = pl.DataFrame(
        [("source", f"s{n}", datetime(2026, 11, 2, tzinfo=UTC)) for n in range(SOURCES_MAX + 7)],
        ["kind", "name", "as_of"], orient="row",
    )  # fmt: skip
    states = pl.DataFrame(
        schema={"rule_id": pl.String, "subject_kind": pl.String, "state": pl.String,
                "alerts": pl.UInt64}
    )  # fmt: skip
    floor = Floor(standings, sources, states)
    Gauges(registry).show(Tick(0, 0, (), ""), floor, Alerts().rules, 0, 0)
    assert len(values(registry, "quota_pace_ratio")) == GROUPS_MAX
    assert values(registry, "quota_series_left_out") == {(): 7}
    assert len(values(registry, "freshness_timestamp_seconds")) == SOURCES_MAX
    assert values(registry, "quota_hit_probability_ratio") == {}  # no forecast is no zero
