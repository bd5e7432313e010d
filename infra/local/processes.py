"""Child processes: started in a group of their own, watched, stopped, never left behind."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

STOP_SECONDS = 15.0  # a worker flushes and commits in under ten; then it is killed
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Service:
    """One process of the installation.

    Attributes:
        is_ready: asked again and again after the start; raises nothing, answers within a second.
        address: where people or programs reach it, for status and the banner.
        stop_seconds: what it may take to end when asked to; then it is killed.
    """

    name: str
    argv: Sequence[str]
    address: str
    is_ready: Callable[[], bool]
    env: Mapping[str, str] = field(default_factory=dict)
    ready_seconds_max: float = 60.0
    stop_seconds: float = STOP_SECONDS


class NotReady(RuntimeError):
    """A service ended or did not answer in time; str() carries the end of its log."""


class Child:
    """A running service with its log file."""

    def __init__(self, service: Service, logs: Path) -> None:
        self.service = service
        self.log_path = logs / f"{service.name}.log"
        self.started_at = time.time()
        self._log: IO[bytes] = self.log_path.open("ab")
        self._process = subprocess.Popen(  # noqa: S603  # argv is ours, no shell
            list(service.argv),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **service.env},
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops in order
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
        )

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """Return how it ended; None while it runs."""
        return self._process.poll()

    def wait_ready(self, cancelled: Callable[[], bool] = lambda: False) -> float:
        """Return the seconds it took until the service answered, or until it no longer matters.

        Raises:
            NotReady: it ended, or did not answer in time.
        """
        began = time.monotonic()
        while not self.service.is_ready():
            if self.exit_code() is not None:
                raise NotReady(self._trouble(f"ended with code {self.exit_code()}"))
            if cancelled():
                break
            if time.monotonic() - began > self.service.ready_seconds_max:
                raise NotReady(self._trouble("did not answer in time"))
            time.sleep(0.05)
        return time.monotonic() - began

    def stop(self) -> None:
        """Ask it to end, and end it if it does not."""
        if self.exit_code() is None:
            self._signal(signal.SIGTERM)
            try:
                self._process.wait(self.service.stop_seconds)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                self._process.wait()
        self._log.close()

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return

    def _trouble(self, what: str) -> str:
        return f"{self.service.name} {what}. The end of {self.log_path}:\n{tail(self.log_path)}"


def tail(path: Path, lines: int = 12, bytes_max: int = 8192) -> str:
    """Return the last lines of a log."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - bytes_max))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])


def _die_with_parent() -> None:
    """Ask Linux to end this child when its supervisor is killed without a chance to do so."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
