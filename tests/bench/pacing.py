"""A producer that keeps to a rate, as a process of its own: `python -m tests.bench.pacing JOB`.

The job is a pickle: bootstrap, rate, seconds, events (topic, key, value), probes a second and their
user and first number. It leaves JOB.json: when each probe was sent, and how late it was at worst.
"""

import gc
import json
import pickle
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from connectors.sinks.kafka import producer
from schemas import topics
from tests.bench.floor import Sent, won_deal
from tests.bench.ground import TOPIC_OF, Place
from tests.ground import ROOT

TICK_SECONDS = 0.002
LINGER_MS = 5  # as our own producers


class Pacer:
    """A running producer."""

    def __init__(
        self, place: Place, rate: int, seconds: float, events: Sequence[Sent], probes: int = 0
    ) -> None:
        self._place = place
        self._path = place.folder / f"pace-{time.time_ns()}"
        self._path.write_bytes(
            pickle.dumps(
                {
                    "config": place.site.settings.kafka_config(),
                    "rate": rate,
                    "seconds": seconds,
                    "events": [(TOPIC_OF[kind], key, value) for kind, key, value in events],
                    "probes": probes,
                    "first": place.take_probes(int(probes * seconds) + 1),
                    "user": place.prober,
                }
            )
        )
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.pacing", str(self._path)], cwd=ROOT
        )

    def wait(self) -> dict[str, Any]:
        """Return what it tells once it has sent all."""
        assert self._process.wait(600) == 0
        told: dict[str, Any] = json.loads(self._path.with_suffix(".json").read_text())
        self._place.records += told["sent"] + len(told["probes"])
        self._place.probed += len(told["probes"])
        self._path.unlink()
        return told


def main(path: Path) -> None:
    """Send everything at its pace."""
    job = pickle.loads(path.read_bytes())  # our own parent's
    gc.freeze()
    failed: list[str] = []

    def told(error: object, _: object) -> None:
        if error is not None:
            failed.append(str(error))

    outbox = producer({**job["config"], "linger.ms": LINGER_MS})
    outbox.list_topics(timeout=30)  # connected before the clock runs
    probes: list[tuple[int, float]] = []
    behind, sent, events = 0.0, 0, job["events"]
    wanted = min(len(events), int(job["rate"] * job["seconds"]))
    began = time.time()
    while sent < wanted:
        now = time.time() - began
        due = min(int(now * job["rate"]), wanted)
        behind = max(behind, (due - sent) / job["rate"])
        for topic, key, value in events[sent:due]:
            outbox.produce(topic, value, key, on_delivery=told)
        sent = due
        while len(probes) < now * job["probes"]:
            number, at = job["first"] + len(probes), time.time()
            deal = won_deal(number, job["user"], int(at * 1_000))
            outbox.produce(topics.DEALS.name, deal.value, deal.key, on_delivery=told)
            probes.append((number, at))
        outbox.poll(0)
        time.sleep(TICK_SECONDS)
    seconds = time.time() - began
    left = outbox.flush(60)
    assert (left, failed[:3]) == (0, [])
    about = {
        "began": began, "seconds": seconds, "sent": sent, "probes": probes,
        "behind_ms_max": round(behind * 1_000, 1),
    }  # fmt: skip
    path.with_suffix(".json").write_text(json.dumps(about))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
