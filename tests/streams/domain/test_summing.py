"""Credits added up in columns pay what the credits pay, line by line, trace and all."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.plan_choices import Attained, CancelReason, ClawbackMode, Rounding
from schemas.plans import Clawback, Individual, Plan, Score
from streams.domain.amounts import Amounts, amounted
from streams.domain.earning import earned, of_total
from streams.domain.paying import lines_of, target, target_of
from streams.domain.plan_context import Context
from streams.domain.plan_credits import Credit, book
from streams.domain.plan_parts import part_of
from streams.domain.straight import is_by_total, straight_of
from streams.domain.summing import columns_of, views
from tests.streams.plan_strategies import AMOUNTS, DAYS, components, plans
from tests.streams.planned import context, credit, read, written

REPS = [("boss", None), ("lead", "boss"), ("r", "lead"), ("s", "lead"), ("t", "boss")]
HERE = context(
    reps=REPS,
    rates=[
        ("USD", "EUR", date(2020, 1, 1), "0.9123"),
        ("USD", "EUR", date(2026, 2, 1), "0.88"),
        ("EUR", "JPY", date(2020, 1, 1), "161.37"),
        ("CHF", "EUR", date(2026, 1, 10), "1.07"),
    ],
)
CLAWBACKS = [
    Clawback(),
    Clawback(within_months=2),
    Clawback(reasons=(CancelReason.REFUND,)),
    Clawback(mode=ClawbackMode.FULL),
    Clawback(mode=ClawbackMode.FULL, attainment=Attained.REDUCED),
]
slow = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def sold(draw: Any) -> Credit:
    """Return a credit of somebody, in some currency, which may lack what plans ask for."""
    amount = draw(AMOUNTS)
    currency = draw(st.sampled_from(["EUR", "EUR", "USD", "CHF"]))
    return credit(
        amount, draw(DAYS), draw(st.sampled_from("abcd")), payee=draw(st.sampled_from("rst")),
        currency=currency, product=draw(st.sampled_from(["x", "y", ""])),
        role=draw(st.sampled_from(["REVENUE", "REVENUE", "OVERLAY"])),
        reporting_amount=draw(st.sampled_from([amount if currency == "EUR" else None, amount])),
        acv=draw(st.sampled_from([None, amount * 2])), margin=amount * 3,
        units=draw(st.sampled_from([None, Decimal(3)])), deal_type="NEW",
        cancelled_on=draw(st.none() | st.none() | DAYS), cancel_reason="CHURN",
    )  # fmt: skip


@st.composite
def any_plans(draw: Any) -> Plan:
    """Return a plan of any kind, for some or all, of own credits or those of others."""
    plan: Plan = draw(plans())
    (component,) = plan.components
    whose = draw(st.sampled_from(["OWN", "OWN", "REPORTS", "ALL_REPORTS"]))
    counts = component.counts.model_validate({**component.counts.model_dump(), "whose": whose})
    own = Individual(rep_id="s", quota=Decimal(700), variable=Decimal(123))
    return plan.model_copy(update={
        "components": (component.model_copy(update={"counts": counts}),),
        "clawback": draw(st.sampled_from(CLAWBACKS)),
        "reps": draw(st.sampled_from([(), ("r", "lead"), ("boss", "s")])),
        "individual": draw(st.sampled_from([(), (own,)])),
    })  # fmt: skip


def summed(plan: Plan, history: list[Credit], within: Context) -> dict[str, Any]:
    """Return what everybody is paid on sums."""
    found = {v.payee: target_of(v) for v in views(plan, columns_of(history), within)}
    return {rep: paid for rep, paid in found.items() if paid.lines}


def plainly(plan: Plan, history: list[Credit], within: Context) -> dict[str, Any]:
    """Return what everybody is paid on the credits themselves."""
    found = {rep: target(plan, rep, book(history), within) for rep, _ in REPS}
    return {rep: paid for rep, paid in found.items() if paid.lines}


@given(any_plans(), st.lists(sold(), max_size=14))
@slow
def test_sums_pay_what_credits_pay(plan: Plan, history: list[Credit]) -> None:
    assert summed(plan, history, HERE) == plainly(plan, history, HERE)


@given(any_plans(), st.lists(sold(), max_size=8))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_earned_does_not_hang_on_when_it_is_paid(plan: Plan, history: list[Credit]) -> None:
    for view in views(plan, columns_of(history), HERE):
        lines = [x for x in target_of(view).lines if not x.is_clawback]
        every = {(x.component_id, x.origin): x.earned for x in lines}
        assert {(x.component_id, x.origin): x.earned for x in lines_of(view)} == every
    short = views(plan, columns_of(history), HERE, by_payout=False)
    whole = views(plan, columns_of(history), HERE)
    assert [list(lines_of(v)) for v in short] == [list(lines_of(v)) for v in whole]


@given(any_plans(), st.lists(sold(), max_size=14))
@slow
def test_amounts_are_those_of_the_lines(plan: Plan, history: list[Credit]) -> None:
    amounts = Amounts(often=1)
    for view in views(plan, columns_of(history), HERE):
        assert list(amounts.of(view)) == [amounted(view, line) for line in lines_of(view)]


@given(st.data(), st.lists(AMOUNTS, min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_straight_pieces_earn_what_the_ladder_earns(data: Any, totals: list[Decimal]) -> None:
    made = data.draw(components())
    plan = Plan.model_validate({
        "plan_id": "p", "name": "P", "currency": "EUR", "period": "YEAR", "components": [made],
        "valid_from": date(2020, 1, 1), "rounding": data.draw(st.sampled_from(Rounding)),
    })  # fmt: skip
    part = part_of(plan, plan.components[0], "r")
    straight = straight_of(part)
    assert straight is not None or not is_by_total(part.component)
    if straight is None:
        return
    bounds = [Fraction(bound, straight.scale * 10_000) for bound in straight.bounds]
    for total in (*map(Fraction, totals), *bounds, *(b + Fraction(1, 10_000) for b in bounds)):
        units = total * 10_000
        whole = units.numerator if units.denominator == 1 else units
        expected = earned(part, of_total(part, total))
        assert straight.earned(whole)[0] == expected.rounded


def test_components_that_look_at_each_other_and_scores_pay_the_same() -> None:
    found = read("""
