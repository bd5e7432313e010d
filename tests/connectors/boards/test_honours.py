"""Badges, streaks and levels ring once, when they are new; what is taken back is silent."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.boards import honours
from connectors.boards.about import About
from connectors.boards.board import Board
from connectors.boards.feed import Feed
from connectors.boards.honours import Honours
from connectors.boards.metrics import Metrics
from connectors.boards.ticker import Given, Honour, InARow
from connectors.boards.view import base_of
from connectors.boards.worn import NOTHING, on_a_card, on_a_lane
from tests.connectors.boards.browser import becomes_true
from tests.connectors.boards.ground import Broker, Served, until
from tests.connectors.boards.scene import Scene
from tests.connectors.boards.staging import enter

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BADGES = frozenset({"badge:a", "level:b"})


def badge(name: str, minutes: int = 5, rep: str = "rep-01") -> Honour:
    at = NOW - timedelta(minutes=minutes)
    return Honour(f"badge:a:{name}", "badge:a", "BADGE", rep, name, 1, at)


def looked(*given: Given, rings_per_hour: int = 20) -> Feed:
    """A feed after so many looks at what is earned."""
    board = Board(NOW, rings_per_hour=rings_per_hour)
    feed = Feed(lambda: NOW, Metrics(), "1", None, board)
    looking = Honours(feed, None)
    for one in given:
        looking.hear(one)
    return feed


def told(feed: Feed) -> list[str]:
    return [win.honour.name for win in reversed(feed.board.ticker.latest()) if win.honour]


def test_what_was_there_when_the_board_began_is_silent_and_what_is_new_rings_once() -> None:
    old, new = badge("old"), badge("new")
    feed = looked(Given(BADGES, (old,)), Given(BADGES, (old, new)), Given(BADGES, (new, old)))
    assert told(feed) == ["new"]
    (win,) = base_of(feed.board, NOW)["wins"]
    assert win["rings"]
    assert win["honour"] == {"kind": "BADGE", "name": "new", "many": 1}


def test_what_is_taken_back_is_silent_and_so_is_what_comes_again() -> None:
    new = badge("new")
    feed = looked(Given(BADGES, ()), Given(BADGES, (new,)), Given(BADGES, ()),
                  Given(BADGES, (new._replace(at=NOW),)))  # fmt: skip
    assert told(feed) == ["new"]


def test_a_backfill_and_the_past_of_a_new_definition_are_silent() -> None:
    late = Honour("level:r:b", "level:c", "LEVEL", "r", "c", 1, NOW)
    feed = looked(Given(BADGES, ()), Given(BADGES | {"level:c"}, (badge("long ago", 90), late)))
    assert told(feed) == []


def test_honours_and_deals_share_one_budget() -> None:
    many = tuple(badge(str(n)) for n in range(5))
    feed = looked(Given(BADGES, ()), Given(BADGES, many), rings_per_hour=3)
    assert told(feed) == ["0", "1", "2", "3", "4"]
    assert [win.rings for win in reversed(feed.board.ticker.latest())] == [True] * 3 + [False] * 2


def test_everybody_wears_the_highest_level_the_longest_streak_and_all_badges() -> None:
    low, high = (Honour(f"level:rep-01:{n}", f"level:{n}", "LEVEL", "rep-01", n, 1, NOW)
                 for n in ("silver", "gold"))  # fmt: skip
    badges = tuple(badge(f"b{n:02}", minutes=n) for n in range(14))
    runs = (
        InARow("rep-01", "calls", 3),
        InARow("rep-01", "deals", 7),
        InARow("rep-02", "calls", 2),
    )
    feed = looked(Given(BADGES, (low, high, *badges), runs))
    worn = feed.board.worn
    assert on_a_lane(worn["rep-01"]) == {"level": "gold", "streak": {"name": "deals", "many": 7}}
    assert on_a_lane(worn["rep-02"]) == {"level": "", "streak": {"name": "calls", "many": 2}}
    assert on_a_lane(NOTHING) is None
    card = on_a_card(worn["rep-01"])
    assert [streak["name"] for streak in card["streaks"]] == ["deals", "calls"]
    assert (card["badge_count"], len(card["badges"]), card["badges"][0]["name"]) == (14, 12, "b00")


def test_what_is_taken_back_is_no_longer_worn() -> None:
    feed = looked(Given(BADGES, (badge("new"),)), Given(BADGES, ()))
    assert feed.board.worn == {}


def test_a_lane_and_a_card_show_what_is_worn(
    window: Any, broker: Broker, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(honours, "EVERY_SECONDS", 0.2)
    scene = Scene()
    served = Served(tmp_path, broker.bootstrap, scene, about=scene.about()).ready()
    try:
        page = enter(window(), served, "/")
        page.wait_for_selector("[data-id=rep-08] .team:has-text('DACH · Gold · 6 in a row')")
        page.wait_for_selector("[data-id=rep-04] .team:has-text('APAC · 2 in a row')")
        assert "in a row" not in page.inner_text("[data-id=rep-02] .team")
        page.wait_for_selector("[data-id=rep-01] .team:has-text('% of quota')")
        assert "quota" not in page.inner_text("[data-id=rep-04] .team"), "who has none"
        assert page.locator(".legend .tick").count() == 2
        ticks = page.locator("[data-id=rep-01] .lane")
        assert (ticks.locator(".quota").count(), ticks.locator(".due").count()) == (1, 1)
        page.goto(page.url.split("?")[0].rstrip("/") + "/card?rep=rep-08")
        worn = page.wait_for_selector("section[aria-labelledby=worn]").inner_text()
        assert "Gold level" in worn
        assert "Ten calls a day 6 in a row" in worn
        assert worn.count("★ Big deal") == 2
    finally:
        served.stop()


@pytest.mark.pages
def test_a_badge_lights_up_on_every_page(
    window: Any, broker: Broker, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(honours, "EVERY_SECONDS", 0.2)
    scene = Scene()
    held: list[Honour] = []
    looks: list[int] = []

    def given() -> Given:
        looks.append(len(held))
        return Given(BADGES, tuple(held))

    about = About(scene.about().rules, scene.about().detail, given)
    served = Served(tmp_path, broker.bootstrap, scene, about=about).ready()
    try:
        page = enter(window(), served, "/")
        page.wait_for_selector(".lanes tbody tr")
        until(lambda: len(looks) > 1)  # a look before is over: what is new from now on rings
        held.append(badge("Closer", rep="rep-03")._replace(at=datetime.now(UTC)))
        page.wait_for_selector(".moment:has-text('Cleo Marsh earns Closer')")
        page.wait_for_selector(".wins li:has-text('Closer')")
        becomes_true(page, "document.querySelector('[role=status]').textContent.includes('Closer')")
    finally:
        served.stop()
