"""One machine that must not forget: `pacesetter up --broker apache`, killed, stopped, gone on."""

import os
import shutil
import signal
import stat
from pathlib import Path

import clickhouse_connect
import pytest

from infra.local import ports, run_file
from tests.end_to_end.installation import Installation, installed
from tests.ground import ROOT, wait_for
from tests.kafka import need_kafka

pytestmark = [pytest.mark.slow, pytest.mark.external, pytest.mark.timeout(400)]
SAMPLE = ROOT / "infra" / "sample" / "definitions"
REVENUE = "SELECT sum(value) FROM spm_bi.rep_day WHERE measure = 'revenue_won' AND currency = 'EUR'"


def epochs(here: Installation) -> list[tuple[str, str, int]]:
    """The logs the warehouse knows: cluster, topic id, epoch."""
    client = clickhouse_connect.get_client(
        host="127.0.0.1", port=int(here.environment["PACESETTER_WAREHOUSE_PORT"]),
        username="service", password=here.token("service"),
    )  # fmt: skip
    rows = client.query("SELECT DISTINCT cluster_id, topic_id, epoch FROM spm.log ORDER BY ALL")
    client.close()
    return [tuple(row) for row in rows.result_rows]  # type: ignore[misc]


def pids(data: Path) -> dict[str, int]:
    run = run_file.read(data)
    assert run
    return {service.name: service.pid for service in run.services}


def win(here: Installation, amount: int) -> None:
    here.run("deal", "win", "--rep", "Aiko", "--amount", str(amount), "--currency", "EUR")


def earned(here: Installation, amount: int) -> None:
    wait_for(lambda: here.query(REVENUE) == [(amount,)], f"revenue of {amount}", 60)


@pytest.mark.thorough
def test_a_log_on_disk_survives_kill_9_and_a_stop_without_a_new_epoch(tmp_path: Path) -> None:
    need_kafka()
    data = tmp_path / "data"
    with installed(data, "--broker", "apache", "--definitions", str(SAMPLE)) as here:
        assert here.status()["broker"] == "Apache Kafka, on disk"
        win(here, 1000)
        earned(here, 1000)
        known = epochs(here)
        assert {epoch for *_, epoch in known} == {1}
        before = pids(data)
        os.kill(before["broker"], signal.SIGKILL)
        wait_for(lambda: pids(data)["broker"] != before["broker"], "a broker started again", 60)
        port = int(here.environment["PACESETTER_BROKER_PORT"])
        wait_for(lambda: ports.answers(port), "a broker that answers", 60)
        win(here, 100)
        earned(here, 1100)
        assert pids(data)["worker"] == before["worker"], "the worker waits for its broker"
        assert epochs(here) == known
    with installed(data) as here:  # the folder remembers its broker
        assert here.status()["broker"] == "Apache Kafka, on disk"
        assert epochs(here) == known
        win(here, 10)
        earned(here, 1110)
        assert epochs(here) == known
        assert "Java for Apache Kafka" in here.run("doctor")
    refused = here.run("up", "--broker", "embedded", code=1)
    assert "holds the log of this installation" in refused


def _own(folder: Path) -> dict[str, str]:
    """A data folder and a port of the test's own, whatever else runs on this machine."""
    return {
        "PACESETTER_DATA_DIR": str(folder / "data"),
        "PACESETTER_BROKER_PORT": str(ports.free_port()),
    }


@pytest.mark.parametrize(("tool", "remedy"), [("java", "Java 17 or newer"), ("mvn", "Maven")])
def test_a_missing_tool_is_told_with_its_remedy(tmp_path: Path, tool: str, remedy: str) -> None:
    need_kafka()
    path = tmp_path / "bin"
    path.mkdir()
    for name in ("java", "mvn"):
        if name != tool:
            (path / name).symlink_to(shutil.which(name) or "")
    here = Installation(
        tmp_path / "data",
        {"PATH": str(path), "HOME": str(tmp_path), **_own(tmp_path)},
    )
    words = here.run("broker", code=1)
    assert remedy in words
    assert "apt install" in words
    assert "Traceback" not in words


def test_an_old_java_is_told(tmp_path: Path) -> None:
    old = tmp_path / "java"
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019' >&2\n")
    old.chmod(old.stat().st_mode | stat.S_IEXEC)
    here = Installation(tmp_path / "data", {"PATH": f"{tmp_path}:/bin", **_own(tmp_path)})
    assert "is 11" in here.run("broker", code=1)
