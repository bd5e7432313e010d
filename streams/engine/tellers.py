"""Entities that several tell of: rows of history made of what each of them said last. Pure."""

import numpy as np
import numpy.typing as npt
import polars as pl

from schemas.frames import beside, constant, picked, present, rows_at
from streams.engine.acceptance import teller_of
from streams.engine.folds import Prepared, Tellers

SAID = "said"
_LONG_BEFORE = -1  # in place of a record's place in its flush
I64 = npt.NDArray[np.int64]


def with_said(facts: pl.DataFrame) -> pl.DataFrame:
    """Return facts of which one teller alone tells."""
    return beside(facts, constant(SAID, "", pl.String(), len(facts)))


def made(
    tellers: Tellers,
    facts: pl.DataFrame,
    shared: I64,
    heard: pl.DataFrame | None,
    prepared: Prepared,
) -> pl.DataFrame:
    """Return facts with `said`, those of entities that several tell of made of all they said.

    A record stands for what was said up to it, so the same rows come out however the log is cut.

    Args:
        facts: accepted records, an entity's in order of position.
        shared: places of those that several tell of.
        heard: what each teller of these said last before the first of them: message's fields.
            None: nothing.
    """
    facts = with_said(facts)
    alone = facts.get_column(tellers.alone)
    if alone.null_count() < len(alone):
        shared = np.union1d(shared, np.flatnonzero(present(alone)))
    if not len(shared):
        return facts
    fields = [name for name in facts.columns if name not in _LINE]
    spoken = [_placed(rows_at(facts, shared).select(fields), tellers, shared)]
    if heard is not None:
        before = np.full(len(heard), _LONG_BEFORE)
        spoken.insert(0, _placed(heard.select(fields), tellers, before))
    every = pl.concat(spoken, how="vertical_relaxed").with_row_index("statement")
    groups = _last_words(every)
    given = present(picked(every.get_column(tellers.alone), groups["statement"].to_numpy()))
    several = groups.filter((pl.len().over("group") > 1) | pl.Series(given))
    if several.is_empty():
        return facts
    statements = rows_at(every.select(fields), several["statement"].to_numpy())
    one = tellers.merged(beside(statements, several["group"]), prepared)
    at = one.get_column("group").to_numpy()
    own = rows_at(facts, at)
    own = own.with_columns(tellers.said(own).alias(SAID))
    return replaced(facts, at, restated(own, one))


def anew(
    tellers: Tellers, rows: pl.DataFrame, last: pl.DataFrame, prepared: Prepared
) -> pl.DataFrame:
    """Return what several tellers' statements make under other definitions.

    Args:
        rows: history rows of entities that several tell of; `group` is the place among them.
        last: the last history row of each of their tellers.
    """
    groups = rows.select("entity_id", pl.int_range(pl.len(), dtype=pl.Int64).alias("group"))
    heard = tellers.heard(last)
    found = heard.select("entity_id").join(groups, on="entity_id", maintain_order="left")
    return tellers.merged(beside(heard, found.get_column("group")), prepared)


def restated(own: pl.DataFrame, one: pl.DataFrame) -> pl.DataFrame:
    """Return rows with what was made of several statements in place of each one's own."""
    return own.with_columns(
        one.get_column(name).cast(kind)
        for name, kind in own.schema.items()
        if name in one.columns and name not in _OF_RECORD
    )


_LINE = frozenset({"at", "offset", "partition", "position", "key_hash", "content_hash", SAID})
_OF_RECORD = ("entity_id", "revision")  # what acceptance goes by is each record's own


def replaced(frame: pl.DataFrame, at: I64, rows: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with other rows at some places."""
    places = np.arange(len(frame))
    places[at] = len(frame) + np.arange(len(at))
    return rows_at(pl.concat([frame, rows]), places)


def _placed(frame: pl.DataFrame, tellers: Tellers, places: I64) -> pl.DataFrame:
    return beside(frame, teller_of(frame, tellers), pl.Series("place", places, pl.Int64))


def _last_words(every: pl.DataFrame) -> pl.DataFrame:
    """Return for each record (`group`: its place) what each teller had said last: `statement`."""
    said = every.select("entity_id", "teller", "place", "statement")
    asked = said.filter(pl.col("place") != _LONG_BEFORE).select("entity_id", group="place")
    wanted = asked.join(said.select("entity_id", "teller").unique(), on="entity_id")
    return (
        wanted.sort("group")
        .join_asof(
            said.sort("place"), left_on="group", right_on="place", by=["entity_id", "teller"],
            strategy="backward", check_sortedness=False,
        )
        .drop_nulls("statement")
        .select("group", "statement")
        .sort("group", "statement")
    )  # fmt: skip
