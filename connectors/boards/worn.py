"""What people wear on a board: their level, the streaks that go on, their badges."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from connectors.boards.ticker import Given, Honour, InARow

BADGES_SHOWN = 12  # the newest; how many there are is said, too


class Worn(NamedTuple):
    """What one rep wears.

    Attributes:
        level: its name; empty: none is reached.
        streaks: the longest first.
        badges: the newest first.
    """

    level: str = ""
    streaks: tuple[InARow, ...] = ()
    badges: tuple[Honour, ...] = ()


NOTHING = Worn()


def worn_of(given: Given) -> dict[str, Worn]:
    """Return what each rep wears who has anything."""
    levels = {h.rep_id: h.name for h in given.honours if h.kind == "LEVEL"}
    streaks, badges = defaultdict[str, list[InARow]](list), defaultdict[str, list[Honour]](list)
    for one in sorted(given.streaks, key=lambda s: (-s.many, s.name)):
        streaks[one.rep_id].append(one)
    earned = (h for h in given.honours if h.kind == "BADGE")
    for honour in sorted(earned, key=lambda h: (h.at, h.key), reverse=True):
        badges[honour.rep_id].append(honour)
    return {
        rep_id: Worn(levels.get(rep_id, ""), tuple(streaks[rep_id]), tuple(badges[rep_id]))
        for rep_id in {*levels, *streaks, *badges}
    }


def on_a_lane(worn: Worn) -> Mapping[str, Any] | None:
    """Return what a lane has room for: the level and the longest streak; None: there is neither."""
    streak = _plain(worn.streaks[0]) if worn.streaks else None
    return {"level": worn.level, "streak": streak} if worn.level or streak else None


def on_a_card(worn: Worn) -> Mapping[str, Any]:
    """Return everything, for the card of a rep."""
    return {
        "level": worn.level,
        "streaks": [_plain(streak) for streak in worn.streaks],
        "badges": [{"name": h.name, "at": h.at} for h in worn.badges[:BADGES_SHOWN]],
        "badge_count": len(worn.badges),
    }


def _plain(streak: InARow) -> Mapping[str, Any]:
    return {"name": streak.name, "many": streak.many}
