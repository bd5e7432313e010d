"""KPIs: published figures with their sources, and what holds for every formula and every group."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.definitions.loading import load
from infra.sample import DEFINITIONS
from schemas.definitions import Bundle
from schemas.kpis import Kpi, Kpis, KpiUnit, WhenEmpty
from streams.domain.dimensions import dimension_of
from streams.domain.kpi_inputs import Deal, Facts, Total, lines, reading_of, value_of
from streams.domain.kpi_trees import (
    Computed,
    KpiError,
    Wanted,
    may_be_empty,
)
from streams.domain.kpis import Catalogue
from streams.domain.periods import Span
from streams.domain.polynomials import DIGITS_MAX, digits_of, quotient, scale_of, whole
from streams.domain.rates import RateTable
from streams.domain.readings import Reading, median, p90, reading, rounded

SAMPLE = load(DEFINITIONS).values
BUNDLE = Bundle(measures=SAMPLE["measures"], kpis=SAMPLE["kpis"])  # type: ignore[arg-type]
CATALOGUE = Catalogue(BUNDLE)
EVERY = tuple(CATALOGUE.all())


def kpi(formula: str, unit: KpiUnit = KpiUnit.RATIO, **fields: Any) -> Computed:
    """Return a KPI beside the sample's."""
    given_ = {"name": "X", "meaning": "x", "source": "x", "when_empty": WhenEmpty.NOTHING, **fields}
    one = Kpi(kpi_id="x", unit=unit, formula=formula, **given_)
    kpis = Kpis(kpis=(*BUNDLE.kpis.kpis, one))
    return Catalogue(BUNDLE.model_copy(update={"kpis": kpis})).computed("x")


def read(computed: Computed | str, **values: Any) -> Reading:
    """Return what a KPI comes to from values by name; what is not given is 0, or nothing."""
    one = CATALOGUE.computed(computed) if isinstance(computed, str) else computed
    found = {
        w: None if (got := values.get(w.name, 0)) is None else Fraction(str(got))
        for w in one.wanted
    }
    return reading(one, found)


# --- published ----------------------------------------------------------------------------------


def test_velocity_as_published() -> None:
    """Source: mavenlb.com/blog/sales-velocity-formula. It prints 2,777, which is cut off."""
    given_ = {"deals_created": 40, "deals_won": 25, "deals_lost": 75, "cycle_days": 25 * 90,
              "won_amount": 25 * 25_000, "won_valued": 25}  # fmt: skip
    found = read("velocity", **given_).value
    assert found == Decimal("2777.7777777778")
    assert round(found * 30, 4) == Decimal("83333.3333")


def test_a_tenth_on_all_four_levers_is_almost_half_more() -> None:
    """Source: pipelineroad.com/agency/glossary/sales-velocity, which says about 46 %.

    A cycle a tenth shorter divides by 0.9; 46.4 % treats it as one more factor of 1.1.
    """
    base = {"deals_created": 100, "deals_won": 100, "deals_lost": 300, "cycle_days": 6_000,
            "won_amount": 3_000_000, "won_valued": 100}  # fmt: skip
    more = {"deals_created": 110, "deals_won": 110, "deals_lost": 290, "cycle_days": 5_940,
            "won_amount": 3_630_000, "won_valued": 110}  # fmt: skip
    one, other = read("velocity", **base).value, read("velocity", **more).value
    assert one == 12_500
    assert other is not None
    assert round(other / one - 1, 6) == Decimal("0.478889")


def test_win_rate_leaves_open_deals_out() -> None:
    """Source: contextawareanalytics.com/metrics-governance/how-to-calculate-win-rate."""
    found = read("win_rate", deals_won=45, deals_lost=135, deals_created=260)
    assert (found.value, found.numerator, found.denominator) == (Decimal("0.25"), 45, 180)


def test_won_per_created_and_won_per_decided_are_two_numbers() -> None:
    """Source: push.ai/metric/win-rate divides by deals generated and shows deals closed.

    10 won of 20 created are half; they are half of the decided ones only if all 20 are decided.
    """
    half_open = {"deals_won": 10, "deals_lost": 2, "deals_created": 20}
    assert read("win_rate_of_created", **half_open).value == Decimal("0.5")
    assert read("win_rate", **half_open).value == Decimal("0.8333333333")
    assert read("win_rate", deals_won=10, deals_lost=10).value == Decimal("0.5")


