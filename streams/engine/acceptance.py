"""Which records say something new. Pure, in columns.

A record is accepted if its (revision, content hash) is above that of its predecessor: the entity's
history row with the greatest position below the record's own. Along an entity's history the pair
only grows, so the predecessor is also the greatest so far.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

ACCEPTED, DUPLICATE, STALE = 0, 1, 2


class Verdicts(NamedTuple):
    """What becomes of records, one element each.

    Attributes:
        verdict: ACCEPTED, DUPLICATE or STALE.
        before: index of the predecessor among the records; null if it is not one of them.
        known: index of the predecessor among the known rows; null if it is not one of them.
    """

    verdict: pl.Series
    before: pl.Series
    known: pl.Series


def judged(records: pl.DataFrame, known: pl.DataFrame) -> Verdicts:
    """Return the verdict on each record.

    Args:
        records: entity_id, revision, content_hash; an entity's records in order of position.
        known: the same of each entity's history row with the greatest position below its first
            record, for the entities that have one.
    """
    index = pl.int_range(pl.len(), dtype=pl.Int64)
    keys = records.select("entity_id", "revision", "content_hash", index.alias("record"))
    seen = known.select("entity_id", "revision", "content_hash", index.alias("known"))
    again = _met_again(keys.get_column("entity_id"), seen.get_column("entity_id"))
    if not again.any():
        nothing = pl.repeat(None, len(keys), dtype=pl.Int64, eager=True)
        return Verdicts(
            pl.repeat(ACCEPTED, len(keys), dtype=pl.UInt8, eager=True), nothing, nothing
        )
    found = _chains(pl.concat([seen, keys.filter(again)], how="diagonal"))
    at = found.get_column("record").to_numpy()
    verdict = np.full(len(keys), ACCEPTED, np.uint8)
    verdict[at] = found.get_column("verdict").to_numpy()
    before, place = (
        _spread(found.get_column(name), at, len(keys)) for name in ("before", "known_before")
    )
    return Verdicts(pl.Series(verdict), before, place)


def _spread(some: pl.Series, at: npt.NDArray[np.int64], count: int) -> pl.Series:
    """Return indices in their places, null everywhere else."""
    found = np.full(count, -1)
    found[at] = some.fill_null(-1).to_numpy()
    return pl.select(pl.when(pl.lit(pl.Series(found)) >= 0).then(pl.Series(found))).to_series()


def _met_again(ids: pl.Series, seen: pl.Series) -> npt.NDArray[np.bool_]:
    """Return which ids are not alone, or are among those seen; here and there one more.

    They are compared by hashes, several times as fast as by texts. Two that happen to hash alike
    are looked at in vain.
    """
    hashes = ids.hash().to_numpy()
    ordered = np.sort(hashes)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    wanted = np.unique(np.concatenate([twice, seen.hash().to_numpy()]))
    if not len(wanted):
        return np.zeros(len(hashes), np.bool_)
    at = np.minimum(np.searchsorted(wanted, hashes), len(wanted) - 1)
    found: npt.NDArray[np.bool_] = wanted[at] == hashes
    return found


def _chains(rows: pl.DataFrame) -> pl.DataFrame:
    """Return verdicts on the records among rows; known rows stand before records."""
    rank = pl.struct("revision", "content_hash").rank("dense")
    greatest = pl.col("rank").cum_max().shift(1).over("entity_id")
    is_new = pl.col("greatest").is_null() | (pl.col("rank") > pl.col("greatest"))
    last = pl.when("is_new").then("line").forward_fill().shift(1).over("entity_id")
    judged = (
        rows.with_columns(rank.alias("rank"), pl.int_range(pl.len(), dtype=pl.Int64).alias("line"))
        .with_columns(greatest.alias("greatest"))
        .with_columns(is_new.alias("is_new"))
        .with_columns(last.alias("last"))
    )
    verdict = (
        pl.when("is_new")
        .then(ACCEPTED)
        .when(pl.col("rank") == pl.col("greatest"))
        .then(DUPLICATE)
        .otherwise(STALE)
        .cast(pl.UInt8)
    )
    return judged.select(
        "record",
        verdict.alias("verdict"),
        pl.col("record").gather(pl.col("last")).alias("before"),
        pl.col("known").gather(pl.col("last")).alias("known_before")
        if "known" in judged.columns
        else pl.lit(None, pl.Int64).alias("known_before"),
    ).filter(pl.col("record").is_not_null())
