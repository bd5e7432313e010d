"""One tick: everybody is looked at, so that silence is seen; what changed becomes events."""

import json
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from infra.alerting import events, reading
from infra.alerting.addressing import Look, address
from infra.alerting.events import Held
from infra.alerting.reading import Warehouse
from infra.alerting.watching import watches
from schemas.alerts import OF_OPS, OF_QUOTAS, Rule, Signal
from schemas.definitions import Bundle
from streams.domain.alert_signals import Watch, window
from streams.domain.alert_signals import reading as read
from streams.domain.alert_states import Key, Reading, State, Transition, step
from streams.domain.periods import DAY

# Watched by windows that move with the days, a measure has no period: one alert for good.
NO_PERIOD = date(1970, 1, 1)


class Tick(NamedTuple):
    """What one tick did.

    Attributes:
        looked: subjects times rules.
        late: what the data waits for; empty: it is there.
    """

    looked: int
    events: int
    transitions: tuple[Transition, ...]
    late: str


def tick(
    warehouse: Warehouse, bundle: Bundle, now: datetime, usable: Collection[str] | None = None
) -> Tick:
    """Return what changed; it is in the warehouse by then, all of it or nothing.

    An event says itself whom it is to be told, so there is none without its notices.
    Doing it again after a crash writes the same events under the same numbers.

    Args:
        usable: names of the installation's channels; None: all that the definitions name.

    Raises:
        Unavailable: not now.
        Fenced: the warehouse was restored meanwhile.
    """
    incarnation = warehouse.incarnation()
    today = now.astimezone(ZoneInfo(bundle.company.time_zone)).date()
    late = _late(warehouse, bundle, now)
    known = events.held(warehouse)
    looks: list[Look] = []
    for rule, watch in watches(warehouse, bundle, today, now):
        before = known.get(key_of_watch(rule, watch), Held())
        is_late = bool(late) and rule.signal is not Signal.FRESHNESS  # its reason to be
        found = read(rule, watch, is_late=is_late, is_corrected=_is_corrected(before, watch))
        told = _told(found, now, bundle, _inputs(rule, watch))
        told["is_private"] = rule.signal in OF_OPS
        looks.append(_looked(rule, key_of_watch(rule, watch), before, found, told))
    looked = len(looks)
    for key in known.keys() - {look.key for look in looks}:
        looks += _gone(bundle, key, known[key], today, now)
    rows = [row for look in looks for row in look.rows]
    made = tuple(one for look in looks for one in look.made)
    if any(one.is_news for one in made):
        address(warehouse, bundle, looks, today, usable)
    if rows:
        warehouse.insert(events.TABLE, events.frame_of(rows), incarnation)
    return Tick(looked, len(rows), made, late)


def _looked(rule: Rule, key: Key, before: Held, found: Reading, told: Mapping[str, Any]) -> Look:
    after, made = step(rule, key, before.watched, found, told["at"])
    return Look(key, before, after, made, events.rows_of(key, before, after, made, told))


def _told(
    found: Reading, now: datetime, bundle: Bundle, inputs: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "at": now,
        "day": found.day,
        "value": found.value,
        "sequence": bundle.sequence,
        "inputs": json.dumps(inputs, separators=(",", ":")),
    }


def _gone(bundle: Bundle, key: Key, before: Held, today: date, now: datetime) -> list[Look]:
    """End an alert whose rule, quota or subject is no longer there."""
    if before.watched.state is State.OK:
        return []
    over = Reading(None, today, is_over=True)
    rule = next((r for r in bundle.alerts.rules if r.rule_id == key.rule_id), None)
    ended = rule or Rule.model_construct(rule_id=key.rule_id)
    return [_looked(ended, key, before, over, _told(over, now, bundle, {}))]


def key_of_watch(rule: Rule, watch: Watch) -> Key:
    """Return which alert a rule and what it watches are."""
    start = watch.period.start if rule.signal in OF_QUOTAS else NO_PERIOD
    return Key(rule.rule_id, watch.subject_kind, watch.subject_id, watch.kpi, watch.currency, start)


def _late(warehouse: Warehouse, bundle: Bundle, now: datetime) -> str:
    sources = reading.news(warehouse)
    if not sources:
        return "no source has said how far it is"
    name, as_of = sources[0]
    most = timedelta(minutes=bundle.alerts.late_after_minutes)
    return f"{name} is complete through {as_of.isoformat()} only" if now - as_of > most else ""


def _is_corrected(before: Held, watch: Watch) -> bool:
    """Return whether the past is another than when it was read last."""
    if before.basis is None:
        return False
    now = watch.at(before.basis.day)
    return now is not None and now.actual != before.basis.actual


def _inputs(rule: Rule, watch: Watch) -> dict[str, Any]:
    """Return what a reading was computed from, and the past it rests on."""
    told: dict[str, Any] = {}
    for name, days in (("long", rule.long_days), ("short", rule.short_days)):
        has_days = bool(watch.to_date) and (name == "long" or days)
        seen = window(watch, days) if has_days else None
        if seen is not None:
            told[name] = {
                "since": str(seen.span.start), "actual": f"{seen.actual:f}",
                "expected": f"{seen.expected:f}",
                "events": None if seen.events is None else f"{seen.events:f}",
            }  # fmt: skip
    if watch.measured is not None:
        told |= {"measured": f"{watch.measured:f}", "of": f"{watch.of or 0:f}", **watch.facts}
    if watch.probability is not None:
        told["probability"] = f"{watch.probability:f}"
    past = watch.day - DAY
    known = watch.to_date.get(past)
    if known is not None:
        told["basis"] = [str(past), f"{known.actual:f}"]
    return told
