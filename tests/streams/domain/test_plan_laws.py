"""Laws that hold for plans of every kind and any credits."""

from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from schemas.definitions import Rep, Roster, Stint, Team
from schemas.money import minor_units
from schemas.plan_choices import Rounding
from schemas.plans import Plan
from streams.domain.earning import earned, of_total
from streams.domain.ladders import ZERO
from streams.domain.paying import Target, target
from streams.domain.plan_credits import Credit, book
from streams.domain.plan_parts import part_of
from streams.domain.plan_trace import told_line
from tests.streams.plan_strategies import AMOUNTS, DAYS, components, plans
from tests.streams.planned import context, credit, paid, written

RATES = [
    ("USD", "EUR", date(2020, 1, 1), "0.9123"),
    ("USD", "EUR", date(2026, 2, 1), "0.88"),
    ("EUR", "JPY", date(2020, 1, 1), "161.37"),
    ("JPY", "EUR", date(2026, 3, 1), "0.0061"),
]
HERE = context(rates=RATES)
quick = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])

credits = st.builds(
    lambda amount, day, deal, product, role, more: credit(
        amount, day, deal, product=product, role=role, deal_type="NEW",
        currency=more[0], acv=amount / 2, margin=amount / 4, units=Decimal(more[1]),
    ),
    AMOUNTS, DAYS, st.sampled_from(["d1", "d2", "d3", "d4"]), st.sampled_from(["x", "y", ""]),
    st.sampled_from(["REVENUE", "REVENUE", "OVERLAY"]),
    st.tuples(st.sampled_from(["EUR", "USD"]), st.integers(0, 9)),
)  # fmt: skip
histories = st.lists(credits, max_size=8)


def pays(plan: Plan, history: list[Credit]) -> Target:
    found = target(plan, "r", book(history), HERE)
    assert not [line.lacks for line in found.lines if line.lacks]
    return found


def amounts(found: Target) -> dict[Any, Decimal]:
    return {(x.component_id, x.origin): x.amount for x in found.lines if x.amount}


@given(plans(), histories, st.randoms(use_true_random=False))
@quick
def test_any_order_of_credits_pays_the_same(plan: Plan, history: Any, random: Any) -> None:
    shuffled = list(history)
    random.shuffle(shuffled)
    assert pays(plan, history).lines == pays(plan, shuffled).lines


@given(plans(), histories, credits)
@quick
def test_a_deal_and_its_reversal_leave_nothing(plan: Plan, history: Any, more: Credit) -> None:
    assume(all(one.deal_id != "new" for one in history))
    new = more._replace(deal_id="new")
    undone = new._replace(
        amount=-new.amount,
        reporting_amount=None if new.reporting_amount is None else -new.reporting_amount,
        acv=-(new.acv or 0), margin=-(new.margin or 0), units=-(new.units or 0),
    )  # fmt: skip
    assert amounts(pays(plan, [*history, new, undone])) == amounts(pays(plan, history))


@given(plans(), histories, credits, st.integers(1, 99))
@quick
def test_a_deal_split_in_two_credits_of_one_payee_pays_the_same(
    plan: Plan, history: Any, more: Credit, percent: int
) -> None:
    part = (more.amount * percent / 100).quantize(Decimal("0.0001"))
    halves = []
    for via, amount in (("0", part), ("1", more.amount - part)):
        halves.append(more._replace(
            via=via, amount=amount,
            reporting_amount=None if more.reporting_amount is None else amount,
            acv=amount / 2, margin=amount / 4, units=more.units if via == "0" else Decimal(0),
        ))  # fmt: skip
    assert amounts(pays(plan, [*history, *halves])) == amounts(pays(plan, [*history, more]))


@given(plans(), histories)
@quick
def test_payouts_add_up_to_what_is_earned(plan: Plan, history: Any) -> None:
    for line in pays(plan, history).lines:
        assert sum((i.amount for i in line.instalments), Decimal(0)) == line.amount
        ends = [i.payout.end for i in line.instalments]
        assert ends == sorted(set(ends))


