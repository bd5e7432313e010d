"""Published examples of draws, holds and clawbacks, each through a plan file as it is shipped.

Where the published number is wrong, the docstring says so and the right one is asserted.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from schemas.plans import Plans
from streams.domain.eligibility import Billing
from tests.streams.paid_out import EARNED, PAID, Pay, month, paid_for
from tests.streams.planned import written

FLAT = "- {component_id: c, kind: FLAT, rate: 0.1}"


def with_draw(amount: int, **draw: Any) -> Plans:
    """Return a plan that pays monthly, with a draw."""
    told = {"draw_id": "draw", "amount": amount, "valid_from": "2026-01-01", **draw}
    return written(FLAT, period="MONTH", draws=[told])


def test_w40_a_recoverable_draw_month_by_month() -> None:
    """W40: Oracle Siebel, plan design 8, table 4. Pay as published.

    https://docs.oracle.com/cd/E05553_01/books/InCompAdm/InCompAdmPlanDesign8.html
    The published balances mix earnings above the draw with debt; the debt is 0 0 500 125 0 0.
    """
    found = paid_for(Pay(with_draw(2000)), [2750, 3000, 1500, 2375, 3000, 2750])
    assert [paid for paid, _ in found] == [2750, 3000, 2000, 2000, 2875, 2750]
    assert [debt for _, debt in found] == [0, 0, 500, 125, 0, 0]


def test_w42_what_earnings_fall_short_of_a_draw_is_paid_at_the_close() -> None:
    """W42: QuotaPath: a draw of 5,000, 3,200 earned: 1,800 on top; carried if recoverable.

    https://help.quotapath.com/en/articles/15505239-how-to-create-non-recoverable-draws
    """
    for recoverable, owed in ((True, 1800), (False, 0)):
        pay = Pay(with_draw(5000, recoverable=recoverable))
        pay.earn(3200, 1)
        assert not pay.made, "before the close nothing of the draw stands in the ledger"
        assert pay.close(1) == 5000
        assert sum(m.amount for m in pay.made if (m.kind, m.state) == ("DRAW", "RELEASED")) == 1800
        assert pay.debt() == owed


def test_w44_a_draw_paid_back_over_several_periods() -> None:
    """W44: studypool 183314, a draw of 1,000; here each of its weeks is a payout period.

    The published balance of the third row is 300 (500 paid back); 1,200 - 1,000 pays back 200, and
    the fourth row is right only with 800.
    """
    found = paid_for(Pay(with_draw(1000)), [400, 600, 1200, 1500, 1400])
    assert [paid for paid, _ in found] == [1000, 1000, 1000, 1000, 1100]
    assert [debt for _, debt in found] == [600, 1000, 800, 300, 0]


def test_w46_an_advance_at_the_start_of_a_month() -> None:
    """W46: visdum.com, recoverable and non-recoverable draw: cheque of 2,000; 1,000 still owed."""
    for draw, earned, cheque, owed in ((4000, 6000, 2000, 0), (3000, 2000, 0, 1000)):
        once = with_draw(draw, kind="ADVANCE", valid_from="2026-02-01", valid_to="2026-03-01")
        pay = Pay(once)
        assert pay.close(1) == draw, "paid with the payout before the month"
        pay.earn(earned, 2)
        assert (pay.close(2), pay.debt()) == (cheque, owed)


def test_w48_a_cancelled_deal_is_taken_back_when_it_is_cancelled() -> None:
    """W48: Salesforce Spiff, clawback: June pays 500, cancelled in August: -500 in August.

    https://help.salesforce.com/apex/HTViewHelpDoc?id=sales.spiff_clawback
    That attainment is kept is a matter of the plan, not of pay.
    """
    pay = Pay(written(FLAT, period="MONTH"))
    pay.earn(500, 6)
    assert pay.close(6) == 500
    assert pay.close(7) == 0
    pay.earn(-500, 8, kind="CLAWBACK")
    pay.earn(800, 8, deal="d2")
    assert pay.close(8) == 300
    assert pay.balance(PAID) == pay.balance(EARNED) == 800


def test_w50_only_what_was_paid_is_taken_back() -> None:
    """W50: Centify: instalment 1 of 500 is paid, 2 is not; cancelled: -500, and 2 is off.

    https://getcentify.featurebase.app/help/articles/3446029-what-are-clawbacks-and-how-to-manage-them
    """
    parts = "eligible: {by: DATES, parts: [{days: 0, share: 0.5}, {days: 45, share: 0.5}]}"
    pay = Pay(written(FLAT.replace("0.1}", f"0.1, {parts}}}"), period="MONTH"))
    deals = {"d1": Billing(date(2026, 1, 15), Decimal(10_000))}
    pay.earn(1000, 1)
    assert pay.close(1, deals) == 500
    pay.earn(-1000, 2, kind="CLAWBACK", origin=month(1))
    assert pay.close(2, deals) == 0, "nobody is paid less than nothing"
    assert pay.balance("RELEASED") - pay.balance(PAID) == -500
    pay.earn(700, 3, deal="d2")
    deals["d2"] = Billing(date(2026, 1, 1), Decimal(7000))
    assert pay.close(3, deals) == 200, "700 of another deal, less the 500"
    assert pay.close(4, deals) == 0, "the second instalment never comes"


def test_w53_pay_follows_the_customers_cash() -> None:
    """W53: Oracle Siebel, plan design 7: 10 % of 1,000,000; twice 500,000: twice 50,000.

    https://docs.oracle.com/cd/E05553_01/books/InCompAdm/InCompAdmPlanDesign7.html
    """
    pay = Pay(written(FLAT.replace("0.1}", "0.1, eligible: {by: CASH}}"), period="MONTH"))
    pay.earn(100_000, 1)

    def cash(amount: int | None) -> dict[str, Billing]:
        known = None if amount is None else Decimal(amount)
        return {"d1": Billing(date(2026, 1, 15), Decimal(1_000_000), paid=known)}

    paid = [pay.close(n, cash(a)) for n, a in enumerate((None, 500_000, 500_000, 1_000_000), 1)]
    assert paid == [0, 50_000, 0, 50_000]


def test_w54_half_invoiced_is_half_eligible() -> None:
    """W54: QuotaPath, payouts eligibility: 5,000 of 10,000: half of the earnings.

    https://help.quotapath.com/en/articles/6457485-payouts-eligibility
    """
    pay = Pay(written(FLAT.replace("0.1}", "0.1, eligible: {by: INVOICED}}"), period="MONTH"))
    pay.earn(1000, 1)
    half = Billing(date(2026, 1, 15), Decimal(10_000), invoiced=Decimal(5000))
    assert pay.close(1, {"d1": half}) == 500
    assert pay.balance("ELIGIBLE") == 500
    assert pay.balance(EARNED) == 1000
