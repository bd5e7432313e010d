"""Reading history: predecessors below a position, and the ids that have any history."""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from streams.engine.batches import Partition
from streams.engine.folding import no_known
from streams.engine.ports import Warehouse

IDS_MAX = 20_000  # ids named in one query; more go into the next


class Asked(NamedTuple):
    """Ids of one partition whose predecessors are wanted, below a position."""

    partition: Partition
    below: int
    ids: Sequence[str]


def known(warehouse: Warehouse, table: str, asked: Sequence[Asked]) -> pl.DataFrame:
    """Return the history row with the greatest position below, for each id that has one.

    The bound makes a replay blind for its own rows and for those of a worker that lost the
    partition.
    """
    columns = no_known().columns
    found = [no_known()]
    for part in asked:
        for first in range(0, len(part.ids), IDS_MAX):
            ids = ", ".join(map(quoted, part.ids[first : first + IDS_MAX]))
            found.append(
                warehouse.frame(
                    f"SELECT {', '.join(columns)} FROM {table} WHERE entity_id IN ({ids}) "
                    f"AND topic = {quoted(part.partition.topic)} "
                    f"AND partition = {part.partition.number} AND position < {part.below} "
                    f"ORDER BY position DESC LIMIT 1 BY entity_id"
                )
            )
    return pl.concat(
        [frame.select(columns) for frame in found if frame.width], how="vertical_relaxed"
    )


def ids_of(warehouse: Warehouse, table: str, partitions: Sequence[Partition]) -> pl.DataFrame:
    """Return every id with history: entity_id, topic, partition."""
    return warehouse.frame(
        f"SELECT DISTINCT entity_id, topic, partition FROM {table} "
        f"WHERE kind != 'marker' AND {where(partitions)}"
    )


def where(partitions: Sequence[Partition]) -> str:
    """Return the condition that a row is of one of these partitions."""
    by_topic: dict[str, list[str]] = {}
    for partition in partitions:
        by_topic.setdefault(partition.topic, []).append(str(partition.number))
    parts = [
        f"(topic = {quoted(topic)} AND partition IN ({', '.join(numbers)}))"
        for topic, numbers in by_topic.items()
    ]
    return f"({' OR '.join(parts)})"


def marker_id(partition: Partition) -> str:
    """Return the entity_id of a partition's marker rows."""
    return f"marker:{partition.topic}:{partition.number}"


def quoted(text: str) -> str:
    """Return a text as a string literal of SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
