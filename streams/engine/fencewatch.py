"""A warehouse that became another one under an idle worker: nothing it inserts would tell it."""

import asyncio
from typing import Any

from schemas.warehouse import Fenced, Unavailable

LOOK_SECONDS = 5.0  # a restored warehouse is filled again from Kafka that soon on a silent floor


async def watch_warehouse(worker: Any) -> None:
    """Let a worker start again once the warehouse is not the one it started from."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        started = worker.preparation.now
        if started is None or not worker.states:
            continue  # being prepared; it reads what is
        try:
            await asyncio.to_thread(worker.memory.ask, started)
        except Unavailable:
            continue  # a wait of those that want something of it
        except Fenced as fence:
            if worker.preparation.now is started and worker.states:
                await worker.begin_again(fence)
