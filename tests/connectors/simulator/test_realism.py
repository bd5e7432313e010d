"""Laws that make the floor believable: hours, holidays, odds, identity over time."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import mean, median
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from connectors.sources.simulator.crew import Crew
from connectors.sources.simulator.dials import CALM
from connectors.sources.simulator.floor import FloorRep
from connectors.sources.simulator.market import SEGMENTS, STAGES, gate_odds
from connectors.sources.simulator.truth import final
from connectors.sources.simulator.world import history
from schemas.canonical import check
from tests.connectors.simulator.floors import (
    END,
    FLOOR,
    Record,
    calm,
    decoded,
    lives,
    told,
)

REPS = {rep.owner_id: rep for rep in FLOOR.reps}


def local(rep: FloorRep, instant: datetime) -> datetime:
    return instant.astimezone(ZoneInfo(rep.spells[0].time_zone))


def of(message: str, records: list[tuple[str, Record]]) -> list[Record]:
    return [record for (kind, _), record in final(records).items() if kind == message]


@pytest.fixture(scope="module")
def deals() -> list[Record]:
    """The final state of half a year's deals: enough for averages to mean something."""
    half_a_year = history(FLOOR, 11, date(2025, 1, 6), datetime(2025, 7, 7, tzinfo=UTC), dials=CALM)
    return of("deal", decoded(tuple(event for event in half_a_year if event.message == "deal")))


def test_nobody_works_outside_their_hours_or_on_days_off() -> None:
    """Also with every dial turned up: late is when it is typed in, not when it happened."""
    seen = Counter()
    for message, record in told():
        rep = REPS.get(record["owner_id"])
        if rep is None or message == "deal":
            continue
        at = local(rep, record["start_at"] if message == "meeting" else record["occurred_at"])
        minute = at.hour * 60 + at.minute
        assert rep.day_starts <= minute < rep.day_ends, (message, at)
        assert at.isoweekday() in rep.spells[0].working_days
        assert at.date() not in rep.spells[0].holidays, (rep.owner_id, at)
        seen[message] += 1
    assert min(seen[m] for m in ("call", "email", "meeting")) > 500


def test_deals_are_created_won_and_lost_in_working_hours() -> None:
    closes = 0
    for message, record in calm():
        if message != "deal" or len(record["splits"]) > 1:
            continue
        rep = REPS[record["owner_id"]]
        for name in ("won_at", "lost_at"):
            if record[name] is not None:
                at = local(rep, record[name])
                assert rep.day_starts <= at.hour * 60 + at.minute < rep.day_ends
                assert at.date() not in rep.spells[0].holidays
                closes += 1
    assert closes > 100


def test_the_floor_is_quiet_on_easter_monday_in_berlin_and_not_in_tokyo() -> None:
    easter = date(2026, 4, 6)
    who = Counter(
        REPS[r["owner_id"]].spells[0].time_zone
        for m, r in calm()
        if m == "call" and local(REPS[r["owner_id"]], r["occurred_at"]).date() == easter
    )
    assert who["Europe/Berlin"] == who["Europe/London"] == 0
    assert who["Asia/Tokyo"] > 20


def test_mornings_and_afternoons_are_busier_than_lunch() -> None:
    by_hour = Counter(
        local(REPS[r["owner_id"]], r["occurred_at"]).hour for m, r in calm() if m == "call"
    )
    assert by_hour[10] > 1.5 * by_hour[12]
    assert by_hour[14] > 1.3 * by_hour[12]


def test_created_at_never_changes_and_revisions_tell_records_apart() -> None:
    for entity, life in lives(told()).items():
        assert len({record["created_at"] for record in life}) == 1, entity
        contents = {record["revision"]: record for record in life}
        assert all(contents[record["revision"]] == record for record in life), entity
        for record in life:
            assert record["revision"] >= record["created_at"].timestamp() * 1_000_000 - 1


def test_entity_ids_are_those_of_the_house() -> None:
    for message, record in told():
        assert record["entity_id"] == f"simulator:{message}:{record['source_id']}"


def test_every_record_passes_the_validator_of_all_doors() -> None:
    one_of_each = told()[::7]
    for message, record in one_of_each:
        assert check(message, record) == (record, ())


def test_win_rate_and_cycle_are_those_of_a_sales_floor(deals: list[Record]) -> None:
    won = [d for d in deals if d["stage_class"] == "WON"]
    lost = [d for d in deals if d["stage_class"] == "LOST"]
    assert 0.18 < len(won) / (len(won) + len(lost)) < 0.42
    days = [(d["won_at"] - d["created_at"]).days for d in won]
    assert 15 < median(days) < 60
    assert min(days) >= 3


def test_larger_customers_pay_more_and_take_longer(deals: list[Record]) -> None:
    amounts, days = defaultdict(list), defaultdict(list)
    for deal in deals:
        if deal["stage_class"] == "WON" and deal["currency"] in ("EUR", "USD"):
            amounts[deal["segment"]].append(float(deal["amount"]))
            days[deal["segment"]].append((deal["won_at"] - deal["created_at"]).days)
    names = [segment.name for segment in SEGMENTS]
    assert [median(amounts[n]) for n in names] == sorted(median(amounts[n]) for n in names)
    assert [mean(days[n]) for n in names] == sorted(mean(days[n]) for n in names)


