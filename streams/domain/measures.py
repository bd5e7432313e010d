"""Measures: what a fact puts into whose day. A rule is data and one pure expression.

The definitions in force name the measures; each names its rule. A rule says over which facts it
goes, what a fact is worth (null: nothing), whose it is and which day it counts on. So a new measure
over known fields is one rule here and one line of definitions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from schemas.definitions import Measure
from schemas.frames import constant, picked, present
from streams.domain.resolving import Reps, Resolver
from streams.domain.zones import Days, Millis

UNIT = 10_000  # values are whole ten-thousandths here, as decimal(18, 4) stores them
# What facts put in, in long form: one line per fact, measure, rep, day and currency.
LONG = {
    "row": pl.Int64(),
    "measure": pl.String(),
    "rep_id": pl.String(),
    "day": pl.Date(),
    "currency": pl.String(),
    "value": pl.Int64(),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to count.

    Attributes:
        of: the message it goes over: call, email, meeting or deal.
        value: what one fact is worth, in ten-thousandths; null puts nothing in.
        whose: name of the party it counts for.
        on: name of the day it counts on.
        currency: field with the currency of a value that is money.
        doc: what it means, in words.
    """

    of: str
    value: pl.Expr
    whose: str
    on: str
    doc: str
    currency: str | None = None


class View(NamedTuple):
    """Facts as rules see them: one line per fact, or per fact and payee.

    Attributes:
        frame: the message's fields, and what the domain adds to them.
        row: which fact each line is of.
        parties: per party the rep's index.
        days: per day name the day.
        instants: per day name when it was, and which facts go by their date (None: none does).
    """

    frame: pl.DataFrame
    row: pl.Series
    parties: Mapping[str, Reps]
    days: Mapping[str, Days]
    instants: Mapping[str, tuple[Millis, npt.NDArray[np.bool_] | None]] = {}


class Part(NamedTuple):
    """What facts put in by one measure: its number, whose row, which rep by number."""

    number: int
    row: npt.NDArray[np.int64]
    rep: Reps
    day: Days
    value: npt.NDArray[np.int64]
    currency: pl.Series


# What else facts put in: (view, number of its first measure) -> parts.
More = Callable[[View, int], Iterator[Part]]


def count(condition: pl.Expr) -> pl.Expr:
    """Return one for each fact that is so and not cancelled."""
    return pl.when(condition & (pl.col("op") == "SET")).then(pl.lit(UNIT, pl.Int64))


def contributions(
    views: Sequence[View],
    of: str,
    measures: Sequence[Measure],
    rules: Mapping[str, Rule],
    resolver: Resolver,
    *,
    more: tuple[Sequence[str], More] | None = None,
) -> pl.DataFrame:
    """Return what facts put in, in long form, ordered by fact.

    Args:
        more: names of what else they put in, and what makes it.

    Raises:
        KeyError: a measure names a rule that does not exist.
    """
    wanted = [m for m in measures if m.of == of]
    chosen = [rules[measure.rule] for measure in wanted]
    names = [m.measure for m in wanted]
    found = [part for view in views for part in _contributed(view, chosen)]
    if more:
        found += [part for view in views for part in more[1](view, len(names))]
        names += more[0]
    if not found:
        return pl.DataFrame(schema=LONG)
    found.sort(key=lambda part: part.number)
    rows, reps, days, values = (
        np.concatenate([getattr(part, name) for part in found]) for name in _ARRAYS
    )
    numbers = np.repeat([part.number for part in found], [len(part.row) for part in found])
    order = np.argsort(rows, kind="stable")  # texts come last: each is fetched once, in its place
    return pl.DataFrame(
        [
            pl.Series("row", rows[order]),
            picked(pl.Series("measure", names, pl.String), numbers[order]),
            picked(resolver.names, reps[order]).alias("rep_id"),
            pl.Series("day", days[order]).cast(pl.Date),
            picked(pl.concat([part.currency for part in found]), order).alias("currency"),
            pl.Series("value", values[order]),
        ]
    )


_ARRAYS = ("row", "rep", "day", "value")


def _contributed(view: View, rules: Sequence[Rule]) -> Iterator[Part]:
    """Yield what facts put in by each rule that goes over such a view; one query for all."""
    mine = [(number, rule) for number, rule in enumerate(rules) if rule.whose in view.parties]
    values = view.frame.select(rule.value.alias(str(number)) for number, rule in mine)
    rows = view.row.to_numpy().astype(np.int64, copy=False)
    for number, rule in mine:
        value = values.get_column(str(number))
        kept = np.flatnonzero(present(value))
        yield Part(
            number,
            rows[kept],
            view.parties[rule.whose][kept],
            view.days[rule.on][kept],
            picked(value, kept).cast(pl.Int64).to_numpy(),
            _currency(view.frame, rule, kept),
        )


def _currency(frame: pl.DataFrame, rule: Rule, kept: npt.NDArray[np.int64]) -> pl.Series:
    if rule.currency is None:
        return constant("currency", "", pl.String(), len(kept))
    return picked(frame.get_column(rule.currency), kept).alias("currency")
