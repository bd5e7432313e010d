"""`pacesetter up | demo | status | stop`: running an installation on this machine."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from infra.cli.trouble import Trouble

if TYPE_CHECKING:
    from infra.local.run_file import Run

START_SECONDS = 120.0
HISTORY_DAYS = 100  # of a demo: this quarter, whatever its day, and some of the last
STOP_SECONDS = 70.0  # workers, warehouse and Kafka end one after the other
Broker = Annotated[
    Literal["embedded", "apache"] | None,
    typer.Option(
        "--broker",
        help="embedded: log in memory. apache: Apache Kafka, log on disk (needs Java and Maven). "
        "Remembered by the data folder.",
    ),
]


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (demo, up, status, stop):
        root.command(rich_help_panel="Run it")(command)


def up(
    definitions: Annotated[
        Path | None,
        typer.Option(help="Folder of definitions to apply at the first start.", exists=True),
    ] = None,
    background: Annotated[
        bool, typer.Option("--background", help="Return once it runs; `pacesetter stop` ends it.")
    ] = False,
    broker: Broker = None,
) -> None:
    """Start broker, warehouse, worker, intake and board on this machine, and keep them running.

    The data folder and the ports come from the settings (`pacesetter config show`). Ctrl-C stops
    everything. On a machine that must not forget what it acknowledged, choose `--broker apache`.

    Example: `pacesetter up --broker apache --definitions my-company/`
    """
    from infra.local.apache import chosen
    from infra.local.supervisor import Supervisor, stop_on_signals
    from streams.settings import settings

    if background:
        more = ["--definitions", str(definitions)] if definitions else []
        _in_background(["up", *more, *(["--broker", broker] if broker else [])])
        return
    here = chosen(settings(), broker)
    supervisor = Supervisor(here, typer.echo, definitions)
    stop_on_signals(supervisor)
    with supervisor.started():
        from infra.local import banner

        typer.echo(banner.addresses(here))
        supervisor.watch()
        typer.echo("stopping ...")
    typer.echo("stopped; nothing is left running")


def demo(
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget the last demo and begin a new floor.")
    ] = False,
    seed: Annotated[int, typer.Option(help="The same seed gives the same floor.")] = 1,
    pace: Annotated[float, typer.Option(help="Events per second on the floor.", min=0.1)] = 3.0,
    days: Annotated[
        int, typer.Option(help="Days of history of a new floor; fewer start sooner.", min=1)
    ] = HISTORY_DAYS,
    broker: Broker = None,
) -> None:
    """Run everything with a simulated sales floor: a board with history that moves.

    It keeps its data in its own folder (`.pacesetter/demo`), away from yours. Ctrl-C stops
    everything and leaves nothing running.
    """
    from infra.local.demo import run_demo

    run_demo(fresh=fresh, seed=seed, pace=pace, days=days, say=typer.echo, broker=broker)


def status(
    as_json: Annotated[
        bool, typer.Option("--json", help="Addresses, pids, lag and freshness for programs.")
    ] = False,
) -> None:
    """Show what runs, where to reach it, how far behind it is and how fresh each source is.

    Exits with 0 when everything answers, 3 when something does not, 4 when nothing runs.
    """
    from infra.local.found import found_settings
    from infra.local.health import health_of

    settings = found_settings()
    health = health_of(settings.data_dir, settings)
    if as_json:
        typer.echo(json.dumps(health.as_json(), indent=1))
    else:
        typer.echo(health.as_text())
    raise typer.Exit(health.exit_code)


def stop() -> None:
    """Stop everything `pacesetter up` or `pacesetter demo` started; waits until it has ended."""
    from infra.local import run_file
    from infra.local.found import folders
    from streams.settings import settings

    runs = [(folder, run) for folder in folders(settings()) if (run := run_file.read(folder))]
    if not any(_stop_one(folder, run) for folder, run in runs):
        typer.echo("nothing runs")


def _stop_one(folder: Path, run: "Run") -> bool:
    from infra.local import run_file

    pids = [run.supervisor_pid, *(service.pid for service in run.services)]
    alive = [pid for pid in pids if run_file.is_pacesetter(pid)]
    if not alive:
        run_file.remove(folder)
        return False
    # Without its supervisor the rest are orphans of a kill; they are asked one by one.
    asked = [run.supervisor_pid] if run.is_alive() else alive
    for pid in asked:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while any(run_file.is_pacesetter(pid) for pid in pids):
        if time.monotonic() > deadline:
            left = ", ".join(str(pid) for pid in pids if run_file.is_pacesetter(pid))
            raise Trouble(f"still running after {STOP_SECONDS:.0f} s: {left}; kill them by hand")
        time.sleep(0.1)
    run_file.remove(folder)
    typer.echo(f"stopped what ran out of {folder}")
    return True


def _in_background(arguments: list[str]) -> None:
    from infra.local import run_file
    from streams.settings import settings

    folder = settings().data_dir
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    log = folder / "logs" / "up.log"
    with log.open("ab") as out:
        child = subprocess.Popen(  # noqa: S603  # our own command
            [sys.executable, "-m", "infra.cli.main", *arguments],
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if child.poll() is not None:
            from infra.local.processes import tail

            raise Trouble(f"it did not start; the end of {log}:\n{tail(log)}")
        run = run_file.read(folder)
        if run and run.supervisor_pid == child.pid and run.ready:
            typer.echo(f"running in the background as {child.pid}; its log is {log}")
            return
        time.sleep(0.2)
    raise Trouble(f"not ready after {START_SECONDS:.0f} s; see {log} and `pacesetter status`")
