"""Long form and arrays: what facts put in, as lines to add up and as arrays of history rows."""

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from schemas.frames import in_lists
from streams.engine.folds import ARRAYS, PUT_IN

VALUE = pl.Decimal(18, 4)
_ARROW_VALUE = pa.decimal128(18, 4)


def packed(put_in: pl.DataFrame, count: int) -> pl.DataFrame:
    """Return long form as one row of arrays for each of `count` facts.

    `put_in` is ordered by row.
    """
    sizes = np.bincount(put_in.get_column("row").to_numpy(), minlength=count)
    columns = {**put_in.to_dict(), "value": decimals(put_in.get_column("value").to_numpy())}
    return in_lists((columns[name].alias(array) for array, name in ARRAYS.items()), sizes)


def unpacked(history: pl.DataFrame) -> pl.DataFrame:
    """Return arrays of history rows as long form, ordered by row."""
    lists = {name: history.get_column(array).to_arrow() for array, name in ARRAYS.items()}
    sizes = pc.list_value_length(lists["measure"]).fill_null(0).to_numpy()
    columns = {name: pl.Series(name, pl.from_arrow(some.flatten())) for name, some in lists.items()}
    columns["row"] = pl.Series("row", np.repeat(np.arange(len(sizes)), sizes))
    columns["value"] = units(columns["value"])
    return pl.DataFrame([columns[name].cast(kind) for name, kind in PUT_IN.items()])


def decimals(values: npt.NDArray[np.int64]) -> pl.Series:
    """Return whole ten-thousandths as decimal(18, 4)."""
    wide = np.empty((len(values), 2), np.int64)
    wide[:, 0], wide[:, 1] = values, values >> 63  # 128 bits, little end first, sign carried on
    data = pa.Array.from_buffers(_ARROW_VALUE, len(values), [None, pa.py_buffer(wide)])
    found = pl.from_arrow(data)
    assert isinstance(found, pl.Series)
    return found


def units(values: pl.Series) -> pl.Series:
    """Return decimal(18, 4) as whole ten-thousandths."""
    data = values.cast(VALUE).to_arrow()
    words = np.frombuffer(data.buffers()[1] or b"", np.int64).reshape(-1, 2)
    return pl.Series(values.name, words[data.offset : data.offset + len(data), 0])
