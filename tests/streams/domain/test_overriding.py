"""Managers' credits: whose, how far up, on which day, and what plans pay on them."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from schemas.definitions import Bundle
from streams.domain.inforce import InForce, resolved_deals
from streams.engine import columns
from tests.load import definitions
from tests.streams.accruing import Accruing, terms
from tests.streams.domain.test_rules import WON, record
from tests.streams.planned import credit, written

DAY = date(2026, 2, 10)
CHANGES = date(2026, 3, 12)


def roster(*lines: tuple[str, str | None, str | None]) -> dict[str, Any]:
    """Return reps with their manager before and from CHANGES on."""
    reps = []
    for rep, first, later in lines:
        base = {"team_id": "t", "time_zone": "UTC"}
        history = [
            {**base, "valid_from": "2020-01-01", "valid_to": str(CHANGES), "manager_id": first},
            {**base, "valid_from": str(CHANGES), "manager_id": later},
        ]
        reps.append({"rep_id": rep, "history": history})
    return {"teams": [{"team_id": "t", "name": "T"}], "reps": reps}


def plans(whose: str, *reps: str) -> dict[str, Any]:
    component = {"component_id": "o", "kind": "FLAT", "rate": "0.03", "counts": {"whose": whose}}
    return {"plans": [{
        "plan_id": "p", "name": "P", "currency": "EUR", "period": "QUARTER", "reps": reps,
        "valid_from": "2020-01-01", "components": [component],
    }]}  # fmt: skip


def credited(whose: str, *reps: str, **fields: Any) -> set[tuple[str, str, str, Decimal]]:
    """Return who is credited in which role via what with how much."""
    known = definitions(3) | {
        "roster": roster(("r0", "r1", "r2"), ("r1", "r2", None), ("r2", None, None)),
        "plans": plans(whose, *reps),
    }
    frame = columns.from_records([record("deal", **{**WON, **fields})], "deal")
    found, _ = resolved_deals(frame, InForce(Bundle.model_validate(known)))
    names = ("credit_rep_id", "credit_role", "credit_via", "credit_amount")
    return set(zip(*(found.get_column(name).to_list()[0] for name in names), strict=True))


AMOUNT = Decimal(100)


@pytest.mark.parametrize(
    ("whose", "reps", "bosses"),
    [
        ("OWN", (), ()),
        ("REPORTS", (), ("r1",)),
        ("REPORTS", ("r2",), ()),
        ("ALL_REPORTS", (), ("r1", "r2")),
        ("ALL_REPORTS", ("r2",), ("r2",)),
    ],
)
def test_managers_on_such_a_plan_are_credited_as_far_up_as_it_counts(
    whose: str, reps: tuple[str, ...], bosses: tuple[str, ...]
) -> None:
    before = {"won_at": WON["won_at"].replace(year=2025), "amount": AMOUNT, "owner_id": "u0"}
    assert credited(whose, *reps, **before) == {
        ("r0", "REVENUE", "owner", AMOUNT),
        *((boss, "OVERRIDE", "r0:REVENUE:owner", AMOUNT) for boss in bosses),
    }


def test_only_what_is_won_counts_for_managers() -> None:
    open_ = credited("REPORTS", stage_class="OPEN", amount=AMOUNT, owner_id="u0")
    assert {role for _, role, *_ in open_} == {"REVENUE"}


def on_override(component: str, amounts: dict[str, int]) -> Decimal:
    """Return what a manager earns on the amounts of those below."""
    kinds = Bundle.model_validate(
        {"roster": roster(*((rep, "m", "m") for rep in amounts), ("m", None, None))}
    )
    made = written(component, reps=["m"])
    one = Accruing(terms(made, roster=kinds.roster), "m")
    for rep, amount in amounts.items():
        one.take(credit(amount, deal=f"d-{rep}", payee="m", role="OVERRIDE",
                        via=f"{rep}:REVENUE:owner"))  # fmt: skip
    assert one.totals() == one.owed()
    return one.of("over")


TEAM = {"a": 75_000, "b": 60_000, "c": 67_500, "d": 52_500, "e": 45_000}


def test_w34_an_override_from_the_first_dollar_or_above_a_threshold() -> None:
    """prowi.io, glossary "override commission": 300,000 of the team at 3 percent."""
    common = "component_id: over, category: OVERRIDE, counts: {whose: REPORTS}"
    first = f"- {{{common}, kind: FLAT, rate: 0.03}}"
    above = f"- {{{common}, tiers: [{{since: 0, rate: 0}}, {{since: 225000, rate: 0.03}}]}}"
    assert on_override(first, TEAM) == 9_000
    assert on_override(above, TEAM) == 2_250


def test_a_managers_own_components_do_not_count_overrides() -> None:
    made = written("- {component_id: own, kind: FLAT, rate: 0.1}")
    one = Accruing(terms(made), "m")
    assert one.take(credit(payee="m", role="OVERRIDE", via="a:REVENUE:owner")) == []
