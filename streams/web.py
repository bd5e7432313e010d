"""What a worker answers over HTTP: is it alive, is it ready, its metrics."""

from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST

from streams.engine import metrics
from streams.engine.worker import Worker


def add_pages(app: Any, worker: Worker) -> None:
    """Give the app /livez, /readyz and /metrics."""

    @app.page("/livez")  # type: ignore[untyped-decorator]
    async def livez(web: Any, _: Any) -> Any:
        return web.json({"alive": True})

    @app.page("/readyz")  # type: ignore[untyped-decorator]
    async def readyz(web: Any, _: Any) -> Any:
        trouble = worker.trouble()
        return web.json({"ready": not trouble, "trouble": trouble}, status=503 if trouble else 200)

    @app.page("/metrics")  # type: ignore[untyped-decorator]
    async def exposition(web: Any, _: Any) -> Any:
        worker.measure()
        return web.bytes(metrics.exposition(), content_type=CONTENT_TYPE_LATEST.split(";")[0])