def test_the_more_skilled_win_more_of_their_deals(deals: list[Record]) -> None:
    crew = Crew(FLOOR, 11)
    won, decided = Counter(), Counter()
    for deal in deals:
        if deal["stage_class"] in ("WON", "LOST"):
            half = bool(crew.skill[crew.place[deal["owner_id"]]] > np.median(crew.skill))
            decided[half] += 1
            won[half] += deal["stage_class"] == "WON"
    assert won[True] / decided[True] > 1.15 * won[False] / decided[False]


@pytest.mark.parametrize("stage", range(len(STAGES)))
def test_skill_and_effort_raise_the_odds_and_size_lowers_them(stage: int) -> None:
    smb, _, enterprise = SEGMENTS
    assert gate_odds(stage, smb, 0.8, 3) > gate_odds(stage, smb, 0.3, 3)
    assert gate_odds(stage, smb, 0.5, 6) > gate_odds(stage, smb, 0.5, 0)
    assert gate_odds(stage, smb, 0.5, 3) > gate_odds(stage, enterprise, 0.5, 3)


def test_revenue_splits_add_up_and_overlays_come_on_top(deals: list[Record]) -> None:
    shapes = Counter()
    for deal in deals:
        roles = [split["role"] for split in deal["splits"]]
        shapes[roles.count("REVENUE"), roles.count("OVERLAY")] += 1
        if roles:
            shares = [s["share"] for s in deal["splits"] if s["role"] == "REVENUE"]
            assert sum(shares) == Decimal(1)
            assert len({s["owner_id"] for s in deal["splits"]}) == len(roles)
    assert shapes[2, 0] > 20
    assert shapes[1, 1] > 20
    assert shapes[3, 0] + shapes[3, 1] > 0


def test_amounts_can_be_paid_in_their_currency(deals: list[Record]) -> None:
    currencies = Counter()
    for deal in deals:
        currencies[deal["currency"]] += 1
        cents = Decimal(1) if deal["currency"] == "JPY" else Decimal("0.01")
        for amount in (deal["amount"], deal["acv"]):
            assert amount is None or amount % cents == 0
        assert deal["stage_class"] != "WON" or deal["amount"] > 0
    assert {"EUR", "USD", "GBP", "JPY"} <= set(currencies)


def test_calls_and_meetings_end_as_they_do_in_life() -> None:
    calls, meetings = of("call", calm()), of("meeting", calm())
    outbound = [c for c in calls if c["direction"] == "OUTBOUND"]
    talked = [c for c in outbound if c["talk_seconds"]]
    assert 0.15 < len(talked) / len(outbound) < 0.45
    assert 60 < median(c["talk_seconds"] for c in talked) < 400
    assert any(c["connected"] is None and c["talk_seconds"] for c in calls)
    over = [m for m in meetings if m["end_at"] < END - timedelta(days=1)]
    outcomes = Counter(m["outcome"] for m in over)
    assert 0.6 < outcomes["COMPLETED"] / outcomes.total() < 0.85
    assert outcomes["NO_SHOW"]
    assert outcomes["CANCELED"]


def test_meetings_are_revised_from_booking_to_outcome_under_one_identity() -> None:
    ways = Counter(
        tuple(r["outcome"] for r in sorted(life, key=lambda r: r["revision"]))
        for (message, _), life in lives(calm()).items()
        if message == "meeting"
    )
    assert ways["SCHEDULED", "COMPLETED"] > 100
    assert ways["SCHEDULED", "RESCHEDULED", "COMPLETED"] > 10
    booked_by_others = [r for m, r in calm() if m == "meeting" and r["booked_by_id"]]
    assert any(r["booked_by_id"] != r["owner_id"] for r in booked_by_others)


def test_nobody_sits_in_two_meetings_at_once() -> None:
    busy = defaultdict(set)
    for life in lives(calm()).values():
        last = max(life, key=lambda r: r["revision"])
        if "outcome" in last and last["outcome"] == "COMPLETED":
            slots = busy[last["owner_id"]]
            assert last["start_at"] not in slots
            slots.add(last["start_at"])


def test_a_rep_who_left_sells_no_more_and_hands_the_pipeline_over() -> None:
    from dataclasses import replace

    gone, left_on = FLOOR.reps[0], date(2026, 4, 1)
    spell = replace(gone.spells[0], valid_to=left_on)
    floor = replace(FLOOR, reps=(replace(gone, spells=(spell,)), *FLOOR.reps[1:]))
    end = datetime(2026, 5, 11, tzinfo=UTC)
    records = decoded(tuple(history(floor, 7, date(2026, 3, 16), end, dials=CALM)))
    last = max(r["occurred_at"] for m, r in records
               if m in ("call", "email") and r["owner_id"] == gone.owner_id)  # fmt: skip
    assert last.date() < left_on
    open_deals = [d for d in of("deal", records) if d["stage_class"] == "OPEN"]
    assert open_deals
    still = [d for d in open_deals if d["owner_id"] == gone.owner_id]
    assert len(still) < len(open_deals) / 10, "deals of somebody who left wait for their next step"
