"""Quix Streams: one function per message, which inserts by the ten thousand."""

from typing import Any

from doing import ROWS_MAX, Count, asked, consumer_settings, topics_of
from quixstreams import Application, message_context


def main() -> None:
    """Count until the last event."""
    given = asked()
    count = Count(given)
    settings = consumer_settings(given)
    for ours in ("bootstrap.servers", "group.id", "auto.offset.reset", "enable.auto.commit"):
        del settings[ours]
    app = Application(
        broker_address=given.bootstrap,
        consumer_group=given.group,
        auto_offset_reset="earliest",
        auto_create_topics=False,
        commit_every=ROWS_MAX,
        consumer_extra_config=settings,
        loglevel="WARNING",
        processing_guarantee="at-least-once",
    )

    def counted(value: bytes, key: Any, timestamp: Any, headers: Any) -> None:
        context = message_context()
        count.begin()
        found = count.decode(value)
        if found and count.add(*found, context.topic, context.partition, context.offset):
            count.tell()
            count.leave()

    for name in topics_of(given):
        topic = app.topic(name, value_deserializer="bytes", key_deserializer="bytes")
        app.dataframe(topic).update(counted, metadata=True)
    app.run()


if __name__ == "__main__":
    main()
