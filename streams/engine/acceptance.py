"""Which records say something new. Pure, in columns.

A record is accepted if its (revision, content hash) is above that of what its teller said before:
the history row with the greatest position below the record's own. Along what one teller says the
pair only grows, so that row is also the greatest so far. A record's predecessor, whose part in
results it takes over, is the entity's last row before it, whoever told it. Where one teller alone
may tell of an entity, the two rows are the same.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from schemas.frames import rows_at
from streams.engine.folds import Tellers

ACCEPTED, DUPLICATE, STALE = VERDICTS = (0, 1, 2)
NONE = -1  # in place of an index
BETWEEN = "\n"  # stands in no sane id
I64 = npt.NDArray[np.int64]


class Verdicts(NamedTuple):
    """What becomes of records, one element each.

    Attributes:
        verdict: ACCEPTED, DUPLICATE or STALE.
        before: index of the predecessor among the records; NONE if it is not one of them.
        known: index of the predecessor among the known rows; NONE if it is not one of them.
        shared: indices of the records of entities that several tell of.
    """

    verdict: npt.NDArray[np.uint8]
    before: I64
    known: I64
    shared: I64


def judged(records: pl.DataFrame, known: pl.DataFrame, told_by: Tellers | None = None) -> Verdicts:
    """Return the verdict on each record.

    Args:
        records: entity_id, revision, content_hash; an entity's records in order of position.
        known: the same of each entity's history row with the greatest position below its first
            record, for the entities that have one. With tellers: `teller`, too, and such a row for
            each teller, in order of position.
        told_by: what tells the tellers of a record apart.
    """
    count = len(records)
    verdict = np.full(count, ACCEPTED, np.uint8)
    before, place = np.full(count, NONE), np.full(count, NONE)
    again = _met_again(records.get_column("entity_id"), known.get_column("entity_id"))
    if not len(again):
        return Verdicts(verdict, before, place, again)
    some = rows_at(records, again)
    ids, revisions, hashes = (
        pl.concat([known.get_column(name), some.get_column(name)])
        for name in ("entity_id", "revision", "content_hash")
    )
    entity, chain = _coded(ids), _coded(ids)
    if told_by:
        tellers = pl.concat([known.get_column("teller"), teller_of(some, told_by)])
        chain = entity * len(ids) + _coded(tellers)
    found, last = _chains(chain, _ranked(revisions.to_numpy(), hashes.to_numpy()))
    if told_by:
        last = _predecessors(entity, found == ACCEPTED)
    # Known rows stand before records.
    verdict[again], last = found[len(known) :], last[len(known) :]
    is_record = last >= len(known)
    before[again[is_record]] = again[last[is_record] - len(known)]
    place[again[~is_record]] = last[~is_record]
    return Verdicts(verdict, before, place, again[_are_shared(entity, chain)[len(known) :]])


def teller_of(frame: pl.DataFrame, told_by: Tellers) -> pl.Series:
    """Return who tells of each record, as one text."""
    own = pl.concat_str(told_by.names, separator=BETWEEN)
    if told_by.others_are_one:
        own = pl.when(pl.col(told_by.alone).is_not_null()).then(own).otherwise(pl.lit(""))
    return frame.select(own.alias("teller")).to_series()


def _are_shared(entities: I64, chains: I64) -> npt.NDArray[np.bool_]:
    """Return for each row whether several tell of its entity."""
    pairs = np.unique(np.stack([entities, chains]), axis=1)[0]
    many, counts = np.unique(pairs, return_counts=True)
    found: npt.NDArray[np.bool_] = np.isin(entities, many[counts > 1])
    return found


def _predecessors(entities: I64, counts: npt.NDArray[np.bool_]) -> I64:
    """Return the index of the last row before each that is of its entity and counts, or NONE."""
    order = np.argsort(entities, kind="stable")
    entity = entities[order]
    starts = np.searchsorted(entity, entity)  # where each one's entity begins
    lines = np.where(counts[order], np.arange(len(order)), NONE)
    last = np.concatenate([[NONE], np.maximum.accumulate(lines)[:-1]])
    found = np.empty(len(order), np.int64)
    found[order] = np.where(last >= starts, order[last], NONE)
    return found


def _met_again(ids: pl.Series, seen: pl.Series) -> I64:
    """Return which ids are not alone, or are among those seen; here and there one more.

    They are compared by hashes, several times as fast as by texts. Two that happen to hash alike
    are looked at in vain.
    """
    hashes = ids.hash().to_numpy()
    ordered = np.sort(hashes)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    wanted = np.unique(np.concatenate([twice, seen.hash().to_numpy()]))
    if not len(wanted):
        return np.zeros(0, np.int64)
    at = np.minimum(np.searchsorted(wanted, hashes), len(wanted) - 1)
    return np.flatnonzero(wanted[at] == hashes)


def _coded(ids: pl.Series) -> I64:
    """Return a number for each text, the same for the same."""
    codes: I64 = pl.Series(ids.to_arrow().dictionary_encode().indices).to_numpy().astype(np.int64)
    return codes


def _ranked(revisions: I64, hashes: npt.NDArray[np.uint64]) -> I64:
    """Return the rank of each (revision, content hash), the same for the same."""
    order = np.lexsort((hashes, revisions))
    differs = (np.diff(revisions[order]) != 0) | (np.diff(hashes[order]) != 0)
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.concatenate([np.zeros(1, np.int64), np.cumsum(differs)])
    return ranks


def _chains(entities: I64, ranks: I64) -> tuple[npt.NDArray[np.uint8], I64]:
    """Return verdicts on rows, and the index of each one's predecessor, NONE for none.

    Each entity's rows are looked at side by side; with greater numbers for later entities, one
    running maximum serves them all.
    """
    order = np.argsort(entities, kind="stable")
    entity, rank = entities[order], ranks[order]
    is_first = np.concatenate([[True], entity[1:] != entity[:-1]])
    number = np.cumsum(is_first)
    span = rank.max() + 2
    greatest = _before(np.maximum.accumulate(number * span + rank)) - number * span
    is_new = is_first | (rank > greatest)
    lines = np.arange(len(order))
    last = np.where(is_first, NONE, _before(np.maximum.accumulate(np.where(is_new, lines, 0))))
    verdict = np.where(is_new, ACCEPTED, np.where(rank == greatest, DUPLICATE, STALE))
    verdicts, predecessors = np.empty(len(order), np.uint8), np.empty(len(order), np.int64)
    verdicts[order] = verdict
    predecessors[order] = np.where(last == NONE, NONE, order[last])
    return verdicts, predecessors


def _before(some: I64) -> I64:
    """Return each one's neighbour in front."""
    return np.concatenate([np.zeros(1, some.dtype), some[:-1]])
