"""The supervisor: starts the embedded installation in order, keeps it running, stops all of it.

Whatever ends is started again with a growing pause. The embedded broker is different: its log is
gone with it, so whoever writes or reads is stopped, a new epoch is opened, and then all of them
start again. Apache Kafka comes back with the same log, and the others wait for it.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from infra.local import apache, ground, plan, ports, run_file
from infra.local.processes import Child, Service
from infra.local.run_file import Run, Running
from infra.local.secrets import ensure_tokens
from streams.settings import Settings

WATCH_SECONDS = 0.2
RESTART_SECONDS_MAX = 30.0  # a crash loop must not eat the machine
STABLE_SECONDS = 60.0  # who ran that long starts with a short pause again
Say = Callable[[str], None]


class AlreadyRuns(RuntimeError):
    """Something already runs out of this data folder or on one of its ports."""


class Supervisor:
    """Runs one embedded installation out of one data folder."""

    def __init__(self, settings: Settings, say: Say, definitions: Path | None = None) -> None:
        self._settings, self._say, self._definitions = settings, say, definitions
        self._children: dict[str, Child] = {}
        self._extra: list[Service] = []
        self._pauses: dict[str, float] = {}
        self._stopping = threading.Event()
        self._ready = False
        self._logs = settings.data_dir / "logs"
        self._started_at = datetime.now(UTC).isoformat(timespec="seconds")

    def stop(self) -> None:
        """Ask run() to stop everything and return; safe from a signal handler."""
        self._stopping.set()

    @property
    def is_stopping(self) -> bool:
        """Return whether stop() was called."""
        return self._stopping.is_set()

    @contextmanager
    def started(self) -> Iterator["Supervisor"]:
        """Start everything; stop everything at the end, whatever happens in between.

        Raises:
            AlreadyRuns: the data folder or a port is taken.
            NotReady: a service did not come up.
            CannotRun: Apache Kafka was asked for, and this machine lacks what it needs.
        """
        self._refuse_if_taken()
        self._logs.mkdir(parents=True, exist_ok=True)
        try:
            ensure_tokens(self._settings.data_dir)
            self._start_ground()
            if not self.is_stopping:
                self._start_pipeline()
            yield self
        finally:
            self._stop_all()

    def add(self, service: Service) -> None:
        """Start one more service and keep it running with the others."""
        self._extra.append(service)
        self._start(service).wait_ready(self._stopping.is_set)
        self._note()

    def watch(self) -> None:
        """Keep everything running until stop() is called."""
        while not self._stopping.wait(WATCH_SECONDS):
            self._take_up_sources()
            for name, child in list(self._children.items()):
                code = child.exit_code()
                if code is not None:
                    self._revive(name, child, code)
                    break

    def _take_up_sources(self) -> None:
        """Start what serves vendors' systems once the first of them is added."""
        if plan.SOURCES in self._children or not has_sources(self._settings.data_dir):
            return
        for service in (plan.gateway, plan.sources):
            self._start(service(self._settings))
        self._say("gateway and sources are started")

    def _refuse_if_taken(self) -> None:
        run = run_file.read(self._settings.data_dir)
        if run and run.is_alive():
            raise AlreadyRuns(
                f"{self._settings.data_dir} is in use by process {run.supervisor_pid}; "
                "`pacesetter status` shows it, `pacesetter stop` ends it"
            )
        for name in plan.PORTS:
            port = getattr(self._settings, f"{name}_port")
            if not ports.is_free(port):
                raise AlreadyRuns(
                    f"port {port} for the {name} is in use; set {name}_port in pacesetter.toml or "
                    f"PACESETTER_{name.upper()}_PORT to a free one such as {ports.free_port()}"
                )

    def _start_ground(self) -> None:
        began = time.monotonic()
        for service in (self._broker(), plan.warehouse(self._settings)):
            self._start(service)
        for child in list(self._children.values()):
            child.wait_ready(self._stopping.is_set)
        if self.is_stopping:
            return
        self._say(f"broker and warehouse are up ({time.monotonic() - began:.1f} s)")
        ground.prepare(self._settings, self._definitions, self._say)

    def _broker(self) -> Service:
        if self._settings.broker == "apache":
            return apache.service(self._settings, plan.BROKER, self._say)
        return plan.broker(self._settings, ground.cluster_id(self._settings.data_dir))

    def _start_pipeline(self) -> None:
        began = time.monotonic()
        services = [plan.worker, plan.intake, plan.board]
        if self._settings.reconcile_seconds:
            services.append(plan.reconcile)
        if self._settings.forecast_seconds:
            services.append(plan.forecast)
        if self._settings.settle_seconds:
            services.append(plan.settle)
        if self._settings.alert_seconds:
            services.append(plan.alerts)
        if self._settings.contest_seconds:
            services.append(plan.contests)
        if has_sources(self._settings.data_dir):
            services += [plan.gateway, plan.sources]
        children = [self._start(service(self._settings)) for service in services]
        for child in children:
            child.wait_ready(self._stopping.is_set)
        self._ready = not self.is_stopping
        self._note()
        if not self.is_stopping:
            self._say(f"worker, intake and board are up ({time.monotonic() - began:.1f} s)")

    def _start(self, service: Service) -> Child:
        child = Child(service, self._logs)
        self._children[service.name] = child
        self._note()
        return child

    def _revive(self, name: str, child: Child, code: int) -> None:
        self._say(f"{name} ended with code {code}; its log is {child.log_path}")
        if name == plan.BROKER and self._settings.broker == "embedded":
            self._say("the embedded broker keeps its log in memory: opening a new epoch")
            self._ready = False
            self._stop_all(forget=False)
            self._start_ground()
            self._start_pipeline()
            for service in self._extra:
                self._start(service)
            return
        self._stopping.wait(self._pause(name, child))
        if not self._stopping.is_set():
            self._start(self._broker() if name == plan.BROKER else child.service)

    def _pause(self, name: str, child: Child) -> float:
        stable = time.time() - child.started_at > STABLE_SECONDS
        pause = 0.5 if stable else min(self._pauses.get(name, 0.25) * 2, RESTART_SECONDS_MAX)
        self._pauses[name] = pause
        return pause

    def _stop_all(self, forget: bool = True) -> None:
        # Writers first, so that the warehouse ends with everything flushed; then what they need.
        ends = [c for n, c in self._children.items() if n not in (plan.BROKER, plan.WAREHOUSE)]
        threads = [threading.Thread(target=child.stop) for child in ends]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for name in (plan.WAREHOUSE, plan.BROKER):
            if name in self._children:
                self._children[name].stop()
        self._children.clear()
        if forget:
            run_file.remove(self._settings.data_dir)

    def _note(self) -> None:
        services = tuple(
            Running(name, child.pid, child.service.address)
            for name, child in self._children.items()
        )
        environment = dict(plan.environment(self._settings))
        run = Run(os.getpid(), self._started_at, environment, self._ready, services)
        run_file.write(self._settings.data_dir, run)


def has_sources(data_dir: Path) -> bool:
    """Return whether a vendor's system was added to an installation."""
    return any((data_dir / "sources").glob("*/source.yaml"))


def stop_on_signals(supervisor: Supervisor) -> None:
    """Let Ctrl-C and SIGTERM stop the installation."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: supervisor.stop())
