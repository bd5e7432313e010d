"""Who is credited: parts that add up, overlays beside them, each payee on their own day."""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.definitions import Bundle
from streams.domain.crediting import (
    OVERLAY,
    OWNER,
    REVENUE,
    WHOLE,
    credited,
    divided_lines,
    payees_of,
)
from streams.domain.facts import faults_of
from streams.domain.inforce import InForce, resolved_deals
from streams.engine import columns
from tests.load import definitions
from tests.streams.domain.test_rules import WON, record

IN_FORCE = InForce(Bundle.model_validate(definitions(3)))  # r0 Berlin, r1 New York, r2 Tokyo
EVENING = datetime(2026, 3, 12, 23, tzinfo=UTC)

# Ten-thousandths; also so few that each of them hurts.
amounts = st.integers(-(10**16), 10**16) | st.integers(-500, 500)


@st.composite
def deals(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Return splits: REVENUE shares that sum to 1, and OVERLAY shares that sum to anything."""
    cuts = sorted(draw(st.lists(st.integers(0, 1_000_000), max_size=5)))
    parts = [b - a for a, b in zip([0, *cuts], [*cuts, 1_000_000], strict=True)]
    over = draw(st.lists(st.integers(0, 2_000_000), max_size=3))
    both = [("REVENUE", part) for part in parts] + [("OVERLAY", part) for part in over]
    return [
        {"owner_id": f"u{i}", "role": role, "share": Decimal(part) / 1_000_000}
        for i, (role, part) in enumerate(draw(st.permutations(both)))
    ]


def shared(amount: int, splits: list[dict[str, Any]]) -> dict[str, tuple[str, str, int, int]]:
    """Return who is credited with what: via -> user, role, share, part."""
    kind = columns.dtypes("deal")["splits"]
    deal = pl.DataFrame({"row": [0], "owner_id": ["u0"], "splits": [splits]}, {
        "row": pl.Int64, "owner_id": pl.String, "splits": kind})  # fmt: skip
    payees = payees_of(deal)
    whole = pl.Series([amount] * len(payees), dtype=pl.Int64)
    parts = credited(payees, divided_lines(payees), whole)
    return {row[3]: (*row[1:3], row[4], part)
            for row, part in zip(payees.rows(), parts, strict=True)}  # fmt: skip


@given(amounts, deals())
def test_revenue_adds_up_to_the_deal_whatever_stands_beside_it(
    amount: int, splits: list[dict[str, Any]]
) -> None:
    revenue = {v: row for v, row in shared(amount, splits).items() if row[1] == REVENUE}
    assert sum(part for *_, part in revenue.values()) == amount
    for *_, share, part in revenue.values():
        assert abs(part * WHOLE - amount * share) < WHOLE
    assert list(revenue) == [str(i) for i, s in enumerate(splits) if s["role"] == REVENUE]


@given(amounts, deals())
def test_an_overlay_is_its_own_part_of_the_whole(amount: int, splits: list[dict[str, Any]]) -> None:
    found = shared(amount, splits)
    for via, split in enumerate(splits):
        if split["role"] == OVERLAY:
            exact = amount * split["share"]
            assert found[str(via)][3] == exact.quantize(Decimal(1), ROUND_HALF_EVEN)


def test_without_revenue_splits_the_owner_has_it_all() -> None:
    whole = ("u0", REVENUE, WHOLE, 10)
    assert shared(10, []) == {OWNER: whole}
    overlay = {"owner_id": "u1", "role": OVERLAY, "share": Decimal("0.25")}
    unknown = {"owner_id": "u2", "role": "UNKNOWN", "share": Decimal("0.5")}
    assert shared(10, [unknown, overlay]) == {OWNER: whole, "1": ("u1", OVERLAY, 250_000, 2)}


def credits(**changes: Any) -> list[tuple[Any, ...]]:
    """Return the credits of one deal: rep, role, via, share, day, amount, reporting amount."""
    frame = columns.from_records([record("deal", **{**WON, "won_at": EVENING, **changes})], "deal")
    found = resolved_deals(frame, IN_FORCE)[0]
    names = ("rep_id", "role", "via", "share", "day", "amount", "reporting_amount")
    return list(zip(*(found[f"credit_{name}"][0] for name in names), strict=True))


def split(user: str, role: str, share: str) -> dict[str, Any]:
    return {"owner_id": user, "role": role, "share": Decimal(share)}


def test_each_payee_is_credited_on_the_day_of_their_own_zone() -> None:
    splits = [split("u0", "REVENUE", "0.6"), split("u2", "OVERLAY", "0.5"),
              split("u1", "REVENUE", "0.4")]  # fmt: skip
    berlin, york, tokyo = date(2026, 3, 13), date(2026, 3, 12), date(2026, 3, 13)
    assert credits(splits=splits) == [
        ("r0", "REVENUE", "0", Decimal("0.6"), berlin, Decimal(60), Decimal(54)),
        ("r2", "OVERLAY", "1", Decimal("0.5"), tokyo, Decimal(50), Decimal(45)),
        ("r1", "REVENUE", "2", Decimal("0.4"), york, Decimal(40), Decimal(36)),
    ]


@pytest.mark.parametrize(
    ("stage", "day"),
    [("OPEN", date(2026, 3, 10)), ("LOST", date(2026, 3, 13)), ("UNKNOWN", date(2026, 3, 10))],
)
def test_a_deal_that_is_not_won_is_credited_without_a_rate(stage: str, day: date) -> None:
    (found,) = credits(stage_class=stage, lost_at=EVENING)
    assert found == ("r0", "REVENUE", "owner", Decimal(1), day, Decimal(100), None)


def test_one_person_in_two_splits_has_two_credits() -> None:
    twice = [split("u1", "REVENUE", "0.5"), split("u1", "REVENUE", "0.5")]
    assert [(c[0], c[2], c[5]) for c in credits(splits=twice)] == [("r1", "0", 50), ("r1", "1", 50)]


def test_nobody_we_know_is_credited_as_unassigned() -> None:
    assert [c[:3] for c in credits(owner_id=None)] == [("unassigned", "REVENUE", "owner")]
    assert [c[:3] for c in credits(owner_id="x")] == [("unassigned", "REVENUE", "owner")]


def test_a_cancelled_deal_and_one_without_amount_credit_nobody() -> None:
    assert credits(op="CANCELLED") == []
    assert credits(amount=None) == []


def test_a_currency_without_a_rate_has_no_reporting_amount() -> None:
    assert [(c[5], c[6]) for c in credits(currency="CHF")] == [(100, None)]


def test_an_overlay_that_no_amount_can_hold_is_a_fault() -> None:
    splits = [split("u0", "REVENUE", "1"), split("u1", "OVERLAY", "999")]
    huge = record("deal", **{**WON, "amount": Decimal(10**11), "splits": splits})
    said = columns.from_records([huge], "deal").select(faults_of("deal")).item()
    assert "a split's part of amount is" in said
    fair = columns.from_records([huge | {"amount": Decimal(10**9)}], "deal")
    assert fair.select(faults_of("deal")).item() is None


def test_revenue_shares_make_a_whole_or_are_left_to_the_owner() -> None:
    def told(*splits: dict[str, Any]) -> str | None:
        made = columns.from_records([record("deal", **{**WON, "splits": list(splits)})], "deal")
        return made.select(faults_of("deal")).item()

    assert told(split("u1", "OVERLAY", "0.25")) is None
    assert told(split("u1", "REVENUE", "0.5"), split("u2", "REVENUE", "0.5")) is None
    for share in ("0", "0.5", "1.5"):
        assert told(split("u1", "REVENUE", share), split("u2", "OVERLAY", "0.5")) == (
            "REVENUE shares of the splits do not sum to 1"
        )
