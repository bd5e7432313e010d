"""What the batch transport overrides in Faust and aiokafka, and what it leans on there.

A release that changes one of these is no error by itself. It must be read, though: commits that
stall and batches that are lost show under load, long after an upgrade.
"""

import hashlib
import inspect
import textwrap
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.consumer.subscription_state import TopicPartitionState
from faust.transport.drivers import aiokafka as driver

from streams.app import App, NoTables
from streams.engine import transport

README = Path(transport.__file__).with_name("README.md")
CONSUMER = "faust.transport.consumer:Consumer"
DELEGATE = "faust.transport.consumer:ThreadDelegateConsumer"
DRIVER = "faust.transport.drivers.aiokafka:Consumer"
THREAD = "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread"

# What we replace or extend, by the class that defines it: digest of its source as it was reviewed.
OVERRIDDEN = {
    f"{DELEGATE}.__init__": "eb97deeb86ee4685",
    f"{DRIVER}._new_consumer_thread": "8fd0d41b15145615",
    f"{DRIVER}._to_message": "a2a5aefda42d9cd1",
    f"{CONSUMER}.getmany": "e486c434b7928ee8",
    f"{CONSUMER}.on_partitions_revoked": "652177e770ee66d6",
    f"{CONSUMER}.perform_seek": "2b4ceebd23deb7ee",
    f"{CONSUMER}._filter_tps_with_pending_acks": "cccdca32d241b14c",
    f"{CONSUMER}._new_offset": "2b29afe4dd9a65a3",
    f"{CONSUMER}._add_gap": "f1cc1db634f5ea09",
    f"{CONSUMER}._commit_offsets": "86b3e9b0aec773ac",
    f"{THREAD}._create_worker_consumer": "c179c0bdb9755c3a",
    f"{THREAD}._fetch_records": "9e7369fc572de4d0",
    "aiokafka.consumer.fetcher:PartitionRecords._unpack_records": "047f7fc3f005c220",
    "faust.app.base:App._new_transport": "11beddacb9fee5b0",
    "faust.app.base:App._new_producer_transport": "4ebfd7e867b39ca6",
    "faust.app.base:App.on_stop": "d8e7904b258c93f5",
    "faust.tables.manager:TableManager.on_start": "b82e759be50ccebe",
}
# What we call, or what calls us, and whose order of doing things we lean on.
LEANED_ON = {
    f"{CONSUMER}.commit": "e43a7d03685f9206",
    f"{CONSUMER}.force_commit": "464b62ae917215ab",
    f"{CONSUMER}._commit_tps": "b83d551c32787010",
    f"{CONSUMER}._filter_committable_offsets": "4fb75ba687d078b9",
    f"{CONSUMER}._should_commit": "91d8eb1ef6bf4994",
    f"{CONSUMER}._drain_messages": "8f35dd7a11144daa",
    f"{CONSUMER}._wait_next_records": "ba40cd3671328d3b",
    f"{CONSUMER}.pause_partitions": "a1814af098238ff1",
    f"{CONSUMER}.resume_partitions": "fc6392136c275c6c",
    f"{CONSUMER}.on_partitions_assigned": "c07feb1175f7dcf1",
    f"{DELEGATE}.threadsafe_partitions_revoked": "f848859a8b85d387",
    f"{DELEGATE}.threadsafe_partitions_assigned": "ea72c2d1bfff24e9",
    f"{THREAD}.seek_wait": "8356b4c729d67b44",
    f"{THREAD}._seek_wait": "98f8aa716db26656",
    f"{THREAD}._commit": "78c931ecfa8dde44",
    f"{THREAD}.getmany": "1b1c58046a9b2bb7",
    "faust.app.base:App._on_partitions_revoked": "c1abd58dcb37f0a2",
    "faust.app.base:App._on_partitions_assigned": "c9c5485eb273837f",
    "faust.tables.manager:TableManager._update_channels": "c43fe8c0812bf9cb",
    "aiokafka.consumer.fetcher:FetchResult.getall": "b638929de3431c67",
    "aiokafka.consumer.fetcher:Fetcher._proc_fetch_request": "ace04969424fc674",
    "aiokafka.consumer.fetcher:Fetcher.fetched_records": "e20ce0c8117f12d2",
    "aiokafka.consumer.subscription_state:Assignment.state_value": "fd255204271deaed",
    "aiokafka.consumer.subscription_state:TopicPartitionState.position": "6cdf7097b8646488",
}


def _source(place: str) -> str:
    module, path = place.split(":")
    found: Any = import_module(module)
    for name in path.split("."):
        found = inspect.getattr_static(found, name)
    found = found.fget if isinstance(found, property) else found
    return textwrap.dedent(inspect.getsource(inspect.unwrap(found)))


def digest(place: str) -> str:
    return hashlib.sha256(_source(place).encode()).hexdigest()[:16]


@pytest.mark.parametrize("place", [*OVERRIDDEN, *LEANED_ON])
def test_what_the_transport_builds_on_is_as_it_was_reviewed(place: str) -> None:
    known = (OVERRIDDEN | LEANED_ON)[place]
    assert digest(place) == known, (
        f"{place} has changed (faust-streaming {version('faust-streaming')}, aiokafka "
        f"{version('aiokafka')}). Read it beside streams/engine/transport.py: which offsets are "
        "committed, what a revocation waits for, what a fetch hands over. Run `make faults`; then "
        f"write its digest {digest(place)} here"
    )


def _own(ours: type, stock: type) -> Iterator[str]:
    """Yield what a class of ours defines that its base defines, too."""
    for name, value in vars(ours).items():
        if callable(value) and hasattr(stock, name) and hasattr(value, "__code__"):
            yield name


def test_every_override_stands_in_the_list() -> None:
    listed = {place.rsplit(".", 1)[1] for place in OVERRIDDEN}
    assert set(_own(transport.Consumer, driver.Consumer)) <= listed
    assert set(_own(transport.ConsumerThread, driver.AIOKafkaConsumerThread)) <= listed
    assert set(_own(App, App.__bases__[0])) <= listed
    assert set(_own(NoTables, NoTables.__bases__[0])) <= listed
    said = README.read_text()
    missing = [name for name in listed if f"`{name}`" not in said]
    assert not missing, f"streams/engine/README.md does not name {missing} among the overrides"


@pytest.mark.parametrize("name", ["_fetch_max_wait_ms", "_max_partition_fetch_bytes"])
def test_what_a_fetch_may_bring_is_read_when_the_consumer_starts(name: str) -> None:
    """Set between construction and start: another name would be ignored without a word."""
    assert f"self.{name} = " in inspect.getsource(AIOKafkaConsumer.__init__)
    assert f"self.{name}" in inspect.getsource(AIOKafkaConsumer.start)


def test_names_that_are_read_are_there() -> None:
    assert isinstance(TopicPartitionState.position, property)
    assert isinstance(TopicPartitionState.has_valid_position, property)
    fields = ConsumerRecord.__dataclass_fields__
    assert {"offset", "key", "value", "timestamp", "timestamp_type", "serialized_value_size"} <= {
        *fields
    }
    made = inspect.getsource(import_module("faust.transport.consumer").Consumer.__init__)
    for name in ("_acked", "_acked_index", "_read_offset", "_committed_offset",
                 "_buffered_partitions", "commit_interval"):  # fmt: skip
        assert f"self.{name}" in made, f"Faust's consumer has no {name} any more"
