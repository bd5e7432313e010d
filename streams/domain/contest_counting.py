"""What counts in a contest: events through filters and daily caps become contributions. Pure.

An event says what the rules of measures made of it: e-mails of machines, calls nobody was in and
whatever was cancelled never come here. What counts depends on the set of events, not on the order
in which they came.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple

from schemas.contest_choices import Score
from schemas.contest_parts import Filter, Metric
from streams.domain.contest_times import Millis, local_of

ZERO = Decimal(0)


class Event(NamedTuple):
    """What one activity or deal puts into one measure of one rep, as it is known now.

    Attributes:
        at: when it happened, in milliseconds since 1970.
        talk_seconds: of a call; None: its source does not say.
    """

    event_id: str
    rep_id: str
    kpi: str
    currency: str
    at: Millis
    value: Decimal
    source: str = ""
    direction: str = ""
    talk_seconds: int | None = None
    product: str = ""
    segment: str = ""
    region: str = ""
    deal_type: str = ""
    lead_source: str = ""


class Contribution(NamedTuple):
    """What an event adds to a rep's score.

    Attributes:
        day: local day of the contest.
        value: what counts of the event, in the metric's unit, after the cap.
        amount: the same in the unit of the score.
    """

    event_id: str
    rep_id: str
    metric_id: str
    at: Millis
    day: date
    value: Decimal
    amount: Decimal


def contributions(
    events: Iterable[Event], metrics: Sequence[Metric], score: Score, zone: str
) -> list[Contribution]:
    """Return what events add, in the order of time; events that add nothing are left out.

    A cap counts the first of a rep's day: what lies above it adds nothing.
    """
    ordered = sorted(events, key=attrgetter("at", "event_id", "kpi", "rep_id"))
    local = [(event, local_of(event.at, zone)) for event in ordered]
    found = [each for metric in metrics for each in _of(metric, local, score)]
    return sorted(found, key=attrgetter("at", "event_id", "metric_id", "rep_id"))


def _of(
    metric: Metric, events: Iterable[tuple[Event, datetime]], score: Score
) -> Iterator[Contribution]:
    weight = metric.points if score is Score.POINTS else Decimal(1)
    so_far: dict[tuple[str, date], Decimal] = {}
    for event, local in events:
        if event.kpi != metric.kpi or event.currency != (metric.currency or ""):
            continue
        if metric.only is not None and not passes(event, local, metric.only):
            continue
        key = (event.rep_id, local.date())
        before = so_far.get(key, ZERO)
        so_far[key] = before + event.value
        value = _capped(so_far[key], metric) - _capped(before, metric)
        if value:
            yield Contribution(event.event_id, event.rep_id, metric.metric_id, event.at,
                               local.date(), value, value * weight)  # fmt: skip


def _capped(total: Decimal, metric: Metric) -> Decimal:
    return total if metric.cap_per_day is None else min(total, metric.cap_per_day)


def passes(event: Event, local: datetime, only: Filter) -> bool:
    """Return whether an event counts; `local` is when it happened by the contest's clocks."""
    named = (
        (only.products, event.product),
        (only.segments, event.segment),
        (only.regions, event.region),
        (only.deal_types, event.deal_type),
        (only.lead_sources, event.lead_source),
        (only.sources, event.source),
        ((only.direction.value,) if only.direction else (), event.direction),
        (only.weekdays, local.isoweekday()),
    )
    if any(wanted and given not in wanted for wanted, given in named):
        return False
    if only.talk_seconds_min and (event.talk_seconds or 0) < only.talk_seconds_min:
        return False
    if only.value_min is not None and event.value < only.value_min:
        return False
    return only.hours_from <= f"{local:%H:%M}" < only.hours_to
