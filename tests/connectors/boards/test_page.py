"""The page in a real browser: a message travels from Kafka to the pixels."""

import os
import shutil
import time
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.boards.freshness import Progress
from connectors.boards.link import new_link
from connectors.boards.scores import Partial
from connectors.boards.seed import Ground, Seed
from connectors.boards.server import utc_now
from schemas.definitions import Company
from schemas.principals import Role
from tests.connectors.boards.conftest import beginning
from tests.connectors.boards.ground import Broker, Floor, Served, Warehouse
from tests.connectors.boards.test_stream import stored

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
MUST_RUN = os.environ.get("PACESETTER_CI") == "1"
pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(
        not CHROMIUM and not MUST_RUN, reason="NO CHROMIUM HERE: the board's page is not tested"
    ),
]
TV = {"width": 1920, "height": 1080}
PHONE = {"width": 390, "height": 844}
PIXELS_MS_MAX = 5000
SECONDS_MAX = 20
FIRST = "tbody tr:first-child"
Page = Any


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, "Chromium must be here where PACESETTER_CI=1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Kept:
    """A seed that goes on telling what it told first, while other tests rewrite the warehouse."""

    def __init__(self, seed: Seed) -> None:
        self._ground, self._progress = seed.ground(), seed.progress()

    def ground(self) -> Ground:
        return self._ground

    def progress(self) -> list[Progress]:
        return self._progress

    def partials(self, generation: int, first_day: date) -> list[Partial]:
        return []


@pytest.fixture(scope="module")
def stage() -> Iterator[Broker]:
    broker = Broker()
    yield broker
    broker.stop()


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, stage: Broker, warehouse_process: Warehouse
) -> Iterator[Served]:
    """A board for all tests that do not mind what others won today."""
    beginning(warehouse_process)
    folder = tmp_path_factory.mktemp("shared")
    served = Served(folder, stage.bootstrap, Kept(warehouse_process.seed())).ready()
    yield served
    served.stop()


class Window:
    """A fresh browser profile; notes what its pages say and ask for."""

    def __init__(self, chromium: Any, **options: Any) -> None:
        self.context = chromium.new_context(locale="en-GB", **{"viewport": TV, **options})
        self.page = self.context.new_page()
        self.trouble: list[str] = []
        self.asked: list[str] = []
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("console", self._note)
        self.context.on("request", lambda request: self.asked.append(request.url))

    def open(self, served: Served, query: str = "") -> Page:
        self.page.goto(new_link(served.url, served.service).replace("/#", f"/{query}#"))
        self.page.wait_for_selector(FIRST)
        return self.page

    def _note(self, message: Any) -> None:
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.trouble.append(message.text)


@pytest.fixture
def window(chromium: Any) -> Iterator[Any]:
    opened: list[Window] = []

    def make(**options: Any) -> Window:
        opened.append(Window(chromium, **options))
        return opened[-1]

    yield make
    for each in opened:
        each.context.close()
        assert each.trouble == []


def names(page: Page) -> list[str]:
    found: list[str] = page.locator("tbody .name").all_inner_texts()
    return found


def becomes_true(page: Page, expression: str) -> None:
    """Wait for an expression; Playwright's own way evaluates text, which the page forbids."""
    end = time.monotonic() + SECONDS_MAX
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"not within {SECONDS_MAX} s: {expression}"
        page.wait_for_timeout(50)


def test_a_message_in_kafka_reaches_the_pixels(window: Any, served: Served, floor: Floor) -> None:
    page = window().open(served)
    page.evaluate(
        """() => { window.shown = new Promise(done => new MutationObserver(() => {
          const row = document.querySelector('tbody tr[data-id="rep-c"] .value');
          if (row?.textContent === '€25,000') requestAnimationFrame(() => done(Date.now()));
        }).observe(document.body, {childList: true, subtree: true, characterData: true})); }"""
    )
    took = []
    for amount in (25000, -25000, 25000):
        sent = time.time()
        floor.wins("rep-c", amount)
        if amount > 0 and not took:
            took.append(page.evaluate("window.shown") - sent * 1000)
    print(f"\nKafka to pixels: {took[0]:.0f} ms")
    assert took[0] < PIXELS_MS_MAX
    page.wait_for_selector(".moment:has-text('Cleo Marsh won €25,000')")
    # The moment is of the first of the three messages; the place and the flag are of the last.
    page.wait_for_selector(f"{FIRST}[data-id=rep-c] .flag:has-text('+€25,000')")
    assert names(page)[0] == "Cleo Marsh"


