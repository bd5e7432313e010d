"""What sources of an installation stand on, by its settings."""

from collections.abc import Iterator
from contextlib import contextmanager

from connectors.sinks.clickhouse import Warehouse
from connectors.sinks.schema_ids import ids_from
from connectors.sources.gateway.config import GatewayConfig
from connectors.sources.producing import EventProducer, ProducerSettings
from connectors.sources.runtime.folder import Sources
from connectors.sources.runtime.log import Kafka
from connectors.sources.runtime.running import Ground
from streams.settings import Settings

DEADLINE_SECONDS = 10.0  # loops wait and try again; a commit of a source's memory waits as long


def sources_of(settings: Settings) -> Sources:
    """Return the folder of an installation's sources."""
    return Sources(settings.data_dir / "sources")


def kafka_of(settings: Settings) -> Kafka:
    """Return how its Kafka is reached.

    Raises:
        SchemaRegistryError: the registry is away.
    """
    config = {**settings.kafka_config(), "log_level": 0}  # loops say themselves what troubles them
    return Kafka(config, ids_from(settings.schema_registry_url), settings.replication)


@contextmanager
def ground_of(settings: Settings) -> Iterator[Ground]:
    """Hold what sources stand on; services may be away, then loops wait."""
    kafka = kafka_of(settings)
    producer = EventProducer(
        ProducerSettings(
            settings.kafka_bootstrap,
            "pacesetter-sources",
            DEADLINE_SECONDS,
            settings.kafka_config(),
        ),
        kafka.ids,
    )

    def warehouse() -> Warehouse:
        return Warehouse.connect(
            settings.warehouse_url,
            settings.warehouse_user,
            settings.warehouse_password(),
            settings.warehouse_quorum,
        )

    try:
        yield Ground(sources_of(settings), kafka, producer, warehouse, settings.public_url)
    finally:
        producer.close()


def gateway_of(settings: Settings) -> GatewayConfig:
    """Return the gateway's configuration."""
    return GatewayConfig(
        sources_of(settings),
        ProducerSettings(
            settings.kafka_bootstrap,
            "pacesetter-gateway",
            5.0,  # the most patient vendor waits longer; the others are answered before
            settings.kafka_config(),
        ),
        settings.public_url,
        settings.host,
        settings.gateway_port,
        settings.schema_registry_url,
        settings.replication,
    )
