"""Workers on a real broker and the embedded warehouse: sums are those of a direct computation."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.sinks.kafka_topics import create_topics
from schemas.codec import CatalogueIds, decode
from streams.engine.epochs import change_incarnation
from streams.outside import outside
from tests.ground import Site, broker, site, stop, wait_for
from tests.load import Floor, definitions

pytestmark = [pytest.mark.slow]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, partitions=2) as found:
        yield found


def check_tiles(made: Site) -> None:
    """The ranges of `applied` leave no hole."""
    reached: dict[Any, int] = {}
    rows = made.frame(
        "SELECT topic, partition, epoch, offset_from, offset_to FROM spm.applied FINAL "
        "ORDER BY topic, partition, epoch, offset_from"
    )
    for topic, number, epoch, start, end in rows.iter_rows():
        assert start <= reached.get((topic, number, epoch), 0), (topic, number, start)
        reached[topic, number, epoch] = max(end, reached.get((topic, number, epoch), 0))


def newest(told: list[dict[str, Any]]) -> dict[Any, dict[str, Any]]:
    """Return what a reader of spm.credits keeps, whatever was sent twice."""
    found: dict[Any, dict[str, Any]] = {}
    for credit in told:
        key = tuple(credit[name] for name in ("rep_id", "deal_id", "role", "via"))
        if key not in found or credit["position"] > found[key]["position"]:
            found[key] = credit
    return found


def check_credits(made: Site, floor: Floor) -> None:
    """Credits are those of a direct count; messages say of each what the warehouse says."""
    assert made.credits() == floor.credits()
    rows = made.frame("SELECT * EXCEPT generation FROM spm.deal_credit FINAL").to_dicts()
    told = newest(made.told_credits())
    assert len(told) == len(rows)
    for row in rows:
        credit = told[row["rep_id"], row["deal_id"], row["role"], row["via"]]
        assert {name: value or "" for name, value in credit.items()} == {
            name: value or "" for name, value in row.items()
        }
    gone = [row for row in rows if row["deleted"]]
    assert gone
    assert all(row["amount"] == row["share"] == 0 for row in gone)


def test_sums_are_exact_across_kill_9(made: Site) -> None:
    floor = Floor(seed=1)
    made.define(1, definitions(floor.reps))
    made.open_epochs()
    worker = made.start_worker()
    made.produce(floor.events(3_000))
    wait_for(lambda: len(made.sums()) > 100, "first sums")
    made.produce(floor.events(3_000))
    time.sleep(0.3)
    stop(worker, signal.SIGKILL)
    made.produce(floor.events(500))
    worker = made.start_worker()
    made.wait_applied()
    assert made.sums() == floor.sums()
    check_credits(made, floor)
    check_tiles(made)
    wait_for(lambda: made.committed() == made.ends(), "commits follow positions", 10)
    began = time.monotonic()
    assert stop(worker) == 0
    assert time.monotonic() - began < 10


def test_deals_are_credited_once_the_map_knows_their_owners(made: Site) -> None:
    floor = Floor(seed=2, reps=10)
    known = definitions(floor.reps)
    made.define(1, {**known, "identities": {"identities": []}})
    made.open_epochs()
    made.start_worker()
    made.produce(floor.events(1_000))
    made.wait_applied()
    assert {rep for rep, *_ in made.sums()} == {"unassigned"}
    made.define(2, {"identities": known["identities"]})
    made.mark(2)
    made.mark(1)  # lower than what is in force: ignored
    made.mark(2)  # repeated: ignored
    made.produce(floor.events(300))
    made.wait_applied()
    assert made.sums() == floor.sums()
    check_credits(made, floor)
    rows = made.frame(
        "SELECT count() AS n FROM spm.activity WHERE kind = 'marker' AND sequence = 2"
    )
    assert rows["n"][0] == 3 * 2 * 3  # activity topics, partitions, markers: one row each


def test_a_worker_waits_for_definitions_a_marker_names(made: Site) -> None:
    floor = Floor(seed=3, reps=10)
    made.define(1, definitions(floor.reps))
    made.open_epochs()
    made.start_worker()
    made.mark(2)
    made.produce(floor.events(200))
    wait_for(lambda: "definitions 2 are named by a marker" in made.logs(), "named wait")
    made.define(2, {"quotas": {"quotas": []}})
    made.wait_applied()
    assert made.sums() == floor.sums()


def test_results_survive_a_broker_that_lost_its_log(made: Site) -> None:
    floor = Floor(seed=4)
    first, second = list(floor.events(1_500)), list(floor.events(500))
    made.define(1, definitions(floor.reps))
    made.open_epochs()
    worker = made.start_worker()
    made.produce(first)
    wait_for(lambda: len(made.sums()) > 100, "first sums")
    stop(worker, signal.SIGKILL)
    stop(made.broker, signal.SIGKILL)
    with broker(made.settings.broker_port):
        create_topics(made.settings.kafka_config(), made.settings.partitions, 1)
        refused = made.start_worker()
        wait_for(lambda: "has no open epoch in spm.log" in made.logs(), "refusal")
        stop(refused, signal.SIGKILL)
        assert set(made.open_epochs()) >= {"crm.calls", "crm.deals", "crm.progress"}
        assert made.open_epochs() == []
        made.start_worker()
        made.produce(first)  # the sources deliver again what may have been lost
        made.produce(second)
        made.wait_applied()
        assert made.sums() == floor.sums()
        check_credits(made, floor)
        check_tiles(made)
        stop(made.workers[-1])


def test_credits_are_finished_from_history_when_the_log_is_lost(made: Site) -> None:
    """A crash right after history, and then the broker dies with its log."""
    floor = Floor(seed=5)
    made.define(1, definitions(floor.reps))
    made.open_epochs()
    worker = made.start_worker()
    made.produce(floor.events(1_000))
    made.wait_applied()
    stop(worker, signal.SIGKILL)
    stop(made.broker)
    for table in ("deal_credit", "applied"):
        made.warehouse().command(f"TRUNCATE TABLE spm.{table}")
    with broker(made.settings.broker_port):
        create_topics(made.settings.kafka_config(), made.settings.partitions, 1)
        made.open_epochs()
        check_credits(made, floor)
        assert made.sums() == floor.sums()
        kafka = outside(made.settings).kafka
        for values in kafka.beginnings("spm.credits", made.settings.partitions, 1).values():
            assert decode(values[0], CatalogueIds())[0] == "marker"


def test_bad_records_are_set_aside_with_their_bytes(made: Site) -> None:
    made.open_epochs()
    made.start_worker()
    made.send("crm.calls", b"k", b"no call at all")
    made.wait_applied()
    rows = made.frame("SELECT topic, key, value, reason FROM spm.dead_letter")
    assert rows.rows() == [("crm.calls", "k", "no call at all", "frame")]


def test_a_worker_that_is_there_before_its_warehouse_waits_for_it(made: Site) -> None:
    made.open_epochs()
    made.server.stop()
    worker = made.start_worker()
    wait_for(lambda: "start" in made.trouble(), "named wait", 60)
    made.server.start()
    made.produce(Floor(seed=8, reps=5).events(50))
    made.wait_applied()
    assert made.trouble() == {}
    assert worker.poll() is None


def test_an_idle_worker_notices_another_warehouse(made: Site) -> None:
    made.open_epochs()
    made.start_worker()
    made.produce(Floor(seed=9, reps=5).events(50))
    made.wait_applied()
    change_incarnation(made.warehouse(), "restored")
    wait_for(lambda: "starting all partitions again" in made.logs(), "begun again", 60)
    wait_for(lambda: made.trouble() == {}, "ready", 60)
