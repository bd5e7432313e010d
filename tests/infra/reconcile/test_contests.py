"""What a worker folds for contests is proved by SQL from history, also when contests change."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infra.contests.final import finalize
from infra.contests.following import Following
from infra.contests.members import keep
from infra.definitions import connecting
from infra.definitions.stored import Stored
from infra.reconcile import contest_moves, contest_stored, results
from infra.reconcile.contests import TABLE as EVENTS
from infra.reconcile.periods import ALL, Days
from infra.reconcile.running import ACTIVITY, DEAL, reconcile
from infra.reconcile.totals import TABLE
from tests.ground import Site, site
from tests.infra.reconcile.editing import check, one, put
from tests.load import SINCE, Floor, definitions

pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.timeout(600)]


def contest(name: str, zone: str, metrics: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    starts, ends = (f"{SINCE + timedelta(hours=h):%Y-%m-%dT%H:%M}" for h in (33, 150))
    return {"contest_id": name, "name": name, "score": "POINTS", "time_zone": zone,
            "starts_at": starts, "ends_at": ends, "metrics": metrics, **more}  # fmt: skip


HOUR = {"hours_from": "09:30", "hours_to": "16:00", "direction": "OUTBOUND"}
CALLS = [
    {"kpi": "calls", "cap_per_day": "3", "only": HOUR},
    {"kpi": "talk_seconds", "only": {"talk_seconds_min": 60, "value_min": "61.5"}},
    {"kpi": "meetings_held", "only": {"weekdays": [2, 3, 4]}}, {"kpi": "meetings_booked"},
    {"kpi": "emails_sent", "only": {"sources": ["sim"]}},
]  # fmt: skip
DEALS = [
    {"kpi": "deals_won"}, {"kpi": "deals_lost"}, {"kpi": "deals_created"},
    {"kpi": "revenue_won", "currency": "USD", "only": {"value_min": "150.5"}},
    {"kpi": "revenue_won_reporting", "currency": "EUR", "only": {"hours_from": "08:00"}},
]  # fmt: skip
ONE = [{"kpi": "calls", "cap_per_day": "5"}]
TWO = [{"kpi": "meetings_held", "points": "1.3333"},
       {"kpi": "revenue_won_reporting", "currency": "EUR", "points": "0.0301"}]  # fmt: skip
SIDES = {"sides": [{"side_id": s, "name": s, "members": some} for s, some in (
    ("north", [{"rep_id": f"r{n}"} for n in range(5)]),
    ("south", [{"rep_id": "r5"}, {"rep_id": "r6", "valid_from": "2026-03-05"}]),
)]}  # fmt: skip
OWN = {"target": "12", "targets": [{"participant": "r3", "amount": "7.5"}]}


def format_(name: str, metrics: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A contest of values whose days are cut elsewhere than those of reps."""
    return contest(name, "Asia/Tokyo", metrics, **{"score": "VALUE", "round_days": 1, **more})


PRIZES = {"prize_currency": "EUR", "prizes": [
    {"place": 1, "amount": "100", "thing": "a dinner"}, {"place": 2, "amount": "50.01"},
    {"place": 3, "amount": "25"}]}  # fmt: skip
WHOLE_DAYS = {
    "starts_at": f"{SINCE:%Y-%m-%dT00:00}",
    "ends_at": f"{SINCE + timedelta(days=6):%Y-%m-%dT00:00}",
    "ties": {"first": None},
}
KPIS = {"kpis": [{"kpi_id": name, "name": name, "unit": unit, "formula": formula, "meaning": "m",
                  "denominator": "d", "when_empty": "NOTHING", "empty_means": "e", "source": "s"}
                 for name, unit, formula in (
    ("part", "RATIO", "deals_won / (deals_won + deals_lost)"),
    ("rate", "RATIO", "-2 * (1 - part) + 2.5 * part"),
    ("usual", "MONEY", "median(won_deal_amounts)"))]}  # fmt: skip
