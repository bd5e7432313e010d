"""One warehouse with all tables, made once for all processes of a run and copied by each test."""

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

HOME = "PYTEST_WAREHOUSE_TABLES"  # environment: the run's folder


@contextmanager
def kept() -> Iterator[None]:
    """Keep what is made for as long as the block runs; a process of xdist has that of its run."""
    if HOME in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="pacesetter-tables-") as home:
        os.environ[HOME] = home
        yield
    del os.environ[HOME]


def once(make: Callable[[Path], Path]) -> Path:
    """Return what `make` made in a folder: the first to want it makes it, all others wait."""
    home = Path(os.environ[HOME])
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = home / "made"
        if not made.exists():
            make(Path(tempfile.mkdtemp(dir=home))).rename(made)
        return made
