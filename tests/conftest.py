"""What holds for every test."""

import gc
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from infra.local import ports
from tests import tables
from tests.costs import Costs

# As in a worker: the tables of tests are tiny, and each call of polars that had to wait for another
# thread would wait for a core that other tests use. Read when polars is imported.
os.environ.setdefault("POLARS_MAX_THREADS", "1")

HERE = Path(__file__).parent
# Files that begin so share one costly ground.
ONE_GROUND = (
    "faults", "infra/warehouse/test_readers", "connectors/boards/test_page",
    "infra/reconcile/test_proof", "infra/bi",
)  # fmt: skip
# All but these: together they would be what all others wait for at the end.
OWN_GROUND = {"faults/test_logs_and_backups.py", "infra/bi/test_kpi_views.py"}
# Each test of these brings its own ground, or needs none: any process may take the next.
EACH_ALONE = {
    "infra/rebuild/test_layout.py",
    "simulation/test_cases.py",
    "simulation/test_controls.py",
    "simulation/test_seeds.py",
    "streams/test_commissioning.py",
    "streams/test_worker.py",
}
# What takes minutes begins first, the longest before the others: a long one that began last would
# leave the other cores idle at the end.
FIRST = (
    "faults", "end_to_end/test_apache.py", "end_to_end/test_demo.py", "infra/rebuild",
    "end_to_end", "infra/reconcile", "bench", "streams/test_worker.py",
    "streams/test_commissioning.py", "connectors/boards/test_page", "infra/definitions",
    "infra/test_dead_letters.py", "simulation", "infra/warehouse", "streams",
)  # fmt: skip

# What a run leaves out by its marks, and the target that runs it.
LEFT_OUT = {
    "thorough": "make test ALL=1", "long": "make faults", "pages": "make pages",
    "sources": "make sources", "bench": "make bench",
}  # fmt: skip

SLOW_SECONDS_MAX = 600  # a busy machine stretches every wait of those that start servers

# A law is right or wrong, not fast: on a busy machine a deadline fails by chance.
settings.register_profile("pacesetter", deadline=None)
settings.load_profile("pacesetter")


PORT_SHARES = 8  # for as many processes; those beyond share again


def _take_own_ports() -> None:
    """Let processes that share the tests take ports apart: two of them would find one free."""
    number = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    if number:
        ports.LISTENING = ports.LISTENING[int(number) % PORT_SHARES :: PORT_SHARES]


def pytest_configure(config: pytest.Config) -> None:
    _take_own_ports()
    config.pluginmanager.register(Costs(), "costs")
    cleanup = ExitStack()
    cleanup.enter_context(tables.kept())
    config.add_cleanup(cleanup.close)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give slow tests time; where processes share the tests, the longest files begin first."""
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SLOW_SECONDS_MAX))
    if not config.pluginmanager.hasplugin("xdist"):
        return
    items.sort(key=lambda item: _turn(_path(item)))  # stable: in its file a test keeps its place


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let one process run a whole file, since its tests share grounds.

    Not by marks: xdist 3.8 writes the group of a mark where pytest 9.2 no longer reads it.
    """
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadScopeScheduling  # tests run without it, too

    class Grouped(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _group(nodeid)

    return Grouped(config, log)


def pytest_collection_finish() -> None:
    """Look for cycles seldom: what all imports and tests left behind is none, and it is a lot."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was left out, and how it is run."""
    chosen = config.getoption("markexpr")
    some = [f"{mark} ({how})" for mark, how in LEFT_OUT.items() if f"not {mark}" in chosen]
    if some:
        terminalreporter.write_line(f"left out by their marks: {', '.join(some)}")


def _path(item: pytest.Item) -> str:
    return item.path.relative_to(HERE).as_posix()


def _group(nodeid: str) -> str:
    path = nodeid.partition("::")[0].removeprefix(f"{HERE.name}/")
    if path in EACH_ALONE:
        return nodeid
    if path in OWN_GROUND:
        return path
    return next((shared for shared in ONE_GROUND if path.startswith(shared)), path)


def _turn(path: str) -> int:
    return next((n for n, first in enumerate(FIRST) if path.startswith(first)), len(FIRST))
