"""Measures: what a fact puts into whose day. A rule is data and one pure expression.

The definitions in force name the measures; each names its rule. A rule says over which facts it
goes, what a fact is worth (null: nothing), whose it is and which day it counts on. So a new measure
over known fields is one rule here and one line of definitions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from schemas.definitions import Measure
from streams.domain.resolving import Reps, Resolver
from streams.domain.zones import Days

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
    """

    frame: pl.DataFrame
    row: pl.Series
    parties: Mapping[str, Reps]
    days: Mapping[str, Days]


def count(condition: pl.Expr) -> pl.Expr:
    """Return one for each fact that is so and not cancelled."""
    return pl.when(condition & (pl.col("op") == "SET")).then(pl.lit(UNIT, pl.Int64))


def contributions(
    views: Sequence[View],
    of: str,
    measures: Sequence[Measure],
    rules: Mapping[str, Rule],
    resolver: Resolver,
) -> pl.DataFrame:
    """Return what facts put in, in long form, ordered by fact.

    Raises:
        KeyError: a measure names a rule that does not exist.
    """
    wanted = [m for m in measures if m.of == of]
    found = [
        _contribution(view, number, rules[measure.rule])
        for number, measure in enumerate(wanted)
        for view in views
        if rules[measure.rule].whose in view.parties
    ]
    if not found:
        return pl.DataFrame(schema=LONG)
    rows, numbers, reps, days, values = (
        np.concatenate([getattr(part, name) for part in found]) for name in _Part._fields[:-1]
    )
    order = np.argsort(rows, kind="stable")  # texts come last: each is fetched once, in its place
    return pl.DataFrame(
        [
            pl.Series("row", rows[order]),
            pl.Series("measure", [m.measure for m in wanted], pl.String).gather(numbers[order]),
            resolver.names.gather(reps[order]).alias("rep_id"),
            pl.Series("day", days[order]).cast(pl.Date),
            pl.concat([part.currency for part in found]).gather(order).alias("currency"),
            pl.Series("value", values[order]),
        ]
    )


class _Part(NamedTuple):
    """What facts put in by one measure: whose row, which measure and rep by number."""

    row: npt.NDArray[np.int64]
    number: npt.NDArray[np.int64]
    rep: Reps
    day: Days
    value: npt.NDArray[np.int64]
    currency: pl.Series


def _contribution(view: View, number: int, rule: Rule) -> _Part:
    currency = pl.col(rule.currency) if rule.currency else pl.lit("")
    valued = view.frame.select(rule.value.alias("value"), currency.alias("currency"))
    given = valued.get_column("value").is_not_null().to_numpy()
    kept = np.flatnonzero(given)
    taken = valued[kept] if len(kept) < len(given) else valued
    return _Part(
        view.row.to_numpy()[kept].astype(np.int64, copy=False),
        np.full(len(kept), number),
        view.parties[rule.whose][kept],
        view.days[rule.on][kept],
        taken.get_column("value").cast(pl.Int64).to_numpy(),
        taken.get_column("currency"),
    )
