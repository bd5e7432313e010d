"""The producer against a real broker: all of it arrives, placed as everybody places keys."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path

import pytest

from connectors.sources.simulator import producer
from connectors.sources.simulator.delivery import Event, Progress
from connectors.sources.simulator.producer import (
    TOPIC_OF,
    Outbox,
    Undelivered,
    Unreachable,
    send_all,
)
from connectors.sources.simulator.recording import encode_to, open_recording, replay
from schemas import codec
from schemas.keys import partition_of
from tests.brokers import PARTITIONS, Broker, free_port, running_broker
from tests.connectors.simulator.floors import IDS, story


@cache
def facts() -> tuple[Event, ...]:
    return tuple(islice(story(), 3000))


@pytest.fixture
def broker() -> Iterator[Broker]:
    with running_broker() as running:
        yield running


def in_topics(broker: Broker) -> dict[str, list[tuple[int, bytes, str, codec.Record]]]:
    return {message: broker.records(topic) for message, topic in TOPIC_OF.items()}


def test_everything_arrives_in_order_where_murmur2_puts_it(broker: Broker) -> None:
    with Outbox(broker.address) as outbox:
        send_all([*facts(), Progress(1000, 2000)], outbox)
    found = in_topics(broker)
    sent = Counter(event.message for event in facts())
    assert outbox.report().acknowledged == {**sent, "progress": 1}
    for message, count in sent.items():
        assert len(found[message]) == count
        wanted, arrived = defaultdict(list), defaultdict(list)
        for event in facts():
            if event.message == message:
                place = partition_of(event.key, PARTITIONS)
                wanted[place].append(codec.decode(event.value, IDS)[1])
        for partition, key, kind, record in found[message]:
            assert (kind, key.decode()) == (message, record["entity_id"])
            arrived[partition].append(record)
        assert arrived == wanted
    [(_, key, _, progress)] = found["progress"]
    assert key == b"simulator"
    assert progress["complete_through"].timestamp() == 1


def test_a_replay_sends_what_was_recorded(broker: Broker, tmp_path: Path) -> None:
    path = tmp_path / "load.events"
    encode_to(path, [*facts(), Progress(1000, 2000)], "simulator")
    with Outbox(broker.address) as outbox:
        replay(open_recording(path), outbox)
    assert outbox.report().total == len(facts()) + 1
    assert sum(len(records) for records in in_topics(broker).values()) == len(facts()) + 1


def test_a_replay_keeps_the_order_within_a_partition_when_its_queue_is_full(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(producer, "QUEUE_MESSAGES_MAX", 700)
    path = tmp_path / "load.events"
    encode_to(path, facts(), "simulator")
    with Outbox(broker.address) as outbox:
        replay(open_recording(path), outbox)
    arrived = [key for partition, key, *_ in broker.records("crm.emails") if partition == 0]
    keys = [event.key for event in facts() if event.message == "email"]
    assert arrived == [key for key in keys if partition_of(key, PARTITIONS) == 0]


def test_a_full_queue_is_waited_for(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(producer, "QUEUE_MESSAGES_MAX", 50)
    with Outbox(broker.address) as outbox:
        send_all(facts()[:600], outbox)
    assert outbox.report().total == 600
    assert sum(len(records) for records in in_topics(broker).values()) == 600


def test_a_broker_that_dies_is_reported_with_counts_and_reasons(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(producer, "GIVE_UP_MS", 1500)

    def sent_into_the_void() -> None:
        with Outbox(broker.address) as outbox:
            send_all(facts()[:2000], outbox)
            outbox.flush()
            broker.stop()
            send_all(facts()[2000:3000], outbox)

    with pytest.raises(Undelivered, match=r"1000 of 3000 messages .* Run it again"):
        sent_into_the_void()


def test_no_broker_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(producer, "LOOK_SECONDS", 1.0)
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(Unreachable, match=f"answers at {address}.*--bootstrap"), Outbox(address):
        pass


def test_missing_topics_are_named_with_the_remedy() -> None:
    with (
        running_broker(with_topics=False) as broker,
        pytest.raises(Unreachable, match=r"no topics crm\.calls.*pacesetter setup"),
        Outbox(broker.address),
    ):
        pass


def test_progress_is_told_only_after_what_it_promises_is_acknowledged(broker: Broker) -> None:
    with Outbox(broker.address) as outbox:
        for event in facts()[:500]:
            outbox.send(event.message, event.key, event.value)
        outbox.progress(Progress(1, 1))
        stood = sum(len(broker.records(TOPIC_OF[m])) for m in ("call", "email", "meeting", "deal"))
        assert stood == 500
