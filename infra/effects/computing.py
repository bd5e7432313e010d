"""Who changes by how much under other definitions: the domain over history, nothing written.

What the tables hold is read; what would follow is computed by the rules that workers follow, over
the newest row of every entity. Both are taken from each other in portions, so that only what
differs stays in memory.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from infra.effects.attaining import Changes, Side, changes
from infra.effects.reading import OVERLAY, Warehouse, count_of_entities, entities, heard, totals
from schemas.contests import Contests
from schemas.definitions import Bundle
from schemas.frames import rows_at
from streams.agents.folds import FOLDS
from streams.domain.contest_measures import PREFIX
from streams.domain.hierarchy import SubjectKind, member_rows
from streams.domain.inforce import InForce
from streams.domain.measures import UNIT
from streams.engine.folds import Fold
from streams.engine.tellers import anew, replaced, restated

PERIODS = {"day": "1d", "month": "1mo", "quarter": "1q", "year": "1y"}  # of the calendar
_CELL = ["rep_id", "day", "measure", "currency"]
_SUBJECT = ["subject_kind", "subject_id"]
_KEY = [*_SUBJECT, "measure", "period", "currency"]
_LINE = {"rep_id": pl.String, "day": pl.Date, "measure": pl.String, "currency": pl.String}
_ARRAYS = {"rep_id": "measure_rep_id", "day": "measure_day", "measure": "measure",
           "currency": "measure_currency", "value": "measure_value"}  # fmt: skip
Tell = Callable[[str, int, int], None]  # what is being done, how much of it is, and of how much


class Line(NamedTuple):
    """One number that changes. `period` is its first day."""

    subject_kind: str
    subject_id: str
    measure: str
    period: date
    currency: str
    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class Effect:
    """Everything that changes, the largest change first.

    Attributes:
        entities: how many calls, e-mails, meetings and deals were looked at.
        attained: quotas whose attainment changes.
    """

    lines: tuple[Line, ...]
    entities: int
    attained: Changes


def effect(
    warehouse: Warehouse,
    before: Bundle,
    after: Bundle,
    by: str = "month",
    tell: Tell = lambda what, done, of: None,
) -> Effect:
    """Return what changes for reps, teams, regions and the company.

    Args:
        before: the definitions the tables stand under.
        by: a key of PERIODS.

    Raises:
        Unavailable: the warehouse is away.
        ValueError: a measure names a rule that this version does not have.
    """
    # What a contest is worth is told by `contest standings`; here it would be names nobody knows.
    old, new = (InForce(b.model_copy(update={"contests": Contests()})) for b in (before, after))
    cells, looked = [], 0
    for fold in FOLDS.values():
        if fold.differs(old, new):
            of = count_of_entities(warehouse, fold)
            done = 0
            for rows in entities(warehouse, fold, new):
                said = heard(warehouse, fold, rows) if _tell_otherwise(fold, old, new) else None
                cells.append(_changed(fold, rows, said, new))
                done, looked = done + len(rows), looked + len(rows)
                tell(fold.topic, min(done, of), of)
    changed = _added(pl.concat([_no_cells(), *cells]), _CELL)
    members = _members(before), _members(after)
    found = _told(warehouse, changed, members, PERIODS[by], tell)
    lines = tuple(sorted(map(_line, found.iter_rows()), key=_order))
    sides = (Side(before, members[0]), Side(after, members[1]))
    return Effect(lines, looked, changes(warehouse, *sides, changed))


def _tell_otherwise(fold: Fold, old: InForce, new: InForce) -> bool:
    return fold.tellers is not None and fold.tellers.differs(old, new)


def _changed(
    fold: Fold, rows: pl.DataFrame, said: pl.DataFrame | None, new: InForce
) -> pl.DataFrame:
    """Return by how much what entities put in would change, by rep, day, measure and currency.

    Args:
        said: the last rows of each source of activities that several tell of, if those may be made
            otherwise of them.
    """
    facts = fold.recalled(rows)
    if said is not None and fold.tellers:
        at = np.flatnonzero((rows["said"] != "").to_numpy())
        shared = rows_at(rows, at)
        made = restated(rows_at(facts, at), anew(fold.tellers, shared, said, new))
        facts = replaced(facts, at, made)
    resolved = fold.resolve(facts, new)
    parts = [resolved.put_in.select(*_CELL, "value"), _negative(_put_in(rows))]
    if fold.snapshots:
        parts += [_overlays(rows, resolved.columns), _negative(_overlays(rows, rows))]
    return _added(pl.concat([part.select(*_CELL, "value") for part in parts]), _CELL)


def _put_in(rows: pl.DataFrame) -> pl.DataFrame:
    """Return what rows of history say they put in."""
    lines = rows.select(pl.col(array).alias(name) for name, array in _ARRAYS.items())
    each = lines.filter(pl.col("measure").list.len() > 0).explode(list(_ARRAYS))
    return _typed(each.filter(~pl.col("measure").str.starts_with(PREFIX)))


def _overlays(rows: pl.DataFrame, credits: pl.DataFrame) -> pl.DataFrame:
    """Return what OVERLAY credits of won deals amount to, by the arrays of history."""
    lines = pl.DataFrame([
        credits.get_column("credit_rep_id").alias("rep_id"),
        credits.get_column("credit_day").alias("day"),
        credits.get_column("credit_role").alias("role"),
        credits.get_column("credit_amount").alias("value"),
        rows.get_column("currency"), rows.get_column("stage_class"),
    ])  # fmt: skip
    won = lines.filter((pl.col("stage_class") == "WON") & (pl.col("role").list.len() > 0))
    apart = won.explode("rep_id", "day", "role", "value").filter(pl.col("role") == "OVERLAY")
    return _typed(apart.with_columns(pl.lit(OVERLAY).alias("measure")))


def _typed(lines: pl.DataFrame) -> pl.DataFrame:
    units = (pl.col("value").cast(pl.Decimal(38, 4)) * UNIT).cast(pl.Int64)
    return lines.select(*(pl.col(n).cast(k) for n, k in _LINE.items()), units.alias("value"))


def _negative(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.with_columns(-pl.col("value"))


def _no_cells() -> pl.DataFrame:
    return pl.DataFrame(schema={**_LINE, "value": pl.Int64})


def _added(lines: pl.DataFrame, keys: Iterable[str]) -> pl.DataFrame:
    return lines.group_by(list(keys)).agg(pl.col("value").sum()).filter(pl.col("value") != 0)


def _members(bundle: Bundle) -> pl.DataFrame:
    return member_rows(bundle.roster, bundle.territories.territories)


def _told(
    warehouse: Warehouse,
    changed: pl.DataFrame,
    members: tuple[pl.DataFrame, pl.DataFrame],
    period: str,
    tell: Tell,
) -> pl.DataFrame:
    """Return all that changes, by other facts or by other members: _KEY, before, value (change)."""
    old, new = members
    moved = _moved(old, new)
    if changed.is_empty() and moved.is_empty():
        return pl.DataFrame(schema=dict.fromkeys([*_KEY, "before", "value"], pl.String))
    measures = None if len(moved) else changed["measure"].unique().to_list()
    stand = [
        pl.DataFrame(
            schema={
                **dict.fromkeys(_SUBJECT, pl.String),
                "measure": pl.String,
                "period": pl.Date,
                "currency": pl.String,
                "value": pl.Int64,
            }
        )
    ]
    turn = [_of_subjects(changed, new, period)]
    for number, portion in enumerate(totals(warehouse, measures), 1):
        stand = [_added(pl.concat([*stand, _of_subjects(portion, old, period)]), _KEY)]
        theirs = portion.join(moved, on="rep_id", how="semi")
        gains, losses = _of_subjects(theirs, new, period), _of_subjects(theirs, old, period)
        turn = [_added(pl.concat([*turn, gains, _negative(losses)]), _KEY)]
        tell("totals", number, number)
    found = _added(pl.concat(turn), _KEY).join(stand[0], on=_KEY, how="left", suffix="_before")
    return found.select(*_KEY, pl.col("value_before").fill_null(0).alias("before"), "value")


def _line(row: tuple[Any, ...]) -> Line:
    kind, subject, measure, period, currency, before, change = row
    units = Decimal(before), Decimal(before + change)
    return Line(kind, subject, measure, period, currency, *(u / UNIT for u in units))


def _moved(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Return who belongs to something else, or at other times: rep_id."""
    there, here = (
        old.join(new, on=old.columns, how="anti"),
        new.join(old, on=old.columns, how="anti"),
    )
    return pl.concat([there, here]).select(pl.col("rep_id").unique())


def _of_subjects(cells: pl.DataFrame, members: pl.DataFrame, period: str) -> pl.DataFrame:
    """Return values of rep-days added up for every subject the reps belonged to on the day."""
    joined = cells.join(members, on="rep_id").filter(
        (pl.col("valid_from") <= pl.col("day")) & (pl.col("day") < pl.col("valid_to"))
    )
    return _added(joined.with_columns(pl.col("day").dt.truncate(period).alias("period")), _KEY)


def _order(line: Line) -> tuple[object, ...]:
    kinds = {kind.value: place for place, kind in enumerate(SubjectKind)}
    return kinds[line.subject_kind], -abs(line.after - line.before), *line[1:5]
