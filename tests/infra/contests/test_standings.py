"""Standings and final results on a real warehouse: from history alone, corrected until frozen."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from typer.testing import CliRunner

from connectors.sinks.clickhouse import Warehouse
from infra.cli.main import app
from infra.contests import final
from infra.contests.honours import given
from infra.contests.standing import named, standing
from infra.definitions.stored import Stored
from infra.migrations import migrate
from streams.domain.contest_results import Result
from streams.settings import settings
from tests.ground import define
from tests.infra.warehouse import serving

OVER = datetime(2026, 11, 20, tzinfo=UTC)
MEASURES = [
    ("connected", "call", "calls_connected", "COUNT"),
    ("booked", "meeting", "meetings_booked", "COUNT"),
    ("revenue", "deal", "revenue_won_reporting", "MONEY"),
]
BASE: dict[str, Any] = {"time_zone": "Europe/Berlin", "starts_at": "2026-11-09T09:00",
                        "ends_at": "2026-11-14T17:00", "grace_hours": 48}  # fmt: skip
CONTESTS = [
    {"contest_id": "blitz", "name": "Blitz", "score": "POINTS", "prize_currency": "EUR",
     "metrics": [{"kpi": "connected", "points": "1"}, {"kpi": "booked", "points": "5"}],
     "prizes": [{"place": 1, "amount": "100"}], **BASE},
    {"contest_id": "gold", "name": "Gold", **BASE,
     "metrics": [{"kpi": "revenue", "currency": "EUR", "only": {"products": ["crm"]}}]},
    {"contest_id": "wins", "name": "Rate", "ties": {"first": None}, **BASE,
     "starts_at": "2026-11-09T00:00", "ends_at": "2026-11-14T00:00",
     "metrics": [{"kpi": "per_call"}]},
    {"contest_id": "thirds", "name": "Thirds", "ties": {"first": None}, **BASE,
     "starts_at": "2026-11-09T00:00", "ends_at": "2026-11-14T00:00",
     "metrics": [{"kpi": "per_other_call"}]},
]  # fmt: skip
MONEY = {"kpi": "revenue", "currency": "EUR"}
BESIDE: dict[str, Any] = {
    "badges": [
        {"badge_id": "big", "name": "Big", "kind": "AWARD", "metric": MONEY, "at_least": "400",
         "every": "WEEK", "valid_from": "2026-01-01"},
        {"badge_id": "best", "name": "Best", "kind": "RECORD", "metric": MONEY, "at_least": "100",
         "every": "MONTH", "valid_from": "2026-01-01"},
    ],
    "streaks": [{"streak_id": "selling", "name": "Selling", "metric": MONEY, "at_least": "1",
                 "every": "MONTH", "valid_from": "2026-10-01"}],
    "levels": [{"level_id": "bronze", "name": "Bronze", "points": "4"},
               {"level_id": "silver", "name": "Silver", "points": "8"}],
    "level_metrics": [{**MONEY, "points": "0.01"}], "levels_from": "2026-01-01",
}  # fmt: skip
KINDS: dict[str, Any] = {
    "company": {"name": "Small", "reporting_currency": "EUR", "time_zone": "Europe/Berlin"},
    "roster": {"teams": [{"team_id": "t", "name": "T"}], "reps": [
        {"rep_id": rep, "history": [{"valid_from": "2026-01-01", "team_id": "t",
                                     "time_zone": "Europe/Berlin"}]} for rep in ("r1", "r2")]},
    "measures": {"measures": [
        {"measure": name, "of": of, "rule": rule, "unit": unit, "label": name,
         "description": name} for name, of, rule, unit in MEASURES]},
    "kpis": {"kpis": [
        {"kpi_id": name, "name": name, "unit": "RATIO", "formula": formula, "meaning": "m",
         "denominator": "calls", "when_empty": "NOTHING", "empty_means": "no calls",
         "source": "calls"} for name, formula in (
            ("per_call", "booked / connected"), ("per_other_call", "booked / (connected - 1)"))
    ]},
    "contests": {"contests": CONTESTS, **BESIDE},
}  # fmt: skip


def at(text: str) -> datetime:
    """An instant of November 2026 in UTC, written DDTHH:MM."""
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=UTC)


def activity(name: str, rep: str, when: str, kpi: str = "connected", **more: Any) -> dict[str, Any]:
    """A history row of something that is put in by one measure."""
    kind = "meeting" if kpi == "booked" else "call"
    is_set = more.get("op", "SET") == "SET"
    count = 1 if is_set else 0
    return {
        "entity_id": name, "position": more.get("position", 1), "topic": f"crm.{kind}s",
        "partition": 0, "kind": kind, "op": more.get("op", "SET"), "occurred_at": at(when),
        "created_at": at(when), "rep_id": rep, "day": at(when).date(),
        "state": json.dumps({"booked_at": more["booked"]}) if "booked" in more else "{}",
        "measure": [kpi] * count, "measure_rep_id": [rep] * count,
        "measure_day": [at(when).date()] * count, "measure_currency": [""] * count,
        "measure_value": [Decimal(1)] * count,
    }  # fmt: skip


def deal(name: str, rep: str, when: str, amount: int, product: str) -> dict[str, Any]:
    return {
        "entity_id": name, "position": 1, "topic": "crm.deals", "partition": 0, "kind": "deal",
        "op": "SET", "occurred_at": at("01T00:00"), "created_at": at("01T00:00"),
        "won_at": at(when), "product": product, "rep_id": rep, "day": at(when).date(),
        "measure": ["revenue"], "measure_rep_id": [rep], "measure_day": [at(when).date()],
        "measure_currency": ["EUR"], "measure_value": [Decimal(amount)],
    }  # fmt: skip


# 08:30 UTC is 09:30 in Berlin: the contest has begun; at 07:59 it has not.
ACTIVITIES = [
    activity("c1", "r1", "09T08:30"), activity("c2", "r1", "10T08:30"),
    activity("early", "r1", "09T07:59"), activity("late", "r2", "14T16:00"),
    activity("c3", "r2", "10T09:00"), activity("c3", "r2", "10T09:00", op="CANCELLED", position=2),
    # Booked within the window though it takes place behind it.
    activity("m1", "r2", "25T10:00", "booked", booked=int(at("11T10:00").timestamp() * 1000)),
]  # fmt: skip
ACTIVITIES[-1]["measure_day"] = [at("11T10:00").date()]
DEALS = [deal("d1", "r1", "11T10:00", 500, "crm"), deal("d2", "r2", "11T10:00", 900, "other")]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[serving.Served]:
    with serving.embedded(tmp_path_factory.mktemp("contests")) as served:
        warehouse = Warehouse.connect(f"http://127.0.0.1:{served.port}", *served.auth())
        with served.client() as client:
            migrate(client)
            put(client, "spm.activity", ACTIVITIES)
            put(client, "spm.deal", DEALS)
            put(client, "spm.applied", [
                {"topic": f"crm.{name}", "partition": 0, "epoch": 0, "offset_from": 0,
                 "offset_to": 100} for name in ("calls", "meetings", "deals")
            ])  # fmt: skip
            put(client, "spm.kpi_rep_day", [
                {"generation": 1, "rep_id": rep, "day": at(f"{day:02}T00:00").date(),
                 "measure": kpi, "currency": "", "topic": "t", "partition": 0, "position": 1,
                 "value": Decimal(value)}
                for rep, day, kpi, value in (
                    ("r1", 9, "connected", 4), ("r1", 13, "booked", 1), ("r2", 10, "connected", 4),
                    ("r2", 10, "booked", 2), ("r1", 14, "booked", 9),
                )
            ])  # fmt: skip
        define(warehouse, 1, KINDS)
        yield served


def put(client: Any, table: str, rows: list[dict[str, Any]]) -> None:
    client.insert(table, [list(r.values()) for r in rows], column_names=list(rows[0]))


def found(client: Any, contest_id: str) -> Result:
    bundle = Stored(client).in_force().bundle()
    return standing(client, bundle, named(bundle, contest_id), OVER)


def scores(result: Result) -> dict[str, Decimal]:
    return {s.tally.participant: s.tally.score for s in result.placed}


def test_what_counts_is_the_newest_state_at_its_own_instant(served: serving.Served) -> None:
    with served.client() as client:
        assert scores(found(client, "blitz")) == {"r1": 2, "r2": 5}


def test_filters_look_at_the_deal(served: serving.Served) -> None:
    with served.client() as client:
        assert scores(found(client, "gold")) == {"r1": 500, "r2": 0}


def test_a_kpi_with_a_formula_is_ranked_by_its_value(served: serving.Served) -> None:
    with served.client() as client:
        result = found(client, "wins")
    assert scores(result) == {"r1": Decimal("0.25"), "r2": Decimal("0.5")}
    assert [(s.rank, s.tally.participant) for s in result.placed] == [(1, "r2"), (2, "r1")]


def test_a_final_result_of_thirds_is_not_corrected_by_its_own_digits(
    served: serving.Served,
) -> None:
    with served.client() as client:
        final.finalize(client, "thirds", "Dana", OVER)
        first = final.finals(client, "thirds")
        assert [f.score for f in first] == [Decimal("0.66666667"), Decimal("0.33333333")]
        assert final.corrections(first, found(client, "thirds")) == ()


def test_a_final_result_stands_whatever_is_corrected_later(
    served: serving.Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served.client() as client:
        with pytest.raises(LookupError, match="takes late data until 2026-11-16 16:00"):
            final.finalize(client, "blitz", "Dana", at("16T15:59"))
        # What lies behind the cut is not in a final result.
        behind = activity("behind", "r1", "12T09:00", position=500)
        put(client, "spm.activity", [behind])
        final.finalize(client, "blitz", "Dana", OVER)
        first = final.finals(client, "blitz")
        assert [(f.participant, f.place, f.score, f.prize) for f in first] == [
            ("r2", 1, 5, 100), ("r1", 2, 2, 0),
        ]  # fmt: skip
        put(client, "spm.activity", [activity(f"x{n}", "r1", "12T09:00") for n in range(9)])
        late = final.corrections(first, found(client, "blitz"))
        assert late == (final.Correction("r1", Decimal(2), Decimal(12)),)
        with pytest.raises(LookupError, match="is final since"):
            final.finalize(client, "blitz", "Eve", OVER)
        assert final.finals(client, "blitz") == first
    _the_command_tells_both(served, monkeypatch)


def reach(served: serving.Served, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Let commands find this warehouse."""
    user, token = served.auth()
    monkeypatch.setenv("PACESETTER_WAREHOUSE_URL", f"http://127.0.0.1:{served.port}")
    monkeypatch.setenv("PACESETTER_WAREHOUSE_USER", user)
    monkeypatch.setenv("PACESETTER_WAREHOUSE_TOKEN", token)
    settings.cache_clear()
    return CliRunner()


