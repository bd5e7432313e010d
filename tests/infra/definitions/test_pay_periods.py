"""A period from open to paid through the command line, on a real log and a real warehouse.

The live agent is left out: its entries and the markers it would have met are written by the test.
"""

import csv
import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.cli.main import app
from infra.definitions.stored import Stored
from infra.payroll import acting, running
from infra.reconcile import pay_runs
from infra.reconcile.findings import Checked
from infra.reconcile.periods import ALL, Days, days_of
from schemas.payroll import Payroll, PeriodStep
from tests.infra.definitions.conftest import Ground

pytestmark = [pytest.mark.slow]
PLANS = """
plans:
- {plan_id: p, name: P, currency: EUR, period: MONTH, valid_from: 2026-01-01,
   components: [{component_id: c, kind: FLAT, rate: 0.1}],
   draws: [{draw_id: start, amount: 500, valid_from: 2026-01-01, valid_to: 2026-02-01, reps: [r2]}]}
"""
PEOPLE = """
people:
- {rep_id: r1, name: Ada One, employee_number: "0007"}
- {rep_id: r2, name: Ben Two, employee_number: "0012"}
"""
JAN, FEB, MAR = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
BEYOND = 1 << 62  # of a marker that every act lies below
CUT = 100
FIXED = """
format: FIXED
columns:
- {name: employee_number, width: 6, align: RIGHT, pad: "0"}
- {name: currency, width: 3}
- {name: amount_minor, width: 9, align: RIGHT, pad: "0"}
"""


@pytest.fixture
def company(installed: Ground, small: Path) -> Ground:
    """Two reps on a plan, one with a draw; entries of January below the cut of every act."""
    (small / "plans.yaml").write_text(PLANS)
    (small / "people.yaml").write_text(PEOPLE)
    (small / "payroll.yaml").unlink()
    installed.apply(small)
    installed.client.command(
        "INSERT INTO spm.log (cluster_id, topic, topic_id, epoch, state, partitions)"
        " VALUES ('pacesetter-test', 'spm.credits', 't', 1, 'open', 2)"
    )
    marks(installed, (0, 1))
    earn(installed, "r1", "1000.10", 1, "d1")
    earn(installed, "r2", "200", 2, "d2")
    earn(installed, "r1", "77", CUT + 5, "d9")  # came behind the cut
    return installed


def marks(ground: Ground, partitions: tuple[int, ...]) -> None:
    names = ["entity_id", "topic", "partition", "kind", "position", "sequence"]
    rows = [[f"marker:{p}", "spm.credits", p, "marker", CUT, BEYOND] for p in partitions]
    ground.client.insert("spm.credit", rows, column_names=names)


def earn(
    ground: Ground, rep: str, amount: str, position: int, deal: str, *, posted: date = JAN
) -> None:
    end = date(posted.year, posted.month + 1, 1)
    row = {
        "entry_id": f"{rep}-{position}", "rep_id": rep, "plan_id": "p", "component_id": "c",
        "origin_start": JAN, "origin_end": FEB, "payout_start": JAN, "payout_end": FEB,
        "posted_start": posted, "posted_end": end, "state": "EARNED", "kind": "ACCRUAL",
        "currency": "EUR", "amount": Decimal(amount), "topic": "spm.credits", "partition": 0,
        "position": position, "deal_id": deal, "role": "REVENUE", "via": "owner",
    }  # fmt: skip
    ground.client.insert("spm.commission_ledger", [list(row.values())], column_names=list(row))


