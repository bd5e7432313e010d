"""Who passed whom, said twice: the proof agrees with the agents on whatever two looks there are."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from infra.reconcile import contest_moves
from infra.reconcile.contest_moves import Stands
from streams.domain import contest_moves as agents
from streams.domain.contest_moves import Stood

STANDINGS = st.dictionaries(
    st.sampled_from("abcdef"), st.tuples(st.integers(0, 5), st.integers(-2, 4).map(Decimal))
)


@given(before=STANDINGS, after=STANDINGS, lower=st.booleans())
def test_both_say_the_same(
    before: dict[str, tuple[int, Decimal]], after: dict[str, tuple[int, Decimal]], lower: bool
) -> None:
    told = agents.passed(
        {name: Stood(*stood) for name, stood in before.items()},
        {name: Stood(*stood) for name, stood in after.items()},
        is_lower_better=lower,
    )
    held = {name: Stands(*stood) for name, stood in before.items()}
    now = {name: Stands(*stood) for name, stood in after.items()}
    again = {name: tuple(contest_moves.passed(name, held, now, lower)) for name in now}
    assert {name: whom for name, whom in again.items() if whom} == told
