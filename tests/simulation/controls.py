"""Naive designs: the engine with one of its rules switched off. Each must be seen to fail.

Each is a context in which the real code is patched, and the mix of mishaps that the rule is for.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from unittest import mock

import numpy as np
import polars as pl
from greenlet import getcurrent

from schemas.positions import position_of
from streams.agents import folds
from streams.domain import bills
from streams.engine import (
    acceptance,
    effects,
    flush,
    history,
    ledger,
    results,
    snapshots,
    starting,
    tellers,
    totals,
    upstream,
)
from streams.engine.batches import Partition
from streams.engine.commits import Handed
from tests.simulation import checks, kafka, outside, tables, world
from tests.simulation.seeds import MIXES, Mix


@dataclass(frozen=True)
class Control:
    """One rule switched off.

    Attributes:
        off: switches it off for the length of a `with`.
        mix: whose seeds it must fail in.
        seeds: those that failed when last looked at, tried before the others.
    """

    off: Callable[[], AbstractContextManager[None]]
    mix: str
    seeds: tuple[int, ...] = ()


@contextmanager
def sums_of_changes() -> Iterator[None]:
    """Results are changes that somebody adds up: what is written twice counts twice."""
    applied = flush.applied

    def changes(all_totals: Any, touches: pl.DataFrame, sums: Any = None) -> Any:
        sums = sums or totals.summed(touches)
        told = applied(all_totals, touches, sums)
        return {
            at: frame.with_columns(
                position=pl.Series(sums.last[sums.at == at]),
                value=pl.Series(sums.change[sums.at == at]),
            )
            for at, frame in told.items()
        }

    def added_up(of: Any) -> None:
        checks.totals(of, table="spm.kpi_rep_day")

    with (
        mock.patch.object(flush, "applied", changes),
        no_guard(),
        mock.patch.object(checks, "everything", added_up),
        mock.patch.object(outside, "MERGES", 0),
    ):
        yield


@contextmanager
def tokens_of_ranges() -> Iterator[None]:
    """The same, but an insert of a range of offsets that was seen before is left out."""
    all_effects, insert = effects.effects_of, tables.Tables.insert
    begun: dict[Any, Any] = {}
    seen: set[Any] = set()

    def with_token(flush: Any, *args: Any, **options: Any) -> Iterable[effects.Effect]:
        token = tuple((p.state.partition, p.segment.start, p.segment.end) for p in flush.portions)
        for effect in all_effects(flush, *args, **options):

            def marked(do: Any = effect.do) -> None:
                begun[getcurrent()] = token
                do()

            yield effect._replace(do=marked)

    def once(these: tables.Tables, table: str, rows: pl.DataFrame) -> None:
        token = begun.get(getcurrent())
        if table == results.TABLE and token is not None:
            if token in seen:
                return
            seen.add(token)
        insert(these, table, rows)

    with (
        sums_of_changes(),
        mock.patch.object(effects, "effects_of", with_token),
        mock.patch.object(tables.Tables, "insert", once),
    ):
        yield


@contextmanager
def silent_guard() -> Iterator[None]:
    """What is in a total already is not told again."""
    applied = flush.applied

    def news(all_totals: Any, touches: pl.DataFrame, sums: Any = None) -> Any:
        sums = sums or totals.summed(touches)
        is_new = np.zeros(len(sums.at), np.bool_)
        for run in totals.runs(sums):
            part = slice(run.start, run.end)
            cells = all_totals[run.at].cells(run.day)
            is_new[part] = sums.last[part] > cells.read(sums.key[part], totals.UNTOUCHED)[0]
        told = applied(all_totals, touches, sums)
        return {at: rows.filter(pl.Series(is_new[sums.at == at])) for at, rows in told.items()}

    with mock.patch.object(flush, "applied", news):
        yield


@contextmanager
def unbounded_lookup() -> Iterator[None]:
    """The predecessor is the newest row there is, the record's own one included."""
    predecessors = history._predecessors

    def newest(table: str, columns: Sequence[str], ids: Any, *tellers: Any) -> str:
        below = [(name, part._replace(below=1 << 62)) for name, part in ids]
        return predecessors(table, columns, below, *tellers)

    with mock.patch.object(history, "_predecessors", newest):
        yield


@contextmanager
def no_guard() -> Iterator[None]:
    """A record is added to its totals whether or not they hold it already."""
    with mock.patch.object(totals, "_unguarded", lambda touches, sums, position: sums.change):
        yield