def test_whether_disqualified_deals_are_lost_doubles_the_win_rate() -> None:
    """Source: altiorco.com/revops-dictionary/win-rate: 20 won, 80 lost, 50 of them disqualified."""
    assert read("win_rate", deals_won=20, deals_lost=80).value == Decimal("0.2")
    assert read("win_rate", deals_won=20, deals_lost=30).value == Decimal("0.4")


@pytest.mark.parametrize(
    ("year", "days", "mean"), [(2023, [45, 54, 39], "46"), (2024, [45, 55, 39], "46.3333333333")]
)
def test_the_cycle_leaves_out_its_first_day_and_knows_leap_years(
    year: int, days: list[int], mean: str
) -> None:
    """Source: usedaymark.io/metrics/sales-cycle-length; its figures hold in a year of 365 days."""
    pairs = [((1, 1), (2, 15)), ((1, 10), (3, 5)), ((1, 20), (2, 28))]
    deals = [_won(date(year, *a), date(year, *b)) for a, b in pairs]
    facts = _facts(deals=deals)
    cycles = CATALOGUE.computed("median_cycle_length").wanted[0]
    assert [value for *_, value in lines(cycles, facts)] == days
    assert read("cycle_length", cycle_days=sum(days), deals_won=3).value == Decimal(mean)


@pytest.mark.parametrize(
    ("converted", "of", "rate"), [(96, 1_200, "0.08"), (40, 200, "0.2"), (75, 500, "0.15")]
)
def test_conversion_as_published(converted: int, of: int, rate: str) -> None:
    """Sources: calculatorlib.com, generatekpi.com, revenue.io on lead conversion."""
    found = CATALOGUE.computed("discovery_to_proposal")
    values = {w: Fraction(of if w.argument == "Discovery" else converted) for w in found.wanted}
    assert reading(found, values).value == Decimal(rate)


def test_both_coverages_are_told_apart() -> None:
    """Sources: winsabove divides by what is left of the quota, most others by all of it."""
    values = {"pipeline_due": 300_000, "quota": 200_000, "revenue_won_reporting": 100_000}
    assert read("coverage_of_remaining", **values).value == 3
    assert read("coverage_of_quota", **values).value == Decimal("1.5")
    exceeded = {**values, "revenue_won_reporting": 250_000}
    assert read("coverage_of_remaining", **exceeded).value == -6
    done = {**values, "revenue_won_reporting": 200_000}
    assert read("coverage_of_remaining", **done).value is None
    assert read("coverage_of_quota", **{**values, "quota": None}).value is None


# --- empty is not 0 -----------------------------------------------------------------------------


def test_nothing_decided_is_no_win_rate_and_all_lost_is_0() -> None:
    assert read("win_rate").value is None
    assert read("win_rate", deals_lost=3).value == 0


def test_zero_stands_where_the_definition_says_so_but_only_when_shown() -> None:
    zero = kpi("deals_won / deals_created", when_empty=WhenEmpty.ZERO)
    assert read(zero).value == 0
    within = {"kpis": Kpis(kpis=(*BUNDLE.kpis.kpis, zero.kpi, zero.kpi.model_copy(
        update={"kpi_id": "y", "formula": "x + 1", "when_empty": WhenEmpty.NOTHING})))}  # fmt: skip
    assert read(Catalogue(BUNDLE.model_copy(update=within)).computed("y")).value is None


def test_middle_and_ninth_of_ten() -> None:
    tens = [Decimal(n) for n in range(1, 11)]
    assert (median(tens), p90(tens)) == (Fraction(11, 2), 9)
    assert (median([Decimal(7)]), p90([Decimal(7)])) == (7, 7)
    assert (median([]), p90([])) == (None, None)


def test_growth_over_nothing_is_nothing_and_from_something_to_nothing_is_minus_all() -> None:
    one = CATALOGUE.computed("revenue_growth")
    now, then = one.wanted

    def grown(a: int, b: int) -> Decimal | None:
        return reading(one, {now: Fraction(a), then: Fraction(b)}).value

    assert (now.is_previous, then.is_previous) == (False, True)
    assert (grown(150, 100), grown(0, 100), grown(5, 0)) == (Decimal("0.5"), -1, None)


