"""A story: everything that is ever recorded of one entity, as records of ascending revision."""

from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import count, islice
from typing import Any, TypeVar

from connectors.sources.simulator.dials import Dials
from connectors.sources.simulator.floor import Floor
from connectors.sources.simulator.records import (
    CallRecord,
    DealRecord,
    EmailRecord,
    MeetingRecord,
    Record,
)

Story = list[Any]  # of records of one kind: CallRecord, EmailRecord, MeetingRecord or DealRecord
R = TypeVar("R", CallRecord, EmailRecord, MeetingRecord, DealRecord)
MICROS = 1000  # a millisecond in the unit of `revision`


@dataclass(slots=True)
class Names:
    """Identifiers of one history: two histories share none, and a history repeats its own."""

    source: str
    tag: str
    _serial: "count[int]" = field(default_factory=count)

    @classmethod
    def of(cls, floor: Floor, seed: int, begins: object, dials: Dials) -> "Names":
        """Return the identifiers of the history that these parameters make."""
        told = repr((floor, seed, begins, dials.content())).encode()
        return cls(floor.source, blake2b(told, digest_size=5).hexdigest())

    def branch(self, begins: object) -> "Names":
        """Return identifiers for what is improvised upon a history from an instant on."""
        told = f"{self.tag}|{begins}".encode()
        return Names(self.source, blake2b(told, digest_size=5).hexdigest())

    def next_id(self) -> str:
        """Return the identifier of the next record inside the source."""
        return f"{self.tag}-{next(self._serial)}"

    def next_ids(self, count: int) -> list[str]:
        """Return the identifiers of the next records inside the source."""
        return [f"{self.tag}-{serial}" for serial in islice(self._serial, count)]


def revised(record: R, after_ms: int, **changes: Any) -> R:
    """Return a later state of an entity, `after_ms` (at least 1) after the given one."""
    later = record.revision + max(1, after_ms) * MICROS
    return record._replace(revision=later, **changes)


def known_ms(record: Record) -> int:
    """Return the instant at which the source knows a record."""
    return record.revision // MICROS


def revised_at(record: R, at: int, **changes: Any) -> R:
    """Return a later state of an entity, known at an instant or just after the given state."""
    return revised(record, at - known_ms(record), **changes)
