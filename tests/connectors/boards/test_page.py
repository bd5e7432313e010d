"""The page in a real browser: a message travels from Kafka to the pixels."""

import time
from datetime import timedelta
from typing import Any

from connectors.boards.server import utc_now
from tests.connectors.boards.browser import (
    FIRST,
    IN_A_BROWSER,
    PIXELS_MS_MAX,
    becomes_true,
    names,
)
from tests.connectors.boards.ground import Broker, Floor, Served, Warehouse

pytestmark = IN_A_BROWSER


def test_a_message_in_kafka_reaches_the_pixels(window: Any, served: Served, floor: Floor) -> None:
    page = window().open(served)
    page.evaluate(
        """() => { window.shown = new Promise(done => new MutationObserver(() => {
          const row = document.querySelector('tbody tr[data-id="rep-c"] .value');
          if (row?.textContent === '€25,000') requestAnimationFrame(() => done(Date.now()));
        }).observe(document.body, {childList: true, subtree: true, characterData: true})); }"""
    )
    sent = time.time()
    floor.wins("rep-c", 25000)
    took = page.evaluate("window.shown") - sent * 1000
    print(f"\nKafka to pixels: {took:.0f} ms")
    assert took < PIXELS_MS_MAX
    page.wait_for_selector(".moment:has-text('Cleo Marsh won €25,000')")
    page.wait_for_selector(f"{FIRST}[data-id=rep-c] .flag:has-text('+€25,000')")
    # Lost and won again: the place follows each message.
    floor.wins("rep-c", -25000)
    page.wait_for_selector(f"{FIRST}:not([data-id=rep-c])")
    floor.wins("rep-c", 25000)
    page.wait_for_selector(f"{FIRST}[data-id=rep-c]")
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