plans:
  - plan_id: p
    name: P
    currency: EUR
    period: QUARTER
    payout: MONTH
    valid_from: 2020-01-01
    guarantees: [{guarantee_id: g, amount: 40, valid_from: 2026-01-01, valid_to: 2026-04-01}]
    components:
      - {component_id: a, rate: 0.1, kind: FLAT, quota: 900,
         cap: {amount: 60, per: PAYOUT, excess: CARRIED}}
      - component_id: b
        kind: FLAT
        rate: 0.03
        period: MONTH
        counts: {products: [x], measure: DEALS}
        gates: [{since: 0.5, component_id: a, basis: YEAR_TO_DATE}]
        multipliers: [{multiplier_id: m, component_id: a, basis: PERIOD,
                       steps: [{since: 0.4, factor: 2}]}]
      - component_id: s
        category: MBO
        kind: FLAT
        rate: 1
        pays: VARIABLE
        variable: 500
        quota: 1
        counts: {measure: SCORE}
        objectives: [{objective_id: o, weight: 1}]
""")
    score = Score(rep_id="t", plan_id="p", component_id="s", objective_id="o",
                  period_start=date(2026, 1, 1), score=Decimal("0.8"))  # fmt: skip
    within = context(found.model_copy(update={"scores": (score,)}), reps=REPS)
    history = [
        credit(n * 37, date(2026, 1 + n % 3, 1 + n), f"d{n}", payee="rst"[n % 2],
               product="xy"[n % 2]) for n in range(1, 25)
    ]  # fmt: skip
    (plan,) = found.plans
    assert summed(plan, history, within) == plainly(plan, history, within)
    assert summed(plan, history, within)["t"].amount == 400  # of a score alone


def test_a_manager_is_paid_for_those_who_reported_on_the_day() -> None:
    plans = written("- {component_id: a, kind: FLAT, rate: 0.1, counts: {whose: REPORTS}}")
    moved = context(reps=REPS)
    history = [credit(100, date(2026, 1, 5), payee="s"), credit(40, payee="t")]
    (plan,) = plans.plans
    found = summed(plan, history, moved)
    assert {rep: paid.amount for rep, paid in found.items()} == {"lead": 10, "boss": 4}


@pytest.mark.parametrize(
    ("rate", "what"), [("0.9", "128 bits"), ("12345678.0987654321", "any column")]
)
def test_sums_beyond_what_columns_hold_are_exact(rate: str, what: str) -> None:
    (plan,) = written("- {component_id: a, kind: FLAT, rate: 1}", period="YEAR").plans
    most = Decimal("99999999999999.9999")
    days = [date(2026, 1 + n % 12, 1) for n in range(1_200)]
    rates = [("CHF", "USD", day, rate) for day in days[:12]]
    rates += [("USD", "EUR", days[0], "0.9123456789")]
    history = [credit(most, day, str(n), currency="CHF") for n, day in enumerate(days)]
    (line,) = summed(plan, history, context(rates=[*rates, ("CHF", "EUR", days[0], rate)]))[
        "r"
    ].lines
    assert line.earned.exact == Fraction(most) * 1_200 * Fraction(rate), what


def test_no_credits_are_no_views() -> None:
    (plan,) = written("- {component_id: a, kind: FLAT, rate: 1}").plans
    assert list(views(plan, columns_of([]), HERE)) == []
    assert isinstance(columns_of([]), pl.DataFrame)
