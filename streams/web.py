"""What a worker answers over HTTP: is it alive, is it ready, its metrics."""

from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST

from streams.engine import metrics
from streams.engine.gauges import measure
from streams.engine.sighting import trouble_of
from streams.engine.watchdog import Watchdog
from streams.engine.worker import Worker


def add_pages(app: Any, worker: Worker, watchdog: Watchdog) -> None:
    """Give the app /livez, /readyz and /metrics."""

    @app.page("/livez")  # type: ignore[untyped-decorator]
    async def livez(web: Any, _: Any) -> Any:
        # Whether it makes progress is the watchdog's to judge, which ends the process itself.
        waits = worker.waits.current()
        return web.json({"alive": True, "still_seconds": watchdog.still_seconds(), "waits": waits})

    @app.page("/readyz")  # type: ignore[untyped-decorator]
    async def readyz(web: Any, _: Any) -> Any:
        trouble = trouble_of(worker)
        return web.json({"ready": not trouble, "trouble": trouble}, status=503 if trouble else 200)

    @app.page("/metrics")  # type: ignore[untyped-decorator]
    async def exposition(web: Any, _: Any) -> Any:
        measure(worker)
        metrics.STILL.set(watchdog.still_seconds())
        return web.bytes(metrics.exposition(), content_type=CONTENT_TYPE_LATEST.split(";")[0])
