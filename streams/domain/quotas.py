"""What a quota asks for in the end: base, changes, ramp and proration, with every step shown. Pure.

A period is cut wherever the level changes: the amount a whole period at that level would ask for.
Each part asks for its level by the part of the period it has; the parts add up to the quota.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from schemas.money import SCALE, minor_units
from schemas.quotas import DayCount, Proration, Quota, Ramp
from streams.domain.periods import Span, months_later
from streams.domain.workdays import EVERYWHERE, Workdays


class Terms(NamedTuple):
    """What a quota depends on besides itself.

    Attributes:
        employed: spans without gaps in which a rep is on the roster; None: the owner is no rep.
        workdays: of the owner's calendar, with their leave.
    """

    employed: tuple[Span, ...] | None = None
    ramp: Ramp | None = None
    workdays: Workdays = EVERYWHERE
    day_count: DayCount = DayCount.CALENDAR_DAYS


class Part(NamedTuple):
    """A part of the period at one level.

    Attributes:
        level: what a whole period would ask for.
        days: those of the part that are asked for, in days of the day count.
        why: what made the level, in words.
    """

    span: Span
    level: Decimal
    days: Decimal
    amount: Decimal
    why: tuple[str, ...]


class Effective(NamedTuple):
    """A quota as it is asked for.

    Attributes:
        of_days: days of the whole period, in days of the day count.
    """

    amount: Decimal
    of_days: Decimal
    parts: tuple[Part, ...]

    @property
    def is_plain(self) -> bool:
        """Whether it is the amount as it was written."""
        return len(self.parts) == 1 and self.parts[0].days == self.of_days


def effective(quota: Quota, terms: Terms) -> Effective:
    """Return what a quota asks for, to the minor unit of its currency (else 0.0001), half-even.

    Without ramp, change or proration that is the amount exactly as it was written.
    """
    whole = Span(quota.period_start, quota.period_end)
    if terms.ramp is None and not quota.changes and quota.proration is Proration.NONE:
        days = Decimal(whole.days)
        plain = Part(whole, quota.amount, days, quota.amount, (f"quota {quota.amount:f}",))
        return Effective(quota.amount, days, (plain,))
    bare = terms.workdays.with_leave({})
    of_days = _count(whole, terms, bare)
    if of_days == 0:  # a period without a working day is counted in calendar days
        terms = terms._replace(day_count=DayCount.CALENDAR_DAYS)
        of_days = Decimal(whole.days)
    cut = _cut(quota, terms, whole)
    counted = [_counted(quota, terms, span) for span in cut]
    levels = [_level(quota, terms, span) for span in cut]
    exact = [
        Fraction(level) * Fraction(days) / Fraction(of_days)
        for (level, _), days in zip(levels, counted, strict=True)
    ]
    if len(cut) == 1 and counted[0] == of_days:
        amounts: Sequence[Decimal] = [levels[0][0]]
    else:
        unit = Decimal(1).scaleb(-minor_units(quota.currency)) if quota.currency else SCALE
        amounts = shared(exact, unit)
    parts = tuple(
        Part(span, level, days, amount, why)
        for span, (level, why), days, amount in zip(cut, levels, counted, amounts, strict=True)
    )
    return Effective(sum(amounts, Decimal(0)), of_days, parts)


def shared(exact: Sequence[Fraction], unit: Decimal) -> list[Decimal]:
    """Return amounts in whole units that add up to the rounded sum of the exact ones.

    Source: largest remainder (Hamilton); of equal remainders the earlier one gets the unit.

    >>> shared([Fraction(100, 3)] * 3, Decimal("0.01"))
    [Decimal('33.34'), Decimal('33.33'), Decimal('33.33')]
    """
    scaled = [value / Fraction(unit) for value in exact]
    whole = [value.numerator // value.denominator for value in scaled]
    spare = round(sum(scaled, Fraction(0))) - sum(whole)
    order = sorted(range(len(exact)), key=lambda i: (whole[i] - scaled[i], i))
    for i in order[:spare]:
        whole[i] += 1
    return [unit * n for n in whole]


def allocated(amount: Decimal, weights: Sequence[Decimal], unit: Decimal) -> list[Decimal]:
    """Return an amount split by weights in whole units; what a parent's quota gives each child.

    Raises:
        ValueError: the weights add up to nothing, or the amount is no whole number of units.

    >>> allocated(Decimal(1000000), [Decimal(n) for n in (20, 20, 20, 40)], Decimal("0.01"))[-1]
    Decimal('400000.00')
    """
    total = sum(weights, Decimal(0))
    if total <= 0 or amount != amount.quantize(unit, ROUND_HALF_EVEN):
        raise ValueError(f"{amount} does not split by weights of {total} into units of {unit}")
    return shared([Fraction(amount) * Fraction(w) / Fraction(total) for w in weights], unit)


def employment(stints: Iterable[Span]) -> tuple[Span, ...]:
    """Return spans without gaps from stints that follow each other."""
    joined: list[Span] = []
    for stint in sorted(stints):
        if joined and joined[-1].end >= stint.start:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, stint.end))
        else:
            joined.append(stint)
    return tuple(joined)


def told(part: Part, of_days: Decimal) -> Mapping[str, str | list[str]]:
    """Return a part as plain text, for the trace that is stored with a quota."""
    return {
        "from": str(part.span.start),
        "to": str(part.span.end),
        "level": f"{part.level:f}",
        "days": f"{part.days:f}",
        "of_days": f"{of_days:f}",
        "amount": f"{part.amount:f}",
        "why": list(part.why),
    }


def _cut(quota: Quota, terms: Terms, whole: Span) -> list[Span]:
    bounds = {whole.start, whole.end}
    bounds |= {change.on for change in quota.changes}
    for run in terms.employed or ():
        bounds |= {run.start, run.end}
        if terms.ramp:
            months = _months(terms.ramp)
            bounds |= {months_later(run.start, n) for n in range(months + 1)}
    inside = sorted(day for day in bounds if whole.start <= day <= whole.end)
    return _joined([Span(a, b) for a, b in pairwise(inside)], quota, terms)


def _joined(spans: list[Span], quota: Quota, terms: Terms) -> list[Span]:
    """Return spans with those neighbours joined that do not differ in level or reason."""
    out: list[Span] = []
    for span in spans:
        same = out and (
            _level(quota, terms, out[-1]) == _level(quota, terms, span)
            and _is_asked(quota, terms, out[-1]) == _is_asked(quota, terms, span)
        )
        if same:
            out[-1] = Span(out[-1].start, span.end)
        else:
            out.append(span)
    return out


def _level(quota: Quota, terms: Terms, span: Span) -> tuple[Decimal, tuple[str, ...]]:
    day = span.start
    amount, why = quota.amount, [f"quota {quota.amount:f}"]
    for change in sorted(quota.changes, key=lambda c: c.on):
        if change.on <= day:
            amount, why = change.amount, [f"changed to {change.amount:f} on {change.on}"]
    run = _run(terms, day)
    if run is None and not _is_asked(quota, terms, span):
        why.append("not on the roster")
    if run is not None and terms.ramp is not None:
        month = _month_of_service(run.start, day)
        if month in terms.ramp.shares:
            amount *= terms.ramp.shares[month]
        elif month in terms.ramp.amounts:
            amount = terms.ramp.amounts[month]
        else:
            return amount, tuple(why)
        why.append(f"ramp {terms.ramp.ramp_id}: month {month} since {run.start} asks {amount:f}")
    return amount, tuple(why)


def _counted(quota: Quota, terms: Terms, span: Span) -> Decimal:
    if not _is_asked(quota, terms, span):
        return Decimal(0)
    present = quota.proration is Proration.PRESENCE
    return _count(span, terms, terms.workdays if present else terms.workdays.with_leave({}))


def _count(span: Span, terms: Terms, workdays: Workdays) -> Decimal:
    if terms.day_count is DayCount.BUSINESS_DAYS:
        return workdays.days_in(span)
    away = sum((share for day, share in workdays.leave.items() if day in span), Decimal(0))
    return span.days - away


def _is_asked(quota: Quota, terms: Terms, span: Span) -> bool:
    everybody = terms.employed is None or quota.proration is Proration.NONE
    return everybody or _run(terms, span.start) is not None


def _run(terms: Terms, day: date) -> Span | None:
    return next((run for run in terms.employed or () if day in run), None)


def _months(ramp: Ramp) -> int:
    return max([*ramp.shares, *ramp.amounts], default=0)


def _month_of_service(hired: date, day: date) -> int:
    months = (day.year - hired.year) * 12 + day.month - hired.month
    return months + 1 if months_later(hired, months) <= day else months
