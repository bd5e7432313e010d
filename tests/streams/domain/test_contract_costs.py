"""Asset or expense, over which months, and whose earnings: rules, pools, and the journal."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.accounting import Accounting, ContractTerms, Policy, Treats
from streams.domain.amortising import Cost, Wanted
from streams.domain.contract_costs import Deal, Entry, Held, TermsUnknown, held
from streams.domain.journals import AccountsUnknown, Kind, Line, journal
from streams.domain.pooled import changes, split

D = Decimal
JAN, FEB, JUNE = date(2026, 1, 1), date(2026, 2, 1), date(2026, 6, 1)
ACCOUNTS = {"asset": "1390", "payable": "2310", "expense": "6010", "amortisation": "6020",
            "write_off": "6030"}  # fmt: skip
DEALS = {
    "a": Deal("NEW", JAN), "b": Deal("EXPANSION", JAN), "r": Deal("RENEWAL", date(2028, 1, 1))
}  # fmt: skip
CAPITALISE: dict[str, Any] = {"order": 90, "treats": "CAPITALISE", "because": "incremental"}


def policy(*treatments: dict[str, Any], **more: Any) -> Accounting:
    fields: dict[str, Any] = {
        "policy_id": "p", "name": "P", "valid_from": "2026-01-01", "accounts": ACCOUNTS,
        "term_months": 24, **more,
    }  # fmt: skip
    return Accounting(
        policies=(Policy.model_validate({**fields, "treatments": treatments or (CAPITALISE,)}),)
    )


def entry(amount: str, deal_id: str = "a", on: date = JAN, **more: Any) -> Entry:
    fields: dict[str, Any] = {
        "entry_id": f"{deal_id}{amount}{on}", "rep_id": "rep", "plan_id": "ae",
        "component_id": "revenue", "kind": "ACCRUAL", "origin_start": JAN, "currency": "EUR",
        "amount": D(amount), "on": on, "order": (0, on.toordinal()), "deal_id": deal_id,
        "weights": {}, **more,
    }  # fmt: skip
    return Entry(**fields)


def only(accounting: Accounting, *entries: Entry, **terms: Any) -> Held:
    given_terms = {"a": [ContractTerms.model_validate({"deal_id": "a", **terms})]} if terms else {}
    (found,) = held(entries, DEALS, given_terms, accounting)
    return found


# Capitalise or expense


def test_without_a_policy_everything_is_an_expense() -> None:
    found = only(Accounting(), entry("100"))
    assert (found.treats, found.months) == (Treats.EXPENSE, ())
    assert "no accounting policy" in found.because


def test_a_cost_keeps_the_policy_of_the_day_it_first_arose() -> None:
    late = policy(valid_from="2026-06-01")
    before = only(late, entry("100"), entry("-40", on=date(2026, 7, 1)))
    assert before.treats is Treats.EXPENSE
    assert only(late, entry("100", on=JUNE)).treats is Treats.CAPITALISE


def test_draws_and_objectives_are_expensed_where_a_treatment_says_so() -> None:
    """Source: concertfinance.com: draws and discretionary bonuses are not incremental."""
    rules = policy(
        {"order": 1, "treats": "EXPENSE", "because": "a draw", "kinds": ["DRAW"]},
        {"order": 2, "treats": "EXPENSE", "because": "objectives", "components": ["mbo"]},
        CAPITALISE,
    )
    assert only(rules, entry("5", kind="DRAW")).because == "a draw"
    assert only(rules, entry("5", component_id="mbo")).because == "objectives"
    assert only(rules, entry("5")).treats is Treats.CAPITALISE


def test_what_belongs_to_no_deal_is_an_expense() -> None:
    assert only(policy(), entry("100", deal_id="")).treats is Treats.EXPENSE


@pytest.mark.parametrize(
    ("term", "treats"), [(12, Treats.EXPENSE), (13, Treats.CAPITALISE)]
)  # fmt: skip
def test_the_expedient_covers_a_year_and_not_a_month_more(term: int, treats: Treats) -> None:
    """Source: ASC 340-40-25-4."""
    rules = policy(practical_expedient=True)
    assert only(rules, entry("100"), service_start=JAN, term_months=term).treats is treats


def test_the_expedient_counts_anticipated_renewals() -> None:
    """Source: ASC 340-40-25-4 with 35-1: a yearly contract that is renewed lasts longer."""
    rules = policy(
        {**CAPITALISE, "renewals": "LESS", "rate": "0.06", "renewal_rate": "0.02",
         "life_months": 48},
        practical_expedient=True,
    )  # fmt: skip
    found = only(rules, entry("100"), service_start=JAN, term_months=12)
    assert (found.treats, found.period_months) == (Treats.CAPITALISE, 48)


@pytest.mark.parametrize(
    ("renewals", "months"),
    [("COMMENSURATE", 24), ("NOT_EXPECTED", 24), ("LESS", 48), ("NOTHING", 48)],
)
def test_the_period_is_the_term_or_the_life(renewals: str, months: int) -> None:
    """Source: TRG paper 57: 6 % on a new contract against 2 % on a renewal is not commensurate."""
    rules = policy({**CAPITALISE, "renewals": renewals, "life_months": 48})
    assert only(rules, entry("30")).period_months == months
    assert only(rules, entry("10", deal_id="r", on=date(2028, 1, 1))).period_months == 24


def test_30_and_10_are_charged_as_in_the_published_example() -> None:
    """Source: KPMG, Revenue for Telecoms, example 57 (W64): 7.5, 7.5, 12.5, 12.5 a year."""
    rules = policy({**CAPITALISE, "renewals": "LESS", "life_months": 48})
    costs = held(
        [entry("30"), entry("10", deal_id="r", on=date(2028, 1, 1))], DEALS, {}, rules
    )  # fmt: skip
    years: dict[int, Decimal] = defaultdict(Decimal)
    for one in costs:
        for month in one.months:
            years[month.start.year] += month.amortised
    assert list(years.values()) == [D("7.5"), D("7.5"), D("12.5"), D("12.5")]


def test_a_deal_whose_term_nobody_gave_is_asked_for() -> None:
    with pytest.raises(TermsUnknown, match=r"1 deals .*: a; give them with --contracts"):
        only(policy(term_months=None), entry("100"))


def test_a_renewed_estimate_follows_its_own_row() -> None:
    rows = [
        {"deal_id": "a", "service_start": JAN, "term_months": 12},
        {"deal_id": "a", "service_start": JAN, "term_months": 24, "revised_on": date(2026, 7, 4)},
    ]
    terms = {"a": [ContractTerms.model_validate(row) for row in reversed(rows)]}
    (found,) = held([entry("1200")], DEALS, terms, policy())
    assert [m.amortised for m in found.months][:7] == [D(100)] * 6 + [D("33.33")]
    assert (found.months[-1].start, found.months[-1].closing) == (date(2027, 12, 1), D(0))


# Pools


def test_a_threshold_bonus_belongs_to_all_deals_of_its_period() -> None:
    """Source: Varicent: pooled commission is prorated by each deal's credit."""
    bonus = entry("1000", deal_id="b", weights={"a": D(30_000), "b": D(60_000)})
    costs = held([bonus], DEALS, {}, policy(pooled=["revenue"]))
    assert {c.deal_id: c.costs[0].amount for c in costs} == {"a": D("333.33"), "b": D("666.67")}
    (alone,) = held([bonus], DEALS, {}, policy())
    assert alone.deal_id == "b"


