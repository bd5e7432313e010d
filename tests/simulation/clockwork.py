"""Time and threads of the simulation: one loop whose clock stands still unless nobody has to work.

What the engine hands to its threads runs as a greenlet that gives way at every call to the outside.
So all interleavings of workers are possible, each is decided by the seed, and none needs a second.
A process that is killed never comes back from the call in which it was.
"""

import asyncio
import contextvars
import selectors
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

_actor: contextvars.ContextVar["Actor"] = contextvars.ContextVar("actor")
NEVER = 1e9


@dataclass(eq=False)
class Actor:
    """A process: what it does ends with it."""

    name: str
    is_dead: bool = False
    slow: float = 0.0  # seconds by which each of its calls may take longer
    tasks: set["asyncio.Task[Any]"] = field(default_factory=set)
    _places: dict[Any, asyncio.Semaphore] = field(default_factory=dict)

    def kill(self) -> None:
        """End it at once, wherever it is."""
        self.is_dead = True
        for task in list(self.tasks):
            task.cancel()

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Run something as part of this process."""
        context = contextvars.copy_context()
        context.run(_actor.set, self)
        return context.run(asyncio.get_running_loop().create_task, coroutine)

    async def in_thread(self, pool: Any, function: Callable[..., Any], *args: Any) -> Any:
        """Run a function the way a thread of a pool would: so many at a time."""
        threads = pool._max_workers if pool else 1
        async with self._places.setdefault(pool, asyncio.Semaphore(threads)):
            thread = greenlet(function)
            try:
                found = thread.switch(*args)
                while not thread.dead:
                    await asyncio.sleep(found)
                    found = thread.switch()
            except asyncio.CancelledError:
                thread.throw(GreenletExit)
                raise
            return found


def pause(seconds: float) -> None:
    """Let time pass in the middle of a function; others go on meanwhile."""
    parent = getcurrent().parent
    if parent is not None:
        parent.switch(seconds)


class _Selector(selectors.SelectSelector):
    """Waits for nothing: the clock jumps to when something is due."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("nothing will ever happen again")
        self.now += max(timeout, 0.0)
        return []


class Loop(asyncio.SelectorEventLoop):
    """An event loop in simulated time."""

    def __init__(self) -> None:
        self._hands = _Selector()
        super().__init__(self._hands)
        self.set_task_factory(_owned)

    def time(self) -> float:
        return self._hands.now

    def run_in_executor(self, pool: Any, function: Any, *args: Any) -> Any:
        actor = _actor.get()
        # A thread goes on when the one who waits for it no longer does.
        return asyncio.shield(actor.spawn(actor.in_thread(pool, function, *args)))


def _owned(loop: Any, coroutine: Any, **options: Any) -> "asyncio.Task[Any]":
    task = asyncio.Task(coroutine, loop=loop, **options)
    actor = _actor.get(None)
    if actor is not None:
        actor.tasks.add(task)
        task.add_done_callback(actor.tasks.discard)
        if actor.is_dead:
            task.cancel()
    return task
