"""A source at work: stand-in, gateway, loops and a real broker, and what came out of it."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from confluent_kafka import Consumer, TopicPartition

from connectors.sources.gateway.config import GatewayConfig
from connectors.sources.gateway.serving import server_of
from connectors.sources.producing import EventProducer, ProducerSettings
from connectors.sources.runtime.folder import HOOK, Source, Sources, secret_fields
from connectors.sources.runtime.log import Kafka
from connectors.sources.runtime.running import Ground, Running, hook_url
from connectors.sources.vendors.contract import Request
from connectors.sources.vendors.registry import vendor
from infra.local.ports import free_port
from infra.sources.asking import made_secret
from schemas import codec, topics
from schemas.codec import CatalogueIds
from schemas.warehouse import Unavailable
from tests.brokers import Broker
from tests.connectors.vendors.standin import Standin

PUBLIC = "https://hooks.example.com"
IDS = CatalogueIds()
POLL_SECONDS = 0.3
Message = tuple[str, dict[str, Any]]


def no_warehouse() -> Any:
    raise Unavailable("there is no warehouse here")


class Floor:
    """What stands in crm.* so far: the messages of each entity in their order.

    Args:
        standin: may name records as its vendor does, where numbers are no ids there: by `id_of`
            a kind and a number, or by `known_as` a number.
    """

    def __init__(self, address: str, standin: Standin) -> None:
        known_as = getattr(standin, "known_as", str)
        self._named = getattr(standin, "id_of", lambda kind, record_id: known_as(record_id))
        self._consumer = Consumer(
            {"bootstrap.servers": address, "group.id": "trial", "enable.auto.commit": False,
             "auto.offset.reset": "earliest", "log_level": 0}
        )  # fmt: skip
        places = [
            TopicPartition(topic.name, number, 0)
            for topic in topics.FACTS
            for number in range(topic.partitions or 4)
        ]
        self._consumer.assign(places)
        self.messages: dict[str, list[Message]] = defaultdict(list)

    def read(self, seconds: float = 0.1) -> None:
        for one in self._consumer.consume(500, seconds):
            if not one.error():
                message = codec.decode(one.value(), IDS)
                self.messages[message[1]["entity_id"]].append(message)

    def of(self, kind: str, source: str, source_id: str) -> list[Message]:
        """Return the messages of one record, whatever entity it is of."""
        source_id = self._named(kind, source_id)
        return [
            (message, record)
            for told in self.messages.values()
            for message, record in told
            if (message, record["source"]) == (kind, source) and source_id in record["source_id"]
        ]

    def now(self, kind: str, source: str, source_id: str) -> dict[str, Any] | None:
        """Return how a record stands: the greatest revision counts."""
        told = [record for _, record in self.of(kind, source, source_id)]
        return max(told, key=lambda record: record["revision"], default=None)

    def close(self) -> None:
        self._consumer.close()


class Trial:
    """One vendor's source with all that serves it."""

    def __init__(self, name: str, standin: Standin, broker: Broker, folder: Path) -> None:
        self.name, self.standin, self.broker = name, standin, broker
        self.vendor = vendor(name)
        self.sources = Sources(folder / "sources")
        self.secret = made_secret()
        hidden = secret_fields(self.vendor.settings)
        given = dict(standin.settings)
        if self.vendor.secret_field:
            self.secret = str(given[self.vendor.secret_field])
        secrets = {k: str(v) for k, v in given.items() if k in hidden}
        plain = {k: v for k, v in given.items() if k not in hidden}
        self.source = Source(name, name, plain, poll_seconds=POLL_SECONDS)
        self.sources.add(self.source, {**secrets, HOOK: self.secret})
        self.source = self.sources.read(name)
        self.url = hook_url(PUBLIC, name)
        self._gateway()
        self.running: Running | None = None
        self.start()
        self.floor = Floor(broker.address, standin)

    def start(self) -> None:
        """Let the loops work."""
        settings = ProducerSettings(self.broker.address, deadline_seconds=5.0)
        self._producer = EventProducer(settings, IDS)
        kafka = Kafka({"bootstrap.servers": self.broker.address, "log_level": 0}, IDS)
        ground = Ground(self.sources, kafka, self._producer, no_warehouse, "")
        self.running = Running(ground, self.sources.read(self.name))

    def rest(self) -> None:
        """Stop the loops."""
        if self.running is not None:
            self.running.stop()
            self._producer.close(0.1)
            self.running = None

    def close(self) -> None:
        self.rest()
        self._server.should_exit = True
        self._thread.join(20)
        self.floor.close()

    def post(self, request: Request) -> httpx.Response:
        """Send a push to the gateway as the vendor would."""
        return httpx.request(
            request.method, f"http://127.0.0.1:{self.port}{request.target}",
            headers=dict(request.headers), content=request.body, verify=False, timeout=20,
        )  # fmt: skip

    def pushed(self) -> list[Request]:
        """Return what the vendor would push now."""
        return self.standin.pushes(self.url, self.secret)

    def push(self) -> list[Request]:
        """Send all that the vendor would push now, again until it is taken."""
        sent = self.pushed()
        for request in sent:
            self.take(request)
        return sent

    def take(self, request: Request, seconds: float = 20.0) -> None:
        until = time.monotonic() + seconds
        while (answer := self.post(request)).status_code >= 500 and time.monotonic() < until:
            time.sleep(0.2)
        assert answer.is_success, (answer.status_code, answer.text)

    def until(self, what: Callable[[], Any], seconds: float = 15.0) -> Any:
        """Return what a question is answered with, once it is true."""
        until = time.monotonic() + seconds
        while not (found := what()):
            if time.monotonic() > until:
                raise AssertionError(f"it never came to pass; {self.trouble()}")
            self.floor.read()
        return found

    def settled(self, seconds: float = 1.2) -> None:
        """Wait until some rounds of listing have passed, and nothing is to be read."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.floor.read()
        assert self.running is not None
        state = self.running.world.state()
        try:
            self.until(lambda: not state.wanted(int(time.time() * 1000), 1))
        finally:
            state.close()

    def settled_without_vendor(self, seconds: float = 2.0) -> None:
        """Let time pass in which the vendor is away."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.floor.read()

    def again(self) -> None:
        """Begin anew on a broker that has lost its memory."""
        self.start()
        self.floor = Floor(self.broker.address, self.standin)

    def trouble(self) -> str:
        if self.running is None:
            return "it rests"
        state = self.running.world.state()
        try:
            aside = [one.detail for one in state.aside(5)]
            loops = ("asking", "mapping", "listening")
            troubles = [state.get(f"trouble.{n}") for n in loops]
            last = [told[-1] for told in self.floor.messages.values()][-4:]
            return f"{troubles}; set aside {aside}; the newest are {last}"
        finally:
            state.close()

    def aside(self) -> int:
        assert self.running is not None
        state = self.running.world.state()
        try:
            return int(state.counts()["aside"])
        finally:
            state.close()

    def _gateway(self) -> None:
        self.port = free_port()
        kafka = ProducerSettings(self.broker.address, deadline_seconds=3.0)
        config = GatewayConfig(self.sources, kafka, PUBLIC, port=self.port)
        self._server: uvicorn.Server = server_of(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        until = time.monotonic() + 10
        while not self._server.started and time.monotonic() < until:
            time.sleep(0.01)
        assert self._server.started


@contextmanager
def trial(name: str, make: Callable[[], Standin], broker: Broker, folder: Path) -> Iterator[Trial]:
    standin = make()
    standin.start()
    try:
        one = Trial(name, standin, broker, folder)
        try:
            yield one
        finally:
            one.close()
    finally:
        standin.stop()
