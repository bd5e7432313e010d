"""Logs that go on in a new epoch begin behind what is applied of them."""

from pathlib import Path

import pytest

from connectors.sinks.kafka_topics import create_topics
from infra.local.ports import free_port
from streams.agents.folds import FOLDS
from streams.engine.batches import Partition
from streams.engine.epochs import Ground, open_epochs
from streams.engine.reopening import Standing
from streams.outside import outside
from tests.ground import Site, broker, site
from tests.load import Floor

CALLS = Partition("crm.calls", 0)


@pytest.mark.parametrize(
    ("reached", "first", "end", "is_cut", "begins"),
    [
        (50, 0, 90, False, 50),
        (50, 50, 50, False, 50),
        (50, 60, 90, True, 60),  # retention took ten records nobody had read
        (50, 0, 40, True, 40),  # the log lost its tail
        (50, 0, 0, True, 0),
        (0, 0, 0, False, 0),
    ],
)
def test_a_new_epoch_begins_where_the_log_can_go_on(
    reached: int, first: int, end: int, is_cut: bool, begins: int
) -> None:
    standing = Standing(CALLS, reached, first, end)
    assert (standing.is_cut, standing.begins) == (is_cut, begins)


def facts_applied(made: Site) -> dict[tuple[str, int], int]:
    return {place: end for place, end in made.applied().items() if place[0].startswith("crm.")}


@pytest.mark.slow
def test_a_log_that_comes_back_is_not_read_again(tmp_path: Path) -> None:
    with site(tmp_path, partitions=1) as made:
        assert "crm.calls" in made.open_epochs()
        made.produce(Floor(seed=5).events(100))
        made.start_worker()
        made.wait_applied()
        reached = facts_applied(made)
        elsewhere = made.settings.model_copy()
        port = free_port()
        object.__setattr__(elsewhere, "kafka_bootstrap", f"127.0.0.1:{port}")
        with broker(port):
            create_topics(elsewhere.kafka_config(), 1, 1)
            given = outside(elsewhere)
            there = Ground(given.warehouse, given.kafka, given.publisher, given.ids, FOLDS)
            assert "crm.calls" in open_epochs(there, "moved")
            assert open_epochs(there, "moved") == []
        assert "crm.calls" in made.open_epochs()  # and back
        assert made.open_epochs() == []
        epochs = made.frame("SELECT max(epoch) AS e FROM spm.log WHERE topic = 'crm.calls'")
        assert epochs["e"][0] == 3
        assert facts_applied(made) == reached
