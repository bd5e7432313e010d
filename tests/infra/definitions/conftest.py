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
from confluent_kafka import Consumer, KafkaError, TopicPartition

from connectors.principals import PrincipalFile
from infra.definitions.applying import Applied, apply_folder
from infra.definitions.log import DefinitionLog
from infra.definitions.stored import Stored
from infra.migrations import migrate
from infra.sample import DEFINITIONS
from schemas import codec
from schemas.codec import CatalogueIds
from schemas.principals import Principal, Role
from streams.settings import settings
from tests.brokers import PARTITIONS, Broker, free_port
from tests.emptying import emptied
from tests.ground import laid_out

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MARKED = ("crm.calls", "crm.emails", "crm.meetings", "crm.deals", "spm.credits")
TABLES = ("definition", "roster", "team", "membership", "rep_team", "person", "applied",
          "log", "warehouse", "planning", "quota", "plan_curve", "calendar_day",
          "kpi_rep_day", "credit", "commission_ledger", "pay_run")  # fmt: skip

SMALL = {
    "company": "{name: Small, reporting_currency: EUR, time_zone: UTC}",
    "roster": "teams: [{team_id: all, name: Everybody}]\n"
    "reps:\n"
    "- {rep_id: r1, history: [{valid_from: 2026-01-01, team_id: all, time_zone: UTC}]}\n"
    "- {rep_id: r2, history: [{valid_from: 2026-01-01, team_id: all, time_zone: UTC}]}\n",
    "people": "people: [{rep_id: r1, name: Ada One}, {rep_id: r2, name: Ben Two}]",
    "identities": "identities: [{source: api, user_id: '1', rep_id: r1},"
    " {source: api, user_id: '2', rep_id: r2}]",
    "calendars": "calendars: []",
    "rates": "rates: [{base: USD, quote: EUR, on: 2026-01-01, rate: 0.9}]",
    "quotas": "quotas: []",
    "measures": "measures: [{measure: calls, of: call, rule: calls, unit: COUNT, label: Calls,"
    " description: all of them}]",
    "leave": "leave: []",
    "kpis": "kpis: []",
    "plans": "plans: []",
    "territories": "territories: []",
    "credits": "manual_credits: []",
    "scorecards": "scorecards: []",
    "accounting": "policies: []",
    "payroll": "periods: []",
    "alerts": "rules: []",
    "contests": "contests: []",
}


Edit = Callable[[str, str, str], int]


class Crash(Exception):
    """The process dies here."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the sample company that a test may change."""
    return Path(shutil.copytree(DEFINITIONS, tmp_path / "definitions"))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Two reps with all there is to a company, for tests that apply again and again."""
    folder = tmp_path / "small"
    folder.mkdir()
    for name, text in SMALL.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


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


@pytest.fixture(scope="package")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, str, str]]:
    home = tmp_path_factory.mktemp("warehouse")
    laid_out(home, "data")
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
        yield client, address, token
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
    address: str = ""
    token: str = ""

    @property
    def stored(self) -> Stored:
        return Stored(self.client)

    def apply(self, folder: Path, **changed: Any) -> Applied:
        given = {"author": "Dana", "note": "a test", "now": NOW, **changed}
        return apply_folder(folder, client=self.client, log=self.log, **given)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.client.query(sql).result_rows]

    def revisions(self) -> list[str]:
        """Return the kinds of all records in spm.definitions, in order."""
        return [r["kind"] for _, _, r in self._all([TopicPartition("spm.definitions", 0, 0)])]

    def markers(self) -> dict[tuple[str, int], list[int]]:
        """Return the sequences of the markers in every partition, in order."""
        found: dict[tuple[str, int], list[int]] = {}
        wanted = [TopicPartition(t, p, 0) for t in MARKED for p in range(PARTITIONS)]
        for partition, message, record in self._all(wanted):
            assert message == "marker"
            found.setdefault(partition, []).append(record["sequence"])
        return found

    def _all(
        self, wanted: list[TopicPartition]
    ) -> Iterator[tuple[tuple[str, int], str, codec.Record]]:
        consumer = Consumer(
            {
                "bootstrap.servers": self.broker.address,
                "group.id": "test",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 20,
                "log_level": 0,
            }
        )
        for each in wanted:
            consumer.get_watermark_offsets(each, timeout=10)  # knows the leaders before it reads
        consumer.assign(wanted)
        ended: set[tuple[str, int]] = set()
        while len(ended) < len(wanted):
            got = consumer.poll(10)
            place = (got.topic(), got.partition())
            if got.error():
                assert got.error().code() == KafkaError._PARTITION_EOF
                ended.add(place)
            else:
                yield place, *codec.decode(got.value(), CatalogueIds())
        consumer.close()

    def new_log(self, epoch: int = 7) -> DefinitionLog:
        return DefinitionLog(self.broker.address, CatalogueIds(), epoch=epoch)


@pytest.fixture
def ground(warehouse: tuple[Any, str, str]) -> Iterator[Ground]:
    client, address, token = warehouse
    emptied(client, TABLES)
    client.command("INSERT INTO spm.warehouse (incarnation, reason) VALUES ('first', 'a test')")
    broker = Broker(free_port())
    broker.start()
    try:
        log = DefinitionLog(broker.address, CatalogueIds(), epoch=7)
        yield Ground(broker, client, log, address, token)
    finally:
        broker.stop()


@pytest.fixture
def installed(ground: Ground, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Ground]:
    """The settings of an installation that has this ground."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PACESETTER_KAFKA_BOOTSTRAP", ground.broker.address)
    monkeypatch.setenv("PACESETTER_WAREHOUSE_URL", ground.address)
    monkeypatch.setenv("PACESETTER_WAREHOUSE_TOKEN", ground.token)
    topic_id = ground.log.identity().topic_id
    ground.client.command(
        "INSERT INTO spm.log (cluster_id, topic, topic_id, epoch, state)"
        f" VALUES ('pacesetter-test', 'spm.definitions', '{topic_id}', 7, 'open')"
    )
    settings.cache_clear()
    yield ground
    settings.cache_clear()
