"""Turns: rounds of alerts on one machine never overlap, whoever starts them.

Two rounds at once would tell one thing twice. Machines take turns by a lease (`leasing.py`).
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILE = "alerts.lock"
PAUSE_SECONDS = 0.2


class Busy(RuntimeError):
    """Another process has its turn."""


@contextmanager
def turn(folder: Path, seconds_max: float) -> Iterator[None]:
    """Hold the turn; the system takes it back from a process that dies.

    Raises:
        Busy: somebody else has held it for so long.
    """
    folder.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + seconds_max
    with (folder / FILE).open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Busy(f"another process looks for alerts just now ({file.name})") from None
                time.sleep(PAUSE_SECONDS)
        yield
