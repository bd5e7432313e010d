"""Which batches a worker takes: those that continue where its state ends, and no older ones."""

import asyncio
from typing import Any

import pytest

from streams.agents.folds import FOLDS
from streams.engine.batches import Batch, Partition
from streams.engine.commits import Handed
from streams.engine.filters import Filter
from streams.engine.partitions import PartitionState
from streams.engine.poison import Poison
from streams.engine.preparing import Outside
from streams.engine.tempo import Tempo
from streams.engine.totals import Totals
from streams.engine.worker import ASTRAY_MAX, Worker

CALLS = Partition("crm.calls", 0)


class Record:
    def __init__(self, offset: int) -> None:
        self.offset = offset


class Transport:
    """The consumer's part of it: its own count, and where it was told to read from."""

    def __init__(self) -> None:
        self.handed, self.read = Handed(), list[int]()

    def holds(self, batch: Batch) -> bool:
        return self.handed.holds(batch)

    async def read_from(self, partition: Partition, offset: int) -> None:
        self.handed.forget(partition)
        self.read.append(offset)


class Ground:
    def __init__(self) -> None:
        self.transport = Transport()
        nothing: Any = None
        outside = Outside(nothing, nothing, nothing, nothing)
        self.worker = Worker(FOLDS, outside, Tempo(0.1, 1.0, 1_000), 1 << 20, Poison(0.5))
        self.worker.consumer = self.transport
        self.restart(100)

    def restart(self, offset: int) -> None:
        """Start the partition, as a preparation does."""
        self.transport.handed.forget(CALLS)
        self.worker.states[CALLS] = self.state = PartitionState(
            CALLS, FOLDS["crm.calls"], 1, 1, offset, 0, None, Filter(), Totals()
        )

    def hand_out(self, start: int, end: int, first: int | None = None) -> Batch:
        records = [Record(o) for o in range(start if first is None else first, end)]
        batch = Batch(CALLS, 1, start, end, records, 10, 0.0)
        self.transport.handed.hand_out(batch)
        return batch

    def taken(self) -> list[tuple[int, int]]:
        return [(batch.start, batch.end) for batch in self.state.waiting]


@pytest.fixture
def ground() -> Ground:
    async def made() -> Ground:
        return Ground()

    return asyncio.run(made())


def offer(ground: Ground, *batches: Batch) -> None:
    async def run() -> None:
        for batch in batches:
            ground.worker.offer(batch)
            await asyncio.sleep(0)

    asyncio.run(run())


def test_batches_that_continue_are_taken(ground: Ground) -> None:
    offer(ground, ground.hand_out(100, 110), ground.hand_out(110, 115))
    assert ground.taken() == [(100, 110), (110, 115)]


def test_a_batch_from_before_a_restart_is_dropped_and_commits_go_on(ground: Ground) -> None:
    queued = ground.hand_out(100, 110)  # still on its way to its agent when a fence falls
    ground.restart(100)
    again = ground.hand_out(100, 120)
    offer(ground, queued, again)
    assert ground.taken() == [(100, 120)]
    ground.transport.handed.settle(again)
    assert ground.transport.handed.committable(CALLS) == 120


@pytest.mark.parametrize(("start", "end"), [(90, 130), (105, 130)])
def test_one_that_does_not_continue_is_read_again(ground: Ground, start: int, end: int) -> None:
    offer(ground, ground.hand_out(start, end))
    assert ground.taken() == []
    assert ground.transport.read == [100]
    assert ground.transport.handed.size == 0


def test_what_was_read_from_elsewhere_is_read_again_however_it_is_called(ground: Ground) -> None:
    """A fetch on its way while the partition was started anew begins where it was read from."""
    offer(ground, ground.hand_out(741, 750))
    assert ground.taken() == []
    offer(ground, ground.hand_out(100, 750))
    assert ground.taken() == [(100, 750)]


def test_offsets_without_a_record_are_passed(ground: Ground) -> None:
    offer(ground, ground.hand_out(100, 110), ground.hand_out(108, 115, first=111))
    assert ground.taken() == [(100, 110), (110, 115)]
    assert ground.transport.read == []


def test_a_log_that_never_gives_what_is_due_ends_the_worker(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    died = list[str]()
    monkeypatch.setattr(Worker, "die", staticmethod(died.append))
    for _ in range(ASTRAY_MAX):
        offer(ground, ground.hand_out(105, 130))
    assert not died
    offer(ground, ground.hand_out(105, 130))
    assert died == ["crm.calls[0]: Kafka gives offset 105 where 100 is due"]


def test_a_last_flush_ends_though_records_keep_coming(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever gives partitions away under load must not wait as long as is allowed."""
    worker, state, offset = ground.worker, ground.state, 100

    async def flush_once() -> None:
        flushed = len(state.waiting)
        await asyncio.sleep(0.02)
        for _ in range(flushed):
            state.waiting.popleft()

    async def come() -> None:
        nonlocal offset
        while True:
            worker.offer(ground.hand_out(offset, offset + 5))
            offset += 5
            await asyncio.sleep(0.002)

    async def run() -> None:
        flushing, coming = asyncio.create_task(worker.run()), asyncio.create_task(come())
        await asyncio.sleep(0.05)
        await worker.finish()
        assert not state.waiting
        await asyncio.sleep(0.02)  # a worker that stops is still handed some
        assert not state.waiting
        assert not ground.transport.read, "nothing is missing here: the next one reads it"
        flushing.cancel()
        coming.cancel()

    monkeypatch.setattr(worker, "_flush_once", flush_once)
    monkeypatch.setattr("streams.engine.worker.LAST_FLUSH_SECONDS_MAX", 2.0)
    asyncio.run(run())
    assert "gave up" not in caplog.text
