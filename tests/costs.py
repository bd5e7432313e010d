"""What the suite costs: CPU by file, of the tests and of all they started, told after each run.

Wall time tells how busy the machine was, CPU time what the tests ask of it: that is what grows
unseen. On systems without /proc only children that have ended are counted.
"""

import os
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

FILES_SHOWN = 25
COLLECTING = "(importing and collecting)"
_TICKS = os.sysconf("SC_CLK_TCK")


class Costs:
    """Notes what each test cost, where it runs; sums and tells it, where the run is controlled."""

    def __init__(self) -> None:
        self._before = 0.0
        self.cpu: Counter[str] = Counter()
        self.wall: Counter[str] = Counter()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Any:
        report = yield
        if report.when == "teardown":
            # What a server's children had cost is lost when it is killed before them.
            now = max(self._before, _spent(os.getpid()))
            report.cpu, self._before = now - self._before, now
        return report

    def pytest_runtestloop(self, session: pytest.Session) -> None:
        if session.config.pluginmanager.hasplugin("dsession"):
            return  # here tests are handed out; those who run them tell what it took
        self._before = _spent(os.getpid())
        self.cpu[COLLECTING] += self._before
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[COLLECTING] = self._before

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a process of xdist spent before its first test."""
        self.cpu[COLLECTING] += getattr(node, "workeroutput", {}).get(COLLECTING, 0.0)

    def pytest_runtest_logreport(self, report: Any) -> None:
        file = report.nodeid.partition("::")[0]
        self.cpu[file] += getattr(report, "cpu", 0.0)
        self.wall[file] += report.duration

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self.cpu:
            return
        told = terminalreporter
        told.section(f"CPU seconds: {self.cpu.total():.0f} in tests and what they started")
        for file, cpu in self.cpu.most_common(FILES_SHOWN):
            told.line(f"{cpu:7.1f} of {self.wall[file]:7.1f} s  {file}")


def _spent(process: int) -> float:
    """Return CPU seconds of a process, of its descendants and of those that have ended."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended meanwhile, or there is no /proc
        return sum(os.times()[:4]) if process == os.getpid() else 0.0
    return sum(map(int, fields[11:15])) / _TICKS + sum(map(_spent, _children(process)))


def _children(process: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):  # the process has ended while its threads were listed
        for file in Path(f"/proc/{process}/task").glob("*/children"):
            with suppress(OSError):  # a thread that has ended meanwhile
                found += map(int, file.read_text().split())
    return found
