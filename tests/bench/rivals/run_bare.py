"""A loop without a framework: confluent-kafka, fastavro, a dictionary."""

from confluent_kafka import Consumer
from doing import Count, asked, consumer_settings, topics_of

AT_ONCE = 10_000


def main() -> None:
    """Count until the last event."""
    given = asked()
    count = Count(given)
    consumer = Consumer(consumer_settings(given))
    consumer.subscribe(topics_of(given))
    while True:
        for message in consumer.consume(AT_ONCE, 0.1):
            assert message.error() is None, message.error()
            count.begin()
            found = count.decode(message.value())
            if found and count.add(*found, message.topic(), message.partition(), message.offset()):
                count.tell()
                consumer.close()
                return


if __name__ == "__main__":
    main()
