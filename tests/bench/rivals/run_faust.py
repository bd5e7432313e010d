"""Plain Faust as its guide writes it: agents with a Table, with a dictionary, with take(2000)."""

import logging
from typing import Any

import faust
from doing import Count, asked, topics_of

TAKEN = 2_000  # records at a time, or what came within a second


def main() -> None:
    """Count until the last event."""
    given = asked()
    app = faust.App(
        given.group,
        broker=f"kafka://{given.bootstrap}",
        store="memory://",
        topic_disable_leader=True,
        topic_partitions=8,
        table_standby_replicas=0,
        consumer_auto_offset_reset="earliest",
        stream_buffer_maxsize=16_384,
        web_enabled=False,
    )
    count = Count(given)
    table = app.Table("counts", default=int, partitions=8) if given.variant == "table" else None
    topics = [
        app.topic(name, key_serializer="raw", value_serializer="raw") for name in topics_of(given)
    ]
    for topic in topics:
        app.agent(topic, name=topic.get_topic_name())(_agent(given.variant, count, table))
    faust.Worker(app, loglevel="WARN").execute_from_commandline()


def _agent(variant: str, count: Count, table: Any) -> Any:
    def one(event: Any) -> None:
        count.begin()
        found = count.decode(event.value)
        if found is None:
            return
        message = event.message
        if table is not None:
            key = "|".join(map(str, count.key_of(*found)))
            table[key] += 1
        if count.add(*found, message.topic, message.partition, message.offset):
            count.tell(None if table is None else _counts(table))
            logging.shutdown()
            count.leave()

    async def each(stream: Any) -> None:
        async for event in stream.events():
            one(event)

    async def taken(stream: Any) -> None:
        async for events in stream.take_events(TAKEN, within=1):
            for event in events:
                one(event)

    return taken if variant == "take" else each


def _counts(table: Any) -> dict[tuple[str, int, str], int]:
    found = {}
    for key, n in table.items():
        rep, day, kind = key.split("|")
        found[rep, int(day), kind] = n
    return found


if __name__ == "__main__":
    main()
