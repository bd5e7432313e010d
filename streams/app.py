"""The Faust app of a worker: what runs in it, wired from settings."""

import faust

from connectors.sinks.clickhouse import Warehouse
from connectors.sinks.kafka import Inspector, Publisher
from schemas.codec import CatalogueIds, SchemaIds
from streams.agents import facts
from streams.agents.folds import FOLDS
from streams.engine.tempo import Tempo
from streams.engine.transport import Transport
from streams.engine.worker import Outside, Worker
from streams.settings import Settings


class App(faust.App):
    """A Faust app whose batch topics belong to an engine worker."""

    batch_owner: Worker

    def _new_transport(self) -> Transport:
        # By class and not by the entry point's name: a worker needs no installed package then.
        return Transport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> Transport:
        return Transport(self.conf.broker_producer, self)


def outside(settings: Settings) -> Outside:
    """Return the worker's connections.

    Raises:
        Unavailable: the warehouse does not answer.
    """
    return Outside(
        Warehouse.connect(
            settings.warehouse_url,
            settings.warehouse_user,
            settings.warehouse_password(),
            settings.warehouse_quorum,
        ),
        Publisher(settings.kafka_config()),
        Inspector(settings.kafka_config()),
        schema_ids(settings),
    )


def schema_ids(settings: Settings) -> SchemaIds:
    """Return where schema ids come from."""
    return CatalogueIds()


def make_app(settings: Settings, given: Outside) -> App:
    """Return the app of a worker."""
    app = App(
        settings.kafka_group,
        broker=[f"kafka://{server}" for server in settings.kafka_bootstrap.split(",")],
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        stream_wait_empty=False,
        web_enabled=False,
        broker_session_timeout=6.0,
        broker_rebalance_timeout=15.0,
        broker_heartbeat_interval=1.5,
        autodiscover=False,
        origin="streams",
        datadir=settings.data_dir / "faust",
        broker_commit_every=1_000_000,  # the timer decides; a count of batches says nothing
    )
    tempo = Tempo(settings.flush_seconds_min, settings.flush_seconds_max, settings.flush_rows_max)
    worker = Worker(FOLDS, given, tempo, settings.held_bytes_max)
    app.batch_owner = worker
    facts.add_agents(app, worker)

    @app.task  # type: ignore[untyped-decorator]
    async def flush_for_ever() -> None:
        await worker.run()

    return app
