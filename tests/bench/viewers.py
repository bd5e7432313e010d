"""A board before a crowd: `python -m tests.bench.viewers` (make bench-boards).

500 viewers look at the board of 1,000 reps while 20,000 events/s go through everything. Ten times a
second a rep who does nothing else wins a deal of 1 EUR; a browser among the viewers tells when the
pixels show it. Printed: from the event sent to the pixels, and what the board's server takes.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connectors.principals import PrincipalFile
from infra.local import plan
from infra.local.ports import free_port
from infra.local.processes import Child
from infra.local.secrets import principals_path
from schemas.principals import Principal, Role
from tests.bench.floor import Log
from tests.bench.ground import Place, place
from tests.bench.latency import PROBES, SETTLE_SECONDS, WARM_SECONDS, Viewer, quantiles
from tests.bench.pacing import Pacer
from tests.bench.sampling import cpu_seconds, idle_seconds, memory_mb
from tests.bench.workers import Worker
from tests.connectors.boards.browser import CHROMIUM
from tests.ground import ROOT

SEED = 20_262
BAR_MS = 1_000
LOOK_MS = 200
_WATCH = """
rep => { window.seen = []; let last = "";
  const look = () => {
    const text = document.querySelector(`tr[data-id="${rep}"] .value`)?.textContent ?? "";
    if (text !== last) { last = text; window.seen.push([Date.now() / 1000, text]); }
    requestAnimationFrame(look); };
  look(); }
"""


class Pixels(Viewer):
    """A browser that shows the rep's own lane; what counts is what it has drawn."""

    def _read(self) -> None:
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
            page.goto(f"{self._url}/?period=quarter&motion=off")
            page.fill("#token", self._token)
            page.keyboard.press("Enter")
            page.wait_for_selector("tbody tr")
            page.evaluate(_WATCH, self._place.prober_rep)
            self.begun.set()
            while not self._stop:
                page.wait_for_timeout(LOOK_MS)
                for at, text in page.evaluate("window.seen.splice(0)"):
                    digits = "".join(c for c in text if c.isdigit())
                    self._seen.append((at, int(digits or 0)))
            browser.close()

    def __init__(self, place: Place, url: str, token: str, pid: int) -> None:
        super().__init__(place, url, token, pid)
        self.begun = threading.Event()


@contextmanager
def _crowd(url: str, token: str, count: int) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.crowd", url, str(count)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{token}\n")
    process.stdin.flush()
    try:
        assert process.stdout.readline().strip() == "open"
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def _board(made: Place) -> Iterator[tuple[Child, str, PrincipalFile]]:
    settings = made.site.settings.model_copy(update={"board_port": free_port()})
    made.probe(1)  # so that the rep is in the first snapshot
    child = Child(plan.board(settings), made.folder)
    try:
        child.wait_ready()
        principals = PrincipalFile(principals_path(settings.data_dir))
        yield child, plan.url(settings, settings.board_port), principals
    finally:
        child.stop()


def measured(made: Place, log: Log, *, viewers: int, rate: int, seconds: float) -> dict[str, Any]:
    """Return what was measured."""
    made.clear()
    with Worker(made, made.new_group()) as worker, _board(made) as (child, url, principals):
        worker.wait_applied()
        own = principals.add(Principal("own", Role.REP, rep_id=made.prober_rep))
        crowd_token = principals.add(Principal("crowd", Role.DISPLAY))
        with (
            _crowd(url, crowd_token, viewers - 1) as crowd,
            Pixels(made, url, own, child.pid) as pixels,
        ):
            assert pixels.begun.wait(60), "the browser did not open the board"
            events = list(log.sent(0, log.count - int(rate * seconds)))
            pids = {"board": child.pid, "crowd": crowd.pid, **worker.pids}
            before = {name: cpu_seconds(pid) for name, pid in pids.items()}
            idle = idle_seconds()
            told = Pacer(made, rate, seconds, events, PROBES).wait()
            used = {name: cpu_seconds(pid) - before[name] for name, pid in pids.items()}
            left = (idle_seconds() - idle) / told["seconds"]
            worker.wait_applied()
            time.sleep(SETTLE_SECONDS)
            memory = memory_mb(child.pid)
            seen, _ = crowd.communicate("")
        waits = pixels.waits(told["probes"], told["began"] + WARM_SECONDS)
    return {
        "viewers": viewers,
        "rate": rate,
        "seconds": round(told["seconds"], 1),
        "to_pixels_ms": quantiles(waits),
        "board_memory_mb": {name: round(mb) for name, mb in memory.items()},
        "cpu_share": {name: round(u / told["seconds"], 3) for name, u in used.items()},
        "cores_idle": round(left, 2),
        "crowd": json.loads(seen),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.viewers", description=__doc__)
    parser.add_argument("--viewers", type=int, default=500)
    parser.add_argument("--rate", type=int, default=20_000)
    parser.add_argument("--reps", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--broker", choices=("apache", "embedded"), default="apache")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench-boards.json")
    given = parser.parse_args()
    count = int(given.rate * given.seconds)
    log = Log(SEED, count, given.reps, int(time.time() * 1_000), name="vie")
    with place(given.broker, given.reps) as made:
        row = measured(
            made, log, viewers=given.viewers, rate=given.rate, seconds=given.seconds
        )  # fmt: skip
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(row, indent=1) + "\n")
    print(json.dumps(row, indent=1))
    p99 = (row["to_pixels_ms"] or {}).get("p99", float("inf"))
    print(f"event to pixels p99 {p99:.0f} ms: {'met' if p99 < BAR_MS else 'NOT MET'} (< {BAR_MS})")


if __name__ == "__main__":
    main()
