"""Sums that move with each change are those that are added up from the start."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from connectors.boards.board import Board, scored
from connectors.boards.floor import Floor, Stint
from connectors.boards.periods import Period, first_day
from connectors.boards.scores import Partial
from connectors.boards.teams import team_sums
from schemas.definitions import Company
from tests.connectors.boards.ground import utc

AT = utc("2026-11-18T23:30:00")  # the 19th in Berlin and Tokyo, the 18th in New York
TODAY = date(2026, 11, 19)
COMPANY = Company(name="A", reporting_currency="EUR", time_zone="Europe/Berlin")
LONG_AGO, NEVER = date(2020, 1, 1), date(2199, 12, 31)
MOVED, GONE = date(2026, 11, 10), date(2026, 11, 17)
FLOOR = Floor(
    COMPANY,
    {"stays": "S", "moves": "M", "goes": "G"},
    {
        "stays": (Stint(LONG_AGO, NEVER, "west", "", "America/New_York"),),
        "moves": (
            Stint(LONG_AGO, MOVED, "west", "", "Asia/Tokyo"),
            Stint(MOVED, NEVER, "east", "", "Asia/Tokyo"),
        ),
        "goes": (Stint(LONG_AGO, GONE, "east", "", "Europe/Berlin"),),
    },
    {"all": "All", "west": "West", "east": "East"},
    {"west": "all", "east": "all"},
)
MEASURES = [("calls", ""), ("deals_won", ""), ("revenue_won", "EUR"), ("revenue_won", "USD"),
            ("revenue_won_reporting", "EUR")]  # fmt: skip
PARTIALS = st.builds(
    lambda rep, back, of, partition, position: Partial(
        rep, TODAY - timedelta(days=back), *of, "crm.deals", partition, position,
        # The same position says the same; now and then it takes back what was.
        Decimal((position * 7 + partition + back) % 5) / 4,
    ),
    st.sampled_from(["stays", "moves", "goes", "unassigned"]),
    st.sampled_from([-1, 0, 1, 2, 8, 9, 10, 17, 18, 30, 49, 50]),
    st.sampled_from(MEASURES),
    st.integers(0, 1),
    st.integers(0, 30),
)  # fmt: skip
STEPS = st.lists(st.tuples(PARTIALS, st.sets(st.sampled_from(Period))), max_size=30)


def board_of(partials: list[Partial]) -> Board:
    board = Board(AT)
    board.seed(FLOOR, 1, scored(partials, first_day(TODAY, COMPANY)), AT)
    return board


@given(st.lists(PARTIALS, max_size=10), STEPS)
def test_sums_that_move_with_each_change_are_those_added_up_from_the_start(
    held: list[Partial], steps: list[tuple[Partial, set[Period]]]
) -> None:
    board = board_of(held)
    for partial, looked_at in steps:
        board.apply([partial], AT)
        for period in looked_at:
            board.sums(period)  # what was asked for once is moved from then on
    anew = board_of([*held, *(partial for partial, _ in steps)])
    for period in Period:
        assert board.sums(period) == anew.sums(period)
        assert board.unrated(period) == anew.unrated(period)
        assert team_sums(board, period) == team_sums(anew, period)
