"""What rules would have said over past days: the same walk as every tick's, writing nothing.

Facts are as they are known now, so what was late or wrong then is right here, and data is never
late. Forecasts are those that were made on the day. Roster, quotas and rules are those in force.
"""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from infra.alerting.reading import Warehouse
from infra.alerting.ticking import key_of_watch
from infra.alerting.watching import watches
from schemas.alerts import Rule, Signal
from schemas.definitions import Bundle
from streams.domain.alert_sending import spoken_for
from streams.domain.alert_signals import reading
from streams.domain.alert_states import Key, Reading, Watched, step
from streams.domain.periods import DAY, Span

DAYS_MAX = 400  # a year and a bit; each day is read by itself


class Past(NamedTuple):
    """One time an alert would have fired.

    Attributes:
        began, ended: days; None: it fires still at the end.
        told: whether somebody would have heard, as no graver rule of its group spoke.
    """

    key: Key
    severity: str
    began: date
    ended: date | None
    reason: str
    value: Decimal | None
    told: bool


def simulate(warehouse: Warehouse, bundle: Bundle, span: Span) -> list[Past]:
    """Return what would have fired on the days of a span, in order.

    Raises:
        Unavailable: the warehouse did not answer.
    """
    walk = _Walk(bundle)
    for day in span.each():
        walk.on(warehouse, day)
    return walk.found()


class _Walk:
    def __init__(self, bundle: Bundle) -> None:
        rules = tuple(r for r in bundle.alerts.rules if r.signal is not Signal.FRESHNESS)
        alerts = bundle.alerts.model_copy(update={"rules": rules})
        self._bundle = bundle.model_copy(update={"alerts": alerts})
        self._rules = {rule.rule_id: rule for rule in rules}
        self._zone = ZoneInfo(bundle.company.time_zone)
        self._held: dict[Key, Watched] = {}
        self._open: dict[Key, Past] = {}
        self._over: list[Past] = []

    def on(self, warehouse: Warehouse, day: date) -> None:
        """Look at the end of a day."""
        at = datetime.combine(day + DAY, time(0), self._zone) - timedelta(seconds=1)
        began: list[tuple[Rule, Key, Decimal | None]] = []
        seen = set()
        for rule, watch in watches(warehouse, self._bundle, day, at, is_past=True):
            key = key_of_watch(rule, watch)
            seen.add(key)
            found = reading(rule, watch, is_late=False, is_corrected=False)
            began += self._looked(rule, key, found, at)
        for key in [key for key in self._held if key not in seen]:
            rule = self._rules[key.rule_id]
            self._looked(rule, key, Reading(None, day, is_over=True), at)
        silent = spoken_for(self._rules.values(), self._held)
        for rule, key, value in began:
            self._open[key] = Past(key, rule.severity, day, None, "", value, key not in silent)

    def _looked(
        self, rule: Rule, key: Key, found: Reading, at: datetime
    ) -> list[tuple[Rule, Key, Decimal | None]]:
        began = []
        self._held[key], made = step(rule, key, self._held.get(key, Watched()), found, at)
        for one in made:
            if one.begins:
                began.append((rule, key, one.value))
            elif one.ends:
                past = self._open.pop(key)
                self._over.append(past._replace(ended=found.day, reason=str(one.reason)))
        return began

    def found(self) -> list[Past]:
        """Return what fired, by the day it began."""
        every = [*self._over, *self._open.values()]
        return sorted(every, key=lambda one: (one.began, one.key))
