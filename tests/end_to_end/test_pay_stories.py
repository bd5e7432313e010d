"""One quarter of a company that pays every month, and what its people read on their statements.

A worker is live all the time. January and February are closed and paid before what happens next.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from infra.amortisation.writing import write
from infra.definitions import connecting
from infra.definitions.peopling import PersonRow
from infra.reconcile import amortisation, pay_runs
from infra.statements.explaining import explained
from infra.statements.explaining import told as explanation
from infra.statements.making import Moments, made
from infra.statements.plain import Shown
from infra.statements.reading import Ledger
from infra.statements.wording import formula, what
from tests.ground import site
from tests.infra.reconcile.paying import Company, deal
from tests.infra.statements.company import known, territories
from tests.infra.statements.viewed import listed, same_traces, viewed

pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.timeout(900)]
PEOPLE = ("dana", "rex", "omar", "tess", "wes")
JANUARY, FEBRUARY, MARCH = "2026-01", "2026-02", "2026-03"
MONTHS = (JANUARY, FEBRUARY, MARCH)
NOW = datetime(2026, 4, 2, 12, tzinfo=UTC)
SEVEN = (("0", "0.07"), ("50000", "0.10"))
EIGHT = (("0", "0.08"), ("50000", "0.12"))
ASCII = str.maketrans({"\u2212": "-", "\u2013": "-", "\u00d7": "x"})
DRAW = {"draw_id": "draw", "amount": "2000", "valid_from": "2026-01-01"}
FORGIVEN = {
    "forgiveness_id": "wes", "at": "2026-03-20T09:00:00Z", "rep_id": "wes", "plan_id": "new-hire",
    "draw_id": "draw", "by": "ana", "reason": "settled on leaving", "approved_by": "ben",
    "approved_at": "2026-03-21T09:00:00Z",
}  # fmt: skip
PRIZE = {
    "manual_id": "prize", "at": "2026-03-22T09:00:00Z", "rep_id": "tess", "amount": "150",
    "currency": "EUR", "by": "ana", "reason": "first of the quarter", "approved_by": "ben",
    "approved_at": "2026-03-23T09:00:00Z",
}  # fmt: skip


def plan(plan_id: str, reps: tuple[str, ...], tiers: Any, **fields: Any) -> dict[str, Any]:
    """Return a plan that is attained by the quarter and paid by the month."""
    return {
        "plan_id": plan_id, "name": f"Plan {plan_id}", "currency": "EUR", "period": "QUARTER",
        "payout": "MONTH", "valid_from": "2026-01-01", "reps": list(reps),
        "components": [
            {"component_id": "revenue", "tiers": [{"since": s, "rate": r} for s, r in tiers]}
        ],
        **fields,
    }  # fmt: skip


def plans(tiers: Any) -> dict[str, Any]:
    """Return all plans; the tiers are dana's."""
    return {
        "plans": [
            plan("closer", ("dana",), tiers),
            plan("field", ("rex", "omar", "tess"), (("0", "0.05"),)),
            plan("new-hire", ("wes",), (("0", "0.10"),), period="MONTH", draws=[DRAW]),
        ]
    }


def roster(leaves: str | None = None) -> dict[str, Any]:
    """Return everybody; wes is there until a day."""
    people: dict[str, Any] = known()["roster"]
    stint = {"valid_from": "2025-11-01", "team_id": "t", "time_zone": "UTC"}
    left = {"valid_to": leaves} if leaves else {}
    return {**people, "reps": [*people["reps"], {"rep_id": "wes", "history": [stint | left]}]}


