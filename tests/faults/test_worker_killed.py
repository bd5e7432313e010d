"""kill -9 of a worker in the midst of its work, again and again, under load."""

import signal
import time

import pytest

from tests.faults.going_on import (
    COMMIT_LAG_SECONDS_MAX,
    exact,
    read_twice,
    sending,
    tiles,
    watching,
)
from tests.ground import Site, stop, stretched, wait_for
from tests.load import Floor, definitions

TAKEOVER_SECONDS_MAX = 11 + 5  # session 6 s and the rest; a worker needs seconds to start


def moves(made: Site) -> None:
    """Wait until somebody applies something new."""
    before = made.applied()
    wait_for(lambda: made.applied() != before, "a flush", TAKEOVER_SECONDS_MAX)


def killed(made: Site) -> int:
    """Kill the worker, start another; return how much was applied and not committed."""
    stop(made.workers[-1], signal.SIGKILL)
    # A flush may still be on its way from the dead worker's socket into the warehouse.
    time.sleep(stretched(0.5))
    applied, commits, known = made.applied(), made.committed(), len(tiles(made))
    made.start_worker()
    moves(made)
    for place, _, start, _ in tiles(made)[known:]:
        assert start >= commits.get(place, 0), f"{place} read from {start}, committed {commits}"
    return sum(applied.get(place, 0) - commit for place, commit in commits.items())


def killed_again_and_again(made: Site, seed: int, kills: int, events: int) -> None:
    floor = Floor(seed=seed)
    made.define(1, definitions(floor.reps))
    made.open_epochs()
    made.start_worker()
    twice_allowed = 0
    with watching(made) as watch:
        with sending(made, floor, events, per_second=700):
            moves(made)
            for number in range(kills):
                time.sleep(1.5 + 0.37 * (number % 7))  # somewhere within a flush
                twice_allowed += killed(made)
        began = time.monotonic()
        exact(made, floor)
        ended = time.monotonic()
        lags, blind = watch.lags(began, ended), watch.blind(began, ended)
    twice = read_twice(made)
    print(f"seed {seed}: {kills} kills, {twice} of {events} events read twice, "
          f"{twice_allowed} applied and not committed at the kills, "
          f"commits {max(lags):.1f} s behind at most, looked at every {blind:.1f} s")  # fmt: skip
    assert twice <= twice_allowed
    assert max(lags) - blind < stretched(COMMIT_LAG_SECONDS_MAX)


def test_a_worker_killed_under_load_reads_again_only_what_was_not_committed(made: Site) -> None:
    killed_again_and_again(made, seed=1, kills=1, events=5_000)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(2, 5))
def test_killed_many_times(made: Site, seed: int) -> None:
    killed_again_and_again(made, seed, kills=10, events=80_000)
