"""Commissions: published examples to the cent, and laws that hold for any plan and any credits."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions import UNASSIGNED, Bundle, Company
from schemas.money import minor_units
from schemas.plan_components import Counts
from schemas.plans import Component, Plan, Plans, Tier
from streams.domain.commissions import Key, Terms, accrued, adjusted, counted, statement
from streams.domain.paying import target
from streams.domain.periods import Span
from streams.domain.plan_credits import book, credit_of
from streams.domain.plan_parts import part_of
from streams.domain.plan_sums import Selector, earned_of
from streams.domain.plan_terms import origin_of
from tests.streams.plan_strategies import AMOUNTS, DAYS, live_plans
from tests.streams.planned import context

DAY = date(2026, 2, 10)
UNIT = 10_000


def component(*tiers: tuple[Any, Any], name: str = "c") -> Component:
    made = tuple(Tier(since=Decimal(str(s)), rate=Decimal(str(r))) for s, r in tiers)
    return Component(component_id=name, tiers=made)


def plan(*tiers: tuple[Any, Any], **fields: Any) -> Plan:
    given = {"plan_id": "p", "name": "P", "currency": "EUR", "period": "QUARTER",
             "valid_from": date(2020, 1, 1), "components": (component(*tiers),)}  # fmt: skip
    return Plan.model_validate({**given, **fields})


def terms(*plans: Plan, first_month: int = 1) -> Terms:
    company = Company(name="T", reporting_currency="EUR", time_zone="UTC",
                      fiscal_year_start_month=first_month)  # fmt: skip
    return Terms(Bundle(company=company, plans=Plans(plans=plans)))


def credit(amount: Any = 100, day: date = DAY, **fields: Any) -> dict[str, Any]:
    value = None if amount is None else Decimal(str(amount))
    return {
        "deal_id": "d", "role": "REVENUE", "via": "owner", "deleted": False, "stage_class": "WON",
        "day": day, "amount": value or Decimal(0), "currency": "EUR", "reporting_amount": value,
        "reporting_currency": "EUR", "rate": Decimal(1), "rate_on": day, "share": Decimal(1),
        "product": "", "segment": "", "region": "", "deal_type": "NEW", "credit_sequence": 1,
        **dict.fromkeys(("acv", "margin", "units", "cancelled_on")), "cancel_reason": "NONE",
        "territory_id": "", "rep_id": "r", **fields,
    }  # fmt: skip


class Payee:
    """Credits taken in one after the other, and the entries they make."""

    def __init__(self, plans: Terms, rep_id: str = "r") -> None:
        self.plans, self.rep_id = plans, rep_id
        self.items: dict[str, Any] = {}
        self.entries: list[dict[str, Any]] = []

    @property
    def sums(self) -> dict[Any, int]:
        found: dict[Any, int] = {}
        for one in self.items.values():
            if one:
                found[one[0]] = found.get(one[0], 0) + one[1]
        return found

    def take(self, item: str, one: Mapping[str, Any]) -> None:
        before, after = self.items.get(item), counted(one)
        change: dict[Any, int] = {}
        for sign, part in ((-1, before), (1, after)):
            if part:
                change[part[0]] = change.get(part[0], 0) + sign * part[1]
        change = {held: times for held, times in change.items() if times}
        self.entries += accrued(self.plans, self.rep_id, self.sums, change, one)
        self.items[item] = after

    def revise(self, plans: Terms) -> None:
        self.entries += adjusted(self.plans, plans, self.rep_id, self.sums)
        self.plans = plans

    def totals(self) -> dict[Key, Decimal]:
        found: dict[Key, Decimal] = {}
        for e in self.entries:
            origin = Span(e["origin_start"], e["origin_end"])
            payout = Span(e["payout_start"], e["payout_end"])
            key = Key(e["plan_id"], e["component_id"], origin, payout, e["currency"])
            found[key] = found.get(key, Decimal(0)) + e["amount"]
        return {key: amount for key, amount in found.items() if amount}

    def owed(self) -> dict[Key, Decimal]:
        found = statement(self.plans, self.rep_id, self.sums)
        return {k: Decimal(e.units) / UNIT for k, e in found.items() if e.units}


def paid(total: Any, *tiers: tuple[Any, Any], currency: str = "EUR") -> Decimal:
    units = int(Decimal(str(total)) * UNIT)
    one = plan(*tiers, currency=currency)
    return Decimal(earned_of(part_of(one, one.components[0], "r"), units).rounded) / UNIT


# Published examples whose tiers are marginal, each recomputed with exact fractions.
BANDS = ((0, "0.05"), (50_000, "0.10"), (100_000, "0.15"), (150_000, "0.20"))
STEPS = ((0, "0.01"), (10_000, "0.02"), (50_000, "0.03"), (100_000, "0.04"))
ORACLE = ((0, "0.01"), (1_000, "0.02"), (3_000, "0.03"), (8_000, "0.05"))
SALON = ((0, "0.25"), (500, "0.30"), (3_000, "0.40"))
QUOTA = ((0, "0.2"), (500_000, "0.3"), (650_000, "0.4"))
CASES = [
    # prowi.io, glossary "tiered commission": quota bands of 100,000
    (140_000, BANDS, "13500"),
    # Salesforce Spiff, accelerator functions, `mamount`
    (220_000, ((0, "0.04"), (200_000, "0.06")), "9200"),
    # Salesforce Spiff, the tier payout table under marginal rules
    (220_000, ((0, "0.04"), (150_000, "0.08"), (250_000, "0.12")), "11600"),
    # Oracle, splitting attainment across rate tiers
    (5_000, STEPS, "50"), (15_000, STEPS, "200"), (60_000, STEPS, "1200"),
    # Oracle, earnings by step rates: its six transactions accumulated over the quarter
    (9_700, ORACLE, "285"),
    # MyTime, tiered commission; its bounds of .99 make two of these wrong by two cents there
    (400, SALON, "100"), (100, SALON, "25"), (1_500, SALON, "425"), (5_000, SALON, "1675"),
    # revopsmasters.com: 130 percent of a quota of 500,000 with 1.5x from 100 percent on
    (650_000, QUOTA, "145000"),
    # prowi.io, glossary "override commission": nothing below 225,000
    (300_000, ((0, 0), (225_000, "0.03")), "2250"),
    # QuotaPath's clawback: a quarter with the deal of 50,000 and without it
    (480_000, ((0, "0.05"), (450_000, "0.10")), "25500"),
    (430_000, ((0, "0.05"), (450_000, "0.10")), "21500"),
    # ADempiere issue 1628: credit notes of 200 against invoices of 1,000
    (800, ((0, "0.04"),), "32"),
]  # fmt: skip


@pytest.mark.parametrize(("total", "tiers", "wanted"), CASES)
def test_published_examples_come_out_to_the_cent(
    total: int, tiers: Sequence[tuple[Any, Any]], wanted: str
) -> None:
    assert paid(total, *tiers) == Decimal(wanted)


def test_a_cancelled_deal_takes_back_what_the_ladder_gave_for_it() -> None:
    """QuotaPath's clawback: 4,000, which is neither 5 nor 10 percent of the deal's 50,000."""
    one = Payee(terms(plan((0, "0.05"), (450_000, "0.10"))))
    one.take("rest", credit(430_000))
    one.take("deal", credit(50_000))
    one.take("deal", credit(50_000, deleted=True))
    assert [e["amount"] for e in one.entries] == [21_500, 4_000, -4_000]


def test_each_entry_says_how_it_was_computed() -> None:
    one = Payee(terms(plan((0, "0.05"), (100, "0.1"))))
    one.take("a", credit("99.9"))
    one.take("b", credit("20.15", currency="USD", rate=Decimal("0.9"), rate_on=date(2026, 2, 9)))
    entry = one.entries[-1]
    assert (entry["before"], entry["after"]) == (Decimal("99.9"), Decimal("120.05"))
    assert entry["amount"] == Decimal("2.00")  # 7.005 to 7.00, 4.995 to 5.00: both to the even cent
    assert (
        '"since":"100","up_to":null,"rate":"0.1","part":"20.05","earns":"2.005"' in entry["trace"]
    )
    assert '"earned":"4.995","rounded":"5"' in entry["trace"]
    assert '"currency":"USD","rate":"0.9","rate_on":"2026-02-09"' in entry["trace"]


def test_only_what_is_won_and_has_a_rate_counts() -> None:
    selector = Selector.of(plan((0, 1)), component((0, 1)))
    held, times = counted(credit(5)) or pytest.fail("it counts")
    assert (held.units, times, selector.takes(held)) == (5 * UNIT, 1, True)
    for fields in ({"deleted": True}, {"stage_class": "LOST"}):
        assert counted(credit(5, **fields)) is None
    for other in (credit(None), credit(5, cancelled_on=DAY)):
        held, _ = counted(other) or pytest.fail("books hold it")
        assert not selector.takes(held)


def test_an_overlay_is_paid_by_components_that_say_so_alone() -> None:
    """It stands beside the revenue and takes nothing from it (getcarvd.com, commission split)."""
    overlay = component((0, "0.02"), name="overlay").model_copy(
        update={"counts": Counts.model_validate({"roles": ["OVERLAY"]})}
    )
    one = Payee(terms(plan(components=(component((0, "0.1"), name="own"), overlay))))
    one.take("a", credit(1_000))
    one.take("b", credit(500, role="OVERLAY"))
    assert [(e["component_id"], e["amount"]) for e in one.entries] == [
        ("own", 100),
        ("overlay", 10),
    ]


def test_an_entry_that_takes_back_for_want_of_a_rate_says_so() -> None:
    one = Payee(terms(plan((0, "0.1"))))
    one.take("a", credit(100))
    one.take("a", credit(None, rate=None, rate_on=None))
    assert [e["amount"] for e in one.entries] == [10, -10]
    assert "no exchange rate" in one.entries[-1]["trace"]


def test_who_is_not_on_a_plan_or_whose_day_lies_outside_earns_nothing() -> None:
    given = terms(plan((0, "0.1"), reps=("a",), valid_from=DAY, valid_to=DAY + timedelta(1)))
    for rep_id, day, amount in [("b", DAY, 0), ("a", DAY - timedelta(1), 0), ("a", DAY, 10),
                                ("a", DAY + timedelta(1), 0)]:  # fmt: skip
        one = Payee(given, rep_id)
        one.take("d", credit(100, day))
        assert sum(e["amount"] for e in one.entries) == amount


def test_credits_of_nobody_known_are_not_paid() -> None:
    one = Payee(terms(plan((0, "0.1"))), UNASSIGNED)
    one.take("d", credit(100))
    one.revise(terms(plan((0, "0.2"))))
    assert one.entries == []


def test_a_credit_in_another_reporting_currency_counts_for_no_plan() -> None:
    one = Payee(terms(plan((0, "0.1"))))
    one.take("d", credit(100, reporting_currency="USD"))
    assert one.entries == []


def test_a_currency_without_minor_units_is_paid_whole() -> None:
    assert paid("1234.5", (0, "0.1"), currency="JPY") == 123
    assert paid("5", (0, "0.1"), currency="JPY") == 0  # half to the even one
    assert paid("15", (0, "0.1"), currency="JPY") == 2
    assert paid("1.2345", (0, "0.1"), currency="KWD") == Decimal("0.123")


@pytest.mark.parametrize(
    ("day", "period", "month", "start", "end"),
    [
        ("2026-02-28", "MONTH", 7, "2026-02-01", "2026-03-01"),
        ("2026-12-31", "MONTH", 1, "2026-12-01", "2027-01-01"),
        ("2026-02-28", "QUARTER", 1, "2026-01-01", "2026-04-01"),
        ("2026-01-31", "QUARTER", 2, "2025-11-01", "2026-02-01"),
        ("2026-02-01", "QUARTER", 2, "2026-02-01", "2026-05-01"),
        ("2026-06-30", "YEAR", 7, "2025-07-01", "2026-07-01"),
        ("2026-07-01", "YEAR", 7, "2026-07-01", "2027-07-01"),
    ],
)
def test_origin_periods_follow_the_fiscal_year(
    day: str, period: Any, month: int, start: str, end: str
) -> None:
    found = origin_of(date.fromisoformat(day), period, month)
    assert tuple(map(str, found)) == (start, end)


def test_two_plans_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="same id"):
        terms(plan((0, 1)), plan((0, 1)))


def test_what_is_not_among_credits_is_refused() -> None:
    """Checks refuse it before it is applied; an agent that meets it all the same pays nothing."""
    by_kpi = component((0, 1)).model_copy(update={"counts": Counts(measure="KPI", kpi="calls")})
    with pytest.raises(ValueError, match="cannot accrue"):
        terms(plan(components=(by_kpi,)))


# Laws.

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
