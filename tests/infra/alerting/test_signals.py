"""Signals beside quotas: stalled deals, leading indicators against scorecards, silent sources."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from infra.alerting.simulating import simulate
from infra.alerting.ticking import tick
from schemas.alerts import Alerts
from schemas.scorecards import Scorecards
from streams.domain.alert_states import State
from streams.domain.periods import DAY, Span
from tests.infra.alerting.conftest import Ground

SHARED = {"subject": "REP", "severity": "WATCH", "routes": ["MANAGER"]}


@pytest.fixture
def alerts() -> Alerts:
    return Alerts.model_validate(
        {
            "late_after_minutes": 180,
            "rules": [
                {"rule_id": "stalled", "name": "Still", "signal": "STALLED", "long_days": 5,
                 "enter": "0.6", "leave": "0.4", "evidence_min": 2, **SHARED},
                {"rule_id": "few", "name": "Few calls", "signal": "ACTIVITY", "kpi": "calls",
                 "long_days": 5, "enter": "0.5", "leave": "0.8", **SHARED},
                {"rule_id": "silent", "name": "Silent", "signal": "FRESHNESS", **SHARED,
                 "subject": "SOURCE", "enter": 60, "leave": 10, "routes": ["OPS"]},
            ],
        }
    )  # fmt: skip


@pytest.fixture
def floor(ground: Ground) -> Ground:
    """A card that asks for calls; three open deals of `idle`, of which two have not moved."""
    cards = Scorecards.model_validate({"scorecards": [
        {"scorecard_id": "c", "name": "Calls", "period": "MONTH", "valid_from": "2020-01-01",
         "roles": ["AE"], "indicators": [{"kpi": "calls", "weight": 1, "target": 90}]}
    ]})  # fmt: skip
    ground.bundle = ground.bundle.model_copy(update={"scorecards": cards})
    now = datetime.now(UTC)
    columns = ["entity_id", "position", "kind", "op", "rep_id", "day", "stage_class", "revision"]
    deals = [("a", 1, "idle", "OPEN", 20), ("b", 2, "idle", "OPEN", 9), ("c", 3, "idle", "OPEN", 1),
             ("d", 4, "busy", "OPEN", 20), ("d", 5, "busy", "WON", 19), ("e", 6, "busy", "OPEN", 20)
             ]  # fmt: skip
    ground.client.command("TRUNCATE TABLE spm.deal")
    rows = [
        [deal, n, "deal", "SET", rep, ground.today, stage,
         int((now - timedelta(days=ago)).timestamp() * 1_000_000)]
        for deal, n, rep, stage, ago in deals
    ]  # fmt: skip
    ground.client.insert("spm.deal", rows, column_names=columns)
    return ground


def test_each_is_seen_where_it_is_and_silence_speaks_while_the_rest_waits(floor: Ground) -> None:
    now = datetime.now(UTC)
    made = tick(floor.warehouse, floor.bundle, now)
    began = {(t.key.rule_id, t.key.subject_id, t.value) for t in made.transitions if t.begins}
    assert began == {
        ("stalled", "idle", Decimal("0.6667")),  # `busy` has one open deal: no evidence
        ("few", "idle", Decimal(0)),  # three calls a day are asked for, `busy` makes them
    }
    late = tick(floor.warehouse, floor.bundle, now + timedelta(hours=4))
    states = {(t.key.rule_id, t.after) for t in late.transitions}
    assert states == {("stalled", State.UNKNOWN), ("few", State.UNKNOWN), ("silent", State.FIRING)}
    (inputs,) = floor.rows("SELECT inputs FROM spm_bi.alert_event WHERE rule_id = 'silent'")
    assert '"measured":"240"' in inputs[0]


def test_past_days_are_walked_as_they_were_and_nothing_is_written(floor: Ground) -> None:
    yesterday = floor.today - DAY
    found = simulate(floor.warehouse, floor.bundle, Span(yesterday - 6 * DAY, floor.today))
    few, stalled = sorted(found, key=lambda one: one.key.rule_id)
    assert (few.key.rule_id, few.key.subject_id, few.ended) == ("few", "idle", None)
    assert few.began == yesterday - 6 * DAY
    # Five days after b moved there are two deals, both still; c comes later.
    assert (stalled.key.rule_id, stalled.key.subject_id) == ("stalled", "idle")
    assert stalled.began == floor.today - timedelta(days=9 - 5)
    assert stalled.told
    assert floor.rows("SELECT count() FROM spm.alert_event") == [(0,)]
