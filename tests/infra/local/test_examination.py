"""The doctor finds what keeps an installation from running, and names the remedy."""

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from infra.local import examination, health, run_file
from infra.local.examination import Level, examine
from infra.local.ports import free_port
from infra.local.run_file import Run, Running
from streams.settings import Settings
from tests.ground import wait_for


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    ports = {f"{name}_port": free_port() for name in ("broker", "warehouse", "intake", "board")}
    return Settings(data_dir=tmp_path, metrics_port=free_port(), **ports)  # type: ignore[arg-type]


@contextmanager
def _somebody() -> Iterator[int]:
    """A process that looks like one of ours."""
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)  # pacesetter"])
    try:
        # Linux shows the command line of a process a moment after it has begun.
        wait_for(lambda: "pacesetter" in run_file.command_of(sleeper.pid), "its command line")
        yield sleeper.pid
    finally:
        sleeper.kill()
        sleeper.wait()


def wrong(settings: Settings) -> dict[str, str]:
    return {f.what: f.remedy for f in examine(settings) if f.level is Level.WRONG}


def test_a_machine_where_nothing_runs_yet_is_healthy(settings: Settings) -> None:
    assert wrong(settings) == {}


def test_a_port_in_use_is_named_with_one_that_is_free(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.board_port))
        taken.listen()
        [(what, remedy)] = wrong(settings).items()
    assert f"port {settings.board_port} for the board" in what
    assert "PACESETTER_BOARD_PORT=" in remedy


def test_left_over_processes_that_hold_the_data_folder_are_named(settings: Settings) -> None:
    with _somebody() as pid:
        services = (Running("worker", pid, ""),)
        run_file.write(settings.data_dir, Run(2**22 - 1, "2026-01-01", {}, True, services))
        [(what, remedy)] = wrong(settings).items()
    assert f"worker {pid}" in what
    assert remedy == "pacesetter stop"


def test_a_folder_nobody_may_write_to(settings: Settings, monkeypatch: Any) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    assert "cannot be written to" in next(iter(wrong(settings)))


class _Usage(NamedTuple):
    free: int


def test_a_full_disk(settings: Settings, monkeypatch: Any) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage(100 << 20))
    assert "0.1 GB free" in next(iter(wrong(settings)))


def test_a_missing_extra(settings: Settings, monkeypatch: Any) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "chdb" else found(name)
    )
    assert wrong(settings) == {
        "the embedded warehouse is not installed": "pip install 'pacesetter[embedded]'"
    }


def test_a_setting_nobody_knows(settings: Settings, monkeypatch: Any) -> None:
    monkeypatch.setenv("PACESETTER_BORD_PORT", "1")
    assert "PACESETTER_BORD_PORT is no setting" in wrong(settings)


def test_services_that_should_answer_and_do_not(settings: Settings) -> None:
    with _somebody() as pid:
        run_file.write(settings.data_dir, Run(pid, "2026-01-01", {}, True, ()))
        told = wrong(settings)
    assert any(what.startswith(f"broker at {settings.kafka_bootstrap}") for what in told)
    assert any(what.startswith(f"warehouse at {settings.warehouse_url}") for what in told)


def test_two_clocks_that_disagree(settings: Settings, monkeypatch: Any) -> None:
    monkeypatch.setattr(health, "warehouse_clock", lambda _: examination.time.time() - 90)
    [(what, remedy)] = wrong(settings).items()
    assert "its clock is -90.0 s off ours" in what
    assert "NTP" in remedy


def test_pay_runs_that_wait(settings: Settings, monkeypatch: Any) -> None:
    monkeypatch.setattr(health, "pay_runs_left", lambda _: 2)
    [(what, remedy)] = wrong(settings).items()
    assert what.startswith("2 of payroll's acts wait")
    assert remedy == "pacesetter payroll run"
