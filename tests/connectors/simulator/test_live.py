"""Live: events follow the clock that is handed in; a bustle moves at any hour."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from typing import Any

import pytest

from connectors.sources.simulator.delivery import Event, Progress
from connectors.sources.simulator.dials import CALM, Dials
from connectors.sources.simulator.live import PROGRESS_SECONDS, bustle, live
from connectors.sources.simulator.truth import final
from connectors.sources.simulator.world import World, catch_up, history
from tests.connectors.simulator.floors import FLOOR, START, HandClock, decoded, ms

MONDAY_NOON = datetime(2026, 3, 23, 12, tzinfo=UTC)
SUNDAY_NIGHT = datetime(2026, 3, 22, 3, tzinfo=UTC)
REPS = {rep.owner_id: rep for rep in FLOOR.reps}


def within(items: Iterator[Any], clock: HandClock, seconds: float) -> list[tuple[float, Any]]:
    """Everything until so long from now, with the clock's time at which it came."""
    until = clock.now() + seconds
    return list(takewhile(lambda seen: seen[0] <= until, ((clock.now(), i) for i in items)))


def events(seen: Iterable[tuple[float, Any]]) -> list[tuple[float, Event]]:
    return [(at, item) for at, item in seen if isinstance(item, Event)]


def progress(seen: Iterable[tuple[float, Any]]) -> list[Progress]:
    return [item for _, item in seen if isinstance(item, Progress)]


def test_in_its_own_time_each_event_comes_when_it_is_due() -> None:
    clock = HandClock(MONDAY_NOON)
    seen = within(live(FLOOR, 7, START, clock, since=MONDAY_NOON), clock, 3600)
    assert len(events(seen)) > 30
    for at, event in events(seen):
        assert 0 <= at - event.at / 1000 < 0.6, "looked at twice a second"


def test_live_goes_on_where_the_backfill_ended() -> None:
    end = MONDAY_NOON + timedelta(hours=1)
    clock = HandClock(MONDAY_NOON)
    seen = within(live(FLOOR, 7, START, clock, since=MONDAY_NOON), clock, 3600 - 1)
    before = tuple(history(FLOOR, 7, START, MONDAY_NOON))
    whole = tuple(history(FLOOR, 7, START, end))
    gone_on = tuple(event for _, event in events(seen))
    assert whole[: len(before) + len(gone_on)] == before + gone_on
    assert len(whole) - len(before) - len(gone_on) <= 1


def test_speed_compresses_time() -> None:
    clock = HandClock(MONDAY_NOON)
    seen = within(live(FLOOR, 7, START, clock, speed=86_400), clock, 5)
    days = {datetime.fromtimestamp(e.at / 1000, UTC).date() for _, e in events(seen)}
    assert days >= {START, START + timedelta(days=3)}
    assert events(seen)[-1][1].at < ms(datetime(2026, 3, 21, tzinfo=UTC))


def test_a_quiet_floor_still_says_how_far_it_is_complete() -> None:
    clock = HandClock(SUNDAY_NIGHT)
    items = live(FLOOR, 7, START, clock, since=SUNDAY_NIGHT, dials=CALM)
    seen = within(items, clock, 600)
    assert not events(seen)
    assert len(progress(seen)) >= 600 / (PROGRESS_SECONDS + 1)
    assert all(p.complete_through == p.observed_at for p in progress(seen))


def test_progress_never_promises_what_is_still_held_up() -> None:
    clock = HandClock(MONDAY_NOON)
    dials = Dials(disorder=0.2)
    items = live(FLOOR, 7, START, clock, since=MONDAY_NOON, dials=dials)
    seen = [item for _, item in within(items, clock, 2400)]
    lagging = 0
    for i, item in enumerate(seen):
        if isinstance(item, Progress):
            lagging += item.complete_through < item.observed_at
            later = [e for e in seen[i:] if isinstance(e, Event)]
            assert all(e.known_at >= item.complete_through for e in later)
    assert lagging > 50


def test_a_backfill_ends_with_its_progress() -> None:
    *facts, last = catch_up(World(FLOOR, 7, START, dials=CALM), MONDAY_NOON)
    assert last == Progress(ms(MONDAY_NOON), ms(MONDAY_NOON))
    assert facts == list(history(FLOOR, 7, START, MONDAY_NOON, dials=CALM))


