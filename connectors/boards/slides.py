"""Slides: what a screen shows in turn, as texts that managers choose and pages read.

`page/rotation.js` reads the same texts.
"""

from collections.abc import Iterable
from functools import lru_cache

from connectors.boards.measures import YARDSTICKS
from connectors.boards.periods import Period
from connectors.boards.selections import ContestList, OneContest, Ranking, Selection
from connectors.boards.teams import Scope

EXAMPLES = (
    "board:revenue:month", "board:calls:today:emea", "teams:points:week", "contest:sprint",
    "contests",
)  # fmt: skip
_OF_TEAMS = {"board": False, "teams": True}


@lru_cache(1024)  # asked of each screen with every snapshot
def slide_of(text: str) -> Selection | None:
    """Return what a slide shows; None: it is none.

    `contests` is one contest after another of those that run, and between them the list of all.
    """
    kind, *rest = text.split(":")
    if kind == "contests" and not rest:
        return ContestList()
    if kind == "contest" and rest and rest[0]:
        return OneContest(":".join(rest))
    if kind not in _OF_TEAMS or not 2 <= len(rest) <= 3:
        return None
    by, period, team = (*rest, "")[:3]
    if by not in YARDSTICKS or period not in list(Period):
        return None
    return Ranking(Period(period), YARDSTICKS[by].key, Scope(_OF_TEAMS[kind], team))


def is_among(selection: Selection, slides: Iterable[str]) -> bool:
    """Return whether slides show a selection. A screen is let see nothing beyond them."""
    shown = [slide_of(text) for text in slides]
    if selection in shown:
        return True
    return isinstance(selection, OneContest) and ContestList() in shown and not selection.manages
