"""The demo: an installation of its own with a simulated sales floor that has a past and moves."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, NamedTuple

from connectors.boards.link import NoLink, new_link
from infra.local import apache, banner, plan, ports, run_file
from infra.local.found import DEMO_FOLDER
from infra.local.secrets import own_token
from infra.local.supervisor import Supervisor, stop_on_signals
from streams.settings import Settings, settings

Say = Callable[[str], None]
FLOOR_FILE = "floor.json"


def run_demo(
    *,
    fresh: bool,
    seed: int,
    pace: float,
    say: Say,
    days: int,
    broker: str | None = None,
) -> None:
    """Run the demo until Ctrl-C or SIGTERM; nothing is left running.

    Args:
        days: of history that a new floor begins with; a floor that is there keeps its own.

    Raises:
        AlreadyRuns: a demo already runs.
        NotReady: a part of it did not come up.
        CannotRun: Apache Kafka was asked for, and this machine lacks what it needs.
    """
    began = time.monotonic()
    here = _settings(settings())
    _forget_if(fresh, here.data_dir)
    here = apache.chosen(here, broker)
    here.data_dir.mkdir(parents=True, exist_ok=True)
    floor = _floor(here.data_dir, seed, days)
    sample = files("infra") / "sample" / "definitions"
    with as_file(sample) as definitions:
        supervisor = Supervisor(here, say, definitions)
        stop_on_signals(supervisor)
        with supervisor.started():
            _Demo(supervisor, here, floor, say).run(pace, began)
    say("stopped; nothing is left running. `make demo` goes on where this ended")


class _Demo(NamedTuple):
    supervisor: Supervisor
    settings: Settings
    floor: list[str]  # arguments that name the floor's history
    say: Say

    def run(self, pace: float, began: float) -> None:
        is_new = not self._sent.exists()
        if is_new:
            self.say(f"a simulated sales floor: its history since {self.floor[-1]} ...")
            self._send_history()
        if not self.supervisor.is_stopping:
            arguments = ("live", "--pace", str(pace), *self.floor)
            self.supervisor.add(plan.simulator(self.settings, arguments))
            self._greet(time.monotonic() - began)
        if not is_new:
            # What happened on the floor while the demo was off; what is known changes nothing.
            threading.Thread(target=self._send_history, daemon=True).start()
        self.supervisor.watch()
        self.say("stopping ...")

    def _greet(self, seconds: float) -> None:
        self.say(banner.addresses(self.settings, _link(self.settings)))
        self.say(banner.things_to_try(self.settings))
        self.say(f"The board moves, {seconds:.0f} s after the start. Ctrl-C stops it all.")

    def _send_history(self) -> None:
        command = [sys.executable, "-m", "infra.cli.main", "simulate", "backfill", *self.floor]
        with (self.settings.data_dir / "logs" / "backfill.log").open("ab") as out:
            shown = None if sys.stdout.isatty() and not self._sent.exists() else out
            environment = {**os.environ, **plan.environment(self.settings)}
            sending = subprocess.Popen(command, env=environment, stdout=shown, stderr=shown)  # noqa: S603  # our own command
            while sending.poll() is None and not self.supervisor.is_stopping:
                time.sleep(0.1)
            if sending.poll() is None:
                sending.terminate()
            if sending.wait() == 0:
                self._sent.touch()

    @property
    def _sent(self) -> Path:
        return self.settings.data_dir / "history-sent"


def _link(here: Settings) -> str:
    address = plan.url(here, here.board_port)
    try:
        return new_link(address, own_token(here.data_dir, "service"))
    except NoLink:
        return f"{address}   (`pacesetter board link` opens it)"


def _settings(mine: Settings) -> Settings:
    """Return the demo's settings: a folder of its own, and free ports where ours are taken."""
    taken: dict[str, Any] = {
        f"{name}_port": ports.free_port()
        for name in plan.PORTS
        if not ports.is_free(getattr(mine, f"{name}_port"))
    }
    run = run_file.read(mine.data_dir / DEMO_FOLDER)
    if run and run.is_alive():
        taken = {}  # the supervisor will say that it runs already
    return Settings(data_dir=mine.data_dir / DEMO_FOLDER, **taken)


def _floor(folder: Path, seed: int, days: int) -> list[str]:
    """Return what names the floor's history, the same at every start of one demo."""
    path = folder / FLOOR_FILE
    if not path.exists():
        first = datetime.now(UTC).date() - timedelta(days=days)
        path.write_text(json.dumps({"seed": seed, "from": first.isoformat()}))
    kept = json.loads(path.read_text())
    return ["--seed", str(kept["seed"]), "--from", kept["from"]]


def _forget_if(fresh: bool, folder: Path) -> None:
    run = run_file.read(folder) if folder.exists() else None
    if fresh and not (run and run.is_alive()):
        shutil.rmtree(folder, ignore_errors=True)
