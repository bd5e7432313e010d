"""Quotas, curves and calendars are proved against the definitions, by SQL of its own."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.sinks.clickhouse import Warehouse
from infra.definitions.stored import Stored
from infra.reconcile import expectations
from infra.reconcile.asking import added, checked
from infra.reconcile.findings import Checked
from tests.emptying import emptied
from tests.infra.definitions import floors
from tests.infra.definitions.conftest import TABLES

Proof = Callable[[], dict[str, Checked]]


@pytest.fixture
def proof(warehouse: tuple[Any, str, str]) -> Iterator[Proof]:
    _, address, token = warehouse
    asked = Warehouse.connect(address, "service", token)

    def looked() -> dict[str, Checked]:
        checks = {
            expectations.DAY: expectations.check_days(),
            expectations.CURVE: expectations.check_curves(),
            expectations.QUOTA: expectations.check_quotas(asked),
        }
        return {
            table: added(table, [checked(asked, check) for check in some])
            for table, some in checks.items()
        }

    yield looked
    asked.close()


@pytest.fixture
def client(warehouse: tuple[Any, str, str]) -> Any:
    client = warehouse[0]
    emptied(client, TABLES)
    client.command("INSERT INTO spm.warehouse (incarnation, reason) VALUES ('first', 'a test')")
    return client


def written(client: Any, seed: int) -> None:
    now = datetime.now(UTC)
    floors.write(floors.floor(seed, now.date()), client, Stored(client), now)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_written_is_what_the_definitions_say(client: Any, proof: Proof, seed: int) -> None:
    written(client, seed)
    for table, found in proof().items():
        assert not found.mismatches, (table, found.mismatches[:3])
        assert found.keys


def test_nothing_planned_is_nothing_wrong(client: Any, proof: Proof) -> None:
    assert not any(found.differing for found in proof().values())


DAMAGES = {
    "calendar_day": {
        "open": ("is_business_day", "NOT is_business_day"),
        "holiday": ("holiday_name", "'Made up'"),
        "business days of the quarter": ("quarter_left", "quarter_left + 1"),
        "month": ("month_end", "month_end + 1"),
        "no such calendar": ("calendar_id", "'unheard-of'"),
    },
    "plan_curve": {
        "weight": ("weight", "weight + 1"),
        "sum of the days before": ("elapsed", "elapsed + 1"),
    },
    "quota": {
        "not in the definitions": ("quota_id", "'unheard-of'"),
        "not as it was written": ("period_end", "period_end + 1"),
        "amount": ("amount", "amount + 0.01"),
        "course of its plan": ("plan_total", "plan_total - 1"),
        "course of its work": ("work_from", "work_from + 1"),
        "parts of its period": ("trace", """replaceOne(trace, '"to": "20', '"to": "19')"""),
    },
}
GONE = {
    "calendar_day": ("days are missing", "calendar_id = '' AND day = today()"),
    "plan_curve": ("sum of the days before", "curve_id = 'linear' AND day = today()"),
    "quota": ("not in the table", "quota_id = (SELECT max(quota_id) FROM spm.quota)"),
}


@pytest.mark.parametrize("table", DAMAGES)
def test_whatever_is_damaged_or_missing_is_named(client: Any, proof: Proof, table: str) -> None:
    written(client, 1)
    columns = client.query(f"SELECT * FROM spm.{table} LIMIT 0").column_names
    for row, (column, value) in enumerate(DAMAGES[table].values()):
        damage = {"made_at": "made_at + 1", column: value}
        picked = ", ".join(f"{damage.get(name, name)} AS _{name}" for name in columns)
        client.command(
            f"INSERT INTO spm.{table} SELECT {picked} FROM spm.{table} FINAL "
            f"WHERE made_at = (SELECT min(made_at) FROM spm.{table}) ORDER BY ALL LIMIT {row}, 1"
        )
    gone, where = GONE[table]
    client.command(f"ALTER TABLE spm.{table} DELETE WHERE {where} SETTINGS mutations_sync = 1")
    wrong = {m.wrong for m in proof()[f"spm.{table}"].mismatches}
    assert wrong >= {*DAMAGES[table], gone}
