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
    publisher, inspector = (
        Publisher(made.settings.kafka_config()),
        Inspector(made.settings.kafka_config()),
    )
    publisher.send(Message("crm.deals", b"", b"v", number) for number in [0] * 20 + [1] * 20)
    assert inspector.holds("crm.deals", 0, 19)
    assert inspector.holds("crm.deals", 1, 19)
    publisher.send([Message("crm.deals", b"a key", b"v")] * 3)
    assert inspector.holds("crm.deals", partition_of(b"a key", 2), 22)
