"""What a worker looks like from outside. The watchdog looks from another thread: only read."""

import time
from collections.abc import Mapping
from typing import Any

from streams.engine.batches import Partition
from streams.engine.watchdog import Pulse, Sight
from streams.engine.worker import Worker


def sight_of(worker: Worker, pulse: Pulse, ends: Mapping[Partition, int]) -> Sight:
    """Return what a worker looks like now.

    Args:
        ends: offset behind the last record Kafka holds, of the assigned partitions.
    """
    states = list(worker.states.values())
    consumer = worker.consumer
    return Sight(
        at=time.monotonic(),
        loop_at=pulse.loop_at,
        beats=pulse.beats + sum(state.taken_offset + state.next_offset for state in states),
        waits=bool(worker.waits.current()),
        work=_work(worker, consumer, ends),
        uncommitted=_uncommitted(consumer, [state.partition for state in states]),
    )


def trouble_of(worker: Worker) -> dict[str, str]:
    """Return why a worker is not ready; empty if it is."""
    found = worker.waits.current()
    found |= {f"refused {p}": reason for p, reason in worker.preparation.refused.items()}
    if not worker.is_assigned:
        found["assignment"] = "no partitions are assigned yet"
    elif missing := worker.assigned - set(worker.states) - set(worker.preparation.refused):
        found["starting"] = f"{len(missing)} partitions are being prepared"
    return found


def _work(worker: Worker, consumer: Any, ends: Mapping[Partition, int]) -> str:
    if consumer is None:
        return ""
    missing = worker.assigned - set(worker.states) - set(worker.preparation.refused)
    if missing:
        return f"{len(missing)} partitions are to be started"
    if consumer.held_bytes:
        return f"{consumer.held_bytes} fetched bytes are held"
    behind = [p for p, end in ends.items() if p in worker.states and _is_unread(consumer, p, end)]
    return f"Kafka holds unread records of {', '.join(map(str, behind))}" if behind else ""


def _is_unread(consumer: Any, partition: Partition, end: int) -> bool:
    position = consumer.fetch_position(partition)
    return position is not None and position < end


def _uncommitted(consumer: Any, partitions: list[Partition]) -> dict[Partition, int | None]:
    found = {}
    for partition in partitions if consumer is not None else ():
        settled, committed = consumer.settled(partition), consumer.committed(partition)
        if settled is not None and settled > (committed or 0):
            found[partition] = committed
    return found
