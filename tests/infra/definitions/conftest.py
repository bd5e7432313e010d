"""A real broker and a real warehouse for definitions, started once, emptied for every test."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest

from connectors.principals import PrincipalFile
from infra.definitions.applying import Applied, apply_folder
from infra.definitions.log import DefinitionLog
from infra.definitions.stored import Stored
from infra.migrations import migrate
from infra.sample import DEFINITIONS
from schemas.codec import CatalogueIds
from schemas.principals import Principal, Role
from tests.brokers import Broker, free_port

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TABLES = ("definition", "roster", "team", "person", "applied", "log", "warehouse")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the sample company that a test may change."""
    return Path(shutil.copytree(DEFINITIONS, tmp_path / "definitions"))


@pytest.fixture
def edit(folder: Path) -> Callable[[str, str, str], int]:
    """Change the first place where a file says something; returns its line."""

    def change(file: str, old: str, new: str) -> int:
        path = folder / file
        text = path.read_text("utf-8")
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new, 1), "utf-8")
        return text[: text.index(old)].count("\n") + 1

    return change


@pytest.fixture(scope="session")
def warehouse_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    home = tmp_path_factory.mktemp("warehouse")
    principals = home / "principals.json"
    token = PrincipalFile(principals).add(Principal("service", Role.SERVICE))
    command = [
        *(sys.executable, "-m", "infra.local.warehouse", "--data-dir", str(home / "data")),
        *("--principals", str(principals), "--port", "0"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        client = clickhouse_connect.get_client(
            host="127.0.0.1",
            port=int(address.rsplit(":", 1)[1]),
            username="service",
            password=token,
        )
        migrate(client)
        yield client
        client.close()
    finally:
        process.terminate()
        process.wait(20)


@dataclass
class Ground:
    """Broker, warehouse and log of one test."""

    broker: Broker
    client: Any
    log: DefinitionLog

    @property
    def stored(self) -> Stored:
        return Stored(self.client)

    def apply(self, folder: Path, **changed: Any) -> Applied:
        given = {"author": "Dana", "note": "a test", "now": NOW, **changed}
        return apply_folder(folder, client=self.client, log=self.log, **given)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.client.query(sql).result_rows]

    def markers(self) -> dict[tuple[str, int], list[int]]:
        """Return the sequences of the markers in every partition, in order."""
        found: dict[tuple[str, int], list[int]] = {}
        for topic in ("crm.calls", "crm.emails", "crm.meetings", "crm.deals", "spm.credits"):
            for partition, _, message, record in self.broker.records(topic):
                if message == "marker":
                    found.setdefault((topic, partition), []).append(record["sequence"])
        return found

    def new_log(self, epoch: int = 7) -> DefinitionLog:
        return DefinitionLog(self.broker.address, CatalogueIds(), epoch=epoch)


@pytest.fixture
def ground(warehouse_client: Any) -> Iterator[Ground]:
    client = warehouse_client
    for table in TABLES:
        client.command(f"TRUNCATE TABLE spm.{table}")
    client.command("INSERT INTO spm.warehouse (incarnation, reason) VALUES ('first', 'a test')")
    broker = Broker(free_port())
    broker.start()
    try:
        yield Ground(broker, client, DefinitionLog(broker.address, CatalogueIds(), epoch=7))
    finally:
        broker.stop()
