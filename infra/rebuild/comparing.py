"""Two generations side by side: which totals differ."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import polars as pl

from infra.rebuild import unfolding
from infra.rebuild.building import TOTALS, Building, rep_ranges
from infra.rebuild.unfolding import KEYS

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


NOTHING = Comparison(TOTALS, 0, 0, 0, 0, ())


def compared(building: Building, live: int) -> Comparison:
    """Return how the totals of a new generation differ from those of the live one at its cut."""
    found = NOTHING
    for reps in rep_ranges(building, TOTALS, f"generation = {building.generation}"):
        # Where the live one stands above the cut, it says nothing of what it was below.
        sides = _sides(building, live, reps)
        counts = building.patiently(
            lambda sides=sides: building.warehouse.frame(
                f"SELECT countIf(outcome = 'same') AS same, countIf(outcome = 'ahead') AS ahead, "
                f"countIf(outcome = 'different') AS different, countIf(outcome = 'moved') AS moved "
                f"FROM ({sides})"
            )
        )
        examples = building.patiently(
            lambda sides=sides: building.warehouse.frame(
                f"SELECT * FROM ({sides}) WHERE outcome = 'different' "
                f"ORDER BY abs(live_value - computed_value) DESC LIMIT {EXAMPLES_MAX}"
            )
        )
        found = _added(found, Comparison(TOTALS, *counts.row(0), _examples(examples)))
    return found


def _sides(building: Building, live: int, reps: str) -> str:
    keys, new = ", ".join(KEYS), building.generation
    cut = unfolding.position_in(building.cut)
    return (
        f"SELECT {keys}, "
        f"sumIf(value, generation = {live}) AS live_value, "
        f"sumIf(value, generation = {new}) AS computed_value, "
        f"countIf(generation = {live}) AS is_live, countIf(generation = {new}) AS is_computed, "
        f"maxIf(position, generation = {live}) AS live_position, "
        f"maxIf(position, generation = {new}) AS computed_position, "
        f"multiIf(live_position >= {cut}, 'ahead', "
        f"is_live != is_computed OR live_value != computed_value, 'different', "
        f"live_position != computed_position, 'moved', 'same') AS outcome "
        f"FROM {TOTALS} FINAL WHERE generation IN ({live}, {new}) AND {reps} GROUP BY {keys}"
    )


def _examples(rows: pl.DataFrame) -> list[Difference]:
    return [
        Difference(
            tuple(row[name] for name in KEYS),
            _value(row["live_value"], row["is_live"]),
            _value(row["computed_value"], row["is_computed"]),
        )
        for row in (rows.iter_rows(named=True) if len(rows) else ())
    ]


def _value(value: Decimal, is_there: int) -> Decimal | None:
    return value if is_there else None


def _added(one: Comparison, two: Comparison) -> Comparison:
    return Comparison(
        one.table,
        one.same + two.same,
        one.ahead + two.ahead,
        one.different + two.different,
        one.moved + two.moved,
        [*one.examples, *two.examples][:EXAMPLES_MAX],
    )