# --- what cannot be ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("deals_won / wins", "wins: is no measure, input or KPI"),
        ("revenue_won / deals_won", "revenue_won: is money in many currencies"),
        ("x + 1", "x: goes round in a circle: x > x"),
        ("calls + won_amount", "adds COUNT and MONEY"),
        ("won_deal_amounts / calls", "is a sample of many values"),
        ("median(calls)", "calls: is no sample"),
        ("previous(open_deals)", "is known as of now alone"),
        ("previous(previous(calls))", "goes back twice"),
        ('reached("")', "cannot be asked like this"),
        ("stalled_deals(0.5)", "cannot be asked like this"),
        ("quota(calls)", "is no measure of money"),
        ('"calls"', "stands where a name or a number belongs"),
        ("* ".join(["won_amount"] * 14), "multiplies more than can be computed exactly"),
    ],
)
def test_formulas_that_make_no_sense_are_told_why(formula: str, said: str) -> None:
    with pytest.raises(KpiError) as caught:
        checked(formula)
    assert said in str(caught.value)


def checked(formula: str) -> None:
    found = kpi(formula)
    dimension_of(found.tree)
    quotient(found.tree)


@pytest.mark.parametrize(
    ("formula", "unit", "fits"),
    [
        ("won_amount / lost_amount", KpiUnit.RATIO, True),
        ("won_amount / lost_amount", KpiUnit.MONEY, False),
        ("won_amount / deals_won", KpiUnit.MONEY, True),
        ("calls / deals_won", KpiUnit.RATIO, True),
        ("calls / deals_won", KpiUnit.COUNT, False),
        ("calls - 2 * deals_won", KpiUnit.COUNT, True),
        ("won_amount / cycle_days", KpiUnit.MONEY_PER_DAY, True),
        ("talk_seconds / cycle_days", KpiUnit.RATIO, False),
        ("calls * 0.5", KpiUnit.COUNT, False),
    ],
)
def test_units_are_those_of_what_is_divided(formula: str, unit: KpiUnit, *, fits: bool) -> None:
    assert dimension_of(kpi(formula).tree).fits(unit) is fits


# --- what holds for all --------------------------------------------------------------------------

NUMBERS = st.integers(-(10**9), 10**9) | st.just(0)
VALUES = st.lists(st.none() | NUMBERS.map(lambda n: Fraction(n, 10_000)), min_size=8, max_size=8)


@settings(deadline=None)
@given(st.sampled_from(EVERY), VALUES)
def test_the_normal_form_says_what_the_formula_says(
    computed: Computed, values: list[Fraction | None]
) -> None:
    """So SQL, which has only the normal form, can say nothing else."""
    given_ = dict(zip(computed.wanted, values, strict=False))
    for wanted, value in given_.items():  # what may be nothing says so, and nothing else does
        given_[wanted] = _honest(wanted, value)
    form = whole(quotient(computed.tree))
    top, bottom = _total(form.above, given_), _total(form.below, given_)
    empty = bottom == 0 or any(_total(guard, given_) == 0 for guard in form.guards)
    expected = None if empty else rounded(Fraction(top, bottom))
    if empty and computed.kpi.when_empty is WhenEmpty.ZERO:
        expected = Decimal(0)
    assert reading(computed, given_).value == expected


def _honest(wanted: Wanted, value: Fraction | None) -> Fraction | None:
    optional = wanted.statistic in ("median", "p90") or wanted.name == "quota"
    if value is None and not optional:
        return Fraction(0)
    if value is not None and wanted.unit is KpiUnit.COUNT:
        return Fraction(int(value))
    if value is not None and wanted.unit is not KpiUnit.MONEY and not wanted.statistic:
        return Fraction(int(value))
    return value


def _total(polynomial: Any, values: dict[Wanted, Fraction | None]) -> int:
    total = 0
    for term, factor in polynomial.items():
        product = factor
        for wanted in term:
            product *= _units(wanted, values)
        total += product
    return total


