"""Two generations side by side: which rows of results differ."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import polars as pl

from infra.rebuild import unfolding
from infra.rebuild.building import TOTALS, Building, day_ranges, rep_ranges
from streams.engine.folds import Snapshots

EXAMPLES_MAX = 20  # worth reading; the counts tell of the rest


class Difference(NamedTuple):
    """A row that two generations hold differently; None where one of them has no such row."""

    key: tuple[Any, ...]
    live: Any
    computed: Any


class Comparison(NamedTuple):
    """What two generations have in common.

    Attributes:
        table: results compared.
        same: rows alike.
        ahead: rows the live generation has touched since the cut: they cannot be compared.
        different: rows with another content, or missing in one of them.
        moved: rows with the same content and another position: a replay would treat them otherwise.
        examples: some of the different ones.
    """

    table: str
    same: int
    ahead: int
    different: int
    moved: int
    examples: Sequence[Difference]

    @property
    def is_clean(self) -> bool:
        """Whether nothing comparable differs."""
        return not self.different and not self.moved


class _Rows(NamedTuple):
    """Rows of one table: what tells them apart, what they say, and how that comes together."""

    table: str
    keys: tuple[str, ...]
    content: str
    together: str


def compared(building: Building, live: int, across: bool = False) -> list[Comparison]:
    """Return how results of a new generation differ from those of the live one, at its cut.

    Args:
        across: they are laid out by different numbers of partitions; nobody works on them.
    """
    found = [_compared(building, live, rows) for rows in _tables(building, across)]
    if across:  # positions of different partitions came together
        found = [one._replace(same=one.same + one.moved, moved=0) for one in found]
    return found


def _tables(building: Building, across: bool) -> Iterator[_Rows]:
    keys = unfolding.KEYS[:-1] if across else unfolding.KEYS
    yield _Rows(TOTALS, keys, "value", "sumIf")
    for fold in building.folds:
        if fold.snapshots:
            yield _rows_of(fold.snapshots, across)


def _rows_of(kind: Snapshots, across: bool) -> _Rows:
    keys = (*kind.names.values(), kind.entity, "topic", *(() if across else ("partition",)))
    # As text: of two tuples with a null inside nobody can say whether they are equal.
    said = ", ".join(["deleted", *kind.values.values(), *kind.shared, "sequence"])
    return _Rows(kind.table, keys, f"toString(tuple({said}))", "anyIf")


def _compared(building: Building, live: int, rows: _Rows) -> Comparison:
    found = Comparison(rows.table, 0, 0, 0, 0, ())
    ranges = day_ranges if rows.table == TOTALS else rep_ranges
    for some in ranges(building, rows.table, f"generation = {building.generation}"):
        sides = _sides(building, live, rows, some)
        counts = building.asked(
            f"SELECT countIf(outcome = 'same') AS same, countIf(outcome = 'ahead') AS ahead, "
            f"countIf(outcome = 'different') AS different, countIf(outcome = 'moved') AS moved "
            f"FROM ({sides})",
        )
        examples = building.asked(
            f"SELECT * FROM ({sides}) WHERE outcome = 'different' "
            f"ORDER BY {', '.join(rows.keys)} LIMIT {EXAMPLES_MAX}",
        )
        same, ahead, different, moved = counts.row(0)
        here = Comparison(rows.table, same, ahead, different, moved, _examples(rows, examples))
        found = _added(found, here)
    return found


def _sides(building: Building, live: int, rows: _Rows, some: str) -> str:
    keys, new = ", ".join(rows.keys), building.generation
    cut = "toUInt64(-1)"
    if "partition" in rows.keys:
        cut = unfolding.position_in(building.cut)
    return (
        f"SELECT {keys}, "
        f"{rows.together}({rows.content}, generation = {live}) AS live_content, "
        f"{rows.together}({rows.content}, generation = {new}) AS computed_content, "
        f"countIf(generation = {live}) > 0 AS is_live, "
        f"countIf(generation = {new}) > 0 AS is_computed, "
        f"maxIf(position, generation = {live}) AS live_position, "
        f"maxIf(position, generation = {new}) AS computed_position, "
        # Where the live one stands above the cut, it says nothing of what it was below.
        f"multiIf(live_position >= {cut}, 'ahead', "
        f"is_live != is_computed OR live_content != computed_content, 'different', "
        f"live_position != computed_position, 'moved', 'same') AS outcome "
        f"FROM {rows.table} FINAL WHERE generation IN ({live}, {new}) AND {some} GROUP BY {keys}"
    )


def _examples(rows: _Rows, found: pl.DataFrame) -> list[Difference]:
    return [
        Difference(
            tuple(row[name] for name in rows.keys),
            row["live_content"] if row["is_live"] else None,
            row["computed_content"] if row["is_computed"] else None,
        )
        for row in (found.iter_rows(named=True) if len(found) else ())
    ]


def _added(one: Comparison, two: Comparison) -> Comparison:
    return Comparison(
        one.table,
        one.same + two.same,
        one.ahead + two.ahead,
        one.different + two.different,
        one.moved + two.moved,
        [*one.examples, *two.examples][:EXAMPLES_MAX],
    )
