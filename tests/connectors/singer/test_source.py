"""A tap's output through Kafka: kept in the source's own log, mapped from there, once."""

import json
from pathlib import Path

import pytest

from connectors.sources.producing import EventProducer, ProducerSettings
from connectors.sources.runtime.folder import Source, Sources
from connectors.sources.runtime.log import Kafka, ensure
from connectors.sources.runtime.running import Ground, Running
from connectors.sources.singer.taking import take
from infra.cli.source_singer import keeping
from tests.brokers import running_broker
from tests.connectors.singer.test_taking import DEAL, record, schema, state
from tests.connectors.vendors.trial import IDS, Floor, no_warehouse

pytestmark = pytest.mark.slow


def test_a_deal_that_a_tap_tells_twice_stands_once_and_its_state_comes_back(tmp_path: Path) -> None:
    lines = [schema("deals", "id"), record("deals", **DEAL), state({"deals": "2026-03-02"})]
    with running_broker() as broker:
        kafka = Kafka({"bootstrap.servers": broker.address, "log_level": 0}, IDS)
        producer = EventProducer(ProducerSettings(broker.address, deadline_seconds=5.0), IDS)
        sources = Sources(tmp_path / "sources")
        sources.add(Source("pipe", "singer"), {})
        ground = Ground(sources, kafka, producer, no_warehouse, "")
        ensure(kafka, "pipe")
        states: list[str] = []
        running = Running(ground, sources.read("pipe"))
        floor = Floor(broker.address, object())
        try:
            for _ in range(2):
                take(lines, keeping("pipe", ground), states.append)
            later = {**DEAL, "value": 99, "update_time": "2026-03-03 10:00:00"}
            take([schema("deals", "id"), record("deals", **later)], keeping("pipe", ground), print)
            for _ in range(200):
                floor.read()
                if len(floor.of("deal", "pipe", "7")) >= 2:
                    break
        finally:
            running.stop()
            producer.close()
            floor.close()
    assert [json.loads(one) for one in states] == [{"deals": "2026-03-02"}] * 2
    told = [made for _, made in floor.of("deal", "pipe", "7")]
    assert [(str(made["amount"]), made["entity_id"]) for made in told] == [
        ("1250.5000", "pipe:deal:7"),
        ("99.0000", "pipe:deal:7"),
    ]
