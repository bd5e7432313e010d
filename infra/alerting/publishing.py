"""Changes of state made known in the topic spm.alerts: at least once, in the order of each alert.

An event is in the outbox as long as no row of spm.alert_published names it. So a process that dies
between sending and keeping sends the same event again, under the same event_id.
"""

from datetime import UTC, datetime
from typing import Any

import polars as pl

from infra.alerting import events
from infra.alerting.reading import SETTINGS, Warehouse
from schemas import codec, topics
from schemas.codec import SchemaIds
from schemas.warehouse import Message
from streams.engine.ports import Publisher

TABLE = "spm.alert_published"
AT_ONCE = 1_000  # events of one statement; the rest comes with the next
FIELDS = (*events.KEY, "event_id", "number", "at", "day", "before", "after", "reason", "value",
          "episode", "story", "inputs", "sequence")  # fmt: skip
# Events that are not in the topic yet.
OPEN = f"""
SELECT {", ".join(FIELDS)} FROM {events.TABLE} FINAL
WHERE reason != '{events.COUNTED}' AND {events.PUBLIC}
AND event_id NOT IN (SELECT event_id FROM {TABLE})
ORDER BY at, {", ".join(events.KEY)}, number LIMIT {AT_ONCE} {SETTINGS}
"""


def publish(warehouse: Warehouse, publisher: Publisher, ids: SchemaIds) -> int:
    """Return how many events are in the topic now that were not.

    Raises:
        Unavailable: Kafka or the warehouse, not now; what was sent is sent again.
        Fenced: the warehouse is another.
    """
    incarnation, count = warehouse.incarnation(), 0
    while True:
        rows = list(warehouse.frame(OPEN).iter_rows(named=True))
        if not rows:
            return count
        publisher.send([message_of(row, ids) for row in rows])
        now = datetime.now(UTC)
        told = {"event_id": [row["event_id"] for row in rows], "at": [now] * len(rows)}
        schema: dict[str, Any] = {"event_id": pl.String, "at": pl.Datetime("ms", "UTC")}
        warehouse.insert(TABLE, pl.DataFrame(told, schema), incarnation)
        count += len(rows)


def message_of(row: dict[str, Any], ids: SchemaIds) -> Message:
    """Return an event as it stands in the topic."""
    record = {name: row[name] for name in FIELDS}
    key = f"{row['subject_kind']}:{row['subject_id']}".encode()
    return Message(topics.ALERTS.name, key, codec.encode(topics.ALERTS.messages[0], record, ids))
