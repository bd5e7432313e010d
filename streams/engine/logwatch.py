"""A log made anew under a living worker: its offsets mean other records, so the worker must go."""

import asyncio
from collections.abc import Mapping
from typing import Any

from schemas.warehouse import LogIdentity, Unavailable
from streams.engine.ports import LogInspector

LOOK_SECONDS = 5.0  # until then records of the new log are taken for those behind the old ones;
# the epoch that is opened for it reads all of them again


async def watch_logs(worker: Any, kafka: LogInspector) -> None:
    """End the process once a topic is another one than the worker started from."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        started = dict(worker.preparation.identities)
        try:
            now = await asyncio.to_thread(kafka.identities, started) if started else {}
        except Unavailable:
            continue  # a broker that is away, or a topic that is deleted just now
        if other := made_anew(started, now):
            worker.die(f"{', '.join(other)} was made anew; run `pacesetter log open`")


def made_anew(started: Mapping[str, LogIdentity], now: Mapping[str, LogIdentity]) -> list[str]:
    """Return the topics that are another log by now; more partitions make no other log."""
    return [
        name
        for name, log in started.items()
        if (log.cluster_id, log.topic_id) != (now[name].cluster_id, now[name].topic_id)
    ]
