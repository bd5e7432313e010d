"""A warehouse out of an earlier copy, a log cut by retention, a topic made anew."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.sinks.kafka_topics import create_topics
from streams.engine.worker import EXIT_BUG
from tests.faults.going_on import exact, sending, settle
from tests.ground import ROOT, Site, stop, wait_for
from tests.kafka import delete_records, without_topics
from tests.load import Floor, definitions


def pacesetter(made: Site, *arguments: str) -> str:
    """Return what a command printed."""
    done = subprocess.run(
        [sys.executable, "-m", "infra.cli.main", *arguments],
        cwd=ROOT, env=made.env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def backed_up(made: Site) -> Path:
    """Return a copy of the warehouse as it stands; nobody can write meanwhile."""
    made.server.stop()
    backup = made.folder / "backup"
    shutil.copytree(made.server.data, backup, symlinks=True)
    made.server.start()
    return backup


def put_in_place(made: Site, backup: Path) -> None:
    """Kill the warehouse and let an earlier copy be there; it has to be started."""
    made.server.stop(signal.SIGKILL)
    shutil.rmtree(made.server.data)
    shutil.move(backup, made.server.data)


def restored_under_load(made: Site, seed: int, events: int, *, told: bool = True) -> None:
    floor = Floor(seed=seed)
    made.define(1, definitions(floor.reps))
    made.open_epochs()
    workers = [made.start_worker(), made.start_worker()]
    wait_for(lambda: all(made.starts(n) for n in range(len(workers))), "two that share", 60)
    made.produce(floor.events(events // 3))
    settle(made)
    backup = backed_up(made)
    with sending(made, floor, events - events // 3):
        wait_for(lambda: made.applied() != {}, "an answer", 15)
        later = made.applied()
        wait_for(lambda: made.applied() != later, "flushes after the backup", 30)
        put_in_place(made, backup)
        if told:
            assert "embedded warehouse" in pacesetter(made, "restored", "--reason", "a test")
        made.server.start()
    exact(made, floor)
    assert all(worker.poll() is None for worker in workers), "a fence is no reason to die"
    assert ("another incarnation" if told else "has forgotten what it had") in made.logs()


@pytest.mark.thorough
def test_a_restored_warehouse_is_filled_again_by_workers_that_lived_on(made: Site) -> None:
    restored_under_load(made, seed=41, events=5_000)


def test_a_warehouse_exchanged_while_nobody_asks_it_anything_is_noticed(made: Site) -> None:
    """No request fails: clients take a new connection without a word."""
    floor = Floor(seed=47)
    made.define(1, definitions(floor.reps))
    made.open_epochs()
    worker = made.start_worker()
    made.produce(floor.events(1_000))
    settle(made)
    backup = backed_up(made)
    made.produce(floor.events(1_000))
    settle(made)
    worker.send_signal(signal.SIGSTOP)
    put_in_place(made, backup)
    made.server.start()
    worker.send_signal(signal.SIGCONT)
    made.produce(floor.events(1_000))
    exact(made, floor)
    assert "has forgotten what it had" in made.logs()
    assert worker.poll() is None, "a fence is no reason to die"


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(42, 47))
def test_restored_at_length(made: Site, seed: int) -> None:
    restored_under_load(made, seed, events=40_000, told=seed % 2 == 0)


@pytest.mark.thorough
def test_a_log_cut_by_retention_is_refused_and_goes_on_in_a_new_epoch(made: Site) -> None:
    floor = Floor(seed=51)
    first = list(floor.events(1_000))
    made.define(1, definitions(floor.reps))
    made.open_epochs()
    stop_when_settled(made, first)
    made.produce(first)  # all of it known: what retention takes below changes no sum
    whole, reached = made.ends(), made.applied()
    cut = {place: end for place, end in whole.items() if place[1] == 0}
    delete_records(made.settings, cut)
    refused = made.start_worker()
    wait_for(lambda: "must go on at offset" in made.logs(), "refusal", 30)
    assert "pacesetter log open" in made.logs()
    stop(refused)
    told = pacesetter(made, "log", "open", "--reason", "retention was too short")
    for (topic, number), end in cut.items():
        lost = end - reached[topic, number]
        assert f"{topic}[{number}]: {lost} records are lost" in told
    made.start_worker()
    made.produce(floor.events(1_000))
    exact(made, floor)
    assert pacesetter(made, "log", "open", "--reason", "again").startswith("no log is new")


@pytest.mark.thorough
def test_topics_made_anew_under_a_worker_are_noticed_and_go_on_in_a_new_epoch(made: Site) -> None:
    floor = Floor(seed=61)
    made.define(1, definitions(floor.reps))
    made.open_epochs()
    worker = made.start_worker()
    made.produce(floor.events(200))
    settle(made)
    without_topics(made.settings)
    create_topics(made.settings.kafka_config(), made.settings.partitions, 1)
    made.produce(floor.events(1_500))  # further than the old log went
    # It hears of it by a rebalance, by offsets that go back, or by asking whose log it reads.
    told = ("has no open epoch", "was made anew", "Kafka gives offset")
    wait_for(lambda: any(words in made.logs() for words in told), "a worker that noticed")
    ended = stop(worker)
    assert ended in {0, EXIT_BUG}
    refused = made.start_worker()
    wait_for(lambda: "pacesetter log open" in made.logs(), "refusal")
    stop(refused)
    pacesetter(made, "log", "open", "--reason", "somebody deleted the topics")
    made.start_worker()
    made.produce(floor.events(300))
    exact(made, floor)


def stop_when_settled(made: Site, events: list) -> None:  # type: ignore[type-arg]
    worker = made.start_worker()
    made.produce(events)
    settle(made)
    assert stop(worker) == 0
