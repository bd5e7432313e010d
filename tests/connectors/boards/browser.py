"""A real browser for tests of the page, and what they ask it."""

import os
import shutil
import time
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

import pytest

from connectors.boards.contests import Told
from connectors.boards.freshness import Progress
from connectors.boards.held import Held, Plan
from connectors.boards.link import new_link
from connectors.boards.scores import Partial
from connectors.boards.seed import Ground, Seed
from tests.connectors.boards.ground import Served

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
MUST_RUN = os.environ.get("PACESETTER_CI") == "1"
IN_A_BROWSER = [
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


class Kept:
    """A seed that goes on telling what it told first, while other tests rewrite the warehouse."""

    def __init__(self, seed: Seed) -> None:
        self._ground, self._progress = seed.ground(), seed.progress()

    def ground(self) -> Ground:
        return self._ground

    def progress(self) -> list[Progress]:
        return self._progress

    def contests(self, midnight: datetime) -> tuple[list[Told], dict[tuple[str, str], int]]:
        return [], {}

    def cards(
        self, reps: Collection[str], paid: Collection[str], today: date, now: datetime
    ) -> Mapping[str, Held]:
        return {}

    def plans(self, currency: str) -> Mapping[str, tuple[Plan, ...]]:
        return {}

    def partials(self, generation: int, first_day: date) -> list[Partial]:
        return []


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


def names(page: Page) -> list[str]:
    found: list[str] = page.locator("tbody .name").all_inner_texts()
    return found


def becomes_true(page: Page, expression: str) -> None:
    """Wait for an expression; Playwright's own way evaluates text, which the page forbids."""
    end = time.monotonic() + SECONDS_MAX
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"not within {SECONDS_MAX} s: {expression}"
        page.wait_for_timeout(50)
