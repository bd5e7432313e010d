"""What contests fold is what their rules count event by event, whatever window, zone and filter."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from infra.contests.reading import _activity_at, _deal_at
from schemas.contests import Contest
from schemas.definitions import Bundle
from streams.domain.contest_counting import Event, contributions
from streams.domain.contest_measures import PREFIX, measure_of
from streams.domain.contest_times import window
from streams.domain.inforce import InForce, resolved_activities, resolved_deals
from streams.engine import columns
from tests.load import definitions
from tests.streams.domain.test_rules import record

SINCE = datetime(2026, 3, 28, tzinfo=UTC)  # clocks go forward in Berlin on the 29th
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia")
instants = st.integers(0, 5 * 24 * 60).map(lambda m: SINCE + timedelta(minutes=m))
clocks = st.sampled_from(["00:00", "02:30", "09:15", "14:00", "17:59", "24:00"])


@st.composite
def filters(draw: st.DrawFn, kind: str) -> dict[str, Any] | None:
    first, last = sorted((draw(clocks), draw(clocks)))
    hours = {"hours_from": first, "hours_to": last} if first < last else {}
    some: dict[str, Any] = {**hours, "weekdays": draw(st.sampled_from([(), (6, 7), (1, 2)]))}
    some["value_min"] = draw(st.none() | st.sampled_from(["1", "150.5"]))
    some["sources"] = draw(st.sampled_from([(), ("sim",), ("other", "sim"), ("other",)]))
    if kind == "deal":
        some["products"] = draw(st.sampled_from([(), ("crm",), ("crm", "erp")]))
        some["regions"] = draw(st.sampled_from([(), ("EMEA",), ("APAC", "EMEA")]))
    else:
        some["direction"] = draw(st.sampled_from([None, None, "INBOUND"]))
        some["talk_seconds_min"] = (
            draw(st.sampled_from([None, None, 60])) if kind == "call" else None
        )
    return some if draw(st.booleans()) else None


@st.composite
def contests(draw: st.DrawFn) -> dict[str, Any]:
    starts, ends = sorted((draw(instants), draw(instants)))
    metrics = []
    for kpi, kind in draw(st.lists(st.sampled_from([
        ("calls", "call"), ("talk_seconds", "call"), ("meetings_held", "meeting"),
        ("meetings_booked", "meeting"), ("deals_created", "deal"), ("deals_won", "deal"),
        ("deals_lost", "deal"), ("revenue_won", "deal"), ("revenue_won_reporting", "deal"),
    ]), min_size=1, max_size=4, unique=True)):  # fmt: skip
        only = draw(filters(kind)) if kind != "meeting" else None
        metrics.append({"kpi": kpi, "currency": "EUR" if "revenue" in kpi else None, "only": only})
    return {
        "contest_id": "c", "name": "C", "score": "POINTS",
        "time_zone": draw(st.sampled_from(ZONES)),
        "starts_at": f"{starts:%Y-%m-%dT%H:%M}", "ends_at": f"{ends + timedelta(1):%Y-%m-%dT%H:%M}",
        "metrics": metrics,
    }  # fmt: skip


@st.composite
def facts(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    message = draw(st.sampled_from(["call", "meeting", "deal"]))
    common = {
        "owner_id": draw(st.sampled_from(["u0", "u1", "u2", "nobody"])),
        "occurred_at": draw(instants), "created_at": draw(instants),
        "op": draw(st.sampled_from(["SET", "SET", "SET", "CANCELLED"])),
    }  # fmt: skip
    if message == "call":
        own = {"direction": draw(st.sampled_from(["OUTBOUND", "INBOUND"])), "status": "COMPLETED",
               "talk_seconds": draw(st.none() | st.integers(0, 120)),
               "is_automated": False}  # fmt: skip
    elif message == "meeting":
        own = {"outcome": draw(st.sampled_from(["COMPLETED", "SCHEDULED"])),
               "start_at": draw(instants), "booked_at": draw(st.none() | instants)}  # fmt: skip
    else:
        own = {
            "stage_class": draw(st.sampled_from(["WON", "WON", "LOST", "OPEN"])),
            "amount": draw(st.sampled_from([None, Decimal("150.5"), Decimal(20), Decimal(-5)])),
            "currency": draw(st.sampled_from(["EUR", "USD", "CHF"])),
            "won_at": draw(st.none() | instants), "lost_at": draw(st.none() | instants),
            "close_date": draw(st.none() | instants.map(datetime.date)),
            "product": draw(st.sampled_from([None, "crm", "erp"])),
            "region": draw(st.sampled_from([None, "EMEA"])),
            "splits": draw(st.sampled_from([[], [
                {"owner_id": "u1", "role": "REVENUE", "share": Decimal("0.4")},
                {"owner_id": "u2", "role": "REVENUE", "share": Decimal("0.6")}]])),
        }  # fmt: skip
    return message, {**common, **own}


def millis(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1000)


@settings(max_examples=60, deadline=None)
@given(contests(), st.lists(facts(), max_size=12), st.sampled_from(["WON_AT", "CLOSE_DATE"]))
def test_what_is_folded_is_what_is_counted_event_by_event(
    raw: dict[str, Any], some: list[tuple[str, dict[str, Any]]], won_day: str
) -> None:
    known = definitions(3)
    known["company"]["won_day"] = won_day
    bundle = Bundle.model_validate({**known, "contests": {"contests": [raw]}})
    contest, in_force = bundle.contests.contests[0], InForce(bundle)
    rules = {m.measure: m.rule for m in bundle.measures.measures}
    events: list[Event] = []
    found: dict[tuple[str, str, date], Decimal] = defaultdict(Decimal)
    for number, (message, changes) in enumerate(some):
        fact = record(message, **changes)
        frame = columns.from_records([fact], message)
        put_in = (
            resolved_deals(frame, in_force)[1]
            if message == "deal"
            else resolved_activities(message, frame, in_force)[1]
        )
        for _, name, rep, day, currency, units in put_in.iter_rows():
            value = Decimal(units) / 10_000
            if name.startswith(PREFIX):
                found[name, rep, day] += value
                continue
            at = _at(message, rules[name], fact, day, contest, by_date=won_day == "CLOSE_DATE")
            events.append(Event(
                str(number), rep, name, currency, at, value, "sim",
                fact.get("direction") or "", fact.get("talk_seconds"), fact.get("product") or "",
                "", fact.get("region") or "",
            ))  # fmt: skip
    inside = [event for event in events if event.at in window(contest)]
    wanted: dict[tuple[str, str, date], Decimal] = defaultdict(Decimal)
    for one in contributions(inside, contest.metrics, contest.score, contest.time_zone):
        metric = next(m for m in contest.metrics if m.metric_id == one.metric_id)
        wanted[measure_of(contest, metric), one.rep_id, one.day] += one.value
    assert {k: v for k, v in found.items() if v} == {k: v for k, v in wanted.items() if v}


def _at(
    message: str, rule: str, fact: dict[str, Any], day: date, contest: Contest, *, by_date: bool
) -> int:
    when = [millis(fact.get(n)) for n in ("occurred_at", "created_at", "start_at", "booked_at")]
    if message != "deal":
        return _activity_at(rule, *when)  # type: ignore[arg-type]
    row = [None, None, None, day, None, None, *when[:2], millis(fact["won_at"]),
           millis(fact["lost_at"]), *[None] * 8, fact["close_date"]]  # fmt: skip
    return _deal_at(rule, row, contest.time_zone, by_date=by_date)
