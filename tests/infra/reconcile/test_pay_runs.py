"""Pay with a live worker: won and paid out, refunded after the close, taken from the next pay."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from infra.definitions import connecting
from infra.definitions.stored import Stored
from infra.payroll.running import run_pending
from infra.reconcile import credits, ledger, pay_runs, recomputed
from infra.reconcile.findings import Checked
from infra.reconcile.periods import ALL
from infra.reconcile.running import reconcile
from tests.ground import Site, site, wait_for
from tests.infra.reconcile.conftest import arrived, mark_credits
from tests.infra.reconcile.editing import check
from tests.load import Event, definitions

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

TABLES = (credits.DEAL_CREDIT, credits.CREDIT, ledger.TABLE, recomputed.TABLE, pay_runs.TABLE)
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
MONTHS = {1: ("2026-01-01", "2026-02-01"), 2: ("2026-02-01", "2026-03-01")}
STATES = ("EARNED", "ELIGIBLE", "RELEASED", "PAID")


def deal(number: int, user: str, amount: int, won: date, **more: Any) -> Event:
    at = datetime(won.year, won.month, won.day, 12, tzinfo=UTC)
    record = {
        "entity_id": f"sim:deal:{number}", "source": "sim", "source_id": str(number),
        "revision": 1, "op": "SET", "created_at": at, "occurred_at": at, "owner_id": user,
        "stage_id": "s", "stage_class": "WON", "won_at": at, "amount": Decimal(amount),
        "currency": "EUR", "splits": [], **more,
    }  # fmt: skip
    return Event("deal", record)


class Company:
    """Two reps on a plan, a worker, and acts of payroll that reach it through the log."""

    def __init__(self, at: Site) -> None:
        self.site, self.sequence, self.steps = at, 1, list[dict[str, Any]]()
        at.define(1, {**definitions(2), "plans": {"plans": [PLAN]}})
        at.open_epochs()
        at.start_worker()

    def act(self, month: int, *steps: str) -> None:
        """Let people do something with a month once all deals are in, and do the pay run."""
        look = self.site.warehouse()
        self.site.wait_applied(150)
        wait_for(lambda: not check(look, credits.CREDIT).in_flight, "credits have arrived", 150)
        self.sequence += 1
        for step in steps:
            start, end = MONTHS[month]
            self.steps.append({"at": f"2026-04-01T00:00:{len(self.steps):02d}Z", "step": step,
                               "period_start": start, "period_end": end, "by": "ana"})  # fmt: skip
        payroll = {"periods": self.steps, "openings": [OPENING]}
        self.site.define(self.sequence, {"payroll": payroll})
        self.site.mark(self.sequence)
        mark_credits(self.site, self.sequence)
        arrived(self.site, self.sequence)
        run_pending(Stored(connecting.warehouse(self.site.settings)))

    def balances(self, rep_id: str) -> list[Decimal]:
        """Return what is earned, eligible, released and paid."""
        rows = self.site.frame(
            "SELECT toString(state) AS state, sum(amount) AS total FROM spm.commission_ledger FINAL"
            f" WHERE rep_id = '{rep_id}' GROUP BY state"
        )
        found = dict(rows.iter_rows())
        return [found.get(state, Decimal(0)) for state in STATES]

    def proven(self) -> dict[str, Checked]:
        """Return what `pacesetter reconcile` finds, of which nothing differs."""
        report = reconcile(self.site.warehouse(), ALL, TABLES, sleep=lambda _: None)
        assert [m for one in report.checks for m in one.mismatches] == []
        return {one.table: one for one in report.checks}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with site(tmp_path_factory.mktemp("pay"), partitions=2) as made:
        yield Company(made)


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
    _tampering_is_told(company)


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