@contextmanager
def newest_sequence() -> Iterator[None]:
    """A partition starts under the newest definitions, not those of its last marker."""

    def newest(warehouse: Any, begun: Sequence[starting.Begun]) -> dict[Any, int]:
        found = warehouse.frame("SELECT max(sequence) AS newest FROM spm.definition")
        return {one.partition: found["newest"][0] for one in begun}

    with mock.patch.object(starting, "_sequences", newest):
        yield


@contextmanager
def no_fence() -> Iterator[None]:
    """Whoever writes is let in."""
    with mock.patch.object(world, "fenced", lambda *_: None):  # noqa: PT008
        yield


@contextmanager
def start_at_committed() -> Iterator[None]:
    """A partition starts where Kafka says, whatever the warehouse holds."""

    def committed(partition: Any, epoch: int, applied: int, kafka: starting.Kafka) -> int:
        known = max(0, applied - position_of(epoch, 0))
        return known if kafka.committed is None else kafka.committed

    with mock.patch.object(starting, "start_offset", committed):
        yield


@contextmanager
def commits_like_faust() -> Iterator[None]:
    """What was handed out is committed, and a partition starts there."""

    def handed(these: Handed, partition: Any) -> int | None:
        batches = these._batches.get(partition)
        return batches[-1].end if batches else these._committable.get(partition)

    with start_at_committed(), mock.patch.object(Handed, "committable", handed):
        yield


@contextmanager
def filter_of_recent_ids() -> Iterator[None]:
    """The filter says `new` of what it has merely forgotten."""
    ids_of = history.ids_of

    def recent(*args: Any) -> pl.DataFrame:
        found = ids_of(*args)
        return found.tail(4)

    with mock.patch.object(history, "ids_of", recent):
        yield


@contextmanager
def blind_for_what_is_on_its_way() -> Iterator[None]:
    """Predecessors are looked for in the warehouse alone, while a flush is being written."""
    known = history.known

    def in_warehouse(warehouse: Any, table: str, asked: Any, _: Any, fold: Any) -> pl.DataFrame:
        return known(warehouse, table, asked, (), fold)

    with mock.patch.object(history, "known", in_warehouse):
        yield


@contextmanager
def last_source_wins() -> Iterator[None]:
    """An activity is what was said of it last, whoever said it."""
    with mock.patch.object(tellers, "made", lambda _, facts, *__: tellers.with_said(facts)):
        yield


@contextmanager
def last_bill_wins() -> Iterator[None]:
    """What is invoiced and paid of a deal is what the newest of its bills says."""

    def newest(statements: pl.DataFrame) -> pl.DataFrame:
        is_bill = pl.col("bill_id").is_not_null()
        rank = pl.struct("revision", "source_id").rank("ordinal").over("group", is_bill)
        return bills.billed(statements.filter(rank == rank.max().over("group", is_bill)))

    with mock.patch.object(folds, "billed", newest):
        yield


@contextmanager
def one_clock_for_all() -> Iterator[None]:
    """What one source says is stale if another one has a later revision."""
    judged = acceptance.judged

    def by_entity(records: Any, known: pl.DataFrame, tellers: Any = None) -> Any:
        latest = known.sort("revision", "content_hash").unique("entity_id", keep="last")
        found = judged(records, latest if tellers else known)
        return judged(records, known, tellers)._replace(verdict=found.verdict)

    with mock.patch.object(flush, "judged", by_entity):
        yield


@contextmanager
def applied_first() -> Iterator[None]:
    """A flush is made known before its results are written."""
    all_effects = effects.effects_of

    def reordered(*args: Any, **options: Any) -> Iterable[effects.Effect]:
        return reversed(list(all_effects(*args, **options)))

    with mock.patch.object(effects, "effects_of", reordered):
        yield


@contextmanager
def target_minus_posted() -> Iterator[None]:
    """An entry is what is owed less what was posted, by whoever, up to now."""
    entry_rows = ledger.entry_rows

    def corrected(posting: Any, entries: Sequence[Any]) -> pl.DataFrame:
        posted: dict[Any, Any] = {}
        for row in _world().tables.tables[posting.ledger].frame().iter_rows(named=True):
            posted[row["entry_id"]] = row
        made = []
        for entry in entries:
            key = [entry[name] for name in ("rep_id", *posting.identity)]
            sums = sum(
                row["amount"] for row in (*posted.values(), *made)
                if [row[name] for name in ("rep_id", *posting.identity)] == key
                and row["entry_id"] != entry["entry_id"]
            )  # fmt: skip
            made.append(entry | {"amount": _target(entry) - sums})
        return entry_rows(posting, made)

    with mock.patch.object(ledger, "entry_rows", corrected):
        yield


