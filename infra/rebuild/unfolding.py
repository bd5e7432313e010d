"""SQL of what history puts into results. The one place here that knows how history keeps it.

Along an entity's history each row takes out what the row before it put in. So a row touches the
totals it names at its own position and at that of the row behind it; only the last one is still in.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from connectors.sinks.clickhouse import quoted
from streams.domain.crediting import PARTED
from streams.engine.batches import Partition
from streams.engine.folding import MARKER_KIND
from streams.engine.folds import ARRAYS, Snapshots

KEYS = ("rep_id", "day", "measure", "currency", "topic", "partition")
Cut = Mapping[Partition, int]  # position behind what is applied
NOTHING: Cut = {}


class Stretch(NamedTuple):
    """Some of history.

    Attributes:
        table: history table.
        since, until: positions at or above the one and below the other.
        after, upto: entities behind the one and up to the other; None: up to the last.
    """

    table: str
    since: Cut
    until: Cut
    after: str = ""
    upto: str | None = None


def position_in(cut: Cut) -> str:
    """Return an expression: the position a cut has for a row's topic and partition, else 0."""
    topics: dict[str, dict[int, int]] = {}
    for (topic, number), position in cut.items():
        topics.setdefault(topic, {})[number] = position
    if not topics:
        return "toUInt64(0)"
    branches = []
    for topic, numbers in topics.items():
        listed = ", ".join(str(numbers.get(n, 0)) for n in range(max(numbers) + 1))
        array = f"CAST([{listed}], 'Array(UInt64)')"
        branches.append(f"topic = {quoted(topic)}, arrayElement({array}, toUInt32(partition) + 1)")
    return f"multiIf({', '.join(branches)}, toUInt64(0))"


# What a snapshot says of a name that is gone: the twin of Snapshots.gone.
GONE = {
    "share": "0",
    "day": "day",
    "amount": "0",
    "reporting_amount": "if(isNull(rate), NULL, 0)",
    **dict.fromkeys(PARTED, "NULL"),
    "territory_id": "''",
}
_SNAPSHOT_TYPES = {
    "share": "Decimal(9, 6)",
    "day": "Date32",
    "amount": "Decimal(18, 4)",
    "reporting_amount": "Nullable(Decimal(18, 4))",
    **dict.fromkeys(PARTED, "Nullable(Decimal(18, 4))"),
    "territory_id": "String",
}


def boundary(stretch: Stretch, rows: int) -> str:
    """Return a query for the entity that ends a slice of so many rows; no row if fewer are left."""
    return (
        f"SELECT entity_id FROM {stretch.table} WHERE {_changed(stretch)} "
        f"ORDER BY entity_id LIMIT 1 OFFSET {rows}"
    )


def put_in(stretch: Stretch, columns: Sequence[str] = KEYS) -> str:
    """Return a query for the totals a stretch touches: keys, position, value (what it changes)."""
    unfolded = ", ".join(f"{array} AS {name}" for array, name in _RENAMED.items())
    keys = ", ".join(_OUTER.get(name, name) for name in columns)
    lines = _touching(stretch, ["topic", "partition", *ARRAYS])
    return (
        f"SELECT {keys}, max(touched) AS position, sum(line_value * times) AS value "
        f"FROM ({lines}) ARRAY JOIN {unfolded} GROUP BY {keys}"
    )


def snapshots(stretch: Stretch, kind: Snapshots) -> tuple[list[str], str]:
    """Return columns, and a query with them, of the snapshots that rows of a stretch make."""
    names, values = list(kind.names.values()), list(kind.values.values())
    types = [*("String" for _ in names), *(_SNAPSHOT_TYPES[name] for name in values), "Bool"]
    line = f"Array(Tuple({', '.join(types)}))"
    own = f"arrayZip({', '.join([*kind.names, *kind.values])}, arrayMap(one -> false, own))"
    each = ", ".join([*(f"one.{i + 1}" for i in range(len(names))), *(GONE[v] for v in values)])
    gone = f"arrayMap(one -> ({each}, true), arrayFilter(one -> NOT has(own, one), before))"
    place = ["topic", "partition", "position", "sequence", *kind.shared]
    columns = [kind.entity, *place, *names, *values, "deleted"]
    lines = ", ".join(f"line.{i + 1} AS {name}" for i, name in enumerate(columns[1 + len(place) :]))
    needed = dict.fromkeys([*place, *kind.names, *kind.values, "day", "rate"])
    lookup = f"AND {_whose(stretch)}" if stretch.since else ""
    return columns, (
        f"SELECT entity_id AS {kind.entity}, {', '.join(place)}, {lines} FROM ("
        f"SELECT entity_id, topic, partition, position, sequence, {', '.join(kind.shared)}, "
        f"arrayJoin(arrayConcat(CAST({own}, '{line}'), CAST({gone}, '{line}'))) AS line FROM ("
        f"SELECT entity_id, {', '.join(needed)}, arrayZip({', '.join(kind.names)}) AS own, "
        f"lagInFrame(own) OVER (PARTITION BY entity_id, topic ORDER BY position "
        f"ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before "
        f"FROM {stretch.table} WHERE {_below(stretch)} {lookup}) "
        f"WHERE position >= {position_in(stretch.since)})"
    )


# Names of the unfolded lines must differ from those of the arrays.
_RENAMED = {array: f"line_{name}" for array, name in ARRAYS.items()}
_OUTER = {name: f"line_{name}" for name in ("rep_id", "day", "measure", "currency")}


def _touching(stretch: Stretch, columns: Sequence[str]) -> str:
    """Return a query for history rows that touch anything in a stretch.

    It adds `touched`, the last position at which a row touches what it names, and `times`: 1 where
    the stretch puts it in, -1 where it takes it out, 0 for both.
    """
    lookup = f"AND {_whose(stretch)}" if stretch.since else ""
    since = position_in(stretch.since)
    return (
        f"SELECT {', '.join(columns)}, if(next = 0, position, next) AS touched, "
        f"toInt8(position >= {since}) - toInt8(next != 0) AS times FROM ("
        f"SELECT {', '.join(dict.fromkeys(['topic', 'partition', 'position', *columns]))}, "
        f"leadInFrame(position) OVER (PARTITION BY entity_id, topic ORDER BY position "
        f"ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS next "
        f"FROM {stretch.table} WHERE {_below(stretch)} {lookup}"
        f") WHERE touched >= {since}"
    )


def _whose(stretch: Stretch) -> str:
    return f"entity_id IN (SELECT entity_id FROM {stretch.table} WHERE {_changed(stretch)})"


def _changed(stretch: Stretch) -> str:
    since = f"AND position >= {position_in(stretch.since)}" if stretch.since else ""
    return f"{_below(stretch)} {since}"


def _below(stretch: Stretch) -> str:
    upto = "" if stretch.upto is None else f"AND entity_id <= {quoted(stretch.upto)}"
    return (
        f"kind != '{MARKER_KIND}' AND entity_id > {quoted(stretch.after)} {upto} "
        f"AND position < {position_in(stretch.until)}"
    )
