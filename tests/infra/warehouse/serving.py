"""Warehouses for tests: an embedded one in its own process, or a real one by the environment."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import clickhouse_connect
import httpx
import pytest
from clickhouse_connect.driver.client import Client

from connectors.principals import PrincipalFile
from infra.migrations import migrate
from schemas.principals import Principal, Role
from tests.ground import laid_out

# A real ClickHouse to run the conformance suite against: http://user:password@host:8123
REAL = os.environ.get("PACESETTER_TEST_CLICKHOUSE", "")
START_SECONDS_MAX = 30
SERVICE = "pipeline"
HTTP = httpx.Client(timeout=60)  # one for all: making one costs more than most requests
PEOPLE = (
    Principal(SERVICE, Role.SERVICE),
    Principal("frida", Role.FINANCE),
    Principal("ann", Role.ANALYST),
    Principal("mona", Role.MANAGER, "r1"),
    Principal("rex", Role.REP, "r2"),
    Principal("lobby", Role.DISPLAY),
    Principal("dialer", Role.SOURCE, source="dialer"),
)


@dataclass(slots=True)
class Served:
    """A warehouse that takes connections."""

    host: str
    port: int
    tokens: dict[str, str]
    process: "subprocess.Popen[str] | None" = None
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def auth(self, name: str = SERVICE) -> tuple[str, str]:
        return name, self.tokens[name]

    def client(self, name: str = SERVICE, **options: object) -> Client:
        user, token = self.auth(name)
        options = {"autogenerate_session_id": False, **options}
        return clickhouse_connect.get_client(
            host=self.host, port=self.port, username=user, password=token, **options
        )

    def ask(self, sql: str | bytes, name: str = SERVICE, **params: str) -> httpx.Response:
        return HTTP.post(self.url, content=sql, params=params, auth=self.auth(name))

    def stop(self, how: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(20)


def start(folder: Path, *more: str, port: int = 0) -> Served:
    """Start an embedded warehouse with all kinds of principals."""
    file = PrincipalFile(folder / "principals.json")
    tokens = {person.name: file.add(person) for person in PEOPLE}
    process = launch(folder, *more, port=port)
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith("http"):
        process.kill()
        raise AssertionError(f"the warehouse did not start: {process.communicate()}")
    parts = urlsplit(line.strip())
    return Served(parts.hostname or "", parts.port or 0, tokens, process)


def launch(folder: Path, *more: str, port: int = 0) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "infra.local.warehouse", "--port", str(port)]
    command += ["--data-dir", str(folder / "data"), "--principals", str(folder / "principals.json")]
    return subprocess.Popen(
        [*command, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@contextmanager
def embedded(folder: Path, *more: str) -> Iterator[Served]:
    """Serve an embedded warehouse for the time of a block."""
    served = start(folder, *more)
    try:
        yield served
    finally:
        if served.process is not None and served.process.poll() is None:
            served.stop()


@contextmanager
def migrated(folder: Path, *more: str) -> Iterator[Served]:
    """Serve an embedded warehouse that has all tables."""
    laid_out(folder, "data")
    with embedded(folder, *more) as served:
        with served.client() as client:
            migrate(client)
        yield served


def real() -> Served:
    """Return the real ClickHouse that the environment names."""
    parts = urlsplit(REAL)
    token = unquote(parts.password or "")
    name = unquote(parts.username or "default")
    served = Served(parts.hostname or "", parts.port or 8123, {SERVICE: token})
    served.extra["user"] = name
    served.auth = lambda _=SERVICE: (name, token)  # type: ignore[method-assign,assignment]
    return served


def need(tool: str) -> str:
    """Return the path of a program; without it the test skips, in CI it fails."""
    path = shutil.which(tool)
    if path is None:
        absent(f"{tool} is not installed")
    return path or ""


def absent(why: str) -> None:
    """Skip because something a fresh machine lacks is absent; in CI fail."""
    if os.environ.get("PACESETTER_CI") == "1":
        pytest.fail(f"{why}, and CI must run this")
    pytest.skip(f"NOT RUN: {why}")


def cache_folder(name: str) -> Path:
    """Return a folder outside the repository in which a test keeps what it installed."""
    base = os.environ.get("PACESETTER_TEST_CACHE") or Path.home() / ".cache" / "pacesetter-tests"
    folder = Path(base) / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def wait_until(held: "callable", seconds: float = 10) -> None:  # type: ignore[valid-type]
    until = time.monotonic() + seconds
    while not held():
        assert time.monotonic() < until, "it did not come about in time"
        time.sleep(0.02)