@pytest.mark.parametrize("now", [MONDAY_NOON, SUNDAY_NIGHT], ids=["at work", "asleep"])
def test_a_bustle_keeps_its_pace_whatever_the_hour(now: datetime) -> None:
    clock = HandClock(now)
    seen = within(bustle(FLOOR, 7, START, clock, pace=3, dials=CALM), clock, 600)
    assert 3 * 600 * 0.8 < len(events(seen)) < 3 * 600 * 1.3
    assert {event.message for _, event in events(seen)} == {"call", "email", "meeting", "deal"}
    assert len(progress(seen)) > 200


def test_a_bustle_happens_now() -> None:
    """What the board counts lies on today, in spite of the hour."""
    clock = HandClock(SUNDAY_NIGHT)
    seen = within(bustle(FLOOR, 7, START, clock, pace=8, dials=CALM), clock, 300)
    instants = Counter()
    for (at, _), (message, record) in zip(
        events(seen), decoded(tuple(e for _, e in events(seen))), strict=True
    ):
        age = at - record["revision"] / 1_000_000
        instants[message] += 0 <= age < 1
        if record.get("outcome") == "COMPLETED":
            assert record["end_at"].timestamp() <= at
            assert at - record["start_at"].timestamp() < 2 * 3600
    assert all(instants[m] > 30 for m in ("call", "email", "meeting", "deal")), instants


def test_reps_at_work_act_first() -> None:
    """At noon in Berlin on a Monday it is evening in Tokyo and early morning in Chicago."""
    clock = HandClock(MONDAY_NOON)
    items = bustle(FLOOR, 7, START, clock, pace=5, dials=CALM)
    records = decoded(tuple(e for _, e in events(within(items, clock, 120))))
    calls = Counter(REPS[r["owner_id"]].spells[0].time_zone for m, r in records if m == "call")
    assert calls["Europe/Berlin"] > 10
    assert not calls["Asia/Tokyo"]
    assert not calls["America/Chicago"]


def test_a_bustle_wins_deals_of_the_history_and_changes_no_creation() -> None:
    clock = HandClock(MONDAY_NOON)
    told = final(decoded(tuple(history(FLOOR, 7, START, MONDAY_NOON))))
    items = bustle(FLOOR, 7, START, clock, pace=8)
    new = decoded(tuple(e for _, e in events(within(items, clock, 400))))
    won = old = 0
    for message, record in new:
        known = told.get((message, record["entity_id"]))
        if known:
            assert known["created_at"] == record["created_at"]
            old += message == "deal"
        won += record.get("stage_class") == "WON"
    assert won > 3
    assert old > 20


def test_two_bustles_at_two_times_share_no_new_entity() -> None:
    fresh = []
    for now in (MONDAY_NOON, MONDAY_NOON + timedelta(minutes=1)):
        clock = HandClock(now)
        items = bustle(FLOOR, 7, START, clock, pace=5, dials=CALM)
        records = decoded(tuple(e for _, e in events(within(items, clock, 60))))
        fresh.append({r["entity_id"] for m, r in records if m == "email"})
    natural = {e.key.decode() for e in history(FLOOR, 7, START, MONDAY_NOON + timedelta(hours=1),
                                               dials=CALM)}  # fmt: skip
    assert fresh[0] - natural
    assert not (fresh[0] & fresh[1]) - natural


def test_a_bustle_repeats_itself_under_the_same_clock() -> None:
    runs = []
    for _ in range(2):
        clock = HandClock(MONDAY_NOON)
        runs.append(within(bustle(FLOOR, 7, START, clock, pace=4), clock, 60))
    assert runs[0] == runs[1]


@pytest.mark.parametrize(("how", "value"), [("pace", 0.0), ("pace", 1e9), ("speed", 0.0)])
def test_an_impossible_pace_or_speed_is_refused(how: str, value: float) -> None:
    clock = HandClock(MONDAY_NOON)
    with pytest.raises(ValueError, match=how):
        (bustle if how == "pace" else live)(FLOOR, 7, START, clock, **{how: value})


def test_a_floor_where_nobody_works_says_so_by_silence_and_progress() -> None:
    from dataclasses import replace

    spell = replace(FLOOR.reps[0].spells[0], valid_to=date(2026, 1, 1))
    idle = replace(FLOOR, reps=(replace(FLOOR.reps[0], spells=(spell,)),))
    clock = HandClock(MONDAY_NOON)
    seen = within(live(idle, 7, START, clock, since=MONDAY_NOON, dials=CALM), clock, 60)
    assert not events(seen)
    assert progress(seen)
