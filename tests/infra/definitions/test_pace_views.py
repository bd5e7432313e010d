"""Pace in SQL is pace in the domain: to the last digit, for everybody, on every day."""

import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from infra.definitions import planning
from infra.definitions.stored import Stored
from streams.domain.expected import Expectations
from tests.infra.definitions import floors
from tests.infra.definitions.conftest import TABLES


@pytest.fixture
def client(warehouse: tuple[Any, str, str]) -> Any:
    client = warehouse[0]
    for table in TABLES:
        client.command(f"TRUNCATE TABLE spm.{table}")
    client.command("INSERT INTO spm.warehouse (incarnation, reason) VALUES ('first', 'a test')")
    return client


def _now() -> datetime:
    """Return the instant; the last minute of a day is let pass, since views ask for today."""
    now = datetime.now(UTC)
    if (now.hour, now.minute) == (23, 59):
        time.sleep(61 - now.second)
    return datetime.now(UTC)


@pytest.mark.parametrize("seed", range(4))
def test_sql_says_of_everybody_on_every_day_what_the_rules_say(client: Any, seed: int) -> None:
    now = _now()
    stored, floor = Stored(client), floors.floor(seed, now.date())
    floors.write(floor, client, stored, now)
    past = planning.past(stored, Expectations(floor.bundle), floor.bundle, now.date())
    wanted = floors.standings(floor, past)
    got = floors.told(client, "attainment_daily")
    assert got.keys() == wanted.keys()
    for key, standing in wanted.items():
        assert got[key] == standing, key
    current = floors.told(client, "attainment_current")
    assert current == {k: v for k, v in wanted.items() if k[1] == now.date()}
    assert current


def test_attainment_shows_the_forecast_of_the_quota_that_is_asked_now(client: Any) -> None:
    """Of another amount than was forecast no chance is told; nobody is given what nobody made."""
    now = _now()
    stored, floor = Stored(client), floors.floor(1, now.date())
    floors.write(floor, client, stored, now)
    keys = "kpi, currency, period_start, period_end, subject_kind, subject_id"
    asked = (
        f"SELECT {keys}, amount FROM spm.quota FINAL "
        "WHERE sequence = (SELECT max(sequence) FROM spm.planning)"
    )
    client.command("TRUNCATE TABLE spm.forecast")
    client.command(
        f"INSERT INTO spm.forecast ({keys}, day, as_of, quota, p10, p50, p90, probability) "
        f"SELECT {keys}, today(), now(), amount + (subject_kind = 'TEAM'), 1, 2, 3, 0.25 "
        f"FROM ({asked}) WHERE subject_kind != 'COMPANY' "
        f"AND ({keys}) NOT IN (SELECT {keys} FROM ({asked}) GROUP BY {keys} HAVING count() > 1)"
    )
    made = set(client.query(f"SELECT {keys} FROM spm.forecast FINAL").result_rows)
    rows = client.query(
        f"SELECT {keys}, hit_probability, forecast_p10, forecast_p50, forecast_p90 "
        "FROM spm_bi.attainment_current"
    ).result_rows
    kinds = set()
    for *key, chance, p10, p50, p90 in rows:
        kinds.add(key[4])
        if tuple(key) not in made:
            assert (chance, p10, p50, p90) == (None, None, None, None)
            continue
        assert chance == (None if key[4] == "TEAM" else Decimal("0.25"))
        assert (p10, p50, p90) == (1, 2, 3)
    assert {"REP", "TEAM"} <= kinds
    assert made
