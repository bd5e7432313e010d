"""Every producer places a key in the same partition, and ClickHouse finds it there.

All that happens to an entity must stand in one partition. librdkafka's own default would break it.
"""

import random
import string
import subprocess
import sys
from typing import Any

import chdb
import pytest
from aiokafka.partitioner import DefaultPartitioner

from connectors.sinks import kafka
from connectors.sources.producing import Acknowledged, Event, EventProducer, ProducerSettings
from connectors.sources.simulator.producer import Outbox
from schemas import codec
from schemas.canonical import check
from schemas.codec import CatalogueIds
from schemas.examples import example
from schemas.keys import murmur2, partition_of
from schemas.warehouse import Message
from streams.engine import hashes
from streams.engine.slices import slices_of
from tests.brokers import PARTITIONS, Broker, running_broker

DICE = random.Random(7)
LETTERS = string.ascii_letters + string.digits + ":-_/@.äß漢"
KEYS = tuple("".join(DICE.choices(LETTERS, k=DICE.randint(1, 60))) for _ in range(300))
EXPECTED = {key.encode(): partition_of(key.encode(), PARTITIONS) for key in KEYS}


def test_the_partition_is_that_of_kafkas_own_default_partitioner() -> None:
    # Values of org.apache.kafka.common.utils.UtilsTest.testMurmur2.
    published = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}
    assert {k: (murmur2(k) ^ 1 << 31) - (1 << 31) for k in published} == published
    for key, partition in EXPECTED.items():
        numbers = list(range(PARTITIONS))
        assert DefaultPartitioner()(key, numbers, numbers) == partition  # what Faust's driver uses


def test_columns_and_clickhouse_hash_alike() -> None:
    keys = list(EXPECTED)
    assert hashes.murmur2(slices_of(keys)).tolist() == [murmur2(key) for key in keys]
    # In a process of its own: an engine in this one would keep others out of theirs.
    program = (
        "import chdb, sys; c = chdb.connect(':memory:'); "
        "print(*[str(c.query('SELECT kafkaMurmurHash(unhex(%r))' % line.strip())).strip() "
        "for line in sys.stdin])"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], input="\n".join(key.hex() for key in keys),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert chdb.__version__
    # ClickHouse gives Kafka's `toPositive(murmur2(key))`, which is what the partition is made of.
    positive = [murmur2(key) & 0x7FFFFFFF for key in keys]
    assert [int(word) for word in told.stdout.split()] == positive


def _call() -> dict[str, Any]:
    fields = {name: value for name, value in example("call").items() if name != "message"}
    record, errors = check("call", fields)
    assert record is not None, errors
    return record


def _value() -> bytes:
    return codec.encode("call", _call(), CatalogueIds())


def _by_intake_and_import(broker: Broker) -> None:
    producer = EventProducer(ProducerSettings(broker.address), CatalogueIds())
    try:
        events = [Event("call", {**_call(), "entity_id": key}) for key in KEYS]
        assert all(isinstance(o, Acknowledged) for o in producer.publish(events).wait())
    finally:
        producer.close()


def _by_simulator(broker: Broker) -> None:
    value = _value()
    with Outbox(broker.address) as outbox:
        for key in KEYS[:150]:
            outbox.send("call", key.encode(), value)
        outbox.send_batch("call", [{"key": k.encode(), "value": value} for k in KEYS[150:]])


def _by_agents(broker: Broker) -> None:
    sender = kafka.Publisher({"bootstrap.servers": broker.address})
    sender.send(Message("crm.calls", key.encode(), _value()) for key in KEYS)


@pytest.mark.parametrize("produce", [_by_intake_and_import, _by_simulator, _by_agents])
def test_each_producer_places_a_key_there(produce: "object") -> None:
    assert callable(produce)
    with running_broker() as broker:
        produce(broker)
        placed = {key: partition for partition, key, *_ in broker.records("crm.calls")}
    assert placed == EXPECTED
