"""What is known of contests elsewhere and handed in by whoever serves the board."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from connectors.boards.ticker import Given
from schemas.contests import Contest

Names = Callable[[str], str]  # of reps, teams and measures, by their ids


Rules = Callable[[Contest, Names], Mapping[str, Sequence[str]]]


def _no_rules(_: Contest, __: Names) -> Mapping[str, Sequence[str]]:
    return {}


class About(NamedTuple):
    """What a board does not work out itself.

    Attributes:
        rules: a contest's rules in words by language, with names for ids; the first line is its
            name.
        detail: what rows do not say, by contest: matches, rounds, reigns, table, goal, as
            `pacesetter contest standings --json` prints them. None: nobody knows. Raises
            LookupError for a contest there is not, ConnectionError when it cannot be told now.
        honours: what everybody has earned; None: nobody knows. Raises the same.
    """

    rules: Rules = _no_rules
    detail: Callable[[str], Mapping[str, Any]] | None = None
    honours: Callable[[], Given] | None = None


NOTHING = About()
