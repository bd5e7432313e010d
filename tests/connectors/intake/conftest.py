"""A real intake on a free port in front of a real broker."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from connectors.principals import PrincipalFile
from connectors.sources.intake.config import IntakeConfig
from connectors.sources.intake.serving import server_of
from connectors.sources.producing import ProducerSettings
from schemas.principals import Principal, Role
from tests.brokers import Broker, free_port, running_broker


@dataclass
class Door:
    """An intake and the token of the source `crm`."""

    url: str
    token: str
    server: uvicorn.Server
    thread: threading.Thread
    broker: Broker
    principals: PrincipalFile

    def post(self, body: Any, path: str = "/v1/events", **headers: str) -> httpx.Response:
        told = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        # What it takes to trust a server costs 60 ms a request, and nobody here speaks TLS.
        content = {"content": body} if isinstance(body, bytes | str) else {"json": body}
        return httpx.post(f"{self.url}{path}", headers=told, timeout=30, verify=False, **content)  # type: ignore[arg-type]

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", timeout=30, verify=False)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(30)


def opened(config: IntakeConfig, broker: Broker) -> Door:
    principals = PrincipalFile(config.principals)
    token = principals.add(Principal("crm", Role.SOURCE, source="crm"))
    config = replace(config, port=free_port())
    server = server_of(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    assert server.started
    return Door(f"http://127.0.0.1:{config.port}", token, server, thread, broker, principals)


def config_of(folder: Path, broker: Broker, deadline_seconds: float = 5.0) -> IntakeConfig:
    return IntakeConfig(
        folder / "principals.json",
        ProducerSettings(broker.address, deadline_seconds=deadline_seconds),
    )


@pytest.fixture(scope="package")
def broker() -> Iterator[Broker]:
    with running_broker() as running:
        yield running


@pytest.fixture(scope="package")
def door(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    door = opened(config_of(tmp_path_factory.mktemp("intake"), broker), broker)
    yield door
    door.stop()
