"""The connection to the warehouse breaks after the insert was applied: it is sent again."""

import time

import pytest

from tests.faults.going_on import exact, sending, settle
from tests.faults.proxy import losing_answers
from tests.ground import Site
from tests.load import Floor, definitions

LOST_MIN = 5  # fewer prove little


def answers_are_lost(made: Site, seed: int, events: int) -> None:
    floor = Floor(seed=seed)
    made.define(1, definitions(floor.reps))
    made.open_epochs()
    with losing_answers(made.settings.warehouse_port, seed) as proxy:
        made.start_worker(PACESETTER_WAREHOUSE_URL=f"http://127.0.0.1:{proxy.port}")
        with sending(made, floor, events):
            time.sleep(1)
            proxy.share = 0.3
        settle(made)
        while proxy.dropped <= LOST_MIN:  # a slow machine flushes seldom
            made.produce(floor.events(50))
            settle(made)
        proxy.share = 0
        exact(made, floor)
    print(f"seed {seed}: {proxy.dropped} answers to inserts lost")
    assert made.workers[-1].poll() is None, "a lost answer is waited out"


def test_answers_that_are_lost_change_nothing(made: Site) -> None:
    answers_are_lost(made, seed=11, events=4_000)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(12, 17))
def test_answers_lost_at_length(made: Site, seed: int) -> None:
    answers_are_lost(made, seed, events=60_000)
