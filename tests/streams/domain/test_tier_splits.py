"""What an entry says of itself adds up to its amount, for plans of every kind; slips are told."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.money import minor_units
from schemas.plans import Plan
from streams.domain.earning import NOTHING
from streams.domain.paying import target
from streams.domain.payouts import Line
from streams.domain.plan_credits import Credit, book
from streams.domain.plan_trace import told
from streams.domain.tier_splits import faults, split_of
from tests.streams.domain.test_plan_laws import HERE, credits, histories, quick
from tests.streams.plan_strategies import plans


def lines(plan: Plan, history: list[Credit]) -> dict[Any, Line]:
    return {(x.component_id, x.origin): x for x in target(plan, "r", book(history), HERE).lines}


def entries(plan: Plan, history: list[Credit], more: Credit) -> list[tuple[Any, Decimal]]:
    """Return trace and amount of each entry that one more credit makes."""
    was, now = lines(plan, history), lines(plan, [*history, more])
    found = []
    for key, line in now.items():
        before = was[key].earned if key in was else NOTHING
        trace = {"decimals": minor_units(line.currency), "before": told(before),
                 "after": told(line.earned)}  # fmt: skip
        found.append((trace, line.amount - (was[key].amount if key in was else 0)))
    return found


@given(plans(), histories, credits)
@quick
def test_tiers_steps_and_rounding_add_up_to_the_entry(plan: Plan, history: Any, more: Any) -> None:
    for trace, amount in entries(plan, history, more):
        split = split_of(trace, amount)
        tiers = sum((part.earns for part in split.tiers), Fraction(0))
        assert split.elsewhere == 0
        assert tiers + split.then + split.exchange + split.rounding == Fraction(amount)
        assert abs(split.rounding) <= Fraction(1, 10 ** trace["decimals"])
        for part in split.tiers:
            assert part.earns == part.part * part.rate + part.amount
        assert list(faults(trace, amount)) == []


@given(plans(), histories, credits, st.integers(1, 500))
@quick
def test_a_trace_that_was_tampered_with_is_told(
    plan: Plan, history: Any, more: Any, cents: int
) -> None:
    for trace, amount in entries(plan, history, more):
        wrong = amount + Decimal(cents) / 100
        assert list(faults(trace, wrong)), "another amount"
        tiers = trace["after"]["tiers"]
        assume(tiers)
        tiers[0] = {**tiers[0], "earns": str(Fraction(tiers[0]["earns"]) + 1)}
        assert list(faults(trace, amount)), "another figure in a tier"


def test_a_retroactive_tier_takes_the_old_rate_back() -> None:
    before = {"credited": "100", "tiers": [tier("0", "100", "0.05", "100", "5")],
              "earned": "5", "rounded": "5"}  # fmt: skip
    after = {"credited": "150", "tiers": [tier("100", None, "0.1", "150", "15")],
             "earned": "15", "rounded": "15"}  # fmt: skip
    split = split_of({"before": before, "after": after}, Decimal(10))
    assert [(p.part, p.rate, p.earns) for p in split.tiers] == [
        (-100, Fraction("0.05"), -5), (150, Fraction("0.1"), 15),
    ]  # fmt: skip
    assert (split.then, split.rounding) == (0, 0)


def tier(since: str, up_to: str | None, rate: str, part: str, earns: str) -> dict[str, Any]:
    return {"since": since, "up_to": up_to, "rate": rate, "part": part, "earns": earns}


@pytest.mark.parametrize("trace", [{}, {"why": "by hand"}, {"before": None, "after": None}])
def test_what_people_enter_has_no_tiers(trace: dict[str, Any]) -> None:
    assert split_of(trace, Decimal(5)).tiers == ()
    assert split_of(trace | {"formula": "by hand"}, Decimal(5)).steps == ("by hand",)
