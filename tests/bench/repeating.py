"""Something done again and again, in a thread of its own, while a block runs."""

import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Repeating(ABC):
    """Looks at something when the block begins, and every so many seconds until it ends."""

    def __init__(self, every_seconds: float) -> None:
        self._every = every_seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    @abstractmethod
    def _look(self) -> None:
        """Look once."""

    def _run(self) -> None:
        while not self._over.wait(self._every):
            self._look()
