"""What survives: kill -9 under inserts, a stop, a second server, a lock left behind."""

import os
import signal
import threading
import time
from pathlib import Path

import httpx
import pytest

from infra.local.warehouse.lock import DataFolder, DataFolderHeld, holder_of
from tests.infra.warehouse import serving
from tests.infra.warehouse.serving import REAL, Served

pytestmark = pytest.mark.skipif(bool(REAL), reason="the embedded server's own process")
ROWS_PER_INSERT = 500
TABLE = (
    "CREATE TABLE IF NOT EXISTS t (writer UInt8, n UInt64) ENGINE = MergeTree ORDER BY (writer, n)"
)
FSYNC = " SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"


def write(served: Served, writer: int, acknowledged: list[int]) -> None:
    """Insert until the server is gone; keep what it has acknowledged."""
    with httpx.Client(timeout=20, auth=served.auth(), verify=False) as http:
        for n in range(10_000):
            rows = "".join(f"{writer},{n * ROWS_PER_INSERT + k}\n" for k in range(ROWS_PER_INSERT))
            try:
                answer = http.post(
                    served.url, params={"query": "INSERT INTO t FORMAT CSV"}, content=rows
                )
            except httpx.TransportError:
                return
            assert answer.status_code == 200, answer.text
            acknowledged.append(n)


@pytest.mark.slow
def test_every_acknowledged_row_survives_kill_9(tmp_path: Path) -> None:
    acknowledged: list[list[int]] = [[], []]
    served = serving.start(tmp_path)
    assert served.ask(TABLE + FSYNC).status_code == 200
    writers = [threading.Thread(target=write, args=(served, w, acknowledged[w])) for w in (0, 1)]
    for thread in writers:
        thread.start()
    serving.wait_until(lambda: all(len(kept) > 10 for kept in acknowledged), 30)
    served.stop(signal.SIGKILL)
    for thread in writers:
        thread.join()
    begun = time.monotonic()
    again = serving.start(tmp_path)
    assert time.monotonic() - begun < 20
    try:
        for writer, kept in enumerate(acknowledged):
            rows = len(kept) * ROWS_PER_INSERT
            sql = f"SELECT count() FROM t WHERE writer = {writer} AND n < {rows}"
            assert again.ask(sql).text == f"{rows}\n"
            assert again.ask("SELECT count() - uniqExact(writer, n) FROM t").text == "0\n"
    finally:
        again.stop()


def test_a_stop_is_clean_and_quick(tmp_path: Path) -> None:
    served = serving.start(tmp_path)
    served.ask(TABLE)
    served.ask("INSERT INTO t VALUES (1, 1)")
    answers: list[int] = []
    running = threading.Thread(
        target=lambda: answers.append(served.ask("SELECT sleep(1)").status_code)
    )
    running.start()
    time.sleep(0.4)
    begun = time.monotonic()
    assert served.stop() == 0
    assert time.monotonic() - begun < 5
    running.join()
    assert answers == [200]  # what ran was let finish
    again = serving.start(tmp_path)
    try:
        assert again.ask("SELECT count() FROM t").text == "1\n"
    finally:
        again.stop()


def test_a_second_server_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    with serving.embedded(tmp_path) as served:
        assert served.process is not None
        second = serving.launch(tmp_path)
        _, said = second.communicate(timeout=20)
        assert second.returncode == 1
        assert f"held by process {served.process.pid}" in said
        assert holder_of(tmp_path / "data") == served.process.pid
        assert served.ask("SELECT 1").text == "1\n"


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    with serving.embedded(tmp_path / "one") as served:
        second = serving.launch(tmp_path / "two", port=served.port)
        _, said = second.communicate(timeout=20)
        assert second.returncode == 1
        assert "choose another port" in said


def test_a_lock_left_behind_holds_nobody_up(tmp_path: Path) -> None:
    (tmp_path / "server.lock").write_text("999999")
    assert holder_of(tmp_path) is None
    with DataFolder(tmp_path):
        assert (tmp_path / "server.lock").read_text() == str(os.getpid())
        with pytest.raises(DataFolderHeld, match=str(os.getpid())), DataFolder(tmp_path):
            raise AssertionError("two hold it")
    with DataFolder(tmp_path):
        pass


def test_the_folder_is_the_owners_alone(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "new"):
        assert (tmp_path / "new").stat().st_mode & 0o077 == 0
