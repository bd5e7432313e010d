"""The producer, against a real broker that also goes away and comes back."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.sources.producing import (
    Acknowledged,
    Event,
    EventProducer,
    ProducerSettings,
    Unacknowledged,
    topic_of,
)
from schemas import canonical, topics
from schemas.codec import CatalogueIds
from schemas.keys import partition_of
from tests.brokers import PARTITIONS, Broker, free_port, running_broker
from tests.builders import call, deal


def event(raw: dict[str, Any]) -> Event:
    message = raw.pop("message")
    record, errors = canonical.check(message, raw)
    assert record is not None, errors
    return Event(message, record)


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with running_broker() as running:
        yield running


def producer_of(broker: Broker, deadline_seconds: float = 5.0) -> EventProducer:
    settings = ProducerSettings(broker.address, deadline_seconds=deadline_seconds)
    return EventProducer(settings, CatalogueIds())


def test_a_batch_is_told_event_by_event_and_stands_in_the_log_as_it_was(broker: Broker) -> None:
    producer = producer_of(broker)
    sent = [event(deal(source_id=f"D-{i}", amount=f"{i}.25")) for i in range(200)]
    outcomes = producer.publish([*sent, event(call())]).wait()
    assert producer.close() == 0
    assert all(isinstance(o, Acknowledged) for o in outcomes)
    stored = broker.records("crm.deals")
    assert sorted((r["entity_id"], r["amount"]) for _, _, _, r in stored) == sorted(
        (e.record["entity_id"], e.record["amount"]) for e in sent
    )
    assert [message for _, _, message, _ in broker.records("crm.calls")] == ["call"]


def test_keys_are_placed_as_every_kafka_client_places_them(broker: Broker) -> None:
    producer = producer_of(broker)
    events = [event(call(source_id=f"place-{i}", source="é-dialer")) for i in range(64)]
    outcomes = producer.publish(events).wait()
    producer.close()
    for sent, outcome in zip(events, outcomes, strict=True):
        assert isinstance(outcome, Acknowledged)
        key = sent.record["entity_id"].encode()
        assert outcome.partition == partition_of(key, PARTITIONS)
    assert len({o.partition for o in outcomes if isinstance(o, Acknowledged)}) == PARTITIONS


def test_outcomes_can_be_awaited_by_many_at_once(broker: Broker) -> None:
    producer = producer_of(broker)

    async def both() -> list[tuple[Any, ...]]:
        one = producer.publish([event(call(source_id=f"a{i}")) for i in range(50)])
        two = producer.publish([event(deal(source_id="b"))])
        none = producer.publish([])
        return await asyncio.gather(one.outcomes(), two.outcomes(), none.outcomes())

    assert [len(outcomes) for outcomes in asyncio.run(both())] == [50, 1, 0]
    producer.close()


def test_without_a_broker_the_wait_is_bounded_and_ends_in_a_remedy() -> None:
    producer = producer_of(Broker(free_port()), deadline_seconds=1.0)
    begun = time.monotonic()
    (outcome,) = producer.publish([event(deal())]).wait()
    assert time.monotonic() - begun < 4
    assert isinstance(outcome, Unacknowledged)
    assert outcome.transient
    assert "send it again" in outcome.remedy
    with pytest.raises(ConnectionError):
        producer.missing_topics([topics.DEALS], 0.3)
    producer.close(0.5)


def test_a_missing_topic_is_named_with_its_remedy() -> None:
    with running_broker(with_topics=False) as empty:
        producer = producer_of(empty)
        assert producer.missing_topics([topics.DEALS], 5) == ("crm.deals",)
        (outcome,) = producer.publish([event(deal())]).wait()
        producer.close(0.5)
    assert isinstance(outcome, Unacknowledged)
    assert "crm.deals" in outcome.reason, outcome


def test_it_goes_on_when_a_broker_that_lost_its_memory_comes_back() -> None:
    broker = Broker(free_port())
    broker.start()
    producer = producer_of(broker, deadline_seconds=4.0)
    try:
        (first,) = producer.publish([event(deal())]).wait()
        broker.stop()
        (second,) = producer.publish([event(deal(source_id="lost"))]).wait()
        broker.start()
        until = time.monotonic() + 20
        while time.monotonic() < until:
            (third,) = producer.publish([event(deal(source_id="back"))]).wait()
            if isinstance(third, Acknowledged):
                break
        assert isinstance(first, Acknowledged)
        assert isinstance(second, Unacknowledged)
        assert isinstance(third, Acknowledged), third
    finally:
        producer.close(0.5)
        broker.stop()


def test_each_message_of_a_source_has_its_topic() -> None:
    assert [topic_of(m).name for m in ("call", "email", "meeting", "deal", "progress")] == [
        "crm.calls",
        "crm.emails",
        "crm.meetings",
        "crm.deals",
        "crm.progress",
    ]
    with pytest.raises(KeyError):
        topic_of("marker")
