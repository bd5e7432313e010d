"""What sales operations watch: commissions and contests, by rule, read once for each instant."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from infra.alerting import commission_looks, contest_looks
from infra.alerting.commission_looks import Anomaly, Sight
from infra.alerting.reading import Warehouse
from infra.alerting.working import Working
from schemas.alerts import Rule, Signal, Subject
from schemas.definitions import COMPANY_ID, Bundle
from streams.domain.alert_signals import window_span
from streams.domain.periods import DAY, Span

CALENDAR_PER_BUSINESS = 3  # as business days lie in calendar days at most


class Anomalies:
    """What stands out at an instant."""

    def __init__(
        self, warehouse: Warehouse, bundle: Bundle, working: Working, now: datetime
    ) -> None:
        self._warehouse, self._bundle, self._working = warehouse, bundle, working
        self._now, self._zone = now, ZoneInfo(bundle.company.time_zone)
        self._found: dict[Rule, list[Anomaly]] = {}

    def of(self, rule: Rule) -> list[Anomaly]:
        """Return what a rule looks at, with its value: what is ordinary may be left out.

        Raises:
            Unavailable: not now.
        """
        if rule not in self._found:
            some = self._seen(rule, self._sight(rule))
            self._found[rule] = [one for one in some if self._is_meant(rule, one)]
        return self._found[rule]

    def _seen(self, rule: Rule, sight: Sight) -> Iterator[Anomaly]:
        here = self._warehouse
        match rule.signal:
            case Signal.OUTSIZED:
                return commission_looks.outsized(here, sight, rule.leave)
            case Signal.CLAWBACKS:
                return commission_looks.clawbacks(here, sight)
            case Signal.CLOSED_PERIODS:
                return commission_looks.closed_periods(here, sight)
            case Signal.OVERPAID:
                return commission_looks.overpaid(here, sight)
            case Signal.CONTEST_RUSH:
                return contest_looks.rushes(here, self._bundle, sight)
            case _:
                return contest_looks.changed_results(here, self._bundle, sight, self._now)

    def _is_meant(self, rule: Rule, one: Anomaly) -> bool:
        fits = rule.currency in (None, one.currency or None)
        return fits and self._working.has_role(rule, one.subject_id)

    def _sight(self, rule: Rule) -> Sight:
        """Return the window of a rule in business days of the company, and whose count for whom."""
        today = self._now.astimezone(self._zone).date()
        days = rule.long_days or 1
        around = Span(today - timedelta(days=days * CALENDAR_PER_BUSINESS), today + DAY)
        company = self._working.of(Subject.COMPANY, COMPANY_ID)
        span = window_span(today, days, around, company) or around
        since = datetime.combine(span.start, datetime.min.time(), self._zone)
        return Sight(since, self._now, self._subjects(rule))

    def _subjects(self, rule: Rule) -> Callable[[str], Sequence[str]]:
        """Return whose numbers a rep's are; of who has left, too: their pay is not over."""
        if rule.subject is Subject.REP:
            return lambda rep: (rep,)
        if rule.subject is Subject.COMPANY:
            return lambda _: (COMPANY_ID,)
        lines = self._working.lines(rule)
        return lambda rep: lines.get(rep, ())
