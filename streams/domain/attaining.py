"""What has been attained of a quota whose KPI is a formula: the KPI's value so far. Pure.

The value is that of the period's days up to one of them, rounded half-even to a quota's scale.
`previous(...)` is all of the period before, and `quota(...)` what is asked for in all of the
period, on every day. What is known as of now alone (open pipeline) is told of today and of no day
before.
"""

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from schemas.money import SCALE as AMOUNT
from streams.domain.kpi_inputs import Asked, Belongs, Facts, value_of
from streams.domain.kpi_trees import EXPECTED, Computed, Origin, Wanted
from streams.domain.periods import DAY, Span
from streams.domain.polynomials import ONE, quotient
from streams.domain.readings import reading


def is_of_now(wanted: Wanted) -> bool:
    """Return whether something is known as of now alone."""
    return wanted.origin is Origin.STOCK or wanted.name in EXPECTED


def adds_up(computed: Computed) -> bool:
    """Return whether a KPI adds up over days: a measure, or a plain sum of what does.

    Only then a part of it is due by a day, and something can be projected or asked for per day.
    """
    found = quotient(computed.tree)
    return not found.guards and found.below == ONE and all(map(_is_sum, found.above))


def _is_sum(term: tuple[Wanted, ...]) -> bool:
    return len(term) == 1 and not (
        is_of_now(term[0]) or term[0].is_previous or term[0].name == "quota"
    )


def attained(
    computed: Computed,
    facts: Facts,
    spans: tuple[Span, Span],
    day: date,
    whose: tuple[Belongs, Sequence[Asked]],
) -> Decimal | None:
    """Return what a group has attained by the end of a day; None: the KPI is empty.

    Args:
        spans: the quota's period and the one before it.
        day: of the period; only today for what is known as of now.
        whose: who belongs to the group, and its own quotas.
    """
    period, before = spans
    so_far = Span(period.start, day + DAY)

    def of(wanted: Wanted) -> Span:
        if wanted.is_previous:
            return before
        return period if is_of_now(wanted) or wanted.name == "quota" else so_far

    values = {w: value_of(w, facts, of(w), *whose) for w in computed.wanted}
    found = reading(computed, values).value
    return None if found is None else found.quantize(AMOUNT, ROUND_HALF_EVEN)
