"""Frames put together without the query engine beneath polars.

`select`, `with_columns` and `Series.gather` each plan and run a query, a quarter of a millisecond
whatever the length, and a small flush makes hundreds of them. These few do the plain things
directly. Arrays pass between numpy and Arrow by way of polars: before pyarrow makes one of the
other it imports pandas, if it can, which takes a fifth of a second.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

MANY = 2_000  # rows of which a query takes less time than doing without one


def only(frame: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """Return these columns, in this order; at least one."""
    first, *others = map(frame.get_column, names)
    return first.to_frame().hstack(others)


def beside(frame: pl.DataFrame, *columns: pl.Series) -> pl.DataFrame:
    """Return a frame with more columns, none of which it has yet."""
    return frame.hstack(list(columns))


def present(column: pl.Series) -> npt.NDArray[np.bool_]:
    """Return which elements are not null."""
    if not column.null_count():
        return np.ones(len(column), np.bool_)
    found: npt.NDArray[np.bool_] = pl.Series(column.to_arrow().is_valid()).to_numpy()
    return found


def picked(column: pl.Series, at: npt.NDArray[Any]) -> pl.Series:
    """Return the elements at these places, none of which is negative."""
    return column[pl.Series(at.astype(np.uint32, copy=False))]


def rows_at(frame: pl.DataFrame, at: npt.NDArray[Any]) -> pl.DataFrame:
    """Return the rows at these places, none of which is negative."""
    return frame[pl.Series(at.astype(np.uint32, copy=False))]


def kept(frame: pl.DataFrame, mask: npt.NDArray[np.bool_]) -> pl.DataFrame:
    """Return the rows for which the mask is true."""
    if len(frame) < MANY:
        return rows_at(frame, np.flatnonzero(mask))
    return frame.filter(pl.Series(mask))  # runs a query, and copies stretches and not single rows


def constant(name: str, value: Any, kind: pl.DataType, count: int) -> pl.Series:
    """Return a column that is the same everywhere."""
    return pl.Series(name, [value], kind).new_from_index(0, count)


def in_lists(columns: Iterable[pl.Series], sizes: npt.NDArray[Any]) -> pl.DataFrame:
    """Return columns cut into lists of these sizes, one behind the other."""
    starts = pl.Series(np.concatenate([[0], np.cumsum(sizes)])).to_arrow()
    # The newest layout is polars' own; the oldest would copy every text.
    arrows = {c.name: c.to_arrow(compat_level=pl.CompatLevel.newest()) for c in columns}
    return pl.DataFrame(
        [
            pl.Series(name, pl.from_arrow(pa.LargeListArray.from_arrays(starts, arrow)))
            for name, arrow in arrows.items()
        ]
    )
