"""kill -9 of the broker and of the warehouse under load; each comes back with what it held."""

import signal
import time

import pytest

from tests.faults.going_on import exact, sending
from tests.ground import Site, wait_for
from tests.kafka import Kafka
from tests.load import Floor, definitions


def servers_killed(made: Site, node: Kafka, seed: int, rounds: int, events: int) -> None:
    floor = Floor(seed=seed)
    made.define(1, definitions(floor.reps))
    made.open_epochs()
    worker = made.start_worker()
    with sending(made, floor, events):
        wait_for(lambda: len(made.sums()) > 100, "first sums", 30)
        for number in range(rounds):
            time.sleep(0.5 + 0.3 * (number % 5))
            node.stop(signal.SIGKILL)
            time.sleep(0.5)
            node.start()
            time.sleep(0.5 + 0.3 * (number % 4))
            made.server.stop(signal.SIGKILL)
            time.sleep(1)
            made.server.start()
    exact(made, floor)
    assert worker.poll() is None, "a dead server is waited for"


def test_broker_and_warehouse_killed_under_load(made: Site, node: Kafka) -> None:
    servers_killed(made, node, seed=21, rounds=1, events=6_000)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(22, 25))
def test_servers_killed_many_times(made: Site, node: Kafka, seed: int) -> None:
    servers_killed(made, node, seed, rounds=6, events=60_000)
