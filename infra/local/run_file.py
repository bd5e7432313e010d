"""The run file: what runs out of a data folder, so that status and stop find it."""

import json
import os
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

NAME = "run.json"


@dataclass(frozen=True, slots=True)
class Running:
    """One process of a running installation."""

    name: str
    pid: int
    address: str


@dataclass(frozen=True, slots=True)
class Run:
    """A running installation: its supervisor, its processes and their settings.

    Attributes:
        environment: the PACESETTER_* settings it runs with; no secrets among them.
        ready: everything has started and answered at least once.
    """

    supervisor_pid: int
    started_at: str
    environment: dict[str, str]
    ready: bool
    services: tuple[Running, ...]

    def is_alive(self) -> bool:
        """Return whether its supervisor runs."""
        return is_pacesetter(self.supervisor_pid)


def write(data_dir: Path, run: Run) -> None:
    """Write the run file, whole or not at all."""
    draft = data_dir / f".{NAME}.{os.getpid()}"
    draft.write_text(json.dumps(asdict(run), indent=1))
    draft.replace(data_dir / NAME)


def read(data_dir: Path) -> Run | None:
    """Return what runs, or last ran, out of a data folder; None when nothing ever did.

    Raises:
        ValueError: the file is damaged.
    """
    path = data_dir / NAME
    try:
        table = json.loads(path.read_text())
        services = tuple(Running(**service) for service in table.pop("services"))
        return Run(services=services, **table)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path} is damaged ({error}); remove it if nothing runs") from error


def remove(data_dir: Path) -> None:
    """Remove the run file."""
    (data_dir / NAME).unlink(missing_ok=True)


def is_pacesetter(pid: int) -> bool:
    """Return whether a process is alive and one of ours; a pid may have been handed out anew."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    command = command_of(pid)
    return any(
        word in command for word in ("pacesetter", "infra.", "streams", "tansu", "kafka.Kafka")
    )


def command_of(pid: int) -> str:
    """Return the command line of a process, empty if it has none."""
    proc = Path(f"/proc/{pid}/cmdline")
    if proc.exists():
        return proc.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    listed = subprocess.run(  # noqa: S603
        ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listed.stdout
