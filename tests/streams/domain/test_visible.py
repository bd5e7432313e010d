"""Who may read whose pay: one rule for every door."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.definitions import Rep, Roster, Stint, Team
from schemas.principals import Principal, Role
from streams.domain.visible import below, facts_of, pay_of, reporting_on

REPS = ["a", "b", "c", "d", "e"]
trees = st.lists(st.tuples(st.sampled_from(REPS), st.sampled_from([*REPS, ""])), max_size=8)


@given(trees, st.sampled_from(list(Role)), st.sampled_from([*REPS, None]))
def test_nobody_reads_more_pay_than_facts_and_a_rep_only_their_own(
    tree: list[tuple[str, str]], role: Role, rep_id: str | None
) -> None:
    principal = Principal("p", role, rep_id)
    pay, facts = pay_of(principal, tree), facts_of(principal, tree)
    assert pay.everybody == (role in (Role.SERVICE, Role.FINANCE))
    assert all(facts.holds(rep) for rep in REPS if pay.holds(rep))
    if role is Role.REP:
        assert pay.reps == ({rep_id} if rep_id else set())
    if role is Role.MANAGER and rep_id:
        assert pay.reps == {rep_id} | below(rep_id, tree)
    if role in (Role.ANALYST, Role.DISPLAY, Role.SOURCE):
        assert not any(pay.holds(rep) for rep in REPS)


@given(trees, st.sampled_from(REPS))
def test_a_tree_is_everybody_a_chain_of_managers_leads_to(
    tree: list[tuple[str, str]], manager: str
) -> None:
    found = below(manager, tree)
    for rep, boss in tree:
        assert rep in found or (boss != manager and boss not in found)


@pytest.mark.parametrize(
    ("on", "seen"),
    [(date(2026, 1, 31), {"m", "r"}), (date(2026, 2, 1), {"m"}), (date(2025, 12, 31), {"m"})],
)
def test_a_manager_reads_those_below_them_on_the_day(on: date, seen: set[str]) -> None:
    stints = (
        Stint(valid_from=date(2026, 1, 1), valid_to=date(2026, 2, 1), team_id="t", manager_id="m",
              time_zone="UTC"),
        Stint(valid_from=date(2026, 2, 1), team_id="t", manager_id="other", time_zone="UTC"),
    )  # fmt: skip
    roster = Roster(teams=(Team(team_id="t", name="T"),), reps=(Rep(rep_id="r", history=stints),))
    reach = pay_of(Principal("mona", Role.MANAGER, "m"), reporting_on(roster, on))
    assert reach.reps == seen