def test_who_overtakes_slides_past_and_is_announced(
    window: Any, served: Served, floor: Floor
) -> None:
    floor.wins("rep-a", 100)
    page = window().open(served)
    page.wait_for_selector(f"{FIRST}[data-id=rep-a]")
    becomes_true(page, "document.getAnimations().length === 0")
    floor.wins("rep-b", 150)
    page.wait_for_selector(f"{FIRST}[data-id=rep-b]")
    slides = page.evaluate(
        """() => document.getAnimations().filter(a => a.effect.target.tagName === 'TR').length"""
    )
    assert slides == 2
    row = page.locator("tbody tr[data-id=rep-a]")
    assert row.locator(".rank").inner_text() == "2"
    assert row.locator(".next").inner_text() == "€50 to 1st"
    said = page.locator("[role=status]")
    becomes_true(
        page,
        "document.querySelector('[role=status]').textContent.includes('takes the lead')",
    )
    assert "Ben Ode won €150." in said.inner_text()
    assert page.locator("table [aria-live]").count() == 0


def test_with_reduced_motion_nothing_moves_and_everything_is_said(
    window: Any, shared: Served, stage: Broker
) -> None:
    floor = Floor(stage)
    for options, query in (({"reduced_motion": "reduce"}, ""), ({}, "?motion=off")):
        page = window(**options).open(shared, query)
        page.evaluate(
            """() => { window.most = 0; const look = () => {
              window.most = Math.max(window.most, document.getAnimations().length);
              requestAnimationFrame(look); }; look(); }"""
        )
        leader = page.locator(FIRST).get_attribute("data-id")
        floor.wins("rep-b" if leader != "rep-b" else "rep-c", 500)
        page.wait_for_selector(".moment")
        page.wait_for_timeout(300)
        assert page.evaluate("window.most") == 0
        assert page.locator(".won").count() >= 1


def test_ties_share_a_rank_and_a_screen_reader_hears_whole_sentences(
    window: Any, served: Served, warehouse: Warehouse, floor: Floor
) -> None:
    page = window().open(served)
    for rep, amount in (("rep-a", 100), ("rep-b", 100), ("rep-c", 40)):
        floor.wins(rep, amount, utc_now().date() - timedelta(days=1))
    floor.wins("rep-c", 80)
    becomes_true(page, "document.querySelectorAll('tbody .rank .tie').length === 2")
    page.select_option("select >> nth=1", "quarter")
    page.wait_for_selector("caption:has-text('this quarter')", state="attached")
    page.wait_for_selector(f"{FIRST}[data-id=rep-c]")
    ranks = page.locator("tbody .rank").all_inner_texts()
    assert ranks == ["1", "2=", "2="]
    table = page.get_by_role("table", name="Revenue won this quarter, best first")
    assert table.count() == 1
    assert table.get_by_role("rowheader").count() == 3
    assert "up 2 since this morning" in table.get_by_role("row").nth(1).inner_text()


def test_a_stream_that_is_cut_greys_the_board_and_comes_back_without_a_second_bell(
    window: Any, served: Served, floor: Floor
) -> None:
    page = window().open(served)
    floor.wins("rep-a", 100)
    page.wait_for_selector(".moment")
    page.wait_for_selector(".moment", state="detached", timeout=10_000)
    served.stop()
    page.wait_for_selector(".banner:has-text('Reconnecting. Data as of')", timeout=10_000)
    assert page.locator(".board.stale").count() == 1
    assert page.locator(f"{FIRST} .value").inner_text() == "€100"
    served.start()
    page.wait_for_selector(".banner", state="detached", timeout=15_000)
    assert page.locator(".board.stale").count() == 0
    assert page.locator(".moment").count() == 0


def test_a_dead_broker_greys_the_board_too(
    window: Any, served_alone: Served, own_broker: Broker
) -> None:
    page = window().open(served_alone)
    own_broker.stop()
    page.wait_for_selector(".banner:has-text('The stream is interrupted')", timeout=15_000)
    assert "Data as of" in page.locator(".banner").inner_text()


def test_a_quiet_source_looks_quiet_and_a_late_one_late(
    window: Any, served_alone: Served, own_broker: Broker
) -> None:
    floor = Floor(own_broker)
    floor.progress("crm")
    floor.progress("mail", behind=timedelta(minutes=20))
    floor.progress("dialer", silent=timedelta(hours=3))
    page = window().open(served_alone)
    becomes_true(page, "document.querySelectorAll('.sources li').length === 3")
    told = dict(zip(
        page.locator(".sources .name").all_inner_texts(),
        page.locator(".sources .how").all_inner_texts(),
        strict=True,
    ))  # fmt: skip
    assert told == {
        "crm": "up to date", "mail": "20 mins behind", "dialer": "no word for 3 hrs",
    }  # fmt: skip


def test_nothing_is_asked_of_anybody_else_and_no_secret_is_in_an_address(
    window: Any, shared: Served
) -> None:
    opened = window()
    page = opened.open(shared)
    page.wait_for_timeout(500)
    assert opened.asked
    assert {url for url in opened.asked if not url.startswith(shared.url)} == set()
    assert not [url for url in opened.asked if "code=" in url or "ps_" in url]
    assert "code" not in page.url  # nor in the address bar or the history


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
    for _ in range(6):
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