FORMATS = [
    format_("race", ONE, format="RACE", winners=3, **OWN),
    format_("own", ONE, score="PERCENT", ties={"first": "EVENTS", "second": "REACHED"}, **OWN),
    format_("goal", TWO, score="POINTS", format="GOAL", target="500", minimum_events=3),
    format_("last one", ONE, format="ELIMINATION", drop=2),
    format_("adds up", ONE, format="ELIMINATION", drop=3, rounds_add_up=True),
    format_("king", TWO, score="POINTS", format="KING", minimum_score="1"),
    format_("cup", ONE, format="BRACKET", seeding="DRAWN", draw_seed=4, **PRIZES),
    format_("league", TWO, score="POINTS", format="SEASON", seeding="LISTED",
            participants={"members": [{"rep_id": f"r{n}"} for n in range(7)]},
            seeds=[{"place": n + 1, "participant": f"r{6 - n}"} for n in range(7)]),
    format_("no playoffs", ONE, format="SEASON", seeding="DRAWN", draw_seed=1, playoffs=False,
            ties={"first": None}),
    format_("throne", ONE, format="KING", of="TEAMS", team_score="CONTRIBUTORS",
            participants=SIDES),
    {**format_("rate", [{"kpi": "rate"}], **PRIZES, tied_prizes="SHARE"), **WHOLE_DAYS},
    {**format_("of a plan", [{"kpi": "rate"}], score="PERCENT", target="0.7",
               of="TEAMS", participants={"teams": ["t"]}), **WHOLE_DAYS},
    {**format_("middle", [{"kpi": "usual"}]), **WHOLE_DAYS},
    format_("mean", TWO, score="POINTS", of="TEAMS", team_score="AVERAGE", participants=SIDES),
    format_("each", TWO, score="POINTS", of="TEAMS", team_score="CONTRIBUTORS",
            participants=SIDES),
]  # fmt: skip
DAMAGE = {"last one": "place", "king": "place", "own": "place", "race": "events", "cup": "place",
          "mean": "score", "league": "place", "throne": "place", "rate": "score",
          "middle": "place"}  # fmt: skip
FIRST = [contest("it's calls", "Asia/Kathmandu", CALLS)]
THEN = [
    {**contest("it's calls", "America/New_York",
               [{**CALLS[0], "only": {**HOUR, "hours_to": "12:00"}}, *CALLS[1:3]]),
     "starts_at": f"{SINCE + timedelta(hours=45):%Y-%m-%dT%H:%M}"},
    contest("deals", "Europe/Berlin", DEALS),
    contest("draft", "UTC", CALLS, state="DRAFT"),
]  # fmt: skip
ENTERED = (
    "SELECT DISTINCT toString(measure) AS measure FROM spm.kpi_rep_day FINAL"
    " WHERE startsWith(measure, 'contest/') AND value != 0"
)


def differing(made: Site, *tables: str) -> list[str]:
    looked_at = tables or (TABLE, ACTIVITY, DEAL, EVENTS)
    report = reconcile(made.warehouse(), ALL, looked_at, sleep=lambda _: None)
    return [m.wrong for checked in report.checks for m in checked.mismatches]


def test_scores_are_proved_from_history_and_so_are_contests_that_change(tmp_path: Path) -> None:
    floor = Floor(seed=9, reps=12)
    with site(tmp_path, partitions=2) as made:
        made.define(1, {**definitions(floor.reps), "contests": {"contests": FIRST}})
        made.open_epochs()
        made.start_worker()
        made.produce(floor.events(900))
        made.wait_applied(150)
        assert differing(made) == []
        assert set(made.warehouse().frame(ENTERED)["measure"]) == {
            f"contest/it's calls/{metric['kpi']}" for metric in CALLS
        }
        made.define(2, {"contests": {"contests": THEN}})
        made.mark(2)
        made.wait_applied(150)
        assert differing(made) == []
        assert set(made.warehouse().frame(ENTERED)["measure"]) == {
            *(f"contest/it's calls/{metric['kpi']}" for metric in CALLS[:3]),
            *(f"contest/deals/{metric['kpi']}" for metric in DEALS),
        }
        _finds_what_was_changed(made)
        made.define(3, {"contests": {"contests": [*THEN, *FORMATS]}, "kpis": KPIS})
        made.mark(3)
        made.wait_applied(150)
        _standings_are_what_history_says(made)
        _results_are_what_history_says(made)
        _who_passed_whom_is_what_standings_say(made)


def _finds_what_was_changed(made: Site) -> None:
    warehouse = made.warehouse()
    row = one(warehouse, TABLE, "startsWith(measure, 'contest/') AND value != 0")
    put(warehouse, TABLE, row, value=row["value"][0] + 1)
    assert differing(made) == ["value"]
    put(warehouse, TABLE, row)
    assert differing(made) == []
    put(warehouse, EVENTS, one(warehouse, EVENTS, "1"), entity_id="sim:call:nowhere")
    assert differing(made) == ["row without a source"]


