"""Pace in SQL is pace in the domain: to the last digit, for everybody, on every day."""

import time
from datetime import UTC, datetime
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
