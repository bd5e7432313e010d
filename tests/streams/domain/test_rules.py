"""What each measure counts: tables of figures, one line for each thing people argue about."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from schemas import catalogue
from schemas.definitions import Bundle
from streams.domain.inforce import RULES, InForce, resolved_activities, resolved_deals
from streams.engine import columns
from tests.load import definitions

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER = datetime(2026, 3, 12, 12, tzinfo=UTC)
DAY = date(2026, 3, 10)


def in_force(**company: Any) -> InForce:
    known = definitions(3)
    return InForce(Bundle.model_validate({**known, "company": {**known["company"], **company}}))


def record(message: str, **changes: Any) -> dict[str, Any]:
    fields = catalogue.schema(catalogue.latest(message))["fields"]
    blank = {field["name"]: field.get("default") for field in fields}
    common = {
        "entity_id": "x", "source": "sim", "source_id": "1", "revision": 1, "op": "SET",
        "created_at": AT, "occurred_at": AT, "owner_id": "u0",
    }  # fmt: skip
    return {**blank, **common, **changes}


def put_in(message: str, rules: InForce | None = None, **changes: Any) -> dict[Any, Any]:
    """Return what one record puts in: (measure, rep, day, currency) -> value."""
    frame = columns.from_records([record(message, **changes)], message)
    rules = rules or in_force()
    if message == "deal":
        found = resolved_deals(frame, rules)[1]
    else:
        found = resolved_activities(message, frame, rules)[1]
    return {
        (m, rep, day, currency): Decimal(value) / 10_000
        for _, m, rep, day, currency, value in found.iter_rows()
    }


def counts(message: str, **changes: Any) -> dict[str, Decimal]:
    return {measure: value for (measure, *_), value in put_in(message, **changes).items()}


CALL = {"direction": "OUTBOUND", "status": "COMPLETED", "connected": True, "talk_seconds": 90,
        "is_automated": False}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"calls": 1, "calls_connected": 1, "talk_seconds": 90}),
        ({"connected": False}, {"calls": 1}),
        ({"status": "NO_ANSWER", "connected": None, "talk_seconds": None}, {"calls": 1}),
        ({"connected": None}, {"calls": 1, "calls_connected": 1, "talk_seconds": 90}),
        ({"connected": None, "talk_seconds": 0}, {"calls": 1}),
        ({"talk_seconds": None}, {"calls": 1, "calls_connected": 1}),
        ({"direction": "INBOUND"}, {"calls": 1, "calls_connected": 1, "talk_seconds": 90}),
        ({"direction": "INBOUND", "connected": False}, {}),
        ({"direction": "INTERNAL"}, {}),
        ({"direction": "UNKNOWN"}, {}),
        ({"is_automated": True}, {}),
        ({"status": "IN_PROGRESS"}, {}),
        ({"op": "CANCELLED"}, {}),
    ],
)
def test_calls(changes: dict[str, Any], expected: dict[str, int]) -> None:
    assert counts("call", **{**CALL, **changes}) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"direction": "OUTBOUND", "status": "SENT"}, {"emails_sent": 1}),
        ({"direction": "OUTBOUND", "status": "BOUNCED"}, {}),
        ({"direction": "OUTBOUND", "status": "SCHEDULED"}, {}),
        ({"direction": "INBOUND", "status": "RECEIVED"}, {}),
        ({"direction": "INBOUND", "status": "RECEIVED", "is_reply": True}, {"replies": 1}),
        ({"direction": "INBOUND", "status": "RECEIVED", "is_reply": False}, {}),
        ({"direction": "INBOUND", "is_reply": True, "is_automated": True}, {}),
        ({"direction": "OUTBOUND", "status": "SENT", "is_reply": True}, {"emails_sent": 1}),
        ({"direction": "INBOUND", "is_reply": True, "op": "CANCELLED"}, {}),
        ({"direction": "OUTBOUND", "status": "SENT", "is_automated": True}, {}),
        ({"direction": "OUTBOUND", "status": "SENT", "op": "CANCELLED"}, {}),
    ],
)
def test_emails(changes: dict[str, Any], expected: dict[str, int]) -> None:
    assert counts("email", **changes) == expected


def test_a_meeting_is_booked_by_one_and_held_by_another_each_on_their_day() -> None:
    found = put_in(
        "meeting", outcome="COMPLETED", start_at=LATER, booked_at=None, booked_by_id="u1"
    )
    assert found == {
        ("meetings_booked", "r1", DAY, ""): 1,
        ("meetings_held", "r0", date(2026, 3, 12), ""): 1,
    }


def test_a_customer_who_did_not_come_counts_on_the_day_they_should_have() -> None:
    found = put_in("meeting", outcome="NO_SHOW", start_at=LATER, booked_by_id="u1")
    assert found == {
        ("meetings_booked", "r1", DAY, ""): 1,
        ("no_shows", "r0", date(2026, 3, 12), ""): 1,
    }


@pytest.mark.parametrize("outcome", ["SCHEDULED", "CANCELED", "RESCHEDULED"])
def test_a_meeting_that_did_not_take_place_was_booked_all_the_same(outcome: str) -> None:
    assert counts("meeting", outcome=outcome, start_at=LATER) == {"meetings_booked": 1}


WON = {"stage_id": "s", "stage_class": "WON", "currency": "USD", "amount": Decimal("100.00"),
       "won_at": LATER, "splits": []}  # fmt: skip


def revenue(found: dict[Any, Any]) -> dict[Any, Any]:
    return {key: value for key, value in found.items() if key[0].startswith("revenue")}


def test_an_unsplit_deal_is_its_owners_in_both_currencies() -> None:
    day = date(2026, 3, 12)
    assert put_in("deal", **WON) == {
        ("deals_created", "r0", DAY, ""): 1,
        ("deals_won", "r0", day, ""): 1,
        ("cycle_days", "r0", day, ""): 2,
        ("won_valued", "r0", day, ""): 1,
        ("won_amount", "r0", day, "EUR"): 90,
        ("revenue_won", "r0", day, "USD"): 100,
        ("revenue_won_reporting", "r0", day, "EUR"): 90,
    }


def test_splits_share_revenue_to_the_last_ten_thousandth() -> None:
    splits = [
        {"owner_id": f"u{i}", "role": "REVENUE", "share": Decimal(s)}
        for i, s in enumerate(["0.333333", "0.333333", "0.333334"])
    ]
    splits.append({"owner_id": "u1", "role": "OVERLAY", "share": Decimal(1)})
    found = revenue(put_in("deal", **{**WON, "amount": Decimal("0.01"), "splits": splits}))
    by_currency: dict[str, Decimal] = {}
    for (*_, currency), value in found.items():
        by_currency[currency] = by_currency.get(currency, Decimal(0)) + value
    assert by_currency == {"USD": Decimal("0.01"), "EUR": Decimal("0.009")}


def test_without_a_rate_there_is_no_reporting_amount() -> None:
    found = put_in("deal", **{**WON, "currency": "CHF"})
    assert {measure for measure, *_ in found} == {
        "deals_created", "deals_won", "cycle_days", "revenue_won"
    }  # fmt: skip


def test_a_deal_without_an_amount_is_won_without_revenue() -> None:
    assert counts("deal", **{**WON, "amount": None}) == {
        "deals_created": 1, "deals_won": 1, "cycle_days": 2
    }  # fmt: skip


def test_a_deal_won_before_it_was_created_took_no_days() -> None:
    """An import that creates deals after the fact."""
    found = put_in("deal", **{**WON, "won_at": AT - (LATER - AT)})
    assert found["cycle_days", "r0", date(2026, 3, 8), ""] == 0


def test_the_whole_amount_is_the_owners_whoever_shares_the_revenue() -> None:
    splits = [{"owner_id": "u1", "role": "REVENUE", "share": Decimal(1)}]
    found = put_in("deal", **{**WON, "splits": splits})
    assert found["won_amount", "r0", date(2026, 3, 12), "EUR"] == 90
    assert found["revenue_won_reporting", "r1", date(2026, 3, 12), "EUR"] == 90
    assert ("won_amount", "r1", date(2026, 3, 12), "EUR") not in found


@pytest.mark.parametrize(
    ("won_day", "won_at", "close_date", "day"),
    [
        ("WON_AT", LATER, date(2026, 3, 20), date(2026, 3, 12)),
        ("WON_AT", None, date(2026, 3, 20), date(2026, 3, 20)),
        ("WON_AT", None, None, DAY),
        ("CLOSE_DATE", LATER, date(2026, 3, 20), date(2026, 3, 20)),
        ("CLOSE_DATE", LATER, None, date(2026, 3, 12)),
    ],
)
def test_the_day_a_deal_is_won(
    won_day: str, won_at: datetime | None, close_date: date | None, day: date
) -> None:
    changes = {**WON, "won_at": won_at, "close_date": close_date}
    found = put_in("deal", in_force(won_day=won_day), **changes)
    assert {when for (measure, _, when, _) in found if measure != "deals_created"} == {day}


def test_a_lost_deal_counts_as_lost_and_a_cancelled_one_as_nothing() -> None:
    assert counts("deal", **{**WON, "stage_class": "LOST", "lost_at": LATER}) == {
        "deals_created": 1,
        "deals_lost": 1,
        "lost_amount": 90,
    }
    without = {**WON, "stage_class": "LOST", "lost_at": LATER}
    assert counts("deal", **{**without, "currency": "CHF"}) == {"deals_created": 1, "deals_lost": 1}
    assert counts("deal", **{**without, "amount": None}) == {"deals_created": 1, "deals_lost": 1}
    assert counts("deal", **{**WON, "op": "CANCELLED"}) == {}


def test_every_rule_says_in_words_what_it_means() -> None:
    for name, rule in RULES.items():
        assert rule.doc.endswith("."), name
        assert rule.of in {"call", "email", "meeting", "deal"}


def test_measures_with_an_unknown_rule_are_refused_by_name() -> None:
    known = definitions(1)
    known["measures"]["measures"][0]["rule"] = "calls_dialled"
    with pytest.raises(ValueError, match=r"calls_dialled.*there are calls, calls_connected"):
        InForce(Bundle.model_validate(known))


def test_an_empty_company_counts_nothing_for_nobody() -> None:
    frame = columns.from_records([record("call", **CALL)], "call")
    resolved, found = resolved_activities("call", frame, InForce(Bundle()))
    assert resolved["rep_id"].to_list() == ["unassigned"]
    assert found.is_empty()
    assert resolved["day"].dtype == pl.Date
