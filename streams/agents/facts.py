"""Activity, deal and commission agents: batches go to the engine's worker, which settles them."""

from typing import Any

import faust

from streams.engine.worker import Worker


def add_agents(app: Any, worker: Worker) -> None:
    """Give the app one agent for each topic of the worker."""
    for name in sorted(worker.topics):
        topic = app.topic(name, key_serializer="raw", value_serializer="raw")
        app.agent(topic, name=f"batches.{name}", concurrency=1)(_offering(worker))


def _offering(worker: Worker) -> Any:
    async def offer(stream: faust.Stream[Any]) -> None:
        async for batch in stream:
            worker.offer(batch)

    return offer