def _units(wanted: Wanted, values: dict[Wanted, Fraction | None]) -> int:
    if wanted not in values:  # how many there are of what may be nothing
        (of,) = [w for w in values if w._replace(statistic="count", unit=KpiUnit.COUNT) == wanted]
        return int(values[of] is not None)
    scaled = (values[wanted] or Fraction(0)) * scale_of(wanted)
    assert scaled.denominator == 1
    return int(scaled)


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.dates(date(2026, 1, 1), date(2026, 2, 28)),
        st.sampled_from(
            [m.measure for m in BUNDLE.measures.measures if m.measure != "revenue_won"]
        ),
        st.integers(-50, 10**6).map(lambda n: Decimal(n) / 100),
    ),
    max_size=25,
)
MONTHS = (Span(date(2026, 2, 1), date(2026, 3, 1)), Span(date(2026, 1, 1), date(2026, 2, 1)))
MEASURES = tuple(c for c in EVERY if c.of_measure and c.kpi.kpi_id != "revenue_won")


@settings(deadline=None, max_examples=60)
@given(ROWS, st.sampled_from(MEASURES))
def test_a_team_is_the_sum_of_its_reps_where_a_kpi_adds_up(
    rows: list[Any], computed: Computed
) -> None:
    facts = _facts(totals=[Total(*row) for row in rows])
    team = reading_of(computed, facts, MONTHS, lambda *_: True).value
    reps = [reading_of(computed, facts, MONTHS, lambda r, _, n=n: r == n).value for n in "abc"]
    assert team == sum(filter(None, reps))


@settings(deadline=None, max_examples=60)
@given(ROWS, st.randoms(use_true_random=False), st.sampled_from(EVERY))
def test_the_order_of_facts_does_not_matter(
    rows: list[Any], random: Any, computed: Computed
) -> None:
    shuffled = random.sample(rows, len(rows))
    one, other = (
        reading_of(computed, _facts(totals=[Total(*r) for r in some]), MONTHS, lambda *_: True)
        for some in (rows, shuffled)
    )
    assert one == other


@settings(deadline=None, max_examples=60)
@given(ROWS, st.sampled_from(EVERY))
def test_a_ratio_is_one_of_sums_and_not_a_mean_of_ratios(
    rows: list[Any], computed: Computed
) -> None:
    """Numerators and denominators are what the group has, whoever within it has which part."""
    facts = _facts(totals=[Total(*row) for row in rows])
    mixed = _facts(totals=[Total("a", *row[1:]) for row in rows])
    one = reading_of(computed, facts, MONTHS, lambda *_: True)
    assert one == reading_of(computed, mixed, MONTHS, lambda *_: True)
    if one.value is not None and one.denominator and one.numerator is not None:
        exact = Fraction(one.numerator) / Fraction(one.denominator)
        # Two roundings to ten places lie between these.
        room = (abs(exact) + 1) / abs(Fraction(one.denominator)) + 1
        assert abs(Fraction(one.value) - exact) <= room / 10**9


def test_every_shipped_kpi_is_exact_and_says_what_empty_means() -> None:
    for one in EVERY:
        assert digits_of(whole(quotient(one.tree))) <= DIGITS_MAX, one.kpi.kpi_id
        assert may_be_empty(one.tree) == bool(one.kpi.empty_means), one.kpi.kpi_id
        assert dimension_of(one.tree).fits(one.kpi.unit), one.kpi.kpi_id
        assert one.kpi.meaning
        assert one.kpi.source


def test_amounts_of_won_deals_are_rounded_as_their_measure_is() -> None:
    """So the average of the sample and that of the totals cannot differ."""
    deal = _won(date(2026, 2, 1), date(2026, 2, 3), amount=Decimal("33.3333"), rate=Decimal("0.9"))
    (sizes,) = CATALOGUE.computed("median_deal_size").wanted
    found = value_of(sizes, _facts(deals=[deal]), MONTHS[0], lambda *_: True)
    assert found == Fraction("30.0000")  # 29.99997, half-even in ten-thousandths


def _facts(**given_: Any) -> Facts:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    return Facts(now, now.date(), RateTable((), "EUR"), **given_)


def _won(created: date, won: date, **fields: Any) -> Deal:
    at = datetime(created.year, created.month, created.day, tzinfo=UTC)
    return Deal("d", "a", "WON", won, created, at, at, "EUR", **fields)
