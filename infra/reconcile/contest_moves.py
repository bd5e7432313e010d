"""Who passed whom in contests, said a second time from the standings step by step.

A row names those whom its participant went by in its step: their own score rose, and those had
scored, stood ahead or level before, and stand behind after. It follows from the rows alone,
whatever was seen when; what a score should be is another check (`results.py`).
"""

import time
from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import polars as pl

from connectors.sinks.clickhouse import quoted
from infra.reconcile.asking import KEYS_MAX, Warehouse, ask
from infra.reconcile.contest_stored import STANDING, is_lower_better
from infra.reconcile.findings import Checked, Mismatch
from infra.reconcile.periods import Days

TABLE = f"{STANDING} (who passed whom)"
_COLUMNS = "number, participant_id, is_in, place, score, passed, sequence"
_LAST = 1 << 30  # behind every place: of those who have none


class Stands(NamedTuple):
    """How somebody stood; a place of 0 is none."""

    place: int
    score: Decimal

    @property
    def rank(self) -> int:
        """The place, or behind all."""
        return self.place or _LAST


_NOBODY = Stands(0, Decimal(0))
Held = dict[str, Stands]
Row = dict[str, Any]


def checks(warehouse: Warehouse, days: Days) -> Iterator[Checked]:
    """Yield what comes of each contest that was followed on some days.

    Raises:
        Unavailable: the warehouse is away.
    """
    looked_at = days.condition("toDate(at)")
    heads = ask(
        warehouse,
        f"SELECT contest_id, min(number) FROM {STANDING} WHERE {looked_at}"
        " GROUP BY contest_id ORDER BY contest_id",
    )
    for contest_id, first in heads.iter_rows():
        yield _checked(warehouse, str(contest_id), int(first), looked_at)


def _checked(warehouse: Warehouse, contest_id: str, first: int, looked_at: str) -> Checked:
    began = time.monotonic()
    rows = ask(
        warehouse,
        # No alias that is a column's name: in ClickHouse the condition would mean the alias.
        f"SELECT {_COLUMNS}, toUnixTimestamp64Milli(at) AS seen_at FROM {STANDING} FINAL WHERE"
        f" contest_id = {quoted(contest_id)} AND number >= {first} AND {looked_at}"
        " ORDER BY number, participant_id",
    )
    keys, wrong, torn = 0, list[Mismatch](), list[str]()
    lower: dict[int, bool] = {}
    for step, before, after in _steps(rows, _held(warehouse, contest_id, first)):
        if len({row["seen_at"] for row in step}) > 1:  # two followed at once, one wrote over it
            torn.append(str(step[0]["number"]))
            continue
        sequence = step[0]["sequence"]
        if sequence not in lower:
            lower[sequence] = is_lower_better(warehouse, contest_id, sequence)
        keys += len(step)
        for row in step:
            expected = passed(row["participant_id"], before, after, lower[sequence])
            if expected != row["passed"]:
                wrong.append(_mismatch(contest_id, row, expected))
    told = (f"steps of {contest_id} that two wrote: {', '.join(torn)}",) if torn else ()
    return Checked(TABLE, keys, differing=len(wrong), mismatches=tuple(wrong[:KEYS_MAX]),
                   seconds=time.monotonic() - began, not_said=told)  # fmt: skip


def _steps(rows: pl.DataFrame, held: Held) -> Iterator[tuple[list[Row], Held, Held]]:
    """Yield the rows of each step, and how everybody stood before and after it."""
    for _, group in groupby(rows.iter_rows(named=True), itemgetter("number")):
        step, before, held = list(group), held, dict(held)
        for row in step:
            held[row["participant_id"]] = Stands(row["place"], row["score"])
            if not row["is_in"]:
                del held[row["participant_id"]]
        yield step, before, held


def _held(warehouse: Warehouse, contest_id: str, first: int) -> Held:
    """Return how everybody stood before a step."""
    rows = ask(
        warehouse,
        f"SELECT participant_id, is_in, place, score FROM {STANDING} FINAL"
        f" WHERE contest_id = {quoted(contest_id)} AND number < {first}"
        " ORDER BY participant_id, number DESC LIMIT 1 BY participant_id",
    )
    return {name: Stands(place, score) for name, is_in, place, score in rows.iter_rows() if is_in}


def passed(name: str, before: Held, after: Held, is_lower_better: bool) -> list[str]:
    """Return whom somebody passed in a step, the one who stands best now first."""
    now, was = after.get(name, _NOBODY), before.get(name)
    if not now.place or (was is not None and not _rose(was, now, is_lower_better)):
        return []
    rank = (was or _NOBODY).rank
    gone_by = [
        (after[other].rank, other)
        for other, stood in before.items()
        if other != name and other in after and stood.place and stood.score
        and stood.place <= rank and after[other].rank > now.place
    ]  # fmt: skip
    return [other for _, other in sorted(gone_by)]


def _rose(was: Stands, now: Stands, is_lower_better: bool) -> bool:
    return now.score < was.score if is_lower_better else now.score > was.score


def _mismatch(contest_id: str, row: Row, expected: list[str]) -> Mismatch:
    key = {"contest_id": contest_id, "participant_id": str(row["participant_id"]),
           "number": str(row["number"])}  # fmt: skip
    return Mismatch(TABLE, key, "who was passed", ", ".join(expected), ", ".join(row["passed"]),
                    Decimal(0), "", 0)  # fmt: skip
