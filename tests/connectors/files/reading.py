"""Imports without a broker: what would stand in Kafka, and the account."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.sources.files.importing import Account, run
from connectors.sources.files.joining import Joined
from connectors.sources.files.mapper import Given, maker
from connectors.sources.files.mapping import EventMapping
from connectors.sources.files.picking import Columns
from connectors.sources.files.reading_mapping import mapping_of
from connectors.sources.files.refused import RefusedFile
from connectors.sources.files.rows import opened
from connectors.sources.producing import Acknowledged, Delivery, Event

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Log:
    """Takes events as a producer does and acknowledges all of them."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def publish(self, events: Sequence[Event]) -> Delivery:
        delivery = Delivery(len(events), 5.0)
        for index, event in enumerate(events):
            self.events.append(event)
            delivery.report(index, Acknowledged("t", 0, len(self.events)))
        return delivery

    @property
    def records(self) -> list[dict[str, Any]]:
        return [dict(event.record) for event in self.events]


def imported(
    file: Path,
    mapping: str | EventMapping,
    *,
    as_of: datetime | None = None,
    refused: Path | None = None,
) -> tuple[Log, Account]:
    """Import a file and return what was sent and the account."""
    if isinstance(mapping, str):
        found = mapping_of(mapping, "mapping.yaml")
        assert isinstance(found, EventMapping)
        mapping = found
    rows = opened(file, mapping.file)
    log = Log()
    refusing = RefusedFile(refused, rows.header, mapping.file) if refused else None
    try:
        places = {n: file.parent / j.file for n, j in mapping.joins.items()}
        joined = Joined(mapping.joins, places, mapping.file)
        header = None if rows.header is None else [*rows.header, *joined.headings]
        make = maker(mapping, Columns(header, mapping.file), joined, Given(as_of, NOW))
        return log, run(rows, make, log.publish, refusing)
    finally:
        rows.close()
        if refusing:
            refusing.close()
