"""Who is scored by which card, and what it asks of them day by day. Pure.

The definitions in force go in. A target is the card's own for a whole period, or the rep's quota on
the KPI; either is broken down over the rep's working days.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from schemas.calendars import Absence
from schemas.definitions import NO_END, Bundle, MeasureUnit, Rep, Stint
from schemas.money import minor_units
from schemas.quotas import PeriodKind, QuotaOwner
from schemas.scorecards import Indicator, Scorecard
from streams.domain.expected import Expectations, Expected
from streams.domain.hierarchy import lineages
from streams.domain.kpis import Catalogue
from streams.domain.periods import DAY, Span, period_of
from streams.domain.scorecards import (
    NOTHING,
    ONE,
    Done,
    GroupScore,
    Rate,
    Score,
    daily_targets,
    group_score,
    score,
)
from streams.domain.workdays import Workdays, leave_of

Actuals = Mapping[tuple[str, str, date], Decimal]  # rep, KPI and day -> what was done


class Scored(NamedTuple):
    """A subject's score by one card.

    Attributes:
        today: of the day alone.
        to_date: of the period up to and including the day.
        period: of what is done by now against the whole period's targets.
    """

    card: Scorecard
    span: Span
    day: date
    today: Score | GroupScore
    to_date: Score | GroupScore
    period: Score | GroupScore


class Cards:
    """The scorecards of one state of the definitions."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._above = lineages(bundle.roster)
        self._catalogue = Catalogue(bundle)
        self._units = {m.measure: m.unit for m in bundle.measures.measures}
        self._expectations = Expectations(bundle)
        self._quotas: dict[tuple[str, str, str | None], list[Expected]] = {}
        for expected in self._expectations.all():
            quota = expected.quota
            if quota.owner_kind is QuotaOwner.REP:
                key = (quota.owner_id, quota.kpi, quota.currency)
                self._quotas.setdefault(key, []).append(expected)
        self._reps = {r.rep_id: r for r in bundle.roster.reps}
        self._absences: dict[str, list[Absence]] = {}
        for absence in bundle.leave.leave:
            self._absences.setdefault(absence.rep_id, []).append(absence)
        self._cache: dict[tuple[str, str, Span, str], dict[date, Decimal]] = {}

    def on(self, day: date) -> Iterator[tuple[Scorecard, Span]]:
        """Yield the cards in force on a day, each with its period."""
        for card in self._bundle.scorecards.scorecards:
            if card.valid_from <= day < (card.valid_to or NO_END):
                yield card, period_of(day, PeriodKind(card.period.value), self._bundle.company)

    def members(self, card: Scorecard, day: date, team_id: str | None = None) -> list[str]:
        """Return who is scored by a card on a day; of one team with all below, or of all."""
        found = []
        for rep in self._bundle.roster.reps:
            stint = _stint(rep, day)
            if stint is None or (card.roles and stint.role not in card.roles):
                continue
            line = self._above.get(stint.team_id, (stint.team_id,))
            if card.teams and not set(card.teams) & set(line):
                continue
            if team_id is None or team_id in line:
                found.append(rep.rep_id)
        return found

    def scored(
        self, card: Scorecard, span: Span, day: date, members: Sequence[str], actuals: Actuals,
        *, is_group: bool,
    ) -> Scored:  # fmt: skip
        """Return the score of a group, or of the one rep named."""

        def of(within: Span, done: Span) -> Score | GroupScore:
            each = [self.done(card, span, rep_id, (within, done), actuals) for rep_id in members]
            return group_score(card, each) if is_group else score(card, each[0])

        one, until = Span(day, day + DAY), Span(span.start, day + DAY)
        return Scored(card, span, day, of(one, one), of(until, until), of(span, until))

    def done(
        self, card: Scorecard, span: Span, rep_id: str, parts: tuple[Span, Span], actuals: Actuals
    ) -> dict[str, Done]:
        """Return what one rep did on some days, and what was asked on some.

        Args:
            span: the card's period.
            parts: days whose targets count, and days whose work does.
        """
        within, until = parts
        found = {}
        for one in card.indicators:
            targets = self.targets(card, one, span, rep_id)
            if one.kpi in self._catalogue.kpis:
                found[one.kpi] = self._rated(one, targets, rep_id, parts, actuals)
                continue
            target = sum((t for day, t in targets.items() if day in within), NOTHING)
            actual = sum((actuals.get((rep_id, one.kpi, day), NOTHING) for day in until.each()),
                         NOTHING)  # fmt: skip
            found[one.kpi] = Done(actual, target)
        return found

    def measures(self, card: Scorecard) -> set[tuple[str, str]]:
        """Return the measures a card is scored from: name and currency, empty for none."""
        found = set()
        for one in card.indicators:
            if one.kpi not in self._catalogue.kpis:
                found.add((one.kpi, one.currency or ""))
                continue
            for wanted in self._catalogue.computed(one.kpi).wanted:
                is_money = self._units[wanted.name] is MeasureUnit.MONEY
                home = self._bundle.company.reporting_currency
                found.add((wanted.name, home if is_money else ""))
        return found

    def _rated(
        self,
        one: Indicator,
        targets: Mapping[date, Decimal],
        rep_id: str,
        parts: tuple[Span, Span],
        actuals: Actuals,
    ) -> Done:
        """Return a rate of one rep over some days; its target if any of the others is worked."""
        within, until = parts
        computed = self._catalogue.computed(one.kpi)
        sums = tuple(
            sum((Fraction(actuals.get((rep_id, w.name, day), NOTHING)) for day in until.each()),
                Fraction(0))
            for w in computed.wanted
        )  # fmt: skip
        rate = Rate(computed, sums)
        asked = max((t for day, t in targets.items() if day in within), default=NOTHING)
        return Done(rate.value, asked, rate)

    def targets(
        self, card: Scorecard, one: Indicator, span: Span, rep_id: str
    ) -> dict[date, Decimal]:
        """Return what a card asks of a rep on each working day of its period."""
        key = (card.scorecard_id, one.kpi, span, rep_id)
        if key not in self._cache:
            self._cache[key] = dict(self._targets(card, one, span, rep_id))
        return self._cache[key]

    def _targets(
        self, card: Scorecard, one: Indicator, span: Span, rep_id: str
    ) -> Iterator[tuple[date, Decimal]]:
        if one.kpi in self._catalogue.kpis:
            yield from self._every_day(one, span, rep_id)
            return
        unit = self._unit(one)
        if one.target is not None:
            days = self._workdays(rep_id, span, span.start)
            yield from daily_targets(one.target, span, days, unit, prorate=card.prorate).items()
            return
        for expected in self._quotas.get((rep_id, one.kpi, one.currency), ()):
            days = self._workdays(rep_id, expected.span, span.start)
            goal = expected.effective.amount
            each = daily_targets(goal, expected.span, days, unit, prorate=False)
            yield from ((day, target) for day, target in each.items() if day in span)

    def _every_day(self, one: Indicator, span: Span, rep_id: str) -> Iterator[tuple[date, Decimal]]:
        """Yield a rate's target, the same on every working day; of a quota on the days it runs."""
        asked = [(span, one.target)] if one.target is not None else [
            (e.span, e.effective.amount)
            for code in (None, self._bundle.company.reporting_currency)
            for e in self._quotas.get((rep_id, one.kpi, code), ())
        ]  # fmt: skip
        days = self._workdays(rep_id, span, span.start)
        for day in span.each():
            if days.weight(day):
                yield from ((day, target) for within, target in asked if day in within)

    def _workdays(self, rep_id: str, span: Span, near: date) -> Workdays:
        """Return a rep's working days: the calendar's, less leave and time off the roster."""
        rep = self._reps[rep_id]
        stint = _stint(rep, near) or rep.history[-1]
        calendars = self._expectations.calendars
        named = stint.calendar_id or self._bundle.company.calendar_id or ""
        calendar = calendars.get(named, calendars[""])
        leave = leave_of(self._absences.get(rep_id, ()), span)
        off = {day: ONE for day in span.each() if _stint(rep, day) is None}
        return calendar.with_leave({**leave, **off})

    def _unit(self, one: Indicator) -> Decimal:
        if self._units.get(one.kpi) is MeasureUnit.MONEY and one.currency:
            return Decimal(1).scaleb(-minor_units(one.currency))
        return ONE


def _stint(rep: Rep, day: date) -> Stint | None:
    return next((s for s in rep.history if s.valid_from <= day < (s.valid_to or NO_END)), None)
