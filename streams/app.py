"""The Faust app of a worker: what runs in it, wired from settings."""

import asyncio
import logging
import os
import ssl
import threading
from typing import Any

import faust
from faust.tables.manager import TableManager

from streams import heap, web
from streams.agents import facts, progress
from streams.agents.pipes import PIPES
from streams.engine.fencewatch import watch_warehouse
from streams.engine.logwatch import watch_logs
from streams.engine.poison import Poison
from streams.engine.preparing import Outside
from streams.engine.sighting import sight_of
from streams.engine.tempo import Tempo
from streams.engine.transport import Transport
from streams.engine.watchdog import Watchdog
from streams.engine.worker import Worker
from streams.settings import Settings

STOP_SECONDS_MAX = 9.0  # who tells us to stop waits ten
SESSION_SECONDS = 6.0  # a dead worker's partitions move on after that; the first join waits half

log = logging.getLogger(__name__)


class NoTables(TableManager):
    """Faust's tables, of which there are none: it waits a second for one that comes late."""

    async def on_start(self) -> None:
        """Go on at once."""
        await self._update_channels()
        await self.recovery.start()


class App(faust.App):
    """A Faust app whose batch topics belong to an engine worker."""

    batch_owner: Worker
    watchdog: Watchdog

    def _new_transport(self) -> Transport:
        # By class and not by the entry point's name: a worker needs no installed package then.
        return Transport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> Transport:
        return Transport(self.conf.broker_producer, self)

    async def on_stop(self) -> None:
        """Flush and commit before the consumer goes; leave in time, come what may."""
        deadline = threading.Timer(STOP_SECONDS_MAX, _leave)
        deadline.daemon = True
        deadline.start()
        self.watchdog.stop()
        await self.batch_owner.finish()
        self.batch_owner.tasks.end()
        await super().on_stop()


def _leave() -> None:
    log.warning(
        "not stopped within %s s; leaving. Nothing unflushed is committed", STOP_SECONDS_MAX
    )
    logging.shutdown()
    os._exit(0)


def credentials(settings: Settings) -> Any:
    """Return how Faust shows itself to Kafka; None for a broker that asks for nothing."""
    security = settings.kafka_security
    context = None
    if security.endswith("SSL"):
        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
    if security.startswith("SASL"):
        return faust.SASLCredentials(
            username=settings.kafka_username,
            password=settings.kafka_password.get_secret_value(),
            mechanism=settings.kafka_sasl_mechanism,
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None


def make_app(settings: Settings, given: Outside) -> App:
    """Return the app of a worker."""
    app = App(
        settings.kafka_group,
        broker=[f"kafka://{server}" for server in settings.kafka_bootstrap.split(",")],
        broker_credentials=credentials(settings),
        # A static member does not leave the group when it stops: nobody takes over before the
        # session has run out, and a restart within it moves no partition.
        consumer_group_instance_id=settings.kafka_instance_id,
        broker_session_timeout=SESSION_SECONDS,
        broker_heartbeat_interval=SESSION_SECONDS / 6,  # a survivor hears of the rest by these
        broker_rebalance_timeout=15.0,  # a last flush takes up to four seconds of it
        broker_commit_every=1_000_000,  # the timer decides; a count of batches says nothing
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        TableManager=NoTables,
        stream_wait_empty=False,  # a batch is done when it is settled, which Faust does not see
        web_host=settings.host,
        web_bind=settings.host,
        web_port=settings.metrics_port,
        web_tables_enabled=False,
        autodiscover=False,
        origin="streams",
        datadir=settings.data_dir / "faust",
    )
    worker = worker_of(settings, given)
    app.batch_owner = worker
    app.watchdog = watchdog_of(settings, given, worker)
    facts.add_agents(app, worker)
    progress.add_agent(app, progress.Progress(given, worker.waits), worker.die)
    web.add_pages(app, worker, app.watchdog)
    _add_tasks(app, given)
    return app


def worker_of(settings: Settings, given: Outside) -> Worker:
    """Return the engine's worker over all folds."""
    tempo = Tempo(settings.flush_seconds_min, settings.flush_seconds_max, settings.flush_rows_max)
    poison = Poison(settings.bad_share_max)
    worker = Worker(PIPES, given, tempo, settings.held_bytes_max, poison)
    worker.preparation.reads_at_once = True
    return worker


def watchdog_of(settings: Settings, given: Outside, worker: Worker) -> Watchdog:
    """Return the watchdog of a worker."""
    return Watchdog(
        lambda ends: sight_of(worker, worker.pulse, ends),
        lambda: set(worker.assigned),
        given.kafka,
        worker.waits,
        worker.die,
        stall_seconds=settings.stall_seconds,
    )


def _add_tasks(app: App, given: Outside) -> None:
    @app.task  # type: ignore[untyped-decorator]
    async def flush_for_ever() -> None:
        await app.batch_owner.run()

    @app.task  # type: ignore[untyped-decorator]
    async def watch_for_other_logs() -> None:
        await watch_logs(app.batch_owner, given.kafka)

    @app.task  # type: ignore[untyped-decorator]
    async def watch_for_another_warehouse() -> None:
        await watch_warehouse(app.batch_owner)

    @app.task  # type: ignore[untyped-decorator]
    async def give_memory_back() -> None:
        while True:
            await asyncio.sleep(heap.GIVE_BACK_SECONDS)
            await asyncio.to_thread(heap.give_back)

    @app.task  # type: ignore[untyped-decorator]
    async def be_watched() -> None:
        app.watchdog.start()
        while True:
            app.batch_owner.pulse.loop_ran()
            await asyncio.sleep(1)
