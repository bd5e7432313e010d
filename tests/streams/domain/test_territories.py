"""Territory rules: the first that a deal meets credits it, as of the deal's day."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions import NO_END, Bundle
from schemas.territories import CreditRule, CreditShare, Holder, Territories, Territory
from streams.domain.inforce import InForce, resolved_deals
from streams.engine import columns
from tests.load import definitions
from tests.streams.domain.test_rules import WON, record

NOON = datetime(2026, 3, 12, 12, tzinfo=UTC)
DAY = date(2026, 3, 12)
KNOWN = definitions(4)
SMB = {"rule_id": "smb", "priority": 10, "valid_from": "2026-01-01", "segments": ["SMB"]}


def in_force(*rules: dict[str, Any], holders: Any = ()) -> InForce:
    territory = {"territory_id": "north", "name": "North", "holders": list(holders)}
    found = {"territories": [territory], "rules": list(rules)}
    return InForce(Bundle.model_validate({**KNOWN, "territories": found}))


def credits(now: InForce, **changes: Any) -> list[tuple[Any, ...]]:
    """Return the credits of one deal of SMB: rep, role, via, share, amount."""
    deal = {**WON, "won_at": NOON, "segment": "SMB", **changes}
    found = resolved_deals(columns.from_records([record("deal", **deal)], "deal"), now)[0]
    names = ("rep_id", "role", "via", "share", "amount")
    return list(zip(*(found[f"credit_{name}"][0] for name in names), strict=True))


def test_a_rule_for_revenue_replaces_the_owner() -> None:
    now = in_force({**SMB, "credits": [{"rep_id": "r2"}]})
    assert credits(now) == [("r2", "REVENUE", "rule:smb:0", Decimal(1), Decimal(100))]
    assert [c[0] for c in credits(now, segment="ENT")] == ["r0"]
    assert [c[0] for c in credits(now, segment=None)] == ["r0"]


def test_an_overlay_stands_beside_the_owner() -> None:
    now = in_force({**SMB, "credits": [{"rep_id": "r2", "role": "OVERLAY", "share": "0.25"}]})
    assert credits(now) == [
        ("r0", "REVENUE", "owner", Decimal(1), Decimal(100)),
        ("r2", "OVERLAY", "rule:smb:0", Decimal("0.25"), Decimal(25)),
    ]


def test_splits_on_the_deal_go_before_every_rule() -> None:
    now = in_force({**SMB, "credits": [{"rep_id": "r2"}]})
    split = {"owner_id": "u1", "role": "REVENUE", "share": Decimal(1)}
    assert [c[:3] for c in credits(now, splits=[split])] == [("r1", "REVENUE", "0")]


def test_the_smallest_priority_counts_and_no_other() -> None:
    first = {**SMB, "rule_id": "z", "priority": 1, "credits": [{"rep_id": "r3"}]}
    now = in_force({**SMB, "credits": [{"rep_id": "r2"}]}, first)
    assert [c[:3] for c in credits(now)] == [("r3", "REVENUE", "rule:z:0")]


def test_who_holds_the_territory_on_the_deals_day_is_credited() -> None:
    holders = [
        {"rep_id": "r1", "valid_from": "2026-01-01", "valid_to": "2026-03-12"},
        {"rep_id": "r2", "valid_from": "2026-03-12"},
    ]
    now = in_force({**SMB, "credits": [{"territory_id": "north"}]}, holders=holders)
    assert [c[0] for c in credits(now, won_at=NOON - timedelta(days=1))] == ["r1"]
    assert [c[0] for c in credits(now)] == ["r2"]


def test_who_share_a_territory_divide_it_and_nobody_is_unassigned() -> None:
    rule = {**SMB, "credits": [{"to_owner": True, "share": "0.5"},
                               {"territory_id": "north", "share": "0.5"}]}  # fmt: skip
    three = [{"rep_id": f"r{i}", "valid_from": "2026-01-01"} for i in (3, 1, 2)]
    found = credits(in_force(rule, holders=three))
    assert [c[0] for c in found] == ["r0", "r1", "r2", "r3"]
    assert [str(c[3]) for c in found] == ["0.500000", "0.166667", "0.166667", "0.166666"]
    assert sum(c[4] for c in found) == 100
    vacant = credits(in_force(rule))
    assert [(c[0], c[4]) for c in vacant] == [("r0", 50), ("unassigned", 50)]


def test_a_credit_counts_on_the_payees_own_day() -> None:
    now = in_force({**SMB, "credits": [{"rep_id": "r1"}]})  # New York
    late = datetime(2026, 3, 13, 1, tzinfo=UTC)  # the 12th over there
    deal = {**WON, "won_at": late, "segment": "SMB"}
    frame = columns.from_records([record("deal", **deal)], "deal")
    found, put_in = resolved_deals(frame, now)
    assert (found["day"][0], found["credit_day"][0][0]) == (date(2026, 3, 13), date(2026, 3, 12))
    revenue = [r for r in put_in.rows() if r[1] == "revenue_won"]
    assert [r[2:4] for r in revenue] == [("r1", date(2026, 3, 12))]


def test_only_deals_are_looked_at_again_when_rules_change() -> None:
    one = in_force({**SMB, "credits": [{"rep_id": "r1"}]})
    other = in_force({**SMB, "credits": [{"rep_id": "r2"}]})
    assert one.credits_differ(other)
    assert not one.differs(other)
    held = [{"rep_id": "r1", "valid_from": "2026-01-01"}]
    assert not in_force().credits_differ(in_force(holders=held))  # no rule asks who holds it


TEXTS = st.lists(st.sampled_from(["SMB", "ENT", "EMEA", "a1"]), max_size=2).map(tuple)
MAYBE = st.sampled_from([None, "SMB", "ENT", "EMEA", "a1"])
DAYS = st.dates(date(2026, 3, 1), date(2026, 3, 20))
MONEY = st.none() | st.integers(0, 200).map(Decimal)
DEALS = st.tuples(MAYBE, MAYBE, MAYBE, DAYS, st.integers(0, 200))


@st.composite
def rules(draw: st.DrawFn) -> list[CreditRule]:
    names = draw(st.lists(st.sampled_from("abcdef"), unique=True, max_size=5))
    return [
        CreditRule(
            rule_id=name,
            priority=draw(st.integers(0, 3)),
            valid_from=draw(DAYS),
            valid_to=draw(st.none() | DAYS),
            segments=draw(TEXTS),
            regions=draw(TEXTS),
            accounts=draw(TEXTS),
            currency="USD" if draw(st.booleans()) else None,
            amount_from=draw(MONEY),
            amount_to=draw(MONEY),
            credits=(CreditShare(territory_id="north"),),
        )
        for name in names
    ]


def _first(found: list[CreditRule], deal: dict[str, Any], day: date) -> CreditRule | None:
    """The rule that counts, the plain way."""
    met = [
        r
        for r in found
        if r.valid_from <= day < (r.valid_to or NO_END)
        and all(
            not listed or deal[name] in listed
            for name, listed in (
                ("segment", r.segments), ("region", r.regions), ("account_id", r.accounts),
            )
        )
        and r.currency in (None, "USD")
        and (r.amount_from is None or deal["amount"] >= r.amount_from)
        and (r.amount_to is None or deal["amount"] < r.amount_to)
    ]  # fmt: skip
    return min(met, key=lambda r: (r.priority, r.rule_id), default=None)


@given(
    found=rules(),
    deals=st.lists(DEALS, min_size=1, max_size=6),
    held=st.lists(st.tuples(st.sampled_from(["r1", "r2", "r3"]), DAYS, DAYS), max_size=3),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_every_deal_goes_by_the_first_rule_it_meets(
    found: list[CreditRule], deals: list[Any], held: list[Any]
) -> None:
    holders = tuple(Holder(rep_id=r, valid_from=a, valid_to=b) for r, a, b in held)
    north = Territory(territory_id="north", name="North", holders=holders)
    now = InForce(
        Bundle.model_validate(KNOWN).model_copy(
            update={"territories": Territories(territories=(north,), rules=tuple(found))}
        )
    )
    facts = [
        {**WON, "entity_id": f"d{i}", "segment": segment, "region": region, "account_id": account,
         "amount": Decimal(amount),
         "won_at": datetime(day.year, day.month, day.day, 12, tzinfo=UTC)}
        for i, (segment, region, account, day, amount) in enumerate(deals)
    ]  # fmt: skip
    told = resolved_deals(
        columns.from_records([record("deal", **fact) for fact in facts], "deal"), now
    )[0]
    for fact, row in zip(facts, told.to_dicts(), strict=True):
        day = fact["won_at"].date()
        rule = _first(found, fact, day)
        holding = sorted(h.rep_id for h in holders if h.valid_from <= day < (h.valid_to or NO_END))
        wanted = (holding or ["unassigned"]) if rule else ["r0"]
        assert row["credit_rep_id"] == wanted
        assert set(row["credit_via"]) == {f"rule:{rule.rule_id}:0" if rule else "owner"}
        assert sum(row["credit_share"]) == 1
        assert sum(row["credit_amount"]) == fact["amount"]


@pytest.mark.parametrize("named", [{}, {"to_owner": True, "rep_id": "r1"}])
def test_a_share_names_exactly_one(named: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="name exactly one"):
        CreditShare(**named)
