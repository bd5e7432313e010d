"""One look at everybody, and all that follows from it: events, the topic, messages to people."""

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from connectors.sinks.notices.outcomes import Sender
from infra.alerting.broadcasting import look
from infra.alerting.channels import senders
from infra.alerting.delivering import Delivery, Round
from infra.alerting.leasing import Lease, Leased, holder_of, left
from infra.alerting.publishing import publish
from infra.alerting.reading import Warehouse
from infra.alerting.ticking import Tick, tick
from infra.alerting.turns import turn
from schemas.channels import Channel
from schemas.codec import SchemaIds
from schemas.definitions import Bundle
from schemas.warehouse import Unavailable
from streams.engine.ports import Publisher

TURN_SECONDS_MAX = 60.0  # a round lasts half of that at most, and a slow receiver's answer


class Looked(NamedTuple):
    """What came of a look.

    Attributes:
        published: events that are in the topic now.
        trouble: why the topic was not reached; empty: it was.
        news: pieces of good news that were not known.
    """

    tick: Tick
    published: int
    round: Round
    trouble: str
    news: int = 0


class Service:
    """Looks at everybody and tells what it sees. `folder`: where turns of this machine are taken.

    Turns of several machines go by a lease, which whoever watches keeps from look to look.
    """

    def __init__(
        self,
        warehouse: Callable[[], Warehouse],
        bundle: Callable[[], Bundle],
        channels: Mapping[str, Channel],
        folder: Path,
        *,
        topic: tuple[Publisher, SchemaIds] | None = None,
        stopping: threading.Event | None = None,
        lease: Lease | None = None,
    ) -> None:
        self._warehouse, self._bundle, self._folder = warehouse, bundle, folder
        self._lease = lease or Lease("alerts", holder_of(folder))
        self._channels, self._topic, self._stopping = channels, topic, stopping
        self._senders: Mapping[str, Sender] = senders(channels)

    def look(self, now: datetime | None = None) -> Looked:
        """Return what came of a look.

        Raises:
            Unavailable: the warehouse, not now.
            Fenced: it was restored meanwhile.
            Busy: another process has its turn for longer than a turn lasts.
            Taken: another machine has it.
        """
        with turn(self._folder, TURN_SECONDS_MAX):
            bare = self._warehouse()
            try:
                return self._looked(self._lease.take(bare), now)
            finally:
                if self._stopping is None or self._stopping.is_set():
                    left(bare, self._lease)

    def _looked(self, warehouse: Leased, now: datetime | None) -> Looked:
        bundle = self._bundle()
        usable = frozenset(self._channels)
        made = tick(warehouse, bundle, now or datetime.now(UTC), usable)
        news = self._news(warehouse, bundle, now or datetime.now(UTC))
        told = Delivery(warehouse, bundle, self._channels, self._senders, self._stopping).run(
            now or datetime.now(UTC)
        )
        published, trouble = self._publish(warehouse)
        return Looked(made, published, told, trouble, news)

    def _news(self, warehouse: Warehouse, bundle: Bundle, now: datetime) -> int:
        today = now.astimezone(ZoneInfo(bundle.company.time_zone)).date()
        return look(warehouse, bundle, now, today, frozenset(self._channels))

    def _publish(self, warehouse: Warehouse) -> tuple[int, str]:
        """Return how many events went into the topic; Kafka being away keeps nobody uninformed."""
        if self._topic is None:
            return 0, ""
        try:
            return publish(warehouse, *self._topic), ""
        except Unavailable as error:
            return 0, str(error)
