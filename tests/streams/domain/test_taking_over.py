"""Attainment taken over: two systems, one after the other, pay what one would have paid."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from infra.definitions import checking_openings
from schemas.definitions import Bundle
from schemas.payroll import Opening, Payroll
from schemas.plan_choices import Attained, ClawbackMode, Scope
from schemas.plans import Clawback, Individual, Plan, Plans
from streams.domain.amounts import Amounts, amounted
from streams.domain.ladders import decimal_of
from streams.domain.measuring import measured, origins, view_of
from streams.domain.paying import Target, lines_of, target, target_of
from streams.domain.plan_context import Context
from streams.domain.plan_credits import Credit, book
from streams.domain.plan_terms import Terms
from streams.domain.plan_trace import told_line
from streams.domain.summing import columns_of, views
from tests.streams.accruing import Accruing, row
from tests.streams.plan_strategies import AMOUNTS, DAYS, live_plans, plans
from tests.streams.planned import _credited, bundle, credit, written

RATES = [
    ("USD", "EUR", date(2020, 1, 1), "0.9123"), ("USD", "EUR", date(2026, 2, 1), "0.88"),
    ("EUR", "JPY", date(2020, 1, 1), "161.37"), ("JPY", "EUR", date(2026, 3, 1), "0.0061"),
]  # fmt: skip
AT = datetime(2026, 4, 1, tzinfo=UTC)
seldom = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CLAWBACKS = st.sampled_from([
    Clawback(), Clawback(mode=ClawbackMode.FULL),
    Clawback(mode=ClawbackMode.FULL, attainment=Attained.REDUCED),
])  # fmt: skip
sold = st.builds(
    lambda amount, day, deal, role, units: credit(
        amount, day, deal, role=role, deal_type="NEW", region="emea", segment="smb",
        acv=amount * 2, margin=amount * 3, units=Decimal(units),
    ),
    AMOUNTS, DAYS, st.sampled_from("abcd"), st.sampled_from(["REVENUE", "REVENUE", "OVERLAY"]),
    st.integers(0, 9),
)  # fmt: skip
histories = st.lists(sold, max_size=6)


def renamed(credits: Iterable[Credit], prefix: str) -> list[Credit]:
    """Return credits whose deals are nobody else's."""
    return [c._replace(deal_id=prefix + c.deal_id + str(n)) for n, c in enumerate(credits)]


def opening(
    credited: Any, day: date, component: str = "c", approved: str = "ben", **of: Any
) -> Opening:
    at = AT if approved else None
    given = {"opening_id": f"{component}-{day}", "at": AT, "rep_id": "r", "plan_id": "p",
             "component_id": component, "day": day, "currency": "EUR", "credited": credited,
             "by": "ana", "reason": "cutover", "approved_by": approved, "approved_at": at,
             **of}  # fmt: skip
    return Opening.model_validate(given)


def known(plan: Plan, openings: Iterable[Opening] = ()) -> Bundle:
    return bundle(Plans(plans=(plan,)), rates=RATES, payroll=Payroll(openings=tuple(openings)))


def left(plan: Plan, old: list[Credit]) -> list[Opening]:
    """Return what a system that held these credits attained, as it hands it over."""
    view, found = view_of(plan, "r", book(old), Context.of(known(plan))), []
    for part in plan.components:
        for span in origins(view, part):
            total = measured(view, part, span, []).credited * 10_000
            assume(total > 0 and total.denominator == 1)
            found.append(opening(decimal_of(total.numerator), span.start, part.component_id))
    return found


def earns(found: Target) -> dict[Any, Decimal]:
    every: dict[Any, Decimal] = {}
    for line in found.lines:
        if not line.is_clawback:
            key = (line.component_id, line.origin)
            every[key] = every.get(key, Decimal(0)) + line.amount
    return every


def difference(whole: dict[Any, Decimal], part: dict[Any, Decimal]) -> dict[Any, Decimal]:
    found = {k: whole.get(k, Decimal(0)) - part.get(k, Decimal(0)) for k in {*whole, *part}}
    return {key: amount for key, amount in found.items() if amount}


def unweighed(plan: Plan) -> bool:
    """Return whether a plan's ladder climbs by what counts, and all of it together."""
    (part,) = plan.components
    return part.scope is Scope.PERIOD and all(m.factor is None for m in part.multipliers)


@given(plans().filter(unweighed), histories, histories)
@seldom
def test_two_systems_pay_what_one_would(plan: Plan, before: Any, after: Any) -> None:
    old, new = renamed(before, "old"), renamed(after, "new")
    taken, none = left(plan, old), Context.of(known(plan))
    whole, first = (target(plan, "r", book(some), none) for some in ([*old, *new], old))
    second = target(plan, "r", book(new), Context.of(known(plan, taken)))
    got = {key: amount for key, amount in earns(second).items() if amount}
    assert got == difference(earns(whole), earns(first))


