"""Pay with a live worker: won and paid out, refunded after the close, taken from the next pay."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from infra.definitions import connecting
from infra.reconcile import pay_runs, recomputed
from infra.reconcile.periods import ALL
from infra.reconcile.running import reconcile
from infra.statements.explaining import explained, told
from infra.statements.reading import Ledger
from streams.domain.periods import Span
from tests.ground import site
from tests.infra.reconcile.paying import Company, deal
from tests.load import definitions

pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.timeout(600)]

TIERS = [{"since": "0", "rate": "0.1"}, {"since": "50000", "rate": "0.2"}]
PLAN = {
    "plan_id": "p", "name": "P", "currency": "EUR", "period": "MONTH", "valid_from": "2026-01-01",
    "components": [{"component_id": "c", "tiers": TIERS}],
}  # fmt: skip
OPENING = {
    "opening_id": "old", "at": "2026-01-02T00:00:00Z", "rep_id": "r1", "plan_id": "p",
    "component_id": "c", "day": "2026-01-02", "currency": "EUR", "credited": "50000",
    "earned": "5000", "paid": "5000", "by": "ana", "reason": "cut-over", "approved_by": "ben",
    "approved_at": "2026-01-03T00:00:00Z",
}  # fmt: skip


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with site(tmp_path_factory.mktemp("pay"), partitions=2) as made:
        known = {**definitions(2), "plans": {"plans": [PLAN]}}
        yield Company(made, known, openings=[OPENING])


def test_a_refund_after_the_close_comes_back_from_the_next_pay(company: Company) -> None:
    refunded = {"cancelled_on": date(2026, 2, 3), "cancel_reason": "REFUND", "revision": 2}
    january, won = [deal(2, "u1", 300, date(2026, 1, 20))], date(2026, 1, 10)
    company.site.produce([deal(1, "u0", 1000, won), *january])
    company.act(1)  # what the other system left of r1
    company.act(1, "CLOSED", "PAID")
    assert company.balances("r0") == [100] * 4
    assert company.balances("r1") == [5060] * 4  # 300 at 20 %, beside what was taken over
    february = [deal(3, "u0", 2500, date(2026, 2, 10)), deal(4, "u1", 300, date(2026, 2, 20))]
    company.site.produce([deal(1, "u0", 1000, won, **refunded), *february])
    company.act(2, "CLOSED")
    assert company.balances("r0") == [250, 250, 250, 100]
    company.act(2, "PAID")
    assert company.balances("r0") == [250] * 4
    assert company.balances("r1") == [5090] * 4  # in February the ladder begins at 0
    (back,) = company.site.frame(
        "SELECT origin_start, posted_start, amount FROM spm.commission_ledger FINAL"
        " WHERE kind = 'CLAWBACK'"
    ).iter_rows()
    assert back == (date(2026, 1, 1), date(2026, 2, 1), Decimal(-100))
    found = company.proven()
    assert found[pay_runs.TABLE].keys == 4
    assert found[recomputed.TABLE].keys == 4
    _every_entry_is_explained(company)
    _tampering_is_told(company)


def _every_entry_is_explained(company: Company) -> None:
    """What was taken over, too, by what it is made from."""
    client = connecting.warehouse(company.site.settings)
    ledger = Ledger(client)
    quarter = Span(date(2026, 1, 1), date(2026, 4, 1))
    lines = ledger.statement("r1", "r1", quarter).lines
    found = explained(client, ledger, [line.entry for line in lines])
    assert {one.line.entry.kind for one in found} > {"OPENING", "PAYOUT"}
    for one in found:
        assert one.recomputed.amount == one.line.entry.amount, told(one)
    texts = [told(one) for one in found if one.line.entry.kind == "OPENING"]
    assert all("opening balance old, written by ana" in text for text in texts)


def _tampering_is_told(company: Company) -> None:
    company.site.warehouse().command(
        "INSERT INTO spm.commission_ledger SELECT * REPLACE (amount + 1 AS amount)"
        " FROM spm.commission_ledger FINAL WHERE kind = 'RELEASE' AND rep_id = 'r1'"
        " ORDER BY position DESC LIMIT 1"
    )
    report = reconcile(company.site.warehouse(), ALL, (pay_runs.TABLE,), sleep=lambda _: None)
    assert not report.is_clean
    told = {one.table: one for one in report.checks}[pay_runs.TABLE]
    (wrong,) = told.mismatches
    assert (wrong.key["rep_id"], wrong.off, wrong.currency) == ("r1", Decimal(1), "EUR")
