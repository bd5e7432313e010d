"""The tick on a real warehouse: what it reads, what it writes, and when it writes nothing."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner

from connectors.sinks.clickhouse import Warehouse
from infra.cli.main import app
from infra.definitions.stored import Stored
from infra.forecasting.watching import Gauges, Maker, watch
from infra.reconcile import forecasts
from infra.reconcile.periods import ALL
from schemas.definitions import Bundle
from schemas.warehouse import Unavailable
from streams.settings import settings
from tests.ground import define
from tests.infra.warehouse import serving

TODAY = datetime.now(UTC).date()
NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)
START, END = TODAY - timedelta(days=20), TODAY + timedelta(days=40)
MOVED = TODAY - timedelta(days=10)  # r2 went from team a to team b


def day(ago: int) -> date:
    return TODAY - timedelta(days=ago)


def quota(kind: str, name: str, amount: int, kpi: str = "revenue") -> dict[str, Any]:
    money = {"currency": "EUR"} if kpi == "revenue" else {}
    return {"owner_kind": kind, "owner_id": name, "kpi": kpi, "period_start": str(START),
            "period_end": str(END), "amount": amount, **money}  # fmt: skip


def stint(since: date, team: str, until: date | None = None) -> dict[str, Any]:
    end = {"valid_to": str(until)} if until else {}
    return {"valid_from": str(since), "team_id": team, "time_zone": "UTC", **end}


QUOTAS = [quota("REP", "r1", 10**9), quota("REP", "r2", 500), quota("TEAM", "all", 4000),
          quota("REP", "r3", 60, "calls")]  # fmt: skip
KINDS: dict[str, Any] = {
    "company": {"name": "Small", "reporting_currency": "EUR", "time_zone": "UTC"},
    "roster": {
        "teams": [{"team_id": "all", "name": "All"},
                  {"team_id": "a", "name": "A", "parent_team_id": "all"},
                  {"team_id": "b", "name": "B", "parent_team_id": "all"}],
        "reps": [{"rep_id": "r1", "history": [stint(day(900), "a")]},
                 {"rep_id": "r2", "history": [stint(day(900), "a", MOVED), stint(MOVED, "b")]},
                 {"rep_id": "r3", "history": [stint(day(900), "b")]}],
    },
    "rates": {"rates": [{"base": "USD", "quote": "EUR", "on": str(day(900)), "rate": "0.5"}]},
    "measures": {"measures": [
        {"measure": "revenue", "of": "deal", "rule": "revenue_won_reporting", "unit": "MONEY",
         "label": "Revenue", "description": "won"},
        {"measure": "calls", "of": "call", "rule": "calls", "unit": "COUNT", "label": "Calls",
         "description": "calls"}]},
    "quotas": {"quotas": QUOTAS},
}  # fmt: skip


def version(name: str, ago: int, kind: str, shares: dict[str, str], **more: Any) -> dict[str, Any]:
    """Return a history row of a deal of 1,000 as it stood so many days ago."""
    at = datetime(day(ago).year, day(ago).month, day(ago).day, 10, tzinfo=UTC)
    code, amount = more.get("currency", "EUR"), Decimal("1000")
    rate = Decimal("0.5") if code == "USD" else Decimal(1)
    parts = [amount * Decimal(share) for share in shares.values()]
    return {
        "entity_id": name, "position": 10_000 - ago, "kind": "deal",
        "op": more.get("op", "SET"), "revision": int(at.timestamp() * 1_000_000),
        "created_at": NOW - timedelta(days=more.get("created", 60)), "pipeline_id": "p",
        "stage_id": "s", "deal_type": "NEW", "stage_class": kind,
        "close_date": day(more.get("close", -5)), "amount": amount, "currency": code,
        "probability": Decimal("0.3"), "rep_id": next(iter(shares)), "day": day(ago),
        "credit_rep_id": list(shares), "credit_role": ["REVENUE"] * len(shares),
        "credit_day": [day(ago)] * len(shares), "credit_amount": parts,
        "credit_reporting_amount": [p * rate for p in parts] if kind == "WON" else
        [None] * len(shares), "reporting_currency": "EUR" if kind == "WON" else "",
    }  # fmt: skip


def history() -> list[dict[str, Any]]:
    """Return 80 closed deals, half of them won, and what is open."""
    rows = []
    for i in range(80):
        ago, rep = 60 + 3 * i, f"r{i % 2 + 1}"
        won = "WON" if i % 4 < 2 else "LOST"
        rows.append(version(f"old{i}", ago + 20, "OPEN", {rep: "1"}, close=ago, created=ago + 20))
        rows.append(version(f"old{i}", ago, won, {rep: "1"}, close=ago, created=ago + 20))
    rows.append(version("shared", 3, "OPEN", {"r1": "0.6", "r3": "0.4"}))
    rows.append(version("dollars", 3, "OPEN", {"r2": "1"}, currency="USD"))
    rows.append(version("yen", 3, "OPEN", {"r2": "1"}, currency="JPY"))  # no rate is known
    rows.append(version("gone", 4, "OPEN", {"r1": "1"}))
    rows.append(version("gone", 3, "OPEN", {"r1": "1"}, op="CANCELLED"))
    return rows


def total(rep: str, ago: int, value: int, kpi: str = "revenue") -> list[Any]:
    return [1, rep, day(ago), kpi, "EUR" if kpi == "revenue" else "", "crm.deals", 0, 1,
            Decimal(value)]  # fmt: skip


COLUMNS = ["generation", "rep_id", "day", "measure", "currency", "topic", "partition", "position",
           "value"]  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[serving.Served]:
    with serving.migrated(tmp_path_factory.mktemp("forecast")) as served:
        with served.client() as client:
            rows = history()
            client.insert("spm.deal", [list(r.values()) for r in rows], column_names=list(rows[0]))
            totals = [total("r1", 5, 700), total("r2", 15, 400), total("r2", 2, 100)]
            totals += [total("r3", ago, 2, "calls") for ago in range(1, 300)]
            client.insert("spm.kpi_rep_day", totals, column_names=COLUMNS)
        define(connected(served), 1, KINDS)
        yield served


def connected(served: serving.Served) -> Warehouse:
    return Warehouse.connect(f"http://127.0.0.1:{served.port}", *served.auth())


def bundle_of(served: serving.Served) -> Bundle:
    with served.client() as client:
        return Stored(client).in_force().bundle()


def maker(served: serving.Served) -> Maker:
    return Maker(lambda: connected(served), lambda: bundle_of(served))


def current(served: serving.Served) -> dict[tuple[str, str, str], dict[str, Any]]:
    found = connected(served).frame("SELECT * FROM spm_bi.forecast_current")
    return {(r["kpi"], r["subject_kind"], r["subject_id"]): r for r in found.iter_rows(named=True)}


@pytest.fixture(scope="module")
def made(served: serving.Served) -> dict[tuple[str, str, str], dict[str, Any]]:
    maker(served).run(NOW)
    return current(served)


Made = dict[tuple[str, str, str], dict[str, Any]]


def test_everybody_has_a_forecast_and_those_with_a_quota_a_probability(made: Made) -> None:
    named = {key for key in made if key[0] == "revenue"}
    assert named == {
        ("revenue", kind, name)
        for kind, name in [("REP", "r1"), ("REP", "r2"), ("REP", "r3"), ("TEAM", "a"),
                           ("TEAM", "b"), ("TEAM", "all"), ("COMPANY", "company")]
    }  # fmt: skip
    assert made["revenue", "REP", "r1"]["probability"] == 0
    assert made["revenue", "REP", "r2"]["probability"] == 1  # 500 are booked
    assert made["revenue", "REP", "r3"]["probability"] is None
    assert 0 < made["revenue", "TEAM", "all"]["probability"] < 1


def test_what_is_booked_belongs_to_the_team_of_its_day(made: Made) -> None:
    booked = {key[2]: made[key]["booked"] for key in made if key[0] == "revenue"}
    assert booked == {"r1": 700, "r2": 500, "r3": 0, "a": 1100, "b": 100, "all": 1200,
                      "company": 1200}  # fmt: skip


def test_open_deals_count_by_credit_rate_and_what_is_still_there(made: Made) -> None:
    """1,000 shared 60:40, 1,000 dollars at a half; cancelled and without a rate: nothing."""
    rows = {key[2]: made[key] for key in made if key[0] == "revenue"}
    assert [rows[r]["open_deals"] for r in ("r1", "r2", "r3", "all")] == [1, 1, 1, 2]
    r1, r2, r3 = (rows[r]["pipeline_mean"] for r in ("r1", "r2", "r3"))
    assert 200 < r1 < 500  # about half are won
    assert r3 == pytest.approx(r1 * 2 / 3, abs=Decimal("0.02"))
    assert 150 < r2 < 450
    assert rows["all"]["pipeline_mean"] == pytest.approx(r1 + r2 + r3, abs=Decimal("0.03"))
    assert rows["a"]["pipeline_mean"] == r1  # r2 brings team b what is still to come


def test_a_forecast_says_what_it_rests_on(made: Made) -> None:
    row = made["revenue", "REP", "r1"]
    assert (row["wins"], row["draws"], row["model"], row["sequence"]) == (20, 2000, "1", 1)
    assert row["closed_deals"] >= 30
    assert row["p10"] <= row["p50"] <= row["p90"]
    assert row["as_of"] == NOW


def test_activities_go_on_as_on_past_days(made: Made) -> None:
    row = made["calls", "REP", "r3"]
    assert row["pipeline_mean"] == 0
    assert row["booked"] == 40
    assert 40 < row["new_mean"] < 100  # about thirty working days; calls were made on all days
    assert row["probability"] > Decimal("0.9")


def test_the_same_facts_make_the_same_forecast_and_write_nothing(
    served: serving.Served, made: Made
) -> None:
    one = maker(served)
    first, written = one.run(NOW)
    again, nothing = one.run(NOW)
    assert (written, nothing) == (0, 0)
    assert (first.drawn, again.drawn) == (2, 0)  # what has not changed is not drawn again
    assert current(served) == made


def test_only_who_is_concerned_is_written(served: serving.Served, made: Made) -> None:
    one = maker(served)
    one.run(NOW)
    with served.client() as client:
        client.insert("spm.kpi_rep_day", [total("r3", 1, 50)], column_names=COLUMNS)
    made_then, written = one.run(NOW)
    assert written == 4  # r3, their team, the one above and the company
    assert made_then.drawn == 1
    assert len(made_then.rows) == len(made)
    assert current(served)["revenue", "REP", "r3"]["booked"] == 50


def test_what_nobody_asks_for_any_more_is_withdrawn(served: serving.Served, made: Made) -> None:
    one = maker(served)
    one.run(NOW)
    define(connected(served), 2, {"quotas": {"quotas": QUOTAS[:-1]}})  # no quota on calls
    _, written = one.run(NOW)
    assert written == len(made)  # another revision: another seed; the calls are withdrawn
    assert not any(key[0] == "calls" for key in current(served))
    kept = connected(served).frame("SELECT count() AS n FROM spm.forecast FINAL WHERE withdrawn")
    assert kept["n"][0] == sum(key[0] == "calls" for key in made)


def test_forecasts_are_proved_by_making_them_again(served: serving.Served, made: Made) -> None:
    """The same inputs give the same rows; another number is told; facts on their way excuse it."""
    maker(served).run(NOW)
    warehouse = connected(served)
    clean = forecasts.check(warehouse, ALL)
    assert (clean.differing, clean.moving, clean.keys) == (0, 0, len(made))
    with served.client() as client:
        row = "kpi = 'revenue' AND subject_kind = 'TEAM' AND subject_id = 'all'"
        client.command(
            "INSERT INTO spm.forecast SELECT * REPLACE (p50 + 1 AS p50, as_of + 1 AS as_of) "
            f"FROM spm.forecast FINAL WHERE {row} ORDER BY day DESC LIMIT 1"
        )
        wrong = forecasts.check(warehouse, ALL)
        assert (wrong.differing, wrong.off) == (1, {"EUR": Decimal(1)})
        (told,) = wrong.mismatches
        assert (told.key["subject_id"], told.wrong) == ("all", "p50")
        client.insert("spm.applied", [["crm.deals", 0, 1, 0, 1, NOW + timedelta(days=1)]],
                      column_names=["topic", "partition", "epoch", "offset_from", "offset_to",
                                    "applied_at"])  # fmt: skip
        moving = forecasts.check(warehouse, ALL)
        assert (moving.differing, moving.moving) == (0, 1)
        client.command("TRUNCATE TABLE spm.applied")


def test_a_past_that_changes_is_learned_again(served: serving.Served, made: Made) -> None:
    """A deal of long ago that comes late: the next tick says what a fresh run says."""
    one = maker(served)
    one.run(NOW)
    with served.client() as client:
        late = version("late", 30, "WON", {"r1": "1"})
        client.insert("spm.deal", [list(late.values())], column_names=list(late))
    again, _ = one.run(NOW + timedelta(minutes=1))
    fresh, _ = maker(served).run(NOW + timedelta(minutes=1))
    assert [{**r, "as_of": None} for r in again.rows] == [
        {**r, "as_of": None} for r in fresh.rows
    ]  # fmt: skip


def test_after_the_period_nothing_is_left_to_chance(served: serving.Served) -> None:
    done, _ = maker(served).run(NOW + timedelta(days=42))
    assert done.rows
    for row in done.rows:
        assert row["p10"] == row["p50"] == row["p90"] == row["booked"]
        assert row["probability"] in {None, Decimal(0), Decimal(1)}
    assert not maker(served).run(NOW + timedelta(days=60))[0].rows


def test_metrics_tell_age_and_trouble(served: serving.Served) -> None:
    registry, stop = CollectorRegistry(), threading.Event()
    clock = [1000.0]
    gauges = Gauges(registry, lambda: clock[0])

    def value(name: str) -> float | None:
        return registry.get_sample_value(f"pacesetter_forecast_{name}")

    assert value("age_seconds") == -1

    def away() -> Warehouse:
        stop.set()
        raise Unavailable("not now")

    watch(Maker(away, lambda: bundle_of(served)), gauges, 0.001, stop)
    assert value("failed") == 1
    done, written = maker(served).run(NOW)
    gauges.show(done, written, 1.5, now=990.0)
    assert (value("failed"), value("age_seconds"), value("seconds")) == (0, 10, 1.5)
    assert value("subjects") == 7


def test_commands_make_and_show(served: serving.Served, monkeypatch: pytest.MonkeyPatch) -> None:
    user, token = served.auth()
    monkeypatch.setenv("PACESETTER_WAREHOUSE_URL", f"http://127.0.0.1:{served.port}")
    monkeypatch.setenv("PACESETTER_WAREHOUSE_USER", user)
    monkeypatch.setenv("PACESETTER_WAREHOUSE_TOKEN", token)
    settings.cache_clear()
    run = CliRunner()
    ran = run.invoke(app, ["forecast", "run", "--json"])
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.stdout)["subjects"] == 7
    shown = run.invoke(app, ["forecast", "show", "--team", "all", "--json"])
    told = {row["kpi"]: row["quota"] for row in json.loads(shown.stdout)["forecasts"]}
    assert told["revenue"] == "4000.0000"
    read = run.invoke(app, ["forecast", "show", "--rep", "r2"])
    assert "100%" in read.output
    assert run.invoke(app, ["forecast", "show", "--team", "nowhere"]).exit_code == 1
    settings.cache_clear()


def test_scorecards_are_scored_from_totals(
    served: serving.Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = {"scorecard_id": "c", "name": "Calling", "period": "YEAR",
            "valid_from": str(TODAY.replace(month=1, day=1)), "cap": "3",
            "indicators": [{"kpi": "calls", "weight": 100, "target": 1000}]}  # fmt: skip
    define(connected(served), 3, {"scorecards": {"scorecards": [card]}})
    user, token = served.auth()
    monkeypatch.setenv("PACESETTER_WAREHOUSE_URL", f"http://127.0.0.1:{served.port}")
    monkeypatch.setenv("PACESETTER_WAREHOUSE_USER", user)
    monkeypatch.setenv("PACESETTER_WAREHOUSE_TOKEN", token)
    settings.cache_clear()
    shown = CliRunner().invoke(app, ["scorecard", "show", "--team", "b", "--json"])
    settings.cache_clear()
    assert shown.exit_code == 0, shown.output
    (told,) = json.loads(shown.stdout)["scorecards"]
    whole = told["period"]
    assert (whole["members"], whole["contributing"]) == (2, 1)
    done = 2 * min(299, (TODAY - TODAY.replace(month=1, day=1)).days)
    assert Decimal(whole["of_contributors"]["points"]) == Decimal(done) / 10
    assert Decimal(whole["of_all_members"]["points"]) == Decimal(done) / 20


def test_an_empty_warehouse_makes_no_forecast_and_no_trouble() -> None:
    class Empty:
        def frame(self, sql: str) -> pl.DataFrame:
            counted = "count() AS n" in sql
            return pl.DataFrame({"n": [0]}) if counted else pl.DataFrame()

        def insert(self, *_: Any) -> None: ...

        def incarnation(self) -> None: ...

    done, written = Maker(Empty, lambda: Bundle.model_validate(KINDS)).run(NOW)  # type: ignore[arg-type]
    assert {row["booked"] for row in done.rows} == {Decimal(0)}
    assert written == len(done.rows)
