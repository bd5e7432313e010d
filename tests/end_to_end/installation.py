"""An installation in a folder of its own on free ports, run by the same commands a person types."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from infra.local import run_file
from infra.local.health import Health, health_of
from infra.local.ports import free_port
from streams.settings import Settings
from tests.ground import ROOT, wait_for

START_SECONDS_MAX = 90  # CI runs several suites on two cores
PORTS = (
    "BROKER", "WAREHOUSE", "INTAKE", "BOARD", "METRICS", "RECONCILE", "FORECAST", "CONTESTS",
    "ALERTS", "SETTLE",
)  # fmt: skip


@dataclass(frozen=True)
class Installation:
    """What runs out of a data folder."""

    data_dir: Path
    environment: dict[str, str]

    def run(self, *arguments: str, seconds: float = 120, code: int = 0) -> str:
        """Return what a command printed; it must end with `code`."""
        done = subprocess.run(
            [sys.executable, "-m", "infra.cli.main", *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=seconds,
            check=False,
        )  # fmt: skip
        assert done.returncode == code, (
            f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
        return done.stdout + done.stderr

    def status(self) -> dict[str, Any]:
        """Return `pacesetter status --json`, whatever its exit code."""
        done = subprocess.run(
            [sys.executable, "-m", "infra.cli.main", "status", "--json"],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return dict(json.loads(done.stdout))

    def health(self) -> Health:
        """Return what `pacesetter status` tells; a loop of questions starts no process for each."""
        ports = {
            name.removeprefix("PACESETTER_").lower(): value
            for name, value in self.environment.items()
            if name.startswith("PACESETTER_") and name.endswith("_PORT")
        }
        return health_of(self.data_dir, Settings(data_dir=self.data_dir, **ports))

    def pid_of(self, name: str) -> int:
        """Return the process id of a service."""
        run = run_file.read(self.data_dir)
        assert run is not None, f"nothing ran out of {self.data_dir}"
        return next(service.pid for service in run.services if service.name == name)

    def query(self, sql: str, name: str = "finance") -> list[tuple[Any, ...]]:
        """Return what somebody is told; finance reads pay, too."""
        if name not in self._clients:
            self._clients[name] = clickhouse_connect.get_client(
                host="127.0.0.1",
                port=int(self.environment["PACESETTER_WAREHOUSE_PORT"]),
                username=name,
                password=self.token(name),
                database="spm_bi",
                autogenerate_session_id=False,
            )
        return [tuple(row) for row in self._clients[name].query(sql).result_rows]

    @cached_property
    def _clients(self) -> dict[str, Client]:
        return {}

    def url(self, name: str) -> str:
        """Return the address of a service."""
        return f"http://127.0.0.1:{self.environment[f'PACESETTER_{name.upper()}_PORT']}"

    def token(self, name: str) -> str:
        """Return one of the installation's own tokens."""
        return (self.data_dir / f"{name}.token").read_text().strip()

    def settle(self, seconds: float = 120) -> None:
        """Wait until the worker has applied everything, twice in a row."""
        quiet = 0
        end = time.monotonic() + seconds
        while quiet < 2:
            lag = self.health().lag
            assert time.monotonic() < end, f"still behind: {lag}"
            quiet = quiet + 1 if lag is not None and not any(lag.values()) else 0
            time.sleep(0.3)


@contextmanager
def installed(data_dir: Path, *arguments: str, verb: str = "up") -> Iterator[Installation]:
    """Run `pacesetter up` (or demo) until the block ends; then Ctrl-C it and see it end."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PACESETTER_")}
    environment["PACESETTER_DATA_DIR"] = str(data_dir)
    environment |= {f"PACESETTER_{name}_PORT": str(free_port()) for name in PORTS}
    # Kafka lives for a minute here: the better half of its compiler costs more than it gains.
    environment["JAVA_TOOL_OPTIONS"] = "-XX:TieredStopAtLevel=1"
    if verb != "demo":  # which has all there is; what these do has tests of its own
        for what in ("RECONCILE", "FORECAST", "SETTLE", "CONTEST", "ALERT"):
            environment[f"PACESETTER_{what}_SECONDS"] = "0"
    folder = data_dir / "demo" if verb == "demo" else data_dir
    here = Installation(folder, environment)
    log = data_dir.parent / f"{verb}.txt"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.cli.main", verb, *arguments],
            cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
    try:
        wait_for(lambda: _is_up(process, here, log, verb), f"{verb}", START_SECONDS_MAX)
        yield here
    finally:
        process.send_signal(2)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert "nothing is left running" in log.read_text()
    assert process.returncode == 0, log.read_text()


def _is_up(process: subprocess.Popen[str], here: Installation, log: Path, verb: str) -> bool:
    assert process.poll() is None, f"{verb} ended: {log.read_text()}"
    return "metrics " in log.read_text()