@given(live_plans() | plans(), histories, st.data())
@seldom
def test_what_accrues_and_what_is_summed_begin_there_too(
    plan: Plan, some: list[Credit], data: Any
) -> None:
    history = renamed(some, "d")
    plan = plan.model_copy(update={
        "clawback": data.draw(CLAWBACKS), "individual": (Individual(rep_id="r", quota=Decimal(9)),),
    })  # fmt: skip
    taken = [
        opening(data.draw(st.decimals(0, 60_000, places=4)), data.draw(DAYS), part.component_id)
        for part in plan.components
        if part.scope is Scope.PERIOD and data.draw(st.booleans())
    ]
    here = known(plan, taken)
    context = Context.of(here)
    found = target(plan, "r", book(history), context)
    one = Accruing(Terms(known(plan)))
    for n, made in enumerate(history):
        if n == len(history) // 2:
            one.revise(Terms(here))
        one.take_row(str(n), row(_credited(made, "r", context)))
    if not history:
        one.revise(Terms(here))
    due: dict[Any, Decimal] = {}
    for line in found.lines:
        for i in line.instalments:
            key = ("p", line.component_id, *line.origin, *i.payout, line.currency)
            due[key] = due.get(key, Decimal(0)) + i.amount
    assert one.totals() == {key: amount for key, amount in due.items() if amount}
    summed = list(views(plan, columns_of(history), context))
    assert [target_of(view) for view in summed if view.payee == "r"] in ([found], [])
    for view in summed:
        assert list(Amounts(often=1).of(view)) == [amounted(view, line) for line in lines_of(view)]


TIERS = "- {component_id: c, tiers: [{since: 0, rate: 0.05}, {since: 50000, rate: 0.1}]}"
Q1, Q2 = date(2026, 2, 10), date(2026, 5, 10)


def accruing(*openings: Opening) -> Accruing:
    (plan,) = written(TIERS).plans
    return Accruing(Terms(known(plan, openings)))


def test_the_ladder_begins_where_the_other_system_stopped() -> None:
    one = accruing(opening("49000", Q1))
    assert not one.entries  # what the other system paid is not earned again
    one.take(credit(2_000, Q1))
    assert one.of("c") == Decimal("150.00")  # 1,000 x 5% + 1,000 x 10%
    one.take(credit(2_000, Q2, "later"))
    assert one.of("c") == Decimal("250.00")  # another quarter begins at 0


def test_what_nobody_has_approved_counts_for_nothing() -> None:
    one = accruing(opening("49000", Q1, approved=""))
    one.take(credit(2_000, Q1))
    assert one.of("c") == Decimal("100.00")


def test_an_opening_that_comes_late_sets_right_what_was_earned_without_it() -> None:
    one = accruing()
    one.take(credit(2_000, Q1))
    (plan,) = written(TIERS).plans
    late = Terms(known(plan, [opening("50000", Q1)]))
    assert one.terms.differs(late)
    (entry,) = one.revise(late)
    assert (entry["kind"], entry["amount"]) == ("ADJUSTMENT", Decimal("100.00"))
    one.take(credit(2_000, Q1), deleted=True)
    assert one.of("c") == 0  # of the other system's money nothing is taken back


def test_the_trace_tells_what_was_taken_over() -> None:
    (plan,) = written(TIERS).plans
    context = Context.of(known(plan, [opening("49000", Q1)]))
    (line,) = target(plan, "r", book([credit(2_000, Q1)]), context).lines
    trace = told_line(line)["trace"]
    assert trace["credited"] == "51000"
    assert trace["steps"][-1] == {
        "step": "opening", "leaves": "150",
        "says": "attainment taken over: 49000, which comes to 2450 and is not earned again",
    }  # fmt: skip
    assert trace["earned"] == "150"


@pytest.mark.parametrize(
    ("components", "tail", "given", "says"),
    [
        (TIERS, {}, {"component": "d"}, "is no component of plan p"),
        (TIERS, {"valid_to": "2026-01-01"}, {}, "lies outside the component's days"),
        (TIERS, {"reps": ["s"]}, {}, "is not on plan p"),
        (TIERS, {}, {"deal_id": "d1"}, "counts by its own credits"),
        (f"{TIERS[:-1]}, scope: TRANSACTION}}", {}, {}, "every deal climbs by itself"),
        (f"{TIERS[:-1]}, cap: {{amount: 9, per: PAYOUT}}}}", {}, {}, "cap goes by payouts"),
        (TIERS, {"guarantees": [{"guarantee_id": "g", "amount": 1, "valid_from": "2026-01-01",
                                 "valid_to": "2026-07-01"}]}, {}, "guarantee g covers"),
    ],
)  # fmt: skip
def test_what_no_ladder_could_honour_is_refused(
    components: str, tail: Any, given: Any, says: str
) -> None:
    plans = written(components, **tail)
    payroll = Payroll(openings=(opening("49000", Q1, **given),))
    (found,) = checking_openings.check(
        payroll, {"plans": plans, "company": known(plans.plans[0]).company}
    )
    assert says in found.problem
    assert found.remedy
    (plan,) = written(TIERS).plans
    fine = Payroll(openings=(opening("49000", Q1),))
    assert not [*checking_openings.check(fine, {"plans": Plans(plans=(plan,))})]