@given(plans(), histories)
@quick
def test_an_amount_is_the_exact_one_rounded_once(plan: Plan, history: Any) -> None:
    for line in pays(plan, history).lines:
        exact = line.earned.steps[-1].result if plan.pay_currency == "JPY" else line.earned.exact
        if line.currency != plan.currency:
            exact = line.earned.steps[-1].result
        unit = Decimal(1).scaleb(-minor_units(line.currency))
        mode = ROUND_HALF_UP if plan.rounding is Rounding.HALF_UP else ROUND_HALF_EVEN
        scaled = exact / Fraction(unit)
        whole = Decimal(scaled.numerator) / Decimal(scaled.denominator)
        if scaled.denominator in (1, 2) or abs(scaled % 1 - Fraction(1, 2)) > Fraction(1, 10**9):
            assert line.amount == whole.quantize(Decimal(1), mode) * unit


@given(plans(), histories)
@quick
def test_the_trace_adds_up(plan: Plan, history: Any) -> None:
    for line in pays(plan, history).lines:
        one = line.earned
        for climbed in one.climbed:
            slices = sum((s.earns for s in climbed.slices), ZERO)
            cap = plan.components[0].cap
            assert climbed.earns == slices or cap is not None
        if not one.steps:
            assert one.exact == sum((c.earns for c in one.climbed), ZERO)
        told = told_line(line)
        assert told["trace"]["rounded"] == f"{line.amount.normalize():f}"
        assert sum(Decimal(i["amount"]) for i in told["payouts"]) == line.amount


@given(st.data(), AMOUNTS, AMOUNTS)
@settings(max_examples=80, deadline=None)
def test_a_plan_whose_rates_rise_never_pays_less_for_more(
    data: Any, one: Decimal, other: Decimal
) -> None:
    made = data.draw(components(rising=True))
    below = made.get("gates") and one < 0  # what a gate holds back of credit notes is 0, not less
    assume(not below and not (made.get("gates") and other < 0))
    plan = Plan.model_validate({"plan_id": "p", "name": "P", "currency": "EUR", "period": "YEAR",
                                "valid_from": date(2020, 1, 1), "components": [made]})  # fmt: skip
    part = part_of(plan, plan.components[0], "r")
    low, high = (earned(part, of_total(part, Fraction(x))).rounded for x in sorted([one, other]))
    assert low <= high


@given(histories)
@quick
def test_deals_of_their_own_add_up_where_nothing_is_a_ladder(history: Any) -> None:
    """Of a flat rate it never matters how a sum is cut into deals."""
    plans = written("- {component_id: a, kind: FLAT, rate: 0.0333}", period="YEAR")
    own = [one._replace(deal_id=str(n)) for n, one in enumerate(history)]
    (plan,) = plans.plans
    assert amounts(pays(plan, own)) == amounts(pays(plan, history))


@given(st.lists(AMOUNTS, max_size=6), st.decimals("0.01", 200, places=10))
@quick
def test_pay_in_another_currency_is_the_exact_pay_at_its_rate_rounded_once(
    sold: Any, rate: Decimal
) -> None:
    plans = written("- {component_id: a, kind: FLAT, rate: 0.0333}", pay_currency="JPY")
    made = [credit(amount, deal=f"{n}") for n, amount in enumerate(sold)]
    found = (
        paid(plans, made, rates=[("EUR", "JPY", date(2026, 3, 31), str(rate))]) if sold else None
    )
    exact = Fraction(sum(sold)) * Fraction("0.0333") * Fraction(rate)
    assert (found.amount if found else 0) == round(exact)


def test_without_a_rate_nothing_is_paid_and_the_line_says_what_is_missing() -> None:
    plans = written("- {component_id: a, kind: FLAT, rate: 0.1}", pay_currency="USD")
    (line,) = target(plans.plans[0], "r", book([credit(100)]), context()).lines
    assert (line.amount, line.instalments) == (0, ())
    assert line.lacks == ("no rate from EUR to USD on or before 2026-03-31",)
    abroad = [credit(100, currency="CHF"), credit(50, deal="d")]
    (line,) = target(written("- {component_id: a, kind: FLAT, rate: 0.1}").plans[0], "r",
                     book(abroad), context()).lines  # fmt: skip
    assert (line.amount, line.lacks) == (
        5, ("deal d100: no rate from CHF to EUR on or before 2026-02-10",))  # fmt: skip


def test_rates_go_by_their_anchor() -> None:
    rates = [("USD", "EUR", date(2026, 1, 1), "0.9"), ("USD", "EUR", date(2026, 2, 1), "0.8"),
             ("USD", "EUR", date(2026, 3, 20), "0.7")]  # fmt: skip
    made = [credit(1_000, currency="USD")]
    wanted = {"EVENT": 80, "PERIOD_START": 90, "PERIOD_END": 70}
    for anchor, amount in wanted.items():
        plans = written("- {component_id: a, kind: FLAT, rate: 0.1}", credit_rate_on=anchor)
        assert paid(plans, made, rates=rates).amount == amount


