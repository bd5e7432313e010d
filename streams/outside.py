"""A worker's connections, wired from settings; without Faust, so that commands start fast."""

from connectors.sinks.clickhouse import Warehouse
from connectors.sinks.kafka import Inspector, Publisher
from connectors.sinks.schema_ids import ids_from
from streams.engine.preparing import Outside
from streams.settings import Settings


def outside(settings: Settings, *, ahead: bool = False) -> Outside:
    """Return a worker's connections.

    Args:
        ahead: whoever is going to send connects to Kafka now; otherwise nothing is opened before it
            is used.
    """
    return Outside(
        Warehouse.connect(
            settings.warehouse_url,
            settings.warehouse_user,
            settings.warehouse_password(),
            settings.warehouse_quorum,
            at_once=False,
        ),
        Publisher(settings.kafka_config(), ahead=ahead),
        Inspector(settings.kafka_config()),
        ids_from(settings.schema_registry_url),
    )
