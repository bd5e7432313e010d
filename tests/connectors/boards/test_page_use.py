"""The page in a real browser: it fits its screen, and people get in and find their way."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.boards.link import new_link
from schemas.definitions import Company
from schemas.principals import Role
from tests.connectors.boards.browser import FIRST, IN_A_BROWSER, PHONE, TV, becomes_true
from tests.connectors.boards.ground import Broker, Floor, Served, Warehouse
from tests.connectors.boards.test_stream import stored

pytestmark = IN_A_BROWSER


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize(
    "size", [TV, {"width": 1280, "height": 720}, {"width": 3840, "height": 2160}]
)
def test_a_screen_shows_it_all_without_scrolling_in_both_themes(
    window: Any, shared: Served, scheme: str, size: dict[str, int]
) -> None:
    page = window(viewport=size, color_scheme=scheme).open(shared)
    box = page.evaluate(
        """() => { const e = document.documentElement;
          return [e.scrollWidth - innerWidth, e.scrollHeight - innerHeight, e.dataset.theme]; }"""
    )
    assert box[0] <= 0
    assert box[1] <= 0
    assert box[2] == scheme
    before = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.get_by_role("button", name="Light" if scheme == "dark" else "Dark").click()
    assert page.evaluate("document.documentElement.dataset.theme") != scheme
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != before


def test_a_full_floor_fits_a_television_and_a_phone(
    window: Any, served: Served, warehouse: Warehouse, tmp_path: Path, broker: Broker
) -> None:
    crowd = {
        f"rep-{i:02}": ("Maximiliane Friederike von Hohenstein-Brandenburg", "Commercial DACH")
        for i in range(24)
    }
    warehouse.roster(crowd, sequence=3)
    warehouse.company(Company(name="A", reporting_currency="EUR", time_zone="UTC"), sequence=3)
    parts = [stored(rep, 10_000_000 + i * 1000) for i, rep in enumerate(crowd)]
    warehouse.stored(parts)
    crowded = Served(tmp_path / "crowd", broker.bootstrap, warehouse.seed()).ready()
    try:
        page = window().open(crowded)
        rows = page.locator("tbody tr")
        assert 10 <= rows.count() <= 16
        last = rows.last.bounding_box()
        assert last["y"] + last["height"] < page.locator(".foot").bounding_box()["y"]
        size = page.evaluate(
            "parseFloat(getComputedStyle(document.querySelector('.name')).fontSize)"
        )
        assert size >= 22  # on 1080 lines: legible from five metres on a 55-inch screen
        page.get_by_role("button", name="Show all 24").click()
        becomes_true(page, "document.querySelectorAll('tbody tr').length === 24")
        phone = window(viewport=PHONE).open(crowded)
        assert phone.locator("tbody tr").count() == 24
        width = phone.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"]
    finally:
        crowded.stop()


def test_the_viewers_own_row_is_always_among_those_shown(
    window: Any, shared: Served, stage: Broker
) -> None:
    floor = Floor(stage)
    opened = window(viewport={"width": 1000, "height": 420})
    opened.page.goto(shared.url)
    opened.page.fill("#token", shared.token("cleo", Role.REP, rep_id="rep-c"))
    opened.page.keyboard.press("Enter")
    for rep, amount in (("rep-a", 300), ("rep-b", 200), ("rep-c", 100)):
        floor.wins(rep, amount)
    opened.page.wait_for_selector("tbody tr[data-id=rep-c] .you")


def test_a_wrong_token_is_answered_clearly_and_the_right_one_opens(
    window: Any, shared: Served
) -> None:
    opened = window()
    page = opened.page
    page.goto(shared.url)
    page.fill("#token", "ps_wrong")
    page.keyboard.press("Enter")
    alert = page.get_by_role("alert")
    page.wait_for_selector(".wrong span")
    assert "This token is not known here." in alert.inner_text()
    page.fill("#token", shared.token("tv"))
    page.keyboard.press("Enter")
    page.wait_for_selector(FIRST)
    page.reload()
    page.wait_for_selector(FIRST)  # still signed in
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_selector("#token")


def test_a_used_link_says_so(window: Any, shared: Served) -> None:
    link = new_link(shared.url, shared.service)
    first = window()
    first.page.goto(link)
    first.page.wait_for_selector(FIRST)
    second = window()
    second.page.goto(link)
    second.page.wait_for_selector(".wrong span")
    assert "This link has been used" in second.page.locator(".wrong").inner_text()


def test_the_keyboard_reaches_everything(window: Any, shared: Served, stage: Broker) -> None:
    floor = Floor(stage)
    floor.does("rep-b", "calls", 40)
    page = window().open(shared, "?period=week")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.ariaLabel") == "Rank by"
    page.keyboard.press("ArrowDown")
    becomes_true(page, "document.querySelector('.sum p').textContent.startsWith('Points:')")
    assert "by=points" in page.url
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.ariaLabel") == "Period"
    page.keyboard.press("ArrowDown")
    becomes_true(page, "location.search.includes('period=month')")
    reached = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.textContent"))
    assert {"Pause", "Sign out"} <= reached


def test_space_holds_the_board_still_until_pressed_again(
    window: Any, shared: Served, stage: Broker
) -> None:
    floor = Floor(stage)
    page = window().open(shared)
    page.keyboard.press("Space")
    page.wait_for_selector("button[aria-pressed=true]")
    floor.wins("rep-b", 7654)
    page.wait_for_timeout(1200)
    assert page.locator("tbody tr[data-id=rep-b] .value").inner_text() != "€7,654"
    page.keyboard.press("Space")
    becomes_true(
        page, "document.querySelector('tbody tr[data-id=rep-b] .value').textContent === '€7,654'"
    )


def test_numbers_are_those_of_the_viewers_language(
    window: Any, shared: Served, stage: Broker
) -> None:
    floor = Floor(stage)
    page = window().open(shared, "?lang=de-DE")
    floor.wins("rep-a", Decimal("1234567.89"))
    becomes_true(
        page,
        r"document.querySelector('tbody .value').textContent.replace(/\s/g,' ') === '1.234.568 €'",
    )


def test_an_empty_company_is_told_what_to_do(
    window: Any, warehouse: Warehouse, broker: Broker, tmp_path: Path
) -> None:
    warehouse.clear()
    served = Served(tmp_path, broker.bootstrap, warehouse.seed()).ready()
    try:
        page = window().page
        page.goto(new_link(served.url, served.service))
        page.wait_for_selector("h2:has-text('Nobody is at the start line yet')")
    finally:
        served.stop()