def _the_command_tells_both(served: serving.Served, monkeypatch: pytest.MonkeyPatch) -> None:
    run = reach(served, monkeypatch)
    shown = run.invoke(app, ["contest", "standings", "blitz", "--json"])
    again = run.invoke(app, ["contest", "finalize", "blitz", "--author", "Eve"])
    text = run.invoke(app, ["contest", "standings", "gold"])
    settings.cache_clear()
    assert shown.exit_code == 0, shown.output
    told = json.loads(shown.stdout)
    assert [(f["participant"], f["place"]) for f in told["final"]] == [("r2", 1), ("r1", 2)]
    assert [c["participant"] for c in told["corrections"]] == ["r1"]
    assert again.exit_code == 1
    assert text.exit_code == 0
    assert "500" in text.output


def test_what_reps_earned_is_told_and_taken_back_without_a_word(
    served: serving.Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = reach(served, monkeypatch)
    before = _earned(run)
    assert before["badges"] == ["best:r2:2026-11-01:1", "big:r1:2026-11-09:1",
                                "big:r2:2026-11-09:1", "big:r2:2026-11-09:2"]  # fmt: skip
    assert before["level"] == {"r1": ("bronze", "3"), "r2": ("silver", "0")}
    assert before["streaks"] == {"r1": 1, "r2": 1}
    honours = _honours(served)
    assert honours == {
        "badge:big:r1:2026-11-09:1", "badge:big:r2:2026-11-09:1", "badge:big:r2:2026-11-09:2",
        "badge:best:r2:2026-11-01:1", "level:r1:bronze", "level:r2:bronze", "level:r2:silver",
    }  # fmt: skip
    with served.client() as client:
        gone = deal("d2", "r2", "11T10:00", 900, "other")
        put(client, "spm.deal", [{**gone, "position": 2, "op": "CANCELLED"}])
    after = _earned(run)
    settings.cache_clear()
    assert after["badges"] == ["best:r1:2026-11-01:1", "big:r1:2026-11-09:1"]
    assert after["level"] == {"r1": ("bronze", "3"), "r2": (None, "4")}
    assert after["streaks"] == {"r1": 1, "r2": 0}


def _honours(served: serving.Served) -> set[str]:
    """What boards are told that everybody has."""
    with served.client() as client:
        bundle = Stored(client).in_force().bundle()
        found = given(client, bundle, at("14T10:00"))
    assert {honour.of for honour in found.honours} <= found.of
    assert all(honour.at <= at("14T10:00") for honour in found.honours)
    levels = [h.name for h in found.honours if h.kind == "LEVEL" and h.rep_id == "r2"]
    assert levels == ["Bronze", "Silver"], "the highest comes last"
    assert found.streaks == (), "one is not in a row"
    return {honour.key for honour in found.honours}


def _earned(run: CliRunner) -> dict[str, Any]:
    told = {}
    for name in ("badges", "streaks", "level"):
        shown = run.invoke(app, ["rep", name, "--json"])
        assert shown.exit_code == 0, shown.output
        told[name] = json.loads(shown.stdout)
        assert run.invoke(app, ["rep", name, "r1"]).exit_code == 0
    return {
        "badges": sorted(one["award_id"] for one in told["badges"]),
        "streaks": {one["rep_id"]: one["total"] for one in told["streaks"]},
        "level": {one["rep_id"]: (one["level"], one["missing"].split(".")[0])
                  for one in told["level"]},
    }  # fmt: skip
