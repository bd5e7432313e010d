"""Laws of commissions that hold for any plan and any credits."""

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.money import minor_units
from streams.domain.commissions import Key, Terms
from streams.domain.paying import target
from streams.domain.plan_credits import book, credit_of
from tests.streams.payee import Payee, credit, paid, plan, terms
from tests.streams.plan_strategies import AMOUNTS, DAYS, live_plans
from tests.streams.planned import context

seldom = settings(max_examples=30, deadline=None)  # a plan of any kind costs 10 ms to think up

amounts = AMOUNTS
rates = st.decimals(0, 1, places=6)
ladders = st.builds(
    lambda bounds, paying: tuple(zip(sorted({Decimal(0), *bounds}), paying, strict=False)),
    st.lists(st.decimals(1, 50_000, places=4), max_size=3), st.lists(rates, min_size=4, max_size=4),
)  # fmt: skip
days = DAYS
credits = st.builds(
    lambda amount, day, stage, deleted, role, product: credit(
        amount, day, stage_class=stage, deleted=deleted, role=role, product=product
    ),
    amounts | st.none(), days, st.sampled_from(["WON", "WON", "WON", "LOST"]),
    st.sampled_from([False, False, True]), st.sampled_from(["REVENUE", "REVENUE", "OVERLAY"]),
    st.sampled_from(["x", "y", ""]),
)  # fmt: skip
plans = st.builds(
    lambda made, month, many: terms(
        made,
        *([plan((0, "0.013"), plan_id="q", period="MONTH")] if many else []),
        first_month=month,
    ),
    live_plans(), st.sampled_from([1, 2, 7]), st.booleans(),
)  # fmt: skip
histories = st.lists(st.tuples(st.sampled_from("abcd"), credits), max_size=12)


@given(plans, histories)
@seldom
def test_entries_add_up_to_what_is_owed_at_every_point(given_: Terms, history: Any) -> None:
    one = Payee(given_)
    for item, now in history:
        one.take(item, now)
        assert one.totals() == one.owed()


@given(plans, histories, st.randoms(use_true_random=False))
@seldom
def test_any_order_of_deals_adds_up_to_the_same(given_: Terms, history: Any, random: Any) -> None:
    last = {item: now for item, now in history}
    order = list(last)
    random.shuffle(order)
    one, other = Payee(given_), Payee(given_)
    for item, now in history:
        one.take(item, now)
    for item in order:
        other.take(item, last[item])
    assert one.totals() == other.totals()


@given(plans, histories, credits)
@seldom
def test_a_deal_and_its_reversal_leave_nothing(given_: Terms, history: Any, more: Any) -> None:
    one = Payee(given_)
    for item, now in history:
        one.take(item, now)
    before, made = one.totals(), len(one.entries)
    one.take("new", more)
    one.take("new", {**more, "deleted": True})
    assert one.totals() == before
    by_origin: dict[Any, Decimal] = {}
    for e in one.entries[made:]:
        key = (e["plan_id"], e["origin_start"])
        by_origin[key] = by_origin.get(key, Decimal(0)) + e["amount"]
    assert not any(by_origin.values())


@given(plans, plans, histories, histories)
@seldom
def test_a_revision_of_the_plans_moves_what_is_owed_and_no_more(
    old: Terms, new: Terms, history: Any, later: Any
) -> None:
    one = Payee(old)
    for item, now in history:
        one.take(item, now)
    one.revise(new)
    assert one.totals() == one.owed()
    for item, now in later:
        one.take(item, now)
    assert one.totals() == one.owed()
    made = len(one.entries)
    one.revise(new)
    assert len(one.entries) == made


@given(plans, histories, amounts, st.integers(1, 99), days)
@seldom
def test_a_deal_split_in_two_credits_earns_one_payee_the_same(
    given_: Terms, history: Any, amount: Decimal, percent: int, day: date
) -> None:
    part = (amount * percent / 100).quantize(Decimal("0.0001"))
    whole, split = Payee(given_), Payee(given_)
    for item, now in history:
        whole.take(item, now)
        split.take(item, now)
    whole.take("new", credit(amount, day))
    split.take("new/0", credit(part, day))
    split.take("new/1", credit(amount - part, day))
    assert whole.totals() == split.totals()


@given(plans, histories)
@seldom
def test_what_accrues_is_what_the_plan_computes_from_the_credits(
    given_: Terms, history: Any
) -> None:
    last = {item: now for item, now in history}
    one = Payee(given_)
    for item, now in last.items():
        one.take(item, now)
    rows = [{**now, "deal_id": item, "rep_id": "r"} for item, now in last.items()]
    known = book(made for row in rows if (made := credit_of(row)) and made.reporting_amount)
    here = context(first_month=given_.company.fiscal_year_start_month)
    lines = [line for p in given_.plans for line in target(p, "r", known, here).lines]
    wanted = {
        Key(line.plan_id, line.component_id, line.origin, due.payout, line.currency): due.amount
        for line in lines
        for due in line.instalments
    }
    assert one.totals() == wanted


@given(ladders, amounts, amounts)
def test_more_credited_never_earns_less(ladder: Any, one: Decimal, other: Decimal) -> None:
    low, high = sorted([one, other])
    assert paid(low, *ladder) <= paid(high, *ladder)


@given(ladders, amounts, st.sampled_from(["EUR", "JPY", "KWD", "CLF"]))
def test_whole_numbers_give_what_exact_fractions_give(
    ladder: Any, total: Decimal, currency: str
) -> None:
    tiers = [*ladder, (Decimal(10**12), Decimal(0))]
    exact = Fraction(0)
    for i, ((low, rate), (high, _)) in enumerate(pairwise(tiers)):
        floor = low if i else min(Decimal(0), total)
        exact += max(Fraction(0), Fraction(min(total, high)) - Fraction(floor)) * Fraction(rate)
    if total < 0:
        exact = Fraction(total) * Fraction(ladder[0][1])
    places = 10 ** minor_units(currency)
    wanted = Decimal(round(exact * places)) / places  # a Fraction rounds half to even
    assert paid(total, *ladder, currency=currency) == wanted
    text = Decimal(exact.numerator) / Decimal(exact.denominator)
    assert wanted == text.quantize(Decimal(1) / places, ROUND_HALF_EVEN)
