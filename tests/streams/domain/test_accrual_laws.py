"""Laws of what accrues under any plan: fresh folds, order, reversal, closing, revision."""

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.plans import Plan, Plans
from streams.domain.paying import target
from streams.domain.plan_credits import Credit, book
from tests.streams.accruing import Accruing, rates, terms
from tests.streams.plan_strategies import AMOUNTS, DAYS, plans
from tests.streams.planned import credit

RATES = rates(
    ("USD", "EUR", date(2020, 1, 1), "0.9123"), ("USD", "EUR", date(2026, 2, 1), "0.88"),
    ("EUR", "JPY", date(2020, 1, 1), "161.37"), ("JPY", "EUR", date(2026, 3, 1), "0.0061"),
)  # fmt: skip
seldom = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CLAWBACKS = st.sampled_from([
    {}, {"mode": "FULL"}, {"mode": "FULL", "attainment": "REDUCED"}, {"mode": "PAID"},
    {"mode": "PRO_RATA", "term_months": 4}, {"reasons": ["REFUND"]}, {"within_months": 1},
    {"mode": "PRO_RATA", "term_months": 2, "attainment": "REDUCED", "within_months": 3},
])  # fmt: skip


@st.composite
def every_plan(draw: Any, plan_id: str = "p") -> Plan:
    """Return a plan with anything that can accrue."""
    made = draw(plans()).model_dump()
    made |= {"plan_id": plan_id, "clawback": draw(CLAWBACKS)}
    if draw(st.booleans()):
        made["guarantees"] = [{
            "guarantee_id": "least", "amount": draw(st.decimals(1, 3_000, places=2)),
            "valid_from": date(2026, 1, 1), "valid_to": date(2026, 7, 1),
        }]  # fmt: skip
    (component,) = made["components"]
    if component["cap"] is None and draw(st.booleans()):
        least = draw(st.sampled_from([1, 20_000]))  # what little caps carry is paid for centuries
        component["cap"] = {
            "amount": draw(st.decimals(least, least * 2, places=2)),
            "per": "PAYOUT",
            "excess": "LOST" if least == 1 else "CARRIED",
        }
    return Plan.model_validate(made)


@st.composite
def credits(draw: Any) -> Credit:
    """Return a credit; some are cancelled."""
    amount, currency = draw(AMOUNTS), draw(st.sampled_from(["EUR", "USD"]))
    made = credit(
        amount, draw(DAYS), draw(st.sampled_from("abcd")), currency=currency, deal_type="NEW",
        product=draw(st.sampled_from(["x", "y", ""])), region=draw(st.sampled_from(["emea", ""])),
        role=draw(st.sampled_from(["REVENUE", "REVENUE", "OVERLAY"])), acv=amount / 2,
        margin=amount / 4, units=Decimal(draw(st.integers(0, 9))),
    )  # fmt: skip
    if currency == "USD":
        made = made._replace(reporting_amount=(amount * Decimal("0.9")).quantize(Decimal("0.0001")))
    if draw(st.sampled_from([True, False, False])):
        on, why = draw(DAYS), draw(st.sampled_from(["CHURN", "REFUND"]))
        made = made._replace(cancelled_on=on, cancel_reason=why)
    return made


histories = st.lists(credits(), max_size=9)


def somebody(plan: Plan, closed: date | None = None) -> Accruing:
    return Accruing(terms(Plans(plans=(plan,)), rates=RATES, closed=closed))


@given(every_plan(), histories)
@seldom
def test_entries_add_up_to_what_the_plan_pays_on_the_credits(plan: Plan, history: Any) -> None:
    one = somebody(plan)
    last = {}
    for made in history:
        one.take(made)
        last[made.deal_id, made.role] = made
        assert one.totals() == one.owed()
    found = target(plan, "r", book(last.values()), one.terms.context)
    wanted: dict[Any, Decimal] = {}
    for line in found.lines:
        for due in line.instalments:
            key = (line.plan_id, line.component_id, *line.origin, *due.payout, line.currency)
            wanted[key] = wanted.get(key, Decimal(0)) + due.amount
    assert one.totals() == {key: amount for key, amount in wanted.items() if amount}


@given(every_plan(), histories, st.randoms(use_true_random=False))
@seldom
def test_order_of_arrival_never_changes_a_total(plan: Plan, history: Any, random: Any) -> None:
    one, other = somebody(plan), somebody(plan)
    last = {}
    for made in history:
        one.take(made)
        last[made.deal_id, made.role] = made
    order = list(last)
    random.shuffle(order)
    for key in order:
        other.take(last[key])
    assert one.totals() == other.totals()


@given(every_plan(), histories, credits())
@seldom
def test_a_deal_and_its_reversal_leave_nothing(plan: Plan, history: Any, more: Credit) -> None:
    one = somebody(plan)
    for made in history:
        one.take(made)
    before = one.totals()
    one.take(more._replace(deal_id="new"))
    one.take(more._replace(deal_id="new"), deleted=True)
    assert one.totals() == before


@given(every_plan(), histories, histories, st.sampled_from([date(2026, 2, 1), date(2026, 4, 1)]))
@seldom
def test_closing_is_final_and_changes_no_total(
    plan: Plan, history: Any, later: Any, closed: date
) -> None:
    one, open_ = somebody(plan), somebody(plan)
    for made in history:
        one.take(made)
        open_.take(made)
    one.revise(somebody(plan, closed).terms)
    final = {span: amount for span, amount in one.posted().items() if span[1] <= closed}
    for made in later:
        for entry in one.take(made):
            assert entry["posted_end"] > closed
            assert entry["posted_start"] >= entry["payout_start"]
        open_.take(made)
    now = one.posted()
    assert {span: now.get(span) for span in final} == final
    assert one.totals() == one.owed()
    if not plan.guarantees:  # closing itself tops up what pays nothing
        assert one.totals() == open_.totals()


@given(every_plan(), every_plan(), histories, histories)
@seldom
def test_a_revision_moves_what_is_owed_and_no_more(
    old: Plan, new: Plan, history: Any, later: Any
) -> None:
    one = somebody(old)
    for made in history:
        one.take(made)
    assert all(e["kind"] == "ADJUSTMENT" for e in one.revise(somebody(new).terms))
    assert one.totals() == one.owed()
    for made in later:
        one.take(made)
    assert one.totals() == one.owed()
    assert one.revise(somebody(new).terms) == []
