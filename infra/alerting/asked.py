"""What scorecards ask of people day by day: the plan of leading indicators."""

from datetime import date
from decimal import Decimal

from infra.alerting.working import Working
from schemas.alerts import Rule, Signal
from schemas.definitions import Bundle
from schemas.scorecards import Scorecard
from streams.domain.periods import DAY, Span
from streams.domain.scoring import Cards

Asking = dict[str, dict[date, Decimal]]


class Asked:
    """Targets of scorecards by subject and day; computed when a rule first needs them."""

    def __init__(self, bundle: Bundle, working: Working) -> None:
        self._bundle, self._working = bundle, working
        self._cards: Cards | None = None

    def by_subject(self, rule: Rule, span: Span) -> Asking:
        """Return what is asked of subjects on each day of a span but its last, which goes on.

        Who is scored by several cards on one KPI does the work once: the card that asks most holds.
        """
        found: Asking = {}
        if rule.signal is not Signal.ACTIVITY:
            return found
        lines = self._working.lines(rule)
        for rep_id, mine in self._by_rep(rule, Span(span.start, span.end - DAY)).items():
            for subject_id in lines.get(rep_id, ()):
                sums = found.setdefault(subject_id, {})
                for day, target in mine.items():
                    sums[day] = sums.get(day, Decimal(0)) + target
        return found

    def _by_rep(self, rule: Rule, span: Span) -> Asking:
        cards = self._cards = self._cards or Cards(self._bundle)
        found: Asking = {}
        for card, period in self._periods(cards, span):
            for one in card.indicators:
                if one.kpi != rule.kpi or one.currency != rule.currency:
                    continue
                for rep_id in cards.members(card, max(period.start, span.start)):
                    mine = found.setdefault(rep_id, {})
                    for day, target in cards.targets(card, one, period, rep_id).items():
                        if day in span:
                            mine[day] = max(mine.get(day, target), target)
        return found

    def _periods(self, cards: Cards, span: Span) -> list[tuple[Scorecard, Span]]:
        """Return the cards in force in a span, each with its periods that lie in it."""
        found = {}
        for day in span.each():
            for card, period in cards.on(day):
                found[card.scorecard_id, period.start] = (card, period)
        return list(found.values())
