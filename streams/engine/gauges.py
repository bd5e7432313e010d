"""Gauges of a worker, brought up to date whenever somebody looks."""

from streams.engine import metrics
from streams.engine.worker import Worker


def measure(worker: Worker) -> None:
    """Bring the gauges up to date."""
    metrics.LAG.clear()
    metrics.WAITING.clear()
    metrics.REFUSED.set(len(worker.preparation.refused))
    for name in worker.waits.current():
        metrics.WAITING.labels(name).set(1)
    for p, state in list(worker.states.items()):
        metrics.RECORDS.labels(p.topic, "dead")  # from 0 on: the first one is an increase, too
        metrics.LAG.labels(p.topic, p.number).set(worker.consumer.lag(p, state.next_offset))
        metrics.SEQUENCE.labels(p.topic, p.number).set(state.sequence)
        settled, committed = worker.consumer.settled(p), worker.consumer.committed(p)
        metrics.UNCOMMITTED.labels(p.topic, p.number).set(max(0, (settled or 0) - (committed or 0)))
    if worker.consumer is not None:
        metrics.HELD.set(worker.consumer.held_bytes)
