"""Tasks of a worker on its event loop: one that fails ends the process, unless it is ending."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

log = logging.getLogger(__name__)


class Tasks:
    """Tasks that run beside each other; nobody waits for most of them."""

    def __init__(self, die: Callable[[str], None]) -> None:
        self._die = die
        self._running: set[asyncio.Task[None]] = set()
        self._is_ending = False

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run something as a task of its own."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._running.add(task)
        task.add_done_callback(self._finished)
        return task

    def end(self) -> None:
        """From here on the consumer closes: what needs it fails, and nothing is settled by that."""
        self._is_ending = True

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        if task.cancelled() or task.exception() is None:
            return
        if self._is_ending:
            log.warning("a task of the engine ended with the worker: %r", task.exception())
            return
        log.error("a task of the engine failed", exc_info=task.exception())
        self._die("a task failed")
