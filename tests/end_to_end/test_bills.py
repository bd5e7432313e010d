"""A deal is won; billing, a system of its own, invoices it; pay is released as the customer pays.

The worker is live, and killed once on the way. Every month is closed and paid before the next.
"""

import signal
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from infra.billing.explaining import explained
from infra.cli.explain import told_deal
from infra.reconcile import bills
from infra.reconcile.asking import checked
from infra.reconcile.cut import cut, slices
from infra.reconcile.periods import ALL
from schemas.canonical import check
from tests.ground import site, stop
from tests.infra.reconcile.paying import Company, deal
from tests.infra.statements.company import known
from tests.load import Event

pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.timeout(900)]
DEAL = "sim:deal:1"
ON_CASH = {
    "plan_id": "closer", "name": "Closer", "currency": "EUR", "period": "QUARTER",
    "payout": "MONTH", "valid_from": "2026-01-01", "reps": ["dana"],
    "components": [{"component_id": "revenue", "tiers": [{"since": "0", "rate": "0.05"}],
                    "eligible": {"by": "CASH"}}],
}  # fmt: skip


def bill(at: datetime, number: int = 1, **said: Any) -> Event:
    """Return what billing sends through a door about an invoice, as it stands at an instant."""
    record, errors = check(
        "deal",
        {"entity_id": DEAL, "source": "billing", "source_id": f"in_{number}",
         "bill_id": f"INV-{number}", "revision": at, "created_at": at, "occurred_at": at,
         "currency": "EUR", **said},
    )  # fmt: skip
    assert record, errors
    return Event("deal", record)


def on(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 9, tzinfo=UTC)


def test_pay_is_released_as_the_customer_pays_what_billing_says(tmp_path: Any) -> None:
    users = {"identities": [{"source": "sim", "user_id": "dana", "rep_id": "dana"}]}
    first = {**known(), "identities": users, "plans": {"plans": [ON_CASH]}}
    with site(tmp_path, partitions=2) as ground:
        dana = Company(ground, first)
        # The invoice comes before anybody has told of the deal, and one in the wrong currency.
        invoiced = bill(on(1, 12), invoiced_amount="10000")
        ground.produce([invoiced, bill(on(1, 12), 2, currency="USD", paid_amount="9000")])
        ground.produce([deal(1, "dana", 10_000, date(2026, 1, 10))])
        dana.act(1, "CLOSED", "PAID")
        assert dana.balances("dana") == [500, 0, 0, 0]

        # A part payment; billing corrects it the day after; the first word comes once more.
        wrong = bill(on(2, 5), invoiced_amount="10000", paid_amount="5000")
        right = bill(on(2, 6), invoiced_amount="10000", paid_amount="4000")
        ground.produce([wrong, right, wrong])
        dana.act(2, "CLOSED", "PAID")
        assert dana.balances("dana") == [500, 200, 200, 200]

        # The worker dies; the rest is paid meanwhile, and the other invoice is deleted.
        stop(ground.workers[-1], signal.SIGKILL)
        paid = bill(on(3, 3), invoiced_amount="10000", paid_amount="10000")
        gone = bill(on(3, 3), 2, currency="USD", paid_amount="9000", op="CANCELLED")
        ground.produce([paid, right, invoiced, gone])
        ground.start_worker()
        dana.act(3, "CLOSED", "PAID")
        assert dana.balances("dana") == [500, 500, 500, 500]
        dana.proven()
        look = ground.warehouse()
        for part in slices(cut(look), bills.TABLE):
            for one in bills.checks(part, ALL):
                found = checked(look, one)
                assert (found.keys, found.differing) == (7, 0)

        one = explained(look, "INV-1")
        assert (one.entity_id, one.invoiced_amount, one.paid_amount) == (DEAL, 10_000, 10_000)
        assert [(s.bill_id, s.paid_amount, s.counts) for s in one.said] == [
            ("INV-1", None, "replaced by a later one"),
            ("INV-2", 9000, "replaced by a later one"),
            ("", None, "counts; what is invoiced and paid is for its bills to say"),
            ("INV-1", 5000, "replaced by a later one"),
            ("INV-1", 4000, "replaced by a later one"),
            ("INV-1", 10_000, "counts"),
            ("INV-2", 9000, "deleted"),
        ]
        assert [c.paid_amount for c in one.credited] == [Decimal(10_000)]
        assert "is for its bills to say" in told_deal(one)
