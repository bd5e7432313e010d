"""Televisions in a real browser: pairing, slides, what they keep to, and hours of it."""

from collections.abc import Iterator
from typing import Any

import pytest

from schemas.principals import Role
from tests.connectors.boards.browser import IN_A_BROWSER, becomes_true
from tests.connectors.boards.contesting import row, step, tells
from tests.connectors.boards.ground import Broker, Floor, Served
from tests.connectors.boards.staging import enter, staged

pytestmark = IN_A_BROWSER
SOAK_STEPS = 120
HEAP_GROWS_MAX = 1.5  # of what it was once everything had been shown


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, stage: Broker) -> Iterator[Served]:
    with staged(tmp_path_factory.mktemp("screens"), stage) as served:
        yield served


def test_a_manager_pairs_a_television_and_takes_it_back(window: Any, scene: Served) -> None:
    tv = window().page
    tv.goto(f"{scene.url}/tv")
    tv.wait_for_selector(".pairing .code b:not(:has-text('·'))")
    code = "".join(tv.locator(".pairing .code b").all_inner_texts())
    assert len(code) == 6
    desk = enter(window(), scene, "/screens")
    desk.fill("input[name=name]", "Kitchen wall")
    desk.fill("input[name=code]", code.lower())
    desk.get_by_role("button", name="Pair the television").click()
    desk.wait_for_selector(".done:has-text('Kitchen wall is paired.')")
    tv.wait_for_selector("tbody tr")
    assert tv.locator("nav").count() == 0  # a wall leads nowhere
    assert tv.locator("select").count() == 0  # and lets nobody choose
    assert tv.locator(".headline").inner_text().split() == ["Revenue", "won", "this", "month"]
    tv.reload()
    tv.wait_for_selector("tbody tr")  # it is still paired
    desk.wait_for_selector(".list li:has-text('Kitchen wall')")
    desk.get_by_role("button", name="Take back").click()
    desk.wait_for_selector(".done:has-text('taken back')")
    tv.reload()
    tv.wait_for_selector(".pairing .code")


@pytest.mark.pages
def test_a_link_opens_a_display_and_leaves_no_secret_in_the_address(
    window: Any, scene: Served
) -> None:
    desk = enter(window(), scene, "/screens")
    desk.fill("input[name=name]", "Lobby")
    desk.get_by_role("button", name="Make a link instead").click()
    link = desk.locator(".done code").inner_text()
    opened = window()
    opened.page.goto(link)
    opened.page.wait_for_selector("tbody tr")
    assert "screen=" not in opened.page.url
    assert not [url for url in opened.asked if "screen=" in url]


@pytest.mark.pages
def test_reps_are_told_that_screens_are_not_theirs(window: Any, scene: Served) -> None:
    page = enter(window(), scene, "/screens", Role.REP)
    page.wait_for_selector("[role=alert]:has-text('Managers put up screens')")
    assert page.locator("form").count() == 0


@pytest.mark.pages
def test_slides_follow_each_other_and_are_held(window: Any, scene: Served) -> None:
    opened = window()
    opened.page.clock.install()
    page = enter(
        opened, scene, "/?slides=board:revenue:month,teams:points:week,contest:duel&every=10"
    )
    page.wait_for_selector(".headline select")
    assert page.locator(".dots i").count() == 3
    page.clock.run_for(10_500)
    page.wait_for_selector("tbody tr[data-id=emea]")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".duel")
    page.get_by_role("button", name="Hold").click()
    page.clock.run_for(60_000)
    assert page.locator(".duel").count() == 1
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("tbody tr[data-id=emea]")


@pytest.mark.pages
def test_contests_that_run_are_slides_and_those_for_managers_are_not(
    window: Any, scene: Served
) -> None:
    page = enter(window(), scene, "/?slides=contests", Role.DISPLAY)
    page.wait_for_selector(".contest")
    becomes_true(page, "document.querySelectorAll('.dots i').length >= 6")
    told = page.evaluate("fetch('/contests/running').then(a => a.json())")["contests"]
    assert "secret" not in told
    assert "sprint" not in told  # it is over
    assert "next" not in told  # it has not begun


@pytest.mark.pages
def test_a_win_rings_once_on_whatever_slide_and_within_the_hours_budget(
    window: Any, scene: Served, stage: Broker
) -> None:
    floor = Floor(stage)
    page = enter(window(), scene, "/contest/goal")
    page.wait_for_selector(".goal")
    floor.wins("rep-02", 4321)
    page.wait_for_selector(".moment:has-text('Ben Odegaard won €4,321')")
    for _ in range(25):
        floor.wins("rep-04", 10)
    becomes_true(page, "document.querySelectorAll('.wins li').length === 5")
    rings = page.evaluate(
        """() => new Promise(done => { const s = new EventSource('/events?show=contests');
           s.addEventListener('snapshot', e => { const w = JSON.parse(e.data).wins;
             if (w[0].number >= 20) { s.close(); done(w.map(x => x.rings)); } }); })"""
    )
    assert not rings[0]  # beyond twenty in an hour it is told, and does not ring


@pytest.mark.pages
def test_sound_is_silent_until_a_tap_and_stays_as_chosen(window: Any, scene: Served) -> None:
    page = enter(window(), scene, "/")
    page.get_by_role("button", name="Sound on").click()
    page.wait_for_selector("button:has-text('Sound off')")
    page.reload()
    page.get_by_role("button", name="Tap for sound").click()
    page.wait_for_selector("button:has-text('Sound off')")
    page.get_by_role("button", name="Sound off").click()
    page.wait_for_selector("button:has-text('Sound on')")


@pytest.mark.pages
@pytest.mark.timeout(900)
def test_hours_of_steps_and_slides_leave_memory_flat(
    window: Any, scene: Served, stage: Broker
) -> None:
    opened = window()
    opened.page.clock.install()
    page = enter(opened, scene, "/?slides=board:points:today,contest:blitz,contest:goal&every=5")
    page.wait_for_selector(".board")
    devtools = opened.context.new_cdp_session(page)

    def heap() -> float:
        devtools.send("HeapProfiler.collectGarbage")
        return float(devtools.send("Runtime.getHeapUsage")["usedSize"])

    sizes, nodes = [], []
    for n in range(SOAK_STEPS):
        tells(stage, step(1000 + n, {"rep-02": row(1, 200 + n)}))
        page.clock.run_for(60_000)  # a minute of timers, two hours in all
        if n % 30 == 29:
            sizes.append(heap())
            nodes.append(page.evaluate("document.querySelectorAll('*').length"))
    print(f"\nheap {[round(s / 1e6, 1) for s in sizes]} MB, elements {nodes}")
    assert sizes[-1] < sizes[0] * HEAP_GROWS_MAX
    assert max(nodes) < 1000
