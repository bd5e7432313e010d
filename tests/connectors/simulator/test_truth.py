"""The truth, by examples small enough to count by hand, and by laws over a messy history."""

import random
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.sources.simulator.floor import Floor, FloorRep, Spell
from connectors.sources.simulator.truth import Cell, truth
from schemas.canonical import check
from schemas.definitions import NO_END
from tests.connectors.simulator.floors import FLOOR, told


def rep(name: str, zone: str) -> FloorRep:
    spell = Spell(date(2020, 1, 1), NO_END, zone, "t", "AE")
    return FloorRep(f"u-{name}", name, "EUR", (spell,))


ANA_IN_TOKYO, BO_IN_CHICAGO = rep("ana", "Asia/Tokyo"), rep("bo", "America/Chicago")
PAIR = Floor((ANA_IN_TOKYO, BO_IN_CHICAGO), time_zone="Europe/Berlin")
LATE = "2026-03-02T20:00:00Z"  # the 3rd in Tokyo, the 2nd in Chicago and Berlin
USUAL: dict[str, dict[str, Any]] = {
    "call": {"direction": "OUTBOUND", "status": "COMPLETED", "connected": True, "talk_seconds": 60},
    "email": {"direction": "OUTBOUND", "status": "SENT"},
    "meeting": {"start_at": LATE, "outcome": "COMPLETED"},
    "deal": {"stage_id": "s", "stage_class": "OPEN", "currency": "EUR"},
}


def one(message: str, **changed: Any) -> tuple[str, dict[str, Any]]:
    raw = {
        "source": "simulator", "source_id": "1", "revision": LATE, "created_at": LATE,
        "occurred_at": LATE, "owner_id": "u-ana", **USUAL[message], **changed,
    }  # fmt: skip
    record, errors = check(message, raw)
    assert record is not None, errors
    return message, record


def counted(*records: tuple[str, dict[str, Any]]) -> dict[tuple[str, int, str], Decimal]:
    return {(c.rep_id, c.day.day, c.measure): v for c, v in truth(records, PAIR).items()}


def test_a_call_counts_on_the_owners_day() -> None:
    assert counted(one("call")) == {
        ("ana", 3, "calls"): 1, ("ana", 3, "calls_connected"): 1, ("ana", 3, "talk_seconds"): 60,
    }  # fmt: skip
    assert counted(one("call", owner_id="u-bo"))["bo", 2, "calls"] == 1
    assert counted(one("call", owner_id="ghost"))["unassigned", 2, "calls"] == 1
    assert counted(one("call", owner_id=None))["unassigned", 2, "calls"] == 1


@pytest.mark.parametrize(
    ("changed", "calls", "connected"),
    [
        ({"status": "NO_ANSWER", "connected": False, "talk_seconds": None}, 1, 0),
        ({"connected": None}, 1, 1),
        ({"connected": None, "talk_seconds": 0}, 1, 0),
        ({"connected": None, "status": "VOICEMAIL"}, 1, 0),
        ({"direction": "INBOUND"}, 1, 1),
        ({"direction": "INBOUND", "connected": False}, 0, 0),
        ({"direction": "INTERNAL"}, 0, 0),
        ({"is_automated": True}, 0, 0),
        ({"status": "IN_PROGRESS"}, 0, 0),
        ({"op": "CANCELLED"}, 0, 0),
    ],
)
def test_which_calls_count(changed: dict[str, Any], calls: int, connected: int) -> None:
    found = counted(one("call", **changed))
    assert found.get(("ana", 3, "calls"), 0) == calls
    assert found.get(("ana", 3, "calls_connected"), 0) == connected


def test_emails_count_when_a_rep_sent_them() -> None:
    assert counted(one("email")) == {("ana", 3, "emails_sent"): 1}
    for changed in ({"status": "BOUNCED"}, {"direction": "INBOUND"}, {"is_automated": True}):
        assert not counted(one("email", **changed))


def test_a_meeting_is_booked_by_one_on_a_day_and_held_by_another_on_another() -> None:
    booked = {"booked_by_id": "u-bo", "booked_at": "2026-02-27T15:00:00Z"}
    assert counted(one("meeting", **booked)) == {
        ("bo", 27, "meetings_booked"): 1, ("ana", 3, "meetings_held"): 1,
    }  # fmt: skip
    no_show = counted(one("meeting", **booked, outcome="NO_SHOW"))
    assert no_show == {("bo", 27, "meetings_booked"): 1, ("ana", 3, "no_shows"): 1}
    assert counted(one("meeting", outcome="SCHEDULED")) == {("ana", 3, "meetings_booked"): 1}


def test_revenue_goes_to_the_payees_on_their_own_days_and_adds_up() -> None:
    splits = [
        {"owner_id": "u-ana", "role": "REVENUE", "share": "0.333334"},
        {"owner_id": "u-bo", "role": "REVENUE", "share": "0.333333"},
        {"owner_id": "ghost", "role": "REVENUE", "share": "0.333333"},
        {"owner_id": "u-bo", "role": "OVERLAY", "share": "0.5"},
    ]
    found = truth(
        [one("deal", stage_class="WON", won_at=LATE, amount="0.0100", splits=splits)], PAIR
    )
    revenue = {c: v for c, v in found.items() if c.measure == "revenue_won"}
    assert revenue == {
        Cell("ana", date(2026, 3, 3), "revenue_won", "EUR"): Decimal("0.0034"),
        Cell("bo", date(2026, 3, 2), "revenue_won", "EUR"): Decimal("0.0033"),
        Cell("unassigned", date(2026, 3, 2), "revenue_won", "EUR"): Decimal("0.0033"),
    }
    assert found[Cell("ana", date(2026, 3, 3), "deals_won", "")] == 1


def test_without_an_instant_a_close_counts_on_its_date() -> None:
    won = counted(one("deal", stage_class="WON", amount="5", close_date="2026-03-09"))
    assert won["ana", 9, "deals_won"] == 1
    assert won["ana", 9, "revenue_won"] == 5
    assert counted(one("deal", stage_class="LOST"))["ana", 3, "deals_lost"] == 1


def test_the_highest_revision_counts_whenever_it_arrives() -> None:
    first = one("call")
    mended = one("call", revision="2026-03-02T21:00:00Z", owner_id="u-bo")
    gone = one("call", revision="2026-03-02T22:00:00Z", op="CANCELLED")
    assert ("bo", 2, "calls") in counted(mended, first)
    assert not counted(gone, mended, first)


def test_order_and_repetition_change_nothing() -> None:
    records = told()
    shuffled = [*records, *records[::3]]
    random.Random(5).shuffle(shuffled)
    assert truth(shuffled, FLOOR) == truth(records, FLOOR)


def test_a_history_has_something_of_every_measure_also_for_nobody() -> None:
    found = truth(told(), FLOOR)
    assert {cell.measure for cell in found} == {
        "calls", "calls_connected", "talk_seconds", "emails_sent", "meetings_booked",
        "meetings_held", "deals_created", "deals_won", "deals_lost", "revenue_won",
        "replies", "no_shows", "cycle_days",
    }  # fmt: skip
    assert any(cell.rep_id == "unassigned" for cell in found)
    assert all(value > 0 for value in found.values())
    assert datetime(2026, 3, 16, tzinfo=UTC).date() in {cell.day for cell in found}
