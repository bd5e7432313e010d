"""No exception leaves an agent: Faust would acknowledge what it was working on and go on."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

Agent = Callable[[Any], Awaitable[None]]

log = logging.getLogger(__name__)


def guarded(agent: Agent, end: Callable[[str], None]) -> Agent:
    """Return an agent that ends the process when it meets something nobody foresaw."""

    @wraps(agent)
    async def run(stream: Any) -> None:
        try:
            await agent(stream)
        except (asyncio.CancelledError, GeneratorExit):
            raise  # the app stops, or its partitions move
        except BaseException:
            log.exception("an agent met something nobody foresaw")
            end("an agent failed")

    return run
