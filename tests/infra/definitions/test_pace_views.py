"""Pace in SQL is pace in the domain: to the last digit, for everybody, on every day."""

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.boards import card_seed
from connectors.boards.held import Earned
from infra.definitions import planning
from infra.definitions.stored import Stored
from streams.domain.expected import Expectations
from tests.emptying import emptied
from tests.infra.definitions import floors
from tests.infra.definitions.conftest import TABLES


@pytest.fixture
def client(warehouse: tuple[Any, str, str]) -> Any:
    client = warehouse[0]
    emptied(client, TABLES)
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


def test_a_scorecard_holds_what_attainment_and_the_ledger_tell_of_its_rep(client: Any) -> None:
    now = _now()
    stored, floor = Stored(client), floors.floor(1, now.date())
    floors.write(floor, client, stored, now)
    day = timedelta(days=1)
    names = ["entry_id", "rep_id", "plan_id", "component_id", "origin_start", "origin_end",
             "currency", "state", "amount"]  # fmt: skip
    today = now.date()
    told = [
        ["e1", "p", today, today + day, "EARNED", Decimal("12.34")],
        ["e2", "p", today, today + day, "EARNED", Decimal("-2.04")],
        ["e3", "p", today, today + day, "PAID", Decimal("9.99")],
        ["e4", "p", today - 2 * day, today, "EARNED", Decimal("70.00")],
    ]
    reps = {row[0] for row in client.query(
        "SELECT DISTINCT subject_id FROM spm_bi.attainment_current WHERE subject_kind = 'REP'"
    ).result_rows}  # fmt: skip
    mine, other = sorted(reps)[:2]
    client.command("TRUNCATE TABLE spm.commission_ledger")
    rows = [[e, mine, plan, "base", start, end, "EUR", state, amount]
            for e, plan, start, end, state, amount in told]  # fmt: skip
    client.insert("spm.commission_ledger", rows, names)

    def asked(sql: str, parameters: Any) -> Any:
        return client.query(sql, parameters=parameters).result_rows

    held = card_seed.cards(asked, {mine, other}, {mine}, today, now)
    assert held[mine].earned == (Earned("p", "base", today, today + day, "EUR", Decimal("10.30")),)
    assert held[other].earned is None
    for rep in (mine, other):
        wanted = client.query(
            "SELECT kpi, quota, actual_to_date, pace_ratio, required_per_business_day"
            " FROM spm_bi.attainment_current WHERE subject_kind = 'REP' AND NOT is_overlay"
            " AND subject_id = {rep:String}", parameters={"rep": rep},
        ).result_rows  # fmt: skip
        got = [(q.kpi, q.quota, q.actual, q.pace, q.required_per_day) for q in held[rep].quotas]
        assert sorted(got, key=str) == sorted(wanted, key=str)
        assert all(q.name and q.unit for q in held[rep].quotas)
    _lanes_hold_the_quotas_of_revenue(client, asked)


def _lanes_hold_the_quotas_of_revenue(client: Any, asked: Any) -> None:
    """Of any KPI: this floor has no quotas of revenue."""
    wanted = client.query(
        "SELECT subject_id, kpi, currency, period_start, period_end, quota, plan_to_date"
        " FROM spm_bi.attainment_current WHERE subject_kind = 'REP' AND NOT is_overlay"
    ).result_rows
    assert wanted
    for kpi, currency in {row[1:3] for row in wanted}:
        plans = card_seed.plans(
            lambda sql, given, of=kpi: asked(sql, {**given, "kpi": of}), currency
        )
        found = {(rep, *plan) for rep, mine in plans.items() for plan in mine}
        assert found == {(row[0], *row[3:]) for row in wanted if row[1:3] == (kpi, currency)}