def _standings_are_what_history_says(made: Site) -> None:
    """Of every format, ties and instants included; what is not said again is told."""
    warehouse = made.warehouse()
    keep(Stored(made.warehouse()._client))
    Following(warehouse).look(datetime.now(UTC))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "FOLLOW_SECONDS", 0)
        (checked,) = reconcile(
            warehouse, ALL, (contest_stored.STANDING,), sleep=lambda _: None
        ).checks
        assert (checked.mismatches, checked.keys) == ((), 12 * 12 + 7 + 3 * 2 + 1)
        assert checked.not_said == ("values of middle: a KPI with a formula",)
        for name, column in DAMAGE.items():
            row = one(warehouse, contest_stored.STANDING, f"contest_id = '{name}' AND place = 1")
            put(warehouse, contest_stored.STANDING, row, **{column: row[column][0] + 7})
        report = reconcile(warehouse, ALL, (contest_stored.STANDING,), sleep=lambda _: None)
        found = {m.key["contest_id"]: m.wrong for m in report.checks[0].mismatches}
        assert found == DAMAGE
        patch.setattr(results, "FOLLOW_SECONDS", 100_000)
        checked = check(warehouse, contest_stored.STANDING)
        assert checked.differing == 0, "whoever follows may not have looked yet"


def _results_are_what_history_says(made: Site) -> None:
    """Final results, caps and points included; what happens later changes nothing in them."""
    client, warehouse = connecting.warehouse(made.settings), made.warehouse()
    for name in ("it's calls", "deals", "race", "mean", "cup", "rate"):
        finalize(client, name, "Dana", datetime.now(UTC))
    client.close()
    report = reconcile(warehouse, ALL, (contest_stored.FINAL,), sleep=lambda _: None)
    (checked,) = report.checks
    assert (checked.keys, checked.mismatches) == (5 * 12 + 2, ())
    assert checked.not_said == ("values of rate: a KPI with a formula",)
    made.produce(Floor(seed=10, reps=12).events(300))
    made.wait_applied(150)
    assert differing(made, contest_stored.FINAL) == []
    first = one(warehouse, contest_stored.FINAL, "place = 1 AND contest_id = 'deals'")
    put(warehouse, contest_stored.FINAL, first, score=first["score"][0] + Decimal("0.01"))
    assert differing(made, contest_stored.FINAL) == ["score"]
    last = one(warehouse, contest_stored.FINAL, "place = 1 AND contest_id = 'race'")
    put(warehouse, contest_stored.FINAL, last, place=9)
    assert sorted(differing(made, contest_stored.FINAL)) == ["place", "score"]
    for name in ("cup", "rate"):
        won = one(warehouse, contest_stored.FINAL, f"prize_amount > 0 AND contest_id = '{name}'")
        put(warehouse, contest_stored.FINAL, won,
            prize_amount=won["prize_amount"][0] - Decimal("0.01"))  # fmt: skip
    assert sorted(differing(made, contest_stored.FINAL)) == ["place", "prize", "prize", "score"]


def _who_passed_whom_is_what_standings_say(made: Site) -> None:
    """Of the steps there are; damage is found, and a step that two wrote is no proof."""
    warehouse = made.warehouse()
    Following(warehouse).look(datetime.now(UTC))  # since the first look more has happened
    checked = check(warehouse, contest_moves.TABLE)
    assert (checked.mismatches, checked.not_said) == ((), ())
    assert checked.keys > 12 * 12 + 7 + 3 * 2 + 1
    today = datetime.now(UTC).date()
    lately = Days(today - timedelta(days=1), today + timedelta(days=2))
    earlier = Days(today - timedelta(days=99), today - timedelta(days=9))
    assert check(warehouse, contest_moves.TABLE, lately).keys == checked.keys
    assert check(warehouse, contest_moves.TABLE, earlier).keys == 0
    row = one(warehouse, contest_stored.STANDING, "notEmpty(passed)")
    whom = [str(name) for name in row["passed"][0]]
    put(warehouse, contest_stored.STANDING, row, passed=[*whom, "nobody"])
    (found,) = check(warehouse, contest_moves.TABLE).mismatches
    assert (found.wrong, found.expected) == ("who was passed", ", ".join(whom))
    put(warehouse, contest_stored.STANDING, row, passed=[], at=row["at"][0] + timedelta(seconds=1))
    checked = check(warehouse, contest_moves.TABLE)
    assert checked.mismatches == ()
    (told,) = checked.not_said
    assert told == f"steps of {row['contest_id'][0]} that two wrote: {row['number'][0]}"
