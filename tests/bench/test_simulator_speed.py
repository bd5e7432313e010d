"""How fast the simulator is, with what it makes checked in the same run.

Off by default: `python -m pytest -m bench tests/bench/test_simulator_speed.py -s`. Generating is
measured week by week, by the clock and by processor time of the one process that does it; replaying
by the clock until the broker has acknowledged everything, three times. What is asserted is the best
week and the best replay: the others say how busy the machine was with something else.
"""

import gc
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from connectors.sources.simulator.floor import Floor
from connectors.sources.simulator.producer import TOPIC_OF, Outbox
from connectors.sources.simulator.recording import encode_to, entries, open_recording, replay
from connectors.sources.simulator.records import CallRecord
from connectors.sources.simulator.truth import truth
from connectors.sources.simulator.wire import WireEncoder
from connectors.sources.simulator.world import World, catch_up
from infra.cli.simulating import GARBAGE_AFTER
from schemas import codec
from schemas.codec import CatalogueIds
from tests.brokers import running_broker
from tests.connectors.simulator.floors import IDS, ms

pytestmark = pytest.mark.bench
START = date(2026, 3, 2)
EVENTS_MIN, GENERATED_PER_S, REPLAYED_PER_S = 200_000, 40_000, 100_000
DAY_MS, WEEK_MS = 86_400_000, 7 * 86_400_000
CHECKED_EVERY = 97  # events between two that are decoded and encoded again by the plain path


@pytest.fixture(autouse=True)
def _little_garbage() -> Iterator[None]:
    """As the command sets it."""
    usual = gc.get_threshold()
    gc.set_threshold(GARBAGE_AFTER)
    yield
    gc.set_threshold(*usual)


class Week(NamedTuple):
    events: int
    seconds: float
    used: float  # processor time


@pytest.mark.parametrize(("reps", "days"), [(24, 200), (300, 30)])
def test_generating_with_encoding(reps: int, days: int) -> None:
    used = time.process_time()
    world = World(Floor.synthetic(reps), 7, START)
    ready = time.process_time() - used
    counts: Counter[str] = Counter()
    checked, weeks = [], []
    begin = world.horizon
    for end in range(begin + WEEK_MS, begin + days * DAY_MS + 1, WEEK_MS):
        before, began, used = counts.total(), time.perf_counter(), time.process_time()
        for event in world.until(end):
            counts[event.message] += 1
            if counts.total() % CHECKED_EVERY == 0:
                checked.append(event)
        made = counts.total() - before
        weeks.append(Week(made, time.perf_counter() - began, time.process_time() - used))
    for event in checked:
        message, record = codec.decode(event.value, IDS)
        assert (message, record["entity_id"].encode()) == (event.message, event.key)
        assert codec.encode(message, record, IDS) == event.value
    n = counts.total()
    best = max(week.events / week.used for week in weeks)
    by_clock, by_cpu = n / sum(w.seconds for w in weeks), n / sum(w.used for w in weeks)
    print(f"\n{reps} reps x {days} days: {n:,} events, {len(checked):,} checked; {dict(counts)}")
    print(f"  generated and encoded a second in one process: {by_clock:,.0f} by the clock,")
    print(f"  {by_cpu:,.0f} of processor time, best week {best:,.0f}; ready after {ready:.2f} s")
    assert best > GENERATED_PER_S


def test_the_demo_history_is_made_in_seconds() -> None:
    now = datetime(2026, 6, 10, 12, tzinfo=UTC)
    floor = Floor.synthetic(24)
    began = time.perf_counter()
    *facts, _ = catch_up(World(floor, 1, START), now)
    seconds = time.perf_counter() - began
    totals: Counter[str] = Counter()
    for cell, value in truth((codec.decode(e.value, IDS) for e in facts), floor).items():
        totals[cell.measure] += 0 if cell.currency else int(value)
    print(f"\n24 reps x 100 days: {len(facts):,} events in {seconds:.1f} s; {dict(totals)}")
    assert 60_000 < len(facts) < 150_000


def test_replaying_what_was_encoded(tmp_path: Path) -> None:
    path = tmp_path / "load.events"
    world = World(Floor.synthetic(300), 7, START)
    encode_to(path, catch_up(world, datetime(2026, 4, 3, tzinfo=UTC)), "simulator")
    began = time.perf_counter()
    found = open_recording(path)
    checked = time.perf_counter() - began
    wanted = Counter(entry.message for entry in entries(found))
    keys = Counter(entry.key for entry in entries(found) if entry.message == "meeting")
    rates = []
    for _ in range(3):
        with running_broker() as broker, Outbox(broker.address) as outbox:
            began = time.perf_counter()
            replay(found, outbox)
            outbox.flush()
            rates.append(found.count / (time.perf_counter() - began))
            assert outbox.report().acknowledged == wanted
            stood = broker.records(TOPIC_OF["meeting"])
            assert Counter(key for _, key, _, _ in stood) == keys
    print(
        f"\nreplayed {found.count:,} events ({path.stat().st_size / 1e6:.0f} MB), acknowledged a "
        f"second: {', '.join(f'{rate:,.0f}' for rate in rates)}; file checked in {checked:.2f} s"
    )
    assert found.count > EVENTS_MIN
    assert max(rates) > REPLAYED_PER_S


def test_encoding_alone_beside_the_plain_codec() -> None:
    end = ms(datetime(2026, 3, 6, tzinfo=UTC))
    events = [e for e in World(Floor.synthetic(48), 7, START).until(end) if e.message == "call"]
    raw = [_raw(codec.decode(e.value, IDS)[1]) for e in events]
    rates = {}
    for name, encode in (
        ("wire", WireEncoder(CatalogueIds()).of("call")),
        ("codec", lambda record: codec.encode("call", record, IDS)),
    ):
        records = raw if name == "codec" else [CallRecord(**record) for record in raw]
        used = time.process_time()
        values = [encode(record) for record in records]
        rates[name] = len(values) / (time.process_time() - used)
        assert values == [e.value for e in events]
    print("\ncalls encoded a second: " + ", ".join(f"{n} {r:,.0f}" for n, r in rates.items()))
    assert rates["wire"] > 2 * rates["codec"]


def _raw(record: dict[str, Any]) -> dict[str, Any]:
    return {k: ms(v) if isinstance(v, datetime) else v for k, v in record.items()}