def say(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    return result.output


def approved(ground: Ground, month: str) -> None:
    """Let a month be approved by two people, in one revision."""
    period = acting.period_named(ground.client, month)

    def change(payroll: Payroll) -> Payroll:
        for step, by in (("PROVISIONAL", "ana"), ("APPROVED", "ana"), ("APPROVED", "ben")):
            payroll = acting.step(period, PeriodStep(step), by, "")(payroll)
        return payroll

    acting.apply(ground.client, ground.log, change, "ana", "approved")


def closed(ground: Ground, month: str) -> None:
    approved(ground, month)
    say("period", "close", month, "--by", "ana")


def proven(ground: Ground, days: Days = ALL) -> Checked:
    """Return what `pacesetter reconcile` finds of pay runs."""
    return pay_runs.check(ground.client, days)


def balance(ground: Ground, rep: str) -> dict[str, Decimal]:
    rows = ground.rows(
        "SELECT state, sum(amount) FROM spm.commission_ledger FINAL WHERE topic = 'spm.definitions'"
        f" AND rep_id = '{rep}' GROUP BY state"
    )
    return dict(rows)  # type: ignore[arg-type]


def made(ground: Ground) -> list[tuple[Any, ...]]:
    return ground.rows(
        "SELECT * FROM spm.commission_ledger FINAL WHERE topic = 'spm.definitions'"
        " ORDER BY entry_id"
    )


def test_a_period_is_approved_by_two_closed_paid_and_exported(
    company: Ground, tmp_path: Path
) -> None:
    assert "first" in say("period", "approve", "2026-01", "--by", "ana", code=1)
    say("period", "provisional", "2026-01", "--by", "ana")
    say("period", "approve", "2026-01", "--by", "ana")
    assert "another person" in say("period", "approve", "2026-01", "--by", "ana", code=1)
    assert "two different people" in say("period", "close", "2026-01", "--by", "ana", code=1)
    say("period", "approve", "2026-01", "--by", "ben")
    assert made(company) == []
    assert "RELEASE" in say("period", "close", "2026-01", "--by", "ana")
    assert balance(company, "r1") == {"ELIGIBLE": Decimal("1000.1"), "RELEASED": Decimal("1000.1")}
    assert balance(company, "r2") == {"ELIGIBLE": 200, "RELEASED": 500}
    assert "closed period never changes" in say(
        "period", "reopen", "2026-01", "--by", "ana", "--reason", "oh", code=1
    )
    assert "pacesetter period pay" in say("payroll", "export", "2026-01", code=1)
    say("period", "pay", "2026-01", "--by", "ana")
    lines = list(csv.DictReader(io.StringIO(say("payroll", "export", "2026-01"))))
    assert [(line["employee_number"], line["amount"]) for line in lines] == [
        ("0007", "1000.10"), ("0012", "500.00"),
    ]  # fmt: skip
    (tmp_path / "fixed.yaml").write_text(FIXED)
    text = say("payroll", "export", "2026-01", "--template", str(tmp_path / "fixed.yaml"))
    assert text == "000007EUR000100010\n000012EUR000050000\n"
    (tmp_path / "old.csv").write_text("employee_number,currency,amount\n0007,EUR,1000.10\n")
    told = say("payroll", "compare", str(tmp_path / "old.csv"), "--period", "2026-01", code=1)
    assert "2 payees and currencies, 1 differ" in told
    (shown,) = json.loads(say("period", "list", "--json"))
    assert (shown["status"], shown["approved_by"]) == ("paid", ["ana", "ben"])


def test_a_run_done_again_makes_the_same_rows(company: Ground) -> None:
    closed(company, "2026-01")
    before = made(company)
    assert before
    assert (proven(company).differing, proven(company).in_flight) == (0, 0)
    company.client.command("TRUNCATE TABLE spm.pay_run")  # killed before it was noted
    assert proven(company).in_flight > 0
    say("payroll", "run")
    assert made(company) == before
    company.client.command(  # a backup that has the note and not all entries
        "DELETE FROM spm.commission_ledger WHERE topic = 'spm.definitions' AND rep_id = 'r1'"
    )
    assert made(company) != before
    (wrong,) = proven(company).mismatches
    assert "payroll run" in wrong.wrong
    say("payroll", "run")
    assert made(company) == before
    assert "Nothing is left undone" in say("payroll", "run")
    assert "0 entries differ" in say("payroll", "verify")
    company.client.command(
        "INSERT INTO spm.commission_ledger SELECT * REPLACE (amount + 1 AS amount)"
        " FROM spm.commission_ledger WHERE topic = 'spm.definitions' AND rep_id = 'r2'"
        " AND kind = 'DRAW'"
    )
    told = say("payroll", "verify", code=1)
    assert "301.0000 stands there, 300.0000 should" in told
    assert "1 entries differ" in told
    (wrong,) = proven(company).mismatches
    assert (wrong.expected, wrong.found, wrong.currency) == ("300.0000", "301.0000", "EUR")
    assert proven(company, days_of("2026-02")).differing == 0  # nothing was posted there


def test_a_refund_after_the_close_is_taken_from_the_next_pay(company: Ground, small: Path) -> None:
    closed(company, "2026-01")
    say("period", "pay", "2026-01", "--by", "ana")
    earn(company, "r1", "-1000.10", 10, "d1", posted=FEB)  # the deal agent posts into February
    earn(company, "r1", "1500", 11, "d3", posted=FEB)
    closed(company, "2026-02")
    say("period", "pay", "2026-02", "--by", "ana")
    lines = list(csv.DictReader(io.StringIO(say("payroll", "export", "2026-02"))))
    assert [(line["rep_id"], line["amount"]) for line in lines] == [("r1", "499.90")]
    assert balance(company, "r1")["PAID"] == 1500
    (small / "payroll.yaml").write_text("periods: []\n")  # what is done cannot be taken out
    told = say("definitions", "apply", str(small), "--note", "oh", code=1)
    assert "is in force and missing here" in told


def test_workers_that_are_away_are_named(company: Ground) -> None:
    approved(company, "2026-01")
    company.client.command("TRUNCATE TABLE spm.credit")
    marks(company, (1,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "SECONDS_MAX", 0.0)
        told = say("period", "close", "2026-01", "--by", "ana", code=3)
    assert "1 of 2 partitions" in told
    assert len(running.waiting(Stored(company.client))) == 1  # what the doctor tells
    marks(company, (0,))
    say("payroll", "run")
    assert running.waiting(Stored(company.client)) == []
    assert balance(company, "r2")["RELEASED"] == 500


def test_entries_by_hand_want_another_persons_approval(company: Ground) -> None:
    words = ["--rep", "r1", "--amount", "25", "--currency", "EUR", "--reason", "agreed"]
    say("payroll", "manual", "gift", *words, "--by", "ana")
    assert "somebody else" in say("payroll", "approve", "gift", "--by", "ana", code=1)
    say("payroll", "approve", "gift", "--by", "ben")
    entry = company.rows(
        "SELECT kind, state, amount, author, approver, reason FROM spm.commission_ledger FINAL"
        " WHERE topic = 'spm.definitions'"
    )
    assert entry == [("MANUAL", "EARNED", Decimal(25), "ana", "ben", "agreed")]


def test_openings_are_told_before_they_are_written(company: Ground, tmp_path: Path) -> None:
    file = tmp_path / "old.csv"
    file.write_text(
        "opening_id,rep_id,plan_id,component_id,day,currency,deal_id,paid,debt\n"
        "o1,r1,p,c,2026-01-05,EUR,d1,400,\no2,r2,p,start,2026-01-05,EUR,,,100\n"
    )
    words = ["payroll", "openings", str(file), "--reason", "cut-over", "--by", "ana"]
    assert "nothing was written" in say(*words, "--dry-run")
    say(*words)
    say("payroll", "approve", "o1", "o2", "--by", "ben")
    assert balance(company, "r1") == {"ELIGIBLE": 400, "RELEASED": 400, "PAID": 400}
    assert balance(company, "r2") == {"RELEASED": 100, "PAID": 100}
    closed(company, "2026-01")
    assert balance(company, "r1")["RELEASED"] == Decimal("1000.1")
