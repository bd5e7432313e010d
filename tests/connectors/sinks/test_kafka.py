"""Topics are made once and checked after; what Kafka holds is asked of its records."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.sinks.kafka import Inspector, Publisher
from connectors.sinks.kafka_topics import create_topics
from schemas import topics
from schemas.keys import partition_of
from schemas.warehouse import Message
from tests.ground import Site, site


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("site")
    with site(folder, partitions=2) as found:
        yield found


def test_topics_are_made_once_and_their_count_is_fixed_for_life(made: Site) -> None:
    config = made.settings.kafka_config()
    assert create_topics(config, 2, 1) == []
    with pytest.raises(ValueError, match=r"crm.calls has 2 partitions, settings say 3"):
        create_topics(config, 3, 1)
    identities = Inspector(config).identities(topic.name for topic in topics.TOPICS)
    assert identities["crm.calls"].partitions == 2
    assert len({identity.topic_id for identity in identities.values()}) == len(topics.TOPICS)


def test_a_record_is_held_or_not(made: Site) -> None:
    inspector = Inspector(made.settings.kafka_config())
    Publisher(made.settings.kafka_config()).send([Message("crm.emails", b"k", b"v", 0)] * 3)
    assert [inspector.holds("crm.emails", 0, offset) for offset in (0, 2, 3, 9)] == [
        True,
        True,
        False,
        False,
    ]
    assert inspector.beginnings("crm.emails", 2, 5)[1] == []


def test_a_message_goes_to_the_partition_it_names_else_where_its_key_belongs(made: Site) -> None:
    messages = [Message("crm.deals", b"", str(i).encode(), i % 2) for i in range(6)]
    messages += [Message("crm.deals", b"a key", str(i).encode()) for i in range(6, 9)]
    Publisher(made.settings.kafka_config()).send(messages)
    held = Inspector(made.settings.kafka_config()).beginnings("crm.deals", 2, 9)
    assert {n: [v for v in values if int(v) < 6] for n, values in held.items()} == {
        0: [b"0", b"2", b"4"],
        1: [b"1", b"3", b"5"],
    }
    by_key = partition_of(b"a key", 2)
    assert held[by_key][3:] == [b"6", b"7", b"8"]