WEIGHTS = st.dictionaries(
    st.sampled_from("abcd"), st.integers(-50, 1000).map(Decimal), max_size=4
)  # fmt: skip
AMOUNTS = st.integers(-(10**6), 10**6).map(lambda n: D(n) / 100)


@given(st.lists(st.tuples(AMOUNTS, WEIGHTS), max_size=6))
def test_parts_of_a_pool_sum_to_each_entry_and_to_its_last_split(
    pool: list[tuple[Decimal, dict[str, Decimal]]],
) -> None:
    moved = list(changes(pool, "EUR"))
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for (amount, _), parts in zip(pool, moved, strict=True):
        assert sum(parts.values(), D(0)) == amount
        for deal, part in parts.items():
            sums[deal] += part
    if pool:
        last = split(sum((a for a, _ in pool), D(0)), pool[-1][1], "EUR")
        assert {k: v for k, v in sums.items() if v} == {k: v for k, v in last.items() if v}


def test_a_revised_plan_adjusts_all_deals_and_a_guarantee_none() -> None:
    weights = {"a": D(1), "b": D(1)}
    adjusted = entry("10", deal_id="", kind="ADJUSTMENT", weights=weights)
    costs = held([adjusted], DEALS, {}, policy())
    assert [(c.deal_id, c.treats) for c in costs] == [
        ("a", Treats.CAPITALISE), ("b", Treats.CAPITALISE)
    ]  # fmt: skip
    guarantee = entry("10", deal_id="", kind="GUARANTEE", weights=weights)
    (one,) = held([guarantee], DEALS, {}, policy())
    assert (one.deal_id, one.treats) == ("", Treats.EXPENSE)


def test_a_deal_that_is_reversed_keeps_nothing_of_the_pool() -> None:
    both, one = {"a": D(50), "b": D(50)}, {"a": D(50)}
    moved = list(changes([(D(100), both), (D(-100), one), (D(40), one)], "EUR"))
    assert moved == [{"a": D(50), "b": D(50)}, {"a": D(-50), "b": D(-50)}, {"a": D(40)}]


# Journal


def sides(lines: tuple[Line, ...]) -> set[tuple[Kind, str, Decimal, Decimal]]:
    return {(line.kind, line.account, line.debit, line.credit) for line in lines}


def test_a_month_books_what_arose_was_charged_and_was_left() -> None:
    rules = policy(
        {"order": 1, "treats": "EXPENSE", "because": "a spif", "components": ["spif"]}, CAPITALISE
    )
    costs = held([entry("2400"), entry("50", component_id="spif")], DEALS, {}, rules)
    assert sides(journal(costs, JAN)) == {
        (Kind.CAPITALISED, "1390", D(2400), D(0)), (Kind.CAPITALISED, "2310", D(0), D(2400)),
        (Kind.EXPENSED, "6010", D(50), D(0)), (Kind.EXPENSED, "2310", D(0), D(50)),
        (Kind.AMORTISED, "6020", D(100), D(0)), (Kind.AMORTISED, "1390", D(0), D(100)),
    }  # fmt: skip


