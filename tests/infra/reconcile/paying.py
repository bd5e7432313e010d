"""A company that pays: deals, a worker, and acts of payroll that reach it through the log."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from infra.definitions import connecting
from infra.definitions.stored import Stored
from infra.payroll.running import run_pending
from infra.reconcile import amortisation, credits, ledger, pay_runs, recomputed
from infra.reconcile.findings import Checked
from infra.reconcile.periods import ALL
from infra.reconcile.running import reconcile
from tests.ground import Site, wait_for
from tests.infra.reconcile.conftest import arrived, mark_credits
from tests.infra.reconcile.editing import check
from tests.load import Event

TABLES = (credits.DEAL_CREDIT, credits.CREDIT, ledger.TABLE, recomputed.TABLE, pay_runs.TABLE,
          amortisation.TABLE)  # fmt: skip
MONTHS = {n: (f"2026-{n:02d}-01", f"2026-{n + 1:02d}-01") for n in range(1, 12)}
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
    """A worker, and people who decide: whatever they do reaches it through the log."""

    def __init__(self, at: Site, known: Mapping[str, Any], **acts: Sequence[Any]) -> None:
        """Put definitions in force and start a worker; `acts` are of payroll, by their field."""
        self.site, self.sequence, self.steps = at, 1, list[dict[str, Any]]()
        self.acts: dict[str, Sequence[Any]] = acts
        at.define(1, known)
        at.open_epochs()
        at.start_worker()

    def revise(self, kinds: Mapping[str, Any]) -> None:
        """Put a revision of the definitions in force everywhere, once all deals are in."""
        look = self.site.warehouse()
        self.site.wait_applied(150)
        wait_for(lambda: not check(look, credits.CREDIT).in_flight, "credits have arrived", 150)
        self.sequence += 1
        self.site.define(self.sequence, kinds)
        self.site.mark(self.sequence)
        mark_credits(self.site, self.sequence)
        arrived(self.site, self.sequence)

    def act(self, month: int, *steps: str, **acts: Sequence[Any]) -> None:
        """Let people do something with a month, and do the pay run."""
        start, end = MONTHS[month]
        for step in steps:
            self.steps.append({"at": f"2026-04-01T00:00:{len(self.steps):02d}Z", "step": step,
                               "period_start": start, "period_end": end, "by": "ana"})  # fmt: skip
        self.acts |= acts
        self.revise({"payroll": {"periods": self.steps, **self.acts}})
        run_pending(self.stored())

    def stored(self) -> Stored:
        """Return the warehouse as commands see it."""
        return Stored(connecting.warehouse(self.site.settings))

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
