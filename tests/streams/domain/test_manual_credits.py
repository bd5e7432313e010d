"""Credits by hand: laid over whatever a deal says, now and later, and REVENUE stays the whole."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.credits import ManualCredit
from schemas.definitions import Bundle
from streams.domain.inforce import InForce, resolved_deals
from streams.engine import columns
from tests.load import definitions
from tests.streams.domain.test_rules import WON, record

NOON = datetime(2026, 3, 12, 12, tzinfo=UTC)
KNOWN = definitions(5)
DEAL = record("deal", **WON)["entity_id"]


def by_hand(name: str, **fields: Any) -> dict[str, Any]:
    said = {"credit_id": name, "deal_id": DEAL, "reason": "agreed", "author": "a", "approver": "b"}
    return said | fields


def in_force(*given: dict[str, Any], **kinds: Any) -> InForce:
    return InForce(Bundle.model_validate({**KNOWN, "credits": {"manual_credits": given}, **kinds}))


def credits(now: InForce, **changes: Any) -> list[tuple[Any, ...]]:
    """Return the credits of the deal: rep, role, via, share, amount."""
    deal = record("deal", **{**WON, "won_at": NOON, **changes})
    found = resolved_deals(columns.from_records([deal], "deal"), now)[0]
    names = ("rep_id", "role", "via", "share", "amount")
    return list(zip(*(found[f"credit_{name}"][0] for name in names), strict=True))


SPLIT = by_hand("m", rep_id="r1", from_rep="r0", share="0.3")


def test_a_split_is_taken_from_the_part_of_whoever_gives_it() -> None:
    assert credits(in_force(SPLIT)) == [
        ("r0", "REVENUE", "owner", Decimal("0.7"), Decimal(70)),
        ("r1", "REVENUE", "manual:m", Decimal("0.3"), Decimal(30)),
    ]


def test_an_overlay_stands_beside_the_deal() -> None:
    now = in_force(by_hand("m", rep_id="r1", role="OVERLAY", share="0.25"))
    assert credits(now) == [
        ("r0", "REVENUE", "owner", Decimal(1), Decimal(100)),
        ("r1", "OVERLAY", "manual:m", Decimal("0.25"), Decimal(25)),
    ]


def test_a_later_revision_of_the_deal_does_not_undo_it() -> None:
    now = in_force(SPLIT)
    assert credits(now, amount=Decimal(200))[1][4] == 60
    splits = [{"owner_id": "u2", "role": "REVENUE", "share": Decimal("0.5")},
              {"owner_id": "u0", "role": "REVENUE", "share": Decimal("0.5")}]  # fmt: skip
    assert [c[:4] for c in credits(now, splits=splits)] == [
        ("r2", "REVENUE", "0", Decimal("0.5")),
        ("r0", "REVENUE", "1", Decimal("0.2")),
        ("r1", "REVENUE", "manual:m", Decimal("0.3")),
    ]


def test_it_takes_no_more_than_there_is_and_nothing_of_others() -> None:
    greedy = by_hand("n", rep_id="r2", from_rep="r0", share="0.9")
    assert [(c[0], c[3]) for c in credits(in_force(SPLIT, greedy))] == [
        ("r1", Decimal("0.3")), ("r2", Decimal("0.7")),
    ]  # fmt: skip
    assert [c[:3] for c in credits(in_force(SPLIT), owner_id="u3")] == [("r3", "REVENUE", "owner")]
    from_given = by_hand("o", rep_id="r4", from_rep="r1", share="0.1")  # r1 has it by hand alone
    assert "r4" not in {c[0] for c in credits(in_force(SPLIT, from_given))}


def test_a_rules_payee_gives_and_the_deals_day_decides() -> None:
    rule = {
        "rule_id": "x",
        "priority": 1,
        "valid_from": "2026-01-01",
        "credits": [{"rep_id": "r2"}],
    }
    gives = by_hand("m", rep_id="r1", from_rep="r2", share="0.4", valid_from="2026-03-12",
                    valid_to="2026-03-13")  # fmt: skip
    now = in_force(gives, territories={"rules": [rule]})
    assert [(c[0], c[3]) for c in credits(now)] == [("r2", Decimal("0.6")), ("r1", Decimal("0.4"))]
    later = credits(now, won_at=NOON.replace(day=13))
    assert [(c[0], c[3]) for c in later] == [("r2", Decimal(1))]


def test_what_was_taken_back_is_as_if_it_had_not_been() -> None:
    back = in_force({**SPLIT, "withdrawn_by": "c", "withdrawn_reason": "twice"})
    assert credits(back) == credits(in_force())
    assert in_force(SPLIT).credits_differ(back)
    assert not in_force().credits_differ(back)


def test_other_deals_and_deals_without_worth_are_as_they_were() -> None:
    now = in_force({**SPLIT, "deal_id": "crm:deal:other"})
    assert [c[0] for c in credits(now)] == ["r0"]
    assert credits(in_force(SPLIT), op="CANCELLED") == []


def test_only_deals_are_looked_at_again_when_it_is_given() -> None:
    assert in_force().credits_differ(in_force(SPLIT))
    assert not in_force().differs(in_force(SPLIT))


PARTS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(1, 1_000_000)), max_size=6
)


@given(PARTS, st.integers(-(10**9), 10**9), st.lists(st.integers(0, 4), max_size=4))
@settings(max_examples=80, deadline=None)
def test_whatever_is_given_the_parts_make_the_deal(
    parts: list[tuple[int, int, int]], amount: int, owners: list[int]
) -> None:
    given = [
        by_hand(f"m{i}", rep_id=f"r{to}", from_rep=f"r{giver}", share=Decimal(share).scaleb(-6))
        for i, (to, giver, share) in enumerate(parts)
    ]
    cut = [Decimal(1_000_000 // max(len(owners), 1)).scaleb(-6)] * len(owners)
    if owners:
        cut[0] += 1 - sum(cut)
    splits = [{"owner_id": f"u{o}", "role": "REVENUE", "share": s}
              for o, s in zip(owners, cut, strict=True)]  # fmt: skip
    found = credits(in_force(*given), amount=Decimal(amount).scaleb(-4), splits=splits)
    assert sum(c[3] for c in found) == 1
    assert sum(c[4] for c in found) == Decimal(amount).scaleb(-4)
    stated = {f"r{o}" for o in owners} or {"r0"}
    for one in (c for c in found if c[2].startswith("manual:")):
        asked = given[int(one[2].removeprefix("manual:m"))]
        assert asked["from_rep"] in stated
        assert 0 < one[3] <= asked["share"]


def test_a_split_names_who_gives_and_an_overlay_nobody() -> None:
    both = {"rep_id": "r1", "share": "0.3", "role": "OVERLAY", "from_rep": "r0"}
    for wrong in ({"rep_id": "r1", "share": "0.3"}, both):
        with pytest.raises(ValidationError, match="REVENUE needs from_rep"):
            ManualCredit.model_validate(by_hand("m", **wrong))
