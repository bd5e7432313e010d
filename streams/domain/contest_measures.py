"""Contests as measures of their own: what a fact puts in, by filter and window. Pure.

A metric of a contest is the rule of its measure, seen through the contest's window and filter and
put on the day the contest's own clocks show. So it is folded, corrected, marked and rebuilt like
any other measure. Caps, points and who takes part are applied when scores are read: they change
what a day is worth and not what happened on it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from schemas.contest_choices import State
from schemas.contest_parts import Filter, Metric
from schemas.contests import Contest
from schemas.definitions import Bundle
from schemas.frames import constant, picked, present
from streams.domain.contest_times import Window, window
from streams.domain.measures import UNIT, Part, Rule, View
from streams.domain.zones import Millis, midnight_of, offsets

PREFIX = "contest/"
_DAY_MS, _MINUTE_MS = 86_400_000, 60_000
_THURSDAY = 3  # 1970-01-01, counted from Monday = 0
# Lists of a filter and the field of a fact they look at.
NAMED = {
    "products": "product",
    "segments": "segment",
    "regions": "region",
    "deal_types": "deal_type",
    "lead_sources": "lead_source",
    "sources": "source",
}


class Counter(NamedTuple):
    """One metric of one contest, ready for columns."""

    measure: str
    of: str
    rule: Rule
    window: Window
    zone: str
    currency: str
    only: Filter | None


def measure_of(contest: Contest, metric: Metric) -> str:
    """Return the measure a contest keeps of a metric.

    >>> measure_of(Contest.model_construct(contest_id="blitz"), Metric(kpi="calls"))
    'contest/blitz/calls'
    """
    return f"{PREFIX}{contest.contest_id}/{metric.metric_id}"


def folded(bundle: Bundle) -> tuple[Contest, ...]:
    """Return the contests that are folded: no drafts, and none by a KPI with a formula."""
    names = {m.measure for m in bundle.measures.measures}
    return tuple(
        c
        for c in bundle.contests.contests
        if c.state is not State.DRAFT and all(m.kpi in names for m in c.metrics)
    )


def counters(bundle: Bundle, rules: Mapping[str, Rule]) -> tuple[Counter, ...]:
    """Return what contests count, in their order."""
    known = {m.measure: m for m in bundle.measures.measures}
    return tuple(
        Counter(
            measure_of(contest, metric),
            known[metric.kpi].of,
            rules[known[metric.kpi].rule],
            window(contest),
            contest.time_zone,
            metric.currency or "",
            metric.only,
        )
        for contest in folded(bundle)
        for metric in contest.metrics
    )


class Deciding(NamedTuple):
    """What of one metric of a contest decides what facts put in."""

    measure: str
    kpi: str
    window: Window
    zone: str
    currency: str | None
    only: Filter | None


def deciding(bundle: Bundle) -> tuple[Deciding, ...]:
    """Return what of the contests decides what facts put in: no caps, points, prizes or names."""
    return tuple(
        Deciding(measure_of(c, m), m.kpi, window(c), c.time_zone, m.currency, m.only)
        for c in folded(bundle)
        for m in c.metrics
    )


def parts(wanted: Sequence[Counter], view: View, first: int) -> Iterator[Part]:
    """Yield what facts of such a view put into contests.

    Args:
        wanted: counters of the view's message.
        first: number of the first one's measure.
    """
    for number, counter in enumerate(wanted, first):
        if counter.rule.whose in view.parties:
            yield from _counted(view, counter, number)


def _counted(view: View, counter: Counter, number: int) -> Iterator[Part]:
    at = _instants(view, counter)
    counts = (at >= counter.window.start) & (at < counter.window.end)
    is_other_money = counter.rule.currency is None and counter.currency
    if is_other_money or not counts.any():  # mostly no fact of a batch
        return
    local = at + _ahead(at, counter.zone)
    value = view.frame.select(counter.rule.value.alias("value")).to_series()
    counts &= present(value)
    if counter.only is not None:
        counts &= _passes(view.frame, value, local, counter.only)
    if counter.rule.currency is not None:
        currency = view.frame.get_column(counter.rule.currency)
        counts &= (currency == counter.currency).fill_null(value=False).to_numpy()
    kept = np.flatnonzero(counts)
    if len(kept):
        yield Part(
            number,
            view.row.to_numpy().astype(np.int64, copy=False)[kept],
            view.parties[counter.rule.whose][kept],
            (local[kept] // _DAY_MS).astype(np.int32),
            picked(value, kept).cast(pl.Int64).to_numpy(),
            constant("currency", counter.currency, pl.String(), len(kept)),
        )


def _instants(view: View, counter: Counter) -> Millis:
    """Return when each fact counts; of one that goes by its date the first instant of that day."""
    at, dated = view.instants[counter.rule.on]
    if dated is None or not dated.any():
        return at
    days = view.days[counter.rule.on]
    begins = {day: midnight_of(day, counter.zone) for day in np.unique(days[dated]).tolist()}
    found = at.copy()
    found[dated] = [begins[day] for day in days[dated].tolist()]
    return found


def _ahead(at: Millis, zone: str) -> Millis:
    since, ahead = offsets(zone)
    return ahead[np.searchsorted(since, at, "right") - 1]


def _passes(
    frame: pl.DataFrame, value: pl.Series, local: Millis, only: Filter
) -> npt.NDArray[np.bool_]:
    """Return which facts a filter lets through; `local` is what the contest's clocks show."""
    found = np.ones(len(frame), np.bool_)
    for name, field in NAMED.items():
        if given := getattr(only, name):
            found &= _is_in(frame, field, given)
    if only.direction is not None:
        found &= _is_in(frame, "direction", (only.direction.value,))
    if only.talk_seconds_min is not None:
        found &= _at_least(frame, "talk_seconds", only.talk_seconds_min)
    if only.value_min is not None:
        found &= (value.cast(pl.Int64).fill_null(0) >= int(only.value_min * UNIT)).to_numpy()
    if only.weekdays:
        found &= np.isin((local // _DAY_MS + _THURSDAY) % 7 + 1, only.weekdays)
    since, until = _minutes(only.hours_from), _minutes(only.hours_to)
    if (since, until) != (0, _DAY_MS // _MINUTE_MS):
        minute = local % _DAY_MS // _MINUTE_MS
        found &= (minute >= since) & (minute < until)
    return found


def _is_in(frame: pl.DataFrame, field: str, given: Sequence[str]) -> npt.NDArray[np.bool_]:
    if field not in frame.columns:  # a kind of fact that has no such field
        return np.zeros(len(frame), np.bool_)
    found = frame.get_column(field).fill_null("").is_in(list(given))
    return found.to_numpy()


def _at_least(frame: pl.DataFrame, field: str, least: int) -> npt.NDArray[np.bool_]:
    if field not in frame.columns:
        return np.zeros(len(frame), np.bool_)
    return (frame.get_column(field).fill_null(0) >= least).to_numpy()


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