def test_a_cap_that_carries_pays_later_what_it_held_back() -> None:
    component = """
- component_id: a
  kind: FLAT
  rate: 0.1
  cap: {amount: 100, per: PAYOUT, excess: EXCESS}
"""
    made = [credit(2_500, date(2026, 1, 5)), credit(800, date(2026, 3, 5))]
    carried = paid(written(component.replace("EXCESS", "CARRIED"), period="MONTH"), made)
    by_month: dict[int, Decimal] = defaultdict(Decimal)
    for line in carried.lines:
        for one in line.instalments:
            by_month[one.payout.start.month] += one.amount
    assert dict(by_month) == {1: 100, 2: 100, 3: 100, 4: 30}
    tiny = written(component.replace("EXCESS", "CARRIED").replace("100", "0.001"), period="MONTH")
    assert [line.instalments for line in paid(tiny, made).lines] == [
        (),
        (),
    ]  # and it comes to an end
    lost = paid(written(component.replace("EXCESS", "LOST"), period="MONTH"), made)
    assert [i.amount for line in lost.lines for i in line.instalments] == [100, 80]


@pytest.mark.parametrize(
    ("basis", "wanted"), [("PERIOD", 0), ("YEAR_TO_DATE", 50), ("FULL_YEAR", 0)]
)
def test_a_gate_looks_at_the_days_of_its_basis(basis: str, wanted: int) -> None:
    """A strong first quarter clears the second by the year to date; the year is not yet reached."""
    plans = written(f"""
- component_id: a
  kind: FLAT
  rate: 0.1
  quota: 1000
  gates: [{{since: 1, basis: {basis}}}]
""")
    made = [credit(1_600, date(2026, 1, 5)), credit(500, date(2026, 4, 5))]
    lines = {line.origin.start.month: line.amount for line in paid(plans, made).lines}
    assert lines[4] == wanted


def test_factors_of_conditions_and_of_attainment_are_added_up_together() -> None:
    """1.5 for the product and 1.25 for the attainment make 1.75, of what is credited as it is."""
    plans = written("""
- component_id: a
  kind: FLAT
  rate: 0.1
  quota: 1000
  multipliers_combine: ADD
  multipliers:
    - {multiplier_id: product, factor: 1.5, when: {products: [x]}}
    - {multiplier_id: attained, steps: [{since: 1, factor: 1.25}]}
""")
    assert paid(plans, [credit(1_000, product="x")]).amount == 175
    assert paid(plans, [credit(999, product="x")]).amount == Decimal("149.85")


def test_a_spif_counts_deals_that_are_worth_something() -> None:
    plans = written("""
- component_id: spif
  kind: FLAT
  rate: 500
  counts: {measure: DEALS, products: [x]}
""")
    sold = [credit(10, deal="a", product="x"), credit(5, deal="a", product="x", via="1"),
            credit(-3, deal="b", product="x"), credit(7, deal="c", product="y"),
            credit(7, deal="d", product="x"),
            credit(-7, deal="d", product="x", via="1")]  # fmt: skip
    assert paid(plans, sold).amount == 500


def test_a_move_to_another_manager_takes_the_override_along_from_its_day() -> None:
    """Who was the manager on the day of the deal is paid, after the move too."""

    def rep(rep_id: str, *stints: tuple[date, date | None, str | None]) -> Rep:
        return Rep(rep_id=rep_id, history=tuple(
            Stint(valid_from=a, valid_to=z, team_id="t", manager_id=boss, time_zone="UTC")
            for a, z, boss in stints
        ))  # fmt: skip

    first, moved = date(2020, 1, 1), date(2026, 2, 1)
    roster = Roster(teams=(Team(team_id="t", name="T"),), reps=(
        rep("a", (first, moved, "old"), (moved, None, "new")),
        rep("old", (first, None, "vp")), rep("new", (first, None, None)),
        rep("vp", (first, None, None)),
    ))  # fmt: skip
    plans = written("- {component_id: o, kind: FLAT, rate: 0.1, counts: {whose: ALL_REPORTS}}")
    made = [credit(100, date(2026, 1, 31), payee="a"), credit(50, moved, payee="a")]
    found = [paid(plans, made, who, roster=roster).amount for who in ("a", "old", "vp", "new")]
    assert found == [0, 10, 10, 5]
