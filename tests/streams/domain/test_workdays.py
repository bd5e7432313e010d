"""Working days: holidays, leave, and the place of each day among them."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from schemas.calendars import Absence, Calendar, Holiday
from streams.domain.periods import Span
from streams.domain.workdays import EVERYWHERE, Workdays, leave_of, ordinals, workdays_of

DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))
SPANS = st.builds(lambda day, n: Span(day, day + timedelta(n)), DAYS, st.integers(0, 100))
CALENDARS = st.builds(
    Workdays,
    st.frozensets(st.integers(1, 7), min_size=1),
    st.dictionaries(DAYS, st.just("a holiday"), max_size=20),
    st.just({}),  # nobody's leave: these laws are of places
)


def test_a_holiday_and_a_weekend_are_no_working_days_and_half_a_day_is_half() -> None:
    berlin = workdays_of(
        Calendar(calendar_id="b", name="B", holidays=(Holiday(on="2026-05-01", name="May"),))
    )
    may = Span(date(2026, 5, 1), date(2026, 6, 1))
    assert berlin.days_in(may) == 20
    assert EVERYWHERE.days_in(may) == 21
    away = (
        Absence(rep_id="r", valid_from="2026-05-01", valid_to="2026-05-06"),
        Absence(rep_id="r", valid_from="2026-05-05", valid_to="2026-05-08", share="0.5"),
    )
    leave = leave_of(away, may)
    assert leave[date(2026, 5, 5)] == 1  # never more than all of it
    assert berlin.with_leave(leave).days_in(may) == Decimal("17.0")


@given(calendar=CALENDARS, span=SPANS, cut=st.integers(0, 100))
def test_the_days_of_two_halves_are_those_of_the_whole(
    calendar: Workdays, span: Span, cut: int
) -> None:
    middle = min(span.start + timedelta(cut), span.end)
    halves = Span(span.start, middle), Span(middle, span.end)
    assert calendar.days_in(span) == sum(calendar.days_in(half) for half in halves)


@given(calendar=CALENDARS, span=SPANS)
def test_ordinals_count_up_to_the_total_while_what_is_left_counts_down(
    calendar: Workdays, span: Span
) -> None:
    found = ordinals(calendar, span)
    total = calendar.days_in(span)
    seen = 0
    for day in span.each():
        before, seen = seen, seen + calendar.is_open(day)
        assert found[day] == (seen, total - before)