def won(number: int, rep: str, name: str, amount: str, day: str, **more: Any) -> Any:
    found = deal(number, rep, 0, date.fromisoformat(day))
    return found._replace(
        record={**found.record, "amount": Decimal(amount), "name": name, "account_name": name}
        | more
    )


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """The quarter, month by month."""
    users = [{"source": "sim", "user_id": rep, "rep_id": rep} for rep in PEOPLE]
    first = {**known(), "roster": roster(), "identities": {"identities": users},
             "plans": plans(SEVEN)}  # fmt: skip
    with site(tmp_path_factory.mktemp("quarter"), partitions=2) as ground:
        company = Company(ground, first)
        company.stored().add_people(PersonRow(r, r, "", "", 1, 0) for r in PEOPLE)
        company.site.produce([
            won(1, "dana", "Atlas", "30000", "2026-01-15"),
            won(2, "rex", "Rhine", "10000", "2026-01-20", region="DACH"),
            won(3, "tess", "Ebro", "6000", "2026-01-25"),
            won(4, "wes", "Loire", "5000", "2026-01-28"),
        ])  # fmt: skip
        company.act(1, "CLOSED", "PAID")
        company.site.produce([
            won(5, "dana", "Boreas", "40000", "2026-02-10"),
            won(6, "rex", "Isar", "20000.01", "2026-02-20", region="DACH"),
            won(3, "tess", "Ebro", "6000", "2026-01-25", revision=2,
                cancelled_on=date(2026, 2, 12), cancel_reason="REFUND"),
            won(7, "tess", "Tagus", "10000", "2026-02-18"),
            won(8, "wes", "Seine", "7000", "2026-02-05"),
        ])  # fmt: skip
        company.revise({"plans": plans(EIGHT), "roster": roster(leaves="2026-02-15")})
        company.act(2, "CLOSED", "PAID")
        company.site.produce([won(9, "dana", "Castor", "10000", "2026-03-05")])
        moved = territories(("rex", "2026-01-01", "2026-02-01"), ("omar", "2026-02-01", None))
        company.revise({"territories": moved})
        company.act(3, forgiven=[FORGIVEN], manual=[PRIZE])
        company.act(3, "CLOSED", "PAID")
        yield company


def shown(company: Company, rep: str, month: str) -> Shown:
    ledger = Ledger(connecting.warehouse(company.site.settings))
    return made(ledger, ledger.company(), (rep, rep), month, Moments(NOW))


def told(company: Company, rep: str, month: str) -> list[tuple[Any, ...]]:
    """Return what each line of what was earned is about, its amount, and how it came about."""
    return [
        (what(line), line.entry.amount, *(text.translate(ASCII) for text in formula(line)))
        for section in shown(company, rep, month).statement.earned
        for line in section.lines
    ]


def pay(company: Company, rep: str) -> list[tuple[Decimal, ...]]:
    """Return what is earned, released and paid in each month, and owed at its end."""
    found = []
    for month in MONTHS:
        (total,) = shown(company, rep, month).statement.totals
        found.append((total.earned, total.released, total.paid, total.owed))
    return found


def kinds(company: Company, rep: str, month: str) -> list[tuple[str, str, Decimal]]:
    """Return what a pay run made of somebody's draw, by state."""
    lines = shown(company, rep, month).statement.lines
    drawn = (line.entry for line in lines if line.entry.kind in ("DRAW", "RECOVERY", "FORGIVENESS"))
    return sorted((entry.kind, entry.state, entry.amount) for entry in drawn)


def test_a_plan_that_changes_mid_quarter_leaves_what_was_paid_as_it_was(lived: Company) -> None:
    assert told(lived, "dana", JANUARY) == [
        ("Atlas", 2100, "30,000 x 7% (tier 0 - 50,000) = 2,100.00"),
    ]
    # Of what the new tiers add, 300 belong to January, which was closed when they came.
    assert sorted(line[:2] for line in told(lived, "dana", FEBRUARY)) == [
        ("Boreas", 3400), ("Definitions were revised", 300), ("Definitions were revised", 600),
    ]  # fmt: skip
    assert told(lived, "dana", MARCH) == [
        ("Castor", 1200, "10,000 x 12% (tier from 50,000) = 1,200.00"),
    ]
    assert pay(lived, "dana") == [(2100, 2100, 2100, 0), (4300, 4300, 4300, 0),
                                  (1200, 1200, 1200, 0)]  # fmt: skip


def test_a_territory_that_moves_back_in_time_is_set_off_and_paid_to_its_holder(
    lived: Company,
) -> None:
    assert told(lived, "rex", FEBRUARY)[0][:2] == ("Isar", 1000)
    ((name, amount, *_),) = told(lived, "rex", MARCH)
    assert (name, amount) == ("Isar", -1000)
    (line,) = shown(lived, "rex", MARCH).statement.earned[0].lines
    assert line.entry.due.start == date(2026, 2, 1)  # it was February's
    assert line.entry.posted.start == date(2026, 3, 1)
    # Nobody is asked for money: what rex owes is set off against what comes next.
    assert pay(lived, "rex") == [
        (500, 500, 500, 0),
        (1000, 1000, 1000, 0),
        (-1000, -1000, 0, -1000),
    ]
    assert told(lived, "omar", MARCH)[0][:2] == ("Isar", 1000)
    assert lived.balances("omar") == [1000] * 4


