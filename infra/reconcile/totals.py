"""Totals per rep and day against what history puts into them.

A history row puts its values in at its position, and they are taken out where the entity's next row
stands. So a total at position p must be the sum of all that happened at or below p, and p must be
the last position at which something happened to it. That holds while work goes on as well as at
rest: a total behind the cut is compared with history up to its own position.
"""

from collections.abc import Sequence

from infra.reconcile.asking import Check
from infra.reconcile.cut import Part, Slice
from infra.reconcile.periods import Days
from infra.reconcile.putting_in import PUT_IN

TABLE = "spm.kpi_rep_day"
_KEY = "rep_id, day, measure, currency, topic, partition"


def check(part: Slice, generation: int, days: Days) -> Check:
    """Return the check of the totals of some partitions of a topic."""
    sql = f"""
        SELECT
            multiIf(
                is_row = 0 AND should_at = 0, '',
                is_row = 0, 'no row',
                found_at >= {part.seen()}, 'moving',
                should_at = 0, 'row without a source',
                found_value != should_value, 'value',
                found_at != should_at, 'position',
                'ok') AS state,
            {_texts(_KEY)} AS key,
            concat(toString(should_value), ' at ', toString(should_at)) AS expected,
            if(is_row = 0, '', concat(toString(found_value), ' at ', toString(found_at))) AS found,
            toDecimal128(found_value, 4) - should_value AS off,
            toString(currency) AS currency,
            greatest(found_at, should_at) AS position
        FROM (
            SELECT {_KEY},
                max(known) AS is_row, max(row_at) AS found_at, sum(row_value) AS found_value,
                maxIf(at, at <= until) AS should_at,
                sumIf(toDecimal128(change, 4), at <= until) AS should_value
            FROM ({_happened(part, generation, days)}
                UNION ALL
                SELECT {_KEY}, toUInt64(0), toUInt64(0), toDecimal64(0, 4), 1, position, value
                FROM ({_rows(part, generation, days)}))
            GROUP BY {_KEY})"""
    return Check(TABLE, _KEY.split(", "), sql)


def check_strays(parts: Sequence[Part], generation: int, days: Days) -> Check:
    """Return the check for totals of partitions that have no history at all."""
    known = ", ".join(f"('{part.topic}', {part.partition})" for part in parts) or "('', 0)"
    sql = f"""
        SELECT 'row without a source' AS state, {_texts(_KEY)} AS key, '' AS expected,
            concat(toString(value), ' at ', toString(position)) AS found,
            toDecimal128(value, 4) AS off, toString(currency) AS currency, position
        FROM {TABLE} FINAL WHERE generation = {generation} AND {days.condition("day")}
            AND (toString(topic), toUInt32(partition)) NOT IN ({known})"""
    return Check(TABLE, _KEY.split(", "), sql)


def _happened(part: Slice, generation: int, days: Days) -> str:
    """Return SQL for everything that happened to each total, with where its row stands."""
    return f"""
        SELECT {_KEY}, change_at.1 AS at, greatest(position, {part.applied()} - 1) AS until,
            change_at.2 AS change, 0 AS known, toUInt64(0) AS row_at,
            toDecimal64(0, 4) AS row_value
        FROM (
            SELECT topic, partition, put.1 AS rep_id, put.2 AS day, put.3 AS measure,
                put.4 AS currency, put.5 AS put_value, here, next
            FROM ({_with_next(part)}) ARRAY JOIN puts AS put
            WHERE {days.condition("put.2")}) AS happened
        ANY LEFT JOIN ({_rows(part, generation, days)}) AS rows USING ({_KEY})
        ARRAY JOIN if(next = 0, [(here, put_value)], [(here, put_value), (next, -put_value)])
            AS change_at"""


def _with_next(part: Slice) -> str:
    """Return SQL for history rows with the position of the entity's next row, 0 for none."""
    return f"""
        SELECT topic, partition, position AS here, {PUT_IN[part.table]} AS puts,
            leadInFrame(position) OVER (PARTITION BY entity_id ORDER BY position
                ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next
        FROM (SELECT * FROM {part.table} FINAL WHERE {part.where()} AND kind != 'marker')"""


def _rows(part: Slice, generation: int, days: Days) -> str:
    return f"""
        SELECT {_KEY}, position, value FROM {TABLE} FINAL
        WHERE generation = {generation} AND {part.where()} AND {days.condition("day")}"""


def _texts(columns: str) -> str:
    return f"[{', '.join(f'toString({column})' for column in columns.split(', '))}]"
