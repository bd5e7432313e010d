"""Another number of partitions: numbers go on from where they were, corrections of old facts
included. In process.
"""

from collections.abc import Iterator

import pytest

from connectors.sinks.clickhouse import Warehouse
from infra.local.ports import free_port
from infra.migrations import migrate
from infra.rebuild import layout, rebuilding, runs
from schemas.codec import CatalogueIds
from schemas.positions import position_of
from streams.engine.batches import Partition
from streams.engine.epochs import marker_message
from streams.engine.starting import Refused
from tests.ground import define, laid_out, warehouse
from tests.infra.rebuild.in_process import (
    NO_PROCESS,
    Dying,
    Installation,
    Killed,
    check,
    filled,
)
from tests.load import Floor, definitions
from tests.streams.commissioned import plans

pytestmark = [pytest.mark.slow]


@pytest.fixture
def floor() -> Floor:
    return Floor(seed=31, again=0.3)


@pytest.fixture
def made(tmp_path_factory: pytest.TempPathFactory, floor: Floor) -> Iterator[Installation]:
    folder, port = tmp_path_factory.mktemp("layout"), free_port()
    laid_out(folder)
    with warehouse(folder, port) as token:
        found = Warehouse.connect(f"http://127.0.0.1:{port}", "service", token)
        migrate(found._client)
        yield filled(Installation(found, partitions=2), floor, 250)


def test_numbers_go_on_with_another_number_of_partitions(made: Installation, floor: Floor) -> None:
    for count in (5, 3):
        made.log.made_anew(count)
        with pytest.raises(Refused, match=f"--partitions {count}"):
            made.open_epochs()
        done = layout.change(made.ground(), lambda _: None)
        assert done is not None
        assert done.is_clean
        check(made, floor)
        made.open_epochs()
        assert layout.change(made.ground(), lambda _: None) is None
        made.produce(floor.events(400))
        made.fold()
        check(made, floor)
        assert rebuilding.rebuild(made.ground(), lambda _: None, dry_run=True).is_clean


def test_a_change_that_dies_anywhere_is_finished_by_the_next(
    made: Installation, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "_me", lambda: NO_PROCESS)
    # The newest definitions have reached one old partition and not the others.
    define(made.warehouse, 3, {"identities": {"identities": []}})
    define(made.warehouse, 4, {"identities": definitions(floor.reps)["identities"]})
    made.mark(3)
    made.fold()
    made.log.send(list(made.markers(4))[:1])
    made.fold()
    made.log.made_anew(3)
    changes = 0
    while True:
        try:
            layout.change(made.ground(Dying(made.warehouse, changes)), lambda _: None)
        except Killed:
            changes += 3  # all of them take a minute; three in a row are of one kind mostly
            now = made.warehouse.incarnation()
            if now.paused:
                with pytest.raises(rebuilding.Failed, match="--partitions 3"):
                    rebuilding.rebuild(made.ground(), lambda _: None)
        else:
            break
    assert changes > 15
    made.open_epochs()
    made.produce(floor.events(300))
    made.fold()
    check(made, floor)
    assert rebuilding.rebuild(made.ground(), lambda _: None, dry_run=True).is_clean


def test_a_ledger_made_by_different_definitions_is_not_laid_out(
    made: Installation, floor: Floor
) -> None:
    define(made.warehouse, 3, plans(("0", "0.2")))
    made.log.send(m for m in made.markers(3) if (m.topic, m.partition) == ("spm.credits", 0))
    made.fold()
    made.log.made_anew(3)
    with pytest.raises(rebuilding.Failed, match="not reached all partitions"):
        layout.change(made.ground(), lambda _: None)
    assert not made.warehouse.incarnation().paused


def test_a_backup_from_before_the_change_does_not_go_on_with_the_new_topics(
    made: Installation,
) -> None:
    made.log.made_anew(3)
    made.log.send(
        marker_message(
            Partition("crm.calls", number),
            2,
            "epoch",
            CatalogueIds(),
            epoch=2,
            previous_end=position_of(2, 0),  # what the warehouse that changed the layout wrote
        )
        for number in range(3)
    )
    with pytest.raises(Refused, match="restore a newer backup"):
        layout.change(made.ground(), lambda _: None)
    assert not made.warehouse.incarnation().paused
