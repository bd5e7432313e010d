"""Cancelled deals as plans take them back: published cases, and what order and dates change."""

import itertools
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from schemas.plan_choices import CancelReason
from streams.domain.plan_credits import Credit
from tests.streams.accruing import Accruing, terms
from tests.streams.planned import credit, written

JUNE, AUGUST = date(2026, 6, 10), date(2026, 8, 14)
TEN = "- {component_id: c, kind: FLAT, rate: 0.1}"
QUOTAPATH = "- {component_id: c, tiers: [{since: 0, rate: 0.05}, {since: 450000, rate: 0.1}]}"


def gone(made: Credit, on: date, reason: CancelReason = CancelReason.CHURN) -> Credit:
    return made._replace(cancelled_on=on, cancel_reason=reason.value)


def on_plan(components: str, **clawback: Any) -> Accruing:
    period = clawback.pop("period", "QUARTER")
    made = written(components, period=period, **({"clawback": clawback} if clawback else {}))
    return Accruing(terms(made))


def dues(entries: list[dict[str, Any]]) -> list[tuple[str, Decimal, date]]:
    return [(e["kind"], e["amount"], e["payout_start"]) for e in entries]


def test_w48_in_full_and_attainment_is_kept() -> None:
    """W48: Salesforce Spiff, clawback: a June deal of 500 is taken back in August; quota stays.

    https://help.salesforce.com/apex/HTViewHelpDoc?id=sales.spiff_clawback
    """
    tiers = "- {component_id: c, tiers: [{since: 0, rate: 0.1}, {since: 5000, rate: 0.2}]}"
    one = on_plan(tiers, mode="FULL", period="MONTH")
    deal = credit(5_000, JUNE, "deal")
    assert dues(one.take(deal)) == [("ACCRUAL", 500, date(2026, 6, 1))]
    one.take(credit(1_000, date(2026, 6, 20), "later"))  # above the line, thanks to the deal
    taken = one.take(gone(deal, AUGUST))
    assert dues(taken) == [("CLAWBACK", -500, date(2026, 8, 1))]
    assert (taken[0]["origin_start"], taken[0]["deal_id"]) == (date(2026, 6, 1), "deal")
    assert "500 earned" in taken[0]["trace"]
    assert dues(one.take(credit(1_000, date(2026, 6, 25), "last")))[0][1] == 200


def test_w52_the_ladder_is_climbed_again() -> None:
    """W52: QuotaPath: 50,000 of March cancelled in May, 5 percent to 450,000, then 10.

    Q1 was 480,000 and 25,500, is 430,000 and 21,500: 4,000, not 2,500 or 5,000.
    """
    one = on_plan(QUOTAPATH)
    deal = credit(50_000, date(2026, 3, 5), "deal")
    one.take(credit(430_000, date(2026, 1, 20), "rest"))
    one.take(deal)
    assert dues(one.take(gone(deal, date(2026, 5, 20)))) == [("CLAWBACK", -4_000, date(2026, 1, 1))]
    assert one.of("c") == 21_500


def test_w56_a_credit_note_takes_back_at_the_same_rate() -> None:
    """W56: adempiere issue 1628: invoices of 1,000, credit notes of 200, 4 percent: 32, not 48."""
    one = on_plan("- {component_id: c, kind: FLAT, rate: 0.04}")
    one.take(credit(1_000, deal="invoice"))
    one.take(credit(-200, deal="note"))
    assert one.of("c") == 32


def test_w50_what_the_pay_run_asks_back_is_no_longer_earned() -> None:
    """W50: Centify: of two instalments of 500 one is paid; what is earned is 0 from then on.

    How much of it was paid, and so is recovered, only the pay run knows.
    """
    one = on_plan(TEN, mode="PAID")
    deal = credit(10_000, JUNE, "deal")
    one.take(deal)
    assert dues(one.take(gone(deal, AUGUST))) == [("CLAWBACK", -1_000, date(2026, 7, 1))]
    assert one.of("c") == 0


