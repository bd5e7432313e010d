"""The gateway's web application: hooks of vendors, and what says how it does."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from connectors.sinks.schema_ids import ids_from
from connectors.sources.gateway.config import GatewayConfig
from connectors.sources.gateway.door import PREFIX, Door
from connectors.sources.gateway.hooks import Hooks
from connectors.sources.gateway.measuring import Measures
from connectors.sources.producing import EventProducer
from connectors.sources.runtime.log import Kafka, ensure
from schemas import topics
from schemas.warehouse import Unavailable

log = logging.getLogger(__name__)

READY_SECONDS_MAX = 2.0  # how long a probe waits for the broker, and how long its answer holds
LOOK_SECONDS = 2.0  # how soon a new source's log is made


class Gateway:
    """The application. Its producer lives from startup to shutdown."""

    def __init__(self, config: GatewayConfig) -> None:
        self._config = config
        self._hooks = Hooks(config.sources)
        self.measures = Measures()
        self._producer: EventProducer | None = None
        self._door: Door | None = None
        self._ready: tuple[float, str] = (float("-inf"), "not asked yet")
        self._made: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live from startup to shutdown."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] == "http":
            if scope["path"].startswith(PREFIX) and self._door is not None:
                await self._door(scope, receive, send)
            else:
                response = await self._plain(scope["path"])
                await response(scope, receive, send)

    async def _plain(self, path: str) -> Response:
        if path == "/livez":
            return PlainTextResponse("ok\n")
        if path == "/readyz":
            at, told = self._ready
            if time.monotonic() - at > READY_SECONDS_MAX:
                told = await asyncio.to_thread(self._unready_because)
                self._ready = (time.monotonic(), told)
            return PlainTextResponse(f"{told or 'ok'}\n", 503 if told else 200)
        if path == "/metrics":
            text = generate_latest(self.measures.registry)
            return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})
        return PlainTextResponse("POST /hooks/<source>\n", 404)

    def _unready_because(self) -> str:
        assert self._producer is not None
        wanted = [topics.raw(name) for name in self._hooks.names()]
        try:
            missing = self._producer.missing_topics(wanted, READY_SECONDS_MAX)
        except ConnectionError as error:
            return str(error)
        return f"missing topics {', '.join(missing)}" if missing else ""

    @asynccontextmanager
    async def _life(self) -> AsyncIterator[None]:
        ids = ids_from(self._config.registry_url)
        self._producer = EventProducer(self._config.kafka, ids)
        self._door = Door(self._config, self._hooks, self._producer, ids, self.measures)
        kafka = self._config.kafka
        reach = {**kafka.extra, "bootstrap.servers": kafka.bootstrap_servers, "log_level": 0}
        making = asyncio.create_task(self._make(Kafka(reach, ids, self._config.replication)))
        try:
            yield
        finally:
            making.cancel()
            left = await asyncio.to_thread(self._producer.close)
            if left:
                log.warning("stopped with %d pushes unacknowledged; their senders know", left)

    async def _make(self, kafka: Kafka) -> None:
        """Make the logs of sources as they are added; until then their pushes get 503."""
        while True:
            for name in set(self._hooks.names()) - self._made:
                try:
                    await asyncio.to_thread(ensure, kafka, name)
                    self._made.add(name)
                except Unavailable as error:
                    log.warning("%s: %s", name, error)
            await asyncio.sleep(LOOK_SECONDS)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._life():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


def create_app(config: GatewayConfig) -> Gateway:
    """Return the gateway's application."""
    return Gateway(config)
