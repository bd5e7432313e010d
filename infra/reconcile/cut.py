"""The cut: how far each partition is applied, and how far its history is seen to go.

Everything below `applied` is in all tables. What lies between it and `seen` is a flush under way:
its history is written, its results may or may not be.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from infra.reconcile.asking import Warehouse, ask
from schemas.positions import OFFSET_BITS

SLICE_ROWS = 4_000_000  # history rows looked at by one query, about; a partition is never divided
# A message between two stages takes a second. One that takes this long, while the stage that should
# take it does nothing else, is lost, or the stage is dead.
OVERDUE_SECONDS = 600
HISTORIES = ("spm.activity", "spm.deal", "spm.credit")


class Part(NamedTuple):
    """One partition of a topic.

    Attributes:
        applied: position behind what is applied.
        seen: position behind its newest history row.
        sequence: definitions in force at `applied`.
        rows: history rows, those of markers included.
        above: history rows at or above `applied`.
        long_applied: position behind what was applied OVERDUE_SECONDS ago.
        is_quiet: nothing was applied since then.
    """

    table: str
    topic: str
    partition: int
    applied: int
    seen: int
    sequence: int
    rows: int
    above: int
    long_applied: int = 0
    is_quiet: bool = False


class Slice(NamedTuple):
    """Partitions of one topic that are checked together."""

    table: str
    topic: str
    parts: tuple[Part, ...]

    def where(self) -> str:
        """Return the condition that a row is of these partitions."""
        numbers = ", ".join(str(part.partition) for part in self.parts)
        return f"(topic = '{self.topic}' AND partition IN ({numbers}))"

    def applied(self) -> str:
        """Return SQL for where the partition of a row is applied up to."""
        return self._by_partition([part.applied for part in self.parts])

    def seen(self) -> str:
        """Return SQL for where the history of the partition of a row is seen to end."""
        return self._by_partition([max(part.applied, part.seen) for part in self.parts])

    def sequence(self) -> str:
        """Return SQL for the definitions in force in the partition of a row."""
        return self._by_partition([part.sequence for part in self.parts])

    def _by_partition(self, values: Sequence[int]) -> str:
        numbers = [part.partition for part in self.parts]
        ends = f"arrayMap(x -> toUInt64(x), {list(values)})"
        return f"transform(partition, {numbers}, {ends}, toUInt64(0))"


def cut(warehouse: Warehouse, overdue_seconds: int = OVERDUE_SECONDS) -> tuple[Part, ...]:
    """Return every partition there is, as of now.

    `applied` is read first: all that it names is in the tables read after it.

    Args:
        overdue_seconds: how long the next stage may leave a message lying.
    """
    reached = {
        (topic, number): (end, long, bool(quiet))
        for topic, number, end, long, quiet in ask(warehouse, applied(overdue_seconds)).iter_rows()
    }
    ends = {partition: end for partition, (end, *_) in reached.items()}
    found = []
    for table in HISTORIES:
        for topic, number, *rest in ask(warehouse, _ends(table, ends)).iter_rows():
            end, *waited = reached.get((topic, number), (0, 0, False))
            found.append(Part(table, topic, number, end, *rest, *waited))
    return tuple(found)


def slices(parts: Sequence[Part], table: str) -> Iterator[Slice]:
    """Yield the partitions of a table's topics in portions that are checked together."""
    for topic in sorted({part.topic for part in parts if part.table == table}):
        mine: list[Part] = []
        for part in sorted(p for p in parts if (p.table, p.topic) == (table, topic)):
            if mine and sum(p.rows for p in mine) + part.rows > SLICE_ROWS:
                yield Slice(table, topic, tuple(mine))
                mine = []
            mine.append(part)
        yield Slice(table, topic, tuple(mine))


def applied(overdue_seconds: int) -> str:
    """Return SQL for how far partitions are applied, and how far they were so long ago."""
    return f"""
        SELECT topic, partition, max(reached) AS now_applied,
            maxIf(reached, is_long_ago) AS long_applied, min(is_long_ago) AS is_quiet
        FROM (
            SELECT topic, partition,
                bitShiftLeft(toUInt64(epoch), {OFFSET_BITS}) + offset_to AS reached,
                applied_at <= now64(3, 'UTC') - INTERVAL {overdue_seconds} SECOND AS is_long_ago
            FROM spm.applied)
        GROUP BY topic, partition"""


def _ends(table: str, applied: Mapping[tuple[str, int], int]) -> str:
    known = [(topic, number, end) for (topic, number), end in applied.items()] or [("", 0, 0)]
    ends = (
        f"SELECT one.1 AS topic, toUInt16(one.2) AS partition, toUInt64(one.3) AS until "
        f"FROM (SELECT arrayJoin({known}) AS one)"
    )
    return (
        f"SELECT topic, partition, max(position) + 1 AS seen, "
        f"maxIf(sequence, kind = 'marker' AND position < until) AS in_force, "
        f"count() AS rows, countIf(kind != 'marker' AND position >= until) AS above "
        f"FROM {table} LEFT JOIN ({ends}) AS ends USING (topic, partition) "
        f"GROUP BY topic, partition ORDER BY topic, partition"
    )
