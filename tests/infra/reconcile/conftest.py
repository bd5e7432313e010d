"""A floor that worked: everything honest, to be damaged by hand and mended again."""

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.sinks.clickhouse import Warehouse
from connectors.sinks.kafka import Publisher
from infra.reconcile import credits
from infra.reconcile.cut import cut
from schemas.codec import CatalogueIds
from schemas.topics import CREDITS
from streams.engine.batches import Partition
from streams.engine.epochs import marker_message
from tests.ground import Site, site, stop, wait_for
from tests.infra.reconcile.editing import check
from tests.load import Floor, definitions

CURVE: dict[str, Any] = {
    "component_id": "curve", "kind": "INTERPOLATED", "bounds": "ATTAINMENT", "pays": "VARIABLE",
    "quota": "3000", "variable": "500", "cap": {"of_variable": "2"}, "beyond": "EXTENDED",
    "tiers": [{"since": s, "amount": a} for s, a in (("0", "0"), ("1", "1"), ("2", "3"))],
}  # fmt: skip
OVERLAY: dict[str, Any] = {
    "component_id": "overlay", "kind": "RETROACTIVE", "counts": {"roles": ["OVERLAY", "REVENUE"]},
    "tiers": [{"since": s, "rate": r} for s, r in (("0", "0.01"), ("800", "0.0233"))],
    "quota": "1000", "gates": [{"since": "0.2"}], "floor": "12.34", "boundary": "UPPER",
    "multipliers": [{"multiplier_id": "m", "steps": [{"since": "1.5", "factor": "1.25"}]}],
}  # fmt: skip


def plan(plan_id: str, period: str, *tiers: tuple[str, str], **fields: Any) -> dict[str, Any]:
    components = [
        {"component_id": "c", "tiers": [{"since": s, "rate": r} for s, r in tiers]},
        {"component_id": "flat", "kind": "FLAT", "rate": "0.003333"},
        CURVE,
        OVERLAY,
    ]
    return {
        "plan_id": plan_id, "name": plan_id, "currency": "EUR", "period": period,
        "valid_from": "2026-01-01", "components": components, **fields,
    }  # fmt: skip


ALL_REPS = plan("everybody", "QUARTER", ("0", "0.05"), ("1500.5", "0.0725"), ("4000", "0.11"))
SOME = plan(
    "some", "MONTH", ("500", "0.02"), ("0", "0"), reps=["r1", "r2", "r3"], valid_to="2026-03-08"
)
PLANS = {"plans": [ALL_REPS, SOME, plan("dropped", "YEAR", ("0", "0.01"))]}
HIGHER = {"plans": [{**ALL_REPS, "period": "MONTH"}, SOME]}


@pytest.fixture(scope="package")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A floor with duplicates, disorder and corrections, and owners who became known midway."""
    floor = Floor(seed=11, reps=30)
    known = definitions(floor.reps)
    mapped = known["identities"]["identities"]
    with site(tmp_path_factory.mktemp("proof"), partitions=2) as made:
        made.define(1, {**known, "identities": {"identities": mapped[:15]}, "plans": PLANS})
        made.open_epochs()
        worker = made.start_worker()
        made.produce(floor.events(2_500))
        made.wait_applied(150)
        made.define(2, {"identities": known["identities"], "plans": HIGHER})
        made.mark(2)
        mark_credits(made, 2)
        made.send("crm.calls", b"k", b"no call at all")
        made.produce(floor.events(500))
        made.wait_applied(150)
        assert made.sums() == floor.sums()
        look = made.warehouse()
        wait_for(lambda: not check(look, credits.CREDIT).in_flight, "credits have arrived", 150)
        stop(worker)  # nothing is left to do
        yield made


@pytest.fixture(scope="package")
def warehouse(worked: Site) -> Warehouse:
    return worked.warehouse()


def mark_credits(made: Site, sequence: int) -> None:
    """Let definitions take effect in every partition of credits."""
    Publisher(made.settings.kafka_config()).send(
        marker_message(Partition(CREDITS.name, number), sequence, "definitions", CatalogueIds())
        for number in range(made.settings.partitions)
    )


def arrived(made: Site, sequence: int) -> None:
    """Wait until credits are taken, under these definitions."""
    look = made.warehouse()

    def is_there() -> bool:
        parts = [part for part in cut(look) if part.table == credits.CREDIT]
        is_in_force = len(parts) == 2 and all(part.sequence == sequence for part in parts)
        return is_in_force and not check(look, credits.CREDIT).in_flight

    wait_for(is_there, "credits have arrived", 150)
