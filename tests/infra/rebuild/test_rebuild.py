"""`pacesetter rebuild` while a worker works, and between two of its lives with more partitions."""

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.rebuild import pausing
from tests.ground import ROOT, Site, site, stop, wait_for
from tests.load import Floor, definitions

# A dozen processes start, hence the time.
pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, partitions=2) as found:
        yield found


def command(made: Site, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "infra.cli.main", "rebuild", *arguments],
        cwd=ROOT, env=made.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def answer(process: "subprocess.Popen[str]") -> Any:
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    return json.loads(out)


def waits(made: Site) -> str:
    """What the worker waits for."""
    url = f"http://127.0.0.1:{made.metrics_port}/readyz"
    try:
        urllib.request.urlopen(url)
    except urllib.error.HTTPError as error:
        return str(json.load(error)["trouble"].get("rebuild", ""))
    return ""


def test_a_worker_goes_on_through_a_rebuild_and_a_change_of_partitions(made: Site) -> None:
    floor = Floor(seed=41)
    made.define(1, definitions(floor.reps))
    made.open_epochs()
    worker = made.start_worker()
    made.produce(floor.events(800))
    wait_for(lambda: len(made.sums()) > 50, "first sums", 150)
    running = command(made, "--json")
    while running.poll() is None:
        made.produce(floor.events(50))
        time.sleep(0.3)
    first = answer(running)
    assert first["is_live"]
    assert not sum(one["different"] for one in first["compared"])
    # One that was killed while workers pause: they wait in the open, and a word lets them go on.
    warehouse = made.warehouse()
    pausing.hold(warehouse, warehouse.incarnation(), "rebuild of results: a test")
    made.produce(floor.events(300))
    wait_for(lambda: "a test" in waits(made), "named wait", 120)
    killed = command(made)
    time.sleep(1)
    stop(killed, signal.SIGKILL)
    assert command(made, "--cancel").wait(240) == 0
    made.wait_applied(180)
    assert made.sums() == floor.sums()
    assert made.credits() == floor.credits()
    stop(worker)
    made.workers.clear()
    made.produce(floor.events(100))
    refused = command(made, "--partitions", "3")
    assert "not everything is applied" in refused.communicate(timeout=240)[1]
    worker = made.start_worker()
    made.wait_applied(180)
    stop(worker)
    made.workers.clear()
    done = answer(command(made, "--partitions", "3", "--json"))
    assert not sum(one["different"] for one in done["compared"])
    made.settings = made.settings.model_copy(update={"partitions": 3})
    made.start_worker()
    made.produce(floor.events(500))
    made.wait_applied(180)
    assert made.sums() == floor.sums()
    assert made.credits() == floor.credits()
