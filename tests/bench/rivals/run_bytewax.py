"""Bytewax: batches of messages through one step that decodes, and a sink that counts and inserts.

Its keyed state (`stateful_map`) is left out in its favour: counting in the sink's dictionary is
faster.
"""

from typing import Any

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import run_main
from doing import Count, asked, consumer_settings, topics_of

AT_ONCE = 10_000
Item = tuple[Any, Any]


class _Counting(StatelessSinkPartition[Any]):
    def __init__(self, count: Count) -> None:
        self._count = count

    def write_batch(self, items: list[Any]) -> None:
        for found, topic, partition, offset in items:
            if self._count.add(*found, topic, partition, offset):
                self._count.tell()
                self._count.leave()


class _Sink(DynamicSink[Any]):
    def __init__(self, count: Count) -> None:
        self._count = count

    def build(self, step_id: str, worker_index: int, worker_count: int) -> _Counting:
        return _Counting(self._count)


def main() -> None:
    """Count until the last event."""
    given = asked()
    count = Count(given)
    settings = {name: str(value) for name, value in consumer_settings(given).items()}
    del settings["bootstrap.servers"]
    settings["enable.auto.commit"] = "false"  # it keeps positions itself
    source = KafkaSource(
        [given.bootstrap], topics_of(given), tail=True, batch_size=AT_ONCE, add_config=settings
    )

    def decoded(messages: list[Any]) -> list[Any]:
        count.begin()
        return [
            (found, m.topic, m.partition, m.offset)
            for m in messages
            if (found := count.decode(m.value)) is not None
        ]

    flow = Dataflow("bench")
    read = op.input("read", flow, source)
    facts = op.flat_map_batch("decode", read, decoded)
    op.output("count", facts, _Sink(count))
    run_main(flow)


if __name__ == "__main__":
    main()