def test_pro_rata_takes_back_the_part_of_the_term_that_is_not_served() -> None:
    one = on_plan(TEN, mode="PRO_RATA", term_months=12)
    deal = credit(36_500, date(2026, 1, 1), "deal")
    one.take(deal)
    one.take(gone(deal, date(2026, 3, 15)))  # 73 of 365 days served
    assert one.of("c") == 3_650 - 2_920
    one.take(gone(deal, date(2027, 1, 1)))
    assert one.of("c") == 3_650


def test_only_the_reasons_and_months_a_plan_names_take_back() -> None:
    one = on_plan(TEN, mode="FULL", reasons=["NON_PAYMENT"], within_months=3)
    deal = credit(1_000, JUNE, "deal")
    for on, reason, left in [
        (AUGUST, CancelReason.CHURN, 100),
        (AUGUST, CancelReason.NON_PAYMENT, 0),
        (date(2026, 9, 10), CancelReason.NON_PAYMENT, 100),
    ]:
        one.take(gone(deal, on, reason))
        assert one.of("c") == left


def test_reduced_attainment_lowers_what_comes_later_and_nothing_before() -> None:
    tiers = "- {component_id: c, tiers: [{since: 0, rate: 0.05}, {since: 1000, rate: 0.1}]}"
    early = credit(500, date(2026, 1, 20), "early")
    deal = credit(600, date(2026, 1, 25), "deal")
    between = credit(100, date(2026, 2, 1), "between")
    late = credit(200, date(2026, 3, 20), "late")
    cancelled = gone(deal, date(2026, 3, 1))
    kept, reduced = (on_plan(tiers, mode="FULL", attainment=a) for a in ("KEPT", "REDUCED"))
    for one in (kept, reduced):
        for made in (early, deal, between, late, cancelled):
            one.take(made)
    # early 25, deal 25 + 10 taken back, between 10; late at 10 percent, or at 5 from 600 on.
    assert (kept.of("c"), reduced.of("c")) == (55, 45)


@pytest.mark.parametrize("mode", ["LADDER", "FULL", "PAID", "PRO_RATA"])
def test_the_order_of_arrival_changes_nothing(mode: str) -> None:
    term = {"term_months": 6} if mode == "PRO_RATA" else {}
    deals = [
        credit(1_000, date(2026, 1, 20), "a"),
        gone(credit(3_000, date(2026, 1, 22), "b"), date(2026, 4, 2)),
        gone(credit(700, date(2026, 2, 1), "c"), date(2026, 2, 9)),
    ]
    found = []
    tiers = "- {component_id: c, tiers: [{since: 0, rate: 0.05}, {since: 1500, rate: 0.12}]}"
    for order in itertools.permutations(deals):
        one = on_plan(tiers, mode=mode, **term)
        for made in order:
            one.take(made)
        found.append(one.totals())
    assert all(each == found[0] for each in found)


def test_a_deal_cancelled_before_its_own_day_never_counts() -> None:
    one = on_plan(TEN, mode="FULL")
    assert one.take(gone(credit(1_000, JUNE, "deal"), JUNE)) == []


def test_a_refund_after_close_posts_into_the_first_open_period() -> None:
    made = written(QUOTAPATH)
    one = Accruing(terms(made))
    deal = credit(50_000, date(2026, 3, 5), "deal")
    one.take(credit(430_000, date(2026, 1, 20), "rest"))
    one.take(deal)
    one.revise(terms(made, closed=date(2026, 4, 1)))
    (entry,) = one.take(gone(deal, date(2026, 5, 20), CancelReason.REFUND))
    assert (entry["kind"], entry["amount"]) == ("CLAWBACK", -4_000)
    assert (entry["origin_start"], entry["payout_start"]) == (date(2026, 1, 1), date(2026, 1, 1))
    assert (entry["posted_start"], entry["posted_end"]) == (date(2026, 4, 1), date(2026, 7, 1))