def _target(entry: Any) -> Decimal:
    return Decimal(json.loads(entry["trace"])["after"]["rounded"])


def _world() -> world.World:
    return world.World.running[-1]


@contextmanager
def plain_entry_ids() -> Iterator[None]:
    """An entry is called after its position, whatever the partition and the payee."""
    caused = ledger.caused

    def named(posting: Any, entry: Any, cause: ledger.Cause) -> Any:
        nobody = cause._replace(partition=Partition(cause.partition.topic, 0), payee="")
        return caused(posting, entry, cause) | {
            "entry_id": caused(posting, entry, nobody)["entry_id"]
        }

    with mock.patch.object(ledger, "caused", named):
        yield


@contextmanager
def whatever_comes_is_news() -> Iterator[None]:
    """A message of stage one is accepted by its own position, not that of its deal record."""
    with mock.patch.object(ledger, "verdict_on", lambda *_: acceptance.ACCEPTED):  # noqa: PT008
        yield


@contextmanager
def no_wait_for_stage_one() -> Iterator[None]:
    """A message is taken before this warehouse holds what it was made from."""
    with mock.patch.object(upstream, "behind", lambda asking, _: [""] * len(asking)):
        yield


@contextmanager
def batches_start_where_they_should() -> Iterator[None]:
    """A fetch is taken for one from where reading was to begin, wherever it was read from."""

    def wished(consumer: kafka.Consumer, partition: Partition, start: int) -> int:
        return consumer.wanted.get(partition, start)

    with mock.patch.object(kafka.Consumer, "since", wished):
        yield


@contextmanager
def no_last_words() -> Iterator[None]:
    """Whoever is no longer credited is not told so."""
    made = snapshots.made

    def alive(*args: Any) -> pl.DataFrame:
        return made(*args).filter(~pl.col("deleted"))

    with mock.patch.object(snapshots, "made", alive):
        yield


# A message must come later than another of its deal, and from a worker that has lost its partition.
PAY_LATE = Mix("pay_late", ("ghost",), count=10, is_rough=False, is_paid=True, seconds=8.0)
MIXES_OF_CONTROLS = MIXES | {PAY_LATE.name: PAY_LATE}

CONTROLS: dict[str, Control] = {
    "sums of changes": Control(sums_of_changes, "crashes", (2, 3)),
    "tokens of offset ranges": Control(tokens_of_ranges, "crashes", (3, 2)),
    "a guard that skips silently": Control(silent_guard, "telling", (1, 0)),
    "lookups not bounded by position": Control(unbounded_lookup, "ghosts", (0, 1)),
    "no guard per row": Control(no_guard, "crashes", (3, 2)),
    "markers not in history": Control(newest_sequence, "markers", (3, 1)),
    "inserts without a fence": Control(no_fence, "restore", (0, 1)),
    "start at the committed offset alone": Control(start_at_committed, "restore", (0, 1)),
    "commits like Faust's": Control(commits_like_faust, "crashes", (1, 4)),
    "a filter of recent ids": Control(filter_of_recent_ids, "crashes", (1, 3)),
    "blind for the flush on its way": Control(blind_for_what_is_on_its_way, "busy", (5, 0)),
    "target minus posted sum": Control(target_minus_posted, "pay", (7, 9)),
    "entry ids without partition and payee": Control(plain_entry_ids, "pay", (5, 7)),
    "every message is news": Control(whatever_comes_is_news, "pay_late", (24,)),
    "no wait for stage one": Control(no_wait_for_stage_one, "pay_retention", (4, 3)),
    "no last words of credits": Control(no_last_words, "pay", (0, 1)),
    "batches start where they should": Control(batches_start_where_they_should, "restore", (0, 5)),
    "last source wins": Control(last_source_wins, "crashes", (0, 1)),
    "last bill wins": Control(last_bill_wins, "pay", (1, 2)),
    "one clock for all sources": Control(one_clock_for_all, "crashes", (0, 1)),
    "applied before results": Control(applied_first, "telling", (1, 0)),
}
