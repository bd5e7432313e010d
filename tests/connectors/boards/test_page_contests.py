"""Contests, teams and scorecards in a real browser."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from schemas.principals import Role
from tests.connectors.boards.browser import IN_A_BROWSER, PHONE, TV, becomes_true
from tests.connectors.boards.contesting import row, step, tells
from tests.connectors.boards.ground import Broker, Floor, Served
from tests.connectors.boards.scene import PEOPLE
from tests.connectors.boards.staging import REP, enter, staged

pytestmark = IN_A_BROWSER
AXE = (Path(__file__).with_name("axe") / "axe.min.js").read_text("utf-8")
PATHS = {
    "/": "tbody tr", "/?of=teams": "tbody tr", "/contests": ".cards li",
    "/contest/blitz": "tbody tr",
    "/contest/duel": ".duel", "/contest/goal": ".goal", "/contest/sprint": ".podium",
    "/contest/next": ".ahead-of li", "/screens": ".desk .new", f"/card?rep={REP}": ".quotas li",
}  # fmt: skip


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, stage: Broker) -> Iterator[Served]:
    with staged(tmp_path_factory.mktemp("scene"), stage) as served:
        yield served


def test_a_step_of_a_contest_moves_its_lanes(window: Any, scene: Served, stage: Broker) -> None:
    page = enter(window(), scene, "/contest/blitz", Role.REP)
    page.wait_for_selector("tbody tr:first-child[data-id=rep-01]")
    ranks = page.locator("tbody .rank").all_inner_texts()
    assert ranks[:4] == ["1", "2=", "2=", "4"]
    assert page.locator(f"tr[data-id={REP}] .you").count() == 1
    becomes_true(page, "document.getAnimations().length === 0")
    passed = row(1, 120, passed=["rep-01", "rep-02"])
    tells(stage, step(8, {"rep-03": passed, "rep-01": row(2, 96, behind=Decimal(24))}))
    page.wait_for_selector("tbody tr:first-child[data-id=rep-03]")
    assert page.evaluate("document.getAnimations().some(a => a.effect.target.tagName === 'TR')")
    assert "24 pts to 1st" in page.locator("tr[data-id=rep-01]").inner_text()
    assert "Cleo Marsh passed Ana Souza, Ben Odegaard" in page.locator(".passes").inner_text()


@pytest.mark.pages
def test_a_countdown_goes_by_the_servers_clock(window: Any, scene: Served) -> None:
    opened = window()
    opened.page.add_init_script("{ const now = Date.now; Date.now = () => now() + 7200_000 * 12; }")
    page = enter(opened, scene, "/contest/blitz")
    page.wait_for_selector(".countdown .clock b")
    assert re.fullmatch(r"01h5\dm\d\ds", page.locator(".clock").inner_text().replace("\n", ""))
    until = page.locator(".clock").get_attribute("data-until")
    assert until.endswith("+00:00")


@pytest.mark.pages
def test_shapes_fit_their_formats(window: Any, scene: Served) -> None:
    page = enter(window(), scene, "/contest/duel")
    page.wait_for_selector(".duel .ahead[data-id=rep-03]")
    page.goto(f"{scene.url}/contest/race")
    page.wait_for_selector(".finish")
    page.goto(f"{scene.url}/contest/goal")
    page.wait_for_selector(".so-far output:has-text('€593,308')")
    page.goto(f"{scene.url}/contest/cup")
    page.wait_for_selector(".draw section:last-child .decided .winner b:has-text('Ana Souza')")
    assert page.locator(".draw h2").all_inner_texts() == ["Semifinals", "Final"]
    page.goto(f"{scene.url}/contest/survivors")
    page.wait_for_selector("tr.out[data-id=rep-06]")
    page.goto(f"{scene.url}/contest/king")
    page.wait_for_selector(".king h2:has-text('Ana Souza')")
    page.goto(f"{scene.url}/contest/sprint")
    page.wait_for_selector(".podium .step-1:has-text('€300 + dinner for two')")
    steps = page.locator(".podium > li").evaluate_all("all => all.map(e => e.value)")
    assert steps == [2, 1, 3]
    page.goto(f"{scene.url}/contest/nothing")
    page.wait_for_selector("h2:has-text('There is no such contest')")


def test_hidden_contests_are_shown_to_managers_alone(window: Any, scene: Served) -> None:
    page = enter(window(), scene, "/contests")
    page.wait_for_selector(".cards li[data-id=secret] .phase-hidden")
    page = enter(window(), scene, "/contests", Role.REP)
    page.wait_for_selector(".cards li[data-id=blitz]")
    assert page.locator("[data-id=secret]").count() == 0
    assert page.locator(".act").count() == 0  # nor the way to begin one
    page.goto(f"{scene.url}/contest/secret")
    page.wait_for_selector("h2:has-text('There is no such contest')")


@pytest.mark.pages
def test_teams_are_chosen_and_opened(window: Any, scene: Served) -> None:
    page = enter(window(), scene, "/")
    page.wait_for_selector("tbody tr")
    page.get_by_label("Rank", exact=True).select_option("teams")
    page.wait_for_selector("tbody tr:first-child[data-id=emea] .team:has-text('8 people')")
    page.get_by_label("Team", exact=True).select_option("emea")
    page.wait_for_selector("tbody tr[data-id=dach]")
    assert page.locator("tbody tr").count() == 2
    page.get_by_label("Rank", exact=True).select_option("reps")
    page.wait_for_selector("tbody tr[data-id=rep-11]")
    assert page.locator("tbody tr").count() == 7
    assert "team=emea" in page.url


@pytest.mark.pages
def test_a_rep_looks_around_their_own_lane(window: Any, scene: Served) -> None:
    page = enter(window(), scene, "/", Role.REP)
    page.get_by_role("button", name="Around me").click()
    becomes_true(page, "document.querySelectorAll('tbody tr').length === 5")
    assert page.locator("tbody tr").nth(2).get_attribute("data-id") == REP


@pytest.mark.pages
def test_a_scorecard_tells_its_rep_what_they_earned_and_an_analyst_not(
    window: Any, scene: Served, stage: Broker
) -> None:
    page = enter(window(), scene, "/card", Role.REP)
    page.wait_for_selector(".quotas li.behind .tick.pace")
    page.wait_for_selector(".earned td:has-text('€7,284.00')")
    need = page.locator(".need").first.inner_text()
    assert need == "€11,720 on each of 5 working days left (€58,600 in all)"
    calls = page.locator("[data-key=calls] dd").first.inner_text()
    Floor(stage).does(REP, "calls", 99)
    becomes_true(page, f"document.querySelector('[data-key=calls] dd').textContent !== '{calls}'")
    page = enter(window(), scene, f"/card?rep={REP}", Role.ANALYST)
    page.wait_for_selector(".quotas li")
    assert page.locator(".earned").count() == 0
    assert "7,284" not in page.content()


@pytest.mark.pages
def test_who_may_not_see_a_scorecard_is_told_why_and_not_to_wait(
    window: Any, scene: Served
) -> None:
    page = window().open(scene)  # a display is nobody
    page.goto(f"{scene.url}/card")
    page.wait_for_selector(".empty:has-text('you are no rep, and none is named')")
    page.get_by_role("link", name="To the board").click()
    page.wait_for_selector("tbody tr")
    page = enter(window(), scene, "/card?rep=somebody", Role.REP)
    page.wait_for_selector(".empty:has-text('the scorecard of somebody is not for you')")


@pytest.mark.pages
@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing_serious(window: Any, scene: Served, path: str) -> None:
    opened = window(viewport=TV, reduced_motion="reduce", color_scheme="dark")
    page = enter(opened, scene, path)
    page.wait_for_selector(PATHS[path])
    page.evaluate(AXE)
    for theme, size in ((None, TV), ("Light", TV), (None, PHONE)):
        page.set_viewport_size(size)
        if theme:
            page.evaluate("document.documentElement.dataset.theme = 'light'")
        found = page.evaluate("axe.run().then(all => all.violations)")
        serious = [
            (v["id"], [n["target"] for n in v["nodes"]])
            for v in found if v["impact"] in ("serious", "critical")
        ]  # fmt: skip
        assert serious == [], (path, theme, size)
    assert {url for url in opened.asked if not url.startswith(scene.url)} == set()


@pytest.mark.pages
@pytest.mark.parametrize(
    "size", [PHONE, {"width": 1280, "height": 720}, TV, {"width": 3840, "height": 2160}]
)
def test_nothing_overflows_at_any_size(window: Any, scene: Served, size: dict[str, int]) -> None:
    page = enter(window(viewport=size), scene, "/")
    for path, ready in PATHS.items():
        page.goto(f"{scene.url}{path}")
        page.wait_for_selector(ready)
        wide, high = page.evaluate(
            """() => { const e = document.documentElement;
               return [e.scrollWidth - innerWidth, e.scrollHeight - innerHeight]; }"""
        )
        assert wide <= 0, path
        if size != PHONE and path != "/screens":
            assert high <= 0, path


@pytest.mark.pages
def test_arabic_runs_from_right_to_left_and_german_is_german(window: Any, scene: Served) -> None:
    page = enter(window(), scene, "/contest/blitz?lang=ar-EG")
    page.wait_for_selector("tbody tr")
    assert page.evaluate("document.documentElement.dir") == "rtl"
    assert "جارية" in page.locator(".phase").inner_text()
    box = page.evaluate(
        """() => ['.rank', '.value', '.runner'].map(s =>
           document.querySelector('tbody ' + s).getBoundingClientRect().x)"""
    )
    assert box[0] > box[2] > box[1]  # ranks stand right, and runners run to the left
    page.goto(f"{scene.url}/contest/blitz?lang=de-DE")
    page.wait_for_selector(".about:has-text('läuft')")
    assert page.evaluate("document.documentElement.dir") == "ltr"
    assert "96 P." in page.locator("tbody").inner_text().replace("\u00a0", " ")


@pytest.mark.pages
def test_a_currency_without_minor_units_has_none(
    window: Any, stage: Broker, tmp_path: Path
) -> None:
    with staged(tmp_path, stage, "JPY") as served:
        page = enter(window(), served, "/?lang=ja-JP")
        page.wait_for_selector("tbody .value")
        shown = page.locator("tbody .value").all_inner_texts()
        assert len(shown) == len(PEOPLE)
        assert all(re.fullmatch(r"[¥￥][\d,]+", text) for text in shown), shown
        page.goto(f"{served.url}/card?rep={REP}&lang=ja-JP")
        page.wait_for_selector(".earned td.num")
        assert page.locator(".earned td.num").first.inner_text() in ("¥7,284", "￥7,284")
