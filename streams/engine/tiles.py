"""Rows of spm.applied: ranges of records that were flushed, which tile the log of a partition."""

import polars as pl

from streams.engine import metrics
from streams.engine.acceptance import ACCEPTED, DUPLICATE, STALE
from streams.engine.flush import Flush


def count(flush: Flush) -> None:
    """Count what became of the records of a flush."""
    for row in applied_rows(flush).iter_rows(named=True):
        for verdict in ("accepted", "duplicate", "stale", "dead", "marker"):
            if row[verdict]:
                metrics.RECORDS.labels(row["topic"], verdict).inc(row[verdict])


def applied_rows(flush: Flush) -> pl.DataFrame:
    """Return the rows of spm.applied that make a flush known."""
    rows = []
    for i, portion in enumerate(flush.portions):
        state, segment = portion.state, portion.segment
        counts = flush.counts.get(i, {})
        rows.append(
            {
                "topic": state.partition.topic,
                "partition": state.partition.number,
                "epoch": state.epoch,
                "offset_from": segment.start,
                "offset_to": segment.end,
                "accepted": counts.get(ACCEPTED, 0),
                "duplicate": counts.get(DUPLICATE, 0),
                "stale": counts.get(STALE, 0),
                "dead": len(segment.dead),
                "marker": int(segment.marker is not None),
                "sequence": flush.sequences[i],
            }
        )
    kinds = {"topic": pl.String(), "partition": pl.UInt16(), "epoch": pl.UInt32()}
    return pl.DataFrame(rows, schema_overrides=kinds)
