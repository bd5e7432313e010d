"""The lock on a data folder: one process at a time may open it."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

LOCK = "server.lock"


class DataFolderHeld(RuntimeError):
    """Another process holds the data folder."""


class DataFolder:
    """A data folder held by this process alone.

    The kernel holds the lock, so it goes with the process however that ends: a file left behind
    by a kill -9 holds nobody up.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def __enter__(self) -> Self:
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)  # facts and names lie here
        self._file = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = holder_of(self.path)
            os.close(self._file)
            raise DataFolderHeld(
                f"{self.path} is held by process {holder or 'unknown'}: stop that warehouse"
                " first, or choose another data folder"
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode(), 0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def holder_of(path: Path) -> int | None:
    """Return the pid that holds a data folder now; None when nobody does or it is not told."""
    try:
        with (path / LOCK).open("rb+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                text = file.read().strip()
                return int(text) if text.isdigit() else None
            return None
    except FileNotFoundError:
        return None
