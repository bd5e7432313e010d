"""Formulas of KPIs, read a second time by Python's own grammar."""

from fractions import Fraction
from typing import Any

from infra.reconcile.contest_formulas import _value, parsed


def kpi(formula: str) -> dict[str, dict[str, Any]]:
    return {"kpi": {"formula": formula}, "half": {"formula": "calls / 2"}}


def value(formula: str, **sums: int) -> Fraction | None:
    found = parsed("kpi", kpi(formula), {"calls", "emails"})
    assert found is not None
    return _value(found.tree, {name: Fraction(total) for name, total in sums.items()})


def test_constants_are_read_to_their_last_digit() -> None:
    assert value("calls * 0.12345678901234567890123") == 0
    told = value("calls * 0.12345678901234567890123", calls=10**23)
    assert told == 12345678901234567890123


def test_a_kpi_in_a_formula_stands_for_what_it_is_made_of() -> None:
    assert value("-2 * (half + emails)", calls=3, emails=1) == Fraction(-5)
    assert value("emails / half", emails=1) is None, "nothing to divide by"


def test_what_is_not_said_a_second_time_is_told_and_no_error() -> None:
    assert parsed("kpi", kpi("class + 1"), {"class"}) is None  # a word of Python
    assert parsed("kpi", kpi("median(calls)"), {"calls"}) is None
    assert parsed("kpi", kpi("calls + quota"), {"calls"}) is None
