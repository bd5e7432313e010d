"""The simulator's floor, as workers write it: sales operations hear nothing of it."""

from datetime import UTC, datetime, timedelta

import yaml

from connectors.sinks.clickhouse import Warehouse
from infra.alerting.commission_looks import Sight
from infra.alerting.contest_looks import rushes
from infra.alerting.simulating import simulate
from infra.definitions.stored import Stored
from infra.sample import DEFINITIONS
from schemas.alerts import OF_OPS, Alerts, Signal
from streams.domain.periods import DAY, Span
from tests.infra.warehouse.serving import Served

SHIPPED = Alerts.model_validate(yaml.safe_load((DEFINITIONS / "alerts.yaml").read_text()))
ODD = {rule.signal: rule for rule in SHIPPED.rules if rule.signal in OF_OPS}


def test_an_ordinary_floor_gives_sales_operations_nothing(company: Served) -> None:
    now = datetime.now(UTC)
    with company.client() as client:
        warehouse, bundle = Warehouse(lambda: client), Stored(client).in_force().bundle()
        alerts = bundle.alerts.model_copy(update={"rules": tuple(ODD.values())})
        bundle = bundle.model_copy(update={"alerts": alerts})
        assert simulate(warehouse, bundle, Span(now.date() - DAY, now.date() + DAY)) == []
        week = Sight(now - timedelta(days=7), now, lambda rep: (rep,))
        busiest = [one.value for one in rushes(warehouse, bundle, week)]
    assert 0 < max(busiest) < ODD[Signal.CONTEST_RUSH].leave


def test_the_largest_deal_of_an_ordinary_floor_is_far_from_the_bound(company: Served) -> None:
    # All of this floor was posted at once, so the rule itself has no past to hold a deal against.
    deals = (
        "SELECT plan_id, deal_id, rep_id, sum(amount) AS total FROM spm.commission_ledger FINAL "
        "WHERE state = 'EARNED' AND deal_id != '' GROUP BY ALL"
    )
    with company.client() as client:
        lines = client.query(
            f"SELECT arraySlice(arrayReverseSort(groupArray(total)), 1, 2) FROM ({deals}) "
            "GROUP BY plan_id HAVING count() > 10"
        ).result_rows
    assert lines
    for ((first, second),) in lines:
        assert first < second * ODD[Signal.OUTSIZED].enter