def test_a_refund_after_the_close_comes_back_from_the_next_pay(lived: Company) -> None:
    assert told(lived, "tess", JANUARY)[0][:2] == ("Ebro", 300)
    assert [line[:2] for line in told(lived, "tess", FEBRUARY)] == [
        ("Ebro", -300), ("Tagus", 500),
    ]  # fmt: skip
    assert pay(lived, "tess") == [(300, 300, 300, 0), (200, 200, 200, 0), (150, 150, 150, 0)]


def test_who_left_with_a_draw_pays_back_what_still_comes_and_the_rest_is_let_go(
    lived: Company,
) -> None:
    # 500 earned, 2,000 drawn: a debt of 1,500.
    assert kinds(lived, "wes", JANUARY) == [("DRAW", "RELEASED", 1500)]
    # Gone on the 15th: no draw, and the 700 of a deal from before go against the debt.
    assert kinds(lived, "wes", FEBRUARY) == [("RECOVERY", "RELEASED", -700)]
    assert told(lived, "wes", FEBRUARY)[0][:2] == ("Seine", 700)
    # Ana lets the 800 go and Ben agrees: they count as earned, and nothing moves.
    assert kinds(lived, "wes", MARCH) == [
        ("FORGIVENESS", "EARNED", 800), ("FORGIVENESS", "ELIGIBLE", 800),
    ]  # fmt: skip
    assert lived.balances("wes") == [2000] * 4
    (people,) = {
        (line.entry.author, line.entry.approver, line.entry.reason)
        for line in shown(lived, "wes", MARCH).statement.lines
    }
    assert people == ("ana", "ben", "settled on leaving")


def test_what_people_and_pay_runs_made_is_explained_from_what_stood_below_it(
    lived: Company,
) -> None:
    client = connecting.warehouse(lived.site.settings)
    for rep, month, kind, *words in (
        ("wes", JANUARY, "DRAW", "draw - earned, as far as the limit allows",
         "debt of the draw below it: 0.00", "payroll period 2026-01: CLOSED by ana"),
        ("wes", FEBRUARY, "RECOVERY", "min(debt, recover_rate x (earned - draw))",
         "debt of the draw below it: 1,500.00", "payroll period 2026-02: CLOSED by ana"),
        ("wes", MARCH, "FORGIVENESS", "debt of the draw below it: 800.00",
         "debt let go: wes, written 2026-03-20 by ana", "approved by ben"),
        ("tess", MARCH, "MANUAL", "manual entry prize, written 2026-03-22 by ana",
         "first of the quarter (ana, approved by ben)"),
        ("dana", JANUARY, "ELIGIBLE", "2100.0000 earned x 1 eligible",
         "below it: earned 2,100.00, eligible 0.00, released 0.00, paid 0.00"),
        ("dana", JANUARY, "RELEASE", "eligible - released, when the period closed"),
        ("dana", JANUARY, "PAYOUT", "released - paid", "payroll period 2026-01: PAID by ana"),
    ):  # fmt: skip
        lines = shown(lived, rep, month).statement.lines
        entry = next(line.entry for line in lines if line.entry.kind == kind)
        others = entry._replace(amount=entry.amount + 1), entry._replace(entry_id="made up")
        found, wrong, strange = explained(client, Ledger(client), [entry, *others])
        text = explanation(found)
        for said in words:
            assert said in text, text
        assert "the ledger, credits and acts below it: the same amount" in found.verdict
        assert not wrong.checks
        assert strange.recomputed.amount == 0  # the run makes no such entry


def test_every_line_of_the_quarter_is_proven_explained_and_in_the_warehouse(
    lived: Company,
) -> None:
    client = connecting.warehouse(lived.site.settings)
    write(lived.stored(), {}, NOW)
    found = lived.proven()
    assert found[pay_runs.TABLE].keys == 4
    assert found[amortisation.TABLE].keys > 0
    ledger, lines = Ledger(client), 0
    for rep in PEOPLE:
        for month in MONTHS:
            one = shown(lived, rep, month)
            assert viewed(client, one) == listed(one)
            same_traces(client, one)
            entries = [line.entry for line in one.statement.lines]
            lines += len(entries)
            for each in explained(client, ledger, entries):
                assert each.recomputed.amount == each.line.entry.amount, explanation(each)
    total = "SELECT count(), sum(amount) FROM spm_bi.{}"
    ((count, amount),) = client.query(total.format("commission_ledger")).result_rows
    assert client.query(total.format("commission_statement")).result_rows == [(count, amount)]
    assert lines == count
