"""The form of contests in a real browser: chosen, looked ahead at, begun, seen, ended."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.boards.seed import over_http
from connectors.boards.server import BoardServer, create_app
from connectors.principals import PrincipalFile
from infra.cli.board import config_of
from infra.local.ports import free_port
from schemas.contest_choices import State
from schemas.principals import Principal, Role
from tests.connectors.boards.browser import CHROMIUM, IN_A_BROWSER, PHONE
from tests.infra.contests.desk import Company, company

pytestmark = IN_A_BROWSER
DESK = {"width": 1440, "height": 900}
POSTED = "{method: 'POST', headers: {'content-type': 'application/json'}, body: '{}'}"
NAMELESS = """() => [...document.querySelectorAll('input, select, button')].filter((e) =>
  !(e.labels?.length || e.textContent.trim() || e.getAttribute('aria-label'))).length"""


@pytest.fixture(scope="module")
def at_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with company(tmp_path_factory.mktemp("page")) as made:
        yield made


class Board:
    """A board's server with its desk, on a port of its own."""

    def __init__(self, made: Company) -> None:
        current = made.site.settings
        self.config = replace(config_of(current), port=free_port())
        self.principals = PrincipalFile(self.config.principals)
        seed = over_http(self.config.warehouse_url, "service", current.warehouse_password())
        self._server = BoardServer(self.config, create_app(self.config, seed, edit=made.desk))
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self.url = f"http://{self.config.host}:{self.config.port}"

    def token(self, name: str, role: Role) -> str:
        return self.principals.add(Principal(name, role))

    def __enter__(self) -> "Board":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(15)


@pytest.fixture(scope="module")
def board(at_desk: Company) -> Iterator[Board]:
    with Board(at_desk) as made:
        yield made


# Of each part of the form one word that no other language has.
ENGLISH = ("Begins", "What counts", "Who takes part", "At most", "Place 1", "Contests there are",
           "Most points", "Whoever", "managers only", "Begin a contest")  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, "Chromium must be here where PACESETTER_CI=1"
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture
def opened(browser: Any, board: Board) -> Iterator[Any]:
    contexts: list[Any] = []
    said: list[str] = []

    def make(role: Role, **options: Any) -> Any:
        contexts.append(browser.new_context(locale="en-GB", **{"viewport": DESK, **options}))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{board.url}/contests/edit")
        page.get_by_label("Token").fill(board.token(f"Kim {role}", role))
        page.get_by_role("button", name="Open the board").click()
        page.wait_for_selector("h1:has-text('Contests')")
        return page

    yield make
    for each in contexts:
        each.close()
    assert said == []


def test_a_manager_begins_a_contest_sees_it_and_ends_it(
    opened: Any, at_desk: Company, tmp_path: Path
) -> None:
    page = opened(Role.MANAGER)
    page.get_by_role("button", name="Power hour").click()
    page.get_by_label("Name").fill("")
    page.get_by_role("button", name="Look ahead").click()
    wrong = page.locator("#f-name-told .error")
    wrong.wait_for()
    assert "empty" in wrong.inner_text()
    assert page.get_by_label("Name").get_attribute("aria-invalid") == "true"

    page.get_by_role("button", name="Most points today").click()
    page.get_by_label("Name").fill("Friday sprint")
    page.get_by_label("Place 1, EUR").fill("50")
    page.get_by_role("button", name="Look ahead").click()
    page.wait_for_selector(".ahead table tbody tr:first-child:has-text('Ben Two')")
    assert (
        "1 for each 1 of Connected calls, at most 40 a day" in page.locator(".ahead").inner_text()
    )
    assert "Place 1: 50 EUR." in page.locator(".ahead").inner_text()
    assert at_desk.contests() == {}

    page.get_by_role("button", name="Begin it").click()
    page.locator(".ahead .error").wait_for()  # no reason yet
    assert at_desk.contests() == {}
    page.get_by_label("Why it begins").fill("a slow week")
    page.get_by_role("button", name="Begin it").click()
    page.wait_for_selector("[role=status]:has-text('Friday sprint has begun')")
    page.wait_for_selector(".contests li:has-text('Friday sprint')")
    (made,) = at_desk.contests().values()
    revision = at_desk.stored.revisions()[-1]
    assert (made.name, made.prizes[0].amount) == ("Friday sprint", 50)
    assert (revision.author, revision.note) == ("Kim manager", "a slow week")

    page.locator(".contests li", has_text="Friday sprint").get_by_role("button").click()
    page.get_by_label("Why Friday sprint ends").fill("enough")
    page.get_by_role("button", name="Call it off").click()
    page.wait_for_selector(".contests li:has-text('called off')")
    (made,) = at_desk.contests().values()
    assert made.state is State.STOPPED


def test_reps_and_screens_are_told_who_may_and_get_nothing(opened: Any, board: Board) -> None:
    for role in (Role.REP, Role.DISPLAY):
        page = opened(role)
        page.wait_for_selector("[role=alert]:has-text('Managers begin and end contests')")
        assert page.locator("form").count() == 0
        for way, options in (("form", "{}"), ("start", POSTED)):
            status = page.evaluate(
                f"async () => (await fetch('/contests/edit/{way}', {options})).status"
            )
            assert status == 403


LOOK_AHEAD = {"en-GB": "Look ahead", "de-DE": "Vorausschauen", "ar-EG": "نظرة مسبقة"}


@pytest.mark.parametrize(
    ("size", "language"), [(DESK, "en-GB"), (PHONE, "de-DE"), (DESK, "ar-EG"), (PHONE, "ar-EG")]
)
def test_the_form_fits_its_screen_in_every_language(
    opened: Any, size: dict[str, int], language: str
) -> None:
    page = opened(Role.MANAGER, viewport=size)
    page.goto(f"{page.url}?lang={language}")
    page.get_by_role("button", name=LOOK_AHEAD[language]).wait_for()
    way = "rtl" if language.startswith("ar") else "ltr"
    assert page.evaluate("document.documentElement.dir") == way
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
    assert page.evaluate(NAMELESS) == 0
    if language != "en-GB":
        shown = page.locator("main").inner_text()
        assert [word for word in ENGLISH if word in shown] == []
