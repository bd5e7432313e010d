"""Workers come, leave, freeze and die under load, also while the warehouse is away."""

import signal
import time

import pytest
from confluent_kafka.admin import AdminClient

from schemas.topics import FACTS
from tests.faults.going_on import exact, sending
from tests.ground import Site, stop, stretched, wait_for
from tests.load import Floor, definitions

SESSION_SECONDS = 6  # a worker that says nothing for so long is dead
TAKEOVER_SECONDS_MAX = SESSION_SECONDS + 5
STOP_SECONDS_MAX = 10  # who tells a worker to stop waits that long


class Group:
    """The workers as Kafka sees them."""

    def __init__(self, made: Site) -> None:
        self._admin = AdminClient({**made.settings.kafka_config(), "log_level": 0})
        self._name = made.settings.kafka_group
        self._all = {(t.name, n) for t in FACTS for n in range(made.settings.partitions)}

    def shares(self) -> list[set[tuple[str, int]]]:
        """Return the fact partitions of each member."""
        found = self._admin.describe_consumer_groups([self._name])[self._name].result(60)
        return [
            {(tp.topic, tp.partition) for tp in member.assignment.topic_partitions} & self._all
            for member in found.members
        ]

    def wait(self, count: int, seconds: float) -> float:
        """Return the seconds until so many members had all partitions between them."""
        began = time.monotonic()

        def has_come() -> bool:
            shares = self.shares()
            return len(shares) == count and all(shares) and set().union(*shares) == self._all

        wait_for(has_come, f"{count} members", seconds)
        return time.monotonic() - began


def workers_come_and_go(made: Site, seed: int, events: int) -> None:
    floor = Floor(seed=seed)
    made.define(1, definitions(floor.reps))
    made.open_epochs()
    group = Group(made)
    first, second = made.start_worker(), made.start_worker()
    group.wait(2, 30)
    with sending(made, floor, events, per_second=600):
        third = made.start_worker()
        group.wait(3, 30)
        first.send_signal(signal.SIGSTOP)  # as good as dead, but it will write again
        stop(third, signal.SIGKILL)
        gone = group.wait(1, TAKEOVER_SECONDS_MAX)
        first.send_signal(signal.SIGCONT)
        group.wait(2, TAKEOVER_SECONDS_MAX + 5)
        began = time.monotonic()
        assert stop(second) == 0
        assert time.monotonic() - began < stretched(STOP_SECONDS_MAX)
        group.wait(1, TAKEOVER_SECONDS_MAX)
    print(f"seed {seed}: taken over {gone:.1f} s after kill -9 of one and a freeze of another")
    exact(made, floor)


def workers_go_while_the_warehouse_is_away(made: Site, seed: int, count: int, events: int) -> None:
    floor = Floor(seed=seed)
    made.define(1, definitions(floor.reps))
    made.open_epochs()
    group = Group(made)
    workers = [made.start_worker() for _ in range(count)]
    group.wait(count, 40)
    with sending(made, floor, events):
        wait_for(lambda: len(made.sums()) > 100, "first sums", 30)
        made.server.stop(signal.SIGKILL)
        wait_for(lambda: "waiting in" in made.logs(), "a named wait", 15)
        began = time.monotonic()
        assert stop(workers[0]) == 0, "a wait is abandoned when the worker is told to stop"
        assert time.monotonic() - began < stretched(STOP_SECONDS_MAX)
        group.wait(count - 1, TAKEOVER_SECONDS_MAX)
        for left, worker in reversed(list(enumerate(workers[1:-1], start=1))):
            stop(worker, signal.SIGKILL)
            group.wait(left, TAKEOVER_SECONDS_MAX + 5)  # a last flush is tried before they move
        assert workers[-1].poll() is None, "an outage is waited out"
        made.server.start()
    exact(made, floor)


def test_workers_come_freeze_leave_and_die_under_load(made: Site) -> None:
    workers_come_and_go(made, seed=31, events=9_000)


@pytest.mark.thorough
def test_partitions_move_while_the_warehouse_is_away(made: Site) -> None:
    workers_go_while_the_warehouse_is_away(made, seed=32, count=2, events=3_000)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(33, 36))
def test_rebalances_at_length(made: Site, seed: int) -> None:
    workers_come_and_go(made, seed, events=60_000)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(36, 39))
def test_outages_at_length(made: Site, seed: int) -> None:
    workers_go_while_the_warehouse_is_away(made, seed, count=4, events=30_000)
