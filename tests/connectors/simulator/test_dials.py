"""Dials: at 0 nothing goes wrong, turned up each does its own mischief and no other."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sources.simulator.dials import CALM, NAMES, UNTIDY, Dials
from connectors.sources.simulator.truth import final
from tests.connectors.simulator.floors import (
    FLOOR,
    MESSY,
    SOON,
    Record,
    calm,
    lives,
    ms,
    story,
    told,
)

KNOWN = {rep.owner_id for rep in FLOOR.reps}
ACTIVITIES = ("call", "email", "meeting")


def turned(name: str, share: float = 0.2) -> Dials:
    return replace(CALM, **{name: share})


def of_activities(records: list[tuple[str, Record]]) -> dict[tuple[str, str], list[Record]]:
    return {e: life for e, life in lives(records).items() if e[0] in ACTIVITIES}


def test_at_zero_nothing_is_doubled_late_out_of_order_deleted_or_unknown() -> None:
    events = story(CALM)
    assert len({event.value for event in events}) == len(events)
    snapshot = events[0].at  # the pipeline as it stood comes first
    assert all(event.at == event.known_at for event in events)
    revisions = [r["revision"] for e, (_, r) in zip(events, calm(), strict=True) if e.at > snapshot]
    assert [r // 1000 for r in revisions] == sorted(r // 1000 for r in revisions)
    assert {record["op"] for _, record in calm()} == {"SET"}
    assert {record["owner_id"] for _, record in calm()} <= KNOWN


def test_at_zero_nothing_is_corrected_or_amended() -> None:
    for life in lives(calm()).values():
        for before, after in pairwise(life):
            assert after["revision"] > before["revision"]
            assert after["owner_id"] == before["owner_id"]
            if "stage_class" in after:
                assert before["stage_class"] == "OPEN", "closed deals rest"
            elif "talk_seconds" in after:
                assert before["status"] == "IN_PROGRESS"
                assert after["occurred_at"] == before["occurred_at"]


def test_duplicates_are_equal_to_the_byte() -> None:
    events = story(turned("duplicates"), SOON)
    twins = Counter((event.key, event.value) for event in events)
    again = sum(count - 1 for count in twins.values())
    assert 0.12 < again / len(twins) < 0.25
    assert {event.message for event in events} == {"call", "email", "meeting", "deal"}


def test_corrections_carry_higher_revisions_and_change_what_is_counted() -> None:
    changed = Counter()
    for (message, _), life in of_activities(told(turned("corrections"), SOON)).items():
        if message == "meeting" or len(life) < 2:
            continue
        before, after = life[-2:]
        assert after["revision"] > before["revision"]
        changed.update(k for k in after if after[k] != before[k])
    for field in ("owner_id", "occurred_at", "talk_seconds", "connected", "is_automated"):
        assert changed[field] > 20, field


def test_late_ones_reach_the_crm_hours_after_the_event_some_created_on_time() -> None:
    waits, on_time = [], 0
    for (message, _), life in of_activities(told(turned("lateness"), SOON)).items():
        if message == "meeting":
            continue
        wait = life[0]["revision"] / 1000 - ms(life[0]["occurred_at"])
        if wait > 2 * 3_600_000:
            waits.append(wait)
            on_time += life[0]["created_at"] <= life[0]["occurred_at"]
    assert len(waits) > 1000
    assert max(waits) < 75 * 3_600_000
    assert 0.3 < on_time / len(waits) < 0.7


def test_disorder_lets_others_overtake_even_of_the_same_entity() -> None:
    dials = turned("disorder", 0.5)
    assert any(event.at > event.known_at for event in story(dials, SOON))
    stale = sum(
        1
        for life in lives(told(dials, SOON)).values()
        for before, after in pairwise(life)
        if after["revision"] < before["revision"]
    )
    assert stale > 20
    settled = {event.value for event in story(turned("disorder"), SOON)}
    assert len(settled) == len(story(turned("disorder"), SOON)), "held up, not doubled"


def test_duplicates_and_disorder_change_the_delivery_and_no_record() -> None:
    """So a live floor may be tidier on the way than the backfill it goes on with."""
    untidy = replace(CALM, duplicates=0.3, disorder=0.3)
    before = ms(SOON) - 3 * 86_400_000  # what is held up longer arrives after the end
    assert {e.value for e in story(untidy, SOON) if e.known_at < before} == {
        e.value for e in story(CALM, SOON) if e.known_at < before
    }


def test_cancelled_ones_repeat_their_last_state_and_some_come_back() -> None:
    records, ends = told(turned("cancellations"), SOON), Counter()
    for life in lives(records).values():
        for before, after in pairwise(life):
            if after["op"] == "CANCELLED":
                assert {k for k in after if after[k] != before[k]} == {"op", "revision"}
        if any(record["op"] == "CANCELLED" for record in life):
            ends[life[-1]["op"]] += 1
    assert ends["CANCELLED"] > 5 * ends["SET"] > 0
    kinds = {m for (m, _), r in final(records).items() if r["op"] == "CANCELLED"}
    assert kinds == {"call", "email", "meeting", "deal"}


def test_unknown_owners_are_users_nobody_mapped_or_nobody() -> None:
    owners = Counter(record["owner_id"] for _, record in told(turned("unknown_owners"), SOON))
    strangers = {owner for owner in owners if owner not in KNOWN}
    assert None in strangers
    assert len(strangers) > 3
    assert 0.1 < sum(owners[s] for s in strangers) / owners.total() < 0.3


def test_amendments_touch_deals_after_winning() -> None:
    after_win = Counter()
    for (message, _), life in lives(told(turned("amendments", 0.5))).items():
        if message != "deal":
            continue
        for before, after in pairwise(life):
            if before["stage_class"] == "WON":
                after_win["reopened"] += after["stage_class"] == "OPEN"
                after_win["amount"] += after["amount"] != before["amount"]
                after_win["owner"] += after["owner_id"] != before["owner_id"]
    assert min(after_win[k] for k in ("reopened", "amount", "owner")) > 2


def test_won_deals_are_invoiced_and_then_paid_by_later_revisions() -> None:
    dials = Dials(invoiced=1.0, paid=1.0, amendments=0.0, cancellations=0.0, corrections=0.0)
    full = halves = paid = 0
    for (message, _), life in lives(told(dials)).items():
        if message != "deal":
            continue
        for before, after in pairwise(life):
            changed = {k for k in after if after[k] != before[k]} - {"revision"}
            if after["invoiced_amount"] != before["invoiced_amount"]:
                assert changed == {"invoiced_amount"}
                assert after["stage_class"] == "WON"
                assert after["invoiced_amount"] > (before["invoiced_amount"] or 0)
                full += after["invoiced_amount"] == after["amount"]
                halves += abs(2 * after["invoiced_amount"] - after["amount"]) <= 1
            if after["paid_amount"] != before["paid_amount"]:
                assert changed == {"paid_amount"}
                assert before["invoiced_amount"] >= after["paid_amount"] > 0
                paid += 1
    assert full > 2 * halves > 0
    assert paid > 3


def test_billing_changes_nothing_else_on_a_floor() -> None:
    without = Dials(invoiced=0.0)
    assert not any(r.get("invoiced_amount") for _, r in told(without))
    assert any(r.get("paid_amount") for _, r in told(Dials()))
    assert worked(told(without)) == worked(told(Dials()))


def worked(records: list[tuple[str, Record]]) -> Counter[tuple[object, ...]]:
    """Return how often anybody did anything at any instant; of deals, how each ended."""
    last = final(records).values()
    return Counter(
        (r["owner_id"], r["created_at"], r.get("stage_class"), r.get("amount"), r.get("won_at"))
        for r in last
    )


@given(st.sampled_from(NAMES), st.floats().filter(lambda x: not 0 <= x <= 1))
def test_a_dial_beyond_its_end_is_refused_by_name(name: str, share: float) -> None:
    with pytest.raises(ValueError, match=name):
        Dials(**{name: share})


def test_turning_all_dials_never_goes_beyond_one() -> None:
    assert Dials().times(1e9) == Dials(**dict.fromkeys(UNTIDY, 1.0))
    billing = {name: getattr(Dials(), name) for name in set(NAMES) - set(UNTIDY)}
    assert Dials().times(0) == replace(CALM, **billing)
    assert MESSY.duplicates == Dials().duplicates * 4
