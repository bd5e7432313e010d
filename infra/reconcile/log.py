"""The log as `applied` and history tell of it: holes, lost rows, records set aside."""

from collections.abc import Sequence

from infra.reconcile.asking import Warehouse, ask
from infra.reconcile.cut import HISTORIES, Part
from infra.reconcile.findings import DeadLetters, Gap
from schemas.positions import OFFSET_BITS

# Ranges of an epoch in order, each with how far those before it reach. A worker that lost its
# partition can make ranges overlap; what overlaps is not added up.
_RANGES = """
    SELECT topic, partition, epoch, offset_from, offset_to, accepted, dead,
        accepted > 0 AND marker > 0 AS is_finished,
        max(offset_to) OVER (PARTITION BY topic, partition, epoch ORDER BY offset_from, offset_to
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
    FROM spm.applied FINAL"""
_HOLES = f"""
    SELECT topic, partition, epoch, reached, offset_from FROM ({_RANGES})
    WHERE offset_from > reached ORDER BY topic, partition, epoch, reached"""
_EPOCH = f"toUInt32(bitShiftRight(position, {OFFSET_BITS}))"
_COUNTS = f"""
    SELECT topic, partition, epoch, sum(accepted) AS accepted, sum(dead) AS dead,
        max(offset_to) AS applied_to, countIf(is_finished) AS finished
    FROM ({_RANGES}) GROUP BY topic, partition, epoch HAVING countIf(offset_from < reached) = 0"""


def gaps(warehouse: Warehouse) -> tuple[Gap, ...]:
    """Return holes in what is applied, and flushes whose rows are not all there."""
    found = [
        Gap(topic, partition, epoch, f"offsets {since} to {until - 1} were never applied")
        for topic, partition, epoch, since, until in ask(warehouse, _HOLES).iter_rows()
    ]
    return (*found, *_lost_rows(warehouse), *_lost_letters(warehouse))


def dead_letters(warehouse: Warehouse) -> tuple[DeadLetters, ...]:
    """Return how many records were set aside, by topic and reason."""
    rows = ask(
        warehouse,
        "SELECT topic, reason, count() AS records FROM spm.dead_letter FINAL "
        "GROUP BY topic, reason ORDER BY topic, reason",
    )
    return tuple(DeadLetters(*row) for row in rows.iter_rows())


def sequences(parts: Sequence[Part]) -> dict[int, tuple[str, ...]]:
    """Return which partitions are under which definitions; at rest all are under one."""
    found: dict[int, list[str]] = {}
    for part in parts:
        found.setdefault(part.sequence, []).append(f"{part.topic}/{part.partition}")
    return {sequence: tuple(found[sequence]) for sequence in sorted(found)}


def _lost_rows(warehouse: Warehouse) -> list[Gap]:
    """Return epochs of partitions whose history holds other than the records accepted.

    A marker writes rows of the entities it resolves again at its own position. It is flushed alone
    and they are not counted, save where flushes of a lost log were finished from history.
    """
    every = " UNION ALL ".join(
        f"SELECT topic, partition, position, kind, (topic, partition, position) IN ("
        f"SELECT topic, partition, position FROM {table} WHERE kind = 'marker') AS is_marked "
        f"FROM {table} FINAL"
        for table in HISTORIES
    )
    kept = (
        f"SELECT topic, partition, epoch, count() AS kept, countIf(NOT is_marked) AS of_records "
        f"FROM (SELECT *, {_EPOCH} AS epoch FROM ({every}) WHERE kind != 'marker') AS history "
        f"INNER JOIN ({_COUNTS}) AS applied USING (topic, partition, epoch) "
        f"WHERE bitAnd(position, {(1 << OFFSET_BITS) - 1}) < applied_to "
        f"GROUP BY topic, partition, epoch"
    )
    rows = ask(
        warehouse,
        f"SELECT topic, partition, epoch, accepted, of_records FROM ({_COUNTS}) AS applied "
        f"LEFT JOIN ({kept}) AS history USING (topic, partition, epoch) "
        f"WHERE if(finished = 0, of_records != accepted, of_records > accepted OR kept < accepted) "
        f"ORDER BY topic, partition, epoch",
    )
    return [
        Gap(topic, partition, epoch, f"{accepted} records were accepted, history has {kept}")
        for topic, partition, epoch, accepted, kept in rows.iter_rows()
    ]


def _lost_letters(warehouse: Warehouse) -> list[Gap]:
    rows = ask(
        warehouse,
        f"SELECT topic, partition, epoch, dead, kept FROM ({_COUNTS}) AS applied "
        f"LEFT JOIN (SELECT topic, partition, "
        f"{_EPOCH} AS epoch, count() AS kept "
        f"FROM spm.dead_letter FINAL GROUP BY topic, partition, epoch) AS letters "
        f"USING (topic, partition, epoch) WHERE kept < dead ORDER BY topic, partition, epoch",
    )
    return [
        Gap(topic, partition, epoch, f"{dead} records were set aside, {kept} are in dead_letter")
        for topic, partition, epoch, dead, kept in rows.iter_rows()
    ]