def test_a_clawback_beyond_the_asset_gives_back_expense() -> None:
    costs = held([entry("2400"), entry("-2400", on=FEB)], DEALS, {}, policy())
    assert sides(journal(costs, FEB)) == {
        (Kind.REDUCED, "2310", D(2300), D(0)), (Kind.REDUCED, "1390", D(0), D(2300)),
        (Kind.RELEASED, "2310", D(100), D(0)), (Kind.RELEASED, "6020", D(0), D(100)),
    }  # fmt: skip


def test_churn_is_written_off_to_its_own_account() -> None:
    terms = {"service_start": JAN, "term_months": 24, "ended_on": FEB}
    found = only(policy(), entry("2400"), **terms)
    assert (Kind.WRITTEN_OFF, "6030", D(2300), D(0)) in sides(journal([found], JAN))


def test_a_line_keeps_its_id_when_its_amount_changes() -> None:
    once = journal(held([entry("100")], DEALS, {}, policy()), JAN)
    again = journal(held([entry("100"), entry("7", deal_id="b")], DEALS, {}, policy()), JAN)
    assert [line.line_id for line in once] == [line.line_id for line in again]
    by_deal = journal(held([entry("100")], DEALS, {}, policy()), JAN, by_deal=True)
    assert {line.line_id for line in by_deal}.isdisjoint(line.line_id for line in once)


def test_costs_without_a_policy_have_no_accounts() -> None:
    with pytest.raises(AccountsUnknown, match="begins by then"):
        journal(held([entry("100")], DEALS, {}, Accounting()), JAN)


DAYS = st.integers(0, 700).map(lambda n: JAN + timedelta(days=n))
ENTRIES = st.lists(
    st.builds(
        lambda amount, deal, on, order, currency, component, weights: entry(
            str(amount), deal_id=deal, on=on, order=(0, order), currency=currency,
            component_id=component, entry_id=str(order), weights=weights,
        ),
        AMOUNTS, st.sampled_from(["a", "b", "r", ""]), DAYS, st.integers(0, 10**6),
        st.sampled_from(["EUR", "USD"]), st.sampled_from(["revenue", "spif", "pool"]), WEIGHTS,
    ),
    min_size=1, max_size=8, unique_by=lambda e: e.order,
)  # fmt: skip
RULES = policy(
    {"order": 1, "treats": "EXPENSE", "because": "x", "components": ["spif"]},
    {**CAPITALISE, "renewals": "LESS", "life_months": 30},
    pooled=["pool"],
)
KNOWN = {**DEALS, "c": Deal("NEW", FEB), "d": Deal("OTHER", JUNE)}


@given(ENTRIES)
def test_every_month_balances_and_ties_to_the_ledger(entries: list[Entry]) -> None:
    costs = held(entries, KNOWN, {}, RULES)
    months = {cost.on.replace(day=1) for one in costs for cost in one.costs}
    months |= {m.start for one in costs for m in one.months}
    balance: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for month in sorted(months):
        payable: dict[str, Decimal] = defaultdict(Decimal)
        totals: dict[str, Decimal] = defaultdict(Decimal)
        for line in journal(costs, month):
            assert min(line.debit, line.credit) == 0 < max(line.debit, line.credit)
            totals[line.currency] += line.debit - line.credit
            balance[line.currency, line.account] += line.debit - line.credit
            if line.account == ACCOUNTS["payable"]:
                payable[line.currency] += line.credit - line.debit
        for currency in ("EUR", "USD"):
            posted = (e.amount for e in entries
                      if e.currency == currency and e.on.replace(day=1) == month)  # fmt: skip
            assert totals[currency] == 0
            assert payable[currency] == sum(posted, D(0))
    assert all(balance[currency, ACCOUNTS["asset"]] == 0 for currency in ("EUR", "USD"))


@given(ENTRIES, st.data())
def test_the_order_in_which_entries_are_told_is_of_no_matter(
    entries: list[Entry], data: st.DataObject
) -> None:
    mixed = data.draw(st.permutations(entries))
    assert held(mixed, KNOWN, {}, RULES) == held(entries, KNOWN, {}, RULES)


def test_one_deal_and_one_month_are_those_among_all() -> None:
    entries = [entry("100"), entry("70", deal_id="b"), entry("-5", on=JUNE)]
    every = held(entries, DEALS, {}, policy())
    (alone,) = held(entries, DEALS, {}, policy(), only="b")
    assert alone == next(one for one in every if one.deal_id == "b")
    span = Wanted(JUNE, date(2026, 7, 1))
    assert journal(held(entries, DEALS, {}, policy(), span=span), JUNE) == journal(every, JUNE)
    assert every[0].costs == (Cost(JAN, D(100)), Cost(JUNE, D(-5)))
