"""Commissions: published examples to the cent, and what counts for whom."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from schemas.definitions import UNASSIGNED
from schemas.plan_components import Counts
from streams.domain.commissions import counted
from streams.domain.plan_sums import Selector
from streams.domain.plan_terms import origin_of
from tests.streams.payee import DAY, UNIT, Payee, component, credit, paid, plan, terms

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
