"""What is known of contests elsewhere and handed in by whoever serves the board."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from schemas.contests import Contest


def _no_rules(_: Contest) -> tuple[str, ...]:
    return ()


class About(NamedTuple):
    """What a board does not work out itself.

    Attributes:
        rules: a contest's rules in words.
        detail: what rows do not say, by contest: matches, rounds, reigns, table, goal, as
            `pacesetter contest standings --json` prints them. None: nobody knows. Raises
            LookupError for a contest there is not, ConnectionError when it cannot be told now.
    """

    rules: Callable[[Contest], tuple[str, ...]] = _no_rules
    detail: Callable[[str], Mapping[str, Any]] | None = None


NOTHING = About()
