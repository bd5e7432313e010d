"""Activity, deal and commission agents: batches go to the engine's worker, which settles them."""

from typing import Any

import faust

from streams.agents.guarding import Agent, guarded
from streams.engine.worker import Worker


def add_agents(app: Any, worker: Worker) -> None:
    """Give the app one agent for each topic of the worker."""
    for name in sorted(worker.topics):
        topic = app.topic(name, key_serializer="raw", value_serializer="raw")
        agent = guarded(_offering(worker), worker.die)
        app.agent(topic, name=f"batches.{name}", concurrency=1)(agent)


def _offering(worker: Worker) -> Agent:
    async def offer(stream: faust.Stream[Any]) -> None:
        async for batch in stream:
            worker.offer(batch)

    return offer
